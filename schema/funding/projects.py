"""Community projects on the wire: for everybody to see, proposed by residents or the committee."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated

import strawberry
from strawberry import ID

from schema.context import Context, Input
from schema.divisions import Area, read_areas
from schema.enums import show_enum
from schema.fields import field
from schema.funding.commitments import Commitment, read_commitments
from schema.funding.polls import Poll, read_polls
from schema.funding.sources import FundSource, read_sources
from schema.nodes import Node, answers_for
from schema.paging import Connection, Listing, Page, paged
from schema.places import Station, read_stations
from schema.publicity import PublicityObjection, reads_objections
from schema.refusal import Info, Payload, mutation
from schema.scalars import Fen
from schema.texts import texts
from timebank.access import Action
from timebank.divisions import CITY_PATH
from timebank.funding import projects
from timebank.funding.project_life import ProjectDeclineReason, ProjectState
from timebank.funding.purposes import FundPurpose, Negative

PROJECTS = Listing("projects", str)
Below = Annotated[str, strawberry.argument(description="A path; the whole city by default.")]
InState = Annotated[
    ProjectState | None, strawberry.argument(description="How far they are; null for any.")
]

show_enum(
    ProjectState,
    "The life of a project.",
    proposed="Proposed; the street looks for what is on the negative list.",
    screened="Residents discuss it.",
    discussed="Residents decide.",
    voted="Residents decided for it.",
    publicised="Laid open to everybody, who may object.",
    street_approved="Approved.",
    committed="Its money is promised.",
    in_work="The works go on.",
    accepted="Residents accepted the works.",
    paid="Paid; residents say how they find it.",
    evaluated="Residents are satisfied.",
    rectify="What is wrong is put right.",
    closed="Over.",
    declined="It comes to nothing.",
)
show_enum(
    ProjectDeclineReason,
    "Why a project comes to nothing.",
    negative_list="Something in it is on the negative list.",
    no_quorum="Too few residents answered.",
    no_majority="Too few of them were for it.",
    objection_upheld="An objection was upheld.",
    not_feasible="It cannot be done.",
    withdrawn="It was withdrawn.",
)


@strawberry.type(description="What residents or their committee propose for their community.")
class Project(Node):
    purpose: FundPurpose = strawberry.field(description="What for.")
    fen: Fen = strawberry.field(description="What it is to cost, or cost once it was accepted.")
    state: ProjectState = strawberry.field(description="How far it is.")
    by_committee: bool = strawberry.field(description="Whether the committee proposed it.")
    proposed_on: date = strawberry.field(description="When it was proposed.")
    due: date | None = strawberry.field(description="The last day to answer or to object.")
    eligible: int = strawberry.field(description="How many residents decide; 0 before they do.")
    satisfied_percent: int | None = strawberry.field(description="How many are satisfied.")
    declined: ProjectDeclineReason | None = strawberry.field(description="Why it came to nothing.")
    negatives: list[Negative] = strawberry.field(description="What screening found.")
    row: strawberry.Private[projects.Project]

    @field
    async def title(self, info: Info) -> str:
        """What it is."""
        return await info.context.loaders.load(texts("name"), str(self.id)) or ""

    @field
    def proposed_by_me(self, info: Info) -> bool:
        """Whether you proposed it; whoever did is none of its supporters."""
        return self.row.proposer in info.context.actor.selves

    @field
    async def station(self, info: Info) -> Station | None:
        """The station of its community."""
        return await info.context.loaders.load(read_stations, self.row.station)

    @field
    async def unit(self, info: Info) -> Area | None:
        """Whose allotment it asks for."""
        return await info.context.loaders.load(read_areas, self.row.unit)

    @field
    async def source(self, info: Info) -> FundSource | None:
        """Whose money it asks for."""
        return await info.context.loaders.load(read_sources, self.row.source)

    @field
    async def commitment(self, info: Info) -> Commitment | None:
        """What it is promised; null before it is approved."""
        return await info.context.loaders.load(read_commitments, str(self.id))

    @field
    async def polls(self, info: Info) -> list[Poll]:
        """What residents were asked about it."""
        return await info.context.loaders.load(read_polls, str(self.id)) or []

    @field
    async def objections(self, info: Info) -> list[PublicityObjection]:
        """What was said against it; empty to everybody but the officers."""
        return await info.context.loaders.load(_objections, str(self.id)) or []

    @classmethod
    def of(cls, held: projects.Project) -> "Project":
        """A project as it is shown."""
        return cls(
            id=ID(held.id),
            purpose=held.purpose,
            fen=Fen(held.fen),
            state=held.state,
            by_committee=held.by_committee,
            proposed_on=held.proposed_on,
            due=held.due,
            eligible=held.eligible,
            satisfied_percent=held.satisfied_percent,
            declined=held.declined,
            negatives=list(held.negatives),
            row=held,
        )


_objections = reads_objections(Action.JUDGE_PROJECT)


async def read_projects(context: Context, ids: Sequence[str]) -> dict[str, Project]:
    """Projects, for the loader."""
    return {id: Project.of(held) for id, held in (await projects.projects_by_id(ids)).items()}


answers_for("prj", read_projects)


async def shown(info: Info, answer: projects.Proposed) -> Project | None:
    """A project as it is now, for a payload."""
    return (await read_projects(info.context, [answer.project])).get(answer.project)


@strawberry.type
class Query:
    @paged
    async def projects(
        self, page: Page, below: Below = CITY_PATH, state: InState = None
    ) -> Connection[Project]:
        """The projects of an area, the oldest first."""
        return await page.of(PROJECTS, projects.projects_below, below, state, node=Project.of)


@strawberry.input
class ProposeProjectInput(Input):
    station: ID = strawberry.field(description="The station of the community.")
    source: ID = strawberry.field(description="Whose money you ask for.")
    purpose: FundPurpose = strawberry.field(description="What for.")
    fen: Fen = strawberry.field(description="What it is to cost.")
    title: str = strawberry.field(description="What it is, naming nobody, at most 80 characters.")


@strawberry.type
class ProposeProjectPayload(Payload):
    project: Project | None = strawberry.field(default=None, description="The project.")


@strawberry.input
class ScreenProjectInput(Input):
    project: ID = strawberry.field(description="Which project.")
    negatives: list[Negative] = strawberry.field(description="What was found.")


@strawberry.type
class ScreenProjectPayload(Payload):
    project: Project | None = strawberry.field(default=None, description="The project.")


@strawberry.input
class DropProjectInput(Input):
    project: ID = strawberry.field(description="Which project.")
    reason: ProjectDeclineReason = strawberry.field(description="Why.")


@strawberry.type
class DropProjectPayload(Payload):
    project: Project | None = strawberry.field(default=None, description="The project.")


@strawberry.type
class Mutation:
    @mutation(ProposeProjectPayload)
    async def propose_project(
        self, info: Info, input: ProposeProjectInput
    ) -> ProposeProjectPayload:
        """Propose something for your community, or for the one whose committee you are."""
        answer = await projects.propose_project(
            info.context.actor,
            station=str(input.station),
            source=str(input.source),
            purpose=input.purpose,
            fen=input.fen,
            title=input.title,
            key=info.context.key(input),
        )
        return ProposeProjectPayload.of(answer, project=await shown(info, answer))

    @mutation(ScreenProjectPayload)
    async def screen_project(self, info: Info, input: ScreenProjectInput) -> ScreenProjectPayload:
        """Say what of the negative list is in a proposal; any of its source's ends it."""
        answer = await projects.screen_project(
            info.context.actor,
            project=str(input.project),
            negatives=input.negatives,
            key=info.context.key(input),
        )
        return ScreenProjectPayload.of(answer, project=await shown(info, answer))

    @mutation(DropProjectPayload)
    async def drop_project(self, info: Info, input: DropProjectInput) -> DropProjectPayload:
        """End a project whose works are not accepted; promised money goes back."""
        answer = await projects.drop_project(
            info.context.actor,
            project=str(input.project),
            reason=input.reason,
            key=info.context.key(input),
        )
        return DropProjectPayload.of(answer, project=await shown(info, answer))
