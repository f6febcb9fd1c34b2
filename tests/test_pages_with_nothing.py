"""A newcomer's pages: where there is nothing yet, a sentence says so."""

import re

import pytest

from tests.posting import Pages
from tests.world import World
from web.pages.every import PAGES

pytestmark = [pytest.mark.anyio, pytest.mark.one_database]
BARE = re.compile(
    r"<section[^>]*>\s*<h2[^>]*>[^<]*</h2>\s*</section>|<(tbody|ul|ol|dl)(?: [^>]*)?>\s*</\1>"
)
OWN = sorted(page.path for page in PAGES if page.who == "known" and "{" not in page.path)


async def test_nothing_is_shown_empty_to_whoever_has_nothing(world: World) -> None:
    newcomers, pages = (await world.register(), await world.volunteer()), Pages(world)
    bare = []
    for who in newcomers:
        async with await pages.client(who) as client:
            for path in OWN:
                answer = await client.get(path)
                assert answer.status_code == 200, path
                bare += [(path, found[0]) for found in BARE.finditer(answer.text)]
    assert "/statement" in OWN
    assert bare == []
