"""Rulings on annual reports: seen by the supervising unit, returned by field, accepted (domain 9).

Whoever has it before them returns single fields with a comment on each; the organisation hands in
another version. A supervising unit that says nothing holds up no report for ever: it has the days
that the rule leaves it, and after them the registrar goes on without it. Reminders go to those who
act for the organisation, some days before the last one and when it is over.
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date

from timebank.access import Action
from timebank.actors import SYSTEM, Actor
from timebank.annual_report_life import (
    LIFECYCLE,
    WRITABLE,
    AnnualReportAccepted,
    AnnualReportReminded,
    AnnualReportReturned,
    AnnualReportSupervised,
    Verdict,
)
from timebank.annual_reports import AnnualReport, Reported, ended, needs_of, version_of
from timebank.batch import Batch
from timebank.due import come
from timebank.events import Event
from timebank.journal import write
from timebank.keys import RequestKey
from timebank.lifecycles import step
from timebank.notice_codes import NoticeCode
from timebank.organisations import organisation_at_hand, supervised
from timebank.policy import Organisation as Rules
from timebank.policy import policies_on
from timebank.refusals import Forbidden, NotFound, Refusal
from timebank.report_fields import FIELDS, FieldUnknown
from timebank.representatives import ReminderNotDue, next_reminder, tell_representatives
from timebank.tables import find_many
from timebank.texts import TextTooLong, keep_text

COMMENT_MOST = 500
COMMENTS_MOST = 60_000

# Refusals


class SupervisorFirst(Refusal):
    """The supervising unit sees a report before the registrar decides on it (domain 9)."""

    says = (
        "The supervising unit has until {until} to see this report; decide without it after that."
    )
    until: date


class CommentsMissing(Refusal):
    """What is returned says which fields are wrong, and why."""

    says = "Say of at least one field what is to be put right."
    path = ("comments",)


# Decisions


def decide_wait(report: AnnualReport, rules: Rules) -> date:
    """The last day on which the registrar waits for the supervising unit.

    That of the year by which the registrar is to have it; what was handed in late leaves the unit
    as many days as lie between its own last day and that one.   Source: domain 9.
    """
    year = report.registrar_due.year
    last, own = (f"{year}-{day}" for day in (rules.registrar_due, rules.supervisor_due))
    days = date.fromisoformat(last) - date.fromisoformat(own)
    return max(report.registrar_due, (report.submitted_on or report.due) + days)


def decide_turn(report: AnnualReport, event: type[Event], *, wait: date, today: date) -> bool:
    """Whether it is the registrar's turn, and true where the supervising unit said nothing.

    Refuses: NotInThisState, SupervisorFirst.
    """
    step(LIFECYCLE, report.state, event)
    if report.before_unit and today <= wait:
        raise SupervisorFirst(until=wait)
    return report.before_unit


def decide_comments(comments: Mapping[str, str]) -> dict[str, str]:
    """What is said of the fields. Refuses: CommentsMissing, FieldUnknown, TextTooLong."""
    told = {code: " ".join(words.split()) for code, words in comments.items()}
    if not told or not all(told.values()):
        raise CommentsMissing
    for code, words in told.items():
        if code not in FIELDS:
            raise FieldUnknown(field=code[:60])
        if len(words) > COMMENT_MOST:
            raise TextTooLong(label=code, most=COMMENT_MOST, length=len(words))
    return told


# Commands


async def supervise_report(actor: Actor, *, report: str, key: RequestKey) -> Reported:
    """Have nothing against the version before one, as the supervising unit.

    Refuses: NotFound, NotInThisState.   Source: domain 9.
    """

    def work(batch: Batch) -> Reported:
        held = batch.need(AnnualReport, report, "report")
        supervised(batch, held.organisation, what="report")
        step(LIFECYCLE, held.state, AnnualReportSupervised)
        event = AnnualReportSupervised(
            report=report, organisation=held.organisation, version=held.version
        )
        return Reported(entry=batch.record(event).seq, report=report)

    return await write(actor, key, work, answer=Reported, needs=needs_of(report))


async def return_report(
    actor: Actor, *, report: str, comments: Mapping[str, str], key: RequestKey
) -> Reported:
    """Return fields to be put right, as whoever has the report before them.

    Args: comments, by field what is wrong with it, at most 500 characters each.
    Refuses: CommentsMissing, FieldUnknown, TextTooLong, NotFound, NotInThisState, OwnOrganisation,
    SupervisorFirst.   Source: domain 9.
    """
    told = decide_comments(comments)

    def work(batch: Batch) -> Reported:
        held, unsupervised = _at_hand(batch, report, AnnualReportReturned)
        words = json.dumps(told, ensure_ascii=False, sort_keys=True)
        label = version_of(report, held.version)
        event = AnnualReportReturned(
            report=report,
            organisation=held.organisation,
            version=held.version,
            fields=tuple(sorted(told)),
            comments=keep_text(batch, label, "comments", words, most=COMMENTS_MOST),
            unsupervised=unsupervised,
        )
        entry = batch.record(event)
        tell_representatives(batch, held.organisation, NoticeCode.REPORT_RETURNED, report)
        return Reported(entry=entry.seq, report=report)

    return await write(actor, key, work, answer=Reported, needs=needs_of(report))


async def accept_report(
    actor: Actor, *, report: str, verdict: Verdict, key: RequestKey
) -> Reported:
    """Accept a version, as the registrar.

    Refuses: NotFound, OwnOrganisation, NotInThisState, SupervisorFirst.   Source: domain 9.
    """

    def work(batch: Batch) -> Reported:
        held = batch.need(AnnualReport, report, "report")
        organisation_at_hand(batch, held.organisation, Action.REGISTER_ORGANISATION, what="report")
        unsupervised = _turn(batch, held, AnnualReportAccepted)
        event = AnnualReportAccepted(
            report=report,
            organisation=held.organisation,
            version=held.version,
            verdict=verdict,
            unsupervised=unsupervised,
        )
        entry = batch.record(event)
        tell_representatives(batch, held.organisation, NoticeCode.REPORT_ACCEPTED, report)
        return Reported(entry=entry.seq, report=report)

    return await write(actor, key, work, answer=Reported, needs=needs_of(report))


async def remind_of_report(actor: Actor, *, report: str, key: RequestKey | None = None) -> Reported:
    """Remind those who act for the organisation: the software's own act, by timer.

    Refuses: NotFound, NotInThisState, ReminderNotDue.
    """
    if actor != SYSTEM:
        raise Forbidden

    def work(batch: Batch) -> Reported:
        held = batch.need(AnnualReport, report, "report")
        step(LIFECYCLE, held.state, AnnualReportReminded)
        if held.remind_on is None or batch.today < held.remind_on:
            raise ReminderNotDue
        if (gone := ended(batch, held)) is not None:
            return Reported(entry=gone.seq, report=report)
        event = AnnualReportReminded(
            report=report,
            organisation=held.organisation,
            remind_on=next_reminder(held.due, batch.today),
        )
        entry = batch.record(event)
        tell_representatives(batch, held.organisation, NoticeCode.REPORT_DUE, report)
        return Reported(entry=entry.seq, report=report)

    return await write(actor, key, work, answer=Reported, needs=needs_of(report))


def _turn(batch: Batch, report: AnnualReport, event: type[Event]) -> bool:
    # The unit's days began when it had the report.
    rules = batch.policy_on(report.submitted_on or batch.today).organisation
    wait = decide_wait(report, rules)
    return decide_turn(report, event, wait=wait, today=batch.today)


def _at_hand(batch: Batch, report: str, event: type[Event]) -> tuple[AnnualReport, bool]:
    """The report, for the supervising unit while it has it, else for the registrar.

    And whether the registrar goes on without the unit.
    """
    held = batch.need(AnnualReport, report, "report")
    if held.before_unit:
        with suppress(NotFound):
            supervised(batch, held.organisation, what="report")
            step(LIFECYCLE, held.state, event)
            return held, False
    organisation_at_hand(batch, held.organisation, Action.REGISTER_ORGANISATION, what="report")
    return held, _turn(batch, held, event)


# Reads


async def waits_of(ids: Sequence[str]) -> dict[str, date]:
    """Until when the registrar waits for the supervising unit, of reports that it has.

    For whoever was asked already who may see them.
    """
    held = [one for one in (await find_many(AnnualReport, ids)).values() if one.before_unit]
    days = {one.submitted_on or one.due for one in held}
    rules = await policies_on(days)
    return {
        one.id: decide_wait(one, rules[one.submitted_on or one.due].organisation) for one in held
    }


reminders_due = come(AnnualReport, "remind_on", *WRITABLE)
"""Reports to remind of, the longest due first."""
