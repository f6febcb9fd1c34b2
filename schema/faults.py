"""Faults: where a value stands in an answer, and what is null because of an error.

An error makes null the nearest place above it that may be null; what else goes wrong within such a
place is not told (specification 6.4.4). Knows places and errors, never how values come about.
"""

from collections.abc import Iterator
from typing import Any

from graphql import GraphQLError


class Place:
    """Where a value stands: in what, by which key, below which place."""

    __slots__ = ("above", "into", "key", "nullable")

    def __init__(self, above: "Place | None", into: Any, key: str | int, *, nullable: bool) -> None:
        self.above, self.into, self.key, self.nullable = above, into, key, nullable

    def upward(self) -> "Iterator[Place]":
        """It, and what it lies within."""
        place: Place | None = self
        while place is not None:
            yield place
            place = place.above


def path(above: Place | None, key: str | int) -> list[str | int]:
    """The keys from the root of an answer to one below a place."""
    keys = [place.key for place in above.upward()] if above else []
    return [*keys[::-1], key]


class Faults:
    """The errors of one answer; `all_null` where nothing of it could be kept."""

    def __init__(self) -> None:
        self.errors: list[GraphQLError] = []
        self.all_null = False
        self._nulled: set[tuple[Place | None, str | int]] = set()

    def note(self, error: GraphQLError, above: Place | None, key: str | int) -> None:
        """Keep the error that makes a place null, unless it is within another such place."""
        if not self.hidden(above, key):
            self._nulled.add((above, key))
            self.errors.append(error)

    def nothing(self, error: GraphQLError) -> None:
        """Keep the error that makes the whole answer null."""
        if not self.all_null:
            self.all_null = True
            self.errors.append(error)

    def hidden(self, above: Place | None, key: str | int) -> bool:
        """Whether a place is null already, or lies within one that is."""
        within = above.upward() if above else ()
        return (
            self.all_null
            or (above, key) in self._nulled
            or any((place.above, place.key) in self._nulled for place in within)
        )

    def late(self, error: GraphQLError, above: Place | None, key: str | int) -> None:
        """An error, after all around it was answered, of what must not be null."""
        if self.hidden(above, key):
            return
        for place in above.upward() if above else ():
            if place.nullable:
                place.into[place.key] = None
                self.note(error, place.above, place.key)
                return
        self.nothing(error)
