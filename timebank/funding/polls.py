"""Polls: what residents say yes or no to, on paper, by telephone and on the page, each once.

Support for a proposal, the decision, the acceptance of the works and the evaluation are all polls
of one kind (domain 10). Residents are those who lived there when the poll opened: whoever moves
meanwhile answers where they lived then, and so in one place alone. Whoever takes down a paper or a
call names the resident's document; whoever comes to the page has one on record; the document's
keyed index in the vault says that nobody counts twice. The ledger holds each answer and the way it
came, and who sent it from a page or took it down, as every entry does; never a document. Knows
answers; refuses to know what follows from them.
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from enum import StrEnum

import msgspec

from ledger.entry import Sealed
from timebank.access import Action, permit, permit_self
from timebank.actors import PUBLIC, Actor, PersonId
from timebank.batch import Batch
from timebank.clock import day_of
from timebank.events import Event
from timebank.homes import HomesLeft, home_path_at
from timebank.identity import DocumentType, birth_of
from timebank.journal import Answer, write
from timebank.keys import RequestKey
from timebank.people import Person, active_person, as_now, selves_in
from timebank.projections import Place, Rows, projects
from timebank.refusals import Refusal
from timebank.tables import Row, find_many, select, table
from timebank.vault import holder_of, keyring, read_fields


class PollKind(StrEnum):
    """What residents are asked (domain 10)."""

    SUPPORT = "support"
    DECISION = "decision"
    ACCEPTANCE = "acceptance"
    EVALUATION = "evaluation"


class BallotWay(StrEnum):
    """How an answer came."""

    PAGE = "page"
    PAPER = "paper"
    PHONE = "phone"


# Events


class PollOpened(Event, frozen=True, tag="poll.opened"):
    """The residents of an area are asked something; `until` is the last day to answer."""

    poll: str
    about: str
    kind_of_poll: PollKind
    path: str
    unit_path: str
    until: date | None = None


class BallotCast(Event, frozen=True, tag="poll.ballot_cast"):
    """A resident answered; the ledger does not say who."""

    poll: str
    way: BallotWay
    in_favour: bool


class PollClosed(Event, frozen=True, tag="poll.closed"):
    """No more answers are taken; the numbers are those that were merged."""

    poll: str
    in_favour: int
    against: int


# Refusals


class VotedAlready(Refusal):
    """One person, one vote, whichever way it came (domain 10)."""

    says = "This resident has answered already, on paper, by telephone or on the page."


class NotAResident(Refusal):
    """Those are asked who live there."""

    says = "Only residents of this community or village answer here."


class MovedInSince(Refusal):
    """Whoever could move in and answer could do so everywhere, one place after the other."""

    says = (
        "This poll opened on {opened}, before this resident moved here: answer where you lived on "
        "that day; here you answer from the next poll on."
    )
    opened: date


class PollOver(Refusal):
    """Answers are taken until the last day."""

    says = "Answers are not taken any more."


class BallotNotOurs(Refusal):
    """Staff take down papers and calls; the page is the resident's own."""

    says = "Staff take down answers on paper or by telephone; on the page residents answer."
    path = ("way",)


# Decisions


def decide_ballot(poll: "Poll", person: Person | None, then: str | None, today: date) -> None:
    """Whether a resident may answer; None is somebody who is not registered, whom staff know.

    Args: then, the path of their home when the poll opened; None where that is not known.
    Refuses: PollOver, NotAResident, MovedInSince.
    """
    if not poll.open or (poll.until is not None and today > poll.until):
        raise PollOver
    if person is None or (then or "").startswith(poll.unit_path):
        return
    if poll.opened_at is not None and person.home_path.startswith(poll.unit_path):
        raise MovedInSince(opened=day_of(poll.opened_at))
    raise NotAResident


# Tables and projectors


@table("poll", index=[("about", "id")])
class Poll(Row, frozen=True):
    """One question; `path` is whose staff take down answers, `unit_path` whose residents answer.

    Every poll has its `opened_at`; a column that came later than its table cannot demand it.
    """

    id: str
    about: str
    kind: PollKind
    path: str
    unit_path: str
    open: bool = True
    until: date | None = None
    in_favour: int = 0
    against: int = 0
    by_page: int = 0
    by_paper: int = 0
    by_phone: int = 0
    opened_at: datetime | None = None

    @property
    def present(self) -> int:
        """How many answered, whichever way."""
        return self.in_favour + self.against


@table("poll_voter", vault=True, index=[("person",)])
class PollVoter(Row, frozen=True):
    """That somebody answered, and not what; `id` is `<poll>/<keyed index of the document>`, and
    `<poll>/<person>` of somebody registered."""

    id: str
    person: str | None = None


@projects(PollOpened)
def _opened(rows: Rows, event: PollOpened, entry: Sealed) -> None:
    rows.put(
        Poll(
            id=event.poll,
            about=event.about,
            kind=event.kind_of_poll,
            path=event.path,
            unit_path=event.unit_path,
            opened_at=entry.at,
            until=event.until,
        )
    )


@projects(BallotCast)
def _cast(rows: Rows, event: BallotCast, entry: Sealed) -> None:
    held = rows.there(Poll, event.poll)
    answer, way = "in_favour" if event.in_favour else "against", f"by_{event.way.value}"
    counted = {name: getattr(held, name) + 1 for name in (answer, way)}
    rows.put(msgspec.structs.replace(held, **counted))


@projects(PollClosed)
def _closed(rows: Rows, event: PollClosed, entry: Sealed) -> None:
    rows.put(msgspec.structs.replace(rows.there(Poll, event.poll), open=False))


# What other capabilities ask

Others = Callable[[Batch, Poll, Person], None]
_ASKS_OTHERS: dict[PollKind, Others] = {}


def asks_others(kind: PollKind) -> Callable[[Others], Others]:
    """Let whoever asks questions of a kind refuse a resident whose answer it is not.

    The function is given what is asked and the resident who answers, and refuses or returns.
    """

    def register(others: Others) -> Others:
        _ASKS_OTHERS[kind] = others
        return others

    return register


def may_answer(batch: Batch, poll: Poll, person: Person | None) -> None:
    """Refuses: what decide_ballot refuses, and whoever asks questions of this kind."""
    then = home_path_at(batch, person, poll.opened_at or batch.now) if person else None
    decide_ballot(poll, person, then, batch.today)
    if person is not None and poll.kind in _ASKS_OTHERS:
        _ASKS_OTHERS[poll.kind](batch, poll, person)


def close_poll(batch: Batch, poll: "Poll") -> None:
    """Take no more answers."""
    event = PollClosed(poll=poll.id, in_favour=poll.in_favour, against=poll.against)
    batch.record(event)


def mark_once(batch: Batch, poll: str, document: str, number: str, person: PersonId | None) -> None:
    """Note that somebody answered. Refuses: VotedAlready."""
    kind = f"{poll}/{document}"
    marks = [f"{poll}/{epoch.mark(kind, number)}" for epoch in keyring().epochs()]
    # A document is put right now and then, and somebody registered is still the same one; so is
    # who was registered twice.
    whose = [f"{poll}/{one}" for one in selves_in(batch, person)] if person else []
    batch.ask(*((PollVoter, mark) for mark in (*marks, *whose)))
    if any(batch.get(PollVoter, mark) is not None for mark in (*marks, *whose)):
        raise VotedAlready
    for mark in (f"{poll}/{keyring().current().mark(kind, number)}", *whose[:1]):
        batch.put(PollVoter(id=mark, person=person))


# Commands


class Balloted(Answer, frozen=True, kw_only=True):
    """The poll that was answered."""

    poll: str


async def cast_ballot(actor: Actor, *, poll: str, in_favour: bool, key: RequestKey) -> Balloted:
    """Answer on the page, as a registered resident. The ledger keeps the answer as the public's.

    Refuses: NotFound, PollOver, NotAResident, MovedInSince, VotedAlready, PersonNotActive, and
    whoever asks. Source: domain 10.
    """
    person = permit_self(actor)
    told = (await read_fields([person], "document", "document_number")).get(person, {})

    def work(batch: Batch) -> Balloted:
        held = batch.need(Poll, poll, "poll")
        may_answer(batch, held, active_person(batch, person))
        mark_once(batch, poll, told["document"], told["document_number"], person)
        event = BallotCast(poll=poll, way=BallotWay.PAGE, in_favour=in_favour)
        return Balloted(entry=batch.record(event).seq, poll=poll)

    needs: list[Place] = [(Poll, poll), (Person, person), (HomesLeft, person)]
    # An entry names its actor for ever, and here that would be who answered what.
    return await write(PUBLIC, key, work, answer=Balloted, needs=needs)


async def take_ballot(
    actor: Actor,
    *,
    poll: str,
    way: BallotWay,
    document: DocumentType,
    document_number: str,
    in_favour: bool,
    key: RequestKey,
) -> Balloted:
    """Take down a paper or a call, as staff of the station, who know the resident.

    Refuses: NotFound, DocumentNumberWrong, BallotNotOurs, PollOver, NotAResident, MovedInSince,
    VotedAlready, and whoever asks.
    """
    number = document_number.strip().upper()
    birth_of(document, number, date.min)
    if way is BallotWay.PAGE:
        raise BallotNotOurs

    def work(batch: Batch) -> Balloted:
        held = batch.need(Poll, poll, "poll")
        permit(batch, Action.TAKE_BALLOT, held.path)
        known = holder_of(batch, document.value, number)
        person = as_now(batch, known.person) if known else None
        may_answer(batch, held, person)
        mark_once(batch, poll, document.value, number, person.id if person else None)
        entry = batch.record(BallotCast(poll=poll, way=way, in_favour=in_favour))
        return Balloted(entry=entry.seq, poll=poll)

    return await write(actor, key, work, answer=Balloted, needs=[(Poll, poll)])


# Reads


async def polls_by_id(ids: Sequence[str]) -> dict[str, Poll]:
    """Polls by their ids: everybody may know how many answered what."""
    return {str(id): held for id, held in (await find_many(Poll, ids)).items()}


async def polls_about(things: Sequence[str]) -> dict[str, list[Poll]]:
    """The polls about things, in the order they were opened."""
    told: dict[str, list[Poll]] = {id: [] for id in things}
    for held in await select(Poll, about__in=list(things), order=["id"]):
        told[held.about].append(held)
    return told
