"""The door in a real browser: a phone, a poster with a rotating code, and one tap."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import anyio
import httpx
import pytest
from playwright.async_api import Browser, expect

from tests.demo_site import afternoon, enter, make_city, serving
from timebank.clock import ManualClock
from web.forms import own_path

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("js")]
CLERK, VOLUNTEER = "站点工作人员", "志愿者"


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


async def code_on_screen(browser: Browser, site: str) -> tuple[str, str]:
    """The address in the QR code's neighbour and the six digits."""
    page, said = await enter(browser, site, CLERK, path="/desk/code", width=1280)
    digits = page.locator(".digits")
    code = (await digits.inner_text()).replace(" ", "")
    assert await digits.get_attribute("aria-label") == " ".join(code)
    assert re.fullmatch(r"\d{6}", code)
    assert not said
    return await page.locator("strong.plain").inner_text(), code


async def test_the_screen_renews_its_code_and_nothing_else(
    browser: Browser, site: str, clock: ManualClock
) -> None:
    page, said = await enter(browser, site, CLERK, js=True)
    await page.clock.install()
    await page.goto(f"{site}/desk/code")
    await page.evaluate("window.kept = true")
    digits = page.locator(".digits")
    before = await digits.inner_text()
    clock.move(timedelta(minutes=2))
    await page.clock.fast_forward(16_000)
    await expect(digits).not_to_have_text(before)
    assert await page.evaluate("window.kept")
    assert not said
    plain, _ = await enter(browser, site, CLERK, path="/desk/code", js=False)
    refresh = plain.locator('meta[http-equiv="refresh"]')
    assert 15 <= int(await refresh.get_attribute("content") or 0) <= 30


async def test_a_volunteer_checks_in_and_out_with_one_tap_after_the_scan(
    browser: Browser, site: str, clock: ManualClock
) -> None:
    address, code = await code_on_screen(browser, site)
    phone, said = await enter(browser, site, VOLUNTEER)
    await phone.goto(f"{address}?code={code}")
    await phone.get_by_role("button", name="签到", exact=True).click()
    await expect(phone.get_by_role("status")).to_contain_text("已签到")
    assert code not in phone.url

    clock.move(timedelta(minutes=45))
    _, later = await code_on_screen(browser, site)
    assert later != code
    await phone.goto(f"{address}?code={later}")
    await phone.get_by_role("button", name="签退", exact=True).click()
    told = phone.get_by_role("status")
    await expect(told).to_contain_text("已签退")
    assert "45 分" in await told.inner_text()
    await phone.get_by_role("button", name="登记这次服务").click()
    await expect(phone.get_by_text("等待站点确认")).to_be_visible()
    assert not said
    clock.move(timedelta(minutes=5))


async def test_the_digits_can_be_typed_and_a_wrong_one_is_kept(
    browser: Browser, site: str, clock: ManualClock
) -> None:
    address, code = await code_on_screen(browser, site)
    phone, _ = await enter(browser, site, VOLUNTEER)
    await phone.goto(address)
    box = phone.get_by_label("六位签到码")
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    await box.fill(wrong)
    await box.press("Enter")
    await expect(phone.get_by_role("alert")).to_contain_text("码")
    assert await box.input_value() == wrong
    await box.fill(f"{code[:3]} {code[3:]}")
    await box.press("Enter")
    await expect(phone.get_by_role("status")).to_contain_text("已签到")
    clock.move(timedelta(minutes=20))
    _, code = await code_on_screen(browser, site)
    await box.fill(code)
    await box.press("Enter")
    await expect(phone.get_by_role("status")).to_contain_text("已签退")


async def test_whoever_is_not_signed_in_is_led_to_sign_in_and_back(
    browser: Browser, site: str
) -> None:
    page = await (await browser.new_context(locale="zh-CN")).new_page()
    await page.goto(f"{site}/c/0001?code=123456")
    await page.get_by_role("button", name=VOLUNTEER, exact=True).click()
    assert page.url == f"{site}/c/0001?code=123456"
    assert await page.get_by_label("六位签到码").input_value() == "123456"
    await page.goto(f"{site}/c/nowhere")
    await expect(page.get_by_text("没有这个编号的服务站")).to_be_visible()


async def test_a_page_one_may_not_see_yet_is_where_signing_in_leads(site: str) -> None:
    async with httpx.AsyncClient(base_url=site) as client:
        answer = await client.get("/activities?x=1")
        told = urlsplit(answer.headers["location"])
        assert parse_qs(told.query) == {"next": ["/activities?x=1"]}


@pytest.mark.parametrize(
    "foreign",
    ["//evil.example", "/\\evil.example", "https://evil.example", "/\t/evil.example", "evil", ""],
)
def test_no_address_of_another_host_is_led_back_to(foreign: str) -> None:
    assert own_path(foreign) == "/"
    assert own_path("/c/0001?code=1") == "/c/0001?code=1"


async def test_the_codes_can_be_read_by_a_scanner(
    browser: Browser, site: str, tmp_path_factory: pytest.TempPathFactory, system_tool: object
) -> None:
    assert callable(system_tool)
    reader = system_tool("zbarimg")
    pictures = tmp_path_factory.mktemp("codes")
    mine, _ = await enter(browser, site, VOLUNTEER, path="/my-code")
    number = await mine.locator(".digits").inner_text()
    await mine.locator("img.qr").screenshot(path=pictures / "mine.png")
    screen, _ = await enter(browser, site, CLERK, path="/desk/code", width=1280)
    code = (await screen.locator(".digits").inner_text()).replace(" ", "")
    await screen.locator("img.qr").screenshot(path=pictures / "screen.png")

    for name, wanted in (("mine", number), ("screen", f"{site}/c/0001?code={code}")):
        picture = str(pictures / f"{name}.png")
        read = await anyio.run_process([reader, "--quiet", "--raw", picture])
        assert read.stdout.decode().strip() == wanted
