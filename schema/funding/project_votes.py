"""Project votes on the wire: residents decide, and everybody may object."""

from datetime import date

import strawberry
from strawberry import ID

from schema.context import Input
from schema.funding.projects import Project, shown
from schema.refusal import Info, Payload, mutation
from timebank.funding import project_votes


@strawberry.input
class OpenVoteInput(Input):
    project: ID = strawberry.field(description="Which project.")
    eligible: int = strawberry.field(description="How many may decide.")
    until: date = strawberry.field(description="The last day to answer.")


@strawberry.type
class OpenVotePayload(Payload):
    project: Project | None = strawberry.field(default=None, description="The project.")


@strawberry.input
class CountVotesInput(Input):
    project: ID = strawberry.field(description="Which project.")


@strawberry.type
class CountVotesPayload(Payload):
    project: Project | None = strawberry.field(default=None, description="The project.")


@strawberry.input
class PubliciseProjectInput(Input):
    project: ID = strawberry.field(description="Which project.")


@strawberry.type
class PubliciseProjectPayload(Payload):
    project: Project | None = strawberry.field(default=None, description="The project.")


@strawberry.input
class RuleOnProjectObjectionInput(Input):
    project: ID = strawberry.field(description="Which project.")
    objector: ID = strawberry.field(description="Who objected.")
    uphold: bool = strawberry.field(description="Whether what they said is true.")


@strawberry.type
class RuleOnProjectObjectionPayload(Payload):
    project: Project | None = strawberry.field(default=None, description="The project.")


@strawberry.type
class Mutation:
    @mutation(OpenVotePayload)
    async def open_vote(self, info: Info, input: OpenVoteInput) -> OpenVotePayload:
        """After the discussion, let residents decide."""
        answer = await project_votes.open_vote(
            info.context.actor,
            project=str(input.project),
            eligible=input.eligible,
            until=input.until,
            key=info.context.key(input),
        )
        return OpenVotePayload.of(answer, project=await shown(info, answer))

    @mutation(CountVotesPayload)
    async def count_votes(self, info: Info, input: CountVotesInput) -> CountVotesPayload:
        """Count what residents answered on paper, by telephone and on the page."""
        answer = await project_votes.count_votes(
            info.context.actor,
            project=str(input.project),
            key=info.context.key(input),
        )
        return CountVotesPayload.of(answer, project=await shown(info, answer))

    @mutation(PubliciseProjectPayload)
    async def publicise_project(
        self, info: Info, input: PubliciseProjectInput
    ) -> PubliciseProjectPayload:
        """Lay a project open to everybody."""
        answer = await project_votes.publicise_project(
            info.context.actor,
            project=str(input.project),
            key=info.context.key(input),
        )
        return PubliciseProjectPayload.of(answer, project=await shown(info, answer))

    @mutation(RuleOnProjectObjectionPayload)
    async def rule_on_project_objection(
        self, info: Info, input: RuleOnProjectObjectionInput
    ) -> RuleOnProjectObjectionPayload:
        """Decide an objection to a project; upheld, the project ends."""
        answer = await project_votes.rule_on_project_objection(
            info.context.actor,
            project=str(input.project),
            objector=str(input.objector),
            uphold=input.uphold,
            key=info.context.key(input),
        )
        return RuleOnProjectObjectionPayload.of(answer, project=await shown(info, answer))
