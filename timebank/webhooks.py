"""Webhooks: programs that the operator names are told, signed, which entries came.

What is told is what happened, when, and the entry's place and hash, never to whom: the rest they
ask the API for, as whom their token says. Only what a checkpoint covers is told, in the log's
order, again until it is taken: at least once, and each entry under the same id. Envelopes are
CloudEvents 1.0, many in a request; its signature is that of Standard Webhooks. Refuses to know who
listens.
"""

import base64
import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
import structlog
from msgspec.structs import replace

from ledger.exchange import Correspondent, Fault
from timebank import publication
from timebank.actors import SYSTEM, Actor
from timebank.batch import Batch
from timebank.journal import Answer, current, write
from timebank.keys import RequestKey
from timebank.outbox import RETRY_MINUTES, NotYetToSend
from timebank.reading import ledger
from timebank.refusals import Forbidden, NotFound
from timebank.settings import Settings, WebhookSettings
from timebank.tables import Row, find_many, table
from timebank.vault import keyring

TOGETHER = 500
"""How many entries a request tells of."""
MOST_REQUESTS = 10
"""A round's requests to one program: more wait for the next, as other timers do."""
SECONDS = 5.0
BATCH = "application/cloudevents-batch+json; charset=utf-8"

log = structlog.get_logger()

Told = tuple[int, str, str, bytes]
"""Of an entry: position, kind, when it was written, leaf hash."""


# Tables


@table("webhook", vault=True)
class Webhook(Row, frozen=True):
    """How far a program has been told: of all before `told`; `failed` says why not further."""

    name: str
    told: int
    due_at: datetime
    tries: int = 0
    failed: str | None = None


# Decisions


def decide_missed(row: Webhook, failed: str, now: datetime) -> Webhook:
    """The row after a request failed: due later each time, daily in the end, and never given up.

    What is not told yet waits in the log and nowhere else.
    """
    minutes = RETRY_MINUTES[min(row.tries, len(RETRY_MINUTES) - 1)]
    later = now + timedelta(minutes=minutes)
    return replace(row, tries=row.tries + 1, failed=failed, due_at=later)


def concerns(wanted: Sequence[str], kind: str) -> bool:
    """Whether a program wants to hear of a kind: by its name, or all whose name begins `noun.`."""
    return not wanted or kind in wanted or f"{kind.partition('.')[0]}." in wanted


def body_of(origin: str, entries: Sequence[Told]) -> bytes:
    """Entries as CloudEvents: `source` is the log's name, `id` the position, so none is two."""
    return msgspec.json.encode(
        [
            {
                "specversion": "1.0",
                "id": str(seq),
                "source": origin,
                "type": kind,
                "time": at,
                "data": {"seq": seq, "leaf": bytes(leaf).hex()},
            }
            for seq, kind, at, leaf in entries
        ]
    )


def signed(secret: str, name: str, at: datetime, body: bytes) -> dict[str, str]:
    """The headers of Standard Webhooks: id, when it was sent, and HMAC-SHA-256 over both and all.

    Args: secret, `whsec_` and base64; name, the message's id.
    """
    sent = str(int(at.timestamp()))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    code = hmac.digest(key, f"{name}.{sent}.".encode() + body, "sha256")
    told = f"v1,{base64.b64encode(code).decode()}"
    return {"webhook-id": name, "webhook-timestamp": sent, "webhook-signature": told}


# Commands


class Heard(Answer, frozen=True, kw_only=True):
    """Of all entries before which a program has been told."""

    told: int


async def tell_webhook(actor: Actor, *, webhook: str, key: RequestKey | None = None) -> Heard:
    """Tell a program of what was signed since; one that is new, from now on: by timer.

    Refuses: NotFound, NotYetToSend.
    """
    if actor != SYSTEM:
        raise Forbidden
    settings = keyring().settings
    hook = next((one for one in settings.webhooks if one.name == webhook), None)
    if hook is None:
        raise NotFound(what="webhook")
    seen = (await find_many(Webhook, [webhook])).get(webhook)
    now = current().clock.now()
    if seen is not None and seen.due_at > now:
        raise NotYetToSend(at=seen.due_at)
    size = await publication.signed_size(settings.database_url)
    told, failed = await _tell(settings, hook, seen.told, size) if seen else (size, None)

    def work(batch: Batch) -> Heard:
        held = batch.get(Webhook, webhook)
        if held != seen:
            return Heard(told=held.told if held else 0)
        row = Webhook(name=webhook, told=told, due_at=batch.now)
        if failed is not None and held is not None:
            row = decide_missed(replace(held, told=told), failed, batch.now)
        batch.put(row)
        return Heard(told=told)

    return await write(actor, key, work, answer=Heard, needs=[(Webhook, webhook)])


async def _tell(
    settings: Settings, hook: WebhookSettings, told: int, size: int
) -> tuple[int, str | None]:
    """Through which entry it came, and why not further."""
    program = Correspondent(hook.url)
    try:
        for _ in range(MOST_REQUESTS):
            found = await _entries(told, min(told + TOGETHER, size))
            if not found:
                break
            wanted = [one for one in found if concerns(hook.kinds, one[1])]
            if wanted and (failed := await _post(program, settings.origin, hook, wanted)):
                log.warning("webhook_untold", webhook=hook.name, kind=failed)
                return told, failed
            told = found[-1][0] + 1
    finally:
        program.close()
    return told, None


async def _post(
    program: Correspondent, origin: str, hook: WebhookSettings, entries: Sequence[Told]
) -> str | None:
    """Why a program did not take it; None when it did."""
    body = body_of(origin, entries)
    name = f"{hook.name}-{entries[0][0]}-{entries[-1][0]}"
    secret = hook.secret.get_secret_value()
    headers = signed(secret, name, current().clock.now(), body) | {"content-type": BATCH}
    try:
        reply = await program.post(body, seconds=SECONDS, headers=headers)
    except Fault:
        return "fault"
    return None if 200 <= reply.status < 300 else str(reply.status)


# Reads


async def _entries(first: int, end: int) -> list[Any]:
    statement = "SELECT seq, kind, at, leaf FROM entry WHERE seq >= $1 AND seq < $2 ORDER BY seq"
    return await ledger().fetch(statement, first, end)


async def webhooks() -> dict[str, Webhook | None]:
    """How far each program that is named has been told: for the operator."""
    names = [hook.name for hook in keyring().settings.webhooks]
    held = await find_many(Webhook, names) if names else {}
    return {name: held.get(name) for name in names}


async def webhooks_due(*, skip: int, limit: int) -> list[str]:
    """Programs to be told now, by name."""
    now = current().clock.now()
    due = [name for name, row in (await webhooks()).items() if row is None or row.due_at <= now]
    return due[skip : skip + limit]
