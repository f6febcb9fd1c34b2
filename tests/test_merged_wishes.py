"""Merged wishes: what a person told or took down under the registration that went."""

import pytest

from tests.membership import secretary
from tests.merging import merged, signed_in
from tests.wire import ask
from tests.wishing import granted, listed, told, visitor
from tests.world import COMMUNITY, World, key
from timebank.proxies import name_proxy
from timebank.skills import fitting_wishes
from timebank.wish_claims import allow_volunteers, claim_wish
from timebank.wish_closings import close_by_link, link_of
from timebank.wish_life import WishRating
from timebank.wishes import TookItDown

pytestmark = [pytest.mark.anyio, pytest.mark.one_database]


async def test_the_wishes_of_the_one_that_went_are_the_kept_ones(world: World) -> None:
    gone, kept, other = [await world.volunteer() for _ in range(3)]
    first, (who, once) = await listed(world, by=gone), visitor()
    await granted(world, first)
    good = WishRating.GOOD
    await close_by_link(who, link=link_of(first), granted=True, rating=good, key=once)
    await merged(world, gone, kept)
    now = await signed_in(kept)
    second = await told(world, by=now)
    asks = "{ myWishes(first: 5) { nodes { id link told { words } } } }"
    words = {"words": "我家水龙头漏水，想请人修一下"}
    assert (await ask(world, now, asks))["myWishes"]["nodes"] == [
        {"id": wish, "link": link_of(wish), "told": words} for wish in (second, first)
    ]
    one = "query($id: ID!) { node(id: $id) { id } }"
    assert (await ask(world, now, one, id=first))["node"] == {"id": first}
    assert (await ask(world, await signed_in(other), one, id=second))["node"] is None
    assert (await ask(world, await signed_in(other), asks))["myWishes"]["nodes"] == []


async def test_what_the_one_that_went_took_down_is_not_the_kept_ones_to_claim(
    world: World,
) -> None:
    elder, gone, kept = [await world.volunteer() for _ in range(3)]
    await allow_volunteers(await secretary(world), community=COMMUNITY, allowed=True, key=key())
    number = await world.number_of(elder)
    await name_proxy(elder, number=await world.number_of(gone), key=key())
    taken, free = await listed(world, by=gone, principal=number), await listed(world)
    await merged(world, gone, kept)
    now = await signed_in(kept)
    assert [near.id for near in await fitting_wishes(now)] == [free]
    with pytest.raises(TookItDown):
        await claim_wish(now, wish=taken, key=key())
