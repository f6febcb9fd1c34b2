"""Publicity: who may object to what is laid open, until when, and that everybody is heard."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path

import msgspec
import pytest

from tests.starring import DAY, HOURLY, laid_open, served_hours
from tests.wire import act
from tests.world import World, key, open_world
from timebank.access import Action, Role
from timebank.actors import PUBLIC
from timebank.lifecycles import NotInThisState, step
from timebank.publicity import (
    LIFECYCLE,
    ObjectedToPublicity,
    OwnPublicity,
    Publicity,
    PublicityObjectionDismissed,
    PublicityObjectionState,
    PublicityObjectionUpheld,
    PublicityOpen,
    PublicityOver,
    PublicityReason,
    PublicityUndecided,
    decide_heard,
    decide_objectable,
    object_to_publicity,
    publicity_objections,
)
from timebank.refusals import NotFound, Unauthenticated
from timebank.star_awards import withdraw_star

UNTIL = date(2026, 11, 27)
OPEN = Publicity(about="str_1", person="per_1", path="420100/", until=UNTIL)


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(database_url, tmp_path, policy=HOURLY) as opened:
        yield opened


def test_the_last_day_to_object_is_whole_and_deciding_begins_after_it() -> None:
    decide_objectable(OPEN, ["per_2"], UNTIL)
    with pytest.raises(PublicityOver):
        decide_objectable(OPEN, ["per_2"], UNTIL + DAY)
    with pytest.raises(PublicityOpen):
        decide_heard(OPEN, UNTIL)
    decide_heard(OPEN, UNTIL + DAY)


def test_an_objection_that_waits_holds_the_matter_up() -> None:
    waiting = msgspec.structs.replace(OPEN, waiting=2)
    with pytest.raises(PublicityUndecided) as no:
        decide_heard(waiting, UNTIL + DAY)
    assert no.value.count == 2


def test_nobody_objects_to_themselves_or_to_what_is_settled() -> None:
    with pytest.raises(OwnPublicity):
        decide_objectable(OPEN, ["per_1"], UNTIL)
    with pytest.raises(PublicityOver):
        decide_objectable(msgspec.structs.replace(OPEN, open=False), ["per_2"], UNTIL)


@pytest.mark.parametrize("made", [PublicityObjectionUpheld, PublicityObjectionDismissed])
def test_an_objection_is_decided_once(
    made: type[PublicityObjectionUpheld | PublicityObjectionDismissed],
) -> None:
    decided = step(LIFECYCLE, PublicityObjectionState.RAISED, made)
    with pytest.raises(NotInThisState):
        step(LIFECYCLE, decided, made)


@pytest.mark.anyio
async def test_anybody_signed_in_objects_once_with_a_code(world: World) -> None:
    who, other = await world.volunteer(), await world.volunteer()
    await served_hours(world, who, 1)
    award = await laid_open(world, who)
    reason = PublicityReason.HOURS_FALSE
    with pytest.raises(Unauthenticated):
        await object_to_publicity(PUBLIC, about=award, reason=reason, key=key())
    with pytest.raises(NotFound):
        await object_to_publicity(other, about="str_none", reason=reason, key=key())
    with pytest.raises(OwnPublicity):
        await object_to_publicity(who, about=award, reason=reason, key=key())
    told = await act(world, other, "objectToPublicity", "about", about=award, reason="HOURS_FALSE")
    assert (told["about"], told["userErrors"]) == (award, [])
    with pytest.raises(ObjectedToPublicity):
        await object_to_publicity(other, about=award, reason=reason, key=key())
    lead = world.staff[Role.DISTRICT_LEAD]
    (objection,) = (await publicity_objections(lead, Action.READ_RECORDS, [award]))[award]
    assert await publicity_objections(other, Action.READ_RECORDS, [award]) == {}
    assert objection.reason is reason
    # Fifteen working days, as for an objection to a record; 20 November 2026 is a Friday.
    assert objection.decide_by == date(2026, 12, 11)
    world.clock.move(timedelta(days=8))
    with pytest.raises(PublicityOver):
        await object_to_publicity(await world.volunteer(), about=award, reason=reason, key=key())


@pytest.mark.anyio
async def test_what_was_withdrawn_takes_no_objection(world: World) -> None:
    who = await world.volunteer()
    await served_hours(world, who, 1)
    award = await laid_open(world, who)
    await withdraw_star(who, award=award, key=key())
    with pytest.raises(PublicityOver):
        await object_to_publicity(
            await world.volunteer(), about=award, reason=PublicityReason.MISCONDUCT, key=key()
        )
