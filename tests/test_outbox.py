"""The outbox: what is told outside, when it fails, and that none of it is an arrival."""

import asyncio
import json
from datetime import date, timedelta

import pytest
import structlog
from msgspec.structs import replace
from prometheus_client import generate_latest

from tests.telling import outside, wanting
from tests.test_deliveries import WANTED, at
from tests.volunteering import captured, confirmed
from tests.world import World, key
from timebank import transports
from timebank.actors import SYSTEM, Actor
from timebank.deliveries import Pace, delivery_of
from timebank.notices import Notice, inbox_of, mark_read
from timebank.outbox import (
    MOST_A_ROUND,
    RETRY_MINUTES,
    NotYetToSend,
    Outgoing,
    decide_retry,
    decide_words,
    outbox_counts,
    outgoing_due,
    send_outgoing,
)
from timebank.refusals import Forbidden, NotFound
from timebank.tables import select
from timebank.timers import TIMERS, TOGETHER, sweep
from timebank.transports import Apprise, Channel
from web.metrics import collect

pytestmark = pytest.mark.anyio
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
SENDING = [timer for timer in TIMERS if timer.name == "outbox.send"]
ROW = Outgoing(
    id="per_1:mail", person="per_1", channel=Channel.MAIL, notices=("ntc_1",), due_at=at("20 12:00")
)


async def noticed(world: World, who: Actor) -> str:
    """A notice for somebody: a record of theirs to accept."""
    world.clock.move(timedelta(hours=1))
    await confirmed(world, [await captured(world, who, minutes=10)])
    return (await select(Notice, person=who.person or "", order=["-id"], limit=1))[0].id


def test_what_fails_is_tried_later_each_time_and_given_up_after_two_days() -> None:
    row, now, began = ROW, at("20 12:00"), at("20 12:00")
    for minutes in RETRY_MINUTES:
        row = decide_retry(row, WANTED, "timeout", now)
        assert (row.due_at, row.given_up) == (now + minutes * MINUTE, False)
        now = row.due_at
    row = decide_retry(row, WANTED, "timeout", now)
    assert row.given_up
    assert DAY < now - began < 3 * DAY
    quiet = replace(WANTED, quiet_from=12 * 60, quiet_to=14 * 60, pace=Pace.DAILY)
    assert decide_retry(ROW, quiet, "refused", at("20 12:00")).due_at == at("20 14:00")


def test_a_message_says_that_there_are_notices_and_more_only_with_consent() -> None:
    days = [None, date(2026, 11, 30), date(2026, 11, 27)]
    subject, body = decide_words(WANTED, days, "https://time.example/inbox")
    assert (subject, body) == (
        "时间银行有新消息",
        "您有 3 条新消息，请打开消息页查看：https://time.example/inbox",
    )
    _, more = decide_words(replace(WANTED, details=True, language="en"), days, "/inbox")
    assert more == (
        "You have 3 new messages. Open your inbox: /inbox\n"
        "2 of them ask for an answer, the first by 2026-11-27."
    )


async def test_a_notice_is_told_once_by_every_way_and_arrives_in_the_inbox_alone(
    world: World,
) -> None:
    way, who, other = outside(), await world.volunteer(), await world.volunteer()
    await wanting(who, key=key(), chat="dingtalk://token")
    await noticed(world, who)
    await noticed(world, other)
    await sweep(SENDING)
    assert [(channel, address) for channel, address, *_ in way.sent] == [
        (Channel.CHAT, "dingtalk://token"),
        (Channel.MAIL, "wang@example.org"),
    ]
    number = await world.number_of(who)
    for _, _, title, body in way.sent:
        assert number not in title + body
        assert "10" not in body.replace("/inbox", ""), "no minutes, no matter"
    await sweep(SENDING)
    assert len(way.sent) == 2
    held = await delivery_of(who)
    assert held
    assert held.told_at == world.clock.now()
    (notice,) = await select(Notice, person=who.person or "")
    assert (notice.arrived_on, notice.answer_by) == (None, None), "a message is no arrival"
    await inbox_of(who)
    (notice,) = await select(Notice, person=who.person or "")
    assert notice.arrived_on is not None


async def test_a_digest_gathers_a_day_and_leaves_out_what_was_read(world: World) -> None:
    way, who = outside(), await world.volunteer()
    await wanting(who, key=key(), pace=Pace.DAILY, daily_at=9 * 60)
    read = await noticed(world, who)
    for _ in range(2):
        await noticed(world, who)
    await mark_read(who, notices=[read], key=key())
    await sweep(SENDING)
    assert way.sent == [], "not before the hour of the day"
    (row,) = await select(Outgoing)
    with pytest.raises(NotYetToSend):
        await send_outgoing(SYSTEM, outgoing=row.id)
    world.clock.at = row.due_at
    await sweep(SENDING)
    ((_, _, _, body),) = way.sent
    assert "2 条" in body
    left = await noticed(world, who)
    await mark_read(who, notices=[left], key=key())
    world.clock.move(DAY)
    await sweep(SENDING)
    assert len(way.sent) == 1, "what was read meanwhile is not told"
    assert not await select(Outgoing)


async def test_a_way_that_fails_is_tried_again_seen_by_the_operator_and_never_loses_a_notice(
    world: World,
) -> None:
    way, who = outside(), await world.volunteer()
    await wanting(who, key=key())
    way.broken = "timeout"
    await noticed(world, who)
    with structlog.testing.capture_logs() as logs:
        await sweep(SENDING)
    (said,) = [one for one in logs if one["event"] == "undelivered"]
    assert (said["kind"], said["channel"]) == ("timeout", "mail")
    assert "wang" not in json.dumps(logs)
    assert await outbox_counts() == {"waiting": 0, "failing": 1, "given_up": 0}
    figures = generate_latest(await collect(world.settings)).decode()
    assert 'timebank_outbox_messages{state="failing"} 1.0' in figures
    assert 'timebank_outbox_messages{state="given_up"} 0.0' in figures
    await sweep(SENDING)
    (row,) = await select(Outgoing)
    assert row.tries == 1, "not before its time"
    await noticed(world, who)
    for _ in RETRY_MINUTES:
        (row,) = await select(Outgoing)
        world.clock.at = max(row.due_at, world.clock.now())
        await sweep(SENDING)
    assert await outbox_counts() == {"waiting": 0, "failing": 0, "given_up": 1}
    assert await outgoing_due(skip=0, limit=TOGETHER) == []
    way.broken = None
    await noticed(world, who)
    await sweep(SENDING)
    ((_, _, _, body),) = way.sent
    assert "3 条" in body, "a later notice brings those that were given up"
    assert not await select(Outgoing)


async def test_nothing_leaves_once_somebody_wants_nothing_more(world: World) -> None:
    way, who = outside(), await world.volunteer()
    await wanting(who, key=key())
    await noticed(world, who)
    await wanting(who, key=key(), mail=None)
    await sweep(SENDING)
    assert way.sent == []
    assert not await select(Outgoing)
    with pytest.raises(NotFound):
        await send_outgoing(SYSTEM, outgoing=f"{who.person}:mail")
    with pytest.raises(Forbidden):
        await send_outgoing(who, outgoing=f"{who.person}:mail")


async def test_apprise_brings_a_message_to_a_server_and_says_when_it_does_not(
    world: World,
) -> None:
    assert MOST_A_ROUND < TOGETHER
    heard: list[dict[str, str]] = []
    status = ["200 OK"]

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        (length,) = [
            int(line.partition(b":")[2])
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"content-length")
        ]
        heard.append(json.loads(await reader.readexactly(length)))
        writer.write(
            f"HTTP/1.1 {status[0]}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".encode()
        )
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    transports.install(Apprise(world.settings.model_copy(update={"notify_tools": "json"})))
    who = await world.volunteer()
    await wanting(who, key=key(), mail=None, chat=f"json://127.0.0.1:{port}/told")
    async with server:
        await noticed(world, who)
        await sweep(SENDING)
        (told,) = heard
        assert told["title"] == "时间银行有新消息"
        assert told["message"].startswith("您有 1 条新消息")
        status[0] = "503 Unavailable"
        await noticed(world, who)
        await sweep(SENDING)
    (row,) = await select(Outgoing)
    assert (row.failed, row.tries) == ("refused", 1)
