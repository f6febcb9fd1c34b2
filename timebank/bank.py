"""The bank: one opened ledger with its journal, keyring and reads, for one process.

Knows how the parts are put together and taken apart, and how a new ledger begins; no rule
lives here. Reads go over connections that cannot write.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ledger.anchor import Verdict
from ledger.tables import install
from ledger.writer import open_writer
from timebank import (
    certificate_keys,
    entries,
    journal,
    master_keys,
    publication,
    tail,
    transports,
    vault,
    working_days,
)
from timebank.actors import SYSTEM
from timebank.batch import Batch
from timebank.clock import Clock, SystemClock, day_of
from timebank.events import Event
from timebank.journal import Answer, Journal
from timebank.orm import migrate
from timebank.policy import SEED, Policy, decide_publish, read_policy
from timebank.reading import open_reads
from timebank.settings import Settings
from timebank.tail import Tail


class LedgerOpened(Event, frozen=True, tag="ledger.opened"):
    """Entry 0: the log's name, and whether it is a demonstration, for ever."""

    origin: str
    hash: str = "sha-256"
    demo: bool = False


class Opened(Answer, frozen=True, kw_only=True):
    """A new ledger."""


async def init(
    settings: Settings,
    *,
    clock: Clock | None = None,
    policy: Policy | None = None,
    demo: bool = False,
) -> None:
    """Make a new ledger: keys, tables, entry 0 and the first policy; never over an old one."""
    settings.data.mkdir(parents=True, exist_ok=True)
    if master_keys.in_file(settings):
        master_keys.write_master(settings.master_key)
    vault.create_keys(settings, day_of((clock or SystemClock()).now()))
    await install(settings.database_url)
    await migrate(settings.database_url)
    await publication.create(settings)
    first = policy or read_policy(SEED.read_text("utf-8"))
    async with open_bank(settings, clock=clock):

        def work(batch: Batch) -> Opened:
            entry = batch.record(LedgerOpened(origin=settings.origin, demo=demo))
            batch.record(decide_publish(first, None, None))
            return Opened(entry=entry.seq)

        await journal.write(SYSTEM, None, work, answer=Opened)


@asynccontextmanager
async def open_bank(settings: Settings, *, clock: Clock | None = None) -> AsyncIterator[Journal]:
    """Open a ledger for this process: writes by the journal, reads beside it.

    Where database and anchor disagree, the journal writes nothing and says so. Raises
    WrongMasterKey, whose sentence says what to do.
    """
    verdict = await publication.examine(settings)
    ring = vault.Keyring(settings)
    vault.install(ring)
    certificate_keys.install(f"{settings.origin}/certificates", ring.certificate)
    working_days.install(settings.working_days)
    try:
        async with open_reads(settings.database_url):
            await vault.prove()
        opened = Journal(await open_writer(settings.database_url), clock or SystemClock())
        opened.halted = None if verdict is Verdict.GO else verdict.value
        await opened.start()
        journal.install(opened)
        tail.install(Tail(entries.size))
        transports.install(transports.Apprise(settings))
        try:
            # They hang up before the writer does: the last to close a file tidies up beside it.
            async with open_reads(settings.database_url, settings.replica):
                yield opened
        finally:
            transports.install(None)
            tail.install(None)
            journal.install(None)
            await opened.close()
    finally:
        working_days.install(None)
        certificate_keys.install(None)
        vault.install(None)
