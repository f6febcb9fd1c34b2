"""Stars on the wire: the level reached, what the next one takes, and the rule that says so."""

import strawberry

from schema.fields import field
from schema.refusal import Info
from schema.scalars import Long
from timebank import stars
from timebank.clock import day_of


@strawberry.type(description="Where a service record stands among the stars.")
class StarProgress:
    level: int = strawberry.field(description="Stars reached, 0 to 5.")
    service_minutes: Long = strawberry.field(description="The lifetime service record.")
    policy: str = strawberry.field(description="The policy whose rule applied.")
    threshold_minutes: list[Long] = strawberry.field(description="What each star takes, in order.")
    next_level: int | None = strawberry.field(description="The next star; null at the highest.")
    missing_minutes: Long | None = strawberry.field(description="What the next star still takes.")


@strawberry.type
class Query:
    @field
    async def star_progress(self, info: Info) -> StarProgress | None:
        """Your stars by today's rule; null where nobody is signed in."""
        own = info.context.actor.person
        told = await stars.standing(own, day_of(info.context.clock.now())) if own else None
        if told is None:
            return None
        missing = told.missing_minutes
        return StarProgress(
            level=told.level,
            service_minutes=Long(told.minutes),
            policy=told.policy,
            threshold_minutes=[Long(minutes) for minutes in told.thresholds],
            next_level=told.next_level,
            missing_minutes=None if missing is None else Long(missing),
        )
