"""Grant awards: money is promised, contracted, stopped, asked back and closed.

Awarding promises the money and plans its parts by the policy of the day: on the contract, on the
accepted mid-term report, on the accepted final one, which waits for the accepted hours of the
application too. The contract says by when each report is due. Who stops a grant gives what was not
paid back at once, and whoever has to be asked for the rest is barred (domain 10).
"""

import re
from datetime import date

from ledger.entry import Sealed
from timebank import accounts
from timebank.access import Action
from timebank.accounts import balance
from timebank.actors import Actor
from timebank.batch import Batch
from timebank.funding.calls import Call
from timebank.funding.commitments import Commitment, Condition, ask_of, commit_funds, meet, release
from timebank.funding.grant_life import (
    LIFECYCLE,
    GrantAudited,
    GrantAwarded,
    GrantBegun,
    GrantClosed,
    GrantContracted,
    GrantRecovered,
    GrantStopped,
    GrantStopReason,
    RecoveryBegun,
)
from timebank.funding.grants import Grant, Granted, move_grant
from timebank.funding.sources import FundSource, decide_in_use
from timebank.funding.tranches import parts_of, plan_tranches, withhold_all
from timebank.keys import RequestKey
from timebank.lifecycles import step
from timebank.organisations import active_organisation, bar_organisation
from timebank.publicity import Publicity, decide_heard
from timebank.refusals import Refusal
from timebank.representatives import next_reminder

HASH = re.compile(r"[0-9a-f]{64}")
STEPS = (Condition.CONTRACT, Condition.MIDTERM, Condition.FINAL)

# Refusals


class HashWrong(Refusal):
    """A document is named by its SHA-256."""

    says = "Give the document's SHA-256, 64 hexadecimal digits in small letters."


class ReportDayWrong(Refusal):
    """Money is accounted for while it may be used."""

    says = "The final report is due from {first_day} to {last_day}, when this money may be used."
    first_day: date
    last_day: date
    path = ("finalDue",)


class NotAccountedFor(Refusal):
    """Every fen is spent with a voucher or given back before a grant ends (domain 10)."""

    says = "{fen} fen are neither accounted for nor given back."
    fen: int


class NothingToRecover(Refusal):
    """Recovery is for money that is out."""

    says = "Everything that was paid is accounted for or given back; there is nothing to recover."


class AcceptorAudits(Refusal):
    """Who accepted the work does not take the audit in."""

    says = "You accepted this work; another officer must take in the audit."


# Decisions


def decide_hash(value: str) -> str:
    """Refuses: HashWrong."""
    if not HASH.fullmatch(value):
        raise HashWrong
    return value


def decide_settled(held: Commitment) -> None:
    """Whether what was paid is spent or given back. Refuses: NotAccountedFor."""
    if held.paid != held.spent:
        raise NotAccountedFor(fen=held.paid - held.spent)


def decide_days(source: FundSource, final_due: date | None, today: date) -> tuple[date, date]:
    """By when the mid-term and the final report are due: half way, and in the money's own time.

    Args: final_due, the last day of the source if there is none.
    Refuses: SourceOver, ReportDayWrong.   Source: domain 10.
    """
    decide_in_use(source, today)
    final = final_due or source.last_day
    if not today <= final <= source.last_day:
        raise ReportDayWrong(first_day=today, last_day=source.last_day)
    return today + (final - today) // 2, final


# Commands


async def award_grant(actor: Actor, *, grant: str, key: RequestKey) -> Granted:
    """After the publicity, promise the money and plan its parts.

    Refuses: NotFound, NotInThisState, PublicityOpen, PublicityUndecided, OrganisationNotActive,
    BarredOrganisation, SourceOver, NotAllotted, NotEnoughMoney.   Source: domain 10.
    """

    def one(batch: Batch, held: Grant) -> Sealed:
        step(LIFECYCLE, held.state, GrantAwarded)
        decide_heard(batch.there(Publicity, grant), batch.today)
        active_organisation(batch, held.organisation)
        call = batch.there(Call, held.call)
        commit_funds(
            batch,
            grant,
            source=call.source,
            unit=call.unit,
            purpose=call.purpose,
            fen=held.fen,
            payee=held.organisation,
        )
        entry = batch.record(GrantAwarded(grant=grant, fen=held.fen))
        parts = parts_of(held.fen, batch.policy.fund.tranches_percent)
        asks = [*[0] * (len(parts) - 1), held.least_minutes]
        plan_tranches(batch, grant, list(zip(parts, STEPS, asks, strict=True)))
        return entry

    return await move_grant(actor, grant, key, one, action=Action.AWARD_GRANTS)


async def contract_grant(
    actor: Actor, *, grant: str, contract: str, key: RequestKey, final_due: date | None = None
) -> Granted:
    """Note the signed contract by its hash; its first part may be paid.

    Args: final_due, the last day for the final report; none for the money's own last day.
    Refuses: NotFound, NotInThisState, HashWrong, SourceOver, ReportDayWrong.
    """

    def one(batch: Batch, held: Grant) -> Sealed:
        step(LIFECYCLE, held.state, GrantContracted)
        signed, source = decide_hash(contract), batch.there(Commitment, grant).source
        batch.ask((FundSource, source))
        midterm, final = decide_days(batch.there(FundSource, source), final_due, batch.today)
        entry = batch.record(
            GrantContracted(grant=grant, contract=signed, midterm_due=midterm, final_due=final)
        )
        meet(batch, grant, Condition.CONTRACT)
        return entry

    more = (Commitment, grant)
    return await move_grant(actor, grant, key, one, more, action=Action.AWARD_GRANTS)


async def begin_grant(actor: Actor, *, grant: str, key: RequestKey) -> Granted:
    """Begin the work, as whoever stands for the organisation. Refuses: NotFound, NotInThisState."""

    def one(batch: Batch, held: Grant) -> Sealed:
        step(LIFECYCLE, held.state, GrantBegun)
        remind_on = held.midterm_due and next_reminder(held.midterm_due, batch.today)
        return batch.record(GrantBegun(grant=grant, remind_on=remind_on))

    return await move_grant(actor, grant, key, one)


async def audit_grant(actor: Actor, *, grant: str, audit: str, key: RequestKey) -> Granted:
    """Take in the audit of the accounts by its hash, as another officer than who accepted.

    Refuses: NotFound, NotInThisState, HashWrong, AcceptorAudits, NotAccountedFor.
    """

    def one(batch: Batch, held: Grant) -> Sealed:
        step(LIFECYCLE, held.state, GrantAudited)
        if held.accepted_by == actor.id:
            raise AcceptorAudits
        decide_settled(batch.there(Commitment, grant))
        return batch.record(GrantAudited(grant=grant, audit=decide_hash(audit)))

    more = (Commitment, grant)
    return await move_grant(actor, grant, key, one, more, action=Action.AWARD_GRANTS)


async def close_grant(actor: Actor, *, grant: str, key: RequestKey) -> Granted:
    """End a grant whose every fen is accounted for; what was not paid goes back.

    Refuses: NotFound, NotInThisState, NotAccountedFor.
    """

    def one(batch: Batch, held: Grant) -> Sealed:
        step(LIFECYCLE, held.state, GrantClosed)
        _give_back(batch, grant, settled=True)
        return batch.record(GrantClosed(grant=grant))

    more = (Commitment, grant)
    return await move_grant(actor, grant, key, one, more, action=Action.AWARD_GRANTS)


async def stop_grant(
    actor: Actor, *, grant: str, reason: GrantStopReason, key: RequestKey
) -> Granted:
    """Stop a grant; what was not paid goes back to the allotment at once.

    Refuses: NotFound, NotInThisState.
    """

    def one(batch: Batch, held: Grant) -> Sealed:
        step(LIFECYCLE, held.state, GrantStopped)
        entry = batch.record(GrantStopped(grant=grant, reason=reason))
        _give_back(batch, grant, settled=False)
        return entry

    more = (Commitment, grant)
    return await move_grant(actor, grant, key, one, more, action=Action.AWARD_GRANTS)


async def recover_grant(actor: Actor, *, grant: str, key: RequestKey) -> Granted:
    """Ask back what a stopped grant was paid and did not account for; the organisation is barred.

    Whatever else it was promised and not paid is held back in the same write.
    Refuses: NotFound, NotInThisState, NothingToRecover.   Source: domain 10.
    """

    def one(batch: Batch, held: Grant) -> Sealed:
        step(LIFECYCLE, held.state, RecoveryBegun)
        promised = batch.there(Commitment, grant)
        if promised.paid == promised.spent:
            raise NothingToRecover
        entry = batch.record(RecoveryBegun(grant=grant, fen=promised.paid - promised.spent))
        bar_organisation(batch, held.organisation, grant)
        withhold_all(batch, held.organisation)
        return entry

    more = (Commitment, grant)
    return await move_grant(actor, grant, key, one, more, action=Action.AWARD_GRANTS)


async def end_recovery(actor: Actor, *, grant: str, key: RequestKey) -> Granted:
    """Say that all a stopped grant was paid is accounted for or back, asked for or not.

    Refuses: NotFound, NotInThisState, NotAccountedFor.
    """

    def one(batch: Batch, held: Grant) -> Sealed:
        step(LIFECYCLE, held.state, GrantRecovered)
        _give_back(batch, grant, settled=True)
        return batch.record(GrantRecovered(grant=grant))

    more = (Commitment, grant)
    return await move_grant(actor, grant, key, one, more, action=Action.AWARD_GRANTS)


def _give_back(batch: Batch, grant: str, *, settled: bool) -> None:
    """What is promised and not paid goes back to the allotment. Refuses: NotAccountedFor."""
    promised = batch.there(Commitment, grant)
    if settled:
        decide_settled(promised)
    ask_of(batch, promised)
    release(batch, promised, balance(batch, accounts.award(grant)))
