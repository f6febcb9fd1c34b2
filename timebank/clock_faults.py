"""Clock faults: when a clock behind the ledger, or set under it, stops it; what two persons said.

Entries are in the order of their times, so a clock that once ran ahead leaves a last entry which
the right clock is behind for as long as the other had run ahead. Which of the two is wrong no
program can tell (ledger format 7). Two persons can: after their entry the log's time stands still,
a microsecond an entry, until the clock has caught up. A clock that is set while a process runs has
parted from the steady clock that nobody can set, whichever way it went. Knows no journal, which
asks it.
"""

from datetime import UTC, datetime, timedelta

from ledger.entry import Sealed, Tip
from timebank.actors import PersonId
from timebank.clock import Clock
from timebank.columns import MICROSECOND
from timebank.events import Event
from timebank.projections import Rows, projects
from timebank.refusals import Denial, Refusal
from timebank.tables import Row, table

CLOCK_SLACK = timedelta(seconds=60)
LATEST = "latest"


class ClockCorrected(Event, frozen=True, tag="clock.corrected"):
    """Two persons vouch for the clock: it said `clock`, `ahead` seconds before the last entry."""

    clock: datetime
    ahead: int
    by: tuple[PersonId, PersonId]


class ClockNotBehind(Refusal):
    """There is nothing to vouch for while the clock may be followed anyway."""

    says = "The clock is not behind the last entry, so there is nothing to correct."


class ClockBehind(Denial):
    """The clock is more than a minute behind the last entry: appending stops (ledger format 7).

    It ends when the clock is set right or has caught up, or with `clock.corrected` by two persons.
    """

    code = "BUSY"
    says = "The server's clock is wrong; nothing is written until it is set right."
    retry_after = 60


class ClockSet(Denial):
    """Wall clock and steady clock have come more than a minute apart: appending stops.

    It ends when the clock is set back, or with `clock.corrected` by two persons.
    """

    code = "BUSY"
    says = (
        "The server's clock was changed while it ran; nothing is written until it is set back or"
        " two operators confirm it."
    )
    retry_after = 60


@table("clock_correction")
class ClockCorrection(Row, frozen=True):
    """The latest correction: entry `seq`, at `at` in the log's time and at `clock` by the clock."""

    id: str
    seq: int
    at: datetime
    clock: datetime


@projects(ClockCorrected)
def _corrected(rows: Rows, event: ClockCorrected, entry: Sealed) -> None:
    rows.put(ClockCorrection(id=LATEST, seq=entry.seq, at=entry.at, clock=event.clock))


def could_be_behind(tip: Tip, now: datetime) -> bool:
    """Whether the clock is more than a minute behind the last entry."""
    return tip.at is not None and now < tip.at - CLOCK_SLACK


def decide_behind(tip: Tip, now: datetime, corrected: ClockCorrection | None) -> bool:
    """Whether the clock must not be followed.

    A correction holds as long as the log's time stands still, and for a clock that goes forward
    from what it said then. A clock that ran ahead once more needs a correction of its own.
    """
    if tip.at is None or not could_be_behind(tip, now):
        return False
    if corrected is None or now < corrected.clock - CLOCK_SLACK:
        return True
    return tip.at != corrected.at + (tip.size - 1 - corrected.seq) * MICROSECOND


def decide_correction(
    tip: Tip,
    now: datetime,
    corrected: ClockCorrection | None,
    by: tuple[PersonId, PersonId],
    *,
    was_set: bool = False,
) -> ClockCorrected:
    """Vouch for the clock. Refuses: ClockNotBehind.

    Args: was_set, that it was set under a running process, which no other process can see.
    """
    if not was_set and not decide_behind(tip, now, corrected):
        raise ClockNotBehind
    ahead = timedelta(0) if tip.at is None else tip.at - now
    return ClockCorrected(clock=now, ahead=ahead // timedelta(seconds=1), by=by)


class Pace:
    """Whether the wall clock still goes as the steady clock does, since this process looked first.

    Two persons' correction, made after the fault was met, begins it anew from the clock as it is.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._offset = self._apart()
        self._met: int | None = None

    def _apart(self) -> timedelta:
        return self._clock.now() - datetime.min.replace(tzinfo=UTC) - self._clock.ran()

    @property
    def lost(self) -> bool:
        """Whether the two have come more than a minute apart."""
        return abs(self._apart() - self._offset) > CLOCK_SLACK

    def follow(self, size: int, corrected: ClockCorrection | None) -> None:
        """Go on, or refuse with ClockSet; `size` is the log's, `corrected` the latest correction.

        A fault that went away by itself, because the clock was set back, is forgotten.
        """
        if not self.lost:
            self._met = None
            return
        self._met = size if self._met is None else self._met
        if corrected is None or corrected.seq < self._met:
            raise ClockSet
        self._offset, self._met = self._apart(), None
