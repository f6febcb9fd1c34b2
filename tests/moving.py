"""Books for the tests: minutes and fen that move, and the Beancount file of them."""

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

from ledger.entry import Sealed, Unit, decode
from ledger.reader import open_reader, read_entries, read_head
from tests.world import World
from timebank.accounts import Account
from timebank.actors import SYSTEM
from timebank.batch import Batch
from timebank.beancount_books import write_books
from timebank.events import Event, Postings, transfer
from timebank.exports import create
from timebank.journal import Answer, write
from timebank.tables import Row


class Moved(Event, frozen=True, tag="test.moved"):
    """Minutes or fen go from one account to another."""

    source: str
    target: str
    unit: Unit
    amount: int

    def postings(self) -> Postings:
        """The two sides."""
        return transfer(self.source, self.target, self.unit, self.amount)


Move = tuple[str, str, Unit, int]


async def move(*moves: Move) -> None:
    """Write so many entries in one go."""

    def work(batch: Batch) -> Answer:
        for source, target, unit, amount in moves:
            entry = batch.record(Moved(source=source, target=target, unit=unit, amount=amount))
        return Answer(entry=entry.seq)

    needs = {(Account, code) for source, target, *_ in moves for code in (source, target)}
    await write(SYSTEM, None, work, answer=Answer, needs=sorted(needs, key=str))


async def put(*rows: Row) -> None:
    """Place rows as they are, beside an entry: no projection changes without one."""

    def work(batch: Batch) -> Answer:
        moved = Moved(source="issuance:sta_1", target="pool:420102", unit="minute", amount=60)
        entry = batch.record(moved)
        for row in rows:
            batch.put(row)
        return Answer(entry=entry.seq)

    await write(SYSTEM, None, work, answer=Answer)


async def some_months(world: World) -> None:
    """A little moves, in three months."""
    await move(("issuance:sta_1", "volunteer:per_1", "minute", 90))
    world.clock.move(timedelta(days=40))
    await move(
        ("volunteer:per_1", "volunteer:per_2", "minute", 30),
        ("treasury:benefit", "org:org_1", "fen", 12_345),
    )
    world.clock.move(timedelta(days=40))
    await move(("volunteer:per_2", "reward:rwd_1", "minute", 10))


async def exported(url: str, directory: Path) -> Path:
    """The Beancount file of a ledger."""
    file = directory / "books.beancount"
    with create(file) as draft:
        await write_books(url, draft)
    return file


async def entries_of(url: str) -> list[Sealed]:
    """Every entry, by its bytes."""
    async with open_reader(url) as reader:
        size = (await read_head(reader)).size
        return [decode(row[1]) async for rows in read_entries(reader, 0, size) for row in rows]


def bean_check(file: Path) -> tuple[int, str]:
    """What the command makes of a file: its exit code and what it says."""
    told = subprocess.run(
        [Path(sys.executable).parent / "bean-check", file],
        check=False,
        capture_output=True,
        text=True,
    )
    return told.returncode, told.stderr
