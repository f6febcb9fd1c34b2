"""Stars as of every day equal what the entries alone say, whatever happened in which order.

The history goes through the real projectors; the recomputation reads the entries' bytes and knows
nothing of the tables.
"""

import json
import subprocess
import sys
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ledger.entry import EMPTY, Sealed, seal
from tests.starring import HOURLY
from timebank.activities import ActivityKind
from timebank.clock import day_of
from timebank.events import Event, body_of, kind_of
from timebank.finding_life import Blame, Misconduct, MisconductFound
from timebank.findings import VoidedRecord
from timebank.held_stars import Stars, star_on
from timebank.hours import Record
from timebank.objection_life import ObjectionRaised, ObjectionReason
from timebank.objections import Objection, RecordObjections
from timebank.projections import Known, Rows, project
from timebank.record_life import (
    LIFECYCLE,
    Acceptance,
    CaptureMode,
    HoursCaptured,
    HoursConfirmed,
    HoursPosted,
    HoursPostedSilent,
    HoursReinstated,
    HoursReinstatedSilent,
    HoursRepudiated,
    HoursRestored,
    HoursRestoredSilent,
    HoursReversed,
    HoursVoided,
    RecordState,
    ReverseReason,
)
from timebank.star_award_life import LIFECYCLE as STAR_LIFE
from timebank.star_award_life import (
    StarApplied,
    StarAwarded,
    StarPublicised,
    StarRevoked,
    StarRevokeReason,
)
from timebank.star_awards import StarAward
from timebank.stars import COUNTING, ServiceDay

ROOT = Path(__file__).parent.parent
BEGAN = datetime(2026, 3, 1, 2, tzinfo=UTC)
WHO, STATION, PATH = "per_1", "sta_1", "420100/420102/sta_1/"
NEEDED = HOURLY.star.minutes
DAY = timedelta(days=1)
RECORDS = 4

ACTS = (
    "capture",
    "confirm",
    "accept",
    "silence",
    "disown",
    "reverse",
    "object",
    "restore",
    "apply",
    "publicise",
    "award",
    "revoke",
    "void",
    "reinstate",
)
UNDOING = ("disown", "reverse", "revoke", "void")
HISTORIES = st.lists(
    st.tuples(st.integers(0, 10**6), st.integers(30, 3 * 60), st.sampled_from([0, 0, 1, 2])),
    min_size=30,
    max_size=80,
)


class History(Rows):
    """A history of one volunteer: entries written one after another through the projectors."""

    def __init__(self) -> None:
        nothing: Known = defaultdict(lambda: None)
        super().__init__(nothing)
        self.now, self.entries = BEGAN, list[Sealed]()

    def tell(self, event: Event) -> None:
        if isinstance(event, HoursVoided):
            self._write(
                MisconductFound(
                    finding=event.finding,
                    area="420100/420102/",
                    misconduct=Misconduct.INVENTED_HOURS,
                    blame=Blame.VOLUNTEER,
                    proposer="per_8",
                    statement="0" * 64,
                    records=1,
                )
            )
        self._write(event)

    def _write(self, event: Event) -> None:
        entry = seal(
            self.entries[-1].tip if self.entries else EMPTY,
            now=self.now,
            kind=kind_of(event),
            actor="per_9",
            request="0" * 32,
            policy=HOURLY.id,
            body=body_of(event),
            postings=event.postings(),
        )
        self.entries.append(entry)
        project(self, event, entry)

    def act(self, act: str, n: int, minutes: int) -> None:
        """Do something, which the life of the record or of the star must allow."""
        event = self._event(act, n, minutes)
        assert event is not None
        self.tell(event)

    def go_on(self, choice: int, minutes: int) -> None:
        """Do one of the things that may happen now."""
        # The kind of act first, and what undoes more seldom: else hardly a star is ever held.
        possible: dict[str, Event] = {}
        for act in ACTS if choice % 4 == 0 else [act for act in ACTS if act not in UNDOING]:
            made = [self._event(act, n, minutes) for n in range(RECORDS)]
            if found := [event for event in made if event is not None]:
                possible[act] = found[choice // 4 % len(found)]
        if possible:
            self.tell(list(possible.values())[choice // 16 % len(possible)])

    def _event(self, act: str, n: int, minutes: int) -> Event | None:
        return self._of_record(act, n, minutes) or self._of_star(act, n)

    def _of_record(self, act: str, n: int, minutes: int) -> Event | None:
        id = f"rec_{n}"
        held = self.get(Record, id)
        if held is None:
            return self._captured(id, n, minutes) if act == "capture" else None
        told: dict[str, Any] = {"record": id, "volunteer": WHO, "station": STATION}
        silent = held.state is RecordState.POSTED_SILENT
        made: dict[str, Event] = {
            "confirm": HoursConfirmed(record=id, minutes=min(minutes, held.checked_minutes)),
            "accept": HoursPosted(
                **told, minutes=held.minutes, way=Acceptance.SELF, after_silence=silent
            ),
            "silence": HoursPostedSilent(**told, minutes=held.minutes, answer_by=day_of(self.now)),
            "disown": HoursRepudiated(**told, batch=held.batch),
            "reverse": HoursReversed(**told, reason=ReverseReason.RECORDED_WRONGLY),
            "void": HoursVoided(**told, finding=f"fin_{len(self.entries)}", blamed=(WHO,)),
            "object": ObjectionRaised(
                objection=f"obj_{len(self.entries)}",
                record=id,
                person=WHO,
                reason=ObjectionReason.WRONG_TIMES,
                statement="0" * 64,
                answer_by=day_of(self.now),
                decide_by=day_of(self.now),
            ),
        }
        event = made.get(act) or self._back(act, held, told)
        if event is None or type(event) not in LIFECYCLE[held.state]:
            return None
        return event

    def _back(self, act: str, held: Record, told: dict[str, Any]) -> Event | None:
        """What gives a record back: the dismissal of an objection, or a finding's review."""
        voided, objected = self.get(VoidedRecord, held.id), self.get(RecordObjections, held.id)
        if act == "reinstate" and voided is not None:
            told |= {"finding": voided.finding, "minutes": held.minutes}
            silent = voided.stood is RecordState.POSTED_SILENT
            return HoursReinstatedSilent(**told) if silent else HoursReinstated(**told)
        if act == "restore" and objected is not None:
            silent = self.there(Objection, objected.newest).stood is RecordState.POSTED_SILENT
            return (HoursRestoredSilent if silent else HoursRestored)(record=held.id)
        return None

    def _captured(self, id: str, n: int, minutes: int) -> Event:
        starts = BEGAN - (n + 1) * DAY
        return HoursCaptured(
            record=id,
            volunteer=WHO,
            station=STATION,
            path=PATH,
            starts=starts,
            ends=starts + timedelta(minutes=minutes),
            minutes=minutes,
            kind_of_service=ActivityKind.ELDER,
            mode=CaptureMode.MANUAL,
        )

    def _of_star(self, act: str, n: int) -> Event | None:
        id, star = f"str_{n}", n + 1
        held = self.get(StarAward, id)
        if held is None:
            stars = self.get(Stars, WHO)
            if act != "apply" or (stars is not None and stars.waiting):
                return None
            return StarApplied(
                award=id,
                person=WHO,
                level=star,
                minutes=NEEDED[n],
                needed=NEEDED[n],
                path=PATH,
            )
        made: dict[str, Event] = {
            "publicise": StarPublicised(award=id, person=WHO, until=day_of(self.now)),
            "award": StarAwarded(award=id, person=WHO, level=star, needed=NEEDED[n]),
            "revoke": StarRevoked(
                award=id,
                person=WHO,
                reason=StarRevokeReason.MISCONDUCT,
                appeal_by=day_of(self.now),
            ),
        }
        event = made.get(act)
        return event if event is not None and type(event) in STAR_LIFE[held.state] else None

    def on(self, day: date) -> tuple[int, int]:
        """Minutes and star at the end of a day, as the tables have them."""
        days = [
            row
            for layer in self.layers
            for row in layer.values()
            if isinstance(row, ServiceDay) and row.day <= day
        ]
        minutes = max(days, key=lambda row: row.day).minutes if days else 0
        return minutes, star_on(self.get(Stars, WHO), minutes, day)


COUNTS = ("hours.posted", "hours.posted_silent", "hours.reinstated", "hours.reinstated_silent")


def recomputed(entries: list[Sealed], day: date) -> tuple[int, int]:
    """Minutes and star at the end of a day, from the bytes of the entries alone."""
    counted: dict[str, int] = {}
    stars: dict[str, tuple[int, int]] = {}
    revoked: dict[str, tuple[int, int]] = {}
    for sealed in entries:
        told = json.loads(sealed.bytes)
        if day_of(datetime.fromisoformat(told["at"])) > day:
            break
        kind, body = told["kind"], told["body"]
        if kind in COUNTS and not body.get("after_silence"):
            counted[body["record"]] = body["minutes"]
        elif kind in ("hours.reversed", "hours.repudiated", "hours.voided"):
            counted.pop(body["record"], None)
        elif kind == "star.awarded":
            stars[body["award"]] = (body["level"], body["needed"])
        elif kind == "star.revoked":
            revoked[body["award"]] = stars.pop(body["award"])
        elif kind == "star.restored":
            stars[body["award"]] = revoked.pop(body["award"])
    minutes = sum(counted.values())
    return minutes, max((n for n, needed in stars.values() if needed <= minutes), default=0)


@given(HISTORIES)
def test_stars_of_every_day_are_what_the_entries_say(
    steps: list[tuple[int, int, int]],
) -> None:
    history = History()
    for choice, minutes, days in steps:
        history.go_on(choice, minutes)
        history.now += days * DAY
    day = day_of(BEGAN) - DAY
    while day <= day_of(history.now):
        assert history.on(day) == recomputed(history.entries, day), day
        day += DAY


def test_a_history_can_come_to_a_star_and_lose_it() -> None:
    """So that the property above is about something."""
    history = History()
    for act in ("capture", "confirm", "accept", "apply", "publicise", "award"):
        history.act(act, 0, 90)
    assert history.on(day_of(history.now)) == (90, 1)
    history.now += DAY
    history.act("reverse", 0, 90)
    assert history.on(day_of(history.now)) == (0, 0)
    assert history.on(day_of(history.now) - DAY) == (90, 1)


def test_every_step_that_changes_the_record_is_counted() -> None:
    """What begins or ends the counting is read from the life of a record, not listed again."""
    assert {HoursPosted, HoursPostedSilent, HoursRepudiated, HoursReversed} <= COUNTING
    assert not COUNTING & {HoursConfirmed, ObjectionRaised, HoursRestored, HoursRestoredSilent}


def test_the_order_of_imports_changes_nothing() -> None:
    """Projectors of an event run as their modules were imported; the stars' rests on the others."""
    asked = (
        "import timebank.stars, timebank.capabilities;"
        "from tests.test_stars_recomputed import *;"
        "history = History();"
        "[history.act(act, 0, 90) for act in ('capture', 'confirm', 'accept', 'void')];"
        "print(history.on(day_of(history.now)))"
    )
    told = subprocess.run(
        [sys.executable, "-c", asked], cwd=ROOT, capture_output=True, check=True, text=True
    )
    assert told.stdout.strip() == "(0, 0)"
