"""Random funding histories: at every entry each fen is where the treasury's money may be.

The check knows the exported files alone: it adds up postings and bodies itself and asks no table
until the end, when the derived tables, a replay and Beancount have to agree with it.
"""

import contextlib
import csv
import json
import random
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.conftest import SIZE
from tests.funding import fund_officer, source_of
from tests.granting import Applicant, applicant, spent
from tests.moving import bean_check, exported
from tests.projects import officer_of
from tests.world import World, key
from timebank import replay
from timebank.access import Role
from timebank.accounts import Account, balance_of
from timebank.actors import SYSTEM
from timebank.batch import Batch
from timebank.exports import create, write_csv
from timebank.funding.allotments import allot_funds
from timebank.funding.balances import FundBalance
from timebank.funding.commitments import Commitment, Condition, commit_funds, meet, release
from timebank.funding.payments import (
    approve_payment,
    bounce_payment,
    pay_tranche,
    prepare_payment,
)
from timebank.funding.purposes import FundPurpose, Negative
from timebank.funding.spending import SpendingLine, refund_funds, reverse_spending
from timebank.funding.tranches import (
    Tranche,
    parts_of,
    plan_tranches,
)
from timebank.journal import Answer, write
from timebank.refusals import NotFound, Refusal
from timebank.tables import R, select

pytestmark = [pytest.mark.anyio, pytest.mark.one_database]
UNITS = ("420100", "420102", "420102002003")
CARE, PLACES = FundPurpose.ELDER_CARE, FundPurpose.PUBLIC_PLACES
STEPS, SEEDS = (200, 40) if SIZE == "full" else (130, 3)
GIVEN = 1_000
FIRST = 16


class Chances:
    """A city whose officers and organisations try whatever comes to mind, allowed or not."""

    def __init__(self, world: World, chance: random.Random, who: list[Applicant]) -> None:
        self.world, self.chance, self.who = world, chance, who
        self.sources: list[str] = []
        self.things = 0
        self.done: Counter[str] = Counter()

    async def authorise(self) -> None:
        """Another source."""
        self.sources.append(await source_of(self.world, GIVEN))

    async def allot(self) -> None:
        """Some units, more than there is or not."""
        units = self.chance.sample(UNITS, self.chance.randint(1, 2))
        rows = [(unit, self.chance.randint(0, GIVEN // 2)) for unit in units]
        source = self.chance.choice(self.sources)
        await allot_funds(await fund_officer(self.world), source=source, rows=rows, key=key())

    async def commit(self) -> None:
        """Promise something to an organisation or for something bought, and plan its parts."""
        chance, thing = self.chance, f"thing_{self.things}"
        self.things += 1
        payee = chance.choice([*(one.organisation for one in self.who), None])
        fen, unit = chance.randint(0, GIVEN // 4), chance.choice(UNITS)
        source, purpose = chance.choice(self.sources), chance.choice((*[CARE] * 4, PLACES))
        negatives = chance.choice([(), (), (), (Negative.SPLIT,)])

        def work(batch: Batch) -> Answer:
            commit_funds(
                batch,
                thing,
                source=source,
                unit=unit,
                purpose=purpose,
                fen=fen,
                negatives=negatives,
                payee=payee,
            )
            parts = parts_of(fen, [50, 40, 10])
            steps = (Condition.CONTRACT, Condition.MIDTERM, Condition.FINAL)
            plan_tranches(batch, thing, [(p, s, 0) for p, s in zip(parts, steps, strict=True) if p])
            return Answer()

        await write(SYSTEM, key(), work, answer=Answer)

    async def report(self) -> None:
        """What a payment waits for comes."""
        part = await self.some(Tranche)

        def work(batch: Batch) -> Answer:
            batch.need(Commitment, part.commitment)
            meet(batch, part.commitment, part.condition)
            return Answer()

        await write(SYSTEM, key(), work, answer=Answer)

    async def pay(self) -> None:
        """A step of a payment, or all of them, whatever state it is in."""
        part = await self.some(Tranche)
        cashier = await officer_of(self.world, Role.STREET_CASHIER)
        checker = await officer_of(self.world, Role.STREET_CHECKER)
        await prepare_payment(cashier, tranche=part.id, key=key())
        await approve_payment(checker, tranche=part.id, key=key())
        await pay_tranche(cashier, tranche=part.id, reference="1", key=key())

    async def bounce(self) -> None:
        """The bank sends a payment back, or somebody says so."""
        part = await self.some(Tranche)
        checker = await officer_of(self.world, Role.STREET_CHECKER)
        await bounce_payment(checker, tranche=part.id, key=key())

    async def spend(self) -> None:
        """An organisation accounts for something, of its own promise or another's."""
        held, who = await self.whose_money()
        await spent(self.world, who, held.id, self.chance.randint(0, 60))

    async def reverse(self) -> None:
        """A line is reversed, perhaps again, perhaps another's."""
        line = await self.some(SpendingLine)
        await reverse_spending(self.chance.choice(self.who).books, line=line.id, key=key())

    async def refund(self) -> None:
        """An organisation gives something back."""
        held, who = await self.whose_money()
        fen = self.chance.randint(0, 60)
        await refund_funds(who.books, commitment=held.id, fen=fen, key=key())

    async def let_go(self) -> None:
        """Some of what is promised and not paid goes back."""
        held = await self.some(Commitment)
        left = self.chance.randint(0, await balance_of(f"award:{held.id}"))

        def work(batch: Batch) -> Answer:
            release(batch, batch.there(Commitment, held.id), left)
            return Answer()

        await write(SYSTEM, key(), work, answer=Answer)

    async def whose_money(self) -> tuple[Commitment, Applicant]:
        """A promise, and mostly the organisation that it is to."""
        held = await self.some(Commitment)
        own = [one for one in self.who if one.organisation == held.payee]
        return held, self.chance.choice([*self.who, *own * 4])

    async def some(self, row: type[R]) -> R:
        """Any row of a table; where there is none yet, nothing is tried."""
        # The lowest are tried again and again, so that things get somewhere.
        found = (await select(row, order=["id"]))[: self.chance.choice((3, 9, 99))]
        if not found:
            raise NotFound(what=row.__name__)
        return self.chance.choice(found)


class Line(NamedTuple):
    """An entry as the export tells it; `postings` are account, unit and amount."""

    seq: int
    kind: str
    body: dict[str, Any]
    postings: list[tuple[str, str, int]]


async def lines_of(url: str, directory: Path) -> list[Line]:
    """Every entry, read back from the exported files."""
    entries, postings = directory / "entries.csv", directory / "postings.csv"
    with create(entries) as rows, create(postings) as moves:
        await write_csv(url, rows, moves)
    moved: defaultdict[str, list[tuple[str, str, int]]] = defaultdict(list)
    with postings.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            moved[row["seq"]].append((row["account"], row["unit"], int(row["amount"])))
    with entries.open(encoding="utf-8-sig", newline="") as file:
        return [
            Line(int(row["seq"]), row["kind"], json.loads(row["body"]), moved[row["seq"]])
            for row in csv.DictReader(file)
        ]


class Books:
    """What the entries say, added up by nobody but this test."""

    def __init__(self) -> None:
        self.held: Counter[str] = Counter()
        self.whole: Counter[str] = Counter()
        self.source_of: dict[str, str] = {}
        self.sums: defaultdict[tuple[str, str, str], Counter[str]] = defaultdict(Counter)
        self.promises: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.authorised: Counter[str] = Counter()

    def read(self, entry: Line) -> None:
        """Add up an entry, and hold every law at it."""
        body = entry.body
        if entry.kind == "funds.committed":
            self.source_of[f"award:{body['commitment']}"] = str(body["source"])
            self.source_of[f"org:{body.get('payee')}:{body['commitment']}"] = str(body["source"])
        for code, unit, amount in entry.postings:
            if unit == "fen":
                self.held[code] += amount
                assert (
                    (self.held[code] <= 0)
                    if code.startswith("treasury:")
                    else (self.held[code] >= 0)
                ), (entry.seq, code)
        moved = {self.whose(code) for code, unit, _ in entry.postings if unit == "fen"}
        assert len(moved) <= 1, f"entry {entry.seq} crosses from one source to another"
        assert moved <= {body.get("source")}
        self.count(entry.kind, body)
        for code, unit, amount in entry.postings:
            self.whole[self.whose(code)] += amount if unit == "fen" else 0
        assert not any(self.whole[source] for source in moved), "every fen is the treasury's"

    def whose(self, code: str) -> str:
        """The source that an account's money is of."""
        kind, _, rest = code.partition(":")
        return (
            rest
            if kind in ("treasury", "source")
            else self.source_of.get(code, rest.rpartition(":")[2])
        )

    def count(self, kind: str, body: dict[str, Any]) -> None:
        """Payments <= commitment <= allotment <= source, at this entry."""
        source, unit = str(body.get("source")), str(body.get("unit"))
        fen, purpose = int(body.get("fen", 0)), str(body.get("purpose", ""))
        if kind == "source.authorised":
            self.authorised[source] += fen
        column, sign = {
            "funds.allotted": ("allotted", 1),
            "funds.committed": ("committed", 1),
            "funds.released": ("committed", -1),
            "funds.paid": ("paid", 1),
            "funds.payment_reversed": ("paid", -1),
            "funds.refunded": ("paid", -1),
            "funds.spent": ("spent", 1),
            "funds.spending_reversed": ("spent", -1),
        }.get(kind, ("", 0))
        if not column:
            return
        bought = column == "paid" and "payee" not in body
        columns = ["paid", "spent"] if bought else [column]
        keys = {(source, "", ""), (source, unit, "")}
        keys |= {(source, "", purpose), (source, unit, purpose)} if purpose else set()
        for which in columns:
            for one in keys:
                self.sums[one][which] += sign * fen
            self.promises[str(body.get("commitment"))][which] += sign * fen
        for one in keys:
            told = self.sums[one]
            assert 0 <= told["spent"] <= told["paid"] <= told["committed"], (kind, one)
            if not one[2]:
                assert told["committed"] <= told["allotted"]
        assert self.sums[source, "", ""]["allotted"] <= self.authorised[source]
        if "commitment" in body:
            told = self.promises[str(body["commitment"])]
            assert 0 <= told["spent"] <= told["paid"] <= told["committed"]


async def all_agree(world: World, directory: Path) -> Books:
    """Hold every law at every entry; then tables, replay and Beancount say the same."""
    books, url = Books(), world.settings.database_url
    for entry in await lines_of(url, directory):
        books.read(entry)
    for held in await select(FundBalance):
        told = books.sums[held.source, held.unit or "", held.purpose or ""]
        for column in ("allotted", "committed", "paid", "spent"):
            if column != "allotted" or held.purpose is None:
                assert getattr(held, column) == told[column], (held.id, column)
    for promise in await select(Commitment):
        told = books.promises[promise.id]
        told_of = (told["committed"], told["paid"], told["spent"])
        assert (promise.fen, promise.paid, promise.spent) == told_of, promise.id
    fen = {row.code: row.balance for row in await select(Account, unit="fen") if row.balance}
    assert fen == {code: amount for code, amount in books.held.items() if amount}
    assert (await replay.compare(url)).differing == 0
    assert bean_check(await exported(url, directory)) == (0, "")
    return books


@pytest.mark.parametrize("seed", range(SEEDS))
async def test_in_any_history_every_fen_is_where_it_was_given_for(
    world: World, tmp_path: Path, seed: int
) -> None:
    who = [await applicant(world) for _ in range(2)]
    city = Chances(world, random.Random(seed), who)
    await city.authorise()
    await city.authorise()
    tries: dict[str, Callable[[], Awaitable[None]]] = {
        "allot": city.allot,
        "commit": city.commit,
        "report": city.report,
        "pay": city.pay,
        "spend": city.spend,
        "reverse": city.reverse,
        "refund": city.refund,
        "let go": city.let_go,
        "bounce": city.bounce,
    }
    for n in range(STEPS):
        # Nothing can happen before somebody was allotted something and promised some of it.
        likely = (9, 3) if n < FIRST else (2, 8, 10, 16, 18, 4, 4, 1, 6)
        (name,) = city.chance.choices(list(tries)[: len(likely)], likely)
        with contextlib.suppress(Refusal):
            await tries[name]()
            city.done[name] += 1
    assert len(city.done) > 3, city.done
    assert sum(city.done.values()) < STEPS, "something was refused"
    await all_agree(world, tmp_path)
