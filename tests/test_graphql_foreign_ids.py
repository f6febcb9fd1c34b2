"""Foreign ids: somebody else's and none at all look the same, for every argument there is.

Every id that a root field takes is asked about by somebody it does not concern and by an officer of
another district, as it is and as one that was never given; what they may see by `node` is left out.
"""

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLInputObjectType, GraphQLObjectType, get_named_type

from tests.role_city import City, found_city
from tests.test_graphql_statements import counted
from tests.test_role_matrix import document_of
from tests.wire import api, ask, once
from tests.world import open_world
from timebank import ids
from timebank.access import Role
from timebank.actors import Actor

ID = re.compile(r"[a-z]{3}_[0-9a-hjkmnp-tv-z]{26}")


@pytest.fixture
async def city(sqlite_url: str, tmp_path: Path) -> AsyncIterator[City]:
    async with open_world(sqlite_url, tmp_path) as world:
        yield await found_city(world)


async def given_to(city: City, root: str, name: str) -> tuple[str, dict[str, Any], bool]:
    """A root field's operation, what it is asked with, and whether that is an input with a key."""
    kind = api().schema.get_type(root)
    assert isinstance(kind, GraphQLObjectType)
    field = kind.fields[name]
    document = document_of(root, name, field).replace("{ code }", "{ code message }")
    if root == "Query":
        return document, await city.fill(name, field.args), False
    inputs = get_named_type(field.args["input"].type)
    assert isinstance(inputs, GraphQLInputObjectType)
    wanted = {n: f for n, f in inputs.fields.items() if n != "idempotencyKey"}
    return document, await city.fill(name, wanted), "idempotencyKey" in inputs.fields


async def looks(
    city: City, actor: Actor, document: str, given: dict[str, Any], at: str, id: str, keyed: bool
) -> str:
    """The whole answer about an id, the id itself struck out."""
    told = given | {at: [id] if isinstance(given[at], list) else id}
    if document.startswith("mutation"):
        told = {"input": told | (once() if keyed else {})}
    answer = await ask(city.world, actor, document, **told)
    return json.dumps(answer, sort_keys=True).replace(id, "")


@pytest.mark.anyio
@pytest.mark.parametrize("root", ["Query", "Mutation"])
async def test_a_foreign_id_and_a_missing_one_look_the_same(
    city: City, root: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = api().schema.get_type(root)
    assert isinstance(kind, GraphQLObjectType)
    differ, further, tried = {}, {}, 0
    for name in kind.fields:
        document, given, keyed = await given_to(city, root, name)
        for at, value in given.items():
            id = value[0] if isinstance(value, list) and value else value
            if not isinstance(id, str) or not ID.fullmatch(id):
                continue
            for actor in (city.near["other"], city.far[Role.DISTRICT_LEAD]):
                seen = await ask(city.world, actor, "query($i: ID!) { node(id: $i) { id } }", i=id)
                if seen.get("node"):
                    continue
                tried += 1
                with counted(monkeypatch) as for_foreign:
                    foreign = await looks(city, actor, document, given, at, id, keyed)
                with counted(monkeypatch) as for_missing:
                    other = ids.new(id[:3])
                    missing = await looks(city, actor, document, given, at, other, keyed)
                if '"userErrors": []' in foreign:
                    continue  # it is theirs to act on
                if foreign != missing:
                    differ[f"{name}.{at}"] = (foreign, missing)
                elif len(for_foreign) != len(for_missing):
                    further[f"{name}.{at}"] = (for_foreign, for_missing)
    assert differ == {}
    assert further == {}
    assert tried > (9 if root == "Query" else 150)
