"""Requests for help: who may order it for whom, and how much (domain 6).

A person orders for themselves or for spouse or kin in the direct line, who is old enough or
certified. The minutes are held with the request, granted ones first; the words that say what is
needed lie beside the ledger. Knows limits; what happens to an order afterwards is not its matter.
"""

from datetime import datetime, timedelta

from timebank.access import Action
from timebank.accounts import balance, decide_spend, escrow, moving, volunteer
from timebank.actors import Actor, PersonId
from timebank.batch import Batch
from timebank.clock import day_of
from timebank.counter import person_numbered, spelled
from timebank.drawing_rights import may_draw_on
from timebank.hands import hand_for
from timebank.help_life import HelpKind, HelpRequested, HelpReserved
from timebank.help_orders import Helped, HelpOpen, HelpWeek, week_key
from timebank.ids import new
from timebank.journal import write
from timebank.keys import RequestKey
from timebank.kin import LINEAL, Kinship, kinship
from timebank.people import AgeBand, Person, VolunteerNumber, active_person
from timebank.places import served_by, working_station
from timebank.policy import Credit
from timebank.pool_grants import granted_minutes
from timebank.projections import Place
from timebank.refusals import Refusal, Unauthenticated
from timebank.texts import keep_text

WORDS_MOST = 200
MOST_AHEAD = timedelta(days=90)
"""How far ahead help may be ordered: minutes wait in escrow, so not for ever."""

# Refusals


class HelpNotForThem(Refusal):
    """One draws for oneself, for spouse or kin in the direct line (domain 6)."""

    says = "Help is ordered for oneself, one's spouse or registered kin in the direct line."
    path = ("served",)


class BelowDrawAge(Refusal):
    """Credit is drawn in old age, or where it is certified that it may be before (domain 6)."""

    says = "Help is for people of {least} and over, or certified; the station certifies it."
    least: int
    path = ("served",)


class HelpTimeWrong(Refusal):
    """Help lies ahead."""

    says = "Help begins later than now, within {days} days, at a whole minute."
    days: int
    path = ("starts",)


class HelpMinutesWrong(Refusal):
    """An order has its least and its most."""

    says = "One order is for {least} to {most} minutes."
    least: int
    most: int
    path = ("minutes",)


class TooManyOpenOrders(Refusal):
    """A few orders at a time."""

    says = "At most {most} orders are open at a time; one must be over before the next."
    most: int


class WeekFull(Refusal):
    """A week of help has an end."""

    says = "At most {most} minutes can be ordered for a week; {left} are left for that one."
    most: int
    left: int
    path = ("minutes",)


# Decisions


def decide_draw(
    *, own: bool, tie: Kinship | None, elder: bool, certified: bool, least: int
) -> None:
    """Whether somebody may draw for whoever is to be served.

    Args: own, for themselves; tie, what the other is to them; elder and certified, of whoever is
    served, on the day; least, the age.   Refuses: HelpNotForThem, BelowDrawAge.   Source: domain 6.
    """
    if not own and tie is not Kinship.SPOUSE and tie not in LINEAL:
        raise HelpNotForThem
    if not elder and not certified:
        raise BelowDrawAge(least=least)


def decide_order(
    starts: datetime, minutes: int, *, now: datetime, open_orders: int, week: int, rules: Credit
) -> None:
    """Whether an order keeps the limits; `week` minutes are ordered for its week already.

    Refuses: HelpTimeWrong, HelpMinutesWrong, TooManyOpenOrders, WeekFull.   Source: domain 6.
    """
    if not now < starts <= now + MOST_AHEAD or starts.second or starts.microsecond:
        raise HelpTimeWrong(days=MOST_AHEAD.days)
    if not rules.order_min <= minutes <= rules.order_max:
        raise HelpMinutesWrong(least=rules.order_min, most=rules.order_max)
    if open_orders >= rules.open_orders:
        raise TooManyOpenOrders(most=rules.open_orders)
    if week + minutes > rules.week_max:
        raise WeekFull(most=rules.week_max, left=max(0, rules.week_max - week))


# Commands


async def request_help(
    actor: Actor,
    *,
    kind: HelpKind,
    starts: datetime,
    minutes: int,
    at_home: bool,
    words: str,
    key: RequestKey,
    payer: str | None = None,
    served: str | None = None,
) -> Helped:
    """Order help; the minutes are held at once, granted ones first.

    Args: words, what is needed and where, for the helper; payer, the volunteer number of whom a
    proxy or the counter acts for (None: oneself); served, that of who needs it (None: the payer).
    A grant pays for the elder it was given to, in its month.
    Refuses: NotFound, PersonNotActive, StationNotActive, HelpNotForThem, BelowDrawAge,
    HelpTimeWrong, HelpMinutesWrong, TooManyOpenOrders, WeekFull, NotEnoughTime, TextMissing,
    TextTooLong.   Source: domain 6.
    """
    if actor.person is None:
        raise Unauthenticated
    own, order = actor.person, new("hlp")

    def work(batch: Batch) -> Helped:
        whose = person_numbered(batch, payer).id if payer else own
        hand, proxy = hand_for(batch, whose, Action.HELP_AT_COUNTER)
        active_person(batch, whose)
        who = active_person(batch, person_numbered(batch, served).id if served else whose)
        station = working_station(batch, served_by(batch, who.home or "").id)
        _decide(batch, whose, who, starts, minutes)
        batch.record(
            HelpRequested(
                order=order,
                payer=whose,
                served=who.id,
                station=station.id,
                kind_of_help=kind,
                starts=starts,
                minutes=minutes,
                at_home=at_home,
                told=keep_text(batch, order, "words", words, most=WORDS_MOST, whose=who.id),
                hand=hand,
                proxy=proxy,
            )
        )
        entry = batch.record(_reserve(batch, order, whose, who.id, starts, minutes))
        return Helped(entry=entry.seq, order=order)

    needs: list[Place] = [(VolunteerNumber, spelled(n)) for n in (payer, served) if n]
    needs += [(Person, own), (AgeBand, own), (HelpOpen, own), *moving(volunteer(own))]
    return await write(actor, key, work, answer=Helped, needs=[*needs, *moving(escrow(order))])


def _decide(batch: Batch, payer: PersonId, served: Person, starts: datetime, minutes: int) -> None:
    day, held = day_of(starts), batch.get(HelpOpen, payer)
    week, rules = batch.get(HelpWeek, week_key(payer, day)), batch.policy_on(day).credit
    decide_order(
        starts,
        minutes,
        now=batch.now,
        open_orders=len(held.paying) if held else 0,
        week=week.minutes if week else 0,
        rules=rules,
    )
    decide_draw(
        own=payer == served.id,
        tie=kinship(batch, payer, served.id),
        elder=batch.need(AgeBand, served.id, "person").turns(rules.redeem_age) <= day,
        certified=may_draw_on(batch, served.id, day),
        least=rules.redeem_age,
    )


def _reserve(
    batch: Batch, order: str, payer: PersonId, served: PersonId, starts: datetime, minutes: int
) -> HelpReserved:
    grant, left = granted_minutes(batch, payer)
    this_month = f"{day_of(starts):%Y-%m}" == f"{batch.today:%Y-%m}"
    if payer != served or not this_month:
        grant, left = None, 0
    granted = min(left, minutes)
    decide_spend(balance(batch, volunteer(payer)) + granted, minutes)
    return HelpReserved(
        order=order,
        payer=payer,
        own=minutes - granted,
        granted=granted,
        grant=grant if granted else None,
    )
