"""Deliveries: who is told outside, by what way, how often, and when not."""

from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace
from pydantic import SecretStr

from tests.telling import Outside, outside, wanting
from tests.wire import act, ask
from tests.world import World, key
from timebank import transports
from timebank.access import Role
from timebank.actors import PUBLIC
from timebank.deliveries import (
    AddressWrong,
    ChannelMissing,
    Delivery,
    Pace,
    QuietWrong,
    addresses_of,
    decide_wanted,
    decide_when,
    delivery_of,
)
from timebank.erasures import ask_erasure
from timebank.refusals import Refusal, Unauthenticated
from timebank.tables import select
from timebank.transports import Apprise, Channel
from timebank.vault import SealedField
from web.doctor import examine

pytestmark = [pytest.mark.anyio, pytest.mark.one_database]
WANTED = Delivery(
    person="per_1",
    channels=(Channel.MAIL,),
    pace=Pace.AT_ONCE,
    daily_at=9 * 60,
    quiet_from=None,
    quiet_to=None,
    details=False,
    language="zh-CN",
)
NIGHT = {"quiet_from": 22 * 60, "quiet_to": 7 * 60}
NOON_REST = {"quiet_from": 12 * 60, "quiet_to": 14 * 60}


def at(told: str) -> datetime:
    """A moment of the city's 20th and 21st of November, told in its own time."""
    day, _, clock = told.partition(" ")
    hour, _, minute = clock.partition(":")
    return datetime.fromisoformat(f"2026-11-{day}T{hour}:{minute}:00+08:00").astimezone(UTC)


@pytest.mark.parametrize(
    ("change", "now", "when"),
    [
        ({}, "20 23:30", "20 23:30"),
        (NIGHT, "20 21:59", "20 21:59"),
        (NIGHT, "20 22:00", "21 07:00"),
        (NIGHT, "21 03:00", "21 07:00"),
        (NIGHT, "21 07:00", "21 07:00"),
        (NOON_REST, "20 11:59", "20 11:59"),
        (NOON_REST, "20 12:00", "20 14:00"),
        ({"pace": Pace.DAILY}, "20 08:59", "20 09:00"),
        ({"pace": Pace.DAILY}, "20 09:01", "21 09:00"),
        ({"pace": Pace.DAILY, "daily_at": 23 * 60} | NIGHT, "20 12:00", "21 07:00"),
        ({"quiet_from": 600, "quiet_to": 600}, "20 10:00", "20 10:00"),
    ],
)
def test_somebody_is_told_at_once_or_daily_and_never_in_quiet_hours(
    change: dict[str, Any], now: str, when: str
) -> None:
    assert decide_when(at(now), replace(WANTED, **change)) == at(when)


@pytest.mark.parametrize(
    "times", [(1440, None, None), (-1, None, None), (540, 600, None), (540, 600, 1440)]
)
def test_quiet_hours_are_times_of_a_day(times: tuple[int, int | None, int | None]) -> None:
    with pytest.raises(QuietWrong):
        decide_wanted(*times)


async def test_wishes_are_ones_own_and_addresses_are_sealed(world: World) -> None:
    way, who = outside(), await world.volunteer()
    await wanting(who, key=key(), chat="dingtalk://token", details=True)
    held = await delivery_of(who)
    assert held
    assert held.channels == (Channel.MAIL, Channel.CHAT)
    assert await delivery_of(await world.volunteer()) is None
    for field in await select(SealedField, person=who.person or ""):
        assert b"example.org" not in field.sealed
    told = await addresses_of(who.person or "")
    assert told == {Channel.MAIL: "wang@example.org", Channel.CHAT: "dingtalk://token"}
    await wanting(who, key=key())
    assert await addresses_of(who.person or "") == {Channel.MAIL: "wang@example.org"}
    await wanting(who, key=key(), mail=None)
    assert await delivery_of(who) is None, "no way, no delivery"
    assert await addresses_of(who.person or "") == {}, "nothing is kept that is not needed"
    with pytest.raises(Unauthenticated):
        await wanting(PUBLIC, key=key())
    assert way.sent == []


async def test_an_address_is_one_that_this_house_writes_to(world: World) -> None:
    who = await world.volunteer()
    with pytest.raises(ChannelMissing):
        await wanting(who, key=key())  # the test's settings name no mail server
    outside()
    wrong: list[tuple[dict[str, Any], type[Refusal]]] = [
        ({"mail": "nobody"}, AddressWrong),
        ({"chat": "no address"}, AddressWrong),
        ({"quiet_from": 600}, QuietWrong),
    ]
    for given, no in wrong:
        with pytest.raises(no):
            await wanting(who, key=key(), **given)


async def test_erasing_a_person_takes_the_addresses_along(world: World) -> None:
    outside()
    who = await world.volunteer()
    await wanting(who, key=key())
    await ask_erasure(who, key=key())
    assert not await select(Delivery)
    assert await addresses_of(who.person or "") == {}


async def test_apprise_speaks_to_the_tools_that_were_named_and_to_no_other_host(
    world: World,
) -> None:
    settings = world.settings.model_copy(update={"notify_tools": "dingtalk wecombot"})
    way = Apprise(settings)
    assert way.channels() == {Channel.CHAT}
    assert way.takes(Channel.CHAT, "wecombot://BotKey12345")
    for address in (
        "json://127.0.0.1:9000/",
        "xmls://10.0.0.1/",
        "syslog://",
        "wecombot://",
        "wecombot://key\nwecombot://other",
        "dingtalk://" + "a" * 500,
    ):
        assert not way.takes(Channel.CHAT, address), address
    assert not way.takes(Channel.MAIL, "wang@example.org"), "no mail server is named"
    server = SecretStr("mailtos://time:secret@example.org")
    with_mail = Apprise(world.settings.model_copy(update={"notify_mail": server}))
    assert with_mail.takes(Channel.MAIL, "wang@example.org")
    for address in (
        "wang",
        "a@b",
        "a@example.org,b@example.org",
        "a@example.org\nbcc: b",
        "a b@c.org",
    ):
        assert not with_mail.takes(Channel.MAIL, address), address


async def test_the_api_says_by_what_ways_and_takes_ones_wishes(world: World) -> None:
    asked = "{ deliveryChannels delivery { mail pace quietFromMinute details toldAt failing } }"
    who = await world.volunteer()
    assert await ask(world, who, asked) == {"deliveryChannels": [], "delivery": None}
    way: Outside = outside()
    assert (await ask(world, who, asked))["deliveryChannels"] == ["CHAT", "MAIL"]
    made = await act(
        world,
        who,
        "wantDelivery",
        "delivery { mail chat pace dailyAtMinute quietFromMinute quietToMinute details }",
        mail="wang@example.org",
        quietFromMinute=1320,
        quietToMinute=420,
    )
    assert made["delivery"] == {
        "mail": "wang@example.org",
        "chat": None,
        "pace": "DAILY",
        "dailyAtMinute": 540,
        "quietFromMinute": 1320,
        "quietToMinute": 420,
        "details": False,
    }
    operator = await world.officer(Role.OPERATOR)
    assert (await ask(world, operator, asked))["delivery"] is None
    assert way is transports.transport()


@pytest.mark.parametrize(
    ("tools", "there", "well", "seen"),
    [
        ("", True, True, "none leave the house"),
        ("dingtalk", True, True, "leave by chat"),
        ("dingtalk", False, False, "the extra notify is not installed"),
    ],
)
async def test_the_doctor_says_by_what_ways_messages_leave(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    tools: str,
    there: bool,
    well: bool,
    seen: str,
) -> None:
    if not there:
        monkeypatch.setattr(transports, "find_spec", lambda name: None)
    settings = world.settings.model_copy(update={"notify_tools": tools})
    (found,) = [one for one in await examine(settings) if one.name == "messages"]
    assert found.well is well
    assert seen in found.seen
