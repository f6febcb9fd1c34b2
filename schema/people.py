"""People on the wire: registration, who they are, as far as the asker may see them."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated

import strawberry
from strawberry import ID

from schema.context import Context, Input, anew
from schema.enums import show_enum
from schema.fields import field
from schema.nodes import Node, answers_for
from schema.places import Station, read_stations
from schema.refusal import Info, Payload, mutation
from timebank import directory, merges, people
from timebank.identity import DocumentType
from timebank.looks import Looked
from timebank.person_life import PersonState, SuspensionReason
from timebank.restrictions import restricted_among

show_enum(
    DocumentType,
    "What proves who somebody is.",
    resident_id="The resident identity card (GB 11643).",
    passport="A passport.",
    hong_kong_macao="The travel permit of residents of Hong Kong and Macao.",
    taiwan="The travel permit of residents of Taiwan.",
    foreign_residence="The permanent residence card of foreigners.",
)
show_enum(
    PersonState,
    "The life of a person's account.",
    active="The person may serve.",
    suspended="The person may not serve for now.",
    closed="The person closed their account.",
    deceased="The person died; the account is frozen.",
    erasing="The person asked to be erased; nobody reads their data meanwhile.",
    erased="What identified the person is destroyed.",
    merging="The person may be registered twice; the account rests until it is decided.",
    merged="The person has another number, which has everything now.",
)
show_enum(
    SuspensionReason,
    "Why somebody may not serve for now.",
    false_hours="Hours turned out to be false.",
    conduct="Conduct towards those served.",
    own_wish="The person wishes so.",
)


AtCounter = Annotated[
    ID | None, strawberry.argument(description="At the counter: whose; left out for yourself.")
]


async def read_told(
    context: Context, asked: Sequence[directory.Reading]
) -> dict[directory.Reading, str]:
    """Names and telephones, for the loader."""
    return await directory.told_of(context.actor, asked)


async def read_restricted(context: Context, ids: Sequence[str]) -> dict[str, datetime]:
    """Since when people's data are not used, for the loader."""
    return await restricted_among(list(ids))


async def read_former_numbers(context: Context, ids: Sequence[str]) -> dict[str, list[str]]:
    """The numbers that went into people's, for the loader."""
    return await merges.former_numbers(list(ids))


@strawberry.type(description="A registered person: yourself, a ward, or somebody in your scope.")
class Person(Node):
    number: str = strawberry.field(description="The public volunteer number.")
    state: PersonState = strawberry.field(description="Whether the person may serve.")
    refers: strawberry.Private[tuple[str | None, str | None]]

    @field
    async def name(self, info: Info) -> str | None:
        """The name as in the document; null once it was erased."""
        return await info.context.loaders.load(read_told, (str(self.id), Looked.NAME))

    @field
    async def phone(self, info: Info) -> str | None:
        """The telephone; null once it was erased."""
        return await info.context.loaders.load(read_told, (str(self.id), Looked.PHONE))

    @field
    async def restricted_since(self, info: Info) -> datetime | None:
        """Since when staff read neither name nor telephone, because the person wants it so."""
        return await info.context.loaders.load(read_restricted, str(self.id))

    @field
    async def former_numbers(self, info: Info) -> list[str]:
        """Numbers of the same person that went into this one; they still find them."""
        return await info.context.loaders.load(read_former_numbers, str(self.id)) or []

    @field
    async def home(self, info: Info) -> Station | None:
        """The station that looks after the person; officers may have none."""
        home = self.refers[0]
        return await info.context.loaders.load(read_stations, home) if home else None

    @field
    async def guardian(self, info: Info) -> "Person | None":
        """The guardian who registered a minor, if you may see them."""
        guardian = self.refers[1]
        return await info.context.loaders.load(read_people, guardian) if guardian else None

    @classmethod
    def of(cls, held: people.Person) -> "Person":
        """A person as they are shown."""
        return cls(
            id=ID(held.id),
            number=held.number,
            state=held.state,
            refers=(held.home, held.guardian),
        )


async def read_people(context: Context, ids: Sequence[str]) -> dict[str, Person]:
    """People, for the loader; whoever is out of sight is missing."""
    seen = await directory.visible_people(context.actor, list(ids))
    return {id: Person.of(held) for id, held in seen.items()}


answers_for("per", read_people)


@strawberry.type
class Query:
    @field
    async def me(self, info: Info) -> Person | None:
        """You; null where nobody is signed in."""
        own = info.context.actor.person
        return await info.context.loaders.load(read_people, own) if own else None

    @field
    async def person(
        self,
        info: Info,
        number: Annotated[str, strawberry.argument(description="The volunteer number.")],
    ) -> Person | None:
        """Somebody by volunteer number, if you may see them."""
        held = await directory.find_person(info.context.actor, number=number)
        return Person.of(held) if held else None

    @field
    async def person_by_document(
        self,
        info: Info,
        document: Annotated[DocumentType, strawberry.argument(description="Which document.")],
        document_number: Annotated[str, strawberry.argument(description="Its number.")],
    ) -> Person | None:
        """Somebody by their document, at the counter; send it by POST, never in an address."""
        held = await directory.find_by_document(
            info.context.actor, document=document, document_number=document_number
        )
        return Person.of(held) if held else None

    @field
    async def people_by_phone(
        self,
        info: Info,
        phone: Annotated[str, strawberry.argument(description="The telephone number.")],
    ) -> list[Person]:
        """Those with a telephone number, at the counter; send it by POST."""
        found = await directory.find_by_phone(info.context.actor, phone=phone)
        return [Person.of(held) for held in found]

    @field
    async def people_by_name(
        self,
        info: Info,
        station: Annotated[ID, strawberry.argument(description="Their home station, in scope.")],
        name: Annotated[
            str,
            strawberry.argument(description="In characters, in pinyin, or its first letters."),
        ],
    ) -> list[Person]:
        """Those of a station with a name, at the counter; send it by POST."""
        found = await directory.find_by_name(info.context.actor, station=station, name=name)
        return [Person.of(held) for held in found]


@strawberry.input
class RegisterPersonInput(Input):
    name: str = strawberry.field(description="The name as in the document.")
    document: DocumentType = strawberry.field(description="Which document proves it.")
    document_number: str = strawberry.field(description="The document's number.")
    phone: str = strawberry.field(description="A telephone, 11 digits or area code and number.")
    home: ID = strawberry.field(description="The station that is to look after the person.")
    consent: bool = strawberry.field(description="Whether the person, or the guardian, consents.")
    birth: date | None = strawberry.field(
        default=None, description="The birth date, where the document does not tell it."
    )
    guardian: ID | None = strawberry.field(default=None, description="A minor's guardian.")


@strawberry.type
class RegisterPersonPayload(Payload):
    number: str | None = strawberry.field(default=None, description="The new volunteer number.")
    person: Person | None = strawberry.field(
        default=None, description="Who was registered, if you may see them."
    )


@strawberry.input
class SuspendPersonInput(Input):
    person: ID = strawberry.field(description="Who may not serve for now.")
    reason: SuspensionReason = strawberry.field(description="Why.")


@strawberry.type
class SuspendPersonPayload(Payload):
    person: Person | None = strawberry.field(default=None, description="Who was suspended.")


@strawberry.input
class ReinstatePersonInput(Input):
    person: ID = strawberry.field(description="Who may serve again.")


@strawberry.type
class ReinstatePersonPayload(Payload):
    person: Person | None = strawberry.field(default=None, description="Who was reinstated.")


_shown = anew(read_people)


@strawberry.type
class Mutation:
    @mutation(RegisterPersonPayload)
    async def register_person(
        self, info: Info, input: RegisterPersonInput
    ) -> RegisterPersonPayload:
        """Register yourself, a ward, or somebody at your counter, with consent."""
        answer = await people.register_person(
            info.context.actor,
            name=input.name,
            document=input.document,
            document_number=input.document_number,
            phone=input.phone,
            home=input.home,
            consent=input.consent,
            birth=input.birth,
            guardian=input.guardian,
            key=info.context.key(input),
        )
        person = await _shown(info, answer.person)
        return RegisterPersonPayload.of(answer, number=answer.number, person=person)

    @mutation(SuspendPersonPayload)
    async def suspend_person(self, info: Info, input: SuspendPersonInput) -> SuspendPersonPayload:
        """Keep somebody in your district from serving for now."""
        answer = await people.suspend_person(
            info.context.actor,
            person=input.person,
            reason=input.reason,
            key=info.context.key(input),
        )
        return SuspendPersonPayload.of(answer, person=await _shown(info, answer.person))

    @mutation(ReinstatePersonPayload)
    async def reinstate_person(
        self, info: Info, input: ReinstatePersonInput
    ) -> ReinstatePersonPayload:
        """Let a suspended person serve again."""
        answer = await people.reinstate_person(
            info.context.actor, person=input.person, key=info.context.key(input)
        )
        return ReinstatePersonPayload.of(answer, person=await _shown(info, answer.person))
