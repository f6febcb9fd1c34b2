"""Service for the tests: visits and records made by the ordinary commands."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from tests.world import World, key, resident_id
from timebank.access import Role
from timebank.accounts import escrow, volunteer
from timebank.activities import ActivityKind, Move, move_activity
from timebank.actors import SYSTEM, Actor, person
from timebank.attendance import check_in, check_out
from timebank.batch import Batch
from timebank.captures import capture_hours, capture_visit
from timebank.confirmations import accept_hours, confirm_hours
from timebank.events import Event, Postings, transfer
from timebank.hours import Record, record
from timebank.identity import DocumentType
from timebank.journal import Answer
from timebank.people import register_person
from timebank.station_codes import station_code

MINUTE = timedelta(minutes=1)


async def record_of(id: str) -> Record:
    """A record that must be there."""
    held = await record(id)
    assert held
    return held


async def captured(
    world: World,
    who: Actor,
    *,
    starts: datetime | None = None,
    minutes: int = 60,
    by: Actor | None = None,
    station: str | None = None,
    kind: ActivityKind = ActivityKind.ELDER,
    duty: bool = False,
    activity: str | None = None,
) -> str:
    """A record by hand of service that ended just now, or that began at `starts`."""
    begins = starts or world.clock.now() - minutes * MINUTE
    made = await capture_hours(
        by or world.staff[Role.STATION_CLERK],
        volunteer=who.person or "",
        station=station or world.station,
        starts=begins,
        ends=begins + minutes * MINUTE,
        kind=kind,
        activity=activity,
        duty=duty,
        key=key(),
    )
    return made.record


async def visited(
    world: World, who: Actor, *, minutes: int = 120, recipient: str | None = None
) -> str:
    """A record of a visit that the volunteer checked in to and out of, captured by themselves."""
    activity = await world.activity(minutes=minutes + 60)
    await move_activity(
        world.staff[Role.STATION_MANAGER], activity=activity, move=Move.START, key=key()
    )
    clerk = world.staff[Role.STATION_CLERK]
    code = await station_code(clerk, world.station)
    await check_in(who, activity=activity, code=code, key=key())
    world.clock.move(minutes * MINUTE)
    code = await station_code(clerk, world.station)
    await check_out(who, activity=activity, code=code, key=key())
    made = await capture_visit(
        who, activity=activity, person=who.person or "", visit=0, recipient=recipient, key=key()
    )
    return made.record


async def confirmed(world: World, records: Sequence[str]) -> None:
    """Confirm by the station's manager."""
    await confirm_hours(world.staff[Role.STATION_MANAGER], records=records, key=key())


async def posted(
    world: World,
    who: Actor,
    *,
    minutes: int = 60,
    kind: ActivityKind = ActivityKind.ELDER,
    duty: bool = False,
) -> str:
    """A record by hand with all its keys turned."""
    id = await captured(world, who, minutes=minutes, kind=kind, duty=duty)
    await confirmed(world, [id])
    await accept_hours(who, records=[id], key=key())
    return id


class Spent(Event, frozen=True, tag="test.minutes_spent"):
    """Minutes leave a volunteer's account, as a reward would take them."""

    person: str
    minutes: int

    def postings(self) -> Postings:
        """Into escrow."""
        return transfer(volunteer(self.person), escrow("ord_test"), "minute", self.minutes)


async def spend(world: World, person: str, minutes: int) -> None:
    """Spend some of a volunteer's minutes."""

    def work(batch: Batch) -> Answer:
        return Answer(entry=batch.record(Spent(person=person, minutes=minutes)).seq)

    await world.journal.write(SYSTEM, None, work, answer=Answer)


async def child(world: World, birth: date) -> Actor:
    """Somebody under age, registered at the counter with a guardian."""
    guardian = await world.volunteer()
    world.count += 1
    made = await register_person(
        world.staff[Role.STATION_CLERK],
        name="王小明",
        document=DocumentType.RESIDENT_ID,
        document_number=resident_id(world.count, birth),
        phone="13900000000",
        home=world.station,
        consent=True,
        guardian=guardian.person,
        key=key(),
    )
    return person(made.person)
