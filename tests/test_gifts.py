"""Gifts: to lineal kin, once, within limits, by whoever may; what is not accepted goes back."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.credit import credit, earn
from tests.families import family, tied
from tests.volunteering import child
from tests.wire import act, ask
from tests.world import World, key, open_world
from timebank import accounts, replay
from timebank.access import Role
from timebank.accounts import NotEnoughTime, NotPositive
from timebank.actors import PUBLIC, SYSTEM, Actor, person
from timebank.events import Event
from timebank.gift_life import (
    LIFECYCLE,
    BalanceWouldExceed,
    GiftAccepted,
    GiftDeclined,
    GiftExpired,
    GiftNotEarned,
    GiftOver,
    GiftState,
    GiftStillOpen,
    GiftWithdrawn,
    GiftYearFull,
    NotLinealKin,
    ProxyGivesToSelf,
    decide_gift,
    decide_receive,
)
from timebank.gifts import (
    accept_gift,
    decline_gift,
    expire_gift,
    gifts_due,
    gifts_of,
    offer_gift,
    visible_gifts,
    withdraw_gift,
)
from timebank.kin import Kinship, end_kin
from timebank.lifecycles import NotInThisState, step
from timebank.notices import inbox_of
from timebank.people import PersonNotActive, people_by_id, suspend_person
from timebank.person_life import SuspensionReason
from timebank.policy import SEED, read_policy
from timebank.proxies import end_proxy, name_proxy
from timebank.refusals import Forbidden, NotFound, Refusal, Unauthenticated

EVENTS: list[type[Event]] = [GiftAccepted, GiftDeclined, GiftWithdrawn, GiftExpired]
WHOLE: dict[str, Any] = {"after": None, "before": None, "limit": 9, "backward": False}
RULES = read_policy(SEED.read_text("utf-8")).credit
DAY = timedelta(days=1)


def test_every_state_is_listed_and_reached_and_no_other_step_is_allowed() -> None:
    assert set(LIFECYCLE) == set(GiftState)
    reached = {GiftState.OFFERED, *(to for steps in LIFECYCLE.values() for to in steps.values())}
    assert reached == set(GiftState)
    for state in GiftState:
        for event in EVENTS:
            if event in LIFECYCLE[state]:
                assert step(LIFECYCLE, state, event) in GiftState
            else:
                with pytest.raises(NotInThisState):
                    step(LIFECYCLE, state, event)


@pytest.mark.parametrize(
    ("minutes", "held", "earned", "given", "this_year", "refusal"),
    [
        (60, 60, 60, 0, 0, None),
        (0, 60, 60, 0, 0, NotPositive),
        (61, 60, 99, 0, 0, NotEnoughTime),
        (60, 90, 59, 0, 0, GiftNotEarned),
        (60, 90, 90, 30, 0, None),
        (60, 90, 90, 31, 0, GiftNotEarned),
        (6_000, 9_000, 90_000, 0, 0, None),
        (6_001, 9_000, 90_000, 0, 0, GiftYearFull),
        (1, 9_000, 90_000, 50_000, 6_000, GiftYearFull),
    ],
)
def test_a_gift_keeps_every_limit(
    minutes: int,
    held: int,
    earned: int,
    given: int,
    this_year: int,
    refusal: type[Refusal] | None,
) -> None:
    told = {"held": held, "earned": earned, "given": given, "given_this_year": this_year}
    if refusal is None:
        decide_gift(minutes, **told, rules=RULES)
    else:
        with pytest.raises(refusal):
            decide_gift(minutes, **told, rules=RULES)


def test_a_receivers_account_has_its_cap() -> None:
    decide_receive(60, held=89_940, rules=RULES)
    with pytest.raises(BalanceWouldExceed):
        decide_receive(60, held=89_941, rules=RULES)


# On a real bank


class Home:
    """A mother who earned 300 minutes, and her daughter, registered kin."""

    def __init__(self, world: World, mother: Actor, daughter: Actor) -> None:
        self.world, self.mother, self.daughter = world, mother, daughter

    async def offer(self, minutes: int = 60, *, by: Actor | None = None) -> str:
        """A gift of the mother's to the daughter."""
        made = await offer_gift(
            by or self.mother,
            receiver=await self.world.number_of(self.daughter),
            minutes=minutes,
            giver=await self.world.number_of(self.mother) if by else None,
            key=key(),
        )
        return made.gift

    async def balances(self) -> tuple[int, int]:
        """What mother and daughter hold."""
        codes = [accounts.volunteer(who.id) for who in (self.mother, self.daughter)]
        held = await accounts.balances_of(codes)
        return held[codes[0]], held[codes[1]]

    async def replays(self) -> None:
        """The books are whole and say the same once more."""
        assert (await accounts.conservation()).whole
        assert (await replay.compare(self.world.settings.database_url)).differing == 0


async def settled(world: World) -> Home:
    """Both, with their kinship."""
    _, mother, daughter = await family(world)
    await tied(world, mother, daughter, Kinship.CHILD)
    await earn(mother.id, world.station, 300)
    return Home(world, mother, daughter)


@pytest.fixture
async def home(database_url: str, tmp_path: Path) -> AsyncIterator[Home]:
    async with open_world(database_url, tmp_path) as world:
        yield await settled(world)


@pytest.fixture
async def one_home(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Home]:
    async with open_world(sqlite_url, tmp_path) as world:
        yield await settled(world)


@pytest.mark.anyio
async def test_a_gift_waits_in_escrow_and_then_is_the_receivers_for_good(home: Home) -> None:
    gift = await home.offer()
    assert await home.balances() == (240, 0)
    assert await accounts.balance_of(accounts.escrow(gift)) == 60
    assert (await inbox_of(home.daughter))[0].about == gift
    await accept_gift(home.daughter, gift=gift, key=key())
    assert await home.balances() == (240, 60)
    assert await accounts.balance_of(accounts.escrow(gift)) == 0
    for attempt in (
        accept_gift(home.daughter, gift=gift, key=key()),
        decline_gift(home.daughter, gift=gift, key=key()),
        withdraw_gift(home.mother, gift=gift, key=key()),
        expire_gift(SYSTEM, gift=gift),
    ):
        with pytest.raises(NotInThisState):
            await attempt
    daughter = await home.world.number_of(home.daughter)
    mother = await home.world.number_of(home.mother)
    with pytest.raises(GiftNotEarned):
        await offer_gift(home.daughter, receiver=mother, minutes=60, key=key())
    await earn(home.daughter.id, home.world.station, 30)
    with pytest.raises(GiftNotEarned):
        await offer_gift(home.daughter, receiver=mother, minutes=31, key=key())
    await offer_gift(home.daughter, receiver=mother, minutes=30, key=key())
    (newest, _) = await gifts_of(home.daughter, **WHOLE)
    assert (newest.giver_number, newest.receiver_number) == (daughter, mother)
    await home.replays()


@pytest.mark.anyio
async def test_a_declined_or_withdrawn_gift_gives_minutes_and_allowance_back(home: Home) -> None:
    first, second = await home.offer(300), "gif_none"
    with pytest.raises(NotEnoughTime):
        await home.offer(1)
    await decline_gift(home.daughter, gift=first, key=key())
    assert await home.balances() == (300, 0)
    second = await home.offer(300)
    await withdraw_gift(home.mother, gift=second, key=key())
    assert await home.balances() == (300, 0)
    third = await home.offer(300)
    await accept_gift(home.daughter, gift=third, key=key())
    assert await home.balances() == (0, 300)
    await home.replays()


@pytest.mark.anyio
async def test_seven_days_end_to_the_instant_and_then_the_gift_goes_back(home: Home) -> None:
    early, late = await home.offer(50), await home.offer(60)
    clock = home.world.clock
    clock.move(7 * DAY - timedelta(microseconds=1))
    assert await gifts_due(skip=0, limit=9) == []
    with pytest.raises(GiftStillOpen):
        await expire_gift(SYSTEM, gift=late)
    await accept_gift(home.daughter, gift=early, key=key())
    clock.move(timedelta(microseconds=1))
    with pytest.raises(GiftOver):
        await accept_gift(home.daughter, gift=late, key=key())
    assert await gifts_due(skip=0, limit=9) == [late]
    with pytest.raises(Forbidden):
        await expire_gift(home.mother, gift=late)
    await expire_gift(SYSTEM, gift=late)
    assert await gifts_due(skip=0, limit=9) == []
    assert await home.balances() == (250, 50)
    await home.replays()


@pytest.mark.anyio
async def test_what_is_due_is_told_in_parts_the_longest_due_first(one_home: Home) -> None:
    gifts = []
    for minutes in (50, 60, 70):
        gifts.append(await one_home.offer(minutes))
        one_home.world.clock.move(timedelta(hours=1))
    one_home.world.clock.move(8 * DAY)
    assert await gifts_due(skip=0, limit=2) == gifts[:2]
    assert await gifts_due(skip=2, limit=2) == gifts[2:]


@pytest.mark.anyio
async def test_a_year_has_its_limit_and_the_next_year_its_own(one_home: Home) -> None:
    home = one_home
    await earn(home.mother.id, home.world.station, 20_000)
    gift = await home.offer(6_000)
    await accept_gift(home.daughter, gift=gift, key=key())
    with pytest.raises(GiftYearFull):
        await home.offer(1)
    home.world.clock.move(date(2027, 1, 1) - date(2026, 11, 20))
    await home.offer(6_000)


@pytest.mark.anyio
async def test_only_lineal_kin_who_are_so_still_can_be_given(one_home: Home) -> None:
    home, world = one_home, one_home.world
    stranger, sister = await world.volunteer(), await world.volunteer()
    await tied(world, home.mother, sister, Kinship.SIBLING)
    for other in (stranger, sister, home.mother):
        with pytest.raises(NotLinealKin):
            await offer_gift(
                home.mother, receiver=await world.number_of(other), minutes=9, key=key()
            )
    with pytest.raises(NotFound):
        await offer_gift(home.mother, receiver="WH-0000-000-0000", minutes=9, key=key())
    with pytest.raises(Unauthenticated):
        await offer_gift(
            PUBLIC, receiver=await world.number_of(home.daughter), minutes=9, key=key()
        )
    son = await world.volunteer(birth=date(1985, 5, 6))
    tie = await tied(world, home.mother, son, Kinship.CHILD)
    made = await offer_gift(home.mother, receiver=await world.number_of(son), minutes=9, key=key())
    await end_kin(son, tie=tie, key=key())
    with pytest.raises(NotLinealKin):
        await accept_gift(son, gift=made.gift, key=key())


@pytest.mark.anyio
async def test_a_full_account_and_a_suspended_person_take_nothing(one_home: Home) -> None:
    home, world = one_home, one_home.world
    gift = await home.offer(60)
    await credit(home.daughter.id, world.station, 89_941)
    with pytest.raises(BalanceWouldExceed):
        await accept_gift(home.daughter, gift=gift, key=key())
    lead = world.staff[Role.DISTRICT_LEAD]
    for who in (home.daughter, home.mother):
        await suspend_person(lead, person=who.id, reason=SuspensionReason.CONDUCT, key=key())
    with pytest.raises(PersonNotActive):
        await accept_gift(home.daughter, gift=gift, key=key())
    with pytest.raises(PersonNotActive):
        await home.offer(60)


@pytest.mark.anyio
async def test_a_proxy_gives_and_takes_for_others_but_never_gives_to_self(one_home: Home) -> None:
    home, world = one_home, one_home.world
    helper = await world.volunteer(birth=date(1990, 1, 1))
    with pytest.raises(NotFound):
        await home.offer(by=helper)
    mandate = await name_proxy(home.mother, number=await world.number_of(helper), key=key())
    gift = await home.offer(by=helper)
    mother = await world.number_of(home.mother)
    assert [held.id for held in await gifts_of(helper, principal=mother, **WHOLE)] == [gift]
    assert await gifts_of(helper, **WHOLE) == []
    await withdraw_gift(helper, gift=gift, key=key())
    with pytest.raises(NotInThisState):
        await withdraw_gift(helper, gift=gift, key=key())
    await tied(world, home.mother, helper, Kinship.CHILD)
    with pytest.raises(ProxyGivesToSelf):
        await offer_gift(
            helper, receiver=await world.number_of(helper), giver=mother, minutes=9, key=key()
        )
    gift = await home.offer(by=helper)
    await end_proxy(home.mother, mandate=mandate.mandate, key=key())
    assert await visible_gifts(helper, [gift]) == {}
    with pytest.raises(NotFound):
        await withdraw_gift(helper, gift=gift, key=key())

    ward = await child(world, date(2010, 1, 1))
    held = (await people_by_id([ward.id]))[ward.id]
    guardian = person(held.guardian or "")
    await tied(world, home.mother, ward, Kinship.GRANDCHILD)
    made = await offer_gift(home.mother, receiver=await world.number_of(ward), minutes=9, key=key())
    assert made.gift in await visible_gifts(guardian, [made.gift])
    await accept_gift(guardian, gift=made.gift, key=key())
    assert await accounts.balance_of(accounts.volunteer(ward.id)) == 9
    await earn(ward.id, world.station, 30)
    await tied(world, ward, guardian, Kinship.PARENT)
    with pytest.raises(ProxyGivesToSelf):
        await offer_gift(
            guardian,
            receiver=await world.number_of(guardian),
            giver=await world.number_of(ward),
            minutes=9,
            key=key(),
        )


@pytest.mark.anyio
async def test_the_other_of_the_two_may_not_and_a_stranger_sees_nothing(one_home: Home) -> None:
    home = one_home
    gift, stranger = await home.offer(), await home.world.volunteer()
    with pytest.raises(Forbidden):
        await accept_gift(home.mother, gift=gift, key=key())
    with pytest.raises(Forbidden):
        await withdraw_gift(home.daughter, gift=gift, key=key())
    for who in (stranger, home.world.staff[Role.STATION_MANAGER]):
        for id in (gift, "gif_none"):
            for attempt in (
                accept_gift(who, gift=id, key=key()),
                decline_gift(who, gift=id, key=key()),
                withdraw_gift(who, gift=id, key=key()),
            ):
                with pytest.raises(NotFound) as no:
                    await attempt
                assert no.value.what == "gift"
        assert await visible_gifts(who, [gift]) == {}
        assert await gifts_of(who, **WHOLE) == []
    assert await visible_gifts(PUBLIC, [gift]) == {}


@pytest.mark.anyio
async def test_a_gift_is_offered_and_accepted_over_the_wire(one_home: Home) -> None:
    home, world = one_home, one_home.world
    number = await world.number_of(home.daughter)
    asks = "gift { id minutes state giverNumber receiverNumber until }"
    made = await act(world, home.mother, "offerGift", asks, receiver=number, minutes=60)
    gift = made["gift"]
    assert gift == {
        "id": gift["id"],
        "minutes": 60,
        "state": "OFFERED",
        "giverNumber": await world.number_of(home.mother),
        "receiverNumber": number,
        "until": "2026-11-27T04:00:00Z",
    }
    listed = await ask(world, home.daughter, "{ gifts(first: 2) { nodes { id } } }")
    assert listed["gifts"]["nodes"] == [{"id": gift["id"]}]
    done = await act(world, home.daughter, "acceptGift", "gift { state }", gift=gift["id"])
    assert done["gift"] == {"state": "ACCEPTED"}
    late = await act(world, home.mother, "withdrawGift", "gift { id }", gift=gift["id"])
    assert late["userErrors"] == [{"code": "NOT_IN_THIS_STATE", "path": None}]
    refused = await act(world, home.mother, "offerGift", asks, receiver=number, minutes=0)
    assert refused["userErrors"] == [{"code": "NOT_POSITIVE", "path": None}]
