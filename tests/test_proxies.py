"""Proxies: named by the principal or at the counter, ended by either; guardians until of age."""

from datetime import date
from typing import Any

import pytest

from tests.volunteering import child
from tests.wire import act, ask
from tests.world import World, key
from timebank import replay
from timebank.access import Role
from timebank.actors import PUBLIC, Actor, person
from timebank.batch import Batch
from timebank.counter import OwnCounter
from timebank.journal import Answer
from timebank.lifecycles import NotInThisState, step
from timebank.people import PersonNotActive, people_by_id, suspend_person
from timebank.person_life import SuspensionReason
from timebank.proxies import (
    LIFECYCLE,
    MandateState,
    ProxyAlready,
    ProxyEnded,
    ProxyIsSelf,
    ProxyTooYoung,
    acting_for,
    end_proxy,
    mandates_of,
    name_proxy,
    register_proxy,
    registered_proxy,
    visible_mandates,
)
from timebank.refusals import NotFound, Unauthenticated

WHOLE: dict[str, Any] = {"after": None, "before": None, "limit": 9, "backward": False}


def test_a_mandate_stands_until_it_is_ended_and_ends_once() -> None:
    assert set(LIFECYCLE) == set(MandateState)
    assert step(LIFECYCLE, MandateState.STANDING, ProxyEnded) is MandateState.ENDED
    with pytest.raises(NotInThisState):
        step(LIFECYCLE, MandateState.ENDED, ProxyEnded)


class Told(Answer, frozen=True, kw_only=True):
    """What the look-ups say."""

    may: bool
    by: str | None = None


async def may_act(world: World, principal: Actor, proxy: Actor) -> bool:
    """Whether one may act for the other, as a decision asks it."""

    def work(batch: Batch) -> Told:
        return Told(may=registered_proxy(batch, principal.id, proxy.id))

    return (await world.journal.write(proxy, None, work, answer=Told)).may


async def by_whom(world: World, actor: Actor, principal: Actor) -> str | None:
    """By whom the principal acts when the actor does."""

    def work(batch: Batch) -> Told:
        return Told(may=True, by=acting_for(batch, principal.id))

    return (await world.journal.write(actor, None, work, answer=Told)).by


@pytest.mark.anyio
@pytest.mark.parametrize("by_proxy", [True, False])
async def test_a_proxy_may_act_from_naming_to_end_and_never_the_other_way(
    world: World, by_proxy: bool
) -> None:
    elder, helper = await world.volunteer(), await world.volunteer(birth=date(1990, 1, 1))
    assert not await may_act(world, elder, helper)
    number = await world.number_of(helper)
    made = await name_proxy(elder, number=number, key=key())
    assert await may_act(world, elder, helper)
    assert not await may_act(world, helper, elder)
    assert await by_whom(world, helper, elder) == helper.id
    assert await by_whom(world, elder, elder) is None
    with pytest.raises(ProxyAlready):
        await name_proxy(elder, number=number, key=key())

    await end_proxy(helper if by_proxy else elder, mandate=made.mandate, key=key())
    assert not await may_act(world, elder, helper)
    with pytest.raises(NotFound):
        await by_whom(world, helper, elder)
    with pytest.raises(NotInThisState):
        await end_proxy(elder, mandate=made.mandate, key=key())
    again = await name_proxy(elder, number=number, key=key())
    listed = [held.id for held in await mandates_of(helper, **WHOLE)]
    assert listed == [again.mandate, made.mandate]
    assert (await replay.compare(world.settings.database_url)).differing == 0


@pytest.mark.anyio
async def test_a_proxy_is_another_person_of_age_who_is_not_suspended(world: World) -> None:
    elder, young = await world.volunteer(), await world.ward(birth=date(2010, 1, 1))
    helper = await world.volunteer()
    with pytest.raises(ProxyIsSelf):
        await name_proxy(elder, number=await world.number_of(elder), key=key())
    with pytest.raises(ProxyTooYoung):
        await name_proxy(elder, number=await world.number_of(young), key=key())
    with pytest.raises(NotFound):
        await name_proxy(elder, number="WH-0000-000-0000", key=key())
    await name_proxy(elder, number=await world.number_of(helper), key=key())
    lead = world.staff[Role.DISTRICT_LEAD]
    await suspend_person(lead, person=helper.id, reason=SuspensionReason.CONDUCT, key=key())
    with pytest.raises(PersonNotActive):
        await by_whom(world, helper, elder)


@pytest.mark.anyio
async def test_a_guardian_acts_until_the_ward_is_of_age(world: World) -> None:
    ward = await child(world, date(2008, 11, 22))
    held = (await people_by_id([ward.id]))[ward.id]
    guardian, stranger = person(held.guardian or ""), await world.volunteer()
    assert await may_act(world, ward, guardian)
    assert not await may_act(world, ward, stranger)
    world.clock.move(date(2026, 11, 22) - date(2026, 11, 20))
    assert not await may_act(world, ward, guardian), "eighteen today"


@pytest.mark.anyio
async def test_the_counter_names_a_proxy_and_never_itself(world: World) -> None:
    elder, helper = await world.volunteer(), await world.volunteer()
    clerk = world.staff[Role.STATION_CLERK]
    principal, proxy = await world.number_of(elder), await world.number_of(helper)
    made = await register_proxy(clerk, principal=principal, proxy=proxy, key=key())
    assert await may_act(world, elder, helper)
    own = await world.number_of(clerk)
    with pytest.raises(OwnCounter):
        await register_proxy(clerk, principal=principal, proxy=own, key=key())
    for who in (elder, helper, world.staff[Role.STREET_OFFICER]):
        with pytest.raises(NotFound):
            await register_proxy(who, principal=principal, proxy=proxy, key=key())
    assert made.mandate in await visible_mandates(clerk, [made.mandate])
    assert [held.id for held in await mandates_of(clerk, elder.id, **WHOLE)] == [made.mandate]
    # Whose proxy somebody is, is ended at the counter of whom they act for.
    assert await mandates_of(clerk, helper.id, **WHOLE) == []
    assert await mandates_of(helper, elder.id, **WHOLE) == []
    await end_proxy(clerk, mandate=made.mandate, key=key())
    assert not await may_act(world, elder, helper)


@pytest.mark.anyio
async def test_a_stranger_finds_no_mandate(world: World) -> None:
    elder, helper, stranger = [await world.volunteer() for _ in range(3)]
    made = await name_proxy(elder, number=await world.number_of(helper), key=key())
    for who in (stranger, world.staff[Role.STREET_OFFICER]):
        for id in (made.mandate, "man_none"):
            with pytest.raises(NotFound) as no:
                await end_proxy(who, mandate=id, key=key())
            assert no.value.what == "mandate"
        assert await visible_mandates(who, [made.mandate]) == {}
        assert await mandates_of(who, **WHOLE) == []
    with pytest.raises(Unauthenticated):
        await end_proxy(PUBLIC, mandate=made.mandate, key=key())


@pytest.mark.anyio
async def test_a_proxy_is_named_and_listed_over_the_wire(world: World) -> None:
    elder, helper = await world.volunteer(), await world.volunteer()
    numbers = await world.number_of(elder), await world.number_of(helper)
    made = await act(
        world,
        elder,
        "nameProxy",
        "mandate { id principalNumber proxyNumber givenByYou state }",
        number=numbers[1],
    )
    mandate = made["mandate"]["id"]
    assert made["mandate"] == {
        "id": mandate,
        "principalNumber": numbers[0],
        "proxyNumber": numbers[1],
        "givenByYou": True,
        "state": "STANDING",
    }
    listed = await ask(world, helper, "{ mandates(first: 3) { nodes { id givenByYou } } }")
    assert listed["mandates"]["nodes"] == [{"id": mandate, "givenByYou": False}]
    ended = await act(world, helper, "endProxy", "mandate { state }", mandate=mandate)
    assert ended["mandate"] == {"state": "ENDED"}
