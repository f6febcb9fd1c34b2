"""Facts: what each entry adds to an organisation's year; no number is typed twice (domain 9).

One row an entry and field: a sum of them is a number of the annual report, and their positions are
the entries it leads to. What stands from year to year, a name or a code, is kept under the year 0,
where the last entry counts. Knows fields by name only; refuses to know what a report asks.
"""

from collections.abc import Sequence

import msgspec

from ledger.entry import Sealed
from timebank.access import RoleGranted
from timebank.activities import Activity, ActivityDeclared
from timebank.activity_life import ActivityCancelled, ActivityStarted, ActivityVoided
from timebank.clock import day_of
from timebank.events import Event
from timebank.organisation_changes import ChangeKind, OrganisationChange, OrganisationChangeApproved
from timebank.organisation_life import (
    OrganisationAbnormal,
    OrganisationApplied,
    OrganisationCleared,
    OrganisationEntered,
    OrganisationNameAsked,
    OrganisationReady,
    OrganisationRegistered,
)
from timebank.organisation_teams import (
    OrganisationTeam,
    TeamTied,
    TeamUntied,
    organisation_of_path,
)
from timebank.projections import Rows, projects_after
from timebank.representatives import organisation_over
from timebank.tables import Row, select, table

STANDING_YEAR = 0

# Tables and projectors


@table("organisation_fact", index=[("organisation", "year", "field", "seq"), ("seq",)])
class OrganisationFact(Row, frozen=True):
    """What one entry adds to a field of a year; `id` is `<organisation>/<year>/<field>/<seq>`."""

    id: str
    organisation: str
    year: int
    field: str
    amount: int
    seq: int


def add_fact(
    rows: Rows,
    organisation: str,
    field: str,
    amount: int,
    entry: Sealed,
    *,
    year: int | None = None,
) -> None:
    """Let an entry count for a field of an organisation's year, for projectors.

    Args: amount, in the field's unit, negative for what is taken back; year, that of the entry
    where none is given, 0 for what stands.
    """
    of = day_of(entry.at).year if year is None else year
    rows.put(
        OrganisationFact(
            id=f"{organisation}/{of}/{field}/{entry.seq}",
            organisation=organisation,
            year=of,
            field=field,
            amount=amount,
            seq=entry.seq,
        )
    )


SET_BY: dict[type[Event], tuple[str, ...]] = {
    OrganisationNameAsked: ("name", "form", "area", "route", "supervisor"),
    OrganisationReady: ("route",),
    OrganisationApplied: ("purpose", "address", "funds_fen", "member_persons", "member_units"),
    OrganisationRegistered: ("code", "registered_on", "representative"),
    OrganisationEntered: (
        *("name", "form", "area", "route", "supervisor"),
        *("code", "registered_on", "representative"),
    ),
}
"""Which fields an entry of the register says."""


@projects_after(*SET_BY)
def _set(
    rows: Rows,
    event: OrganisationNameAsked
    | OrganisationReady
    | OrganisationApplied
    | OrganisationRegistered
    | OrganisationEntered,
    entry: Sealed,
) -> None:
    for field in SET_BY[type(event)]:
        add_fact(rows, event.organisation, field, 1, entry, year=STANDING_YEAR)


@projects_after(OrganisationChangeApproved)
def _changed(rows: Rows, event: OrganisationChangeApproved, entry: Sealed) -> None:
    field = "route" if event.what is ChangeKind.SUPERVISOR else event.what.value
    add_fact(rows, event.organisation, field, 1, entry, year=STANDING_YEAR)
    if event.what is ChangeKind.SUPERVISOR:
        add_fact(rows, event.organisation, "supervisor", 1, entry, year=STANDING_YEAR)
    add_fact(rows, event.organisation, "changes", 1, entry)
    if rows.there(OrganisationChange, event.change).late:
        add_fact(rows, event.organisation, "late_changes", 1, entry)


@projects_after(OrganisationAbnormal, OrganisationCleared)
def _listed(rows: Rows, event: OrganisationAbnormal | OrganisationCleared, entry: Sealed) -> None:
    cleared = isinstance(event, OrganisationCleared)
    field = "abnormal_cleared" if cleared else "abnormal_listings"
    add_fact(rows, event.organisation, field, 1, entry)


@projects_after(RoleGranted)
def _given(rows: Rows, event: RoleGranted, entry: Sealed) -> None:
    organisation = organisation_over(event.scope)
    if organisation is not None:
        add_fact(rows, organisation, "roles_given", 1, entry)


@projects_after(TeamTied, TeamUntied)
def _tied(rows: Rows, event: TeamTied | TeamUntied, entry: Sealed) -> None:
    if isinstance(event, TeamTied):
        add_fact(rows, event.organisation, "teams_joined", 1, entry)
    elif rows.there(OrganisationTeam, event.team).since is not None:
        add_fact(rows, event.organisation, "teams_left", 1, entry)


ACTIVITY_FIELDS: dict[type[Event], str] = {
    ActivityDeclared: "activities_declared",
    ActivityStarted: "activities_held",
    ActivityCancelled: "activities_cancelled",
    ActivityVoided: "activities_voided",
}


@projects_after(*ACTIVITY_FIELDS)
def _activity(
    rows: Rows,
    event: ActivityDeclared | ActivityStarted | ActivityCancelled | ActivityVoided,
    entry: Sealed,
) -> None:
    held = rows.there(Activity, event.activity)
    organisation = organisation_of_path(rows, held.path) if held.team else None
    if organisation is not None:
        add_fact(rows, organisation, ACTIVITY_FIELDS[type(event)], 1, entry)


# Reads


class Told(msgspec.Struct, frozen=True):
    """A field's sum and the positions of the entries that make it, in their order."""

    amount: int
    entries: tuple[int, ...]


async def facts_of(organisation: str, year: int) -> dict[str, Told]:
    """The fields of an organisation's year, with their entries."""
    found: Sequence[OrganisationFact] = await select(
        OrganisationFact, organisation=organisation, year=year, order=["field", "seq"]
    )
    told: dict[str, list[OrganisationFact]] = {}
    for fact in found:
        told.setdefault(fact.field, []).append(fact)
    return {
        field: Told(sum(fact.amount for fact in facts), tuple(fact.seq for fact in facts))
        for field, facts in told.items()
    }


async def told_by(seqs: Sequence[int]) -> dict[int, set[str]]:
    """By position, the organisations whose fields an entry counts for."""
    told: dict[int, set[str]] = {}
    for fact in await select(OrganisationFact, seq__in=list(seqs)):
        told.setdefault(fact.seq, set()).add(fact.organisation)
    return told


async def facts_that_stand(organisation: str) -> dict[str, int]:
    """By field, the last entry that said it."""
    told = await facts_of(organisation, STANDING_YEAR)
    return {field: facts.entries[-1] for field, facts in told.items()}
