"""The portfolio: who was promised what of a year's or a source's money, and how far each is.

Money, payments made of those planned, accepted hours and what each of them cost, row by row and
however many, for everybody (domain 10). Knows what to show; refuses to know any rule.
"""

from collections.abc import AsyncIterator
from datetime import date

import msgspec

from timebank.divisions import areas_by_code
from timebank.funding.commitments import Commitment
from timebank.funding.funded_hours import cost_of_hour, minutes_of
from timebank.funding.tranche_life import TrancheState
from timebank.funding.tranches import tranches_of
from timebank.tables import Where, page_by_id
from timebank.texts import read_texts

READ_AT_ONCE = 500
PAID = (TrancheState.PAID, TrancheState.RECONCILED)


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """A promise as a list for everybody shows it; amounts in fen, `payee` empty for a purchase.

    `parts_paid` of `parts` are paid, `waits_for` is what the next one waits for; without accepted
    service `fen_an_hour` is empty.
    """

    commitment: str
    name: str
    source: str
    area: str
    purpose: str
    payee: str
    committed_on: date
    fen: int
    paid_fen: int
    spent_fen: int
    parts: int
    parts_paid: int
    waits_for: str
    accepted_minutes: int
    fen_an_hour: int | str


# Reads


async def given_in(year: int) -> AsyncIterator[Given]:
    """Who was promised what for what out of a year's money, the oldest first, however many."""
    async for row in _given(year=year):
        yield row


async def given_of(source: str) -> AsyncIterator[Given]:
    """The same of one source."""
    async for row in _given(source=source):
        yield row


async def _given(**filters: int | str) -> AsyncIterator[Given]:
    after: str | None = None
    where = Where(after=None, before=None, limit=READ_AT_ONCE, backward=False)
    while page := await page_by_id(Commitment, where | {"after": after}, **filters):
        named = [name for held in page for name in (held.id, held.source, held.payee) if name]
        names = await read_texts(dict.fromkeys(named), "name")
        areas = await areas_by_code(list({held.unit for held in page}))
        minutes = await minutes_of([held.id for held in page])
        parts = await tranches_of([held.id for held in page])
        for held in page:
            planned = [part for part in parts[held.id] if part.state not in PAID]
            served = minutes.get(held.id, 0)
            cost = cost_of_hour(held.spent, served)
            yield Given(
                commitment=held.id,
                name=names.get(held.id, ""),
                source=names.get(held.source, ""),
                area=areas[held.unit].name,
                purpose=held.purpose.value,
                payee=names.get(held.payee or "", ""),
                committed_on=held.committed_on,
                fen=held.fen,
                paid_fen=held.paid,
                spent_fen=held.spent,
                parts=len(parts[held.id]),
                parts_paid=len(parts[held.id]) - len(planned),
                waits_for=planned[0].condition.value if planned else "",
                accepted_minutes=served,
                fen_an_hour="" if cost is None else cost,
            )
        after = page[-1].id
