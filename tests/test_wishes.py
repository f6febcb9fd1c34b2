"""Wishes: told from a page without an account, at the counter, in the grid, by proxy; sealed."""

from datetime import date, timedelta
from typing import Any

import pytest

from tests.test_member_reports import entries_of
from tests.wire import act, ask, form
from tests.wishing import listed, told, visitor, wish_of
from tests.world import World, key
from timebank import replay
from timebank.access import Role
from timebank.actors import PUBLIC
from timebank.consents import ConsentMissing
from timebank.erasures import ask_erasure
from timebank.events import Event
from timebank.lifecycles import NotInThisState, step
from timebank.open_matters import Matter, open_matters
from timebank.origins import MOST_A_DAY, Origin, OriginBusy
from timebank.people import NameMissing, PhoneWrong
from timebank.proxies import name_proxy
from timebank.refusals import NotFound, Unauthenticated
from timebank.tables import select
from timebank.texts import TextMissing, TextTooLong
from timebank.vault import SealedField
from timebank.wish_checks import decline_wish
from timebank.wish_life import (
    LIFECYCLE,
    WishClaimed,
    WishDeclineReason,
    WishKind,
    WishState,
    WishWay,
)
from timebank.wishes import TooManyWishes, WishTooDear, collect_wish, told_of, visible_wishes

FINE: dict[str, Any] = {
    "kind": WishKind.GOODS,
    "words": "想要一盏台灯",
    "name": "李建国",
    "phone": "13987654321",
    "consent": True,
}


def test_every_state_is_reached_and_no_other_step_is_allowed() -> None:
    events: set[type[Event]] = {event for steps in LIFECYCLE.values() for event in steps}
    assert WishClaimed in events
    assert set(LIFECYCLE) == set(WishState)
    reached = {to for steps in LIFECYCLE.values() for to in steps.values()}
    assert reached | {WishState.COLLECTED} == set(WishState)
    for state in WishState:
        for event in events:
            if event in LIFECYCLE[state]:
                assert step(LIFECYCLE, state, event) in WishState
            else:
                with pytest.raises(NotInThisState):
                    step(LIFECYCLE, state, event)


@pytest.mark.anyio
async def test_a_wish_comes_in_by_page_counter_grid_and_proxy(world: World) -> None:
    elder, proxy, clerk = (
        await world.volunteer(),
        await world.volunteer(),
        world.staff[Role.STATION_CLERK],
    )
    await name_proxy(elder, number=await world.number_of(proxy), key=key())
    number = await world.number_of(elder)
    who, once = visitor()
    ways = []
    for actor, name, given in (
        (who, once, {}),
        (elder, key(), {}),
        (clerk, key(), {}),
        (clerk, key(), {"on_the_way": True}),
        (proxy, key(), {"principal": number}),
    ):
        made = await collect_wish(actor, station=world.station, **(FINE | given), key=name)
        held = await wish_of(made.wish)
        ways.append((held.way, held.resident))
    assert ways == [
        (WishWay.PAGE, None),
        (WishWay.PAGE, elder.id),
        (WishWay.COUNTER, None),
        (WishWay.GRID, None),
        (WishWay.PROXY, elder.id),
    ]
    assert (await wish_of(made.wish)).due == date(2026, 11, 25), "three working days"
    assert (await replay.compare(world.settings.database_url)).differing == 0


@pytest.mark.anyio
async def test_a_wish_that_breaks_a_rule_is_not_taken_down(world: World) -> None:
    clerk = world.staff[Role.STATION_CLERK]
    for given, no in (
        ({"consent": False}, ConsentMissing),
        ({"name": " "}, NameMissing),
        ({"phone": "12345"}, PhoneWrong),
        ({"words": " "}, TextMissing),
        ({"words": "字" * 501}, TextTooLong),
        ({"fen": 50_001}, WishTooDear),
        ({"fen": -1}, WishTooDear),
        ({"station": "sta_none"}, NotFound),
    ):
        asked: dict[str, Any] = {"station": world.station} | FINE | given
        with pytest.raises(no):
            await collect_wish(clerk, **asked, key=key())
    with pytest.raises(Unauthenticated):
        await told(world, by=PUBLIC)
    stranger = await world.volunteer()
    number = await world.number_of(await world.volunteer())
    with pytest.raises(NotFound):
        await told(world, by=stranger, principal=number)
    assert await entries_of(world, "wish.") == []


@pytest.mark.anyio
async def test_one_telephone_has_three_open_wishes_from_the_page_and_more_at_the_counter(
    world: World,
) -> None:
    first = [await told(world, by=visitor()[0]) for _ in range(3)]
    with pytest.raises(TooManyWishes):
        await told(world, by=visitor()[0], phone="139 1234 5678")
    await told(world, by=visitor()[0], phone="13912345679")
    await told(world)
    manager = world.staff[Role.STATION_MANAGER]
    await decline_wish(manager, wish=first[1], reason=WishDeclineReason.DUPLICATE, key=key())
    await told(world, by=visitor()[0])


@pytest.mark.anyio
async def test_what_a_resident_tells_is_sealed_and_seen_by_the_station_alone(
    world: World,
) -> None:
    wish = await listed(world)
    for entry in await entries_of(world, "wish."):
        for word in ("陈桂兰", "13912345678", "黎黄陂路", "水龙头"):
            assert word not in entry.bytes.decode()
    asked = "query($id: ID!) { node(id: $id) { ... on Wish { summary told { name } link code } } }"
    clerk, manager = world.staff[Role.STATION_CLERK], world.staff[Role.STATION_MANAGER]
    nothing = {"summary": "修水龙头", "told": None, "link": None, "code": None}
    for actor in (form(), await world.volunteer(), await world.officer(Role.AUDITOR)):
        assert (await ask(world, actor, asked, id=wish))["node"] == nothing
    seen = (await ask(world, clerk, asked, id=wish))["node"]
    assert seen == nothing | {"told": {"name": "陈桂兰"}}
    seen = (await ask(world, manager, asked, id=wish))["node"]
    assert seen == nothing | {"told": {"name": "陈桂兰"}}, "who judges a wish holds no link"
    hidden = await told(world)
    assert await visible_wishes(await world.volunteer(), [hidden]) == {}
    assert set(await visible_wishes(clerk, [hidden])) == {hidden}


@pytest.mark.anyio
async def test_the_api_takes_a_wish_without_an_account_and_lists_what_is_published(
    world: World,
) -> None:
    asked = {
        "station": world.station,
        "kind": "REPAIR",
        "words": "修门锁",
        "name": "陈桂兰",
        "phone": "13912345678",
        "consent": True,
    }
    made = await act(world, form(), "collectWish", "wish { id } link", **asked)
    assert made["wish"] is None, "who has no account sees it by its link"
    found = await ask(
        world,
        form(),
        "query($l: String!) { wishByLink(link: $l) { state told { name } } }",
        l=made["link"],
    )
    assert found["wishByLink"] == {"state": "COLLECTED", "told": None}
    wishes = [await listed(world) for _ in range(2)]
    shown = await ask(
        world,
        form(),
        "query($s: String!) { wishes(scope: $s) { nodes { id summary waitsFirst } } }",
        s="420100/420102/",
    )
    assert [one["id"] for one in shown["wishes"]["nodes"]] == wishes
    assert {one["waitsFirst"] for one in shown["wishes"]["nodes"]} == {False}
    for state in ("COLLECTED", "CLAIMED", "CLOSED"):
        query = (
            "query($s: String!, $t: WishState!) { wishes(scope: $s, state: $t) { nodes { id } } }"
        )
        for actor in (form(), await world.volunteer()):
            told_of = await ask(world, actor, query, s="420100/", t=state)
            assert told_of["wishes"]["nodes"] == []
    waiting = await ask(
        world,
        world.staff[Role.STATION_CLERK],
        "query($s: String!) { wishes(scope: $s, state: COLLECTED) { nodes { told { words } } } }",
        s=world.station_path,
    )
    assert waiting["wishes"]["nodes"] == [{"told": {"words": "修门锁"}}]


@pytest.mark.anyio
async def test_one_address_sends_some_wishes_a_day_whoever_they_are_of(world: World) -> None:
    async def send(n: int, address: str) -> None:
        who, once = visitor()
        await collect_wish(
            who,
            station=world.station,
            key=once,
            sent_from=address,
            **FINE | {"phone": f"139{n:08d}"},
        )

    for n in range(MOST_A_DAY):
        await send(n, f"2001:db8::{n:x}")
    with pytest.raises(OriginBusy):
        await send(90, "2001:db8::ffff")
    await send(91, "2001:db8:0:1::1")
    world.clock.move(timedelta(days=1))
    await send(92, "2001:db8::1")
    assert {len(held.mark) for held in await select(Origin)} == {64}, "no address is kept"


@pytest.mark.anyio
async def test_what_a_resident_with_an_account_told_dies_with_their_own_key(world: World) -> None:
    resident = await world.volunteer()
    who = resident.person or ""
    first = await told(world, by=resident)
    second = await told(world, by=resident, phone="13912345679")
    strangers = await told(world)
    assert Matter.ORDER in await open_matters(who), "a wish that is open must still be granted"
    read = await told_of([first, second, strangers])
    assert [read[wish]["phone"] for wish in (first, second)] == ["13912345678", "13912345679"]
    for wish in (first, second):
        await decline_wish(
            world.staff[Role.STATION_MANAGER],
            wish=wish,
            reason=WishDeclineReason.NOT_A_NEED,
            key=key(),
        )
    assert Matter.ORDER not in await open_matters(who)
    await ask_erasure(resident, key=key())
    read = await told_of([first, second, strangers])
    assert (read[first], read[second]) == ({}, {})
    assert read[strangers]["name"] == "陈桂兰"
    assert not [row for row in await select(SealedField) if first in row.id]
