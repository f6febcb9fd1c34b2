"""Role grants: who holds which role where, as long as nothing rests them (domain 11).

What `access` asks of everybody who acts, read before anything else of theirs: every standing grant
of a person is one row. Knows what was granted and ended, and when all roles of a person rest;
refuses to know who may give them and what they are for.
"""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum

import msgspec

from ledger.entry import Sealed
from timebank.actors import PersonId
from timebank.events import Event
from timebank.journal import needed_of_actors
from timebank.merge_life import MergeDropped, MergeProposed, PersonMerged
from timebank.person_life import (
    AccountClosed,
    AccountReopened,
    DeathReported,
    DeathWithdrawn,
    PersonMoved,
)
from timebank.projections import Rows, projects
from timebank.rights import RIGHTS, Action, Grant, Role
from timebank.tables import Row, table


class Freeze(StrEnum):
    """Why a person's roles rest."""

    CLOSED = "closed"
    DECEASED = "deceased"
    MERGED = "merged"


# Events


class RoleGranted(Event, frozen=True, tag="role.granted"):
    """Somebody was given a role over a scope.

    `proposer` is the first of the two operators; None where the software itself gave it.
    """

    grant: str
    person: PersonId
    role: Role
    scope: str
    until: date | None = None
    proposer: PersonId | None = None


class RoleEnded(Event, frozen=True, tag="role.ended"):
    """A grant ended."""

    grant: str
    person: PersonId


# Tables and projectors


@needed_of_actors
@table("grants")
class Grants(Row, frozen=True):
    """Every standing grant of a person: what access decisions ask; `frozen` while they all rest.

    `formers` are the ids of registrations that went into this one.
    """

    person: str
    grants: tuple[Grant, ...]
    frozen: Freeze | None = None
    formers: tuple[str, ...] = ()

    @property
    def shut(self) -> bool:
        """Whether nobody signs in by the account: its holder is dead, or has another one."""
        return self.frozen in (Freeze.DECEASED, Freeze.MERGED)

    def may(self, action: Action, path: str, day: date) -> bool:
        """Whether a grant allows the action on what lies at `path`."""
        return any(g.role in RIGHTS[action] and g.covers(path, day) for g in self.standing(day))

    def stood_for(self, day: date) -> tuple[str, ...]:
        """The scopes of those for whom the person stands on a day."""
        role = Role.ORGANISATION_REPRESENTATIVE
        return tuple(grant.scope for grant in self.standing(day) if grant.role is role)

    def standing(self, day: date) -> tuple[Grant, ...]:
        """The grants that hold on a day."""
        return tuple(grant for grant in self.grants if grant.stands(day) and not self.frozen)


@projects(RoleGranted)
def _granted(rows: Rows, event: RoleGranted, entry: Sealed) -> None:
    held = rows.get(Grants, event.person)
    made = Grant(id=event.grant, role=event.role, scope=event.scope, until=event.until)
    held = held or Grants(person=event.person, grants=())
    rows.put(msgspec.structs.replace(held, grants=(*held.grants, made)))


@projects(RoleEnded)
def _ended(rows: Rows, event: RoleEnded, entry: Sealed) -> None:
    held = rows.there(Grants, event.person)
    left = tuple(grant for grant in held.grants if grant.id != event.grant)
    rows.put(msgspec.structs.replace(held, grants=left))


RESTING: Mapping[type[Event], Freeze | None] = {
    AccountClosed: Freeze.CLOSED,
    AccountReopened: None,
    DeathReported: Freeze.DECEASED,
    DeathWithdrawn: None,
    MergeProposed: Freeze.MERGED,
    MergeDropped: None,
}
"""After which events nobody acts by an account, and after which somebody does again."""


@projects(*RESTING)
def _rested(rows: Rows, event: PersonMoved, entry: Sealed) -> None:
    held = rows.get(Grants, event.person) or Grants(person=event.person, grants=())
    rows.put(msgspec.structs.replace(held, frozen=RESTING[type(event)]))


@projects(PersonMerged)
def _merged(rows: Rows, event: PersonMerged, entry: Sealed) -> None:
    held = rows.get(Grants, event.kept) or Grants(person=event.kept, grants=())
    gone = rows.there(Grants, event.person)
    formers = (*held.formers, *gone.formers, event.person)
    rows.put(msgspec.structs.replace(held, formers=formers))
