"""Calls: the city's fund officer says who may apply for what of a source, how much, and until when.

A call draws on what one area was allotted of one source, for one of its purposes. Knows calls;
refuses to know who applies: that is `applications`.
"""

from collections.abc import Callable, Sequence
from datetime import date
from enum import StrEnum
from typing import Unpack

import msgspec
from tortoise.expressions import Q

from ledger.entry import Sealed
from timebank.access import Action, may_read, permit
from timebank.actors import SYSTEM, Actor
from timebank.batch import Batch
from timebank.divisions import CITY_PATH, Area
from timebank.due import over
from timebank.events import Event
from timebank.funding.allotments import Allotment, allotment_key
from timebank.funding.commitments import NotAllotted, PurposeOutside
from timebank.funding.purposes import FundPurpose
from timebank.funding.sources import FundSource, decide_fen, decide_in_use
from timebank.ids import new
from timebank.journal import Answer, write
from timebank.keys import RequestKey
from timebank.lifecycles import Lifecycle, step
from timebank.projections import Place, Rows, projects
from timebank.refusals import Forbidden, Refusal
from timebank.tables import Row, Where, find_many, page_by_id, table
from timebank.texts import LONGEST, keep_text


class CallState(StrEnum):
    """The life of a call (domain 10)."""

    DRAFT = "draft"
    OPEN = "open"
    CLOSED = "closed"


# Events


class CallDrafted(Event, frozen=True, tag="call.drafted"):
    """A call was written; title and text are commitments."""

    call: str
    source: str
    unit: str
    purpose: FundPurpose
    most_fen: int
    until: date
    name: str
    text: str


class CallOpened(Event, frozen=True, tag="call.opened"):
    """Organisations may apply."""

    call: str


class CallClosed(Event, frozen=True, tag="call.closed"):
    """Organisations may not apply any more."""

    call: str


# Refusals


class CallEndsTooSoon(Refusal):
    """Organisations have some time to apply."""

    says = "The last day to apply, {until}, is over already."
    until: date
    path = ("until",)


class CallNotOver(Refusal):
    """A call ends by itself when its last day is over."""

    says = "Organisations may apply until the end of {until}."
    until: date


# Lifecycle

LIFECYCLE: Lifecycle[CallState] = {
    CallState.DRAFT: {CallOpened: CallState.OPEN},
    CallState.OPEN: {CallClosed: CallState.CLOSED},
    CallState.CLOSED: {},
}


# Tables and projectors


@table("fund_call", index=[("state", "id"), ("state", "until")])
class Call(Row, frozen=True):
    """One call; `most_fen` is the most that one application may ask for, `until` the last day."""

    id: str
    source: str
    unit: str
    path: str
    purpose: FundPurpose
    most_fen: int
    until: date
    state: CallState


@projects(CallDrafted)
def _drafted(rows: Rows, event: CallDrafted, entry: Sealed) -> None:
    rows.put(
        Call(
            id=event.call,
            source=event.source,
            unit=event.unit,
            path=rows.there(Area, event.unit).path,
            purpose=event.purpose,
            most_fen=event.most_fen,
            until=event.until,
            state=CallState.DRAFT,
        )
    )


@projects(CallOpened, CallClosed)
def _moved(rows: Rows, event: CallOpened | CallClosed, entry: Sealed) -> None:
    held = rows.there(Call, event.call)
    state = step(LIFECYCLE, held.state, type(event))
    rows.put(msgspec.structs.replace(held, state=state))


# Commands


class Called(Answer, frozen=True, kw_only=True):
    """The call that was written or moved on."""

    call: str


async def draft_call(
    actor: Actor,
    *,
    source: str,
    unit: str,
    purpose: FundPurpose,
    most_fen: int,
    until: date,
    title: str,
    text: str,
    key: RequestKey,
) -> Called:
    """Write a call for applications.

    Args: unit, the area whose allotment it draws on; most_fen, for one application.
    Refuses: NotFound, NotAllotted, PurposeOutside, SourceOver, FenNotPositive, CallEndsTooSoon,
    TextMissing, TextTooLong.   Source: domain 10.
    """
    call = new("cal")

    def work(batch: Batch) -> Called:
        place = batch.need(Area, unit, "area")
        permit(batch, Action.MANAGE_CALLS, place.path)
        given = batch.need(FundSource, source, "source")
        if batch.get(Allotment, allotment_key(source, unit)) is None:
            raise NotAllotted(unit=unit)
        if purpose not in given.purposes:
            raise PurposeOutside(purpose=purpose.value)
        decide_in_use(given, batch.today)
        if until < batch.today:
            raise CallEndsTooSoon(until=until)
        event = CallDrafted(
            call=call,
            source=source,
            unit=unit,
            purpose=purpose,
            most_fen=decide_fen(most_fen),
            until=until,
            name=keep_text(batch, call, "name", title, most=80),
            text=keep_text(batch, call, "text", text, most=LONGEST),
        )
        return Called(entry=batch.record(event).seq, call=call)

    needs: list[Place] = [
        (Area, unit),
        (FundSource, source),
        (Allotment, allotment_key(source, unit)),
    ]
    return await write(actor, key, work, answer=Called, needs=needs)


async def open_call(actor: Actor, *, call: str, key: RequestKey) -> Called:
    """Let organisations apply. Refuses: NotFound, NotInThisState, CallEndsTooSoon."""

    def one(batch: Batch, held: Call) -> Sealed:
        step(LIFECYCLE, held.state, CallOpened)
        if held.until < batch.today:
            raise CallEndsTooSoon(until=held.until)
        return batch.record(CallOpened(call=call))

    return await _move(actor, call, key, one)


async def close_call(actor: Actor, *, call: str, key: RequestKey) -> Called:
    """Let nobody apply any more. Refuses: NotFound, NotInThisState."""

    def one(batch: Batch, held: Call) -> Sealed:
        step(LIFECYCLE, held.state, CallClosed)
        return batch.record(CallClosed(call=call))

    return await _move(actor, call, key, one)


async def end_call(actor: Actor, *, call: str, key: RequestKey | None = None) -> Called:
    """Close a call whose last day is over: the software's own act, by timer.

    Refuses: NotFound, NotInThisState, CallNotOver.
    """
    if actor != SYSTEM:
        raise Forbidden

    def work(batch: Batch) -> Called:
        held = batch.need(Call, call, "call")
        step(LIFECYCLE, held.state, CallClosed)
        if batch.today <= held.until:
            raise CallNotOver(until=held.until)
        return Called(entry=batch.record(CallClosed(call=call)).seq, call=call)

    return await write(actor, key, work, answer=Called, needs=[(Call, call)])


async def _move(
    actor: Actor, call: str, key: RequestKey, one: Callable[[Batch, Call], Sealed]
) -> Called:
    def work(batch: Batch) -> Called:
        held = batch.need(Call, call, "call")
        permit(batch, Action.MANAGE_CALLS, held.path)
        return Called(entry=one(batch, held).seq, call=call)

    return await write(actor, key, work, answer=Called, needs=[(Call, call)])


# Reads


async def visible_calls(actor: Actor, ids: Sequence[str]) -> dict[str, Call]:
    """Calls by their ids: for everybody once they are open, drafts for whoever writes them."""
    found = await find_many(Call, ids)
    drafts = await may_read(actor, Action.MANAGE_CALLS, CITY_PATH)
    return {held.id: held for held in found.values() if drafts or held.state is not CallState.DRAFT}


async def calls_in(actor: Actor, state: CallState, **where: Unpack[Where]) -> list[Call]:
    """Calls in a state, the oldest first; drafts for whoever writes them."""
    if state is CallState.DRAFT and not await may_read(actor, Action.MANAGE_CALLS, CITY_PATH):
        return []
    return await page_by_id(Call, where, Q(state=state.value))


calls_over = over(Call, "until", CallState.OPEN)
"""Open calls whose last day is over, the longest over first."""
