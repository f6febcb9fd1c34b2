"""Captures: how a record of service comes in, one at a time (domain 4).

By staff from paper, which mints nothing, or from a closed visit, by the volunteer or by staff.
Knows the checks that a capture must pass; `rosters` brings many at once through the same door.
"""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from ledger.entry import Sealed
from timebank.access import Action, Grants, may
from timebank.activities import Activity, ActivityKind, ActivityNotOpen, ActivityState
from timebank.actors import Actor, PersonId
from timebank.attendance import Attendance, Way
from timebank.attestations import decide_mode
from timebank.batch import Batch
from timebank.clock import day_of, hour_of
from timebank.counter import person_numbered
from timebank.days import (
    MINUTE,
    Interval,
    RecorderDay,
    ReviewReason,
    VolunteerDay,
    day_key,
    days_near,
    decide_filing,
    decide_place,
    decide_times,
    minutes_with,
    recorder_limits,
    street_of,
)
from timebank.emergency import emergency_on
from timebank.hours import CapturedOnce
from timebank.households import same_household
from timebank.ids import new
from timebank.journal import Answer, current, write
from timebank.keys import RequestKey
from timebank.kin import are_kin
from timebank.people import AgeBand, Person
from timebank.places import Station, working_station
from timebank.policy import Record as Rules
from timebank.projections import Place
from timebank.record_life import CaptureMode, Evidence, HoursCaptured, LateReason
from timebank.refusals import Forbidden, NotFound, Refusal, Unauthenticated
from timebank.sign_ups import able_to_serve

RECORDABLE = frozenset(
    {
        ActivityState.RUNNING,
        ActivityState.ENDED,
        ActivityState.OVERDUE,
        ActivityState.FILED,
    }
)


class Service(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What is said of one stretch of service: who served, where, when, and how it is known.

    `instead` tells that it takes the place of another record, of which its day was known in time.
    """

    volunteer: PersonId
    station: str
    starts: datetime
    ends: datetime
    kind: ActivityKind
    activity: str | None = None
    mode: CaptureMode = CaptureMode.MANUAL
    own: bool = False
    late: LateReason | None = None
    once: str | None = None
    recipient: PersonId | None = None
    evidence: Evidence | None = None
    instead: bool = False


def needed(services: Iterable[Service], recorder: str, now: datetime) -> set[Place]:
    """The rows that capturing services asks for; what they share, as a station, is there once."""
    needs: set[Place] = {(RecorderDay, day_key(recorder, day_of(now))), (Grants, recorder)}
    for one in services:
        needs |= {(Station, one.station), (Person, one.volunteer), (AgeBand, one.volunteer)}
        if one.ends > one.starts:
            for day in days_near(one.starts, one.ends):
                needs.add((VolunteerDay, day_key(one.volunteer, day)))
        if one.activity:
            needs.add((Activity, one.activity))
        if one.once:
            needs.add((CapturedOnce, one.once))
    return needs


# Refusals


class ActivityElsewhere(Refusal):
    """An activity belongs to one station."""

    says = "This activity belongs to another station."
    path = ("activity",)


class VisitNotClosed(Refusal):
    """A visit counts once both ends of it are known: a missing check-out never credits."""

    says = "This visit has no check-out; record it by hand if the times are known."


class RecipientIsVolunteer(Refusal):
    """Nobody serves themselves (domain 4)."""

    says = "Nobody can be recorded as serving themselves; name whoever was served."
    path = ("recipient",)


class RecipientIsClose(Refusal):
    """Help among kin and in one's own household is no volunteer service (domain 4)."""

    says = "Serving registered kin or one's own household earns nothing, so it is not recorded."
    path = ("recipient",)


# Decisions


def visit_once(activity: str, person: PersonId, visit: int) -> str:
    """What a visit's record is told apart by, so that no visit becomes two."""
    return f"visit:{activity}:{person}:{visit}"


def path_of(batch: Batch, station: str, activity: str | None) -> str:
    """Where service is recorded: the activity's path, or the station's.

    Refuses: NotFound, StationNotActive, ActivityElsewhere, ActivityNotOpen.
    """
    place = working_station(batch, station)
    if activity is None:
        return place.path
    held = batch.need(Activity, activity, "activity")
    if held.station != station:
        raise ActivityElsewhere
    if held.state not in RECORDABLE:
        raise ActivityNotOpen(state=held.state.value)
    return held.path


def decide_recipient(volunteer: PersonId, recipient: PersonId, *, close: bool) -> None:
    """Whether serving the recipient is volunteer service; `close` tells kin and household.

    Domain 4 lists it among the checks, each with its own error code, so it is refused, and not
    recorded as service that earns nothing.   Refuses: RecipientIsVolunteer, RecipientIsClose.
    """
    if volunteer == recipient:
        raise RecipientIsVolunteer
    if close:
        raise RecipientIsClose


def is_close(batch: Batch, one: PersonId, other: PersonId) -> bool:
    """Whether two people are registered kin or live together: help among them earns nothing."""
    return are_kin(batch, one, other) or same_household(batch, one, other)


def may_capture(batch: Batch, path: str) -> bool:
    """Whether the actor may record at a path; the district may, for what comes too late."""
    return may(batch, Action.CAPTURE_HOURS, path) or may(batch, Action.CAPTURE_OLD_HOURS, path)


def capture(batch: Batch, service: Service, path: str) -> tuple[str, Sealed]:
    """Record a service that the actor may record at `path`; the record's id and entry.

    Refuses: PersonNotActive, BelowServiceAge, IntervalWrong, InTheFuture, Overlaps, GapTooShort,
    DayTooLong, ServiceTooLong, LateReasonMissing, TooLateToRecord, EvidenceMissing,
    OnlyDistrictAttests, RecipientIsVolunteer, RecipientIsClose.
    Source: domain 4.
    """
    day = day_of(service.starts)
    rules = batch.policy_on(day).record
    able_to_serve(batch, service.volunteer, day)
    if service.recipient is not None:
        close = is_close(batch, service.volunteer, service.recipient)
        decide_recipient(service.volunteer, service.recipient, close=close)
    minutes = decide_times(service.starts, service.ends, batch.now)
    record = new("rec")
    reasons, emergencies = _fits(batch, service, path, record, rules)
    # Nothing else depends on who records it, and a roster has many rows.
    old = (batch.today - day).days > rules.late_days
    district = (old or service.evidence is not None) and may(batch, Action.CAPTURE_OLD_HOURS, path)
    past = _past_limits(batch, service, minutes, rules, district=district)
    late_days = rules.late_days if old and not service.instead else None
    event = HoursCaptured(
        record=record,
        volunteer=service.volunteer,
        station=service.station,
        path=path,
        starts=service.starts,
        ends=service.ends,
        minutes=minutes,
        kind_of_service=service.kind,
        mode=decide_mode(service.mode, service.evidence, late_days=late_days, district=district),
        activity=service.activity,
        own=service.own,
        late=service.late,
        review=(*reasons, *past),
        once=service.once,
        recipient=service.recipient,
        emergencies=emergencies,
        evidence=service.evidence,
    )
    return record, batch.record(event)


def _fits(
    batch: Batch, service: Service, path: str, record: str, rules: Rules
) -> tuple[list[ReviewReason], tuple[str, ...]]:
    """Whether the day has room: why a second reviewer must look, the emergencies that made room."""
    interval = Interval(
        record=record, street=street_of(path), starts=service.starts, ends=service.ends
    )
    near = days_near(service.starts, service.ends, rules.min_gap_minutes * MINUTE)
    days = {}
    for one in near:
        held = batch.get(VolunteerDay, day_key(service.volunteer, one))
        days[one] = held.intervals if held else ()
    minutes = minutes_with(interval, days)
    emergencies = {
        day: emergency
        for day, served in minutes.items()
        if served > rules.second_review_max and (emergency := emergency_on(batch, path, day))
    }
    long = decide_place(interval, days, minutes, rules, emergency=emergencies)
    reasons = [ReviewReason.DAY_MINUTES] if long else []
    return reasons, tuple(dict.fromkeys(emergencies.values()))


def _past_limits(
    batch: Batch, service: Service, minutes: int, rules: Rules, *, district: bool
) -> list[ReviewReason]:
    day = day_of(service.starts)
    reason = service.late or service.evidence
    late = decide_filing(day, batch.today, rules, reason=reason, district=district)
    recorder = batch.get(RecorderDay, day_key(batch.actor.id, batch.today))
    past = recorder_limits(recorder, service.volunteer, minutes, hour_of(batch.now), rules)
    if late:
        past = [ReviewReason.LATE, *past]
    return [ReviewReason.EXTERNAL, *past] if service.evidence else past


# Commands


class Captured(Answer, frozen=True, kw_only=True):
    """The record that was made, or the one that the visit became before."""

    record: str


async def capture_hours(
    actor: Actor,
    *,
    volunteer: PersonId,
    station: str,
    starts: datetime,
    ends: datetime,
    kind: ActivityKind,
    key: RequestKey,
    activity: str | None = None,
    late: LateReason | None = None,
    recipient: str | None = None,
    duty: bool = False,
    evidence: Evidence | None = None,
) -> Captured:
    """Record a service by hand, as a clerk does from paper: it counts for stars, mints no credit.

    Args: recipient, the volunteer number of who was served, if they have one; duty, whether it was
    work in paid time, which is visible and counts for nothing (domain 3); evidence, what the
    district saw of service that was recorded too late, or elsewhere.
    Refuses: NotFound, StationNotActive, ActivityElsewhere, ActivityNotOpen, and what `capture`
    refuses.   Source: domain 4.
    """
    if not actor.known:
        raise Unauthenticated
    service = Service(
        volunteer=volunteer,
        station=station,
        starts=starts,
        ends=ends,
        kind=kind,
        activity=activity,
        mode=CaptureMode.DUTY if duty else CaptureMode.MANUAL,
        late=late,
        evidence=evidence,
    )

    def work(batch: Batch) -> Captured:
        path = path_of(batch, station, activity)
        if not may_capture(batch, path):
            raise Forbidden
        record, entry = capture(batch, _serving(batch, service, recipient), path)
        return Captured(entry=entry.seq, record=record)

    needs = needed([service], actor.id, current().clock.now())
    return await write(actor, key, work, answer=Captured, needs=needs)


async def capture_visit(
    actor: Actor,
    *,
    activity: str,
    person: PersonId,
    visit: int,
    key: RequestKey,
    recipient: str | None = None,
    late: LateReason | None = None,
) -> Captured:
    """Make a closed visit a record; `visit` counts a person's visits of the activity from 0.

    By the person, or by staff of the activity. A check-out with one's own credential is acceptance
    given beforehand. Attended by check-in it stays, however late: then a reason says why.
    Refuses: NotFound, VisitNotClosed, and what `capture` refuses.
    """
    if not actor.known:
        raise Unauthenticated
    once = visit_once(activity, person, visit)
    attendance = f"{activity}/{person}"
    today = day_of(current().clock.now())

    def work(batch: Batch) -> Captured:
        held = batch.need(Activity, activity, "activity")
        if actor.person != person and not may_capture(batch, held.path):
            raise NotFound(what="visit")
        before = batch.get(CapturedOnce, once)
        if before is not None:
            return Captured(record=before.record)
        service = _visited(batch.need(Attendance, attendance, "visit"), held, visit, once, late)
        service = _serving(batch, service, recipient)
        record, entry = capture(batch, service, path_of(batch, held.station, activity))
        return Captured(entry=entry.seq, record=record)

    needs: list[Place] = [
        (Activity, activity),
        (Attendance, attendance),
        (CapturedOnce, once),
        (Person, person),
        (AgeBand, person),
        (RecorderDay, day_key(actor.id, today)),
        (VolunteerDay, day_key(person, today)),  # a visit becomes a record on its day
    ]
    return await write(actor, key, work, answer=Captured, needs=needs)


def _serving(batch: Batch, service: Service, recipient: str | None) -> Service:
    """The service with who was served, by volunteer number. Refuses: NotFound."""
    if recipient is None:
        return service
    return msgspec.structs.replace(service, recipient=person_numbered(batch, recipient).id)


def _visited(
    held: Attendance, activity: Activity, visit: int, once: str, late: LateReason | None
) -> Service:
    if visit not in range(len(held.visits)):
        raise NotFound(what="visit")
    stay = held.visits[visit]
    if stay.ended is None or stay.ended_by is Way.UNCONFIRMED:
        raise VisitNotClosed
    return Service(
        volunteer=held.person,
        station=activity.station,
        starts=stay.began,
        ends=stay.ended,
        kind=activity.kind,
        activity=activity.id,
        mode=CaptureMode.CHECK_IN,
        own=stay.ended_by is Way.STATION_CODE,
        once=once,
        late=late,
    )
