"""Trusted documents: what our own pages ask, anybody may ask by its hash; nothing else unsigned."""

from typing import Any

import httpx
import pytest
from graphql import FragmentDefinitionNode, OperationDefinitionNode, parse

from schema.documents import Documents
from schema.execution import whole
from schema.limits import Limits
from tests.world import World
from timebank import sign_in as door
from timebank.actors import SYSTEM
from timebank.argon import Cost
from web import app
from web.admission import document_id
from web.pages.table import operations

pytestmark = [pytest.mark.anyio, pytest.mark.one_database]
PASSWORD = "长江大桥1957年通车"


async def test_the_pages_operations_are_asked_by_hash_and_no_others(world: World) -> None:
    who = await world.volunteer()
    cheap = Cost(iterations=1, lanes=1, memory_kib=64)
    await door.set_password(SYSTEM, whose=who.person or "", password=PASSWORD, cost=cheap)
    number = await world.number_of(who)
    one_of_two = world.settings.model_copy(update={"servers": 2})
    built: Any = app.build(one_of_two, clock=world.clock)
    stored = operations()
    transport = httpx.ASGITransport(app=built)
    async with httpx.AsyncClient(transport=transport, base_url="https://testserver") as client:

        async def ask(headers: dict[str, str], **asked: Any) -> httpx.Response:
            return await client.post("/graphql", json=asked, headers=headers)

        own = await ask({}, query=stored["sign_in"])
        assert own.status_code == 401
        assert own.json()["extensions"]["cost"]["limit"] == 10_000
        given = {"input": {"number": number, "password": PASSWORD}}
        signed = await ask({}, documentId=document_id(stored["sign_in"]), variables=given)
        token = signed.json()["data"]["signIn"]["token"]
        bearer = {"authorization": f"Bearer {token}"}
        home = await ask(bearer, documentId=document_id(stored["home"]))
        assert home.json()["data"]["me"]["number"] == number
        nobody = await ask({}, documentId=document_id(stored["home"]))
        assert nobody.json()["data"]["me"] is None
        changed = await ask(bearer, documentId=document_id(stored["home"] + " "))
        assert changed.status_code == 400


@pytest.mark.parametrize("name", sorted(operations()))
def test_each_of_them_fits_the_schema(name: str) -> None:
    """They are prepared when first asked for: what does not fit must not wait for its visitor."""
    whole().documents.prepare(operations()[name])


def test_they_are_remembered_whatever_else_is_asked() -> None:
    documents = Documents(whole().schema, Limits(), cached_characters=60)
    ours = "{ __typename }"
    documents.keep([ours])
    kept = documents.prepare(ours)
    for n in range(10):
        documents.prepare(f"query Q{n} {{ __typename }}")
    assert not documents.remembers("query Q1 { __typename }")
    assert documents.remembers(ours)
    assert documents.prepare(ours) is kept


def test_all_of_them_can_be_given_to_one_generator_of_clients() -> None:
    parsed = [each for text in operations().values() for each in parse(text).definitions]
    named = (OperationDefinitionNode, FragmentDefinitionNode)
    told = [each.name.value for each in parsed if isinstance(each, named) and each.name]
    assert len(told) == len(parsed)
    assert sorted(set(told)) == sorted(told)
