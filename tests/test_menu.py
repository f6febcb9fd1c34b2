"""The menu is made from the tables of pages: who sees which places, and where one is."""

import pytest

from web.pages.every import PAGES
from web.pages.menu import GROUPS, Menus, Reader

MENUS = Menus(PAGES)
PUBLIC = Reader(known=False, staff=False)
VOLUNTEER = Reader(known=True, staff=False)
STAFF = Reader(known=True, staff=True)


def at(path: str, reader: Reader) -> list[str]:
    """Which places of the bar and the tabs are marked as here."""
    page = next(page for page in PAGES if page.path == path)
    menu = MENUS.of(reader, "zh-CN", path, page)
    return [link.path for link in (*menu.bar, *menu.tabs) if link.here]


@pytest.mark.parametrize(
    ("reader", "bar"),
    [
        (PUBLIC, ["/more"]),
        (VOLUNTEER, ["/", "/statement", "/redeem", "/my-code", "/more"]),
        (STAFF, ["/", "/statement", "/redeem", "/my-code", "/desk", "/more"]),
    ],
)
def test_the_bar_has_few_places_and_only_those_one_may_open(reader: Reader, bar: list[str]) -> None:
    menu = MENUS.of(reader, "zh-CN", "/more", None)
    assert [link.path for link in menu.bar] == bar
    assert menu.tabs == []


@pytest.mark.parametrize(
    ("path", "marked"),
    [
        ("/", ["/"]),
        ("/redeem", ["/redeem"]),
        ("/desk", ["/desk", "/desk"]),
        ("/desk/rosters", ["/desk/rosters"]),
        ("/stars/publicity", []),
    ],
)
def test_where_one_is_is_marked_once(path: str, marked: list[str]) -> None:
    assert at(path, STAFF) == marked


def test_each_page_that_opens_by_its_address_alone_is_found_by_a_name() -> None:
    hidden = {
        "/sign-in",
        "/sign-in/card",
        "/sign-in/passkey",
        "/new-password",
        "/register",
        "/desk/offline",
        "/desk/slip",
        "/ledger/stations",
    }
    unnamed = {page.path for page in PAGES if "{" not in page.path and not page.menu}
    assert unnamed == hidden
    assert {page.group for page in PAGES} <= set(GROUPS)


def test_a_menu_is_said_in_the_reader_s_language_wherever_it_was_made_before() -> None:
    for language, name in (("zh-CN", "更多"), ("en", "More"), ("zh-CN", "更多")):
        menu = MENUS.of(PUBLIC, language, "/more", None)
        assert name in menu.strip


def test_nobody_is_shown_a_page_they_may_not_open() -> None:
    for reader, closed in ((PUBLIC, {"known", "staff"}), (VOLUNTEER, {"staff"})):
        shown = {
            link.path
            for group in MENUS.of(reader, "zh-CN", "/", None).groups
            for link in group.links
        }
        assert not shown & {page.path for page in PAGES if page.who in closed}
