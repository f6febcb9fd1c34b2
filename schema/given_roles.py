"""Given roles on the wire: who holds what below a path, for whoever may end it."""

from functools import partial
from typing import Annotated

import strawberry
from strawberry import ID

from schema.access import Grant
from schema.fields import field
from schema.looks import read_numbers
from schema.paging import Connection, Listing, Page, paged
from schema.refusal import Info
from timebank import given_roles

GIVEN_ROLES = Listing("rolesGiven", str)


@strawberry.type(description="A role that somebody holds.")
class GivenRole:
    person: ID = strawberry.field(description="Who holds it, as ending it says it.")
    grant: Grant = strawberry.field(description="The grant.")

    @field
    async def number(self, info: Info) -> str | None:
        """The volunteer number of who holds it."""
        return await info.context.loaders.load(read_numbers, str(self.person))

    @classmethod
    def of(cls, held: given_roles.GivenRole) -> "GivenRole":
        """A given role as it is shown."""
        grant = Grant(id=ID(held.id), role=held.role, scope=held.scope, until=held.until)
        return cls(person=ID(held.person), grant=grant)


@strawberry.type
class Query:
    @paged
    async def roles_given(
        self,
        page: Page,
        info: Info,
        scope: Annotated[str, strawberry.argument(description="A path in your scope.")],
    ) -> Connection[GivenRole]:
        """The roles that stand below a path, the newest first, for whoever may end them."""
        read = partial(given_roles.roles_given, info.context.actor, scope)
        return await page.of(GIVEN_ROLES, read, node=GivenRole.of)
