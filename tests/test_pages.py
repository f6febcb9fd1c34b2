"""The pages in a real browser: what a volunteer and a station manager do all day."""

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Browser

from tests.demo_site import enter, make_city, serving
from timebank.access import Role
from timebank.demo_year import TITLES
from timebank.events import Event, kinds
from timebank.record_life import RecordState
from web.pages.every import PAGES

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("js")]
# Every page that a manager can open by its address alone, from the tables themselves.
OPEN_TO_STAFF = [page.path for page in PAGES if "{" not in page.path] + ["/c/0001"]
STATIC = Path(__file__).parent.parent / "web" / "static"
VENDOR = STATIC / "vendor"


@pytest.fixture(scope="module")
async def site(js: bool, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    settings = await make_city(tmp_path_factory.mktemp("city"))
    async with serving(settings) as address:
        yield address


def test_every_movement_and_every_state_has_a_word_on_the_pages() -> None:
    """A volunteer never reads `gift.offered`."""
    words = (STATIC.parent / "templates" / "parts.html").read_text("utf-8")
    moving = {kind for kind, event in kinds().items() if event.postings is not Event.postings}
    ours = {kind for kind in moving if not kind.startswith("test.")}
    assert "gift.offered" in ours
    assert [
        one
        for one in sorted(ours | {state.name for state in RecordState})
        if f'"{one}": _(' not in words
    ] == []


def test_every_role_that_somebody_can_hold_has_a_word_where_roles_are_given() -> None:
    """An operator never reads `ORGANISATION_FINANCE`."""
    words = (STATIC.parent / "templates" / "office_roles.html").read_text("utf-8")
    assert [role for role in Role.__members__ if f'"{role}": _(' not in words] == []


async def test_a_volunteer_sees_the_balance_at_once_and_redeems_in_three_taps(
    browser: Browser, site: str
) -> None:
    page, said = await enter(browser, site, "志愿者")
    assert await page.get_by_text("可用时间").is_visible()
    await page.get_by_role("link", name="兑换服务").click()
    await page.get_by_role("link", name="社区食堂餐券").first.click()
    await page.get_by_role("button", name="确认兑换").click()
    assert await page.get_by_text("取货码").first.is_visible()
    assert await page.get_by_role("status").inner_text() == "已办好"
    assert not said


async def test_a_manager_confirms_and_the_volunteer_accepts(browser: Browser, site: str) -> None:
    desk, said = await enter(browser, site, "站长", width=1280)
    await desk.get_by_role("link", name="工作台").click()
    boxes = desk.get_by_role("checkbox")
    assert await boxes.count() > 0
    await desk.get_by_role("button", name="确认所选").click()
    assert await desk.get_by_text("现在没有待确认的工时").is_visible()
    home, more = await enter(browser, site, "志愿者")
    await home.get_by_role("button", name="全部接受").click()
    assert await home.get_by_role("status").inner_text() == "已办好"
    assert await home.get_by_role("button", name="全部接受").count() == 0
    assert not said + more


async def test_not_me_is_one_tap_and_stays_visible(browser: Browser, site: str) -> None:
    page, said = await enter(browser, site, "志愿者")
    await page.get_by_role("link", name="明细", exact=True).click()
    await page.get_by_role("button", name="不是我").first.click()
    assert await page.get_by_text("本人否认").first.is_visible()
    assert not said


async def test_the_whole_site_speaks_english_too(browser: Browser, site: str) -> None:
    page, _ = await enter(browser, site, "站长")
    await page.get_by_role("button", name="English").click()
    for path in (*OPEN_TO_STAFF, "/demo"):
        await page.goto(site + path)
        chinese = await page.evaluate(
            """[...document.querySelectorAll(
                'h2, nav a, button, label, legend, th, dt, .tag, .hint')]
            .map(one => one.textContent).filter(text => /[\\u4e00-\\u9fff]/.test(text))"""
        )
        # The names of people, places, teams, rewards and activities stay as they are written.
        rewards = ("社区食堂餐券", "家电检修一次", "理发一次")
        theirs = ("中文", "武汉市", "志愿服务队", *rewards, *TITLES.values())
        assert [text for text in chinese if not any(one in text for one in theirs)] == []
        assert await page.evaluate("document.documentElement.lang") == "en"


async def test_pages_refuse_the_wrong_role_and_forged_forms(site: str) -> None:
    async with httpx.AsyncClient(base_url=site) as client:
        answer = await client.get("/desk")
        assert (answer.status_code, answer.headers["location"]) == (303, "/demo?next=/desk")
        forged = await client.post("/redeem", data={"reward": "rwd_x", "key": "12345678"})
        assert forged.status_code == 403
        foreign = await client.post("/redeem", headers={"sec-fetch-site": "cross-site"})
        assert foreign.status_code == 403
        assert (await client.get("/static/../app.py")).status_code == 404


async def test_a_volunteer_is_told_that_the_desk_is_not_theirs(browser: Browser, site: str) -> None:
    page, _ = await enter(browser, site, "志愿者")
    answer = await page.goto(site + "/desk")
    assert answer is not None
    assert answer.status == 403
    assert await page.get_by_text("您的账号没有这个权限").is_visible()


async def test_every_answer_carries_the_safe_headers(site: str) -> None:
    async with httpx.AsyncClient(base_url=site) as client:
        for path in (
            "/demo",
            "/healthz",
            "/readyz",
            "/version",
            "/static/timebank.css",
            "/graphql",
        ):
            headers = (await client.get(path)).headers
            assert "default-src 'none'" in headers["content-security-policy"]
            assert headers["x-content-type-options"] == "nosniff"
        assert (await client.get("/readyz")).json() == {"ready": True}
        page = await client.get("/demo")
        assert page.headers["cache-control"] == "no-store"


async def test_a_link_of_the_door_works_once(site: str) -> None:
    async with httpx.AsyncClient(base_url=site) as client:
        shown = (await client.get("/demo")).text
        csrf = shown.split('name="csrf" value="')[1].split('"')[0]
        link = shown.split('name="link" value="')[1].split('"')[0]
        asked = {"csrf": csrf, "link": link}
        assert (await client.post("/demo", data=asked)).status_code == 303
        client.cookies.clear()
        assert (await client.post("/demo", data=asked)).status_code == 403


async def test_staff_explore_the_schema_without_any_foreign_request(
    browser: Browser, site: str
) -> None:
    page, said = await enter(browser, site, "站长", width=1280, js=True)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.goto(site + "/graphiql")
    await page.get_by_role("button", name="Show Documentation Explorer").click()
    await page.get_by_text("Root Types").wait_for()
    await page.get_by_text("Query", exact=True).first.wait_for()
    foreign = [url for url in asked if not url.startswith((site, "data:", "blob:"))]
    assert not foreign
    assert not said
    volunteer, _ = await enter(browser, site, "志愿者")
    answer = await volunteer.goto(site + "/graphiql")
    assert answer is not None
    assert answer.status == 403


def test_vendored_files_are_those_of_the_lock() -> None:
    lock = (VENDOR / "hashes.lock").read_text("ascii").splitlines()
    held = {name: digest for digest, name in (line.split() for line in lock)}
    files = {path.name for path in VENDOR.iterdir() if path.suffix in (".js", ".css")}
    assert set(held) == files
    for name, digest in held.items():
        assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == digest


@pytest.mark.parametrize("mode", ["标准版", "长辈版"])
async def test_the_balance_stands_in_the_first_window_of_a_phone(
    browser: Browser, site: str, mode: str
) -> None:
    page, _ = await enter(browser, site, "志愿者")
    await page.set_viewport_size({"width": 360, "height": 640})
    if mode == "长辈版":
        await page.get_by_role("button", name=mode).click()
    balance = await page.locator(".balance").bounding_box()
    bar = await page.get_by_role("navigation", name="主要页面").bounding_box()
    assert balance
    assert bar
    assert balance["y"] + balance["height"] <= bar["y"]
    assert bar["y"] + bar["height"] == pytest.approx(640, abs=1)


async def test_no_bar_hides_the_button_of_a_single_decision(browser: Browser, site: str) -> None:
    page, _ = await enter(browser, site, "志愿者", path="/redeem")
    bar = page.get_by_role("navigation", name="主要页面")
    assert await bar.count() == 1
    await page.get_by_role("link", name="社区食堂餐券").first.click()
    await page.get_by_role("button", name="确认兑换").wait_for()
    assert await bar.count() == 0


async def test_everything_that_may_be_opened_is_one_tap_behind_more(
    browser: Browser, site: str
) -> None:
    for who, desk in (("志愿者", 0), ("站长", 1)):
        page, _ = await enter(browser, site, who, path="/my-code")
        await page.get_by_role("link", name="更多").click()
        await page.get_by_role("heading", name="身边的事").wait_for()
        assert await page.get_by_role("heading", name="站点工作台").count() == desk
        assert await page.get_by_role("main").get_by_role("link", name="名册录入").count() == desk


async def test_somebody_registers_with_their_own_consent(
    browser: Browser, site: str, js: bool
) -> None:
    context = await browser.new_context(locale="zh-CN")
    page = await context.new_page()
    await page.goto(site + "/register")
    await page.get_by_label("服务站编号").fill("9999")
    await page.get_by_role("button", name="下一步").click()
    assert await page.get_by_text("没有这个编号的服务站").is_visible()
    await page.get_by_label("服务站编号").fill("0001")
    await page.get_by_role("button", name="下一步").click()
    await page.get_by_label("姓名").fill("赵志强")
    number = "11010519491231002X" if js else "420102194901010017"
    await page.get_by_label("居民身份证号码").fill(number)
    await page.get_by_label("电话").fill("13900000000")
    await page.get_by_role("button", name="登记", exact=True).click()
    assert await page.get_by_role("alert").is_visible()
    assert await page.get_by_label("姓名").input_value() == "赵志强"
    await page.get_by_role("checkbox").check()
    await page.get_by_role("button", name="登记", exact=True).click()
    assert (await page.get_by_role("status").inner_text()).count("WH-") == 1


async def test_a_registration_from_no_form_of_ours_is_refused(site: str) -> None:
    async with httpx.AsyncClient(base_url=site) as client:
        shown = (await client.get("/register?station=0001")).text
        csrf = shown.split('name="csrf" value="')[1].split('"')[0]
        asked = {"csrf": csrf, "form": "0" * 32 + "." + "0" * 64, "key": "12345678"}
        assert (await client.post("/register", data=asked)).status_code == 403


async def test_signing_in_with_a_wrong_password_says_so_and_keeps_the_number(
    browser: Browser, site: str
) -> None:
    context = await browser.new_context(locale="zh-CN")
    page = await context.new_page()
    await page.goto(site + "/sign-in")
    await page.get_by_label("志愿者编号").fill("WH-0000-000-0000")
    await page.get_by_label("密码").fill("not the password")
    await page.get_by_role("button", name="登录").click()
    assert await page.get_by_role("alert").is_visible()
    assert await page.get_by_label("志愿者编号").input_value() == "WH-0000-000-0000"
    assert await page.get_by_label("密码").input_value() == ""
