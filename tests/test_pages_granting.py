"""Calls and grants in a real browser: called for, applied for, judged, run and accounted for."""

from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from tests.demo_site import serving
from tests.funding import allotted, fund_officer
from tests.granting import applicant, grant_of, reviewers
from tests.projects import DAY, paid
from tests.test_pages_community import done, paper, tapped
from tests.test_pages_office import entered
from tests.world import World, open_world
from timebank.access import Role
from timebank.actors import Actor
from timebank.clock import day_of
from timebank.divisions import CITY
from timebank.funding.commitments import Commitment
from timebank.funding.grant_life import FundGrantState
from timebank.tables import find
from web.pages.granting import CALL_ACTS, GRANT_ACTS
from web.pages.money_words import MONEY

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("js")]


async def test_a_grant_goes_from_the_call_to_its_last_fen_through_the_pages(
    browser: Browser, sqlite_url: str, tmp_path: Path
) -> None:
    async with open_world(sqlite_url, tmp_path) as world:
        await allotted(world, 10_000_000, unit=CITY)
        who = await applicant(world)
        officer, second = await fund_officer(world), await world.officer(Role.CITY_FUND_OFFICER)
        judges = await reviewers(world)
        async with serving(world.settings, clock=world.clock) as site:

            async def opened(actor: Actor, path: str) -> Page:
                return await entered(browser, site, actor, path)

            page = await opened(officer, "/calls")
            await page.get_by_label("公告标题").fill("社区社会组织助力计划")
            await page.get_by_label("公告内容").fill("为老服务项目征集")
            await page.get_by_label("使用哪个区域").fill(CITY)
            await page.get_by_label("用途").select_option("为老服务")
            await page.get_by_label("每个申请最多").fill("50,000")
            until = day_of(world.clock.now()) + 10 * DAY
            await page.get_by_label("申报截止日期").fill(until.isoformat())
            await tapped(page, "起草征集公告")
            await done(page)
            call = page.url.split("?")[0].removeprefix(site)
            stranger = await (await browser.new_context()).new_page()
            answer = await stranger.goto(site + call)
            assert answer
            assert answer.status == 404
            await tapped(page, "开放申报")
            await done(page)

            mine = await opened(who.leader, call)
            await mine.get_by_label("要做什么").fill("每周探访独居老人")
            await mine.get_by_label("金额（元） 1").fill("60000")
            await tapped(mine, "保存申请草稿")
            await expect(mine.get_by_role("alert")).to_contain_text("5000000")
            await expect(mine.get_by_label("要做什么")).to_have_value("每周探访独居老人")
            await mine.get_by_label("金额（元） 1").fill("800.50")
            await mine.get_by_label("项目 2").select_option("志愿者保险")
            await mine.get_by_label("金额（元） 2").fill("199.50")
            await tapped(mine, "保存申请草稿")
            await done(mine)
            address = mine.url.split("?")[0].removeprefix(site)
            grant = address.rpartition("/")[2]
            assert (await grant_of(grant)).fen == 100_000
            # Gone on with where it was left.
            await expect(mine.get_by_label("金额（元） 2")).to_have_value("199.50")
            await mine.get_by_label("金额（元） 2").fill("199.49")
            await tapped(mine, "保存申请草稿")
            assert (await grant_of(grant)).fen == 99_999
            await tapped(mine, "提交申请")
            await done(mine)

            await page.goto(site + address)
            await expect(page.get_by_text("每周探访独居老人")).to_be_visible()
            await tapped(page, "形式审查合格")
            for judge, points in zip(judges, ("101", "80", "90"), strict=True):
                review = await opened(judge, address)
                await review.get_by_label("得分").fill(points)
                await tapped(review, "提交评分")
                if points == "101":
                    await expect(review.get_by_role("alert")).to_contain_text("100")
                    await tapped(review, "申报利益冲突并回避")
                await done(review)
            await tapped(page, "结束评审")
            await expect(page.get_by_role("alert")).to_contain_text("3")
            third = await opened(await world.officer(Role.REVIEWER), address)
            await third.get_by_label("得分").fill("70")
            await tapped(third, "提交评分")
            await page.goto(site + address)
            await tapped(page, "结束评审")
            await third.goto(site + address)
            stand_back = third.get_by_role("button", name="申报利益冲突并回避")
            await expect(stand_back).to_be_visible()
            # Who gave no points has none to be set aside.
            idle = await opened(await world.officer(Role.REVIEWER), address)
            await expect(idle.get_by_role("heading", level=1)).to_be_visible()
            await expect(idle.get_by_role("button", name="申报利益冲突并回避")).to_have_count(0)
            await page.get_by_label("拟资助金额").fill("999.99")
            await tapped(page, "列为拟资助")
            await tapped(page, "开始公示")
            await done(page)
            near = await opened(await world.volunteer(), address)
            await expect(near.get_by_text("每周探访独居老人")).to_have_count(0)
            await tapped(near, "提出异议")
            await done(near)
            world.clock.move(8 * DAY)
            page = await opened(officer, address)
            await page.get_by_role("button", name="异议不成立").click()
            await tapped(page, "立项并落实资金")
            await page.get_by_label("双方签署的合同").set_input_files(paper("contract"))
            await tapped(page, "登记合同")
            await done(page)
            mine = await opened(who.leader, address)
            await tapped(mine, "开始实施")
            await paid(world, grant, 1)
            await world.activity()
            desk = await opened(world.staff[Role.STATION_MANAGER], "/desk/activities")
            await desk.get_by_role("link", name="由哪笔资金支付").click()
            await desk.get_by_label("资金", exact=True).select_option(index=0)
            await tapped(desk, "登记由这笔资金支付")
            await done(desk)
            await expect(desk.get_by_label("资金", exact=True)).to_have_count(0)
            await desk.locator(f"main a[href='{address}']").click()
            await expect(desk.get_by_role("heading", name="支付的活动")).to_be_visible()
            await expect(desk.get_by_text("独居老人探访")).to_be_visible()
            await mine.get_by_label("工作报告").fill("已开展一半")
            await tapped(mine, "提交报告")
            await done(mine)
            await page.goto(site + address)
            await expect(page.get_by_text("中期报告待审")).to_be_visible()
            await expect(page.get_by_text("已开展一半")).to_be_visible()
            await tapped(page, "中期报告通过")
            await done(page)
            await _accounted(world, await opened(who.books, address), grant)
            await mine.goto(site + address)
            await mine.get_by_label("工作报告").fill("全部完成")
            await tapped(mine, "提交报告")
            await page.goto(site + address)
            await tapped(page, "结项通过")
            for part in (2, 3):
                await paid(world, grant, part)
            books = await opened(who.books, address)
            await books.get_by_label("退回金额").fill("600")
            await tapped(books, "退回结余资金")
            await done(books)
            await page.goto(site + address)
            await page.get_by_label("审计报告").set_input_files(paper("audit"))
            await tapped(page, "登记审计报告")
            await expect(page.get_by_role("alert")).to_be_visible()
            other = await opened(second, address)
            await other.get_by_label("审计报告").set_input_files(paper("audit"))
            await tapped(other, "登记审计报告")
            await tapped(other, "办结")
            await expect(other.get_by_text("已办结")).to_be_visible()
            assert (await grant_of(grant)).state is FundGrantState.CLOSED


async def _accounted(world: World, page: Page, grant: str) -> None:
    """A line with its voucher; the same voucher again is refused; the line reversed; and again."""
    for fen, words, refused in (("399.99", "one", False), ("1", "one", True)):
        await page.get_by_label("金额（元）", exact=True).fill(fen)
        await page.get_by_label("购买日期").fill(day_of(world.clock.now()).isoformat())
        await page.get_by_label("票据").set_input_files(paper(words))
        await tapped(page, "登记支出")
        if refused:
            await expect(page.get_by_role("alert")).to_be_visible()
        else:
            await done(page)
    await page.get_by_role("button", name="冲正这一笔").click()
    await expect(page.get_by_text("已冲正")).to_be_visible()
    await page.get_by_label("金额（元）", exact=True).fill("399.99")
    await page.get_by_label("购买日期").fill(day_of(world.clock.now()).isoformat())
    await page.get_by_label("票据").set_input_files(paper("one"))
    await tapped(page, "登记支出")
    await done(page)
    held = await find(Commitment, grant)
    assert held
    assert held.spent == 39_999


def test_every_state_that_is_offered_something_is_one() -> None:
    offered = {state for act in GRANT_ACTS for state in act.states}
    assert offered < set(FundGrantState.__members__) == set(MONEY.GRANTS)
    assert {state for act in CALL_ACTS for state in act.states} < set(MONEY.CALLS)
