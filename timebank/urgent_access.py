"""Urgent access: names and telephones out of one's reach, for hours, by two persons (domain 11).

What others call breaking the glass. An officer says over which of their areas, why and for how
long; the data protection officer opens it. From then on the officer finds people there and reads
their names and telephones, and nothing more; each reading is a look that names the access, and the
person sees it. It ends by itself. Then the ledger says of how many people something was read, and
auditors read the whole of it. Knows the accesses; `directory` asks which one a reading rests on.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Unpack

import msgspec
from tortoise.expressions import Q

from ledger.entry import Sealed
from timebank.access import Action, in_reach, may, may_read, need_scope, permit, reach
from timebank.actors import SYSTEM, Actor, PersonId
from timebank.askers import once_an_answer
from timebank.batch import Batch
from timebank.due import passed
from timebank.events import Event
from timebank.ids import new
from timebank.journal import Answer, write
from timebank.keys import RequestKey
from timebank.lifecycles import Lifecycle, step
from timebank.looks import Look
from timebank.projections import Rows, projects
from timebank.refusals import NotFound, Refusal, Unauthenticated
from timebank.tables import Row, Where, find_many, newest_by_id, select, table
from timebank.texts import LONGEST, Text, keep_text

HOURS_MOST = 24
"""A guard, not a rule of the domain: whoever needs longer asks two persons again."""


class UrgentGround(StrEnum):
    """Why somebody has to be reached at once."""

    LIFE_IN_DANGER = "life_in_danger"
    MISSING_PERSON = "missing_person"
    DISASTER = "disaster"
    AUTHORITY = "authority"


class UrgentState(StrEnum):
    """The life of an urgent access."""

    RUNNING = "running"
    ENDED = "ended"


# Events


class UrgentAccessOpened(Event, frozen=True, tag="urgent_access.opened"):
    """An officer may read names and telephones over a scope until an instant.

    The entry's actor is the second person; `words` commits to what the officer wrote.
    """

    access: str
    officer: PersonId
    scope: str
    ground: UrgentGround
    words: str
    until: datetime


class UrgentAccessEnded(Event, frozen=True, tag="urgent_access.ended"):
    """It is over, by its time or sooner; something was read of `people` people."""

    access: str
    people: int


# Refusals


class AskerOpens(Refusal):
    """Two persons give urgent access (domain 11)."""

    says = "Another officer must open the access that you asked for."


class HoursWrong(Refusal):
    """An urgent access is for hours."""

    says = "Urgent access lasts 1 to {most} hours."
    most: int
    path = ("hours",)


class AccessRuns(Refusal):
    """It is over when its time is."""

    says = "This access lasts until its time is over."


# Lifecycle

LIFECYCLE: Lifecycle[UrgentState] = {
    UrgentState.RUNNING: {UrgentAccessEnded: UrgentState.ENDED},
    UrgentState.ENDED: {},
}


# Tables and projectors


@table("urgent_request", vault=True, index=[("path",)])
class UrgentRequest(Row, frozen=True):
    """What an officer asks for, until a second person opens it or lets it go."""

    id: str
    officer: str
    path: str
    ground: UrgentGround
    hours: int
    words: str
    asked_at: datetime


@table("urgent_access", index=[("officer", "state"), ("state", "until"), ("path", "id")])
class UrgentAccess(Row, frozen=True):
    """One access: whose, over what, and of how many people something was read under it."""

    id: str
    officer: str
    opener: str
    path: str
    ground: UrgentGround
    state: UrgentState
    opened_at: datetime
    until: datetime
    people: int | None = None

    def covers(self, path: str, now: datetime) -> bool:
        """Whether it reaches what lies at a path now, whatever its timer has met."""
        return self.state is UrgentState.RUNNING and now < self.until and path.startswith(self.path)


@projects(UrgentAccessOpened)
def _opened(rows: Rows, event: UrgentAccessOpened, entry: Sealed) -> None:
    rows.put(
        UrgentAccess(
            id=event.access,
            officer=event.officer,
            opener=entry.actor,
            path=event.scope,
            ground=event.ground,
            state=UrgentState.RUNNING,
            opened_at=entry.at,
            until=event.until,
        )
    )


@projects(UrgentAccessEnded)
def _over(rows: Rows, event: UrgentAccessEnded, entry: Sealed) -> None:
    held = rows.there(UrgentAccess, event.access)
    state = step(LIFECYCLE, held.state, UrgentAccessEnded)
    rows.put(msgspec.structs.replace(held, state=state, people=event.people))


# Commands


class Asked(Answer, frozen=True, kw_only=True):
    """What now waits for a second person, or was let go."""

    request: str


class Urgent(Answer, frozen=True, kw_only=True):
    """The access that was opened or is over."""

    access: str


async def ask_urgent_access(
    actor: Actor, *, scope: str, ground: UrgentGround, words: str, hours: int, key: RequestKey
) -> Asked:
    """Ask to reach people of an area in one's own scope, for 1 to 24 hours.

    Args: scope, the area's path; words, who is to be reached and why, at most 2,000 characters.
    Refuses: HoursWrong, ScopeMalformed, ScopeUnknown, TextMissing, TextTooLong.
    Source: domain 11.
    """
    if not 1 <= hours <= HOURS_MOST:
        raise HoursWrong(most=HOURS_MOST)
    request = new("urg")

    def work(batch: Batch) -> Asked:
        permit(batch, Action.ASK_URGENT_ACCESS, scope)
        need_scope(batch, scope)
        told = keep_text(batch, request, "words", words, most=LONGEST, whose=actor.person)
        batch.put(
            UrgentRequest(
                id=request,
                officer=actor.id,
                path=scope,
                ground=ground,
                hours=hours,
                words=told,
                asked_at=batch.now,
            )
        )
        return Asked(request=request)

    return await write(actor, key, work, answer=Asked)


async def drop_urgent_request(actor: Actor, *, request: str, key: RequestKey) -> Asked:
    """Let a request go: one's own, or as the officer who does not open it. Refuses: NotFound."""
    if not actor.known:
        raise Unauthenticated

    def work(batch: Batch) -> Asked:
        held = batch.get(UrgentRequest, request)
        opens = held is not None and may(batch, Action.OPEN_URGENT_ACCESS, held.path)
        if held is None or not (opens or held.officer == actor.id):
            raise NotFound(what="request")
        batch.drop(UrgentRequest, request)
        batch.drop(Text, f"{request}:words")
        return Asked(request=request)

    return await write(actor, key, work, answer=Asked, needs=[(UrgentRequest, request)])


async def open_urgent_access(actor: Actor, *, request: str, key: RequestKey) -> Urgent:
    """Open what another officer asked for: its hours begin now.

    Refuses: NotFound, for a request out of scope too; AskerOpens.   Source: domain 11.
    """

    def work(batch: Batch) -> Urgent:
        held = in_reach(batch, Action.OPEN_URGENT_ACCESS, UrgentRequest, request, what="request")
        if held.officer == actor.id:
            raise AskerOpens
        batch.drop(UrgentRequest, request)
        entry = batch.record(
            UrgentAccessOpened(
                access=request,
                officer=held.officer,
                scope=held.path,
                ground=held.ground,
                words=held.words,
                until=batch.now + timedelta(hours=held.hours),
            )
        )
        return Urgent(entry=entry.seq, access=request)

    return await write(actor, key, work, answer=Urgent, needs=[(UrgentRequest, request)])


async def end_urgent_access(actor: Actor, *, access: str, key: RequestKey | None = None) -> Urgent:
    """End an access: by its officer, by whoever opens such, or by the software when it is time.

    Refuses: NotFound, NotInThisState, AccessRuns.
    """
    if not actor.known:
        raise Unauthenticated
    read = len({look.person for look in await select(Look, under=access)})

    def work(batch: Batch) -> Urgent:
        held = batch.get(UrgentAccess, access)
        opens = held is not None and may(batch, Action.OPEN_URGENT_ACCESS, held.path)
        if held is None or not (opens or actor.id in (held.officer, SYSTEM.id)):
            raise NotFound(what="access")
        step(LIFECYCLE, held.state, UrgentAccessEnded)
        if actor == SYSTEM and batch.now < held.until:
            raise AccessRuns
        entry = batch.record(UrgentAccessEnded(access=access, people=read))
        return Urgent(entry=entry.seq, access=access)

    return await write(actor, key, work, answer=Urgent, needs=[(UrgentAccess, access)])


# What other capabilities ask


@once_an_answer
async def standing_accesses(actor: Actor) -> list[UrgentAccess]:
    """The accesses that the actor has; they rest with the role by which they were asked for."""
    if not actor.staff:
        return []
    opened = await select(UrgentAccess, officer=actor.id, state=UrgentState.RUNNING.value)
    asks = await reach(actor, Action.ASK_URGENT_ACCESS)
    return [held for held in opened if asks(held.path)]


# Reads


async def urgent_requests(actor: Actor, scope: str) -> list[UrgentRequest]:
    """What waits for a second person below a path, oldest first, for whoever may open it."""
    if not await may_read(actor, Action.OPEN_URGENT_ACCESS, scope):
        return []
    return await select(UrgentRequest, path__startswith=scope, order=["id"])


async def urgent_accesses(actor: Actor, scope: str, **where: Unpack[Where]) -> list[UrgentAccess]:
    """The accesses below a path, newest first: all for who answers for them, else one's own."""
    which = [] if await may_read(actor, Action.READ_URGENT_ACCESS, scope) else [Q(officer=actor.id)]
    return await newest_by_id(UrgentAccess, where, *which, path__startswith=scope)


async def visible_accesses(actor: Actor, ids: Sequence[str]) -> dict[str, UrgentAccess]:
    """Accesses by id: the actor's own, and those in the scope of who answers for them."""
    theirs = await reach(actor, Action.READ_URGENT_ACCESS)
    found = (await find_many(UrgentAccess, ids)).values()
    return {h.id: h for h in found if h.officer == actor.id or theirs(h.path)}


async def looks_under(actor: Actor, access: str, **where: Unpack[Where]) -> list[Look]:
    """What was read under an access, the newest day first, for whoever may see the access."""
    if not await visible_accesses(actor, [access]):
        return []
    return await newest_by_id(Look, where, under=access)


accesses_over = passed(UrgentAccess, "until", UrgentState.RUNNING)
"""The open accesses whose time is over, the longest over first."""
