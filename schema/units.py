"""Work units on the wire: public to see, registered by their street."""

from collections.abc import Sequence
from typing import Annotated

import strawberry
from strawberry import ID

from schema.context import Context, Input
from schema.divisions import Area, read_areas
from schema.fields import field
from schema.nodes import Node, answers_for
from schema.paging import Connection, Listing, Page, paged
from schema.refusal import Info, Payload, mutation
from schema.texts import texts
from timebank import units

UNITS = Listing("units", str)
Below = Annotated[str, strawberry.argument(description="The path of an area: units in it.")]


@strawberry.type(description="An employer or institution of a neighbourhood.")
class WorkUnit(Node):
    path: str = strawberry.field(description="The scope that covers it.")
    lies_in: strawberry.Private[str]

    @field
    async def name(self, info: Info) -> str:
        """Its name."""
        return await info.context.loaders.load(texts("name"), str(self.id)) or ""

    @field
    async def area(self, info: Info) -> Area | None:
        """The area it lies in."""
        return await info.context.loaders.load(read_areas, self.lies_in)

    @classmethod
    def of(cls, held: units.WorkUnit) -> "WorkUnit":
        """A unit as it is shown."""
        return cls(id=ID(held.id), path=held.path, lies_in=held.area)


async def read_units(context: Context, ids: Sequence[str]) -> dict[str, WorkUnit]:
    """Units, for the loader."""
    return {id: WorkUnit.of(held) for id, held in (await units.units_by_id(ids)).items()}


answers_for("uni", read_units)


@strawberry.type
class Query:
    @paged
    async def units(
        self,
        page: Page,
        scope: Below,
    ) -> Connection[WorkUnit]:
        """The work units of an area, the oldest first."""
        return await page.of(UNITS, units.units_below, scope, node=WorkUnit.of)


@strawberry.input
class RegisterUnitInput(Input):
    area: ID = strawberry.field(description="The area it lies in, by code.")
    name: str = strawberry.field(description="Its name, at most 60 characters.")


@strawberry.type
class RegisterUnitPayload(Payload):
    unit: WorkUnit | None = strawberry.field(default=None, description="The new unit.")


@strawberry.type
class Mutation:
    @mutation(RegisterUnitPayload)
    async def register_unit(self, info: Info, input: RegisterUnitInput) -> RegisterUnitPayload:
        """Register a work unit in your street."""
        answer = await units.register_unit(
            info.context.actor, area=input.area, name=input.name, key=info.context.key(input)
        )
        unit = (await read_units(info.context, [answer.unit])).get(answer.unit)
        return RegisterUnitPayload.of(answer, unit=unit)
