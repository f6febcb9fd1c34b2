"""Activity plans: what a station means to hold, and declaring it in time (domain 4 and 5).

Activities of many people are declared some days before, so that whoever looks after the place can
come and see. Knows what makes a plan one and who may declare it; `activities` knows what becomes of
an activity then.
"""

from datetime import datetime, timedelta

import msgspec

from timebank.access import Action, permit
from timebank.activities import LONGEST, STATED, Acted, ActivityDeclared, ActivityKind
from timebank.actors import Actor
from timebank.batch import Batch
from timebank.clock import day_of
from timebank.ids import new
from timebank.journal import write
from timebank.keys import RequestKey
from timebank.places import Station, working_station
from timebank.policy import Policy
from timebank.refusals import NotFound, Refusal
from timebank.teams import Team, TeamState
from timebank.texts import keep_text

LONGEST_TITLE = 80
LONGEST_STATED = 500


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What a station, or one of its teams, means to hold.

    `place` is said where it is not the station itself, `requirements` where not everybody can take
    part, `risks` where there are any: whoever signs up has read them (Order 685, Art. 12 to 17).
    """

    station: str
    kind: ActivityKind
    title: str
    seats: int
    starts: datetime
    ends: datetime
    team: str | None = None
    place: str = ""
    requirements: str = ""
    risks: str = ""

    @property
    def stated(self) -> dict[str, str]:
        """What is said beside the title, by label: nothing where it is the usual."""
        words = {label: " ".join(getattr(self, label).split()) for label in STATED}
        return {label: told for label, told in words.items() if told}


# Refusals


class TimesWrong(Refusal):
    """An activity ends after it starts, and within 16 hours."""

    says = "An activity ends after it starts and lasts at most 16 hours."
    path = ("ends",)


class SeatsWrong(Refusal):
    """An activity has seats."""

    says = "An activity has at least one seat."
    path = ("seats",)


class DeclaredTooLate(Refusal):
    """Activities of many people are declared days before (domain 4)."""

    says = (
        "Activities of {people} or more people are declared {days} days before; this is too late."
    )
    people: int
    days: int
    path = ("starts",)


# Decisions


def decide_plan(*, starts: datetime, ends: datetime, seats: int) -> None:
    """Whether a plan can be one at all. Refuses: TimesWrong, SeatsWrong."""
    if not timedelta(0) < ends - starts <= LONGEST:
        raise TimesWrong
    if seats < 1:
        raise SeatsWrong


def decide_declare(
    *, starts: datetime, ends: datetime, seats: int, now: datetime, policy: Policy
) -> None:
    """Whether an activity may be declared. Refuses: TimesWrong, SeatsWrong, DeclaredTooLate."""
    decide_plan(starts=starts, ends=ends, seats=seats)
    rules = policy.record
    late = (day_of(starts) - day_of(now)).days < rules.declare_days
    if seats >= rules.declare_from_people and late:
        raise DeclaredTooLate(people=rules.declare_from_people, days=rules.declare_days)


# What other capabilities ask


def plan_path(batch: Batch, plan: Plan) -> str:
    """Where a plan belongs, if the actor may declare there. Refuses: NotFound."""
    place = batch.need(Station, plan.station, "station")
    group = batch.need(Team, plan.team, "team") if plan.team else None
    if group is not None and (group.station, group.state) != (place.id, TeamState.ACTIVE):
        raise NotFound(what="team")
    path = group.path if group else place.path
    permit(batch, Action.DECLARE_ACTIVITY, path)
    return path


def declare(batch: Batch, plan: Plan) -> Acted:
    """Declare what is planned, as the actor may; see `declare_activity`."""
    plan_path(batch, plan)
    working_station(batch, plan.station)
    asked = {"starts": plan.starts, "ends": plan.ends}
    decide_declare(**asked, seats=plan.seats, now=batch.now, policy=batch.policy)
    activity = new("act")
    told = keep_text(batch, activity, "title", plan.title, most=LONGEST_TITLE)
    stated = {
        label: keep_text(batch, activity, label, words, most=LONGEST_STATED)
        for label, words in plan.stated.items()
    }
    event = ActivityDeclared(
        activity=activity,
        station=plan.station,
        team=plan.team,
        kind_of_service=plan.kind,
        seats=plan.seats,
        title=told,
        **asked,
        place=stated.get("place"),
        requirements=stated.get("requirements"),
        risks=stated.get("risks"),
    )
    return Acted(entry=batch.record(event).seq, activity=activity)


# Commands


async def declare_activity(
    actor: Actor,
    *,
    station: str,
    kind: ActivityKind,
    title: str,
    seats: int,
    starts: datetime,
    ends: datetime,
    key: RequestKey,
    team: str | None = None,
    place: str = "",
    requirements: str = "",
    risks: str = "",
) -> Acted:
    """Declare an activity of a station or of one of its teams.

    Args: place, requirements and risks, as `Plan` has them, at most 500 characters each.

    Refuses: NotFound, StationNotActive, TimesWrong, SeatsWrong, DeclaredTooLate, TextMissing,
    TextTooLong.   Source: domain 4 (declared 3 days before from 10 people) and 5.
    """

    plan = Plan(
        station=station,
        kind=kind,
        title=title,
        seats=seats,
        starts=starts,
        ends=ends,
        team=team,
        place=place,
        requirements=requirements,
        risks=risks,
    )

    def work(batch: Batch) -> Acted:
        return declare(batch, plan)

    return await write(actor, key, work, answer=Acted, needs=[(Station, station)])
