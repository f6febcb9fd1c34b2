"""Rights to draw on the wire: certified by the counter or the street."""

from datetime import date
from typing import Annotated

import strawberry
from strawberry import ID

from schema.context import Input
from schema.enums import show_enum
from schema.fields import field
from schema.refusal import Info, Payload, mutation
from timebank import drawing_rights
from timebank.drawing_rights import Ground

Whose = Annotated[ID, strawberry.argument(description="Whose right.")]

show_enum(
    Ground,
    "Why somebody may draw at any age.",
    disability="A disability that is certified.",
    hardship="A hardship that is certified.",
)


@strawberry.type(description="That somebody may order help below the age for it.")
class DrawingRight:
    until: date = strawberry.field(description="The last day on which it holds.")
    ground: Ground | None = strawberry.field(description="Why; null once that was erased.")


@strawberry.input
class CertifyDrawingInput(Input):
    person: ID = strawberry.field(description="Who may draw.")
    ground: Ground = strawberry.field(description="Why; it is kept apart from the ledger.")
    until: date = strawberry.field(description="The last day, by the papers.")


@strawberry.type
class CertifyDrawingPayload(Payload):
    right: DrawingRight | None = strawberry.field(default=None, description="The right.")


@strawberry.input
class EndDrawingInput(Input):
    person: ID = strawberry.field(description="Whose right ends.")


@strawberry.type
class EndDrawingPayload(Payload):
    pass


async def _right(info: Info, person: str) -> DrawingRight | None:
    held = await drawing_rights.right_of(info.context.actor, person)
    if held is None:
        return None
    right, why = held
    return DrawingRight(until=right.until, ground=why.ground if why else None)


@strawberry.type
class Query:
    @field
    async def drawing_right(self, info: Info, person: Whose) -> DrawingRight | None:
        """A person's certified right to draw: yours, or for the counter and the street."""
        return await _right(info, person)


@strawberry.type
class Mutation:
    @mutation(CertifyDrawingPayload)
    async def certify_drawing(
        self, info: Info, input: CertifyDrawingInput
    ) -> CertifyDrawingPayload:
        """Certify that somebody of your station or street may draw at any age."""
        answer = await drawing_rights.certify_drawing(
            info.context.actor,
            person=input.person,
            ground=input.ground,
            until=input.until,
            key=info.context.key(input),
        )
        return CertifyDrawingPayload.of(answer, right=await _right(info, answer.person))

    @mutation(EndDrawingPayload)
    async def end_drawing(self, info: Info, input: EndDrawingInput) -> EndDrawingPayload:
        """End what was certified of somebody of your station or street."""
        answer = await drawing_rights.end_drawing(
            info.context.actor, person=input.person, key=info.context.key(input)
        )
        return EndDrawingPayload.of(answer)
