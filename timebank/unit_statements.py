"""Unit statements: each quarter what a member did, told to their work unit (domain 8).

Prepared by the software for who consented, seen and commented by the member first, and sent only by
the member's own act; silence sends nothing. Minutes, posts, wishes and the community's remark: no
rank, no place, nobody whom they helped. The unit has it by a link that ends, or where its admin
signs in, and only while the consent stands (`unit_consents`).
"""

import hmac
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Unpack

from msgspec.structs import replace
from tortoise.expressions import Q

from ledger.entry import Sealed
from timebank.access import Action, may_read, reach
from timebank.actors import SYSTEM, Actor
from timebank.aliases import (
    alias_of,
    module_enabled,
    module_on,
    named_aliases,
    people_of_aliases,
    person_behind,
    under_alias,
)
from timebank.batch import Batch
from timebank.clock import day_of, months_later
from timebank.due import over
from timebank.ids import new
from timebank.journal import Answer, current, write
from timebank.keys import RequestKey
from timebank.lifecycles import step
from timebank.notices import NoticeCode, notify
from timebank.projections import Place, Rows, projects
from timebank.refusals import Forbidden, NotFound
from timebank.statement_life import (
    LIFECYCLE,
    Moved,
    StatementLapsed,
    StatementNotDue,
    StatementPrepared,
    StatementRecalled,
    StatementSent,
    StatementState,
    StatementWithheld,
    UnitConsentMissing,
)
from timebank.statement_sums import REMARK_MOST, done_between, months_of
from timebank.tables import Row, Where, find, find_many, newest_by_id, select, table
from timebank.texts import keep_text
from timebank.unit_consents import ENDING, UnitConsent, end_consent
from timebank.units import WorkUnit
from timebank.vault import keyring

LINK_DIGITS = 32

# Tables and projectors


@table("unit_statement", index=[("member", "id"), ("unit", "state", "id"), ("state", "send_by")])
class Statement(Row, frozen=True):
    """One statement of a member for a unit; the event says what the numbers are."""

    id: str
    member: str
    unit: str
    state: StatementState
    first_day: date
    last_day: date
    minutes: int
    duty_minutes: int
    posts: int
    wishes: int
    send_by: date
    link_until: date | None = None


@table("open_statements")
class OpenStatements(Row, frozen=True):
    """A member's statements that the unit has or may still get."""

    member: str
    statements: tuple[str, ...]


@projects(StatementPrepared)
def _prepared(rows: Rows, event: StatementPrepared, entry: Sealed) -> None:
    rows.put(
        Statement(
            id=event.statement,
            member=event.member,
            unit=event.unit,
            state=StatementState.PREPARED,
            first_day=event.first_day,
            last_day=event.last_day,
            minutes=event.minutes,
            duty_minutes=event.duty_minutes,
            posts=event.posts,
            wishes=event.wishes,
            send_by=event.send_by,
        )
    )
    held = rows.get(OpenStatements, event.member)
    statements = (*(held.statements if held else ()), event.statement)
    rows.put(OpenStatements(member=event.member, statements=statements))


@projects(StatementSent, StatementWithheld, StatementLapsed, StatementRecalled)
def _moved(rows: Rows, event: Moved, entry: Sealed) -> None:
    held = rows.there(Statement, event.statement)
    state = step(LIFECYCLE, held.state, type(event))
    until = event.link_until if isinstance(event, StatementSent) else None
    rows.put(replace(held, state=state, link_until=until))
    if not LIFECYCLE[state]:
        opened = rows.there(OpenStatements, event.member)
        left = tuple(one for one in opened.statements if one != event.statement)
        rows.put(replace(opened, statements=left))


# What other capabilities ask


def _recall(batch: Batch, member: str) -> None:
    held = batch.get(OpenStatements, member)
    for statement in held.statements if held else ():
        batch.record(StatementRecalled(statement=statement, member=member))


ENDING.append(_recall)


def statement_link(statement: str) -> str:
    """What the unit's link ends with: the statement, and what only our key can derive from it."""
    return f"{statement}.{keyring().mark('statement link', statement)[:LINK_DIGITS]}"


# Commands


class Stated(Answer, frozen=True, kw_only=True):
    """The statement that was prepared or moved on."""

    statement: str


async def prepare_statement(actor: Actor, *, member: str, key: RequestKey | None = None) -> Stated:
    """Lay the statement of the months that are over before its member: by timer.

    Where nobody knows any more who the member was, the consent ends instead.
    Refuses: MemberModuleOff, NotFound, StatementNotDue.   Source: domain 8.
    """
    if actor != SYSTEM:
        raise Forbidden
    known, statement = await find(UnitConsent, member), new("ust")
    if known is None:
        raise NotFound(what="consent")
    first, last = months_of(known)
    done = await done_between(member, first, last)

    def work(batch: Batch) -> Stated:
        module_on(batch)
        consent = batch.need(UnitConsent, member, "consent")
        if batch.today < consent.next_on or consent != known:
            raise StatementNotDue(on=consent.next_on)
        person = person_behind(batch, member)
        if person is None:
            return Stated(entry=end_consent(batch, member).seq, statement="")
        remark = None
        if done.remark:
            remark = keep_text(
                batch, statement, "remark", done.remark, most=REMARK_MOST, whose=person
            )
        event = StatementPrepared(
            statement=statement,
            member=member,
            unit=consent.unit,
            first_day=first,
            last_day=last,
            minutes=done.minutes,
            duty_minutes=done.duty_minutes,
            posts=done.posts,
            wishes=done.wishes,
            send_by=months_later(consent.next_on, consent.months) - timedelta(days=1),
            next_on=months_later(consent.next_on, consent.months),
            remark=remark,
        )
        entry = batch.record(event)
        notify(batch, person, NoticeCode.UNIT_STATEMENT_READY, statement, hands=[])
        return Stated(entry=entry.seq, statement=statement)

    return await write(actor, key, work, answer=Stated, needs=[(UnitConsent, member)])


async def send_statement(
    actor: Actor, *, statement: str, key: RequestKey, comment: str | None = None
) -> Stated:
    """Let the unit have one's statement, with a word of one's own or none.

    Refuses: MemberModuleOff, NotFound, NotInThisState, UnitConsentMissing, TextMissing,
    TextTooLong.   Source: domain 8.
    """
    member = await under_alias(actor)

    def work(batch: Batch) -> Stated:
        held = _own(batch, statement)
        step(LIFECYCLE, held.state, StatementSent)
        consent = batch.get(UnitConsent, held.member)
        if consent is None or consent.unit != held.unit:
            raise UnitConsentMissing
        told = None
        if comment is not None:
            told = keep_text(batch, statement, "comment", comment, whose=actor.person)
        months = batch.policy.member.feedback_months
        event = StatementSent(
            statement=statement,
            member=held.member,
            link_until=months_later(batch.today, months),
            comment=told,
        )
        return Stated(entry=batch.record(event).seq, statement=statement)

    needs: list[Place] = [(Statement, statement), (UnitConsent, member.id)]
    return await write(member, key, work, answer=Stated, needs=needs)


async def withhold_statement(actor: Actor, *, statement: str, key: RequestKey) -> Stated:
    """Keep one's statement to oneself. Refuses: MemberModuleOff, NotFound, NotInThisState."""
    member = await under_alias(actor)

    def work(batch: Batch) -> Stated:
        held = _own(batch, statement)
        step(LIFECYCLE, held.state, StatementWithheld)
        entry = batch.record(StatementWithheld(statement=statement, member=held.member))
        return Stated(entry=entry.seq, statement=statement)

    return await write(member, key, work, answer=Stated, needs=[(Statement, statement)])


async def lapse_statement(actor: Actor, *, statement: str, key: RequestKey | None = None) -> Stated:
    """Let go of a statement that its member did not send in time: by timer.

    Refuses: NotFound, NotInThisState, StatementNotDue.
    """
    if actor != SYSTEM:
        raise Forbidden

    def work(batch: Batch) -> Stated:
        held = batch.need(Statement, statement, "statement")
        step(LIFECYCLE, held.state, StatementLapsed)
        if batch.today <= held.send_by:
            raise StatementNotDue(on=held.send_by + timedelta(days=1))
        entry = batch.record(StatementLapsed(statement=statement, member=held.member))
        return Stated(entry=entry.seq, statement=statement)

    return await write(actor, key, work, answer=Stated, needs=[(Statement, statement)])


def _own(batch: Batch, statement: str) -> Statement:
    """The statement, if it is the actor's own. Refuses: MemberModuleOff, NotFound."""
    module_on(batch)
    held = batch.need(Statement, statement, "statement")
    if held.member != batch.actor.id:
        raise NotFound(what="statement")
    return held


# Reads


async def visible_statements(actor: Actor, ids: Sequence[str]) -> dict[str, Statement]:
    """Statements by id: the actor's own, and those sent to the unit that they act for.

    The same statements of the database whether there is such a one or not.
    """
    enabled, alias = await module_enabled(), await alias_of(actor)
    found = await find_many(Statement, ids)
    units = await find_many(WorkUnit, {held.unit for held in found.values()})
    theirs = await reach(actor, Action.READ_STATEMENTS)
    return {
        held.id: held
        for held in found.values()
        if enabled
        and (
            held.member == alias
            or (held.state is StatementState.SENT and theirs(units[held.unit].path))
        )
    }


async def statements_of(
    actor: Actor, *, unit: str | None = None, **where: Unpack[Where]
) -> list[Statement]:
    """The actor's own statements, or those sent to a unit for its admin, newest first."""
    which = Q(member=await alias_of(actor) or "")
    if unit is not None:
        place = await find(WorkUnit, unit)
        if place is None or not await may_read(actor, Action.READ_STATEMENTS, place.path):
            return []
        which = Q(unit=unit, state=StatementState.SENT.value)
    return await newest_by_id(Statement, where, which)


async def statement_behind(link: str) -> Statement | None:
    """The statement that a unit's link opens; None once it ended, or the consent did."""
    id = link.partition(".")[0]
    good = hmac.compare_digest(link.encode(), statement_link(id).encode())
    held = await find(Statement, id) if good and await module_enabled() else None
    if held is None or held.state is not StatementState.SENT or held.link_until is None:
        return None
    known = await people_of_aliases([held.member])
    return held if known and day_of(current().clock.now()) <= held.link_until else None


async def link_for(actor: Actor, held: Statement) -> str | None:
    """The unit's link, for the member to hand on, while it opens."""
    if held.member != await alias_of(actor):
        return None
    link = statement_link(held.id)
    return link if await statement_behind(link) else None


async def names_on(ids: Sequence[str]) -> dict[str, str | None]:
    """Whose statements these are, by id, for whoever was asked whether they may know."""
    found = await find_many(Statement, ids)
    names = await named_aliases({held.member for held in found.values()})
    return {held.id: names[held.member][1] for held in found.values() if held.member in names}


async def statements_due(*, skip: int, limit: int) -> list[str]:
    """The members whose next statement is to be prepared, the longest due first."""
    today = day_of(current().clock.now()).isoformat()
    if not await module_enabled():
        return []
    due = await select(
        UnitConsent, next_on__lte=today, order=["next_on", "member"], limit=limit, offset=skip
    )
    return [held.member for held in due]


statements_unsent = over(Statement, "send_by", StatementState.PREPARED)
"""The statements that nobody sent in time, the longest over first."""
