"""Areas on the wire: the city's real area tree, public, with both parents of each area."""

from collections.abc import Sequence
from typing import Annotated

import strawberry

from schema.context import Context
from schema.enums import show_enum
from schema.fields import field
from schema.refusal import Info
from timebank import divisions
from timebank.divisions import AreaLevel

show_enum(
    AreaLevel,
    "The levels of the area tree.",
    city="The city.",
    district="A district, or a functional zone that is managed like one.",
    street="A street or township.",
    community="An urban community.",
    village="A village.",
)

Code = Annotated[
    str, strawberry.argument(description="Its statistical code, or the zone's code of ours.")
]


@strawberry.type(description="An area of the city.")
class Area:
    code: str = strawberry.field(description="Its statistical code, or the zone's code of ours.")
    level: AreaLevel = strawberry.field(description="What kind of area it is.")
    name: str = strawberry.field(description="Its name.")
    path: str = strawberry.field(description="The scope that covers it and everything below.")
    above: strawberry.Private[tuple[str | None, str | None]]

    @field
    async def parent(self, info: Info) -> "Area | None":
        """The area it lies in by law and by its code; the city has none."""
        code = self.above[0]
        return await info.context.loaders.load(read_areas, code) if code else None

    @field
    async def manager(self, info: Info) -> "Area | None":
        """The area that is responsible for it today; the city has none."""
        code = self.above[1]
        return await info.context.loaders.load(read_areas, code) if code else None

    @field
    async def manages(self, info: Info) -> "list[Area]":
        """The areas that it is responsible for, by code."""
        return await info.context.loaders.load(read_managed, self.code) or []

    @classmethod
    def of(cls, held: divisions.Area) -> "Area":
        """An area as it is shown."""
        return cls(
            code=held.code,
            level=held.level,
            name=held.name,
            path=held.path,
            above=(held.parent, held.manager),
        )


async def read_areas(context: Context, codes: Sequence[str]) -> dict[str, Area]:
    """Areas by their codes, for the loader."""
    found = await divisions.areas_by_code(list(codes))
    return {code: Area.of(held) for code, held in found.items()}


async def read_managed(context: Context, codes: Sequence[str]) -> dict[str, list[Area]]:
    """The areas that each manages, for the loader."""
    found = await divisions.areas_managed_by(codes)
    return {code: list(map(Area.of, held)) for code, held in found.items()}


@strawberry.type
class Query:
    @field
    async def area(self, info: Info, code: Code) -> Area | None:
        """An area, by its code."""
        return await info.context.loaders.load(read_areas, code)
