"""The tables' own words: what a page is, and what its operation is told when it is opened.

Knows addresses, operations and templates; refuses to know what any of them is about.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import msgspec

from web.forms import OFFICE, Given
from web.pages.acts import Act, Answered, Words
from web.pages.troubles import MISSING, Trouble

OPERATIONS = Path(__file__).parent.parent / "operations"


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """A page as it is opened: the address's query and parts, what its lookup found, the time."""

    query: Mapping[str, str]
    path: Mapping[str, str]
    now: datetime
    found: Answered = {}

    def asked(self, name: str) -> str:
        """A part of the query, empty if it is not there."""
        return self.query.get(name, "").strip()

    def day(self) -> str | None:
        """The day that the query asks for; None where it asks for none, or none that there is."""
        try:
            return date.fromisoformat(self.asked("day")).isoformat()
        except ValueError:
            return None

    def office(self, *roles: str) -> str:
        """The scope that the page is opened for: the one that the address asks for, among those of
        one's own grants of these roles, or else the first; `-`, which nothing is, without any."""
        scopes = [one["scope"] for one in self.found.get("myGrants", ()) if one["role"] in roles]
        asked = self.asked(OFFICE)
        return asked if asked in scopes else next(iter(scopes), "-")

    def cursors(self, lists: tuple[str, ...]) -> dict[str, str]:
        """Where the lists of a page go on, of those that the address says it of."""
        return {name: self.asked(name) for name in lists if self.asked(name)}


def by_id(opened: Opened) -> dict[str, Any]:
    """The thing that the address names."""
    return {"id": opened.path["id"]}


def scope_at(opened: Opened, *way: str) -> str:
    """The scope of what one comes to through what the lookup found; `-`, which nothing is, else."""
    at: Any = opened.found
    for step in way:
        at = at.get(step) or {}
    scope: str = at.get("path", "-")
    return scope


def scoped(*way: str) -> Callable[[Opened], dict[str, Any]]:
    """The thing that the address names, and the scope at the end of a way through its lookup."""
    return lambda opened: by_id(opened) | {"scope": scope_at(opened, *way)}


def nothing(opened: Opened) -> dict[str, Any]:
    """No variables."""
    return {}


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """One page: path, stored operation, template, and who may open it.

    `who` is `anyone`, `known` or `staff`. `menu` is its name in the menu, if it is there, and
    `group` where (see `menu.GROUPS`); with an `icon` it stands on the bar of every page, there
    under a `short` name if it has one. A page that asks for one decision is `alone`: no bar. A
    `lookup` is an operation asked first with `looks`; what it finds is given to `variables` and,
    with the operation's answer, to the template. Where `needs`, the way to a part of what was
    answered, leads to nothing, the page is not there, and `gone` is what it says. `lists` names
    the variables that are cursors of lists longer than the page shows: the address carries them.
    """

    path: str
    template: str
    operation: str | None = None
    who: str = "known"
    menu: str | None = None
    group: str = "mine"
    icon: str | None = None
    short: str | None = None
    alone: bool = False
    lookup: str | None = None
    looks: Callable[[Opened], dict[str, Any]] = nothing
    variables: Callable[[Opened], dict[str, Any]] = nothing
    needs: str = ""
    gone: Trouble = MISSING
    lists: tuple[str, ...] = ()
    acts: tuple[Act, ...] = ()
    choices: Callable[[Answered], Mapping[str, Words]] = lambda answers: {}
    filled: Callable[[Answered], Given] = lambda answers: {}
    owed: Callable[[Answered], Sequence[Any]] = lambda answers: ()

    def thing(self, answers: Answered) -> Any:
        """What the page needs and is about; None where that is not there."""
        at: Any = answers
        for step in self.needs.split("."):
            at = (at or {}).get(step)
        return at

    def offered(self, answers: Answered) -> list[Act]:
        """The acts that are offered for what the page's operation answered.

        One that chooses from nothing is not.
        """
        thing, choices = self.thing(answers) or {}, self.choices(answers)
        offered = [act for act in self.acts if act.offered(thing, answers)]
        return [act for act in offered if all(one.words or choices[one.name] for one in act.chosen)]


def operations() -> dict[str, str]:
    """The stored operations, by name."""
    files = OPERATIONS.glob("*.graphql")
    return {path.stem: path.read_text("utf-8") for path in sorted(files)}
