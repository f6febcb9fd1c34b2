"""The register of organisations on the wire: what stands, what waits, and what is one's own."""

from typing import Annotated

import strawberry
from strawberry import ID

from schema.fields import field
from schema.organisations import Organisation, read_organisations
from schema.paging import Connection, Listing, Page, paged
from schema.refusal import Info
from timebank import organisation_register
from timebank.organisation_life import OrganisationState

ORGANISATIONS = Listing("organisations", str)
APPLICATIONS = Listing("organisationApplications", str)
MINE = Listing("myOrganisations", str)
Below = Annotated[str, strawberry.argument(description="The path of an area.")]
InStates = Annotated[
    list[OrganisationState], strawberry.argument(description="How far they are; what stands.")
]
Which = Annotated[ID, strawberry.argument(description="Which organisation.")]
Code = Annotated[str, strawberry.argument(description="A unified social credit code.")]


@strawberry.type
class Query:
    @field
    async def organisation(self, info: Info, id: Which) -> Organisation | None:
        """An organisation, if you may see it."""
        return (await read_organisations(info.context, [id])).get(id)

    @field
    async def organisation_by_code(self, info: Info, code: Code) -> Organisation | None:
        """The organisation with a unified social credit code."""
        id = await organisation_register.organisation_coded(code)
        return (await read_organisations(info.context, [id])).get(id) if id else None

    @paged
    async def organisations(
        self, page: Page, scope: Below, states: InStates
    ) -> Connection[Organisation]:
        """What stands or stood in an area, the oldest first."""
        rows = organisation_register.organisations_below
        return await page.of(ORGANISATIONS, rows, scope, states, node=Organisation.of)

    @paged
    async def organisation_applications(
        self, page: Page, info: Info, scope: Below
    ) -> Connection[Organisation]:
        """What waits for its registrar or its street below a path, the oldest first."""
        rows = organisation_register.applications_below
        return await page.of(APPLICATIONS, rows, info.context.actor, scope, node=Organisation.of)

    @paged
    async def my_organisations(self, page: Page, info: Info) -> Connection[Organisation]:
        """What you founded or stand for, the oldest first."""
        rows = organisation_register.my_organisations
        return await page.of(MINE, rows, info.context.actor, node=Organisation.of)
