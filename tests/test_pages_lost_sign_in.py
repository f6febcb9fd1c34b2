"""Cards and lost sign-ins at the desk, in a real browser without scripts."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page, expect

from tests.demo_site import afternoon, enter, make_city, serving

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("js")]
PIN = "420195"


@pytest.fixture(scope="module")
async def site(js: bool, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    settings = await make_city(tmp_path_factory.mktemp("city"))
    async with serving(settings, clock=afternoon()) as address:
        yield address


async def number_at(browser: Browser, site: str) -> str:
    """The volunteer's number, as their telephone shows it."""
    phone, _ = await enter(browser, site, "志愿者", path="/my-code")
    return await phone.locator(".digits").inner_text()


async def given_out(desk: Page, number: str, pin: str) -> None:
    """A card, as the desk gives it out."""
    await desk.get_by_label("本人的志愿者编号").first.fill(number)
    await desk.get_by_label("服务卡密码").fill(pin)
    await desk.get_by_role("button", name="办卡").click()


async def test_a_card_is_given_out_and_opens_the_way_in(browser: Browser, site: str) -> None:
    number = await number_at(browser, site)
    desk, said = await enter(browser, site, "站点工作人员", path="/desk/sign-in")
    await given_out(desk, number, "111111")
    await expect(desk.locator("#errors")).to_contain_text("六位")
    assert await desk.get_by_label("服务卡密码").input_value() == ""
    await given_out(desk, number, PIN)
    card = await desk.locator(".done .code").inner_text()
    assert len(card.replace(" ", "")) == 12
    holder = await (await browser.new_context()).new_page()
    await holder.goto(f"{site}/sign-in/card")
    await holder.locator("input[name=card]").fill(card)
    await holder.locator("input[name=pin]").fill(PIN)
    await holder.locator("main button").first.click()
    await expect(holder).not_to_have_url(f"{site}/sign-in/card")
    # A browser says of a refused form that it was refused.
    assert [one for one in said if "422" not in one] == []


async def test_a_lost_password_is_void_and_a_new_one_set(browser: Browser, site: str) -> None:
    number = await number_at(browser, site)
    desk, _ = await enter(browser, site, "站点工作人员", path="/desk/sign-in")
    await desk.get_by_label("本人的志愿者编号").last.fill(number)
    await desk.get_by_label("丢了什么").select_option("PASSWORD")
    await desk.get_by_role("button", name="作废").click()
    code = await desk.locator(".done .code").inner_text()
    assert len(code) == 8
    assert code not in desk.url
    # Nobody behind the counter resets the sign-in of whoever holds a role.
    own, _ = await enter(browser, site, "站点工作人员", path="/my-code")
    mine = await own.locator(".digits").inner_text()
    await desk.get_by_label("本人的志愿者编号").last.fill(mine)
    await desk.get_by_role("button", name="作废").click()
    await expect(desk.locator("#errors")).to_be_visible()


async def test_the_desk_fits_a_telephone(browser: Browser, site: str) -> None:
    desk, said = await enter(browser, site, "站点工作人员", path="/desk/sign-in")
    await desk.set_viewport_size({"width": 360, "height": 800})
    width = await desk.evaluate("document.documentElement.scrollWidth")
    assert width <= 360
    for box in await desk.locator("main input:visible, main button, main select").all():
        seen = await box.bounding_box()
        assert seen
        assert seen["height"] >= 44
    assert said == []
