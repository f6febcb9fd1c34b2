"""Solvency on the wire: how the city or a district stands, open to everybody."""

import strawberry

from schema.enums import show_enum
from schema.scalars import Long
from timebank import solvency
from timebank.pools import ReserveState

show_enum(
    ReserveState,
    "How a reserve stands.",
    sound="High enough, or nothing was granted.",
    low="Lower than it should be.",
    stopped="So low that nothing is granted.",
)


@strawberry.type(description="What volunteers of an area could ask for, and what they do ask for.")
class Solvency:
    area: str = strawberry.field(description="The code of the city or the district.")
    outstanding_minutes: Long = strawberry.field(
        description="Held by the volunteers at home there, or in escrow for them."
    )
    drawn_minutes: Long = strawberry.field(description="Redeemed by them in the last 90 days.")
    pool_minutes: Long = strawberry.field(
        description="In the district's public pool, or in all pools of the city."
    )
    granted_minutes: Long = strawberry.field(
        description="Granted from there in the last 90 days, less what came back unused."
    )
    reserve_percent: Long | None = strawberry.field(
        description="What the pool holds in percent of what it granted; null if nothing was."
    )
    reserve: ReserveState = strawberry.field(description="How that stands.")
    waiting_orders: Long = strawberry.field(
        description="Orders for help at the stations there that wait for a helper."
    )
    waiting_minutes: Long = strawberry.field(description="What was ordered with them.")

    @classmethod
    def of(cls, told: solvency.Solvency) -> "Solvency":
        """An area's solvency as it is shown."""
        return cls(
            area=told.area,
            outstanding_minutes=Long(told.outstanding),
            drawn_minutes=Long(told.drawn),
            pool_minutes=Long(told.pools),
            granted_minutes=Long(told.granted),
            reserve_percent=None if told.percent is None else Long(told.percent),
            reserve=told.state,
            waiting_orders=Long(told.waiting),
            waiting_minutes=Long(told.waiting_minutes),
        )


@strawberry.type(description="Minutes of a station; they travel, so one station's do not add up.")
class StationMinutes:
    minted_minutes: Long = strawberry.field(description="Ever minted for service there.")
    reversed_minutes: Long = strawberry.field(description="What of that was reversed.")
    outstanding_minutes: Long = strawberry.field(
        description="Held by the volunteers at home there, or in escrow for them."
    )

    @classmethod
    def of(cls, told: solvency.StationMinutes) -> "StationMinutes":
        """A station's minutes as they are shown."""
        return cls(
            minted_minutes=Long(told.minted),
            reversed_minutes=Long(told.reversed),
            outstanding_minutes=Long(told.outstanding),
        )
