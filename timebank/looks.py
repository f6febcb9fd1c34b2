"""Looks: which staff read a person's data, what and when; the person may see it (domain 11).

Kept in the vault and not on the ledger: who asked after whom is nobody's matter for ten years. A
look is noted before what was looked at is handed out, once a day for each reader and kind of data,
and forgotten after a year (**policy** `log_months`). While the ledger is stopped nothing can be
noted; then a look leaves a line in the server's log. Refuses to know why anybody looked, beyond the
urgent access that it rested on.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Unpack

import structlog

from timebank.access import Action, may_read
from timebank.actors import SYSTEM, Actor, PersonId
from timebank.batch import Batch
from timebank.clock import day_of, months_later
from timebank.clock_faults import ClockBehind
from timebank.journal import Answer, current, write
from timebank.people import person_by_number, selves
from timebank.policy import policy_on
from timebank.refusals import LedgerStopped
from timebank.tables import Row, Where, find_many, newest_by_id, select, table

log = structlog.get_logger()


class Looked(StrEnum):
    """What was read."""

    NAME = "name"
    PHONE = "phone"
    DOCUMENT = "document"
    COPY = "copy"
    PASSBOOK = "passbook"


# Tables


@table("look", vault=True, index=[("person", "id"), ("day", "id"), ("under", "id")])
class Look(Row, frozen=True):
    """That `actor` read `what` of a person on a day; `at` is the first time.

    `id` is `<person>/<day>/<actor>/<what>`, and `/<under>` behind it where the actor could read it
    by an urgent access only.
    """

    id: str
    person: str
    actor: str
    what: Looked
    day: date
    at: datetime
    under: str | None = None


def look_id(person: PersonId, day: date, actor: str, what: Looked, under: str | None) -> str:
    """The key of Look."""
    return f"{person}/{day}/{actor}/{what.value}" + (f"/{under}" if under else "")


# What other capabilities ask


async def note_looks(
    actor: Actor,
    read: Iterable[tuple[PersonId, Looked]],
    *,
    under: Mapping[PersonId, str] | None = None,
) -> None:
    """Note of whom the actor reads what; what is noted today already is not.

    Args: under, the urgent access by which alone the actor could read it, by person.
    """
    today, by = day_of(current().clock.now()), under or {}
    wanted = {look_id(one, today, actor.id, what, by.get(one)): (one, what) for one, what in read}
    new = wanted.keys() - (await find_many(Look, wanted)).keys() if wanted else set()
    if not new:
        return

    def work(batch: Batch) -> Answer:
        for id in new:
            held = batch.get(Look, id)
            if held is None:
                person, what = wanted[id]
                batch.put(
                    Look(
                        id=id,
                        person=person,
                        actor=actor.id,
                        what=what,
                        day=today,
                        at=batch.now,
                        under=by.get(person),
                    )
                )
        return Answer()

    try:
        await write(actor, None, work, answer=Answer, needs=[(Look, id) for id in new])
    except (ClockBehind, LedgerStopped):
        # Nothing is written now, and reading goes on.
        for person, what in sorted(wanted.values()):
            log.warning("looked", actor=actor.id, person=person, what=what.value)


# Commands


async def forget_look(id: str) -> Answer:
    """Forget an old look: the software's own act, by timer."""

    def work(batch: Batch) -> Answer:
        batch.drop(Look, id)
        return Answer()

    return await write(SYSTEM, None, work, answer=Answer)


# Reads


async def looks_at(
    actor: Actor, *, number: str | None = None, **where: Unpack[Where]
) -> list[Look]:
    """Who looked at the actor's own record, or for the officer at somebody's, newest day first."""
    whose = list(actor.selves)
    if number is not None:
        held = await person_by_number(number)
        allowed = held is not None and (
            held.id == actor.person or await may_read(actor, Action.ERASE_PERSON, held.home_path)
        )
        whose = await selves(held.id) if held is not None and allowed else []
    return await newest_by_id(Look, where, person__in=whose)


async def looks_old(*, skip: int, limit: int) -> list[str]:
    """The looks that are to be forgotten, the oldest first."""
    today = day_of(current().clock.now())
    policy = await policy_on(today)
    if policy is None:
        return []
    last = months_later(today, -policy.document.privacy.log_months).isoformat()
    old = await select(Look, day__lt=last, order=["day", "id"], limit=limit, offset=skip)
    return [held.id for held in old]
