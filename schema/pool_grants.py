"""Pool grants on the wire: made by the city lead for a whole area, seen by whom they help."""

from collections.abc import Sequence
from datetime import date

import strawberry
from strawberry import ID

from schema.context import Context, Input
from schema.enums import show_enum
from schema.fields import field
from schema.nodes import Node, answers_for
from schema.paging import Connection, Listing, Page, paged
from schema.refusal import Detail, Info, Payload, mutation
from schema.scalars import Long
from timebank import pool_grants
from timebank.pool_grants import GrantState

GRANTS = Listing("poolGrants", str)

show_enum(
    GrantState,
    "The life of a grant from a pool.",
    granted="It can be used.",
    closed="The month is over; what was left returned.",
)


@strawberry.type(description="Minutes of help for a month, from a public pool.")
class PoolGrant(Node):
    area: str = strawberry.field(description="The code of the area whose pool grants it.")
    month: date = strawberry.field(description="The first day of its month.")
    minutes: int = strawberry.field(description="How many were granted.")
    state: GrantState = strawberry.field(description="Whether it runs.")

    @classmethod
    def of(cls, held: pool_grants.PoolGrant) -> "PoolGrant":
        """A grant as it is shown."""
        return cls(
            id=ID(held.id),
            area=held.area,
            month=held.month,
            minutes=held.minutes,
            state=held.state,
        )

    @field
    async def left_minutes(self) -> Long:
        """What can be used of it now."""
        return Long(await pool_grants.left_of(str(self.id)))


async def read_grants(context: Context, ids: Sequence[str]) -> dict[str, PoolGrant]:
    """Grants, for the loader; whatever the asker may not see is missing."""
    seen = await pool_grants.visible_grants(context.actor, ids)
    return {id: PoolGrant.of(held) for id, held in seen.items()}


answers_for("pgr", read_grants)


@strawberry.type
class Query:
    @paged
    async def pool_grants(
        self,
        page: Page,
        info: Info,
    ) -> Connection[PoolGrant]:
        """What the public pools granted you, the newest first."""
        return await page.of(GRANTS, pool_grants.grants_of, info.context.actor, node=PoolGrant.of)


@strawberry.input
class GrantFromPoolInput(Input):
    area: ID = strawberry.field(description="The code of the district, or of the city.")


@strawberry.type
class GrantFromPoolPayload(Payload):
    people: int | None = strawberry.field(default=None, description="To how many people.")
    granted_minutes: Long | None = strawberry.field(
        default=None, description="How many minutes altogether."
    )
    left_out: list[Detail] = strawberry.field(
        default_factory=list, description="How many got none, by the code of the refusal."
    )


@strawberry.type
class Mutation:
    @mutation(GrantFromPoolPayload)
    async def grant_from_pool(self, info: Info, input: GrantFromPoolInput) -> GrantFromPoolPayload:
        """Grant this month's minutes to up to 500 elders of an area who live alone."""
        answer = await pool_grants.grant_from_pool(
            info.context.actor, area=input.area, key=info.context.key(input)
        )
        return GrantFromPoolPayload.of(
            answer,
            people=answer.people,
            granted_minutes=Long(answer.minutes),
            left_out=[Detail(name=code, value=str(many)) for code, many in answer.left_out.items()],
        )
