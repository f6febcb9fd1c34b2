"""Connections: lists that can grow, a page at a time, by keyset (api 9).

Knows cursors, pages and which side has more. Refuses to know how rows are read: a list hands in a
callable that reads them, in one fixed order by a unique key. Cursors are untrusted input: strictly
decoded, bound to their list, and good for nothing but a position in it.
"""

import base64
import inspect
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import update_wrapper
from types import GenericAlias
from typing import Annotated, Any, Generic, Protocol, Self, TypeVar

import msgspec
import strawberry
from graphql import GraphQLError
from strawberry import UNSET
from strawberry.types.field import StrawberryField
from strawberry.types.unset import UnsetType

from schema.fields import field

PAGE_DEFAULT = 20
PAGE_MAX = 100
CURSOR_LENGTH_MAX = 256
_COLUMN_MAX = 2**63 - 1

A = TypeVar("A")
N = TypeVar("N")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)

Key = tuple[Any, ...]
"""A row's unique key, the columns its list is ordered by: ints, strings, days, moments."""

# The four arguments of a list.
First = Annotated[int | None, strawberry.argument(description="How many from the start, 0 to 100.")]
Last = Annotated[int | None, strawberry.argument(description="How many from the end, 0 to 100.")]
After = Annotated[str | None, strawberry.argument(description="Only what follows this cursor.")]
Before = Annotated[str | None, strawberry.argument(description="Only what precedes this cursor.")]


def _bad(says: str) -> GraphQLError:
    return GraphQLError(says, extensions={"code": "BAD_USER_INPUT"})


class Rows(Protocol[R_co]):
    """Reads at most `limit` rows strictly after and strictly before a key, in the list's order.

    `backward` takes them from the end of that range and gives them in reverse.
    """

    def __call__(
        self, *, after: Key | None, before: Key | None, limit: int, backward: bool
    ) -> Awaitable[Sequence[R_co]]: ...


class Listing:
    """A list with a permanent name and the types of its key's columns: `Listing("wishes", int)`.

    A cursor of one list is refused by every other.
    """

    def __init__(self, name: str, *columns: type) -> None:
        self._name = name
        self._decoder: msgspec.json.Decoder[Key] = msgspec.json.Decoder(
            GenericAlias(tuple, (str, *columns))
        )

    def cursor(self, key: Key) -> str:
        """The cursor of the row with this key."""
        told = msgspec.json.encode((self._name, *key))
        return base64.urlsafe_b64encode(told).rstrip(b"=").decode()

    def key(self, cursor: str) -> Key:
        """The key in a cursor; only the canonical spelling of a key of this list is accepted."""
        try:
            key = self._decode(cursor)
        except ValueError:
            key = None
        if key is None:
            raise _bad("This is not a cursor of this list.")
        return key

    def _decode(self, cursor: str) -> Key | None:
        if len(cursor) > CURSOR_LENGTH_MAX:
            return None
        told = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        key = self._decoder.decode(told)[1:]
        # Spelling it again binds it to this list too: the list's name is part of the cursor.
        return key if self.cursor(key) == cursor and all(map(_storable, key)) else None


def _storable(column: Any) -> bool:
    """Whether a database takes the value: past 64 bits, or with NUL in it, it would not."""
    if isinstance(column, int):
        return abs(column) <= _COLUMN_MAX
    return not (isinstance(column, str) and "\0" in column)


def _given(argument: A | None) -> A | None:
    """An argument left out, like one sent as null, asks for nothing."""
    return None if isinstance(argument, UnsetType) else argument


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Which page of a list: between two keys, `limit` rows, from the start or from the end."""

    after: Key | None
    before: Key | None
    limit: int
    backward: bool

    @classmethod
    def of(
        cls,
        listing: Listing,
        *,
        first: int | None,
        last: int | None,
        after: str | None,
        before: str | None,
    ) -> Self:
        """The page that a field's arguments ask for; BAD_USER_INPUT where they break api 9."""
        first, last, after, before = _given(first), _given(last), _given(after), _given(before)
        if first is not None and last is not None:
            raise _bad("Ask for first or for last, not for both.")
        asked = PAGE_DEFAULT if first is None and last is None else (first, last)[first is None]
        if asked is None or not 0 <= asked <= PAGE_MAX:
            raise _bad(f"A page has 0 to {PAGE_MAX} items.")
        return cls(
            after=None if after is None else listing.key(after),
            before=None if before is None else listing.key(before),
            limit=asked,
            backward=last is not None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Read(Generic[R, N]):
    """A page as it was read; `more` tells that its own range held further rows onward.

    What an item shows and where it stands is worked out when somebody asks, and so is whether there
    is anything past the page's ends, for which the database is asked.
    """

    listing: Listing
    window: Window
    rows: Sequence[R]
    more: bool
    again: Rows[R]
    key: Callable[[R], Key]
    node: Callable[[R], N]

    def cursor(self, row: R) -> str:
        """Where a row stands."""
        return self.listing.cursor(self.key(row))

    @property
    def start(self) -> Key | None:
        """The key of the page's first row."""
        return self.key(self.rows[0]) if self.rows else None

    @property
    def end(self) -> Key | None:
        """The key of the page's last row."""
        return self.key(self.rows[-1]) if self.rows else None

    async def has_next(self) -> bool:
        """Rows after the page: known when reading forward, looked up behind a `before`."""
        if self.more and not self.window.backward:
            return True
        if self.window.before is None:
            return False
        if self.more and self.end is None:
            return True  # `last: 0` before a cursor: the cursor's own row comes next
        edge = self.end or self.window.after
        return bool(await self.again(after=edge, before=None, limit=1, backward=False))

    async def has_previous(self) -> bool:
        """Rows before the page: known when reading backward, looked up behind an `after`."""
        if self.more and self.window.backward:
            return True
        if self.window.after is None:
            return False
        if self.more and self.start is None:
            return True
        edge = self.start or self.window.before
        return bool(await self.again(after=None, before=edge, limit=1, backward=False))


@strawberry.type(description="Where a page stands in its list.")
class PageInfo:
    page: strawberry.Private[Read[Any, Any]]

    @field
    def start_cursor(self) -> str | None:
        """The cursor of the page's first item."""
        return self.page.cursor(self.page.rows[0]) if self.page.rows else None

    @field
    def end_cursor(self) -> str | None:
        """The cursor of the page's last item."""
        return self.page.cursor(self.page.rows[-1]) if self.page.rows else None

    @field
    async def has_next_page(self) -> bool:
        """Whether the list goes on after this page."""
        return await self.page.has_next()

    @field
    async def has_previous_page(self) -> bool:
        """Whether the list has items before this page."""
        return await self.page.has_previous()


@strawberry.type(description="An item and its position in the list.")
class Edge(Generic[N]):
    cursor: str = strawberry.field(description="The item's position, opaque.")
    node: N = strawberry.field(description="The item.")


@strawberry.type(description="A page of a list.")
class Connection(Generic[N]):
    page: strawberry.Private[Read[Any, N]]

    @field
    def edges(self) -> list[Edge[N]]:
        """The items with their positions."""
        page = self.page
        return [Edge(cursor=page.cursor(row), node=page.node(row)) for row in page.rows]

    @field
    def page_info(self) -> PageInfo:
        """Where the page stands in the list."""
        return PageInfo(page=self.page)

    @field
    def nodes(self) -> list[N]:
        """The items alone."""
        return list(map(self.page.node, self.page.rows))


async def nothing(**where: Any) -> Sequence[Any]:
    """The read of a list that is not there: none, whatever the position."""
    return []


def by_id(row: Any) -> Key:
    """The key of most rows."""
    return (row.id,)


@dataclass(frozen=True, slots=True)
class Page:
    """What a field's four arguments ask for. In a `paged` field one parameter stands for them."""

    first: int | None
    last: int | None
    after: str | None
    before: str | None

    async def of(
        self,
        listing: Listing,
        read: Callable[..., Awaitable[Sequence[R]]],
        *args: Any,
        node: Callable[[R], N],
        key: Callable[[R], Key] = by_id,
        **where: Any,
    ) -> Connection[N]:
        """This page of what `read` gives for these arguments.

        One row more than asked for is read, to know whether there is more. `key` gives a row's key
        in the order of the listing's columns, `node` what a row shows.
        """

        def rows(
            *, after: Key | None, before: Key | None, limit: int, backward: bool
        ) -> Awaitable[Sequence[R]]:
            position = {"after": _bare(after), "before": _bare(before)}
            return read(*args, **position, limit=limit, backward=backward, **where)

        window = Window.of(
            listing, first=self.first, last=self.last, after=self.after, before=self.before
        )
        limit, backward = window.limit, window.backward
        found = await rows(
            after=window.after, before=window.before, limit=limit + 1, backward=backward
        )
        shown = found[:limit]
        page = Read(
            listing=listing,
            window=window,
            rows=shown[::-1] if backward else shown,
            more=len(found) > limit,
            again=rows,
            key=key,
            node=node,
        )
        return Connection(page=page)


def _bare(key: Key | None) -> Any:
    """A key as reads take it: the value of a single column, or the tuple of several."""
    return key[0] if key is not None and len(key) == 1 else key


def _asked(
    first: First = UNSET, last: Last = UNSET, after: After = UNSET, before: Before = UNSET
) -> Page:
    return Page(first, last, after, before)


def paged(resolver: Callable[..., Awaitable[Any]]) -> StrawberryField:
    """Make a resolver with a parameter `page: Page` a field with the four arguments of a list."""
    told = inspect.signature(resolver)
    if "page" not in told.parameters or told.parameters["page"].annotation is not Page:
        raise TypeError(f"{resolver.__qualname__} needs a parameter page: Page")
    four = inspect.signature(_asked).parameters

    async def resolve(*args: Any, **given: Any) -> Any:
        page = _asked(**{name: given.pop(name, UNSET) for name in four})
        return await resolver(*args, page=page, **given)

    others = [each for name, each in told.parameters.items() if name != "page"]
    made: Any = update_wrapper(resolve, resolver)
    made.__signature__ = told.replace(parameters=[*others, *four.values()])
    return field(made)
