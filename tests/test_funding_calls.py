"""Calls: written for a purpose of a source and an area it was allotted to, open until a day."""

from datetime import date, timedelta
from typing import Any

import pytest

from tests.funding import DAY, YEAR, allotted, fund_officer, source_of
from tests.granting import ASKED, applicant, called, drafted
from tests.wire import act, ask, form
from tests.world import World, key
from timebank import replay
from timebank.access import Role
from timebank.actors import SYSTEM
from timebank.clock import instant
from timebank.divisions import CITY
from timebank.funding.applications import CallNotOpen
from timebank.funding.calls import (
    LIFECYCLE,
    Call,
    CallClosed,
    CallEndsTooSoon,
    CallNotOver,
    CallOpened,
    CallState,
    calls_over,
    close_call,
    draft_call,
    end_call,
    open_call,
)
from timebank.funding.commitments import NotAllotted, PurposeOutside
from timebank.funding.purposes import FundPurpose
from timebank.funding.sources import FenNotPositive
from timebank.lifecycles import NotInThisState, step
from timebank.refusals import Forbidden, NotFound
from timebank.tables import find
from timebank.timers import sweep

pytestmark = pytest.mark.one_database


def test_every_state_is_listed_and_reached_and_no_other_step_is_allowed() -> None:
    reached = {to for steps in LIFECYCLE.values() for to in steps.values()}
    assert set(LIFECYCLE) == set(CallState) == reached | {CallState.DRAFT}
    for state in CallState:
        for event in (CallOpened, CallClosed):
            if event in LIFECYCLE[state]:
                assert step(LIFECYCLE, state, event) in CallState
            else:
                with pytest.raises(NotInThisState):
                    step(LIFECYCLE, state, event)


@pytest.mark.anyio
async def test_a_call_is_seen_by_everybody_once_it_is_open(world: World) -> None:
    officer, source = await fund_officer(world), await allotted(world, unit=CITY)
    told = await act(
        world,
        officer,
        "draftCall",
        "call { id state text source { id } unit { code } }",
        source=source,
        unit=CITY,
        purpose="ELDER_CARE",
        mostFen=ASKED,
        until="2026-12-01",
        title="助力计划",
        text="为老服务项目征集",
    )
    call = told["call"].pop("id")
    assert told["call"] == {
        "state": "DRAFT",
        "text": "为老服务项目征集",
        "source": {"id": source},
        "unit": {"code": CITY},
    }
    query = (
        "query($c: ID!, $s: CallState!) { node(id: $c) { id } calls(state: $s) { nodes { id } } }"
    )
    assert (await ask(world, form(), query, c=call, s="DRAFT")) == {
        "node": None,
        "calls": {"nodes": []},
    }
    assert (await ask(world, officer, query, c=call, s="DRAFT"))["calls"]["nodes"] == [{"id": call}]
    await act(world, officer, "openCall", "call { state }", call=call)
    seen = await ask(world, form(), query, c=call, s="OPEN")
    assert (seen["node"], seen["calls"]["nodes"]) == ({"id": call}, [{"id": call}])
    who = await applicant(world)
    told = await act(world, officer, "closeCall", "call { state }", call=call)
    assert told["call"] == {"state": "CLOSED"}
    with pytest.raises(CallNotOpen):
        await drafted(who, call)
    with pytest.raises(NotInThisState):
        await open_call(officer, call=call, key=key())
    assert (await replay.compare(world.settings.database_url)).differing == 0


@pytest.mark.anyio
async def test_a_call_is_of_what_was_allotted_for_its_purposes(world: World) -> None:
    officer, source = await fund_officer(world), await allotted(world, unit=CITY)
    given: dict[str, Any] = {
        "source": source,
        "unit": CITY,
        "purpose": FundPurpose.ELDER_CARE,
        "most_fen": 1,
        "until": date(YEAR, 12, 1),
        "title": "助力计划",
        "text": "项目征集",
    }
    for changed, no in (
        ({"source": await source_of(world)}, NotAllotted),
        ({"source": "src_none"}, NotFound),
        ({"unit": "000"}, NotFound),
        ({"purpose": FundPurpose.PARTY_BUILDING}, PurposeOutside),
        ({"most_fen": 0}, FenNotPositive),
        ({"until": date(YEAR, 11, 19)}, CallEndsTooSoon),
    ):
        with pytest.raises(no):
            await draft_call(officer, **given | changed, key=key())
    with pytest.raises(Forbidden):
        await draft_call(world.staff[Role.STREET_OFFICER], **given, key=key())


@pytest.mark.anyio
async def test_a_draft_that_waited_too_long_is_not_opened_and_after_the_day_nobody_applies(
    world: World,
) -> None:
    call, who = await called(world), await applicant(world)
    source = await allotted(world, unit=CITY)
    officer = await fund_officer(world)
    late = await draft_call(
        officer,
        source=source,
        unit=CITY,
        purpose=FundPurpose.ELDER_CARE,
        most_fen=1,
        until=date(YEAR, 12, 1),
        title="助力计划",
        text="项目征集",
        key=key(),
    )
    with pytest.raises(NotFound):
        await drafted(who, late.call)
    world.clock.move(12 * DAY)
    with pytest.raises(CallEndsTooSoon):
        await open_call(officer, call=late.call, key=key())
    with pytest.raises(CallNotOpen):
        await drafted(who, call)
    await close_call(officer, call=call, key=key())


@pytest.mark.anyio
async def test_a_call_ends_by_itself_when_its_last_day_is_over(world: World) -> None:
    call = await called(world)
    held = await find(Call, call)
    assert held
    with pytest.raises(Forbidden):
        await end_call(await fund_officer(world), call=call, key=key())
    with pytest.raises(CallNotOver):
        await end_call(SYSTEM, call=call, key=key())
    world.clock.at = instant(held.until, 23 * 60)
    await sweep()
    assert await calls_over(skip=0, limit=9) == []
    world.clock.move(timedelta(hours=2))
    assert await calls_over(skip=0, limit=9) == [call]
    await sweep()
    held = await find(Call, call)
    assert held
    assert held.state is CallState.CLOSED
    with pytest.raises(NotInThisState):
        await end_call(SYSTEM, call=call, key=key())
