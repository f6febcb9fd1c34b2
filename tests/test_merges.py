"""Merges: two registrations of one person become one, by two officers, and nothing is lost."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests import looking
from tests.erasing import whose
from tests.merging import merged, proposed, signed_in
from tests.moving import entries_of, move, put
from tests.starring import HOURLY, applied, served_hours
from tests.test_silence import CONFIRMED
from tests.volunteering import captured, record_of, visited
from tests.wire import ask
from tests.world import World, key, open_world
from timebank import directory, people, replay
from timebank.access import Role, grant_role
from timebank.accounts import balance_of, conservation, owed, volunteer
from timebank.actors import PUBLIC, SYSTEM, person
from timebank.audits import audit
from timebank.clock import day_of
from timebank.confirmations import confirm_hours
from timebank.counter import OwnCounter
from timebank.days import VolunteerDay, VolunteerMonth, day_key, month_key
from timebank.donations import donate
from timebank.held_stars import Stars
from timebank.help_orders import HelpOpen, Promise
from timebank.holds import HeldFor, KeepReason, place_hold
from timebank.hours import ServiceTotal, records_of
from timebank.lifecycles import NotInThisState, step
from timebank.merge_life import (
    LIFECYCLE,
    MergeDropped,
    MergeGround,
    MergeState,
    Moved,
    PersonMerged,
    decide_moved,
)
from timebank.merge_matters import ASKED_OF, Unsettled, unsettled
from timebank.merged_records import MOST, Concerned, MergeTooLong, concerning, decide_length
from timebank.merges import (
    Merge,
    MergeAgesWrong,
    MergeIsSelf,
    MergeUnsettled,
    ProposerMerges,
    drop_merge,
    former_numbers,
    merge_people,
    merges_waiting,
    propose_merge,
)
from timebank.open_matters import Matter
from timebank.people import Person, PersonNotActive
from timebank.person_life import PersonState
from timebank.record_life import RecordState, ReverseReason
from timebank.refusals import NotFound
from timebank.reversals import reverse_hours
from timebank.sign_in import Cost, SignInFailed, actor_of, open_session, set_password, sign_in
from timebank.stars import minutes_on
from timebank.tables import find

pytestmark = pytest.mark.anyio
CHEAP = Cost(iterations=1, memory_kib=8)
DAY = timedelta(days=1)


@pytest.fixture
async def city(sqlite_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(sqlite_url, tmp_path) as opened:
        yield opened


# Decisions


@pytest.mark.parametrize(
    ("held", "due", "kept_held", "kept_due", "expected"),
    [
        (0, 0, 0, 0, Moved()),
        (100, 0, 50, 0, Moved(minutes=100)),
        (0, 30, 50, 0, Moved(owed=30, repaid=30)),
        (100, 0, 0, 40, Moved(minutes=100, repaid=40)),
        (20, 0, 0, 40, Moved(minutes=20, repaid=20)),
        (0, 30, 0, 40, Moved(owed=30)),
        (100, 0, 970, 0, Moved(minutes=100, donated=70)),
        (100, 0, 1000, 0, Moved(minutes=100, donated=100)),
        (100, 80, 1000, 0, Moved(minutes=100, owed=80, repaid=80, donated=20)),
    ],
)
def test_what_moves_repays_first_and_what_has_no_room_is_the_pools(
    held: int, due: int, kept_held: int, kept_due: int, expected: Moved
) -> None:
    moved = decide_moved(held=held, due=due, kept_held=kept_held, kept_due=kept_due, cap=1000)
    assert moved == expected
    event = PersonMerged(
        merge="m",
        person="one",
        kept="two",
        proposer="o",
        area="420102",
        minutes=moved.minutes,
        owed=moved.owed,
        repaid=moved.repaid,
        donated=moved.donated,
    )
    books = {
        "volunteer:one": held,
        "owed:one": -due,
        "volunteer:two": kept_held,
        "owed:two": -kept_due,
    }
    for code, _, amount in event.postings():
        books[code] = books.get(code, 0) + amount
    assert sum(books.values()) == held - due + kept_held - kept_due
    assert books["volunteer:one"] == books["owed:one"] == 0
    assert books["volunteer:two"] >= 0 >= books["owed:two"]
    assert not (books["volunteer:two"] and books["owed:two"])


def test_every_step_of_a_merge_that_is_not_listed_is_refused() -> None:
    assert set(LIFECYCLE) == set(MergeState)
    for state in (MergeState.DROPPED, MergeState.MADE):
        for event in (MergeDropped, PersonMerged):
            with pytest.raises(NotInThisState):
                step(LIFECYCLE, state, event)


def test_everything_that_keeps_data_stops_a_merge_or_goes_over() -> None:
    told = {matter.value for matter in Unsettled}
    assert {matter.value for matter in Matter} - told == {"ward"}
    assert set(ASKED_OF) <= set(Unsettled)


@pytest.mark.parametrize("kind", Concerned.__struct_fields__)
def test_what_does_not_fit_into_one_entry_is_not_merged(kind: str) -> None:
    none = Concerned(records=(), orders=(), awards=())
    decide_length("WH-1", replace(none, **{kind: ("x",) * MOST}))
    with pytest.raises(MergeTooLong):
        decide_length("WH-1", replace(none, **{kind: ("x",) * (MOST + 1)}))


async def test_one_more_than_may_go_over_is_read(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("timebank.merged_records.MOST", 0)
    async with open_world(sqlite_url, tmp_path, policy=HOURLY) as opened:
        who = await opened.volunteer()
        await served_hours(opened, who, 2)
        await applied(opened, who)
        read = await concerning(whose(who))
        assert (len(read.records), len(read.awards)) == (1, 1)
        with pytest.raises(MergeTooLong):
            decide_length("WH-1", read)


# Made


async def test_what_was_the_ones_is_the_kept_ones_and_nothing_is_minted(world: World) -> None:
    gone, kept = await world.volunteer(), await world.volunteer()
    earlier = await visited(world, gone, minutes=90)
    await confirm_hours(world.staff[Role.STATION_MANAGER], records=[earlier], key=key())
    world.clock.move(DAY)
    before_day = day_of(world.clock.now())
    later = await visited(world, kept, minutes=60)
    await confirm_hours(world.staff[Role.STATION_MANAGER], records=[later], key=key())
    world.clock.move(DAY)
    books, number = await conservation(), await world.number_of(gone)
    served = [await minutes_on(whose(one), before_day) for one in (gone, kept)]
    assert all(served)

    await merged(world, gone, kept)

    assert await conservation() == books
    assert await balance_of(volunteer(whose(gone))) == 0
    assert await balance_of(volunteer(whose(kept))) == books.held
    total = await find(ServiceTotal, whose(kept))
    assert total
    assert total.minutes == sum(served)
    # Of a past day too: who served was the same person.
    assert await minutes_on(whose(kept), before_day) == sum(served)
    assert await minutes_on(whose(kept), day_of(world.clock.now())) == sum(served)
    again = person(whose(kept), formers=(whose(gone),))
    then = "query($day: Date) { starProgress(day: $day) { serviceMinutes } }"
    told = await ask(world, again, then, day=before_day.isoformat())
    assert told == {"starProgress": {"serviceMinutes": sum(served)}}
    assert {one.volunteer for one in await records_of(whose(kept))} == {whose(kept)}
    assert await records_of(whose(gone)) == []
    record = await record_of(earlier)
    day = await find(VolunteerDay, day_key(whose(kept), record.day))
    old = await find(VolunteerDay, day_key(whose(gone), record.day))
    assert day
    assert old
    assert earlier in {one.record for one in day.intervals}
    assert (old.intervals, old.credited) == ((), 0)
    assert day.credited == record.credited > 0
    month = await find(VolunteerMonth, month_key(whose(kept), record.day))
    assert month
    assert month.credited == total.credited
    # The old number and the old id name the kept person; the old document too, to nobody else.
    named = await people.person_by_number(number)
    assert named
    assert named.id == whose(kept)
    clerk = world.staff[Role.STATION_CLERK]
    names = await looking.names_of(clerk, [whose(gone), whose(kept)])
    assert names[whose(gone)] == names[whose(kept)]
    found = await directory.find_by_name(clerk, station=world.station, name="wxy")
    assert whose(gone) not in {one.id for one in found}
    assert len([one for one in found if one.id == whose(kept)]) == 1
    # What is taken back later is taken from the kept account.
    held = await balance_of(volunteer(whose(kept)))
    await reverse_hours(
        world.staff[Role.DISTRICT_LEAD],
        records=[earlier],
        reason=ReverseReason.RECORDED_WRONGLY,
        key=key(),
    )
    assert await balance_of(volunteer(whose(kept))) == held - record.credited
    assert await balance_of(owed(whose(gone))) == 0
    # The books know whose it is by now, by the entry that says so.
    assert (await audit(world.settings.database_url, now=world.clock.now())).findings == ()
    assert (await replay.compare(world.settings.database_url)).differing == 0


async def test_two_officers_merge_and_no_one_of_them_alone(city: World) -> None:
    gone, kept = await city.volunteer(), await city.volunteer()
    lead, clerk = city.staff[Role.DISTRICT_LEAD], city.staff[Role.STATION_CLERK]
    far = await city.officer(Role.DISTRICT_LEAD, "420100/420103/")
    merge = await proposed(city, gone, kept, Role.DISTRICT_LEAD)
    with pytest.raises(ProposerMerges):
        await merge_people(lead, merge=merge, key=key())
    for actor in (far, clerk, await city.volunteer()):
        with pytest.raises(NotFound):
            await merge_people(actor, merge=merge, key=key())
    with pytest.raises(NotFound):
        await drop_merge(far, merge=merge, key=key())
    assert await merges_waiting(far, "") == []
    assert [one.id for one in await merges_waiting(clerk, "")] == [merge]
    # Meanwhile nobody acts by the one that is to go, nor anybody for them.
    held = await find(Person, whose(gone))
    assert held
    assert held.state is PersonState.MERGING
    with pytest.raises(SignInFailed):
        await open_session(whose(gone))
    with pytest.raises(PersonNotActive):
        await captured(city, gone)
    for one, two in ((gone, kept), (await city.volunteer(), gone)):
        with pytest.raises(PersonNotActive):
            await proposed(city, one, two)
    await drop_merge(clerk, merge=merge, key=key())
    assert (await signed_in(gone)).person == gone.person
    with pytest.raises(NotInThisState):
        await merge_people(lead, merge=merge, key=key())
    other = await city.officer(Role.DISTRICT_LEAD)
    again = await proposed(city, gone, kept, Role.DISTRICT_LEAD)
    await merge_people(other, merge=again, key=key())
    entries = await entries_of(city.settings.database_url)
    told = next(one for one in reversed(entries) if one.kind == "person.merged")
    assert (told.actor, told.body["proposer"]) == (other.id, lead.id)


async def test_a_merge_over_two_districts_is_nobodys_who_has_one_of_them(city: World) -> None:
    lead, far = "420100/420102/1/", "420100/420103/1/"
    merge = Merge(
        id="mrg_1",
        person="per_1",
        kept="per_2",
        number="WH-1",
        kept_number="WH-2",
        path=lead,
        kept_path=far,
        ground=MergeGround.MOVED,
        state=MergeState.PROPOSED,
        proposer="per_3",
        proposed_at=city.clock.now(),
    )
    other = replace(merge, id="mrg_2", path=far, kept_path=lead)
    await put(merge, other, replace(merge, id="mrg_3", state=MergeState.DROPPED))
    of_one = await city.officer(Role.DISTRICT_LEAD, "420100/420103/")
    of_both = await city.officer(Role.CITY_LEAD, "420100/")
    for row in (merge, other):
        with pytest.raises(NotFound):
            await drop_merge(of_one, merge=row.id, key=key())
    assert await merges_waiting(of_one, "") == []
    assert await merges_waiting(of_both, "") == [merge, other]
    assert await merges_waiting(of_both, far) == [merge]
    assert await former_numbers(["per_2"]) == {}


async def test_nobody_signs_in_by_what_went_and_the_old_number_opens_the_kept_account(
    city: World,
) -> None:
    gone, kept = await city.volunteer(), await city.volunteer()
    number = await city.number_of(gone)
    await set_password(SYSTEM, whose=whose(gone), password="the old password", cost=CHEAP)
    await set_password(SYSTEM, whose=whose(kept), password="the kept password", cost=CHEAP)
    before = await open_session(whose(gone))
    await merged(city, gone, kept)
    assert await actor_of(before.token) == PUBLIC
    with pytest.raises(SignInFailed):
        await sign_in(number=number, password="the old password")
    signed = await sign_in(number=number, password="the kept password")
    assert signed.person == whose(kept)
    assert (await actor_of(signed.token)).formers == (whose(gone),)


async def test_what_cannot_be_one_person_is_not_merged(city: World) -> None:
    gone, kept = await city.volunteer(), await city.volunteer()
    young = await city.volunteer(birth=date(1990, 1, 2))
    with pytest.raises(MergeAgesWrong):
        await proposed(city, young, kept)
    with pytest.raises(MergeIsSelf):
        await proposed(city, kept, kept)
    clerk = city.staff[Role.STATION_CLERK]
    with pytest.raises(NotFound):
        await propose_merge(
            clerk,
            number=await city.number_of(gone),
            kept="WH-0000-000-0000",
            ground=MergeGround.MOVED,
            key=key(),
        )
    # Nobody decides of their own registration.
    await grant_role(
        SYSTEM, person=whose(kept), role=Role.DISTRICT_LEAD, scope="420100/", key=key()
    )
    numbers = [await city.number_of(one) for one in (gone, kept)]
    far = await city.officer(Role.DISTRICT_LEAD, "420100/420103/")
    for actor, refused in ((kept, OwnCounter), (far, NotFound)):
        with pytest.raises(refused):
            await propose_merge(
                actor, number=numbers[0], kept=numbers[1], ground=MergeGround.MOVED, key=key()
            )
    merge = await proposed(city, gone, kept)
    with pytest.raises(OwnCounter):
        await merge_people(kept, merge=merge, key=key())


async def test_what_waits_for_somebody_is_settled_before(city: World) -> None:
    kept = await city.volunteer()
    holder, waiting, giver = [await city.volunteer() for _ in range(3)]
    await grant_role(SYSTEM, person=holder.id, role=Role.AUDITOR, scope="420100/", key=key())
    with pytest.raises(MergeUnsettled, match="role"):
        await proposed(city, holder, kept)
    await captured(city, waiting)
    with pytest.raises(MergeUnsettled, match="record"):
        await proposed(city, waiting, kept)
    await move(("issuance:sta_1", volunteer(whose(giver)), "minute", 60))
    await donate(giver, area="420102", minutes=30, key=key())
    with pytest.raises(MergeUnsettled, match="minutes"):
        await proposed(city, giver, kept)
    # What is placed after the proposal stops the decision.
    late = await city.volunteer()
    merge = await proposed(city, late, kept)
    officer = await city.officer(Role.DATA_PROTECTION_OFFICER)
    await place_hold(officer, number=await city.number_of(late), reason=KeepReason.AUDIT, key=key())
    with pytest.raises(MergeUnsettled, match="audit"):
        await merge_people(city.staff[Role.DISTRICT_LEAD], merge=merge, key=key())
    assert await unsettled(whose(kept)) == ()


async def test_what_was_opened_since_the_tables_were_asked_stops_the_decision(
    city: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing(person: str) -> tuple[Unsettled, ...]:
        return ()

    gone, kept = await city.volunteer(), await city.volunteer()
    old, lead = whose(gone), city.staff[Role.DISTRICT_LEAD]
    merge = await proposed(city, gone, kept)
    await put(Stars(person=old, waiting="awd_1"))
    with pytest.raises(MergeUnsettled, match="star"):
        await merge_people(lead, merge=merge, key=key())
    monkeypatch.setattr("timebank.merges.unsettled", nothing)
    promise = Promise(order="hlp_1", starts=CONFIRMED.starts, ends=CONFIRMED.ends)
    waiting = replace(CONFIRMED, id="rec_9", volunteer="per_9", recipient=old)
    for row, settled, matter in (
        (HeldFor(old, (KeepReason.AUDIT,)), HeldFor(old, ()), Unsettled.AUDIT),
        (HelpOpen(old, paying=("hlp_1",)), HelpOpen(old), Unsettled.ORDER),
        (HelpOpen(old, helping=(promise,)), HelpOpen(old), Unsettled.ORDER),
        (waiting, replace(waiting, state=RecordState.POSTED), Unsettled.RECORD),
    ):
        await put(row)
        with pytest.raises(MergeUnsettled, match=matter.value):
            await merge_people(lead, merge=merge, key=key())
        await put(settled)
    with monkeypatch.context() as patch:
        patch.setattr("timebank.merged_records.MOST", 0)
        with pytest.raises(MergeTooLong):
            await merge_people(lead, merge=merge, key=key())
    held = await find(Person, whose(kept))
    assert held
    await put(replace(held, state=PersonState.SUSPENDED))
    with pytest.raises(PersonNotActive):
        await merge_people(lead, merge=merge, key=key())
