"""Kin: proposed by one and agreed by the other, or at the counter; what others ask of it."""

from datetime import date
from typing import Any

import pytest

from tests.families import DAUGHTER, MOTHER, family, tied
from tests.membership import COMMUNITY_PATH
from tests.wire import act, ask
from tests.world import COMMUNITY, World, key
from timebank import replay
from timebank.access import Role
from timebank.actors import PUBLIC, Actor
from timebank.batch import Batch
from timebank.counter import OwnCounter
from timebank.events import Event
from timebank.journal import Answer
from timebank.kin import (
    LIFECYCLE,
    LINEAL,
    TURNED,
    KinAgesWrong,
    KinAgreed,
    KinAlready,
    KinDeclined,
    KinEnded,
    KinIsSelf,
    KinPair,
    Kinship,
    KinState,
    OwnProposal,
    agree_to_kin,
    are_kin,
    are_lineal,
    decide_tie,
    decline_kin,
    end_kin,
    kinship,
    propose_kin,
    register_kin,
    ties_of,
    visible_ties,
)
from timebank.lifecycles import NotInThisState, step
from timebank.notices import NoticeCode, inbox_of
from timebank.people import AgeBand
from timebank.places import approve_station, propose_station
from timebank.refusals import NotFound, Refusal, Unauthenticated

EVENTS: list[type[Event]] = [KinAgreed, KinDeclined, KinEnded]
WHOLE: dict[str, Any] = {"after": None, "before": None, "limit": 9, "backward": False}


def test_every_state_is_listed_and_reached_and_no_other_step_is_allowed() -> None:
    assert set(LIFECYCLE) == set(KinState)
    reached = {KinState.PROPOSED, *(to for steps in LIFECYCLE.values() for to in steps.values())}
    assert reached == set(KinState)
    for state in KinState:
        for event in EVENTS:
            if event in LIFECYCLE[state]:
                assert step(LIFECYCLE, state, event) in KinState
            else:
                with pytest.raises(NotInThisState):
                    step(LIFECYCLE, state, event)


def test_a_kinship_seen_from_the_other_side_and_back_is_the_same() -> None:
    for one in Kinship:
        assert TURNED[TURNED[one]] is one
        assert (one in LINEAL) == (TURNED[one] in LINEAL)
    assert Kinship.SPOUSE not in LINEAL
    assert Kinship.SIBLING not in LINEAL


def band(person: str, birth: date) -> AgeBand:
    """The ages of somebody."""
    return AgeBand(person=person, born=birth)


STANDING = KinPair(id="a/b", tie="kin_1", one="a", kinship=Kinship.SIBLING, agreed=False)


@pytest.mark.parametrize(
    ("said", "standing", "refusal"),
    [
        (Kinship.CHILD, None, None),
        (Kinship.GRANDCHILD, None, None),
        (Kinship.PARENT, None, KinAgesWrong),
        (Kinship.GRANDPARENT, None, KinAgesWrong),
        (Kinship.SPOUSE, None, None),
        (Kinship.CHILD, STANDING, KinAlready),
    ],
)
def test_a_kinship_must_be_possible(
    said: Kinship, standing: KinPair | None, refusal: type[Refusal] | None
) -> None:
    mother, daughter = band("a", MOTHER), band("b", DAUGHTER)
    if refusal is None:
        decide_tie(mother, daughter, said, standing=standing)
    else:
        with pytest.raises(refusal):
            decide_tie(mother, daughter, said, standing=standing)
    with pytest.raises(KinIsSelf):
        decide_tie(mother, mother, said, standing=standing)


# On a real bank


class Told(Answer, frozen=True, kw_only=True):
    """What the look-ups say."""

    kin: bool
    lineal: bool
    other: Kinship | None


async def told(world: World, one: Actor, other: Actor) -> Told:
    """The look-ups as a decision makes them, inside a batch."""
    first, second = one.id, other.id

    def work(batch: Batch) -> Told:
        return Told(
            kin=are_kin(batch, first, second),
            lineal=are_lineal(batch, first, second),
            other=kinship(batch, first, second),
        )

    return await world.journal.write(one, None, work, answer=Told)


@pytest.mark.anyio
async def test_a_kinship_holds_from_agreement_to_end_and_is_seen_from_both_sides(
    world: World,
) -> None:
    _, mother, daughter = await family(world)
    number = await world.number_of(mother)
    made = await propose_kin(
        daughter, number=f" {number.lower()} ", kinship=Kinship.PARENT, key=key()
    )
    assert not (await told(world, daughter, mother)).kin, "nobody agreed yet"
    (asked,) = await inbox_of(mother)
    assert (asked.code, asked.about) == (NoticeCode.KIN_PROPOSED, made.tie)
    with pytest.raises(OwnProposal):
        await agree_to_kin(daughter, tie=made.tie, key=key())
    with pytest.raises(KinAlready):
        await propose_kin(
            mother, number=await world.number_of(daughter), kinship=Kinship.CHILD, key=key()
        )
    await agree_to_kin(mother, tie=made.tie, key=key())
    assert await told(world, daughter, mother) == Told(kin=True, lineal=True, other=Kinship.PARENT)
    assert await told(world, mother, daughter) == Told(kin=True, lineal=True, other=Kinship.CHILD)
    with pytest.raises(NotInThisState):
        await decline_kin(mother, tie=made.tie, key=key())

    await end_kin(daughter, tie=made.tie, key=key())
    assert await told(world, daughter, mother) == Told(kin=False, lineal=False, other=None)
    with pytest.raises(NotInThisState):
        await end_kin(mother, tie=made.tie, key=key())
    again = await tied(world, mother, daughter, Kinship.CHILD)
    assert [tie.id for tie in await ties_of(mother, **WHOLE)] == [again, made.tie]
    assert (await replay.compare(world.settings.database_url)).differing == 0


@pytest.mark.anyio
@pytest.mark.parametrize("by_proposer", [True, False])
async def test_a_declined_proposal_leaves_the_way_free(world: World, by_proposer: bool) -> None:
    _, mother, daughter = await family(world)
    number = await world.number_of(daughter)
    made = await propose_kin(mother, number=number, kinship=Kinship.CHILD, key=key())
    await decline_kin(mother if by_proposer else daughter, tie=made.tie, key=key())
    with pytest.raises(NotInThisState):
        await agree_to_kin(daughter, tie=made.tie, key=key())
    await tied(world, mother, daughter, Kinship.CHILD)


@pytest.mark.anyio
async def test_a_grandmother_is_lineal_kin_and_a_spouse_is_not(world: World) -> None:
    grandmother, mother, daughter = await family(world)
    await tied(world, daughter, grandmother, Kinship.GRANDPARENT)
    await tied(world, mother, daughter, Kinship.SPOUSE)
    assert (await told(world, grandmother, daughter)).lineal
    assert await told(world, mother, daughter) == Told(kin=True, lineal=False, other=Kinship.SPOUSE)
    assert not (await told(world, grandmother, mother)).kin, "kin of kin is nobody's word"


@pytest.mark.anyio
async def test_the_counter_registers_who_stands_before_it_and_never_itself(world: World) -> None:
    _, mother, daughter = await family(world)
    clerk = world.staff[Role.STATION_CLERK]
    first, second = await world.number_of(mother), await world.number_of(daughter)
    made = await register_kin(clerk, first=first, second=second, kinship=Kinship.CHILD, key=key())
    assert (await told(world, mother, daughter)).lineal
    assert made.tie in await visible_ties(clerk, [made.tie])
    own = await world.number_of(clerk)
    with pytest.raises(OwnCounter):
        await register_kin(clerk, first=first, second=own, kinship=Kinship.SIBLING, key=key())
    for who in (mother, world.staff[Role.STREET_OFFICER]):
        with pytest.raises(NotFound):
            await register_kin(who, first=first, second=second, kinship=Kinship.CHILD, key=key())
    with pytest.raises(Unauthenticated):
        await register_kin(PUBLIC, first=first, second=second, kinship=Kinship.CHILD, key=key())
    for who in (mother, daughter):
        assert [tie.id for tie in await ties_of(clerk, who.id, **WHOLE)] == [made.tie]
    for stranger in (world.staff[Role.STREET_OFFICER], mother, PUBLIC):
        assert await ties_of(stranger, daughter.id, **WHOLE) == []
    await end_kin(clerk, tie=made.tie, key=key())
    assert not (await told(world, mother, daughter)).kin


@pytest.mark.anyio
async def test_a_kinship_ends_at_the_counter_of_either(world: World) -> None:
    _, mother, daughter = await family(world)
    tie = await tied(world, mother, daughter, Kinship.CHILD)
    station = await propose_station(
        world.staff[Role.STREET_OFFICER], area=COMMUNITY, number="002", name="江汉路站", key=key()
    )
    await approve_station(world.staff[Role.DISTRICT_REGISTRAR], station=station.id, key=key())
    other = await world.register(home=station.id)
    far = await tied(world, mother, other, Kinship.SIBLING)
    clerk = await world.officer(Role.STATION_CLERK, f"{COMMUNITY_PATH}{station.id}/")
    with pytest.raises(NotFound):
        await end_kin(clerk, tie=tie, key=key())
    await end_kin(clerk, tie=far, key=key())
    assert not (await told(world, mother, other)).kin


@pytest.mark.anyio
async def test_a_stranger_finds_no_kinship(world: World) -> None:
    grandmother, mother, daughter = await family(world)
    tie = await tied(world, mother, daughter, Kinship.CHILD)
    officer = world.staff[Role.STREET_OFFICER]
    for who in (grandmother, officer):
        for id in (tie, "kin_none"):
            for attempt in (
                agree_to_kin(who, tie=id, key=key()),
                decline_kin(who, tie=id, key=key()),
                end_kin(who, tie=id, key=key()),
            ):
                with pytest.raises(NotFound) as no:
                    await attempt
                assert no.value.what == "kinship"
        assert await visible_ties(who, [tie]) == {}
        assert await ties_of(who, **WHOLE) == []
    assert await ties_of(PUBLIC, **WHOLE) == []
    with pytest.raises(NotFound):
        await propose_kin(mother, number="WH-0000-000-0000", kinship=Kinship.OTHER, key=key())


@pytest.mark.anyio
async def test_kin_are_proposed_agreed_and_listed_over_the_wire(world: World) -> None:
    _, mother, daughter = await family(world)
    number = await world.number_of(mother)
    made = await act(
        world,
        daughter,
        "proposeKin",
        "tie { id kinship number state proposedByYou }",
        number=number,
        kinship="PARENT",
    )
    tie = made["tie"]
    assert tie == {
        "id": tie["id"],
        "kinship": "PARENT",
        "number": number,
        "state": "PROPOSED",
        "proposedByYou": True,
    }
    agreed = await act(
        world, mother, "agreeToKin", "tie { kinship number state proposedByYou }", tie=tie["id"]
    )
    assert agreed["tie"] == {
        "kinship": "CHILD",
        "number": await world.number_of(daughter),
        "state": "AGREED",
        "proposedByYou": False,
    }
    listed = await ask(world, mother, "{ kin(first: 5) { nodes { id kinship } } }")
    assert listed["kin"]["nodes"] == [{"id": tie["id"], "kinship": "CHILD"}]
    refused = await act(world, mother, "declineKin", "tie { id }", tie=tie["id"])
    assert refused["userErrors"] == [{"code": "NOT_IN_THIS_STATE", "path": None}]
    ended = await act(world, daughter, "endKin", "tie { state }", tie=tie["id"])
    assert ended["tie"] == {"state": "ENDED"}
