"""Pages of officers in a real browser: stars and findings by two officers, the second factor."""

import re
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from playwright.async_api import Browser, Page, expect

from tests.demo_site import listening, serving
from tests.misconduct import accepted, drafted
from tests.starring import DAY, HOURLY, applied, awarded, served_hours
from tests.test_entitlements import courtesy
from tests.world import World, open_world
from timebank.access import Role
from timebank.actors import SYSTEM, Actor
from timebank.argon import Cost
from timebank.clock import ManualClock
from timebank.finding_life import Blame
from timebank.reward_orders import RewardOrder
from timebank.settings import Settings
from timebank.sign_in import open_session, set_password
from timebank.tables import select
from timebank.totp import SecondFactor, code_at
from web import app

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("js")]
AWARD = re.compile("^授予")
PASSWORD = "长江大桥1957年通车"


class Office:
    """A site whose clock is in the test's hand, and who may enter it."""

    def __init__(self, settings: Settings, clock: ManualClock) -> None:
        self.settings, self.clock = settings, clock
        self.people: dict[str, Actor] = {}
        self.numbers: dict[str, str] = {}


@pytest.fixture
async def office(sqlite_url: str, tmp_path: Path) -> Office:
    async with open_world(sqlite_url, tmp_path, policy=HOURLY) as world:
        made = Office(world.settings, world.clock)
        await _people(world, made)
    return made


async def _people(world: World, office: Office) -> None:
    who = await world.volunteer()
    await served_hours(world, who, 1)
    await applied(world, who)
    office.people["volunteer"] = who
    office.people["neighbour"] = await world.volunteer()
    office.people["twin"] = await world.volunteer()
    office.people["clerk"] = world.staff[Role.STATION_CLERK]
    for name in ("volunteer", "neighbour", "twin"):
        office.numbers[name] = await world.number_of(office.people[name])
    office.people["lead"] = world.staff[Role.DISTRICT_LEAD]
    office.people["other"] = await world.officer(Role.DISTRICT_LEAD)


async def entered(browser: Browser, site: str, actor: Actor, path: str) -> Page:
    """A page of somebody who has just signed in; a session does not last over a week."""
    context = await browser.new_context(locale="zh-CN", viewport={"width": 360, "height": 900})
    context.set_default_timeout(30_000)
    opened = await open_session(actor.person or "")
    await context.add_cookies([{"name": "timebank", "value": opened.token, "url": site}])
    page = await context.new_page()
    await page.goto(site + path)
    return page


async def test_a_star_goes_from_application_to_appeal_through_the_pages(
    browser: Browser, office: Office
) -> None:
    async with serving(office.settings, clock=office.clock) as site:
        lead = await entered(browser, site, office.people["lead"], "/office/stars")
        await lead.get_by_role("button", name="公示", exact=False).first.click()
        assert await lead.get_by_role("status").inner_text() == "已办好"
        near = await entered(browser, site, office.people["neighbour"], "/stars/publicity")
        await near.get_by_role("button", name="提出异议").click()
        assert await near.get_by_role("status").inner_text() == "已办好"
        await lead.reload()
        await lead.get_by_role("button", name=AWARD).click()
        assert "公示至" in await lead.get_by_role("alert").inner_text()
        await lead.get_by_role("button", name="驳回异议").click()
        office.clock.move(8 * DAY)
        lead = await entered(browser, site, office.people["lead"], "/office/stars")
        await lead.get_by_role("button", name=AWARD).click()
        assert await lead.get_by_role("status").inner_text() == "已办好"
        mine = await entered(browser, site, office.people["volunteer"], "/stars")
        assert await mine.get_by_role("heading", name="已授予 1 星").is_visible()
        await lead.get_by_role("button", name="撤销星级").click()
        await mine.reload()
        await mine.get_by_label("申诉理由").fill("工时属实")
        await mine.get_by_role("button", name="提出申诉").click()
        await lead.reload()
        await lead.get_by_role("button", name="恢复星级").click()
        assert "另一位工作人员" in await lead.get_by_role("alert").inner_text()
        other = await entered(browser, site, office.people["other"], "/office/stars")
        assert await other.get_by_text("工时属实").is_visible()
        await other.get_by_role("button", name="恢复星级").click()
        await mine.goto(f"{site}/stars")
        assert await mine.get_by_role("heading", name="已授予 1 星").is_visible()


async def test_nobody_but_staff_opens_the_office(browser: Browser, office: Office) -> None:
    async with serving(office.settings, clock=office.clock) as site:
        page = await entered(browser, site, office.people["volunteer"], "/office/stars")
        assert await page.get_by_role("heading", name="星级办理").count() == 0


async def test_a_finding_takes_two_officers_and_the_appeal_a_third(
    browser: Browser, sqlite_url: str, tmp_path: Path
) -> None:
    async with open_world(sqlite_url, tmp_path) as world:
        who = await world.volunteer()
        record = await accepted(world, who, hours_ago=3)
        await drafted(world, [record], blame=Blame.VOLUNTEER)
        second, third = [await world.officer(Role.DISTRICT_LEAD) for _ in range(2)]
        async with serving(world.settings, clock=world.clock) as site:
            page = "/office/findings"
            first = await entered(browser, site, world.staff[Role.DISTRICT_LEAD], page)
            await expect(first.get_by_text("须另一位工作人员认定")).to_be_visible()
            await expect(first.get_by_role("button", name="认定", exact=True)).to_have_count(0)
            other = await entered(browser, site, second, page)
            await expect(other.get_by_text("活动并未举行")).to_be_visible()
            await other.get_by_role("button", name="认定", exact=True).click()
            await expect(other.get_by_role("status")).to_have_text("已办好")
            await first.reload()
            made = first.locator("section").filter(has_text="最近的认定")
            await expect(made).to_contain_text("虚构工时")
            mine = await entered(browser, site, who, "/inbox")
            await mine.get_by_role("link", name="区里认定了违规行为").click()
            await mine.get_by_label("申诉理由").fill("我去过")
            await mine.get_by_role("button", name="提出申诉").click()
            await expect(mine.get_by_role("status")).to_have_text("已办好")
            await expect(mine.get_by_text("最迟决定")).to_be_visible()
            judge = await entered(browser, site, third, page)
            await judge.get_by_label("决定").select_option("SERVICE_SHOWN")
            await judge.get_by_label("理由（本人会看到）").fill("签到属实")
            await judge.get_by_role("button", name="作出决定").click()
            await mine.reload()
            await expect(mine.get_by_text("服务属实，记录恢复")).to_be_visible()
            await expect(mine.get_by_text("签到属实")).to_be_visible()


async def test_a_role_rests_until_its_holder_sets_up_a_second_factor(
    browser: Browser, sqlite_url: str, tmp_path: Path
) -> None:
    async with open_world(sqlite_url, tmp_path) as world:
        officer = world.staff[Role.STATION_MANAGER]
        cheap = Cost(iterations=1, lanes=1, memory_kib=64)
        await set_password(SYSTEM, whose=officer.person or "", password=PASSWORD, cost=cheap)
        async with listening(app.build(world.settings), lifespan="off") as site:
            page = await (await browser.new_context(locale="zh-CN")).new_page()
            await page.goto(f"{site}/sign-in")
            await page.get_by_label("志愿者编号").fill(await world.number_of(officer))
            await page.get_by_label("密码").fill(PASSWORD)
            await page.get_by_role("button", name="登录").click()
            rests = await page.goto(f"{site}/desk")
            assert rests
            assert rests.status == 403
            await page.goto(site)
            await page.get_by_role("link", name="您的工作权限在等二次验证").click()
            await page.get_by_label("密码").fill(PASSWORD)
            await page.get_by_role("button", name="设置验证器").click()
            await expect(page.locator("img.qr")).to_be_visible()
            (factor,) = await select(SecondFactor)
            code = code_at(factor.secret, world.clock.now(), SHA1())
            await page.get_by_label("验证器显示的数字").fill(code)
            await page.get_by_role("button", name="验证", exact=True).click()
            await expect(page.get_by_text("验证通过，工作权限已恢复。")).to_be_visible()
            await page.goto(f"{site}/desk")
            await expect(page.get_by_role("heading", name="待确认工时")).to_be_visible()


async def test_what_a_star_opens_is_checked_by_whoever_gives_it(
    browser: Browser, sqlite_url: str, tmp_path: Path
) -> None:
    async with open_world(sqlite_url, tmp_path, policy=HOURLY) as world:
        who, reward = await world.volunteer(), await courtesy(world)
        await served_hours(world, who, 1)
        async with serving(world.settings, clock=world.clock) as site:
            page = f"/redeem/{reward}"
            early = await entered(browser, site, who, page)
            await early.get_by_role("button", name="确认兑换").click()
            await expect(early.get_by_role("alert")).to_contain_text("星")
            await awarded(world, who)
            mine = await entered(browser, site, who, page)
            await mine.get_by_role("button", name="确认兑换").click()
            await expect(mine.get_by_role("status")).to_have_text("已办好")
            (order,) = await select(RewardOrder)
            giver = await (await browser.new_context(locale="zh-CN")).new_page()
            await giver.goto(f"{site}/e/{order.id}")
            await expect(giver.get_by_role("heading", name="有效", exact=True)).to_be_visible()
            await giver.goto(f"{site}/e/ord_none")
            await expect(giver.get_by_role("heading", name="查无此凭证")).to_be_visible()


async def test_two_registrations_become_one_by_the_desk_and_the_office(
    browser: Browser, office: Office
) -> None:
    async with serving(office.settings, clock=office.clock) as site:
        numbers = office.numbers
        desk = await entered(browser, site, office.people["clerk"], "/desk/merges")
        await desk.get_by_label("要注销的号码").fill(numbers["volunteer"])
        await desk.get_by_label("保留的号码").fill(numbers["twin"])
        await desk.get_by_role("button", name="提出合并").click()
        # An application for a star is open: it says so, and what was typed is still there.
        assert "星级" in await desk.get_by_role("alert").inner_text()
        assert await desk.get_by_label("保留的号码").input_value() == numbers["twin"]
        await desk.get_by_label("要注销的号码").fill(numbers["neighbour"])
        await desk.get_by_role("button", name="提出合并").click()
        assert await desk.get_by_role("status").inner_text() == "已办好"
        # Whoever proposed it is offered no second hand.
        assert await desk.get_by_role("button", name="确认合并").count() == 0
        assert await desk.evaluate("document.documentElement.scrollWidth") <= 360
        lead = await entered(browser, site, office.people["lead"], "/office/merges")
        await lead.get_by_role("button", name="确认合并").click()
        assert await lead.get_by_role("status").inner_text() == "已办好"
        assert "现在没有等待决定的合并" in await lead.locator("main").inner_text()
        assert await lead.evaluate("document.documentElement.scrollWidth") <= 360
        twin = await entered(browser, site, office.people["twin"], "/inbox")
        assert "您的两个志愿者号已合并" in await twin.locator("main").inner_text()
