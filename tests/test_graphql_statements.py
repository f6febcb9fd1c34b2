"""Statements: a page issues a handful, however many rows it has; found for every list there is.

Each list at the root of the schema is asked for all that its rows can say, one row and a page of
them, by those who may see most, in a city that holds something of each thing.
"""

import itertools
import re
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_leaf_type,
    is_list_type,
    is_required_argument,
)

from ledger import reader
from tests.role_city import City, found_city
from tests.wire import api, ask
from tests.world import open_world
from timebank.access import Role
from timebank.reading import PostgresqlReads, SqliteReads

ROWS = 25
LISTED = re.compile(r"\$\d+(, \$\d+)*")
BY_KEYS = "IN (SELECT value FROM json_each(?))"
ASKERS = ("self", Role.STATION_MANAGER, Role.DISTRICT_LEAD, Role.CITY_LEAD, Role.AUDITOR)
PAGING = ("first", "last", "after", "before")
PROOFS = {"receipt", "receiptState"}
"""What each row needs reads of its own for: a proof is one path through the log's tree."""


@pytest.fixture
async def city(sqlite_url: str, tmp_path: Path) -> AsyncIterator[City]:
    async with open_world(sqlite_url, tmp_path) as world:
        yield await found_city(world)


@contextmanager
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Every statement that reads issue meanwhile."""
    told: list[str] = []

    def counting(whose: Any, name: str) -> None:
        real = getattr(whose, name)

        async def count(self: Any, statement: str, *given: Any, **more: Any) -> Any:
            # One key and several are asked for alike here: it is the times that count.
            told.append(LISTED.sub("?", statement).replace(BY_KEYS, "= ?"))
            return await real(self, statement, *given, **more)

        patched.setattr(whose, name, count)

    with monkeypatch.context() as patched:
        counting(SqliteReads, "fetch")
        counting(PostgresqlReads, "fetch")
        counting(reader._SqliteReader, "fetch")
        yield told


def all_of(kind: Any, levels: int) -> str:
    """Everything an object says that needs no argument, so many levels down."""
    if not isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
        return "{ __typename }"
    told = ["__typename"]
    for name, field in kind.fields.items():
        if name in PROOFS or any(map(is_required_argument, field.args.values())):
            continue
        inner = get_named_type(field.type)
        if is_leaf_type(inner):
            told.append(name)
        elif levels and is_composite_type(inner) and "first" not in field.args:
            told.append(f"{name} {all_of(inner, 0 if is_a_list(field) else levels - 1)}")
    return "{ " + " ".join(told) + " }"


def is_a_list(field: GraphQLField) -> bool:
    return bool(is_list_type(get_nullable_type(field.type)))


def lists() -> dict[str, GraphQLField]:
    """Every root field that is a connection."""
    query = api().schema.query_type
    assert query is not None
    return {name: field for name, field in query.fields.items() if "first" in field.args}


def kinds_in(told: Any) -> set[str]:
    """The types of everything in an answer."""
    if isinstance(told, list):
        return set().union(*map(kinds_in, told))
    if not isinstance(told, dict):
        return set()
    own = {told["__typename"]} if "__typename" in told else set()
    return own.union(*map(kinds_in, told.values()))


async def page_of(city: City, who: str, name: str, first: int) -> list[Any]:
    """A page of a list, with all that its rows say."""
    field = lists()[name]
    others = {a: given for a, given in field.args.items() if a not in PAGING}
    given = await city.fill(name, others)
    takes = ", ".join(f"${a}: {others[a].type}" for a in given)
    gives = "".join(f", {a}: ${a}" for a in given)
    connection = get_named_type(field.type)
    assert isinstance(connection, GraphQLObjectType)
    asked = all_of(get_named_type(connection.fields["nodes"].type), 2)
    told = await ask(
        city.world,
        city.near[who],
        f"query{f'({takes})' if takes else ''} {{ {name}(first: {first}{gives})"
        f" {{ nodes {asked} pageInfo {{ hasNextPage hasPreviousPage }} }} }}",
        **given,
    )
    assert told.get("errors", ["FORBIDDEN"]) in (["FORBIDDEN"], ["UNAUTHENTICATED"]), (name, told)
    rows: list[Any] = (told.get(name) or {}).get("nodes", [])
    return rows


@pytest.mark.anyio
async def test_a_page_takes_no_more_statements_than_a_row(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    grown, whole = {}, 0
    for name, who in itertools.product(lists(), ASKERS):
        with counted(monkeypatch) as few:
            one = await page_of(city, who, name, 1)
        with counted(monkeypatch) as many:
            page = await page_of(city, who, name, ROWS)
        whole += len(page) > 2
        # A kind of thing that only the page tells of takes reads of its own, however many; and two
        # reads that fell into one turn of the loop may fall into two.
        other_kinds = len(kinds_in(page) - kinds_in(one))
        more = Counter(many)
        more.subtract(Counter(few))
        repeated = {text: times for text, times in more.items() if times > 1 + 4 * other_kinds}
        if repeated:
            grown[name, who] = (len(page), repeated)
    assert grown == {}
    assert whole > 20  # pages that would show it
