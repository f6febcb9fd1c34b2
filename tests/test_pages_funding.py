"""Pages of public money: everybody reads who got what for what, two persons pay it out."""

import csv
import os
import tempfile
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Browser
from python_calamine import CalamineWorkbook

from tests.demo_site import serving
from tests.funding import allotted
from tests.projects import COST, built, officer_of
from tests.test_pages_office import Office, entered
from tests.world import open_world
from timebank.access import Role

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("js")]


@pytest.fixture
async def office(sqlite_url: str, tmp_path: Path) -> Office:
    async with open_world(sqlite_url, tmp_path) as world:
        made = Office(world.settings, world.clock)
        await built(world, await allotted(world))
        made.people["cashier"] = await officer_of(world, Role.STREET_CASHIER)
        made.people["checker"] = await officer_of(world, Role.STREET_CHECKER)
        made.people["volunteer"] = await world.volunteer()
    return made


async def test_a_payment_goes_through_two_hands_and_everybody_reads_it(
    browser: Browser, office: Office
) -> None:
    async with serving(office.settings, clock=office.clock) as site:
        cashier = await entered(browser, site, office.people["cashier"], "/office/payments")
        checker = await entered(browser, site, office.people["checker"], "/office/payments")
        assert await cashier.get_by_text("80,000.00 元").is_visible()
        await cashier.get_by_role("button", name="制单").click()
        assert await cashier.get_by_role("status").inner_text() == "已办好"
        await checker.reload()
        await checker.get_by_role("button", name="暂缓拨付").click()
        await checker.get_by_role("button", name="恢复").click()
        await cashier.reload()
        await cashier.get_by_role("button", name="制单").click()
        await checker.reload()
        await checker.get_by_role("button", name="复核通过").click()
        await cashier.reload()
        await cashier.get_by_label("银行流水号").fill("汇款 20261201")
        await cashier.get_by_role("button", name="确认出账").click()
        await checker.reload()
        await checker.get_by_role("button", name="已对账").click()
        assert await checker.get_by_role("status").inner_text() == "已办好"
        await checker.goto(f"{site}/money")
        assert await checker.get_by_role("heading", name="加装楼道扶手").is_visible()
        assert await checker.get_by_text("80,000.00 元").count() == 6


async def test_a_volunteer_sees_the_money_and_not_the_office(
    browser: Browser, office: Office
) -> None:
    async with serving(office.settings, clock=office.clock) as site:
        page = await entered(browser, site, office.people["volunteer"], "/money?year=2025")
        assert await page.get_by_text("今年还没有安排资金").is_visible()
        answer = await page.goto(f"{site}/office/payments")
        assert answer
        assert answer.status == 403


async def test_everybody_takes_the_whole_list_away(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drafts = tmp_path / "drafts"
    drafts.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(drafts))
    async with (
        serving(office.settings, clock=office.clock) as site,
        httpx.AsyncClient(base_url=site) as client,
    ):
        told = await client.get("/money/2026.csv")
        assert told.content.startswith(b"\xef\xbb\xbf")
        (row,) = csv.DictReader(told.content.decode("utf-8-sig").splitlines())
        assert (row["name"], row["source"]) == ("加装楼道扶手", "惠民项目资金")
        assert (row["fen"], row["paid_fen"], row["payee"]) == (str(COST), "0", "")
        assert len((await client.get("/money/2025.csv")).text.splitlines()) == 1
        sheet = tmp_path / "money.xlsx"
        sheet.write_bytes((await client.get("/money/2026.xlsx")).content)
        head, line = CalamineWorkbook.from_path(sheet).get_sheet_by_index(0).to_python()
        assert dict(zip(head, line, strict=True))["fen"] == COST
    assert os.listdir(drafts) == []
