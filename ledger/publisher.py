"""Publishing: signing what the log says of itself, without ever saying two things.

Knows the order that makes it safe (FORMAT.md 7): prove consistency from the anchor, sign, persist
the anchor, insert the checkpoint row. Recovery is the same function: whatever a crash left undone,
the next round finds and does. Refuses to know who reads checkpoints.
"""

import asyncio
import contextlib
from datetime import UTC, datetime
from typing import NoReturn

from ledger.anchor import Anchor, Verdict, decide_start, find, proved
from ledger.checkpoint import Checkpoint, InvalidNote, open_note
from ledger.head import CommitUnknown, Stopped, instant_text
from ledger.merkle import EMPTY_ROOT, InvalidProof
from ledger.outages import Away
from ledger.reader import Reader, Unreadable, open_reader, read_root
from ledger.signer import LogSigner
from ledger.writer import Transaction, Writer


class Halted(Exception):
    """The log must not be signed; `verdict` says which row of the start-up table it is."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(f"the anchor and the database disagree: {verdict}")
        self.verdict = verdict


class Publisher:
    """Signs the log. One in the world: it works with a held `Anchor`.

    `failure` is what the last round of `run` met and will try again, None when it went well.
    """

    def __init__(self, *, url: str, writer: Writer, signer: LogSigner, anchor: Anchor) -> None:
        self._url = url
        self._writer = writer
        self._signer = signer
        self._anchor = anchor
        self._turn = asyncio.Lock()
        self._wanted = asyncio.Event()
        self._published = asyncio.Condition()
        self._size = -1
        self.failure: Exception | None = None

    async def verdict(self) -> Verdict:
        """What a start finds; changes nothing."""
        async with open_reader(self._url) as reader:
            return decide_start(await self._anchor.find(reader))

    async def begin(self) -> None:
        """Anchor a log of no entries, once, as `init` does; refuses with Halted any other."""
        verdict = await self.verdict()
        if verdict is not Verdict.FRESH:
            raise Halted(verdict)
        await self._sign(Checkpoint(self._signer.verifier.name, 0, EMPTY_ROOT))

    async def adopt(self, note: str) -> None:
        """Take the checkpoint an operator names for the lost anchor: the largest witnessed one.

        Refuses with Halted where no anchor is lost or the log does not extend that checkpoint. A
        damaged anchor is set aside, not overwritten.
        """
        named = open_note(note, self._anchor.keys).checkpoint
        async with open_reader(self._url) as reader:
            found = await self._anchor.find(reader)
            verdict = decide_start(found)
            if verdict is not Verdict.LOST_ANCHOR:
                raise Halted(verdict)
            verdict = decide_start(await find(reader, named))
            if verdict is not Verdict.GO:
                raise Halted(verdict)
        if found.damaged:
            await asyncio.to_thread(self._anchor.set_aside)
        await asyncio.to_thread(self._anchor.persist, note)

    async def publish(self) -> Checkpoint:
        """Bring the checkpoints up to the log's end, and say where that is.

        Refuses with Halted, after setting the stop mark, when the log does not extend the anchor;
        with Stopped when the mark is set. After any other failure the same call does the rest.
        """
        async with self._turn:
            async with open_reader(self._url) as reader:
                found = await self._anchor.find(reader)
                verdict, anchor = decide_start(found), found.anchor
                if anchor is None or verdict is not Verdict.GO:
                    await self._halt(verdict)
                try:
                    told = await proved(reader, anchor)
                    await _agree(reader, anchor, told)
                except InvalidProof:
                    await self._halt(Verdict.FORK)
            # What was anchored may have left: its row comes first, whatever happens afterwards.
            await self._record()
            if told.size > anchor.size:
                await self._sign(told)
                await self._record()
        async with self._published:
            self._size = told.size
            self._published.notify_all()
        return told

    async def run(self, *, interval: float = 1.0) -> None:
        """Publish every `interval` seconds, and at once when `wait` is asked; until Halted."""
        while True:
            self._wanted.clear()
            try:
                await self.publish()
                self.failure = None
            except (Away, OSError, CommitUnknown, Unreadable, Stopped) as error:
                self.failure = error
            # wait_for forgets before Python 3.12 that it was cancelled, where both come at once.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(interval):
                    await self._wanted.wait()

    async def wait(self, size: int, *, seconds: float = 2.0) -> bool:
        """Wait until the first `size` entries are signed; False where that takes longer."""
        self._wanted.set()
        try:
            async with asyncio.timeout(seconds), self._published:
                await self._published.wait_for(lambda: self._size >= size)
        except TimeoutError:
            return False
        return True

    async def _sign(self, told: Checkpoint) -> None:
        note = await asyncio.to_thread(self._signer.note, told)
        # A module that signed something else, or with fewer keys, must not move the anchor.
        for key in self._signer.verifiers:
            if open_note(note, key).checkpoint != told:
                raise InvalidNote("signature", "another checkpoint was signed")
        await asyncio.to_thread(self._anchor.persist, note)

    async def _record(self) -> None:
        """The row of the anchored note, where it is missing."""
        note = await asyncio.to_thread(self._anchor.note)
        if note is None:
            raise Halted(Verdict.LOST_ANCHOR)
        told = open_note(note, self._anchor.keys).checkpoint
        # The log of no entries is the anchor's affair alone.
        if told.size == 0:
            return
        async with open_reader(self._url) as reader:
            rows = await reader.fetch(
                "SELECT root, note FROM checkpoint WHERE size = $1", told.size
            )
        if not rows:
            async with self._writer.transaction() as transaction:
                await _insert(transaction, told, note)
        elif bytes(rows[0][0]) != told.root or not self._signed(rows[0][1], told):
            await self._halt(Verdict.FORK)

    def _signed(self, note: str, told: Checkpoint) -> bool:
        """Whether a row's note is the log's own: receipts are made of it."""
        try:
            return open_note(note, self._anchor.keys).checkpoint == told
        except InvalidNote:
            return False

    async def _halt(self, verdict: Verdict) -> NoReturn:
        """Set the stop mark that every writer checks under the head lock, and refuse."""
        # No mark before `init` finished; and a ledger that is stopped needs no second one.
        if verdict is not Verdict.FRESH:
            with contextlib.suppress(Stopped):
                async with self._writer.transaction() as transaction:
                    await transaction.execute(
                        "INSERT INTO stop (id, reason, at) VALUES (1, $1, $2)", verdict, _now()
                    )
        raise Halted(verdict)


async def _agree(reader: Reader, anchor: Checkpoint, told: Checkpoint) -> None:
    """Refuse with InvalidProof a log that contradicts a checkpoint row beyond the anchor.

    There is one only where the disk lost an anchor that it had called written: what that row says
    has left already, and the log must go on saying it.
    """
    rows = await reader.fetch(
        "SELECT size, root FROM checkpoint WHERE size > $1 ORDER BY size DESC LIMIT 1", anchor.size
    )
    for size, root in rows:
        try:
            found = await read_root(reader, size) if size <= told.size else None
        except LookupError:
            found = None
        if found != bytes(root):
            raise InvalidProof(f"checkpoint {size} says otherwise")


async def _insert(transaction: Transaction, told: Checkpoint, note: str) -> None:
    present = await transaction.fetch("SELECT 1 FROM checkpoint WHERE size = $1", told.size)
    if not present:
        await transaction.execute(
            "INSERT INTO checkpoint (size, root, note, at) VALUES ($1, $2, $3, $4)",
            told.size,
            told.root,
            note,
            _now(),
        )


def _now() -> str:
    return instant_text(datetime.now(UTC))
