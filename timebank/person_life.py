"""The life of a person's account: what can happen to it, and what follows (domain 4 and 6).

Knows states and events; `people` keeps the persons, `closings` what becomes of the minutes of those
whose account is closed or frozen.
"""

from datetime import date
from enum import StrEnum

from timebank.actors import PersonId
from timebank.events import Event
from timebank.lifecycles import Lifecycle
from timebank.merge_life import MergeDropped, MergeProposed, PersonMerged


class PersonState(StrEnum):
    """The life of a person's account."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    CLOSED = "closed"
    DECEASED = "deceased"
    ERASING = "erasing"
    ERASED = "erased"
    MERGING = "merging"
    MERGED = "merged"


class SuspensionReason(StrEnum):
    """Why somebody may not serve for now."""

    FALSE_HOURS = "false_hours"
    CONDUCT = "conduct"
    OWN_WISH = "own_wish"


# Events


class PersonSuspended(Event, frozen=True, tag="person.suspended"):
    """A person may not serve for now."""

    person: PersonId
    reason: SuspensionReason


class PersonReinstated(Event, frozen=True, tag="person.reinstated"):
    """A suspended person may serve again."""

    person: PersonId


class AccountClosed(Event, frozen=True, tag="account.closed"):
    """A person closed their account; what is left in it is kept until `until`.

    `donation` is the one into which the balance went, if it was given away.
    """

    person: PersonId
    until: date
    donation: str | None = None


class AccountReopened(Event, frozen=True, tag="account.reopened"):
    """The person came back."""

    person: PersonId


class DeathReported(Event, frozen=True, tag="person.death_reported"):
    """The station learnt that a person died: the account is frozen, for the heirs until `until`."""

    person: PersonId
    until: date


class DeathWithdrawn(Event, frozen=True, tag="person.death_withdrawn"):
    """The report was wrong."""

    person: PersonId


class ErasureAsked(Event, frozen=True, tag="erasure.asked"):
    """A person asked to be erased: until that is done, or withdrawn, their data are not used."""

    person: PersonId


class ErasureWithdrawn(Event, frozen=True, tag="erasure.withdrawn"):
    """The person took it back; the account is closed."""

    person: PersonId


class HomeChanged(Event, frozen=True, tag="person.home_changed"):
    """Another station looks after a person from now on; `left` did before, if one did."""

    person: PersonId
    home: str
    left: str | None = None


class PersonShredded(Event, frozen=True, tag="person.shredded"):
    """What identified a person was destroyed; what they did stays under a name nobody bears."""

    person: PersonId


PersonMoved = (
    PersonSuspended
    | PersonReinstated
    | AccountClosed
    | AccountReopened
    | DeathReported
    | DeathWithdrawn
    | ErasureAsked
    | ErasureWithdrawn
    | PersonShredded
    | MergeProposed
    | MergeDropped
    | PersonMerged
)

# Lifecycle

# A copy that is put back may hold whoever was erased since, in any state: they are shredded again.

LIFECYCLE: Lifecycle[PersonState] = {
    PersonState.ACTIVE: {
        PersonSuspended: PersonState.SUSPENDED,
        AccountClosed: PersonState.CLOSED,
        DeathReported: PersonState.DECEASED,
        MergeProposed: PersonState.MERGING,
        PersonShredded: PersonState.ERASED,
    },
    PersonState.SUSPENDED: {
        PersonReinstated: PersonState.ACTIVE,
        DeathReported: PersonState.DECEASED,
        PersonShredded: PersonState.ERASED,
    },
    PersonState.CLOSED: {
        AccountReopened: PersonState.ACTIVE,
        DeathReported: PersonState.DECEASED,
        ErasureAsked: PersonState.ERASING,
        PersonShredded: PersonState.ERASED,
    },
    PersonState.DECEASED: {
        DeathWithdrawn: PersonState.ACTIVE,
        PersonShredded: PersonState.ERASED,
    },
    PersonState.ERASING: {
        ErasureWithdrawn: PersonState.CLOSED,
        PersonShredded: PersonState.ERASED,
    },
    PersonState.ERASED: {},
    PersonState.MERGING: {
        MergeDropped: PersonState.ACTIVE,
        PersonMerged: PersonState.MERGED,
        PersonShredded: PersonState.ERASED,
    },
    PersonState.MERGED: {PersonShredded: PersonState.ERASED},
}
