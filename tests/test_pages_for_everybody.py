"""Every page for everybody: axe-core finds nothing, targets are large, nothing is said or blocked.

Every page of the tables is opened, with a thing that is there where its address names one, in a
city that holds something of everything: standard and elder mode, a phone and a desk, Chinese and
English, and at 320 px with a doubled font. Every combination at full size, one a page by turns
otherwise.
"""

import hashlib
from collections.abc import AsyncIterator
from itertools import product
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser
from playwright.async_api import Page as Tab

from tests.conftest import SIZE
from tests.demo_site import listening
from tests.role_city import City, found_city
from tests.starring import HOURLY, awarded, served_hours
from tests.test_entitlements import courtesy
from tests.world import World, key, open_world
from timebank.access import Role, grant_role
from timebank.actors import SYSTEM
from timebank.certificates import Certificate
from timebank.divisions import CITY_PATH
from timebank.funding.calls import Call
from timebank.reward_orders import order_reward
from timebank.sign_in import open_session
from timebank.tables import find, select
from web import app
from web.pages.every import PAGES
from web.pages.table import Page

pytestmark = pytest.mark.anyio
VENDOR = Path(__file__).parent / "vendor"
COMBINATIONS = list(product(("standard", "elder"), (360, 1280), ("zh-CN", "en")))
READERS = {"desk": "staff", "office": "staff", "open": "public"}
VOLUNTEER = "self"
NAMED = {
    "/activities/{id}/money": ("staff", "activity"),
    "/c/{number}": ("self", "station.number"),
    "/calls/{id}": ("staff", "the call"),
    "/certificates/{id}": ("self", "revokeCertificate.certificate"),
    "/e/{order}": ("public", "the courtesy"),
    "/findings/{id}": ("self", "finding"),
    "/grades/{id}": ("public", "decideGradeObjection.grade"),
    "/grants/{id}": ("staff", "contractGrant.grant"),
    "/money/sources/{id}": ("public", "source"),
    "/o/{id}": ("public", "organisation"),
    "/office/organisations/{id}": ("staff", "organisation"),
    "/office/people/{id}": ("staff", "standing.person"),
    "/office/requests/{id}": ("staff", "dataRequest.id"),
    "/organisations/{id}/teams": ("organisation_representative", "organisation"),
    "/organisations/{id}/work": ("organisation_representative", "organisation"),
    "/projects/{id}": ("public", "project"),
    "/redeem/{id}": ("self", "reward"),
    "/reports/{id}": ("organisation_representative", "saveReport.report"),
    "/u/{link}": ("public", "unitStatementByLink.link"),
    "/v/{code}": ("public", "the certificate's code"),
    "/w/{link}": ("public", "link"),
}
"""For a page whose address names a thing: whose page it is, and what the city calls the thing."""
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

ASIDE = """() => [...document.querySelectorAll(".tabs [aria-current]")]
  .filter(one => { const { left, right } = one.getBoundingClientRect();
    return left < 0 || right > innerWidth; })
  .map(one => `where one is lies out of sight: ${one.textContent.trim()}`)"""
"""Tabs that do not fit beside each other are pushed sideways: the one that is open is seen."""
TOUCHED = """() => [...document.querySelectorAll("main form")].flatMap(form => {
  const seen = selector => [...form.querySelectorAll(selector)].filter(one => one.checkVisibility())
    .map(one => [one, one.getBoundingClientRect()]);
  const fields = seen("input:not([type=hidden], [type=checkbox], [type=radio]), select, textarea");
  return seen("button").flatMap(([button, under]) => fields.filter(([, above]) =>
    above.bottom <= under.top + 1 && under.top - above.bottom < 6
    && above.left < under.right && under.left < above.right
  ).map(([field]) => `${button.textContent.trim()} touches the field ${field.name} above it`));
})"""
"""A finger that aims at a button must not open the field over it."""
DOUBLED = """() => { const root = document.documentElement;
  root.style.fontSize = "44px"; const wide = root.scrollWidth;
  root.style.fontSize = ""; return wide; }"""
"""How wide a page is with twice the font of elder mode, the larger of the two."""


class Site:
    """A city with something of everything, served; who reads it, and what lies where."""

    def __init__(self, address: str, city: City, things: dict[str, Any]) -> None:
        self.address, self.things = address, things
        self.readers = {name: actor.person for name, actor in city.near.items()}

    async def enter(self, browser: Browser, reader: str) -> tuple[Tab, list[str]]:
        """A reader's browser, and what its console says."""
        context = await browser.new_context()
        context.set_default_timeout(30_000)
        if person := self.readers[reader]:
            token = (await open_session(person)).token
            await context.add_cookies([{"name": "timebank", "value": token, "url": self.address}])
        tab, said = await context.new_page(), list[str]()
        tab.on("console", lambda message: said.append(message.text))
        tab.on("pageerror", lambda error: said.append(str(error)))
        return tab, said

    def address_of(self, page: Page, *, there: bool = True) -> str:
        """Where a page is opened; `there`, for a thing that is there."""
        if "{" not in page.path:
            return page.path
        part = page.path[page.path.index("{") : page.path.index("}") + 1]
        return page.path.replace(part, self.things[NAMED[page.path][1]] if there else "none")


async def courtesy_ordered(world: World) -> str:
    """Somebody with an awarded star, and their order for what it opens."""
    who = await world.volunteer()
    await served_hours(world, who, 1)
    reward = await courtesy(world)
    await awarded(world, who)
    return (await order_reward(who, reward=reward, key=key())).order


@pytest.fixture(scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    directory = tmp_path_factory.mktemp("city")
    url = f"sqlite:///{directory / 'timebank.db'}"
    async with open_world(url, directory, policy=HOURLY) as world:
        ordered = await courtesy_ordered(world)
        city = await found_city(world)
        # Staff of everything: no office is without what only another office sees.
        city.near["staff"] = await world.officer(Role.STATION_MANAGER, world.station_path)
        for role in set(Role) - {Role.STATION_MANAGER}:
            person = city.near["staff"].person or ""
            await grant_role(SYSTEM, person=person, role=role, scope=CITY_PATH, key=key())
        held = await find(Certificate, city.things["revokeCertificate.certificate"])
        assert held
        (call, *_) = await select(Call, limit=1)
        things = city.things | {"the certificate's code": held.code, "the call": call.id}
        things["the courtesy"] = ordered
        async with listening(app.build(world.settings), lifespan="off") as address:
            yield Site(address, city, things)


def reader_of(page: Page) -> str:
    """Whose page it is."""
    if page.path in NAMED:
        return NAMED[page.path][0]
    return READERS.get(page.group, VOLUNTEER)


def walked(reader: str) -> list[tuple[Page, str, int, str]]:
    """The pages that a reader walks through: page, mode, width and language."""
    numbered = [(n, page) for n, page in enumerate(PAGES) if reader_of(page) == reader]
    if SIZE == "full":
        return [(page, *how) for _, page in numbered for how in COMBINATIONS]
    return [(page, *COMBINATIONS[n % len(COMBINATIONS)]) for n, page in numbered]


async def dressed(tab: Tab, site: str, mode: str, width: int, language: str) -> None:
    """The same browser in another mode, width and language."""
    told = (("mode", mode), ("language", language))
    await tab.context.add_cookies([{"name": n, "value": v, "url": site} for n, v in told])
    await tab.set_viewport_size({"width": width, "height": 900})


@pytest.mark.parametrize("reader", sorted({reader_of(page) for page in PAGES}))
async def test_every_page_is_fit_for_everybody(browser: Browser, site: Site, reader: str) -> None:
    tab, said = await site.enter(browser, reader)
    await tab.context.add_init_script(path=VENDOR / "axe.min.js")
    wrong: list[str] = []
    for page, mode, width, language in walked(reader):
        path = site.address_of(page)
        await dressed(tab, site.address, mode, width, language)
        answer = await tab.goto(site.address + path)
        assert answer
        found = [] if answer.status == 200 else [f"status {answer.status}"]
        assert await tab.evaluate("document.documentElement.lang") == language
        found += await tab.evaluate(RULES)
        found += await tab.evaluate(SMALL, 60 if mode == "elder" else 44)
        found += await tab.evaluate(ASIDE)
        found += await tab.evaluate(TOUCHED)
        wide = await tab.evaluate("document.documentElement.scrollWidth")
        found += [f"{wide} px wide"] if wide > width else []
        await tab.set_viewport_size({"width": 320, "height": 900})
        wide = await tab.evaluate(DOUBLED)
        found += [f"{wide} px wide at 320 px with a doubled font"] if wide > 320 else []
        wrong += [f"{path} {mode} {width} {language}: {one}" for one in [*found, *said]]
        said.clear()
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("path", [page.path for page in PAGES if "{" in page.path])
async def test_a_page_is_walked_with_a_thing_that_is_there(
    browser: Browser, site: Site, path: str
) -> None:
    """Or the walk would see nothing but what says that there is nothing, and that with a 404."""
    (page,) = [page for page in PAGES if page.path == path]
    tab, _ = await site.enter(browser, reader_of(page))
    shown: list[str] = []
    for there, status in ((True, 200), (False, 404)):
        answer = await tab.goto(site.address + site.address_of(page, there=there))
        assert answer
        assert answer.status == status
        shown.append(await tab.locator("main").inner_text())
    assert shown[0] != shown[1]


@pytest.mark.parametrize("path", ["/certificates/{id}", "/findings/{id}", "/reports/{id}"])
async def test_what_is_another_s_is_not_there(site: Site, path: str) -> None:
    """Nor is a thing of another kind."""
    (page,) = [page for page in PAGES if page.path == path]
    token = (await open_session(site.readers["other"] or "")).token
    other_kind = path.replace("{id}", site.things["reward"])
    paths = (site.address_of(page), site.address_of(page, there=False), other_kind)
    async with httpx.AsyncClient(base_url=site.address, cookies={"timebank": token}) as other:
        answers = [await other.get(path) for path in paths]
    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert len({answer.text.split("</main>")[0].split("<main")[1] for answer in answers}) == 1


async def test_every_page_is_closed_to_whoever_it_is_not_for(site: Site) -> None:
    """Whether the thing that its address names is there or not."""
    token = (await open_session(site.readers[VOLUNTEER] or "")).token
    nobody = httpx.AsyncClient(base_url=site.address)
    volunteer = httpx.AsyncClient(base_url=site.address, cookies={"timebank": token})
    answers = {"anyone": (200, 404), "known": (303,), "staff": (303,)}
    wrong: list[str] = []
    async with nobody, volunteer:
        for page, there in product(PAGES, (True, False)):
            path = site.address_of(page, there=there)
            answer = await nobody.get(path)
            leads = answer.headers.get("location", "/sign-in")
            wrong += [f"{path} {answer.status_code}"] * (
                answer.status_code not in answers[page.who]
            )
            wrong += [f"{path} leads to {leads}"] * (not leads.startswith("/sign-in"))
            if page.who == "staff":
                status = (await volunteer.get(path)).status_code
                wrong += [f"{path} {status} for a volunteer"] * (status != 403)
    assert not wrong, "\n".join(wrong)


async def test_what_the_walk_looks_for_is_found(browser: Browser, site: Site) -> None:
    """A page that is fit for nobody fails at every rule, or the walk would prove nothing."""
    tab, _ = await site.enter(browser, VOLUNTEER)
    await tab.context.add_init_script(path=VENDOR / "axe.min.js")
    await tab.goto(f"{site.address}/redeem")
    await tab.evaluate(
        """() => { const main = document.querySelector("main");
        main.style.color = "#ccc"; main.style.background = "#fff";
        main.append(document.createElement("input")); }"""
    )
    found = " ".join(await tab.evaluate(RULES))
    assert "color-contrast" in found
    assert "label:" in found
    assert await tab.evaluate(SMALL, 80)
    await tab.evaluate("document.querySelector('main').style.width = '21rem'")
    await tab.set_viewport_size({"width": 320, "height": 900})
    assert await tab.evaluate(DOUBLED) > 320


def test_axe_is_the_one_of_the_lock() -> None:
    digest, name = (VENDOR / "hashes.lock").read_text("ascii").split()
    assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == digest
