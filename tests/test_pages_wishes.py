"""Wishes in a real browser: a volunteer claims and grants one, the resident confirms by a link."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, expect

from tests.demo_site import enter, make_city, serving, tap
from tests.wishing import visitor
from tests.world import key, resident_id
from timebank.access import Role, grant_role
from timebank.actors import SYSTEM, Actor, person
from timebank.demo import sign_ins
from timebank.identity import DocumentType
from timebank.people import register_person
from timebank.places import Station, station_by_number
from timebank.tables import select
from timebank.wish_checks import approve_wish, publish_wish
from timebank.wish_claims import allow_volunteers, claim_wish
from timebank.wish_closings import code_of_wish, link_of
from timebank.wish_granting import contact_resident, fulfil_wish
from timebank.wish_life import WishKind
from timebank.wishes import Wish, collect_wish

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("js")]
VOLUNTEER, CLERK = "志愿者", "站点工作人员"


@pytest.fixture(scope="module")
async def site(js: bool, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    settings = await make_city(tmp_path_factory.mktemp("city"))
    async with serving(settings) as address:
        yield address


async def officer(n: int, role: Role, scope: str) -> Actor:
    """Somebody new with a role."""
    made = await register_person(
        SYSTEM,
        name="周明",
        document=DocumentType.RESIDENT_ID,
        document_number=resident_id(900 + n),
        phone="13900000000",
        home=None,
        consent=True,
        key=key(),
    )
    await grant_role(SYSTEM, person=made.person, role=role, scope=scope, key=key())
    return person(made.person, staff=True)


async def published(n: int, summary: str, *, by: Actor | None = None) -> str:
    """A wish on the list of the station at which the demonstration's volunteer is at home.

    Somebody without an account told it, unless it was `by` somebody who has one.
    """
    station: Station | None = await station_by_number("0001")
    assert station
    manager = await officer(2 * n, Role.STATION_MANAGER, station.path)
    street = await officer(2 * n + 1, Role.PARTY_SECRETARY, "420100/")
    await allow_volunteers(street, community=station.area, allowed=True, key=key())
    who, once = visitor() if by is None else (by, key())
    made = await collect_wish(
        who,
        station=station.id,
        kind=WishKind.REPAIR,
        words="水龙头漏水",
        name="陈桂兰",
        phone="13912345678",
        consent=True,
        may_publish=True,
        key=once,
    )
    await approve_wish(manager, wish=made.wish, key=key())
    await publish_wish(manager, wish=made.wish, summary=summary, key=key())
    return made.wish


async def test_a_volunteer_claims_in_two_taps_and_the_resident_confirms_in_one(
    browser: Browser, site: str
) -> None:
    summary = "修水龙头"
    wish = await published(0, summary)
    page, said = await enter(browser, site, VOLUNTEER)
    place = page.get_by_role("link", name="微心愿", exact=True)
    card = page.locator(".card").filter(has_text=summary)
    assert await tap(place, card.get_by_role("button", name="认领")) == 2
    await expect(page.get_by_role("status")).to_have_text("已办好")
    await expect(page.get_by_role("link", name="13912345678")).to_be_visible()
    await card.get_by_role("button", name="已联系上").click()
    await page.goto(site)
    assert await tap(place, card.get_by_role("button", name="已办好")) == 2
    await expect(page.get_by_text("13912345678")).to_have_count(0)

    context = await browser.new_context(viewport={"width": 360, "height": 900}, locale="zh-CN")
    elder = await context.new_page()
    elder.on("console", lambda message: said.append(message.text))
    await elder.goto(f"{site}/w/{link_of(wish)}")
    await expect(elder.get_by_text(summary)).to_be_visible()
    assert await elder.get_by_text("陈桂兰").count() == 0, "the link tells of nobody"
    assert await tap(elder.get_by_role("button", name="办好了，满意")) == 1
    await expect(elder.get_by_text("已办结，谢谢您。")).to_be_visible()
    assert not said


async def test_a_link_that_is_not_whole_says_what_to_do_in_english_too(
    browser: Browser, site: str
) -> None:
    for locale, words in (("zh-CN", "请打电话告诉服务站"), ("en", "tell the station by telephone")):
        context = await browser.new_context(locale=locale)
        page = await context.new_page()
        await page.goto(f"{site}/w/wsh_0000.1234")
        await expect(page.get_by_text(words)).to_be_visible()


async def test_a_resident_finds_their_own_wishes_at_home_and_says_how_it_was(
    browser: Browser, site: str
) -> None:
    page, said = await enter(browser, site, VOLUNTEER, path="/wishes")
    own = page.locator("#mine")
    await expect(own).to_contain_text("您还没有说过心愿")
    (volunteer,) = [one.person for one in await sign_ins() if one.role == "volunteer"]
    wish = await published(6, "修窗户", by=person(volunteer))
    helper = await officer(15, Role.STATION_CLERK, "420100/")
    claim = (await claim_wish(helper, wish=wish, key=key())).claim
    await page.goto(site)
    card = page.locator(".card").filter(has_text="我的微心愿")
    await expect(card).to_contain_text("等认领的人与您联系")
    await contact_resident(helper, claim=claim, key=key())
    await page.goto(f"{site}/wishes")
    await expect(own.get_by_role("heading", name="修窗户")).to_be_visible()
    await expect(own).to_contain_text("认领的人正在办")
    await expect(own).to_contain_text("最迟")
    await fulfil_wish(helper, claim=claim, key=key())
    await page.goto(site)
    answer = card.get_by_role("link", name="告诉我们办得怎么样")
    assert await tap(answer, page.get_by_role("button", name="办好了，满意")) == 2
    await page.goto(site)
    await expect(card).to_have_count(0)
    await page.goto(f"{site}/wishes")
    await expect(own).to_contain_text("已办结，谢谢您。")
    assert not said


@pytest.mark.parametrize(("paper", "most_mm"), [("w80", 80), ("a5", 148)])
async def test_the_counter_takes_a_wish_down_and_prints_what_the_resident_takes_home(
    browser: Browser, site: str, paper: str, most_mm: int
) -> None:
    page, said = await enter(browser, site, CLERK, path="/desk/wishes?station=0001")
    await page.get_by_label("用您自己的话说").fill("想换一个灯泡")
    await page.get_by_label("姓名", exact=True).fill("陈桂兰")
    await page.get_by_label("电话").fill(f"139111122{most_mm:03d}"[:11])
    await page.get_by_label("我同意服务站保存以上信息").check()
    await page.get_by_label("打印在").select_option(paper)
    await page.get_by_role("button", name="登记并打印").click()
    slip = page.locator(f".slip.{paper}")
    await expect(slip).to_contain_text("确认码")
    shown = await slip.bounding_box()
    assert shown
    assert shown["x"] + shown["width"] <= 360, "wider than the phone"
    (code,) = await slip.locator(".sum strong").all_text_contents()
    told = (await select(Wish, order=["-id"], limit=1))[0].id
    assert code == code_of_wish(told)
    await page.emulate_media(media="print")
    assert await page.locator("header").is_hidden()
    assert await page.get_by_role("link", name="再登记一个").is_hidden()
    box = await slip.bounding_box()
    assert box
    assert box["width"] < most_mm / 25.4 * 96, "wider than the paper"
    assert not said


async def test_the_counter_notes_the_residents_code_and_no_other(
    browser: Browser, site: str
) -> None:
    wish = await published(3, "修门锁")
    (volunteer,) = [one.person for one in await sign_ins() if one.role == "volunteer"]
    who = person(volunteer)
    claim = (await claim_wish(who, wish=wish, key=key())).claim
    await contact_resident(who, claim=claim, key=key())
    await fulfil_wish(who, claim=claim, key=key())
    page, said = await enter(browser, site, CLERK, path="/desk/wishes?station=0001")
    card = page.locator("#granted")
    await card.get_by_label("确认码").fill("00000000")
    await card.get_by_role("button", name="凭确认码记下").click()
    await expect(page.get_by_role("alert")).to_contain_text("此码与该心愿不符")
    await card.get_by_label("确认码").fill(code_of_wish(wish))
    await card.get_by_role("button", name="凭确认码记下").click()
    await expect(page.get_by_role("status")).to_have_text("已办好")
    await expect(card.get_by_text("修门锁")).to_have_count(0)
    assert [one for one in said if "422" not in one] == []
