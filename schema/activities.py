"""Activities on the wire: public to see, declared and run by a station's staff."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Annotated

import strawberry
from strawberry import ID

from schema.context import Context, Input, anew
from schema.divisions import Code
from schema.enums import show_enum
from schema.fields import field
from schema.nodes import Node, answers_for
from schema.paging import Connection, Listing, Page, nothing, paged
from schema.places import Station, read_stations
from schema.refusal import Info, Payload, mutation
from schema.teams import Team, read_teams
from schema.texts import texts
from timebank import activities, activity_plans, divisions, programme, sign_ups, wait_lists
from timebank.activities import ActivityKind, ActivityState, Move
from timebank.activity_life import CancelReason

show_enum(
    ActivityKind,
    "Kinds of service.",
    elder="For elders.",
    disability="For people with disabilities.",
    child="For children.",
    neighbour_help="Help between neighbours.",
    community_care="Care for the community.",
    environment="For the environment.",
    safety="For safety.",
    culture="Culture and sport.",
    gathering="A gathering.",
    other="Anything else.",
)
show_enum(
    ActivityState,
    "The life of an activity.",
    draft="Planned; nobody but the station knows of it.",
    declared="Declared; nobody can sign up yet.",
    open="People may sign up.",
    running="It runs.",
    ended="It is over; its roster is not filed yet.",
    filed="Its roster is filed.",
    closed="Nothing more comes in for it.",
    cancelled="It is not held.",
    overdue="It is over, and its roster was not filed in time.",
    held="The district stopped it and looks into it.",
    void="The district found that there was no such activity.",
)
show_enum(
    CancelReason,
    "Why an activity is not held.",
    weather="The weather.",
    too_few_people="Too few people signed up.",
    no_place="There is no place for it.",
    safety="It would not be safe.",
    other="Another reason.",
)

ACTIVITIES = Listing("activities", datetime, str)
OPEN = Listing("openActivities", datetime, str)
StationId = Annotated[ID, strawberry.argument(description="The station whose they are.")]
InState = Annotated[ActivityState | None, strawberry.argument(description="Only those in it.")]
EndsAfter = Annotated[
    datetime | None, strawberry.argument(description="Only those planned to end after this.")
]
StartsBefore = Annotated[
    datetime | None, strawberry.argument(description="Only those planned to start before this.")
]


@strawberry.type(description="What people attend, at a station or with one of its teams.")
class Activity(Node):
    kind: ActivityKind = strawberry.field(description="The kind of service.")
    state: ActivityState = strawberry.field(description="How far it is.")
    seats: int = strawberry.field(description="How many people it takes.")
    starts: datetime = strawberry.field(description="When it is planned to start.")
    ends: datetime = strawberry.field(description="When it is planned to end.")
    held: strawberry.Private[activities.Activity]

    @field
    async def title(self, info: Info) -> str:
        """What it is called."""
        return await info.context.loaders.load(texts("title"), str(self.id)) or ""

    @field
    async def place(self, info: Info) -> str | None:
        """Where it is, if not at the station."""
        return await info.context.loaders.load(texts("place"), str(self.id))

    @field
    async def requirements(self, info: Info) -> str | None:
        """Who can take part, if not everybody, and what to bring."""
        return await info.context.loaders.load(texts("requirements"), str(self.id))

    @field
    async def risks(self, info: Info) -> str | None:
        """What may happen to whoever takes part, if anything."""
        return await info.context.loaders.load(texts("risks"), str(self.id))

    @field
    async def seats_taken(self, info: Info) -> int:
        """How many seats are taken."""
        return await info.context.loaders.load(read_taken, str(self.id)) or 0

    @field
    async def waiting(self, info: Info) -> int:
        """How many people wait for a seat."""
        held = await info.context.loaders.load(read_wait_lists, str(self.id))
        return len(held.people) if held else 0

    @field
    async def own_place(self, info: Info) -> int | None:
        """Your place on its wait-list, from 1; null if you do not wait."""
        held = await info.context.loaders.load(read_wait_lists, str(self.id))
        own = info.context.actor.person
        return held.people.index(own) + 1 if held and own in held.people else None

    @field
    async def door_is_open(self, info: Info) -> bool:
        """Whether people check in and out now: from half an hour before until it is ended."""
        return programme.door_is_open(self.held, info.context.clock.now())

    @field
    async def station(self, info: Info) -> Station | None:
        """The station that holds it."""
        return await info.context.loaders.load(read_stations, self.held.station)

    @field
    async def team(self, info: Info) -> Team | None:
        """The team that holds it, if one does."""
        team = self.held.team
        return await info.context.loaders.load(read_teams, team) if team else None

    @classmethod
    def of(cls, held: activities.Activity) -> "Activity":
        """An activity as it is shown."""
        return cls(
            id=ID(held.id),
            kind=held.kind,
            state=held.state,
            seats=held.seats,
            starts=held.starts,
            ends=held.ends,
            held=held,
        )


read_titles = texts("title")


async def read_taken(context: Context, ids: Sequence[str]) -> dict[str, int]:
    """How many seats are taken, for the loader."""
    return await sign_ups.seats_taken(list(ids))


async def read_wait_lists(context: Context, ids: Sequence[str]) -> dict[str, wait_lists.WaitList]:
    """Who waits for a seat, for the loader."""
    return await wait_lists.wait_lists_of(list(ids))


async def read_activities(context: Context, ids: Sequence[str]) -> dict[str, Activity]:
    """Activities, for the loader."""
    found = await activities.activities_by_id(list(ids))
    return {id: Activity.of(held) for id, held in found.items()}


answers_for("act", read_activities)


@strawberry.type
class Query:
    @paged
    async def activities(
        self,
        page: Page,
        station: StationId,
        state: InState = None,
        ends_after: EndsAfter = None,
        starts_before: StartsBefore = None,
    ) -> Connection[Activity]:
        """The activities of a station, by planned start."""
        return await page.of(
            ACTIVITIES,
            programme.activities_of,
            station,
            state=state,
            ends_after=ends_after,
            starts_before=starts_before,
            key=lambda held: (held.starts, held.id),
            node=Activity.of,
        )

    @paged
    async def open_activities(
        self,
        page: Page,
        area: Code = divisions.CITY,
    ) -> Connection[Activity]:
        """What takes sign-ups in an area and is not over, the next first."""
        place = await divisions.area(area)
        read = nothing if place is None else partial(programme.open_activities, place.path)
        return await page.of(OPEN, read, key=lambda held: (held.starts, held.id), node=Activity.of)


@strawberry.input
class DeclareActivityInput(Input):
    station: ID = strawberry.field(description="The station that holds it.")
    team: ID | None = strawberry.field(default=None, description="Its team that holds it.")
    kind: ActivityKind = strawberry.field(description="The kind of service.")
    title: str = strawberry.field(description="What it is called, at most 80 characters.")
    seats: int = strawberry.field(description="How many people it takes; 10 need 3 days' notice.")
    starts: datetime = strawberry.field(description="When it is planned to start.")
    ends: datetime = strawberry.field(description="When it is planned to end.")
    place: str | None = strawberry.field(
        default=None, description="Where it is, if not at the station."
    )
    requirements: str | None = strawberry.field(
        default=None, description="Who can take part, if not everybody, and what to bring."
    )
    risks: str | None = strawberry.field(
        default=None, description="What may happen to whoever takes part, if anything."
    )


@strawberry.type
class DeclareActivityPayload(Payload):
    activity: Activity | None = strawberry.field(default=None, description="The new activity.")


@strawberry.input
class OpenActivityInput(Input):
    activity: ID = strawberry.field(description="The activity that takes sign-ups.")


@strawberry.type
class OpenActivityPayload(Payload):
    activity: Activity | None = strawberry.field(default=None, description="The activity.")


@strawberry.input
class StartActivityInput(Input):
    activity: ID = strawberry.field(description="The activity that runs.")


@strawberry.type
class StartActivityPayload(Payload):
    activity: Activity | None = strawberry.field(default=None, description="The activity.")


@strawberry.input
class FileActivityInput(Input):
    activity: ID = strawberry.field(description="The activity whose roster is complete.")


@strawberry.type
class FileActivityPayload(Payload):
    activity: Activity | None = strawberry.field(default=None, description="The activity.")


@strawberry.input
class CloseActivityInput(Input):
    activity: ID = strawberry.field(description="The activity that takes nothing more.")


@strawberry.type
class CloseActivityPayload(Payload):
    activity: Activity | None = strawberry.field(default=None, description="The activity.")


@strawberry.input
class CancelActivityInput(Input):
    activity: ID = strawberry.field(description="The activity that is not held.")
    reason: CancelReason = strawberry.field(description="Why.")


@strawberry.type
class CancelActivityPayload(Payload):
    activity: Activity | None = strawberry.field(default=None, description="The activity.")


shown = anew(read_activities)
"""An activity as it is after a change."""


async def _move(info: Info, input: Input, activity: str, move: Move) -> activities.Acted:
    return await activities.move_activity(
        info.context.actor, activity=activity, move=move, key=info.context.key(input)
    )


@strawberry.type
class Mutation:
    @mutation(DeclareActivityPayload)
    async def declare_activity(
        self, info: Info, input: DeclareActivityInput
    ) -> DeclareActivityPayload:
        """Declare an activity of your station or team."""
        answer = await activity_plans.declare_activity(
            info.context.actor,
            station=input.station,
            team=input.team,
            kind=input.kind,
            title=input.title,
            seats=input.seats,
            starts=input.starts,
            ends=input.ends,
            place=input.place or "",
            requirements=input.requirements or "",
            risks=input.risks or "",
            key=info.context.key(input),
        )
        return DeclareActivityPayload.of(answer, activity=await shown(info, answer.activity))

    @mutation(OpenActivityPayload)
    async def open_activity(self, info: Info, input: OpenActivityInput) -> OpenActivityPayload:
        """Let people sign up for an activity."""
        answer = await _move(info, input, input.activity, Move.OPEN)
        return OpenActivityPayload.of(answer, activity=await shown(info, answer.activity))

    @mutation(StartActivityPayload)
    async def start_activity(self, info: Info, input: StartActivityInput) -> StartActivityPayload:
        """Start an activity; nobody signs up or withdraws any more."""
        answer = await _move(info, input, input.activity, Move.START)
        return StartActivityPayload.of(answer, activity=await shown(info, answer.activity))

    @mutation(FileActivityPayload)
    async def file_activity(self, info: Info, input: FileActivityInput) -> FileActivityPayload:
        """File the roster of an activity that ended."""
        answer = await _move(info, input, input.activity, Move.FILE)
        return FileActivityPayload.of(answer, activity=await shown(info, answer.activity))

    @mutation(CloseActivityPayload)
    async def close_activity(self, info: Info, input: CloseActivityInput) -> CloseActivityPayload:
        """Close an activity whose roster is filed."""
        answer = await _move(info, input, input.activity, Move.CLOSE)
        return CloseActivityPayload.of(answer, activity=await shown(info, answer.activity))

    @mutation(CancelActivityPayload)
    async def cancel_activity(
        self, info: Info, input: CancelActivityInput
    ) -> CancelActivityPayload:
        """Call an activity off before it starts."""
        answer = await wait_lists.cancel_activity(
            info.context.actor,
            activity=input.activity,
            reason=input.reason,
            key=info.context.key(input),
        )
        return CancelActivityPayload.of(answer, activity=await shown(info, answer.activity))
