"""Help offers: when, and with what, somebody is ready to help, and what fits (domain 6).

A helper says so once, for some weeks; what waits in their street and fits is then listed, their own
station's first, by time, with masked facts only and without any rank. When somebody is at leisure
is nobody's business for ten years, so offers lie in the vault. Taking an order asks for no offer.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

import msgspec

from timebank.access import permit_self
from timebank.actors import Actor, PersonId
from timebank.batch import Batch
from timebank.clock import CITY, day_of, instant
from timebank.days import street_of
from timebank.help_life import UNMATCHED, HelpKind
from timebank.help_orders import HelpOpen, HelpOrder
from timebank.households import HouseholdMember
from timebank.journal import Answer, current, write
from timebank.keys import RequestKey
from timebank.kin import KinPair, pair_id
from timebank.matching import HelperBooked, decide_free
from timebank.no_shows import NoShows
from timebank.people import AgeBand, Person, active_person
from timebank.person_life import PersonState
from timebank.policy import policies_on
from timebank.projections import Place
from timebank.proxies import ProxyFor, proxy_key
from timebank.refusals import Refusal
from timebank.tables import Row, find, find_many, select, table

MOST_DAYS = 90
"""For how many days an offer may stand: as far ahead as help may be ordered."""

MOST_WINDOWS = 21
MOST_LISTED = 50
MOST_READ = 500
DAY_MINUTES = 24 * 60
WEEK = 7


class Window(msgspec.Struct, frozen=True):
    """A stretch of a weekday (Monday is 1), in minutes after midnight."""

    weekday: int
    begins: int
    ends: int


# Refusals


class OfferWrong(Refusal):
    """An offer says what, and when."""

    says = "Name at least one kind of help, and 1 to {most} times that end after they begin."
    most: int


class OfferDaysWrong(Refusal):
    """An offer stands for a while."""

    says = "An offer stands from today on, for at most {days} days."
    days: int
    path = ("until",)


class NothingOffered(Refusal):
    """Only what stands can end."""

    says = "You have no offer of help that stands."


# Decisions


def decide_offer(
    kinds: Sequence[HelpKind], windows: Sequence[Window], *, until: date, today: date
) -> None:
    """Whether an offer can stand. Refuses: OfferWrong, OfferDaysWrong."""
    if not kinds or not windows:
        raise OfferWrong(most=MOST_WINDOWS)
    decide_windows(windows)
    if not today <= until <= today + timedelta(days=MOST_DAYS):
        raise OfferDaysWrong(days=MOST_DAYS)


def decide_windows(windows: Sequence[Window]) -> None:
    """Whether times of a week can be meant, none being none. Refuses: OfferWrong."""
    whole = all(
        1 <= one.weekday <= WEEK and 0 <= one.begins < one.ends <= DAY_MINUTES for one in windows
    )
    if len(windows) > MOST_WINDOWS or not whole:
        raise OfferWrong(most=MOST_WINDOWS)


def fits(order: HelpOrder, offer: "HelpOffer", *, of_age: bool) -> bool:
    """Whether an order is of a kind and at a time that somebody offered.

    Args: of_age, whether they are on that day, as alone in a home they must be.
    """
    day = day_of(order.starts)
    if order.kind not in offer.kinds or day > offer.until:
        return False
    if order.at_home and not (offer.at_home and of_age):
        return False
    begins = (order.starts - instant(day)) // timedelta(minutes=1)
    weekday = order.starts.astimezone(CITY).isoweekday()
    return any(
        one.weekday == weekday and one.begins <= begins and begins + order.minutes <= one.ends
        for one in offer.windows
    )


# Tables


@table("help_offer", vault=True)
class HelpOffer(Row, frozen=True):
    """What somebody offers until the end of `until`; `at_home`, whether alone in a home too."""

    person: str
    kinds: tuple[HelpKind, ...]
    windows: tuple[Window, ...]
    at_home: bool
    until: date
    offered_at: datetime


# Commands


class HelpOffered(Answer, frozen=True, kw_only=True):
    """Whose offer it is."""

    person: PersonId


async def offer_help(
    actor: Actor,
    *,
    kinds: Sequence[HelpKind],
    windows: Sequence[Window],
    at_home: bool,
    until: date,
    key: RequestKey,
) -> HelpOffered:
    """Say with what, and when, one is ready to help; a newer offer takes over.

    Refuses: OfferWrong, OfferDaysWrong, PersonNotActive.   Source: domain 6.
    """
    person = permit_self(actor)

    def work(batch: Batch) -> HelpOffered:
        active_person(batch, person)
        decide_offer(kinds, windows, until=until, today=batch.today)
        batch.put(
            HelpOffer(
                person=person,
                kinds=tuple(dict.fromkeys(kinds)),
                windows=tuple(windows),
                at_home=at_home,
                until=until,
                offered_at=batch.now,
            )
        )
        return HelpOffered(person=person)

    needs: list[Place] = [(Person, person), (HelpOffer, person)]
    return await write(actor, key, work, answer=HelpOffered, needs=needs)


async def end_help_offer(actor: Actor, *, key: RequestKey) -> HelpOffered:
    """Take one's offer back. Refuses: NothingOffered."""
    person = permit_self(actor)

    def work(batch: Batch) -> HelpOffered:
        if batch.get(HelpOffer, person) is None:
            raise NothingOffered
        batch.drop(HelpOffer, person)
        return HelpOffered(person=person)

    return await write(actor, key, work, answer=HelpOffered, needs=[(HelpOffer, person)])


# Reads


class OpenHelp(msgspec.Struct, frozen=True, kw_only=True):
    """The masked facts of an order that waits for a helper."""

    order: str
    kind: HelpKind
    starts: datetime
    minutes: int
    at_home: bool
    station: str
    near: bool


async def offer_of(actor: Actor) -> HelpOffer | None:
    """The actor's own offer, while it stands."""
    held = await find(HelpOffer, actor.person) if actor.person else None
    today = day_of(current().clock.now())
    return held if held is not None and today <= held.until else None


async def fitting_help(actor: Actor) -> list[OpenHelp]:
    """What waits in the actor's street and fits their offer: at most 50, their station's first.

    Nothing for whoever offers nothing, or may not be matched now.
    """
    offer = await offer_of(actor)
    held = await find(Person, actor.person) if actor.person else None
    if offer is None or held is None or held.state is not PersonState.ACTIVE:
        return []
    now = current().clock.now()
    shows = await find(NoShows, held.id)
    if shows and shows.suspended_until and day_of(now) <= shows.suspended_until:
        return []
    waiting = await select(
        HelpOrder,
        state__in=sorted(UNMATCHED),
        street=street_of(held.home_path),
        starts__gt=now,
        order=["starts", "id"],
        limit=MOST_READ,
    )
    fitting = await _fitting(held.id, offer, waiting)
    fitting.sort(key=lambda order: order.station != held.home)
    return [
        OpenHelp(
            order=order.id,
            kind=order.kind,
            starts=order.starts,
            minutes=order.minutes,
            at_home=order.at_home,
            station=order.station,
            near=order.station == held.home,
        )
        for order in fitting[:MOST_LISTED]
    ]


async def _fitting(
    helper: PersonId, offer: HelpOffer, waiting: Sequence[HelpOrder]
) -> list[HelpOrder]:
    ages, promised = await find(AgeBand, helper), await find(HelpOpen, helper)
    rules = await policies_on({day_of(order.starts) for order in waiting})
    close = await _close_to(helper, {who for order in waiting for who in _parties(order)})
    return [
        order
        for order in waiting
        if ages is not None
        and (day := day_of(order.starts)) >= ages.turns(rules[day].credit.credit_age)
        and fits(order, offer, of_age=day >= ages.adult_from)
        and not close & set(_parties(order))
        and _free(order, promised)
    ]


def _parties(order: HelpOrder) -> tuple[str, str]:
    return order.payer, order.served


def _free(order: HelpOrder, promised: HelpOpen | None) -> bool:
    try:
        decide_free(order, promised.helping if promised else (), ())
    except HelperBooked:
        return False
    return True


async def _close_to(helper: PersonId, people: Iterable[PersonId]) -> set[PersonId]:
    """Those of some people whom the helper may not help: themselves, kin, household, principals."""
    asked = sorted(people)
    kin = await find_many(KinPair, [pair_id(helper, one) for one in asked])
    homes = await find_many(HouseholdMember, [helper, *asked])
    proxies = await find_many(ProxyFor, [proxy_key(one, helper) for one in asked])
    held = await find_many(Person, asked)
    own = homes.get(helper)
    close = {helper}
    for one in asked:
        tie, home, who = kin.get(pair_id(helper, one)), homes.get(one), held.get(one)
        together = own is not None and home is not None and own.household == home.household
        guards = who is not None and who.guardian == helper
        if (
            (tie is not None and tie.agreed)
            or together
            or guards
            or proxy_key(one, helper) in proxies
        ):
            close.add(one)
    return close
