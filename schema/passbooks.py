"""Passbooks on the wire: one's own, and at the counter that of whoever stands before it."""

from typing import Annotated

import strawberry
from strawberry import ID

from schema.accounts import TimeAccount
from schema.fields import field
from schema.hours import RECORDS, ServiceRecord
from schema.paging import Connection, Page, paged
from schema.people import Person, read_people
from schema.refusal import Info
from schema.stars import StarProgress
from timebank import held_stars, hours
from timebank.actors import PersonId
from timebank.clock import day_of
from timebank.passbooks import passbook_of
from timebank.people import people_by_id, selves

Whose = Annotated[
    ID | None,
    strawberry.argument(description="Of whom, for a proxy or the counter; else your own."),
]


@strawberry.type(description="What somebody has, had and is asked for, as it is printed for them.")
class Passbook:
    whose: strawberry.Private[PersonId]

    @field
    async def number(self) -> str:
        """The volunteer number of whose it is."""
        return (await people_by_id([self.whose]))[self.whose].number

    @field
    async def holder(self, info: Info) -> Person | None:
        """Whose it is; null where you act for them and may not see more."""
        return await info.context.loaders.load(read_people, self.whose)

    @field
    async def account(self) -> TimeAccount:
        """The time account."""
        person, *formers = await selves(self.whose)
        return TimeAccount(person=person, formers=tuple(formers))

    @field
    async def progress(self, info: Info) -> StarProgress | None:
        """The stars, by the rule of today."""
        told = await held_stars.stars_on(self.whose, day_of(info.context.clock.now()))
        return StarProgress.of(told) if told else None

    @paged
    async def records(self, page: Page) -> Connection[ServiceRecord]:
        """The service records, the newest first."""
        return await page.of(RECORDS, hours.records_of, self.whose, node=ServiceRecord.of)


@strawberry.type
class Query:
    @field
    async def passbook(self, info: Info, person: Whose = None) -> Passbook | None:
        """A passbook; null for one that is not yours to open. At the counter it is a look."""
        whose = await passbook_of(info.context.actor, str(person) if person else None)
        return Passbook(whose=whose) if whose else None
