"""Notices: what arrives, when and how, and what the ledger and the vault each keep of it."""

from datetime import date, timedelta
from typing import Any

import msgspec
import pytest

from ledger.entry import decode
from ledger.reader import open_reader, read_entries
from tests.volunteering import captured, confirmed, posted, record_of
from tests.wire import act, ask
from tests.world import NOON, World, found_station, key
from timebank import replay
from timebank.access import Role
from timebank.activities import ActivityKind
from timebank.actors import PUBLIC, Actor
from timebank.captures import capture_hours
from timebank.confirmations import accept_hours, reject_hours
from timebank.events import event_of
from timebank.notices import (
    Arrival,
    Inbox,
    NothingToTell,
    Notice,
    NoticeArrived,
    NoticeCode,
    OwnNotices,
    TellerInvolved,
    TooManyNotices,
    decide_answer_by,
    decide_reached,
    decide_tellable,
    inbox_of,
    mark_read,
    notices_to_tell,
    open_inbox,
    tell_in_person,
    unread_notices,
    visible_notices,
)
from timebank.policy import SEED, read_policy
from timebank.record_life import RejectReason, ReverseReason
from timebank.refusals import Busy, NotFound, Unauthenticated
from timebank.reversals import repudiate_hours, reverse_hours
from timebank.tables import find, select

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
TODAY = date(2026, 11, 20)


async def waiting_record(world: World, who: Actor, hours_ago: int = 1) -> str:
    """A record that its volunteer is to accept."""
    starts = world.clock.now() - hours_ago * HOUR
    id = await captured(world, who, starts=starts, minutes=30)
    await confirmed(world, [id])
    return id


async def notices_of(who: Actor) -> list[Notice]:
    """Somebody's notices, oldest first, without opening the inbox."""
    return await select(Notice, person=who.person or "", order=["id"])


async def arrivals(world: World) -> list[NoticeArrived]:
    """Every arrival on the ledger."""
    size = world.journal.writer
    async with size.transaction() as transaction:
        end = transaction.head.size
    found = []
    async with open_reader(world.settings.database_url) as reader:
        async for rows in read_entries(reader, 0, end):
            events = [event_of(decode(data)) for _, data, *_ in rows]
            found += [event for event in events if isinstance(event, NoticeArrived)]
    return found


# Decisions


@pytest.mark.parametrize(
    ("opened_on", "reached"),
    [
        (None, False),
        (TODAY, True),
        (date(2025, 11, 20), True),
        (date(2025, 11, 19), False),
        (date(2026, 12, 1), True),
    ],
)
def test_an_inbox_counts_for_twelve_months(opened_on: date | None, reached: bool) -> None:
    assert decide_reached(opened_on, TODAY) is reached


def test_only_what_asks_for_an_answer_starts_a_clock() -> None:
    policy = read_policy(SEED.read_text("utf-8"))
    told = {code: decide_answer_by(code, NOON, policy) for code in NoticeCode}
    assert told.pop(NoticeCode.HOURS_TO_ACCEPT) == date(2026, 11, 27)
    assert told.pop(NoticeCode.HELP_TO_CONFIRM) == date(2026, 11, 23), "72 hours"
    assert set(told.values()) == {None}
    longer = msgspec.structs.replace(
        policy, record=msgspec.structs.replace(policy.record, silence_days=10)
    )
    assert decide_answer_by(NoticeCode.HOURS_TO_ACCEPT, NOON, longer) == date(2026, 11, 30)


def test_nobody_tells_of_what_they_had_a_hand_in() -> None:
    def notice(id: str, *hands: str) -> Notice:
        code = NoticeCode.HOURS_TO_ACCEPT
        return Notice(id=id, person="per_1", code=code, about="rec_1", sent_at=NOON, hands=hands)

    mine, other = notice("ntc_1", "per_clerk", "per_manager"), notice("ntc_2", "per_manager")
    assert decide_tellable([mine, other], "per_clerk") == [other]
    with pytest.raises(TellerInvolved):
        decide_tellable([mine, other], "per_manager")
    with pytest.raises(NothingToTell):
        decide_tellable([], "per_clerk")


# Arrival


@pytest.mark.anyio
async def test_a_notice_waits_until_the_inbox_is_opened(world: World) -> None:
    who = await world.volunteer()
    id = await waiting_record(world, who)
    (notice,) = await notices_of(who)
    assert (notice.code, notice.about) == (NoticeCode.HOURS_TO_ACCEPT, id)
    assert (notice.arrived_on, await arrivals(world)) == (None, [])
    assert (await record_of(id)).answer_by is None
    world.clock.move(2 * DAY)
    opened = await open_inbox(who)
    assert opened.notices == (notice.id,)
    (notice,) = await notices_of(who)
    assert (notice.arrived_on, notice.way) == (date(2026, 11, 22), Arrival.INBOX)
    assert (await record_of(id)).answer_by == notice.answer_by == date(2026, 11, 29)
    assert await arrivals(world) == [
        NoticeArrived(
            notice=notice.id,
            person=who.person or "",
            code=NoticeCode.HOURS_TO_ACCEPT,
            about=id,
            way=Arrival.INBOX,
            day=date(2026, 11, 22),
            answer_by=date(2026, 11, 29),
            opened=date(2026, 11, 22),
        )
    ]
    assert (await replay.compare(world.settings.database_url)).differing == 0


@pytest.mark.anyio
async def test_a_notice_arrives_at_once_where_the_inbox_is_read(world: World) -> None:
    who = await world.volunteer()
    await open_inbox(who)
    world.clock.move(365 * DAY)
    first = await waiting_record(world, who)
    assert (await record_of(first)).answer_by == date(2027, 11, 27)
    world.clock.move(DAY)
    later = await waiting_record(world, who)
    assert (await record_of(later)).answer_by is None
    (arrival,) = await arrivals(world)
    assert (arrival.about, arrival.opened) == (first, TODAY)


@pytest.mark.anyio
async def test_an_opening_is_recorded_once_a_day(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = await world.volunteer()
    person = who.person or ""

    async def opened_on() -> date | None:
        held = await find(Inbox, person)
        return held.opened_on if held else None

    assert await unread_notices(who) == 0
    assert await opened_on() is None
    await inbox_of(who)
    assert await opened_on() == TODAY
    written = []
    write: Any = world.journal.write

    async def counting(*given: Any, **more: Any) -> Any:
        written.append(given)
        return await write(*given, **more)

    monkeypatch.setattr(world.journal, "write", counting)
    await inbox_of(who)
    assert written == []
    world.clock.move(DAY)
    await inbox_of(who)
    assert len(written) == 1
    assert await opened_on() == TODAY + DAY


@pytest.mark.anyio
async def test_the_inbox_is_read_even_where_nothing_can_be_written(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = await world.volunteer()
    id = await waiting_record(world, who)

    async def busy(*given: object, **more: object) -> object:
        raise Busy

    monkeypatch.setattr(world.journal, "write", busy)
    assert [notice.about for notice in await inbox_of(who)] == [id]
    monkeypatch.undo()
    assert await arrivals(world) == []


@pytest.mark.anyio
async def test_many_notices_arrive_at_one_opening(world: World) -> None:
    who = await world.volunteer()
    ids = [await waiting_record(world, who, hours_ago=n) for n in range(1, 9)]
    opened = await open_inbox(who)
    assert len(opened.notices) == len(ids)
    assert [arrival.about for arrival in await arrivals(world)] == ids
    assert {(await record_of(id)).answer_by for id in ids} == {TODAY + 7 * DAY}


@pytest.mark.anyio
async def test_what_is_answered_need_not_arrive(world: World) -> None:
    who = await world.volunteer()
    accepted, disowned = await waiting_record(world, who), await waiting_record(world, who, 3)
    await accept_hours(who, records=[accepted], key=key())
    await repudiate_hours(who, records=[disowned], key=key())
    assert (await open_inbox(who)).notices == ()
    assert await arrivals(world) == []


@pytest.mark.anyio
async def test_rejections_and_reversals_are_told(world: World) -> None:
    who = await world.volunteer()
    bad = await captured(world, who, starts=world.clock.now() - 5 * HOUR)
    manager, lead = world.staff[Role.STATION_MANAGER], world.staff[Role.DISTRICT_LEAD]
    await reject_hours(manager, records=[bad], reason=RejectReason.NOT_SERVICE, key=key())
    good = await posted(world, who)
    reason = ReverseReason.RECORDED_WRONGLY
    await reverse_hours(lead, records=[good], reason=reason, key=key())
    assert [(notice.code, notice.about) for notice in await notices_of(who)] == [
        (NoticeCode.HOURS_REJECTED, bad),
        (NoticeCode.HOURS_TO_ACCEPT, good),
        (NoticeCode.HOURS_REVERSED, good),
    ]
    opened = await open_inbox(who)
    assert len(opened.notices) == 2
    assert await arrivals(world) == []


# The counter


@pytest.mark.anyio
async def test_the_counter_tells_in_person_with_a_hand_that_turned_no_key(world: World) -> None:
    who = await world.volunteer()
    id = await waiting_record(world, who)
    person = who.person or ""
    for role in (Role.STATION_CLERK, Role.STATION_MANAGER):
        with pytest.raises(TellerInvolved):
            await tell_in_person(world.staff[role], person=person, key=key())
    other = await world.officer(Role.STATION_CLERK, world.station_path)
    told = await tell_in_person(other, person=person, key=key())
    (notice,) = await notices_of(who)
    assert told.notices == (notice.id,)
    assert (notice.arrived_on, notice.way) == (TODAY, Arrival.COUNTER)
    assert (await record_of(id)).answer_by == TODAY + 7 * DAY
    (arrival,) = await arrivals(world)
    assert (arrival.way, arrival.person, arrival.opened) == (Arrival.COUNTER, person, None)
    async with open_reader(world.settings.database_url) as reader:
        (row,) = await reader.fetch("SELECT actor FROM entry WHERE seq = $1", told.entry)
    assert row[0] == other.id
    with pytest.raises(NothingToTell):
        await tell_in_person(other, person=person, key=key())


@pytest.mark.anyio
async def test_only_the_counter_of_the_persons_home_tells(world: World) -> None:
    who = await world.volunteer()
    await waiting_record(world, who)
    person = who.person or ""
    other = await found_station(world, number="002", area="420102002004")
    path = f"420100/420102/420102002/420102002004/{other}/"
    stranger = await world.officer(Role.STATION_CLERK, path)
    for actor in (stranger, await world.volunteer(), world.staff[Role.DISTRICT_LEAD]):
        with pytest.raises(NotFound):
            await tell_in_person(actor, person=person, key=key())
        assert await notices_to_tell(actor, person) == []
    with pytest.raises(Unauthenticated):
        await tell_in_person(PUBLIC, person=person, key=key())


@pytest.mark.anyio
async def test_staff_open_their_own_inbox_like_everybody(world: World) -> None:
    clerk = world.staff[Role.STATION_CLERK]
    city_clerk = await world.officer(Role.STATION_CLERK)
    for actor in (clerk, city_clerk):
        refusal = OwnNotices if actor == city_clerk else NotFound
        with pytest.raises(refusal):
            await tell_in_person(actor, person=actor.person or "", key=key())
    await capture_hours(
        world.staff[Role.STATION_MANAGER],
        volunteer=city_clerk.person or "",
        station=world.station,
        starts=world.clock.now() - HOUR,
        ends=world.clock.now(),
        kind=ActivityKind.ELDER,
        key=key(),
    )
    assert await notices_to_tell(city_clerk, city_clerk.person or "") == []


# Reading


@pytest.mark.anyio
async def test_notices_are_marked_as_read_by_their_person_alone(world: World) -> None:
    who, other = await world.volunteer(), await world.volunteer()
    for n in (1, 3):
        await waiting_record(world, who, hours_ago=n)
    newest, oldest = await inbox_of(who)
    assert newest.id > oldest.id
    assert await unread_notices(who) == 2
    with pytest.raises(NotFound):
        await mark_read(other, notices=[newest.id], key=key())
    with pytest.raises(NotFound):
        await mark_read(who, notices=["ntc_none"], key=key())
    for wrong in ([], [newest.id] * 501):
        with pytest.raises(TooManyNotices):
            await mark_read(who, notices=wrong, key=key())
    await mark_read(who, notices=[newest.id], key=key())
    world.clock.move(HOUR)
    await mark_read(who, notices=[newest.id, oldest.id], key=key())
    assert await unread_notices(who) == 0
    read = [notice.read_at for notice in await inbox_of(who)]
    assert read == [NOON, NOON + HOUR]


@pytest.mark.anyio
async def test_notices_are_seen_by_their_person_and_the_counter(world: World) -> None:
    who = await world.volunteer()
    await waiting_record(world, who)
    (notice,) = await notices_of(who)
    clerk = world.staff[Role.STATION_CLERK]
    lead, stranger = world.staff[Role.DISTRICT_LEAD], await world.volunteer()
    seen = {actor: [notice.id] for actor in (who, clerk)}
    for actor in (who, clerk, lead, stranger, PUBLIC):
        assert list(await visible_notices(actor, [notice.id, "ntc_none"])) == seen.get(actor, [])


# On the wire


@pytest.mark.anyio
async def test_an_inbox_on_the_wire(world: World) -> None:
    who = await world.volunteer()
    id = await waiting_record(world, who)
    asks = "{ unreadNotices notices { nodes { id code arrivedOn way answerBy about { id } } } }"
    told = await ask(world, who, asks)
    (notice,) = told["notices"]["nodes"]
    assert told["unreadNotices"] == 1
    assert notice == {
        "id": notice["id"],
        "code": "HOURS_TO_ACCEPT",
        "arrivedOn": "2026-11-20",
        "way": "INBOX",
        "answerBy": "2026-11-27",
        "about": {"id": id},
    }
    done = await act(world, who, "markNoticesRead", "notices { readAt }", notices=[notice["id"]])
    assert done["notices"] == [{"readAt": "2026-11-20T04:00:00Z"}]
    assert (await ask(world, who, "{ unreadNotices }"))["unreadNotices"] == 0
    nobody = await ask(world, PUBLIC, "{ unreadNotices notices { nodes { id } } }")
    assert nobody == {"unreadNotices": None, "notices": {"nodes": []}}


@pytest.mark.anyio
async def test_telling_in_person_on_the_wire(world: World) -> None:
    who = await world.volunteer()
    id = await waiting_record(world, who)
    clerk = await world.officer(Role.STATION_CLERK, world.station_path)
    asks = "query($p: ID!) { noticesToTell(person: $p) { nodes { code about { id } } } }"
    told = await ask(world, clerk, asks, p=who.person)
    assert told["noticesToTell"]["nodes"] == [{"code": "HOURS_TO_ACCEPT", "about": {"id": id}}]
    done = await act(world, clerk, "tellInPerson", "notices { way answerBy }", person=who.person)
    assert done["notices"] == [{"way": "COUNTER", "answerBy": "2026-11-27"}]
    assert (await ask(world, clerk, asks, p=who.person))["noticesToTell"]["nodes"] == []
    again = await act(world, clerk, "tellInPerson", "replayed", person=who.person)
    assert again["userErrors"] == [{"code": "NOTHING_TO_TELL", "path": None}]
