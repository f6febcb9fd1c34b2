"""Pages of one's own affairs in a real browser: a family, a gift, an objection, one's data."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from graphql import GraphQLEnumType, build_schema
from playwright.async_api import Browser, Page, expect

import schema
from tests.demo_site import enter, make_city, serving
from tests.telling import outside
from tests.test_pages_wishes import officer
from tests.world import key
from timebank.access import Role
from timebank.activities import ActivityKind, Move, move_activity
from timebank.activity_life import CancelReason
from timebank.activity_plans import declare_activity
from timebank.actors import person
from timebank.captures import capture_hours
from timebank.confirmations import confirm_hours
from timebank.deliveries import Delivery, Pace
from timebank.hours import Record
from timebank.notices import open_inbox
from timebank.people import person_by_number
from timebank.places import stations_below
from timebank.record_life import RecordState
from timebank.sign_ups import sign_up
from timebank.tables import Where, select
from timebank.wait_lists import cancel_activity
from timebank.waiting import waiting_on

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("js")]
VOLUNTEER = "志愿者"
TEMPLATES = Path(__file__).parent.parent / "web" / "templates"


@pytest.fixture(scope="module")
async def site(js: bool, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    settings = await make_city(tmp_path_factory.mktemp("city"))
    async with serving(settings) as address:
        yield address


async def tap(page: Page, name: str) -> None:
    """A button, and what its page says after it."""
    await page.get_by_role("button", name=name).first.click()
    assert await page.get_by_role("status").first.inner_text() == "已办好"


async def number_of(page: Page, site: str) -> str:
    """Whose page it is."""
    await page.goto(f"{site}/my-code")
    return await page.locator(".digits").inner_text()


async def some_station() -> str:
    """A station of the city."""
    where = Where(after=None, before=None, limit=1, backward=False)
    (station,) = await stations_below("420100/", **where)
    return station.id


async def test_who_holds_a_record_up_and_until_when_stands_beside_it(
    browser: Browser, site: str
) -> None:
    page, said = await enter(browser, site, VOLUNTEER)
    mine = await person_by_number(await number_of(page, site))
    assert mine
    await open_inbox(person(mine.id))
    waits = await select(Record, volunteer=mine.id, state=RecordState.CAPTURED.value, limit=1)
    manager = await officer(77, Role.STATION_MANAGER, "420100/")
    await confirm_hours(manager, records=[one.id for one in waits], key=key())
    newest = await select(Record, volunteer=mine.id, order=["-id"], limit=50)
    waiting = list((await waiting_on(newest)).values())
    days = sorted(one.by.isoformat() for one in waiting if one.by)
    assert waiting
    assert days
    await page.goto(f"{site}/statement")
    cells = await page.locator("td[data-label='状态']").all_inner_texts()
    told = [cell for cell in cells if "由" in cell]
    assert len(told) == len(waiting)
    assert sorted(cell.rpartition("最迟 ")[2] for cell in told if "最迟" in cell) == days
    assert await page.evaluate("document.documentElement.scrollWidth") == 360
    assert said == []


async def test_what_was_called_off_is_not_the_next_service(browser: Browser, site: str) -> None:
    # Who runs a station has no seat of the demonstration's, whatever the hour of the test.
    page, said = await enter(browser, site, "站长")
    mine = await person_by_number(await number_of(page, site))
    assert mine
    manager = await officer(78, Role.STATION_MANAGER, "420100/")
    for title, hours in (("先办的一场", 1), ("后办的一场", 3)):
        starts = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(hours=hours)
        made = await declare_activity(
            manager,
            station=await some_station(),
            kind=ActivityKind.ELDER,
            title=title,
            seats=2,
            starts=starts,
            ends=starts + timedelta(hours=1),
            key=key(),
        )
        await move_activity(manager, activity=made.activity, move=Move.OPEN, key=key())
        await sign_up(person(mine.id), activity=made.activity, key=key())
        if hours == 1:
            off = made.activity
    card = page.locator(".card").filter(has_text="下一次服务")
    await page.goto(site)
    await expect(card).to_contain_text("先办的一场")
    await cancel_activity(manager, activity=off, reason=CancelReason.WEATHER, key=key())
    await page.reload()
    await expect(card).to_contain_text("后办的一场")
    await page.goto(f"{site}/inbox")
    await page.get_by_role("link").filter(has_text="您报名的一项活动取消了").click()
    assert page.url == f"{site}/activities"
    assert said == []


async def test_how_a_record_is_known_stands_beside_it(browser: Browser, site: str) -> None:
    page, said = await enter(browser, site, "站长")
    mine = await person_by_number(await number_of(page, site))
    assert mine
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    manager = await officer(79, Role.STATION_MANAGER, "420100/")
    for n, duty in enumerate((False, True)):
        await capture_hours(
            manager,
            volunteer=mine.id,
            station=await some_station(),
            starts=now - timedelta(hours=n + 1),
            ends=now - timedelta(hours=n),
            kind=ActivityKind.SAFETY,
            duty=duty,
            key=key(),
        )
    await page.goto(f"{site}/statement")
    for words in ("手工登记，只计时长", "在岗工作，不计时长"):
        await expect(page.get_by_text(words)).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth") == 360
    assert said == []


async def test_two_become_family_and_one_gives_the_other_time(browser: Browser, site: str) -> None:
    giver, said = await enter(browser, site, "志愿者")
    other, more = await enter(browser, site, "站长")
    number = await number_of(other, site)
    await giver.goto(f"{site}/family")
    await giver.locator("#kin-number").fill(number)
    await giver.get_by_label("对方是您的").select_option("PARENT")
    await tap(giver, "请对方同意")
    await other.goto(f"{site}/family")
    await tap(other, "同意")
    await giver.goto(f"{site}/gifts")
    await giver.get_by_label("小时", exact=True).fill("0")
    await giver.get_by_label("分", exact=True).fill("30")
    await tap(giver, "转赠给对方")
    await other.goto(f"{site}/inbox")
    await other.get_by_role("link").filter(has_text="有家人转赠时间给您").click()
    await tap(other, "接受转赠")
    await giver.goto(f"{site}/gifts")
    assert await giver.get_by_text("已接受").is_visible()
    await other.goto(f"{site}/inbox")
    await tap(other, "全部标为已读")
    assert await other.get_by_role("button", name="全部标为已读").count() == 0
    assert not said + more


async def test_an_objection_is_made_answered_and_decided(browser: Browser, site: str) -> None:
    mine, said = await enter(browser, site, "志愿者", path="/objections")
    await mine.get_by_label("哪里不对").select_option("WRONG_TIMES")
    await mine.get_by_label("请说明情况").fill("我九点才到")
    await tap(mine, "提出异议")
    assert await mine.get_by_text("等待区里答复").is_visible()
    lead, more = await enter(browser, site, "区志愿服务负责人", path="/office/objections")
    case = lead.locator(".card").filter(has_text="我九点才到")
    await case.get_by_label("先答复本人").fill("正在核对")
    await case.get_by_role("button", name="答复").click()
    await lead.get_by_role("status").wait_for()
    await case.get_by_label("决定").select_option("NOT_SHOWN")
    await case.get_by_label("理由").fill("签到记录相符")
    await case.get_by_role("button", name="作出决定").click()
    await lead.get_by_text("现在没有待办的异议").wait_for()
    await mine.reload()
    assert await mine.get_by_text("签到记录相符").is_visible()
    assert await mine.get_by_role("button", name="申请复核").is_visible()
    assert not said + more


async def test_one_s_data_are_asked_for_and_a_device_is_signed_out(
    browser: Browser, site: str
) -> None:
    page, said = await enter(browser, site, "志愿者", path="/my-data")
    await page.get_by_label("您想要").select_option("CORRECTION")
    await page.get_by_label("说明").fill("姓名少一个字")
    await tap(page, "提出请求")
    assert await page.get_by_text("最迟答复").is_visible()
    await tap(page, "撤回")
    other, _ = await enter(browser, site, "志愿者", path="/my-data")
    await page.reload()
    devices = page.get_by_role("button", name="退出登录")
    assert await devices.count() >= 2
    current = page.locator("p", has_text="本机").locator("xpath=following-sibling::form[1]")
    await current.get_by_role("button").click()
    await page.goto(f"{site}/my-data")
    assert "/demo" in page.url
    await other.reload()
    assert "/my-data" in other.url
    assert not said


async def test_letters_and_language_are_chosen_and_a_wrong_password_is_not_repeated(
    browser: Browser, site: str
) -> None:
    page, _ = await enter(browser, site, "志愿者", path="/my-data")
    await page.get_by_label("长辈版").check()
    await page.get_by_label("English").check()
    await page.get_by_role("button", name="保存").click()
    assert page.url.endswith("/my-data")
    assert "elder" in (await page.locator("html").get_attribute("class") or "")
    assert await page.locator("html").get_attribute("lang") == "en"
    await page.get_by_label("The password until now").fill("surely no password 7")
    await page.get_by_label("The new password").fill("another password 9")
    await page.get_by_role("button", name="Change the password").click()
    assert await page.get_by_role("alert").is_visible()
    shown = await page.content()
    assert "surely no password 7" not in shown
    assert "another password 9" not in shown


@pytest.mark.parametrize(
    ("enum", "template"),
    [
        ("NoticeCode", "notice_words.html"),
        ("ObjectionState", "objections.html"),
        ("ObjectionReason", "parts.html"),
        ("CaptureMode", "parts.html"),
        ("Kinship", "parts.html"),
        ("GiftState", "gifts.html"),
        ("RequestKind", "parts.html"),
        ("RequestState", "parts.html"),
        ("Matter", "parts.html"),
        ("PersonState", "office_person.html"),
        ("Looked", "my_data.html"),
        ("Grounds", "office_objections.html"),
        ("AppealGrounds", "finding_words.html"),
        ("Misconduct", "finding_words.html"),
        ("Blame", "finding_words.html"),
    ],
)
def test_no_page_shows_a_code_for_want_of_a_word(enum: str, template: str) -> None:
    words = (TEMPLATES / template).read_text("utf-8")
    kind = build_schema(schema.printed()).type_map[enum]
    assert isinstance(kind, GraphQLEnumType)
    assert [one for one in kind.values if f'"{one}": _("' not in words] == []


async def test_somebody_says_how_they_want_to_be_told_and_where_nothing_is_set_up_it_says_so(
    browser: Browser, site: str
) -> None:
    page, said = await enter(browser, site, VOLUNTEER, path="/settings/notices")
    await expect(page.get_by_text("这里还没有开通邮件和聊天工具。")).to_be_visible()
    outside()
    await page.reload()
    await page.get_by_label("电子邮件").fill("wang@example.org")
    await page.get_by_label("有了就告诉我").check()
    await page.get_by_label("几点以后不打扰").fill("21:30")
    await page.get_by_role("button", name="保存").click()
    await expect(page.get_by_role("status")).to_have_text("已办好")
    (held,) = await select(Delivery)
    assert (held.pace, held.quiet_from, held.quiet_to) == (Pace.AT_ONCE, 21 * 60 + 30, 7 * 60)
    assert not held.details
    await page.get_by_label("电子邮件").fill("")
    await page.get_by_role("button", name="保存").click()
    await expect(page.get_by_role("status")).to_have_text("已办好")
    assert not await select(Delivery)
    assert not said


async def test_a_consent_is_withdrawn_and_given_again_at_a_tap_and_its_history_stands_there(
    browser: Browser, site: str
) -> None:
    page, said = await enter(browser, site, VOLUNTEER, path="/settings/consents")
    partner = page.locator("section", has=page.get_by_role("heading", name="互助双方互看电话"))
    assert "由服务站转告" in await partner.inner_text()
    await partner.get_by_role("button", name="撤回").click()
    await expect(page.get_by_role("status")).to_have_text("已办好")
    await expect(partner.locator(".tag").first).to_have_text("已撤回")
    await partner.get_by_role("button", name="同意").click()
    await expect(partner.locator(".tag").first).to_have_text("已同意")
    await partner.locator("summary").click()
    assert [line.split()[-1][:3] for line in await partner.locator("li").all_inner_texts()] == [
        "已同意",
        "已撤回",
        "已同意",
    ]
    # What the account itself needs is not withdrawn here: it leads to the request for deletion.
    service = page.locator("section", has=page.get_by_role("heading", name="提供服务本身"))
    assert await service.get_by_role("button").count() == 0
    assert await service.get_by_role("link").get_attribute("href") == "/my-data"
    assert await page.evaluate("document.documentElement.scrollWidth") <= 360
    assert not said
