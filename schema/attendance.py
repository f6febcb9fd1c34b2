"""Attendance on the wire: check-in and check-out, and who was there as far as you may see it."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated

import strawberry
from strawberry import ID

from schema.activities import Activity, read_activities, shown
from schema.context import Context, Input
from schema.enums import show_enum
from schema.fields import field
from schema.hours import ServiceRecord, read_records
from schema.looks import read_numbers
from schema.paging import Connection, Listing, Page, paged
from schema.people import Person, read_people
from schema.places import Station, read_stations
from schema.refusal import Info, Payload, mutation
from timebank import attendance, programme, station_codes
from timebank.attendance import Way

show_enum(
    Way,
    "How a check-in or check-out is known.",
    station_code="By the station's rotating code, on the person's own device.",
    staff_scan="By staff, who scanned the volunteer's number.",
    device_scan="By a device of the station, which scanned the volunteer's number.",
    offline_scan="By a device of the station, which signed it while it was offline.",
    unconfirmed="Nobody checked out; the visit was closed at the planned end.",
)

ATTENDANCE = Listing("attendance", str)
OF_A_DAY = Listing("stationDay.attendance", str)
ActivityId = Annotated[ID, strawberry.argument(description="The activity that was attended.")]
StationId = Annotated[ID, strawberry.argument(description="The station whose screen it is.")]


@strawberry.type(description="One stay at an activity, in whole minutes.")
class Visit:
    began: datetime = strawberry.field(description="When it began.")
    began_by: Way = strawberry.field(description="How that is known.")
    ended: datetime | None = strawberry.field(description="When it ended; null while it lasts.")
    ended_by: Way | None = strawberry.field(description="How that is known.")
    place: strawberry.Private[tuple[str, int]]

    @field
    async def record(self, info: Info) -> ServiceRecord | None:
        """The service record it became, if it did and you may see it."""
        made = await info.context.loaders.load(read_made, self.place[0]) or ()
        id = made[self.place[1]] if self.place[1] < len(made) else None
        return await info.context.loaders.load(read_records, id) if id else None


@strawberry.type(description="Somebody's visits of an activity.")
class Attendance:
    id: ID = strawberry.field(description="Opaque; names it when it is asked for again.")
    visits: list[Visit] = strawberry.field(description="At most three, in their order.")
    refers: strawberry.Private[tuple[str, str]]

    @field
    async def person_id(self) -> ID:
        """The id of who was there, by which their visit is recorded."""
        return ID(self.refers[1])

    @field
    async def number(self, info: Info) -> str | None:
        """The volunteer number, which whoever checks people in has read."""
        return await info.context.loaders.load(read_numbers, self.refers[1])

    @field
    async def activity(self, info: Info) -> Activity | None:
        """The activity."""
        return await info.context.loaders.load(read_activities, self.refers[0])

    @field
    async def person(self, info: Info) -> Person | None:
        """Who was there, if you may see them."""
        return await info.context.loaders.load(read_people, self.refers[1])

    @classmethod
    def of(cls, held: attendance.Attendance) -> "Attendance":
        """Visits as they are shown."""
        visits = [
            Visit(
                began=one.began,
                began_by=one.began_by,
                ended=one.ended,
                ended_by=one.ended_by,
                place=(held.id, n),
            )
            for n, one in enumerate(held.visits)
        ]
        return cls(id=ID(held.id), visits=visits, refers=(held.activity, held.person))


async def read_made(context: Context, ids: Sequence[str]) -> dict[str, tuple[str | None, ...]]:
    """The records that visits became, for the loader, by attendance."""
    return await programme.records_of_visits(list(ids))


async def read_attended(context: Context, ids: Sequence[str]) -> dict[str, Attendance]:
    """Attendances as far as the asker may see them."""
    found = [(id, await programme.attended(context.actor, id)) for id in ids]
    return {id: Attendance.of(held) for id, held in found if held is not None}


@strawberry.type(description="A day at a station, in numbers.")
class StationDay:
    day: date = strawberry.field(description="The day.")
    signed_up: int = strawberry.field(description="Seats taken at the day's activities.")
    present: int = strawberry.field(description="People who are checked in at them now.")
    left: int = strawberry.field(description="People who came and left.")
    to_confirm: int = strawberry.field(description="Records of any day that wait for it.")
    held: strawberry.Private[programme.StationDay]

    @field
    async def station(self, info: Info) -> Station | None:
        """The station."""
        return await info.context.loaders.load(read_stations, self.held.station)

    @paged
    async def attendance(
        self,
        page: Page,
    ) -> Connection[Attendance]:
        """Who came to the day's activities."""
        return await page.of(OF_A_DAY, programme.attendance_on, self.held, node=Attendance.of)

    @classmethod
    def of(cls, held: programme.StationDay) -> "StationDay":
        """A day as it is shown."""
        return cls(
            day=held.day,
            signed_up=held.signed_up,
            present=held.present,
            left=held.left,
            to_confirm=held.to_confirm,
            held=held,
        )


@strawberry.type
class Query:
    @field
    async def station_code(self, info: Info, station: StationId) -> str | None:
        """The six digits for the station's screen now; they change every 30 seconds. For staff."""
        return await station_codes.station_code(info.context.actor, station)

    @field
    async def station_day(
        self,
        station: StationId,
        info: Info,
        day: Annotated[
            date | None, strawberry.argument(description="The day; today if none is given.")
        ] = None,
        team: Annotated[
            ID | None, strawberry.argument(description="A team of the station's: its part alone.")
        ] = None,
    ) -> StationDay | None:
        """A station's day in numbers, for those who check people in there, or at its team's."""
        asked = None if team is None else str(team)
        held = await programme.station_day(info.context.actor, station, day, team=asked)
        return StationDay.of(held) if held else None

    @field
    async def presence(self, info: Info) -> Attendance | None:
        """Where you are checked in now; null if nowhere."""
        held = await programme.presence(info.context.actor)
        return Attendance.of(held) if held else None

    @field
    async def attended(
        self,
        info: Info,
        id: Annotated[ID, strawberry.argument(description="The attendance's own id.")],
    ) -> Attendance | None:
        """One person's visits of an activity: your own, or at an activity that you check in at."""
        return await info.context.loaders.load(read_attended, str(id))

    @paged
    async def attendance(
        self,
        page: Page,
        info: Info,
        activity: ActivityId,
    ) -> Connection[Attendance]:
        """Who was there: everybody for the activity's staff, for others their own visits."""
        return await page.of(
            ATTENDANCE, programme.attendance_of, info.context.actor, activity, node=Attendance.of
        )


@strawberry.input
class CheckInInput(Input):
    activity: ID = strawberry.field(description="The activity you came to.")
    code: str = strawberry.field(description="The six digits on the station's screen.")


@strawberry.type
class CheckInPayload(Payload):
    activity: Activity | None = strawberry.field(default=None, description="The activity.")
    attendance: Attendance | None = strawberry.field(default=None, description="Your visits.")


@strawberry.input
class CheckOutInput(Input):
    activity: ID = strawberry.field(description="The activity you leave.")
    code: str = strawberry.field(description="The six digits on the station's screen.")


@strawberry.type
class CheckOutPayload(Payload):
    activity: Activity | None = strawberry.field(default=None, description="The activity.")
    attendance: Attendance | None = strawberry.field(default=None, description="Your visits.")


@strawberry.input
class ScanVolunteerInput(Input):
    activity: ID = strawberry.field(description="The activity at hand.")
    number: str = strawberry.field(description="The volunteer's number.")


@strawberry.type
class ScanVolunteerPayload(Payload):
    person: Person | None = strawberry.field(
        default=None, description="Who came or went, if you may see them."
    )
    attendance: Attendance | None = strawberry.field(default=None, description="Their visits.")


@strawberry.input
class EndActivityInput(Input):
    activity: ID = strawberry.field(description="The activity that is over.")


@strawberry.type
class EndActivityPayload(Payload):
    activity: Activity | None = strawberry.field(default=None, description="The activity.")


async def _attended(info: Info, answer: attendance.Attended) -> Attendance | None:
    return (await read_attended(info.context, [answer.attendance])).get(answer.attendance)


@strawberry.type
class Mutation:
    @mutation(CheckInPayload)
    async def check_in(self, info: Info, input: CheckInInput) -> CheckInPayload:
        """Check yourself in with the station's code."""
        answer = await attendance.check_in(
            info.context.actor,
            activity=input.activity,
            code=input.code,
            key=info.context.key(input),
        )
        return CheckInPayload.of(
            answer,
            activity=await shown(info, answer.activity),
            attendance=await _attended(info, answer),
        )

    @mutation(CheckOutPayload)
    async def check_out(self, info: Info, input: CheckOutInput) -> CheckOutPayload:
        """Check yourself out with the station's code, and so accept the time you were there."""
        answer = await attendance.check_out(
            info.context.actor,
            activity=input.activity,
            code=input.code,
            key=info.context.key(input),
        )
        return CheckOutPayload.of(
            answer,
            activity=await shown(info, answer.activity),
            attendance=await _attended(info, answer),
        )

    @mutation(ScanVolunteerPayload)
    async def scan_volunteer(self, info: Info, input: ScanVolunteerInput) -> ScanVolunteerPayload:
        """Check a volunteer in by their number, or out if they are there."""
        answer = await attendance.scan(
            info.context.actor,
            activity=input.activity,
            number=input.number,
            key=info.context.key(input),
        )
        found = await read_people(info.context, [answer.person])
        return ScanVolunteerPayload.of(
            answer,
            person=found.get(answer.person),
            attendance=await _attended(info, answer),
        )

    @mutation(EndActivityPayload)
    async def end_activity(self, info: Info, input: EndActivityInput) -> EndActivityPayload:
        """End a running activity; open visits close at the planned end, unconfirmed."""
        answer = await attendance.end_activity(
            info.context.actor, activity=input.activity, key=info.context.key(input)
        )
        return EndActivityPayload.of(answer, activity=await shown(info, answer.activity))
