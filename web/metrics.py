"""Metrics in the Prometheus text format: what an operator's alarm watches.

Computed when asked for, from the database itself, so that every worker answers alike. Told to this
machine only: whoever scrapes from elsewhere comes through a proxy that the operator set up.
"""

import ipaddress
from datetime import datetime

from prometheus_client import CollectorRegistry, Gauge, generate_latest
from starlette.requests import Request
from starlette.responses import Response

from ledger.anchor import Verdict
from ledger.outages import is_away
from ledger.reader import open_reader, read_head
from ledger.receipts import witnessed_size
from timebank import journal, publication
from timebank.outbox import outbox_counts
from timebank.replicas import standby
from timebank.settings import Settings
from timebank.timers import TIMERS, runs
from timebank.webhooks import webhooks


async def collect(settings: Settings) -> CollectorRegistry:
    """The figures as they are now."""
    told = CollectorRegistry()
    held = journal.current()
    now = held.clock.now()
    found = await publication.trouble(settings, now=now, pace=held.pace)
    verdict = await publication.examine(settings)
    async with open_reader(settings.database_url) as reader:
        size = (await read_head(reader)).size
        quorum = publication.read_quorum(settings)
        witnessed = 0 if quorum is None else await witnessed_size(reader, quorum)
        behind = await publication.is_behind(reader, now)
    signed = await publication.signed_size(settings.database_url)
    unsigned = await publication.unsigned_for(settings.database_url, now)
    gauges: list[tuple[str, str, float]] = [
        ("timebank_ledger_entries", "Entries in the ledger.", size),
        ("timebank_ledger_signed_entries", "Entries that the latest checkpoint covers.", signed),
        ("timebank_ledger_unsigned_seconds", "How long an entry waits for a signature.", unsigned),
        (
            "timebank_ledger_witnessed_entries",
            "Entries that the latest checkpoint covers that a quorum of witnesses cosigned.",
            witnessed,
        ),
        ("timebank_ledger_writable", "1 while entries may be written.", int(found is None)),
        ("timebank_clock_behind", "1 while the clock is behind the last entry.", int(behind)),
        ("timebank_clock_set", "1 since the clock was set while we ran.", int(held.pace.lost)),
    ]
    for name, says, value in gauges:
        Gauge(name, says, registry=told).set(value)
    _replica(told)
    await _timers(told)
    await _outbox(told)
    await _webhooks(told)
    await _witnesses(told, settings, now)
    rows = Gauge(
        "timebank_ledger_start_verdict",
        "What database and anchor mean together: 1 for the row of the start-up table that holds.",
        ["verdict"],
        registry=told,
    )
    for row in Verdict:
        rows.labels(row.value).set(int(row is verdict))
    return told


async def _witnesses(told: CollectorRegistry, settings: Settings, now: datetime) -> None:
    """Where each witness of the quorum stands, by its name in the quorum file."""
    size = Gauge(
        "timebank_witness_entries", "Entries that it last cosigned.", ["witness"], registry=told
    )
    behind = Gauge(
        "timebank_witness_behind",
        "1 while it has not cosigned what was signed a minute ago.",
        ["witness"],
        registry=told,
    )
    for one in await publication.witnessing(settings, now):
        size.labels(one.name).set(one.size)
        behind.labels(one.name).set(int(one.behind))


def _replica(told: CollectorRegistry) -> None:
    """How far the replica is behind, and whether this process asks it; nothing where none is."""
    if (held := standby()) is None:
        return
    says = "Seconds that the replica is behind the primary."
    Gauge("timebank_replica_behind_seconds", says, registry=told).set(held.behind)
    says = "1 while the replica answers questions."
    Gauge("timebank_replica_asked", says, registry=told).set(int(held.trouble is None))


async def _timers(told: CollectorRegistry) -> None:
    """When each timer last ran and what failed then; one that never ran is 1970."""
    at = Gauge("timebank_timer_run_seconds", "A timer's last round.", ["timer"], registry=told)
    failed = Gauge("timebank_timer_failed", "What failed in it.", ["timer"], registry=told)
    held = {run.name: run for run in await runs([timer.name for timer in TIMERS])}
    for timer in TIMERS:
        run = held.get(timer.name)
        at.labels(timer.name).set(run.at.timestamp() if run else 0)
        failed.labels(timer.name).set(run.failed if run else 0)


async def _outbox(told: CollectorRegistry) -> None:
    """Messages to people outside that wait, that failed and are tried again, or were given up."""
    held = Gauge("timebank_outbox_messages", "Messages outside.", ["state"], registry=told)
    for state, many in (await outbox_counts()).items():
        held.labels(state).set(many)


async def _webhooks(told: CollectorRegistry) -> None:
    """How far each program has been told, and how often it did not take the next."""
    far = Gauge("timebank_webhook_entries", "Entries told of.", ["webhook"], registry=told)
    missed = Gauge("timebank_webhook_missed", "Failures in a row.", ["webhook"], registry=told)
    for name, row in (await webhooks()).items():
        far.labels(name).set(row.told if row else 0)
        missed.labels(name).set(row.tries if row else 0)


async def metrics(request: Request) -> Response:
    """The figures, for this machine."""
    host = request.client.host if request.client else ""
    if not _is_here(host):
        return Response(status_code=404)
    try:
        collected, reached = await collect(request.app.state.settings), 1
    except Exception as error:
        if not is_away(error):
            raise
        collected, reached = CollectorRegistry(), 0
    says = "1 while the database can be reached; without it there are no other figures."
    Gauge("timebank_database_reached", says, registry=collected).set(reached)
    told = generate_latest(collected)
    return Response(told, media_type="text/plain; version=0.0.4; charset=utf-8")


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
