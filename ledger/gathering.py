"""Gathering: asking the quorum's witnesses to cosign what was published, beside everything else.

Knows C2SP tlog-witness from the log's side (FORMAT.md 4): at which size each witness stands, the
proof from there, and that a line is checked before it is stored. No witness can hold up another, or
have anything stored that is not its own good signature. Refuses to sign.
"""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

import msgspec

from ledger.checkpoint import (
    MAX_SIGNATURES,
    Checkpoint,
    InvalidNote,
    Verifier,
    claimed,
    verify_cosignature,
)
from ledger.exchange import Correspondent, Fault
from ledger.head import CommitUnknown, Stopped, instant_text
from ledger.quorum import Quorum
from ledger.reader import Queries, Unreadable, open_reader, read_consistency
from ledger.submission import MalformedSubmission, build_submission, parse_size
from ledger.writer import Writer

INTERVAL: Final = 10.0
"""Seconds between rounds: each stores a row a witness, and a witness may take two answers' time."""
PATIENCE: Final = 3.0
"""Seconds that a witness has for one answer."""


class Standing(msgspec.Struct, frozen=True):
    """Where a witness stands: the size it last cosigned, and why its last answer was of no use.

    `trouble` is None when that was a good cosignature, or nothing has been asked yet.
    """

    size: int = 0
    trouble: str | None = None


async def cosigned_sizes(reader: Queries) -> dict[str, int]:
    """How many entries each witness last cosigned, by the name of its key, as far as is stored.

    Looks at the latest 4,096 lines: one that cosigned nothing for so long is not in it.
    """
    rows = await reader.fetch("SELECT witness, size FROM cosignature ORDER BY size DESC LIMIT 4096")
    return {str(name): int(size) for name, size in reversed(rows)}


class _Target(msgspec.Struct, frozen=True):
    checkpoint: Checkpoint
    note: str


class _Asked:
    """A witness with an address, and what it is being asked."""

    def __init__(self, key: Verifier, prefix: str) -> None:
        self.key = key
        self.correspondent = Correspondent(f"{prefix.rstrip('/')}/add-checkpoint")
        self.standing: Standing | None = None
        self.task: asyncio.Task[None] | None = None

    @property
    def busy(self) -> bool:
        return self.task is not None and not self.task.done()


class Gatherer:
    """Asks the witnesses of a quorum that have an address. One beside each `Publisher`.

    `failure` is why the last round of `run` did not begin, None when it did.
    """

    def __init__(
        self, *, url: str, writer: Writer, quorum: Quorum, patience: float = PATIENCE
    ) -> None:
        self._url = url
        self._writer = writer
        self._patience = patience
        self.quorum = quorum
        self._asked = [_Asked(one.key, one.url) for one in quorum.members if one.url is not None]
        self._waiting: dict[tuple[int, str], str] = {}
        self._turn = asyncio.Lock()
        self.failure: Exception | None = None

    @property
    def standing(self) -> Mapping[str, Standing]:
        """Where each witness that is asked stands, by the name of its key."""
        return {asked.key.name: asked.standing or Standing() for asked in self._asked}

    def close(self) -> None:
        """Look up no more addresses."""
        for asked in self._asked:
            asked.correspondent.close()

    async def gather(self) -> None:
        """One round about the latest checkpoint, until each witness answered or had its time.

        Raises Unreadable or OSError where the database does not say what was published.
        """
        await self._begin()
        await asyncio.gather(*(asked.task for asked in self._asked if asked.task is not None))

    async def run(self, *, interval: float = INTERVAL) -> None:
        """Begin a round every `interval` seconds, until cancelled."""
        try:
            while True:
                try:
                    await self._begin()
                    self.failure = None
                except (OSError, Unreadable) as error:
                    self.failure = error
                await asyncio.sleep(interval)
        finally:
            tasks = [asked.task for asked in self._asked if asked.task is not None]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _begin(self) -> None:
        """Ask whoever is not busy, all about one checkpoint, or no size would reach the quorum."""
        target = await self._latest()
        if target is None:
            return
        for asked in self._asked:
            standing = asked.standing or Standing()
            done = standing.size == target.checkpoint.size and standing.trouble is None
            if not asked.busy and not done:
                asked.task = asyncio.create_task(self._ask(asked, standing.size, target))

    async def _latest(self) -> _Target | None:
        async with open_reader(self._url) as reader:
            notes = await reader.fetch("SELECT note FROM checkpoint ORDER BY size DESC LIMIT 1")
            if any(asked.standing is None for asked in self._asked):
                known = await cosigned_sizes(reader)
                for asked in self._asked:
                    asked.standing = asked.standing or Standing(known.get(asked.key.name, 0))
        return _Target(claimed(notes[0][0]), notes[0][0]) if notes else None

    async def _ask(self, asked: _Asked, size: int, target: _Target) -> None:
        """Everything that can go wrong with one witness, and what is known of it afterwards."""
        trouble: str | None = None
        try:
            line = await self._cosignature(asked, size, target)
            await self._store(target.checkpoint.size, asked.key.name, line)
            size = target.checkpoint.size
        except Fault as fault:
            trouble = str(fault)
        except (InvalidNote, MalformedSubmission, UnicodeDecodeError) as error:
            trouble = f"an answer that is not its own: {type(error).__name__}"
        except (CommitUnknown, LookupError, OSError, Stopped, Unreadable) as error:
            trouble = f"not stored: {error}"
        asked.standing = Standing(size, trouble)

    async def _cosignature(self, asked: _Asked, size: int, target: _Target) -> str:
        """The witness's good line on the target; refuses with Fault and InvalidNote."""
        told = target.checkpoint
        for _ in range(2):
            proof: tuple[bytes, ...] = ()
            if 0 < size < told.size:
                async with open_reader(self._url) as reader:
                    proof = await read_consistency(reader, size, told.size)
            body = build_submission(size, proof, target.note)
            reply = await asked.correspondent.post(body, seconds=self._patience)
            if reply.status == 200:
                return _line(reply.body, target.note, asked.key)
            if reply.status != 409:
                raise Fault(f"it answers {reply.status}")
            named = parse_size(reply.body)
            if named == size:
                raise Fault(f"it cosigned another root at {size}")
            if named > told.size:
                raise Fault(f"it cosigned {named} entries, {told.size} are published")
            # A size lost with an answer, or our memory of it: prove it from there.
            size = named
        raise Fault("it names a new size each time")

    async def _store(self, size: int, witness: str, line: str) -> None:
        """Store a line; those that come in while a transaction runs are stored by the next one."""
        mine = (size, witness)
        self._waiting[mine] = line
        async with self._turn:
            rows = dict(self._waiting)
            if mine not in rows:
                return
            try:
                await self._insert(rows)
            finally:
                self._waiting.pop(mine)
            for row in rows:
                self._waiting.pop(row, None)

    async def _insert(self, rows: Mapping[tuple[int, str], str]) -> None:
        at = instant_text(datetime.now(UTC))
        async with self._writer.transaction() as transaction:
            for (size, witness), line in rows.items():
                there = await transaction.fetch(
                    "SELECT 1 FROM cosignature WHERE size = $1 AND witness = $2", size, witness
                )
                if not there:
                    await transaction.execute(
                        "INSERT INTO cosignature (size, witness, line, at) VALUES ($1, $2, $3, $4)",
                        *(size, witness, line, at),
                    )


def _line(body: bytes, note: str, witness: Verifier) -> str:
    """The witness's line among those of an answer, checked; lines of others are nobody's business.

    Refuses with InvalidNote an answer without it, a false one, and one that is not lines.
    """
    lines = body.decode().split("\n")
    if lines.pop() or len(lines) > MAX_SIGNATURES:
        raise InvalidNote("form", "not lines")
    for line in lines:
        try:
            verify_cosignature(note, f"{line}\n", witness)
        except InvalidNote as error:
            if error.reason != "unsigned":
                raise
        else:
            return f"{line}\n"
    raise InvalidNote("unsigned", f"by {witness.name}")
