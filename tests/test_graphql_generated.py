"""Generated operations: whatever the schema lets be asked, and what it does not, is never a 500.

Documents are made from the real schema, valid ones and ones with a mistake in them, and sent to the
real endpoint by those who may do most, in a city that holds something of each thing: half of them
with names and ids that are there.
"""

import random
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from graphql import ArgumentNode, Node, ObjectFieldNode, Visitor, parse, print_ast, visit
from graphql.language import IntValueNode, StringValueNode
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument
from hypothesis_graphql import Mode, mutations, nodes, queries
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route

from schema.context import Context
from tests.conftest import Size
from tests.role_city import City, found_city
from tests.unsaid import UNSAID
from tests.wire import SECRET, api
from tests.world import open_world
from timebank.access import Role
from web.admission import Admission
from web.brake import Brake
from web.graphql import GraphQL

ASKERS = ["public", "self", Role.STATION_MANAGER, Role.DISTRICT_LEAD, Role.CITY_LEAD]
SECONDS_MOST = 2.0
OURS = ("INTERNAL_SERVER_ERROR", "BUSY", "TIMEOUT")
WHENS = [
    "2026-11-20T01:00:00Z",
    "1900-01-01T00:00:00Z",
    "2199-12-31T23:59:00Z",
    "9999-12-31T23:59:59Z",
    "2026-11-20",
    "1900-01-01",
    "2199-12-31",
    "2026-02-30",
]
NUMBERS = [0, 1, -1, 240, 2**31, 2**53, 2**63, -(2**63) - 1, 10**40]
SCALARS = {
    "Long": st.sampled_from(NUMBERS).map(nodes.Int),
    "Fen": st.sampled_from(NUMBERS).map(nodes.Int),
    "DateTime": st.sampled_from(WHENS).map(nodes.String),
    "Date": st.sampled_from(WHENS).map(nodes.String),
}
SLOW_TO_MAKE = {"node", "nodes", "notices"}
"""Their answers may be anything, and a document that asks for all of it takes seconds to make."""


@pytest.fixture
async def city(database_url: str, tmp_path: Any) -> AsyncIterator[City]:
    async with open_world(database_url, tmp_path) as world:
        yield await found_city(world)


def generated(size: Size) -> list[str]:
    """Documents of either kind, valid and with one mistake each."""
    many, made = (12 if size == "smoke" else 150), list[str]()
    whole = api().schema
    for make, root in ((queries, whole.query_type), (mutations, whole.mutation_type)):
        assert root is not None
        names = sorted(name for name in root.fields if root.fields[name].args)
        fields = st.sampled_from([name for name in names if name not in SLOW_TO_MAKE])
        for mode in (Mode.POSITIVE, Mode.NEGATIVE):
            made += _drawn(_asking(make, mode, fields), many)
    return made


@st.composite
def _asking(draw: st.DrawFn, make: Any, mode: Mode, fields: st.SearchStrategy[str]) -> str:
    documents = make(api().schema, fields=[draw(fields)], custom_scalars=SCALARS, mode=mode)
    try:
        return str(draw(documents))
    except InvalidArgument:
        # All its arguments may be left out or are scalars of ours: there is no mistake to make.
        reject()


def _drawn(documents: st.SearchStrategy[str], many: int) -> list[str]:
    """So many of them, to be sent where a test's own loop runs."""
    made: list[str] = []

    @settings(max_examples=many, database=None, suppress_health_check=list(HealthCheck))
    @given(documents)
    def collect(document: str) -> None:
        made.append(document)

    collect()
    return made


class Telling(Visitor):
    """Puts what is there in the place of what was made up, by the names of the arguments."""

    def __init__(self, things: dict[str, Any]) -> None:
        super().__init__()
        self._things = things

    def enter(self, node: Node, *_: Any) -> Node | None:
        if not isinstance(node, ArgumentNode | ObjectFieldNode):
            return None
        value = self._things.get(node.name.value)
        if not isinstance(value, str) or not isinstance(node.value, IntValueNode | StringValueNode):
            return None
        if UNSAID.said(value):
            # An error tells whoever wrote it; and what is sealed names no thing that is there.
            return None
        return type(node)(name=node.name, value=StringValueNode(value=value))


def application_of(city: City) -> Starlette:
    """The real endpoint, asked by whoever the header names."""

    async def context_of(request: Request) -> Context:
        asker = city.near[request.headers["x-asker"]]
        return Context(actor=asker, clock=city.world.clock, secret=SECRET, development=True)

    admission, unbraked = Admission(api(), open_documents=True), Brake(pause_seconds=0)
    endpoint = GraphQL(admission, context_of=context_of, brake=unbraked)
    return Starlette(routes=[Route("/graphql", endpoint)])


def client_of(city: City) -> httpx2.AsyncClient:
    """Asks the real endpoint."""
    transport = httpx2.ASGITransport(app=application_of(city))
    return httpx2.AsyncClient(transport=transport, base_url="http://testserver")


@pytest.mark.anyio
async def test_no_generated_document_is_a_500(city: City, size: Size) -> None:
    chance = random.Random(20261128)
    documents, executed = generated(size), 0
    async with client_of(city) as client:
        for document in documents:
            told = print_ast(visit(parse(document), Telling(city.things)))
            for sent in (document, told):
                asker, began = str(chance.choice(ASKERS)), time.process_time()
                answer = await client.post(
                    "/graphql", json={"query": sent}, headers={"x-asker": asker}
                )
                assert time.process_time() - began < SECONDS_MOST, (asker, sent)
                assert answer.status_code < 500, (asker, sent, answer.text)
                assert not [code for code in OURS if code in answer.text], (
                    asker,
                    sent,
                    answer.text,
                )
                executed += '"data"' in answer.text
    # Were they all refused before they are executed, nothing would be tested.
    assert executed > len(documents) // 2
