"""The register of organisations: a page at a time, and nothing of what is only applied for."""

import pytest

from tests.organising import entered, named
from tests.wire import ask, form
from tests.world import World

pytestmark = pytest.mark.anyio


async def test_the_register_turns_pages_both_ways_and_holds_no_application(world: World) -> None:
    founder = await world.volunteer()
    stands = [await entered(world, founder) for _ in range(3)]
    await named(world, founder)
    query = """query($f: Int, $l: Int, $a: String, $b: String) {
        organisations(scope: "420100/", states: [REGISTERED, NAME_ASKED],
            first: $f, last: $l, after: $a, before: $b)
        { edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage } } }"""
    first = (await ask(world, form(), query, f=2))["organisations"]
    assert [edge["node"]["id"] for edge in first["edges"]] == stands[:2]
    assert first["pageInfo"] == {"hasNextPage": True, "hasPreviousPage": False}
    last = (await ask(world, form(), query, l=2, b=None))["organisations"]
    assert [edge["node"]["id"] for edge in last["edges"]] == stands[1:]
    rest = await ask(world, form(), query, f=5, a=first["edges"][-1]["cursor"])
    assert [edge["node"]["id"] for edge in rest["organisations"]["edges"]] == stands[2:]
    unknown = '{ organisationByCode(code: "91350100M000100Y43") { id } }'
    assert (await ask(world, form(), unknown))["organisationByCode"] is None
