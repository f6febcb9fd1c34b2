"""Finding drafts: two officers, none of them a party or a hand, and what each record becomes."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from tests.disputes import objected
from tests.misconduct import accepted, drafted, finding_of, found, second_lead
from tests.test_silence import CONFIRMED
from tests.volunteering import captured, confirmed, posted, record_of
from tests.wire import act, ask
from tests.world import World, found_station, key, path_of
from timebank import replay
from timebank.access import Role
from timebank.accounts import conservation
from timebank.activities import ActivityKind
from timebank.actors import PUBLIC, SYSTEM, Actor
from timebank.confirmations import SameHand, TooManyRecords, accept_hours, confirm_hours
from timebank.finding_drafts import (
    DistrictsMixed,
    NothingToVoid,
    OwnMatter,
    ProposerFinds,
    blamed_for,
    decide_finder,
    decide_one_district,
    decide_void,
    drop_draft,
    finding_drafts,
    make_finding,
    propose_finding,
)
from timebank.finding_life import Blame, Misconduct
from timebank.lifecycles import NotInThisState
from timebank.record_life import RecordState, ReverseReason
from timebank.refusals import Forbidden, NotFound, Refusal, Unauthenticated
from timebank.reversals import ObjectionOpen, repudiate_hours, reverse_hours
from timebank.roster_files import RosterRow
from timebank.rosters import record_roster
from timebank.texts import TextMissing, read_texts

HOUR = timedelta(hours=1)
RECORD = msgspec.structs.replace(
    CONFIRMED,
    state=RecordState.POSTED,
    recorder="per_recorder",
    confirmer="per_confirmer",
    reviewer="per_reviewer",
    recipient="per_recipient",
)


# Decisions


@pytest.mark.parametrize(
    ("officer", "refusal"),
    [
        (RECORD.volunteer, OwnMatter),
        ("per_recipient", OwnMatter),
        ("per_recorder", SameHand),
        ("per_confirmer", SameHand),
        ("per_reviewer", SameHand),
    ],
)
def test_nobody_finds_who_is_a_party_or_had_a_hand(officer: str, refusal: type[Refusal]) -> None:
    with pytest.raises(refusal):
        decide_finder(RECORD, officer)
    decide_finder(RECORD, "per_another")


@pytest.mark.parametrize("state", RecordState)
def test_only_what_counts_is_voided(state: RecordState) -> None:
    record = msgspec.structs.replace(RECORD, state=state)
    if state in (RecordState.POSTED, RecordState.POSTED_SILENT):
        assert decide_void(record) is record
        return
    disputed = state is RecordState.DISPUTED
    with pytest.raises(ObjectionOpen if disputed else NotInThisState):
        decide_void(record)


def test_a_finding_is_one_districts() -> None:
    near = msgspec.structs.replace(RECORD, path="420100/420102/420102002/sta_1/")
    later = RECORD.day + timedelta(days=1)
    far = msgspec.structs.replace(RECORD, path="420100/420103/420103001/sta_2/", day=later)
    assert decide_one_district([near, near]) == "420100/420102/"
    with pytest.raises(DistrictsMixed) as no:
        decide_one_district([near, far])
    assert no.value.day == later


@pytest.mark.parametrize(
    ("blame", "blamed"),
    [
        (Blame.RECORDER, ("per_recorder",)),
        (Blame.VOLUNTEER, (RECORD.volunteer,)),
        (Blame.BOTH, ("per_recorder", RECORD.volunteer)),
    ],
)
def test_who_is_blamed_is_read_off_the_record(blame: Blame, blamed: tuple[str, ...]) -> None:
    assert blamed_for(RECORD, blame) == blamed
    own = msgspec.structs.replace(RECORD, recorder=RECORD.volunteer)
    assert blamed_for(own, blame) == (RECORD.volunteer,)
    made = msgspec.structs.replace(RECORD, recorder=SYSTEM.id)
    assert SYSTEM.id not in blamed_for(made, blame)


# Two officers


@pytest.mark.anyio
async def test_nothing_happens_before_another_officer_makes_it(world: World) -> None:
    id = await posted(world, await world.volunteer())
    draft = await drafted(world, [id])
    lead = world.staff[Role.DISTRICT_LEAD]
    assert (await record_of(id)).state is RecordState.POSTED
    with pytest.raises(ProposerFinds):
        await make_finding(lead, draft=draft, key=key())
    second = await second_lead(world)
    made = await make_finding(second, draft=draft, key=key())
    held = await finding_of(made.finding)
    assert (held.proposer, held.second, held.records) == (lead.id, second.id, 1)
    assert (await record_of(id)).state is RecordState.VOIDED
    with pytest.raises(NotFound):
        await make_finding(second, draft=draft, key=key())


@pytest.mark.anyio
async def test_only_officers_of_the_district_find(world: World) -> None:
    id = await posted(world, await world.volunteer())
    draft = await drafted(world, [id])
    far = await world.officer(Role.DISTRICT_LEAD, "420100/420103/")
    asked: list[tuple[Actor, type[Exception]]] = [
        (PUBLIC, Unauthenticated),
        (await world.volunteer(), NotFound),
        (far, NotFound),
        (await world.officer(Role.CITY_LEAD), Forbidden),
    ]
    for who, refusal in asked:
        with pytest.raises(refusal):
            await drafted(world, [id], by=who)
        with pytest.raises(refusal):
            await make_finding(who, draft=draft, key=key())
        with pytest.raises(refusal):
            await drop_draft(who, draft=draft, key=key())
        assert await finding_drafts(who, "420100/420102/") == []
    with pytest.raises(Forbidden):
        await drafted(world, [id], by=world.staff[Role.STATION_MANAGER])


@pytest.mark.anyio
async def test_an_officer_with_a_hand_in_it_does_not_find(world: World) -> None:
    lead, second = world.staff[Role.DISTRICT_LEAD], await second_lead(world)
    who = await world.volunteer()
    id = await captured(world, who, by=second)
    await confirmed(world, [id])
    await accept_hours(who, records=[id], key=key())
    with pytest.raises(SameHand):
        await drafted(world, [id], by=second)
    draft = await drafted(world, [id], by=lead)
    with pytest.raises(SameHand):
        await make_finding(second, draft=draft, key=key())
    assert (await record_of(id)).state is RecordState.POSTED


@pytest.mark.anyio
async def test_a_draft_is_let_go_with_its_words(world: World) -> None:
    id = await posted(world, await world.volunteer())
    lead, second = world.staff[Role.DISTRICT_LEAD], await second_lead(world)
    for officer in (lead, second):
        draft = await drafted(world, [id])
        assert await read_texts([draft], "statement") == {draft: "活动并未举行"}
        told = await act(world, officer, "dropFinding", "draft", draft=draft)
        assert told["draft"] == draft
        assert await read_texts([draft], "statement") == {}
    assert await finding_drafts(lead, "420100/420102/") == []
    assert (await record_of(id)).state is RecordState.POSTED


@pytest.mark.anyio
async def test_the_number_of_records_is_limited(world: World) -> None:
    for records in ([], [f"rec_{n}" for n in range(501)]):
        with pytest.raises(TooManyRecords):
            await drafted(world, records)
    with pytest.raises(NotFound):
        await drafted(world, ["rec_none"])
    id = await posted(world, await world.volunteer())
    with pytest.raises(TextMissing):
        await propose_finding(
            world.staff[Role.DISTRICT_LEAD],
            misconduct=Misconduct.SOLD_HOURS,
            blame=Blame.BOTH,
            statement=" ",
            records=[id],
            key=key(),
        )


@pytest.mark.anyio
async def test_what_counts_no_more_is_answered_for_and_stays(world: World) -> None:
    lead = world.staff[Role.DISTRICT_LEAD]
    people = [await world.volunteer() for _ in range(4)]
    good, disowned, reversed_one, disputed = [
        await accepted(world, who, hours_ago=3) for who in people
    ]
    draft = await drafted(world, [good, disowned, reversed_one, disputed])
    await repudiate_hours(people[1], records=[disowned], key=key())
    await reverse_hours(
        lead, records=[reversed_one], reason=ReverseReason.RECORDED_WRONGLY, key=key()
    )
    await objected(world, people[3], disputed)
    told = await act(
        world,
        await second_lead(world),
        "makeFinding",
        "finding { id recordCount } outcomes { id record { state } userErrors { code } }",
        draft=draft,
    )
    assert told["finding"] == {"id": draft, "recordCount": 1}
    assert [one["record"]["state"] for one in told["outcomes"]] == [
        "VOIDED",
        "REPUDIATED",
        "REVERSED",
        "DISPUTED",
    ]
    assert [[no["code"] for no in one["userErrors"]] for one in told["outcomes"]] == [
        [],
        ["NOT_IN_THIS_STATE"],
        ["NOT_IN_THIS_STATE"],
        ["OBJECTION_OPEN"],
    ]
    assert (await replay.compare(world.settings.database_url)).differing == 0


@pytest.mark.anyio
async def test_a_finding_on_nothing_that_counts_is_refused(world: World) -> None:
    who = await world.volunteer()
    waiting = await captured(world, who, starts=world.clock.now() - 9 * HOUR)
    with pytest.raises(NothingToVoid):
        await drafted(world, [waiting])
    id = await posted(world, who)
    draft = await drafted(world, [id])
    await found(world, [id])
    with pytest.raises(NothingToVoid):
        await make_finding(await second_lead(world), draft=draft, key=key())
    assert len(await finding_drafts(world.staff[Role.DISTRICT_LEAD], "420100/")) == 1


# A batch at once


@pytest.mark.anyio
async def test_a_batch_of_five_hundred_is_taken_back_in_one_act(world: World) -> None:
    clerk, manager = world.staff[Role.STATION_CLERK], world.staff[Role.STATION_MANAGER]
    numbers = [await world.number_of(await world.volunteer()) for _ in range(5)]
    rows = [
        RosterRow(
            station="001",
            volunteer=number,
            starts=world.clock.now() - day * 24 * HOUR - n * timedelta(minutes=2) - HOUR / 2,
            ends=world.clock.now()
            - day * 24 * HOUR
            - n * timedelta(minutes=2)
            - HOUR / 2
            + timedelta(minutes=1),
            kind=ActivityKind.ELDER,
        )
        for number in numbers
        for day in range(2)
        for n in range(50)
    ]
    told = await record_roster(clerk, rows=rows, key=key())
    ids = [row.record or "" for row in told.rows]
    assert all(ids)
    await confirm_hours(manager, records=ids, key=key())
    for held in [await record_of(id) for id in ids[::100]]:
        who = Actor(id=held.volunteer, person=held.volunteer)
        own = ids[ids.index(held.id) : ids.index(held.id) + 100]
        await accept_hours(who, records=own, key=key())
    waiting = await captured(world, await world.volunteer(), starts=world.clock.now() - 3 * HOUR)
    batch = (await record_of(ids[0])).batch
    proposed = await propose_finding(
        world.staff[Role.DISTRICT_LEAD],
        misconduct=Misconduct.PHANTOM_ACTIVITY,
        blame=Blame.RECORDER,
        statement="假活动",
        batch=batch,
        key=key(),
    )
    assert proposed.records == 500
    made = await make_finding(await second_lead(world), draft=proposed.draft, key=key())
    assert {one.record for one in made.outcomes if one.entry is not None} == set(ids)
    assert {(await record_of(id)).state for id in ids[::50]} == {RecordState.VOIDED}
    assert (await record_of(waiting)).state is RecordState.CAPTURED
    assert (await conservation()).whole
    assert (await replay.compare(world.settings.database_url)).differing == 0


@pytest.mark.anyio
async def test_a_batch_is_that_of_the_district_that_finds(world: World) -> None:
    id = await posted(world, await world.volunteer())
    batch = (await record_of(id)).batch
    far = await world.officer(Role.DISTRICT_LEAD, "420100/420103/")
    given: dict[str, Any] = {
        "misconduct": Misconduct.SOLD_HOURS,
        "blame": Blame.BOTH,
        "statement": "卖时长",
    }
    with pytest.raises(NotFound):
        await propose_finding(far, batch=batch, key=key(), **given)
    with pytest.raises(NotFound):
        await propose_finding(
            world.staff[Role.DISTRICT_LEAD], batch="per_x/2026-11-20", key=key(), **given
        )


@pytest.mark.anyio
async def test_records_of_two_districts_are_two_findings(world: World) -> None:
    near = await posted(world, await world.volunteer())
    station = await found_station(world, number="S-FAR", area="420103002001")
    path = await path_of(station)
    clerk = await world.officer(Role.STATION_CLERK, path)
    manager = await world.officer(Role.STATION_MANAGER, path)
    who = await world.volunteer()
    far = await captured(world, who, by=clerk, station=station)
    await confirm_hours(manager, records=[far], key=key())
    await accept_hours(who, records=[far], key=key())
    with pytest.raises(DistrictsMixed):
        await drafted(world, [near, far])


# The wire


@pytest.mark.anyio
async def test_a_finding_is_proposed_seen_and_made_over_the_wire(world: World) -> None:
    id = await posted(world, await world.volunteer())
    lead, second = world.staff[Role.DISTRICT_LEAD], await second_lead(world)
    told = await act(
        world,
        lead,
        "proposeFinding",
        "draft recordCount",
        misconduct="SOLD_HOURS",
        blame="BOTH",
        statement="卖时长",
        records=[id],
    )
    assert told["recordCount"] == 1
    draft = told["draft"]
    asks = '{ findingDrafts(scope: "420100/") { id own statement blame records { id } } }'
    for officer in (lead, second):
        seen = await ask(world, officer, asks)
        assert seen["findingDrafts"] == [
            {
                "id": draft,
                "own": officer is lead,
                "statement": "卖时长",
                "blame": "BOTH",
                "records": [{"id": id}],
            }
        ]
    own = await act(world, lead, "makeFinding", "entry { seq }", draft=draft)
    assert [no["code"] for no in own["userErrors"]] == ["PROPOSER_FINDS"]
    made = await act(world, second, "makeFinding", "finding { misconduct }", draft=draft)
    assert made["finding"] == {"misconduct": "SOLD_HOURS"}
