"""A batch: what one work sees and does inside the journal's transaction.

Holds frozen rows by key, the instant, the actor and the policy; collects entries and changed rows.
Does no I/O: a row that is not loaded is named by raising Missing, and the work runs again.
"""

from collections.abc import Callable
from datetime import date, datetime
from typing import TypeVar

from ledger.entry import Sealed, Tip, seal
from timebank.actors import Actor
from timebank.clock import day_of
from timebank.events import Event, body_of, kind_of
from timebank.policy import CALENDAR, Policy, PolicyCalendar, PolicyVersion
from timebank.projections import Known, Missing, Place, Rows, project
from timebank.refusals import NotFound, Refusal
from timebank.tables import Key, R, Row

T = TypeVar("T")


class Batch(Rows):
    """What a work is given: rows, `now`, `today`, `actor`, `request`, and the means to record."""

    def __init__(self, known: Known, *, tip: Tip, now: datetime, actor: Actor, request: str):
        super().__init__(known)
        self.tip, self.now, self.actor, self.request = tip, now, actor, request
        self.today = day_of(now)
        self.entries: list[Sealed] = []
        self.added: set[Place] = set()
        self.missing: set[Place] = set()
        self._calendar: PolicyCalendar | None = None
        self._policies: dict[date, Policy] = {}

    def add(self, row: Row) -> None:
        """Keep a row that nobody can have met, and remember that no table holds it yet."""
        super().add(row)
        self.added.add((type(row), row.pk))

    @property
    def policy(self) -> Policy:
        """The policy in force now."""
        return self.policy_on(self.today)

    def policy_on(self, day: date) -> Policy:
        """The policy in force on a day: limits follow the day served (domain 12)."""
        calendar = self.there(PolicyCalendar, CALENDAR)
        if calendar is not self._calendar:
            self._calendar, self._policies = calendar, {}
        found = self._policies.get(day)
        if found is None:
            found = self.there(PolicyVersion, calendar.on(day)).document
            self._policies[day] = found
        return found

    def need(self, row: type[R], key: Key, what: str = "") -> R:
        """The row with this primary key. Refuses: NotFound, which says `what` is not there."""
        found = self.get(row, key)
        if found is None:
            raise NotFound(what=what or row.__name__.lower())
        return found

    def record(self, event: Event) -> Sealed:
        """Write an event: seal its entry and run its projectors."""
        calendar = self.get(PolicyCalendar, CALENDAR)
        entry = seal(
            self.tip,
            now=self.now,
            kind=kind_of(event),
            actor=self.actor.id,
            request=self.request,
            policy=calendar.on(self.today) if calendar else "none",
            body=body_of(event),
            postings=event.postings(),
        )
        self.tip = entry.tip
        self.entries.append(entry)
        project(self, event, entry)
        return entry

    def attempt(self, step: Callable[[], T]) -> T | Refusal | None:
        """Run a step whose refusal undoes that step alone; the refusal is returned.

        None when the step lacks rows: the whole work will run again once they are loaded, so that a
        work of many steps names all it lacks at once.
        """
        tip, written = self.tip, len(self.entries)
        self.layers.append({})
        try:
            answer: T | Refusal | None = step()
        except Refusal as refusal:
            answer = refusal
        except Missing as lack:
            self.missing |= lack.places
            answer = None
        else:
            changed = self.layers.pop()
            self.layers[-1].update(changed)
            return answer
        self.layers.pop()
        self.tip = tip
        del self.entries[written:]
        return answer
