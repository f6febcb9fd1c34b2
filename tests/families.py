"""Families for the tests: kin by the ordinary commands, and what the role matrix asks of them."""

from datetime import date
from typing import Any

from tests.credit import earn, fill_pool
from tests.world import World, key
from timebank.access import Role
from timebank.actors import Actor
from timebank.closings import Rest, close_account, reopen_account
from timebank.divisions import CITY_PATH
from timebank.donations import donate
from timebank.estates import report_death
from timebank.gifts import offer_gift
from timebank.households import invite_to_household, join_household
from timebank.kin import Kinship, agree_to_kin, propose_kin
from timebank.living_alone import note_living_alone
from timebank.pool_grants import grant_from_pool
from timebank.pools import choose_overflow
from timebank.proxies import name_proxy

GRANDMOTHER, MOTHER, DAUGHTER = date(1930, 5, 6), date(1955, 5, 6), date(1980, 5, 6)


async def family(world: World) -> tuple[Actor, Actor, Actor]:
    """A grandmother, her daughter and her daughter's daughter, whom nobody registered yet."""
    return (
        await world.volunteer(birth=GRANDMOTHER),
        await world.volunteer(birth=MOTHER),
        await world.volunteer(birth=DAUGHTER),
    )


async def tied(world: World, first: Actor, second: Actor, kinship: Kinship) -> str:
    """Both agree that `second` is to `first` what they say."""
    number = await world.number_of(second)
    made = await propose_kin(first, number=number, kinship=kinship, key=key())
    await agree_to_kin(second, tie=made.tie, key=key())
    return made.tie


async def things(world: World, subject: Actor) -> dict[str, Any]:
    """Kin, a household and a proxy of the subject, and one more of each in the making."""
    closings = await _closings(world, subject)
    pools = await _pools(world, subject)
    people = [await world.volunteer() for _ in range(4)]
    own = await world.number_of(subject)
    numbers = [await world.number_of(who) for who in people]
    proposals = [
        (await propose_kin(who, number=own, kinship=Kinship.OTHER, key=key())).tie
        for who in people[:3]
    ]
    await agree_to_kin(subject, tie=proposals[0], key=key())
    invites = [(await invite_to_household(who, number=own, key=key())).invite for who in people[:3]]
    await join_household(subject, invite=invites[0] or "", key=key())
    gifts = await _gifts(world, subject)
    mandate = await name_proxy(subject, number=numbers[0], key=key())
    return {
        "kin.person": subject.person,
        "household.person": subject.person,
        "mandates.person": subject.person,
        "endKin.tie": proposals[0],
        "agreeToKin.tie": proposals[1],
        "declineKin.tie": proposals[2],
        "joinHousehold.invite": invites[1],
        "declineHousehold.invite": invites[2],
        "changeHome.number": "001",
        "changeHome.person": subject.person,
        "leaveHousehold.person": subject.person,
        "endProxy.mandate": mandate.mandate,
        "proposeKin.number": numbers[3],
        "inviteToHousehold.number": numbers[3],
        "nameProxy.number": numbers[3],
        "registerKin.first": numbers[1],
        "registerKin.second": numbers[2],
        "registerHousehold.first": numbers[1],
        "registerHousehold.second": numbers[2],
        "registerProxy.principal": numbers[1],
        "proxy": numbers[2],
        **gifts,
        **pools,
        **closings,
    }


async def _gifts(world: World, subject: Actor) -> dict[str, Any]:
    """A gift to accept, one to decline and one to take back, and a daughter to give to."""
    daughter = await world.volunteer(birth=DAUGHTER)
    number, own = await world.number_of(daughter), await world.number_of(subject)
    await tied(world, subject, daughter, Kinship.CHILD)
    for who in (subject, daughter):
        await earn(who.id, world.station, 300)
    given = [
        (await offer_gift(daughter, receiver=own, minutes=9, key=key())).gift for _ in range(2)
    ]
    back = await offer_gift(subject, receiver=number, minutes=9, key=key())
    return {
        "acceptGift.gift": given[0],
        "declineGift.gift": given[1],
        "withdrawGift.gift": back.gift,
        "offerGift.receiver": number,
        "offerGift.minutes": 9,
    }


async def _pools(world: World, subject: Actor) -> dict[str, Any]:
    """A grant to the subject, who lives alone as yet, and a donation of theirs."""
    area, lead = "420102", await world.officer(Role.CITY_LEAD)
    clerk = world.staff[Role.STATION_CLERK]
    await fill_pool(area, world.station, 9_000)
    await note_living_alone(clerk, person=subject.person or "", alone=True, key=key())
    await grant_from_pool(lead, area=area, key=key())
    await earn(subject.id, world.station, 60)
    made = await donate(subject, area=area, minutes=9, key=key())
    await choose_overflow(subject, wish=True, key=key())
    return {
        "takeBackDonation.donation": made.donation,
        "donate.area": area,
        "donate.minutes": 9,
        "grantFromPool.area": area,
        "alone": True,
        "wish": True,
    }


async def _closings(world: World, subject: Actor) -> dict[str, Any]:
    """The subject closed and came back; three others, of whom two are reported dead."""
    await close_account(subject, rest=Rest.KEEP, key=key())
    await reopen_account(subject, key=key())
    people = [(await world.volunteer()).id for _ in range(3)]
    for dead in people[1:]:
        await report_death(world.staff[Role.STATION_CLERK], person=dead, key=key())
    return {
        "reportDeath.person": people[0],
        "withdrawDeath.person": people[1],
        "settleEstate.person": people[2],
        "estate.person": people[2],
        "estates.scope": CITY_PATH,
    }
