"""Erasure: a person's right to be forgotten, and what keeps it for a time (domain 11).

Whoever asks has their account closed, what is left in it given to the pool. From then on nobody but
the person reads the data; that is the restriction which the law puts in the place of erasure while
something is open. When nothing is, or not any more, key, fields, indexes, salts, texts and sign-in
are destroyed, and the ledger says `person.shredded`: what the person did stays under an opaque id.
`open_matters` knows what may be open, `erased` what is destroyed, `epochs` how it dies in copies.
"""

import asyncio
import contextlib
from datetime import datetime
from enum import StrEnum

import msgspec

from ledger.entry import Sealed
from ledger.scrub import scrub
from ledger.tables import dialect_of
from timebank.access import may_read
from timebank.accounts import balance, escrow, moving, volunteer
from timebank.actors import SYSTEM, Actor, PersonId
from timebank.batch import Batch
from timebank.closings import Rest, close
from timebank.counter import person_numbered
from timebank.donations import give
from timebank.erased import ErasureLeft, erased_tables, list_erased, personal_places
from timebank.events import Event
from timebank.holds import HeldFor
from timebank.ids import new
from timebank.journal import Answer, current, write
from timebank.keys import RequestKey
from timebank.lifecycles import Lifecycle, step
from timebank.open_matters import Matter, open_matters
from timebank.people import Person, person_by_number, person_in_scope, selves
from timebank.person_life import LIFECYCLE as PERSON_LIFE
from timebank.person_life import (
    ErasureAsked,
    ErasureWithdrawn,
    PersonShredded,
    PersonState,
)
from timebank.pools import pool_at
from timebank.projections import Place, Rows, projects
from timebank.refusals import Refusal, Unauthenticated
from timebank.rights import Action
from timebank.tables import Row, count, find, select, table
from timebank.vault import keyring

MOST_AT_ONCE = 10_000


class ErasureState(StrEnum):
    """The life of an erasure."""

    ASKED = "asked"
    HELD = "held"
    WITHDRAWN = "withdrawn"
    DONE = "done"


# Events


class ErasureHeld(Event, frozen=True, tag="erasure.held"):
    """Something is open: the data are kept and not used until it is over."""

    person: PersonId
    matters: tuple[Matter, ...]


# Refusals


class MattersOpen(Refusal):
    """The data cannot be destroyed yet; they are restricted instead."""

    says = "This cannot be erased yet, because something is open: {matters}."
    matters: str


class NotScrubbed(Refusal):
    """What was deleted is still in the database's log, because somebody reads there."""

    says = "What was deleted is still in the database's log; it is tried again."


# Lifecycle

LIFECYCLE: Lifecycle[ErasureState] = {
    ErasureState.ASKED: {
        ErasureHeld: ErasureState.HELD,
        ErasureWithdrawn: ErasureState.WITHDRAWN,
        PersonShredded: ErasureState.DONE,
    },
    ErasureState.HELD: {
        ErasureHeld: ErasureState.HELD,
        ErasureWithdrawn: ErasureState.WITHDRAWN,
        PersonShredded: ErasureState.DONE,
    },
    ErasureState.WITHDRAWN: {
        ErasureAsked: ErasureState.ASKED,
        PersonShredded: ErasureState.DONE,
    },
    ErasureState.DONE: {},
}


# Tables and projectors


@table("erasure", index=[("state", "asked_at")])
class Erasure(Row, frozen=True):
    """A person's erasure: since when it is asked for, what keeps it, when it was done."""

    person: str
    state: ErasureState
    asked_at: datetime
    matters: tuple[Matter, ...] = ()
    ended_at: datetime | None = None


@projects(ErasureAsked)
def _asked(rows: Rows, event: ErasureAsked, entry: Sealed) -> None:
    held = rows.get(Erasure, event.person)
    state = step(LIFECYCLE, held.state, ErasureAsked) if held else ErasureState.ASKED
    rows.put(Erasure(person=event.person, state=state, asked_at=entry.at))


@projects(ErasureHeld)
def _held(rows: Rows, event: ErasureHeld, entry: Sealed) -> None:
    held = rows.there(Erasure, event.person)
    state = step(LIFECYCLE, held.state, ErasureHeld)
    rows.put(msgspec.structs.replace(held, state=state, matters=event.matters))


@projects(ErasureWithdrawn, PersonShredded)
def _ended(rows: Rows, event: ErasureWithdrawn | PersonShredded, entry: Sealed) -> None:
    held = rows.get(Erasure, event.person)
    # Of whoever is erased again in an old copy, the copy may not know that they asked.
    state = step(LIFECYCLE, held.state, type(event)) if held else ErasureState.DONE
    asked = held.asked_at if held else entry.at
    rows.put(Erasure(person=event.person, state=state, asked_at=asked, ended_at=entry.at))


# Decisions


def decide_finish(erasure: Erasure, matters: tuple[Matter, ...]) -> PersonShredded | ErasureHeld:
    """What becomes of an erasure with these matters open.

    Refuses: NotInThisState; MattersOpen, where that was said before.
    """
    # What was withdrawn is finished by nobody, though a copy put back may be shredded from there.
    step(LIFECYCLE, erasure.state, ErasureHeld)
    if not matters:
        return PersonShredded(person=erasure.person)
    if erasure.matters == matters:
        raise MattersOpen(matters=", ".join(matters))
    return ErasureHeld(person=erasure.person, matters=matters)


# Commands


class Erased(Answer, frozen=True, kw_only=True):
    """Whose erasure it is."""

    person: PersonId


async def ask_erasure(actor: Actor, *, key: RequestKey, number: str | None = None) -> Erased:
    """Ask to be erased; done at once where nothing is open, else as soon as nothing is.

    Args: number, of the person for whom the data protection officer asks (None: oneself). The
    account is closed, and what is left in it goes to the pool of the home district.
    Refuses: NotFound, NotInThisState.   Source: domain 11, Personal Information Protection Law
    Art. 47.
    """
    if number is None and actor.person is None:
        raise Unauthenticated
    donation = new("don")

    def work(batch: Batch) -> Erased:
        whose = _whose(batch, number)
        if whose.state is PersonState.ACTIVE:
            close(batch, whose.id, Rest.DONATE, donation)
        elif whose.state is PersonState.CLOSED and (left := balance(batch, volunteer(whose.id))):
            area = pool_at(whose.home_path)
            give(batch, donation, donor=whose.id, area=area, minutes=left)
        step(PERSON_LIFE, batch.there(Person, whose.id).state, ErasureAsked)
        entry = batch.record(ErasureAsked(person=whose.id))
        return Erased(entry=entry.seq, person=whose.id)

    needs: list[Place] = [*moving(escrow(donation))]
    if actor.person is not None and number is None:
        needs += [(Person, actor.person), *moving(volunteer(actor.person))]
    asked = await write(actor, key, work, answer=Erased, needs=needs)
    held = await find(Erasure, asked.person)
    if held is not None and held.state is ErasureState.ASKED:
        await finish_erasure(asked.person)
    return asked


async def withdraw_erasure(actor: Actor, *, key: RequestKey, number: str | None = None) -> Erased:
    """Take it back while something keeps the data; the account stays closed.

    Refuses: NotFound, NotInThisState.
    """
    if number is None and actor.person is None:
        raise Unauthenticated

    def work(batch: Batch) -> Erased:
        whose = _whose(batch, number)
        step(PERSON_LIFE, whose.state, ErasureWithdrawn)
        return Erased(entry=batch.record(ErasureWithdrawn(person=whose.id)).seq, person=whose.id)

    return await write(actor, key, work, answer=Erased)


def _whose(batch: Batch, number: str | None) -> Person:
    """The actor, or whom the officer asks for."""
    if number is None:
        return batch.need(Person, batch.actor.person or "", "person")
    return person_in_scope(batch, Action.ERASE_PERSON, person_numbered(batch, number).id)


async def finish_erasure(person: PersonId) -> Erased:
    """Destroy what identifies whoever asked for it, or say what keeps it: the software's own act.

    Of whoever was registered twice, what is kept under the other ids too.
    Refuses: NotFound, NotInThisState, MattersOpen.   Source: domain 11.
    """
    matters = await open_matters(person)
    _, *formers = own = await selves(person)
    places = [place for one in own for place in await personal_places(one)] if not matters else []

    def work(batch: Batch) -> Erased:
        erasure = batch.need(Erasure, person, "erasure")
        held = batch.get(HeldFor, person)
        # A hold may have been placed since the tables were asked.
        since = {Matter(reason.value) for reason in (held.reasons if held else ())}
        event = decide_finish(erasure, tuple(m for m in Matter if m in {*matters, *since}))
        entry = batch.record(event)
        if isinstance(event, PersonShredded):
            for row, key in places:
                batch.drop(row, key)
            batch.put(ErasureLeft(id=person))
            for one in formers:
                batch.record(PersonShredded(person=one))
                batch.put(ErasureLeft(id=one))
        return Erased(entry=entry.seq, person=person)

    needs: list[Place] = [(Erasure, person), (HeldFor, person), *((Person, one) for one in own)]
    done = await write(SYSTEM, None, work, answer=Erased, needs=needs)
    for one in own:
        if await find(ErasureLeft, one) is not None:
            # The timer comes again until the log is empty; the person need not wait for that.
            with contextlib.suppress(NotScrubbed):
                await complete_erasure(one)
    return done


async def complete_erasure(person: PersonId) -> Erased:
    """Finish what a crash or a restored copy left undone: the software's own act, by timer.

    The ledger says that the person was shredded, nothing of theirs is left, the id is on the list
    beside the anchor, and the database's log holds nothing of it. Refuses: NotScrubbed.
    """
    places = await personal_places(person)

    def shred(batch: Batch) -> Erased:
        for row, key in places:
            batch.drop(row, key)
        if batch.need(Person, person, "person").state is PersonState.ERASED:
            return Erased(person=person)
        return Erased(entry=batch.record(PersonShredded(person=person)).seq, person=person)

    needs: list[Place] = [(Person, person), (Erasure, person)]
    done = await write(SYSTEM, None, shred, answer=Erased, needs=needs)
    await asyncio.to_thread(list_erased, keyring().settings.erased_file, person)
    if not await current().writer.scrub():
        raise NotScrubbed

    def forget(batch: Batch) -> Erased:
        batch.drop(ErasureLeft, person)
        return Erased(person=person)

    await write(SYSTEM, None, forget, answer=Erased)
    return done


class Rounds(msgspec.Struct, frozen=True, kw_only=True):
    """What came of finishing everything: persons erased, persons kept, what the database keeps."""

    erased: int
    kept: int
    left: tuple[str, ...]


async def finish_everything() -> Rounds:
    """Do every erasure that is due, then take what was deleted out of the database's files.

    The operator's own act: on PostgreSQL the vault's tables are locked while they are written anew.
    """
    for person in await erasures_due(skip=0, limit=MOST_AT_ONCE):
        with contextlib.suppress(MattersOpen):
            await finish_erasure(person)
    for person in await erasures_left(skip=0, limit=MOST_AT_ONCE):
        with contextlib.suppress(NotScrubbed):
            await complete_erasure(person)
    erased = await count(Erasure, state=ErasureState.DONE.value)
    kept = await count(Erasure, state=ErasureState.HELD.value)
    url = keyring().settings.database_url
    if dialect_of(url) == "sqlite":
        done = await current().writer.scrub()
        return Rounds(erased=erased, kept=kept, left=() if done else (NotScrubbed.says,))
    return Rounds(erased=erased, kept=kept, left=await scrub(url, erased_tables()))


# Reads


async def erasure_of(actor: Actor, number: str | None = None) -> Erasure | None:
    """The actor's own erasure, or for the officer that of a person by volunteer number."""
    if number is None:
        return await find(Erasure, actor.person) if actor.person else None
    held = await person_by_number(number)
    if held is None or not await may_read(actor, Action.ERASE_PERSON, held.home_path):
        return None
    return await find(Erasure, held.id)


async def erasures_due(*, skip: int, limit: int) -> list[PersonId]:
    """Whoever asked to be erased and is kept by something else than was said, or by nothing."""
    pending = await select(
        Erasure,
        state__in=[ErasureState.ASKED.value, ErasureState.HELD.value],
        order=["asked_at", "person"],
    )
    due = [
        held.person
        for held in pending
        if held.state is ErasureState.ASKED or await open_matters(held.person) != held.matters
    ]
    return due[skip : skip + limit]


async def erasures_left(*, skip: int, limit: int) -> list[PersonId]:
    """Whose erasure is not wholly done."""
    left = await select(ErasureLeft, order=["id"], limit=limit, offset=skip)
    return [held.id for held in left]
