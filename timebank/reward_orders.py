"""Orders for rewards: the price is held when ordered and redeemed when handed over (domain 6).

The minutes leave the volunteer's account with the order and wait in escrow, so that nobody learns
at the desk that they are gone. Knows the hold and the code shown at the desk; refuses to know what
a reward asks for (`rewards`) and how minutes are earned.
"""

import hmac
from datetime import datetime
from enum import StrEnum

import msgspec
from tortoise.expressions import Q

from ledger.entry import Sealed
from timebank.access import Action, in_reach, may_read, permit_self, reach
from timebank.accounts import balance, escrow, moving, redeemed, volunteer
from timebank.actors import Actor, PersonId
from timebank.batch import Batch
from timebank.certificate_keys import publish_key
from timebank.events import Event, Postings, transfer
from timebank.held_stars import Stars, star_of
from timebank.hours import ServiceTotal
from timebank.ids import new
from timebank.journal import Answer, write
from timebank.keys import RequestKey
from timebank.lifecycles import Lifecycle, step
from timebank.notices import NoticeCode, notify
from timebank.people import Person, active_person
from timebank.places import Station, working_station
from timebank.projections import Place, Rows, projects
from timebank.refusals import Refusal
from timebank.rewards import Reward, change_stock, decide_orderable, is_courtesy
from timebank.tables import Row, find, find_many, select, table
from timebank.vault import keyring

CODE_DIGITS = 8


class OrderState(StrEnum):
    """The life of an order for a reward."""

    ORDERED = "ordered"
    READY = "ready"
    HANDED_OVER = "handed_over"
    CANCELLED = "cancelled"


class OrderCancelReason(StrEnum):
    """Why an order was cancelled."""

    OWN_WISH = "own_wish"
    NOT_COLLECTED = "not_collected"
    NOT_AVAILABLE = "not_available"


# Events


class RewardOrdered(Event, frozen=True, tag="reward.ordered"):
    """A volunteer ordered a reward, and its price waits in escrow."""

    order: str
    reward: str
    volunteer: PersonId
    minutes: int

    def postings(self) -> Postings:
        """From the volunteer into escrow."""
        return transfer(volunteer(self.volunteer), escrow(self.order), "minute", self.minutes)


class RewardReady(Event, frozen=True, tag="reward.ready"):
    """An order waits at the station for the volunteer."""

    order: str


class RewardHandedOver(Event, frozen=True, tag="reward.handed_over"):
    """The volunteer has the reward, and the minutes are redeemed."""

    order: str
    reward: str
    minutes: int

    def postings(self) -> Postings:
        """From escrow to what was redeemed for this reward."""
        return transfer(escrow(self.order), redeemed(self.reward), "minute", self.minutes)


class RewardCancelled(Event, frozen=True, tag="reward.cancelled"):
    """An order was cancelled; the minutes are the volunteer's again and the piece is back."""

    order: str
    volunteer: PersonId
    minutes: int
    reason: OrderCancelReason

    def postings(self) -> Postings:
        """From escrow back to the volunteer."""
        return transfer(escrow(self.order), volunteer(self.volunteer), "minute", self.minutes)


# Refusals


class PickupCodeWrong(Refusal):
    """The code does not belong to this order."""

    says = "This code does not belong to the order; ask the volunteer to show it again."
    path = ("code",)


class OwnOrder(Refusal):
    """Nobody hands a reward over to themselves."""

    says = "Your own order must be handed over by somebody else."


# Lifecycle

LIFECYCLE: Lifecycle[OrderState] = {
    OrderState.ORDERED: {
        RewardReady: OrderState.READY,
        RewardCancelled: OrderState.CANCELLED,
    },
    OrderState.READY: {
        RewardHandedOver: OrderState.HANDED_OVER,
        RewardCancelled: OrderState.CANCELLED,
    },
    OrderState.HANDED_OVER: {},
    OrderState.CANCELLED: {},
}


# Tables and projectors


@table("reward_order", index=[("volunteer", "id"), ("station", "id")])
class RewardOrder(Row, frozen=True):
    """One order; `minutes` is the price on the day of the order."""

    id: str
    reward: str
    volunteer: str
    station: str
    path: str
    minutes: int
    state: OrderState
    ordered_at: datetime


@table("reward_taken")
class RewardTaken(Row, frozen=True):
    """How many of a reward a volunteer has or waits for; `id` is `<reward>/<volunteer>`."""

    id: str
    pieces: int


def taken_id(reward: str, person: PersonId) -> str:
    """The key of RewardTaken."""
    return f"{reward}/{person}"


@projects(RewardOrdered)
def _ordered(rows: Rows, event: RewardOrdered, entry: Sealed) -> None:
    reward = change_stock(rows, event.reward, -1)
    _take(rows, event.reward, event.volunteer, 1)
    rows.put(
        RewardOrder(
            id=event.order,
            reward=event.reward,
            volunteer=event.volunteer,
            station=reward.station,
            path=reward.path,
            minutes=event.minutes,
            state=OrderState.ORDERED,
            ordered_at=entry.at,
        )
    )


@projects(RewardReady, RewardHandedOver, RewardCancelled)
def _moved(
    rows: Rows, event: RewardReady | RewardHandedOver | RewardCancelled, entry: Sealed
) -> None:
    order = rows.there(RewardOrder, event.order)
    state = step(LIFECYCLE, order.state, type(event))
    rows.put(msgspec.structs.replace(order, state=state))
    if isinstance(event, RewardCancelled):
        change_stock(rows, order.reward, 1)
        _take(rows, order.reward, order.volunteer, -1)


def _take(rows: Rows, reward: str, person: PersonId, pieces: int) -> None:
    id = taken_id(reward, person)
    held = rows.get(RewardTaken, id)
    rows.put(RewardTaken(id=id, pieces=(held.pieces if held else 0) + pieces))


# The code at the desk


def pickup_code(order: str) -> str:
    """The eight digits that the volunteer shows at the desk; kept nowhere, derived by our key."""
    mark = keyring().mark("pickup", order)
    return f"{int(mark, 16) % 10**CODE_DIGITS:0{CODE_DIGITS}d}"


# Commands


class Ordered(Answer, frozen=True, kw_only=True):
    """The order that was placed or moved on, and its price in minutes."""

    order: str
    minutes: int


async def order_reward(actor: Actor, *, reward: str, key: RequestKey) -> Ordered:
    """Order one piece of a reward for oneself; its price waits in escrow until it is handed over.

    Refuses: NotFound, PersonNotActive, StationNotActive, RewardNotOffered, RewardOver, GoodsOff,
    OutOfStock, StarTooLow, RewardLimitReached, NotEnoughTime.   Source: domain 6.
    """
    person = permit_self(actor)
    order = new("ord")

    def work(batch: Batch) -> Ordered:
        active_person(batch, person)
        offered = batch.need(Reward, reward, "reward")
        working_station(batch, offered.station)
        record = batch.get(ServiceTotal, person)
        taken = batch.get(RewardTaken, taken_id(reward, person))
        decide_orderable(
            offered,
            held=balance(batch, volunteer(person)),
            star=star_of(batch.get(Stars, person), record.minutes if record else 0),
            taken=taken.pieces if taken else 0,
            day=batch.today,
            policy=batch.policy,
        )
        if is_courtesy(offered):
            # What is signed for whoever gives it must be on the ledger before it signs.
            publish_key(batch)
        event = RewardOrdered(order=order, reward=reward, volunteer=person, minutes=offered.minutes)
        return Ordered(entry=batch.record(event).seq, order=order, minutes=event.minutes)

    needs: list[Place] = [
        (Person, person),
        (Reward, reward),
        (ServiceTotal, person),
        (Stars, person),
        (RewardTaken, taken_id(reward, person)),
        *moving(volunteer(person), escrow(order)),
    ]
    return await write(actor, key, work, answer=Ordered, needs=needs)


async def ready_reward(actor: Actor, *, order: str, key: RequestKey) -> Ordered:
    """Say that an order waits at the station; its volunteer is told.

    Refuses: NotFound, NotInThisState.
    """

    def work(batch: Batch) -> Ordered:
        held = _at_my_desk(batch, order)
        step(LIFECYCLE, held.state, RewardReady)
        _tell(batch, held, NoticeCode.REWARD_READY)
        return _recorded(batch, held, RewardReady(order=order))

    return await write(actor, key, work, answer=Ordered, needs=[(RewardOrder, order)])


async def hand_over_reward(actor: Actor, *, order: str, code: str, key: RequestKey) -> Ordered:
    """Hand an order over to the volunteer who shows its code (spaces in it are forgiven).

    Refuses: NotFound, OwnOrder, NotInThisState, PickupCodeWrong.   Source: domain 6.
    """
    shown = "".join(code.split()).encode()

    def work(batch: Batch) -> Ordered:
        held = _at_my_desk(batch, order)
        if actor.person == held.volunteer:
            raise OwnOrder
        step(LIFECYCLE, held.state, RewardHandedOver)
        if not hmac.compare_digest(shown, pickup_code(order).encode()):
            raise PickupCodeWrong
        event = RewardHandedOver(order=order, reward=held.reward, minutes=held.minutes)
        return _recorded(batch, held, event)

    needs: list[Place] = [(RewardOrder, order), *moving(escrow(order))]
    return await write(actor, key, work, answer=Ordered, needs=needs)


async def cancel_reward(
    actor: Actor,
    *,
    order: str,
    key: RequestKey,
    reason: OrderCancelReason = OrderCancelReason.OWN_WISH,
) -> Ordered:
    """Cancel an order that was not handed over: by the volunteer, or at the station's desk.

    The minutes are the volunteer's again at once, who is told what others did.
    Refuses: NotFound, NotInThisState.
    """

    def work(batch: Batch) -> Ordered:
        held = batch.need(RewardOrder, order, "order")
        if actor.person != held.volunteer:
            held = _at_my_desk(batch, order)
        step(LIFECYCLE, held.state, RewardCancelled)
        if actor.person != held.volunteer:
            _tell(batch, held, NoticeCode.REWARD_CANCELLED)
        event = RewardCancelled(
            order=order, volunteer=held.volunteer, minutes=held.minutes, reason=reason
        )
        return _recorded(batch, held, event)

    needs: list[Place] = [(RewardOrder, order), *moving(escrow(order))]
    return await write(actor, key, work, answer=Ordered, needs=needs)


def _recorded(batch: Batch, order: RewardOrder, event: Event) -> Ordered:
    return Ordered(entry=batch.record(event).seq, order=order.id, minutes=order.minutes)


def _tell(batch: Batch, order: RewardOrder, code: NoticeCode) -> None:
    notify(batch, order.volunteer, code, order.id, hands=[batch.actor.id])


def _at_my_desk(batch: Batch, order: str) -> RewardOrder:
    """The order, for staff of its station; for anybody else it is not there."""
    return in_reach(batch, Action.HAND_OVER_REWARD, RewardOrder, order, what="order")


# Reads


async def visible_orders(actor: Actor, ids: list[str]) -> dict[str, RewardOrder]:
    """Orders by their ids that the actor placed, or that lie at the actor's desk."""
    found = await find_many(RewardOrder, ids)
    theirs = await reach(actor, Action.HAND_OVER_REWARD)
    return {
        order.id: order
        for order in found.values()
        if order.volunteer == actor.person or theirs(order.path)
    }


def code_of(actor: Actor, order: RewardOrder) -> str | None:
    """The code to show at the desk, for the volunteer alone and while it opens anything."""
    if order.volunteer != actor.person or not LIFECYCLE[order.state]:
        return None
    return pickup_code(order.id)


async def orders(
    actor: Actor,
    *,
    station: str | None = None,
    after: str | None,
    before: str | None,
    limit: int,
    backward: bool,
) -> list[RewardOrder]:
    """The actor's own orders, or for its staff those of a station, newest first, between two ids.

    Nothing where the actor may see nothing.
    """
    which = Q(volunteer__in=actor.selves)
    if station is not None:
        place = await find(Station, station)
        if place is None or not await may_read(actor, Action.HAND_OVER_REWARD, place.path):
            return []
        which = Q(station=station)
    conditions = [which]
    conditions += [Q(id__lt=after)] if after else []
    conditions += [Q(id__gt=before)] if before else []
    order = ["id"] if backward else ["-id"]
    return await select(RewardOrder, *conditions, order=order, limit=limit)
