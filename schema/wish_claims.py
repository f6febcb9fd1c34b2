"""Claims on wishes on the wire: one's own, those of one's team or unit, and a secretary's."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import strawberry
from strawberry import ID

from schema.context import Context, Input, anew
from schema.divisions import Area, read_areas
from schema.enums import show_enum
from schema.fields import field
from schema.nodes import Node, answers_for
from schema.paging import Connection, Listing, Page, paged
from schema.refusal import Info, Payload, mutation
from schema.wishes import Wish, read_wishes
from timebank import wish_claims
from timebank.wish_life import ClaimantKind, WishReturnReason

WISH_CLAIMS = Listing("wishClaims", str)
Whose = Annotated[
    ID | None, strawberry.argument(description="A team or unit you act for; left out for yourself.")
]

show_enum(
    ClaimantKind,
    "Who grants a wish.",
    member="A member.",
    team="A team.",
    unit="A work unit.",
    volunteer="Another volunteer.",
)
show_enum(
    WishReturnReason,
    "Why a claimed wish is back on the list.",
    no_contact="Nobody contacted the resident in time.",
    not_fulfilled="It was not granted in time.",
    given_back="It was given back.",
)


async def read_members(context: Context, ids: Sequence[str]) -> dict[str, tuple[str, str | None]]:
    """Which members have wishes, for the loader."""
    return await wish_claims.claimants_of(context.actor, ids)


@strawberry.type(description="A claim on a wish: who has it to themselves.")
class WishClaim(Node):
    kind: ClaimantKind = strawberry.field(description="Who it is that has it.")
    claimed_at: datetime = strawberry.field(description="Since when.")
    fulfilled_at: datetime | None = strawberry.field(description="When it was granted, if it was.")
    ended: WishReturnReason | None = strawberry.field(description="Why it came to nothing.")
    of_wish: strawberry.Private[str]

    @field
    async def wish(self, info: Info) -> Wish | None:
        """The wish."""
        return await info.context.loaders.load(read_wishes, self.of_wish)

    @field
    async def number(self, info: Info) -> str | None:
        """The volunteer number of the person who has it, for them and the secretary."""
        told = await info.context.loaders.load(read_members, str(self.id))
        return told[0] if told else None

    @classmethod
    def of(cls, held: wish_claims.WishClaim) -> "WishClaim":
        """A claim as it is shown."""
        return cls(
            id=ID(held.id),
            kind=held.kind,
            claimed_at=held.claimed_at,
            fulfilled_at=held.fulfilled_at,
            ended=held.ended,
            of_wish=held.wish,
        )


async def read_wish_claims(context: Context, ids: Sequence[str]) -> dict[str, WishClaim]:
    """Claims, for the loader; whatever the asker may not see is missing."""
    seen = await wish_claims.visible_wish_claims(context.actor, ids)
    return {id: WishClaim.of(held) for id, held in seen.items()}


answers_for("wcl", read_wish_claims)


@strawberry.type
class Query:
    @field
    async def wish_volunteers(
        self,
        info: Info,
        community: Annotated[ID, strawberry.argument(description="The community, by code.")],
    ) -> bool:
        """Whether any volunteer may claim the wishes of a community, and not members alone."""
        return await wish_claims.volunteers_allowed(community)

    @paged
    async def wish_claims(
        self,
        page: Page,
        info: Info,
        claimant: Whose = None,
    ) -> Connection[WishClaim]:
        """The wishes you claimed, or those of a team or unit you act for, the newest first."""

        return await page.of(
            WISH_CLAIMS,
            wish_claims.wish_claims_of,
            info.context.actor,
            node=WishClaim.of,
            claimant=claimant,
        )


@strawberry.input
class AllowWishVolunteersInput(Input):
    community: ID = strawberry.field(description="The community, by code.")
    allowed: bool = strawberry.field(description="Whether they may.")


@strawberry.type
class AllowWishVolunteersPayload(Payload):
    community: Area | None = strawberry.field(default=None, description="The community.")


@strawberry.input
class ClaimWishInput(Input):
    wish: ID = strawberry.field(description="Which wish.")
    claimant: ID | None = strawberry.field(
        default=None, description="A team or unit; left out for yourself."
    )


@strawberry.type
class ClaimWishPayload(Payload):
    claim: WishClaim | None = strawberry.field(default=None, description="Your claim.")


_shown = anew(read_wish_claims)


@strawberry.type
class Mutation:
    @mutation(AllowWishVolunteersPayload)
    async def allow_wish_volunteers(
        self, info: Info, input: AllowWishVolunteersInput
    ) -> AllowWishVolunteersPayload:
        """Let any volunteer claim the wishes of your community, or no longer."""
        answer = await wish_claims.allow_volunteers(
            info.context.actor,
            community=input.community,
            allowed=input.allowed,
            key=info.context.key(input),
        )
        return AllowWishVolunteersPayload.of(
            answer, community=await info.context.loaders.load(read_areas, answer.community)
        )

    @mutation(ClaimWishPayload)
    async def claim_wish(self, info: Info, input: ClaimWishInput) -> ClaimWishPayload:
        """Have a wish to yourself, or to a team or unit you act for."""
        answer = await wish_claims.claim_wish(
            info.context.actor,
            wish=input.wish,
            claimant=input.claimant,
            key=info.context.key(input),
        )
        return ClaimWishPayload.of(answer, claim=await _shown(info, answer.claim))
