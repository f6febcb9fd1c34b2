"""Events: what entries say, typed, frozen, in the past tense.

An event's tag is the entry's permanent `kind`, its fields are the entry's body (ledger format 1). A
field that may be absent has the default None. Knows nothing of who writes events and why.
"""

from functools import cache
from typing import Any

import msgspec

from ledger.entry import Posting, Sealed, Unit

Postings = tuple[Posting, ...]


class Event(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", gc=False
):
    """What happened. Subclass with `tag="noun.past_tense"`; the tag never changes."""

    def postings(self) -> Postings:
        """The movements between accounts that this event makes; they sum to zero per unit."""
        return ()


class Reversed(msgspec.Struct, frozen=True):
    """The entry that a correction reverses: position and leaf hash (ledger format 1)."""

    seq: int
    leaf: str


def transfer(source: str, target: str, unit: Unit, amount: int) -> Postings:
    """`amount` (minutes or fen, > 0) from one account to another; nothing for 0."""
    return ((source, unit, -amount), (target, unit, amount)) if amount else ()


def kind_of(event: Event | type[Event]) -> str:
    """The permanent kind of an event."""
    return str(event.__struct_config__.tag)


def body_of(event: Event) -> dict[str, Any]:
    """The entry's body that says this event."""
    body: dict[str, Any] = msgspec.to_builtins(event)
    del body["kind"]
    return body


def event_of(entry: Sealed) -> Event:
    """The event that an entry says."""
    return msgspec.convert(entry.body, kinds()[entry.kind])


@cache
def kinds() -> dict[str, type[Event]]:
    """Every kind there is, when all capabilities are imported."""
    found: dict[str, type[Event]] = {}
    for event in _heirs(Event):
        if event.__struct_config__.tag is None or kind_of(event) == event.__name__:
            continue
        if found.setdefault(kind_of(event), event) is not event:
            raise TypeError(f"two events share the kind {kind_of(event)}")
    return found


def _heirs(event: type[Event]) -> list[type[Event]]:
    return [event for heir in event.__subclasses__() for event in [heir, *_heirs(heir)]]
