"""Publication: the log's key, its anchor and its signer, put together for one process.

Knows where they lie and what a start does with each row of the start-up table (ledger format 7).
One process signs; the others look again, every second, whether it is their turn. Refuses to know
how anything is signed: `ledger.publisher` does.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import structlog

from ledger.anchor import Anchor, AnchorHeld, Verdict, decide_start, find_beside
from ledger.checkpoint import Checkpoint, Verifier
from ledger.gathering import Gatherer, cosigned_sizes
from ledger.head import CommitUnknown, NotInstalled, Stopped, instant_of, instant_text
from ledger.outages import Away, is_away
from ledger.publisher import Halted, Publisher
from ledger.quorum import Quorum, parse_quorum
from ledger.reader import Queries, Unreadable, open_reader, read_head
from ledger.receipts import witnessed_size
from ledger.signer import KEY, LogSigner, OverlapSigner, create_key
from ledger.tables import dialect_of, sqlite_path
from ledger.writer import Writer, open_writer
from timebank import bugs, journal
from timebank.clock_faults import ClockCorrection, Pace, could_be_behind, decide_behind
from timebank.master_keys import open_signer, read_masters
from timebank.reading import ledger
from timebank.settings import Settings

LOOK_AGAIN = 1.0
TIME_TO_COSIGN = timedelta(minutes=1)
POLL = 0.05
# What may keep a process from signing once more before it goes; another does it then.
_LEFT_UNSIGNED = (AnchorHeld, Away, CommitUnknown, Halted, OSError, Stopped, Unreadable)

log = structlog.get_logger()


async def create(settings: Settings) -> Verifier:
    """Make the key of a new log and anchor it while it has no entries; refuses with Halted."""
    (master, *_) = read_masters(settings)
    verifier = create_key(settings.log_key, name=settings.origin, secret=master.key, cost=KEY)
    settings.log_vkey.write_text(f"{verifier.text}\n", "utf-8")
    settings.anchor_file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    writer = await open_writer(settings.database_url)
    try:
        signer = read_signer(settings)
        with hold_anchor(settings, signer) as anchor:
            publisher = Publisher(
                url=settings.database_url, writer=writer, signer=signer, anchor=anchor
            )
            await publisher.begin()
    finally:
        await writer.close()
    return verifier


def read_signer(settings: Settings) -> LogSigner:
    """Whoever signs this log: its key, and the next one too while a rotation lasts.

    Raises UnusableKey where the master key does not open a key.
    """
    signer = open_signer(settings, settings.log_key)
    if not settings.next_log_key.exists():
        return signer
    return OverlapSigner(signer, open_signer(settings, settings.next_log_key))


def read_verifiers(settings: Settings) -> tuple[Verifier, ...]:
    """The verifier keys of whatever signs: one, or the old and the next."""
    return tuple(map(Verifier.parse, settings.log_vkey.read_text("utf-8").split()))


def read_quorum(settings: Settings) -> Quorum | None:
    """The quorum of witnesses that settings name; None where they name none.

    Raises InvalidQuorum, for a file that is none or is for another log, and FileNotFoundError.
    """
    if settings.quorum is None:
        return None
    quorum = parse_quorum(settings.quorum.read_text("utf-8"))
    quorum.bind(read_verifiers(settings))
    return quorum


async def examine(settings: Settings) -> Verdict:
    """What database and anchor mean together. Reads only, whoever holds the anchor."""
    log = read_verifiers(settings)
    try:
        async with open_reader(settings.database_url) as reader:
            return decide_start(await find_beside(reader, settings.anchor_file, log))
    except (NotInstalled, Unreadable) as error:
        # A server that is starting has lost nothing; a file that is not there is lost.
        comes_back = is_away(error) and not _file_gone(settings.database_url)
        if comes_back or not settings.anchor_file.exists():
            raise
        return Verdict.LOST_DATABASE


def _file_gone(url: str) -> bool:
    return dialect_of(url) == "sqlite" and not Path(sqlite_path(url)).exists()


async def damage_left(settings: Settings) -> list[str]:
    """What the database finds wrong with its pages, where a write-ahead log was left beside it.

    That is so after a crash, and after an older file was put under the log of a newer: whatever a
    start looks at may then be whole, and much of the rest gone. Reads every page; nothing where no
    log was left, and nothing on PostgreSQL.
    """
    if not _log_left(settings.database_url):
        return []
    async with open_reader(settings.database_url) as reader:
        return await reader.damage()


def _log_left(url: str) -> bool:
    if dialect_of(url) != "sqlite":
        return False
    left = Path(f"{sqlite_path(url)}-wal")
    return left.exists() and left.stat().st_size > 0


async def trouble(
    settings: Settings, *, now: datetime | None = None, pace: Pace | None = None
) -> str | None:
    """Why nothing may be written: verdict, stop mark or clock; None where all is well.

    Args: now, what the clock says; None where the clock is not asked; pace, how the clock of a
    process that has been running goes.
    """
    verdict = await examine(settings)
    if verdict is not Verdict.GO:
        return verdict.value
    async with open_reader(settings.database_url) as reader:
        marks = await reader.fetch("SELECT reason FROM stop")
        if marks:
            return f"stopped: {marks[0][0]}"
        late = now is not None and await is_behind(reader, now)
    if late:
        return "the clock is behind the last entry"
    return "the clock was set while the server ran" if pace is not None and pace.lost else None


async def is_behind(reader: Queries, now: datetime) -> bool:
    """Whether the clock keeps the journal from writing."""
    tip = (await read_head(reader)).tip
    if not could_be_behind(tip, now):
        return False
    rows = await reader.fetch(ClockCorrection.spec.every)
    return decide_behind(tip, now, ClockCorrection.spec.load(rows[0]) if rows else None)


class Witnessing(msgspec.Struct, frozen=True):
    """How many entries a witness last cosigned; `behind`, less than it has had time for."""

    name: str
    size: int
    behind: bool


class Standing(msgspec.Struct, frozen=True):
    """How the quorum stands: how many of its witnesses it takes, and what reached it.

    `signed` and `witnessed` are how many entries the latest checkpoint covers, and the latest that
    so many cosigned; 0 before the first.
    """

    needed: int
    signed: int
    witnessed: int
    witnesses: tuple[Witnessing, ...]


async def witnessing(settings: Settings, now: datetime) -> Sequence[Witnessing]:
    """Where each witness of the quorum stands; none where settings name no quorum."""
    quorum = read_quorum(settings)
    if quorum is None:
        return ()
    async with open_reader(settings.database_url) as reader:
        return (await read_standing(reader, quorum, now)).witnesses


async def read_standing(reader: Queries, quorum: Quorum, now: datetime) -> Standing:
    """Where the quorum and each of its witnesses stand.

    One is behind when it has not cosigned what was signed more than a minute ago: three rounds of
    asking, and what each may take.
    """
    sizes = await cosigned_sizes(reader)
    latest = "SELECT size FROM checkpoint WHERE at <= $1 ORDER BY size DESC LIMIT 1"
    due = await reader.fetch(latest, instant_text(now - TIME_TO_COSIGN))
    least = due[0][0] if due else 0
    names = [(one.name, sizes.get(one.key.name, 0)) for one in quorum.members]
    return Standing(
        needed=quorum.needed,
        signed=await _signed(reader),
        witnessed=await witnessed_size(reader, quorum),
        witnesses=tuple(Witnessing(name, size, size < least) for name, size in names),
    )


async def adopt(settings: Settings, note: str) -> None:
    """Take the checkpoint an operator names for a lost or damaged anchor of the open ledger.

    Refuses: AnchorHeld, InvalidNote, Halted where no anchor is lost or the log does not extend it.
    """
    signer = read_signer(settings)
    with hold_anchor(settings, signer) as anchor:
        writer = journal.current().writer
        url = settings.database_url
        await Publisher(url=url, writer=writer, signer=signer, anchor=anchor).adopt(note)


@contextlib.contextmanager
def hold_anchor(settings: Settings, signer: LogSigner) -> Iterator[Anchor]:
    """Hold the anchor of whatever `signer` signs; refuses with AnchorHeld."""
    anchor = Anchor(settings.anchor_file, signer.verifiers)
    try:
        yield anchor
    finally:
        anchor.close()


class Publication:
    """The signing of one process.

    `signs` says whether this process holds the anchor; `halted`, why the log is not signed any more
    until its keepers have looked into it, None while it is. `quorum` are the witnesses, if any.
    """

    def __init__(self, settings: Settings, writer: Writer) -> None:
        self._settings, self._writer = settings, writer
        # The signer may live on another machine; then this process waits for what that one signs.
        self._signer = read_signer(settings) if settings.log_key.exists() else None
        self._publisher: Publisher | None = None
        self.quorum = read_quorum(settings)
        self.halted: Verdict | None = None

    @property
    def keys(self) -> tuple[str, ...]:
        """The verifier keys of the log, then those of its witnesses: public, as texts."""
        witnesses = () if self.quorum is None else self.quorum.keys
        return tuple(key.text for key in (*read_verifiers(self._settings), *witnesses))

    @property
    def signs(self) -> bool:
        """Whether this process is the one that signs."""
        return self._publisher is not None

    async def publish(self) -> Checkpoint:
        """Sign the log as it is, once. Raises AnchorHeld, Halted, Stopped, FileNotFoundError."""
        signer = self._signer or read_signer(self._settings)
        with hold_anchor(self._settings, signer) as anchor:
            return await self._made(signer, anchor).publish()

    async def run(self) -> None:
        """Sign the log while it moves, as soon as no other process does; until it must not be."""
        while self._signer is not None:
            try:
                with hold_anchor(self._settings, self._signer) as anchor:
                    self._publisher = self._made(self._signer, anchor)
                    async with self._gathering():
                        await self._publisher.run()
            except AnchorHeld:
                await asyncio.sleep(LOOK_AGAIN)
            except Halted as halt:
                log.error("log_halted", verdict=halt.verdict)
                self.halted = halt.verdict
                return
            except Exception as error:
                # A database that went away comes back; what was left undone the next round does.
                log.error("publishing_failed", **bugs.told(error))
                await asyncio.sleep(LOOK_AGAIN)
            finally:
                self._publisher = None

    async def wait(self, size: int, *, seconds: float = 2.0) -> bool:
        """Wait until the first `size` entries are signed; False where that takes longer."""
        if self._publisher is not None:
            return await self._publisher.wait(size, seconds=seconds)
        for _ in range(round(seconds / POLL)):
            if await _signed(ledger()) >= size:
                return True
            await asyncio.sleep(POLL)
        return False

    @asynccontextmanager
    async def _gathering(self) -> AsyncIterator[None]:
        """Ask the witnesses meanwhile. Whatever becomes of that, the log is signed."""
        if self.quorum is None:
            yield
            return
        gatherer = Gatherer(
            url=self._settings.database_url, writer=self._writer, quorum=self.quorum
        )
        task = asyncio.create_task(gatherer.run(), name="gatherer")
        task.add_done_callback(_tell)
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            gatherer.close()

    def _made(self, signer: LogSigner, anchor: Anchor) -> Publisher:
        url = self._settings.database_url
        return Publisher(url=url, writer=self._writer, signer=signer, anchor=anchor)


def _tell(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("gathering_ended", **bugs.told(error))


async def signed_size(url: str) -> int:
    """How many entries the latest checkpoint covers."""
    async with open_reader(url) as reader:
        return await _signed(reader)


async def _signed(reader: Queries) -> int:
    rows = await reader.fetch("SELECT max(size) FROM checkpoint")
    return rows[0][0] or 0


async def unsigned_for(url: str, now: datetime) -> float:
    """For how many seconds the first entry that no checkpoint covers has waited; 0 without one."""
    signed = await signed_size(url)
    async with open_reader(url) as reader:
        rows = await reader.fetch("SELECT at FROM entry WHERE seq = $1", signed)
    at = instant_of(rows[0][0]) if rows else None
    return 0.0 if at is None else max(0.0, (now - at).total_seconds())


async def publish_once(settings: Settings) -> Checkpoint:
    """Sign an open ledger's log as it is. Raises AnchorHeld, Halted, Stopped."""
    return await Publication(settings, journal.current().writer).publish()


@asynccontextmanager
async def publishing(settings: Settings) -> AsyncIterator[Publication]:
    """Sign the open ledger's log in this process for as long as it lasts, if none other does."""
    made = Publication(settings, journal.current().writer)
    install(made)
    task = asyncio.create_task(made.run(), name="publisher")
    try:
        yield made
    finally:
        install(None)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        # What the last requests wrote is signed before the process goes.
        with contextlib.suppress(*_LEFT_UNSIGNED):
            await made.publish()


_installed: Publication | None = None


def install(publication: Publication | None) -> None:
    """Make a publication the one of this process."""
    global _installed
    _installed = publication


def current() -> Publication | None:
    """The publication of this process; None where it does not sign."""
    return _installed
