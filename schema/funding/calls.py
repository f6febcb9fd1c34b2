"""Calls on the wire: for everybody once they are open, written by the city's fund officer."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated

import strawberry
from strawberry import ID

from schema.context import Context, Input
from schema.divisions import Area, read_areas
from schema.enums import show_enum
from schema.fields import field
from schema.funding.sources import FundSource, read_sources
from schema.nodes import Node, answers_for
from schema.paging import Connection, Listing, Page, paged
from schema.refusal import Info, Payload, mutation
from schema.scalars import Fen
from schema.texts import texts
from timebank.funding import calls
from timebank.funding.calls import CallState
from timebank.funding.purposes import FundPurpose

CALLS = Listing("calls", str)
InState = Annotated[CallState, strawberry.argument(description="Open ones by default.")]

show_enum(
    CallState,
    "The life of a call.",
    draft="Written.",
    open="Organisations may apply.",
    closed="Organisations may not apply any more.",
)


@strawberry.type(description="Who may apply for public money, for what, and until when.")
class Call(Node):
    purpose: FundPurpose = strawberry.field(description="What for.")
    most_fen: Fen = strawberry.field(description="The most that one application may ask for.")
    until: date = strawberry.field(description="The last day to apply.")
    state: CallState = strawberry.field(description="How far it is.")
    row: strawberry.Private[calls.Call]

    @field
    async def title(self, info: Info) -> str:
        """What it is called."""
        return await info.context.loaders.load(texts("name"), str(self.id)) or ""

    @field
    async def text(self, info: Info) -> str | None:
        """What it asks for."""
        return await info.context.loaders.load(texts("text"), str(self.id))

    @field
    async def source(self, info: Info) -> FundSource | None:
        """Whose money it is."""
        return await info.context.loaders.load(read_sources, self.row.source)

    @field
    async def unit(self, info: Info) -> Area | None:
        """Whose allotment it draws on."""
        return await info.context.loaders.load(read_areas, self.row.unit)

    @classmethod
    def of(cls, held: calls.Call) -> "Call":
        """A call as it is shown."""
        return cls(
            id=ID(held.id),
            purpose=held.purpose,
            most_fen=Fen(held.most_fen),
            until=held.until,
            state=held.state,
            row=held,
        )


async def read_calls(context: Context, ids: Sequence[str]) -> dict[str, Call]:
    """Calls, for the loader; drafts are missing to everybody but who writes them."""
    seen = await calls.visible_calls(context.actor, ids)
    return {id: Call.of(held) for id, held in seen.items()}


answers_for("cal", read_calls)


async def _shown(info: Info, answer: calls.Called) -> Call | None:
    return (await read_calls(info.context, [answer.call])).get(answer.call)


@strawberry.type
class Query:
    @paged
    async def calls(
        self, page: Page, info: Info, state: InState = CallState.OPEN
    ) -> Connection[Call]:
        """Calls for applications, the oldest first."""
        return await page.of(CALLS, calls.calls_in, info.context.actor, state, node=Call.of)


@strawberry.input
class DraftCallInput(Input):
    source: ID = strawberry.field(description="Whose money it is.")
    unit: ID = strawberry.field(description="The area whose allotment it draws on, by code.")
    purpose: FundPurpose = strawberry.field(description="What for.")
    most_fen: Fen = strawberry.field(description="The most that one application may ask for.")
    until: date = strawberry.field(description="The last day to apply.")
    title: str = strawberry.field(description="What it is called, at most 80 characters.")
    text: str = strawberry.field(description="What it asks for, at most 2,000 characters.")


@strawberry.type
class DraftCallPayload(Payload):
    call: Call | None = strawberry.field(default=None, description="What was moved on.")


@strawberry.input
class OpenCallInput(Input):
    call: ID = strawberry.field(description="Which call.")


@strawberry.type
class OpenCallPayload(Payload):
    call: Call | None = strawberry.field(default=None, description="What was moved on.")


@strawberry.input
class CloseCallInput(Input):
    call: ID = strawberry.field(description="Which call.")


@strawberry.type
class CloseCallPayload(Payload):
    call: Call | None = strawberry.field(default=None, description="What was moved on.")


@strawberry.type
class Mutation:
    @mutation(DraftCallPayload)
    async def draft_call(self, info: Info, input: DraftCallInput) -> DraftCallPayload:
        """Write a call for applications."""
        answer = await calls.draft_call(
            info.context.actor,
            source=str(input.source),
            unit=str(input.unit),
            purpose=input.purpose,
            most_fen=input.most_fen,
            until=input.until,
            title=input.title,
            text=input.text,
            key=info.context.key(input),
        )
        return DraftCallPayload.of(answer, call=await _shown(info, answer))

    @mutation(OpenCallPayload)
    async def open_call(self, info: Info, input: OpenCallInput) -> OpenCallPayload:
        """Let organisations apply."""
        answer = await calls.open_call(
            info.context.actor,
            call=str(input.call),
            key=info.context.key(input),
        )
        return OpenCallPayload.of(answer, call=await _shown(info, answer))

    @mutation(CloseCallPayload)
    async def close_call(self, info: Info, input: CloseCallInput) -> CloseCallPayload:
        """Let nobody apply any more."""
        answer = await calls.close_call(
            info.context.actor,
            call=str(input.call),
            key=info.context.key(input),
        )
        return CloseCallPayload.of(answer, call=await _shown(info, answer))
