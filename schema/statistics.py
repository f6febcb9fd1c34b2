"""Statistics on the wire: what was served by area, month and kind, open to everybody."""

from datetime import date
from typing import Annotated

import strawberry

from schema.divisions import Area, read_areas
from schema.fields import field
from schema.refusal import Info
from schema.scalars import Long
from timebank import statistics
from timebank.activities import ActivityKind
from timebank.divisions import CITY

Code = Annotated[
    str, strawberry.argument(description="The code of a district; the city where left out.")
]
Since = Annotated[date, strawberry.argument(description="A day of the first month.")]
Until = Annotated[date, strawberry.argument(description="A day of the last month; 60 at most.")]
Kind = Annotated[
    ActivityKind | None, strawberry.argument(description="To count one kind of service alone.")
]


@strawberry.type(description="What was served in a month.")
class MonthFigure:
    month: str = strawberry.field(description="The month, `YYYY-MM`.")
    minutes: Long = strawberry.field(description="Minutes of service that count.")


@strawberry.type(description="What was served of a kind.")
class KindFigure:
    kind: ActivityKind = strawberry.field(description="The kind of service.")
    minutes: Long = strawberry.field(description="Minutes of service that count.")


@strawberry.type(description="What was served in an area.")
class AreaFigure:
    code: strawberry.Private[str]
    minutes: Long = strawberry.field(description="Minutes of service that count.")

    @field
    async def area(self, info: Info) -> Area | None:
        """A district of the city, or a street of the district."""
        return await info.context.loaders.load(read_areas, self.code)


@strawberry.type(description="Minutes of service, as lifetime records count them.")
class Statistics:
    minutes: Long = strawberry.field(description="In all; each list adds up to it.")
    by_month: list[MonthFigure] = strawberry.field(description="Every month, zeros too.")
    by_kind: list[KindFigure] = strawberry.field(description="Every kind, zeros too.")
    by_area: list[AreaFigure] = strawberry.field(description="Where something was served.")

    @classmethod
    def of(cls, told: statistics.Statistics) -> "Statistics":
        """Statistics as they are shown."""
        return cls(
            minutes=Long(told.minutes),
            by_month=[MonthFigure(month=one, minutes=Long(sum)) for one, sum in told.months],
            by_kind=[KindFigure(kind=one, minutes=Long(sum)) for one, sum in told.kinds],
            by_area=[AreaFigure(code=one, minutes=Long(sum)) for one, sum in told.areas],
        )


@strawberry.type
class Query:
    @field
    async def statistics(
        self, since: Since, until: Until, area: Code = CITY, kind: Kind = None
    ) -> Statistics:
        """What was served in the city or a district, in the months of two days and between."""
        return Statistics.of(await statistics.statistics(area, since, until, kind=kind))
