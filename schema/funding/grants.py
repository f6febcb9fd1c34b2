"""Grants on the wire: what organisations ask of calls, for everybody from the shortlist on."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated

import strawberry
from strawberry import ID

from schema.context import Context
from schema.enums import show_enum
from schema.fields import field
from schema.funding.calls import Call, read_calls
from schema.funding.commitments import Commitment, read_commitments
from schema.nodes import Node, answers_for
from schema.organisations import Organisation, read_organisations
from schema.paging import Connection, Listing, Page, paged
from schema.publicity import PublicityObjection, reads_objections
from schema.refusal import Info
from schema.scalars import Fen, Long
from timebank.access import Action
from timebank.funding import grant_reviews, grants
from timebank.funding.grant_life import FundGrantState, GrantReport
from timebank.funding.purposes import ExpenseItem
from timebank.texts import read_texts

OF_CALL, OF_ORGANISATION = Listing("grantsOfCall", str), Listing("grantsOfOrganisation", str)
ThisCall = Annotated[ID, strawberry.argument(description="Which call.")]
InState = Annotated[FundGrantState, strawberry.argument(description="In which state.")]
Its = Annotated[ID, strawberry.argument(description="Of which organisation.")]

show_enum(
    FundGrantState,
    "The life of a grant.",
    draft="Being written.",
    submitted="Handed in.",
    formal_ok="Complete; reviewers give points.",
    scored="Enough reviewers gave points.",
    shortlisted="To be given money.",
    publicity="Laid open to everybody, who may object.",
    awarded="The money is promised.",
    contracted="Both sides signed.",
    running="The work goes on.",
    midterm_pass="The mid-term report was accepted.",
    midterm_fix="What the mid-term report shows is put right.",
    final="The final report waits for its acceptance.",
    accepted="The work was accepted.",
    audited="The accounts were audited.",
    closed="Over.",
    stopped="Stopped before its time.",
    recovery="What was paid is asked back.",
    recovered="What was asked back is back.",
    rejected="It comes to nothing.",
    withdrawn="Taken back.",
)
show_enum(
    GrantReport, "The reports of a grant.", midterm="The mid-term report.", final="The final one."
)
show_enum(
    ExpenseItem,
    "What is bought.",
    materials="Materials.",
    works="Works.",
    services="Services.",
    venue="A venue.",
    printing="Printing.",
    transport="Transport.",
    insurance="Insurance of volunteers.",
    training="Training.",
    volunteer_costs="Costs of volunteers.",
    project_pay="Pay for work on the project.",
    audit="The audit.",
    staff_bonus="Pay and bonuses of staff.",
    office="Office running and decoration.",
    meals_gifts_travel="Meals, gifts and travel.",
    debt_investment="Debt, guarantees and investment.",
    cash_to_persons="Cash or vouchers to individuals.",
    party_activity="Party-only activity.",
    religious_commercial="Religious or commercial.",
)


@strawberry.type(description="A line of a budget.")
class BudgetLine:
    item: ExpenseItem = strawberry.field(description="What is to be bought.")
    fen: Fen = strawberry.field(description="For how much.")


@strawberry.type(description="What an organisation asks of a call, and what became of it.")
class FundGrant(Node):
    state: FundGrantState = strawberry.field(description="How far it is.")
    fen: Fen = strawberry.field(description="What it asks for, and from the shortlist on gets.")
    budget: list[BudgetLine] = strawberry.field(description="What every fen is for.")
    least_minutes: Long = strawberry.field(description="The accepted service it promises.")
    reviewed: int = strawberry.field(description="How many reviewers gave points.")
    conflicts: int = strawberry.field(description="How many reviewers stand too near to judge.")
    points: int | None = strawberry.field(description="The mean of the reviewers' points.")
    due: date | None = strawberry.field(description="Its state's last day, if it has one.")
    midterm_due: date | None = strawberry.field(description="Last day for the mid-term report.")
    final_due: date | None = strawberry.field(description="Last day for the final report.")
    reported: GrantReport | None = strawberry.field(description="The report that waits.")
    row: strawberry.Private[grants.Grant]

    @field
    async def call(self, info: Info) -> Call | None:
        """The call."""
        return await info.context.loaders.load(read_calls, self.row.call)

    @field
    async def organisation(self, info: Info) -> Organisation | None:
        """Who asks."""
        return await info.context.loaders.load(read_organisations, self.row.organisation)

    @field
    def late(self) -> bool:
        """Whether the last day of a report is over and it is not there."""
        return grants.late_today(self.row)

    @field
    async def plan(self, info: Info) -> str | None:
        """The organisation's words of what it is to do; null to all but it and the officers."""
        return await info.context.loaders.load(_plans, str(self.id))

    @field
    async def midterm(self, info: Info) -> str | None:
        """The organisation's words in the mid-term report; null likewise."""
        return await info.context.loaders.load(_midterms, str(self.id))

    @field
    async def final(self, info: Info) -> str | None:
        """The organisation's words in the final report; null likewise."""
        return await info.context.loaders.load(_finals, str(self.id))

    @field
    async def objections(self, info: Info) -> list[PublicityObjection]:
        """What was said against it; empty to everybody but the officers."""
        return await info.context.loaders.load(_objections, str(self.id)) or []

    @field
    async def may_declare_conflict(self, info: Info) -> bool:
        """Whether you are its reviewer and can say now that you stand too near."""
        return await info.context.loaders.load(_to_stand_back_from, str(self.id)) or False

    @field
    async def commitment(self, info: Info) -> Commitment | None:
        """What is promised, paid and accounted for; null before it is awarded."""
        return await info.context.loaders.load(read_commitments, str(self.id))

    @classmethod
    def of(cls, held: grants.Grant) -> "FundGrant":
        """A grant as it is shown."""
        return cls(
            id=ID(held.id),
            state=held.state,
            fen=Fen(held.fen),
            budget=[BudgetLine(item=item, fen=Fen(fen)) for item, fen in held.budget],
            least_minutes=Long(held.least_minutes),
            reviewed=held.reviewed,
            conflicts=len(held.conflicts),
            points=held.points,
            due=held.due,
            midterm_due=held.midterm_due,
            final_due=held.final_due,
            reported=held.reported,
            row=held,
        )


async def _plans(context: Context, ids: Sequence[str]) -> dict[str, str]:
    return await read_texts(await grants.private_grants(context.actor, ids), "plan")


async def _midterms(context: Context, ids: Sequence[str]) -> dict[str, str]:
    return await read_texts(await grants.private_grants(context.actor, ids), "midterm")


async def _finals(context: Context, ids: Sequence[str]) -> dict[str, str]:
    return await read_texts(await grants.private_grants(context.actor, ids), "final")


async def _to_stand_back_from(context: Context, ids: Sequence[str]) -> dict[str, bool]:
    found = await grant_reviews.grants_to_stand_back_from(context.actor, ids)
    return dict.fromkeys(found, True)


_objections = reads_objections(Action.MANAGE_CALLS)


async def read_grants(context: Context, ids: Sequence[str]) -> dict[str, FundGrant]:
    """Grants, for the loader; whatever the asker may not see is missing."""
    seen = await grants.visible_grants(context.actor, ids)
    return {id: FundGrant.of(held) for id, held in seen.items()}


answers_for("gra", read_grants)


async def shown(info: Info, answer: grants.Granted) -> FundGrant | None:
    """A grant as it is now, for a payload."""
    return (await read_grants(info.context, [answer.grant])).get(answer.grant)


@strawberry.type
class Query:
    @paged
    async def grants_of_call(
        self, page: Page, info: Info, call: ThisCall, state: InState
    ) -> Connection[FundGrant]:
        """The grants of a call in a state; before the shortlist for officers and reviewers."""
        return await page.of(
            OF_CALL, grants.grants_of_call, info.context.actor, str(call), state, node=FundGrant.of
        )

    @paged
    async def grants_of_organisation(
        self, page: Page, info: Info, organisation: Its
    ) -> Connection[FundGrant]:
        """An organisation's grants; before the shortlist for its own people."""
        return await page.of(
            OF_ORGANISATION,
            grants.grants_of_organisation,
            info.context.actor,
            str(organisation),
            node=FundGrant.of,
        )
