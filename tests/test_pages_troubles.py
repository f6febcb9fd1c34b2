"""What went wrong, as a page: what happened, what to do, whom to call, in both languages."""

import re
from collections.abc import Sequence

import httpx2 as httpx
import pytest

from tests.test_pages_module import browsing
from tests.world import World
from timebank import accounts, journal, sign_in
from timebank.refusals import Busy
from timebank.words import translator
from web.pages import troubles
from web.pages.troubles import BY_STATUS, FORBIDDEN, Trouble

pytestmark = [pytest.mark.anyio, pytest.mark.one_database]
WINDOW = {"accept": "text/html,application/xhtml+xml", "sec-fetch-site": "same-origin"}
EVERY: Sequence[Trouble] = [one for one in vars(troubles).values() if isinstance(one, Trouble)]


def is_helpful(answer: httpx.Response, trouble: Trouble, language: str = "zh-CN") -> None:
    """The page of a trouble: its status, its sentences, a telephone link, and no script."""
    assert answer.status_code == trouble.status
    assert answer.headers["content-type"].startswith("text/html")
    _ = translator(language)
    for sentence in (trouble.title, trouble.happened, trouble.todo):
        assert _(sentence) in answer.text
    assert re.search('<main.*href="tel:[0-9-]+".*</main>', answer.text, re.DOTALL)
    assert "<script" not in answer.text


def test_every_trouble_is_said_in_both_languages() -> None:
    assert {one.status for one in EVERY} >= {400, 403, 404, 409, 413, 429, 500, 503}
    for one in EVERY:
        for sentence in (one.title, one.happened, one.todo):
            assert re.search("[\u4e00-\u9fff]", sentence)
            assert not re.search("[\u4e00-\u9fff]", translator("en")(sentence)), sentence


async def test_what_is_not_there_or_not_allowed_says_where_to_go(world: World) -> None:
    who = await world.volunteer()
    async with await browsing(world, who) as client:
        for language in ("zh-CN", "en"):
            client.headers["accept-language"] = language
            for path in ("/nowhere", "/receipts/999999", "/certificates/none.pdf", "/files/none"):
                is_helpful(await client.get(path, headers=WINDOW), BY_STATUS[404], language)
            is_helpful(await client.get("/desk", headers=WINDOW), FORBIDDEN, language)
            is_helpful(await client.post("/redeem", headers=WINDOW), BY_STATUS[403], language)
            large = await client.post("/redeem", headers=WINDOW, content=b"a" * 70_000)
            is_helpful(large, BY_STATUS[413], language)
            garbled = await client.post("/redeem", headers=WINDOW, content=b"\xff=\xff")
            is_helpful(garbled, BY_STATUS[400], language)
        program = await client.get("/receipts/999999", headers={"accept": "*/*"})
        assert program.headers["content-type"].startswith("text/plain")


async def fields_of(client: httpx.AsyncClient) -> dict[str, str]:
    """The hidden fields of the form that chooses what becomes of overflow."""
    shown = (await client.get("/gifts", headers=WINDOW)).text
    form = shown[shown.index('action="/gifts/overflow') :]
    return dict(re.findall('name="(csrf|key)" value="([^"]+)"', form)[:2])


async def test_a_form_sent_twice_with_other_content_is_a_conflict(world: World) -> None:
    async with await browsing(world, await world.volunteer()) as client:
        told = await fields_of(client)
        first = await client.post("/gifts/overflow", data=told | {"wish": "yes"})
        assert first.status_code == 303
        assert (
            await client.post("/gifts/overflow", data=told | {"wish": "yes"})
        ).status_code == 303
        other = await client.post("/gifts/overflow", data=told | {"wish": "no"}, headers=WINDOW)
        assert other.status_code == 409
        assert 'role="alert"' in other.text
        assert "tel:" in other.text


async def test_a_busy_ledger_gives_the_form_back_and_its_key_does_it_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = await world.volunteer()
    async with await browsing(world, who) as client:
        told = await fields_of(client) | {"wish": "yes"}
        with monkeypatch.context() as patched:

            async def full(*args: object, **kwargs: object) -> None:
                raise Busy

            patched.setattr(journal.current(), "write", full)
            busy = await client.post("/gifts/overflow", data=told, headers=WINDOW)
        is_helpful(busy, BY_STATUS[503])
        again = busy.text[busy.text.index('action="/gifts/overflow"') :]
        fields = dict(re.findall('name="([a-z]+)" value="([^"]*)"', again)[: len(told)])
        assert fields | {"csrf": told["csrf"]} == told
        assert (await client.post("/gifts/overflow", data=fields)).status_code == 303


async def test_a_failure_of_ours_is_a_page_and_says_nothing_of_what_it_was(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with await browsing(world, await world.volunteer()) as client:

        async def fails(code: str) -> int:
            raise RuntimeError(f"王秀英 {code}")

        with monkeypatch.context() as patched:
            patched.setattr(accounts, "balance_of", fails)
            failed = await client.get("/statement", headers=WINDOW)
            is_helpful(failed, BY_STATUS[500])
            assert "王秀英" not in failed.text

        async def gone(token: str | None) -> None:
            raise ConnectionError("the database is gone")

        with monkeypatch.context() as patched:
            patched.setattr(sign_in, "actor_of", gone)
            assert (await client.get("/nowhere", headers=WINDOW)).status_code == 404
            is_helpful(await client.get("/statement", headers=WINDOW), BY_STATUS[503])
