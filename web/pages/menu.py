"""The menu: the bar's few places, the tabs of a desk or office, and the list of all the rest.

Made from the tables of pages alone, so a page is found by saying its name there. Knows who may open
a page and where one is; refuses to know what a page is about.
"""

from collections.abc import Sequence
from itertools import product, starmap

import msgspec
from markupsafe import Markup
from msgspec.structs import replace

from web.pages.table import Page
from web.wording import drawn

GROUPS = {
    "mine": "我的时间",
    "near": "身边的事",
    "open": "公开与核验",
    "desk": "站点工作台",
    "office": "办公",
}
"""The groups of the page 「更多」, in its order, by their names."""
TABBED = ("desk", "office")
"""The groups whose pages are worked with side by side, and show each other as tabs."""


class Reader(msgspec.Struct, frozen=True):
    """Whoever has a page before them: whether they are signed in, and whether they are staff."""

    known: bool
    staff: bool


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """A page in a menu: its address, its name, its icon on the bar, whether one is there."""

    path: str
    name: str
    icon: str | None
    here: bool


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """What belongs together in the list of everything: the group's key, its name, its pages.

    `card` is it as pages show it.
    """

    key: str
    name: str
    links: Sequence[Link]
    card: Markup = Markup()


class Menu(msgspec.Struct, frozen=True, kw_only=True):
    """What one reader may open from where they are.

    `bar` are the few places of every page, `tabs` those of the same desk or office, `groups` all
    that there is. `alone` says that the page asks for one decision: a bar at the
    bottom of a phone would hide its button.
    """

    bar: Sequence[Link]
    tabs: Sequence[Link]
    groups: Sequence[Group]
    alone: bool
    strip: Markup = Markup()


class Menus:
    """The menus of the pages, each made once for who sees it, where, in which language."""

    def __init__(self, pages: Sequence[Page]) -> None:
        self._made: dict[tuple[Reader, str, str, str | None], Menu] = {}
        self._fixed: dict[tuple[Reader, str], str] = {}
        readers = list(starmap(Reader, product((False, True), repeat=2)))
        self._named = {
            reader: [one for one in pages if one.menu and may_open(one, reader)]
            for reader in readers
        }
        self._shut = {
            reader: {one.path for one in pages if reader.known and not may_open(one, reader)}
            for reader in readers
        }

    def opens(self, reader: Reader, path: str) -> bool:
        """Whether a link to a page leads there, for whoever is not signed in by signing in."""
        return path not in self._shut[reader]

    def of(self, reader: Reader, language: str, here: str, page: Page | None) -> Menu:
        """The menu of a reader at an address."""
        # Addresses are without number; the pages below which they lie are not.
        path = None if page is None else page.path
        nearest = self._fixed.get((reader, here))
        if nearest is None:
            nearest = self._nearest(reader, here)
            if here == path:
                self._fixed[reader, here] = nearest
        key = (reader, language, nearest, path)
        made = self._made.get(key)
        if made is None:
            menu = _menu(self._named[reader], nearest, page)
            made = self._made[key] = _drawn(menu, language)
        return made

    def _nearest(self, reader: Reader, here: str) -> str:
        under = (one.path for one in self._named[reader] if _under(here, one.path))
        return max(under, key=len, default="")


def _menu(named: Sequence[Page], nearest: str, page: Page | None) -> Menu:
    def links(chosen: Sequence[Page], *, bar: bool = False) -> list[Link]:
        return [
            Link(
                path=one.path,
                name=(bar and one.short) or one.menu or "",
                icon=one.icon,
                here=one.path == nearest,
            )
            for one in chosen
        ]

    tabbed = page is not None and page.group in TABBED
    return Menu(
        bar=links([one for one in named if one.icon], bar=True),
        tabs=links([one for one in named if tabbed and page and one.group == page.group]),
        groups=[
            Group(key=group, name=name, links=links(own))
            for group, name in GROUPS.items()
            if (own := [one for one in named if one.group == group])
        ],
        alone=page is not None and page.alone,
    )


def _drawn(menu: Menu, language: str) -> Menu:
    """A menu with what is the same on every page: half of a short one's time went into that."""
    cards = [drawn(language, "places.html", group=group) for group in menu.groups]
    groups = [replace(group, card=card) for group, card in zip(menu.groups, cards, strict=True)]
    return replace(menu, groups=groups, strip=drawn(language, "bar.html", menu=menu))


def may_open(page: Page, reader: Reader) -> bool:
    """Whether a page is for somebody like the reader; what it then shows, its operation decides."""
    if page.who == "staff":
        return reader.staff
    return page.who == "anyone" or reader.known


def _under(here: str, path: str) -> bool:
    return here == path or (path != "/" and here.startswith(f"{path}/"))
