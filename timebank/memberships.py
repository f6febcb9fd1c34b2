"""Memberships: the names under which Party members stand on the ledger, and whose they are.

Membership is visible to the member, the community's Party secretary and, with consent, the unit
(domain 8). So the ledger never says who a member is: what members do is written under a random
member id, as the entry's actor too, and only the vault ties it to a person. Erasing that tie leaves
entries that tell of nobody. Knows the switch of the whole module; refuses to know what members do.
"""

from collections.abc import Callable, Iterable

from msgspec.structs import replace

from timebank.access import permit_self
from timebank.actors import Actor, PersonId
from timebank.batch import Batch
from timebank.clock import day_of
from timebank.ids import new
from timebank.journal import current
from timebank.policy import policy_on
from timebank.refusals import NotFound, Refusal
from timebank.tables import Row, find, find_many, table

PREFIX = "mem"
"""What the id of a member begins with; see `entries` for what that keeps from whom."""


# Refusals


class MemberModuleOff(Refusal):
    """The policy switches the whole module off (domain 8)."""

    says = "Dual claim is switched off in this city; nothing of it can be done or seen."


# Tables


@table("membership", vault=True)
class Membership(Row, frozen=True):
    """The member id of a person, kept for all of their reports."""

    person: str
    member: str


@table("member_person", vault=True)
class MemberPerson(Row, frozen=True):
    """The person of a member id."""

    member: str
    person: str


LEAVING: list[Callable[[Batch, str], None]] = []
"""What is let go of when a member takes the report back: a claim without a member serves nobody."""


# What other capabilities ask


def module_on(batch: Batch) -> None:
    """Go on only while the policy has the module switched on. Refuses: MemberModuleOff."""
    if not batch.policy.member.enabled:
        raise MemberModuleOff


async def as_member(actor: Actor) -> Actor:
    """The actor under the member id that the ledger is to name; a fresh one if there is none."""
    held = await find(Membership, permit_self(actor, closed_too=True))
    return replace(actor, id=held.member if held else new(PREFIX))


def member_in(batch: Batch) -> str:
    """The member id under which the batch's actor acts. Refuses: NotFound for none of theirs."""
    held = batch.get(Membership, permit_self(batch.actor))
    if held is None or held.member != batch.actor.id:
        raise NotFound(what="member report")
    return held.member


def tie(batch: Batch, person: PersonId) -> str:
    """The actor's member id, tied to the person if nothing is yet.

    Two first reports at the same time may have drawn two ids: the first of them stays.
    """
    held = batch.get(Membership, person)
    if held is None:
        held = Membership(person=person, member=batch.actor.id)
        batch.put(held)
        batch.put(MemberPerson(member=held.member, person=person))
    return held.member


# Reads


async def module_enabled() -> bool:
    """Whether the policy of today has the module switched on."""
    policy = await policy_on(day_of(current().clock.now()))
    return policy is not None and policy.document.member.enabled


async def member_of(actor: Actor) -> str | None:
    """The actor's own member id."""
    held = await find(Membership, actor.person or "")
    return held.member if held else None


async def people_of_members(members: Iterable[str]) -> dict[str, PersonId]:
    """The people of some member ids: for whoever was asked already whether they may know."""
    found = await find_many(MemberPerson, members)
    return {held.member: held.person for held in found.values()}
