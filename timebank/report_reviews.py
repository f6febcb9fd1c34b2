"""Report reviews: what a community's Party secretary does with a member report (domain 8).

Received, found in order or given back; the software lets lapse what nobody reconfirmed. For anybody
but the secretary a report is not there, whatever is asked of it. Reports are in `member_reports`.
"""

from timebank.access import Action
from timebank.actors import SYSTEM, Actor, PersonId
from timebank.aliases import LEAVING, in_hand, module_on, person_behind
from timebank.batch import Batch
from timebank.events import Event
from timebank.journal import write
from timebank.keys import RequestKey
from timebank.lifecycles import step
from timebank.member_life import (
    LIFECYCLE,
    MemberActivated,
    MemberLapsed,
    MemberReceived,
    MemberReturned,
    Moved,
    OwnReport,
    ReportCurrent,
    ReturnReason,
)
from timebank.member_reports import MemberReport, Reported, reconfirm_by
from timebank.notices import NoticeCode, notify
from timebank.refusals import Forbidden

# Commands


async def receive_report(actor: Actor, *, report: str, key: RequestKey) -> Reported:
    """Acknowledge a report, as the community's secretary.

    Refuses: MemberModuleOff, NotFound, OwnReport, NotInThisState.
    """

    def work(batch: Batch) -> Reported:
        held, person = _at_hand(batch, report, MemberReceived)
        event = MemberReceived(report=report, member=held.member)
        return _told(batch, person, event, NoticeCode.MEMBER_REPORT_RECEIVED)

    return await write(actor, key, work, answer=Reported, needs=[(MemberReport, report)])


async def activate_report(actor: Actor, *, report: str, key: RequestKey) -> Reported:
    """Find a received report in order: the member may claim from now on.

    Refuses: MemberModuleOff, NotFound, OwnReport, NotInThisState.
    """

    def work(batch: Batch) -> Reported:
        held, person = _at_hand(batch, report, MemberActivated)
        event = MemberActivated(report=report, member=held.member, reconfirm_by=reconfirm_by(batch))
        return _told(batch, person, event, NoticeCode.MEMBER_REPORT_ACTIVE)

    return await write(actor, key, work, answer=Reported, needs=[(MemberReport, report)])


async def return_report(
    actor: Actor, *, report: str, reason: ReturnReason, key: RequestKey
) -> Reported:
    """Give a report back, with a reason; the member may report anew.

    Refuses: MemberModuleOff, NotFound, OwnReport, NotInThisState.
    """

    def work(batch: Batch) -> Reported:
        held, person = _at_hand(batch, report, MemberReturned)
        event = MemberReturned(report=report, member=held.member, reason=reason)
        return _told(batch, person, event, NoticeCode.MEMBER_REPORT_RETURNED)

    return await write(actor, key, work, answer=Reported, needs=[(MemberReport, report)])


async def lapse_report(actor: Actor, *, report: str, key: RequestKey | None = None) -> Reported:
    """Let a report lapse that nobody reconfirmed in time: the software's own act, by timer.

    Where nobody knows any more who the member was, what they claimed is let go of too.
    Refuses: MemberModuleOff, NotFound, NotInThisState, ReportCurrent.   Source: domain 8.
    """
    if actor != SYSTEM:
        raise Forbidden

    def work(batch: Batch) -> Reported:
        module_on(batch)
        held = batch.need(MemberReport, report, "member report")
        step(LIFECYCLE, held.state, MemberLapsed)
        if held.reconfirm_by is not None and batch.today <= held.reconfirm_by:
            raise ReportCurrent(until=held.reconfirm_by)
        event = MemberLapsed(report=report, member=held.member)
        whose = person_behind(batch, held.member)
        lapsed = _told(batch, whose, event, NoticeCode.MEMBER_REPORT_LAPSED)
        if whose is None:
            # Nobody will ever come back to what an erased member claimed.
            for let_go in LEAVING:
                let_go(batch, held.member)
        return lapsed

    return await write(actor, key, work, answer=Reported, needs=[(MemberReport, report)])


def _at_hand(batch: Batch, report: str, event: type[Event]) -> tuple[MemberReport, PersonId | None]:
    """The report and its person, for the community's secretary; for others it is not there."""
    held = in_hand(batch, MemberReport, report, Action.HANDLE_MEMBER_REPORTS, "member report")
    person = person_behind(batch, held.member)
    if batch.actor.person == person:
        raise OwnReport
    step(LIFECYCLE, held.state, event)
    return held, person


def _told(batch: Batch, person: PersonId | None, event: Moved, code: NoticeCode) -> Reported:
    """Record what became of a report, and tell its member, unless nobody knows who it was."""
    entry = batch.record(event)
    if person is not None:
        notify(batch, person, code, event.report, hands=[batch.actor.person])
    return Reported(entry=entry.seq, report=event.report)
