"""Reversals: not me, taking back, and what is owed afterwards."""

import pytest

from ledger.verify import verify
from tests.volunteering import captured, confirmed, posted, record_of, spend, visited
from tests.wire import ask
from tests.world import World, key
from timebank import replay
from timebank.access import Role, grant_role
from timebank.accounts import balance_of, conservation, floor, holder, owed, volunteer
from timebank.actors import PUBLIC, SYSTEM
from timebank.confirmations import OwnHours, SameHand, confirm_hours
from timebank.divisions import CITY_PATH
from timebank.hours import totals_of
from timebank.lifecycles import NotInThisState
from timebank.record_life import RecordState, ReverseReason
from timebank.refusals import Forbidden, NotFound, Unauthenticated
from timebank.reversals import (
    NotYourHours,
    held_batches,
    release_batch,
    repudiate_hours,
    reverse_hours,
)

pytestmark = pytest.mark.anyio


async def test_not_me_takes_back_what_was_minted_and_tells_the_district(world: World) -> None:
    who, lead = await world.volunteer(), world.staff[Role.DISTRICT_LEAD]
    person = who.person or ""
    id = await visited(world, who)
    await confirmed(world, [id])
    await repudiate_hours(who, records=[id], key=key())
    held = await record_of(id)
    assert held.state is RecordState.REPUDIATED
    assert await balance_of(volunteer(person)) == 0
    assert (await totals_of([person]))[person].minutes == 0
    assert (await conservation()).whole
    assert [batch.held_by for batch in await held_batches(lead, world.station_path)] == [id]
    with pytest.raises(NotInThisState):
        await repudiate_hours(who, records=[id], key=key())
    with pytest.raises(NotInThisState):
        await reverse_hours(lead, records=[id], reason=ReverseReason.NEVER_HAPPENED, key=key())


async def test_only_the_volunteer_says_not_me(world: World) -> None:
    id = await captured(world, await world.volunteer())
    with pytest.raises(NotYourHours):
        await repudiate_hours(world.staff[Role.STATION_MANAGER], records=[id], key=key())
    with pytest.raises(NotFound):
        await repudiate_hours(await world.volunteer(), records=[id], key=key())


async def test_a_released_batch_goes_on(world: World) -> None:
    who, manager = await world.volunteer(), world.staff[Role.STATION_MANAGER]
    mine, theirs = await captured(world, who), await captured(world, await world.volunteer())
    await repudiate_hours(who, records=[mine], key=key())
    batch = (await record_of(mine)).batch
    with pytest.raises(Forbidden):
        await release_batch(manager, batch=batch, key=key())
    with pytest.raises(NotFound):
        await release_batch(who, batch=batch, key=key())
    with pytest.raises(Unauthenticated):
        await release_batch(PUBLIC, batch=batch, key=key())
    lead = world.staff[Role.DISTRICT_LEAD]
    for hand in (world.staff[Role.STATION_CLERK], who):
        scope = CITY_PATH
        await grant_role(SYSTEM, person=hand.id, role=Role.DISTRICT_LEAD, scope=scope, key=key())
        with pytest.raises(SameHand if hand is not who else OwnHours):
            await release_batch(hand, batch=batch, key=key())
    await release_batch(lead, batch=batch, key=key())
    assert await held_batches(lead, world.station_path) == []
    await confirm_hours(manager, records=[theirs], key=key())
    with pytest.raises(NotFound):
        await release_batch(world.staff[Role.DISTRICT_LEAD], batch=batch, key=key())


async def test_a_batch_is_held_again_by_the_next_that_is_disowned(world: World) -> None:
    people = [await world.volunteer() for _ in range(3)]
    ids = [await captured(world, who) for who in people]
    lead, batch = world.staff[Role.DISTRICT_LEAD], (await record_of(ids[0])).batch
    for who, id in zip(people[:2], ids, strict=False):
        await repudiate_hours(who, records=[id], key=key())
    asks = "query($s: String!) { heldBatches(scope: $s) { name against record { id } } }"
    told = await ask(world, lead, asks, s=world.station_path)
    assert told["heldBatches"] == [{"name": batch, "against": 2, "record": {"id": ids[0]}}]
    await release_batch(lead, batch=batch, key=key())
    assert await held_batches(lead, world.station_path) == []
    await repudiate_hours(people[2], records=[ids[2]], key=key())
    (held,) = await held_batches(lead, world.station_path)
    assert (held.held_by, held.against) == (ids[2], 3)
    assert (await replay.compare(world.settings.database_url)).differing == 0


async def test_the_district_takes_back_a_posted_record_and_its_time_is_free(
    world: World,
) -> None:
    who, lead = await world.volunteer(), world.staff[Role.DISTRICT_LEAD]
    id = await posted(world, who)
    reason = ReverseReason.RECORDED_WRONGLY
    with pytest.raises(Forbidden):
        await reverse_hours(
            world.staff[Role.STATION_MANAGER], records=[id], reason=reason, key=key()
        )
    told = await reverse_hours(lead, records=[id], reason=reason, key=key())
    held = await record_of(id)
    assert held.state is RecordState.REVERSED
    async with world.journal.writer.transaction() as transaction:
        ((entry,),) = await transaction.fetch("SELECT bytes FROM entry WHERE seq = $1", told.entry)
    assert held.posted_leaf
    assert f'"leaf":"{held.posted_leaf.hex()}","seq":{held.posted_seq}' in bytes(entry).decode()
    await captured(world, who)


async def test_spent_minutes_are_owed_and_repaid_by_the_next(world: World) -> None:
    who, lead = await world.volunteer(), world.staff[Role.DISTRICT_LEAD]
    person = who.person or ""
    id = await visited(world, who, minutes=120)
    await confirmed(world, [id])
    await spend(world, person, 100)
    await reverse_hours(lead, records=[id], reason=ReverseReason.NEVER_HAPPENED, key=key())
    assert await balance_of(volunteer(person)) == 0
    assert await balance_of(owed(person)) == -100
    await confirmed(world, [await visited(world, who, minutes=130)])
    assert await balance_of(owed(person)) == 0
    assert await balance_of(volunteer(person)) == 30
    assert (await conservation()).whole
    url = world.settings.database_url
    assert (await verify(url, floor=floor, holder=holder)).sound
    (found,) = (await verify(url, floor=floor)).findings
    assert "mirror" in found.what
