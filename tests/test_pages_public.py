"""Pages of whoever looks in from outside: the ledger in the open, statistics, help."""

import csv
import gzip
import re
from collections.abc import AsyncIterator
from datetime import date
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, Request, Route, expect
from python_calamine import CalamineWorkbook

from tests import export_sums
from tests.demo_site import enter, make_city, serving
from timebank import exports
from timebank.divisions import CITY, divisions
from timebank.settings import Settings
from web.pages.every import PAGES

pytestmark = pytest.mark.anyio
DISTRICTS = {area.code for area in divisions() if area.manager == CITY}
TELEPHONE = "027-85000000"
ROOT = Path(__file__).parent
STATIC = ROOT.parent / "web" / "static"


@pytest.fixture(scope="module")
async def city(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return await make_city(tmp_path_factory.mktemp("city"))


@pytest.fixture(scope="module")
async def site(city: Settings) -> AsyncIterator[str]:
    async with serving(city.model_copy(update={"help_telephone": TELEPHONE})) as address:
        yield address


async def test_the_ledger_is_open_to_whoever_looks(browser: Browser, site: str, js: bool) -> None:
    context = await browser.new_context(locale="zh-CN")
    page = await context.new_page()
    answer = await page.goto(f"{site}/ledger")
    assert answer
    assert answer.status == 200
    assert await page.get_by_text("两边相等").is_visible()
    assert await page.get_by_text("签署原文").is_visible()
    await page.get_by_role("link", name="核验回执与证明").first.click()
    if js:
        await page.locator("form#verify").wait_for()
    else:
        assert "本页需要浏览器脚本" in await page.locator("noscript p").inner_text()
        assert not await page.locator("form#verify").is_visible()


async def test_statistics_are_drawn_and_downloaded_with_the_same_numbers(
    browser: Browser, site: str
) -> None:
    context = await browser.new_context(locale="zh-CN", java_script_enabled=False)
    page = await context.new_page()
    await page.goto(f"{site}/statistics")
    total = (await page.locator("p.figure").inner_text()).replace(" ", "")
    async with httpx.AsyncClient(base_url=site) as client:
        answer = await client.get("/statistics.csv")
    assert answer.content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(StringIO(answer.content.decode("utf-8-sig"))))
    sums = {
        part: sum(int(row["minutes"]) for row in rows if row["part"] == part)
        for part in ("total", "month", "kind", "area", "cell")
    }
    assert sums["total"] > 0
    assert set(sums.values()) == {sums["total"]}
    assert total.startswith(f"{sums['total'] // 60}小时")
    await page.locator("td a").first.click()
    await expect(page.get_by_role("heading", name="各街道服务时长")).to_be_visible()


async def test_each_station_s_minutes_are_open_and_add_up_over_the_export(
    browser: Browser, site: str, city: Settings, tmp_path: Path
) -> None:
    page, said = await enter(browser, site, "志愿者", path="/ledger", js=False)
    note = await page.get_by_role("link", name="checkpoint").get_attribute("href")
    answer = await page.request.get(f"{site}{note}")
    assert (answer.status, (await answer.text()).count("\n— ")) == (200, 1), "for a mirror"
    await page.get_by_role("link", name="各站账目").click()
    await page.locator("td a").first.click()
    shown = await page.locator("dl").inner_text()
    async with httpx.AsyncClient(base_url=site) as client:
        told = (await client.get("/ledger/stations.csv")).content.decode("utf-8-sig")
        assert (await client.get("/ledger/stations.csv?area=0")).status_code == 404
    rows = {row["number"]: row for row in csv.DictReader(StringIO(told))}
    one = rows[(await page.locator("dd.code").inner_text())]
    assert f"{int(one['minted']) // 60} 小时" in shown

    files = [tmp_path / "entries.csv", tmp_path / "postings.csv"]
    with files[0].open("w", newline="") as entries, files[1].open("w", newline="") as postings:
        await exports.write_csv(city.database_url, entries, postings)
    sums: dict[str, Any] = export_sums.summed(str(files[0]), str(files[1]), date(2016, 12, 5))
    minted = sorted(int(row["minted"]) for row in rows.values() if int(row["minted"]))
    assert minted == sorted(sums["minted"].values())
    assert sum(int(row["reversed"]) for row in rows.values()) == sum(sums["reversed"].values())
    held = sums["by_kind"]["volunteer"] + sums["by_kind"]["escrow"]
    assert sum(int(row["outstanding"]) for row in rows.values()) == held > 0
    assert not said


@pytest.mark.usefixtures("js")
async def test_area_month_and_kind_are_chosen_together_and_the_file_follows(
    browser: Browser, site: str
) -> None:
    context = await browser.new_context(locale="zh-CN")
    page = await context.new_page()
    await page.goto(f"{site}/statistics?since=2020-01")
    assert await page.locator("tbody tr").count() > 60, "sixty months at most, and the others"
    async with httpx.AsyncClient(base_url=site) as client:
        whole = (await client.get("/statistics.csv")).content.decode("utf-8-sig")
    cells = [row for row in csv.DictReader(StringIO(whole)) if row["part"] == "cell"]
    cell = max(cells, key=lambda row: int(row["minutes"]))
    await page.get_by_label("区域").select_option(cell["area"])
    await page.get_by_label("服务类别").select_option(cell["kind"])
    await page.get_by_label("从哪个月").fill(cell["month"])
    await page.get_by_label("到哪个月").fill(cell["month"])
    await page.get_by_role("button", name="查看").click()
    await page.wait_for_url(f"**kind={cell['kind']}**")
    figure = (await page.locator("p.figure").inner_text()).replace(" ", "")
    assert figure.startswith(f"{int(cell['minutes']) // 60}小时")
    assert await page.get_by_label("服务类别").input_value() == cell["kind"]
    file = await page.get_by_role("link", name="CSV").get_attribute("href") or ""
    async with httpx.AsyncClient(base_url=site) as client:
        text = (await client.get(file)).content.decode("utf-8-sig")
    rows = list(csv.DictReader(StringIO(text)))
    assert {row["minutes"] for row in rows if row["part"] in ("total", "month")} == {
        cell["minutes"]
    }
    assert {row["kind"] for row in rows if row["part"] == "cell"} == {cell["kind"]}
    async with httpx.AsyncClient(base_url=site) as client:
        assert (await client.get("/statistics.csv?kind=NONE")).status_code == 404
        for strange in ("kind=NONE", "area=none", "since=x", "since=2030-01&until=2020-01"):
            assert (await client.get(f"/statistics?{strange}")).status_code in (200, 400)


@pytest.mark.usefixtures("js")
async def test_each_page_leads_to_the_manual_and_to_people_who_help(
    browser: Browser, site: str
) -> None:
    context = await browser.new_context(locale="en")
    page = await context.new_page()
    await page.goto(f"{site}/stars/publicity")
    assert await page.locator("footer").get_by_text(TELEPHONE).is_visible()
    await page.get_by_role("link", name="Manual").click()
    await page.get_by_role("heading", name="Auditor and public").wait_for()
    assert await page.locator("main section h2").count() == 5
    links = await page.locator("main ol a").evaluate_all("all => all.map(one => one.pathname)")
    assert {path for path in links if path not in {page.path for page in PAGES}} == set()


@pytest.mark.parametrize(("who", "closed"), [("志愿者", True), ("站长", False)])
async def test_the_manual_links_to_what_its_reader_may_open(
    browser: Browser, site: str, who: str, closed: bool
) -> None:
    page, _ = await enter(browser, site, who, path="/manual", js=False)
    links = await page.locator("main section a").evaluate_all("all => all.map(one => one.pathname)")
    paths = {path for path in links if path.startswith("/")}
    assert ("/desk" not in paths) is closed
    assert {"/", "/statement", "/verify"} <= paths
    refused = {path: (await page.request.get(site + path)).status for path in sorted(paths)}
    assert {path: status for path, status in refused.items() if status != 200} == {}


async def sent(request: Request) -> int:
    """How many bytes the server sent for a request, as they came."""
    sizes = await request.sizes()
    return sizes["responseBodySize"] + sizes["responseHeadersSize"]


async def test_a_volunteer_s_first_load_is_light_and_the_balance_needs_no_second_request(
    browser: Browser, site: str
) -> None:
    page, _ = await enter(browser, site, "志愿者")
    asked: list[Request] = []
    page.on("requestfinished", lambda request: asked.append(request))
    shared: dict[str, int] = {}
    heavy: dict[str, int] = {}
    for path in [
        one.path for one in PAGES if one.group in ("mine", "near") and "{" not in one.path
    ]:
        asked.clear()
        answer = await page.goto(site + path, wait_until="networkidle")
        assert answer
        for request in asked:
            shared |= {request.url: await sent(request)} if "/static/" in request.url else {}
        # Files of an earlier page are kept by the browser; a first load asks for them too.
        load = await sent(answer.request) + sum(shared.values())
        heavy |= {path: load} if load > 15 * 1024 else {}
    assert any("timebank.css" in url for url in shared)
    assert heavy == {}

    async def the_page_alone(route: Route) -> None:
        if route.request.resource_type == "document":
            await route.continue_()
        else:
            await route.abort()

    await page.route("**/*", the_page_alone)
    await page.goto(f"{site}/")
    await expect(page.locator(".balance .figure")).to_be_visible()


async def test_what_another_site_leads_to_is_sent_as_it_is(site: str) -> None:
    """Nobody learns by its length what stands on somebody's page."""
    async with httpx.AsyncClient(base_url=site) as client:
        for asker, packed in (
            ("same-origin", True),
            ("none", True),
            (None, True),
            ("same-site", False),
            ("cross-site", False),
        ):
            headers = {"sec-fetch-site": asker} if asker else {}
            answer = await client.get("/tell", headers=headers)
            assert (answer.headers.get("content-encoding") == "gzip") == packed, asker
            assert "csrf" in answer.text
        plain = await client.get("/tell", headers={"accept-encoding": "identity"})
        assert "content-encoding" not in plain.headers


async def test_no_token_of_a_page_is_ever_the_same_twice(site: str) -> None:
    async with httpx.AsyncClient(base_url=site) as client:
        pages = [(await client.get("/tell?station=0001")).text for _ in range(2)]
        first, second = (
            set(re.findall(r'name="(csrf|key|form)" value="([^"]+)"', one)) for one in pages
        )
        assert {name for name, _ in first} == {"csrf", "key", "form"}
        assert not first & second
        for shown in (first, second):
            token = dict(shown)["csrf"]
            told = {"csrf": token, "language": "en", "back": "/tell"}
            assert (await client.post("/settings", data=told)).status_code == 303
            forged = told | {"csrf": ("0" if token[0] != "0" else "1") + token[1:]}
            assert (await client.post("/settings", data=forged)).status_code == 403


async def test_the_workbook_of_statistics_has_the_numbers_of_the_page(site: str) -> None:
    async with httpx.AsyncClient(base_url=site) as client:
        told = (await client.get("/statistics.csv?area=420102")).content.decode("utf-8-sig")
        book = (await client.get("/statistics.xlsx?area=420102")).content
    rows = CalamineWorkbook.from_filelike(BytesIO(book)).get_sheet_by_index(0).to_python()
    written = [[str(cell) for cell in row] for row in csv.reader(StringIO(told))]
    assert [[str(int(c)) if isinstance(c, float) else c for c in row] for row in rows] == written
    assert len(rows) > 12


async def test_each_district_s_solvency_is_open(browser: Browser, site: str) -> None:
    context = await browser.new_context(locale="zh-CN", java_script_enabled=False)
    page = await context.new_page()
    await page.goto(f"{site}/ledger")
    await page.get_by_text("看各区").click()
    rows = page.locator("details[open] tbody tr")
    assert await rows.count() == len(DISTRICTS)
    await page.get_by_role("link", name="江岸区").click()
    await expect(page.get_by_role("heading", name="偿付能力")).to_contain_text("江岸区")
    await expect(page.get_by_text("还没有人接的求助单")).to_be_visible()


def test_every_district_has_its_tile_and_no_two_lie_together() -> None:
    drawn = (STATIC.parent / "templates" / "charts.html").read_text("utf-8")
    placed = re.findall(r'"(42[0-9A-Z]{4})": (\(\d, \d), ', drawn)
    assert {code for code, _ in placed} == DISTRICTS
    assert len({place for _, place in placed}) == len(placed)


LARGE = ("verify.js", "fallback.js", "desk.js", "worker.js")
"""The modules of the verify page and of the desk's offline queue."""


@pytest.mark.parametrize("module", LARGE)
def test_a_module_is_at_most_15_kilobytes(module: str) -> None:
    assert (STATIC / module).stat().st_size <= 15 * 1024


def test_every_other_page_carries_under_a_kilobyte_as_it_is_sent() -> None:
    others = [file for file in STATIC.glob("*.js") if file.name not in LARGE]
    sent = {file.name: len(gzip.compress(file.read_bytes())) for file in others}
    assert "passkey.js" in sent
    assert {name: size for name, size in sent.items() if size >= 1024} == {}
