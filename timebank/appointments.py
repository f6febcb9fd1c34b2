"""Appointments: a retired member holds an office in a committee or team for a term (domain 8).

Whoever holds it says so, with separate consent, since it tells that they are a Party member; the
community's secretary confirms it. It stands under an alias and is seen by those two alone. Knows
bodies, offices and terms; in-service members report instead (`member_reports`).
"""

from datetime import date

from msgspec.structs import replace

from ledger.entry import Sealed
from timebank.access import Action
from timebank.actors import SYSTEM, Actor
from timebank.aliases import (
    Alias,
    MemberRow,
    Shared,
    in_hand,
    module_on,
    person_behind,
    tie,
    under_alias,
)
from timebank.appointment_life import (
    GOING,
    LIFECYCLE,
    AppointmentConfirmed,
    AppointmentDeclared,
    AppointmentEnded,
    AppointmentOver,
    AppointmentReturned,
    AppointmentState,
    AppointmentTermRuns,
    AppointmentTermWrong,
    Body,
    Moved,
    Office,
    TooManyAppointments,
)
from timebank.batch import Batch
from timebank.divisions import Area
from timebank.due import over
from timebank.ids import new
from timebank.journal import Answer, write
from timebank.keys import RequestKey
from timebank.lifecycles import step
from timebank.member_life import OwnReport, ReportConsentMissing
from timebank.people import Person, active_person
from timebank.places import must_be_community
from timebank.projections import Place, Rows, projects
from timebank.refusals import Forbidden, NotFound
from timebank.tables import Row, table

MOST_OPEN = 5
"""A guard, not a rule of the domain: offices that somebody says they hold at once."""

LONGEST_YEARS = 6
"""A guard: a committee is elected for five years, and somebody may say so late."""


# Decisions


def decide_term(first_day: date, last_day: date, *, today: date, held: int) -> None:
    """Whether a term may be declared beside `held` others.

    Refuses: AppointmentTermWrong, TooManyAppointments.
    """
    if last_day < first_day or last_day < today or last_day.year - today.year > LONGEST_YEARS:
        raise AppointmentTermWrong(years=LONGEST_YEARS)
    if held >= MOST_OPEN:
        raise TooManyAppointments(most=MOST_OPEN)


# Tables and projectors


@table("appointment", index=[("member", "id"), ("path", "id"), ("state", "last_day")])
class Appointment(MemberRow, frozen=True):
    """One appointment; `path` is the community's."""

    community: str
    body: Body
    office: Office
    state: AppointmentState
    first_day: date
    last_day: date


@table("member_offices")
class MemberOffices(Row, frozen=True):
    """The appointments of a member that are told or served."""

    member: str
    appointments: tuple[str, ...]


@projects(AppointmentDeclared)
def _declared(rows: Rows, event: AppointmentDeclared, entry: Sealed) -> None:
    rows.put(
        Appointment(
            id=event.appointment,
            member=event.member,
            community=event.community,
            path=rows.there(Area, event.community).path,
            body=event.body,
            office=event.office,
            state=AppointmentState.TOLD,
            first_day=event.first_day,
            last_day=event.last_day,
        )
    )
    held = rows.get(MemberOffices, event.member)
    offices = (*(held.appointments if held else ()), event.appointment)
    rows.put(MemberOffices(member=event.member, appointments=offices))


@projects(AppointmentConfirmed, AppointmentReturned, AppointmentEnded, AppointmentOver)
def _moved(rows: Rows, event: Moved, entry: Sealed) -> None:
    held = rows.there(Appointment, event.appointment)
    state = step(LIFECYCLE, held.state, type(event))
    rows.put(replace(held, state=state))
    if state not in GOING:
        offices = rows.there(MemberOffices, event.member)
        left = tuple(one for one in offices.appointments if one != event.appointment)
        rows.put(replace(offices, appointments=left))


# Commands


class Appointed(Answer, frozen=True, kw_only=True):
    """The appointment that was declared or moved on."""

    appointment: str


async def declare_appointment(
    actor: Actor,
    *,
    community: str,
    body: Body,
    office: Office,
    first_day: date,
    last_day: date,
    consent: bool,
    key: RequestKey,
) -> Appointed:
    """Say that one holds an office as a retired member, with separate consent to its being known.

    Refuses: MemberModuleOff, ReportConsentMissing, NotFound, NotACommunity, PersonNotActive,
    AppointmentTermWrong, TooManyAppointments.   Source: domain 8 and 11.
    """
    member, appointment = await under_alias(actor), new("apt")

    def work(batch: Batch) -> Appointed:
        module_on(batch)
        if not consent:
            raise ReportConsentMissing
        person = active_person(batch, actor.person or "").id
        must_be_community(batch.need(Area, community, "area"))
        alias = tie(batch, person)
        held = batch.get(MemberOffices, alias)
        decide_term(
            first_day, last_day, today=batch.today, held=len(held.appointments) if held else 0
        )
        event = AppointmentDeclared(
            appointment=appointment,
            member=alias,
            community=community,
            body=body,
            office=office,
            first_day=first_day,
            last_day=last_day,
        )
        return Appointed(entry=batch.record(event).seq, appointment=appointment)

    needs: list[Place] = [
        (Alias, member.person or ""),
        (Person, member.person or ""),
        (Area, community),
        (MemberOffices, member.id),
    ]
    return await write(member, key, work, answer=Appointed, needs=needs)


async def resign_appointment(actor: Actor, *, appointment: str, key: RequestKey) -> Appointed:
    """End one's own appointment at any time. Refuses: MemberModuleOff, NotFound, NotInThisState."""
    member = await under_alias(actor)

    def work(batch: Batch) -> Appointed:
        module_on(batch)
        held = batch.need(Appointment, appointment, "appointment")
        if held.member != batch.actor.id:
            raise NotFound(what="appointment")
        return _moving(batch, held, AppointmentEnded)

    return await write(member, key, work, answer=Appointed, needs=[(Appointment, appointment)])


async def confirm_appointment(actor: Actor, *, appointment: str, key: RequestKey) -> Appointed:
    """Confirm an office, as the community's secretary.

    Refuses: MemberModuleOff, NotFound, OwnReport, NotInThisState.
    """
    return await _by_secretary(actor, appointment, AppointmentConfirmed, key)


async def return_appointment(actor: Actor, *, appointment: str, key: RequestKey) -> Appointed:
    """Say that there is no such office. Refuses: MemberModuleOff, NotFound, NotInThisState."""
    return await _by_secretary(actor, appointment, AppointmentReturned, key)


async def end_appointment(actor: Actor, *, appointment: str, key: RequestKey) -> Appointed:
    """End an appointment early, as the secretary. Refuses: MemberModuleOff, NotFound, OwnReport."""
    return await _by_secretary(actor, appointment, AppointmentEnded, key)


async def close_appointment(
    actor: Actor, *, appointment: str, key: RequestKey | None = None
) -> Appointed:
    """End an appointment whose term is over: the software's own act, by timer.

    Refuses: NotFound, NotInThisState, AppointmentTermRuns.
    """
    if actor != SYSTEM:
        raise Forbidden

    def work(batch: Batch) -> Appointed:
        held = batch.need(Appointment, appointment, "appointment")
        step(LIFECYCLE, held.state, AppointmentOver)
        if batch.today <= held.last_day:
            raise AppointmentTermRuns(last_day=held.last_day)
        return _moving(batch, held, AppointmentOver)

    return await write(actor, key, work, answer=Appointed, needs=[(Appointment, appointment)])


async def _by_secretary(
    actor: Actor, appointment: str, event: type[Moved], key: RequestKey
) -> Appointed:
    def work(batch: Batch) -> Appointed:
        handling = Action.HANDLE_MEMBER_REPORTS
        held = in_hand(batch, Appointment, appointment, handling, "appointment")
        if person_behind(batch, held.member) == batch.actor.person:
            raise OwnReport
        return _moving(batch, held, event)

    return await write(actor, key, work, answer=Appointed, needs=[(Appointment, appointment)])


def _moving(batch: Batch, held: Appointment, event: type[Moved]) -> Appointed:
    step(LIFECYCLE, held.state, event)
    entry = batch.record(event(appointment=held.id, member=held.member))
    return Appointed(entry=entry.seq, appointment=held.id)


# Reads


OFFICES = Shared(Appointment, Action.HANDLE_MEMBER_REPORTS)
"""What the holder and the secretary see of appointments."""


appointments_over = over(Appointment, "last_day", *GOING)
"""The appointments whose term is over and that are not ended, the longest over first."""
