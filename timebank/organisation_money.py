"""Money of organisations: what each entry of public money adds to their year (domain 9 and 10).

Received by the source it came from, spent by the purpose it was given for, given back; and the
projects applied for, awarded and finished. So the annual report's money is the ledger's.
"""

from ledger.entry import Sealed
from timebank.funding.grant_life import GrantAccepted, GrantAwarded, GrantSubmitted
from timebank.funding.grants import Grant
from timebank.funding.moves import (
    FundsPaid,
    FundsRefunded,
    FundsSpent,
    PaymentReversed,
    SpendingReversed,
)
from timebank.funding.sources import FundSource
from timebank.organisation_facts import add_fact
from timebank.projections import Rows, projects_after
from timebank.report_fields import RECEIVED, spent_on

PROJECTS = {
    GrantSubmitted: "projects_applied",
    GrantAwarded: "projects_awarded",
    GrantAccepted: "projects_finished",
}


@projects_after(FundsPaid, PaymentReversed)
def _received(rows: Rows, event: FundsPaid | PaymentReversed, entry: Sealed) -> None:
    if event.payee is not None:
        fund = rows.there(FundSource, event.source).fund
        fen = event.fen if isinstance(event, FundsPaid) else -event.fen
        add_fact(rows, event.payee, RECEIVED[fund], fen, entry)


@projects_after(FundsRefunded)
def _returned(rows: Rows, event: FundsRefunded, entry: Sealed) -> None:
    add_fact(rows, event.payee, "returned_fen", event.fen, entry)


@projects_after(FundsSpent, SpendingReversed)
def _spent(rows: Rows, event: FundsSpent | SpendingReversed, entry: Sealed) -> None:
    fen = event.fen if isinstance(event, FundsSpent) else -event.fen
    add_fact(rows, event.payee, spent_on(event.purpose), fen, entry)


@projects_after(GrantSubmitted, GrantAwarded, GrantAccepted)
def _project(
    rows: Rows, event: GrantSubmitted | GrantAwarded | GrantAccepted, entry: Sealed
) -> None:
    organisation = rows.there(Grant, event.grant).organisation
    add_fact(rows, organisation, PROJECTS[type(event)], 1, entry)
