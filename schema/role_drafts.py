"""Role drafts on the wire: one operator proposes a role, another grants it."""

from datetime import date, datetime
from typing import Annotated

import strawberry
from strawberry import ID

from schema.access import Grant
from schema.context import Input
from schema.fields import field
from schema.looks import read_numbers
from schema.refusal import Info, Payload, mutation
from timebank import role_drafts
from timebank.people import person_by_number
from timebank.rights import Role


@strawberry.type(description="A proposed role that waits for a second operator.")
class RoleDraft:
    id: ID = strawberry.field(description="Opaque; the grant will have the same.")
    role: Role = strawberry.field(description="The role.")
    scope: str = strawberry.field(description="The path that it would cover.")
    until: date | None = strawberry.field(description="Its last day, if there is one.")
    proposed_at: datetime = strawberry.field(description="When it was proposed.")
    own: bool = strawberry.field(description="Whether you proposed it, so that another must act.")
    person: strawberry.Private[str]

    @field
    async def number(self, info: Info) -> str | None:
        """The volunteer number of who would hold it."""
        return await info.context.loaders.load(read_numbers, self.person)

    @field
    async def place(self, info: Info) -> Grant:
        """The grant as it would be made: its station or area is where it would hold."""
        return Grant(id=self.id, role=self.role, scope=self.scope, until=self.until)


@strawberry.type
class Query:
    @field
    async def role_drafts(
        self,
        info: Info,
        scope: Annotated[str, strawberry.argument(description="A path in your scope.")],
    ) -> list[RoleDraft]:
        """Roles that wait for a second operator below a path, oldest first."""
        actor = info.context.actor
        return [
            RoleDraft(
                id=ID(held.id),
                role=held.role,
                scope=held.scope,
                until=held.until,
                proposed_at=held.proposed_at,
                own=held.proposer == actor.id,
                person=held.person,
            )
            for held in await role_drafts.role_drafts(actor, scope)
        ]


@strawberry.input
class ProposeRoleInput(Input):
    number: str = strawberry.field(description="Who is to hold the role, by volunteer number.")
    role: Role = strawberry.field(description="The role.")
    scope: str = strawberry.field(description="The path of an area, station or team.")
    until: date | None = strawberry.field(
        default=None, description="The last day, if there is one."
    )


@strawberry.type
class ProposeRolePayload(Payload):
    draft: ID | None = strawberry.field(default=None, description="What the second person names.")


@strawberry.input
class DropRoleInput(Input):
    draft: ID = strawberry.field(description="The proposed role.")


@strawberry.type
class DropRolePayload(Payload):
    draft: ID | None = strawberry.field(default=None, description="What was let go.")


@strawberry.input
class GrantRoleInput(Input):
    draft: ID = strawberry.field(description="The role that another operator proposed.")


@strawberry.type
class GrantRolePayload(Payload):
    grant: ID | None = strawberry.field(default=None, description="The grant that was made.")


@strawberry.type
class Mutation:
    @mutation(ProposeRolePayload)
    async def propose_role(self, info: Info, input: ProposeRoleInput) -> ProposeRolePayload:
        """Propose a role over a scope, for another operator to grant."""
        holder = await person_by_number(input.number)
        answer = await role_drafts.propose_role(
            info.context.actor,
            person=holder.id if holder else "",
            role=input.role,
            scope=input.scope,
            until=input.until,
            key=info.context.key(input),
        )
        return ProposeRolePayload.of(answer, draft=ID(answer.draft))

    @mutation(DropRolePayload)
    async def drop_role(self, info: Info, input: DropRoleInput) -> DropRolePayload:
        """Let a proposed role go: it was wrong, or you do not agree."""
        answer = await role_drafts.drop_role(
            info.context.actor, draft=str(input.draft), key=info.context.key(input)
        )
        return DropRolePayload.of(answer, draft=ID(answer.draft))

    @mutation(GrantRolePayload)
    async def grant_role(self, info: Info, input: GrantRoleInput) -> GrantRolePayload:
        """Grant a role that another operator proposed."""
        answer = await role_drafts.grant_proposed(
            info.context.actor, draft=str(input.draft), key=info.context.key(input)
        )
        return GrantRolePayload.of(answer, grant=ID(answer.grant))
