"""Member reports: made, received, active, reconfirmed each half-year, lapsed, moved, taken back."""

from datetime import date, timedelta
from typing import Any

import pytest

from ledger.entry import Sealed, decode
from ledger.reader import open_reader, read_entries
from tests.membership import (
    COMMUNITY_PATH,
    OTHER_COMMUNITY,
    member,
    reported,
    secretary,
    switch_off,
)
from tests.wire import act, ask
from tests.world import COMMUNITY, World, key
from timebank import replay
from timebank.access import Role, grant_role
from timebank.actors import PUBLIC, SYSTEM
from timebank.aliases import MemberModuleOff
from timebank.events import Event
from timebank.lifecycles import NotInThisState, step
from timebank.member_life import (
    LIFECYCLE,
    MemberActivated,
    MemberLapsed,
    MemberMoved,
    MemberReceived,
    MemberReconfirmed,
    MemberReturned,
    MemberWithdrew,
    OwnReport,
    ReportConsentMissing,
    ReportCurrent,
    ReportedThere,
    ReportStands,
    ReportState,
    ReturnReason,
)
from timebank.member_reports import (
    REPORTS,
    MemberReport,
    move_membership,
    own_report,
    reconfirm_membership,
    report_membership,
    reports_at,
    reports_due,
    withdraw_membership,
)
from timebank.people import PersonNotActive, suspend_person
from timebank.person_life import SuspensionReason
from timebank.places import NotACommunity
from timebank.refusals import Forbidden, NotFound, Refusal, Unauthenticated
from timebank.report_reviews import activate_report, lapse_report, receive_report, return_report
from timebank.tables import find
from timebank.timers import sweep

EVENTS: list[type[Event]] = [
    MemberReceived,
    MemberActivated,
    MemberReconfirmed,
    MemberReturned,
    MemberLapsed,
    MemberMoved,
    MemberWithdrew,
]
DAY = timedelta(days=1)


async def held(report: str) -> MemberReport:
    found = await find(MemberReport, report)
    assert found
    return found


async def entries_of(world: World, kind: str) -> list[Sealed]:
    """Every entry of the ledger whose kind begins so."""
    async with world.journal.writer.transaction() as transaction:
        size = transaction.head.size
    async with open_reader(world.settings.database_url) as reader:
        found = [
            decode(data) async for rows in read_entries(reader, 0, size) for _, data, *_ in rows
        ]
    return [entry for entry in found if entry.kind.startswith(kind)]


def test_every_state_is_reached_and_no_other_step_is_allowed() -> None:
    assert set(LIFECYCLE) == set(ReportState)
    reached = {to for steps in LIFECYCLE.values() for to in steps.values()}
    assert reached | {ReportState.SUBMITTED} == set(ReportState)
    for state in ReportState:
        for event in EVENTS:
            if event in LIFECYCLE[state]:
                assert step(LIFECYCLE, state, event) in ReportState
            else:
                with pytest.raises(NotInThisState):
                    step(LIFECYCLE, state, event)


@pytest.mark.anyio
async def test_a_report_is_received_activated_reconfirmed_and_lapses_by_the_clock(
    world: World,
) -> None:
    who, party = await world.volunteer(), await secretary(world)
    report = await reported(world, who)
    assert (await held(report)).state is ReportState.SUBMITTED
    await receive_report(party, report=report, key=key())
    assert (await held(report)).state is ReportState.RECEIVED
    await activate_report(party, report=report, key=key())
    assert (await held(report)).reconfirm_by == date(2027, 5, 20)

    world.clock.move(100 * DAY)
    await reconfirm_membership(who, key=key())
    assert (await held(report)).state is ReportState.RECONFIRMED
    assert (await held(report)).reconfirm_by == date(2027, 8, 28)

    world.clock.move((date(2027, 8, 28) - date(2027, 2, 28)).days * DAY)
    assert await reports_due(skip=0, limit=9) == [], "the last day is whole"
    with pytest.raises(ReportCurrent):
        await lapse_report(SYSTEM, report=report)
    world.clock.move(DAY)
    done = {run.name: run.done for run in await sweep()}
    assert done["members.lapsed"] == 1
    assert (await held(report)).state is ReportState.LAPSED
    await reconfirm_membership(who, key=key())
    assert (await held(report)).state is ReportState.RECONFIRMED
    assert (await replay.compare(world.settings.database_url)).differing == 0


@pytest.mark.anyio
async def test_moving_ends_one_report_and_begins_another_with_its_history(world: World) -> None:
    who = await member(world)
    old = await own_report(who)
    assert old
    with pytest.raises(ReportedThere):
        await move_membership(who, community=COMMUNITY, key=key())
    made = await move_membership(who, community=OTHER_COMMUNITY, key=key())
    new = await own_report(who)
    assert new
    assert (new.id, new.state, new.previous) == (made.report, ReportState.SUBMITTED, old.id)
    assert ((await held(old.id)).state, (await held(old.id)).successor) == (
        ReportState.MOVED,
        new.id,
    )
    assert new.member == old.member
    # The earlier secretary learns that the member left, and not what the new report says.
    assert set(await REPORTS.visible(await secretary(world), [old.id, new.id])) == {old.id}


@pytest.mark.anyio
async def test_a_returned_or_withdrawn_report_makes_room_for_another(world: World) -> None:
    who, party = await world.volunteer(), await secretary(world)
    first = await reported(world, who)
    with pytest.raises(ReportStands):
        await reported(world, who)
    await return_report(party, report=first, reason=ReturnReason.NOT_IN_SERVICE, key=key())
    assert (await held(first)).reason is ReturnReason.NOT_IN_SERVICE
    second = await reported(world, who)
    await withdraw_membership(who, key=key())
    assert (await held(second)).state is ReportState.WITHDRAWN
    assert await own_report(who) is None
    with pytest.raises(NotFound):
        await reconfirm_membership(who, key=key())
    assert (await held(await reported(world, who))).member == (await held(first)).member


@pytest.mark.anyio
async def test_a_report_that_breaks_a_rule_is_not_made(world: World) -> None:
    who, suspended = await world.volunteer(), await world.volunteer()
    lead = world.staff[Role.DISTRICT_LEAD]
    await suspend_person(lead, person=suspended.id, reason=SuspensionReason.OWN_WISH, key=key())
    for actor, community, consent, refusal in (
        (who, COMMUNITY, False, ReportConsentMissing),
        (who, "420102", True, NotACommunity),
        (who, "1", True, NotFound),
        (suspended, COMMUNITY, True, PersonNotActive),
        (PUBLIC, COMMUNITY, True, Unauthenticated),
    ):
        with pytest.raises(refusal):
            await report_membership(actor, community=community, consent=consent, key=key())
    assert await entries_of(world, "member.") == []


@pytest.mark.anyio
async def test_only_another_secretary_of_the_community_handles_a_report(world: World) -> None:
    party = await secretary(world)
    own = await reported(world, party)
    with pytest.raises(OwnReport):
        await receive_report(party, report=own, key=key())
    elsewhere = await secretary(world, "420100/420103/")
    for actor in (elsewhere, world.staff[Role.STATION_MANAGER], await world.volunteer()):
        told = set()
        for id in (own, "mrp_none"):
            for act_on in (
                receive_report(actor, report=id, key=key()),
                activate_report(actor, report=id, key=key()),
                return_report(actor, report=id, reason=ReturnReason.NOT_A_MEMBER, key=key()),
            ):
                with pytest.raises(Refusal) as no:
                    await act_on
                told.add((no.value.code, no.value.message()))
        assert told == {("NOT_FOUND", "There is no member report with this id.")}
    with pytest.raises(Unauthenticated):
        await receive_report(PUBLIC, report=own, key=key())
    with pytest.raises(Forbidden):
        await lapse_report(party, report=own)
    second = await world.officer(Role.PARTY_SECRETARY, COMMUNITY_PATH)
    await receive_report(second, report=own, key=key())


@pytest.mark.anyio
async def test_two_first_reports_at_once_leave_one(world: World) -> None:
    who = await world.volunteer()
    keys = [key(), key()]
    outcomes = [
        await write_one
        for write_one in [
            _outcome(report_membership(who, community=COMMUNITY, consent=True, key=one))
            for one in (*keys, keys[0])
        ]
    ]
    assert outcomes[0] == outcomes[2], "the same key gets the first answer"
    assert outcomes[1] == "REPORT_STANDS"


async def _outcome(report: Any) -> str:
    try:
        return str((await report).report)
    except Refusal as no:
        return no.code


@pytest.mark.anyio
async def test_switched_off_the_module_answers_null_and_refuses_with_one_code(
    world: World,
) -> None:
    who, party = await member(world), await secretary(world)
    report = await own_report(who)
    assert report
    asked = (
        "query($id: ID!, $c: ID!) { memberReport { id } node(id: $id) { id }"
        " unitConsent { since } memberReports(community: $c) { nodes { id } } }"
    )
    before = await ask(world, party, asked, id=report.id, c=COMMUNITY)
    assert [one["id"] for one in before["memberReports"]["nodes"]] == [report.id]
    await switch_off(world)
    for actor in (who, party):
        told = await ask(world, actor, asked, id=report.id, c=COMMUNITY)
        assert set(told.values()) == {None}, told
        for name, given in (
            ("reportMembership", {"community": COMMUNITY, "consent": True}),
            ("moveMembership", {"community": OTHER_COMMUNITY}),
            ("reconfirmMembership", {}),
            ("withdrawMembership", {}),
            ("receiveMemberReport", {"report": report.id}),
            ("activateMemberReport", {"report": report.id}),
            ("returnMemberReport", {"report": report.id, "reason": "NOT_A_MEMBER"}),
            ("consentToUnit", {"unit": "uni_none"}),
            ("endUnitConsent", {}),
        ):
            answer = await act(world, actor, name, "entry { seq }", **given)
            assert [no["code"] for no in answer["userErrors"]] == ["MEMBER_MODULE_OFF"], name
    world.clock.move(400 * DAY)
    assert await reports_due(skip=0, limit=9) == []
    assert await reports_at(party, COMMUNITY) == []
    with pytest.raises(MemberModuleOff):
        await lapse_report(SYSTEM, report=report.id)


@pytest.mark.anyio
async def test_the_api_reports_and_shows_both_sides_the_same(world: World) -> None:
    who, party = await world.volunteer(), await secretary(world)
    asks = "report { id state number name reportedOn community { name } previous { id } }"
    made = await act(world, who, "reportMembership", asks, community=COMMUNITY, consent=True)
    report = made["report"]
    assert report["state"] == "SUBMITTED"
    assert report["number"] == await world.number_of(who)
    assert report["name"].startswith("王秀英")
    listed = await ask(
        world,
        party,
        "query($c: ID!) { memberReports(community: $c) { nodes { id number name state } } }",
        c=COMMUNITY,
    )
    (seen,) = listed["memberReports"]["nodes"]
    assert (seen["number"], seen["name"]) == (report["number"], report["name"])
    await act(world, party, "receiveMemberReport", "report { state }", report=report["id"])
    done = await act(
        world, party, "activateMemberReport", "report { state reconfirmBy }", report=report["id"]
    )
    assert done["report"] == {"state": "ACTIVE", "reconfirmBy": "2027-05-20"}
    moved = await act(world, who, "moveMembership", asks, community=OTHER_COMMUNITY)
    assert moved["report"]["previous"] == {"id": report["id"]}
    gone = await act(world, who, "withdrawMembership", "report { state }")
    assert gone["report"] == {"state": "WITHDRAWN"}
    again = await act(world, who, "reconfirmMembership", "report { state }")
    assert [no["code"] for no in again["userErrors"]] == ["NOT_FOUND"]


@pytest.mark.anyio
async def test_a_role_over_the_city_reaches_the_community(world: World) -> None:
    who = await world.volunteer()
    report = await reported(world, who)
    made = await world.volunteer()
    await grant_role(SYSTEM, person=made.id, role=Role.PARTY_SECRETARY, scope="420100/", key=key())
    assert set(await REPORTS.visible(made, [report])) == {report}
