"""Registered changes on the wire: asked for, approved, refused."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated

import strawberry
from strawberry import ID

from schema.context import Context, Input, anew
from schema.enums import show_enum
from schema.fields import field
from schema.nodes import Node, answers_for
from schema.organisations import Organisation, read_organisations
from schema.paging import Connection, Listing, Page, paged
from schema.refusal import Info, Payload, mutation
from timebank import organisation_changes
from timebank.organisation_changes import ChangeKind, ChangeState

CHANGES = Listing("organisationChanges", str)
Below = Annotated[str, strawberry.argument(description="The path of an area or organisation.")]

show_enum(
    ChangeKind,
    "What of an organisation changes by registration.",
    name="Its name.",
    address="Where it sits.",
    purpose="What it is for.",
    supervisor="Its supervising unit.",
    representative="Its legal representative.",
)
show_enum(
    ChangeState,
    "The life of a change.",
    asked="The registrar decides.",
    approved="Registered; it holds.",
    refused="Nothing changed.",
)


async def read_asked(context: Context, ids: Sequence[str]) -> dict[str, str]:
    """What changes ask for, for the loader: of those the asker may see."""
    return await organisation_changes.asked_of(context.actor, ids)


@strawberry.type(description="A change of an organisation: for itself and its registrar.")
class OrganisationChange(Node):
    what: ChangeKind = strawberry.field(description="What is to change.")
    state: ChangeState = strawberry.field(description="How far it is.")
    decided_on: date = strawberry.field(description="The day the organisation decided it.")
    asked_at: datetime = strawberry.field(description="When it was asked for.")
    late: bool = strawberry.field(description="Whether it was asked for after its time.")
    whose: strawberry.Private[str]

    @field
    async def to(self, info: Info) -> str | None:
        """The new text; of a unit or person, its id."""
        return await info.context.loaders.load(read_asked, str(self.id))

    @field
    async def organisation(self, info: Info) -> Organisation | None:
        """Whose change it is."""
        return await info.context.loaders.load(read_organisations, self.whose)

    @classmethod
    def of(cls, held: organisation_changes.OrganisationChange) -> "OrganisationChange":
        """A change as it is shown."""
        return cls(
            id=ID(held.id),
            what=held.what,
            state=held.state,
            decided_on=held.decided_on,
            asked_at=held.asked_at,
            late=held.late,
            whose=held.organisation,
        )


async def read_changes(context: Context, ids: Sequence[str]) -> dict[str, OrganisationChange]:
    """Changes, for the loader; whatever the asker may not see is missing."""
    seen = await organisation_changes.visible_changes(context.actor, ids)
    return {id: OrganisationChange.of(held) for id, held in seen.items()}


answers_for("chg", read_changes)


@strawberry.type
class Query:
    @paged
    async def organisation_changes(
        self, page: Page, info: Info, scope: Below
    ) -> Connection[OrganisationChange]:
        """Changes that wait for their registrar, the oldest first."""
        rows = organisation_changes.changes_below
        return await page.of(CHANGES, rows, info.context.actor, scope, node=OrganisationChange.of)


@strawberry.input
class AskChangeInput(Input):
    organisation: ID = strawberry.field(description="Which organisation.")
    what: ChangeKind = strawberry.field(description="What is to change.")
    to: str = strawberry.field(
        description="The new text, unit, or the volunteer number of a person."
    )
    decided_on: date = strawberry.field(description="The day your organisation decided it.")


@strawberry.type
class AskChangePayload(Payload):
    change: OrganisationChange | None = strawberry.field(default=None, description="The change.")


@strawberry.input
class ApproveChangeInput(Input):
    change: ID = strawberry.field(description="Which change.")


@strawberry.type
class ApproveChangePayload(Payload):
    change: OrganisationChange | None = strawberry.field(default=None, description="The change.")


@strawberry.input
class RefuseChangeInput(Input):
    change: ID = strawberry.field(description="Which change.")
    words: str = strawberry.field(
        description="What the organisation is to know, at most 2,000 characters."
    )


@strawberry.type
class RefuseChangePayload(Payload):
    change: OrganisationChange | None = strawberry.field(default=None, description="The change.")


_shown = anew(read_changes)


@strawberry.type
class Mutation:
    @mutation(AskChangePayload)
    async def ask_change(self, info: Info, input: AskChangeInput) -> AskChangePayload:
        """Have a change of your organisation registered."""
        answer = await organisation_changes.ask_change(
            info.context.actor,
            organisation=input.organisation,
            what=input.what,
            to=input.to,
            decided_on=input.decided_on,
            key=info.context.key(input),
        )
        return AskChangePayload.of(answer, change=await _shown(info, answer.change))

    @mutation(ApproveChangePayload)
    async def approve_change(self, info: Info, input: ApproveChangeInput) -> ApproveChangePayload:
        """Register a change."""
        answer = await organisation_changes.approve_change(
            info.context.actor, change=input.change, key=info.context.key(input)
        )
        return ApproveChangePayload.of(answer, change=await _shown(info, answer.change))

    @mutation(RefuseChangePayload)
    async def refuse_change(self, info: Info, input: RefuseChangeInput) -> RefuseChangePayload:
        """Not register a change."""
        answer = await organisation_changes.refuse_change(
            info.context.actor, change=input.change, words=input.words, key=info.context.key(input)
        )
        return RefuseChangePayload.of(answer, change=await _shown(info, answer.change))
