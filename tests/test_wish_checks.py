"""Wish checks: approved, referred, declined, published with consent in words that name nobody."""

import pytest

from tests.test_pages_module import browsing
from tests.wire import act
from tests.wishing import listed, told, wish_of
from tests.world import World, key
from timebank import replay
from timebank.access import Role
from timebank.actors import PUBLIC
from timebank.lifecycles import NotInThisState
from timebank.notice_codes import NoticeCode
from timebank.notices import inbox_of
from timebank.refusals import NotFound, Unauthenticated
from timebank.wish_checks import (
    SummaryTellsWho,
    WishConsentMissing,
    approve_wish,
    decline_wish,
    publish_wish,
    refer_wish,
)
from timebank.wish_closings import link_of
from timebank.wish_life import ReferTo, WishDeclineReason, WishState

pytestmark = pytest.mark.anyio


async def test_nothing_is_published_without_consent_or_naming_somebody(world: World) -> None:
    manager = world.staff[Role.STATION_MANAGER]
    wish = await told(world)
    with pytest.raises(NotInThisState):
        await publish_wish(manager, wish=wish, summary="修水龙头", consent=True, key=key())
    await approve_wish(manager, wish=wish, key=key())
    with pytest.raises(WishConsentMissing):
        await publish_wish(manager, wish=wish, summary="修水龙头", key=key())
    for summary in (
        "陈桂兰家修水龙头",
        "陈 桂 兰家修水龙头",
        "修水龙头，电话13912345678",
        "修水龙头，139 1234 5678",
        "到黎黄陂路12号3楼修水龙头",
        "修水龙头，卡号 7654321",
    ):
        with pytest.raises(SummaryTellsWho):
            await publish_wish(manager, wish=wish, summary=summary, consent=True, key=key())
    await publish_wish(manager, wish=wish, summary="修水龙头", consent=True, key=key())
    assert (await wish_of(wish)).state is WishState.PUBLISHED


async def test_a_wish_is_referred_or_declined_before_or_after_it_is_approved(
    world: World,
) -> None:
    manager = world.staff[Role.STATION_MANAGER]
    for approved in (False, True):
        wishes = [await told(world) for _ in range(2)]
        if approved:
            for wish in wishes:
                await approve_wish(manager, wish=wish, key=key())
        await refer_wish(manager, wish=wishes[0], to=ReferTo.SOCIAL_AID, key=key())
        reason = WishDeclineReason.CASH
        await decline_wish(manager, wish=wishes[1], reason=reason, key=key())
        states = [(await wish_of(wish)).state for wish in wishes]
        assert states == [WishState.REFERRED, WishState.DECLINED]
    # By their link the residents read where it went, and why not.
    async with await browsing(world, None) as nobody:
        for wish, words in zip(wishes, ("社会救助", "要现金"), strict=True):
            assert words in (await nobody.get(f"/w/{link_of(wish)}")).text
    assert (await replay.compare(world.settings.database_url)).differing == 0
    with pytest.raises(NotInThisState):
        await decline_wish(manager, wish=await listed(world), reason=reason, key=key())


async def test_a_registered_resident_is_told_and_led_to_their_own_link(world: World) -> None:
    manager, who = world.staff[Role.STATION_MANAGER], await world.volunteer()
    wishes = [await told(world, by=who) for _ in range(2)]
    await approve_wish(manager, wish=wishes[0], key=key())
    assert await inbox_of(who) == []
    await refer_wish(manager, wish=wishes[0], to=ReferTo.SOCIAL_AID, key=key())
    await decline_wish(manager, wish=wishes[1], reason=WishDeclineReason.CASH, key=key())
    codes = {one.about: one.code for one in await inbox_of(who)}
    assert codes == dict.fromkeys(wishes, NoticeCode.WISH_DECIDED)
    async with await browsing(world, who) as browser:
        inbox = (await browser.get("/inbox")).text
        for wish, words in zip(wishes, ("社会救助", "要现金"), strict=True):
            assert f'href="/w/{link_of(wish)}"' in inbox
            assert words in (await browser.get(f"/w/{link_of(wish)}")).text


async def test_for_anybody_but_its_staff_there_is_no_wish_to_judge(world: World) -> None:
    wish = await told(world)
    elsewhere = await world.officer(Role.STATION_MANAGER, "420100/420103/")
    for actor in (await world.volunteer(), world.staff[Role.STATION_CLERK], elsewhere):
        with pytest.raises(NotFound):
            await approve_wish(actor, wish=wish, key=key())
    with pytest.raises(Unauthenticated):
        await approve_wish(PUBLIC, wish=wish, key=key())


async def test_the_api_judges_and_publishes(world: World) -> None:
    manager = world.staff[Role.STATION_MANAGER]
    wish = await told(world, may_publish=True)
    approved = await act(world, manager, "approveWish", "wish { state }", wish=wish)
    assert approved["wish"] == {"state": "APPROVED"}
    shown = await act(
        world, manager, "publishWish", "wish { state summary due }", wish=wish, summary="修水龙头"
    )
    assert shown["wish"] == {"state": "PUBLISHED", "summary": "修水龙头", "due": "2026-12-20"}
    other, third = await told(world), await told(world)
    gone = await act(world, manager, "referWish", "wish { state }", wish=other, to="LEGAL_AID")
    assert gone["wish"] == {"state": "REFERRED"}
    gone = await act(world, manager, "declineWish", "wish { state }", wish=third, reason="CASH")
    assert gone["wish"] == {"state": "DECLINED"}
