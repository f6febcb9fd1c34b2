"""Attendance on the wire: check-in and check-out, and who was there as far as you may see it."""

from datetime import datetime
from typing import Annotated

import strawberry
from strawberry import ID, UNSET

from schema.activities import Activity, read_activities, shown
from schema.context import Input
from schema.enums import show_enum
from schema.fields import field
from schema.paging import After, Before, Connection, First, Key, Last, Listing, connect
from schema.people import Person, read_people
from schema.refusal import Info, Payload, mutation
from timebank import attendance, station_codes
from timebank.attendance import Way

show_enum(
    Way,
    "How a check-in or check-out is known.",
    station_code="By the station's rotating code, on the person's own device.",
    staff_scan="By staff, who scanned the volunteer's number.",
    unconfirmed="Nobody checked out; the visit was closed at the planned end.",
)

ATTENDANCE = Listing("attendance", str)
ActivityId = Annotated[ID, strawberry.argument(description="The activity that was attended.")]
StationId = Annotated[ID, strawberry.argument(description="The station whose screen it is.")]


@strawberry.type(description="One stay at an activity, in whole minutes.")
class Visit:
    began: datetime = strawberry.field(description="When it began.")
    began_by: Way = strawberry.field(description="How that is known.")
    ended: datetime | None = strawberry.field(description="When it ended; null while it lasts.")
    ended_by: Way | None = strawberry.field(description="How that is known.")


@strawberry.type(description="Somebody's visits of an activity.")
class Attendance:
    visits: list[Visit] = strawberry.field(description="At most three, in their order.")
    refers: strawberry.Private[tuple[str, str]]

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
            Visit(began=one.began, began_by=one.began_by, ended=one.ended, ended_by=one.ended_by)
            for one in held.visits
        ]
        return cls(visits=visits, refers=(held.activity, held.person))


@strawberry.type
class Query:
    @field
    async def station_code(self, info: Info, station: StationId) -> str | None:
        """The six digits for the station's screen now; they change every 30 seconds. For staff."""
        return await station_codes.station_code(info.context.actor, station)

    @field
    async def attendance(
        self,
        info: Info,
        activity: ActivityId,
        first: First = UNSET,
        last: Last = UNSET,
        after: After = UNSET,
        before: Before = UNSET,
    ) -> Connection[Attendance]:
        """Who was there: everybody for the activity's staff, for others their own visits."""

        async def rows(
            *, after: Key | None, before: Key | None, limit: int, backward: bool
        ) -> list[attendance.Attendance]:
            return await attendance.attendance_of(
                info.context.actor,
                activity,
                after=after[0] if after else None,
                before=before[0] if before else None,
                limit=limit,
                backward=backward,
            )

        return await connect(
            ATTENDANCE,
            rows,
            key=lambda held: (held.id,),
            node=Attendance.of,
            first=first,
            last=last,
            after=after,
            before=before,
        )


@strawberry.input
class CheckInInput(Input):
    activity: ID = strawberry.field(description="The activity you came to.")
    code: str = strawberry.field(description="The six digits on the station's screen.")


@strawberry.type
class CheckInPayload(Payload):
    activity: Activity | None = strawberry.field(default=None, description="The activity.")


@strawberry.input
class CheckOutInput(Input):
    activity: ID = strawberry.field(description="The activity you leave.")
    code: str = strawberry.field(description="The six digits on the station's screen.")


@strawberry.type
class CheckOutPayload(Payload):
    activity: Activity | None = strawberry.field(default=None, description="The activity.")


@strawberry.input
class ScanVolunteerInput(Input):
    activity: ID = strawberry.field(description="The activity at hand.")
    number: str = strawberry.field(description="The volunteer's number.")


@strawberry.type
class ScanVolunteerPayload(Payload):
    person: Person | None = strawberry.field(
        default=None, description="Who came or went, if you may see them."
    )


@strawberry.input
class EndActivityInput(Input):
    activity: ID = strawberry.field(description="The activity that is over.")


@strawberry.type
class EndActivityPayload(Payload):
    activity: Activity | None = strawberry.field(default=None, description="The activity.")


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
        return CheckInPayload.of(answer, activity=await shown(info, answer.activity))

    @mutation(CheckOutPayload)
    async def check_out(self, info: Info, input: CheckOutInput) -> CheckOutPayload:
        """Check yourself out with the station's code, and so accept the time you were there."""
        answer = await attendance.check_out(
            info.context.actor,
            activity=input.activity,
            code=input.code,
            key=info.context.key(input),
        )
        return CheckOutPayload.of(answer, activity=await shown(info, answer.activity))

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
        return ScanVolunteerPayload.of(answer, person=found.get(answer.person))

    @mutation(EndActivityPayload)
    async def end_activity(self, info: Info, input: EndActivityInput) -> EndActivityPayload:
        """End a running activity; open visits close at the planned end, unconfirmed."""
        answer = await attendance.end_activity(
            info.context.actor, activity=input.activity, key=info.context.key(input)
        )
        return EndActivityPayload.of(answer, activity=await shown(info, answer.activity))
