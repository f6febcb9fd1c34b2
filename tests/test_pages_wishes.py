"""Wishes in a real browser: a volunteer claims and grants one, the resident confirms by a link."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, expect

from tests.demo_site import enter, make_city, serving
from tests.wishing import visitor
from tests.world import key, resident_id
from timebank.access import Role, grant_role
from timebank.actors import SYSTEM, Actor, person
from timebank.identity import DocumentType
from timebank.people import register_person
from timebank.places import Station, station_by_number
from timebank.wish_checks import approve_wish, publish_wish
from timebank.wish_claims import allow_volunteers
from timebank.wish_closings import link_of
from timebank.wish_life import WishKind
from timebank.wishes import collect_wish

pytestmark = pytest.mark.anyio
VOLUNTEER = "志愿者"


@pytest.fixture(scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
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


async def published(n: int, summary: str) -> str:
    """A wish on the list of the station at which the demonstration's volunteer is at home."""
    station: Station | None = await station_by_number("0001")
    assert station
    manager = await officer(2 * n, Role.STATION_MANAGER, station.path)
    street = await officer(2 * n + 1, Role.PARTY_SECRETARY, "420100/")
    await allow_volunteers(street, community=station.area, allowed=True, key=key())
    who, once = visitor()
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


@pytest.mark.parametrize(("n", "js"), [(0, True), (1, False)])
async def test_a_volunteer_claims_in_two_taps_and_the_resident_confirms_in_one(
    browser: Browser, site: str, n: int, js: bool
) -> None:
    summary = f"修水龙头{'甲乙'[n]}"
    wish = await published(n, summary)
    page, said = await enter(browser, site, VOLUNTEER, js=js)
    await page.get_by_role("link", name="微心愿", exact=True).click()
    card = page.locator(".card").filter(has_text=summary)
    await card.get_by_role("button", name="认领").click()
    await expect(page.get_by_role("status")).to_have_text("已办好")
    await expect(page.get_by_role("link", name="13912345678")).to_be_visible()
    await card.get_by_role("button", name="已联系上").click()
    await card.get_by_role("button", name="已办好").click()
    await expect(page.get_by_text("13912345678")).to_have_count(0)

    context = await browser.new_context(
        viewport={"width": 360, "height": 900}, java_script_enabled=js, locale="zh-CN"
    )
    elder = await context.new_page()
    elder.on("console", lambda message: said.append(message.text))
    await elder.goto(f"{site}/w/{link_of(wish)}")
    await expect(elder.get_by_text(summary)).to_be_visible()
    assert await elder.get_by_text("陈桂兰").count() == 0, "the link tells of nobody"
    await elder.get_by_role("button", name="办好了，满意").click()
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
