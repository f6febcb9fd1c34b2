"""The anchor: the last signed checkpoint, kept in a file that no database restore brings back.

Knows FORMAT.md section 7, "Anchor": the file, who may hold it, and what a database that does or
does not agree with it means. Refuses to sign and to write the database.
"""

import asyncio
import fcntl
import os
import secrets
import threading
from enum import StrEnum
from pathlib import Path

import msgspec

from ledger.checkpoint import Checkpoint, InvalidNote, Log, keys_of, open_note
from ledger.merkle import EMPTY_ROOT, InvalidProof, verify_consistency
from ledger.reader import Reader, read_consistency, read_head, read_root
from ledger.signer import sync_directory


class AnchorHeld(Exception):
    """Another process holds the anchor: it, and nobody else, signs for this log."""


class AnchorBackwards(Exception):
    """A checkpoint that does not come after the anchor; signing it could fork the log."""


class Verdict(StrEnum):
    """What a database and an anchor mean together: a row of the table each, and a fresh start."""

    GO = "go"
    FRESH = "fresh"
    ROLLED_BACK = "rolled-back"
    FORK = "fork"
    LOST_ANCHOR = "lost-anchor"
    LOST_DATABASE = "lost-database"


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What a start finds: the database's `size`, its `root` at the anchored size, the anchor.

    `root` is None where the database is too short to have one, or cannot compute it. `damaged` says
    that there is an anchor file and that it is no note of this log.
    """

    size: int
    anchor: Checkpoint | None
    root: bytes | None
    damaged: bool = False


def decide_start(found: Found) -> Verdict:
    """The row of the start-up table (FORMAT.md 7). Only GO may write, only FRESH may `begin`."""
    if found.damaged:
        # Never FRESH: somebody signed something here, and nobody can read any more what.
        return Verdict.LOST_ANCHOR
    if found.anchor is None:
        return Verdict.FRESH if found.size == 0 else Verdict.LOST_ANCHOR
    if found.size < found.anchor.size:
        return Verdict.LOST_DATABASE if found.size == 0 else Verdict.ROLLED_BACK
    return Verdict.GO if found.root == found.anchor.root else Verdict.FORK


async def find(reader: Reader, anchor: Checkpoint | None) -> Found:
    """What `decide_start` judges, read in O(log n)."""
    size = (await read_head(reader)).size
    if anchor is None or size < anchor.size:
        return Found(size=size, anchor=anchor, root=None)
    if anchor.size == 0:
        return Found(size=size, anchor=anchor, root=EMPTY_ROOT)
    try:
        root = await read_root(reader, anchor.size)
    except LookupError:
        # The head counts entries that are not there.
        root = None
    return Found(size=size, anchor=anchor, root=root)


def read_note(path: Path) -> str | None:
    """The note in an anchor file, None where there is no file; refuses with InvalidNote no text."""
    try:
        # As bytes: reading as text would mend line ends that nobody signed.
        return path.read_bytes().decode()
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        raise InvalidNote("form", "the anchor is no text") from None


def read_checkpoint(path: Path, log: Log) -> Checkpoint | None:
    """What an anchor file says; refuses with InvalidNote one that no key of this log signed."""
    note = read_note(path)
    return None if note is None else open_note(note, log).checkpoint


async def find_beside(reader: Reader, path: Path, log: Log) -> Found:
    """What a start finds in a database and the anchor file at `path`, whoever holds it.

    A file that cannot be trusted is a damaged anchor.
    """
    try:
        anchor = await asyncio.to_thread(read_checkpoint, path, log)
    except InvalidNote:
        size = (await read_head(reader)).size
        return Found(size=size, anchor=None, root=None, damaged=True)
    return await find(reader, anchor)


async def proved(reader: Reader, anchor: Checkpoint) -> Checkpoint:
    """The checkpoint of the head, proved to extend the anchor.

    Refuses with InvalidProof a head that does not, and so has to be asked before any signature.
    """
    head = await read_head(reader)
    told = Checkpoint(anchor.origin, head.size, head.root)
    if anchor.size == 0:
        return told
    try:
        proof = await read_consistency(reader, anchor.size, head.size)
    except (LookupError, ValueError) as error:
        raise InvalidProof(str(error)) from error
    verify_consistency(
        old=anchor.size,
        new=head.size,
        old_root=anchor.root,
        new_root=head.root,
        proof=proof,
    )
    return told


class Anchor:
    """The anchor file, held under an exclusive flock on `<file>.lock` until `close`.

    The lock dies with the process, so a crash leaves nothing to clear away.
    """

    def __init__(self, path: Path, log: Log) -> None:
        """Hold the anchor at `path` of the log that `log` verifies; refuses with AnchorHeld."""
        self._path = path
        self.keys = keys_of(log)
        self._turn = threading.Lock()
        lock = path.with_name(f"{path.name}.lock")
        self._lock = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._lock)
            raise AnchorHeld(str(path)) from None

    def close(self) -> None:
        """Let another process hold it."""
        os.close(self._lock)

    def note(self) -> str | None:
        """The anchored note, None where there is no file. Always asked of the disk."""
        return read_note(self._path)

    def checkpoint(self) -> Checkpoint | None:
        """What the note says; refuses with InvalidNote one that no key of this log signed."""
        return read_checkpoint(self._path, self.keys)

    async def find(self, reader: Reader) -> Found:
        """What `decide_start` judges."""
        return await find_beside(reader, self._path, self.keys)

    def set_aside(self) -> Path:
        """Move a damaged anchor out of the way, kept as evidence; returns where it is now."""
        aside = self._path.with_name(f"{self._path.name}.damaged-{secrets.token_hex(4)}")
        self._path.rename(aside)
        sync_directory(self._path.parent)
        return aside

    def persist(self, note: str) -> None:
        """Put a note in the anchor's place: written, synced, renamed, and the name synced.

        Refuses with AnchorBackwards a smaller size, or another root at the same size. An OSError
        says nothing about which of the two notes is on the disk; `note` does.
        """
        told = open_note(note, self.keys).checkpoint
        with self._turn:
            before = self.checkpoint()
            if before is not None and told != before and told.size <= before.size:
                raise AnchorBackwards(f"{told.size} after {before.size}")
            self._replace(note.encode())
            # What the file does not hold must not be said to anybody.
            if self.note() != note:
                raise OSError("the anchor does not hold what was written to it")

    def _replace(self, data: bytes) -> None:
        draft = self._path.with_name(f"{self._path.name}.draft")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._path)
        sync_directory(self._path.parent)
