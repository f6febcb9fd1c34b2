"""Pages of dual claim, asked in process: there for whom they are, and gone with the module."""

import re

import httpx2 as httpx
import pytest

from tests.membership import member, open_service_post, secretary, switch_off, work_unit
from tests.test_unit_statements import admin_of, consented, new_year, statement_of
from tests.wishing import listed
from tests.world import COMMUNITY, World, key
from timebank.actors import Actor
from timebank.sign_in import open_session
from timebank.unit_consents import end_unit_consent
from timebank.unit_statements import send_statement, statement_link
from web import app

pytestmark = [pytest.mark.anyio, pytest.mark.one_database]
PATHS = ("/member", "/member/unit")


async def browsing(world: World, who: Actor | None) -> httpx.AsyncClient:
    """A client signed in as somebody, on the city that is open."""
    transport = httpx.ASGITransport(app.build(world.settings))
    client = httpx.AsyncClient(transport=transport, base_url="http://testserver")
    client.headers["accept-language"] = "zh-CN"
    if who is not None and who.person:
        client.cookies.set("timebank", (await open_session(who.person)).token)
    return client


async def test_the_pages_go_with_the_module_and_come_to_whoever_may_see_them(
    world: World,
) -> None:
    who, other, party = await member(world), await world.volunteer(), await secretary(world)
    post = await open_service_post(world)
    async with (
        await browsing(world, who) as mine,
        await browsing(world, other) as theirs,
        await browsing(world, party) as desk,
    ):
        for path in PATHS:
            assert (await mine.get(path)).status_code == 200
        shown = (await mine.get("/member")).text
        assert post in shown
        assert "已报到" in shown
        assert post not in (await theirs.get("/member")).text, "who cannot claim is offered none"
        assert "同意并向社区报到" in (await theirs.get("/member")).text
        assert (await theirs.get("/office/party")).status_code == 403
        assert COMMUNITY in (await desk.get("/office/party")).text
    await switch_off(world)
    async with await browsing(world, who) as mine, await browsing(world, party) as desk:
        for path in PATHS:
            assert (await mine.get(path)).status_code == 404
        assert (await desk.get("/office/party")).status_code == 404


async def test_members_and_others_get_the_same_page_of_wishes_near_them(world: World) -> None:
    wish, who = await listed(world), await member(world)
    async with await browsing(world, who) as mine:
        assert wish in (await mine.get("/wishes")).text


async def test_a_unit_opens_and_downloads_a_statement_until_the_module_is_off(
    world: World,
) -> None:
    who, _ = await consented(world)
    await new_year(world)
    held = await statement_of(who)
    await send_statement(who, statement=held.id, comment="=1+1", key=key())
    link = statement_link(held.id)
    async with await browsing(world, None) as unit:
        page = await unit.get(f"/u/{link}")
        assert (page.status_code, page.headers["cache-control"]) == (200, "no-store")
        assert re.search("王秀英[0-9]+", page.text)
        sheet = await unit.get(f"/u/{link}/statement.csv")
        assert sheet.headers["content-disposition"].startswith("attachment")
        head, row = sheet.text.lstrip("\ufeff").splitlines()
        assert head.startswith("name,first_day,last_day,minutes")
        assert row.endswith("'=1+1"), "no spreadsheet runs it"
        await switch_off(world)
        assert (await unit.get(f"/u/{link}")).status_code == 404
        assert (await unit.get(f"/u/{link}/statement.csv")).status_code == 404


async def test_a_units_admin_reads_what_was_sent_while_the_consent_stands(world: World) -> None:
    who, unit = await consented(world)
    await new_year(world)
    held, admin = await statement_of(who), await admin_of(world, unit)
    foreign = await admin_of(world, await work_unit(world))
    async with await browsing(world, admin) as ours, await browsing(world, foreign) as theirs:
        page = "/office/statements"
        assert "王秀英" not in (await ours.get(page)).text, "nothing before it is sent"
        await send_statement(who, statement=held.id, comment="周末参加", key=key())
        shown = (await ours.get(page)).text
        assert "周末参加" in shown
        assert re.search("王秀英[0-9]+", shown)
        assert who.id not in shown
        assert "周末参加" not in (await theirs.get(page)).text
        await end_unit_consent(who, key=key())
        assert "周末参加" not in (await ours.get(page)).text
