"""Spending: every line has its purpose and voucher, and each way to cheat has its own no."""

from datetime import date, timedelta
from typing import Any

import msgspec
import pytest

from tests.funding import YEAR, voucher
from tests.granting import applicant, called, running, spent
from tests.test_funding_commitments import size
from tests.test_funding_projects import SOURCE
from tests.test_funding_tranches import PROMISE
from tests.wire import act, ask, form
from tests.world import World, key
from timebank import accounts, replay
from timebank.accounts import balance_of
from timebank.clock import day_of
from timebank.funding.commitments import AgainstNegativeList, Commitment, PurposeOutside
from timebank.funding.purposes import ExpenseItem, FundPurpose, Negative
from timebank.funding.sources import FenNotPositive, NotEnoughMoney
from timebank.funding.spending import (
    LineReversed,
    SpentInFuture,
    VoucherMissing,
    VoucherUsed,
    decide_line,
    refund_funds,
    report_spending,
    reverse_spending,
)
from timebank.refusals import NotFound, Refusal
from timebank.tables import find

pytestmark = pytest.mark.one_database

TODAY = date(YEAR, 11, 20)
SCREENED = msgspec.structs.replace(
    SOURCE, negatives=(Negative.OFFICE, Negative.BOUGHT_BEFORE, Negative.NO_INVOICE)
)
LINE: dict[str, Any] = {
    "purpose": PROMISE.purpose,
    "item": ExpenseItem.MATERIALS,
    "voucher": "0" * 64,
    "spent_on": TODAY,
    "used": False,
    "today": TODAY,
}


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        ({}, None),
        ({"item": ExpenseItem.PARTY_ACTIVITY}, None),
        ({"spent_on": PROMISE.committed_on}, None),
        ({"purpose": FundPurpose.SAFETY}, PurposeOutside),
        ({"item": ExpenseItem.OFFICE}, AgainstNegativeList),
        ({"spent_on": PROMISE.committed_on - timedelta(days=1)}, AgainstNegativeList),
        ({"voucher": ""}, VoucherMissing),
        ({"voucher": "0" * 63 + "G"}, VoucherMissing),
        ({"used": True}, VoucherUsed),
        ({"spent_on": TODAY + timedelta(days=1)}, SpentInFuture),
    ],
)
def test_what_may_be_accounted_for(changed: dict[str, Any], refusal: type[Refusal] | None) -> None:
    if refusal is None:
        decide_line(PROMISE, SCREENED, **LINE | changed)
    else:
        with pytest.raises(refusal):
            decide_line(PROMISE, SCREENED, **LINE | changed)


@pytest.mark.anyio
async def test_lines_are_accounted_for_reversed_and_refunded_on_the_wire(world: World) -> None:
    who, call = await applicant(world), await called(world)
    grant, first = await running(world, who, call), voucher()
    today = day_of(world.clock.now())
    told = await act(
        world,
        who.books,
        "reportSpending",
        "commitment { paid spent }",
        commitment=grant,
        purpose="ELDER_CARE",
        item="MATERIALS",
        fen=120,
        voucher=first,
        spentOn=today.isoformat(),
    )
    assert told["commitment"] == {"paid": 500, "spent": 120}
    query = "query($c: ID!) { spending(commitment: $c) { nodes { id item fen voucher reversed } } }"
    (line,) = (await ask(world, form(), query, c=grant))["spending"]["nodes"]
    id = line.pop("id")
    assert line == {"item": "MATERIALS", "fen": 120, "voucher": first, "reversed": False}
    told = await act(world, who.books, "reverseSpending", "commitment { spent }", line=id)
    assert told["commitment"] == {"spent": 0}
    with pytest.raises(LineReversed):
        await reverse_spending(who.books, line=id, key=key())
    told = await act(
        world, who.books, "refundFunds", "commitment { paid spent }", commitment=grant, fen=500
    )
    assert told["commitment"] == {"paid": 0, "spent": 0}
    assert await balance_of(accounts.organisation(who.organisation, grant)) == 0
    assert (await replay.compare(world.settings.database_url)).differing == 0


@pytest.mark.anyio
async def test_every_attempt_to_cheat_is_refused_and_nothing_is_written(world: World) -> None:
    who, rival, call = await applicant(world), await applicant(world), await called(world)
    grant, used, today = await running(world, who, call), voucher(), day_of(world.clock.now())
    given: dict[str, Any] = {
        "commitment": grant,
        "purpose": FundPurpose.ELDER_CARE,
        "item": ExpenseItem.MATERIALS,
        "fen": 1,
        "spent_on": today,
    }
    await report_spending(who.books, **given, voucher=used, key=key())
    held = await find(Commitment, grant)
    assert held
    before = await size(world)
    early = held.committed_on - timedelta(days=1)
    for actor, changed, no in (
        (who.books, {"purpose": FundPurpose.PUBLIC_PLACES}, PurposeOutside),
        (who.books, {"item": ExpenseItem.MEALS_GIFTS_TRAVEL}, AgainstNegativeList),
        (who.books, {"item": ExpenseItem.STAFF_BONUS}, AgainstNegativeList),
        (who.books, {"spent_on": early}, AgainstNegativeList),
        (who.books, {"voucher": used}, VoucherUsed),
        (who.books, {"voucher": ""}, VoucherMissing),
        (who.books, {"spent_on": today + timedelta(days=1)}, SpentInFuture),
        (who.books, {"fen": 500}, NotEnoughMoney),
        (who.books, {"fen": 0}, FenNotPositive),
        (who.books, {"commitment": "gra_none"}, NotFound),
        (who.leader, {}, NotFound),
        (rival.books, {}, NotFound),
    ):
        with pytest.raises(no):
            await report_spending(actor, **{"voucher": voucher()} | given | changed, key=key())
        assert await size(world) == before
    for actor, fen, refusal in (
        (who.books, 500, NotEnoughMoney),
        (who.books, 0, FenNotPositive),
        (rival.books, 1, NotFound),
    ):
        with pytest.raises(refusal):
            await refund_funds(actor, commitment=grant, fen=fen, key=key())
    with pytest.raises(NotFound):
        await reverse_spending(who.books, line="spl_none", key=key())
    line = await spent(world, who, grant, 2)
    with pytest.raises(NotFound):
        await reverse_spending(rival.books, line=line, key=key())
    assert await size(world) == before + 1
