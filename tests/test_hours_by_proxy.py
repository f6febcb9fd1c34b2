"""Hours by proxy: who acts for a volunteer, both identities kept, no key turned twice."""

from datetime import date, timedelta

import pytest

from ledger.entry import decode
from ledger.reader import open_reader
from tests.volunteering import captured, child, confirmed, record_of
from tests.wire import ask
from tests.world import World, key
from timebank.access import Role, grant_role
from timebank.actors import SYSTEM, Actor, person
from timebank.confirmations import SameHand, accept_hours, confirm_hours
from timebank.hours import records_for, visible_records
from timebank.people import Person, PersonNotActive, suspend_person
from timebank.person_life import SuspensionReason
from timebank.proxies import end_proxy, name_proxy
from timebank.record_life import RecordState
from timebank.refusals import NotFound
from timebank.reversals import repudiate_hours
from timebank.tables import find

pytestmark = pytest.mark.anyio

HOUR = timedelta(hours=1)


async def entry(world: World, seq: int | None) -> tuple[str, object, object]:
    """An entry's actor, the volunteer in it and the proxy."""
    async with open_reader(world.settings.database_url) as reader:
        (row,) = await reader.fetch("SELECT bytes FROM entry WHERE seq = $1", seq)
    held = decode(row[0])
    return held.actor, held.body["volunteer"], held.body.get("proxy")


async def confirmed_record(world: World, who: Actor) -> str:
    id = await captured(world, who)
    await confirmed(world, [id])
    return id


async def named(world: World, who: Actor, proxy: Actor) -> str:
    made = await name_proxy(who, number=await world.number_of(proxy), key=key())
    return made.mandate


async def test_a_registered_proxy_accepts_and_both_are_kept(world: World) -> None:
    who, proxy = await world.volunteer(), await world.volunteer()
    id = await confirmed_record(world, who)
    with pytest.raises(NotFound):
        await accept_hours(proxy, records=[id], key=key())
    mandate = await named(world, who, proxy)
    told = await accept_hours(proxy, records=[id], key=key())
    assert (await record_of(id)).state is RecordState.POSTED
    assert await entry(world, told.entry) == (proxy.id, who.person, proxy.person)
    own = await captured(world, who, starts=world.clock.now() - 5 * HOUR)
    await confirmed(world, [own])
    told = await accept_hours(who, records=[own], key=key())
    assert await entry(world, told.entry) == (who.id, who.person, None)
    await end_proxy(who, mandate=mandate, key=key())
    with pytest.raises(NotFound):
        await repudiate_hours(proxy, records=[id], key=key())


async def test_a_proxy_disowns_for_the_principal(world: World) -> None:
    who, proxy = await world.volunteer(), await world.volunteer()
    id = await captured(world, who)
    await named(world, who, proxy)
    told = await repudiate_hours(proxy, records=[id], key=key())
    assert (await record_of(id)).state is RecordState.REPUDIATED
    assert await entry(world, told.entry) == (proxy.id, who.person, proxy.person)


async def test_a_guardian_acts_until_the_ward_is_of_age(world: World) -> None:
    ward = await child(world, date(2008, 11, 25))
    held = await find(Person, ward.person or "")
    assert held is not None
    guardian = person(held.guardian or "")
    first = await confirmed_record(world, ward)
    told = await accept_hours(guardian, records=[first], key=key())
    assert await entry(world, told.entry) == (guardian.id, ward.person, guardian.person)
    world.clock.move(6 * 24 * HOUR)
    later = await confirmed_record(world, ward)
    with pytest.raises(NotFound):
        await accept_hours(guardian, records=[later], key=key())


async def test_a_proxy_who_turned_a_key_turns_no_other(world: World) -> None:
    who = await world.volunteer()
    clerk, manager = world.staff[Role.STATION_CLERK], world.staff[Role.STATION_MANAGER]
    await named(world, who, clerk)
    await named(world, who, manager)
    id = await captured(world, who, by=clerk)
    await confirm_hours(manager, records=[id], key=key())
    for hand in (clerk, manager):
        with pytest.raises(SameHand):
            await accept_hours(hand, records=[id], key=key())
        with pytest.raises(SameHand):
            await repudiate_hours(hand, records=[id], key=key())
    assert (await record_of(id)).state is RecordState.CONFIRMED


async def test_a_proxy_behind_the_counter_acts_as_proxy(world: World) -> None:
    who, proxy = await world.volunteer(), await world.volunteer()
    id = await confirmed_record(world, who)
    await named(world, who, proxy)
    await grant_role(
        SYSTEM,
        person=proxy.person or "",
        role=Role.STATION_CLERK,
        scope=world.station_path,
        key=key(),
    )
    told = await accept_hours(proxy, records=[id], key=key())
    assert (await entry(world, told.entry))[2] == proxy.person


async def test_a_suspended_proxy_acts_for_nobody(world: World) -> None:
    who, proxy = await world.volunteer(), await world.volunteer()
    id = await confirmed_record(world, who)
    await named(world, who, proxy)
    lead = world.staff[Role.DISTRICT_LEAD]
    reason = SuspensionReason.CONDUCT
    await suspend_person(lead, person=proxy.person or "", reason=reason, key=key())
    for act in (accept_hours, repudiate_hours):
        with pytest.raises(PersonNotActive):
            await act(proxy, records=[id], key=key())


async def test_a_proxy_sees_the_principals_records_and_no_others(world: World) -> None:
    who, proxy, other = [await world.volunteer() for _ in range(3)]
    id, theirs = await captured(world, who), await captured(world, other)
    number = await world.number_of(who)
    asks = "query($p: String) { serviceRecords(principal: $p) { nodes { id } } }"
    assert await visible_records(proxy, [id, theirs]) == {}
    assert await records_for(proxy, number) == []
    await named(world, who, proxy)
    assert list(await visible_records(proxy, [id, theirs])) == [id]
    assert (await ask(world, proxy, asks, p=number))["serviceRecords"]["nodes"] == [{"id": id}]
    assert (await ask(world, proxy, asks))["serviceRecords"]["nodes"] == []
    assert (await ask(world, other, asks, p=number))["serviceRecords"]["nodes"] == []
