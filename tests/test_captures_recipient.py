"""Who was served: never the volunteer, and kin or one's own household earn nothing (domain 4)."""

from datetime import timedelta

import pytest

from tests.families import family, tied
from tests.volunteering import confirmed, record_of, visited
from tests.wire import act
from tests.world import World, key
from timebank import accounts
from timebank.access import Role
from timebank.activities import ActivityKind
from timebank.actors import Actor
from timebank.captures import (
    RecipientIsClose,
    RecipientIsVolunteer,
    capture_hours,
    decide_recipient,
)
from timebank.households import register_household
from timebank.kin import Kinship, register_kin
from timebank.refusals import NotFound, Refusal

pytestmark = pytest.mark.one_database


@pytest.mark.parametrize(
    ("recipient", "close", "refusal"),
    [
        ("per_b", False, None),
        ("per_b", True, RecipientIsClose),
        ("per_a", False, RecipientIsVolunteer),
        ("per_a", True, RecipientIsVolunteer),
    ],
)
def test_a_volunteer_serves_others(
    recipient: str, close: bool, refusal: type[Refusal] | None
) -> None:
    if refusal is None:
        decide_recipient("per_a", recipient, close=close)
    else:
        with pytest.raises(refusal):
            decide_recipient("per_a", recipient, close=close)


async def serve(world: World, who: Actor, recipient: str) -> str:
    """An hour of service of somebody, recorded by hand; the record."""
    now = world.clock.now()
    made = await capture_hours(
        world.staff[Role.STATION_CLERK],
        volunteer=who.id,
        station=world.station,
        starts=now - timedelta(hours=1),
        ends=now,
        kind=ActivityKind.ELDER,
        recipient=recipient,
        key=key(),
    )
    return made.record


@pytest.mark.anyio
async def test_neither_kin_nor_household_is_recorded_as_served(world: World) -> None:
    grandmother, mother, daughter = await family(world)
    clerk, neighbour = world.staff[Role.STATION_CLERK], await world.volunteer()
    numbers = [await world.number_of(who) for who in (grandmother, mother, daughter, neighbour)]
    await tied(world, daughter, grandmother, Kinship.GRANDPARENT)
    await register_household(clerk, first=numbers[2], second=numbers[3], key=key())
    for recipient in (numbers[0], numbers[3]):
        with pytest.raises(RecipientIsClose):
            await serve(world, daughter, recipient)
    with pytest.raises(RecipientIsVolunteer):
        await serve(world, daughter, numbers[2])
    with pytest.raises(NotFound):
        await serve(world, daughter, "WH-0000-000-0000")
    record = await record_of(await serve(world, daughter, f" {numbers[1].lower()}"))
    assert record.recipient == mother.id, "nobody registered that these two are kin"


@pytest.mark.anyio
@pytest.mark.parametrize("kin", [True, False])
async def test_kin_who_register_after_the_record_was_made_earn_nothing(
    world: World, kin: bool
) -> None:
    _, mother, daughter = await family(world)
    number = await world.number_of(mother)
    clerk = world.staff[Role.STATION_CLERK]
    before = await visited(world, daughter, minutes=60)
    world.clock.move(timedelta(hours=1))
    record = await visited(world, daughter, minutes=60, recipient=number)
    assert (await record_of(record)).recipient == mother.id
    if kin:
        second = await world.number_of(daughter)
        await register_kin(clerk, first=number, second=second, kinship=Kinship.CHILD, key=key())
    await confirmed(world, [before, record])
    own = accounts.volunteer(daughter.id)
    assert await accounts.balance_of(own) == (60 if kin else 120)
    held = await record_of(record)
    assert (held.minutes, held.credited) == (60, 0 if kin else 60)


@pytest.mark.anyio
async def test_who_was_served_is_told_over_the_wire(world: World) -> None:
    _, mother, daughter = await family(world)
    number = await world.number_of(daughter)
    await tied(world, mother, daughter, Kinship.CHILD)
    refused = await act(
        world,
        world.staff[Role.STATION_CLERK],
        "captureHours",
        "record { id }",
        volunteer=mother.id,
        station=world.station,
        starts="2026-11-20T01:00:00Z",
        ends="2026-11-20T02:00:00Z",
        kind="ELDER",
        recipient=number,
    )
    assert refused["userErrors"] == [{"code": "RECIPIENT_IS_CLOSE", "path": ["recipient"]}]
