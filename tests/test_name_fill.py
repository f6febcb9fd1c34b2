"""Name fill: whoever was registered before names were searched is made findable."""

import pytest

from tests.world import World, key
from timebank import name_fill
from timebank.access import Role
from timebank.actors import SYSTEM, person
from timebank.batch import Batch
from timebank.directory import find_by_name
from timebank.erasures import ask_erasure
from timebank.journal import Answer, write
from timebank.tables import select
from timebank.timers import sweep
from timebank.vault import KeyedFinding, keyring

pytestmark = pytest.mark.one_database


async def unindexed(world: World, count: int) -> list[str]:
    """People as they were kept before names were searched: found by telephone alone."""
    people = [(await world.volunteer(name="欧阳海")).id for _ in range(count)]
    found = await select(KeyedFinding, person__in=people)
    phone = {keyring().current().mark("phone", "13900000000")}

    def work(batch: Batch) -> Answer:
        for held in found:
            if held.mark not in phone:
                batch.drop(KeyedFinding, held.id)
        return Answer()

    await write(SYSTEM, None, work, answer=Answer)
    return sorted(people)


@pytest.mark.anyio
async def test_whoever_was_registered_before_is_made_findable_and_a_stop_loses_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    clerk = world.staff[Role.STATION_CLERK]
    before = await unindexed(world, 5)
    await ask_erasure(person(before[1]), key=key())
    assert await find_by_name(clerk, station=world.station, name="oyh") == []
    monkeypatch.setattr(name_fill, "TURN", 2)
    monkeypatch.setattr(name_fill, "TURNS", 1)
    (through,) = await name_fill.names_to_fill(skip=0, limit=100)
    assert through == ""
    first = await name_fill.fill_names(through)
    assert not first.done
    # As after a stop: what is due is where the last turn ended, and an old turn again does nothing.
    assert await name_fill.names_to_fill(skip=0, limit=100) == [first.through]
    again = await name_fill.fill_names("")
    assert again.indexed == first.indexed
    for _ in range(9):
        await sweep()
    assert await name_fill.names_to_fill(skip=0, limit=100) == []
    found = await find_by_name(clerk, station=world.station, name="oyh")
    assert {one.id for one in found} == {*before} - {before[1]}
    (kept,) = await select(name_fill.NameFill)
    assert (kept.indexed, kept.done) == (4, True)
