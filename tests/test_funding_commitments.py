"""Commitments: the earmark. Nobody spends a fen outside its purpose, its time or its allotment."""

from datetime import date

import pytest

from tests.funding import SHARE, YEAR, allotted
from tests.test_funding_projects import SOURCE
from tests.wire import ask, form
from tests.world import COMMUNITY, World, key
from timebank import accounts, replay
from timebank.accounts import balance_of
from timebank.actors import SYSTEM
from timebank.batch import Batch
from timebank.funding.commitments import (
    AgainstNegativeList,
    Commitment,
    CommittedAlready,
    Condition,
    NotAllotted,
    PurposeOutside,
    commit_funds,
    decide_earmark,
    meet,
    release,
)
from timebank.funding.purposes import FundPurpose, Negative
from timebank.funding.sources import FenNotPositive, NotEnoughMoney, SourceOver
from timebank.journal import Answer, write
from timebank.refusals import NotFound, Refusal
from timebank.tables import find

pytestmark = pytest.mark.one_database

CARE = FundPurpose.ELDER_CARE
TODAY = date(YEAR, 11, 20)


async def commit(
    source: str,
    fen: int,
    *negatives: Negative,
    commitment: str = "thing_1",
    unit: str = COMMUNITY,
    purpose: FundPurpose = CARE,
) -> None:
    """Promise some money to a thing of the test's."""

    def work(batch: Batch) -> Answer:
        entry = commit_funds(
            batch,
            commitment,
            source=source,
            unit=unit,
            purpose=purpose,
            fen=fen,
            negatives=negatives,
        )
        return Answer(entry=entry.seq)

    await write(SYSTEM, key(), work, answer=Answer)


async def size(world: World) -> int:
    """How many entries there are."""
    return int((await ask(world, form(), "{ ledger { size } }"))["ledger"]["size"])


@pytest.mark.parametrize(
    ("purpose", "negatives", "today", "refusal"),
    [
        (FundPurpose.PUBLIC_PLACES, (), TODAY, None),
        (FundPurpose.PUBLIC_PLACES, (Negative.PARTY_ONLY,), TODAY, None),
        (FundPurpose.PUBLIC_PLACES, (Negative.OFFICE,), TODAY, AgainstNegativeList),
        (CARE, (), TODAY, PurposeOutside),
        (FundPurpose.PUBLIC_PLACES, (), date(YEAR - 1, 12, 31), SourceOver),
        (FundPurpose.PUBLIC_PLACES, (), date(YEAR + 1, 1, 1), SourceOver),
    ],
)
def test_what_money_may_be_used_for(
    purpose: FundPurpose,
    negatives: tuple[Negative, ...],
    today: date,
    refusal: type[Refusal] | None,
) -> None:
    if refusal is None:
        decide_earmark(SOURCE, purpose, negatives=negatives, today=today)
    else:
        with pytest.raises(refusal):
            decide_earmark(SOURCE, purpose, negatives=negatives, today=today)


@pytest.mark.anyio
async def test_every_way_round_the_earmark_is_refused_and_nothing_is_written(
    world: World,
) -> None:
    source = await allotted(world)
    await commit(source, 5)
    before = await size(world)
    for no, what in (
        (PurposeOutside, commit(source, 1, commitment="b", purpose=FundPurpose.PARTY_BUILDING)),
        (AgainstNegativeList, commit(source, 1, Negative.DEBT_INVESTMENT, commitment="b")),
        (NotEnoughMoney, commit(source, SHARE - 4, commitment="b")),
        (FenNotPositive, commit(source, 0, commitment="b")),
        (CommittedAlready, commit(source, 1)),
        (NotAllotted, commit(source, 1, commitment="b", unit="420102002004")),
        (NotFound, commit("src_none", 1, commitment="b")),
    ):
        with pytest.raises(no):
            await what
        assert await size(world) == before
    await commit(source, SHARE - 5, commitment="b")
    assert await balance_of(accounts.allotment(COMMUNITY, YEAR, source)) == 0


@pytest.mark.anyio
async def test_a_condition_is_met_once_and_what_is_released_goes_back(world: World) -> None:
    source = await allotted(world)
    await commit(source, 9)

    def work(batch: Batch) -> Answer:
        for _ in range(2):
            meet(batch, "thing_1", Condition.FINAL)
        held = batch.there(Commitment, "thing_1")
        release(batch, held, 0)
        release(batch, held, 4)
        return Answer()

    await write(SYSTEM, key(), work, answer=Answer)
    held = await find(Commitment, "thing_1")
    assert held
    assert (held.met, held.fen) == ((Condition.FINAL,), 5)
    assert await balance_of(accounts.allotment(COMMUNITY, YEAR, source)) == SHARE - 5
    assert await balance_of(accounts.award("thing_1")) == 5
    assert (await replay.compare(world.settings.database_url)).differing == 0
