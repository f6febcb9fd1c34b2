"""Micro-wishes on the wire: those on the list for everybody, what residents told for a few."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated

import strawberry
from strawberry import ID

from schema.context import Context, Input, anew
from schema.enums import show_enum
from schema.fields import field
from schema.nodes import Node, answers_for
from schema.paging import Connection, Listing, Page, paged
from schema.places import Station, read_stations
from schema.refusal import Info, Payload, mutation
from schema.scalars import Fen
from timebank import wish_claims, wish_closings, wishes
from timebank.wish_life import (
    PARTIES,
    ReferTo,
    WishDeclineReason,
    WishKind,
    WishParty,
    WishRating,
    WishState,
    WishWay,
)

WISHES = Listing("wishes", str)
MY_WISHES = Listing("myWishes", str)
Below = Annotated[str, strawberry.argument(description="The path of an area: wishes in it.")]
InState = Annotated[
    WishState, strawberry.argument(description="How far they are; for staff other than published.")
]

show_enum(
    WishState,
    "The life of a wish.",
    collected="Told; staff have not checked it.",
    approved="A neighbour can grant it; it is not on the list yet.",
    referred="Handed to whoever is better placed.",
    declined="Not taken up.",
    published="On the list.",
    claimed="Somebody has it and is to contact the resident.",
    in_progress="Being granted.",
    fulfilled="Granted, as its claimant says; the resident has the last word.",
    closed="Over.",
    reopened="Not granted, as the resident says; on the list again.",
    community="Nobody claimed it; the community handles it.",
)
show_enum(
    WishKind,
    "What is wished for, never cash.",
    goods="Something to have.",
    repair="Something repaired.",
    company="Company.",
    errand="An errand.",
    learning="Something taught.",
    health="Something for health.",
    other="Anything else.",
)
show_enum(
    WishWay,
    "How a wish came in.",
    page="From a page.",
    counter="At the counter.",
    grid="In the grid.",
    proxy="By a proxy.",
)
show_enum(
    ReferTo,
    "Who is better placed than a neighbour.",
    social_aid="Social aid.",
    disabled_federation="The federation of disabled people.",
    health_centre="The health centre.",
    legal_aid="Legal aid.",
)
show_enum(
    WishDeclineReason,
    "Why a wish is not taken up.",
    not_a_need="It is no need.",
    cash="It asks for cash.",
    duplicate="It was told before.",
    unreachable="The resident cannot be reached.",
    against_the_law="It is against the law.",
)
show_enum(
    WishParty,
    "Who must act next on a wish.",
    station="The station's staff check it, or put it on the list.",
    neighbours="Whoever claims it.",
    claimant="Whoever claimed it contacts the resident, and grants it.",
    resident="The resident says whether it was granted.",
    community="The community grants it.",
)
show_enum(
    WishRating,
    "How the resident found it.",
    good="Good.",
    fair="Fair.",
    poor="Poor.",
    neutral="The resident said nothing.",
)


async def read_summaries(context: Context, ids: Sequence[str]) -> dict[str, str]:
    """Published words, for the loader."""
    return await wishes.summaries_of(ids)


async def read_told(context: Context, ids: Sequence[str]) -> dict[str, dict[str, str]]:
    """What residents told, for the loader."""
    return await wish_claims.told_by_residents(context.actor, ids)


@strawberry.type(
    description="What a resident told, for themselves, who grants the wish and the station."
)
class WishTold:
    name: str | None = strawberry.field(description="The resident's name.")
    phone: str | None = strawberry.field(description="Their telephone.")
    address: str | None = strawberry.field(description="Where they live, if that matters.")
    words: str | None = strawberry.field(description="The wish in their own words.")


@strawberry.type(description="A resident's micro-wish, granted in kind.")
class Wish(Node):
    kind: WishKind = strawberry.field(description="What is wished for.")
    way: WishWay = strawberry.field(description="How it came in.")
    state: WishState = strawberry.field(description="How far it is.")
    fen: Fen = strawberry.field(description="What it may be worth, in kind.")
    collected_at: datetime = strawberry.field(description="When it was told.")
    due: date | None = strawberry.field(description="The last day for what it waits for.")
    round: int = strawberry.field(description="Which round on the list it is in.")
    rating: WishRating | None = strawberry.field(description="How the resident found it.")
    referred_to: ReferTo | None = strawberry.field(description="Who is better placed.")
    declined_because: WishDeclineReason | None = strawberry.field(description="Why it is not done.")
    row: strawberry.Private[wishes.Wish]

    @field
    def waits_first(self) -> bool:
        """Whether it stands before others on the list: it came back, or nobody claimed it."""
        return self.row.place.startswith("0")

    @field
    def waits_for(self) -> WishParty | None:
        """Who must act next, by `due` where a day is set; null when nobody must."""
        return PARTIES.get(self.row.state)

    @field
    def extended(self) -> bool:
        """Whether who grants it took the days more that may be taken once."""
        return self.row.extended

    @field
    async def summary(self, info: Info) -> str | None:
        """What it is, naming nobody; null before it is published."""
        return await info.context.loaders.load(read_summaries, str(self.id))

    @field
    async def station(self, info: Info) -> Station | None:
        """The station that looks after it."""
        return await info.context.loaders.load(read_stations, self.row.station)

    @field
    async def told(self, info: Info) -> WishTold | None:
        """What the resident told; null unless you grant it, are its staff or the resident."""
        told = await info.context.loaders.load(read_told, str(self.id))
        if told is None:
            return None
        return WishTold(
            name=told.get("name"),
            phone=told.get("phone"),
            address=told.get("address"),
            words=told.get("words"),
        )

    @field
    def link(self, info: Info) -> str | None:
        """What the resident confirms with; for the resident alone."""
        own = wish_closings.is_resident(info.context.actor, self.row)
        return wish_closings.link_of(self.row.id) if own else None

    @field
    async def code(self, info: Info) -> str | None:
        """What the resident says at the counter; for the resident alone."""
        own = wish_closings.is_resident(info.context.actor, self.row)
        return wish_closings.code_of_wish(self.row.id) if own else None

    @classmethod
    def of(cls, held: wishes.Wish) -> "Wish":
        """A wish as it is shown."""
        return cls(
            id=ID(held.id),
            kind=held.kind,
            way=held.way,
            state=held.state,
            fen=Fen(held.fen),
            collected_at=held.collected_at,
            due=held.due,
            round=held.round,
            rating=held.rating,
            referred_to=held.referred,
            declined_because=held.declined,
            row=held,
        )


async def read_wishes(context: Context, ids: Sequence[str]) -> dict[str, Wish]:
    """Wishes, for the loader; whatever the asker may not see is missing."""
    seen = await wish_claims.seen_wishes(context.actor, ids)
    return {id: Wish.of(held) for id, held in seen.items()}


answers_for("wsh", read_wishes)


@strawberry.type
class Query:
    @paged
    async def wishes(
        self,
        page: Page,
        info: Info,
        scope: Below,
        state: InState = WishState.PUBLISHED,
    ) -> Connection[Wish]:
        """The wishes on the list of an area: what came back first, then the oldest."""

        return await page.of(
            WISHES,
            wishes.wishes_below,
            info.context.actor,
            scope,
            state,
            key=lambda held: (held.place,),
            node=Wish.of,
        )

    @paged
    async def my_wishes(
        self,
        page: Page,
        info: Info,
    ) -> Connection[Wish]:
        """Your own wishes, also those that your proxy told, the newest first."""

        return await page.of(
            MY_WISHES,
            wish_closings.wishes_of,
            info.context.actor,
            node=Wish.of,
        )


@strawberry.input
class CollectWishInput(Input):
    station: ID = strawberry.field(description="The station that looks after it.")
    kind: WishKind = strawberry.field(description="What is wished for.")
    words: str = strawberry.field(
        description="The wish in the resident's own words, at most 500 characters."
    )
    name: str = strawberry.field(description="The resident's name.")
    phone: str = strawberry.field(description="The resident's telephone.")
    consent: bool = strawberry.field(description="Whether the resident lets the station keep this.")
    address: str = strawberry.field(
        default="", description="Where the resident lives, if that matters."
    )
    fen: Fen = strawberry.field(default=Fen(0), description="What it may be worth, in kind.")
    may_publish: bool = strawberry.field(
        default=False, description="Whether it may be published without the name."
    )
    principal: str | None = strawberry.field(
        default=None, description="For a proxy: the volunteer number of whom you act for."
    )
    on_the_way: bool = strawberry.field(
        default=False, description="For staff: taken down in the grid, not at the counter."
    )


@strawberry.type
class CollectWishPayload(Payload):
    wish: Wish | None = strawberry.field(default=None, description="The wish, if you may see it.")
    link: str | None = strawberry.field(
        default=None, description="What the resident confirms with; hand it to nobody else."
    )
    code: str | None = strawberry.field(
        default=None, description="What the resident says at the counter; hand it to nobody else."
    )


_shown = anew(read_wishes)


@strawberry.type
class Mutation:
    @mutation(CollectWishPayload)
    async def collect_wish(self, info: Info, input: CollectWishInput) -> CollectWishPayload:
        """Tell a wish: yourself, with or without an account, or for a resident at your counter."""
        answer = await wishes.collect_wish(
            info.context.actor,
            station=input.station,
            kind=input.kind,
            words=input.words,
            name=input.name,
            phone=input.phone,
            consent=input.consent,
            address=input.address,
            fen=input.fen,
            may_publish=input.may_publish,
            principal=input.principal,
            on_the_way=input.on_the_way,
            sent_from=info.context.address,
            key=info.context.key(input),
        )
        return CollectWishPayload.of(
            answer,
            wish=await _shown(info, answer.wish),
            link=wish_closings.link_of(answer.wish),
            code=wish_closings.code_of_wish(answer.wish),
        )
