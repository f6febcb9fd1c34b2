"""Claims on wishes: exclusive, by members, teams, units and where allowed by other volunteers."""

import asyncio
from typing import Any

import pytest

from tests.membership import (
    COMMUNITY_PATH,
    member,
    reported,
    secretary,
    switch_off,
    work_unit,
)
from tests.test_member_reports import entries_of
from tests.wire import act, ask
from tests.wishing import claim_of, listed, team_leader, told, wish_of
from tests.world import COMMUNITY, World, key
from timebank import entries, replay
from timebank.access import Role
from timebank.actors import PUBLIC, Actor
from timebank.aliases import PREFIX
from timebank.entries import ids_in
from timebank.ids import is_id
from timebank.member_reports import withdraw_membership
from timebank.refusals import Busy, Forbidden, NotFound, Unauthenticated
from timebank.teams import dissolve_team
from timebank.units import units_by_id
from timebank.wish_claims import (
    ClaimantNotAllowed,
    OwnWish,
    WishActed,
    WishTaken,
    allow_volunteers,
    claim_wish,
    told_by_residents,
    visible_wish_claims,
    wish_claims_of,
)
from timebank.wish_granting import contact_resident
from timebank.wish_life import ClaimantKind, WishReturnReason, WishState

pytestmark = pytest.mark.anyio
WHOLE: dict[str, Any] = {"after": None, "before": None, "limit": 9, "backward": False}


async def unit_admin(world: World) -> tuple[Actor, str]:
    """The admin of a work unit, and the unit."""
    unit = await work_unit(world)
    path = (await units_by_id([unit]))[unit].path
    return await world.officer(Role.UNIT_PARTY_ADMIN, path), unit


async def test_a_member_a_team_a_unit_and_where_allowed_a_volunteer_claim(world: World) -> None:
    party, volunteer = await secretary(world), await world.volunteer()
    leader, (admin, unit) = await team_leader(world), await unit_admin(world)
    wishes = [await listed(world) for _ in range(4)]
    with pytest.raises(ClaimantNotAllowed) as no:
        await claim_wish(volunteer, wish=wishes[3], key=key())
    assert "社区" in no.value.details["community"]
    await allow_volunteers(party, community=COMMUNITY, allowed=True, key=key())
    kinds = []
    for actor, wish, claimant in (
        (await member(world), wishes[0], None),
        (leader, wishes[1], world.team),
        (admin, wishes[2], unit),
        (volunteer, wishes[3], None),
    ):
        made = await claim_wish(actor, wish=wish, claimant=claimant, key=key())
        kinds.append((await claim_of(made.claim)).kind)
        assert (await wish_of(wish)).state is WishState.CLAIMED
        told_to = await told_by_residents(actor, [wish])
        assert told_to[wish]["phone"] == "13912345678"
    assert kinds == list(ClaimantKind)
    await allow_volunteers(party, community=COMMUNITY, allowed=False, key=key())
    with pytest.raises(ClaimantNotAllowed):
        await claim_wish(volunteer, wish=await listed(world), key=key())
    assert (await replay.compare(world.settings.database_url)).differing == 0


async def test_a_claimed_wish_is_nobody_elses(world: World) -> None:
    one, other = await member(world), await member(world)
    wish = await listed(world)
    await claim_wish(one, wish=wish, key=key())
    with pytest.raises(WishTaken) as taken:
        await claim_wish(other, wish=wish, key=key())
    assert "社区" in taken.value.details["community"], "the refusal names who may help next"
    assert await told_by_residents(other, [wish]) == {}
    with pytest.raises(NotFound):
        await claim_wish(other, wish=await told(world), key=key())
    with pytest.raises(NotFound):
        await claim_wish(other, wish="wsh_none", key=key())
    with pytest.raises(Unauthenticated):
        await claim_wish(PUBLIC, wish=wish, key=key())


async def test_nobody_claims_for_a_group_that_is_not_theirs_nor_their_own_wish(
    world: World,
) -> None:
    wish, leader = await listed(world), await team_leader(world)
    unit = await work_unit(world)
    for claimant in (unit, "tea_none", world.station, COMMUNITY):
        with pytest.raises(NotFound):
            await claim_wish(leader, wish=wish, claimant=claimant, key=key())
    await dissolve_team(world.staff[Role.STATION_MANAGER], team=world.team, key=key())
    with pytest.raises(NotFound):
        await claim_wish(leader, wish=wish, claimant=world.team, key=key())
    who = await member(world)
    own = await listed(world, by=who)
    with pytest.raises(OwnWish):
        await claim_wish(who, wish=own, key=key())
    with pytest.raises(Forbidden):
        await allow_volunteers(leader, community=COMMUNITY, allowed=True, key=key())


async def test_no_one_but_the_secretary_learns_which_person_has_a_wish(world: World) -> None:
    who, party, wish = await member(world), await secretary(world), await listed(world)
    claim = (await claim_wish(who, wish=wish, key=key())).claim
    (entry,) = await entries_of(world, "wish.claimed")
    assert who.id.encode() not in entry.bytes
    others = [await world.officer(role) for role in Role if role is not Role.PARTY_SECRETARY]
    for actor in [*others, *world.staff.values(), await member(world), PUBLIC]:
        if actor == party:
            continue
        assert await visible_wish_claims(actor, [claim]) == {}
        assert await wish_claims_of(actor, **WHOLE) == []
        assert await entries.entries(actor, [entry.seq]) == {}
    asked = "query($id: ID!) { node(id: $id) { ... on WishClaim { kind number wish { id } } } }"
    seen = {"kind": "MEMBER", "number": await world.number_of(who), "wish": {"id": wish}}
    for actor in (party, who):
        assert (await ask(world, actor, asked, id=claim))["node"] == seen
    assert [held.id for held in await wish_claims_of(who, **WHOLE)] == [claim]
    for actor in (who, await world.officer(Role.PARTY_SECRETARY, COMMUNITY_PATH)):
        assert set(await visible_wish_claims(actor, [claim])) == {claim}


async def test_the_ledger_names_a_member_and_any_other_volunteer_in_the_same_form(
    world: World,
) -> None:
    party, who, other = await secretary(world), await member(world), await world.volunteer()
    await allow_volunteers(party, community=COMMUNITY, allowed=True, key=key())
    for one in (who, other):
        claim = (await claim_wish(one, wish=await listed(world), key=key())).claim
        await contact_resident(one, claim=claim, key=key())
        assert [held.id for held in await wish_claims_of(one, **WHOLE)] == [claim]
    found = await entries_of(world, "wish.cl") + await entries_of(world, "wish.contacted")
    assert len(found) == 4
    for entry in found:
        assert is_id(entry.actor, PREFIX), "an alias, whoever it is"
        assert not {who.id, other.id} & ids_in(entry)
        for actor in (party, *world.staff.values(), await world.officer(Role.AUDITOR)):
            assert await entries.entries(actor, [entry.seq]) == {}
    # An alias alone lets nobody do what needs a report, and its claims outlast a report.
    with pytest.raises(NotFound):
        await withdraw_membership(other, key=key())
    await reported(world, other)
    await withdraw_membership(other, key=key())
    (held,) = await wish_claims_of(other, **WHOLE)
    assert held.ended is None


async def test_two_first_claims_at_once_make_one_alias(world: World) -> None:
    who = await world.volunteer()
    await allow_volunteers(await secretary(world), community=COMMUNITY, allowed=True, key=key())
    wishes = [await listed(world) for _ in range(3)]
    came = await asyncio.gather(
        *(claim_wish(who, wish=wish, key=key()) for wish in wishes), return_exceptions=True
    )
    assert {type(one) for one in came} == {WishActed, Busy}
    for wish, one in zip(wishes, came, strict=True):
        if isinstance(one, Busy):
            await claim_wish(who, wish=wish, key=key())
    assert len(await wish_claims_of(who, **WHOLE)) == len(wishes)


async def test_staff_see_which_team_has_a_wish(world: World) -> None:
    leader, wish = await team_leader(world), await listed(world)
    claim = (await claim_wish(leader, wish=wish, claimant=world.team, key=key())).claim
    clerk = world.staff[Role.STATION_CLERK]
    assert set(await visible_wish_claims(clerk, [claim])) == {claim}
    (mine,) = await wish_claims_of(leader, claimant=world.team, **WHOLE)
    assert mine.id == claim
    assert await wish_claims_of(clerk, claimant=world.team, **WHOLE) == []


async def test_whoever_takes_the_report_back_gives_the_wishes_back(world: World) -> None:
    who, wish = await member(world), await listed(world)
    claim = (await claim_wish(who, wish=wish, key=key())).claim
    await withdraw_membership(who, key=key())
    assert (await wish_of(wish)).state is WishState.PUBLISHED
    assert (await claim_of(claim)).ended is WishReturnReason.GIVEN_BACK
    assert (await replay.compare(world.settings.database_url)).differing == 0


async def test_switched_off_no_member_claims_as_one_and_teams_go_on(world: World) -> None:
    who, wish, other = await member(world), await listed(world), await listed(world)
    leader = await team_leader(world)
    await switch_off(world)
    with pytest.raises(ClaimantNotAllowed):
        await claim_wish(who, wish=wish, key=key())
    await claim_wish(leader, wish=wish, claimant=world.team, key=key())
    assert (await wish_of(other)).state is WishState.PUBLISHED


async def test_a_report_that_is_not_active_yet_claims_nothing(world: World) -> None:
    who = await world.volunteer()
    await reported(world, who)
    with pytest.raises(ClaimantNotAllowed):
        await claim_wish(who, wish=await listed(world), key=key())


async def test_the_api_claims_and_opens_a_community_to_volunteers(world: World) -> None:
    party, volunteer, wish = await secretary(world), await world.volunteer(), await listed(world)
    asks = "claim { kind wish { summary told { name } } }"
    told_no = await act(world, volunteer, "claimWish", asks, wish=wish)
    assert [no["code"] for no in told_no["userErrors"]] == ["CLAIMANT_NOT_ALLOWED"]
    opened = await act(
        world,
        party,
        "allowWishVolunteers",
        "community { code }",
        community=COMMUNITY,
        allowed=True,
    )
    assert opened["community"] == {"code": COMMUNITY}
    made = await act(world, volunteer, "claimWish", asks, wish=wish)
    assert made["claim"]["wish"] == {"summary": "修水龙头", "told": {"name": "陈桂兰"}}
    listed_now = await ask(world, volunteer, "{ wishClaims { nodes { kind } } }")
    assert listed_now["wishClaims"]["nodes"] == [{"kind": "VOLUNTEER"}]
