"""Dual figures: dual claim summed, by area, class and month, equal to the ledger (domain 8).

Counted when an entry is made, in the month of its day, for the community, street, district and city
that a post or wish lies in. Counts of acts, days and ratings; no person and no alias is in any of
them. Offices of retired members are told by district only: a committee is a handful of people.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import TypeVar

from msgspec.structs import replace

from ledger.entry import Sealed
from timebank.aliases import module_enabled
from timebank.appointment_life import AppointmentConfirmed, Body
from timebank.appointments import Appointment
from timebank.clock import day_of
from timebank.divisions import Area, AreaLevel, areas_of
from timebank.events import Event
from timebank.post_claim_life import (
    PostClaimCompleted,
    PostClaimConfirmed,
    PostClaimed,
    PostClaimServing,
    PostClaimWithdrawn,
)
from timebank.posts import PostClass, PostClosed, PostOpened, ServicePost
from timebank.projections import Rows, projects
from timebank.tables import Row, find, select, table
from timebank.wish_life import (
    WishCarriedOver,
    WishClaimed,
    WishClosed,
    WishCollected,
    WishDeclined,
    WishFulfilled,
    WishKind,
    WishPublished,
    WishReferred,
    WishReopened,
    WishReturned,
    WishTakenOver,
)
from timebank.wishes import Wish

WIDE = (AreaLevel.CITY, AreaLevel.DISTRICT)
"""Where offices are told: below, a figure would point at people."""

# Tables and projectors


@table("wish_figure", index=[("area", "month")])
class WishFigure(Row, frozen=True):
    """Wishes of a kind in an area in a month; `id` is `<area>/<month>/<kind>`.

    `days_to_claim` and `days_to_grant` are the days from being told, summed over what was claimed
    and over what was granted in the month; ratings are the residents' last words in it.
    """

    id: str
    area: str
    month: str
    about: WishKind
    told: int = 0
    referred: int = 0
    declined: int = 0
    published: int = 0
    claimed: int = 0
    days_to_claim: int = 0
    returned: int = 0
    carried_over: int = 0
    taken_over: int = 0
    granted: int = 0
    days_to_grant: int = 0
    reopened: int = 0
    good: int = 0
    fair: int = 0
    poor: int = 0
    neutral: int = 0

    @property
    def satisfied_percent(self) -> int | None:
        """How many of a hundred residents who said something found it good; None for none."""
        said = self.good + self.fair + self.poor
        return 100 * self.good // said if said else None


@table("post_figure", index=[("area", "month")])
class PostFigure(Row, frozen=True):
    """Posts of a class in an area in a month; `id` is `<area>/<month>/<class>`."""

    id: str
    area: str
    month: str
    about: PostClass
    opened: int = 0
    places: int = 0
    closed: int = 0
    claimed: int = 0
    confirmed: int = 0
    begun: int = 0
    completed: int = 0
    withdrawn: int = 0


@table("office_figure", index=[("area", "month")])
class OfficeFigure(Row, frozen=True):
    """Offices confirmed in a body, in a district or the city, in a month."""

    id: str
    area: str
    month: str
    about: Body
    confirmed: int = 0


Figure = TypeVar("Figure", WishFigure, PostFigure, OfficeFigure)

WISH_COUNTS: dict[type[Event], str] = {
    WishCollected: "told",
    WishReferred: "referred",
    WishDeclined: "declined",
    WishPublished: "published",
    WishClaimed: "claimed",
    WishReturned: "returned",
    WishCarriedOver: "carried_over",
    WishTakenOver: "taken_over",
    WishFulfilled: "granted",
    WishReopened: "reopened",
}
POST_COUNTS: dict[type[Event], str] = {
    PostOpened: "opened",
    PostClosed: "closed",
    PostClaimed: "claimed",
    PostClaimConfirmed: "confirmed",
    PostClaimServing: "begun",
    PostClaimCompleted: "completed",
    PostClaimWithdrawn: "withdrawn",
}
Granted = (
    WishCollected
    | WishReferred
    | WishDeclined
    | WishPublished
    | WishClaimed
    | WishReturned
    | WishCarriedOver
    | WishTakenOver
    | WishFulfilled
    | WishReopened
    | WishClosed
)
Served = (
    PostOpened
    | PostClosed
    | PostClaimed
    | PostClaimConfirmed
    | PostClaimServing
    | PostClaimCompleted
    | PostClaimWithdrawn
)


@projects(*WISH_COUNTS, WishClosed)
def _wished(rows: Rows, event: Granted, entry: Sealed) -> None:
    wish = rows.there(Wish, event.wish)
    if isinstance(event, WishClosed):
        more = {event.rating.value: 1}
    else:
        more = {WISH_COUNTS[type(event)]: 1}
    waited = (day_of(entry.at) - day_of(wish.collected_at)).days
    if isinstance(event, WishClaimed):
        more["days_to_claim"] = waited
    elif isinstance(event, WishFulfilled):
        more["days_to_grant"] = waited
    _count(rows, WishFigure, areas_of(wish.path), entry.at, wish.kind, more)


@projects(*POST_COUNTS)
def _posted(rows: Rows, event: Served, entry: Sealed) -> None:
    post = rows.there(ServicePost, event.post)
    more = {POST_COUNTS[type(event)]: 1}
    if isinstance(event, PostOpened):
        more["places"] = post.places
    _count(rows, PostFigure, areas_of(post.path), entry.at, post.post_class, more)


@projects(AppointmentConfirmed)
def _appointed(rows: Rows, event: AppointmentConfirmed, entry: Sealed) -> None:
    held = rows.there(Appointment, event.appointment)
    wide = areas_of(held.path)[: len(WIDE)]
    _count(rows, OfficeFigure, wide, entry.at, held.body, {"confirmed": 1})


def _count(
    rows: Rows,
    row: type[Figure],
    areas: Sequence[str],
    at: datetime,
    about: WishKind | PostClass | Body,
    more: dict[str, int],
) -> None:
    month = f"{day_of(at):%Y-%m}"
    ids = {area: f"{area}/{month}/{about.value}" for area in areas}
    rows.ask(*((row, id) for id in ids.values()))
    for area, id in ids.items():
        made = row(id=id, area=area, month=month, about=about)  # type: ignore[arg-type]  # of its kind
        held = rows.get(row, id) or made
        rows.put(replace(held, **{name: getattr(held, name) + n for name, n in more.items()}))


# Reads


async def wish_figures(area: str, *, since: date, until: date) -> list[WishFigure]:
    """The wishes of an area by month and kind, the months of these days included: public."""
    return await _between(WishFigure, area, since, until)


async def post_figures(area: str, *, since: date, until: date) -> list[PostFigure] | None:
    """The posts of an area by month and class: public; None where the module is off."""
    return await _between(PostFigure, area, since, until) if await module_enabled() else None


async def office_figures(area: str, *, since: date, until: date) -> list[OfficeFigure] | None:
    """The offices confirmed in a district or the city, by month and body: public.

    None for any other area, and where the module is off.
    """
    held = await find(Area, area)
    if held is None or held.level not in WIDE or not await module_enabled():
        return None
    return await _between(OfficeFigure, area, since, until)


async def _between(row: type[Figure], area: str, since: date, until: date) -> list[Figure]:
    return await select(
        row,
        area=area,
        month__gte=f"{since:%Y-%m}",
        month__lte=f"{until:%Y-%m}",
        order=["month", "id"],
    )
