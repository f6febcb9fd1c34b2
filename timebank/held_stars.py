"""Held stars: which star somebody holds, now and as of any past day (domain 7).

An awarded star stands while the record holds what the level took by the rule of its application: a
new rule takes no star away, redeeming never lowers one, and a reversal may. Knows what was awarded
and revoked, from when and until when, and what a finding of misconduct closes; refuses to know who
decided so.
"""

from collections.abc import Sequence
from datetime import date

import msgspec

from ledger.entry import Sealed
from timebank.actors import PersonId
from timebank.clock import day_of, months_later
from timebank.findings import FoundAgainst, misconduct_within
from timebank.merge_life import PersonMerged
from timebank.policy import Policy, policy_on
from timebank.projections import Rows, projects
from timebank.refusals import Refusal
from timebank.star_award_life import (
    StarApplicationWithdrawn,
    StarApplied,
    StarAwarded,
    StarDeclined,
    StarRestored,
    StarRevoked,
)
from timebank.stars import StarProgress, progress_on
from timebank.tables import Row, find, table

# Refusals


class NotClean(Refusal):
    """Misconduct that was found closes the way to a star for some months."""

    says = "Misconduct was upheld on {day}; a star can be applied for from {clean} on."
    day: date
    clean: date


# Decisions

LAST_STAR = 5


def needs_organisation(level: int, policy: Policy) -> bool:
    """Whether a star goes through a social organisation (domain 7)."""
    return level == LAST_STAR and policy.star.five_star_needs_organisation


class Standing(msgspec.Struct, frozen=True):
    """A star from one day until another, None while it stands, with the minutes it takes."""

    award: str
    level: int
    needed: int
    since: date
    until: date | None = None

    def on(self, day: date) -> bool:
        """Whether it stood at the end of a day, whatever the record held."""
        return self.since <= day and (self.until is None or day < self.until)


def star_of(stars: "Stars | None", minutes: int) -> int:
    """The star that somebody with this lifetime record holds now, 0 for none."""
    held = stars.held if stars else ()
    return max(
        (one.level for one in held if one.until is None and one.needed <= minutes), default=0
    )


def star_on(stars: "Stars | None", minutes: int, day: date) -> int:
    """The star that somebody held at the end of a day, with the record of that day."""
    standing = [one for one in (stars.held if stars else ()) if one.on(day)]
    return max((one.level for one in standing if one.needed <= minutes), default=0)


def clean_from(found: FoundAgainst | None, day: date, months: int) -> date | None:
    """From when on somebody is clean; None where no finding of the last `months` stood on `day`."""
    within = misconduct_within(found, day, months)
    return months_later(max(one.found_on for one in within), months) if within else None


def decide_clean(found: FoundAgainst | None, today: date, months: int) -> None:
    """Whether no finding of the last `months` stands. Refuses: NotClean."""
    within = misconduct_within(found, today, months)
    if within:
        latest = max(one.found_on for one in within)
        raise NotClean(day=latest, clean=months_later(latest, months))


# Tables and projectors


@table("stars")
class Stars(Row, frozen=True):
    """A person's stars, past ones too, and the application that is not decided."""

    person: str
    waiting: str | None = None
    held: tuple[Standing, ...] = ()


@projects(StarApplied, StarApplicationWithdrawn, StarDeclined)
def _waited(
    rows: Rows, event: StarApplied | StarApplicationWithdrawn | StarDeclined, entry: Sealed
) -> None:
    waiting = event.award if isinstance(event, StarApplied) else None
    rows.put(msgspec.structs.replace(_held(rows, event.person), waiting=waiting))


@projects(StarAwarded, StarRestored)
def _awarded(rows: Rows, event: StarAwarded | StarRestored, entry: Sealed) -> None:
    held = _held(rows, event.person)
    made = Standing(
        award=event.award, level=event.level, needed=event.needed, since=day_of(entry.at)
    )
    waiting = held.waiting if isinstance(event, StarRestored) else None
    rows.put(Stars(person=event.person, waiting=waiting, held=(*held.held, made)))


@projects(StarRevoked)
def _revoked(rows: Rows, event: StarRevoked, entry: Sealed) -> None:
    held = _held(rows, event.person)
    spans = tuple(_ended(one, event.award, day_of(entry.at)) for one in held.held)
    rows.put(msgspec.structs.replace(held, held=spans))


@projects(PersonMerged)
def _merged(rows: Rows, event: PersonMerged, entry: Sealed) -> None:
    gone = rows.get(Stars, event.person)
    if gone is not None:
        held = _held(rows, event.kept)
        rows.put(msgspec.structs.replace(held, held=(*held.held, *gone.held)))
        rows.drop(Stars, event.person)


def _ended(one: Standing, award: str, day: date) -> Standing:
    standing = one.award == award and one.until is None
    return msgspec.structs.replace(one, until=day) if standing else one


def _held(rows: Rows, person: PersonId) -> Stars:
    return rows.get(Stars, person) or Stars(person=person)


# Reads


class StarsOn(msgspec.Struct, frozen=True, kw_only=True):
    """A person's stars on a day: what the record reached by that day's rule, what was awarded.

    `clean` is the first day without a finding of misconduct in the rule's months; None where none
    bars. `publicity_days` is how long an application is laid open by that rule; `endorsed` whether
    the level reached goes through an organisation.
    """

    day: date
    progress: StarProgress
    awarded: int
    clean: date | None
    publicity_days: int
    endorsed: bool


async def stars_on(
    person: PersonId, day: date, *, whose: Sequence[PersonId] = ()
) -> StarsOn | None:
    """A person's stars at the end of a day, by the rule of that day; None before any policy.

    A finding made after that day, or lifted until then, does not close the gate of that day.
    Args: whose, every id of the person, where they are known already.
    """
    version = await policy_on(day)
    if version is None:
        return None
    reached = await progress_on(person, day, version.document, whose=whose)
    found = await find(FoundAgainst, person)
    return StarsOn(
        day=day,
        progress=reached,
        awarded=star_on(await find(Stars, person), reached.minutes, day),
        clean=clean_from(found, day, version.document.star.clean_months),
        publicity_days=version.document.star.publicity_days,
        endorsed=needs_organisation(reached.level, version.document),
    )
