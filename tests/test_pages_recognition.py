"""Pages of recognition in a real browser: a certificate's whole way, its check, and the stars."""

import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page

from tests.demo_site import enter, make_city, serving

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("js")]


@pytest.fixture(scope="module")
async def site(js: bool, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    settings = await make_city(tmp_path_factory.mktemp("city"))
    async with serving(settings) as address:
        yield address


async def read_code(page: Page, directory: Path, zbarimg: str) -> str:
    """What a scanner reads on the page, as it is drawn."""
    shot = directory / "seal.png"
    await page.locator("img.seal").screenshot(path=shot, scale="device")
    return _scanned(zbarimg, shot)


async def no_altered_seal_is_believed(check: Page, address: str) -> None:
    """The page says invalid for one altered digit, in what is shown and in what is only signed."""
    place, _, seal = address.partition("#")
    fields = seal.split("~")
    for field in (4, 8):
        digit = fields[field][0]
        changed = [*fields]
        changed[field] = ("1" if digit != "1" else "2") + changed[field][1:]
        await check.goto(f"{place}#{'~'.join(changed)}")
        await check.reload()
        await check.get_by_text("无效：二维码被改动过").wait_for()
        assert not await check.get_by_role("heading", name="有效", exact=True).is_visible()
    await check.goto(address)
    await check.reload()
    await check.get_by_text("二维码签名真实").wait_for()


def _scanned(zbarimg: str, picture: Path) -> str:
    words = [zbarimg, "-q", "--raw", "-S*.enable=0", "-Sqrcode.enable=1", str(picture)]
    return subprocess.run(words, capture_output=True, check=True, text=True).stdout.strip()


async def test_a_certificate_is_asked_for_issued_scanned_and_said_to_hold(
    browser: Browser,
    site: str,
    tmp_path: Path,
    system_tool: Callable[[str], str],
    js: bool,
) -> None:
    mine, said = await enter(browser, site, "志愿者", width=1280)
    # Two taps from opening: the menu, and the button whose days are filled in.
    await mine.get_by_role("link", name="证明", exact=True).click()
    await mine.get_by_role("button", name="申请证明").click()
    assert await mine.get_by_text("等待站点出具").is_visible()
    desk, more = await enter(browser, site, "站长", path="/desk/certificates", width=1280)
    await desk.get_by_role("button", name="出具证明").click()
    assert await desk.get_by_text("现在没有待出具的证明").is_visible()
    await mine.reload()
    await mine.get_by_role("link", name="打开证明").first.click()
    assert await mine.get_by_text("兹证明").is_visible()
    address = await read_code(mine, tmp_path, system_tool("zbarimg"))
    assert address.startswith(f"{site}/v/")
    # Whoever scans it need not be signed in.
    context = await browser.new_context(locale="zh-CN")
    check = await context.new_page()
    await check.goto(address)
    assert await check.get_by_role("heading", name="有效", exact=True).is_visible()
    if js:
        await no_altered_seal_is_believed(check, address)
    code = address.partition("#")[0][-1]
    altered = address.partition("#")[0][:-1] + ("0" if code != "0" else "1")
    await check.goto(altered)
    assert await check.get_by_role("heading", name="查无此证明").is_visible()
    assert await check.get_by_role("heading", name="有效", exact=True).count() == 0
    assert not said + more


async def test_a_station_may_decline_and_the_volunteer_withdraw(
    browser: Browser, site: str
) -> None:
    mine, said = await enter(browser, site, "志愿者", path="/certificates")
    await mine.get_by_role("button", name="申请证明").click()
    await mine.get_by_role("button", name="撤回申请").click()
    assert await mine.get_by_text("已撤回").first.is_visible()
    await mine.get_by_role("button", name="申请证明").click()
    desk, more = await enter(browser, site, "站长", path="/desk/certificates", width=1280)
    await desk.get_by_role("button", name="不出具").click()
    await mine.reload()
    assert await mine.get_by_text("未出具").first.is_visible()
    assert not said + more


async def test_days_that_cannot_be_are_refused_in_a_sentence(browser: Browser, site: str) -> None:
    mine, _ = await enter(browser, site, "志愿者", path="/certificates")
    await mine.get_by_label("从哪一天").fill("2099-01-01")
    await mine.get_by_label("到哪一天").fill("2099-01-02")
    await mine.get_by_role("button", name="申请证明").click()
    assert await mine.get_by_role("alert").get_by_text("截止日期最晚为今天").is_visible()


async def test_stars_show_the_rule_the_distance_and_any_past_day(
    browser: Browser, site: str
) -> None:
    page, said = await enter(browser, site, "志愿者", path="/stars")
    assert await page.get_by_text("WH-2016-12").is_visible()
    assert await page.get_by_text("距离下一星还差").is_visible()
    assert await page.get_by_role("button", name="申请", exact=False).count() == 0
    await page.get_by_label("查看过去某一天的星级").fill("2020-01-01")
    await page.get_by_role("button", name="查看", exact=True).click()
    assert await page.get_by_text("2020-01-01").first.is_visible()
    assert await page.get_by_text("100 小时", exact=True).first.is_visible()
    for strange in ("2020-13-45", "x", "2020-02-31"):
        answer = await page.goto(f"{site}/stars?day={strange}")
        assert answer
        assert answer.status == 200
    assert not said


async def test_what_is_laid_open_is_open_to_everybody(browser: Browser, site: str) -> None:
    context = await browser.new_context(locale="zh-CN")
    page = await context.new_page()
    await page.goto(f"{site}/stars/publicity")
    assert await page.get_by_role("heading", name="星级公示").is_visible()
    assert await page.get_by_role("link", name="登录后可以提出异议").is_visible()
