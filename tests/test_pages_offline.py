"""The desk without a network, in a real browser: scans wait, are sent, count once."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page, Route, expect

from tests.demo_site import afternoon, enter, make_city, serving
from timebank.attendance import Attendance, Way
from timebank.tables import select

pytestmark = pytest.mark.anyio
MANAGER, AUDITOR = "站长", "审计员"
BOX = "扫码枪或志愿者编号"
KEPT = """async () => { const kept = {};
  for (const name of await caches.keys())
    for (const asked of await (await caches.open(name)).keys())
      kept[asked.url.slice(location.origin.length)] = await (await caches.match(asked)).text();
  return kept; }"""
"""What the desk's service worker keeps, by address."""


@pytest.fixture(scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    settings = await make_city(tmp_path_factory.mktemp("city"))
    async with serving(settings, clock=afternoon()) as address:
        yield address


async def enrolled(desk: Page, site: str) -> None:
    """Make the desk's own browser a device of the station, at the city's hour."""
    await desk.clock.set_fixed_time(afternoon().now())
    await desk.goto(f"{site}/desk/devices")
    await desk.get_by_label("设备叫什么").fill("前台电脑")
    await desk.get_by_role("button", name="登记本机").click()
    await expect(desk.get_by_role("status")).to_contain_text("断网时也能签到")


async def at_the_door(desk: Page, site: str) -> None:
    """The desk, as a device of the station sees it."""
    await desk.goto(f"{site}/desk")
    await expect(desk.locator("#offline")).to_be_visible()


async def offline_visits() -> list[Attendance]:
    """Who was checked in by what a device took down offline."""
    held = await select(Attendance)
    return [one for one in held if one.visits[-1].began_by is Way.OFFLINE_SCAN]


async def lost_on_the_way(route: Route) -> None:
    """Let a request through, and lose its answer."""
    await route.fetch()
    await route.abort()


async def expect_visits(desk: Page, number: int) -> None:
    """Wait until that many came in."""
    for _ in range(100):
        if len(await offline_visits()) == number:
            return
        await desk.wait_for_timeout(100)
    raise AssertionError("what waited was not sent")


async def test_what_is_scanned_offline_waits_is_sent_and_counts_once(
    browser: Browser, site: str
) -> None:
    desk, said = await enter(browser, site, MANAGER, path="/desk", width=1280)
    told = await desk.locator(".check .away").all_inner_texts()
    first, second = [text.split()[-1] for text in told][:2]
    await enrolled(desk, site)
    await at_the_door(desk, site)
    await desk.context.set_offline(True)
    for number in (first, second, "WH-0000-000-0000"):
        await desk.get_by_label(BOX).fill(number)
        await desk.keyboard.press("Enter")
        await expect(desk.locator("#offline [role=status]")).to_contain_text(f"{number} 已存在本机")
    await expect(desk.locator("#offline output")).to_have_text("3")
    await expect(desk.get_by_label(BOX)).to_be_focused()
    assert await offline_visits() == []

    # An answer that is lost on its way: what waits is sent again, and counts once.
    await desk.route("**/graphql", lost_on_the_way)
    await desk.context.set_offline(False)
    await expect(desk.locator("#offline output")).to_have_text("3")
    await expect_visits(desk, 2)
    # One that is on its way just then is lost whole.
    await desk.unroute_all(behavior="wait")
    await at_the_door(desk, site)
    await expect(desk.locator("#offline output")).to_have_text("1")
    await expect(desk.locator("#offline li")).to_contain_text("WH-0000-000-0000")
    assert len(await offline_visits()) == 2
    await desk.get_by_role("button", name="已另行登记").click()
    await expect(desk.locator("#offline output")).to_have_text("0")
    assert [one for one in said if "Failed to load" not in one and "ERR_" not in one] == []


async def test_the_desk_is_loaded_again_without_a_network_and_keeps_nobody_s_data(
    browser: Browser, site: str
) -> None:
    desk, said = await enter(browser, site, MANAGER, path="/desk", width=1280)
    number = (await desk.locator(".check .away").all_inner_texts())[4].split()[-1]
    await enrolled(desk, site)
    await at_the_door(desk, site)
    await desk.wait_for_function("navigator.serviceWorker.ready.then(it => !!it.active)")
    kept = await desk.evaluate(KEPT)
    assert {url.partition("?")[0] for url in kept} == {
        "/desk/offline",
        "/static/timebank.css",
        "/static/desk.js",
    }
    assert not any("WH-" in text or "王" in text for text in kept.values())
    before = len(await offline_visits())
    await desk.context.set_offline(True)
    await desk.reload()
    await expect(desk.get_by_role("heading", name="现在没有网络")).to_be_visible()
    await desk.get_by_label(BOX).fill(number)
    await desk.get_by_role("radio").first.check()
    await desk.get_by_label(BOX).press("Enter")
    await expect(desk.locator("#offline output")).to_have_text("1")
    await desk.context.set_offline(False)
    await desk.get_by_role("link", name="再试一次网络").click()
    await expect_visits(desk, before + 1)
    await expect(desk.get_by_role("heading", name="现在没有网络")).to_have_count(0)
    assert [one for one in said if "Failed to load" not in one and "ERR_" not in one] == []


async def test_a_device_that_was_ended_keeps_what_waits_and_says_so(
    browser: Browser, site: str
) -> None:
    desk, _ = await enter(browser, site, MANAGER, path="/desk", width=1280)
    number = (await desk.locator(".check .away").all_inner_texts())[3].split()[-1]
    await enrolled(desk, site)
    await desk.get_by_role("button", name="停用").first.click()
    await at_the_door(desk, site)
    await desk.context.set_offline(True)
    await desk.get_by_label(BOX).fill(number)
    await desk.keyboard.press("Enter")
    await expect(desk.locator("#offline output")).to_have_text("1")
    await desk.context.set_offline(False)
    await expect(desk.locator("#offline [role=status]")).to_contain_text("重新登记本机")
    await expect(desk.locator("#offline output")).to_have_text("1")


async def test_a_desk_that_is_no_device_has_no_queue(browser: Browser, site: str) -> None:
    desk, _ = await enter(browser, site, AUDITOR, path="/desk?station=0001", width=1280)
    await expect(desk.locator("#offline")).to_be_hidden()
