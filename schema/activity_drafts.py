"""Activity drafts on the wire: what a station plans before it declares it."""

from datetime import datetime
from typing import Annotated

import strawberry
from strawberry import ID

from schema.activities import Activity, shown
from schema.context import Input
from schema.fields import field
from schema.places import Station, read_stations
from schema.refusal import Info, Payload, mutation
from schema.teams import Team, read_teams
from timebank import activity_drafts
from timebank.activities import ActivityKind
from timebank.activity_plans import Plan

Scope = Annotated[str, strawberry.argument(description="A path in your scope.")]


@strawberry.type(description="A planned activity that is not declared.")
class ActivityDraft:
    id: ID = strawberry.field(description="Opaque.")
    kind: ActivityKind = strawberry.field(description="The kind of service.")
    title: str = strawberry.field(description="What it is to be called.")
    seats: int = strawberry.field(description="How many people it is to take.")
    starts: datetime = strawberry.field(description="When it is to start.")
    ends: datetime = strawberry.field(description="When it is to end.")
    place: str = strawberry.field(description="Where it is to be; empty: at the station.")
    requirements: str = strawberry.field(description="Who can take part; empty: everybody.")
    risks: str = strawberry.field(description="What may happen; empty: nothing known.")
    written_at: datetime = strawberry.field(description="When it was last written.")
    held: strawberry.Private[activity_drafts.ActivityDraft]

    @field
    async def station(self, info: Info) -> Station | None:
        """The station that is to hold it."""
        return await info.context.loaders.load(read_stations, self.held.station)

    @field
    async def team(self, info: Info) -> Team | None:
        """The team that is to hold it, if one is."""
        team = self.held.team
        return await info.context.loaders.load(read_teams, team) if team else None


@strawberry.type
class Query:
    @field
    async def activity_drafts(self, info: Info, scope: Scope) -> list[ActivityDraft]:
        """Planned activities below a path, oldest first, where you may declare them."""
        return [
            ActivityDraft(
                id=ID(held.id),
                kind=held.kind,
                title=held.title,
                seats=held.seats,
                starts=held.starts,
                ends=held.ends,
                place=held.place,
                requirements=held.requirements,
                risks=held.risks,
                written_at=held.written_at,
                held=held,
            )
            for held in await activity_drafts.activity_drafts(info.context.actor, scope)
        ]


@strawberry.input
class DraftActivityInput(Input):
    draft: ID | None = strawberry.field(default=None, description="The draft to write anew.")
    station: ID = strawberry.field(description="The station that is to hold it.")
    team: ID | None = strawberry.field(default=None, description="Its team that is to hold it.")
    kind: ActivityKind = strawberry.field(description="The kind of service.")
    title: str = strawberry.field(description="What it is called, at most 80 characters.")
    seats: int = strawberry.field(description="How many people it takes.")
    starts: datetime = strawberry.field(description="When it is to start.")
    ends: datetime = strawberry.field(description="When it is to end.")
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
class DraftActivityPayload(Payload):
    draft: ID | None = strawberry.field(default=None, description="The draft.")


@strawberry.input
class DropActivityDraftInput(Input):
    draft: ID = strawberry.field(description="The draft.")


@strawberry.type
class DropActivityDraftPayload(Payload):
    draft: ID | None = strawberry.field(default=None, description="What was let go.")


@strawberry.input
class DeclareActivityDraftInput(Input):
    draft: ID = strawberry.field(description="The draft.")


@strawberry.type
class DeclareActivityDraftPayload(Payload):
    activity: Activity | None = strawberry.field(default=None, description="The new activity.")


@strawberry.type
class Mutation:
    @mutation(DraftActivityPayload)
    async def draft_activity(self, info: Info, input: DraftActivityInput) -> DraftActivityPayload:
        """Write down a planned activity, to be declared later."""
        plan = Plan(
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
        )
        answer = await activity_drafts.draft_activity(
            info.context.actor, plan=plan, draft=input.draft, key=info.context.key(input)
        )
        return DraftActivityPayload.of(answer, draft=ID(answer.draft))

    @mutation(DropActivityDraftPayload)
    async def drop_activity_draft(
        self, info: Info, input: DropActivityDraftInput
    ) -> DropActivityDraftPayload:
        """Let a planned activity go."""
        answer = await activity_drafts.drop_draft(
            info.context.actor, draft=input.draft, key=info.context.key(input)
        )
        return DropActivityDraftPayload.of(answer, draft=ID(answer.draft))

    @mutation(DeclareActivityDraftPayload)
    async def declare_activity_draft(
        self, info: Info, input: DeclareActivityDraftInput
    ) -> DeclareActivityDraftPayload:
        """Declare a planned activity."""
        answer = await activity_drafts.declare_draft(
            info.context.actor, draft=input.draft, key=info.context.key(input)
        )
        return DeclareActivityDraftPayload.of(answer, activity=await shown(info, answer.activity))
