"""The counter in a real browser: acting for somebody, both being named, and the slip they get."""

import re
import subprocess
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from tests.demo_site import afternoon, enter, make_city, serving
from tests.world import key
from timebank.access import Role, grant_role
from timebank.actors import SYSTEM
from timebank.clock import ManualClock
from timebank.demo import sign_ins
from timebank.places import station_by_number

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("js")]
CLERK, THIRD, VOLUNTEER = "站点工作人员", "区登记员", "志愿者"


@pytest.fixture(scope="module")
def clock(js: bool) -> ManualClock:
    return afternoon()


@pytest.fixture(scope="module")
async def site(
    js: bool, tmp_path_factory: pytest.TempPathFactory, clock: ManualClock
) -> AsyncIterator[str]:
    settings = await make_city(tmp_path_factory.mktemp("city"))
    async with serving(settings, clock=clock) as address:
        # Both who sign in at the station had a hand in every record: a third serves the counter.
        who = next(one for one in await sign_ins() if one.role == "district_registrar")
        place = await station_by_number("0001")
        assert place
        await grant_role(
            SYSTEM, person=who.person, role=Role.STATION_CLERK, scope=place.path, key=key()
        )
        yield address


async def begun(browser: Browser, site: str, *, who: str = THIRD) -> tuple[Page, list[str], str]:
    """The counter acting for the volunteer, what its console says, and whose number it is."""
    phone, _ = await enter(browser, site, VOLUNTEER, path="/my-code")
    number = await phone.locator(".digits").inner_text()
    desk, said = await enter(browser, site, who, path="/desk/person")
    await desk.get_by_label("本人的志愿者编号").fill(number)
    await desk.get_by_role("button", name="开始代办").click()
    await expect(desk.get_by_role("heading", name="正在代办")).to_contain_text(number)
    return desk, said, number


def said_by(program: str, file: Path, *more: str) -> str:
    """What a program of poppler says of a file."""
    done = subprocess.run([program, file, *more], capture_output=True, text=True, check=True)
    return done.stdout


async def test_whoever_turned_another_key_accepts_for_nobody(browser: Browser, site: str) -> None:
    desk, _, _ = await begun(browser, site, who=CLERK)
    await desk.get_by_role("button", name="本人当面接受所选").click()
    await expect(desk.get_by_role("alert")).to_contain_text("须由他人办理")
    await expect(desk.locator(".acting")).to_be_visible()


async def test_the_counter_acts_for_somebody_and_both_are_named(
    browser: Browser, site: str, js: bool
) -> None:
    desk, said, number = await begun(browser, site)
    assert number not in desk.url, "no address keeps whom one asked for"
    banner = desk.locator(".acting")
    await expect(banner).to_contain_text("14:15")
    own = await desk.locator(".acting p").first.inner_text()
    assert own.count("WH-") == 1
    assert number not in own
    if not js:
        before = await desk.locator(".figure").inner_text()
        for name in ("已当面告知本人", "本人当面接受所选"):
            await desk.get_by_role("button", name=name).click()
            await expect(desk.get_by_text("已办好")).to_be_visible()
            await expect(banner).to_be_visible()
        assert await desk.locator(".figure").inner_text() != before
        assert await desk.get_by_role("button", name="本人当面接受所选").count() == 0
    phone, _ = await enter(browser, site, VOLUNTEER, path="/my-data")
    await expect(phone.get_by_role("row").filter(has_text="存折").first).to_be_visible()
    assert not said


async def test_acting_ends_by_itself_and_then_nothing_is_done(
    browser: Browser, site: str, clock: ManualClock
) -> None:
    desk, _, number = await begun(browser, site)
    longer = re.sub("until=[0-9]{4}", "until=2099", desk.url)
    clock.move(timedelta(minutes=15))
    await desk.reload()
    await expect(desk.get_by_role("status")).to_contain_text("代办已经结束")
    assert number not in await desk.content()
    await desk.get_by_label("本人的志愿者编号").fill("WH-0000-000-0000")
    await desk.get_by_role("button", name="开始代办").click()
    await expect(desk.get_by_role("alert")).to_contain_text("本站没有这个编号的志愿者")
    assert await desk.get_by_label("本人的志愿者编号").input_value() == "WH-0000-000-0000"
    await desk.goto(longer)
    await expect(desk.get_by_role("status")).to_contain_text("代办已经结束")


@pytest.mark.parametrize("width", [58, 80])
async def test_the_slip_fits_the_paper_of_a_receipt_printer(
    browser: Browser, site: str, tmp_path: Path, width: int
) -> None:
    desk, said, number = await begun(browser, site)
    await desk.get_by_role("link", name=f"{width} 毫米").click()
    await expect(desk.locator(".slip")).to_contain_text(number)
    balance = await desk.locator(".sum strong").inner_text()
    last = await desk.locator(".line").first.inner_text()
    assert balance in last, "the newest line ends with what there is now"
    told = tmp_path / "slip.pdf"
    await desk.pdf(path=told, prefer_css_page_size=True)
    points = float(said_by("pdfinfo", told).split("Page size:")[1].split()[0])
    assert points == pytest.approx(width * 72 / 25.4, abs=1)
    shown = said_by("pdftotext", told, "-")
    assert number in shown
    assert "返回上一步" not in shown
    assert not said


async def test_one_s_own_passbook_is_a_page_of_one_s_own(browser: Browser, site: str) -> None:
    page, _ = await enter(browser, site, VOLUNTEER, path="/passbook")
    await expect(page.locator(".slip")).to_contain_text("WH-")
    assert await page.locator(".slip").get_by_text("经办人").count() == 0


async def test_somebody_is_found_by_name_and_no_address_keeps_it(
    browser: Browser, site: str
) -> None:
    phone, _ = await enter(browser, site, VOLUNTEER, path="/my-data")
    name = await phone.locator("dd").first.inner_text()
    await phone.goto(f"{site}/my-code")
    number = await phone.locator(".digits").inner_text()
    desk, said = await enter(browser, site, THIRD, path="/desk/person", js=False)
    await desk.get_by_label("姓名、拼音或首字母").fill("没有这个人")
    await desk.get_by_role("button", name="查找").click()
    await expect(desk.locator("#errors")).to_contain_text("本站没有这个姓名的人")
    await desk.get_by_label("姓名、拼音或首字母").fill(name)
    await desk.get_by_role("button", name="查找").click()
    found = desk.locator("li", has_text=number)
    await expect(found).to_contain_text(name)
    assert "name" not in desk.url
    assert await desk.evaluate("document.documentElement.scrollWidth") <= 360
    await found.get_by_role("button", name="开始代办").click()
    await expect(desk.get_by_role("heading", name="正在代办")).to_contain_text(number)
    assert number not in desk.url
    assert name not in desk.url
    assert [one for one in said if "422" not in one] == []
