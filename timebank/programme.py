"""The programme: what is on at a station or near a home, how a day there goes, who is in now.

Reads alone: what `activities`, `sign_ups`, `attendance` and `hours` hold, put together for a desk
and a door. Decides nothing and writes nothing.
"""

from datetime import date, datetime, timedelta

import msgspec
from tortoise.expressions import Q

from timebank.access import Action, may_read
from timebank.activities import LONGEST, Activity, ActivityState
from timebank.actors import Actor
from timebank.attendance import EARLY, Attendance, Present, Whereabouts
from timebank.captures import visit_once
from timebank.clock import day_of, instant
from timebank.hours import TO_CONFIRM, CapturedOnce, Record
from timebank.journal import current
from timebank.places import Station
from timebank.refusals import Unauthenticated
from timebank.sign_ups import seats_taken
from timebank.tables import count, find, find_many, select
from timebank.teams import Team

GOING_ON = (ActivityState.OPEN, ActivityState.RUNNING)


class StationDay(msgspec.Struct, frozen=True, kw_only=True):
    """A day at a station in numbers of people, and of records that wait for a confirmation.

    Whoever has one may see the attendance of its activities.
    """

    station: str
    day: date
    activities: tuple[str, ...]
    signed_up: int
    present: int
    left: int
    to_confirm: int


def door_is_open(activity: Activity, now: datetime) -> bool:
    """Whether people come and go: from half an hour before the start until it is ended."""
    return activity.state in GOING_ON and activity.starts - EARLY <= now


async def activities_of(
    station: str,
    *,
    state: ActivityState | None = None,
    ends_after: datetime | None = None,
    starts_before: datetime | None = None,
    after: tuple[datetime, str] | None = None,
    before: tuple[datetime, str] | None = None,
    limit: int = 100,
    backward: bool = False,
) -> list[Activity]:
    """A station's activities by start and id, strictly between two of them, or from the end."""
    which = [Q(station=station), *_within(ends_after, starts_before)]
    which += [Q(state=state.value)] if state else []
    return await _page(which, after, before, limit, backward=backward)


async def open_activities(
    path: str,
    *,
    after: tuple[datetime, str] | None = None,
    before: tuple[datetime, str] | None = None,
    limit: int = 20,
    backward: bool = False,
) -> list[Activity]:
    """What takes sign-ups below a path and is not over, by start and id."""
    which = [Q(state=ActivityState.OPEN.value), Q(path__startswith=path)]
    which += _within(current().clock.now(), None)
    return await _page(which, after, before, limit, backward=backward)


def _within(ends_after: datetime | None, starts_before: datetime | None) -> list[Q]:
    # An index knows starts and no ends, so the longest that an activity lasts bounds its start.
    bounds = [Q(ends__gt=ends_after, starts__gt=ends_after - LONGEST)] if ends_after else []
    return bounds + ([Q(starts__lt=starts_before)] if starts_before else [])


async def _page(
    which: list[Q],
    after: tuple[datetime, str] | None,
    before: tuple[datetime, str] | None,
    limit: int,
    *,
    backward: bool,
) -> list[Activity]:
    bounds = [Q(starts__gt=after[0]) | Q(starts=after[0], id__gt=after[1])] if after else []
    bounds += [Q(starts__lt=before[0]) | Q(starts=before[0], id__lt=before[1])] if before else []
    order = ["-starts", "-id"] if backward else ["starts", "id"]
    return await select(Activity, *which, *bounds, order=order, limit=limit)


async def station_day(
    actor: Actor, station: str, day: date | None = None, *, team: str | None = None
) -> StationDay | None:
    """A station's day, today if none is given, for those who check people in there.

    Args: team, the team of the station's whose activities alone are told.
    """
    place = await find(Station, station)
    group = await find(Team, team) if team else None
    if place is None or (team and (group is None or group.station != station)):
        return None
    path = group.path if group else place.path
    if not await may_read(actor, Action.CHECK_IN_OTHERS, path):
        return None
    day = day or day_of(current().clock.now())
    begins = instant(day)
    held = await select(
        Activity,
        Q(starts__gte=begins, starts__lt=begins + timedelta(days=1)),
        ~Q(state__in=[ActivityState.CANCELLED.value, ActivityState.VOID.value]),
        Q(path=path) if group else Q(station=station),
    )
    ids = [activity.id for activity in held]
    there = (await find_many(Present, ids)).values() if ids else ()
    present = sum(len(row.people) for row in there)
    came = await count(Attendance, activity__in=ids) if ids else 0
    captured = {"path": path} if group else {"station": station}
    return StationDay(
        station=station,
        day=day,
        activities=tuple(ids),
        signed_up=sum((await seats_taken(ids)).values()) if ids else 0,
        present=present,
        left=came - present,
        to_confirm=await count(Record, TO_CONFIRM, **captured),
    )


async def attendance_of(
    actor: Actor,
    activity: str,
    *,
    after: str | None = None,
    before: str | None = None,
    limit: int = 100,
    backward: bool = False,
) -> list[Attendance]:
    """Visits of an activity, strictly between two ids: everybody's for its staff, else one's own.

    Raises Unauthenticated.
    """
    if not actor.known:
        raise Unauthenticated
    held = await find(Activity, activity)
    if held is None:
        return []
    theirs = await may_read(actor, Action.CHECK_IN_OTHERS, held.path)
    which = [Q(activity=activity)] + ([] if theirs else [Q(person=actor.person or "")])
    return await _visits(which, after, before, limit, backward=backward)


async def attendance_on(
    day: StationDay,
    *,
    after: str | None = None,
    before: str | None = None,
    limit: int = 100,
    backward: bool = False,
) -> list[Attendance]:
    """Visits of a day's activities, strictly between two ids."""
    if not day.activities:
        return []
    which = [Q(activity__in=day.activities)]
    return await _visits(which, after, before, limit, backward=backward)


async def _visits(
    which: list[Q], after: str | None, before: str | None, limit: int, *, backward: bool
) -> list[Attendance]:
    bounds = [Q(id__gt=after)] if after else []
    bounds += [Q(id__lt=before)] if before else []
    order = ["-id" if backward else "id"]
    return await select(Attendance, *which, *bounds, order=order, limit=limit)


async def attended(actor: Actor, id: str) -> Attendance | None:
    """One person's attendance of an activity: the actor's own, or at an activity of theirs."""
    held = await find(Attendance, id)
    if held is None or held.person == actor.person:
        return held
    activity = await find(Activity, held.activity)
    theirs = activity and await may_read(actor, Action.CHECK_IN_OTHERS, activity.path)
    return held if theirs else None


async def presence(actor: Actor) -> Attendance | None:
    """Where the actor is checked in now, if anywhere."""
    at = await find(Whereabouts, actor.person) if actor.person else None
    return await find(Attendance, f"{at.activity}/{at.person}") if at else None


async def records_of_visits(attendance: list[str]) -> dict[str, tuple[str | None, ...]]:
    """The record that each visit became, if it did, in their order, by attendance."""
    held = await find_many(Attendance, attendance)
    visits = {
        id: [visit_once(row.activity, row.person, n) for n in range(len(row.visits))]
        for id, row in held.items()
    }
    kept = await find_many(CapturedOnce, [once for own in visits.values() for once in own])
    return {
        str(id): tuple(kept[once].record if once in kept else None for once in own)
        for id, own in visits.items()
    }
