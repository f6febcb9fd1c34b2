"""Open matters: what keeps whoever asked to be erased, and that it ends when they end."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests import looking
from tests.credit import earn
from tests.disputes import decided, objected
from tests.erasing import held_for, state_of, whose
from tests.families import family, tied
from tests.misconduct import accepted, found, second_lead
from tests.starring import HOURLY, laid_open, served_hours
from tests.volunteering import captured, record_of
from tests.world import World, key, open_world
from timebank import people, replay
from timebank.access import Role, end_role, grant_role
from timebank.accounts import Account, pool
from timebank.actors import SYSTEM, Actor
from timebank.closings import Rest, close_account
from timebank.donations import donations_of, take_back_donation
from timebank.erasures import (
    ErasureState,
    MattersOpen,
    ask_erasure,
    erasure_of,
    finish_erasure,
    withdraw_erasure,
)
from timebank.finding_appeals import appeal_finding, review_finding
from timebank.finding_life import AppealGrounds
from timebank.gifts import decline_gift, offer_gift
from timebank.holds import KeepReason, lift_hold, place_hold
from timebank.kin import Kinship
from timebank.lifecycles import NotInThisState
from timebank.objection_life import Grounds
from timebank.open_matters import Matter, open_matters
from timebank.person_life import (
    PersonState,
    SuspensionReason,
)
from timebank.publicity import PublicityReason, object_to_publicity
from timebank.reversals import release_batch, repudiate_hours
from timebank.reward_orders import cancel_reward, order_reward
from timebank.rewards import offer_reward
from timebank.star_award_life import StarRevokeReason
from timebank.star_awards import appeal_star
from timebank.star_rulings import (
    award_star,
    revoke_star,
    rule_on_star_appeal,
    rule_on_star_objection,
)
from timebank.tables import count, find
from timebank.texts import Text
from timebank.timers import sweep
from timebank.vault import DataKey

pytestmark = pytest.mark.anyio

DAY = timedelta(days=1)


@pytest.fixture
async def city(sqlite_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(sqlite_url, tmp_path) as opened:
        yield opened


async def test_minutes_go_to_the_pool_first_with_days_to_think_again(world: World) -> None:
    who = await world.volunteer()
    await earn(whose(who), world.station, 90)
    await ask_erasure(who, key=key())
    assert await held_for(who) == (Matter.MINUTES,)
    assert await state_of(who) is PersonState.ERASING
    world.clock.move(6 * DAY)
    await sweep()
    assert await state_of(who) is PersonState.ERASING
    world.clock.move(DAY)
    for _ in range(2):
        await sweep()
    assert await state_of(who) is PersonState.ERASED
    assert await find(DataKey, whose(who)) is None
    held = await find(Account, pool("420102"))
    assert held
    assert held.balance == 90
    assert (await replay.compare(world.settings.database_url)).differing == 0


async def test_a_donation_taken_back_keeps_the_person(city: World) -> None:
    who = await city.volunteer()
    await earn(whose(who), city.station, 90)
    await ask_erasure(who, key=key())
    (made,) = await donations_of(who, after=None, before=None, limit=9, backward=False)
    await take_back_donation(who, donation=made.id, key=key())
    city.clock.move(30 * DAY)
    await sweep()
    assert await held_for(who) == (Matter.MINUTES,)


async def test_whoever_closed_the_account_before_gives_what_was_kept(city: World) -> None:
    who = await city.volunteer()
    await earn(whose(who), city.station, 90)
    await close_account(who, rest=Rest.KEEP, key=key())
    await ask_erasure(who, key=key())
    city.clock.move(7 * DAY)
    for _ in range(2):
        await sweep()
    assert await state_of(who) is PersonState.ERASED


async def test_an_order_keeps_the_person_until_it_is_over(city: World) -> None:
    who = await city.volunteer()
    manager = city.staff[Role.STATION_MANAGER]
    offered = await offer_reward(
        manager, station=city.station, name="理发", minutes=0, stock=1, goods=False, key=key()
    )
    ordered = await order_reward(who, reward=offered.reward, key=key())
    await ask_erasure(who, key=key())
    assert await held_for(who) == (Matter.ORDER,)
    with pytest.raises(MattersOpen):
        await finish_erasure(whose(who))
    await cancel_reward(who, order=ordered.order, key=key())
    await sweep()
    assert await state_of(who) is PersonState.ERASED


async def test_a_dispute_keeps_the_person_and_its_texts_go_with_them(world: World) -> None:
    who = await world.volunteer()
    objection = await objected(world, who)
    assert await count(Text, id=f"{objection}:statement") == 1
    await ask_erasure(who, key=key())
    assert await held_for(who) == (Matter.DISPUTE,)
    await decided(world, objection, Grounds.NOT_SHOWN)
    await sweep()
    assert await state_of(who) is PersonState.ERASED
    assert await count(Text, id__startswith=objection) == 0
    assert await count(Text, id=f"{world.station}:name") == 1


async def test_an_appeal_against_a_finding_keeps_the_person_and_the_words(city: World) -> None:
    who = await city.volunteer()
    clerk = await city.officer(Role.STATION_CLERK, city.station_path)
    made = await found(city, [await accepted(city, who, hours_ago=40, by=clerk)])
    asked = await appeal_finding(who, finding=made.finding, words="我去过", key=key())
    await ask_erasure(who, key=key())
    assert await held_for(who) == (Matter.DISPUTE,)
    assert await count(Text, id=f"{asked.appeal}:appeal") == 1
    officer, grounds = await second_lead(city), AppealGrounds.FOUND_RIGHTLY
    await review_finding(officer, appeal=asked.appeal, grounds=grounds, decision="属实", key=key())
    await sweep()
    assert await state_of(who) is PersonState.ERASED
    assert await count(Text, id=f"{asked.appeal}:appeal") == 0


async def test_an_objection_to_a_star_and_an_appeal_for_one_keep_whoever_made_them(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with open_world(sqlite_url, tmp_path, policy=HOURLY) as city:
        lead = city.staff[Role.DISTRICT_LEAD]
        objector, holder = await city.volunteer(), await city.volunteer()
        await served_hours(city, holder, 1)
        award = await laid_open(city, holder)
        objection = PublicityReason.HOURS_FALSE
        await object_to_publicity(objector, about=award, reason=objection, key=key())
        await ask_erasure(objector, key=key())
        assert await held_for(objector) == (Matter.DISPUTE,)
        await rule_on_star_objection(
            lead, award=award, objector=whose(objector), uphold=False, key=key()
        )
        await sweep()
        assert await state_of(objector) is PersonState.ERASED
        city.clock.move(8 * DAY)
        await award_star(lead, award=award, key=key())
        await revoke_star(lead, award=award, reason=StarRevokeReason.HOURS_FALSE, key=key())
        await appeal_star(holder, award=award, appeal="工时属实", key=key())
        await ask_erasure(holder, key=key())
        assert Matter.DISPUTE in await held_for(holder)
        officer = await second_lead(city)
        await rule_on_star_appeal(officer, award=award, restore=False, key=key())
        assert Matter.DISPUTE not in await open_matters(whose(holder))


async def test_a_held_batch_keeps_its_recorder(city: World) -> None:
    who = await city.volunteer()
    leader = await city.volunteer()
    granted = await grant_role(
        SYSTEM, person=whose(leader), role=Role.STATION_CLERK, scope=city.station_path, key=key()
    )
    record = await captured(city, who, by=leader)
    await repudiate_hours(who, records=[record], key=key())
    await ask_erasure(leader, key=key())
    assert await held_for(leader) == (Matter.AUDIT, Matter.ROLE)
    await end_role(
        await city.officer(Role.OPERATOR), person=whose(leader), grant=granted.grant, key=key()
    )
    await sweep()
    assert await held_for(leader) == (Matter.AUDIT,)
    batch = (await record_of(record)).batch
    await release_batch(city.staff[Role.DISTRICT_LEAD], batch=batch, key=key())
    await sweep()
    assert await state_of(leader) is PersonState.ERASED


async def test_a_guardian_stays_until_the_ward_is_of_age(city: World) -> None:
    ward = await city.ward(birth=date(2009, 1, 1))
    held = await people.person(whose(ward))
    assert held
    assert held.guardian
    guardian = Actor(id=held.guardian, person=held.guardian)
    await ask_erasure(guardian, key=key())
    assert await held_for(guardian) == (Matter.WARD,)
    city.clock.move(50 * DAY)
    await sweep()
    assert await state_of(guardian) is PersonState.ERASED


@pytest.mark.parametrize("reason", list(KeepReason))
async def test_what_the_officer_holds_is_not_destroyed(city: World, reason: KeepReason) -> None:
    officer = await city.officer(Role.DATA_PROTECTION_OFFICER)
    who = await city.volunteer()
    number = await city.number_of(who)
    hold = await place_hold(officer, number=number, reason=reason, key=key())
    await ask_erasure(who, key=key())
    assert await held_for(who) == (Matter(reason.value),)
    await lift_hold(officer, hold=hold.hold, key=key())
    await sweep()
    assert await state_of(who) is PersonState.ERASED


async def test_a_hold_placed_meanwhile_is_seen_under_the_lock(
    city: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    officer = await city.officer(Role.DATA_PROTECTION_OFFICER)
    who = await city.volunteer()
    number = await city.number_of(who)

    async def asked_before(person: str) -> tuple[Matter, ...]:
        told = await open_matters(person)
        await place_hold(officer, number=number, reason=KeepReason.AUDIT, key=key())
        return told

    monkeypatch.setattr("timebank.erasures.open_matters", asked_before)
    await ask_erasure(who, key=key())
    assert await held_for(who) == (Matter.AUDIT,)
    assert await find(DataKey, whose(who))


async def test_while_something_keeps_them_data_are_read_by_the_person_alone(city: World) -> None:
    officer = await city.officer(Role.DATA_PROTECTION_OFFICER)
    who = await city.volunteer()
    id, manager = whose(who), city.staff[Role.STATION_MANAGER]
    await place_hold(officer, number=await city.number_of(who), reason=KeepReason.AUDIT, key=key())
    assert await looking.names_of(manager, [id])
    await ask_erasure(who, key=key())
    for read in (looking.names_of, looking.phones_of):
        assert await read(manager, [id]) == {}
        assert list(await read(who, [id])) == [id]
    await withdraw_erasure(who, key=key())
    assert await state_of(who) is PersonState.CLOSED
    assert await looking.names_of(manager, [id])
    held = await erasure_of(who)
    assert held
    assert held.state is ErasureState.WITHDRAWN
    await sweep()
    assert await state_of(who) is PersonState.CLOSED
    await ask_erasure(who, key=key())
    assert await held_for(who) == (Matter.AUDIT,)


async def test_a_suspension_is_not_escaped_by_being_erased(city: World) -> None:
    who = await city.volunteer()
    await people.suspend_person(
        city.staff[Role.DISTRICT_LEAD],
        person=whose(who),
        reason=SuspensionReason.FALSE_HOURS,
        key=key(),
    )
    with pytest.raises(NotInThisState):
        await ask_erasure(who, key=key())
    assert await find(DataKey, whose(who))


async def test_a_gift_on_its_way_keeps_both(city: World) -> None:
    grandmother, mother, _ = await family(city)
    await tied(city, grandmother, mother, Kinship.CHILD)
    await earn(whose(grandmother), city.station, 60)
    gift = await offer_gift(
        grandmother, receiver=await city.number_of(mother), minutes=60, key=key()
    )
    assert await open_matters(whose(mother)) == (Matter.MINUTES,)
    assert await open_matters(whose(grandmother)) == (Matter.MINUTES,)
    await decline_gift(mother, gift=gift.gift, key=key())
    assert await open_matters(whose(mother)) == ()
