"""Pages of officers in a real browser: a star from application to appeal, by two officers."""

import re
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page

from tests.demo_site import serving
from tests.starring import DAY, HOURLY, applied, served_hours
from tests.world import World, open_world
from timebank.access import Role
from timebank.actors import Actor
from timebank.clock import ManualClock
from timebank.settings import Settings
from timebank.sign_in import open_session

pytestmark = pytest.mark.anyio
AWARD = re.compile("^授予")


class Office:
    """A site whose clock is in the test's hand, and who may enter it."""

    def __init__(self, settings: Settings, clock: ManualClock) -> None:
        self.settings, self.clock = settings, clock
        self.people: dict[str, Actor] = {}


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
    office.people["lead"] = world.staff[Role.DISTRICT_LEAD]
    office.people["other"] = await world.officer(Role.DISTRICT_LEAD)


async def entered(browser: Browser, site: str, actor: Actor, path: str) -> Page:
    """A page of somebody who has just signed in; a session does not last over a week."""
    context = await browser.new_context(
        locale="zh-CN", viewport={"width": 360, "height": 900}, java_script_enabled=False
    )
    context.set_default_timeout(10_000)
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
