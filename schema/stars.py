"""Stars on the wire: level reached and star held on a day, what the next takes, and the rule."""

from datetime import date
from typing import Annotated

import strawberry

from schema.fields import field
from schema.refusal import Info
from schema.scalars import Long
from timebank import held_stars
from timebank.clock import day_of
from timebank.proxies import principal_of

Day = Annotated[
    date | None, strawberry.argument(description="As of the end of this day; today by default.")
]
Number = Annotated[
    str | None, strawberry.argument(description="Of whom you act for, by volunteer number.")
]


@strawberry.type(description="Where a service record stood among the stars on a day.")
class StarProgress:
    day: date = strawberry.field(description="At the end of which day.")
    level: int = strawberry.field(description="Stars that the record reaches, 0 to 5.")
    awarded_level: int = strawberry.field(description="The awarded star that stands, 0 for none.")
    service_minutes: Long = strawberry.field(description="The lifetime service record.")
    policy: str = strawberry.field(description="The policy whose rule applied.")
    threshold_minutes: list[Long] = strawberry.field(description="What each star takes, in order.")
    next_level: int | None = strawberry.field(description="The next star; null at the highest.")
    next_minutes: Long | None = strawberry.field(description="What the next star takes in all.")
    missing_minutes: Long | None = strawberry.field(description="What the next star still takes.")
    clean_from: date | None = strawberry.field(
        description="From when one may apply after upheld misconduct; null where none bars."
    )
    publicity_days: int = strawberry.field(
        description="How many days an application is laid open, by the rule of that day."
    )
    needs_organisation: bool = strawberry.field(
        description="Whether the star that the record reaches goes through an organisation."
    )

    @classmethod
    def of(cls, told: held_stars.StarsOn) -> "StarProgress":
        """Stars as they are shown."""
        reached = told.progress
        after, missing = reached.next_minutes, reached.missing_minutes
        return cls(
            day=told.day,
            level=reached.level,
            awarded_level=told.awarded,
            service_minutes=Long(reached.minutes),
            policy=reached.policy,
            threshold_minutes=[Long(minutes) for minutes in reached.thresholds],
            next_level=reached.next_level,
            next_minutes=None if after is None else Long(after),
            missing_minutes=None if missing is None else Long(missing),
            clean_from=told.clean,
            publicity_days=told.publicity_days,
            needs_organisation=told.endorsed,
        )


@strawberry.type
class Query:
    @field
    async def star_progress(
        self, info: Info, day: Day = None, number: Number = None
    ) -> StarProgress | None:
        """Your stars by the rule of a day; null where nobody is signed in."""
        actor = info.context.actor
        whose = await principal_of(actor, number)
        if whose is None:
            return None
        known = actor.selves if whose == actor.person else ()
        asked = day or day_of(info.context.clock.now())
        told = await held_stars.stars_on(whose, asked, whose=known)
        return StarProgress.of(told) if told else None
