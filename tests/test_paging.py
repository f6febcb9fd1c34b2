"""Connections: every page of every list, from both ends, and cursors that nobody can bend."""

import base64
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import anyio
import msgspec
import pytest
from graphql import GraphQLError
from hypothesis import given
from hypothesis import strategies as st

from schema.paging import (
    Connection,
    Listing,
    Page,
    Window,
    nothing,
    paged,
)

LISTING = Listing("numbers", int)
keys = st.integers(0, 12)
cursors = st.none() | keys


async def rows(
    numbers: Sequence[int], *, after: int | None, before: int | None, limit: int, backward: bool
) -> list[int]:
    found = [
        n
        for n in sorted(numbers)
        if (after is None or n > after) and (before is None or n < before)
    ]
    return (found[::-1] if backward else found)[:limit]


async def page(numbers: Sequence[int], **given: Any) -> tuple[list[int], bool, bool]:
    four = {"first": None, "last": None, "after": None, "before": None, **given}
    found: Connection[int] = await Page(**four).of(
        LISTING, rows, numbers, key=lambda n: (n,), node=lambda n: n
    )
    read = found.page
    shown = [read.node(row) for row in read.rows]
    assert [LISTING.key(read.cursor(row)) for row in read.rows] == [(n,) for n in shown]
    return shown, await read.has_next(), await read.has_previous()


@given(
    numbers=st.sets(keys),
    after=cursors,
    before=cursors,
    limit=st.integers(1, 8),
    last=st.booleans(),
)
def test_a_page_is_the_slice_it_says_and_knows_what_lies_on_both_sides(
    numbers: set[int], after: int | None, before: int | None, limit: int, last: bool
) -> None:
    everything = sorted(numbers)
    inside = [
        n for n in everything if (after is None or n > after) and (before is None or n < before)
    ]
    expected = inside[-limit:] if last else inside[:limit]
    asked: dict[str, Any] = {"last" if last else "first": limit}
    if after is not None:
        asked["after"] = LISTING.cursor((after,))
    if before is not None:
        asked["before"] = LISTING.cursor((before,))
    got, has_next, has_previous = anyio.run(lambda: page(everything, **asked))
    assert got == expected
    if got:
        assert has_next == (everything[-1] > got[-1])
        assert has_previous == (everything[0] < got[0])
    else:
        crossed = after is not None and before is not None and before <= after
        if not crossed:
            assert has_next == (before is not None and any(n >= before for n in everything))
            assert has_previous == (after is not None and any(n <= after for n in everything))


@given(numbers=st.sets(keys), step=st.integers(1, 5), last=st.booleans())
def test_walking_page_by_page_meets_every_item_once(
    numbers: set[int], step: int, last: bool
) -> None:
    async def walk() -> list[int]:
        met: list[int] = []
        cursor = None
        while True:
            asked: dict[str, Any] = {"last": step, "before": cursor} if last else {}
            asked = asked or {"first": step, "after": cursor}
            got, has_next, has_previous = await page(sorted(numbers), **asked)
            met = got + met if last else met + got
            if not (has_previous if last else has_next):
                return met
            cursor = LISTING.cursor((got[0] if last else got[-1],))

    assert anyio.run(walk) == sorted(numbers)


@pytest.mark.anyio
async def test_a_page_of_nothing_tells_whether_there_is_something() -> None:
    assert await page([1, 2], first=0) == ([], True, False)
    assert await page([], first=0) == ([], False, False)
    assert await page([1, 2], last=0) == ([], False, True)
    assert await page([1, 2], first=0, after=LISTING.cursor((1,))) == ([], True, True)
    assert await page([1, 2], last=0, before=LISTING.cursor((2,))) == ([], True, True)


@pytest.mark.anyio
async def test_twenty_items_are_the_default_and_a_hundred_the_most() -> None:
    many = range(200)
    assert len((await page(many))[0]) == 20
    assert len((await page(many, first=100))[0]) == 100
    assert (await page(many, last=100))[0] == list(range(100, 200))


@pytest.mark.parametrize(
    "asked", [{"first": 1, "last": 1}, {"first": 101}, {"first": -1}, {"last": 101}, {"last": -1}]
)
def test_a_page_of_no_sensible_size_is_refused(asked: dict[str, int]) -> None:
    asked_in_full: Any = {"first": None, "last": None, "after": None, "before": None, **asked}
    with pytest.raises(GraphQLError) as refusal:
        Window.of(LISTING, **asked_in_full)
    assert refusal.value.extensions == {"code": "BAD_USER_INPUT"}


@given(
    st.tuples(
        st.text(max_size=20).filter(lambda s: "\0" not in s and s.isprintable()),
        st.integers(-(2**63) + 1, 2**63 - 1),
        st.datetimes(timezones=st.just(UTC)),
    )
)
def test_a_cursor_gives_back_its_key(key: tuple[str, int, datetime]) -> None:
    listing = Listing("mixed", str, int, datetime)
    assert listing.key(listing.cursor(key)) == key


def bent(told: Any, *, padding: str = "") -> str:
    text = told if isinstance(told, str) else json.dumps(told, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode() + padding


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "é",
        "\0",
        "not base64!",
        bent(1),
        bent(None),
        bent([]),
        bent(["numbers"]),
        bent(["numbers", "1"]),
        bent(["numbers", 1.0]),
        bent(["numbers", True]),
        bent(["numbers", None]),
        bent(["numbers", 1, 2]),
        bent(["others", 1]),
        bent(["numbers", 2**63]),
        bent(["numbers", -(2**63)]),
        bent(["numbers", 10**40]),
        bent('["numbers", 1]'),
        bent('["numbers",01]'),
        bent('["\\u006eumbers",1]'),
        bent(["numbers", 1], padding="=="),
        bent(["numbers", 1]) + "\n",
        bent("[" * 150),
        bent(["numbers", 1]).replace("W", "X", 1),
        "A" * 10_000,
    ],
)
def test_a_bent_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(GraphQLError, match="not a cursor of this list") as refusal:
        LISTING.key(cursor)
    assert refusal.value.extensions == {"code": "BAD_USER_INPUT"}


def test_nul_in_a_cursor_never_reaches_a_database() -> None:
    listing = Listing("names", str)
    with pytest.raises(GraphQLError):
        listing.key(listing.cursor(("a\0b",)))


# Fields


class Row(msgspec.Struct):
    """A row with two columns to be ordered by."""

    at: int
    id: str


class Recorder:
    """A read that keeps what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[tuple[Any, ...], dict[str, Any]]] = []

    async def __call__(self, *args: Any, **where: Any) -> list[Row]:
        self.asked.append((args, where))
        return [Row(at=7, id="b"), Row(at=7, id="c")][: where["limit"]]


@pytest.mark.anyio
async def test_a_page_hands_a_read_its_arguments_and_positions_as_reads_take_them() -> None:
    read, pairs, names = Recorder(), Listing("pairs", int, str), Listing("names", str)
    first = await Page(1, None, pairs.cursor((3, "a")), None).of(
        pairs, read, "x", key=lambda row: (row.at, row.id), node=lambda row: row.id, state="open"
    )
    assert read.asked == [
        (
            ("x",),
            {"after": (3, "a"), "before": None, "limit": 2, "backward": False, "state": "open"},
        )
    ]
    (shown,) = first.page.rows
    assert (first.page.cursor(shown), first.page.node(shown)) == (pairs.cursor((7, "b")), "b")
    last = await Page(None, 1, None, names.cursor(("z",))).of(names, read, node=lambda row: row.id)
    assert read.asked[1] == ((), {"after": None, "before": "z", "limit": 2, "backward": True})
    assert last.page.cursor(last.page.rows[0]) == names.cursor(("b",))


@pytest.mark.anyio
async def test_a_list_that_is_not_there_has_no_items_and_still_reads_its_cursor() -> None:
    empty: Connection[str] = await Page(5, None, None, None).of(LISTING, nothing, node=str)
    assert not empty.page.rows
    with pytest.raises(GraphQLError, match="not a cursor"):
        await Page(5, None, "x", None).of(LISTING, nothing, node=str)


def test_a_paged_field_without_a_page_does_not_come_into_being() -> None:
    async def numbers(page: int) -> None:
        """Numbers."""

    with pytest.raises(TypeError, match="needs a parameter page"):
        paged(numbers)
