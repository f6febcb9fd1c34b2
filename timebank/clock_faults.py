"""Clock faults: when a clock behind the ledger stops it, and what two persons said of it.

Entries are in the order of their times, so a clock that once ran ahead leaves a last entry which
the right clock is behind for as long as the other had run ahead. Which of the two is wrong no
program can tell (ledger format 7). Two persons can: after their entry the log's time stands still,
a microsecond an entry, until the clock has caught up. Knows no journal, which asks it.
"""

from datetime import datetime, timedelta

from ledger.entry import Sealed, Tip
from timebank.actors import PersonId
from timebank.events import Event
from timebank.projections import Rows, projects
from timebank.refusals import Refusal
from timebank.tables import MICROSECOND, Row, table

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
    tip: Tip, now: datetime, corrected: ClockCorrection | None, by: tuple[PersonId, PersonId]
) -> ClockCorrected:
    """Vouch for the clock. Refuses: ClockNotBehind."""
    if tip.at is None or not decide_behind(tip, now, corrected):
        raise ClockNotBehind
    return ClockCorrected(clock=now, ahead=(tip.at - now) // timedelta(seconds=1), by=by)
