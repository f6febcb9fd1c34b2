"""Findings: what they take back, whom they touch, and what they leave held."""

from datetime import date, timedelta
from typing import Any

import pytest

from ledger.verify import verify
from tests.misconduct import accepted, finding_of, findings_against, found, second_lead
from tests.volunteering import captured, confirmed, posted, record_of, spend, visited
from tests.wire import ask
from tests.world import World, key
from timebank import replay
from timebank.access import Role
from timebank.accounts import balance_of, conservation, floor, holder, owed, volunteer
from timebank.actors import SYSTEM
from timebank.confirmations import BatchHeld, accept_hours, confirm_hours
from timebank.days import RecorderDay
from timebank.finding_appeals import appeal_finding, review_finding
from timebank.finding_life import AppealGrounds, Blame, Misconduct
from timebank.findings import (
    Found,
    FoundAgainst,
    findings_at,
    misconduct_within,
    visible_findings,
)
from timebank.hours import totals_of
from timebank.lifecycles import NotInThisState
from timebank.notice_codes import NoticeCode
from timebank.notices import inbox_of
from timebank.record_life import RecordState
from timebank.reversals import release_batch
from timebank.silence import post_silent
from timebank.tables import find

DAY = date(2026, 11, 20)
FOUND = Found(finding="fnd_1", misconduct=Misconduct.SOLD_HOURS, found_on=DAY)


# What stands against somebody


@pytest.mark.parametrize(
    ("asked", "lifted", "stands"),
    [
        (DAY - timedelta(days=1), None, False),
        (DAY, None, True),
        (date(2029, 11, 19), None, True),
        (date(2029, 11, 20), None, False),
        (date(2026, 12, 1), date(2026, 12, 2), True),
        (date(2026, 12, 2), date(2026, 12, 2), False),
    ],
)
def test_a_finding_stands_for_months_from_its_day_until_it_is_lifted(
    asked: date, lifted: date | None, stands: bool
) -> None:
    one = Found(finding=FOUND.finding, misconduct=FOUND.misconduct, found_on=DAY, lifted_on=lifted)
    held = FoundAgainst(person="per_1", found=(one,))
    assert misconduct_within(held, asked, 36) == ((one,) if stands else ())


def test_nothing_stands_against_whom_nothing_was_found() -> None:
    assert misconduct_within(None, DAY, 36) == ()


# What a finding does


@pytest.mark.anyio
async def test_what_was_spent_is_owed_and_repaid_by_the_next(world: World) -> None:
    who = await world.volunteer()
    person = who.person or ""
    id = await visited(world, who, minutes=120)
    await confirmed(world, [id])
    await spend(world, person, 100)
    await found(world, [id], blame=Blame.VOLUNTEER)
    assert (await record_of(id)).state is RecordState.VOIDED
    assert await balance_of(volunteer(person)) == 0
    assert await balance_of(owed(person)) == -100
    assert (await totals_of([person]))[person].minutes == 0
    # The volunteer's own day stays held: the visit was captured by themselves.
    world.clock.move(timedelta(days=1))
    await confirmed(world, [await visited(world, who, minutes=130)])
    assert await balance_of(owed(person)) == 0
    assert await balance_of(volunteer(person)) == 30
    assert (await conservation()).whole
    url = world.settings.database_url
    assert (await verify(url, floor=floor, holder=holder)).sound
    assert (await replay.compare(url)).differing == 0


@pytest.mark.anyio
async def test_the_time_of_a_voided_record_is_free(world: World) -> None:
    who = await world.volunteer()
    id = await posted(world, who)
    await found(world, [id])
    await captured(world, who, by=await world.officer(Role.STATION_CLERK, world.station_path))


@pytest.mark.anyio
async def test_the_recorders_day_is_held_for_what_does_not_count_yet(world: World) -> None:
    who, other = await world.volunteer(), await world.volunteer()
    bad, waiting = await posted(world, who), await captured(world, other)
    confirmed_one = await captured(world, await world.volunteer())
    await confirmed(world, [confirmed_one])
    await found(world, [bad])
    manager = world.staff[Role.STATION_MANAGER]
    with pytest.raises(BatchHeld):
        await confirm_hours(manager, records=[waiting], key=key())
    batch = (await record_of(bad)).batch
    held = await find(RecorderDay, batch)
    assert held
    assert (held.held_by, held.held_path) == (bad, world.station_path)
    await release_batch(world.staff[Role.DISTRICT_LEAD], batch=batch, key=key())
    await confirm_hours(manager, records=[waiting], key=key())


@pytest.mark.anyio
async def test_a_recorder_who_is_not_blamed_goes_on(world: World) -> None:
    bad, waiting = (
        await posted(world, await world.volunteer()),
        await captured(world, await world.volunteer()),
    )
    await found(world, [bad], blame=Blame.VOLUNTEER)
    await confirm_hours(world.staff[Role.STATION_MANAGER], records=[waiting], key=key())


@pytest.mark.anyio
@pytest.mark.parametrize("blame", Blame)
async def test_it_stands_against_whom_it_blames(world: World, blame: Blame) -> None:
    who, clerk = await world.volunteer(), world.staff[Role.STATION_CLERK]
    made = await found(world, [await posted(world, who)], blame=blame)
    against = {person: await findings_against(person.id) for person in (who, clerk)}
    one = Found(
        finding=made.finding, misconduct=Misconduct.INVENTED_HOURS, found_on=date(2026, 11, 20)
    )
    assert against[clerk] == (() if blame is Blame.VOLUNTEER else (one,))
    assert against[who] == (() if blame is Blame.RECORDER else (one,))


@pytest.mark.anyio
async def test_everybody_it_touches_is_told_once_and_may_see_it(world: World) -> None:
    who, clerk = await world.volunteer(), world.staff[Role.STATION_CLERK]
    records = [await accepted(world, who, hours_ago=n) for n in (3, 6)]
    made = await found(world, records)
    for person in (who, clerk):
        codes = [notice.code for notice in await inbox_of(person)]
        assert codes.count(NoticeCode.FINDING_MADE) == 1
        told = await ask(
            world,
            person,
            "query($id: ID!) { node(id: $id) { ... on Finding { misconduct blame statement"
            " recordCount voidedCount records { id state } } } }",
            id=made.finding,
        )
        seen = told["node"]
        assert (seen["misconduct"], seen["blame"]) == ("INVENTED_HOURS", "RECORDER")
        assert (seen["recordCount"], seen["voidedCount"]) == (2, 2)
        assert seen["statement"] == "活动并未举行"
        assert {record["state"] for record in seen["records"]} == {"VOIDED"}
    stranger = await world.volunteer()
    assert await visible_findings(stranger, [made.finding]) == {}
    hidden = await ask(world, stranger, "query($id: ID!) { node(id: $id) { id } }", id=made.finding)
    assert hidden == {"node": None}


@pytest.mark.anyio
async def test_a_district_lists_its_own_findings(world: World) -> None:
    made = await found(world, [await posted(world, await world.volunteer())])
    page: dict[str, Any] = {"after": None, "before": None, "limit": 9, "backward": False}
    lead, far = (
        world.staff[Role.DISTRICT_LEAD],
        await world.officer(Role.DISTRICT_LEAD, "420100/420103/"),
    )
    (held,) = await findings_at(lead, "420100/420102/", **page)
    assert held == await finding_of(made.finding)
    assert held.area == "420100/420102/"
    assert await findings_at(far, "420100/420102/", **page) == []
    assert await findings_at(lead, "420100/420103/", **page) == []


@pytest.mark.anyio
async def test_what_counts_by_silence_is_voided_too(world: World) -> None:
    who = await world.volunteer()
    await inbox_of(who)
    id = await captured(world, who)
    await confirmed(world, [id])
    world.clock.move(timedelta(days=8))
    await post_silent(SYSTEM, record=id, key=key())
    await found(world, [id], blame=Blame.VOLUNTEER)
    assert (await record_of(id)).state is RecordState.VOIDED
    assert (await totals_of([who.id]))[who.id].minutes == 0
    with pytest.raises(NotInThisState):
        await accept_hours(who, records=[id], key=key())


# The gate of the stars


@pytest.mark.anyio
async def test_the_gate_is_shut_from_the_finding_until_the_blame_is_lifted(world: World) -> None:
    who = await world.volunteer()
    made = await found(world, [await posted(world, who)], blame=Blame.VOLUNTEER)
    asked = await appeal_finding(who, finding=made.finding, words="我去过", key=key())
    world.clock.move(timedelta(days=2))
    await review_finding(
        await second_lead(world),
        appeal=asked.appeal,
        grounds=AppealGrounds.SERVICE_SHOWN,
        decision="属实",
        key=key(),
    )
    held = await find(FoundAgainst, who.id)
    days = [date(2026, 11, 19) + timedelta(days=n) for n in range(5)]
    assert [bool(misconduct_within(held, day, 36)) for day in days] == [
        False,
        True,
        True,
        False,
        False,
    ]
