"""The portfolio: money, milestones and hours of each promise, row by row and however many."""

import csv
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Browser
from python_calamine import CalamineWorkbook

from tests.demo_site import serving
from tests.funding import allotted
from tests.granting import applicant, called, running
from tests.projects import COST, approved, built, paid
from tests.volunteering import confirmed, visited
from tests.world import World, key
from timebank.access import Role
from timebank.funding import portfolio
from timebank.funding.calls import Call
from timebank.funding.funded_hours import fund_activity
from timebank.funding.grants import Grant
from timebank.funding.portfolio import Given, given_in, given_of
from timebank.hours import Record
from timebank.tables import find

pytestmark = [pytest.mark.anyio, pytest.mark.one_database]


async def test_each_row_says_what_was_paid_what_is_next_and_what_an_hour_cost(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(portfolio, "READ_AT_ONCE", 2)
    grant = await running(world, await applicant(world), await called(world))
    source = await allotted(world)
    done = await built(world, source)
    who = await world.volunteer()
    visit = await visited(world, who, minutes=120)
    record = await find(Record, visit)
    assert record
    manager = world.staff[Role.STATION_MANAGER]
    activity = record.activity or ""
    await fund_activity(manager, activity=activity, commitment=done, key=key())
    await confirmed(world, [visit])
    await paid(world, done)
    more = [await approved(world, source, fen=1_000) for _ in range(2)]
    rows = {row.commitment: row async for row in given_of(source)}
    assert set(rows) == {done, *more}
    told: Given = rows[done]
    assert (told.parts, told.parts_paid, told.waits_for) == (1, 1, "")
    assert (told.accepted_minutes, told.fen_an_hour) == (120, COST // 2)
    assert (rows[more[0]].parts, rows[more[0]].fen_an_hour) == (0, "")
    everything = {row.commitment: row async for row in given_in(2026)}
    assert set(everything) == {done, *more, grant}
    given = everything[grant]
    assert (given.parts, given.parts_paid, given.waits_for) == (3, 1, "midterm")
    assert given.payee


async def test_everybody_reads_a_source_and_takes_its_list_away(
    browser: Browser, world: World, tmp_path: Path
) -> None:
    grant = await running(world, await applicant(world), await called(world))
    held = await find(Grant, grant)
    assert held
    call = await find(Call, held.call)
    assert call
    async with serving(world.settings, clock=world.clock) as site:
        page = await (await browser.new_context(locale="zh-CN")).new_page()
        await page.goto(f"{site}/money")
        await page.locator(f'a[href="/money/sources/{call.source}"]').click()
        assert await page.get_by_text("1 签订合同").is_visible()
        await page.locator(f'a[href="/grants/{grant}"]').click()
        assert await page.get_by_text("实施中").is_visible()
        answer = await page.goto(f"{site}/money/sources/src_none")
        assert answer
        assert answer.status == 404
        async with httpx.AsyncClient(base_url=f"{site}/money/sources") as client:
            told = await client.get(f"/{call.source}.csv")
            (row,) = csv.DictReader(told.content.decode("utf-8-sig").splitlines())
            assert (row["parts_paid"], row["waits_for"]) == ("1", "midterm")
            file = tmp_path / "source.xlsx"
            file.write_bytes((await client.get(f"/{call.source}.xlsx")).content)
            head, line = CalamineWorkbook.from_path(file).get_sheet_by_index(0).to_python()
            assert dict(zip(head, line, strict=True))["parts"] == 3
            assert len((await client.get("/src_none.csv")).text.splitlines()) == 1
