"""Corrections on the wire: one's own telephone, and what the officer puts right."""

from datetime import date

import strawberry
from strawberry import ID

from schema.context import Input, anew
from schema.people import Person, read_people
from schema.refusal import Info, Payload, mutation
from timebank import corrections
from timebank.identity import DocumentType


@strawberry.input
class ChangePhoneInput(Input):
    phone: str = strawberry.field(description="The new telephone.")


@strawberry.type
class ChangePhonePayload(Payload):
    person: Person | None = strawberry.field(default=None, description="You.")


@strawberry.input
class CorrectPersonInput(Input):
    request: ID = strawberry.field(description="The request for correction.")
    name: str | None = strawberry.field(default=None, description="The name as in the document.")
    phone: str | None = strawberry.field(default=None, description="The telephone.")
    document: DocumentType | None = strawberry.field(
        default=None, description="Which document it is."
    )
    document_number: str | None = strawberry.field(default=None, description="Its number.")
    birth: date | None = strawberry.field(
        default=None, description="The birth date, where the number does not tell it."
    )


@strawberry.type
class CorrectPersonPayload(Payload):
    person: Person | None = strawberry.field(default=None, description="Who, if you may see them.")


_shown = anew(read_people)


@strawberry.type
class Mutation:
    @mutation(ChangePhonePayload)
    async def change_phone(self, info: Info, input: ChangePhoneInput) -> ChangePhonePayload:
        """Change your own telephone."""
        answer = await corrections.change_phone(
            info.context.actor, phone=input.phone, key=info.context.key(input)
        )
        return ChangePhonePayload.of(answer, person=await _shown(info, answer.person))

    @mutation(CorrectPersonPayload)
    async def correct_person(self, info: Info, input: CorrectPersonInput) -> CorrectPersonPayload:
        """Put right, as the data protection officer, what somebody asked to be put right."""
        answer = await corrections.correct_person(
            info.context.actor,
            request=input.request,
            name=input.name,
            phone=input.phone,
            document=input.document,
            document_number=input.document_number,
            birth=input.birth,
            key=info.context.key(input),
        )
        return CorrectPersonPayload.of(answer, person=await _shown(info, answer.person))
