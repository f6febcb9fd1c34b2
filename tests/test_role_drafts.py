"""Roles by two persons: proposed by one operator, granted or let go by another."""

from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import pytest

from tests.moving import entries_of
from tests.wire import act, ask
from tests.world import NOON, World, key, open_world
from timebank import access
from timebank.access import (
    Grant,
    GrantEndsTooSoon,
    GrantToSelf,
    HolderGone,
    Role,
    RoleHeldAlready,
    ScopeUnknown,
)
from timebank.actors import PUBLIC, Actor
from timebank.closings import Rest, close_account
from timebank.erasures import ask_erasure
from timebank.refusals import NotFound, Unauthenticated
from timebank.role_drafts import (
    ProposerGrants,
    RoleDraft,
    drop_role,
    grant_proposed,
    propose_role,
    role_drafts,
)
from timebank.tables import count

pytestmark = pytest.mark.anyio


@pytest.fixture
async def city(sqlite_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(sqlite_url, tmp_path) as opened:
        yield opened


async def proposed(
    world: World, operator: Actor, who: Actor, *, scope: str = "", until: date | None = None
) -> str:
    """A role that waits for a second operator."""
    made = await propose_role(
        operator,
        person=who.id,
        role=Role.STATION_CLERK,
        scope=scope or world.station_path,
        until=until,
        key=key(),
    )
    return made.draft


async def test_a_role_is_given_by_two_operators_and_by_no_one_of_them(world: World) -> None:
    one, two = await world.officer(Role.OPERATOR), await world.officer(Role.OPERATOR)
    who = await world.volunteer()
    draft = await proposed(world, one, who)
    assert await access.grants_of(who) is None
    with pytest.raises(ProposerGrants):
        await grant_proposed(one, draft=draft, key=key())
    done = await grant_proposed(two, draft=draft, key=key())
    held = await access.grants_of(who)
    assert held
    assert held.grants == (Grant(done.grant, Role.STATION_CLERK, world.station_path),)
    *_, last = await entries_of(world.settings.database_url)
    assert (last.kind, last.actor, last.body["proposer"]) == ("role.granted", two.id, one.id)
    with pytest.raises(NotFound):
        await grant_proposed(two, draft=draft, key=key())
    assert await count(RoleDraft) == 0


async def test_what_may_not_be_held_is_not_proposed_nor_granted_when_it_comes_to_that(
    city: World,
) -> None:
    one, two = await city.officer(Role.OPERATOR), await city.officer(Role.OPERATOR)
    who = await city.volunteer()
    with pytest.raises(GrantToSelf):
        await proposed(city, one, one)
    with pytest.raises(ScopeUnknown):
        await proposed(city, one, who, scope="420100/420199/")
    with pytest.raises(GrantEndsTooSoon):
        await proposed(city, one, who, until=date(2026, 11, 19))
    # Nobody grants to themselves what another proposed either.
    with pytest.raises(GrantToSelf):
        await grant_proposed(two, draft=await proposed(city, one, two), key=key())
    first, again = await proposed(city, one, who), await proposed(city, two, who)
    await grant_proposed(two, draft=first, key=key())
    with pytest.raises(RoleHeldAlready):
        await grant_proposed(one, draft=again, key=key())
    gone, erased = await city.volunteer(), await city.volunteer()
    late, never = await proposed(city, one, gone), await proposed(city, one, erased)
    await close_account(gone, rest=Rest.KEEP, key=key())
    with pytest.raises(HolderGone):
        await grant_proposed(two, draft=late, key=key())
    await ask_erasure(erased, key=key())
    with pytest.raises(NotFound):
        await grant_proposed(two, draft=never, key=key())
    soon = await proposed(city, one, await city.volunteer(), until=NOON.date())
    city.clock.move(NOON - NOON.replace(day=19))
    with pytest.raises(GrantEndsTooSoon):
        await grant_proposed(two, draft=soon, key=key())


async def test_drafts_are_the_operators_in_scope(city: World) -> None:
    one, two = await city.officer(Role.OPERATOR), await city.officer(Role.OPERATOR)
    far = await city.officer(Role.OPERATOR, "420100/420103/")
    draft = await proposed(city, one, await city.volunteer())
    for actor in (far, city.staff[Role.DISTRICT_LEAD], await city.volunteer()):
        for attempt in (grant_proposed, drop_role):
            with pytest.raises(NotFound):
                await attempt(actor, draft=draft, key=key())
        assert await role_drafts(actor, city.station_path) == []
    with pytest.raises(Unauthenticated):
        await grant_proposed(PUBLIC, draft=draft, key=key())
    assert [held.id for held in await role_drafts(two, city.station_path)] == [draft]
    await drop_role(two, draft=draft, key=key())
    assert await role_drafts(two, city.station_path) == []


async def test_drafts_on_the_wire(city: World) -> None:
    one, two = await city.officer(Role.OPERATOR), await city.officer(Role.OPERATOR)
    who = await city.volunteer()
    draft = await proposed(city, one, who)
    asks = "query($s: String!) { roleDrafts(scope: $s) { id role number own until } }"
    for actor, own in ((one, True), (two, False)):
        told = await ask(city, actor, asks, s=city.station_path)
        assert told["roleDrafts"] == [
            {
                "id": draft,
                "role": "STATION_CLERK",
                "number": await city.number_of(who),
                "own": own,
                "until": None,
            }
        ]
    dropped = await act(city, one, "dropRole", "draft", draft=draft)
    assert dropped["draft"] == draft
