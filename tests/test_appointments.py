"""Appointments: a retired member says which office they hold, the secretary confirms it."""

from datetime import date, timedelta
from typing import Any

import pytest

from tests.membership import COMMUNITY_PATH, member, open_service_post, secretary, switch_off
from tests.test_member_reports import entries_of
from tests.wire import act, ask
from tests.world import COMMUNITY, World, key
from timebank import entries, replay
from timebank.access import Role, grant_role
from timebank.actors import PUBLIC, SYSTEM, Actor
from timebank.aliases import Alias, MemberModuleOff
from timebank.appointment_life import (
    LIFECYCLE,
    AppointmentConfirmed,
    AppointmentEnded,
    AppointmentOver,
    AppointmentReturned,
    AppointmentState,
    AppointmentTermRuns,
    AppointmentTermWrong,
    Body,
    Office,
    TooManyAppointments,
)
from timebank.appointments import (
    LONGEST_YEARS,
    MOST_OPEN,
    OFFICES,
    Appointment,
    close_appointment,
    confirm_appointment,
    decide_term,
    declare_appointment,
    end_appointment,
    resign_appointment,
    return_appointment,
)
from timebank.clock import day_of
from timebank.events import Event
from timebank.lifecycles import NotInThisState, step
from timebank.member_life import OwnReport, ReportConsentMissing
from timebank.member_reports import report_membership
from timebank.places import NotACommunity
from timebank.post_claims import claim_post
from timebank.refusals import Forbidden, NotFound, Refusal, Unauthenticated
from timebank.tables import find
from timebank.timers import sweep

EVENTS: list[type[Event]] = [
    AppointmentConfirmed,
    AppointmentReturned,
    AppointmentEnded,
    AppointmentOver,
]
TODAY = date(2026, 11, 20)
WHOLE: dict[str, Any] = {"after": None, "before": None, "limit": 9, "backward": False}


async def declared(world: World, who: Actor, **given: Any) -> str:
    """An office that somebody says they hold, for ten days."""
    today = day_of(world.clock.now())
    told: dict[str, Any] = {
        "community": COMMUNITY,
        "body": Body.OWNERS_COMMITTEE,
        "office": Office.HEAD,
        "first_day": today - timedelta(days=400),
        "last_day": today + timedelta(days=10),
        "consent": True,
    }
    return (await declare_appointment(who, key=key(), **told | given)).appointment


async def state_of(appointment: str) -> AppointmentState:
    held = await find(Appointment, appointment)
    assert held
    return held.state


def test_every_state_is_reached_and_no_other_step_is_allowed() -> None:
    assert set(LIFECYCLE) == set(AppointmentState)
    reached = {to for steps in LIFECYCLE.values() for to in steps.values()}
    assert reached | {AppointmentState.TOLD} == set(AppointmentState)
    for state in AppointmentState:
        for event in EVENTS:
            if event in LIFECYCLE[state]:
                assert step(LIFECYCLE, state, event) in reached
            else:
                with pytest.raises(NotInThisState):
                    step(LIFECYCLE, state, event)


@pytest.mark.parametrize(
    ("first", "last", "held", "refusal"),
    [
        (TODAY, TODAY, 0, None),
        (TODAY - timedelta(days=900), TODAY, MOST_OPEN - 1, None),
        (TODAY, date(2026 + LONGEST_YEARS, 12, 31), 0, None),
        (TODAY, date(2027 + LONGEST_YEARS, 1, 1), 0, AppointmentTermWrong),
        (TODAY + timedelta(days=2), TODAY + timedelta(days=1), 0, AppointmentTermWrong),
        (TODAY - timedelta(days=9), TODAY - timedelta(days=1), 0, AppointmentTermWrong),
        (TODAY, TODAY, MOST_OPEN, TooManyAppointments),
    ],
)
def test_a_term_is_not_over_nor_endless_nor_one_of_too_many(
    first: date, last: date, held: int, refusal: type[Refusal] | None
) -> None:
    if refusal is None:
        decide_term(first, last, today=TODAY, held=held)
        return
    with pytest.raises(refusal):
        decide_term(first, last, today=TODAY, held=held)


@pytest.mark.anyio
async def test_an_office_is_declared_confirmed_and_over_by_the_clock(world: World) -> None:
    who, party = await world.volunteer(), await secretary(world)
    office = await declared(world, who)
    await confirm_appointment(party, appointment=office, key=key())
    assert await state_of(office) is AppointmentState.SERVING
    with pytest.raises(AppointmentTermRuns):
        await close_appointment(SYSTEM, appointment=office)
    with pytest.raises(Forbidden):
        await close_appointment(party, appointment=office)
    world.clock.move(timedelta(days=10))
    with pytest.raises(AppointmentTermRuns):
        await close_appointment(SYSTEM, appointment=office)
    assert {run.name: run.done for run in await sweep()}["appointments.over"] == 0
    world.clock.move(timedelta(days=1))
    assert {run.name: run.done for run in await sweep()}["appointments.over"] == 1
    assert await state_of(office) is AppointmentState.OVER
    assert (await replay.compare(world.settings.database_url)).differing == 0


@pytest.mark.anyio
async def test_offices_end_by_either_word_and_make_room_for_others(world: World) -> None:
    who, party = await world.volunteer(), await secretary(world)
    offices = [await declared(world, who) for _ in range(MOST_OPEN)]
    with pytest.raises(TooManyAppointments):
        await declared(world, who)
    await return_appointment(party, appointment=offices[0], key=key())
    await resign_appointment(who, appointment=offices[1], key=key())
    await confirm_appointment(party, appointment=offices[2], key=key())
    await end_appointment(party, appointment=offices[2], key=key())
    assert [await state_of(one) for one in offices[:3]] == [
        AppointmentState.RETURNED,
        AppointmentState.ENDED,
        AppointmentState.ENDED,
    ]
    for _ in range(3):
        await declared(world, who)
    with pytest.raises(TooManyAppointments):
        await declared(world, who)


@pytest.mark.anyio
async def test_an_appointment_that_breaks_a_rule_is_not_made(world: World) -> None:
    who = await world.volunteer()
    for actor, given, refusal in (
        (who, {"consent": False}, ReportConsentMissing),
        (who, {"community": "420102"}, NotACommunity),
        (who, {"community": "1"}, NotFound),
        (PUBLIC, {}, Unauthenticated),
    ):
        with pytest.raises(refusal):
            await declared(world, actor, **given)
    await switch_off(world)
    with pytest.raises(MemberModuleOff):
        await declared(world, who)
    assert await entries_of(world, "appointment.") == []


@pytest.mark.anyio
async def test_it_is_there_for_its_holder_and_the_secretary_alone(world: World) -> None:
    who, party = await world.volunteer(), await secretary(world)
    office = await declared(world, who)
    (entry,) = await entries_of(world, "appointment.")
    assert who.id.encode() not in entry.bytes
    tie = await find(Alias, who.id)
    assert tie
    assert entry.actor == tie.alias
    others = [await world.officer(role) for role in Role if role is not Role.PARTY_SECRETARY]
    for actor in [*others, *world.staff.values(), await world.volunteer(), PUBLIC]:
        if actor == party:
            continue
        assert await OFFICES.visible(actor, [office]) == {}
        assert await OFFICES.listed(actor, scope=COMMUNITY_PATH, **WHOLE) == []
        assert await entries.entries(actor, [entry.seq]) == {}
        for move in (confirm_appointment, return_appointment, end_appointment, resign_appointment):
            with pytest.raises((NotFound, Unauthenticated)):
                await move(actor, appointment=office, key=key())
    for actor in (who, party):
        assert set(await OFFICES.visible(actor, [office])) == {office}
    await grant_role(
        SYSTEM, person=who.id, role=Role.PARTY_SECRETARY, scope=COMMUNITY_PATH, key=key()
    )
    with pytest.raises(OwnReport):
        await confirm_appointment(who, appointment=office, key=key())


@pytest.mark.anyio
async def test_the_api_declares_lists_and_ends(world: World) -> None:
    who, party = await world.volunteer(), await secretary(world)
    made = await act(
        world,
        who,
        "declareAppointment",
        "appointment { id state body community { code } }",
        community=COMMUNITY,
        body="RESIDENT_TEAM",
        office="MEMBER",
        firstDay="2026-11-01",
        lastDay="2027-11-01",
        consent=True,
    )
    assert made["userErrors"] == []
    office = made["appointment"]["id"]
    assert made["appointment"] == {
        "id": office,
        "state": "TOLD",
        "body": "RESIDENT_TEAM",
        "community": {"code": COMMUNITY},
    }
    asks, number = "appointment { state }", await world.number_of(who)
    confirmed = await act(world, party, "confirmAppointment", asks, appointment=office)
    assert confirmed["appointment"] == {"state": "SERVING"}
    query = "query($s: String) { appointments(scope: $s) { nodes { id number name } } }"
    for actor, scope in ((who, None), (party, COMMUNITY_PATH)):
        (node,) = (await ask(world, actor, query, s=scope))["appointments"]["nodes"]
        assert (node["id"], node["number"]) == (office, number)
        assert node["name"].startswith("王秀英")
    ended = await act(world, party, "endAppointment", asks, appointment=office)
    assert ended["appointment"] == {"state": "ENDED"}
    for one in ("returnAppointment", "resignAppointment"):
        told = await act(world, who, one, asks, appointment=office)
        assert told["appointment"] is None
    await switch_off(world)
    assert (await ask(world, who, query, s=None))["appointments"] is None


@pytest.mark.anyio
async def test_a_secretary_is_shown_what_waits_and_not_what_was_done_since(world: World) -> None:
    who, other, party = await member(world), await world.volunteer(), await secretary(world)
    post = await open_service_post(world)
    claim = (await claim_post(who, post=post, key=key())).claim
    offices = [await declared(world, who) for _ in range(2)]
    await confirm_appointment(party, appointment=offices[1], key=key())
    report = (await report_membership(other, community=COMMUNITY, consent=True, key=key())).report
    query = """query($c: ID!, $s: String) {
      memberReports(community: $c, states: [SUBMITTED, RECEIVED], first: 1) { nodes { id } }
      postClaims(scope: $s, states: [CLAIMED], first: 1) { nodes { id } }
      confirmed: postClaims(scope: $s, states: [CONFIRMED], first: 1) { nodes { id } }
      appointments(scope: $s, states: [TOLD], first: 1) { nodes { id } }
      all: appointments(scope: $s) { nodes { id } }
    }"""
    told = await ask(world, party, query, c=COMMUNITY, s=COMMUNITY_PATH)
    assert {name: [node["id"] for node in found["nodes"]] for name, found in told.items()} == {
        "memberReports": [report],
        "postClaims": [claim],
        "confirmed": [],
        "appointments": [offices[0]],
        "all": offices[::-1],
    }
