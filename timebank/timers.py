"""Timers: what falls due is done by the software, by one scheduler at a time.

A timer is a line of a table: a name, a read of what is due, a command. What is due is read without
the lock; each candidate is a work of its own that checks state and due date again, so a second
scheduler, a crash or a clock that was moved does nothing twice. Nothing is kept in memory from one
round to the next. Refuses to know why anything is due.
"""

import asyncio
import contextlib
import fcntl
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from enum import Enum

import msgspec
import structlog

from ledger.sessions import connect
from ledger.tables import dialect_of, sqlite_path
from timebank import epochs, erasures, looks
from timebank.actors import SYSTEM
from timebank.annual_report_rulings import remind_of_report, reminders_due
from timebank.annual_reports import mark_late, open_report, reports_overdue, reports_to_open
from timebank.appointments import appointments_over, close_appointment
from timebank.batch import Batch
from timebank.closings import closings_due, lapse_balance
from timebank.donations import donations_due, settle_donation
from timebank.dormancy import dormant_due, flag_dormant
from timebank.due import Due
from timebank.emergency import emergencies_over, lapse_emergency
from timebank.escalations import escalate_help, lapse_help, lapsed_help, unmatched_help
from timebank.forgotten_visits import close_visit, forgotten
from timebank.funding.calls import calls_over, end_call
from timebank.funding.grant_reports import grants_to_remind, remind_of_grant
from timebank.funding.tranches import barred_with_parts, withhold_of_barred
from timebank.gifts import expire_gift, gifts_due
from timebank.holds import holds_over, lapse_hold
from timebank.journal import Answer, write
from timebank.keys import RequestKey
from timebank.member_reports import reports_due
from timebank.name_fill import fill_names, names_to_fill
from timebank.organisation_endings import move_organisation_on, organisations_due
from timebank.organisation_grades import expire_grade, grades_over
from timebank.outbox import outgoing_due, send_outgoing
from timebank.overdue_rosters import mark_overdue, rosters_due
from timebank.pool_grants import close_grant, grants_due
from timebank.posts import end_post, posts_over
from timebank.refusals import Denial, Refusal
from timebank.report_reviews import lapse_report
from timebank.settlements import settle_silent, silent_help
from timebank.silence import post_silent, unanswered
from timebank.tables import Row, select, table
from timebank.unit_statements import (
    lapse_statement,
    prepare_statement,
    statements_due,
    statements_unsent,
)
from timebank.urgent_access import accesses_over, end_urgent_access
from timebank.webhooks import tell_webhook, webhooks_due
from timebank.wish_rounds import move_wish_on, wishes_due

INTERVAL = 60.0
"""Seconds between two rounds."""

TOGETHER = 100
"""How many candidates of a timer are tried at once: they share the journal's transactions."""

MOST_PAGES = 1_000
"""How often a round comes back to one timer: what is left after that waits for the next round."""

# "timers" in ASCII: one scheduler a database, so one number for all of them.
LOCK = 0x74696D657273

log = structlog.get_logger()


class Timer(msgspec.Struct, frozen=True):
    """What falls due: how it is found, and what is done with each candidate."""

    name: str
    due: Due
    act: Callable[[str, RequestKey], Awaitable[Answer]]


TIMERS = (
    Timer("erasures.kept", erasures.erasures_due, lambda id, key: erasures.finish_erasure(id)),
    Timer("erasures.left", erasures.erasures_left, lambda id, key: erasures.complete_erasure(id)),
    Timer("epochs.begin", epochs.beginnings, lambda month, key: epochs.begin_epoch()),
    Timer("epochs.people", epochs.people_behind, lambda id, key: epochs.renew_person(id)),
    Timer("epochs.rows", epochs.rows_behind, lambda name, key: epochs.renew_row(name)),
    Timer("looks.old", looks.looks_old, lambda id, key: looks.forget_look(id)),
    Timer(
        "urgent_access.ended",
        accesses_over,
        lambda id, key: end_urgent_access(SYSTEM, access=id, key=key),
    ),
    Timer("holds.over", holds_over, lambda id, key: lapse_hold(SYSTEM, hold=id, key=key)),
    Timer("names.unindexed", names_to_fill, lambda through, key: fill_names(through)),
    Timer("epochs.end", epochs.endings, lambda epoch, key: epochs.end_epoch(epoch)),
    Timer("visits.forgotten", forgotten, lambda id, key: close_visit(SYSTEM, person=id, key=key)),
    Timer("hours.silence", unanswered, lambda id, key: post_silent(SYSTEM, record=id, key=key)),
    Timer(
        "rosters.overdue",
        rosters_due,
        lambda id, key: mark_overdue(SYSTEM, activity=id, key=key),
    ),
    Timer(
        "emergencies.over",
        emergencies_over,
        lambda id, key: lapse_emergency(SYSTEM, emergency=id, key=key),
    ),
    Timer("gifts.unaccepted", gifts_due, lambda id, key: expire_gift(SYSTEM, gift=id, key=key)),
    Timer(
        "donations.final",
        donations_due,
        lambda id, key: settle_donation(SYSTEM, donation=id, key=key),
    ),
    Timer(
        "help.unmatched", unmatched_help, lambda id, key: escalate_help(SYSTEM, order=id, key=key)
    ),
    Timer("help.lapsed", lapsed_help, lambda id, key: lapse_help(SYSTEM, order=id, key=key)),
    Timer("help.silence", silent_help, lambda id, key: settle_silent(SYSTEM, order=id, key=key)),
    Timer("grants.month", grants_due, lambda id, key: close_grant(SYSTEM, grant=id, key=key)),
    Timer("accounts.kept", closings_due, lambda id, key: lapse_balance(SYSTEM, person=id, key=key)),
    Timer(
        "accounts.dormant", dormant_due, lambda id, key: flag_dormant(SYSTEM, person=id, key=key)
    ),
    Timer("wishes.due", wishes_due, lambda id, key: move_wish_on(SYSTEM, wish=id, key=key)),
    Timer(
        "organisations.due",
        organisations_due,
        lambda id, key: move_organisation_on(SYSTEM, organisation=id, key=key),
    ),
    Timer(
        "reports.open",
        reports_to_open,
        lambda id, key: open_report(SYSTEM, organisation=id, key=key),
    ),
    Timer("calls.over", calls_over, lambda id, key: end_call(SYSTEM, call=id, key=key)),
    Timer(
        "tranches.barred",
        barred_with_parts,
        lambda id, key: withhold_of_barred(SYSTEM, organisation=id, key=key),
    ),
    Timer(
        "funding.remind",
        grants_to_remind,
        lambda id, key: remind_of_grant(SYSTEM, grant=id, key=key),
    ),
    Timer("grades.over", grades_over, lambda id, key: expire_grade(SYSTEM, grade=id, key=key)),
    Timer("reports.late", reports_overdue, lambda id, key: mark_late(SYSTEM, report=id, key=key)),
    Timer(
        "reports.remind",
        reminders_due,
        lambda id, key: remind_of_report(SYSTEM, report=id, key=key),
    ),
    Timer(
        "outbox.send",
        outgoing_due,
        lambda id, key: send_outgoing(SYSTEM, outgoing=id, key=key),
    ),
    Timer(
        "webhooks.tell",
        webhooks_due,
        lambda name, key: tell_webhook(SYSTEM, webhook=name, key=key),
    ),
    Timer("posts.over", posts_over, lambda id, key: end_post(SYSTEM, post=id, key=key)),
    Timer(
        "appointments.over",
        appointments_over,
        lambda id, key: close_appointment(SYSTEM, appointment=id, key=key),
    ),
    Timer(
        "statements.due",
        statements_due,
        lambda id, key: prepare_statement(SYSTEM, member=id, key=key),
    ),
    Timer(
        "statements.unsent",
        statements_unsent,
        lambda id, key: lapse_statement(SYSTEM, statement=id, key=key),
    ),
    Timer("members.lapsed", reports_due, lambda id, key: lapse_report(SYSTEM, report=id, key=key)),
)
"""Every timer there is. Whoever adds something that falls due adds one line here."""


# Table


@table("timer_run", vault=True)
class TimerRun(Row, frozen=True):
    """A timer's latest round: what was done, what was not due after all, what failed."""

    name: str
    at: datetime
    done: int = 0
    refused: int = 0
    failed: int = 0


# One at a time


@asynccontextmanager
async def alone(url: str) -> AsyncIterator[bool]:
    """Whether no other scheduler of this database works; until the context is left, this one does.

    Should a lock be lost while a round lasts, a second scheduler harms nothing: see `Timer`.
    """
    take = _alone_on_sqlite if dialect_of(url) == "sqlite" else _alone_on_postgresql
    async with take(url) as taken:
        yield taken


@asynccontextmanager
async def _alone_on_sqlite(url: str) -> AsyncIterator[bool]:
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
    file = await asyncio.to_thread(os.open, sqlite_path(url) + ".timers.lock", flags, 0o600)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            taken = True
        except BlockingIOError:
            taken = False
        yield taken
    finally:
        os.close(file)


@asynccontextmanager
async def _alone_on_postgresql(url: str) -> AsyncIterator[bool]:
    connection = await connect(url, settings={"application_name": "timers"})
    try:
        # Held by the session: it goes with the connection, however the process ends.
        yield bool(await connection.fetchval("SELECT pg_try_advisory_lock($1)", LOCK))
    finally:
        await connection.close()


# Rounds


class Outcome(Enum):
    """What became of a candidate."""

    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"


class _Round:
    """One timer's round: what stays due is skipped, what is done is gone by itself."""

    def __init__(self, timer: Timer) -> None:
        self.timer = timer
        self.count = dict.fromkeys(Outcome, 0)
        self.pages = 0

    async def page(self) -> bool:
        """Try the next candidates; whether there may be more."""
        self.pages += 1
        try:
            skip = self.count[Outcome.REFUSED] + self.count[Outcome.FAILED]
            candidates = await self.timer.due(skip=skip, limit=TOGETHER)
        except Exception as error:
            self._failed(error, candidate=None)
            return False
        for outcome in await asyncio.gather(*map(self._try, candidates)):
            self.count[outcome] += 1
        return len(candidates) == TOGETHER and self.pages < MOST_PAGES

    async def _try(self, candidate: str) -> Outcome:
        try:
            await self.timer.act(candidate, RequestKey.once(SYSTEM.scope))
        except Refusal as no:
            log.info("timer_refused", timer=self.timer.name, candidate=candidate, code=no.code)
            return Outcome.REFUSED
        except Denial:
            raise
        except Exception as error:
            return self._failed(error, candidate=candidate)
        return Outcome.DONE

    def _failed(self, error: Exception, *, candidate: str | None) -> Outcome:
        kind = type(error).__name__
        log.error("timer_failed", timer=self.timer.name, candidate=candidate, kind=kind)
        if candidate is None:
            self.count[Outcome.FAILED] += 1
        return Outcome.FAILED

    def run(self, at: datetime) -> TimerRun:
        """What the round came to."""
        told = {outcome.value: count for outcome, count in self.count.items()}
        return TimerRun(name=self.timer.name, at=at, **told)


async def sweep(timers: Sequence[Timer] = TIMERS) -> list[TimerRun]:
    """Do everything that is due, a page of each timer in turn, so that none waits for another.

    What fails is logged and tried again in the next round. Raises a Denial where nothing may be
    written at all.
    """
    rounds = [_Round(timer) for timer in timers]
    going = rounds
    while going:
        going = [one for one in going if await one.page()]

    def work(batch: Batch) -> Answer:
        for one in rounds:
            batch.put(one.run(batch.now))
        return Answer()

    await write(SYSTEM, None, work, answer=Answer)
    return await runs([timer.name for timer in timers])


async def run(url: str, *, interval: float = INTERVAL) -> None:
    """Sweep every `interval` seconds, beginning at once, whenever no other scheduler does."""
    while True:
        try:
            async with alone(url) as taken:
                if taken:
                    await sweep()
        except Exception as error:
            log.error("sweep_failed", kind=type(error).__name__)
        await asyncio.sleep(interval)


@asynccontextmanager
async def running(url: str) -> AsyncIterator[None]:
    """Run the timers of an open bank for as long as it lasts."""
    task = asyncio.create_task(run(url), name="timers")
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


# Reads


async def runs(names: Sequence[str]) -> list[TimerRun]:
    """The latest round of these timers, by name; one that never ran is not in it."""
    return await select(TimerRun, name__in=list(names), order=["name"])
