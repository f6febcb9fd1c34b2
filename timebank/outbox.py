"""The outbox: messages about notices on their way to people who asked to be told outside.

One row a person and way collects what is to be told; a timer sends it. What fails is tried again,
later each time, and given up after two days; the notice lies in the inbox all the while. A crash
between sending and noting it sends twice rather than never. Knows rows and retries; who wants
what, and when, `deliveries` says.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import structlog
from msgspec.structs import replace

from timebank.actors import SYSTEM, Actor
from timebank.batch import Batch
from timebank.deliveries import Delivery, Pace, addresses_of, decide_when, told
from timebank.journal import Answer, current, write
from timebank.keys import RequestKey
from timebank.notices import TELLING, Notice
from timebank.projections import Place
from timebank.refusals import Forbidden, NotFound, Refusal
from timebank.tables import Row, count, find, find_many, select, table
from timebank.transports import Channel, Undelivered, transport
from timebank.vault import keyring
from timebank.words import translator

RETRY_MINUTES = (1, 5, 30, 120, 360, 720, 1440)
"""Minutes until what failed is tried again, the first time, the second and so on."""
MOST_COLLECTED = 500
MOST_A_ROUND = 50
"""Fewer than a timer's page, so that a dead mail server holds no other timer for long."""

SUBJECT = "New messages from the time bank"
BODY = "You have {count} new messages. Open your inbox: {address}"
ANSWERS = "{count} of them ask for an answer, the first by {day}."

log = structlog.get_logger()


# Refusals


class NotYetToSend(Refusal):
    """Quiet hours, the daily hour or a retry: what is sent, is sent at its time."""

    says = "This message is not due before {at}."
    at: datetime


# Tables


@table("outgoing", vault=True, index=[("person",), ("given_up", "due_at")])
class Outgoing(Row, frozen=True):
    """What is to be told to a person by one way; `id` is `<person>:<channel>`.

    `failed` is why it failed last, in a word.
    """

    id: str
    person: str
    channel: Channel
    notices: tuple[str, ...]
    due_at: datetime
    tries: int = 0
    failed: str | None = None
    given_up: bool = False


# Decisions


def decide_retry(row: Outgoing, wanted: Delivery, failed: str, now: datetime) -> Outgoing:
    """The row after it failed once more: due later, or given up after the last time."""
    tries = row.tries + 1
    if tries > len(RETRY_MINUTES):
        return replace(row, tries=tries, failed=failed, given_up=True)
    later = now + timedelta(minutes=RETRY_MINUTES[row.tries])
    due = decide_when(later, wanted, pace=Pace.AT_ONCE)
    return replace(row, tries=tries, failed=failed, due_at=due)


def decide_words(wanted: Delivery, answer_by: Sequence[date | None], inbox: str) -> tuple[str, str]:
    """Subject and words of a message about so many notices: no name, no matter, no number.

    Args: answer_by, a notice's last day for an answer each; inbox, the address of the page.
    """
    say = translator(wanted.language)
    body = say(BODY).format(count=len(answer_by), address=inbox)
    days = [day for day in answer_by if day is not None]
    if wanted.details and days:
        body += "\n" + say(ANSWERS).format(count=len(days), day=min(days).isoformat())
    return say(SUBJECT), body


# What other capabilities ask


def _put_out(batch: Batch, notice: Notice) -> None:
    wanted = batch.get(Delivery, notice.person)
    for channel in wanted.channels if wanted else ():
        id = f"{notice.person}:{channel.value}"
        held = batch.get(Outgoing, id)
        due = decide_when(batch.now, wanted) if wanted else batch.now
        waiting = held.notices if held else ()
        batch.put(
            Outgoing(
                id=id,
                person=notice.person,
                channel=channel,
                notices=(*waiting, notice.id)[-MOST_COLLECTED:],
                due_at=min(held.due_at, due) if held and not held.given_up else due,
                tries=held.tries if held and not held.given_up else 0,
                failed=held.failed if held else None,
            )
        )


TELLING.append(_put_out)


# Commands


class Sent(Answer, frozen=True, kw_only=True):
    """Whether a message left."""

    left: bool


async def send_outgoing(actor: Actor, *, outgoing: str, key: RequestKey | None = None) -> Sent:
    """Send what is due to one person by one way, unless they read it meanwhile: by timer.

    Refuses: NotFound, NotYetToSend.
    """
    if actor != SYSTEM:
        raise Forbidden
    seen = await find(Outgoing, outgoing)
    if seen is None or seen.given_up:
        raise NotFound(what="message")
    if seen.due_at > current().clock.now():
        raise NotYetToSend(at=seen.due_at)
    wanted = await find(Delivery, seen.person)
    notices = await find_many(Notice, seen.notices)
    unread = [one for one in notices.values() if one.read_at is None]
    still = wanted is not None and seen.channel in wanted.channels and bool(unread)
    failed = await _send(seen, wanted, unread) if wanted and still else None

    def work(batch: Batch) -> Sent:
        held = batch.get(Outgoing, outgoing)
        if held is None:
            return Sent(left=False)
        if failed is not None and wanted is not None:
            batch.put(decide_retry(held, wanted, failed, batch.now))
            return Sent(left=False)
        left = tuple(one for one in held.notices if one not in seen.notices)
        if left and wanted is not None:
            due = decide_when(batch.now, wanted)
            batch.put(replace(held, notices=left, due_at=due, tries=0, failed=None))
        else:
            batch.drop(Outgoing, outgoing)
        if still:
            told(batch, held.person)
        return Sent(left=still)

    needs: list[Place] = [(Outgoing, outgoing), (Delivery, seen.person)]
    return await write(actor, key, work, answer=Sent, needs=needs)


async def _send(row: Outgoing, wanted: Delivery, unread: Sequence[Notice]) -> str | None:
    """Why the message did not leave; None when it did."""
    address = (await addresses_of(row.person)).get(row.channel)
    if address is None:
        return "address"
    inbox = f"{keyring().settings.address}/inbox"
    subject, body = decide_words(wanted, [one.answer_by for one in unread], inbox)
    try:
        await transport().send(row.channel, address, subject, body)
    except Undelivered as no:
        log.warning("undelivered", channel=row.channel.value, kind=no.kind, tries=row.tries + 1)
        return no.kind
    return None


# Reads


async def outgoing_due(*, skip: int, limit: int) -> list[str]:
    """What is to be sent now, the longest due first: at most fifty a round."""
    due = await select(
        Outgoing,
        given_up=False,
        due_at__lte=current().clock.now(),
        order=["due_at", "id"],
        limit=min(limit, MOST_A_ROUND),
        offset=skip,
    )
    return [held.id for held in due]


async def outbox_counts() -> dict[str, int]:
    """How many messages wait, failed and are tried again, or were given up: for the operator."""
    waiting = await count(Outgoing, given_up=False, failed__isnull=True)
    failing = await count(Outgoing, given_up=False, failed__isnull=False)
    return {
        "waiting": waiting,
        "failing": failing,
        "given_up": await count(Outgoing, given_up=True),
    }


async def outgoing_of(actor: Actor) -> list[Outgoing]:
    """What is on its way to the actor, by way."""
    return await select(Outgoing, person=actor.person or "", order=["id"])
