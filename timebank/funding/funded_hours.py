"""Funded hours: which activities a commitment pays for, and how many minutes of them are accepted.

A part of a payment may ask for hours, and then for such as the volunteers accepted themselves
(domain 10). An activity is paid for by one commitment. Knows activities and minutes; refuses to
know volunteers.
"""

from collections.abc import Sequence
from typing import Unpack

from tortoise.expressions import Q

from ledger.entry import Sealed
from timebank.access import Action, permit
from timebank.activities import Activity
from timebank.actors import Actor
from timebank.batch import Batch
from timebank.events import Event
from timebank.funding.commitments import Commitment
from timebank.hours import SERVED, Record
from timebank.journal import Answer, write
from timebank.keys import RequestKey
from timebank.organisation_teams import OrganisationTeam, TieState, organisation_of_path
from timebank.projections import Place, Rows, projects
from timebank.record_life import RecordState
from timebank.refusals import Refusal
from timebank.tables import Row, Where, find, page_by_id, select, table

ACCEPTED = RecordState.POSTED
"""Accepted by the volunteer, not counted by silence; work in paid time is no service (domain 3)."""

# Events


class ActivityFunded(Event, frozen=True, tag="activity.funded"):
    """A commitment pays for an activity."""

    activity: str
    commitment: str


# Refusals


class ActivityFundedAlready(Refusal):
    """The hours of an activity are counted once."""

    says = "This activity is paid for already; its hours count once."


class FundedElsewhere(Refusal):
    """An area's money pays for activities of that area (domain 10)."""

    says = "This activity is not in the area whose money this is."


class FundedForOthers(Refusal):
    """An organisation's hours count for its own money, and for nobody else's."""

    says = "This activity is an organisation's own; choose money that was promised to it."
    path = ("commitment",)


# Decisions


def decide_funded(
    activity: Activity,
    commitment: Commitment,
    held: "FundedActivity | None",
    organisation: str | None,
) -> ActivityFunded:
    """Let a commitment pay for an activity.

    Args: organisation, whose team runs the activity, if it is one's.
    Refuses: ActivityFundedAlready, FundedElsewhere, FundedForOthers.
    """
    if held is not None:
        raise ActivityFundedAlready
    if not activity.path.startswith(commitment.path):
        raise FundedElsewhere
    if organisation is not None and commitment.payee != organisation:
        raise FundedForOthers
    return ActivityFunded(activity=activity.id, commitment=commitment.id)


# Tables and projectors


@table("funded_activity", index=[("commitment", "activity")])
class FundedActivity(Row, frozen=True):
    """The commitment that pays for an activity."""

    activity: str
    commitment: str


@projects(ActivityFunded)
def _funded(rows: Rows, event: ActivityFunded, entry: Sealed) -> None:
    rows.put(FundedActivity(activity=event.activity, commitment=event.commitment))


# Commands


class Funded(Answer, frozen=True, kw_only=True):
    """The activity and the commitment that pays for it."""

    activity: str
    commitment: str


async def fund_activity(actor: Actor, *, activity: str, commitment: str, key: RequestKey) -> Funded:
    """Say that a commitment pays for an activity, as whoever runs the activity.

    Refuses: NotFound, ActivityFundedAlready, FundedElsewhere, FundedForOthers. Source: domain 10.
    """

    def work(batch: Batch) -> Funded:
        held = batch.need(Activity, activity, "activity")
        permit(batch, Action.RUN_ACTIVITY, held.path)
        promised = batch.need(Commitment, commitment, "commitment")
        whose = organisation_of_path(batch, held.path)
        event = decide_funded(held, promised, batch.get(FundedActivity, activity), whose)
        entry = batch.record(event)
        return Funded(entry=entry.seq, activity=activity, commitment=commitment)

    needs: list[Place] = [
        (Activity, activity),
        (Commitment, commitment),
        (FundedActivity, activity),
    ]
    return await write(actor, key, work, answer=Funded, needs=needs)


# What other capabilities ask


async def accepted_records(commitment: str) -> list[str]:
    """The records of funded activities that their volunteers accepted, by id."""
    return [record.id for record in await _accepted([commitment])]


def accepted_minutes(batch: Batch, records: Sequence[str]) -> int:
    """What these records hold that are accepted still."""
    batch.ask(*((Record, id) for id in records))
    held = [batch.there(Record, id) for id in records]
    return sum(record.minutes for record in held if record.state is ACCEPTED and record.mode.counts)


async def _accepted(commitments: Sequence[str]) -> list[Record]:
    funded = await select(FundedActivity, commitment__in=list(commitments))
    activities = [one.activity for one in funded]
    return await select(Record, SERVED, activity__in=activities, state=ACCEPTED.value)


# Reads


async def minutes_of(commitments: Sequence[str]) -> dict[str, int]:
    """The accepted minutes of what commitments pay for; none where they pay for no activity."""
    funded = await select(FundedActivity, commitment__in=list(commitments))
    whose = {one.activity: one.commitment for one in funded}
    sums = dict.fromkeys(whose.values(), 0)
    for record in await _accepted(list(sums)):
        sums[whose[record.activity or ""]] += record.minutes
    return sums


async def promise_of(activity: str) -> str | None:
    """The commitment that pays for an activity, if one does: everybody may know."""
    held = await find(FundedActivity, activity)
    return held.commitment if held else None


async def funded_activities(commitment: str, **where: Unpack[Where]) -> list[Activity]:
    """The activities that a commitment pays for, by id."""
    funded = await select(FundedActivity, commitment=commitment)
    return await page_by_id(Activity, where, id__in=[one.activity for one in funded])


async def promises_for(activity: str, **where: Unpack[Where]) -> list[Commitment]:
    """What may pay for an activity: promises of the areas it lies in, by id.

    Where an organisation's team holds it, those to that organisation.
    """
    held = await find(Activity, activity)
    if held is None:
        return []
    team = await find(OrganisationTeam, held.team) if held.team else None
    to = {"payee": team.organisation} if team and team.state is TieState.STANDS else {}
    areas = [part for part in held.path.split("/") if part.isdigit()]
    return await page_by_id(Commitment, where, Q(unit__in=areas), fen__gt=0, **to)


def cost_of_hour(fen: int, minutes: int) -> int | None:
    """What an accepted hour cost, in whole fen; None where there is no hour."""
    return fen * 60 // minutes if minutes else None
