"""Matching: how an order for help finds its helper, by place and time (domain 6).

A helper of the same street takes an order themselves, or the desk writes down who agreed to come.
Nobody is ranked, and until somebody has taken it an order shows masked facts only. Knows who may
help whom; refuses to know what becomes of the minutes.
"""

from collections.abc import Iterable
from datetime import date

from timebank.access import Action, in_reach
from timebank.actors import Actor, PersonId
from timebank.batch import Batch
from timebank.captures import is_close
from timebank.clock import day_of
from timebank.counter import OwnCounter, person_numbered, spelled
from timebank.days import street_of
from timebank.gift_life import ProxyGivesToSelf
from timebank.help_life import (
    LIFECYCLE,
    TAKEN,
    HelperWithdrew,
    HelpMatched,
    MatchWay,
)
from timebank.help_orders import Helped, HelpOpen, HelpOrder, Promise
from timebank.identity import ADULT
from timebank.journal import write
from timebank.keys import RequestKey
from timebank.lifecycles import step
from timebank.no_shows import matchable
from timebank.notices import NoticeCode, notify
from timebank.people import AgeBand, Person, VolunteerNumber, active_person
from timebank.projections import Place
from timebank.proxies import registered_proxy
from timebank.refusals import NotFound, Refusal, Unauthenticated
from timebank.sign_ups import Booking, booked_near, promised_by

# Refusals


class HelpTaken(Refusal):
    """One order, one helper: of two at once, one comes first."""

    says = "Another helper has taken this order already; choose another one."


class HelperTooClose(Refusal):
    """Help among kin and in one household is no service to be paid for (domain 4)."""

    says = "Nobody is paid for helping themselves, their kin or their household; ask a neighbour."


class HelperTooYoung(Refusal):
    """Credit is earned from an age, and whoever is alone in a home is of age (domain 4 and 6)."""

    says = "Help of this kind is given from the age of {least}."
    least: int


class HelperBooked(Refusal):
    """Nobody helps in two places at once."""

    says = "This overlaps with what the helper has promised already for {day}."
    other: str
    day: date


# Decisions


def decide_helper(
    order: HelpOrder, ages: AgeBand, *, day: date, close: bool, proxy: bool, least: int
) -> None:
    """Whether somebody may help with an order.

    Args: close, whether they are the payer or the person to be served, or kin or household of
    either; proxy, whether they act for the payer, and would pay themselves; least, the age at which
    credit is earned.
    Refuses: HelpTaken, NotInThisState, HelperTooClose, ProxyGivesToSelf, HelperTooYoung.
    """
    if order.state in TAKEN:
        raise HelpTaken
    step(LIFECYCLE, order.state, HelpMatched)
    if close:
        raise HelperTooClose
    if proxy:
        raise ProxyGivesToSelf
    if order.at_home and day < ages.adult_from:
        raise HelperTooYoung(least=ADULT)
    if day < ages.turns(least):
        raise HelperTooYoung(least=least)


def decide_free(order: HelpOrder, promised: Iterable[Promise], booked: Iterable[Booking]) -> None:
    """Whether a helper is free then. Refuses: HelperBooked, which names the day."""
    taken = [(one.order, one.starts, one.ends) for one in promised]
    for other, starts, ends in [*taken, *booked]:
        if starts < order.ends and order.starts < ends:
            raise HelperBooked(other=other, day=day_of(starts))


# Commands


async def claim_help(actor: Actor, *, order: str, key: RequestKey) -> Helped:
    """Take an order of one's own street; of two who take the last one at once, one does.

    Refuses: NotFound, also for an order of another street; HelpTaken, NotInThisState,
    PersonNotActive, HelperTooClose, ProxyGivesToSelf, HelperTooYoung, HelperBooked,
    MatchingSuspended.
    Source: domain 4 and 6.
    """
    if actor.person is None:
        raise Unauthenticated
    own = actor.person

    def work(batch: Batch) -> Helped:
        held = batch.need(HelpOrder, order, "order")
        helper = active_person(batch, own)
        if street_of(helper.home_path) != held.street:
            raise NotFound(what="order")
        return _match(batch, held, own, MatchWay.CLAIM)

    needs: list[Place] = [(HelpOrder, order), (Person, own), (AgeBand, own), (HelpOpen, own)]
    return await write(actor, key, work, answer=Helped, needs=needs)


async def match_help(actor: Actor, *, order: str, helper: str, key: RequestKey) -> Helped:
    """Write down, at the desk of the order's station or street, who agreed to come.

    Args: helper, a volunteer number, of whatever street.
    Refuses: OwnCounter and what `claim_help` refuses.   Source: domain 6.
    """

    def work(batch: Batch) -> Helped:
        held = at_desk(batch, order, Action.MATCH_HELP)
        who = active_person(batch, person_numbered(batch, helper).id)
        if actor.person in (who.id, held.payer, held.served):
            raise OwnCounter
        return _match(batch, held, who.id, MatchWay.DESK)

    needs: list[Place] = [
        (HelpOrder, order),
        (VolunteerNumber, spelled(helper)),
    ]
    return await write(actor, key, work, answer=Helped, needs=needs)


async def withdraw_from_help(actor: Actor, *, order: str, key: RequestKey) -> Helped:
    """Give back an order one has taken, before it begins; it waits for another helper.

    Nobody is compelled to serve: the helper loses nothing. The desk may write it down for a helper
    who cannot.   Refuses: NotFound, NotInThisState.
    """
    if actor.person is None:
        raise Unauthenticated

    def work(batch: Batch) -> Helped:
        held = batch.need(HelpOrder, order, "order")
        if held.helper != actor.person:
            held = at_desk(batch, order, Action.MATCH_HELP)
        step(LIFECYCLE, held.state, HelperWithdrew)
        entry = batch.record(HelperWithdrew(order=order, helper=held.helper or ""))
        tell_parties(batch, held, NoticeCode.HELP_UNMATCHED)
        return Helped(entry=entry.seq, order=order)

    needs: list[Place] = [(HelpOrder, order), (HelpOpen, actor.person)]
    return await write(actor, key, work, answer=Helped, needs=needs)


def _match(batch: Batch, order: HelpOrder, helper: PersonId, way: MatchWay) -> Helped:
    day, parties = day_of(order.starts), (order.payer, order.served)
    matchable(batch, helper)
    decide_helper(
        order,
        batch.need(AgeBand, helper, "person"),
        day=day,
        close=helper in parties or any(is_close(batch, helper, one) for one in parties),
        proxy=any(registered_proxy(batch, one, helper) for one in parties),
        least=batch.policy_on(day).credit.credit_age,
    )
    decide_free(
        order, promised_by(batch, helper), booked_near(batch, helper, order.starts, order.ends)
    )
    entry = batch.record(HelpMatched(order=order.id, helper=helper, way=way))
    tell_parties(batch, order, NoticeCode.HELP_MATCHED)
    if way is MatchWay.DESK:
        notify(batch, helper, NoticeCode.HELP_MATCHED, order.id, hands=[batch.actor.person])
    return Helped(entry=entry.seq, order=order.id)


# What other capabilities ask


def at_desk(batch: Batch, order: str, action: Action) -> HelpOrder:
    """The order, for staff who may do `action` there; for anybody else it is not there."""
    return in_reach(batch, action, HelpOrder, order, what="order")


def tell_parties(batch: Batch, order: HelpOrder, code: NoticeCode) -> None:
    """Tell whoever is to be served, and whoever pays, what became of an order."""
    for person in dict.fromkeys((order.served, order.payer)):
        if person != batch.actor.person:
            notify(batch, person, code, order.id, hands=[batch.actor.person, order.helper])
