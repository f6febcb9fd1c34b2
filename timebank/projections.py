"""Projections: tables refilled from the ledger by projectors, the same live and in replay.

A projector is given rows by key, the event and its entry, and nothing else: whatever policy decided
is in the event.
"""

from collections import defaultdict
from collections.abc import Callable
from typing import TypeVar, cast

from ledger.entry import Sealed
from timebank.events import Event
from timebank.tables import Key, R, Row

Place = tuple[type[Row], Key]
Known = dict[Place, Row | None]
E = TypeVar("E", bound=Event)
Projector = Callable[["Rows", E, Sealed], None]

_BY_EVENT: dict[type[Event], list[Callable[["Rows", Event, Sealed], None]]] = defaultdict(list)
_AFTER_EVENT: dict[type[Event], list[Callable[["Rows", Event, Sealed], None]]] = defaultdict(list)
_ON_POSTINGS: list[Callable[["Rows", Event, Sealed], None]] = []


class Missing(Exception):
    """Rows are asked for that nobody loaded yet; whoever runs the work loads them and runs again.

    Not an error and not a refusal: the work is told nothing and leaves nothing behind.
    """

    def __init__(self, places: set[Place]) -> None:
        super().__init__(places)
        self.places = places


class Rows:
    """Rows by key, in layers: what is known below, what was changed on top.

    `get` of a row that is not known raises Missing. None means that the row does not exist.
    """

    def __init__(self, known: Known) -> None:
        self.known = known
        self.layers: list[Known] = [{}]

    def get(self, row: type[R], key: Key) -> R | None:
        """The row with this primary key, or None."""
        place = (row, key)
        # Asked some twenty times an entry: a cast of what is kept under its own class would cost.
        found: R | None
        for layer in reversed(self.layers):
            if place in layer:
                found = layer[place]  # type: ignore[assignment]  # under its own class
                return found
        try:
            found = self.known[place]  # type: ignore[assignment]  # under its own class
        except KeyError:
            raise Missing({place}) from None
        return found

    def there(self, row: type[R], key: Key) -> R:
        """The row with this primary key, which an earlier entry must have made."""
        found = self.get(row, key)
        if found is None:
            raise LookupError(f"{row.__name__} {key} should be there")
        return found

    def ask(self, *places: Place) -> None:
        """Name all of these that are not known at once, so that the work runs again only once."""
        missing: set[Place] = set()
        for row, key in places:
            try:
                self.get(row, key)
            except Missing as lack:
                missing |= lack.places
        if missing:
            raise Missing(missing)

    def put(self, row: Row) -> None:
        """Keep a row, new or changed."""
        self.layers[-1][(type(row), row.pk)] = row

    def add(self, row: Row) -> None:
        """Keep a row that nobody can have met: its key was made for it."""
        self.put(row)

    def drop(self, row: type[Row], key: Key) -> None:
        """Delete a row."""
        self.layers[-1][(row, key)] = None


def projects(*events: type[Event]) -> Callable[[Projector[E]], Projector[E]]:
    """Run the function on every entry that says one of these events, in capability order."""

    def register(projector: Projector[E]) -> Projector[E]:
        for event in events:
            _BY_EVENT[event].append(cast(Callable[["Rows", Event, Sealed], None], projector))
        return projector

    return register


def projects_after(*events: type[Event]) -> Callable[[Projector[E]], Projector[E]]:
    """As `projects`, once every projector of the event has run: for what rests on what they wrote.

    The order of imports must not decide whether a total is read before or after it was changed.
    """

    def register(projector: Projector[E]) -> Projector[E]:
        for event in events:
            _AFTER_EVENT[event].append(cast(Callable[["Rows", Event, Sealed], None], projector))
        return projector

    return register


def projects_postings(projector: Projector[Event]) -> Projector[Event]:
    """Run the function on every entry that moves minutes or fen, after the event's own."""
    _ON_POSTINGS.append(projector)
    return projector


def project(rows: Rows, event: Event, entry: Sealed) -> None:
    """Run every projector of an entry."""
    for projector in _BY_EVENT[type(event)]:
        projector(rows, event, entry)
    for projector in _AFTER_EVENT.get(type(event), ()):
        projector(rows, event, entry)
    if entry.postings:
        for projector in _ON_POSTINGS:
            projector(rows, event, entry)
