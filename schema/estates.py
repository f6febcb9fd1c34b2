"""Estates on the wire: a death reported, and what becomes of the minutes."""

from datetime import date
from typing import Annotated

import strawberry
from strawberry import ID

from schema.context import Input, anew
from schema.fields import field
from schema.looks import read_numbers
from schema.paging import Connection, Listing, Page, paged
from schema.people import Person, read_people
from schema.refusal import Info, Payload, mutation
from schema.scalars import Long
from timebank import estates

ESTATES = Listing("estates", str, str)


@strawberry.type(description="What somebody who died left, before it is settled.")
class Estate:
    person: ID = strawberry.field(description="Who died, as acts on them say it.")
    since: date = strawberry.field(description="When the death was reported.")
    first: date = strawberry.field(description="From when it can be settled.")
    until: date = strawberry.field(description="The last day for heirs.")
    minutes: Long = strawberry.field(description="What is in the account.")
    reported: bool = strawberry.field(
        description="Whether you reported the death, so that another must settle."
    )

    @field
    async def number(self, info: Info) -> str | None:
        """The volunteer number of who died."""
        return await info.context.loaders.load(read_numbers, str(self.person))

    @classmethod
    def of(cls, held: estates.Estate) -> "Estate":
        """An estate as it is shown."""
        return cls(
            person=ID(held.person),
            since=held.since,
            first=held.first,
            until=held.until,
            minutes=Long(held.minutes),
            reported=held.reported,
        )


@strawberry.type
class Query:
    @field
    async def estate(
        self, info: Info, person: Annotated[ID, strawberry.argument(description="Who died.")]
    ) -> Estate | None:
        """What somebody who died left, for the district that settles it."""
        seen = await estates.visible_estates(info.context.actor, [person])
        return Estate.of(seen[person]) if person in seen else None

    @paged
    async def estates(
        self,
        page: Page,
        info: Info,
        scope: Annotated[str, strawberry.argument(description="A path in your scope.")],
    ) -> Connection[Estate]:
        """The deaths below a path that wait for the district, the earliest last day first."""
        return await page.of(
            ESTATES,
            estates.estates_at,
            info.context.actor,
            scope,
            key=lambda held: (held.until.isoformat(), held.person),
            node=Estate.of,
        )


@strawberry.input
class ReportDeathInput(Input):
    person: ID = strawberry.field(description="Who died.")


@strawberry.type
class ReportDeathPayload(Payload):
    person: Person | None = strawberry.field(default=None, description="Who died.")


@strawberry.input
class WithdrawDeathInput(Input):
    person: ID = strawberry.field(description="Who is alive after all.")


@strawberry.type
class WithdrawDeathPayload(Payload):
    person: Person | None = strawberry.field(default=None, description="Who is alive.")


@strawberry.input
class SettleEstateInput(Input):
    person: ID = strawberry.field(description="Who died.")
    heir: str | None = strawberry.field(
        default=None, description="The heir's volunteer number; null for the public pool."
    )


@strawberry.type
class SettleEstatePayload(Payload):
    taken_minutes: Long | None = strawberry.field(default=None, description="What the heir got.")
    donated_minutes: Long | None = strawberry.field(default=None, description="What the pool got.")


_shown = anew(read_people)


@strawberry.type
class Mutation:
    @mutation(ReportDeathPayload)
    async def report_death(self, info: Info, input: ReportDeathInput) -> ReportDeathPayload:
        """Freeze the account of somebody of your station who died."""
        answer = await estates.report_death(
            info.context.actor, person=input.person, key=info.context.key(input)
        )
        return ReportDeathPayload.of(answer, person=await _shown(info, answer.person))

    @mutation(WithdrawDeathPayload)
    async def withdraw_death(self, info: Info, input: WithdrawDeathInput) -> WithdrawDeathPayload:
        """Say, as the district, that a report of a death was wrong."""
        answer = await estates.withdraw_death(
            info.context.actor, person=input.person, key=info.context.key(input)
        )
        return WithdrawDeathPayload.of(answer, person=await _shown(info, answer.person))

    @mutation(SettleEstatePayload)
    async def settle_estate(self, info: Info, input: SettleEstateInput) -> SettleEstatePayload:
        """Let an heir take the minutes of who died over, or give them to the public pool."""
        answer = await estates.settle_estate(
            info.context.actor,
            person=input.person,
            heir=input.heir,
            key=info.context.key(input),
        )
        return SettleEstatePayload.of(
            answer,
            taken_minutes=Long(answer.taken),
            donated_minutes=Long(answer.donated),
        )
