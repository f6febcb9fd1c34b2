"""Life cycles: every step there is stands in `lifecycles.csv` too, and every other is refused.

A table of steps checked against itself allows whatever it says. So that a step more, or one fewer,
is seen by whoever reads the change, each is written down a second time: where, from which state, by
which event, to which state. The domain's own words for them are in `rules.csv`.
"""

import csv
from collections.abc import Iterator
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import pytest

import timebank
from timebank.events import Event, kind_of
from timebank.lifecycles import Lifecycle, NotInThisState, step

TABLE = Path(__file__).with_name("lifecycles.csv")


def lifecycles() -> Iterator[tuple[str, Lifecycle[StrEnum]]]:
    """Every table of steps, by the states that it is about, wherever it is shown."""
    seen = set()
    for found in walk_packages(timebank.__path__, "timebank."):
        for name, value in vars(import_module(found.name)).items():
            if name.endswith(("LIFECYCLE", "LIFE")) and id(value) not in seen:
                seen.add(id(value))
                (kind,) = {type(state) for state in value}
                yield f"{kind.__module__.removeprefix('timebank.')}.{kind.__name__}", value


def test_no_two_tables_are_about_the_same_states() -> None:
    names = [where for where, _ in lifecycles()]
    assert len(names) == len(set(names)) > 40


def steps() -> list[list[str]]:
    """Every step of every table, as the file has them."""
    return sorted(
        [where, state.value, kind_of(event), to.value]
        for where, table in lifecycles()
        for state, events in table.items()
        for event, to in events.items()
    )


def test_every_step_is_written_down_and_every_step_that_is_written_down_is_there() -> None:
    with TABLE.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["where", "from", "by", "to"]
    assert rows == sorted(rows)
    there = steps()
    assert [row for row in there if row not in rows] == [], "a step is new"
    assert [row for row in rows if row not in there] == [], "a step is gone"


@pytest.mark.parametrize("table", [pytest.param(table, id=where) for where, table in lifecycles()])
def test_every_state_is_listed_and_whatever_is_not_listed_is_refused(
    table: Lifecycle[StrEnum],
) -> None:
    (kind,) = {type(state) for state in table}
    assert set(table) == set(kind)
    events: set[type[Event]] = {event for events in table.values() for event in events}
    for state in kind:
        for event in events - table[state].keys():
            with pytest.raises(NotInThisState):
                step(table, state, event)
