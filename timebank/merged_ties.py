"""Merged ties: kin, proxies and household of whoever was registered twice go over (domain 6, 11).

What stood with the one that goes ends, and stands with the one that is kept, unless it did already;
each is said by an entry of its own. Knows ties; refuses to know who decided (`merges`).
"""

import msgspec
from tortoise.expressions import Q

from timebank.actors import PersonId
from timebank.batch import Batch
from timebank.households import (
    HouseholdLeft,
    HouseholdMember,
    HouseholdRegistered,
    InHouseholdAlready,
)
from timebank.ids import new
from timebank.kin import (
    STANDS,
    KinDeclined,
    KinEnded,
    KinPair,
    KinRegistered,
    KinState,
    KinTie,
    pair_id,
)
from timebank.proxies import (
    Mandate,
    MandateState,
    ProxyEnded,
    ProxyFor,
    ProxyNamed,
    proxy_key,
)
from timebank.tables import select


class Ties(msgspec.Struct, frozen=True):
    """What stood with a person when it was read, each with the id of what takes its place."""

    kin: dict[str, str]
    mandates: dict[str, str]


async def ties_of(person: PersonId) -> Ties:
    """The kinships and mandates that stand with somebody."""
    standing = sorted(state.value for state in STANDS)
    kin = await select(KinTie, Q(one=person) | Q(other=person), state__in=standing, order=["id"])
    mandates = await select(
        Mandate,
        Q(principal=person) | Q(proxy=person),
        state=MandateState.STANDING.value,
        order=["id"],
    )
    return Ties(
        kin={tie.id: new("kin") for tie in kin},
        mandates={held.id: new("man") for held in mandates},
    )


def move_ties(batch: Batch, ties: Ties, person: PersonId, kept: PersonId) -> None:
    """Let what stood with `person` stand with `kept`. Refuses: InHouseholdAlready."""
    for tie, follower in ties.kin.items():
        _move_kin(batch, batch.there(KinTie, tie), follower, person, kept)
    for mandate, follower in ties.mandates.items():
        _move_mandate(batch, batch.there(Mandate, mandate), follower, person, kept)
    _move_home(batch, person, kept)


def _move_kin(batch: Batch, tie: KinTie, follower: str, person: PersonId, kept: PersonId) -> None:
    if tie.state is KinState.PROPOSED:
        batch.record(KinDeclined(tie=tie.id))
    if tie.state is not KinState.AGREED:
        return
    batch.record(KinEnded(tie=tie.id))
    one, other = (kept if who == person else who for who in (tie.one, tie.other))
    if one != other and batch.get(KinPair, pair_id(one, other)) is None:
        batch.record(
            KinRegistered(tie=follower, one=one, other=other, kinship=tie.kinship, follows=tie.id)
        )


def _move_mandate(
    batch: Batch, held: Mandate, follower: str, person: PersonId, kept: PersonId
) -> None:
    if held.state is not MandateState.STANDING:
        return
    batch.record(ProxyEnded(mandate=held.id))
    principal, proxy = (kept if who == person else who for who in (held.principal, held.proxy))
    if principal != proxy and batch.get(ProxyFor, proxy_key(principal, proxy)) is None:
        batch.record(
            ProxyNamed(mandate=follower, principal=principal, proxy=proxy, follows=held.id)
        )


def _move_home(batch: Batch, person: PersonId, kept: PersonId) -> None:
    batch.ask((HouseholdMember, person), (HouseholdMember, kept))
    old, own = batch.get(HouseholdMember, person), batch.get(HouseholdMember, kept)
    if old is None:
        return
    if own is None:
        # First in, then out: a household of two would be none in between.
        batch.record(HouseholdRegistered(household=old.household, people=(kept,)))
    elif own.household != old.household:
        raise InHouseholdAlready
    batch.record(HouseholdLeft(household=old.household, person=person))
