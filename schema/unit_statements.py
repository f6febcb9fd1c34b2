"""Unit statements on the wire: one's own first, then the unit's, by a link or for its admin."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated

import strawberry
from strawberry import ID

from schema.context import Context, Input, anew
from schema.enums import show_enum
from schema.fields import field
from schema.nodes import Node, answers_for
from schema.paging import Connection, Listing, Page, paged
from schema.refusal import Info, Payload, mutation
from schema.texts import texts
from schema.units import WorkUnit, read_units
from timebank import unit_statements
from timebank.aliases import module_enabled
from timebank.statement_life import StatementState

STATEMENTS = Listing("unitStatements", str)
OfUnit = Annotated[ID | None, strawberry.argument(description="For its admin: the work unit.")]
Link = Annotated[str, strawberry.argument(description="What the unit's link ends with.")]

show_enum(
    StatementState,
    "The life of a statement; the unit has it while it is sent, and at no other time.",
    prepared="It lies before its member; nobody else has it.",
    sent="The member let the unit have it.",
    withheld="The member keeps it.",
    lapsed="The member said nothing in time: it was not sent.",
    recalled="The consent ended: the unit has it no more.",
)


async def read_whose(context: Context, ids: Sequence[str]) -> dict[str, str | None]:
    """Names on statements that the asker has, for the loader."""
    return await unit_statements.names_on(ids)


@strawberry.type(description="What a member did in some months: no rank, no place, no one helped.")
class UnitStatement(Node):
    state: StatementState = strawberry.field(description="How far it is.")
    first_day: date = strawberry.field(description="The first day it is of.")
    last_day: date = strawberry.field(description="The last day it is of.")
    minutes: int = strawberry.field(description="Minutes of service on posts.")
    duty_minutes: int = strawberry.field(description="Minutes of them in paid time.")
    posts: int = strawberry.field(description="Posts served on.")
    wishes: int = strawberry.field(description="Wishes granted.")
    send_by: date = strawberry.field(description="The last day to send it.")
    link_until: date | None = strawberry.field(description="The last day its link opens.")
    row: strawberry.Private[unit_statements.Statement]

    @field
    async def unit(self, info: Info) -> WorkUnit | None:
        """The work unit it is for."""
        return await info.context.loaders.load(read_units, self.row.unit)

    @field
    async def name(self, info: Info) -> str | None:
        """The member's name; null once it was erased."""
        return await info.context.loaders.load(read_whose, str(self.id))

    @field
    async def remark(self, info: Info) -> str | None:
        """The community's remark, if there is one."""
        return await info.context.loaders.load(texts("remark"), str(self.id))

    @field
    async def comment(self, info: Info) -> str | None:
        """The member's own word, if they left one."""
        return await info.context.loaders.load(texts("comment"), str(self.id))

    @field
    async def link(self, info: Info) -> str | None:
        """What the unit's link ends with, once it is sent: for the member to hand on."""
        return await unit_statements.link_for(info.context.actor, self.row)

    @classmethod
    def of(cls, held: unit_statements.Statement) -> "UnitStatement":
        """A statement as it is shown."""
        return cls(
            id=ID(held.id),
            state=held.state,
            first_day=held.first_day,
            last_day=held.last_day,
            minutes=held.minutes,
            duty_minutes=held.duty_minutes,
            posts=held.posts,
            wishes=held.wishes,
            send_by=held.send_by,
            link_until=held.link_until,
            row=held,
        )


async def read_statements(context: Context, ids: Sequence[str]) -> dict[str, UnitStatement]:
    """Statements, for the loader; whatever the asker may not see is missing."""
    seen = await unit_statements.visible_statements(context.actor, ids)
    return {id: UnitStatement.of(held) for id, held in seen.items()}


answers_for("ust", read_statements)


@strawberry.type
class Query:
    @paged
    async def unit_statements(
        self, page: Page, info: Info, unit: OfUnit = None
    ) -> Connection[UnitStatement] | None:
        """Your own statements, or those sent to a work unit for its admin, newest first."""
        if not await module_enabled():
            return None
        return await page.of(
            STATEMENTS,
            unit_statements.statements_of,
            info.context.actor,
            unit=unit,
            node=UnitStatement.of,
        )

    @field
    async def unit_statement_by_link(self, link: Link) -> UnitStatement | None:
        """A statement that its member sent, by the unit's link; null once that ended."""
        held = await unit_statements.statement_behind(link)
        return UnitStatement.of(held) if held else None


@strawberry.input
class SendUnitStatementInput(Input):
    statement: ID = strawberry.field(description="Which statement.")
    comment: str | None = strawberry.field(
        default=None, description="A word of your own, at most 200 characters."
    )


@strawberry.input
class WithholdUnitStatementInput(Input):
    statement: ID = strawberry.field(description="Which statement.")


@strawberry.type
class SendUnitStatementPayload(Payload):
    statement: UnitStatement | None = strawberry.field(default=None, description="Yours, sent.")


@strawberry.type
class WithholdUnitStatementPayload(Payload):
    statement: UnitStatement | None = strawberry.field(default=None, description="Yours, kept.")


_shown = anew(read_statements)


@strawberry.type
class Mutation:
    @mutation(SendUnitStatementPayload)
    async def send_unit_statement(
        self, info: Info, input: SendUnitStatementInput
    ) -> SendUnitStatementPayload:
        """Let your work unit have a statement that you have seen."""
        answer = await unit_statements.send_statement(
            info.context.actor,
            statement=input.statement,
            comment=input.comment,
            key=info.context.key(input),
        )
        return SendUnitStatementPayload.of(answer, statement=await _shown(info, answer.statement))

    @mutation(WithholdUnitStatementPayload)
    async def withhold_unit_statement(
        self, info: Info, input: WithholdUnitStatementInput
    ) -> WithholdUnitStatementPayload:
        """Keep a statement to yourself."""
        answer = await unit_statements.withhold_statement(
            info.context.actor, statement=input.statement, key=info.context.key(input)
        )
        shown = await _shown(info, answer.statement)
        return WithholdUnitStatementPayload.of(answer, statement=shown)
