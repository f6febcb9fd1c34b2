"""Aliases: under which id people stand on the ledger in dual claim, and who they are.

Party membership is visible to the member, the community's Party secretary and, with consent, the
unit (domain 8). So the ledger never says who a member is: whoever reports, takes a post or claims a
wish for themselves, member or not, does it under a random alias, as the entry's actor too, and only
the vault ties it to a person. That somebody has an alias tells nothing. Erasing the tie leaves
entries that tell of nobody. Knows the switch of the whole module; refuses to know what is done.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from enum import StrEnum
from typing import Generic, TypeVar, Unpack

from msgspec.structs import replace
from tortoise.expressions import Q

from timebank.access import Action, in_reach, may_read, permit_self, reach
from timebank.actors import Actor, PersonId
from timebank.batch import Batch
from timebank.clock import day_of
from timebank.ids import new
from timebank.journal import current
from timebank.people import people_by_id
from timebank.policy import policy_on
from timebank.refusals import Busy, NotFound, Refusal
from timebank.tables import Row, Where, among, find, find_many, newest_by_id, table
from timebank.vault import read_fields


class MemberRow(Row, frozen=True):
    """What a member has under their alias in the community at `path`."""

    id: str
    member: str
    path: str


Held = TypeVar("Held", bound=Row)
Theirs = TypeVar("Theirs", bound=MemberRow)

PREFIX = "ali"
"""What an alias begins with; see `entries` for what that keeps from whom."""


# Refusals


class MemberModuleOff(Refusal):
    """The policy switches the whole module off (domain 8)."""

    says = "Dual claim is switched off in this city; nothing of it can be done or seen."


# Tables


@table("alias", vault=True)
class Alias(Row, frozen=True):
    """The alias of a person, one for whatever they do in dual claim."""

    person: str
    alias: str


@table("alias_person", vault=True)
class AliasPerson(Row, frozen=True):
    """The person of an alias."""

    alias: str
    person: str


LEAVING: list[Callable[[Batch, str], None]] = []
"""What is let go of when a member takes the report back: a claim without a member serves nobody."""


# What other capabilities ask


def module_on(batch: Batch) -> None:
    """Go on only while the policy has the module switched on. Refuses: MemberModuleOff."""
    if not batch.policy.member.enabled:
        raise MemberModuleOff


async def under_alias(actor: Actor) -> Actor:
    """The actor under the alias that the ledger is to name; a fresh one if there is none."""
    held = await find(Alias, permit_self(actor, closed_too=True))
    return replace(actor, id=held.alias if held else new(PREFIX))


def alias_in(batch: Batch) -> str:
    """The alias under which the batch's actor acts. Refuses: NotFound for none of theirs."""
    held = batch.get(Alias, permit_self(batch.actor))
    if held is None or held.alias != batch.actor.id:
        raise NotFound(what="member report")
    return held.alias


def tie(batch: Batch, person: PersonId) -> str:
    """The actor's alias, tied to the person if nothing is yet.

    Two first acts at the same time may have drawn two: the first stays, the other asks again.
    Raises: Busy.
    """
    held = batch.get(Alias, person)
    if held is None:
        held = Alias(person=person, alias=batch.actor.id)
        batch.put(held)
        batch.put(AliasPerson(alias=held.alias, person=person))
    if held.alias != batch.actor.id:
        raise Busy
    return held.alias


def in_hand(batch: Batch, row: type[Held], id: str, action: Action, what: str) -> Held:
    """What lies in the community of the batch's actor, its secretary; for others it is not there.

    Refuses: MemberModuleOff, NotFound.
    """
    module_on(batch)
    return in_reach(batch, action, row, id, what=what)


def person_behind(batch: Batch, alias: str) -> PersonId | None:
    """Whose alias it is, for a work that has asked whether the actor may act on it."""
    held = batch.get(AliasPerson, alias)
    return held.person if held else None


# Reads


async def module_enabled() -> bool:
    """Whether the policy of today has the module switched on."""
    policy = await policy_on(day_of(current().clock.now()))
    return policy is not None and policy.document.member.enabled


async def alias_of(actor: Actor) -> str | None:
    """The actor's own alias."""
    held = await find(Alias, actor.person or "")
    return held.alias if held else None


async def people_of_aliases(aliases: Iterable[str]) -> dict[str, PersonId]:
    """The people of some aliases: for whoever was asked already whether they may know."""
    found = await find_many(AliasPerson, aliases)
    return {held.alias: held.person for held in found.values()}


async def named_aliases(aliases: Iterable[str]) -> dict[str, tuple[str, str | None]]:
    """Volunteer number and name by alias, for whoever was asked already whether they may know."""
    whose = await people_of_aliases(aliases)
    people = await people_by_id(list(whose.values()))
    names = await read_fields(list(people), "name")
    return {
        alias: (people[id].number, names[id].get("name"))
        for alias, id in whose.items()
        if id in people
    }


class Shared(Generic[Theirs]):
    """Rows that their member and the community's Party secretary see, and nobody else (domain 8).

    Reading costs the same statements whether there is such a row or not: their number tells
    nothing. Where the module is off, there is none.
    """

    def __init__(self, row: type[Theirs], action: Action) -> None:
        self.row, self.action = row, action

    async def visible(self, actor: Actor, ids: Sequence[str]) -> dict[str, Theirs]:
        """Rows by id: the actor's own, and those in the actor's hand as their secretary."""
        enabled, member = await module_enabled(), await alias_of(actor)
        found = await find_many(self.row, ids)
        theirs = await reach(actor, self.action)
        return {
            held.id: held
            for held in found.values()
            if enabled and (held.member == member or theirs(held.path))
        }

    async def listed(
        self,
        actor: Actor,
        *,
        scope: str | None = None,
        states: Collection[StrEnum] = (),
        **where: Unpack[Where],
    ) -> list[Theirs]:
        """The actor's own, or for the secretary those below a path, newest first.

        Args: states, only those that are so far; empty, all.
        """
        which = Q(member=await alias_of(actor) or "")
        if not await module_enabled():
            return []
        if scope is not None:
            if not await may_read(actor, self.action, scope):
                return []
            which = Q(path__startswith=scope)
        return await newest_by_id(self.row, where, which, *among(states))

    async def named(self, actor: Actor, ids: Sequence[str]) -> dict[str, tuple[str, str | None]]:
        """Volunteer number and name by id, of the rows that the actor may see."""
        seen = await self.visible(actor, ids)
        names = await named_aliases(held.member for held in seen.values())
        return {id: names[held.member] for id, held in seen.items() if held.member in names}
