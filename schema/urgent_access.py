"""Urgent access on the wire: asked for by one officer, opened by another, read by auditors."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import strawberry
from strawberry import ID

from schema.context import Context, Input, anew
from schema.enums import show_enum
from schema.fields import field
from schema.looks import Look, read_numbers
from schema.nodes import Node, answers_for
from schema.paging import Connection, Listing, Page, paged
from schema.refusal import Info, Payload, mutation
from schema.texts import texts
from timebank import urgent_access
from timebank.texts import read_texts
from timebank.urgent_access import UrgentGround, UrgentState

show_enum(
    UrgentGround,
    "Why somebody has to be reached at once.",
    life_in_danger="A life is in danger.",
    missing_person="Somebody is missing.",
    disaster="A disaster: everybody there has to be warned or counted.",
    authority="A court or an authority demands it by law.",
)
show_enum(
    UrgentState,
    "The life of an urgent access.",
    running="Names and telephones may be read.",
    ended="It is over.",
)

ACCESSES = Listing("urgentAccesses", str)
UNDER = Listing("urgentAccess.looks", str)
Scope = Annotated[str, strawberry.argument(description="A path in your scope.")]


@strawberry.type(description="What an officer asks for, and another has to open.")
class UrgentRequest:
    id: ID = strawberry.field(description="Opaque; the access will have the same.")
    scope: str = strawberry.field(description="Over what.")
    ground: UrgentGround = strawberry.field(description="Why.")
    hours: int = strawberry.field(description="For how long, from its opening.")
    asked_at: datetime = strawberry.field(description="When it was asked for.")
    words: str = strawberry.field(description="Who is to be reached and why.")
    officer: strawberry.Private[str]

    @field
    async def by(self, info: Info) -> str | None:
        """The volunteer number of who asks."""
        return await info.context.loaders.load(read_numbers, self.officer)


@strawberry.type(description="An officer's right to names and telephones, for hours.")
class UrgentAccess(Node):
    scope: str = strawberry.field(description="Over what.")
    ground: UrgentGround = strawberry.field(description="Why.")
    state: UrgentState = strawberry.field(description="Whether it is open.")
    opened_at: datetime = strawberry.field(description="Since when.")
    until: datetime = strawberry.field(description="When it ends by itself.")
    people: int | None = strawberry.field(
        description="Of how many people something was read; null until it is over."
    )
    hands: strawberry.Private[tuple[str, str]]

    @field
    async def by(self, info: Info) -> str | None:
        """The volunteer number of who asked for it."""
        return await info.context.loaders.load(read_numbers, self.hands[0])

    @field
    async def opened_by(self, info: Info) -> str | None:
        """The volunteer number of who opened it."""
        return await info.context.loaders.load(read_numbers, self.hands[1])

    @field
    async def words(self, info: Info) -> str | None:
        """Who was to be reached and why, in the officer's words."""
        return await info.context.loaders.load(texts("words"), str(self.id))

    @paged
    async def looks(self, page: Page, info: Info) -> Connection[Look]:
        """What was read under it, the newest day first; kept for a year."""
        return await page.of(
            UNDER, urgent_access.looks_under, info.context.actor, str(self.id), node=Look.of
        )

    @classmethod
    def of(cls, held: urgent_access.UrgentAccess) -> "UrgentAccess":
        """An access as it is shown."""
        return cls(
            id=ID(held.id),
            scope=held.path,
            ground=held.ground,
            state=held.state,
            opened_at=held.opened_at,
            until=held.until,
            people=held.people,
            hands=(held.officer, held.opener),
        )


async def read_accesses(context: Context, ids: Sequence[str]) -> dict[str, UrgentAccess]:
    """Accesses, for the loader; whatever the asker may not see is missing."""
    seen = await urgent_access.visible_accesses(context.actor, ids)
    return {id: UrgentAccess.of(held) for id, held in seen.items()}


answers_for("urg", read_accesses)


@strawberry.type
class Query:
    @field
    async def urgent_requests(self, info: Info, scope: Scope) -> list[UrgentRequest]:
        """What waits to be opened below a path, oldest first, for whoever may open it."""
        held = await urgent_access.urgent_requests(info.context.actor, scope)
        words = await read_texts([one.id for one in held], "words")
        return [
            UrgentRequest(
                id=ID(one.id),
                scope=one.path,
                ground=one.ground,
                hours=one.hours,
                asked_at=one.asked_at,
                words=words.get(one.id, ""),
                officer=one.officer,
            )
            for one in held
        ]

    @paged
    async def urgent_accesses(
        self, page: Page, info: Info, scope: Scope
    ) -> Connection[UrgentAccess]:
        """Accesses below a path, the newest first: yours, and all of them for the auditor."""
        return await page.of(
            ACCESSES,
            urgent_access.urgent_accesses,
            info.context.actor,
            scope,
            node=UrgentAccess.of,
        )


@strawberry.input
class AskUrgentAccessInput(Input):
    scope: str = strawberry.field(description="The path of an area in your scope.")
    ground: UrgentGround = strawberry.field(description="Why.")
    words: str = strawberry.field(
        description="Who is to be reached and why, at most 2,000 characters."
    )
    hours: int = strawberry.field(description="For how long: 1 to 24.")


@strawberry.type
class AskUrgentAccessPayload(Payload):
    request: ID | None = strawberry.field(default=None, description="What the second person names.")


@strawberry.input
class DropUrgentRequestInput(Input):
    request: ID = strawberry.field(description="What is asked for.")


@strawberry.type
class DropUrgentRequestPayload(Payload):
    request: ID | None = strawberry.field(default=None, description="What was let go.")


@strawberry.input
class OpenUrgentAccessInput(Input):
    request: ID = strawberry.field(description="What another officer asks for.")


@strawberry.type
class OpenUrgentAccessPayload(Payload):
    access: UrgentAccess | None = strawberry.field(default=None, description="What is open now.")


@strawberry.input
class EndUrgentAccessInput(Input):
    access: ID = strawberry.field(description="What is not needed any more.")


@strawberry.type
class EndUrgentAccessPayload(Payload):
    access: UrgentAccess | None = strawberry.field(default=None, description="What is over.")


_shown = anew(read_accesses)


@strawberry.type
class Mutation:
    @mutation(AskUrgentAccessPayload)
    async def ask_urgent_access(
        self, info: Info, input: AskUrgentAccessInput
    ) -> AskUrgentAccessPayload:
        """Ask to reach people of an area for some hours; the data protection officer opens it."""
        answer = await urgent_access.ask_urgent_access(
            info.context.actor,
            scope=input.scope,
            ground=input.ground,
            words=input.words,
            hours=input.hours,
            key=info.context.key(input),
        )
        return AskUrgentAccessPayload.of(answer, request=ID(answer.request))

    @mutation(DropUrgentRequestPayload)
    async def drop_urgent_request(
        self, info: Info, input: DropUrgentRequestInput
    ) -> DropUrgentRequestPayload:
        """Let a request go: your own, or one that you do not open."""
        answer = await urgent_access.drop_urgent_request(
            info.context.actor, request=str(input.request), key=info.context.key(input)
        )
        return DropUrgentRequestPayload.of(answer, request=ID(answer.request))

    @mutation(OpenUrgentAccessPayload)
    async def open_urgent_access(
        self, info: Info, input: OpenUrgentAccessInput
    ) -> OpenUrgentAccessPayload:
        """Open what another officer asked for; its hours begin now."""
        answer = await urgent_access.open_urgent_access(
            info.context.actor, request=str(input.request), key=info.context.key(input)
        )
        return OpenUrgentAccessPayload.of(answer, access=await _shown(info, answer.access))

    @mutation(EndUrgentAccessPayload)
    async def end_urgent_access(
        self, info: Info, input: EndUrgentAccessInput
    ) -> EndUrgentAccessPayload:
        """End an access before its time."""
        answer = await urgent_access.end_urgent_access(
            info.context.actor, access=str(input.access), key=info.context.key(input)
        )
        return EndUrgentAccessPayload.of(answer, access=await _shown(info, answer.access))
