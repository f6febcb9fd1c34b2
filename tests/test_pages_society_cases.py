"""Cases of organisations in a real browser: lists, changes, grades, endings, by their officers."""

from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from tests.demo_site import serving
from tests.organising import entered as on_the_register
from tests.organising import filing, named, organisation_of, registrar
from tests.projects import DAY
from tests.test_pages_community import done, tapped
from tests.test_pages_office import entered
from tests.world import open_world
from timebank.access import Role
from timebank.actors import Actor
from timebank.clock import day_of
from timebank.organisation_grade_life import GradeState
from timebank.organisation_life import OrganisationState
from web.pages.societies import ACTS, OWN
from web.pages.society_cases import CASE, CASE_ACTS, GRADE_ACTS

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("js")]


async def test_an_organisation_is_listed_changed_graded_and_wound_up_on_its_pages(
    browser: Browser, sqlite_url: str, tmp_path: Path
) -> None:
    async with open_world(sqlite_url, tmp_path) as world:
        leader = await world.volunteer()
        organisation = await on_the_register(world, leader)
        reviewer, near = await world.officer(Role.REVIEWER), await world.volunteer()
        street = world.staff[Role.STREET_OFFICER]
        work, case = OWN.replace("{id}", organisation), CASE.replace("{id}", organisation)
        async with serving(world.settings, clock=world.clock) as site:

            async def opened(who: Actor, path: str) -> Page:
                return await entered(browser, site, who, path)

            office = await opened(registrar(world), "/office/organisations")
            await office.get_by_role("link", name=(await _name(office, organisation))).click()
            await office.get_by_label("理由").first.select_option("组织机构不健全")
            await tapped(office, "列入活动异常名录")
            await expect(office.locator("h2 .tag")).to_have_text("列入活动异常名录")
            mine = await opened(leader, work)
            await expect(
                mine.get_by_role("link", name="整改后请登记机关移出活动异常名录")
            ).to_be_visible()
            await tapped(office, "移出活动异常名录")
            await done(office)

            await mine.goto(site + work)
            await mine.get_by_label("变更事项").select_option("住所")
            await mine.get_by_label("变更为").fill("汉阳大道1号")
            await mine.get_by_label("决定日期").fill(day_of(world.clock.now()).isoformat())
            await tapped(mine, "申请变更登记")
            await office.reload()
            await office.get_by_label("告知组织的内容").fill("请附租赁合同")
            await office.get_by_role("button", name="不予变更").click()
            await done(office)
            await expect(office.get_by_role("button", name="准予变更")).to_have_count(0)

            await mine.goto(site + work)
            await tapped(mine, "申请评估等级")
            await mine.get_by_role("link", name="评估", exact=True).click()
            address = mine.url.removeprefix(site)
            await office.goto(site + address)
            await tapped(office, "具备参评资格")
            await mine.goto(site + work)
            await mine.get_by_role("link", name="提交自评").click()
            await mine.get_by_label("得分").fill("900")
            await mine.get_by_label("自评说明").fill("制度健全")
            await tapped(mine, "提交自评")
            judge = await opened(reviewer, address)
            await tapped(judge, "登记实地考察")
            await judge.get_by_label("得分").fill("1001")
            await tapped(judge, "提交评分")
            await expect(judge.get_by_role("alert")).to_be_visible()
            await judge.get_by_label("得分").fill("820")
            await tapped(judge, "提交评分")
            await office.goto(site + address)
            await tapped(office, "开始公示")
            other = await opened(near, f"/o/{organisation}")
            await other.get_by_role("link", name="4A").click()
            await tapped(other, "提出异议")
            await done(other)
            world.clock.move(8 * DAY)
            office = await opened(registrar(world), address)
            await office.get_by_role("button", name="异议不成立").click()
            await tapped(office, "评定等级")
            await expect(office.get_by_text("已评定")).to_be_visible()

            mine = await opened(leader, work)
            await mine.get_by_label("终止的原因").select_option("会员大会决定")
            await tapped(mine, "申请终止并开始清算")
            await office.goto(site + case)
            await tapped(office, "准予注销")
            await expect(office.get_by_role("alert")).to_be_visible()
            await mine.get_by_role("link", name="完成清算").click()
            await tapped(mine, "清算已结束")
            await tapped(office, "准予注销")
            await expect(office.get_by_text("已注销").first).to_be_visible()
            state = (await organisation_of(organisation)).state
            assert state is OrganisationState.DEREGISTERED

            asked = await named(world, near)
            await office.goto(site + CASE.replace("{id}", asked))
            await tapped(office, "不予核准名称")
            await expect(office.get_by_role("alert")).to_be_visible()
            await office.get_by_label("名称已被使用").check()
            await tapped(office, "不予核准名称")
            await expect(office.locator("h2 .tag")).to_have_text("名称未获准")
            files = await opened(street, CASE.replace("{id}", await filing(world, near)))
            await files.get_by_label("材料虚假").check()
            await tapped(files, "不予备案")
            await expect(files.locator("h2 .tag")).to_have_text("未予备案")


async def _name(page: Page, organisation: str) -> str:
    link = page.locator(f'a[href="/office/organisations/{organisation}"]').first
    return await link.inner_text()


def test_every_state_that_is_offered_something_is_one() -> None:
    states = {state for act in (*ACTS, *CASE_ACTS) for state in act.states}
    assert states < set(OrganisationState.__members__)
    assert {state for act in GRADE_ACTS for state in act.states} < set(GradeState.__members__)
