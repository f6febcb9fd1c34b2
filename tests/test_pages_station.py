"""A station's work behind the desk, in a real browser: activities, registration, rosters."""

import io
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest
import xlsxwriter
from playwright.async_api import Browser, FilePayload, Page, expect
from python_calamine import CalamineWorkbook

from tests.demo_site import afternoon, enter, make_city, serving
from tests.world import resident_id
from timebank.clock import ManualClock, day_of
from web.forms import fields_of

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("js")]
CLERK, MANAGER, VOLUNTEER = "站点工作人员", "站长", "志愿者"
HEAD = "志愿者编号\t日期\t开始\t结束\t类别"


@pytest.fixture(scope="module")
def clock(js: bool) -> ManualClock:
    return afternoon()


@pytest.fixture(scope="module")
async def site(
    js: bool, tmp_path_factory: pytest.TempPathFactory, clock: ManualClock
) -> AsyncIterator[str]:
    settings = await make_city(tmp_path_factory.mktemp("city"))
    async with serving(settings, clock=clock) as address:
        yield address


@pytest.fixture(scope="module")
async def people(chromium: Browser, site: str) -> list[str]:
    """Numbers of volunteers of the station, from the boxes of the records that wait."""
    desk, _ = await enter(chromium, site, CLERK, path="/desk")
    told = await desk.locator(".check .away").all_inner_texts()
    return [text.split()[-1] for text in told]


# Activities


async def declare(page: Page, title: str, day: str, **fields: str) -> None:
    """Fill the form of a new activity and send it."""
    if await page.get_by_label("活动名称").is_hidden():
        await page.get_by_text("申报新活动").click()
    await page.get_by_label("活动名称").fill(title)
    await page.get_by_label("日期").fill(day)
    for label, value in fields.items():
        await page.get_by_label(label).fill(value)
    await page.get_by_role("button", name="申报活动").click()


async def test_an_activity_goes_from_its_declaration_to_a_seat_and_back(
    browser: Browser, site: str, clock: ManualClock, js: bool
) -> None:
    title = f"合唱排练{js}"
    day = (day_of(clock.now()) + timedelta(days=3 + js)).isoformat()
    staff, said = await enter(browser, site, CLERK, path="/desk/activities", width=1280)
    await declare(staff, title, day, 开始时间="14:00", 结束时间="13:00")
    await expect(staff.get_by_role("alert")).to_be_visible()
    assert await staff.get_by_label("活动名称").input_value() == title
    await staff.get_by_label("结束时间").fill("16:00")
    await staff.get_by_role("button", name="申报活动").click()
    item = staff.get_by_role("listitem").filter(has_text=title)
    await expect(item).to_contain_text(f"{day} 14:00–16:00")
    await expect(item).to_contain_text("未开放报名")
    await item.get_by_role("button", name="开放报名").click()
    await expect(item).to_contain_text("报名中")

    phone, more = await enter(browser, site, VOLUNTEER, path="/activities")
    mine = phone.get_by_role("listitem").filter(has_text=title)
    await mine.get_by_role("button", name="报名").click()
    await expect(phone.get_by_role("status")).to_have_text("已办好")
    await mine.get_by_role("button", name="取消报名").click()
    await expect(mine.get_by_text("名额 0 / 8")).to_be_visible()

    await item.get_by_text("取消活动").first.click()
    await item.get_by_label("取消的原因").select_option("WEATHER")
    await item.get_by_role("button", name="取消活动").click()
    await expect(item).to_contain_text("已取消")
    await phone.reload()
    assert await phone.get_by_text(title).count() == 0
    # A refused form is answered 422, which the browser itself reports.
    assert [one for one in said + more if "422" not in one] == []


async def test_a_draft_waits_with_its_risks_until_it_is_declared_or_let_go(
    browser: Browser, site: str, clock: ManualClock, js: bool
) -> None:
    day = (day_of(clock.now()) + timedelta(days=4)).isoformat()
    page, said = await enter(browser, site, CLERK, path="/desk/activities")
    for title in (f"登山{js}", f"划船{js}"):
        await page.get_by_text("申报新活动").click()
        await page.get_by_label("活动名称").fill(title)
        await page.get_by_label("日期").fill(day)
        await page.get_by_label("地点（不在服务站时填写）").fill("磨山北门")
        await page.get_by_label("可能发生的风险（应当如实告知）").fill("山路湿滑")
        await page.get_by_role("button", name="先存为草稿").click()
    drafts = page.locator("section").filter(has_text="草稿，尚未申报")
    climb, row = (drafts.get_by_role("listitem").filter(has_text=t) for t in ("登山", "划船"))
    for draft in (climb, row):
        await expect(draft).to_contain_text("地点：磨山北门")
        await expect(draft).to_contain_text("风险提示：山路湿滑")
    assert await page.evaluate("document.documentElement.scrollWidth") == 360
    await row.get_by_role("button", name="删除草稿").click()
    await climb.get_by_role("button", name="申报活动").click()
    await expect(drafts).to_have_count(0)
    item = page.get_by_role("listitem").filter(has_text=f"登山{js}")
    await expect(item).to_contain_text("未开放报名")
    await expect(item).to_contain_text("风险提示：山路湿滑")
    assert said == []


async def test_a_full_activity_takes_no_sign_up_and_one_waits_for_a_seat(
    browser: Browser, site: str, clock: ManualClock
) -> None:
    day = (day_of(clock.now()) + timedelta(days=6)).isoformat()
    staff, _ = await enter(browser, site, MANAGER, path="/desk/activities", width=1280)
    await declare(staff, "一个座位", day, 名额="1")
    item = staff.get_by_role("listitem").filter(has_text="一个座位")
    await item.get_by_role("button", name="开放报名").click()
    await expect(item).to_contain_text("名额 0 / 1")
    phone, _ = await enter(browser, site, VOLUNTEER, path="/activities")
    mine = phone.get_by_role("listitem").filter(has_text="一个座位")
    await mine.get_by_role("button", name="报名").click()
    await expect(mine.get_by_role("button", name="取消报名")).to_be_visible()
    other, _ = await enter(browser, site, MANAGER, path="/activities")
    full = other.get_by_role("listitem").filter(has_text="一个座位")
    await expect(full).to_contain_text("已报满")
    assert await full.get_by_role("button", name="报名").count() == 0
    await full.get_by_role("button", name="候补").click()
    await expect(full).to_contain_text("候补第 1 位")
    await full.get_by_role("button", name="取消候补").click()
    await full.get_by_role("button", name="候补").click()
    await mine.get_by_role("button", name="取消报名").click()
    await expect(mine).to_contain_text("名额 1 / 1")
    await other.reload()
    await expect(full.get_by_role("button", name="取消报名")).to_be_visible()


async def test_two_activities_at_once_ask_which_and_the_desk_remembers_it(
    browser: Browser, site: str, clock: ManualClock, people: list[str]
) -> None:
    staff, _ = await enter(browser, site, CLERK, path="/desk/activities", width=1280)
    await declare(
        staff, "下午茶会", day_of(clock.now()).isoformat(), 开始时间="14:00", 结束时间="18:00"
    )
    item = staff.get_by_role("listitem").filter(has_text="下午茶会")
    await item.get_by_role("button", name="开放报名").click()
    await item.get_by_role("button", name="开始活动").click()
    await expect(item).to_contain_text("进行中")
    await staff.get_by_role("link", name="签到与确认").click()
    await expect(staff.get_by_label("扫码枪或志愿者编号")).to_be_focused()
    assert await staff.get_by_role("radio", checked=True).count() == 0

    # By keyboard alone: the number, Tab past the button to the choice, Space, Enter.
    await staff.keyboard.type(people[0])
    await staff.keyboard.press("Tab")
    await staff.keyboard.press("Tab")
    chosen = staff.get_by_role("radio", name="下午茶会")
    for _ in range(2):
        if not await chosen.is_checked():
            await staff.keyboard.press("ArrowDown")
    await expect(chosen).to_be_focused()
    await staff.keyboard.press("Enter")
    await expect(staff.get_by_role("status")).to_contain_text("下午茶会")
    await expect(chosen).to_be_checked()
    await expect(staff.get_by_label("扫码枪或志愿者编号")).to_be_focused()
    async with staff.expect_navigation():
        await staff.keyboard.type(people[1])
        await staff.keyboard.press("Enter")
    await expect(staff.get_by_role("status")).to_contain_text("已签到")
    assert await staff.get_by_role("row").filter(has_text="下午茶会").count() == 2
    await staff.goto(f"{site}/desk/activities")
    await item.get_by_role("button", name="结束活动").click()
    await expect(item).to_contain_text("已结束")
    await staff.goto(f"{site}/desk")
    assert await staff.get_by_text("没有签退").count() == 2


async def test_whoever_may_not_run_activities_sees_no_button_for_it(
    browser: Browser, site: str
) -> None:
    page, _ = await enter(browser, site, "审计员", path="/desk/activities?station=0001")
    await expect(page.get_by_text("社区食堂助餐").first).to_be_visible()
    assert await page.locator("main button").count() == 0


# Registration


async def test_somebody_is_registered_at_the_counter_and_checked_in_at_once(
    browser: Browser, site: str, js: bool
) -> None:
    page, _ = await enter(browser, site, CLERK, path="/desk/register")
    await page.get_by_label("姓名").fill("钱学文")
    await page.get_by_label("证件号码").fill(resident_id(700 + js))
    await page.get_by_label("电话").fill("13900000000")
    await page.get_by_role("button", name="登记", exact=True).click()
    await expect(page.get_by_role("alert")).to_be_visible()
    assert await page.get_by_label("姓名").input_value() == "钱学文"
    await page.get_by_role("checkbox").check()
    await page.get_by_role("button", name="登记", exact=True).click()
    digits = page.get_by_role("status").locator(".digits")
    number = await digits.inner_text()
    assert (await digits.get_attribute("aria-label") or "").startswith("W H ")
    assert number not in page.url
    await page.get_by_role("link", name="签到与确认").click()
    await expect(page.get_by_label("扫码枪或志愿者编号")).to_be_focused()
    await page.keyboard.type(number)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status")).to_contain_text("钱学文")


# Rosters


async def test_red_rows_are_mended_in_place_and_the_good_ones_go_in(
    browser: Browser, site: str, clock: ManualClock, people: list[str], js: bool
) -> None:
    day = (day_of(clock.now()) - timedelta(days=1 + js)).isoformat()
    rows = [
        f"{people[2]}\t{day}\t18:00\t19:00\t助老",
        f"{people[3]}\t{day}\t25:00\t19:00\t助老",
        f"WH-0000-000-0000\t{day}\t18:00\t19:00\t环境保护",
    ]
    page, _ = await enter(browser, site, CLERK, path="/desk/rosters", width=1280)
    await page.get_by_label("粘贴表格").fill("\n".join([HEAD, *rows]))
    await page.get_by_role("button", name="先检查").click()
    wrong = page.locator("tr.wrong")
    await expect(wrong).to_have_count(2)
    await expect(wrong.first).to_contain_text("14:30")
    faulty = page.get_by_label("开始 3")
    assert await faulty.input_value() == "25:00"
    assert await faulty.get_attribute("aria-invalid") == "true"
    await expect(page.get_by_role("status")).to_contain_text("还没有录入的行数：3")

    await page.get_by_role("button", name="提交", exact=True).click()
    await expect(page.get_by_role("status")).to_contain_text("已录入的行数：1")
    assert await page.locator("tbody tr").count() == 2
    await page.get_by_label("开始 3").fill("18:00")
    await page.get_by_label("志愿者编号 4").fill(people[4])
    await page.get_by_role("button", name="再检查").click()
    await expect(page.get_by_text("检查通过，可以提交")).to_be_visible()
    assert await page.locator("tbody td.number").all_inner_texts() == ["3", "4"], "as pasted"
    await page.get_by_role("button", name="提交", exact=True).click()
    await expect(page.get_by_role("status")).to_have_text("已办好")

    desk, _ = await enter(browser, site, MANAGER, path="/desk", width=1280)
    waiting = desk.get_by_role("row").filter(has_text=f"{day} 18:00")
    assert await waiting.count() == 3


async def test_a_workbook_is_read_like_a_pasted_sheet(
    browser: Browser, site: str, clock: ManualClock, people: list[str]
) -> None:
    day = (day_of(clock.now()) - timedelta(days=1)).isoformat()
    page, _ = await enter(browser, site, CLERK, path="/desk/rosters")
    blank = await page.request.get(
        site + str(await page.get_by_role("link", name="XLSX").get_attribute("href"))
    )
    empty = CalamineWorkbook.from_filelike(io.BytesIO(await blank.body()))
    (heads,) = empty.get_sheet_by_index(0).to_python()
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, {"in_memory": True})
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, heads)
    sheet.write_row(1, 0, [people[5], day, "20:00", "21:00", "助老"])
    sheet.write_row(2, 0, [people[5], day, "20:30", "21:30", "助老"])
    book.close()
    await page.get_by_label("或者选择文件").set_input_files(
        {"name": "名册.xlsx", "mimeType": "application/octet-stream", "buffer": file.getvalue()}
    )
    await page.get_by_role("button", name="直接提交").click()
    await expect(page.get_by_role("status")).to_contain_text("已录入的行数：1")
    assert await page.get_by_label("志愿者编号 3").input_value() == people[5]

    await page.goto(f"{site}/desk/rosters")
    broken: FilePayload = {
        "name": "x.xlsx",
        "mimeType": "application/octet-stream",
        "buffer": b"PK\x03\x04",
    }
    await page.get_by_label("或者选择文件").set_input_files(broken)
    await page.get_by_role("button", name="先检查").click()
    await expect(page.get_by_role("alert")).to_contain_text("XLSX")


async def test_a_roster_of_five_hundred_bad_rows_can_be_sent_back(
    browser: Browser, site: str, clock: ManualClock
) -> None:
    """All of the page's fields arrive again: none is cut off by a limit of ours."""
    day = day_of(clock.now()).isoformat()
    rows = [f"WH-0000-000-{n:04d}\t{day}\t08:00\t09:00\t助老" for n in range(500)]
    page, _ = await enter(browser, site, CLERK, path="/desk/rosters", width=1280)
    await page.get_by_label("粘贴表格").fill("\n".join([HEAD, *rows]))
    await page.get_by_role("button", name="先检查").click()
    await expect(page.get_by_role("status")).to_contain_text("要改正的行数：500")
    await page.get_by_role("button", name="再检查").click()
    await expect(page.get_by_role("status")).to_contain_text("要改正的行数：500")


def test_a_form_in_parts_is_read_and_what_is_no_form_is_refused() -> None:
    media = "multipart/form-data; boundary=--x"
    body = b'----x\r\nContent-Disposition: form-data; name="a"\r\n\r\n\xe4\xb8\x80\r\n2\r\n'
    file = b'----x\r\nContent-Disposition: form-data; name="f"; filename="f.csv"\r\n'
    file += b"Content-Type: text/csv\r\n\r\n"
    assert fields_of(body + file + b"\0\r\n\r\n----x--\r\n", media) == {
        "a": ["一\r\n2"],
        "f": ["AA0K"],
    }
    assert fields_of(body + file + b"\r\n----x--\r\n", media) == {"a": ["一\r\n2"]}
    assert fields_of(b"a=1&a=&b=2", "application/x-www-form-urlencoded") == {
        "a": ["1", ""],
        "b": ["2"],
    }
    for wrong in (body, body + b"----x\r\nno name\r\n\r\n1\r\n----x--", b""):
        with pytest.raises(ValueError):
            fields_of(wrong, media)
    with pytest.raises(ValueError):
        fields_of(b"&".join([b"a=1"] * 6000), "application/x-www-form-urlencoded")


async def test_a_body_that_is_too_large_is_no_form(site: str) -> None:
    async with httpx.AsyncClient(base_url=site) as client:
        answer = await client.post("/desk/rosters", content=b"a" * (1024 * 1024 + 1))
        assert answer.status_code == 413
