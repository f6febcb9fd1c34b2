"""Standings: an officer finds by number whom they may act on, and nobody else."""

from pathlib import Path

import pytest

from tests.world import key, open_world
from timebank.access import Action, Role
from timebank.actors import PUBLIC
from timebank.divisions import CITY_PATH
from timebank.living_alone import note_living_alone
from timebank.standings import standing_of

pytestmark = pytest.mark.anyio
CLERK_DOES = (
    Action.REPORT_DEATH,
    Action.NOTE_LIVING_ALONE,
    Action.CERTIFY_DRAWING,
    Action.CAPTURE_HOURS,
)


async def test_an_officer_sees_where_somebody_in_scope_stands_and_what_they_may_do(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with open_world(sqlite_url, tmp_path) as world:
        who = await world.volunteer()
        number = await world.number_of(who)
        clerk, lead = world.staff[Role.STATION_CLERK], world.staff[Role.DISTRICT_LEAD]
        await note_living_alone(clerk, person=who.id, alone=True, key=key())
        told = await standing_of(clerk, number=f" {number.lower()} ")
        assert told
        assert (told.person.id, told.may, told.alone) == (who.id, CLERK_DOES, True)
        told = await standing_of(lead, person=who.id)
        assert told
        assert Action.SUSPEND_PERSON in told.may
        assert told.alone is None  # whoever does not note it is not told either
        far = await world.officer(Role.DISTRICT_LEAD, f"{CITY_PATH}420103/")
        nobody = [far, world.staff[Role.DISTRICT_REGISTRAR], await world.volunteer(), who, PUBLIC]
        for actor in nobody:
            assert await standing_of(actor, number=number) is None
            assert await standing_of(actor, person=who.id) is None
        assert await standing_of(lead, number="WH-0") is None
