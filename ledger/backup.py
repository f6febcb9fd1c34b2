"""Backup: one consistent copy of the database with the checkpoint it covers, and putting it back.

Knows the directory that holds a copy (FORMAT.md 7): a manifest, written last, that names every file
with its hash. The anchor and the keys are never in it: an anchor that a restore brings back says
nothing, and a copy must not open what it holds. Refuses to know what may be served.
"""

import asyncio
import contextlib
import hashlib
import os
import secrets
import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import unquote, urlsplit, urlunsplit

import asyncpg
import msgspec

from ledger.head import NotInstalled, instant_text
from ledger.reader import Reader, Unreadable, open_reader, read_head
from ledger.signer import sync_directory
from ledger.tables import Dialect, dialect_of, sqlite_path, sqlite_uri

MANIFEST, SUM = "manifest.json", "manifest.sha256"
COPY = {"sqlite": "ledger.db", "postgresql": "ledger.dump"}
CHECKPOINT = "checkpoint"
RESTORING = "restoring"
_PAGES_A_STEP = 4096


class BackupExists(Exception):
    """Something lies where the backup should; an old backup is never overwritten."""


class DamagedBackup(Exception):
    """A directory that is no whole backup; the message says what is wrong."""


class TargetNotEmpty(Exception):
    """A database is there already; a backup is loaded only where nothing is."""


class ToolFailed(Exception):
    """PostgreSQL's own program is not there, or did not do it; the message is its own."""


class KeptFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of the backup, by its plain name."""

    name: Annotated[str, msgspec.Meta(pattern=r"^[a-z]+(\.[a-z]+)?\Z")]
    bytes: int
    sha256: str


class NamedKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A key that the copy needs and does not hold: what it is for and its id.

    `vkey` is the public half of a key that signs, or signed, the log.
    """

    use: Literal["master", "log"]
    id: str
    vkey: str | None = None


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a backup is: `size` entries with this `root` (hex) of the log called `origin`."""

    v: Literal[1] = 1
    format: Literal[1] = 1
    dialect: Dialect
    origin: str
    size: int
    root: str
    made_at: str
    software: str
    database: str
    keys: tuple[NamedKey, ...]
    files: tuple[KeptFile, ...]

    @property
    def vkeys(self) -> tuple[str, ...]:
        """The verifier keys that the copy's checkpoints were signed for."""
        return tuple(key.vkey for key in self.keys if key.vkey is not None)

    def holds(self, name: str) -> bool:
        """Whether there is a file of that name in it."""
        return any(file.name == name for file in self.files)


# Making one


async def back_up(
    url: str,
    target: Path,
    *,
    origin: str,
    software: str,
    keys: Sequence[NamedKey],
    tools: Path | None = None,
    more: Callable[[Path], None] = lambda draft: None,
) -> Manifest:
    """Copy the database at `url` into a new directory `target`, while others write it.

    Args: software, the version that made it; keys, what the copy needs and does not hold; tools,
    the directory of pg_dump, by default whatever is on PATH; more, what puts into the directory,
    once the database is copied, whatever its entries speak of and it does not hold. The directory
    appears whole or not at all. Refuses: BackupExists, ToolFailed, Unreadable.
    """
    draft = _draft_of(target)
    dialect = dialect_of(url)
    copy = draft / COPY[dialect]
    try:
        if dialect == "sqlite":
            await asyncio.to_thread(_copy_sqlite, sqlite_path(url), copy)
            # The copy is asked, not the database, which has moved on meanwhile.
            async with open_reader(f"sqlite:///{copy}") as reader:
                size, root, note = await _described(reader)
            version = f"SQLite {sqlite3.sqlite_version}"
        else:
            async with open_reader(url) as reader:
                size, root, note = await _described(reader)
                version = f"PostgreSQL {(await reader.fetch('SHOW server_version'))[0][0]}"
                snapshot = (await reader.fetch("SELECT pg_export_snapshot()"))[0][0]
                await _run_tool(
                    tools,
                    "pg_dump",
                    url,
                    *("--format=custom", "--no-owner", "--no-privileges"),
                    *("--snapshot", snapshot, "--file", str(copy)),
                )
        await asyncio.to_thread(more, draft)
        if note is not None:
            (draft / CHECKPOINT).write_bytes(note.encode())
        manifest = Manifest(
            dialect=dialect,
            origin=origin,
            size=size,
            root=root.hex(),
            made_at=instant_text(datetime.now(UTC)),
            software=software,
            database=version,
            keys=tuple(keys),
            files=tuple(_described_file(file) for file in sorted(draft.iterdir())),
        )
        told = msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"
        (draft / SUM).write_text(_sum(told), "utf-8")
        (draft / MANIFEST).write_bytes(told)
        await asyncio.to_thread(_put_in_place, draft, target)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return manifest


def _draft_of(target: Path) -> Path:
    """A new directory beside `target`, for its owner's eyes only."""
    if target.exists():
        raise BackupExists(str(target))
    draft = target.absolute().with_name(f".{target.name}.{secrets.token_hex(4)}.draft")
    draft.mkdir(mode=0o700, parents=True)
    return draft


def _put_in_place(draft: Path, target: Path) -> None:
    """Give a finished copy its name. A rename never replaces a directory that holds anything."""
    for file in draft.iterdir():
        _sync_file(file)
    sync_directory(draft)
    draft.rename(target)
    sync_directory(draft.parent)


def _copy_sqlite(path: str, target: Path) -> None:
    """SQLite's online backup of one unmoving state: a reading transaction holds it still.

    Nothing of the source is written, so no lock of ours is taken and no writer waits.
    """
    try:
        source = sqlite3.connect(sqlite_uri(path, mode="ro"), uri=True, isolation_level=None)
        copy = sqlite3.connect(target, isolation_level=None)
        try:
            source.execute("BEGIN")
            source.execute("SELECT size FROM head").fetchone()
            source.backup(copy, pages=_PAGES_A_STEP)
            # One file and no journal beside it, or the hash would not cover everything.
            copy.execute("PRAGMA journal_mode = DELETE")
        finally:
            copy.close()
            source.close()
    except sqlite3.DatabaseError as error:
        raise Unreadable(str(error)) from error


async def _described(reader: Reader) -> tuple[int, bytes, str | None]:
    """Size, root and latest checkpoint of what a reader sees."""
    head = await read_head(reader)
    notes = await reader.fetch("SELECT note FROM checkpoint ORDER BY size DESC LIMIT 1")
    return head.size, head.root, str(notes[0][0]) if notes else None


def _described_file(file: Path) -> KeptFile:
    with file.open("rb") as data:
        digest = hashlib.file_digest(data, "sha256").hexdigest()
    return KeptFile(file.name, file.stat().st_size, digest)


def _sum(manifest: bytes) -> str:
    """The manifest's own hash, in the form that `sha256sum --check` reads."""
    return f"{hashlib.sha256(manifest).hexdigest()}  {MANIFEST}\n"


def _sync_file(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


# Putting it back


def read_manifest(directory: Path) -> Manifest:
    """The manifest of a whole backup; refuses with DamagedBackup any other directory.

    Every file is hashed. A backup that was cut short has no manifest.
    """
    try:
        told = (directory / MANIFEST).read_bytes()
        known = (directory / SUM).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise DamagedBackup(f"{directory} holds no {MANIFEST} with its {SUM}") from None
    if known != _sum(told).encode():
        raise DamagedBackup(f"{MANIFEST} is not what {SUM} says")
    try:
        manifest = msgspec.json.decode(told, type=Manifest)
    except msgspec.MsgspecError as error:
        raise DamagedBackup(f"{MANIFEST} cannot be read: {error}") from None
    if COPY[manifest.dialect] not in {file.name for file in manifest.files}:
        raise DamagedBackup(f"{MANIFEST} names no copy")
    for file in manifest.files:
        if not (directory / file.name).is_file():
            raise DamagedBackup(f"{file.name} is missing")
        if _described_file(directory / file.name) != file:
            raise DamagedBackup(f"{file.name} is not what the manifest says")
    return manifest


@contextlib.asynccontextmanager
async def loaded(
    directory: Path, manifest: Manifest, url: str, *, tools: Path | None = None
) -> AsyncIterator[str]:
    """Load a backup where nothing is, and say where the copy can be looked at.

    Leaving puts it in its place. An exception leaves an SQLite target as it was; a PostgreSQL
    database keeps the copy with the stop mark set, so that nothing writes it. Refuses:
    TargetNotEmpty, DamagedBackup for the copy of another kind of database, ToolFailed.
    """
    if manifest.dialect != dialect_of(url):
        raise DamagedBackup(f"the copy is of {manifest.dialect}, the target is not")
    copy = directory / COPY[manifest.dialect]
    if manifest.dialect == "sqlite":
        target = Path(sqlite_path(url))
        # A write-ahead log left behind would be played into the copy.
        for end in ("", "-wal", "-journal"):
            if (there := target.with_name(f"{target.name}{end}")).exists():
                raise TargetNotEmpty(str(there))
        draft = target.with_name(f"{target.name}.{RESTORING}")
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            await asyncio.to_thread(shutil.copyfile, copy, draft)
            yield f"sqlite:///{draft}"
            _sync_file(draft)
            # A link, unlike a rename, fails where the name was taken meanwhile.
            os.link(draft, target)
        finally:
            draft.unlink(missing_ok=True)
        sync_directory(target.parent)
        return
    await _require_empty(url)
    await _run_tool(
        tools,
        "pg_restore",
        url,
        *("--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges"),
        str(copy),
    )
    await _execute(
        url,
        "INSERT INTO stop (id, reason, at) VALUES (1, $1, $2) ON CONFLICT DO NOTHING",
        *(RESTORING, instant_text(datetime.now(UTC))),
    )
    yield url
    await _execute(url, "DELETE FROM stop WHERE reason = $1", RESTORING)


async def check_copy(reader: Reader, manifest: Manifest) -> None:
    """Refuse with DamagedBackup a copy that is not the one its manifest describes."""
    try:
        head = await read_head(reader)
    except (NotInstalled, Unreadable) as error:
        raise DamagedBackup(f"the copy holds no ledger: {error}") from None
    if (head.size, head.root.hex()) != (manifest.size, manifest.root):
        raise DamagedBackup(
            f"the copy has {head.size} entries and root {head.root.hex()}, "
            f"the manifest says {manifest.size} and {manifest.root}"
        )


async def _require_empty(url: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        held = await connection.fetchval(
            "SELECT count(*) FROM pg_class WHERE relnamespace = current_schema()::regnamespace"
        )
    finally:
        await connection.close()
    if held:
        raise TargetNotEmpty(f"the database holds {held} tables and indexes")


async def _execute(url: str, statement: str, *values: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement, *values)
    finally:
        await connection.close()


async def _run_tool(tools: Path | None, name: str, url: str, *words: str) -> None:
    """Run one of PostgreSQL's programs on a database; the password is not on its command line."""
    found = shutil.which(name, path=None if tools is None else str(tools))
    if found is None:
        where = "on PATH" if tools is None else f"in {tools}"
        raise ToolFailed(f"there is no {name} {where}; install PostgreSQL's client programs")
    bare, password = _without_password(url)
    environment = os.environ | ({"PGPASSWORD": password} if password else {})
    process = await asyncio.create_subprocess_exec(
        found,
        *(*words, "--dbname", bare),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env=environment,
    )
    try:
        _, told = await process.communicate()
    except BaseException:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        raise
    if process.returncode:
        raise ToolFailed(told.decode(errors="replace").strip() or f"{name} failed")


def _without_password(url: str) -> tuple[str, str | None]:
    parts = urlsplit(url)
    if parts.password is None:
        return url, None
    user, _, host = parts.netloc.rpartition("@")
    bare = f"{user.partition(':')[0]}@{host}"
    return urlunsplit(parts._replace(netloc=bare)), unquote(parts.password)
