"""Households: invited, joined, left; one a person; the whole of it is one."""

from typing import Any

import pytest

from tests.wire import act, ask
from tests.world import World, key
from timebank import replay
from timebank.access import Role
from timebank.actors import PUBLIC, Actor
from timebank.batch import Batch
from timebank.counter import OwnCounter
from timebank.events import Event
from timebank.households import (
    LIFECYCLE,
    HouseholdDeclined,
    HouseholdIsSelf,
    HouseholdJoined,
    InHouseholdAlready,
    InviteState,
    NotInHousehold,
    OwnInvitation,
    SameHouseholdAlready,
    decline_household,
    household_of,
    in_household,
    invite_to_household,
    invites_of,
    join_household,
    leave_household,
    register_household,
    same_household,
    visible_invites,
)
from timebank.journal import Answer
from timebank.lifecycles import NotInThisState, step
from timebank.notices import NoticeCode, inbox_of
from timebank.refusals import NotFound, Unauthenticated

EVENTS: list[type[Event]] = [HouseholdJoined, HouseholdDeclined]
WHOLE: dict[str, Any] = {"after": None, "before": None, "limit": 9, "backward": False}


def test_every_state_is_listed_and_reached_and_no_other_step_is_allowed() -> None:
    assert set(LIFECYCLE) == set(InviteState)
    reached = {InviteState.INVITED, *(to for steps in LIFECYCLE.values() for to in steps.values())}
    assert reached == set(InviteState)
    for state in InviteState:
        for event in EVENTS:
            if event in LIFECYCLE[state]:
                assert step(LIFECYCLE, state, event) in InviteState
            else:
                with pytest.raises(NotInThisState):
                    step(LIFECYCLE, state, event)


class Told(Answer, frozen=True, kw_only=True):
    """What the look-ups say."""

    same: bool
    together: bool


async def told(world: World, one: Actor, other: Actor) -> tuple[bool, bool]:
    """Whether two live together, and whether the first lives with anybody."""
    first, second = one.id, other.id

    def work(batch: Batch) -> Told:
        return Told(same=same_household(batch, first, second), together=in_household(batch, first))

    answer = await world.journal.write(one, None, work, answer=Told)
    return answer.same, answer.together


async def invited(world: World, inviter: Actor, other: Actor) -> str:
    """An invitation."""
    number = await world.number_of(other)
    made = await invite_to_household(inviter, number=number, key=key())
    assert made.invite
    return made.invite


@pytest.mark.anyio
async def test_whoever_joins_lives_with_the_whole_household_until_they_leave(world: World) -> None:
    one, two, three = [await world.volunteer() for _ in range(3)]
    first = await invited(world, one, two)
    assert await told(world, one, two) == (False, False), "nobody agreed yet"
    (asked,) = await inbox_of(two)
    assert (asked.code, asked.about) == (NoticeCode.HOUSEHOLD_INVITED, first)
    with pytest.raises(OwnInvitation):
        await join_household(one, invite=first, key=key())
    await join_household(two, invite=first, key=key())
    await join_household(three, invite=await invited(world, two, three), key=key())
    assert await told(world, one, three) == (True, True), "both live with the second"
    numbers = sorted([await world.number_of(who) for who in (one, two, three)])
    assert [member.number for member in await household_of(one)] == numbers

    with pytest.raises(SameHouseholdAlready):
        await invited(world, one, three)
    await leave_household(two, key=key())
    assert await told(world, two, one) == (False, False)
    assert await told(world, one, three) == (True, True)
    await leave_household(three, key=key())
    assert await told(world, one, three) == (False, False), "who stays behind lives alone"
    with pytest.raises(NotInHousehold):
        await leave_household(one, key=key())
    assert await household_of(one) == []
    assert (await replay.compare(world.settings.database_url)).differing == 0


@pytest.mark.anyio
async def test_each_person_is_of_one_household(world: World) -> None:
    one, two, three, four = [await world.volunteer() for _ in range(4)]
    late = await invited(world, two, three)
    await join_household(two, invite=await invited(world, one, two), key=key())
    await join_household(four, invite=await invited(world, three, four), key=key())
    with pytest.raises(InHouseholdAlready):
        await invited(world, one, three)
    with pytest.raises(InHouseholdAlready):
        await join_household(three, invite=late, key=key())
    with pytest.raises(HouseholdIsSelf):
        await invited(world, one, one)


@pytest.mark.anyio
@pytest.mark.parametrize("by_inviter", [True, False])
async def test_a_declined_invitation_is_over(world: World, by_inviter: bool) -> None:
    one, two = await world.volunteer(), await world.volunteer()
    invite = await invited(world, one, two)
    await decline_household(one if by_inviter else two, invite=invite, key=key())
    with pytest.raises(NotInThisState):
        await join_household(two, invite=invite, key=key())
    assert await told(world, one, two) == (False, False)


@pytest.mark.anyio
async def test_the_counter_registers_and_ends_for_others_only(world: World) -> None:
    one, two = await world.volunteer(), await world.volunteer()
    clerk, officer = world.staff[Role.STATION_CLERK], world.staff[Role.STREET_OFFICER]
    first, second = await world.number_of(one), await world.number_of(two)
    await register_household(clerk, first=first, second=second, key=key())
    assert await told(world, one, two) == (True, True)
    own = await world.number_of(clerk)
    with pytest.raises(OwnCounter):
        await register_household(clerk, first=first, second=own, key=key())
    with pytest.raises(HouseholdIsSelf):
        await register_household(clerk, first=first, second=first, key=key())
    for who in (one, officer):
        with pytest.raises(NotFound):
            await register_household(who, first=first, second=second, key=key())
        with pytest.raises(NotFound):
            await leave_household(who, person=two.id, key=key())
    await leave_household(clerk, person=one.id, key=key())
    assert await told(world, one, two) == (False, False)
    with pytest.raises(Unauthenticated):
        await leave_household(PUBLIC, key=key())


@pytest.mark.anyio
async def test_a_stranger_finds_no_invitation(world: World) -> None:
    one, two, three = [await world.volunteer() for _ in range(3)]
    invite = await invited(world, one, two)
    for id in (invite, "hhi_none"):
        for attempt in (
            join_household(three, invite=id, key=key()),
            decline_household(three, invite=id, key=key()),
        ):
            with pytest.raises(NotFound) as no:
                await attempt
            assert no.value.what == "invitation"
    assert await visible_invites(three, [invite]) == {}
    assert await invites_of(three, **WHOLE) == []
    assert await household_of(PUBLIC) == []
    await join_household(two, invite=invite, key=key())
    clerk = world.staff[Role.STATION_CLERK]
    assert {member.person for member in await household_of(clerk, one.id)} == {one.id, two.id}
    assert await household_of(three, one.id) == []


@pytest.mark.anyio
async def test_a_household_comes_together_over_the_wire(world: World) -> None:
    one, two = await world.volunteer(), await world.volunteer()
    numbers = [await world.number_of(one), await world.number_of(two)]
    asks = "invite { id number sentByYou state }"
    sent = await act(world, one, "inviteToHousehold", asks, number=numbers[1])
    invite = sent["invite"]["id"]
    assert sent["invite"] == {
        "id": invite,
        "number": numbers[1],
        "sentByYou": True,
        "state": "INVITED",
    }
    listed = await ask(world, two, "{ householdInvites(first: 3) { nodes { id number } } }")
    assert listed["householdInvites"]["nodes"] == [{"id": invite, "number": numbers[0]}]
    joined = await act(world, two, "joinHousehold", "invite { state }", invite=invite)
    assert joined["invite"] == {"state": "JOINED"}
    home = await ask(world, one, "{ household { number } }")
    assert [member["number"] for member in home["household"]] == sorted(numbers)
    again = await act(world, one, "declineHousehold", "invite { id }", invite=invite)
    assert again["userErrors"] == [{"code": "NOT_IN_THIS_STATE", "path": None}]
    assert (await act(world, two, "leaveHousehold", "entry { seq }"))["userErrors"] == []
    assert (await ask(world, one, "{ household { number } }"))["household"] == []
