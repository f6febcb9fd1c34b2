"""Orders for help on the wire: one's own, and those of a station or street."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import strawberry
from strawberry import ID

from schema.context import Context, anew
from schema.enums import show_enum
from schema.fields import field
from schema.help_parties import HelpParty, read_parties
from schema.nodes import Node, answers_for
from schema.paging import Connection, Listing, Page, paged
from schema.places import Station, read_stations
from schema.refusal import Info
from timebank import help_orders
from timebank.help_life import Escalation, HelpKind, HelpState

ORDERS = Listing("helpOrders", str)
AT_DESK = Listing("helpAt", str)

Principal = Annotated[
    str | None,
    strawberry.argument(description="For a proxy: the volunteer number of whom you act for."),
]
Scope = Annotated[str, strawberry.argument(description="A path in your scope.")]
InState = Annotated[HelpState, strawberry.argument(description="Which of them.")]

show_enum(
    HelpState,
    "The life of an order for help.",
    requested="Asked for.",
    reserved="Its minutes are held; it waits for a helper.",
    escalated="Nobody has taken it for days; the station or the street looks for a helper.",
    matched="A helper has taken it.",
    in_service="The helper has checked in.",
    delivered="The helper has reported it; whoever was served confirms it.",
    disputed="Not confirmed; a third hand decides.",
    settled="Confirmed, and its helper is paid.",
    partial="Decided: some of the reported minutes are paid.",
    released="Decided: nothing is paid, or what was paid was taken back.",
    cancelled="Cancelled, or nothing came of it; what was held went back.",
    no_show="The helper did not come; what was held went back.",
)
show_enum(
    Escalation,
    "Who is to look for a helper.",
    station="The station.",
    street="The street.",
)
show_enum(
    HelpKind,
    "What help is asked for.",
    company="Company, a talk, a walk.",
    errands="Shopping and errands.",
    escort="Going along, as to a hospital.",
    meals="Cooking, or bringing meals.",
    cleaning="Cleaning and laundry.",
    repairs="Small repairs.",
    devices="Telephones and other devices.",
    learning="Reading and lessons.",
    other="Something else; the words say it.",
)


@strawberry.type(description="An order for help, seen by those it concerns.")
class HelpOrder(Node):
    kind: HelpKind = strawberry.field(description="What help.")
    state: HelpState = strawberry.field(description="How far it is.")
    starts: datetime = strawberry.field(description="When the help is to begin.")
    minutes: int = strawberry.field(description="How many minutes are ordered and held.")
    granted_minutes: int = strawberry.field(description="Those of them that a public pool granted.")
    at_home: bool = strawberry.field(description="Whether the helper is alone with them, at home.")
    served_minutes: int = strawberry.field(description="The minutes reported, 0 before that.")
    paid_minutes: int = strawberry.field(description="The minutes the helper was paid.")
    requested_at: datetime = strawberry.field(description="When it was asked for.")
    confirm_by: datetime | None = strawberry.field(
        description="Until when whoever was served may answer; null while no such time runs."
    )
    escalated_to: Escalation | None = strawberry.field(
        description="Who looks for a helper; null while helpers may come by themselves."
    )
    row: strawberry.Private[help_orders.HelpOrder]

    @field
    async def words(self, info: Info) -> str | None:
        """What is needed and where, in words."""
        return await info.context.loaders.load(read_words, self.row)

    @field
    async def station(self, info: Info) -> Station | None:
        """The station of whoever is served."""
        return await info.context.loaders.load(read_stations, self.row.station)

    @field
    async def payer(self, info: Info) -> HelpParty | None:
        """Whose minutes are held."""
        return await info.context.loaders.load(read_parties, (self.row, self.row.payer))

    @field
    async def served(self, info: Info) -> HelpParty | None:
        """Who is helped."""
        return await info.context.loaders.load(read_parties, (self.row, self.row.served))

    @field
    async def helper(self, info: Info) -> HelpParty | None:
        """Who helps, once somebody does."""
        who = self.row.helper
        return await info.context.loaders.load(read_parties, (self.row, who)) if who else None

    @classmethod
    def of(cls, held: help_orders.HelpOrder) -> "HelpOrder":
        """An order as it is shown."""
        return cls(
            id=ID(held.id),
            kind=held.kind,
            state=held.state,
            starts=held.starts,
            minutes=held.minutes,
            granted_minutes=held.granted,
            at_home=held.at_home,
            served_minutes=held.served_minutes,
            paid_minutes=held.paid_minutes,
            requested_at=held.requested_at,
            confirm_by=held.confirm_by,
            escalated_to=held.level,
            row=held,
        )


async def read_words(
    context: Context, orders: Sequence[help_orders.HelpOrder]
) -> dict[help_orders.HelpOrder, str]:
    """What orders say in words, for the loader."""
    told = await help_orders.words_of(context.actor, orders)
    return {order: told[order.id] for order in orders if order.id in told}


async def read_help(context: Context, ids: Sequence[str]) -> dict[str, HelpOrder]:
    """Orders, for the loader; whatever the asker may not see is missing."""
    seen = await help_orders.visible_help(context.actor, ids)
    return {id: HelpOrder.of(held) for id, held in seen.items()}


show_help = anew(read_help)
"""The order that a mutation was about, as far as the asker may see it now."""


answers_for("hlp", read_help)


@strawberry.type
class Query:
    @paged
    async def help_orders(
        self,
        page: Page,
        info: Info,
        principal: Principal = None,
    ) -> Connection[HelpOrder]:
        """Orders you pay, are served by or help with, or a person you act for; newest first."""
        return await page.of(
            ORDERS, help_orders.help_of, info.context.actor, principal=principal, node=HelpOrder.of
        )

    @paged
    async def help_at(
        self,
        page: Page,
        info: Info,
        scope: Scope,
        state: InState,
    ) -> Connection[HelpOrder]:
        """For staff: the orders of your station or street in a state, the oldest first."""
        return await page.of(
            AT_DESK, help_orders.help_at, info.context.actor, scope, state, node=HelpOrder.of
        )
