"""Succession: a new log in place of one whose last entries are lost, by two persons.

The old log cannot go on: witnesses and receipts know more of it than the copy holds, and whatever
was signed next under its name would be a fork. So its name, key and anchor end, and a new log opens
that says in entry 0 what was signed and what is left (ledger format 7).

Weighed: to carry balances alone would leave people, stations and orders in tables that no replay
can rebuild; to go on from the copy's tables would do the same; to append to the old tree would be
sound, but its entry 0 could not name the loss. So every entry that is left is carried, whole and at
its position (`timebank.carried`), and the tables are refilled from the new log. It costs one pass
over the ledger, once. The former log is kept beside as evidence.
"""

import asyncio
import contextlib
import re
import shutil
import sqlite3
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from pathlib import Path

import asyncpg
import msgspec

from ledger.anchor import Verdict, decide_start, find
from ledger.backup import DamagedBackup, Manifest, TargetNotEmpty, loaded, read_manifest
from ledger.checkpoint import Checkpoint, Verifier
from ledger.entry import Sealed, decode, reversal_of, seal
from ledger.merkle import Frontier, grow, root_of
from ledger.reader import Reader, open_reader, read_entries
from ledger.tables import TABLES, dialect_of, install, sqlite_path
from ledger.writer import Transaction, open_writer
from timebank import bank, publication, replay, stops
from timebank.access import Grants
from timebank.actors import SYSTEM, PersonId
from timebank.backups import (
    CopyForked,
    NothingToCompare,
    known_keys,
    largest_signed,
    require_master_key,
    verify_copy,
)
from timebank.bound import BIND
from timebank.carried import LedgerSucceeded, carry, former_leaf, former_of
from timebank.clock import Clock, SystemClock, day_of
from timebank.events import body_of, kind_of
from timebank.file_copies import unpack
from timebank.refusals import Refusal
from timebank.restored import fit
from timebank.settings import Settings
from timebank.sign_in import Password, SignInFailed, matches
from timebank.tables import R

CHUNK = 1000
ORDINAL = re.compile(r"(.+)/([0-9]+)")


# Refusals


class NothingLost(Refusal):
    """A copy that extends what was signed is restored; the log goes on under its name."""

    says = "The copy holds everything that was signed; restore it without --accept-loss."


class CarriedWrongly(Refusal):
    """The new log does not give back the bytes of the former; it is not signed."""

    says = "The new log does not give back the former one: {found} instead of {root}."
    found: str
    root: str


# Decisions


def decide_loss(verdict: Verdict, signed: Checkpoint | None) -> Checkpoint:
    """Whether entries are lost, and the checkpoint that counted them.

    Refuses: NothingToCompare, NothingLost, CopyForked: another history is no loss.
    """
    if signed is None:
        raise NothingToCompare
    if verdict is Verdict.GO:
        raise NothingLost
    if verdict is not Verdict.ROLLED_BACK:
        raise CopyForked(signed=signed.size)
    return signed


def successor_of(origin: str, number: int = 1) -> str:
    """The name of the log after `origin`: x, x/2, x/3.

    Args: number, which attempt it is in this data directory: a name that was given to a key once,
    if only by an attempt that broke off, is never given to another.
    """
    found = ORDINAL.fullmatch(origin)
    name, last = (found[1], int(found[2])) if found else (origin, 1)
    return f"{name}/{max(last, number) + 1}"


# Commands


class Succeeded(msgspec.Struct, frozen=True):
    """The new log: its name, what was signed of the former, what is left, where the former lies."""

    origin: str
    former: str
    signed: int
    kept: int
    evidence: Path


async def succeed(
    settings: Settings,
    source: Path,
    two: stops.Two,
    *,
    witnessed: str | None = None,
    keys: Sequence[Verifier] = (),
    without_names: bool = False,
    clock: Clock | None = None,
) -> Succeeded:
    """Open a new log with what the backup in `source` has left of the old one.

    Args as for `timebank.backups.restore`; two, operators by the copy's own tables. The old key,
    anchor and copy go to `former-N` in the data directory (on PostgreSQL the copy's ledger tables
    to the schema `former_N`). An attempt that broke off after that is made again with `witnessed`
    and `keys` from `former-N`, on PostgreSQL in another empty database. Nothing is signed before
    the new log has given back the bytes of the former one. Refuses: SignInFailed, SamePersonTwice,
    NoOperator, NothingLost, CarriedWrongly, OtherMasterKey, CopyUnsound, CopyForked,
    NothingToCompare, and what `ledger.backup` refuses.
    """
    manifest = read_manifest(source)
    if not manifest.size:
        raise DamagedBackup("the copy has no entries to carry")
    require_master_key(settings, manifest)
    log = tuple(keys) or known_keys(settings, manifest)
    signed = largest_signed(settings, log, witnessed)
    now = (clock or SystemClock()).now()
    place = _Place.beside(settings)
    place.require_free()
    async with loaded(source, manifest, place.loading, tools=settings.postgresql_tools) as copy:
        await verify_copy(copy, manifest, log)
        async with open_reader(copy) as reader:
            lost = decide_loss(decide_start(await find(reader, signed)), signed)
            by = await _two(reader, two, now)
        await fit(settings, copy, give_up=without_names)
        await asyncio.to_thread(unpack, settings, source)
    place.set_aside_keys()
    successor = settings.model_copy(
        update={"origin": successor_of(lost.origin, place.number), "database": place.building}
    )
    await place.clear()
    await publication.create(successor)
    opening = _Opening(successor.origin, manifest, lost, by)
    await _carry(place.former, successor.database_url, opening, now)
    await replay.apply(successor.database_url)
    await _require_former(successor.database_url, manifest)
    async with bank.open_bank(successor, clock=clock):
        await publication.publish_once(successor)
    place.put_in_place()
    return Succeeded(successor.origin, lost.origin, lost.size, manifest.size, place.evidence)


class _Opening(msgspec.Struct, frozen=True):
    """What entry 0 says beside the former entry 0."""

    origin: str
    manifest: Manifest
    lost: Checkpoint
    by: tuple[PersonId, PersonId]

    def sealed(self, transaction: Transaction, first: Sealed, now: datetime) -> Sealed:
        """Entry 0 of the new log."""
        event = LedgerSucceeded(
            origin=self.origin,
            former=self.lost.origin,
            signed=self.lost.size,
            signed_root=self.lost.root.hex(),
            kept=self.manifest.size,
            kept_root=self.manifest.root,
            opened=former_of(first),
            by=self.by,
        )
        return seal(
            transaction.head.tip,
            now=now,
            kind=kind_of(event),
            actor=SYSTEM.id,
            request=first.request,
            policy=first.policy,
            body=body_of(event),
        )


async def _two(reader: Reader, two: stops.Two, now: datetime) -> tuple[PersonId, PersonId]:
    """The two operators, by what the copy says of them."""
    held = {}
    for keeper in two:
        kept = await _row(reader, Password, keeper.person)
        if kept is None or not await asyncio.to_thread(matches, keeper.password, kept.phc):
            raise SignInFailed
        held[keeper.person] = await _row(reader, Grants, keeper.person)
    return stops.decide_two(two[0].person, two[1].person, held=held, day=day_of(now))


async def _row(reader: Reader, row: type[R], key: str) -> R | None:
    listed = ", ".join(f'"{column}"' for column in row.spec.columns)
    statement = f'SELECT {listed} FROM "{row.spec.name}" WHERE "{row.spec.columns[0]}" = $1'
    found = await reader.fetch(statement, key)
    loaded_row: R | None = row.spec.load(found[0]) if found else None
    return loaded_row


# Carrying


async def _carry(former: str, url: str, opening: _Opening, now: datetime) -> None:
    """Write every entry that is left, and every bound request, in one transaction."""
    writer = await open_writer(url)
    try:
        async with open_reader(former) as reader, writer.transaction() as transaction:
            async for rows in read_entries(reader, 0, opening.manifest.size, chunk=CHUNK):
                made: list[Sealed] = []
                for row in rows:
                    entry = decode(bytes(row[1]))
                    if not entry.seq:
                        made.append(opening.sealed(transaction, entry, now))
                        continue
                    tip = made[-1].tip if made else transaction.head.tip
                    leaf = await _reversed_leaf(transaction, entry, made)
                    made.append(carry(tip, entry, now=now, reversed_leaf=leaf))
                await transaction.append(made)
            async for bound in _requests(reader):
                await transaction.execute_each([(BIND, bound)])
    finally:
        await writer.close()


async def _reversed_leaf(
    transaction: Transaction, entry: Sealed, made: Sequence[Sealed]
) -> bytes | None:
    """The hash in the new log of what an entry reverses."""
    named = reversal_of(entry.body)
    if named is None:
        return None
    if made and named[0] >= made[0].seq:
        return made[named[0] - made[0].seq].leaf
    rows = await transaction.fetch("SELECT leaf FROM entry WHERE seq = $1", named[0])
    return bytes(rows[0][0])


async def _requests(reader: Reader) -> AsyncIterator[list[tuple[object, ...]]]:
    last = ""
    while rows := await reader.fetch(
        "SELECT id, digest, outcome, first_seq, count FROM request"
        f" WHERE id > $1 ORDER BY id LIMIT {CHUNK}",
        last,
    ):
        yield rows
        last = rows[-1][0]


async def _require_former(url: str, manifest: Manifest) -> None:
    """Refuse with CarriedWrongly a log whose carried entries are not the former log."""
    frontier: Frontier = ()
    async with open_reader(url) as reader:
        async for rows in read_entries(reader, 0, manifest.size):
            leaves = [former_leaf(decode(bytes(row[1]))) for row in rows]
            frontier, _ = grow(rows[0][0], frontier, [leaf for leaf in leaves if leaf is not None])
    if (found := root_of(frontier).hex()) != manifest.root:
        raise CarriedWrongly(found=found, root=manifest.root)


# Places


class _Place(msgspec.Struct, frozen=True):
    """Where the former log goes and the new one is built.

    `loading` is where the copy is loaded, `former` where it is read from afterwards, `building` the
    new ledger until it is put in place.
    """

    settings: Settings
    number: int
    loading: str
    former: str
    building: str

    @classmethod
    def beside(cls, settings: Settings) -> "_Place":
        """The next free place for evidence in the data directory."""
        number = 1
        while (settings.data / f"former-{number}").exists():
            number += 1
        url = settings.database_url
        if dialect_of(url) == "sqlite":
            kept = f"sqlite:///{(settings.data / f'former-{number}' / 'timebank.db').resolve()}"
            return cls(settings, number, kept, kept, f"{url}.succeeding")
        joined = "&" if "?" in url else "?"
        return cls(settings, number, url, f"{url}{joined}search_path=former_{number}", url)

    @property
    def evidence(self) -> Path:
        """Where what ended is kept."""
        return self.settings.data / f"former-{self.number}"

    def require_free(self) -> None:
        """Refuse with TargetNotEmpty to build where a database is."""
        if self.former == self.loading and Path(sqlite_path(self.settings.database_url)).exists():
            raise TargetNotEmpty(sqlite_path(self.settings.database_url))

    def set_aside_keys(self) -> None:
        """The old log's keys and its anchor end; the master key stays."""
        self.evidence.mkdir(mode=0o700, exist_ok=True)
        held = self.settings
        for path in (
            *(held.log_key, held.next_log_key, held.log_vkey, held.retired_vkeys),
            held.anchor_file,
        ):
            with contextlib.suppress(FileNotFoundError):
                path.rename(self.evidence / path.name)

    async def clear(self) -> None:
        """Put empty ledger tables where the former log's were, and keep those."""
        if self.former == self.loading:
            await asyncio.to_thread(self._clear_file)
        else:
            await self._clear_schema()
        await install(self.building)

    def _clear_file(self) -> None:
        building = sqlite_path(self.building)
        # What an attempt that broke off left in its log would be played into this one.
        for end in ("", "-wal", "-shm"):
            Path(building + end).unlink(missing_ok=True)
        shutil.copyfile(sqlite_path(self.former), building)
        connection = sqlite3.connect(building, isolation_level=None)
        try:
            for name in reversed(TABLES):
                connection.execute(f"DROP TABLE {name}")
        finally:
            connection.close()

    async def _clear_schema(self) -> None:
        schema = f"former_{self.number}"
        connection = await asyncpg.connect(self.building)
        try:
            functions = await connection.fetch(
                "SELECT proname FROM pg_proc WHERE proname LIKE 'ledger\\_%'"
                " AND pronamespace = current_schema()::regnamespace"
            )
            moves = [f"ALTER TABLE {name} SET SCHEMA {schema}" for name in TABLES]
            moves += [f"ALTER FUNCTION {name}() SET SCHEMA {schema}" for (name,) in functions]
            async with connection.transaction():
                await connection.execute(f"CREATE SCHEMA {schema}")
                for move in moves:
                    await connection.execute(move)
        finally:
            await connection.close()

    def put_in_place(self) -> None:
        """Give the new ledger its name."""
        if self.former != self.loading:
            return
        building = Path(sqlite_path(self.building))
        connection = sqlite3.connect(building, isolation_level=None)
        try:
            # A log left beside under the old name would be lost with the rename.
            connection.execute("PRAGMA journal_mode = DELETE")
        finally:
            connection.close()
        building.rename(sqlite_path(self.settings.database_url))
        building.with_name(f"{building.name}.lock").unlink(missing_ok=True)
