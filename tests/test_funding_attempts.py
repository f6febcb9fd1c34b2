"""Every way to spend what was not given: each refused with its own code, and nothing written.

Over the API, as whoever would try it. Nothing is written means no row of any table, the vault's and
the ledger's alike.
"""

from typing import Any, NamedTuple

import pytest

from tests.copies import rows
from tests.funding import fund_officer, voucher
from tests.granting import applicant, called, midterm, running, spent
from tests.projects import officer_of
from tests.wire import act
from tests.world import World, key
from timebank.access import Role, grant_role
from timebank.actors import SYSTEM, Actor
from timebank.batch import Batch
from timebank.clock import day_of
from timebank.funding.calls import Call
from timebank.funding.payments import (
    prepare_payment,
)
from timebank.funding.spending import SpendingLine
from timebank.funding.tranches import (
    tranche_key,
)
from timebank.journal import Answer, write
from timebank.organisations import bar_organisation
from timebank.tables import find

pytestmark = [pytest.mark.anyio, pytest.mark.one_database]


class Attempt(NamedTuple):
    """Who tries what, and the code that answers it."""

    what: str
    code: str
    who: Actor
    mutation: str
    given: dict[str, Any]


async def test_no_attempt_on_public_money_passes_or_leaves_a_trace(world: World) -> None:
    who, barred, call = await applicant(world), await applicant(world), await called(world)
    grant = await running(world, who, call)
    held = await find(Call, call)
    assert held
    used = await find(SpendingLine, await spent(world, who, grant, 1))
    assert used
    cashier, street = await officer_of(world, Role.STREET_CASHIER), "420100/"
    checker = await officer_of(world, Role.STREET_CHECKER)
    person = cashier.person or ""
    await grant_role(SYSTEM, person=person, role=Role.STREET_CHECKER, scope=street, key=key())
    # A part is made by somebody who is checker too.
    await midterm(world, who, grant)
    await prepare_payment(cashier, tranche=tranche_key(grant, 2), key=key())

    def bar(batch: Batch) -> Answer:
        return Answer(entry=bar_organisation(batch, barred.organisation, grant).seq)

    await write(SYSTEM, key(), bar, answer=Answer)
    line = {
        "commitment": grant,
        "purpose": "ELDER_CARE",
        "item": "MATERIALS",
        "fen": 1,
        "spentOn": day_of(world.clock.now()).isoformat(),
    }
    draft = {
        "call": call,
        "organisation": barred.organisation,
        "fen": 1,
        "budget": [{"item": "MATERIALS", "fen": 1}],
        "plan": "每周探访独居老人",
        "leastMinutes": 0,
    }
    source = {"source": held.source, "unit": held.unit}
    asked = {"title": "征集", "text": "征集", "mostFen": 1, "until": "2026-12-31"}
    first, second, third = (tranche_key(grant, number) for number in (1, 2, 3))

    def spends(what: str, code: str, **changed: Any) -> Attempt:
        given = line | {"voucher": voucher()} | changed
        return Attempt(what, code, who.books, "reportSpending", given)

    officer = await fund_officer(world)
    called_for = source | asked | {"purpose": "SAFETY"}
    attempts = [
        spends("outside the purpose", "PURPOSE_OUTSIDE", purpose="PUBLIC_PLACES"),
        spends("against the negative list", "AGAINST_NEGATIVE_LIST", item="STAFF_BONUS"),
        spends("the same voucher twice", "VOUCHER_USED", voucher=used.voucher),
        spends("more than was paid", "NOT_ENOUGH_MONEY", fen=500),
        Attempt("a call outside", "PURPOSE_OUTSIDE", officer, "draftCall", called_for),
        Attempt(
            "before the report", "CONDITION_NOT_MET", cashier, "preparePayment", {"tranche": third}
        ),
        Attempt("alone", "MAKER_CHECKS", cashier, "approvePayment", {"tranche": second}),
        Attempt("a part twice", "PAID_ALREADY", cashier, "preparePayment", {"tranche": first}),
        Attempt("barred", "BARRED_ORGANISATION", barred.leader, "draftGrant", draft),
    ]
    before = await rows(world.settings.database_url)
    for attempt in attempts:
        told = await act(world, attempt.who, attempt.mutation, "", **attempt.given)
        assert [one["code"] for one in told["userErrors"]] == [attempt.code], attempt.what
        assert await rows(world.settings.database_url) == before, attempt.what
    asked_for = {attempt.code for attempt in attempts}
    assert len(asked_for) == len(attempts) - 1, "each has its own, and a purpose is a purpose"
    # Somebody else may do what nobody may alone.
    told = await act(world, checker, "approvePayment", "tranche { state }", tranche=second)
    assert told["tranche"] == {"state": "APPROVED"}
