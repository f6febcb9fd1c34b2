"""Figures of dual claim on the wire: public, by area, class and month, two years at most."""

from datetime import date
from typing import Annotated

import strawberry
from graphql import GraphQLError
from strawberry import ID

from schema.fields import field
from schema.scalars import Long
from timebank import dual_figures
from timebank.appointment_life import Body
from timebank.posts import PostClass
from timebank.wish_life import WishKind

LONGEST_DAYS = 731
Where = Annotated[ID, strawberry.argument(description="A community, street, district or the city.")]
Wide = Annotated[ID, strawberry.argument(description="A district or the city.")]
Since = Annotated[date, strawberry.argument(description="A day of the first month.")]
Until = Annotated[date, strawberry.argument(description="A day of the last month.")]


@strawberry.type(description="The wishes of a kind in an area in a month.")
class WishFigure:
    month: str = strawberry.field(description="The month, as in 2026-11.")
    about: WishKind = strawberry.field(description="What was wished for.")
    told: int = strawberry.field(description="Wishes told.")
    referred: int = strawberry.field(description="Wishes handed to whoever is better placed.")
    declined: int = strawberry.field(description="Wishes not taken up.")
    published: int = strawberry.field(description="Wishes put on the list.")
    claimed: int = strawberry.field(description="Claims.")
    days_to_claim: Long = strawberry.field(description="Days from being told to a claim, summed.")
    returned: int = strawberry.field(description="Wishes that came back to the list.")
    carried_over: int = strawberry.field(description="Wishes that went another round.")
    taken_over: int = strawberry.field(description="Wishes that the community took over.")
    granted: int = strawberry.field(description="Wishes said to be granted.")
    days_to_grant: Long = strawberry.field(description="Days from being told until then, summed.")
    reopened: int = strawberry.field(description="Wishes not granted, as the resident says.")
    good: int = strawberry.field(description="Residents who found it good.")
    fair: int = strawberry.field(description="Residents who found it fair.")
    poor: int = strawberry.field(description="Residents who found it poor.")
    neutral: int = strawberry.field(description="Residents who said nothing.")
    satisfied_percent: int | None = strawberry.field(
        description="Of a hundred residents who said something, those who found it good."
    )

    @classmethod
    def of(cls, held: dual_figures.WishFigure) -> "WishFigure":
        """A figure as it is shown."""
        names = [name for name in held.__struct_fields__ if name not in ("id", "area")]
        told = {name: getattr(held, name) for name in names}
        return cls(**told, satisfied_percent=held.satisfied_percent)


@strawberry.type(description="The posts of a class in an area in a month.")
class PostFigure:
    month: str = strawberry.field(description="The month, as in 2026-11.")
    about: PostClass = strawberry.field(description="What the posts were for.")
    opened: int = strawberry.field(description="Posts opened.")
    places: int = strawberry.field(description="Places in them.")
    closed: int = strawberry.field(description="Posts closed.")
    claimed: int = strawberry.field(description="Places claimed.")
    confirmed: int = strawberry.field(description="Claims confirmed.")
    begun: int = strawberry.field(description="Claims on which service began.")
    completed: int = strawberry.field(description="Terms completed.")
    withdrawn: int = strawberry.field(description="Places given back.")

    @classmethod
    def of(cls, held: dual_figures.PostFigure) -> "PostFigure":
        """A figure as it is shown."""
        names = [name for name in held.__struct_fields__ if name not in ("id", "area")]
        return cls(**{name: getattr(held, name) for name in names})


@strawberry.type(description="The offices of retired members confirmed in a month.")
class OfficeFigure:
    month: str = strawberry.field(description="The month, as in 2026-11.")
    about: Body = strawberry.field(description="Where the offices are held.")
    confirmed: int = strawberry.field(description="Offices confirmed.")


def _bounded(since: date, until: date) -> None:
    if not 0 <= (until - since).days <= LONGEST_DAYS:
        says = "Ask for the months between two days, at most two years apart."
        raise GraphQLError(says, extensions={"code": "BAD_USER_INPUT"})


@strawberry.type
class Query:
    @field
    async def wish_figures(self, area: Where, since: Since, until: Until) -> list[WishFigure]:
        """Micro-wishes of an area, by month and kind."""
        _bounded(since, until)
        found = await dual_figures.wish_figures(area, since=since, until=until)
        return [WishFigure.of(held) for held in found]

    @field
    async def post_figures(
        self, area: Where, since: Since, until: Until
    ) -> list[PostFigure] | None:
        """Service posts of an area, by month and class; null while dual claim is off."""
        _bounded(since, until)
        found = await dual_figures.post_figures(area, since=since, until=until)
        return None if found is None else [PostFigure.of(held) for held in found]

    @field
    async def office_figures(
        self, area: Wide, since: Since, until: Until
    ) -> list[OfficeFigure] | None:
        """Offices of retired members confirmed in a district or the city; null elsewhere."""
        _bounded(since, until)
        found = await dual_figures.office_figures(area, since=since, until=until)
        if found is None:
            return None
        return [OfficeFigure(month=f.month, about=f.about, confirmed=f.confirmed) for f in found]
