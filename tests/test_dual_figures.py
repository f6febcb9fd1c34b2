"""Figures of dual claim: by area, class and month, equal to an independent sum over the export."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.dual_sums import Sums, sums_of
from tests.membership import member, open_service_post, secretary, serving, switch_off
from tests.test_appointments import declared
from tests.wire import ask, form
from tests.wishing import granted, listed, told
from tests.world import COMMUNITY, World, key
from timebank import exports, replay
from timebank.access import Role
from timebank.appointments import confirm_appointment
from timebank.divisions import areas_of
from timebank.dual_figures import (
    OfficeFigure,
    PostFigure,
    WishFigure,
    office_figures,
    wish_figures,
)
from timebank.post_claims import claim_post, complete_post, leave_post
from timebank.posts import close_post
from timebank.tables import Row, select
from timebank.timers import sweep
from timebank.wish_checks import approve_wish, decline_wish, refer_wish
from timebank.wish_claims import claim_wish
from timebank.wish_closings import close_by_phone
from timebank.wish_granting import fulfil_by_community, give_wish_back
from timebank.wish_life import ReferTo, WishDeclineReason, WishRating

pytestmark = [pytest.mark.anyio, pytest.mark.one_database]
STREET = "420102002"
DAY = timedelta(days=1)


async def everything(world: World) -> None:
    """Something of all that is counted, over several months."""
    who, party = await member(world), await secretary(world)
    manager = world.staff[Role.STATION_MANAGER]
    post = await open_service_post(world, term=200)
    claim = await serving(world, who, post)
    await claim_post(await member(world), post=post, key=key())
    words = (WishRating.GOOD, WishRating.FAIR, WishRating.POOR, WishRating.POOR, None)
    for n, word in enumerate(words):
        wish = await listed(world)
        world.clock.move((n + 1) * DAY)
        await granted(world, wish)
        if word:
            await close_by_phone(manager, wish=wish, granted=n != 2, rating=word, key=key())
    back = await listed(world)
    await give_wish_back(who, claim=(await claim_wish(who, wish=back, key=key())).claim, key=key())
    declined, referred = await told(world), await told(world)
    await decline_wish(manager, wish=declined, reason=WishDeclineReason.CASH, key=key())
    await approve_wish(manager, wish=referred, key=key())
    await refer_wish(manager, wish=referred, to=ReferTo.SOCIAL_AID, key=key())
    for _ in range(3):
        world.clock.move(31 * DAY)
        await sweep()
    await fulfil_by_community(manager, wish=back, key=key())
    await complete_post(who, claim=claim, key=key())
    leaving = await member(world)
    other = (await claim_post(leaving, post=await open_service_post(world), key=key())).claim
    await leave_post(leaving, claim=other, key=key())
    await close_post(party, post=post, key=key())


def summed(figures: list[Any]) -> Sums:
    """Figures as the independent sum tells them."""
    made: Sums = Sums()
    for held in figures:
        for name in held.__struct_fields__:
            if name not in ("id", "area", "month", "about") and getattr(held, name):
                made[held.area, held.month, held.about.value, name] = getattr(held, name)
    return made


async def same_as_export(world: World, directory: Path) -> tuple[Sums, Sums]:
    """Hold every figure to the sum over the exported entries."""
    entries, postings = directory / "entries.csv", directory / "postings.csv"
    with exports.create(entries) as one, exports.create(postings) as two:
        await exports.write_csv(world.settings.database_url, one, two)
    wishes, posts = sums_of(entries)
    assert summed(await select(WishFigure)) == +wishes
    assert summed(await select(PostFigure)) == +posts
    return wishes, posts


async def test_the_figures_are_what_the_export_sums_to(world: World, tmp_path: Path) -> None:
    await everything(world)
    wishes, posts = await same_as_export(world, tmp_path)
    rows: tuple[type[Row], ...] = (WishFigure, PostFigure)
    for row, sums in zip(rows, (wishes, posts), strict=True):
        counted = {name for _, _, _, name in sums}
        fields = set(row.__struct_fields__) - {"id", "area", "month", "about"}
        assert counted == fields, "the story holds something of all that is counted"
    assert len({month for _, month, _, _ in wishes}) > 2
    assert {area for area, *_ in wishes} == {"420100", "420102", STREET, COMMUNITY}
    assert (await replay.compare(world.settings.database_url)).differing == 0


async def test_the_api_tells_figures_to_everybody_and_posts_while_the_module_is_on(
    world: World,
) -> None:
    wish = await listed(world)
    world.clock.move(3 * DAY)
    await granted(world, wish)
    manager = world.staff[Role.STATION_MANAGER]
    await close_by_phone(manager, wish=wish, granted=True, rating=WishRating.GOOD, key=key())
    await open_service_post(world, places=7)
    query = (
        "query($a: ID!, $s: Date!, $u: Date!) {"
        " wishFigures(area: $a, since: $s, until: $u) { month about told claimed daysToClaim"
        " daysToGrant good satisfiedPercent }"
        " postFigures(area: $a, since: $s, until: $u) { month about opened places } }"
    )
    given = {"s": "2026-11-30", "u": "2026-11-01"}
    wrong = await ask(world, form(), query, a=COMMUNITY, **given)
    assert set(wrong["errors"]) == {"BAD_USER_INPUT"}
    given = {"s": "2026-11-30", "u": "2026-12-01"}
    for area in (COMMUNITY, STREET, "420102", "420100"):
        found = await ask(world, form(), query, a=area, **given)
        assert found["wishFigures"] == [
            {
                "month": "2026-11",
                "about": "REPAIR",
                "told": 1,
                "claimed": 1,
                "daysToClaim": 3,
                "daysToGrant": 3,
                "good": 1,
                "satisfiedPercent": 100,
            }
        ]
        assert found["postFigures"] == [
            {"month": "2026-11", "about": "SAFETY_AND_PATROL", "opened": 1, "places": 7}
        ]
    elsewhere = await ask(world, form(), query, a="420103", **given)
    assert (elsewhere["wishFigures"], elsewhere["postFigures"]) == ([], [])
    await switch_off(world)
    off = await ask(world, form(), query, a=COMMUNITY, **given)
    assert off["postFigures"] is None
    assert len(off["wishFigures"]) == 1


async def test_offices_are_told_by_district_and_point_at_no_committee(world: World) -> None:
    office = await declared(world, await world.volunteer())
    await confirm_appointment(await secretary(world), appointment=office, key=key())
    held = await select(OfficeFigure)
    assert {figure.area for figure in held} == {"420100", "420102"}
    between = {"since": date(2026, 1, 1), "until": date(2026, 12, 1)}
    for area in (COMMUNITY, STREET, "none"):
        assert await office_figures(area, **between) is None
    query = (
        'query($a: ID!) { officeFigures(area: $a, since: "2026-01-01", until: "2026-12-01")'
        " { month about confirmed } }"
    )
    told_of = (await ask(world, form(), query, a="420102"))["officeFigures"]
    assert told_of == [{"month": "2026-11", "about": "OWNERS_COMMITTEE", "confirmed": 1}]
    assert await wish_figures("420100", **between) == []
    await switch_off(world)
    assert await office_figures("420100", **between) is None


def test_a_zone_is_an_area_like_a_district() -> None:
    path = "420100/4201H1/420111080/420111080001/sta_01/"
    assert areas_of(path) == ["420100", "4201H1", "420111080", "420111080001"]
