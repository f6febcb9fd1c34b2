"""Data requests: what a person may ask about their own data, and until when it is answered.

Access and a copy are given at once by the software (`portability`), and so is a restriction: from
then on staff read neither name nor telephone, until the person lifts it. Correction and deletion
wait for the data protection officer, whose clock runs in working days (**policy**
`request_working_days`); late is late and stays open. Knows the request and its clock; what follows
is known by `corrections`, `erasures` and `restrictions`. Source: domain 11, Personal Information
Protection Law Art. 44 to 50.
"""

from collections.abc import Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Unpack

import msgspec
from tortoise.expressions import Q

from ledger.entry import Sealed
from timebank.access import Action, in_reach, may_read, permit_self, reach
from timebank.actors import Actor, PersonId
from timebank.batch import Batch
from timebank.events import Event
from timebank.ids import new
from timebank.journal import Answer, write
from timebank.keys import RequestKey
from timebank.lifecycles import Lifecycle, step
from timebank.people import Person
from timebank.person_life import PersonState
from timebank.projections import Place, Rows, projects
from timebank.refusals import NotFound, Refusal
from timebank.restrictions import restrict
from timebank.tables import Row, Where, WhereByDay, find_many, newest_by_id, page_by_day, table
from timebank.texts import LONGEST, keep_text, read_texts
from timebank.working_days import working_days_later


class RequestKind(StrEnum):
    """What is asked for."""

    ACCESS = "access"
    COPY = "copy"
    PORTABILITY = "portability"
    CORRECTION = "correction"
    DELETION = "deletion"
    RESTRICTION = "restriction"


class RequestState(StrEnum):
    """The life of a request."""

    RECEIVED = "received"
    GRANTED = "granted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class RequestGround(StrEnum):
    """Why a request is refused."""

    NOT_WRONG = "not_wrong"
    KEPT_BY_LAW = "kept_by_law"
    NOT_PROVED = "not_proved"
    NO_SUCH_DATA = "no_such_data"


AT_ONCE = frozenset(
    {RequestKind.ACCESS, RequestKind.COPY, RequestKind.PORTABILITY, RequestKind.RESTRICTION}
)
"""What the software does without anybody's leave."""


# Events


class RequestReceived(Event, frozen=True, tag="data_request.received"):
    """A person asked about their own data; `words` is a commitment to what they wrote."""

    request: str
    person: PersonId
    about: RequestKind
    answer_by: date
    words: str | None = None


class RequestGranted(Event, frozen=True, tag="data_request.granted"):
    """What was asked for was done; `words` is a commitment to the answer."""

    request: str
    words: str | None = None


class RequestRefused(Event, frozen=True, tag="data_request.refused"):
    """What was asked for is not done, with a ground and a commitment to the answer."""

    request: str
    ground: RequestGround
    words: str


class RequestWithdrawn(Event, frozen=True, tag="data_request.withdrawn"):
    """The person took it back."""

    request: str


# Refusals


class AskedAlready(Refusal):
    """One open request of a kind."""

    says = "A request of this kind is open already; it is answered by {until}."
    until: date


class OwnRequest(Refusal):
    """Nobody answers their own request."""

    says = "Your own request is answered by another officer."


class NotDoneYet(Refusal):
    """A request is granted when what it asks for is done."""

    says = "Do what is asked for first: {what}."
    what: str


# Lifecycle

LIFECYCLE: Lifecycle[RequestState] = {
    RequestState.RECEIVED: {
        RequestGranted: RequestState.GRANTED,
        RequestRefused: RequestState.REFUSED,
        RequestWithdrawn: RequestState.WITHDRAWN,
    },
    RequestState.GRANTED: {},
    RequestState.REFUSED: {},
    RequestState.WITHDRAWN: {},
}


# Tables and projectors


@table("data_request", index=[("person", "id"), ("state", "answer_by")])
class DataRequest(Row, frozen=True):
    """One request; `path` is where the person was at home, `answer_by` the last day to answer."""

    id: str
    person: str
    path: str
    kind: RequestKind
    state: RequestState
    received_at: datetime
    answer_by: date
    ended_at: datetime | None = None
    ground: RequestGround | None = None


@table("open_request")
class OpenRequest(Row, frozen=True):
    """The open request of a kind: what decisions ask; `id` is `<person>/<kind>`."""

    id: str
    request: str
    answer_by: date


def open_key(person: PersonId, kind: RequestKind) -> str:
    """The key of OpenRequest."""
    return f"{person}/{kind.value}"


@projects(RequestReceived)
def _received(rows: Rows, event: RequestReceived, entry: Sealed) -> None:
    rows.put(
        DataRequest(
            id=event.request,
            person=event.person,
            path=rows.there(Person, event.person).home_path,
            kind=event.about,
            state=RequestState.RECEIVED,
            received_at=entry.at,
            answer_by=event.answer_by,
        )
    )
    key = open_key(event.person, event.about)
    rows.put(OpenRequest(id=key, request=event.request, answer_by=event.answer_by))


@projects(RequestGranted, RequestRefused, RequestWithdrawn)
def _ended(
    rows: Rows, event: RequestGranted | RequestRefused | RequestWithdrawn, entry: Sealed
) -> None:
    held = rows.there(DataRequest, event.request)
    rows.put(
        msgspec.structs.replace(
            held,
            state=step(LIFECYCLE, held.state, type(event)),
            ended_at=entry.at,
            ground=event.ground if isinstance(event, RequestRefused) else None,
        )
    )
    rows.drop(OpenRequest, open_key(held.person, held.kind))


# Decisions


def decide_ask(standing: OpenRequest | None) -> None:
    """Whether a request of a kind may be made. Refuses: AskedAlready."""
    if standing is not None:
        raise AskedAlready(until=standing.answer_by)


def decide_done(kind: RequestKind, state: PersonState) -> None:
    """Whether what a granted request asks for is done. Refuses: NotDoneYet."""
    if kind is RequestKind.DELETION and state not in (PersonState.ERASED, PersonState.ERASING):
        raise NotDoneYet(what=kind.value)


# What other capabilities ask


def to_answer(batch: Batch, request: str) -> DataRequest:
    """The request, for an officer whose scope it is in and who did not make it."""
    held = in_reach(batch, Action.ANSWER_REQUEST, DataRequest, request, what="request")
    if held.person == batch.actor.person:
        raise OwnRequest
    return held


# Commands


class Requested(Answer, frozen=True, kw_only=True):
    """The request that was made or ended."""

    request: str


async def request_data(
    actor: Actor, *, kind: RequestKind, key: RequestKey, words: str | None = None
) -> Requested:
    """Ask about one's own data; what the software gives is granted at once.

    Args: words, what is to be corrected or restricted; a correction without them is none.
    Refuses: NotFound, AskedAlready, RestrictedAlready, TextMissing, TextTooLong.
    Source: domain 11.
    """
    person, request = permit_self(actor), new("drq")

    def work(batch: Batch) -> Requested:
        batch.need(Person, person, "person")
        decide_ask(batch.get(OpenRequest, open_key(person, kind)))
        told = None
        if words is not None or kind is RequestKind.CORRECTION:
            told = keep_text(batch, request, "words", words or "", most=LONGEST, whose=person)
        entry = batch.record(
            RequestReceived(
                request=request,
                person=person,
                about=kind,
                answer_by=working_days_later(
                    batch.today, batch.policy.privacy.request_working_days
                ),
                words=told,
            )
        )
        if kind is RequestKind.RESTRICTION:
            restrict(batch, person)
        if kind in AT_ONCE:
            batch.record(RequestGranted(request=request))
        return Requested(entry=entry.seq, request=request)

    needs: list[Place] = [(Person, person), (OpenRequest, open_key(person, kind))]
    return await write(actor, key, work, answer=Requested, needs=needs)


async def withdraw_request(actor: Actor, *, request: str, key: RequestKey) -> Requested:
    """Take one's own request back. Refuses: NotFound, NotInThisState."""
    person = permit_self(actor)

    def work(batch: Batch) -> Requested:
        held = batch.need(DataRequest, request, "request")
        if held.person != person:
            raise NotFound(what="request")
        step(LIFECYCLE, held.state, RequestWithdrawn)
        entry = batch.record(RequestWithdrawn(request=request))
        return Requested(entry=entry.seq, request=request)

    return await write(actor, key, work, answer=Requested, needs=[(DataRequest, request)])


async def grant_request(actor: Actor, *, request: str, answer: str, key: RequestKey) -> Requested:
    """Say, as the data protection officer, that what was asked for is done.

    Refuses: NotFound, OwnRequest, NotInThisState, NotDoneYet, TextMissing, TextTooLong.
    """

    def work(batch: Batch) -> Requested:
        held = to_answer(batch, request)
        step(LIFECYCLE, held.state, RequestGranted)
        decide_done(held.kind, batch.there(Person, held.person).state)
        told = keep_text(batch, request, "answer", answer, most=LONGEST, whose=held.person)
        entry = batch.record(RequestGranted(request=request, words=told))
        return Requested(entry=entry.seq, request=request)

    return await write(actor, key, work, answer=Requested, needs=[(DataRequest, request)])


async def refuse_request(
    actor: Actor, *, request: str, ground: RequestGround, answer: str, key: RequestKey
) -> Requested:
    """Say, as the data protection officer, why it is not done.

    Refuses: NotFound, OwnRequest, NotInThisState, TextMissing, TextTooLong.
    """

    def work(batch: Batch) -> Requested:
        held = to_answer(batch, request)
        step(LIFECYCLE, held.state, RequestRefused)
        told = keep_text(batch, request, "answer", answer, most=LONGEST, whose=held.person)
        entry = batch.record(RequestRefused(request=request, ground=ground, words=told))
        return Requested(entry=entry.seq, request=request)

    return await write(actor, key, work, answer=Requested, needs=[(DataRequest, request)])


# Reads


async def visible_requests(actor: Actor, ids: Sequence[str]) -> dict[str, DataRequest]:
    """Requests by id: the actor's own, and those in the officer's scope."""
    theirs = await reach(actor, Action.ANSWER_REQUEST)
    found = (await find_many(DataRequest, ids)).values()
    return {h.id: h for h in found if h.person == actor.person or theirs(h.path)}


async def words_of(actor: Actor, ids: Sequence[str], label: str) -> dict[str, str]:
    """What was written with requests (`words`) or to answer them (`answer`), as far as visible."""
    return await read_texts(await visible_requests(actor, ids), label)


async def requests(
    actor: Actor, *, scope: str | None = None, **where: Unpack[WhereByDay]
) -> list[DataRequest]:
    """The actor's own requests, or for the officer the open ones of a scope; most urgent first."""
    which = Q(person=actor.person or "")
    if scope is not None:
        if not await may_read(actor, Action.ANSWER_REQUEST, scope):
            return []
        which = Q(path__startswith=scope, state=RequestState.RECEIVED.value)
    return await page_by_day(DataRequest, "answer_by", where, which)


async def answered_requests(actor: Actor, scope: str, **where: Unpack[Where]) -> list[DataRequest]:
    """What was granted, refused or withdrawn in an officer's scope, newest first."""
    if not await may_read(actor, Action.ANSWER_REQUEST, scope):
        return []
    ended = [state.value for state in RequestState if not LIFECYCLE[state]]
    return await newest_by_id(DataRequest, where, Q(path__startswith=scope, state__in=ended))
