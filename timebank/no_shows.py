"""No-shows: helpers who did not come, and what a third one follows (domain 6).

Whoever was to be served, or pays, or their counter says so once the ordered time is over; what was
held goes back. A helper's third no-show in 90 days keeps them from being matched for 30 days. Knows
no other sanction.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from ledger.entry import Sealed
from timebank.actors import Actor, PersonId
from timebank.batch import Batch
from timebank.clock import day_of
from timebank.help_holdings import ending, hand_in, held_of
from timebank.help_life import LIFECYCLE, HelpNoShow
from timebank.help_orders import Helped, HelpOrder
from timebank.help_shares import divide
from timebank.journal import write
from timebank.keys import RequestKey
from timebank.lifecycles import step
from timebank.merge_life import PersonMerged
from timebank.notices import NoticeCode, notify
from timebank.policy import Credit
from timebank.projections import Place, Rows, projects
from timebank.refusals import Refusal, Unauthenticated
from timebank.tables import Row, find, table

COUNTED = timedelta(days=90)
"""How far back no-shows count, as the policy's `no_shows_90_days` says in its name."""

# Refusals


class NoShowTooEarly(Refusal):
    """A helper may still come while the ordered time runs."""

    says = "The helper may come until {ends}; report a no-show after that."
    ends: str


class MatchingSuspended(Refusal):
    """Whoever let people wait for nothing again and again is not matched for a while."""

    says = "After repeated no-shows this helper is not matched before {after} is over."
    after: date


# Decisions


def decide_no_show(order: HelpOrder, now: datetime) -> None:
    """Whether a no-show may be reported. Refuses: NotInThisState, NoShowTooEarly."""
    step(LIFECYCLE, order.state, HelpNoShow)
    if now < order.ends:
        raise NoShowTooEarly(ends=f"{order.ends:%Y-%m-%d %H:%M}Z")


def decide_suspension(earlier: Sequence[date], today: date, rules: Credit) -> date | None:
    """The last day of the suspension that one more no-show brings; None where it brings none."""
    counted = [day for day in earlier if day > today - COUNTED]
    if len(counted) + 1 < rules.no_shows_90_days:
        return None
    return today + timedelta(days=rules.suspend_days)


def decide_matchable(suspended_until: date | None, today: date) -> None:
    """Whether a helper may be matched. Refuses: MatchingSuspended."""
    if suspended_until is not None and today <= suspended_until:
        raise MatchingSuspended(after=suspended_until)


# Tables and projectors


@table("no_shows")
class NoShows(Row, frozen=True):
    """The days on which a helper did not come, of the last 90, and how long they are suspended."""

    person: str
    days: tuple[date, ...]
    suspended_until: date | None = None


@projects(HelpNoShow)
def _noted(rows: Rows, event: HelpNoShow, entry: Sealed) -> None:
    if event.helper is None:
        return
    today, held = day_of(entry.at), rows.get(NoShows, event.helper)
    days = tuple(day for day in (held.days if held else ()) if day > today - COUNTED)
    until = event.suspended_until or (held.suspended_until if held else None)
    rows.put(NoShows(person=event.helper, days=(*days, today), suspended_until=until))


@projects(PersonMerged)
def _merged(rows: Rows, event: PersonMerged, entry: Sealed) -> None:
    gone, kept = rows.get(NoShows, event.person), rows.get(NoShows, event.kept)
    if gone is not None:
        days = tuple(sorted((*gone.days, *(kept.days if kept else ()))))
        until = [one.suspended_until for one in (gone, kept) if one and one.suspended_until]
        rows.put(NoShows(person=event.kept, days=days, suspended_until=max(until, default=None)))
        rows.drop(NoShows, event.person)


# What other capabilities ask


def matchable(batch: Batch, helper: PersonId) -> None:
    """Let somebody be matched unless they are suspended. Refuses: MatchingSuspended."""
    held = batch.get(NoShows, helper)
    decide_matchable(held.suspended_until if held else None, batch.today)


# Commands


async def report_no_show(actor: Actor, *, order: str, key: RequestKey) -> Helped:
    """Say that the helper did not come, as whoever was to be served or pays, or for them.

    Refuses: NotFound, NotInThisState, NoShowTooEarly, PersonNotActive.   Source: domain 6.
    """
    if actor.person is None:
        raise Unauthenticated
    seen = await find(HelpOrder, order)

    def work(batch: Batch) -> Helped:
        held = batch.need(HelpOrder, order, "order")
        hand, proxy = hand_in(batch, held)
        decide_no_show(held, batch.now)
        counted = batch.get(NoShows, held.helper or "")
        entry = batch.record(
            HelpNoShow(
                order=order,
                payer=held.payer,
                helper=held.helper,
                grant=held.grant,
                shares=divide(held_of(batch, held)),
                hand=hand,
                proxy=proxy,
                suspended_until=decide_suspension(
                    counted.days if counted else (), batch.today, batch.policy.credit
                ),
            )
        )
        for person in dict.fromkeys((held.helper, held.payer, held.served)):
            if person is not None and person != actor.person:
                notify(batch, person, NoticeCode.HELP_NO_SHOW, order, hands=[actor.person])
        return Helped(entry=entry.seq, order=order)

    needs: list[Place] = ending(seen)
    return await write(actor, key, work, answer=Helped, needs=needs)
