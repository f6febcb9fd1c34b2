"""A small demonstration city, the real server on it, and a browser that enters it.

For the tests of pages and commands.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Literal

import msgspec
from playwright.async_api import Browser, Locator, Page
from starlette.types import ASGIApp

from tests import founded
from tests.served import served
from timebank import demo_city
from timebank.clock import Clock, ManualClock, day_of, instant
from timebank.demo import Size
from timebank.settings import Settings
from web import app

SMALL = Size(stations=12, teams=30, volunteers=60, busy=3, weeks=4, stories=False)
"""Tests of pages make by themselves what they look at."""

YEAR = msgspec.structs.replace(SMALL, stories=True, weeks=52, busy=2, volunteers=40)
"""Something of most things that happen in a year."""


async def make_city(directory: Path, *, size: Size = SMALL, today: date | None = None) -> Settings:
    """A demonstration ledger in a directory, made today or on another day, when that begins.

    Its year ends on the day on which it is looked at.
    """
    settings = Settings(data=directory / "demo")
    await founded.copy(settings, _make, size, today or day_of(datetime.now(UTC)))
    return settings


async def _make(settings: Settings, size: Size, today: date) -> None:
    now = instant(today, 1)
    await demo_city.make(settings, lambda what, done, count: None, size=size, now=now)


@asynccontextmanager
async def serving(settings: Settings, *, clock: Clock | None = None) -> AsyncIterator[str]:
    """The demonstration's server on a free port; gives its address."""
    async with listening(app.build(settings, clock=clock, demo=True)) as address:
        yield address


@asynccontextmanager
async def listening(
    application: ASGIApp, *, lifespan: Literal["on", "off"] = "on"
) -> AsyncIterator[str]:
    """An application on a free port; without its lifespan where the bank is open already."""
    async with served(application, lifespan=lifespan, ws="none") as port:
        yield f"http://127.0.0.1:{port}"


def afternoon() -> ManualClock:
    """Two o'clock today, when a station's open house is on, whatever the hour of the test."""
    return ManualClock(instant(day_of(datetime.now(UTC)), 14 * 60))


async def tap(*places: Locator) -> int:
    """Tap one place after another; how many taps that were."""
    for place in places:
        await place.click()
    return len(places)


async def enter(
    browser: Browser,
    site: str,
    who: str,
    *,
    path: str = "/",
    js: bool | None = None,
    width: int = 360,
    locale: str = "zh-CN",
) -> tuple[Page, list[str]]:
    """A page signed in through the door, and what its console says.

    Args: js, whether it runs scripts, where a test does not do either way.
    """
    context = await browser.new_context(
        viewport={"width": width, "height": 900}, java_script_enabled=js, locale=locale
    )
    context.set_default_timeout(30_000)
    page = await context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    await page.goto(site)
    await page.get_by_role("button", name=who, exact=True).click()
    if path != "/":
        await page.goto(site + path)
    return page, said
