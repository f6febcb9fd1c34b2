"""The books as Beancount: it makes of them what the ledger and the derived tables say."""

import random
import re
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from beancount import loader
from beancount.core import account as accounts_there
from beancount.core.data import Balance, Booking, Open, Transaction
from hypothesis import given
from hypothesis import strategies as st

from ledger.entry import Unit
from ledger.tables import dialect_of, sqlite_path
from tests.conftest import Size
from tests.demo_site import SMALL, make_city
from tests.moving import Move, bean_check, entries_of, exported, move, some_months
from tests.world import World, open_world
from timebank import demo
from timebank.accounts import Account
from timebank.beancount_books import amount_of, name_of
from timebank.clock import day_of
from timebank.exports import TablesBehind
from timebank.tables import read

pytestmark = pytest.mark.anyio


def chances(count: int, chance: random.Random) -> list[Move]:
    """Movements that never bring an account below its floor."""
    held: dict[Unit, Counter[str]] = {"minute": Counter(), "fen": Counter()}
    made: list[Move] = []
    for _ in range(count):
        unit: Unit = "minute" if chance.random() < 0.5 else "fen"
        names = ("volunteer:per_", "pool:42-") if unit == "minute" else ("org:Org_", "award:")
        target = chance.choice(names) + str(chance.randrange(40))
        rich = sorted(code for code, balance in held[unit].items() if balance)
        if rich and chance.random() < 0.6:
            source = chance.choice(rich)
            amount = chance.randint(1, held[unit][source])
        else:
            source = "issuance:sta_1" if unit == "minute" else "treasury:benefit"
            amount = chance.randint(1, 5_000)
        if source != target:
            if source in held[unit]:
                held[unit][source] -= amount
            held[unit][target] += amount
            made.append((source, target, unit, amount))
    return made


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    """A city in which a little moved, in three months."""
    async with open_world(database_url, tmp_path) as made:
        await some_months(made)
        yield made


@pytest.fixture(scope="module")
async def written(anyio_backend: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The Beancount file of such a city, for tests that only change the file."""
    directory = tmp_path_factory.mktemp("written")
    url = f"sqlite:///{directory / 'timebank.db'}"
    async with open_world(url, directory) as made:
        await some_months(made)
    return (await exported(url, directory)).read_text("utf-8")


def checked(file: Path, *words: str) -> list[Any]:
    """The file's directives; each of `words` is in some error that Beancount found, and in each
    error is one of them."""
    directives, errors, _ = loader.load_file(str(file))
    found = [error.message for error in errors]
    assert all(any(word in message for word in words) for message in found), found
    assert all(any(word in message for message in found) for word in words), found
    return list(directives)


def code_of(name: str) -> str:
    """The code whose Beancount account is `name`, as the file's own words say how to read one."""
    return ":".join(map(part_of, name.split(":")[1:]))


def part_of(component: str) -> str:
    """What stood between the colons of a code."""
    whole = component.removeprefix("X--")
    if whole == component:
        whole = component[0].lower() + component[1:]
    return re.sub(r"-([0-9a-f]{2})", lambda found: chr(int(found.group(1), 16)), whole)


def sums(directives: list[Any]) -> dict[tuple[str, str], Decimal]:
    """What Beancount's own reading adds up to, by our code and its commodity."""
    held: dict[tuple[str, str], Decimal] = {}
    for directive in directives:
        if isinstance(directive, Transaction):
            for posting in directive.postings:
                assert posting.units is not None
                assert isinstance(posting.units.number, Decimal)
                key = (code_of(posting.account), posting.units.currency)
                held[key] = held.get(key, Decimal(0)) + posting.units.number
    return held


def in_commodities(rows: Iterable[Any]) -> dict[tuple[str, str], Decimal]:
    """What is held, from rows of code, unit and balance, as the books tell it."""
    return {
        (code, "CNY" if unit == "fen" else "MINUTE"): Decimal(balance)
        / (100 if unit == "fen" else 1)
        for code, unit, balance in rows
    }


async def balances() -> dict[tuple[str, str], Decimal]:
    """The same from the derived tables."""
    return in_commodities(await read(Account.spec, '"code", "unit", "balance"'))


# Names and amounts


@given(st.from_regex(r"[A-Za-z0-9._:+/=-]{1,128}", fullmatch=True))
def test_every_code_has_a_legal_name_that_leads_back_to_it(code: str) -> None:
    assert accounts_there.is_valid(name_of(code))
    assert code_of(name_of(code)) == code


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("volunteer:per_01", "Assets:Volunteer:Per-5f01"),
        ("issuance:sta_1", "Income:Issuance:Sta-5f1"),
        ("owed:per_01", "Liabilities:Owed:Per-5f01"),
        ("reward:rwd_1", "Expenses:Reward:Rwd-5f1"),
        ("treasury:2026", "Equity:Treasury:2026"),
        ("retired", "Expenses:Retired"),
        ("pool:A::-x", "Assets:Pool:X--A:X--:X---2dx"),
    ],
)
def test_a_name_tells_what_kind_of_account_it_is(code: str, name: str) -> None:
    assert name_of(code) == name


@pytest.mark.parametrize(
    ("fen", "yuan"),
    [(1, "0.01 CNY"), (-1, "-0.01 CNY"), (-12_345, "-123.45 CNY"), (10**12, "10000000000.00 CNY")],
)
def test_fen_are_yuan_to_the_fen(fen: int, yuan: str) -> None:
    assert amount_of(fen, "fen") == yuan


# Beancount


async def test_beancount_adds_a_random_history_up_to_the_tables(
    database_url: str, tmp_path: Path, size: Size
) -> None:
    chance = random.Random(7)
    count = 10_000 if size == "full" or dialect_of(database_url) == "sqlite" else 1_000
    async with open_world(database_url, tmp_path) as world:
        moves = chances(count, chance)
        for first in range(0, len(moves), 500):
            await move(*moves[first : first + 500])
            world.clock.move(timedelta(hours=chance.randint(1, 900)))
        directives = checked(await exported(database_url, tmp_path))
        assert sums(directives) == await balances()
    told = {d.meta["seq"]: d for d in directives if isinstance(d, Transaction)}
    moving = {entry.seq: entry for entry in await entries_of(database_url) if entry.postings}
    assert told.keys() == moving.keys()
    for seq, entry in moving.items():
        there = told[seq]
        assert there.links == {f"entry-{seq}"}
        assert (there.meta["leaf"], there.meta["kind"]) == (entry.leaf.hex(), entry.kind)
        assert there.date == day_of(entry.at)
        assert [(code_of(p.account), str(p.units)) for p in there.postings] == [
            (code, amount_of(amount, unit)) for code, unit, amount in entry.postings
        ]


async def test_the_demonstration_year_passes_bean_check(tmp_path: Path, size: Size) -> None:
    settings = await make_city(tmp_path, size=demo.Size() if size == "full" else SMALL)
    file = await exported(settings.database_url, tmp_path)
    assert bean_check(file) == (0, "")
    with sqlite3.connect(sqlite_path(settings.database_url)) as connection:
        held = in_commodities(connection.execute("SELECT code, unit, balance FROM account"))
    told = sums(checked(file))
    # Thousands of accounts: name those that differ, for a diff of them all takes an hour.
    assert {key for key in told.keys() | held.keys() if told.get(key) != held.get(key)} == set()
    assert {code.partition(":")[0] for code, _ in held} >= (
        {"reward", "treasury", "paid"} if size == "full" else {"reward"}
    )


async def test_balances_stand_at_every_month_and_at_the_end(world: World, tmp_path: Path) -> None:
    directives = checked(await exported(world.settings.database_url, tmp_path))
    told = [
        (str(d.date), code_of(d.account), f"{d.amount.number} {d.amount.currency}")
        for d in directives
        if isinstance(d, Balance)
    ]
    assert set(told) == {
        ("2026-12-01", "issuance:sta_1", "-90 MINUTE"),
        ("2026-12-01", "volunteer:per_1", "90 MINUTE"),
        ("2027-01-01", "volunteer:per_1", "60 MINUTE"),
        ("2027-01-01", "volunteer:per_2", "30 MINUTE"),
        ("2027-01-01", "treasury:benefit", "-123.45 CNY"),
        ("2027-01-01", "org:org_1", "123.45 CNY"),
        ("2027-02-09", "issuance:sta_1", "-90 MINUTE"),
        ("2027-02-09", "volunteer:per_1", "60 MINUTE"),
        ("2027-02-09", "volunteer:per_2", "20 MINUTE"),
        ("2027-02-09", "treasury:benefit", "-123.45 CNY"),
        ("2027-02-09", "org:org_1", "123.45 CNY"),
        ("2027-02-09", "reward:rwd_1", "10 MINUTE"),
    }
    opens = {code_of(d.account): d for d in directives if isinstance(d, Open)}
    assert opens["org:org_1"].meta["code"] == "org:org_1"
    assert (opens["org:org_1"].currencies, opens["org:org_1"].booking) == (["CNY"], Booking.STRICT)


# What was altered in the file


def altered(written: str, directory: Path, *changes: tuple[str, str]) -> Path:
    """A file with each text that stands there once changed."""
    for old, new in changes:
        assert written.count(old) == 1, (old, written.count(old))
        written = written.replace(old, new)
    file = directory / "altered.beancount"
    file.write_text(written, "utf-8")
    return file


PER_2 = "  Assets:Volunteer:Per-5f2  30 MINUTE"
PER_1 = "  Assets:Volunteer:Per-5f1  -30 MINUTE"


def test_an_altered_posting_does_not_balance(written: str, tmp_path: Path) -> None:
    one = altered(written, tmp_path, (PER_2, PER_2.replace("30", "31")))
    checked(one, "does not balance", "'Assets:Volunteer:Per-5f2': expected")
    assert bean_check(one)[0] == 1


def test_an_altered_pair_that_balances_contradicts_the_tables(written: str, tmp_path: Path) -> None:
    pair = altered(
        written, tmp_path, (PER_2, PER_2.replace("30", "31")), (PER_1, PER_1.replace("-30", "-31"))
    )
    checked(pair, "Volunteer:Per-5f1': expected 60", "Volunteer:Per-5f2': expected 30", "Per-5f2")
    assert bean_check(pair)[0] == 1


def test_a_single_fen_is_missed(written: str, tmp_path: Path) -> None:
    pair = altered(
        written,
        tmp_path,
        ("  Assets:Org:Org-5f1  123.45 CNY\n\n", "  Assets:Org:Org-5f1  123.46 CNY\n\n"),
        (
            "  Equity:Treasury:Benefit  -123.45 CNY\n  ",
            "  Equity:Treasury:Benefit  -123.46 CNY\n  ",
        ),
    )
    checked(pair, "Org-5f1': expected 123.45", "Benefit': expected -123.45")


def test_a_transaction_that_is_gone_is_missed(written: str, tmp_path: Path) -> None:
    whole = written.split("\n\n")
    less = [part for part in whole if '* "test.moved"' not in part or "Expenses" not in part]
    assert len(less) == len(whole) - 1
    file = tmp_path / "less.beancount"
    file.write_text("\n\n".join(less), "utf-8")
    checked(file, "Per-5f2': expected 20", "Expenses:Reward:Rwd-5f1'")


# What was altered in the database


async def tamper(url: str, statement: str) -> None:
    """Change a derived table behind everybody's back."""
    if dialect_of(url) == "sqlite":
        with sqlite3.connect(sqlite_path(url), isolation_level=None) as connection:
            connection.execute(statement)
        connection.close()
        return
    other = await asyncpg.connect(url)
    await other.execute(statement)
    await other.close()


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        # The entries say otherwise than the tables, and Beancount names the account and the month.
        (
            "UPDATE posting SET balance = balance + 1 WHERE account = 'volunteer:per_1' AND"
            " amount < 0",
            ["Per-5f1"],
        ),
        (
            "UPDATE account SET balance = balance + CASE code WHEN 'volunteer:per_1' THEN 5 ELSE -5"
            " END WHERE code LIKE 'volunteer:per%'",
            ["Per-5f1", "Per-5f2", "Duplicate balance assertion"],
        ),
        (
            "INSERT INTO account (code, unit, balance) VALUES ('pool:x', 'minute', 1)",
            ["'Assets:Pool:X'"],
        ),
    ],
)
async def test_tables_that_lie_make_the_check_fail(
    world: World, tmp_path: Path, statement: str, words: list[str]
) -> None:
    await tamper(world.settings.database_url, statement)
    file = await exported(world.settings.database_url, tmp_path)
    checked(file, *words)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM posting WHERE account = 'volunteer:per_2'",
        "DELETE FROM account WHERE code = 'volunteer:per_2'",
    ],
)
async def test_tables_that_forgot_are_refused(world: World, tmp_path: Path, statement: str) -> None:
    await tamper(world.settings.database_url, statement)
    with pytest.raises(TablesBehind) as no:
        await exported(world.settings.database_url, tmp_path)
    assert no.value.details["account"] == "volunteer:per_2"


async def test_an_account_of_any_name_is_in_the_books(sqlite_url: str, tmp_path: Path) -> None:
    async with open_world(sqlite_url, tmp_path) as world:
        await move(("issuance:=x", "=volunteer", "minute", 10))
        url = world.settings.database_url
    file = await exported(url, tmp_path)
    assert ("=volunteer", "MINUTE") in sums(checked(file))
