"""Grant reports: mid-term and final, with what the ledger says beside the organisation's words.

No number is typed: what is spent and which minutes are accepted is read when the report is handed
in (domain 10). A mid-term report is accepted or put right within the policy's days; the final one
is accepted by an officer, and only then its part is paid. Each has its last day in the contract:
the organisation is reminded before and told when it is over, and a late report is no closed door.
"""

from datetime import timedelta

from ledger.entry import Sealed
from timebank.access import Action
from timebank.actors import SYSTEM, Actor
from timebank.batch import Batch
from timebank.due import come
from timebank.funding.commitments import Commitment, Condition, meet
from timebank.funding.funded_hours import accepted_minutes, accepted_records
from timebank.funding.grant_life import (
    LIFECYCLE,
    FinalHandedIn,
    FundGrantState,
    GrantAccepted,
    GrantReminded,
    GrantReport,
    GrantReported,
    MidtermPassed,
    MidtermToFix,
)
from timebank.funding.grants import REPORTING, Grant, Granted, move_grant
from timebank.journal import write
from timebank.keys import RequestKey
from timebank.lifecycles import step
from timebank.notice_codes import NoticeCode
from timebank.refusals import Forbidden, Refusal
from timebank.representatives import ReminderNotDue, next_reminder, tell_representatives
from timebank.texts import LONGEST, keep_text

# Refusals


class ReportMissing(Refusal):
    """Nothing is accepted that was not reported."""

    says = "The {report} report is not there yet, or was given back."
    report: str


# Decisions


def decide_reported(held: Grant, report: GrantReport) -> None:
    """Whether this report waits. Refuses: ReportMissing."""
    if held.reported is not report:
        raise ReportMissing(report=report.value)


# Commands


async def report_grant(actor: Actor, *, grant: str, text: str, key: RequestKey) -> Granted:
    """Hand in the report that is due: mid-term while it runs, final once that was accepted.

    Args: text, the organisation's words, at most 2,000 characters.
    Refuses: NotFound, NotInThisState, TextMissing, TextTooLong.
    """
    records = await accepted_records(grant)

    def one(batch: Batch, held: Grant) -> Sealed:
        report = GrantReport.MIDTERM
        if held.state in (FundGrantState.MIDTERM_PASS, FundGrantState.FINAL):
            report = GrantReport.FINAL
        if held.state is FundGrantState.MIDTERM_PASS:
            batch.record(FinalHandedIn(grant=grant))
        step(LIFECYCLE, batch.there(Grant, grant).state, GrantReported)
        return batch.record(
            GrantReported(
                grant=grant,
                report=report,
                spent=batch.there(Commitment, grant).spent,
                minutes=accepted_minutes(batch, records),
                text=keep_text(batch, grant, report.value, text, most=LONGEST),
            )
        )

    return await move_grant(actor, grant, key, one, (Commitment, grant))


async def rule_on_midterm(actor: Actor, *, grant: str, accept: bool, key: RequestKey) -> Granted:
    """Accept the mid-term report, or have what it shows put right within the policy's days.

    Refuses: NotFound, NotInThisState, ReportMissing.   Source: domain 10.
    """

    def one(batch: Batch, held: Grant) -> Sealed:
        step(LIFECYCLE, held.state, MidtermPassed if accept else MidtermToFix)
        decide_reported(held, GrantReport.MIDTERM)
        if not accept:
            fix_by = batch.today + timedelta(days=batch.policy.fund.midterm_fix_days)
            remind_on = next_reminder(fix_by, batch.today)
            return batch.record(MidtermToFix(grant=grant, fix_by=fix_by, remind_on=remind_on))
        remind_on = held.final_due and next_reminder(held.final_due, batch.today)
        entry = batch.record(MidtermPassed(grant=grant, remind_on=remind_on))
        meet(batch, grant, Condition.MIDTERM)
        return entry

    more = (Commitment, grant)
    return await move_grant(actor, grant, key, one, more, action=Action.AWARD_GRANTS)


async def accept_grant(actor: Actor, *, grant: str, key: RequestKey) -> Granted:
    """Accept the final report and so the work. Refuses: NotFound, NotInThisState, ReportMissing."""

    def one(batch: Batch, held: Grant) -> Sealed:
        step(LIFECYCLE, held.state, GrantAccepted)
        decide_reported(held, GrantReport.FINAL)
        entry = batch.record(GrantAccepted(grant=grant))
        meet(batch, grant, Condition.FINAL)
        return entry

    more = (Commitment, grant)
    return await move_grant(actor, grant, key, one, more, action=Action.AWARD_GRANTS)


async def remind_of_grant(actor: Actor, *, grant: str, key: RequestKey | None = None) -> Granted:
    """Remind those who act for the organisation of a report, or say that it is late: by timer.

    Refuses: NotFound, NotInThisState, ReminderNotDue.
    """
    if actor != SYSTEM:
        raise Forbidden

    def work(batch: Batch) -> Granted:
        held = batch.need(Grant, grant, "application")
        step(LIFECYCLE, held.state, GrantReminded)
        if held.due is None or held.remind_on is None or batch.today < held.remind_on:
            raise ReminderNotDue
        remind_on = next_reminder(held.due, batch.today)
        entry = batch.record(GrantReminded(grant=grant, remind_on=remind_on))
        code = NoticeCode.GRANT_LATE if held.late(batch.today) else NoticeCode.GRANT_DUE
        tell_representatives(batch, held.organisation, code, grant)
        return Granted(entry=entry.seq, grant=grant)

    return await write(actor, key, work, answer=Granted, needs=[(Grant, grant)])


# Reads


grants_to_remind = come(Grant, "remind_on", *REPORTING)
"""Grants to remind of, the longest due first."""
