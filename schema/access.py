"""Access on the wire: roles, their scopes, granting and ending them."""

from datetime import date

import strawberry
from strawberry import ID

from schema.context import Input
from schema.fields import field
from schema.refusal import Info, Payload, mutation
from timebank import access
from timebank.access import Action, Role

strawberry.enum(Role, description="What somebody may be, somewhere.")
strawberry.enum(Action, description="What staff may do; a role allows some of them.")


@strawberry.type(description="A role over everything below a scope.")
class Grant:
    id: ID = strawberry.field(description="Opaque; names the grant when it is ended.")
    role: Role = strawberry.field(description="The role.")
    scope: str = strawberry.field(description="The path below which it holds.")
    until: date | None = strawberry.field(description="Its last day; null: until it is ended.")

    @classmethod
    def of(cls, held: access.Grant) -> "Grant":
        """A grant as it is shown."""
        return cls(id=ID(held.id), role=held.role, scope=held.scope, until=held.until)


@strawberry.type
class Query:
    @field
    async def may(self, info: Info, action: Action, scope: str) -> bool:
        """Whether you may do something on what lies at a path."""
        return await access.may_read(info.context.actor, action, scope)

    @field
    async def my_grants(self, info: Info) -> list[Grant]:
        """Your own roles, those that ended by their day included."""
        held = await access.grants_of(info.context.actor)
        return [Grant.of(grant) for grant in held.grants] if held else []

    @field
    async def grants(self, info: Info, person: ID) -> list[Grant]:
        """Somebody's roles, as far as you may end them."""
        held = await access.role_holder(info.context.actor, person)
        return [Grant.of(grant) for grant in held.grants]


@strawberry.input
class GrantRoleInput(Input):
    person: ID = strawberry.field(description="Who is to hold the role.")
    role: Role = strawberry.field(description="The role.")
    scope: str = strawberry.field(description="The path of an area, station or team.")
    until: date | None = strawberry.field(
        default=None, description="The last day, if there is one."
    )


@strawberry.type
class GrantRolePayload(Payload):
    grant: ID | None = strawberry.field(default=None, description="The grant that was made.")


@strawberry.input
class EndRoleInput(Input):
    person: ID = strawberry.field(description="Who holds the role.")
    grant: ID = strawberry.field(description="The grant to end.")


@strawberry.type
class EndRolePayload(Payload):
    grant: ID | None = strawberry.field(default=None, description="The grant that was ended.")


@strawberry.type
class Mutation:
    @mutation(GrantRolePayload)
    async def grant_role(self, info: Info, input: GrantRoleInput) -> GrantRolePayload:
        """Give somebody a role over a scope."""
        answer = await access.grant_role(
            info.context.actor,
            person=input.person,
            role=input.role,
            scope=input.scope,
            until=input.until,
            key=info.context.key(input),
        )
        return GrantRolePayload.of(answer, grant=ID(answer.grant))

    @mutation(EndRolePayload)
    async def end_role(self, info: Info, input: EndRoleInput) -> EndRolePayload:
        """End a role."""
        answer = await access.end_role(
            info.context.actor,
            person=input.person,
            grant=input.grant,
            key=info.context.key(input),
        )
        return EndRolePayload.of(answer, grant=ID(answer.grant))
