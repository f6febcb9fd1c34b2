"""Access: roles, their scopes, and the one place that decides what an actor may do (domain 11).

A scope is a path along the managing tree (`420100/420102/...`, down to a station or team): a grant
covers everything whose path starts with it. Staff may act only through a grant; what a person does
with their own things is decided by the command, which compares ids. Sign-in lives in `sign_in`.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date
from enum import StrEnum

import msgspec

from ledger.entry import Sealed
from timebank.actors import SYSTEM, Actor, PersonId
from timebank.batch import Batch
from timebank.clock import day_of
from timebank.divisions import Area
from timebank.events import Event
from timebank.ids import new
from timebank.journal import Answer, current, write
from timebank.keys import RequestKey
from timebank.projections import Rows, projects
from timebank.refusals import Forbidden, NotFound, Refusal, Unauthenticated
from timebank.tables import Row, find, table
from timebank.vault import DataKey

SCOPE = re.compile(r"(?:[0-9A-Za-z_]+/)+")


class Role(StrEnum):
    """The roles of domain 11 that are granted; public and volunteer need no grant."""

    TEAM_LEADER = "team_leader"
    STATION_CLERK = "station_clerk"
    STATION_MANAGER = "station_manager"
    PARTY_SECRETARY = "party_secretary"
    STREET_OFFICER = "street_officer"
    STREET_CASHIER = "street_cashier"
    STREET_CHECKER = "street_checker"
    DISTRICT_REGISTRAR = "district_registrar"
    DISTRICT_LEAD = "district_lead"
    CITY_LEAD = "city_lead"
    CITY_FUND_OFFICER = "city_fund_officer"
    UNIT_PARTY_ADMIN = "unit_party_admin"
    ORGANISATION_REPRESENTATIVE = "organisation_representative"
    ORGANISATION_FINANCE = "organisation_finance"
    REVIEWER = "reviewer"
    AUDITOR = "auditor"
    DATA_PROTECTION_OFFICER = "data_protection_officer"
    OPERATOR = "operator"


class Action(StrEnum):
    """What staff may do; the rights table says who."""

    PROPOSE_STATION = "propose_station"
    APPROVE_STATION = "approve_station"
    MANAGE_TEAM = "manage_team"
    REGISTER_PERSON = "register_person"
    FIND_PERSON = "find_person"
    DECLARE_ACTIVITY = "declare_activity"
    RUN_ACTIVITY = "run_activity"
    CHECK_IN_OTHERS = "check_in_others"
    CAPTURE_HOURS = "capture_hours"
    CAPTURE_OLD_HOURS = "capture_old_hours"
    CONFIRM_HOURS = "confirm_hours"
    REVIEW_HOURS = "review_hours"
    REVERSE_HOURS = "reverse_hours"
    DECIDE_OBJECTION = "decide_objection"
    ACCEPT_AT_COUNTER = "accept_at_counter"
    TELL_IN_PERSON = "tell_in_person"
    SUSPEND_PERSON = "suspend_person"
    READ_RECORDS = "read_records"
    MANAGE_REWARD = "manage_reward"
    HAND_OVER_REWARD = "hand_over_reward"
    REGISTER_KIN = "register_kin"
    NOTE_LIVING_ALONE = "note_living_alone"
    GRANT_FROM_POOL = "grant_from_pool"
    REPORT_DEATH = "report_death"
    SETTLE_ESTATE = "settle_estate"
    GRANT_ROLE = "grant_role"
    READ_ENTRIES = "read_entries"
    PUBLISH_POLICY = "publish_policy"
    LIFT_STOP = "lift_stop"


_STATION = {Role.STATION_CLERK, Role.STATION_MANAGER}
_LEADS = {Role.DISTRICT_LEAD, Role.CITY_LEAD}

RIGHTS: Mapping[Action, frozenset[Role]] = {
    Action.PROPOSE_STATION: frozenset({Role.STREET_OFFICER}),
    Action.APPROVE_STATION: frozenset({Role.DISTRICT_REGISTRAR}),
    Action.MANAGE_TEAM: frozenset({Role.STATION_MANAGER}),
    Action.REGISTER_PERSON: frozenset(_STATION),
    Action.FIND_PERSON: frozenset(_STATION | {Role.TEAM_LEADER}),
    Action.DECLARE_ACTIVITY: frozenset(_STATION | {Role.TEAM_LEADER}),
    Action.RUN_ACTIVITY: frozenset(_STATION | {Role.TEAM_LEADER}),
    Action.CHECK_IN_OTHERS: frozenset(_STATION | {Role.TEAM_LEADER}),
    Action.CAPTURE_HOURS: frozenset(_STATION | {Role.TEAM_LEADER}),
    Action.CAPTURE_OLD_HOURS: frozenset({Role.DISTRICT_LEAD}),
    Action.CONFIRM_HOURS: frozenset({Role.STATION_MANAGER, Role.TEAM_LEADER}),
    Action.REVIEW_HOURS: frozenset({Role.STATION_MANAGER, Role.STREET_OFFICER} | _LEADS),
    Action.REVERSE_HOURS: frozenset({Role.DISTRICT_LEAD}),
    Action.DECIDE_OBJECTION: frozenset({Role.DISTRICT_LEAD}),
    Action.ACCEPT_AT_COUNTER: frozenset(_STATION),
    Action.TELL_IN_PERSON: frozenset(_STATION),
    Action.SUSPEND_PERSON: frozenset({Role.DISTRICT_LEAD}),
    Action.READ_RECORDS: frozenset(
        _STATION | _LEADS | {Role.TEAM_LEADER, Role.STREET_OFFICER, Role.AUDITOR}
    ),
    Action.MANAGE_REWARD: frozenset({Role.STATION_MANAGER}),
    Action.HAND_OVER_REWARD: frozenset(_STATION),
    Action.REGISTER_KIN: frozenset(_STATION),
    Action.NOTE_LIVING_ALONE: frozenset(_STATION),
    Action.GRANT_FROM_POOL: frozenset({Role.CITY_LEAD}),
    Action.REPORT_DEATH: frozenset(_STATION),
    Action.SETTLE_ESTATE: frozenset({Role.DISTRICT_LEAD}),
    Action.GRANT_ROLE: frozenset({Role.OPERATOR}),
    Action.READ_ENTRIES: frozenset({Role.AUDITOR}),
    Action.PUBLISH_POLICY: frozenset({Role.CITY_LEAD}),
    Action.LIFT_STOP: frozenset({Role.OPERATOR}),
}

BY_ITSELF = frozenset({Action.REGISTER_PERSON, Action.GRANT_ROLE})
"""What the software itself does: its command line makes the first administrator."""


class Grant(msgspec.Struct, frozen=True):
    """A role over everything below a path, until a day (None: until it is ended)."""

    id: str
    role: Role
    scope: str
    until: date | None = None

    def stands(self, day: date) -> bool:
        """Whether the grant holds on a day."""
        return self.until is None or day <= self.until

    def covers(self, path: str, day: date) -> bool:
        """Whether the grant reaches a path on a day."""
        return path.startswith(self.scope) and self.stands(day)


# Events


class RoleGranted(Event, frozen=True, tag="role.granted"):
    """Somebody was given a role over a scope."""

    grant: str
    person: PersonId
    role: Role
    scope: str
    until: date | None = None
    second: PersonId | None = None


class RoleEnded(Event, frozen=True, tag="role.ended"):
    """A grant ended."""

    grant: str
    person: PersonId


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


# Tables and projectors

SCOPES: dict[str, type[Row]] = {}
"""What beside areas a scope may end with, by the prefix of its id: rows that have a `path`."""


@table("grants")
class Grants(Row, frozen=True):
    """Every standing grant of a person: what access decisions ask."""

    person: str
    grants: tuple[Grant, ...]

    def may(self, action: Action, path: str, day: date) -> bool:
        """Whether a grant allows the action on what lies at `path`."""
        return any(g.role in RIGHTS[action] and g.covers(path, day) for g in self.grants)

    def standing(self, day: date) -> tuple[Grant, ...]:
        """The grants that hold on a day."""
        return tuple(grant for grant in self.grants if grant.stands(day))


@projects(RoleGranted)
def _granted(rows: Rows, event: RoleGranted, entry: Sealed) -> None:
    held = rows.get(Grants, event.person)
    made = Grant(id=event.grant, role=event.role, scope=event.scope, until=event.until)
    rows.put(Grants(person=event.person, grants=(*(held.grants if held else ()), made)))


@projects(RoleEnded)
def _ended(rows: Rows, event: RoleEnded, entry: Sealed) -> None:
    held = rows.there(Grants, event.person)
    left = tuple(grant for grant in held.grants if grant.id != event.grant)
    rows.put(Grants(person=event.person, grants=left))


# Decisions: the one place


def decide_grant(
    held: "Grants | None", made: Grant, *, person: PersonId, actor: Actor, today: date
) -> RoleGranted:
    """Refuses: GrantToSelf, ScopeMalformed, GrantEndsTooSoon, RoleHeldAlready."""
    if actor.person == person:
        raise GrantToSelf
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
    if not _may(batch, action, path):
        raise Forbidden


def _may(batch: Batch, action: Action, path: str) -> bool:
    if batch.actor == SYSTEM:
        return action in BY_ITSELF
    person = batch.actor.person
    held = batch.get(Grants, person) if person else None
    return held is not None and held.may(action, path, batch.today)


def permit_self(actor: Actor) -> PersonId:
    """The person who acts for themselves. Raises: Unauthenticated."""
    if actor.person is None:
        raise Unauthenticated
    return actor.person


# Commands


class Granted(Answer, frozen=True, kw_only=True):
    """The grant that was made or ended."""

    grant: str


async def grant_role(
    actor: Actor,
    *,
    person: PersonId,
    role: Role,
    scope: str,
    key: RequestKey,
    until: date | None = None,
) -> Granted:
    """Give `person` a role over everything below the path `scope`.

    Refuses: GrantToSelf, ScopeMalformed, GrantEndsTooSoon, RoleHeldAlready, ScopeUnknown, NotFound.
    Source: domain 11. The software itself grants the first administrator's role.
    """
    made = Grant(id=new("grt"), role=role, scope=scope, until=until)

    def work(batch: Batch) -> Granted:
        permit(batch, Action.GRANT_ROLE, scope)
        held = batch.get(Grants, person)
        event = decide_grant(held, made, person=person, actor=actor, today=batch.today)
        decide_scope(scope, _path_at(batch, scope))
        # Whoever is registered has a data key; who was erased holds no role again.
        if actor != SYSTEM:
            batch.need(DataKey, person, "person")
        return Granted(entry=batch.record(event).seq, grant=made.id)

    return await write(
        actor, key, work, answer=Granted, needs=[(Grants, person), (DataKey, person)]
    )


def _path_at(batch: Batch, scope: str) -> str | None:
    """The path of what a scope ends with, None where there is no such thing."""
    last = scope.rstrip("/").rpartition("/")[2]
    place = batch.get(SCOPES.get(last.partition("_")[0], Area), last)
    return getattr(place, "path", None)


async def end_role(actor: Actor, *, person: PersonId, grant: str, key: RequestKey) -> Granted:
    """End a grant. Refuses: NotFound, for a grant out of scope too. Source: domain 11."""
    if not actor.known:
        raise Unauthenticated

    def work(batch: Batch) -> Granted:
        held = batch.get(Grants, person)
        found = next((g for g in held.grants if g.id == grant), None) if held else None
        if found is None or not _may(batch, Action.GRANT_ROLE, found.scope):
            raise NotFound(what="grant")
        entry = batch.record(RoleEnded(grant=grant, person=person))
        return Granted(entry=entry.seq, grant=grant)

    return await write(actor, key, work, answer=Granted, needs=[(Grants, person)])


# Reads


async def grants_of(actor: Actor) -> Grants | None:
    """The actor's own grants."""
    return await find(Grants, actor.person) if actor.person else None


async def role_holder(actor: Actor, person: PersonId) -> Grants:
    """Somebody's grants, as far as the actor may see them: their own, or those in scope to end."""
    held = await find(Grants, person)
    if held is None or person == actor.person:
        return held or Grants(person=person, grants=())
    own, today = await grants_of(actor), day_of(current().clock.now())
    seen = [g for g in held.grants if own and own.may(Action.GRANT_ROLE, g.scope, today)]
    return Grants(person=person, grants=tuple(seen))


async def reach(actor: Actor, action: Action) -> Callable[[str], bool]:
    """Says of any path whether the actor may read what lies there: one look-up for many paths.

    The same decision as for writing.
    """
    held, today = await grants_of(actor), day_of(current().clock.now())
    return lambda path: held is not None and held.may(action, path, today)


async def may_read(actor: Actor, action: Action, path: str) -> bool:
    """Whether the actor may read what lies at `path`."""
    return (await reach(actor, action))(path)
