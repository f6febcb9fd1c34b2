"""Access: the one place that decides what an actor may do, and who is given a role.

A scope is a path along the managing tree (`420100/420102/...`, down to a station or team): a grant
covers everything whose path starts with it, and that of whoever stands for an organisation the
teams that are its own, wherever they work. Staff may act only through a grant, a station's device
at its station; what a person does with their own things is decided by the command, which compares
ids. `rights` says what a role may do, `role_grants` keeps who holds it; sign-in lives in `sign_in`.
"""

import re
from collections.abc import Callable, Sequence
from datetime import date
from typing import Protocol

import msgspec

from timebank.actors import SYSTEM, Actor, PersonId
from timebank.askers import once_an_answer
from timebank.batch import Batch
from timebank.clock import day_of
from timebank.device_life import Device
from timebank.divisions import Area
from timebank.ids import new
from timebank.journal import Answer, current, write
from timebank.keys import RequestKey
from timebank.projections import Rows
from timebank.refusals import Forbidden, NotFound, Refusal, Unauthenticated
from timebank.rights import BY_ITSELF, OVER_OWN_TEAMS
from timebank.rights import Action as Action
from timebank.rights import Grant as Grant
from timebank.rights import Role as Role
from timebank.role_grants import Freeze as Freeze
from timebank.role_grants import Grants as Grants
from timebank.role_grants import RoleEnded as RoleEnded
from timebank.role_grants import RoleGranted as RoleGranted
from timebank.tables import Key, R, Row, find
from timebank.vault import DataKey

SCOPE = re.compile(r"(?:[0-9A-Za-z_]+/)+")

SCOPES: dict[str, type[Row]] = {}
"""What beside areas a scope may end with, by the prefix of its id: rows that have a `path`."""


class Elsewhere(Protocol):
    """Says what of those for whom somebody stands lies elsewhere than below their own path."""

    def reaches(self, rows: Rows, scope: str, path: str) -> bool:
        """Whether what lies at a path is theirs whose path is `scope`; asks for keys alone."""

    async def reached(self, scopes: Sequence[str]) -> tuple[str, ...]:
        """The paths below which all is theirs whose paths are `scopes`."""


ELSEWHERE: list[Elsewhere] = []
"""Asked of whoever stands for somebody, and of nobody else: most people hold no such grant."""

# Refusals


class RoleHeldAlready(Refusal):
    """The same role over the same scope stands already."""

    says = "This person already holds the role {role} there."
    role: str


class ScopeMalformed(Refusal):
    """A scope that is no path would reach further than meant: `42` begins every path."""

    says = "“{scope}” is no scope: give the path of an area, station or team."
    scope: str
    path = ("scope",)


class ScopeUnknown(Refusal):
    """A scope at which nothing lies: a grant there would give nothing, and say nothing of it."""

    says = "Nothing lies at “{scope}”: give the path of an area, station or team that exists."
    scope: str
    path = ("scope",)


class GrantEndsTooSoon(Refusal):
    """A grant that is over before it begins."""

    says = "The last day of a role, {until}, is over already."
    until: date
    path = ("until",)


class GrantToSelf(Refusal):
    """Nobody grants roles to themselves (domain 11)."""

    says = "A role cannot be granted to oneself; another officer must do it."


class HolderGone(Refusal):
    """Roles are for people who are there."""

    says = "This person's account is {state}; no role can be granted to them."
    state: str


class AccountNotOpen(Refusal):
    """Whoever closed an account comes back before doing anything else."""

    says = "Your account is closed; reopen it to do this."


# Decisions: the one place


def decide_grant(
    held: "Grants | None", made: Grant, *, person: PersonId, actor: Actor, today: date
) -> RoleGranted:
    """Refuses: GrantToSelf, HolderGone, ScopeMalformed, GrantEndsTooSoon, RoleHeldAlready."""
    if actor.person == person:
        raise GrantToSelf
    if held is not None and held.frozen is not None:
        raise HolderGone(state=held.frozen.value)
    if not SCOPE.fullmatch(made.scope):
        raise ScopeMalformed(scope=made.scope[:60])
    if made.until is not None and made.until < today:
        raise GrantEndsTooSoon(until=made.until)
    for grant in held.grants if held else ():
        if (grant.role, grant.scope) == (made.role, made.scope) and grant.stands(today):
            raise RoleHeldAlready(role=made.role.value)
    return RoleGranted(
        grant=made.id, person=person, role=made.role, scope=made.scope, until=made.until
    )


def decide_scope(scope: str, found: str | None) -> None:
    """Whether a scope is the path of what it names. Refuses: ScopeUnknown."""
    if found != scope:
        raise ScopeUnknown(scope=scope[:60])


def permit(batch: Batch, action: Action, path: str) -> None:
    """Let the batch's actor do `action` on what lies at `path`, or deny it.

    Raises: Unauthenticated, Forbidden.
    """
    if not batch.actor.known:
        raise Unauthenticated
    if not may(batch, action, path):
        raise Forbidden


def in_reach(
    batch: Batch, action: Action, row: type[R], key: Key, *, what: str, where: str = "path"
) -> R:
    """The row, where the batch's actor may do `action` at its path, its column `where`.

    To anybody else it is not there. Raises: Unauthenticated, NotFound.
    """
    if not batch.actor.known:
        raise Unauthenticated
    held = batch.get(row, key)
    if held is None or not may(batch, action, str(getattr(held, where))):
        raise NotFound(what=what)
    return held


def may(batch: Batch, action: Action, path: str) -> bool:
    """Whether the batch's actor holds a role for the action there; denies nothing."""
    actor = batch.actor
    if actor == SYSTEM:
        return action in BY_ITSELF
    if actor.device:
        held: Device | Grants | None = batch.get(Device, actor.id)
    else:
        held = batch.get(Grants, actor.person) if actor.person and not actor.unproved else None
    if held is None or held.may(action, path, batch.today):
        return held is not None
    scopes = held.stood_for(batch.today) if isinstance(held, Grants) else ()
    return action in OVER_OWN_TEAMS and any(
        one.reaches(batch, scope, path) for scope in scopes for one in ELSEWHERE
    )


def permit_self(actor: Actor, *, closed_too: bool = False) -> PersonId:
    """The person who acts for themselves; `closed_too` lets those do it who closed their account.

    Raises: Unauthenticated. Refuses: AccountNotOpen.
    """
    if actor.person is None:
        raise Unauthenticated
    if actor.closed and not closed_too:
        raise AccountNotOpen
    return actor.person


def need_scope(batch: Batch, scope: str) -> None:
    """Go on only with the path of what exists. Refuses: ScopeMalformed, ScopeUnknown."""
    if not SCOPE.fullmatch(scope):
        raise ScopeMalformed(scope=scope[:60])
    last = scope.rstrip("/").rpartition("/")[2]
    place = batch.get(SCOPES.get(last.partition("_")[0], Area), last)
    decide_scope(scope, getattr(place, "path", None))


def need_holder(batch: Batch, person: PersonId, made: Grant) -> RoleGranted:
    """What giving somebody a role would say, if the actor may give it and they may hold it.

    Refuses: what decide_grant refuses; ScopeUnknown, NotFound.
    """
    permit(batch, Action.GRANT_ROLE, made.scope)
    held = batch.get(Grants, person)
    event = decide_grant(held, made, person=person, actor=batch.actor, today=batch.today)
    need_scope(batch, made.scope)
    # Whoever is registered has a data key; who was erased holds no role again.
    if batch.actor != SYSTEM:
        batch.need(DataKey, person, "person")
    return event


class Granted(Answer, frozen=True, kw_only=True):
    """The grant that was made or ended."""

    grant: str


def give(
    batch: Batch, person: PersonId, made: Grant, *, proposer: PersonId | None = None
) -> Granted:
    """Give somebody a role. Refuses: what need_holder refuses."""
    event = need_holder(batch, person, made)
    entry = batch.record(msgspec.structs.replace(event, proposer=proposer))
    return Granted(entry=entry.seq, grant=made.id)


# Commands


async def grant_role(
    actor: Actor,
    *,
    person: PersonId,
    role: Role,
    scope: str,
    key: RequestKey,
    until: date | None = None,
) -> Granted:
    """Give `person` a role over everything below the path `scope`: the software's own act.

    It grants the first administrators' roles, at its command line; operators do it by two
    (`role_drafts`).
    Refuses: HolderGone, ScopeMalformed, GrantEndsTooSoon, RoleHeldAlready, ScopeUnknown.
    Source: domain 11.
    """
    if actor != SYSTEM:
        raise Forbidden if actor.known else Unauthenticated
    made = Grant(id=new("grt"), role=role, scope=scope, until=until)

    def work(batch: Batch) -> Granted:
        return give(batch, person, made)

    return await write(
        actor, key, work, answer=Granted, needs=[(Grants, person), (DataKey, person)]
    )


async def end_role(actor: Actor, *, person: PersonId, grant: str, key: RequestKey) -> Granted:
    """End a grant. Refuses: NotFound, for a grant out of scope too. Source: domain 11."""
    if not actor.known:
        raise Unauthenticated

    def work(batch: Batch) -> Granted:
        held = batch.get(Grants, person)
        found = next((g for g in held.grants if g.id == grant), None) if held else None
        if found is None or not may(batch, Action.GRANT_ROLE, found.scope):
            raise NotFound(what="grant")
        entry = batch.record(RoleEnded(grant=grant, person=person))
        return Granted(entry=entry.seq, grant=grant)

    return await write(actor, key, work, answer=Granted, needs=[(Grants, person)])


# Reads


@once_an_answer
async def grants_of(actor: Actor) -> Grants | None:
    """The actor's own grants."""
    return await find(Grants, actor.person) if actor.person and not actor.unproved else None


async def role_holder(actor: Actor, person: PersonId) -> Grants:
    """Somebody's grants, as far as the actor may see them: their own, or those in scope to end."""
    held, ends = await find(Grants, person), await reach(actor, Action.GRANT_ROLE)
    if held is None or person == actor.person:
        return held or Grants(person=person, grants=())
    seen = [grant for grant in held.grants if ends(grant.scope)]
    return Grants(person=person, grants=tuple(seen))


async def reach(actor: Actor, action: Action) -> Callable[[str], bool]:
    """Says of any path whether the actor may read what lies there: one look-up for many paths.

    The same decision as for writing.
    """
    today = day_of(current().clock.now())
    held = await (find(Device, actor.id) if actor.device else grants_of(actor))
    theirs = action in OVER_OWN_TEAMS and isinstance(held, Grants) and held.stood_for(today)
    further = await _elsewhere(actor) if theirs else ()
    return lambda path: (
        held is not None and (held.may(action, path, today) or path.startswith(further))
    )


@once_an_answer
async def _elsewhere(actor: Actor) -> tuple[str, ...]:
    """The paths that an actor reaches beside what lies below the scopes of their grants."""
    held = await grants_of(actor)
    scopes = held.stood_for(day_of(current().clock.now())) if held else ()
    return tuple([path for one in ELSEWHERE for path in await one.reached(scopes)])


async def at_hand(
    actor: Actor, action: Action, row: type[R], key: Key, *, where: str = "path"
) -> R | None:
    """The row, where the actor may do something at its path, its column `where`.

    None for one out of reach as for none at all, and in as many statements: ask it before what is
    read further by the row.
    """
    held, within = await find(row, key), await reach(actor, action)
    return held if held is not None and within(getattr(held, where)) else None


async def may_read(actor: Actor, action: Action, path: str) -> bool:
    """Whether the actor may read what lies at `path`."""
    return (await reach(actor, action))(path)
