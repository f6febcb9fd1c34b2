"""Annual reports: opened each January, filled in field by field, handed in whole (domain 9).

What the ledger knows stands in it already; the rest is saved as it is typed, and every version that
was handed in is kept. Deadlines follow form and route. Knows reports and who sees them; what
supervising units and registrars decide is in `annual_report_rulings`.
"""

import json
from collections.abc import Sequence
from datetime import date

import msgspec
from msgspec.structs import replace

from ledger.entry import Sealed
from timebank.access import Action, at_hand
from timebank.actors import SYSTEM, Actor
from timebank.annual_report_life import (
    LIFECYCLE,
    WRITABLE,
    AnnualReportAccepted,
    AnnualReportBegun,
    AnnualReportLate,
    AnnualReportNotDue,
    AnnualReportOpened,
    AnnualReportReminded,
    AnnualReportReturned,
    AnnualReportState,
    AnnualReportSubmitted,
    AnnualReportSupervised,
    Moved,
    Verdict,
)
from timebank.batch import Batch
from timebank.clock import day_of
from timebank.due import over
from timebank.ids import new
from timebank.journal import Answer, current, write
from timebank.keys import RequestKey
from timebank.lifecycles import NotInThisState, step
from timebank.organisation_life import (
    STANDING,
    LegalForm,
    OrganisationDeregistered,
    OrganisationDissolving,
    OrganisationEntered,
    OrganisationRegistered,
    OrganisationRevoked,
)
from timebank.organisations import Organisation, acting_for
from timebank.policy import Organisation as Rules
from timebank.projections import Place, Rows, projects
from timebank.refusals import Forbidden, NotFound, Refusal
from timebank.report_fields import decide_value, decide_whole
from timebank.report_filling import fill
from timebank.representatives import next_reminder
from timebank.tables import Row, select, table
from timebank.texts import keep_text

LONGEST_VERSION = 100_000

# Refusals


class ReportNotDue(Refusal):
    """The window opens on 1 January (domain 9)."""

    says = "The report on {year} opens when the year is over."
    year: int


# Decisions


def decide_due(form: LegalForm, year: int, *, supervised: bool, rules: Rules) -> tuple[date, date]:
    """The last days of a year's report: for what comes first, and for the registrar.

    A supervising unit sees it first, where there is one.   Source: domain 9.
    """
    told = rules.foundation_due if form is LegalForm.FOUNDATION else rules.registrar_due
    registrar = date.fromisoformat(f"{year + 1}-{told}")
    first = date.fromisoformat(f"{year + 1}-{rules.supervisor_due}") if supervised else registrar
    return min(first, registrar), registrar


# Tables and projectors


@table(
    "annual_report",
    index=[("organisation", "id"), ("path", "state", "id"), ("state", "due"), ("remind_on",)],
)
class AnnualReport(Row, frozen=True):
    """One year's report; `path` is its organisation's, `version` how many were handed in.

    `due` is the last day to hand it in, `registrar_due` for it to be with the registrar;
    `returned` are the fields to be put right. `unsupervised` says that the registrar decided on the
    latest without its supervising unit; a column that came later than its table cannot demand it.
    """

    id: str
    organisation: str
    path: str
    year: int
    state: AnnualReportState
    supervised: bool
    due: date
    registrar_due: date
    late: bool = False
    version: int = 0
    submitted_seq: int | None = None
    submitted_on: date | None = None
    returned: tuple[str, ...] = ()
    verdict: Verdict | None = None
    remind_on: date | None = None
    unsupervised: bool | None = None

    @property
    def before_unit(self) -> bool:
        """Whether its supervising unit has it before it."""
        return self.supervised and self.state is AnnualReportState.SUBMITTED


@table("organisation_reporting", index=[("next_year",)])
class OrganisationReporting(Row, frozen=True):
    """On which year an organisation reports next."""

    organisation: str
    next_year: int


@table("report_draft", vault=True, sealed=True)
class ReportDraft(Row, frozen=True):
    """What was typed so far, by field."""

    report: str
    values: dict[str, str]


@projects(OrganisationRegistered, OrganisationEntered)
def _reports(
    rows: Rows, event: OrganisationRegistered | OrganisationEntered, entry: Sealed
) -> None:
    # What an organisation did before this ledger knew it was reported elsewhere.
    year = day_of(entry.at).year
    rows.put(OrganisationReporting(organisation=event.organisation, next_year=year))


@projects(OrganisationDissolving, OrganisationDeregistered, OrganisationRevoked)
def _reports_no_more(
    rows: Rows,
    event: OrganisationDissolving | OrganisationDeregistered | OrganisationRevoked,
    entry: Sealed,
) -> None:
    if rows.get(OrganisationReporting, event.organisation) is not None:
        rows.drop(OrganisationReporting, event.organisation)


@projects(AnnualReportOpened)
def _opened(rows: Rows, event: AnnualReportOpened, entry: Sealed) -> None:
    held = rows.there(Organisation, event.organisation)
    rows.put(
        AnnualReport(
            id=event.report,
            organisation=held.id,
            path=held.path,
            year=event.year,
            state=AnnualReportState.OPEN,
            supervised=event.supervised,
            due=event.due,
            registrar_due=event.registrar_due,
            remind_on=event.remind_on,
        )
    )
    rows.put(OrganisationReporting(organisation=held.id, next_year=event.year + 1))


@projects(
    AnnualReportReminded,
    AnnualReportBegun,
    AnnualReportLate,
    AnnualReportNotDue,
    AnnualReportSubmitted,
    AnnualReportSupervised,
    AnnualReportReturned,
    AnnualReportAccepted,
)
def _moved(rows: Rows, event: Moved, entry: Sealed) -> None:
    held = rows.there(AnnualReport, event.report)
    held = replace(held, state=step(LIFECYCLE, held.state, type(event)))
    if isinstance(event, AnnualReportReminded):
        held = replace(held, remind_on=event.remind_on)
    elif isinstance(event, AnnualReportLate):
        held = replace(held, late=True)
    elif isinstance(event, AnnualReportSubmitted):
        told = {"submitted_seq": entry.seq, "submitted_on": day_of(entry.at)}
        held = replace(held, version=event.version, returned=(), unsupervised=None, **told)
    elif isinstance(event, AnnualReportReturned):
        held = replace(held, returned=event.fields, unsupervised=event.unsupervised or None)
    elif isinstance(event, AnnualReportAccepted):
        held = replace(held, verdict=event.verdict, unsupervised=event.unsupervised or None)
    rows.put(held)


# Commands


class Reported(Answer, frozen=True, kw_only=True):
    """The report that was opened, filled in or handed in."""

    report: str


async def open_report(
    actor: Actor, *, organisation: str, key: RequestKey | None = None
) -> Reported:
    """Open an organisation's next report once its year is over: the software's own act, by timer.

    Refuses: NotFound, ReportNotDue.   Source: domain 9.
    """
    if actor != SYSTEM:
        raise Forbidden
    report = new("rpt")

    def work(batch: Batch) -> Reported:
        owes = batch.need(OrganisationReporting, organisation, "organisation")
        held = batch.there(Organisation, organisation)
        if batch.today.year <= owes.next_year:
            raise ReportNotDue(year=owes.next_year)
        supervised = held.supervisor is not None
        rules = batch.policy.organisation
        due, last = decide_due(held.form, owes.next_year, supervised=supervised, rules=rules)
        event = AnnualReportOpened(
            report=report,
            organisation=organisation,
            year=owes.next_year,
            supervised=supervised,
            due=due,
            registrar_due=last,
            remind_on=next_reminder(due, batch.today) or due,
        )
        return Reported(entry=batch.record(event).seq, report=report)

    needs: list[Place] = [
        (OrganisationReporting, organisation),
        (Organisation, organisation),
    ]
    return await write(actor, key, work, answer=Reported, needs=needs)


async def save_report(
    actor: Actor, *, report: str, values: Sequence[tuple[str, str]], key: RequestKey
) -> Reported:
    """Save some fields, as the organisation: what is typed is kept, whenever one goes on.

    Refuses: NotFound, NotInThisState, FieldUnknown, FieldFromLedger, FieldMalformed.
    """
    told = {code: decide_value(code, value) for code, value in values}

    def work(batch: Batch) -> Reported:
        held = own_report(batch, report)
        if held.state not in WRITABLE:
            raise NotInThisState(state=held.state.value, act="save")
        draft = batch.get(ReportDraft, report)
        batch.put(ReportDraft(report=report, values=(draft.values if draft else {}) | told))
        if held.state is not AnnualReportState.OPEN:
            return Reported(report=report)
        begun = AnnualReportBegun(report=report, organisation=held.organisation)
        return Reported(entry=batch.record(begun).seq, report=report)

    return await write(actor, key, work, answer=Reported, needs=needs_of(report))


async def submit_report(actor: Actor, *, report: str, key: RequestKey) -> Reported:
    """Hand a report in, with what the ledger knows now, as a new version.

    Refuses: NotFound, NotInThisState, FieldsMissing.   Source: domain 9.
    """
    seen = await at_hand(actor, Action.ACT_FOR_ORGANISATION, AnnualReport, report)
    known = await fill(seen.organisation, seen.year) if seen else {}

    def work(batch: Batch) -> Reported:
        held = own_report(batch, report)
        if seen is None:
            raise NotFound(what="report")  # it was out of reach a moment ago
        step(LIFECYCLE, held.state, AnnualReportSubmitted)
        draft = batch.get(ReportDraft, report)
        typed = draft.values if draft else {}
        decide_whole(typed)
        version = held.version + 1
        whole = {code: one.value for code, one in known.items()} | typed
        behind = {code: one.behind for code, one in known.items() if one.entries}
        event = AnnualReportSubmitted(
            report=report,
            organisation=held.organisation,
            version=version,
            values=keep_text(
                batch,
                version_of(report, version),
                "values",
                json.dumps(whole, ensure_ascii=False, sort_keys=True),
                most=LONGEST_VERSION,
            ),
            entries=keep_text(
                batch,
                version_of(report, version),
                "entries",
                msgspec.json.encode(behind, order="sorted").decode(),
                most=LONGEST_VERSION,
            ),
        )
        return Reported(entry=batch.record(event).seq, report=report)

    return await write(actor, key, work, answer=Reported, needs=needs_of(report))


async def mark_late(actor: Actor, *, report: str, key: RequestKey | None = None) -> Reported:
    """Note that the day is over, or that nothing is due: the software's own act, by timer.

    Refuses: NotFound, NotInThisState, ReportNotDue.
    """
    if actor != SYSTEM:
        raise Forbidden

    def work(batch: Batch) -> Reported:
        held = batch.need(AnnualReport, report, "report")
        step(LIFECYCLE, held.state, AnnualReportLate)
        if batch.today <= held.due:
            raise ReportNotDue(year=held.year)
        late = AnnualReportLate(report=report, organisation=held.organisation)
        entry = ended(batch, held) or batch.record(late)
        return Reported(entry=entry.seq, report=report)

    return await write(actor, key, work, answer=Reported, needs=needs_of(report))


# What the rulings ask


def own_report(batch: Batch, report: str) -> AnnualReport:
    """A report of an organisation that the actor acts for. Refuses: NotFound."""
    held = batch.need(AnnualReport, report, "report")
    acting_for(batch, held.organisation, what="report")
    return held


def ended(batch: Batch, report: AnnualReport) -> Sealed | None:
    """Note that nothing is due of an organisation that has ended; None of one that has not."""
    if batch.there(Organisation, report.organisation).state in STANDING:
        return None
    event = AnnualReportNotDue(report=report.id, organisation=report.organisation)
    return batch.record(event)


def needs_of(report: str) -> list[Place]:
    """The rows that a step on a report asks for."""
    return [(AnnualReport, report), (ReportDraft, report)]


def version_of(report: str, version: int) -> str:
    """Whose a version's texts are."""
    return f"{report}/{version}"


# Reads


async def reports_to_open(*, skip: int, limit: int) -> list[str]:
    """Organisations whose year is over and whose report is not open, the longest over first."""
    year = day_of(current().clock.now()).year
    due = await select(
        OrganisationReporting,
        next_year__lt=year,
        order=["next_year", "organisation"],
        limit=limit,
        offset=skip,
    )
    return [held.organisation for held in due]


reports_overdue = over(AnnualReport, "due", AnnualReportState.OPEN, AnnualReportState.DRAFT)
"""Reports that were not handed in by their day, the longest over first."""
