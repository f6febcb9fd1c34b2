"""The resident's last word: by link without an account, by code, by phone; never the claimant's."""

from typing import Any

import pytest

from tests.membership import member, secretary
from tests.wire import act, ask, form
from tests.wishing import granted, listed, told, visitor, wish_of
from tests.world import World, key
from timebank import replay
from timebank.access import Role, grant_role
from timebank.actors import PUBLIC, SYSTEM
from timebank.keys import RequestKey
from timebank.lifecycles import NotInThisState
from timebank.proxies import name_proxy
from timebank.refusals import NotFound, Unauthenticated
from timebank.wish_checks import approve_wish, publish_wish
from timebank.wish_claims import claim_wish
from timebank.wish_closings import (
    ClaimantCloses,
    RatingWrong,
    WishCodeWrong,
    WishLinkWrong,
    close_by_code,
    close_by_link,
    close_by_phone,
    code_of_wish,
    link_of,
    wish_behind,
)
from timebank.wish_granting import contact_resident, fulfil_wish
from timebank.wish_life import LIFECYCLE, PARTIES, WishRating, WishState
from timebank.wishes import TookItDown

pytestmark = pytest.mark.anyio
GOOD = WishRating.GOOD


async def test_the_resident_closes_by_link_by_code_or_by_telephone(world: World) -> None:
    manager = world.staff[Role.STATION_MANAGER]
    clerk = await world.officer(Role.STATION_CLERK, world.station_path)
    wishes = [await listed(world) for _ in range(3)]
    for wish in wishes:
        await granted(world, wish)
    who, once = visitor()
    await close_by_link(who, link=link_of(wishes[0]), granted=True, rating=GOOD, key=once)
    code = code_of_wish(wishes[1])
    wrong = f"{(int(code) + 1) % 10**8:08d}"
    with pytest.raises(WishCodeWrong):
        await close_by_code(clerk, wish=wishes[1], code=wrong, granted=True, rating=GOOD, key=key())
    shown = f"{code[:4]} {code[4:]}"
    await close_by_code(
        clerk, wish=wishes[1], code=shown, granted=True, rating=WishRating.FAIR, key=key()
    )
    await close_by_phone(manager, wish=wishes[2], granted=True, rating=WishRating.POOR, key=key())
    held = [await wish_of(wish) for wish in wishes]
    assert [(one.state, one.rating) for one in held] == [
        (WishState.CLOSED, GOOD),
        (WishState.CLOSED, WishRating.FAIR),
        (WishState.CLOSED, WishRating.POOR),
    ]
    assert (await replay.compare(world.settings.database_url)).differing == 0


async def test_a_wish_that_was_not_granted_is_reopened_and_stands_first(world: World) -> None:
    wish, other = await listed(world), await listed(world)
    await granted(world, wish)
    who, once = visitor()
    await close_by_link(who, link=link_of(wish), granted=False, rating=GOOD, key=once)
    held = await wish_of(wish)
    assert (held.state, held.claim, held.rating) == (WishState.REOPENED, None, None)
    assert held.place < (await wish_of(other)).place
    await granted(world, wish)
    assert (await wish_of(wish)).state is WishState.FULFILLED


async def test_a_link_opens_its_own_wish_and_no_other(world: World) -> None:
    wish, other = await listed(world), await listed(world)
    await granted(world, wish)
    good = link_of(wish)
    for link in (
        good[:-1],
        good.replace(wish, other),
        f"{wish}.{'0' * 32}",
        wish,
        "",
        "链接",
    ):
        assert await wish_behind(link) is None
        who, once = visitor()
        with pytest.raises(WishLinkWrong):
            await close_by_link(who, link=link, granted=True, rating=GOOD, key=once)
    with pytest.raises(Unauthenticated):
        await close_by_link(
            PUBLIC, link=good, granted=True, rating=GOOD, key=RequestKey.once("public")
        )
    found = await wish_behind(good)
    assert found
    assert found.id == wish


async def test_only_silence_is_neutral_and_a_word_is_said_once(world: World) -> None:
    wish = await listed(world)
    who, once = visitor()
    with pytest.raises(NotInThisState):
        await close_by_link(who, link=link_of(wish), granted=True, rating=GOOD, key=once)
    await granted(world, wish)
    manager, neutral = world.staff[Role.STATION_MANAGER], WishRating.NEUTRAL
    with pytest.raises(RatingWrong):
        await close_by_phone(manager, wish=wish, granted=True, rating=neutral, key=key())
    await close_by_phone(manager, wish=wish, granted=True, rating=GOOD, key=key())
    for said in (True, False):
        with pytest.raises(NotInThisState):
            await close_by_phone(manager, wish=wish, granted=said, rating=GOOD, key=key())


async def test_whoever_granted_a_wish_does_not_note_the_residents_word(world: World) -> None:
    who, wish = await member(world), await listed(world)
    claim = (await claim_wish(who, wish=wish, key=key())).claim
    await contact_resident(who, claim=claim, key=key())
    await fulfil_wish(who, claim=claim, key=key())
    role = Role.STATION_MANAGER
    await grant_role(SYSTEM, person=who.id, role=role, scope=world.station_path, key=key())
    with pytest.raises(ClaimantCloses):
        await close_by_phone(who, wish=wish, granted=True, rating=GOOD, key=key())
    by_team = await listed(world)
    await granted(world, by_team)
    leads = await world.officer(Role.STATION_CLERK, world.station_path)
    await grant_role(
        SYSTEM, person=leads.id, role=Role.TEAM_LEADER, scope=world.station_path, key=key()
    )
    code = code_of_wish(by_team)
    with pytest.raises(ClaimantCloses):
        await close_by_code(leads, wish=by_team, code=code, granted=True, rating=GOOD, key=key())


async def test_whoever_had_the_residents_link_in_hand_neither_judges_nor_claims_nor_closes(
    world: World,
) -> None:
    manager, party = world.staff[Role.STATION_MANAGER], await secretary(world)
    wish = await told(world, by=manager, may_publish=True)
    with pytest.raises(TookItDown):
        await approve_wish(manager, wish=wish, key=key())
    await approve_wish(party, wish=wish, key=key())
    with pytest.raises(TookItDown):
        await publish_wish(manager, wish=wish, summary="修水龙头", key=key())
    await publish_wish(party, wish=wish, summary="修水龙头", key=key())
    await grant_role(
        SYSTEM, person=manager.id, role=Role.TEAM_LEADER, scope=world.station_path, key=key()
    )
    with pytest.raises(TookItDown):
        await claim_wish(manager, wish=wish, claimant=world.team, key=key())
    await granted(world, wish)
    for close in (
        close_by_code(
            manager, wish=wish, code=code_of_wish(wish), granted=True, rating=GOOD, key=key()
        ),
        close_by_phone(manager, wish=wish, granted=True, rating=GOOD, key=key()),
    ):
        with pytest.raises(TookItDown):
            await close
    await close_by_phone(party, wish=wish, granted=True, rating=GOOD, key=key())


async def test_only_the_wishs_own_staff_note_a_word(world: World) -> None:
    wish = await listed(world)
    await granted(world, wish)
    elsewhere = await world.officer(Role.STATION_MANAGER, "420100/420103/")
    for actor in (elsewhere, await world.volunteer(), world.staff[Role.STATION_CLERK]):
        with pytest.raises(NotFound):
            await close_by_phone(actor, wish=wish, granted=True, rating=GOOD, key=key())
    party = await secretary(world)
    await close_by_phone(party, wish=wish, granted=True, rating=GOOD, key=key())


async def test_the_api_closes_each_way_and_shows_code_and_link_to_the_resident(
    world: World,
) -> None:
    resident = await world.volunteer()
    wish = await listed(world, by=resident)
    asked = "query($id: ID!) { node(id: $id) { ... on Wish { link code } } }"
    told = (await ask(world, resident, asked, id=wish))["node"]
    assert told == {"link": link_of(wish), "code": code_of_wish(wish)}
    nothing = {"link": None, "code": None}
    for staff in (*world.staff.values(), await secretary(world)):
        assert ((await ask(world, staff, asked, id=wish))["node"] or nothing) == nothing
    said = {"granted": True, "rating": "GOOD"}
    asks = "wish { state rating }"
    done = {"wish": {"state": "CLOSED", "rating": "GOOD"}, "userErrors": []}
    await granted(world, wish)
    by_link = await act(world, form(), "closeWishByLink", asks, link=told["link"], **said)
    assert by_link == done
    by_code, by_phone = await listed(world), await listed(world)
    for one in (by_code, by_phone):
        await granted(world, one)
    manager = world.staff[Role.STATION_MANAGER]
    clerk = await world.officer(Role.STATION_CLERK, world.station_path)
    code = code_of_wish(by_code)
    assert await act(world, clerk, "closeWishByCode", asks, wish=by_code, code=code, **said) == done
    assert await act(world, manager, "closeWishByPhone", asks, wish=by_phone, **said) == done


def test_a_wish_waits_for_somebody_until_it_is_over() -> None:
    assert set(PARTIES) == {state for state, steps in LIFECYCLE.items() if steps}


async def test_a_resident_sees_their_own_wishes_and_whom_each_waits_for_and_nobody_elses(
    world: World,
) -> None:
    resident, proxy = await world.volunteer(), await world.volunteer()
    await name_proxy(resident, number=await world.number_of(proxy), key=key())
    first = await told(world, by=resident, may_publish=True)
    number = await world.number_of(resident)
    second = await told(world, by=proxy, principal=number)
    await told(world, by=proxy), await listed(world)
    manager = world.staff[Role.STATION_MANAGER]

    async def mine() -> list[dict[str, Any]]:
        asked = await ask(world, resident, f"{{ myWishes(first: 5) {{ nodes {{ {asks} }} }} }}")
        nodes: list[dict[str, Any]] = asked["myWishes"]["nodes"]
        assert [one["id"] for one in nodes] == [second, first], "the newest first"
        return nodes

    asks = "id state waitsFor link told { words }"
    words = {"words": "我家水龙头漏水，想请人修一下"}
    assert await mine() == [
        {
            "id": wish,
            "state": "COLLECTED",
            "waitsFor": "STATION",
            "link": link_of(wish),
            "told": words,
        }
        for wish in (second, first)
    ]
    await approve_wish(manager, wish=first, key=key())
    await publish_wish(manager, wish=first, summary="修水龙头", key=key())
    assert (await mine())[1]["waitsFor"] == "NEIGHBOURS"
    await granted(world, first)
    assert (await mine())[1]["waitsFor"] == "RESIDENT"
    who, once = visitor()
    await close_by_link(who, link=link_of(first), granted=True, rating=GOOD, key=once)
    assert [one["waitsFor"] for one in await mine()] == ["STATION", None]
    others = [await world.volunteer(), manager, PUBLIC, await world.officer(Role.AUDITOR)]
    for other in others:
        told_them = await ask(world, other, f"{{ myWishes {{ nodes {{ {asks} }} }} }}")
        assert told_them["myWishes"]["nodes"] == []
    neighbour = await ask(world, others[0], "query($id: ID!) { node(id: $id) { id } }", id=second)
    assert neighbour["node"] is None
    step = await ask(
        world, resident, "{ myWishes(last: 1) { nodes { id } pageInfo { hasPreviousPage } } }"
    )
    assert step["myWishes"] == {"nodes": [{"id": first}], "pageInfo": {"hasPreviousPage": True}}
