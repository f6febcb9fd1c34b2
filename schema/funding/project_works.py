"""Project works on the wire: approved, built, accepted by residents, evaluated."""

import strawberry
from strawberry import ID

from schema.context import Input
from schema.funding.projects import Project, shown
from schema.refusal import Info, Payload, mutation
from schema.scalars import Fen
from timebank.funding import project_works


@strawberry.input
class ApproveProjectInput(Input):
    project: ID = strawberry.field(description="Which project.")


@strawberry.type
class ApproveProjectPayload(Payload):
    project: Project | None = strawberry.field(default=None, description="The project.")


@strawberry.input
class BeginWorksInput(Input):
    project: ID = strawberry.field(description="Which project.")


@strawberry.type
class BeginWorksPayload(Payload):
    project: Project | None = strawberry.field(default=None, description="The project.")


@strawberry.input
class AcceptWorksInput(Input):
    project: ID = strawberry.field(description="Which project.")
    fen: Fen = strawberry.field(description="What they cost.")
    voucher: str = strawberry.field(description="The SHA-256 of the bill, in small letters.")


@strawberry.type
class AcceptWorksPayload(Payload):
    project: Project | None = strawberry.field(default=None, description="The project.")


@strawberry.input
class AskEvaluationInput(Input):
    project: ID = strawberry.field(description="Which project.")


@strawberry.type
class AskEvaluationPayload(Payload):
    project: Project | None = strawberry.field(default=None, description="The project.")


@strawberry.input
class EvaluateProjectInput(Input):
    project: ID = strawberry.field(description="Which project.")


@strawberry.type
class EvaluateProjectPayload(Payload):
    project: Project | None = strawberry.field(default=None, description="The project.")


@strawberry.input
class CloseProjectInput(Input):
    project: ID = strawberry.field(description="Which project.")


@strawberry.type
class CloseProjectPayload(Payload):
    project: Project | None = strawberry.field(default=None, description="The project.")


@strawberry.type
class Mutation:
    @mutation(ApproveProjectPayload)
    async def approve_project(
        self, info: Info, input: ApproveProjectInput
    ) -> ApproveProjectPayload:
        """Approve a project and promise its money."""
        answer = await project_works.approve_project(
            info.context.actor,
            project=str(input.project),
            key=info.context.key(input),
        )
        return ApproveProjectPayload.of(answer, project=await shown(info, answer))

    @mutation(BeginWorksPayload)
    async def begin_works(self, info: Info, input: BeginWorksInput) -> BeginWorksPayload:
        """Begin the works of a project."""
        answer = await project_works.begin_works(
            info.context.actor,
            project=str(input.project),
            key=info.context.key(input),
        )
        return BeginWorksPayload.of(answer, project=await shown(info, answer))

    @mutation(AcceptWorksPayload)
    async def accept_works(self, info: Info, input: AcceptWorksInput) -> AcceptWorksPayload:
        """Note that residents accepted the works."""
        answer = await project_works.accept_works(
            info.context.actor,
            project=str(input.project),
            fen=input.fen,
            voucher=input.voucher,
            key=info.context.key(input),
        )
        return AcceptWorksPayload.of(answer, project=await shown(info, answer))

    @mutation(AskEvaluationPayload)
    async def ask_evaluation(self, info: Info, input: AskEvaluationInput) -> AskEvaluationPayload:
        """Ask residents how they find it."""
        answer = await project_works.ask_evaluation(
            info.context.actor,
            project=str(input.project),
            key=info.context.key(input),
        )
        return AskEvaluationPayload.of(answer, project=await shown(info, answer))

    @mutation(EvaluateProjectPayload)
    async def evaluate_project(
        self, info: Info, input: EvaluateProjectInput
    ) -> EvaluateProjectPayload:
        """Count how residents find it."""
        answer = await project_works.evaluate_project(
            info.context.actor,
            project=str(input.project),
            key=info.context.key(input),
        )
        return EvaluateProjectPayload.of(answer, project=await shown(info, answer))

    @mutation(CloseProjectPayload)
    async def close_project(self, info: Info, input: CloseProjectInput) -> CloseProjectPayload:
        """End a project that residents are satisfied with."""
        answer = await project_works.close_project(
            info.context.actor,
            project=str(input.project),
            key=info.context.key(input),
        )
        return CloseProjectPayload.of(answer, project=await shown(info, answer))
