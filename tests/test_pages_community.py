"""Community projects in a real browser: from the proposal to what residents say of it."""

import re
from pathlib import Path

import pytest
from playwright.async_api import Browser, FilePayload, Page, expect

from tests.demo_site import serving
from tests.funding import allotted
from tests.projects import DAY, answered, asked, paid, project_of
from tests.test_pages_office import entered
from tests.world import open_world, resident_id
from timebank.access import Role
from timebank.clock import day_of
from timebank.funding.polls import PollKind
from timebank.funding.project_life import ProjectState
from timebank.places import stations_by_id
from web.pages.community import ACTS
from web.pages.money_words import MONEY

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("js")]
UNREGISTERED = 9_000


async def tapped(page: Page, name: str) -> None:
    """A button of the page, by its whole name."""
    await page.get_by_role("button", name=name, exact=True).click()


async def done(page: Page) -> None:
    """The page says that it is done."""
    await expect(page.get_by_role("status")).to_have_text("已办好")


def paper(words: str) -> FilePayload:
    """A document of its own."""
    return FilePayload(name="a.pdf", mimeType="application/pdf", buffer=words.encode())


async def test_residents_carry_a_project_from_the_proposal_to_the_last_word(
    browser: Browser, sqlite_url: str, tmp_path: Path
) -> None:
    async with open_world(sqlite_url, tmp_path) as world:
        await allotted(world)
        who = {
            "resident": await world.volunteer(),
            "neighbour": await world.volunteer(),
            "street": world.staff[Role.STREET_OFFICER],
            "manager": world.staff[Role.STATION_MANAGER],
        }
        async with serving(world.settings, clock=world.clock) as site:

            async def opened(name: str, path: str) -> Page:
                return await entered(browser, site, who[name], path)

            resident = await opened("resident", "/projects")
            station = (await stations_by_id([world.station]))[world.station]
            await resident.get_by_label("服务站编号").fill(station.number)
            await tapped(resident, "查看")
            await resident.get_by_label("要做什么").fill("加装楼道扶手")
            await resident.get_by_label("用途").select_option("公共设施")
            await resident.get_by_label("预计费用").fill("80000")
            await tapped(resident, "提交建议")
            await done(resident)
            address = resident.url.split("?")[0].removeprefix(site)
            project = address.rpartition("/")[2]
            await expect(resident.get_by_role("heading", name="支持这个提议吗")).to_have_count(2)
            # Nobody is a supporter of what they propose themselves.
            await expect(resident.get_by_text("支持须由其他居民表示")).to_be_visible()
            await expect(resident.get_by_role("button", name="支持这个提议吗")).to_have_count(0)
            neighbour = await opened("neighbour", address)
            await expect(neighbour.get_by_text("支持须由其他居民表示")).to_have_count(0)
            await tapped(neighbour, "同意 ：支持这个提议吗")
            await done(neighbour)
            await tapped(neighbour, "不同意 ：支持这个提议吗")
            await expect(neighbour.get_by_role("alert")).to_contain_text("表达过意见")

            street = await opened("street", "/office/projects")
            await street.get_by_role("link", name="加装楼道扶手").click()
            await tapped(street, "提交初审结果")
            await expect(street.get_by_role("alert")).to_contain_text("10")
            await answered(world, project, PollKind.SUPPORT, 9)
            await tapped(street, "提交初审结果")
            await done(street)
            assert (await project_of(project)).state is ProjectState.SCREENED

            manager = await opened("manager", address)
            await manager.get_by_label("有权表决的居民人数").fill("4")
            await manager.get_by_label("表决截止日期").fill("2027-12-31")
            await tapped(manager, "开始居民表决")
            await expect(manager.get_by_role("alert")).to_be_visible()
            today = day_of(world.clock.now()).isoformat()
            await manager.get_by_label("表决截止日期").fill(today)
            await tapped(manager, "开始居民表决")
            await done(manager)
            for number, answer in ((1, "yes"), (2, "yes"), (3, "no")):
                await manager.get_by_label("证件号码").fill(resident_id(UNREGISTERED + number))
                await manager.get_by_label("回答", exact=True).select_option(answer)
                await tapped(manager, "登记回答")
                await done(manager)
            await manager.get_by_label("证件号码").fill(resident_id(UNREGISTERED + 1))
            await tapped(manager, "登记回答")
            await expect(manager.get_by_role("alert")).to_be_visible()
            # One tap from a link that a neighbour passed on.
            neighbour = await opened("neighbour", address)
            await tapped(neighbour, "同意 ：同意做这个项目吗")
            await done(neighbour)
            await expect(
                neighbour.get_by_text("同意 3，不同意 1（网页 1，纸质 3，电话 0）")
            ).to_be_visible()
            await tapped(manager, "统计表决结果")
            await tapped(manager, "开始公示")
            await done(manager)

            await neighbour.goto(site + address)
            await neighbour.get_by_label("异议理由").select_option("违反规定")
            await tapped(neighbour, "提出异议")
            await done(neighbour)
            world.clock.move(8 * DAY)
            street = await opened("street", address)
            await tapped(street, "批准并落实资金")
            await expect(street.get_by_role("alert")).to_be_visible()
            await street.get_by_role("button", name=re.compile("^异议不成立")).click()
            await done(street)
            await tapped(street, "批准并落实资金")
            await expect(street.get_by_text("资金已落实")).to_be_visible()

            manager = await opened("manager", address)
            await tapped(manager, "开工")
            await answered(world, project, PollKind.ACCEPTANCE, 3)
            await manager.get_by_label("实际费用").fill("79999.50")
            await manager.get_by_label("票据").set_input_files(paper("bill"))
            await tapped(manager, "登记居民验收")
            await expect(manager.get_by_text("79,999.50 元")).to_have_count(4)
            await paid(world, project)
            manager = await opened("manager", address)
            await tapped(manager, "请居民评价")
            resident = await opened("resident", address)
            await tapped(resident, "不同意 ：对结果满意吗")
            await done(resident)
            await tapped(manager, "统计评价结果")
            await expect(manager.get_by_text("整改中")).to_be_visible()
            await tapped(manager, "请居民评价")
            await resident.reload()
            await tapped(resident, "同意 ：对结果满意吗")
            await tapped(manager, "统计评价结果")
            street = await opened("street", address)
            await tapped(street, "办结")
            await expect(street.get_by_text("已办结")).to_be_visible()
            await expect(street.get_by_text("100%")).to_be_visible()
            assert (await project_of(project)).state is ProjectState.CLOSED


async def test_a_stranger_reads_a_project_and_is_led_to_the_door(
    browser: Browser, sqlite_url: str, tmp_path: Path
) -> None:
    async with open_world(sqlite_url, tmp_path) as world:
        project = await asked(world, await allotted(world))
        volunteer = await world.volunteer()
        async with serving(world.settings, clock=world.clock) as site:
            page = await (await browser.new_context(locale="zh-CN")).new_page()
            await page.goto(f"{site}/projects/{project}")
            link = page.get_by_role("link", name="登录后回答")
            assert await link.get_attribute("href") == f"/sign-in?next=/projects/{project}"
            assert await page.get_by_role("heading", name="办理").count() == 0
            answer = await page.goto(f"{site}/projects/prj_none")
            assert answer
            assert answer.status == 404
            known = await entered(browser, site, volunteer, f"/projects/{project}")
            assert await known.get_by_role("heading", name="办理").count() == 0


def test_every_state_that_is_offered_something_is_one() -> None:
    offered = {state for act in ACTS for state in act.states}
    assert offered < set(ProjectState.__members__) == set(MONEY.PROJECTS)
