"""Breaches: told where people are at home, to nobody else first, until what was done is said."""

from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.test_pages_module import browsing
from tests.wire import act, ask
from tests.world import World, key, open_world
from timebank import replay
from timebank.access import Role
from timebank.actors import PUBLIC
from timebank.breaches import (
    LIFECYCLE,
    BreachClosed,
    BreachInFuture,
    BreachKind,
    BreachReported,
    BreachState,
    breaches_at,
    breaches_near,
    close_breach,
    report_breach,
)
from timebank.lifecycles import NotInThisState, step
from timebank.refusals import Forbidden, NotFound, Unauthenticated
from timebank.texts import TextMissing, read_texts

FOUND, WORDS = date(2026, 11, 18), "一份签到表被拍照外传，请留意陌生电话"


@pytest.fixture
async def city(sqlite_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(sqlite_url, tmp_path) as opened:
        yield opened


def test_every_state_is_listed_and_reached_and_no_other_step_is_allowed() -> None:
    assert set(LIFECYCLE) == set(BreachState)
    assert step(LIFECYCLE, BreachState.REPORTED, BreachClosed) is BreachState.CLOSED
    for state, event in (
        (BreachState.REPORTED, BreachReported),
        (BreachState.CLOSED, BreachClosed),
        (BreachState.CLOSED, BreachReported),
    ):
        with pytest.raises(NotInThisState):
            step(LIFECYCLE, state, event)


@pytest.mark.anyio
async def test_who_is_at_home_there_is_told_until_it_is_over(world: World) -> None:
    officer = await world.officer(Role.DATA_PROTECTION_OFFICER)
    who = await world.volunteer()
    told: dict[str, Any] = {"kind": BreachKind.LEAKED, "found_on": FOUND, "words": WORDS}
    near = await report_breach(officer, area="420102", key=key(), **told)
    await report_breach(officer, area="420103", key=key(), **told)
    assert [one.id for one in await breaches_near(who)] == [near.breach]
    assert await breaches_near(PUBLIC) == []
    assert len(await breaches_at("420100/")) == 2
    await close_breach(officer, breach=near.breach, measures="已追回", key=key())
    assert await breaches_near(who) == []
    assert await read_texts([near.breach], "words") == {near.breach: WORDS}
    assert await read_texts([near.breach], "measures") == {near.breach: "已追回"}
    with pytest.raises(NotInThisState):
        await close_breach(officer, breach=near.breach, measures="再次", key=key())
    assert (await replay.compare(world.settings.database_url)).differing == 0


@pytest.mark.anyio
async def test_only_the_officer_of_a_scope_tells_and_says_what_was_found(city: World) -> None:
    officer = await city.officer(Role.DATA_PROTECTION_OFFICER)
    far = await city.officer(Role.DATA_PROTECTION_OFFICER, "420100/420103/")
    told: dict[str, Any] = {"kind": BreachKind.LOST, "found_on": FOUND, "words": WORDS}
    made = await report_breach(officer, area="420102", key=key(), **told)
    for other in (far, city.staff[Role.DISTRICT_LEAD], await city.volunteer()):
        with pytest.raises(Forbidden):
            await report_breach(other, area="420102", key=key(), **told)
        with pytest.raises(Forbidden):
            await close_breach(other, breach=made.breach, measures="好", key=key())
    with pytest.raises(Unauthenticated):
        await report_breach(PUBLIC, area="420102", key=key(), **told)
    with pytest.raises(NotFound):
        await report_breach(officer, area="999999", key=key(), **told)
    with pytest.raises(TextMissing):
        await report_breach(officer, area="420102", key=key(), **told | {"words": " "})
    tomorrow = told | {"found_on": date(2026, 11, 21)}
    with pytest.raises(BreachInFuture):
        await report_breach(officer, area="420102", key=key(), **tomorrow)
    today = told | {"found_on": date(2026, 11, 20)}
    await report_breach(officer, area="420102", key=key(), **today)


@pytest.mark.anyio
async def test_breaches_on_the_wire_and_on_the_pages(city: World) -> None:
    officer, who = await city.officer(Role.DATA_PROTECTION_OFFICER), await city.volunteer()
    asks = "breach { id kind state area { code } words measures }"
    made = await act(
        city,
        officer,
        "reportBreach",
        asks,
        area="420102",
        kind="ALTERED",
        foundOn=FOUND.isoformat(),
        words=WORDS,
    )
    breach = made["breach"]
    assert (breach["state"], breach["area"], breach["words"]) == (
        "REPORTED",
        {"code": "420102"},
        WORDS,
    )
    listed = await ask(city, PUBLIC, '{ breaches(area: "420102", first: 5) { nodes { id } } }')
    assert listed["breaches"]["nodes"] == [{"id": breach["id"]}]
    async with await browsing(city, who) as mine, await browsing(city, officer) as desk:
        for page in ("/inbox", "/my-data"):
            assert WORDS in (await mine.get(page)).text
        assert WORDS in (await desk.get("/office/breaches")).text
        await act(city, officer, "closeBreach", asks, breach=breach["id"], measures="已复原")
        assert WORDS not in (await mine.get("/inbox")).text
        assert "已复原" in (await desk.get("/office/breaches")).text
