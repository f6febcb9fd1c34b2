"""Findings on the wire: misconduct that a district found, for whom it touches and its staff."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated

import strawberry
from strawberry import ID

from schema.context import Context
from schema.enums import show_enum
from schema.fields import field
from schema.hours import ServiceRecord, read_records
from schema.nodes import Node, answers_for
from schema.paging import Connection, Listing, Page, paged
from schema.refusal import Info
from schema.texts import texts
from timebank import findings
from timebank.finding_life import Blame, Misconduct

FINDINGS = Listing("findings", str)
Scope = Annotated[str, strawberry.argument(description="A path in your scope.")]

show_enum(
    Misconduct,
    "What a district found.",
    invented_hours="Hours were recorded that nobody served.",
    sold_hours="Hours were sold or bought.",
    phantom_activity="The activity never took place.",
    used_name="Hours were recorded in the name of somebody who knew nothing of them.",
)
show_enum(
    Blame,
    "Whose misconduct it was.",
    recorder="Of each record the one who recorded it.",
    volunteer="Of each record its volunteer.",
    both="Of each record both.",
)


@strawberry.type(description="Misconduct that two officers of a district found.")
class Finding(Node):
    misconduct: Misconduct = strawberry.field(description="What was found.")
    blame: Blame = strawberry.field(description="Whose misconduct it was.")
    found_on: date = strawberry.field(description="When it was found.")
    record_count: int = strawberry.field(description="How many records it took back.")
    voided_count: int = strawberry.field(
        description="How many of them have not come back; 0 once it was lifted whole."
    )

    @field
    async def statement(self, info: Info) -> str | None:
        """The officers' reasons."""
        return await info.context.loaders.load(texts("statement"), str(self.id))

    @field
    async def records(self, info: Info) -> list[ServiceRecord]:
        """The records it took back and that have not come back, those you may see; at most 500."""
        ids = await info.context.loaders.load(_records, str(self.id)) or []
        seen = await read_records(info.context, ids)
        return [seen[id] for id in ids if id in seen]

    @classmethod
    def of(cls, held: findings.Finding) -> "Finding":
        """A finding as it is shown."""
        return cls(
            id=ID(held.id),
            misconduct=held.misconduct,
            blame=held.blame,
            found_on=held.found_on,
            record_count=held.records,
            voided_count=held.voided,
        )


async def _records(context: Context, ids: Sequence[str]) -> dict[str, list[str]]:
    return await findings.records_in(ids)


async def read_findings(context: Context, ids: Sequence[str]) -> dict[str, Finding]:
    """Findings, for the loader; whatever is out of sight is missing."""
    seen = await findings.visible_findings(context.actor, ids)
    return {id: Finding.of(held) for id, held in seen.items()}


answers_for("fnd", read_findings)


@strawberry.type
class Query:
    @paged
    async def findings(
        self,
        page: Page,
        info: Info,
        scope: Scope,
    ) -> Connection[Finding]:
        """What the districts below a path found, the newest first; none outside your scope."""
        return await page.of(
            FINDINGS, findings.findings_at, info.context.actor, scope, node=Finding.of
        )
