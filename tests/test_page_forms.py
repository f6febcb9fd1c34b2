"""Forms of pages posted in process: what a browser would send, without one.

For the acts that two persons do, and those of the desk: what is refused is shown, what is done is
there for the next one to see.
"""

import re
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.credit import credit, fill_pool
from tests.membership import open_service_post, secretary
from tests.organising import registered, supervising
from tests.posting import SITE, Pages, done, refused
from tests.test_policy_drafts import document
from tests.volunteering import captured, confirmed, posted
from tests.wishing import listed
from tests.world import COMMUNITY, key, open_world, resident_id
from timebank.access import Role
from timebank.appointment_life import Body, Office
from timebank.appointments import confirm_appointment, declare_appointment
from timebank.clock import day_of
from timebank.living_alone import note_living_alone
from timebank.people import Person
from timebank.reward_orders import order_reward, pickup_code
from timebank.rewards import offer_reward
from timebank.tables import select
from timebank.wish_claims import claim_wish
from timebank.wish_granting import contact_resident

pytestmark = pytest.mark.anyio


@pytest.fixture
async def pages(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Pages]:
    async with open_world(sqlite_url, tmp_path) as world:
        yield Pages(world)


async def test_two_operators_two_officers_and_the_protector_have_their_pages(pages: Pages) -> None:
    world = pages.world
    one, two = [await world.officer(Role.OPERATOR) for _ in range(2)]
    lead, protector = (
        world.staff[Role.DISTRICT_LEAD],
        await world.officer(Role.DATA_PROTECTION_OFFICER),
    )
    number = await pages.number(await world.volunteer())
    roles, place = "/office/roles", "/office/roles?place=001"
    told = {"number": number, "role": "STATION_CLERK", "until": ""}
    refused(await pages.post(one, place, f"{roles}/propose", **told | {"number": "WH-0"}))
    done(await pages.post(one, place, f"{roles}/propose", **told), "须另一位运维员授权")
    await supervising(world)
    done(await pages.post(two, roles, f"{roles}/grant"), "社会组织经办代表 · 区民政局")
    done(await pages.post(two, roles, f"{roles}/end"), "已授予的岗位")

    urgent = "/office/urgent"
    told = {"ground": "MISSING_PERSON", "words": "老人走失"}
    refused(await pages.post(lead, urgent, f"{urgent}/ask", **told, hours="99"))
    await pages.post(lead, urgent, f"{urgent}/ask", **told, hours="3")
    done(await pages.post(protector, urgent, f"{urgent}/open"), "可以查阅")
    done(await pages.post(lead, urgent, f"{urgent}/end"), "看过资料的人数 0")

    holds = "/office/holds"
    told = {"number": number, "reason": "MONEY_CASE", "until": "2027-01-31"}
    done(await pages.post(protector, holds, f"{holds}/place", **told), "保留到 2027-01-31")
    refused(await pages.post(protector, holds, f"{holds}/place", **told))
    done(await pages.post(protector, holds, f"{holds}/lift"), "现在没有保留的资料")

    breaches = "/office/breaches"
    told = {"area": "420102", "kind": "LEAKED", "foundOn": "2026-11-19", "words": "请改密码"}
    later = told | {"foundOn": "2027-01-01"}
    refused(await pages.post(protector, breaches, f"{breaches}/report", **later))
    done(await pages.post(protector, breaches, f"{breaches}/report", **told), "请改密码")
    done(await pages.post(protector, breaches, f"{breaches}/close", measures="已追回"), "已了结")


async def test_the_desk_hands_over_and_rejects_and_an_officer_reviews(pages: Pages) -> None:
    world = pages.world
    who, manager = await world.volunteer(), world.staff[Role.STATION_MANAGER]
    await credit(who.id, world.station, 200)
    terms: dict[str, Any] = {"name": "香皂", "minutes": 60, "stock": 9}
    offered = await offer_reward(manager, station=world.station, **terms, key=key())
    code = pickup_code((await order_reward(who, reward=offered.reward, key=key())).order)
    desk = "/desk/rewards"
    done(await pages.post(manager, desk, f"{desk}/ready"), "等待取货")
    refused(await pages.post(manager, desk, f"{desk}/hand-over", code="000000"))
    done(await pages.post(manager, desk, f"{desk}/hand-over", code=code), "现在没有待办的兑换")
    told = {"name": "理发", "minutes": "0", "stock": "5", "star": "", "most": "", "until": ""}
    done(await pages.post(manager, desk, f"{desk}/offer", **told), "理发")
    done(await pages.post(manager, desk, f"{desk}/restock", pieces="2"), "还剩 10")
    done(await pages.post(manager, desk, f"{desk}/withdraw"), "理发")

    starts = world.clock.now() - timedelta(days=1, hours=9)
    long = [await captured(world, who, minutes=481)]
    long.append(await captured(world, who, minutes=490, starts=starts))
    await confirmed(world, long)
    await captured(world, who, minutes=30, starts=starts - timedelta(hours=14))
    no = {"reason": "WRONG_TIMES"}
    told_all = "现在没有待确认的工时"
    done(await pages.post(manager, "/desk", "/desk/confirm", by="/desk/reject", **no), told_all)
    officer, hours = world.staff[Role.STREET_OFFICER], "/office/hours"
    done(await pages.post(officer, hours, f"{hours}/review"), "等待复核的工时")
    told_all = "现在没有等待复核的工时"
    answer = await pages.post(officer, hours, f"{hours}/review", by=f"{hours}/reject", **no)
    done(answer, told_all)


async def test_a_month_is_accepted_at_one_tap(pages: Pages) -> None:
    world = pages.world
    who, starts = await world.volunteer(), world.clock.now() - timedelta(hours=3)
    days = [starts - timedelta(days=days) for days in (0, 1, 2)]
    await confirmed(world, [await captured(world, who, starts=day) for day in days])
    answer = await pages.post(who, "/statement", "/statement/month")
    done(answer, "已入账")
    assert "等待本人接受" not in answer.text
    assert "接受整月" not in answer.text


async def test_a_volunteer_donates_and_two_leads_publish_what_everybody_reads(
    pages: Pages,
) -> None:
    world = pages.world
    who = await world.volunteer()
    await credit(who.id, world.station, 200)
    told = {"donated_hours": "0", "donated_minutes": "30"}
    done(await pages.post(who, "/gifts", "/gifts/donate", **told), "可以撤回")
    done(await pages.post(who, "/gifts", "/gifts/take-back"), "已撤回")
    one, two = [await world.officer(Role.CITY_LEAD) for _ in range(2)]
    policy = "/office/policy"
    done(await pages.post(one, policy, f"{policy}/propose", document=document()), "WH-2027-03")
    refused(await pages.post(one, policy, f"{policy}/publish"))
    done(await pages.post(two, policy, f"{policy}/publish"), "现在没有等待发布的规则")
    async with await pages.client(who) as client:
        for day, name in (("2027-02-28", "2016-12"), ("2027-03-01", "2027-03"), ("x", "2016-12")):
            assert f"<h2>WH-{name}</h2>" in (await client.get(f"/policy?on={day}")).text


async def test_the_counter_registers_family_and_proxies_of_whoever_stands_there(
    pages: Pages,
) -> None:
    world = pages.world
    who, other = [await world.volunteer() for _ in range(2)]
    clerk, desk = await world.officer(Role.STATION_CLERK, world.station_path), "/desk/person"
    begun = await pages.post(clerk, desk, f"{desk}/find", number=await pages.number(who))
    here, number = str(begun.url).removeprefix(SITE), await pages.number(other)
    for act in ("kin", "household", "proxy"):
        told = {"number": number} | ({"kinship": "SIBLING"} if act == "kin" else {})
        done(await pages.post(clerk, here, f"{desk}/{act}", **told), "正在代办")
    own = await pages.number(who)
    refused(await pages.post(clerk, here, f"{desk}/kin", number=own, kinship="SIBLING"))
    async with await pages.client(who) as client:
        shown = (await client.get("/family")).text
        assert number in shown
        assert "可以替您办理" in shown
    for act in ("end-kin", "leave-household", "end-proxy"):
        answer = await pages.post(clerk, here, f"{desk}/{act}")
        done(answer, "正在代办")
        assert f'action="{desk}/{act}' not in answer.text
    async with await pages.client(who) as client:
        shown = (await client.get("/family")).text
        assert [word in shown for word in ("已解除", "登记为独自居住", "有效")] == [
            True,
            True,
            False,
        ]
    world.clock.move(timedelta(minutes=16))
    async with await pages.client(clerk) as client:
        assert "正在代办" not in (await client.get(here)).text


async def test_a_guardian_registers_a_minor_alone_or_at_the_counter(pages: Pages) -> None:
    world = pages.world
    who, clerk = (
        await world.volunteer(),
        await world.officer(Role.STATION_CLERK, world.station_path),
    )
    minor = {
        "name": "王小明",
        "document": "RESIDENT_ID",
        "birth": "",
        "phone": "13912345678",
        "consent": "yes",
    }
    born = date(2011, 3, 5)
    refused(await pages.post(who, "/family", "/family/ward", **minor, documentNumber="1"))
    told = minor | {"documentNumber": resident_id(9001, born)}
    done(await pages.post(who, "/family", "/family/ward", **told), "登记成功")
    number, desk = await pages.number(who), "/desk/person"
    begun = await pages.post(clerk, desk, f"{desk}/find", number=number)
    here = str(begun.url).removeprefix(SITE)
    told = minor | {"documentNumber": resident_id(9002, born)}
    done(await pages.post(clerk, here, f"{desk}/ward", **told), "登记成功")
    minor = {"document": "RESIDENT_ID", "documentNumber": told["documentNumber"]}
    done(await pages.post(clerk, desk, f"{desk}/by-document", **minor), "王小明")
    minor["documentNumber"] = resident_id(9003, born)
    refused(await pages.post(clerk, desk, f"{desk}/by-document", **minor))
    done(await pages.post(clerk, desk, f"{desk}/by-phone", phone="139 1234 5678"), "王小明")
    refused(await pages.post(clerk, desk, f"{desk}/by-phone", phone="13900000001"))
    wards = await select(Person, guardian=who.id)
    assert [one.home for one in wards] == [world.station] * 2


async def test_a_district_stops_reverses_and_closes_through_its_pages(pages: Pages) -> None:
    world = pages.world
    lead, other = world.staff[Role.DISTRICT_LEAD], await world.officer(Role.DISTRICT_LEAD)
    who = await world.volunteer()
    await posted(world, who)
    for _ in range(2):
        await world.activity()
    to, district = "/office/station", "/office/district"
    here = f"{to}?station=001"
    done(await pages.post(lead, here, f"{to}/hold", reason="REPORTED"), "最近的活动")
    done(await pages.post(lead, district, f"{district}/release"), "现在没有停办的活动")
    await pages.post(lead, here, f"{to}/hold", reason="FALSE_ROSTER")
    refused(await pages.post(lead, district, f"{district}/void"))
    done(await pages.post(other, district, f"{district}/void"), "现在没有停办的活动")
    done(await pages.post(lead, here, f"{to}/reverse", reason="NEVER_HAPPENED"), "还没有记录")
    told = {"open.area": "420102", "open.reason": "FLOOD"}
    done(await pages.post(lead, district, f"{district}/open", **told), "至 2026-11-26")
    refused(await pages.post(lead, district, f"{district}/open", **told))
    done(await pages.post(lead, district, f"{district}/end"), "现在没有应急")

    street, registrar = world.staff[Role.STREET_OFFICER], world.staff[Role.DISTRICT_REGISTRAR]
    told = {"area": COMMUNITY, "number": "002", "name": "江汉路站"}
    done(await pages.post(street, to, f"{to}/propose", **told), "等待区里批准")
    done(await pages.post(registrar, f"{to}?station=002", f"{to}/approve"), "开放")
    done(await pages.post(registrar, here, f"{to}/warn", reason="UNSAFE"), "已警告")
    done(await pages.post(registrar, here, f"{to}/suspend", reason="UNSAFE"), "已停止")
    done(await pages.post(registrar, here, f"{to}/reinstate"), "开放")
    async with await pages.client(registrar) as client:
        shown = (await client.get(here)).text
    (successor,) = re.findall(r'<option value="([^"]+)">002 ', shown)
    done(await pages.post(registrar, here, f"{to}/close", successor=successor), "已撤销")


async def test_teams_pools_and_accounts_begin_and_end_on_pages(pages: Pages) -> None:
    world = pages.world
    manager, city = world.staff[Role.STATION_MANAGER], await world.officer(Role.CITY_LEAD)
    teams, pool, who = "/desk/teams", "/office/pool", await world.volunteer()
    done(await pages.post(manager, teams, f"{teams}/dissolve"), "已解散")
    done(await pages.post(manager, teams, f"{teams}/create", name="夕阳红"), "夕阳红")
    refused(await pages.post(city, pool, f"{pool}/grant", area="420102"))
    await fill_pool("420102", world.station, 900)
    await note_living_alone(manager, person=who.id, alone=True, key=key())
    done(await pages.post(city, pool, f"{pool}/grant", area="420102"), "发给几人 1，共计 3 小时")
    async with await pages.client(who) as client:
        assert "还可以用 3 小时" in (await client.get("/gifts")).text
    street, units = world.staff[Role.STREET_OFFICER], "/office/units"
    named = {"area": COMMUNITY, "name": "市第一中学"}
    done(await pages.post(street, units, f"{units}/register", **named), "市第一中学")
    refused(await pages.post(street, units, f"{units}/register", **named | {"name": ""}))
    done(await pages.post(who, "/my-data", "/my-data/close", rest="KEEP"), "账户已经关闭")
    done(await pages.post(who, "/my-data", "/my-data/reopen"), "关闭我的账户")


async def test_a_community_opens_its_wishes_and_ends_posts_and_offices_early(pages: Pages) -> None:
    world, desk = pages.world, "/office/party"
    party, who = await secretary(world), await world.volunteer()
    told = "本社区的任何志愿者都可以认领心愿"
    done(await pages.post(party, desk, f"{desk}/volunteers"), told)
    claimed = await claim_wish(who, wish=await listed(world), key=key())
    await contact_resident(who, claim=claimed.claim, key=key())
    answer = await pages.post(who, "/wishes", "/wishes/longer")
    done(answer, "请在此日之前办好")
    assert "再宽限几天" not in answer.text
    answer = await pages.post(party, desk, f"{desk}/volunteers")
    done(answer, "只有报到的党员、服务队和单位可以认领心愿")
    await open_service_post(world)
    assert "夜间巡逻" not in (await pages.post(party, desk, f"{desk}/close")).text
    today = day_of(world.clock.now())
    office = await declare_appointment(
        who,
        community=COMMUNITY,
        body=Body.RESIDENTS_COMMITTEE,
        office=Office.MEMBER,
        first_day=today,
        last_day=today + timedelta(days=9),
        consent=True,
        key=key(),
    )
    await confirm_appointment(party, appointment=office.appointment, key=key())
    answer = await pages.post(party, desk, f"{desk}/end-office")
    done(answer, "退休党员任职")
    assert "任职中" not in answer.text


async def test_an_organisation_asks_for_a_team_and_lets_who_acts_for_it_go(pages: Pages) -> None:
    world, desk = pages.world, "/desk/teams"
    founder, manager = await world.volunteer(), world.staff[Role.STATION_MANAGER]
    organisation = await registered(world, founder)
    own = f"/organisations/{organisation}"
    there = f"{own}/teams?station=001"
    told = {"ask.team": world.team}
    done(await pages.post(founder, there, f"{own}/teams/ask", **told), "等站点确认")
    refused(await pages.post(founder, there, f"{own}/teams/ask", **told))
    done(await pages.post(manager, desk, f"{desk}/tie"), "是该组织的队")
    answer = await pages.post(founder, f"{own}/teams", f"{own}/teams/untie")
    done(answer, "认领一支服务队")
    assert "站点已确认" not in answer.text
    number = await pages.number(await world.volunteer())
    told = {"appoint.number": number, "appoint.role": "ORGANISATION_FINANCE"}
    work = f"{own}/work"
    done(await pages.post(founder, work, f"{work}/appoint", **told), number)
    answer = await pages.post(founder, work, f"{work}/dismiss", by=f"{work}/dismiss")
    refused(answer)  # the first is the legal representative, who stays


async def test_somebody_lifts_their_restriction_and_is_erased_when_nothing_is_open(
    pages: Pages,
) -> None:
    world, data = pages.world, "/my-data"
    who = await world.volunteer()
    done(await pages.post(who, data, f"{data}/request", kind="RESTRICTION"), "限制处理中")
    answer = await pages.post(who, data, f"{data}/lift")
    done(answer, "谁看过我的资料")
    assert "限制处理中" not in answer.text
    await credit(who.id, world.station, 200)
    terms: dict[str, Any] = {"name": "香皂", "minutes": 60, "stock": 9}
    manager = world.staff[Role.STATION_MANAGER]
    offered = await offer_reward(manager, station=world.station, **terms, key=key())
    await order_reward(who, reward=offered.reward, key=key())
    done(await pages.post(who, data, f"{data}/erase", sure="yes"), "有兑换或求助没有办完")
    done(await pages.post(who, data, f"{data}/keep"), "永久抹去")
