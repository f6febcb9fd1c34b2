"""Ledgers for the tests: filled honestly, or tampered with.

Knows how to write one through the front door and how to break one behind its fences.
"""

import contextlib
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import groupby
from operator import attrgetter
from typing import Any

from ledger.checkpoint import Checkpoint, Signer, lines_of, sign, with_signatures
from ledger.entry import Sealed, Tip, seal
from ledger.tables import install, sqlite_path
from ledger.verify import Report
from ledger.writer import Transaction, Writer, open_writer
from timebank.bound import BIND, Bound

START = datetime(2020, 1, 1, tzinfo=UTC)
SIGNER = Signer("log.example", bytes(32))


def entry(tip: Tip, number: int, **changed: Any) -> Sealed:
    """The `number`-th ordinary entry: 10 minutes from issuance to one of three volunteers."""
    told: dict[str, Any] = {
        "now": START + timedelta(seconds=number),
        "kind": "hours.posted",
        "actor": f"p_{number % 3}",
        "request": f"{number:032x}",
        "policy": "P1",
        "body": {"minutes": 10},
        "postings": [(f"volunteer:{number % 3}", "minute", 10), ("issuance:x", "minute", -10)],
    }
    return seal(tip, **(told | changed))


def chain(tip: Tip, count: int, **changed: Any) -> list[Sealed]:
    """So many ordinary entries on a tip, changed alike."""
    made: list[Sealed] = []
    for number in range(tip.size, tip.size + count):
        tip = made[-1].tip if made else tip
        made.append(entry(tip, number, **changed))
    return made


async def add(writer: Writer, count: int = 1, **changed: Any) -> None:
    """Append so many entries in one transaction, changed alike."""
    async with writer.transaction() as transaction:
        await write(transaction, chain(transaction.head.tip, count, **changed))


async def write(transaction: Transaction, entries: list[Sealed]) -> None:
    """Append entries and bind their requests, as whoever writes entries does."""
    await transaction.append(entries)
    bound = [
        Bound(bytes(32), "{}", made[0].seq, len(made)).row(request)
        for request, together in groupby(entries, key=attrgetter("request"))
        for made in [list(together)]
    ]
    await transaction.execute_each([(BIND, bound)])


async def size_of(writer: Writer) -> int:
    """How many entries the head counts."""
    async with writer.transaction() as transaction:
        return transaction.head.size


async def publish(transaction: Transaction, *signers: Signer) -> None:
    """Sign where the log ends now, as a publisher would; around a rotation with two keys."""
    head = transaction.head
    told = Checkpoint("log.example", head.size, head.root)
    notes = [sign(told, signer) for signer in signers or [SIGNER]]
    note = with_signatures(notes[0], (line for note in notes for line in lines_of(note)))
    await transaction.execute(
        "INSERT INTO checkpoint (size, root, note, at) VALUES ($1, $2, $3, $4)",
        head.size,
        head.root,
        note,
        "2020-01-01T00:00:00.000000Z",
    )


async def fill(url: str, count: int, *more: dict[str, Any]) -> list[Sealed]:
    """A fresh ledger of `count` ordinary entries and then those described."""
    await install(url)
    writer = await open_writer(url)
    made: list[Sealed] = []
    try:
        async with writer.transaction() as transaction:
            tip = transaction.head.tip
            for number in range(count + len(more)):
                changed = more[number - count] if number >= count else {}
                made.append(entry(tip, number, **changed))
                tip = made[-1].tip
            await write(transaction, made)
            await publish(transaction)
    finally:
        await writer.close()
    return made


@contextlib.contextmanager
def fences_down(url: str) -> Iterator[sqlite3.Connection]:
    """What a tamperer with the file does: triggers off, change, triggers as they were."""
    connection = sqlite3.connect(sqlite_path(url), isolation_level=None)
    triggers = connection.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
    ).fetchall()
    for name, _ in triggers:
        connection.execute(f"DROP TRIGGER {name}")
    connection.execute("PRAGMA ignore_check_constraints = ON")
    try:
        yield connection
    finally:
        for _, sql in triggers:
            connection.execute(sql)
        connection.close()


def named(report: Report, layer: str) -> set[int | None]:
    """The entries that a report names in a layer."""
    return {finding.seq for finding in report.findings if finding.layer == layer}
