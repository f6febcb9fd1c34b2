"""The desk in a real browser: who comes, who goes, and what the station sees of it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import Browser, Page, expect

from tests.demo_site import afternoon, enter, make_city, serving
from timebank.clock import ManualClock, day_of
from web.forms import Posted
from web.pages.stations import scanned

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("js")]
CLERK, MANAGER, VOLUNTEER = "站点工作人员", "站长", "志愿者"


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


async def number_of(browser: Browser, site: str) -> str:
    """The volunteer's number, as their own check-in code tells it."""
    page, _ = await enter(browser, site, VOLUNTEER, path="/my-code")
    return await page.locator(".digits").inner_text()


@pytest.fixture(scope="module", autouse=True)
async def people(chromium: Browser, site: str) -> list[str]:
    """Numbers of volunteers of the station, from the boxes of the records that wait at first."""
    desk, _ = await enter(chromium, site, CLERK, path="/desk")
    told = await desk.locator(".check .away").all_inner_texts()
    return [text.split()[-1] for text in told]


async def scan(desk: Page, number: str, told: str) -> None:
    """Scan a number as a keyboard-wedge scanner does, and wait for what the desk says."""
    # Nobody scans before the page is there: keys struck earlier would reach no box.
    await expect(desk.get_by_label("扫码枪或志愿者编号")).to_be_focused()
    async with desk.expect_navigation():
        await desk.keyboard.type(number)
        await desk.keyboard.press("Enter")
    await expect(desk.get_by_role("status")).to_contain_text(told)


async def count(desk: Page, name: str) -> int:
    told = await desk.locator(".counts div", has_text=name).locator("dd").inner_text()
    return int(told)


# The desk


async def test_a_scanner_checks_in_and_out_without_a_tap(
    browser: Browser, site: str, clock: ManualClock, people: list[str], js: bool
) -> None:
    number = people[js]
    desk, said = await enter(browser, site, CLERK, path="/desk", width=1280)
    box = desk.get_by_label("扫码枪或志愿者编号")
    await expect(box).to_be_focused()
    inside, left = await count(desk, "在服务"), await count(desk, "已离开")

    await scan(desk, number, "已签到")
    told = desk.get_by_role("status")
    now = clock.now() + timedelta(hours=8)
    assert f"{now:%H:%M}" in await told.inner_text()
    assert number not in await told.inner_text(), "staff of the volunteer's station see the name"
    assert number not in desk.url
    assert await count(desk, "在服务") == inside + 1
    await expect(box).to_be_focused()
    assert await box.input_value() == ""

    clock.move(timedelta(minutes=65))
    await scan(desk, number.lower(), "已签退")
    assert (await count(desk, "在服务"), await count(desk, "已离开")) == (inside, left + 1)
    assert not said


async def test_a_number_that_nobody_has_is_kept_and_the_next_scan_is_taken(
    browser: Browser, site: str, people: list[str]
) -> None:
    desk, _ = await enter(browser, site, CLERK, path="/desk", width=1280)
    box = desk.get_by_label("扫码枪或志愿者编号")
    await box.fill("WH-0000-000-0000")
    async with desk.expect_response(lambda answer: "/desk/scan" in answer.url) as answer:
        await box.press("Enter")
    assert (await answer.value).status == 422
    await expect(desk.get_by_role("alert")).to_contain_text("没有这个编号的志愿者")
    assert await box.input_value() == "WH-0000-000-0000"
    await expect(box).to_be_focused()
    assert await box.get_attribute("aria-invalid") == "true"

    await scan(desk, people[2], "已签到")  # a scanner deletes nothing
    await scan(desk, people[2], "已签退")


@pytest.mark.parametrize(
    ("typed", "kept", "number"),
    [
        ("WH-1", "", "WH-1"),
        ("WH-0001WH-0002", "WH-0001", "WH-0002"),
        ("WH-0002WH-0001", "WH-0001", "WH-0002"),
        ("WH-00012", "WH-0001", "WH-00012"),
        ("WH-0001", "WH-0001", "WH-0001"),
    ],
)
def test_what_stood_in_the_box_is_taken_off_only_where_a_whole_number_was_added(
    typed: str, kept: str, number: str
) -> None:
    given = {"number": [typed], "kept": [kept]}
    assert scanned(Posted(given=given, query={}, path={}, now=datetime.now(UTC))) == number


async def test_the_morning_goes_from_the_door_to_the_ledger(
    browser: Browser, site: str, clock: ManualClock
) -> None:
    """Check in and out by scan, record by the clerk, confirm by the manager, accept at home."""
    number = await number_of(browser, site)
    clerk, said = await enter(browser, site, CLERK, path="/desk", width=1280)
    await scan(clerk, number, "已签到")
    clock.move(timedelta(minutes=40))
    await scan(clerk, number, "已签退")
    waiting = await count(clerk, "待确认")
    name = (await clerk.get_by_role("status").locator("strong").inner_text()).strip()
    # Another test may have scanned the same person in and out: it is the visit of these minutes.
    row = clerk.get_by_role("row", name=name).filter(has_text="登记工时").filter(has_text="40 分")
    await row.get_by_role("button", name="登记工时").click()
    await expect(clerk.get_by_text("已办好")).to_be_visible()
    assert await count(clerk, "待确认") == waiting + 1

    manager, more = await enter(browser, site, MANAGER, path="/desk", width=1280)
    await manager.get_by_role("button", name="确认所选").click()
    await expect(manager.get_by_text("已办好")).to_be_visible()
    assert await count(manager, "待确认") == 0

    home, still = await enter(browser, site, VOLUNTEER)
    before = await home.locator(".figure").inner_text()
    await home.get_by_role("button", name="全部接受").click()
    await expect(home.get_by_role("status")).to_have_text("已办好")
    assert await home.locator(".figure").inner_text() != before
    assert not said + more + still


async def test_the_desk_of_nobody_s_station_asks_which(browser: Browser, site: str) -> None:
    page, _ = await enter(browser, site, "审计员", path="/desk")
    await page.get_by_label("服务站编号").fill("nowhere")
    await page.get_by_role("button", name="打开").click()
    await expect(page.get_by_text("没有这个编号的服务站")).to_be_visible()
    await page.get_by_label("服务站编号").fill("0001")
    await page.get_by_role("button", name="打开").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("志愿者服务站")
    # An auditor reads records and checks nobody in: no counts, no people of the day.
    assert await page.locator(".counts").count() == 0


async def test_a_scan_outside_one_s_station_is_refused_and_does_nothing(
    browser: Browser, site: str, people: list[str]
) -> None:
    clerk, _ = await enter(browser, site, CLERK, path="/desk")
    inside = await count(clerk, "在服务")
    page, _ = await enter(browser, site, "审计员", path="/desk?station=0001")
    await page.get_by_label("扫码枪或志愿者编号").fill(people[3])
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_be_visible()
    await clerk.reload()
    assert await count(clerk, "在服务") == inside


async def test_what_was_not_recorded_on_its_day_is_recorded_with_its_reason(
    browser: Browser, site: str, clock: ManualClock
) -> None:
    """The last of these tests, for it moves the clock on."""
    number = await number_of(browser, site)
    clerk, _ = await enter(browser, site, CLERK, path="/desk", width=1280)
    await scan(clerk, number, "已签到")
    clock.move(timedelta(minutes=35))
    await scan(clerk, number, "已签退")
    day = day_of(clock.now())
    clock.move(timedelta(days=4))
    clerk, said = await enter(browser, site, CLERK, path="/desk", width=360)
    await clerk.get_by_label("看另一天").fill(day.isoformat())
    await clerk.get_by_role("button", name="查看").click()
    row = clerk.get_by_role("row").filter(has_text="35 分").filter(has_text="登记工时")
    await row.get_by_role("button", name="登记工时").click()
    await expect(clerk.get_by_role("alert")).to_contain_text("原因")
    await row.get_by_label("为什么晚登记").select_option("SYSTEM_DOWN")
    await row.get_by_role("button", name="登记工时").click()
    await expect(clerk.get_by_text("已办好")).to_be_visible()
    assert f"day={day}" in clerk.url
    assert await clerk.evaluate("document.documentElement.scrollWidth") == 360
    assert [one for one in said if "422" not in one] == []
