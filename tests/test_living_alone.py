"""Living alone: noted by the station, never on the ledger, never of who lives with others."""

import pytest

from tests.wire import act
from tests.world import World, key
from timebank.access import Role
from timebank.actors import PUBLIC
from timebank.households import register_household
from timebank.living_alone import LivesAlone, LivesWithOthers, note_living_alone
from timebank.refusals import NotFound, Unauthenticated
from timebank.tables import find

pytestmark = [pytest.mark.anyio, pytest.mark.one_database]


async def test_the_station_notes_it_and_takes_it_back_and_no_entry_says_so(world: World) -> None:
    elder, clerk = await world.volunteer(), world.staff[Role.STATION_CLERK]
    noted = await note_living_alone(clerk, person=elder.id, alone=True, key=key())
    assert noted.entry is None
    assert LivesAlone.spec.vault
    held = await find(LivesAlone, elder.id)
    assert held
    assert held.noted_by == clerk.id
    told = await act(world, clerk, "noteLivingAlone", "entry { seq }", person=elder.id, alone=False)
    assert told == {"entry": None, "userErrors": []}
    assert await find(LivesAlone, elder.id) is None


async def test_only_the_station_notes_and_only_of_who_lives_alone(world: World) -> None:
    elder, other = await world.volunteer(), await world.volunteer()
    clerk = world.staff[Role.STATION_CLERK]
    for who in (elder, world.staff[Role.STREET_OFFICER]):
        with pytest.raises(NotFound):
            await note_living_alone(who, person=elder.id, alone=True, key=key())
    with pytest.raises(Unauthenticated):
        await note_living_alone(PUBLIC, person=elder.id, alone=True, key=key())
    numbers = [await world.number_of(who) for who in (elder, other)]
    await register_household(clerk, first=numbers[0], second=numbers[1], key=key())
    with pytest.raises(LivesWithOthers):
        await note_living_alone(clerk, person=elder.id, alone=True, key=key())
