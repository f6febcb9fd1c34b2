"""Dual claim in a real browser, phone-sized: report and claim in two taps, done in two."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from httpx2 import AsyncClient
from playwright.async_api import Browser, expect

from tests.demo_site import enter, listening, make_city, serving, tap
from tests.membership import member, work_unit
from tests.test_pages_office import entered
from tests.test_pages_wishes import officer
from tests.test_unit_statements import admin_of, new_year
from tests.world import key, open_world
from timebank import demo
from timebank.access import Role, grant_role
from timebank.actors import SYSTEM
from timebank.clock import day_of
from timebank.divisions import Area, AreaLevel
from timebank.journal import current
from timebank.member_reports import MemberReport, report_membership
from timebank.post_claims import PostClaim, confirm_claim
from timebank.posts import PostClass, draft_post, open_post
from timebank.report_reviews import activate_report, receive_report
from timebank.skills import Skills
from timebank.tables import select
from web import app

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("js")]
MANAGER, CLERK, VOLUNTEER = "站长", "站点工作人员", "志愿者"


@pytest.fixture(scope="module")
async def site(js: bool, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    settings = await make_city(tmp_path_factory.mktemp("city"))
    async with serving(settings) as address:
        yield address


async def cast(role: str) -> str:
    """Who signs in as something at the demonstration's door."""
    (found,) = [one.person for one in await demo.sign_ins() if one.role == role]
    return found


async def test_a_member_reports_claims_and_completes_in_two_taps_each(
    browser: Browser, site: str
) -> None:
    party = await officer(51, Role.PARTY_SECRETARY, "420100/")
    page, said = await enter(browser, site, VOLUNTEER)
    place = page.get_by_role("link", name="双认领", exact=True)
    assert await tap(place, page.get_by_role("button", name="同意并向社区报到")) == 2
    await expect(page.get_by_text("已提交，等待社区接收")).to_be_visible()
    (report,) = await select(MemberReport)
    await receive_report(party, report=report.id, key=key())
    await activate_report(party, report=report.id, key=key())

    today = day_of(current().clock.now())
    made = await draft_post(
        party,
        community=report.community,
        post_class=PostClass.HEALTH,
        title="量血压",
        places=1,
        first_day=today,
        last_day=today,
        weekdays=(6,),
        from_minute=540,
        to_minute=600,
        key=key(),
    )
    await open_post(party, post=made.post, key=key())
    await page.goto(site)
    card = page.locator(".card").filter(has_text="量血压")
    assert await tap(place, card.get_by_role("button", name="认领")) == 2
    await expect(page.get_by_text("等待社区确认")).to_be_visible()
    (claim,) = await select(PostClaim)
    await confirm_claim(party, claim=claim.id, key=key())
    await page.goto(f"{site}/member")
    await page.get_by_role("button", name="开始服务").click()
    await page.goto(site)
    assert await tap(place, page.get_by_role("button", name="完成")) == 2
    await expect(page.get_by_text("已完成，等待评价")).to_be_visible()
    assert not said


async def test_a_resident_tells_a_wish_without_an_account_and_keeps_the_link(
    browser: Browser, site: str
) -> None:
    context = await browser.new_context(viewport={"width": 360, "height": 900}, locale="zh-CN")
    page = await context.new_page()
    await page.goto(f"{site}/tell?station=0001")
    await page.get_by_label("用您自己的话说").fill("想修一下门锁")
    await page.get_by_label("姓名", exact=True).fill("陈桂兰")
    await page.get_by_label("电话").fill("13912345678")
    await page.get_by_label("我同意服务站保存以上信息").check()
    await page.get_by_role("button", name="告诉服务站").click()
    link = page.get_by_role("link", name="您的心愿")
    await expect(link).to_be_visible()
    assert "wsh_" not in page.url, "no history keeps the link"
    await link.click()
    await expect(page.get_by_text("正在为您找人帮忙。")).to_be_visible()


async def test_a_link_of_no_statement_is_no_page(site: str) -> None:
    async with AsyncClient(base_url=site) as client:
        for path in ("/u/ust_none.00", "/u/ust_none.00/statement.csv"):
            assert (await client.get(path)).status_code == 404


async def test_a_secretary_of_two_communities_works_in_either(browser: Browser, site: str) -> None:
    manager = await cast("station_manager")
    areas = await select(Area, level=AreaLevel.COMMUNITY.value, order=["-code"], limit=2)
    for area in areas:
        await grant_role(
            SYSTEM, person=manager, role=Role.PARTY_SECRETARY, scope=area.path, key=key()
        )
    who = await officer(52, Role.AUDITOR, "420100/")
    await report_membership(who, community=areas[1].code, consent=True, key=key())
    page, said = await enter(browser, site, MANAGER, path="/office/party")
    await expect(page.get_by_role("button", name="接收")).to_have_count(0)
    await page.get_by_role("link", name=areas[1].name, exact=True).click()
    await page.get_by_role("button", name="接收").click()
    await expect(page.get_by_role("status")).to_have_text("已办好")
    await expect(page.get_by_role("button", name="审核通过")).to_be_visible()
    assert not said


async def test_a_volunteer_says_what_they_can_do_and_is_shown_what_fits(
    browser: Browser, site: str
) -> None:
    page, said = await enter(browser, site, VOLUNTEER, path="/skills")
    await page.get_by_label("健康服务").check()
    await page.get_by_label("周六").check()
    await page.get_by_label("开始时间").fill("08:00")
    await page.get_by_label("结束时间").fill("12:00")
    await page.get_by_role("button", name="保存").click()
    await expect(page.get_by_role("status")).to_have_text("已办好")
    (held,) = await select(Skills)
    assert held.classes == (PostClass.HEALTH,)
    assert [(one.weekday, one.begins, one.ends) for one in held.windows] == [(6, 480, 720)]
    await expect(page.get_by_label("健康服务")).to_be_checked()
    await page.get_by_role("button", name="都不选了").click()
    await expect(page.get_by_label("健康服务")).not_to_be_checked()
    assert not await select(Skills)
    assert not said


async def test_a_list_longer_than_the_page_goes_on_and_a_wrong_address_leads_nowhere(
    browser: Browser, site: str
) -> None:
    party, (area,) = (
        await officer(53, Role.PARTY_SECRETARY, "420100/"),
        await select(Area, level=AreaLevel.COMMUNITY.value, order=["code"], limit=1),
    )
    await grant_role(
        SYSTEM,
        person=await cast("station_clerk"),
        role=Role.PARTY_SECRETARY,
        scope=area.path,
        key=key(),
    )
    for n in range(21):
        made = await draft_post(
            party,
            community=area.code,
            post_class=PostClass.HEALTH,
            title=f"岗位{n:02d}",
            places=1,
            first_day=day_of(current().clock.now()),
            last_day=day_of(current().clock.now()),
            weekdays=(6,),
            from_minute=540,
            to_minute=600,
            key=key(),
        )
        assert made.post
        # Ids of one millisecond stand in no order.
        await asyncio.sleep(0.002)
    page, said = await enter(browser, site, CLERK, path="/office/party")
    await expect(page.get_by_text("岗位00 · 人数 1")).to_have_count(1)
    await expect(page.get_by_text("岗位20 · 人数 1")).to_have_count(0)
    await page.get_by_role("link", name="后面的").click()
    await expect(page.get_by_text("岗位20 · 人数 1")).to_have_count(1)
    await expect(page.get_by_text("岗位00 · 人数 1")).to_have_count(0)
    await page.get_by_role("link", name="回到开头").click()
    await expect(page.get_by_text("岗位00 · 人数 1")).to_have_count(1)
    assert not said
    gone = await page.goto(f"{site}/office/party?drafts=nonsense")
    assert gone
    assert gone.status == 404


async def test_a_member_lets_the_unit_know_and_the_unit_reads_what_was_sent(
    browser: Browser, sqlite_url: str, tmp_path: Path
) -> None:
    async with open_world(sqlite_url, tmp_path) as world:
        who, unit = await member(world), await work_unit(world)
        async with listening(app.build(world.settings), lifespan="off") as site:
            page = await entered(browser, site, who, "/member/unit")
            await page.get_by_role("button", name="同意告知这个单位").click()
            await expect(page.get_by_role("status")).to_have_text("已办好")
            await new_year(world)
            page = await entered(browser, site, who, "/member")
            await page.get_by_label("您的说明（可不填）").fill("周末参加")
            await page.get_by_role("button", name="发送给单位").click()
            link = await page.get_by_role("link", name="交给单位的链接").get_attribute("href")
            stranger = await (await browser.new_context(locale="zh-CN")).new_page()
            await stranger.goto(f"{site}{link}")
            await expect(stranger.get_by_text("周末参加")).to_be_visible()
            await expect(stranger.get_by_role("link", name="下载")).to_be_visible()
            admin = await entered(browser, site, await admin_of(world, unit), "/office/statements")
            await expect(admin.get_by_text("周末参加")).to_be_visible()
