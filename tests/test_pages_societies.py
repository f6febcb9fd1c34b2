"""Organisations in a real browser: filed, reported field by field, opened at the faulty field."""

import re
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, FilePayload, expect

from tests.annual import TYPED_VALUES
from tests.demo_site import enter, make_city, serving, tap
from tests.organising import WHOLE, coded
from tests.test_pages_wishes import officer
from tests.world import key
from timebank.access import Role
from timebank.actors import SYSTEM, Actor, person
from timebank.annual_report_life import AnnualReportOpened
from timebank.annual_report_rulings import return_report
from timebank.annual_reports import save_report
from timebank.batch import Batch
from timebank.clock import day_of, months_later
from timebank.ids import new
from timebank.journal import Answer, current, write
from timebank.organisation_life import CHECKS, DirectKind, LegalForm, OrganisationState
from timebank.organisations import Organisation
from timebank.people import people_by_id, person_by_number
from timebank.places import station_by_number
from timebank.registration_rulings import enter_organisation
from timebank.registrations import apply_for_registration, ask_organisation_name
from timebank.star_award_life import StarApplied, StarState
from timebank.star_awards import StarAward
from timebank.tables import select

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("js")]


@pytest.fixture(scope="module")
async def site(js: bool, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    settings = await make_city(tmp_path_factory.mktemp("city"))
    async with serving(settings) as address:
        yield address


async def reporting(who: str, registrar: Actor, area: str, n: int) -> tuple[str, str]:
    """An organisation of somebody's with an open report, and the report."""
    number = (await people_by_id([who]))[who].number
    today = day_of(current().clock.now())
    made = await enter_organisation(
        registrar,
        form=LegalForm.SERVICE_BODY,
        area=area,
        name=f"邻里社工中心{n}",
        code=coded(n, form="52", area=area[:6]),
        representative=number,
        registered_on=today,
        direct=DirectKind.PUBLIC_BENEFIT,
        key=key(),
    )
    report = new("rpt")
    due = months_later(today, 3)

    def work(batch: Batch) -> Answer:
        event = AnnualReportOpened(
            report=report,
            organisation=made.organisation,
            year=today.year,
            supervised=False,
            due=due,
            registrar_due=due,
            remind_on=due,
        )
        return Answer(entry=batch.record(event).seq)

    await write(SYSTEM, None, work, answer=Answer)
    return made.organisation, report


async def test_an_organisation_is_filed_and_its_report_opens_at_the_faulty_field(
    browser: Browser, site: str
) -> None:
    station = await station_by_number("0001")
    assert station
    page, said = await enter(browser, site, "志愿者", path="/organisations")
    group = page.locator("form[action='/organisations/filing']")
    await group.get_by_label("区划代码").fill(station.area)
    await group.get_by_label("组织名称").fill("合唱队")
    await group.get_by_label("发起人数").fill("2")
    await group.get_by_label("成员总数").fill("12")
    await group.get_by_role("button", name="申请备案").click()
    await expect(page.get_by_role("status")).to_have_text("已办好")
    await page.get_by_role("link", name="合唱队").click()
    await expect(page.get_by_text("备案审查中")).to_be_visible()
    await expect(page.get_by_text("剩余（天） 7")).to_be_visible()

    for content, says in ((b"MZ", "不在可接收之列"), (b"%PDF-1.7\n%%EOF", None)):
        await page.get_by_label("材料名称").fill("章程")
        told = FilePayload(name="articles.pdf", mimeType="application/pdf", buffer=content)
        await page.get_by_label("最大） 10 MB").set_input_files(told)
        await page.get_by_role("button", name="上传").click()
        if says:
            await expect(page.get_by_text(says)).to_be_visible()
            await page.go_back()
    await expect(page.get_by_role("link", name="章程")).to_be_visible()
    address = await page.get_by_role("link", name="章程").get_attribute("href")
    had = await page.request.get(f"{site}{address}")
    assert await had.body() == b"%PDF-1.7\n%%EOF"
    assert had.headers["content-disposition"].startswith("attachment")
    strange = await browser.new_context()
    assert (await strange.request.get(f"{site}{address}")).status == 404

    asked = await select(Organisation, state=OrganisationState.FILING_ASKED.value)
    who = asked[0].applicant or ""
    registrar = await officer(40, Role.DISTRICT_REGISTRAR, "420100/")
    organisation, report = await reporting(who, registrar, station.area, 30)
    await page.goto(f"{site}/organisations/{organisation}/work")
    await page.get_by_label("变更为").fill("汉阳大道1号")
    await page.get_by_label("变更事项").select_option("住所")
    await page.get_by_label("决定日期").fill("2030-01-01")
    await page.get_by_role("button", name="申请变更登记").click()
    await expect(page.get_by_role("alert")).to_contain_text("不能在今天之后")
    await expect(page.get_by_label("变更为")).to_have_value("汉阳大道1号")
    await page.get_by_label("决定日期").fill(day_of(current().clock.now()).isoformat())
    await page.get_by_role("button", name="申请变更登记").click()
    await expect(page.get_by_text("住所：汉阳大道1号")).to_be_visible()
    keeper = await officer(50, Role.STATION_CLERK, station.path)
    known = (await people_by_id([keeper.person or ""]))[keeper.person or ""]
    await page.get_by_label("志愿者编号").last.fill(known.number)
    await page.get_by_role("button", name="委派").click()
    await expect(page.get_by_text(known.number).first).to_be_visible()
    assert await tap(page.get_by_role("link", name="填写年度工作报告")) == 1
    await expect(page.get_by_text("邻里社工中心30").first).to_be_visible()
    await expect(page.get_by_text("组织形式：社会服务机构")).to_be_visible()
    await expect(page.get_by_text("登记方式：公益慈善类")).to_be_visible()
    for link in await page.locator("a[href^='/receipts/']").all():
        had = await page.request.get(f"{site}{await link.get_attribute('href')}")
        assert had.headers["content-disposition"].startswith("attachment"), had.status
    await page.get_by_label("主要工作").fill("为老服务")
    await page.get_by_label("专职工作人员数").fill("三")
    await page.get_by_role("button", name="保存").click()
    await expect(page.get_by_role("alert")).to_contain_text("专职工作人员数")
    await expect(page.get_by_label("主要工作")).to_have_value("为老服务")
    await page.get_by_label("专职工作人员数").fill("3")
    await page.get_by_role("button", name="保存").click()
    await expect(page.get_by_role("status")).to_have_text("已办好")
    await expect(page.get_by_text("填写中")).to_be_visible()
    await page.get_by_role("button", name="提交报告").click()
    await expect(page.get_by_role("alert")).to_contain_text("已审计")
    await save_report(person(who), report=report, values=TYPED_VALUES, key=key())
    await page.goto(f"{site}/reports/{report}")
    await page.get_by_role("button", name="提交报告").click()
    await expect(page.get_by_text("已提交").first).to_be_visible()

    comments = {"social_workers": "请附证书数"}
    await return_report(registrar, report=report, comments=comments, key=key())
    await page.goto(f"{site}/organisations/{organisation}/work")
    # One tap from the organisation's page to the faulty field of what was returned.
    assert await tap(page.get_by_role("link", name="更正年度工作报告中被退回的栏目")) == 1
    await expect(page.get_by_text("请附证书数").first).to_be_visible()
    await expect(page.locator("#f-social_workers")).to_be_focused()
    assert [one for one in said if "422" not in one] == []


async def test_an_organisation_endorses_five_stars_on_its_page(browser: Browser, site: str) -> None:
    station = await station_by_number("0001")
    assert station
    registrar = await officer(57, Role.DISTRICT_REGISTRAR, "420100/")
    page, said = await enter(browser, site, "志愿者", path="/")
    number = re.search("WH(-[0-9]+)+", await page.content())
    mine = await person_by_number(number[0] if number else "")
    assert mine
    organisation, _ = await reporting(mine.id, registrar, station.area, 7)
    other = await officer(67, Role.STATION_CLERK, "420100/")
    award, who = new("str"), other.person or ""

    def work(batch: Batch) -> Answer:
        told = {"award": award, "person": who, "organisation": organisation, "path": station.path}
        return Answer(
            entry=batch.record(StarApplied(level=5, minutes=90_000, needed=90_000, **told)).seq
        )

    await write(SYSTEM, None, work, answer=Answer)
    await page.goto(f"{site}/organisations/{organisation}/work")
    card = page.locator("section").filter(has_text="请本组织推荐的五星申请")
    await expect(card).to_contain_text("1500 小时")
    assert await page.evaluate("document.documentElement.scrollWidth") == 360
    await card.get_by_role("button", name="推荐", exact=False).first.click()
    await expect(card).to_have_count(0)
    (held,) = await select(StarAward, id=award)
    assert held.state is StarState.ENDORSED
    assert said == []


async def test_everybody_reads_what_an_organisation_is_and_nobody_its_application(
    browser: Browser, site: str
) -> None:
    station = await station_by_number("0001")
    assert station
    registrar = await officer(44, Role.DISTRICT_REGISTRAR, "420100/")
    leader = await officer(45, Role.STREET_OFFICER, "420100/")
    organisation, report = await reporting(leader.person or "", registrar, station.area, 60)
    context = await browser.new_context(locale="zh-CN")
    page = await context.new_page()
    await page.goto(f"{site}/o/{organisation}")
    await expect(page.get_by_role("heading", name="邻里社工中心60")).to_be_visible()
    await expect(page.get_by_text("已登记")).to_be_visible()
    for hidden in ("org_0000", "nothing"):
        answer = await page.goto(f"{site}/o/{hidden}")
        assert answer
        assert answer.status == 404
    other, _ = await enter(browser, site, "志愿者", path=f"/reports/{report}")
    await expect(other.get_by_role("heading", name="没有这份报告")).to_be_visible()


async def test_a_registrar_sees_the_case_beside_its_checks_and_clock(
    browser: Browser, site: str
) -> None:
    station = await station_by_number("0001")
    assert station
    founder = await officer(46, Role.STREET_OFFICER, "420100/")
    number = (await people_by_id([founder.person or ""]))[founder.person or ""].number
    asked = await ask_organisation_name(
        founder,
        form=LegalForm.SERVICE_BODY,
        area=station.area,
        name="长者食堂服务中心",
        direct=DirectKind.COMMUNITY_SERVICE,
        key=key(),
    )
    page, said = await enter(browser, site, "区登记员", path="/office/organisations", width=1280)
    # From the desk, the next case by one tap; decided by the second.
    case = page.get_by_role("link", name="长者食堂服务中心")
    assert await tap(case, page.get_by_role("button", name="核准名称", exact=True)) == 2
    await expect(page.get_by_text("可以提交登记申请")).to_be_visible()
    await apply_for_registration(
        founder, organisation=asked.organisation, **(WHOLE | {"persons": 0}), key=key()
    )
    await page.reload()
    await expect(page.get_by_text("剩余（天） 60")).to_be_visible()
    checks = CHECKS[LegalForm.SERVICE_BODY]
    await expect(page.get_by_text("未审查")).to_have_count(len(checks))
    code = coded(70, form="52", area=station.area[:6])
    for told, says in ((code, "尚未审查通过"), (None, "")):
        if told is None:
            for word in ("注册资金", "章程", "住所", "专职工作人员", "组织机构", "法定代表人"):
                await page.get_by_role("button", name=f"符合 ：{word}", exact=True).click()
        await page.get_by_label("统一社会信用代码").fill(
            told or f"{code[:-1]}{'0A'[code[-1] == '0']}"
        )
        await page.get_by_label("法定代表人的志愿者编号").fill(number)
        await page.get_by_role("button", name="准予登记").click()
        await expect(page.get_by_role("alert")).to_contain_text(says or "校验码")
    await page.get_by_label("统一社会信用代码").fill(code)
    await page.get_by_role("button", name="准予登记").click()
    await expect(page.get_by_text("已登记")).to_be_visible()
    assert [one for one in said if "422" not in one] == []
