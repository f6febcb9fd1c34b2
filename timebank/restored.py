"""What is done to the vault of a restored copy before it is put in place (domain 11).

Whoever was erased since the copy was made is erased in it too, by the list beside the anchor. What
was sealed in a month whose key is destroyed nobody will open again: the copy is refused, unless the
operator gives the names in it up, and then these rows are deleted. Refuses to know whether the
copy's ledger may take its place (`backups`).
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import msgspec

from ledger.reader import open_reader
from ledger.tables import dialect_of, sqlite_path
from ledger.writer import Transaction, open_writer
from timebank.actors import PersonId
from timebank.erased import ErasureLeft, personal_tables, read_erased
from timebank.refusals import Refusal
from timebank.settings import Settings
from timebank.tables import TABLES
from timebank.vault import DataKey, KeyedFinding, KeyedIndex, SealedField

# Refusals


class EpochKeyMissing(Refusal):
    """The copy's names cannot be read with the keys that are here."""

    says = (
        "What the copy knows of {count} rows was sealed in the epoch {epoch}, whose key is not in "
        "the data directory. Bring the key; or, if it was destroyed because the copy is that old, "
        "restore with --without-names: names, numbers and texts of that time are lost for ever."
    )
    epoch: str
    count: int


class Fitted(msgspec.Struct, frozen=True):
    """How many persons were erased again, and how many rows nobody could open were deleted."""

    erased: int
    given_up: int


# Decisions


def decide_fit(sealed: dict[str, int], there: Sequence[str], *, give_up: bool) -> list[str]:
    """The epochs whose rows are to be deleted from a copy, as nobody opens them again.

    Args: sealed, how many rows were sealed in each epoch; there, the epochs whose keys are here.
    Refuses: EpochKeyMissing.
    """
    gone = sorted(set(sealed) - set(there))
    if gone and not give_up:
        raise EpochKeyMissing(epoch=gone[-1], count=sealed[gone[-1]])
    return gone


# Commands


async def fit(settings: Settings, copy: str, *, give_up: bool = False) -> Fitted:
    """Make the vault of a copy that nobody serves yet fit to be put in place.

    Where the keys are not here at all, nothing can be said of them; the ledger will not open
    without them. Refuses: EpochKeyMissing.
    """
    erased = await asyncio.to_thread(read_erased, settings.erased_file)
    gone: list[str] = []
    if settings.steady_key.exists():
        there = [path.stem for path in settings.epoch_keys.glob("*.key")]
        gone = decide_fit(await _sealed_in(copy), there, give_up=give_up)
    if not erased and not gone:
        return Fitted(0, 0)
    writer = await open_writer(copy)
    try:
        # A copy being loaded bears the stop mark on PostgreSQL.
        async with writer.transaction(stopped=True) as transaction:
            again = [person for person in erased if await _erase(transaction, person)]
            left = [ErasureLeft.spec.values(ErasureLeft(id=person)) for person in again]
            await transaction.execute_each([(ErasureLeft.spec.upsert, left)])
            given_up = sum([await _give_up(transaction, epoch) for epoch in gone])
    finally:
        # Nobody else has the copy open: closing it empties SQLite's log and removes it.
        await writer.close()
    if dialect_of(copy) == "sqlite":
        await asyncio.to_thread(_unlink, f"{sqlite_path(copy)}.lock")
    return Fitted(len(again), given_up)


def _unlink(path: str) -> None:
    Path(path).unlink(missing_ok=True)


async def _sealed_in(copy: str) -> dict[str, int]:
    """How many rows of a copy were sealed in each epoch."""
    found: dict[str, int] = {}
    async with open_reader(copy) as reader:
        for name in _sealed_names():
            statement = f'SELECT "epoch", count(*) FROM "{name}" GROUP BY "epoch"'
            for epoch, count in await reader.fetch(statement):
                found[epoch] = found.get(epoch, 0) + count
    return found


def _sealed_names() -> list[str]:
    return [DataKey.spec.name, *(table.name for table in TABLES.values() if table.sealed)]


async def _erase(transaction: Transaction, person: PersonId) -> bool:
    """Delete what is a person's; whether there was anything."""
    touched = 0
    for kept, column in personal_tables():
        statement = f'DELETE FROM "{kept.name}" WHERE "{column}" = $1'
        touched += await transaction.execute(statement, person)
    return touched > 0


async def _give_up(transaction: Transaction, epoch: str) -> int:
    """Delete what was sealed in an epoch; returns how many rows."""
    touched = 0
    for table in (SealedField, KeyedIndex, KeyedFinding):
        touched += await transaction.execute(
            f'DELETE FROM "{table.spec.name}" WHERE "person" IN'
            f' (SELECT "person" FROM "{DataKey.spec.name}" WHERE "epoch" = $1)',
            epoch,
        )
    for name in _sealed_names():
        touched += await transaction.execute(f'DELETE FROM "{name}" WHERE "epoch" = $1', epoch)
    return touched
