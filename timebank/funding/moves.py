"""The movements of public money: source, allotment, commitment, payment, expenditure (domain 10).

Every event names its source, and its unit and purpose where it has them, so that nothing can cross
from one source to another and every balance follows from the event alone. Knows the postings;
refuses to know who may move money and why.
"""

from datetime import date

from timebank import accounts
from timebank.events import Event, Postings, transfer
from timebank.funding.purposes import ExpenseItem, FundPurpose


class FundsAllotted(Event, frozen=True, tag="funds.allotted"):
    """An area may commit so much of a source; `members` where the formula counted them."""

    source: str
    unit: str
    year: int
    fen: int
    members: int | None = None

    def postings(self) -> Postings:
        return _allot(self, accounts.fund(self.source), self.fen)


class AllotmentReturned(Event, frozen=True, tag="funds.allotment_returned"):
    """What an area did not commit went back to its source."""

    source: str
    unit: str
    year: int
    fen: int

    def postings(self) -> Postings:
        return _allot(self, accounts.fund(self.source), -self.fen)


class FundsCommitted(Event, frozen=True, tag="funds.committed"):
    """Allotted money was promised to one thing; `payee` is the organisation that it goes to."""

    commitment: str
    source: str
    unit: str
    year: int
    purpose: FundPurpose
    fen: int
    payee: str | None = None

    def postings(self) -> Postings:
        return _allot(self, accounts.award(self.commitment), -self.fen)


class CommitmentReleased(Event, frozen=True, tag="funds.released"):
    """What is not needed of a commitment went back to the allotment it came from."""

    commitment: str
    source: str
    unit: str
    year: int
    purpose: FundPurpose
    fen: int

    def postings(self) -> Postings:
        return _allot(self, accounts.award(self.commitment), self.fen)


class FundsPaid(Event, frozen=True, tag="funds.paid"):
    """Committed money was paid: to an organisation, which accounts for it, or for what was bought.

    `tranche` is the number of the payment; maker and checker are two persons.
    """

    commitment: str
    tranche: int
    source: str
    unit: str
    purpose: FundPurpose
    fen: int
    maker: str
    checker: str
    payee: str | None = None

    def postings(self) -> Postings:
        return transfer(accounts.award(self.commitment), _paid_to(self), "fen", self.fen)


class PaymentReversed(Event, frozen=True, tag="funds.payment_reversed"):
    """A payment did not arrive: the bank sent it back, so it is promised and not paid."""

    commitment: str
    tranche: int
    source: str
    unit: str
    purpose: FundPurpose
    fen: int
    payee: str | None = None

    def postings(self) -> Postings:
        return transfer(_paid_to(self), accounts.award(self.commitment), "fen", self.fen)


class FundsRefunded(Event, frozen=True, tag="funds.refunded"):
    """An organisation gave back what it was paid and did not spend."""

    commitment: str
    source: str
    unit: str
    purpose: FundPurpose
    fen: int
    payee: str

    def postings(self) -> Postings:
        return transfer(_paid_to(self), accounts.award(self.commitment), "fen", self.fen)


class FundsSpent(Event, frozen=True, tag="funds.spent"):
    """An organisation accounted for a line of expenditure; `voucher` is its document's hash."""

    commitment: str
    line: str
    source: str
    unit: str
    purpose: FundPurpose
    item: ExpenseItem
    fen: int
    voucher: str
    spent_on: date
    payee: str

    def postings(self) -> Postings:
        held = accounts.organisation(self.payee, self.commitment)
        return transfer(held, accounts.paid(self.purpose, self.source), "fen", self.fen)


class SpendingReversed(Event, frozen=True, tag="funds.spending_reversed"):
    """A line of expenditure was wrong: reversed, never edited."""

    commitment: str
    line: str
    source: str
    unit: str
    purpose: FundPurpose
    fen: int
    payee: str

    def postings(self) -> Postings:
        held = accounts.organisation(self.payee, self.commitment)
        return transfer(accounts.paid(self.purpose, self.source), held, "fen", self.fen)


FromAllotment = FundsAllotted | AllotmentReturned | FundsCommitted | CommitmentReleased
Moved = FromAllotment | FundsPaid | PaymentReversed | FundsRefunded | FundsSpent | SpendingReversed


def _allot(event: FromAllotment, other: str, fen: int) -> Postings:
    """`fen` from the other account to the event's allotment, or there if negative."""
    held = accounts.allotment(event.unit, event.year, event.source)
    return transfer(other, held, "fen", fen) if fen > 0 else transfer(held, other, "fen", -fen)


def _paid_to(event: FundsPaid | PaymentReversed | FundsRefunded) -> str:
    if event.payee is None:
        return accounts.paid(event.purpose, event.source)
    return accounts.organisation(event.payee, event.commitment)
