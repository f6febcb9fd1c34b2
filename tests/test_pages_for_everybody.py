"""Every page for everybody: axe-core finds nothing, targets are large, nothing is said or blocked.

Standard and elder mode, a phone and a desk, Chinese and English. A signed-in browser context a
role, each page opened in it; every combination at full size, one a page by turns otherwise.
"""

import hashlib
from collections.abc import AsyncIterator
from itertools import product
from pathlib import Path

import pytest
from playwright.async_api import Browser
from playwright.async_api import Page as Tab

from tests.conftest import SIZE
from tests.demo_site import enter, make_city, serving
from web.pages.every import PAGES
from web.pages.table import Page

pytestmark = pytest.mark.anyio
VENDOR = Path(__file__).parent / "vendor"
COMBINATIONS = list(product(("standard", "elder"), (360, 1280), ("zh-CN", "en")))
ROLES = {"desk": "站长", "office": "区志愿服务负责人"}
VOLUNTEER = "志愿者"
THERE = {
    "/c/{number}": "/c/0001",
    "/calls/{id}": "/calls/none",
    "/certificates/{id}": "/certificates/none",
    "/e/{order}": "/e/none",
    "/grants/{id}": "/grants/none",
    "/o/{id}": "/o/none",
    "/office/organisations/{id}": "/office/organisations/none",
    "/organisations/{id}/work": "/organisations/none/work",
    "/projects/{id}": "/projects/none",
    "/redeem/{id}": "/redeem/none",
    "/u/{link}": "/u/none",
    "/reports/{id}": "/reports/none",
    "/v/{code}": "/v/none",
    "/w/{link}": "/w/none",
}
"""What is opened for a page whose address has a part."""
NOT_THERE = dict.fromkeys(
    ("/calls/none", "/grants/none", "/projects/none", "/u/none"), "404 (Not Found)"
)
"""What a browser says of a page that is not there, and that is meant to look like any other."""
RULES = """() => axe.run(document, {
  runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
  resultTypes: ["violations"],
}).then(found => found.violations.flatMap(one => one.nodes.map(node =>
  `${one.id}: ${node.target} ${node.any.concat(node.all).map(why => why.message)[0] ?? ""}`)))"""
SMALL = """least => [...document.querySelectorAll("a, button, input, select, textarea, summary")]
  .filter(one => one.type !== "hidden" && one.checkVisibility() && !one.matches(".skip"))
  .map(one => one.matches("[type=checkbox], [type=radio]") ? one.closest("label") ?? one : one)
  .filter(one => {
    const { width, height } = one.getBoundingClientRect();
    return height < least - 0.5 || (width < least - 0.5 && !one.matches("p a, li a, td a"));
  })
  .map(one => `target: ${one.tagName} ${one.textContent.trim() || one.name}`)"""


@pytest.fixture(scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    settings = await make_city(tmp_path_factory.mktemp("city"))
    async with serving(settings) as address:
        yield address


def walked(role: str) -> list[tuple[str, str, int, str]]:
    """The pages that a role walks through: address, mode, width and language."""
    pages = [page for page in PAGES if ROLES.get(page.group, VOLUNTEER) == role]
    if SIZE == "full":
        return [(address_of(page), *how) for page in pages for how in COMBINATIONS]
    return [
        (address_of(page), *COMBINATIONS[n % len(COMBINATIONS)]) for n, page in enumerate(pages)
    ]


def address_of(page: Page) -> str:
    """Where a page is opened; a page with a part in its path is told one above."""
    return THERE[page.path] if "{" in page.path else page.path


async def dressed(tab: Tab, site: str, mode: str, width: int, language: str) -> None:
    """The same browser in another mode, width and language."""
    told = (("mode", mode), ("language", language))
    await tab.context.add_cookies([{"name": n, "value": v, "url": site} for n, v in told])
    await tab.set_viewport_size({"width": width, "height": 900})


@pytest.mark.parametrize("role", [VOLUNTEER, *ROLES.values()])
async def test_every_page_is_fit_for_everybody(browser: Browser, site: str, role: str) -> None:
    tab, said = await enter(browser, site, role)
    await tab.context.add_init_script(path=VENDOR / "axe.min.js")
    wrong: list[str] = []
    for path, mode, width, language in walked(role):
        await dressed(tab, site, mode, width, language)
        await tab.goto(site + path)
        assert await tab.evaluate("document.documentElement.lang") == language
        found = await tab.evaluate(RULES)
        found += await tab.evaluate(SMALL, 60 if mode == "elder" else 44)
        wide = await tab.evaluate("document.documentElement.scrollWidth")
        found += [f"{wide} px wide"] if wide > width else []
        found += [line for line in said if path not in NOT_THERE or NOT_THERE[path] not in line]
        wrong += [f"{path} {mode} {width} {language}: {one}" for one in found]
        said.clear()
    assert not wrong, "\n".join(wrong)


async def test_what_the_walk_looks_for_is_found(browser: Browser, site: str) -> None:
    """A page that is fit for nobody fails at every rule, or the walk would prove nothing."""
    tab, _ = await enter(browser, site, VOLUNTEER)
    await tab.context.add_init_script(path=VENDOR / "axe.min.js")
    await tab.goto(f"{site}/redeem")
    await tab.evaluate(
        """() => { const main = document.querySelector("main");
        main.style.color = "#ccc"; main.style.background = "#fff";
        main.append(document.createElement("input")); }"""
    )
    found = " ".join(await tab.evaluate(RULES))
    assert "color-contrast" in found
    assert "label:" in found
    assert await tab.evaluate(SMALL, 80)


def test_axe_is_the_one_of_the_lock() -> None:
    digest, name = (VENDOR / "hashes.lock").read_text("ascii").split()
    assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == digest
