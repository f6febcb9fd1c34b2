"""Stops: what lets the ledger go on after it stopped itself, by two persons and with an entry.

The publisher sets the stop mark where database and anchor disagree, and a clock behind the ledger
keeps everybody out. Neither ends by itself. Two operators end it, each with a password; the mark
only after database and anchor agree again, which is proved here and not taken from anybody. Refuses
to know how the two came apart.
"""

from collections.abc import Mapping
from datetime import date

import msgspec

from ledger.anchor import AnchorHeld, Verdict, decide_start, proved
from ledger.merkle import InvalidProof
from ledger.reader import open_reader
from timebank import journal, publication
from timebank.access import Action, Grants
from timebank.actors import SYSTEM, PersonId
from timebank.batch import Batch
from timebank.clock_faults import LATEST, ClockCorrection, decide_correction
from timebank.divisions import CITY_PATH
from timebank.events import Event
from timebank.journal import Answer
from timebank.refusals import Refusal
from timebank.settings import Settings
from timebank.sign_in import SignInFailed, knows_password

# Events


class LedgerResumed(Event, frozen=True, tag="ledger.resumed"):
    """Two persons lifted the stop set for `reason`: the log extends `size` entries with `root`."""

    reason: str
    size: int
    root: str
    by: tuple[PersonId, PersonId]


# Refusals


class SamePersonTwice(Refusal):
    """One person twice is one person."""

    says = "Two different persons are needed; {person} was named twice."
    person: str


class NoOperator(Refusal):
    """Only operators of the whole city keep the ledger running (domain 11)."""

    says = "{person} is no operator of the city."
    person: str


class NotStopped(Refusal):
    """There is no stop mark."""

    says = "The ledger is not stopped; there is nothing to lift."


class StillDisagree(Refusal):
    """What set the mark is still so."""

    says = (
        "Database and anchor still disagree ({verdict}). "
        "Put the right database or anchor back first; the stop stays."
    )
    verdict: str


class SignerRuns(Refusal):
    """Whoever holds the anchor could sign while the stop is being judged."""

    says = "Something still signs this log; end it before the stop is lifted."


# Decisions


class Keeper(msgspec.Struct, frozen=True):
    """One of the two who vouch: a person's id, and the password that shows it is them."""

    person: PersonId
    password: str


Two = tuple[Keeper, Keeper]


def decide_two(
    first: PersonId, second: PersonId, *, held: Mapping[PersonId, Grants | None], day: date
) -> tuple[PersonId, PersonId]:
    """The two, if by the grants they hold they may. Refuses: SamePersonTwice, NoOperator."""
    if first == second:
        raise SamePersonTwice(person=first)
    for who in (first, second):
        grants = held[who]
        if grants is None or not grants.may(Action.LIFT_STOP, CITY_PATH, day):
            raise NoOperator(person=who)
    return first, second


def _by(batch: Batch, two: Two) -> tuple[PersonId, PersonId]:
    held = {keeper.person: batch.get(Grants, keeper.person) for keeper in two}
    return decide_two(two[0].person, two[1].person, held=held, day=batch.today)


# Commands


class Resumed(Answer, frozen=True, kw_only=True):
    """The ledger takes entries again; why it did not."""

    reason: str


class Corrected(Answer, frozen=True, kw_only=True):
    """The clock is followed again, `ahead` seconds behind the last entry."""

    ahead: int


async def resume(settings: Settings, two: Two) -> Resumed:
    """Lift the stop mark, with the log's signer stopped.

    Refuses: SignInFailed, SamePersonTwice, NoOperator, NotStopped, StillDisagree, SignerRuns.
    """
    await _prove(two)
    try:
        with publication.hold_anchor(settings, publication.read_signer(settings)) as anchor:
            async with open_reader(settings.database_url) as reader:
                found = await anchor.find(reader)
                verdict = decide_start(found)
                if found.anchor is None or verdict is not Verdict.GO:
                    raise StillDisagree(verdict=verdict.value)
                try:
                    await proved(reader, found.anchor)
                except InvalidProof:
                    raise StillDisagree(verdict=Verdict.FORK.value) from None
                marks = await reader.fetch("SELECT reason FROM stop")
            if not marks:
                raise NotStopped
            reason, signed = str(marks[0][0]), found.anchor

            def work(batch: Batch) -> Resumed:
                by = _by(batch, two)
                event = LedgerResumed(
                    reason=reason, size=signed.size, root=signed.root.hex(), by=by
                )
                return Resumed(entry=batch.record(event).seq, reason=reason)

            # The mark keeps the database as it was read, and the anchor is held.
            return await journal.current().mend(SYSTEM, work, answer=Resumed, lifting=True)
    except AnchorHeld:
        raise SignerRuns from None


async def correct_clock(two: Two, *, was_set: bool = False) -> Corrected:
    """Let the ledger follow the clock although it is behind the last entry, or was set meanwhile.

    Args: was_set, that running servers refuse a clock that was rightly set. Refuses: SignInFailed,
    SamePersonTwice, NoOperator, ClockNotBehind.
    """
    await _prove(two)

    def work(batch: Batch) -> Corrected:
        by = _by(batch, two)
        corrected = batch.get(ClockCorrection, LATEST)
        event = decide_correction(batch.tip, batch.now, corrected, by, was_set=was_set)
        return Corrected(entry=batch.record(event).seq, ahead=event.ahead)

    return await journal.current().mend(SYSTEM, work, answer=Corrected)


async def _prove(two: Two) -> None:
    for keeper in two:
        if not await knows_password(keeper.person, keeper.password):
            raise SignInFailed
