"""Pages of one person by number: standing, estates, and requests about data, posted in process."""

from datetime import timedelta
from pathlib import Path

import pytest
from graphql import GraphQLEnumType, build_schema

import schema
from tests.credit import credit
from tests.helping import open_street
from tests.looking import names_of
from tests.posting import SITE, Pages, done, refused
from tests.world import World, key
from timebank.access import Role
from timebank.actors import Actor
from timebank.data_requests import RequestKind, request_data
from timebank.divisions import CITY_PATH
from timebank.settlements import confirm_help
from web.pages import people

pytestmark = pytest.mark.one_database

PEOPLE, REQUESTS = "/office/people", "/office/requests"


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (people.SUSPENSIONS, "SuspensionReason"),
        (people.GROUNDS, "Ground"),
        (people.LATE, "LateReason"),
        (people.EVIDENCE, "Evidence"),
        (people.KINDS, "ActivityKind"),
        (people.REFUSALS, "RequestGround"),
    ],
    ids=lambda told: told if isinstance(told, str) else "",
)
def test_whatever_the_api_lets_one_choose_has_a_word_here(words: dict[str, str], kind: str) -> None:
    chosen = build_schema(schema.printed()).type_map[kind]
    assert isinstance(chosen, GraphQLEnumType)
    assert words.keys() == chosen.values.keys()


async def opened(pages: Pages, officer: Actor, who: Actor) -> str:
    """The address of somebody's page, found by number."""
    number = await pages.number(who)
    answer = await pages.post(officer, PEOPLE, f"{PEOPLE}/find", number=number)
    done(answer, number)
    return str(answer.url).removeprefix(SITE)


@pytest.mark.anyio
async def test_a_station_and_a_district_act_on_one_person_by_number(world: World) -> None:
    pages, who = Pages(world), await world.volunteer()
    clerk, lead = world.staff[Role.STATION_CLERK], world.staff[Role.DISTRICT_LEAD]
    here = await opened(pages, clerk, who)
    served = {
        "capture.station": world.station,
        "capture.starts": "2026-11-20T08:00",
        "capture.ends": "2026-11-20T08:40",
        "capture.kind": "ELDER",
        "capture.recipient": "",
        "capture.late": "",
    }
    done(await pages.post(clerk, here, f"{here}/capture", **served), "正常")
    refused(await pages.post(clerk, here, f"{here}/capture", **served))
    async with await pages.client(world.staff[Role.STATION_MANAGER]) as client:
        assert "40 分" in (await client.get("/desk")).text
    done(await pages.post(clerk, here, f"{here}/alone"), "独居  是")
    done(await pages.post(clerk, here, f"{here}/together"), "独居  没有登记")
    paper = {"certify.ground": "DISABILITY", "certify.until": "2027-01-31"}
    done(await pages.post(clerk, here, f"{here}/certify", **paper), "2027-01-31")
    answer = await pages.post(clerk, here, f"{here}/uncertify")
    done(answer, "登记可以求助")
    assert "2027-01-31" not in answer.text
    assert "暂停服务资格" not in answer.text

    there = await opened(pages, lead, who)
    old = {name.replace("capture", "attest"): told for name, told in served.items()}
    old |= {"attest.evidence": "PAPER_ROSTER", "attest.starts": "2025-03-05T08:00"}
    old |= {"attest.ends": "2025-03-05T09:00"}
    done(await pages.post(lead, there, f"{there}/attest", **old), "正常")
    done(await pages.post(lead, there, f"{there}/suspend", **{"suspend.reason": "CONDUCT"}), "暂停")
    answer = await pages.post(lead, there, f"{there}/reinstate")
    done(answer, "正常")
    assert (await names_of(who, [who.id]))[who.id] not in answer.text
    far = await world.officer(Role.DISTRICT_LEAD, f"{CITY_PATH}420103/")
    number = await pages.number(who)
    refused(await pages.post(far, PEOPLE, f"{PEOPLE}/find", number=number))
    async with await pages.client(far) as client:
        assert (await client.get(there)).status_code == 404


@pytest.mark.anyio
async def test_a_death_is_reported_withdrawn_and_settled_by_two(world: World) -> None:
    pages, who = Pages(world), await world.volunteer()
    await credit(who.id, world.station, 90)
    clerk, lead = world.staff[Role.STATION_CLERK], world.staff[Role.DISTRICT_LEAD]
    here = await opened(pages, clerk, who)
    done(await pages.post(clerk, here, f"{here}/died"), "已去世")
    done(await pages.post(lead, here, f"{here}/alive"), "正常")
    done(await pages.post(clerk, here, f"{here}/died"), "已去世")
    refused(await pages.post(lead, here, f"{here}/settle", **{"settle.heir": ""}))
    world.clock.move(timedelta(days=8))
    async with await pages.client(lead) as client:
        listed = (await client.get(PEOPLE)).text
        assert await pages.number(who) in listed
        assert "1 小时 30 分" in listed
    answer = await pages.post(lead, here, f"{here}/settle", **{"settle.heir": ""})
    done(answer, "已去世")
    assert "处理留下的时间" not in answer.text


@pytest.mark.anyio
async def test_the_protector_corrects_erases_and_answers_in_time(world: World) -> None:
    pages, protector = Pages(world), await world.officer(Role.DATA_PROTECTION_OFFICER)
    who, other = await world.volunteer(), await world.volunteer()
    made = [
        (await request_data(one, kind=kind, words="名字写错了", key=key())).request
        for one, kind in (
            (who, RequestKind.CORRECTION),
            (other, RequestKind.DELETION),
            (other, RequestKind.CORRECTION),
        )
    ]
    wrong, gone, vain = (f"{REQUESTS}/{one}" for one in made)
    async with await pages.client(protector) as client:
        listed = (await client.get(REQUESTS)).text
        assert [one in listed for one in (wrong, gone, vain)] == [True] * 3
        assert "最迟答复" in listed
    named = {"correct.name": "王秀英", "correct.phone": "", "correct.document": ""}
    named |= {"correct.documentNumber": "", "correct.birth": ""}
    done(await pages.post(protector, wrong, f"{wrong}/correct", **named), "名字写错了")
    assert (await names_of(who, [who.id]))[who.id] == "王秀英"
    said = {"grant.answer": "已更正"}
    done(await pages.post(protector, wrong, f"{wrong}/grant", **said), "已同意")
    told = {"refuse.ground": "NOT_PROVED", "refuse.answer": "请带证件来"}
    done(await pages.post(protector, vain, f"{vain}/refuse", **told), "请带证件来")

    refused(await pages.post(protector, gone, f"{gone}/grant", **said))
    await credit(other.id, world.station, 90)
    done(await pages.post(protector, gone, f"{gone}/erase"), "账户里还有时间")
    done(await pages.post(protector, gone, f"{gone}/keep"), "抹去此人的资料")
    done(await pages.post(protector, gone, f"{gone}/erase"), "账户里还有时间")
    done(await pages.post(protector, gone, f"{gone}/grant", **said), "已同意")
    async with await pages.client(protector) as client:
        assert "没有等待答复的请求" in (await client.get(REQUESTS)).text
        assert (await client.get(f"{REQUESTS}/{who.id}")).status_code == 404


@pytest.mark.anyio
async def test_help_by_an_order_is_called_so_where_its_record_is_named(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with open_street(sqlite_url, tmp_path) as street:
        order = await street.delivered()
        await confirm_help(street.elder, order=order, key=key())
        pages, number = Pages(street.world), await street.world.number_of(street.helper)
        async with await pages.client(street.helper) as client:
            own = (await client.get("/objections")).text
        desk = "/desk/person"
        there = await pages.post(street.clerk, f"{desk}?station=001", f"{desk}/find", number=number)
        for shown in (own, there.text):
            assert "按订单互助" in shown
            assert "手工登记" not in shown
