"""Proxies on the wire: named by the principal or at the counter, ended by either."""

from collections.abc import Sequence
from datetime import datetime

import strawberry
from strawberry import ID

from schema.context import Context, Input, anew
from schema.enums import show_enum
from schema.nodes import Node, answers_for
from schema.paging import Connection, Listing, Page, paged
from schema.people import AtCounter
from schema.refusal import Info, Payload, mutation
from timebank import proxies
from timebank.proxies import MandateState

MANDATES = Listing("mandates", str)

show_enum(
    MandateState,
    "The life of a mandate.",
    standing="The proxy may act.",
    ended="Ended by one of the two.",
)


@strawberry.type(description="That one person may act for another.")
class Mandate(Node):
    principal_number: str = strawberry.field(description="Whose it is, by volunteer number.")
    proxy_number: str = strawberry.field(description="Who acts, by volunteer number.")
    given_by_you: bool = strawberry.field(description="Whether they act for you.")
    state: MandateState = strawberry.field(description="Whether it stands.")
    since: datetime = strawberry.field(description="Since when it is so.")

    @classmethod
    def of(cls, held: proxies.Mandate, asker: str | None) -> "Mandate":
        """A mandate as `asker` sees it."""
        return cls(
            id=ID(held.id),
            principal_number=held.principal_number,
            proxy_number=held.proxy_number,
            given_by_you=asker == held.principal,
            state=held.state,
            since=held.since,
        )


async def read_mandates(context: Context, ids: Sequence[str]) -> dict[str, Mandate]:
    """Mandates, for the loader; whatever the asker may not see is missing."""
    seen = await proxies.visible_mandates(context.actor, ids)
    return {id: Mandate.of(held, context.actor.person) for id, held in seen.items()}


answers_for("man", read_mandates)


@strawberry.type
class Query:
    @paged
    async def mandates(
        self,
        page: Page,
        info: Info,
        person: AtCounter = None,
    ) -> Connection[Mandate]:
        """Who acts for you, and for whom you act, and what was; the newest first.

        At the counter: who acts for somebody who stands there.
        """
        actor = info.context.actor
        whose = person or actor.person
        return await page.of(
            MANDATES,
            proxies.mandates_of,
            actor,
            person,
            node=lambda held: Mandate.of(held, whose),
        )


@strawberry.input
class NameProxyInput(Input):
    number: str = strawberry.field(description="The volunteer number of who is to act for you.")


@strawberry.type
class NameProxyPayload(Payload):
    mandate: Mandate | None = strawberry.field(default=None, description="What you gave.")


@strawberry.input
class RegisterProxyInput(Input):
    principal: str = strawberry.field(description="The volunteer number of your volunteer.")
    proxy: str = strawberry.field(description="The volunteer number of who is to act.")


@strawberry.type
class RegisterProxyPayload(Payload):
    mandate: Mandate | None = strawberry.field(default=None, description="What was given.")


@strawberry.input
class EndProxyInput(Input):
    mandate: ID = strawberry.field(description="Which mandate.")


@strawberry.type
class EndProxyPayload(Payload):
    mandate: Mandate | None = strawberry.field(default=None, description="What ended.")


_shown = anew(read_mandates)


@strawberry.type
class Mutation:
    @mutation(NameProxyPayload)
    async def name_proxy(self, info: Info, input: NameProxyInput) -> NameProxyPayload:
        """Let somebody act for you, until one of you ends it."""
        answer = await proxies.name_proxy(
            info.context.actor, number=input.number, key=info.context.key(input)
        )
        return NameProxyPayload.of(answer, mandate=await _shown(info, answer.mandate))

    @mutation(RegisterProxyPayload)
    async def register_proxy(self, info: Info, input: RegisterProxyInput) -> RegisterProxyPayload:
        """Register at your counter, both being there, who acts for somebody."""
        answer = await proxies.register_proxy(
            info.context.actor,
            principal=input.principal,
            proxy=input.proxy,
            key=info.context.key(input),
        )
        return RegisterProxyPayload.of(answer, mandate=await _shown(info, answer.mandate))

    @mutation(EndProxyPayload)
    async def end_proxy(self, info: Info, input: EndProxyInput) -> EndProxyPayload:
        """End a mandate: one of yours, or for somebody at your counter."""
        answer = await proxies.end_proxy(
            info.context.actor, mandate=input.mandate, key=info.context.key(input)
        )
        return EndProxyPayload.of(answer, mandate=await _shown(info, answer.mandate))
