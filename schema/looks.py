"""Looks on the wire: who read one's record, what, and on which day."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated

import strawberry

from schema.context import Context
from schema.enums import show_enum
from schema.fields import field
from schema.paging import Connection, Listing, Page, paged
from schema.refusal import Info
from timebank import looks
from timebank.looks import Looked
from timebank.people import people_by_id

LOOKS = Listing("looks", str)

show_enum(
    Looked,
    "What was read of a person.",
    name="The name.",
    phone="The telephone.",
    document="Found by the document's number.",
    copy="Everything, as a copy.",
    passbook="The passbook, at the counter.",
)

Number = Annotated[
    str | None,
    strawberry.argument(description="For the data protection officer: at whose record."),
]


@strawberry.type(description="That somebody of the staff read something of you on a day.")
class Look:
    what: Looked = strawberry.field(description="What was read.")
    day: date = strawberry.field(description="On which day.")
    at: datetime = strawberry.field(description="When first on that day.")
    urgent: bool = strawberry.field(description="Whether it rested on an urgent access alone.")
    actor: strawberry.Private[str]
    person: strawberry.Private[str]

    @field
    async def by(self, info: Info) -> str | None:
        """The volunteer number of who read it."""
        return await info.context.loaders.load(read_numbers, self.actor)

    @field
    async def of_number(self, info: Info) -> str | None:
        """The volunteer number of whose record it was."""
        return await info.context.loaders.load(read_numbers, self.person)

    @classmethod
    def of(cls, held: looks.Look) -> "Look":
        """A look as it is shown."""
        return cls(
            what=held.what,
            day=held.day,
            at=held.at,
            urgent=held.under is not None,
            actor=held.actor,
            person=held.person,
        )


async def read_numbers(context: Context, ids: Sequence[str]) -> dict[str, str]:
    """Volunteer numbers, for the loader of whoever sees who did what."""
    return {id: held.number for id, held in (await people_by_id(list(ids))).items()}


@strawberry.type
class Query:
    @paged
    async def looks(
        self,
        page: Page,
        info: Info,
        number: Number = None,
    ) -> Connection[Look]:
        """Who looked at your record, the newest day first; kept for a year."""

        return await page.of(
            LOOKS,
            looks.looks_at,
            info.context.actor,
            node=Look.of,
            number=number,
        )
