"""Help among neighbours in a real browser: ordered, taken, given, confirmed and paid."""

from collections.abc import AsyncIterator
from datetime import date, timedelta

import pytest
from playwright.async_api import Browser, Page

from tests.credit import credit
from tests.demo_site import afternoon, enter, make_city, serving
from tests.world import key
from timebank import accounts, demo, people
from timebank.actors import Actor, person
from timebank.clock import ManualClock, day_of
from timebank.drawing_rights import Ground, certify_drawing
from timebank.help_disputes import dispute_help
from timebank.help_life import HelpDisputeReason, HelpKind
from timebank.help_orders import HelpOrder, help_of
from timebank.help_requests import request_help
from timebank.matching import claim_help
from timebank.people import Person
from timebank.person_life import PersonState
from timebank.settlements import deliver_help, start_help
from timebank.tables import select
from web.pages.helping import minute_of

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("js")]
VOLUNTEER = "志愿者"
# Far enough ahead that the demonstration's volunteers have promised nothing else.
FAR = timedelta(days=10)
SECRET = "去药店取药，五单元一楼"
WORDS = "请帮忙去菜市场买菜，三单元二楼"


@pytest.fixture(scope="module")
def clock(js: bool) -> ManualClock:
    return afternoon()


@pytest.fixture(scope="module")
async def site(
    js: bool, tmp_path_factory: pytest.TempPathFactory, clock: ManualClock
) -> AsyncIterator[str]:
    settings = await make_city(tmp_path_factory.mktemp("city"))
    async with serving(settings, clock=clock) as address:
        who = await cast("volunteer")
        held = await people.person(who.id)
        assert held
        assert held.home
        # What a volunteer of so small a city holds depends on the day that it is made.
        await credit(who.id, held.home, 120)
        for one in (who, await neighbour(who)):
            await may_draw(one)
        yield address


async def may_draw(who: Actor) -> None:
    """Certify that somebody may order help whatever their age."""
    clerk, until = await cast("station_clerk"), date(2100, 1, 1)
    await certify_drawing(clerk, person=who.id, ground=Ground.HARDSHIP, until=until, key=key())


async def cast(role: str) -> Actor:
    """One of those whom the door lets one be."""
    (found,) = [one.person for one in await demo.sign_ins() if one.role == role]
    return person(found, staff=role != "volunteer")


async def neighbour(of: Actor) -> Actor:
    """Somebody from the same station who holds an hour."""
    held = await people.person(of.id)
    assert held
    assert held.home
    for one in await select(Person, home=held.home, order=["number"]):
        rich = await accounts.balance_of(accounts.volunteer(one.id)) >= 60
        if one.id != of.id and one.state is PersonState.ACTIVE and rich:
            return person(one.id)
    raise AssertionError("nobody else of the demonstration's station holds an hour")


async def latest(who: Actor) -> HelpOrder:
    """Somebody's latest order."""
    (order,) = await help_of(who, after=None, before=None, limit=1, backward=False)
    return order


async def ordered(page: Page, clock: ManualClock) -> None:
    """Order help from the page."""
    day = day_of(clock.now()) + FAR
    await page.get_by_text("我要求助").click()
    await page.get_by_label("需要什么帮助").select_option("ERRANDS")
    await page.get_by_label("日期").fill(day.isoformat())
    await page.get_by_label("开始时间").fill("10:00")
    await page.get_by_label("多少分钟").fill("30")
    await page.get_by_label("具体要做什么、在哪里").fill(WORDS)
    await page.get_by_role("button", name="下单并冻结时间").click()


async def done(page: Page) -> bool:
    """Whether the page says that it is done."""
    return await page.get_by_role("status").inner_text() == "已办好"


async def test_help_is_ordered_confirmed_and_paid_from_the_page(
    browser: Browser, site: str, clock: ManualClock
) -> None:
    who = await cast("volunteer")
    page, said = await enter(browser, site, VOLUNTEER, path="/help")
    await ordered(page, clock)
    assert await done(page)
    assert await page.get_by_text("等人接单").is_visible()
    order, helper = await latest(who), await neighbour(who)
    await claim_help(helper, order=order.id, key=key())
    clock.move(order.starts - clock.now())
    await start_help(helper, order=order.id, key=key())
    clock.move(timedelta(minutes=30))
    await deliver_help(helper, order=order.id, key=key())
    page, more = await enter(browser, site, VOLUNTEER, path="/help")
    assert await page.get_by_text("等待确认").is_visible()
    await page.get_by_role("button", name="确认帮过了").click()
    assert await done(page)
    assert await page.get_by_text("已结清").is_visible()
    assert (await latest(who)).paid_minutes == 30
    assert not said + more


async def test_an_order_is_cancelled_from_the_page_and_a_wrong_one_says_why(
    browser: Browser, site: str, clock: ManualClock
) -> None:
    page, said = await enter(browser, site, VOLUNTEER, path="/help")
    await ordered(page, clock)
    await page.get_by_role("button", name="取消这一单").first.click()
    assert await done(page)
    assert await page.get_by_text("已取消").first.is_visible()
    await page.get_by_text("我要求助").click()
    await page.get_by_label("日期").fill("2020-01-01")
    await page.get_by_label("具体要做什么、在哪里").fill(WORDS)
    await page.get_by_role("button", name="下单并冻结时间").click()
    assert await page.get_by_role("alert").get_by_text("天之内").is_visible()
    assert await page.get_by_label("具体要做什么、在哪里").input_value() == WORDS
    assert [line for line in said if "422" not in line] == []


async def test_a_neighbour_offers_takes_and_gives_help_from_the_page(
    browser: Browser, site: str, clock: ManualClock
) -> None:
    who = await cast("volunteer")
    elder = await neighbour(who)
    page, said = await enter(browser, site, VOLUNTEER, path="/help/near")
    assert await page.get_by_role("button", name="我来帮").count() == 0
    await page.get_by_label("代买跑腿").check()
    for day in ("周一", "周二", "周三", "周四", "周五", "周六", "周日"):
        await page.get_by_label(day).check()
    await page.get_by_label("到哪一天为止").fill(
        (day_of(clock.now()) + timedelta(days=30)).isoformat()
    )
    await page.get_by_role("button", name="我可以帮忙").click()
    assert await done(page)
    english, _ = await enter(browser, site, VOLUNTEER, path="/help/near")
    await english.get_by_role("button", name="English").click()
    assert await english.get_by_role("button", name="Stop for now").is_visible()
    made = await request_help(
        elder,
        kind=HelpKind.ERRANDS,
        starts=clock.now().replace(hour=2, minute=0, second=0, microsecond=0) + FAR,
        minutes=30,
        at_home=False,
        words=SECRET,
        key=key(),
    )
    await page.goto(site + "/help/near")
    assert await page.get_by_text(SECRET).count() == 0, "masked until it is taken"
    await page.get_by_role("button", name="我来帮").click()
    assert await done(page)
    assert await page.get_by_text(SECRET).is_visible()
    order = await latest(who)
    assert order.id == made.order
    clock.move(order.starts - clock.now())
    page, more = await enter(browser, site, VOLUNTEER, path="/help")
    await page.get_by_role("button", name="我到了").click()
    clock.move(timedelta(minutes=30))
    await page.get_by_role("button", name="做完了").click()
    assert await done(page)
    assert (await latest(who)).served_minutes == 30
    assert not said + more


async def test_the_desk_orders_writes_down_the_helper_confirms_and_decides(
    browser: Browser, site: str, clock: ManualClock
) -> None:
    elder, who = await neighbour(await cast("volunteer")), await cast("volunteer")
    numbers = [held.number for one in (elder, who) if (held := await people.person(one.id))]
    for decided in (False, True):
        desk, said = await enter(browser, site, "站长", path="/desk/help", width=1280)
        await desk.get_by_text("替没有手机的人下单").click()
        await desk.get_by_label("求助人的志愿者号").fill(numbers[0])
        later = day_of(clock.now()) + 2 * FAR
        await desk.get_by_label("日期").fill(later.isoformat())
        await desk.get_by_label("多少分钟").fill("30")
        await desk.get_by_label("具体要做什么、在哪里").fill(WORDS)
        await desk.get_by_role("button", name="下单并冻结时间").click()
        assert await done(desk)
        await desk.get_by_label("谁答应去帮忙").first.fill(numbers[1])
        await desk.get_by_role("button", name="记下帮助人").first.click()
        assert await done(desk)
        order = await latest(elder)
        assert (order.helper, order.payer) == (who.id, elder.id)
        clock.move(order.starts - clock.now())
        await start_help(who, order=order.id, key=key())
        clock.move(timedelta(minutes=30))
        await deliver_help(who, order=order.id, key=key())
        if decided:
            reason = HelpDisputeReason.SHORTER
            await dispute_help(elder, order=order.id, reason=reason, key=key())
        desk, more = await enter(browser, site, "站长", path="/desk/help", width=1280)
        if decided:
            await desk.get_by_label("裁定付多少分钟").fill("10")
            await desk.get_by_role("button", name="裁定").click()
        else:
            await desk.get_by_role("button", name="当面确认帮过了").last.click()
        assert await done(desk)
        assert (await latest(elder)).paid_minutes == (10 if decided else 30)
        assert not said + more


@pytest.mark.parametrize(
    ("told", "minute"), [("09:05", 545), ("0:00", 0), ("", -1), ("x:1", -1), ("9", -1)]
)
async def test_a_time_of_day_is_minutes_after_midnight(told: str, minute: int) -> None:
    assert minute_of(told) == minute
