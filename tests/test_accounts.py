"""Time accounts: sums are zero, floors hold, both sides agree, whatever happens in which order."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.entry import EMPTY, Posting, seal
from tests.conftest import SIZE
from tests.credit import TestCredited, credit
from tests.world import NOON, World, key, open_world
from timebank import accounts, replay, rewards
from timebank.access import Role
from timebank.accounts import (
    Account,
    AccountTotal,
    FloorBroken,
    NotEnoughTime,
    NotPositive,
    decide_spend,
)
from timebank.events import Event
from timebank.journal import Answer, write
from timebank.projections import Rows, project
from timebank.refusals import Refusal
from timebank.reward_orders import (
    OrderState,
    RewardOrder,
    cancel_reward,
    hand_over_reward,
    order_reward,
    pickup_code,
    ready_reward,
)
from timebank.tables import Key, R, select


@pytest.mark.parametrize(
    ("held", "asked", "refusal"),
    [(5, 5, None), (5, 6, NotEnoughTime), (0, 1, NotEnoughTime), (5, 0, NotPositive)],
)
def test_nobody_spends_more_than_there_is(
    held: int, asked: int, refusal: type[Refusal] | None
) -> None:
    if refusal is None:
        decide_spend(held, asked)
    else:
        with pytest.raises(refusal):
            decide_spend(held, asked)


@pytest.mark.parametrize(
    ("code", "floor"),
    [
        (accounts.volunteer("p"), 0),
        (accounts.escrow("o"), 0),
        (accounts.pool("a"), 0),
        (accounts.redeemed("r"), 0),
        ("retired", 0),
        ("source:x", 0),
        (accounts.issuance("s"), None),
        (accounts.owed("p"), None),
        ("treasury:x", None),
    ],
)
def test_every_account_has_the_floor_of_its_kind(code: str, floor: int | None) -> None:
    assert accounts.floor(code, "minute") == floor


class Empty(Rows):
    """Rows of a bank in which nothing has happened."""

    def __init__(self) -> None:
        super().__init__({})

    def get(self, row: type[R], key: Key) -> R | None:
        """What was put before, or None."""
        self.known.setdefault((row, key), None)
        return super().get(row, key)


class Moved(Event, frozen=True, tag="test.passed_on"):
    """Anything from anywhere to anywhere."""


def move(rows: Rows, *postings: Posting) -> None:
    """Project an entry with these postings."""
    entry = seal(
        EMPTY,
        now=NOON,
        kind="test.passed_on",
        actor="system",
        request="0" * 32,
        policy="none",
        body={},
        postings=postings,
    )
    project(rows, Moved(), entry)


@pytest.mark.parametrize(
    "postings",
    [
        [("volunteer:a", "minute", -1), ("volunteer:b", "minute", 1)],
        [("issuance:s", "minute", 1), ("owed:a", "minute", -1)],
        [("issuance:s", "minute", -1), ("owed:a", "minute", 1)],
    ],
)
def test_a_floor_is_never_broken_whatever_a_decision_says(postings: Sequence[Posting]) -> None:
    with pytest.raises(FloorBroken):
        move(Empty(), *postings)


def test_an_entry_moves_an_account_once_by_the_sum_of_its_postings() -> None:
    rows = Empty()
    move(
        rows,
        ("issuance:s", "minute", -3),
        ("volunteer:a", "minute", -2),
        ("volunteer:a", "minute", 5),
    )
    held = rows.get(Account, "volunteer:a")
    assert held
    assert held.balance == 3
    posted = rows.get(accounts.Posting, "volunteer:a@000000000000")
    assert posted
    assert (posted.amount, posted.balance) == (3, 3)


# On a real bank


@pytest.mark.anyio
async def test_a_broken_floor_writes_nothing(world: World) -> None:
    before = await select(AccountTotal)
    with pytest.raises(FloorBroken):
        await write(
            (await world.volunteer()),
            None,
            lambda batch: Answer(
                entry=batch.record(TestCredited(person="p", station="s", minutes=-1)).seq
            ),
            answer=Answer,
        )
    assert await select(AccountTotal) == before


@pytest.mark.anyio
async def test_a_statement_reads_newest_first_a_page_at_a_time(world: World) -> None:
    who = (await world.volunteer()).id
    seqs = [await credit(who, world.station, minutes) for minutes in (10, 20, 30)]
    code = accounts.volunteer(who)

    whole = await accounts.statement(code, limit=9, backward=False)
    assert [(row.seq, row.amount, row.balance) for row in whole] == [
        (seqs[2], 30, 60),
        (seqs[1], 20, 30),
        (seqs[0], 10, 10),
    ]
    older = await accounts.statement(code, after=seqs[2], limit=1, backward=False)
    assert [row.seq for row in older] == [seqs[1]]
    back = await accounts.statement(code, before=seqs[0], limit=9, backward=True)
    assert [row.seq for row in back] == [seqs[1], seqs[2]]
    assert await accounts.balances_of([code, "volunteer:none"]) == {code: 60, "volunteer:none": 0}


# Random histories

ACTS = st.sampled_from(["credit", "order", "ready", "hand over", "cancel"])
HISTORY = st.lists(st.tuples(ACTS, st.integers(0, 1), st.integers(0, 3)), max_size=40)


class History:
    """Two volunteers, two rewards, and whatever is done to them."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.people: list[str] = []
        self.rewards: list[str] = []
        self.orders: list[str] = []

    async def begin(self) -> None:
        self.volunteers = [await self.world.volunteer() for _ in range(2)]
        for minutes, stock in ((60, 3), (0, 2)):
            made = await rewards.offer_reward(
                self.world.staff[Role.STATION_MANAGER],
                station=self.world.station,
                name="香皂",
                minutes=minutes,
                stock=stock,
                key=key(),
            )
            self.rewards.append(made.reward)

    async def act(self, act: str, who: int, what: int) -> None:
        volunteer, clerk = self.volunteers[who], self.world.staff[Role.STATION_CLERK]
        order = self.orders[what % len(self.orders)] if self.orders else "ord_none"
        if act == "credit":
            await credit(volunteer.id, self.world.station, 25 * (what + 1))
        elif act == "order":
            made = await order_reward(volunteer, reward=self.rewards[what % 2], key=key())
            self.orders.append(made.order)
        elif act == "ready":
            await ready_reward(clerk, order=order, key=key())
        elif act == "hand over":
            code = pickup_code(order)
            await hand_over_reward(clerk, order=order, code=code, key=key())
        else:
            await cancel_reward(clerk, order=order, key=key())


async def check(world: World) -> None:
    """What is true of any bank at any moment."""
    held = await select(Account)
    assert sum(account.balance for account in held) == 0
    for account in held:
        contra = account.code.startswith(("issuance:", "owed:"))
        assert account.balance <= 0 if contra else account.balance >= 0
    totals: dict[str, int] = {}
    for account in held:
        kind = f"{account.unit}:{account.code.partition(':')[0]}"
        totals[kind] = totals.get(kind, 0) + account.balance
    assert {row.id: row.balance for row in await select(AccountTotal)} == totals
    assert (await accounts.conservation()).whole
    held_for = {OrderState.ORDERED, OrderState.READY}
    for order in await select(RewardOrder):
        waits = order.minutes if order.state in held_for else 0
        assert await accounts.balance_of(accounts.escrow(order.id)) == waits
    assert all(reward.stock >= 0 for reward in await select(rewards.Reward))
    assert (await replay.compare(world.settings.database_url)).differing == 0


async def live(history: Sequence[tuple[str, int, int]]) -> None:
    with TemporaryDirectory() as directory:
        url = f"sqlite:///{directory}/timebank.db"
        async with open_world(url, Path(directory)) as world:
            bank = History(world)
            await bank.begin()
            for act in history:
                try:
                    await bank.act(*act)
                except Refusal:
                    continue
            await check(world)


@settings(max_examples=100 if SIZE == "full" else 8)
@given(HISTORY)
def test_any_history_keeps_sums_floors_and_replays_to_the_same(
    history: list[tuple[str, int, int]],
) -> None:
    asyncio.run(live(history))
