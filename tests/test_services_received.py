"""Services received: whoever was served finds the record, objects to it, and sees the objection."""

from typing import Any

import pytest

from tests.disputes import decided, served
from tests.posting import Pages
from tests.wire import ask
from tests.world import World, key
from timebank.actors import PUBLIC
from timebank.objection_life import Grounds, ObjectionReason
from timebank.objections import raise_objection

pytestmark = pytest.mark.anyio

MINE = "{ servicesReceived { nodes { id } } objections { nodes { record { id } } } }"


async def test_whoever_was_served_finds_the_record_and_objects_on_the_page(world: World) -> None:
    who, elder, other = [await world.volunteer() for _ in range(3)]
    record, another = await served(world, who, elder), await served(world, other, who)
    pages = Pages(world)
    async with await pages.client(elder) as client:
        offered = (await client.get("/objections")).text
        assert record in offered
        assert another not in offered
        assert "我做的服务" not in offered
    async with await pages.client(who) as client:
        offered = (await client.get("/objections")).text
        assert offered.index("我做的服务") < offered.index(record) < offered.index("我接受的服务")
        assert offered.index("我接受的服务") < offered.index(another)
    told = {"record": record, "reason": "NEVER_HAPPENED", "statement": "没人来过"}
    answer = await pages.post(elder, "/objections", "/objections/raise", **told)
    assert answer.status_code == 200
    assert "等待区里答复" in answer.text


async def test_of_an_objection_both_sides_are_shown_and_nobody_else(world: World) -> None:
    who, elder, other = [await world.volunteer() for _ in range(3)]
    record = await served(world, who, elder)
    raised = await raise_objection(
        who,
        record=record,
        reason=ObjectionReason.WRONG_TIMES,
        statement="时间不对",
        key=key(),
    )
    listed = {"objections": {"nodes": [{"record": {"id": record}}]}}
    assert await ask(world, elder, MINE) == listed | {
        "servicesReceived": {"nodes": [{"id": record}]}
    }
    assert await ask(world, who, MINE) == listed | {"servicesReceived": {"nodes": []}}
    nothing: dict[str, Any] = {"servicesReceived": {"nodes": []}, "objections": {"nodes": []}}
    for stranger in (other, PUBLIC):
        assert await ask(world, stranger, MINE) == nothing
    await decided(world, raised.objection, Grounds.NOT_SHOWN)
    assert (await ask(world, elder, MINE))["objections"] == listed["objections"]
