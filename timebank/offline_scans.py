"""Offline scans: what a station's device took down while the network was gone (domain 4).

The device signs each scan, gives it an id of its own and keeps it until it has an answer; sent
again, it is answered again and counts once. A scan is a check-in, or the check-out of the visit
that is open or that was closed unconfirmed meanwhile: the time is the device's, so it lies within
the days in which a roster is filed. Refuses to know how a device stores its queue.
"""

import base64
import binascii
import re
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from ledger.entry import Sealed
from timebank.access import Action, in_reach
from timebank.activities import Activity, ActivityNotOpen, ActivityState
from timebank.actors import Actor, PersonId
from timebank.attendance import (
    LATE,
    ON,
    Attendance,
    CheckedIn,
    CheckedOut,
    Present,
    Visit,
    Way,
    Whereabouts,
    decide_check_in,
    tell_forgotten,
    whole_minute,
)
from timebank.batch import Batch
from timebank.clock import day_of
from timebank.counter import spelled
from timebank.device_life import Device
from timebank.events import Event
from timebank.journal import Answer, write
from timebank.keys import RequestKey
from timebank.notices import Inbox
from timebank.people import AgeBand, Person, VolunteerNumber
from timebank.projections import Place, Rows, projects
from timebank.refusals import NotFound, Refusal, Unauthenticated
from timebank.sign_ups import able_to_serve
from timebank.tables import Row, find_many, table

MOST_SCANS = 100
"""What one request takes, within the size of any other."""

AFTERWARDS = ON | {ActivityState.ENDED, ActivityState.OVERDUE}
"""Where a scan still tells who was there: the roster is not filed yet."""

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class OfflineScan(msgspec.Struct, frozen=True, kw_only=True):
    """One scan: `id` is the device's own, a UUID; `at` its clock's, `signature` in base 64."""

    id: str
    activity: str
    number: str
    at: datetime
    signature: str


# Events


class ScanSynced(Event, frozen=True, tag="attendance.scan_synced"):
    """A device's signed scan came in; what it says of the visit is the entry behind it.

    The signature covers the volunteer's number as well, which the registration's entry tells: the
    ledger alone is enough to check what the device said.
    """

    device: str
    scan: str
    activity: str
    person: PersonId
    at: datetime
    signature: str


# Refusals


class TooManyScans(Refusal):
    """One request has a size."""

    says = "1 to {most} scans at a time."
    most: int
    path = ("scans",)


class ScanIdWrong(Refusal):
    """The ledger holds no free text, and what a device calls its scans could be any."""

    says = "The id of a scan is a UUID in lower case, made anew for each."


class ScanNotSigned(Refusal):
    """What a device without a key, or somebody else, says proves nothing."""

    says = "The signature of this scan does not agree with it and the device's key."
    scan: str


class ScanIdReused(Refusal):
    """One id, one scan."""

    says = "A scan with this id came in before with other content; give each scan its own."
    scan: str


class ScanFromFuture(Refusal):
    """A clock that runs ahead tells nothing."""

    says = "This scan lies in the future; set the clock of the device."
    scan: str


class ScanTooOld(Refusal):
    """A device may be offline for as long as a roster may wait to be filed (domain 4)."""

    says = "This scan is more than {days} days old; record the service by hand, with its reason."
    scan: str
    days: int


class ScanOutOfOrder(Refusal):
    """Somebody was there already at that time, by what came in before."""

    says = "This scan lies within a visit that is known; record by hand what is missing."
    scan: str


# Tables and projectors


@table("offline_scan")
class ScanIn(Row, frozen=True):
    """A scan that came in; `id` is `<device>/<the device's id>`."""

    id: str
    activity: str
    person: str
    at: datetime
    seq: int


def scan_key(device: str, scan: str) -> str:
    """The key of ScanIn."""
    return f"{device}/{scan}"


@projects(ScanSynced)
def _synced(rows: Rows, event: ScanSynced, entry: Sealed) -> None:
    rows.put(
        ScanIn(
            id=scan_key(event.device, event.scan),
            activity=event.activity,
            person=event.person,
            at=event.at,
            seq=entry.seq,
        )
    )


# Decisions


def signed_text(device: str, scan: OfflineScan) -> bytes:
    """What a device signs: six lines, the time in UTC to the second."""
    at = f"{scan.at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    lines = ("timebank-scan-v1", device, scan.id, scan.activity, spelled(scan.number), at)
    return "".join(f"{line}\n" for line in lines).encode()


def decide_signature(device: str, key: str | None, scan: OfflineScan) -> str:
    """The signature in its one spelling, if it is the device's.

    Refuses: ScanIdWrong, ScanNotSigned.
    """
    if not _ID.fullmatch(scan.id):
        raise ScanIdWrong
    try:
        signature = base64.b64decode(scan.signature, validate=True)
        public = Ed25519PublicKey.from_public_bytes(base64.b64decode(key or ""))
        public.verify(signature, signed_text(device, scan))
        return base64.b64encode(signature).decode()
    except (InvalidSignature, binascii.Error, ValueError):
        raise ScanNotSigned(scan=scan.id) from None


def decide_time(scan: OfflineScan, now: datetime, file_days: int) -> None:
    """Whether a scan comes in while a roster could. Refuses: ScanFromFuture, ScanTooOld."""
    if scan.at > now:
        raise ScanFromFuture(scan=scan.id)
    if (day_of(now) - day_of(scan.at)).days > file_days:
        raise ScanTooOld(scan=scan.id, days=file_days)


def ends_visit(visits: Sequence[Visit], scan: OfflineScan) -> bool:
    """Whether a scan is the check-out of the last visit rather than another check-in.

    It ends a visit that is open, or that was closed unconfirmed in the half hour before it or
    after.   Refuses: ScanOutOfOrder, for a time that lies before what is known.
    """
    if not visits:
        return False
    last = visits[-1]
    if scan.at < last.began:
        raise ScanOutOfOrder(scan=scan.id)
    if last.ended is None:
        return True
    if last.ended_by is Way.UNCONFIRMED and scan.at <= last.ended + LATE:
        return True
    if scan.at < last.ended:
        raise ScanOutOfOrder(scan=scan.id)
    return False


# Commands


class ScanOutcome(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one scan: the visit it tells of and its entry, or the refusal's code."""

    scan: str
    attendance: str | None = None
    entry: int | None = None
    code: str | None = None
    details: dict[str, str] = {}


class Synced(Answer, frozen=True, kw_only=True):
    """What became of each scan, in the order they were sent."""

    outcomes: tuple[ScanOutcome, ...]


async def sync_scans(actor: Actor, *, scans: Sequence[OfflineScan], key: RequestKey) -> Synced:
    """Take in what a device of a station scanned while it was offline, the earliest first.

    Refuses: TooManyScans; for each scan NotFound, ScanIdWrong, ScanNotSigned, ScanIdReused,
    ScanFromFuture, ScanTooOld, ScanOutOfOrder, PersonNotActive, BelowServiceAge, and what
    `decide_check_in` refuses.   Source: domain 4.
    """
    if not actor.device:
        raise Unauthenticated
    if not 0 < len(scans) <= MOST_SCANS:
        raise TooManyScans(most=MOST_SCANS)
    known = await find_many(VolunteerNumber, {spelled(scan.number) for scan in scans})
    people = {str(number): held.person for number, held in known.items()}

    def work(batch: Batch) -> Synced:
        told = {}
        for n in sorted(range(len(scans)), key=lambda n: scans[n].at):
            told[n] = _outcome(batch, scans[n], people.get(spelled(scans[n].number)))
        _tell_unconfirmed(batch, [told[n] for n in told])
        first = batch.entries[0].seq if batch.entries else None
        return Synced(entry=first, outcomes=tuple(told[n] for n in range(len(scans))))

    needs: list[Place] = [(Device, actor.id)]
    for scan in scans:
        person = people.get(spelled(scan.number), "")
        needs += [(ScanIn, scan_key(actor.id, scan.id)), (Activity, scan.activity)]
        needs += [(row, person) for row in (Person, AgeBand, Whereabouts, Inbox)]
        needs += [(Attendance, f"{scan.activity}/{person}"), (Present, scan.activity)]
    return await write(actor, key, work, answer=Synced, needs=needs)


def _outcome(batch: Batch, scan: OfflineScan, person: PersonId | None) -> ScanOutcome:
    told = batch.attempt(lambda: _take_in(batch, scan, person))
    if told is None:
        return ScanOutcome(scan=scan.id)
    if isinstance(told, Refusal):
        return ScanOutcome(scan=scan.id, code=told.code, details=told.details)
    return ScanOutcome(scan=scan.id, attendance=f"{told.activity}/{told.person}", entry=told.seq)


def _take_in(batch: Batch, scan: OfflineScan, person: PersonId | None) -> ScanIn:
    activity = in_reach(batch, Action.CHECK_IN_OTHERS, Activity, scan.activity, what="activity")
    device = batch.there(Device, batch.actor.id)
    signature = decide_signature(device.id, device.key, scan)
    if person is None:
        raise NotFound(what="volunteer")
    id = scan_key(device.id, scan.id)
    if before := batch.get(ScanIn, id):
        if (before.activity, before.person, before.at) != (activity.id, person, scan.at):
            raise ScanIdReused(scan=scan.id)
        return before
    decide_time(scan, batch.now, batch.policy_on(day_of(scan.at)).record.file_days)
    batch.record(
        ScanSynced(
            device=device.id,
            scan=scan.id,
            activity=activity.id,
            person=person,
            at=scan.at,
            signature=signature,
        )
    )
    if activity.state not in AFTERWARDS:
        raise ActivityNotOpen(state=activity.state.value)
    held = batch.get(Attendance, f"{activity.id}/{person}")
    if ends_visit(held.visits if held else (), scan):
        _depart(batch, activity, person, scan)
    else:
        _arrive(batch, activity, batch.need(Person, person, "volunteer"), held, scan)
    return batch.there(ScanIn, id)


def _arrive(
    batch: Batch, activity: Activity, who: Person, held: Attendance | None, scan: OfflineScan
) -> None:
    able_to_serve(batch, who.id, day_of(activity.starts))
    decide_check_in(
        activity,
        held,
        _elsewhere(batch, who.id, scan),
        number=who.number,
        now=scan.at,
        most=batch.policy_on(day_of(scan.at)).record.max_checkins_per_activity_day,
        states=AFTERWARDS,
    )
    told = {"activity": activity.id, "person": who.id}
    batch.record(CheckedIn(**told, at=whole_minute(scan.at), way=Way.OFFLINE_SCAN))
    if activity.state not in ON:
        # It is over: open for nobody, so that the check-out closes what was unconfirmed.
        batch.record(CheckedOut(**told, at=activity.ends, way=Way.UNCONFIRMED))


def _elsewhere(batch: Batch, person: PersonId, scan: OfflineScan) -> Whereabouts | None:
    """Where the person is checked in since before the scan, if anywhere."""
    now = batch.get(Whereabouts, person)
    if now is None:
        return None
    (*_, stay) = batch.there(Attendance, f"{now.activity}/{person}").visits
    return now if stay.began <= scan.at else None


def _depart(batch: Batch, activity: Activity, person: PersonId, scan: OfflineScan) -> None:
    at, way = whole_minute(scan.at), Way.OFFLINE_SCAN
    if at > activity.ends + LATE:
        at, way = activity.ends, Way.UNCONFIRMED
    batch.record(CheckedOut(activity=activity.id, person=person, at=at, way=way))


def _tell_unconfirmed(batch: Batch, outcomes: Sequence[ScanOutcome]) -> None:
    """Tell whoever has a visit without a check-out, once all the scans are in."""
    for id in dict.fromkeys(one.attendance for one in outcomes if one.attendance):
        held = batch.there(Attendance, id)
        if held.visits[-1].ended_by is Way.UNCONFIRMED:
            tell_forgotten(batch, held.activity, [held.person])
