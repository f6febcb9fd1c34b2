"""Donations: minutes given to a public pool, with some days to think again (domain 6).

They wait in escrow until the days are over, and can be taken back until then. Knows donations;
refuses to know what a pool does with them.
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Unpack

import msgspec

from ledger.entry import Sealed
from timebank.accounts import balance, decide_spend, escrow, moving, pool, volunteer
from timebank.actors import SYSTEM, Actor, PersonId
from timebank.batch import Batch
from timebank.clock import day_of
from timebank.divisions import Area
from timebank.due import passed
from timebank.events import Event, Postings, transfer
from timebank.ids import new
from timebank.journal import Answer, write
from timebank.keys import RequestKey
from timebank.lifecycles import Lifecycle, step
from timebank.people import Person, active_person
from timebank.pools import pool_area
from timebank.projections import Place, Rows, projects
from timebank.proxies import acting_for, may_act_for, principal_in, selves_of
from timebank.refusals import Forbidden, NotFound, Refusal
from timebank.tables import Row, Where, find_many, newest_by_id, table


class DonationState(StrEnum):
    """The life of a donation."""

    WAITING = "waiting"
    SETTLED = "settled"
    TAKEN_BACK = "taken_back"


# Events


class DonationMade(Event, frozen=True, tag="donation.made"):
    """Minutes wait in escrow until `until`; then they are the pool's."""

    donation: str
    donor: PersonId
    area: str
    minutes: int
    until: datetime
    proxy: PersonId | None = None

    def postings(self) -> Postings:
        """From the donor into escrow."""
        return transfer(volunteer(self.donor), escrow(self.donation), "minute", self.minutes)


class DonationSettled(Event, frozen=True, tag="donation.settled"):
    """The days to think again are over: the minutes are the pool's."""

    donation: str
    area: str
    minutes: int

    def postings(self) -> Postings:
        """From escrow to the pool."""
        return transfer(escrow(self.donation), pool(self.area), "minute", self.minutes)


class DonationTakenBack(Event, frozen=True, tag="donation.taken_back"):
    """The donor thought again."""

    donation: str
    donor: PersonId
    minutes: int
    proxy: PersonId | None = None

    def postings(self) -> Postings:
        """From escrow back to the donor."""
        return transfer(escrow(self.donation), volunteer(self.donor), "minute", self.minutes)


# Refusals


class DonationFinal(Refusal):
    """There are some days to think again, and then it is done."""

    says = "This donation could be taken back until {until}; it is the pool's now."
    until: date


class DonationStillOpen(Refusal):
    """A donation settles when its days are over, not before."""

    says = "This donation can be taken back until {until}."
    until: date


# Lifecycle

LIFECYCLE: Lifecycle[DonationState] = {
    DonationState.WAITING: {
        DonationSettled: DonationState.SETTLED,
        DonationTakenBack: DonationState.TAKEN_BACK,
    },
    DonationState.SETTLED: {},
    DonationState.TAKEN_BACK: {},
}


# Tables and projectors


@table("donation", index=[("donor", "id"), ("state", "until")])
class Donation(Row, frozen=True):
    """One donation to an area's pool."""

    id: str
    donor: str
    area: str
    minutes: int
    state: DonationState
    made_at: datetime
    until: datetime


@projects(DonationMade)
def _made(rows: Rows, event: DonationMade, entry: Sealed) -> None:
    rows.put(
        Donation(
            id=event.donation,
            donor=event.donor,
            area=event.area,
            minutes=event.minutes,
            state=DonationState.WAITING,
            made_at=entry.at,
            until=event.until,
        )
    )


@projects(DonationSettled, DonationTakenBack)
def _moved(rows: Rows, event: DonationSettled | DonationTakenBack, entry: Sealed) -> None:
    held = rows.there(Donation, event.donation)
    state = step(LIFECYCLE, held.state, type(event))
    rows.put(msgspec.structs.replace(held, state=state))


# What other capabilities ask


def give(
    batch: Batch,
    donation: str,
    *,
    donor: PersonId,
    area: str,
    minutes: int,
    proxy: PersonId | None = None,
) -> Sealed:
    """Put minutes into escrow for a pool. Refuses: NotPositive, NotEnoughTime."""
    decide_spend(balance(batch, volunteer(donor)), minutes)
    until = batch.now + timedelta(days=batch.policy.credit.donate_cool_days)
    event = DonationMade(
        donation=donation, donor=donor, area=area, minutes=minutes, until=until, proxy=proxy
    )
    return batch.record(event)


# Commands


class Donated(Answer, frozen=True, kw_only=True):
    """The donation that was made or moved on, and its minutes."""

    donation: str
    minutes: int


async def donate(
    actor: Actor, *, area: str, minutes: int, key: RequestKey, donor: str | None = None
) -> Donated:
    """Give minutes to the pool of a district or the city; there are some days to think again.

    Args: area, its code; donor, the volunteer number of whom a proxy acts for (None: oneself).
    Refuses: NotFound, NotAPool, PersonNotActive, NotPositive, NotEnoughTime.   Source: domain 6.
    """
    donation = new("don")

    def work(batch: Batch) -> Donated:
        whose, proxy = principal_in(batch, donor)
        active_person(batch, whose)
        pool_area(batch, area)
        entry = give(batch, donation, donor=whose, area=area, minutes=minutes, proxy=proxy)
        return Donated(entry=entry.seq, donation=donation, minutes=minutes)

    needs: list[Place] = [(Area, area), *moving(escrow(donation))]
    if actor.person is not None and donor is None:
        needs += [(Person, actor.person), *moving(volunteer(actor.person))]
    return await write(actor, key, work, answer=Donated, needs=needs)


async def take_back_donation(actor: Actor, *, donation: str, key: RequestKey) -> Donated:
    """Take a donation back within its days, by the donor or their proxy.

    Refuses: NotFound, NotInThisState, DonationFinal.   Source: domain 6.
    """

    def work(batch: Batch) -> Donated:
        held = batch.need(Donation, donation, "donation")
        try:
            proxy = acting_for(batch, held.donor)
        except NotFound:
            raise NotFound(what="donation") from None
        step(LIFECYCLE, held.state, DonationTakenBack)
        if batch.now >= held.until:
            raise DonationFinal(until=day_of(held.until))
        event = DonationTakenBack(
            donation=donation, donor=held.donor, minutes=held.minutes, proxy=proxy
        )
        return Donated(entry=batch.record(event).seq, donation=donation, minutes=held.minutes)

    return await _write(actor, donation, key, work)


async def settle_donation(actor: Actor, *, donation: str, key: RequestKey | None = None) -> Donated:
    """Let the pool have what was not taken back in time: the software's own act, by timer.

    Refuses: NotFound, NotInThisState, DonationStillOpen.   Source: domain 6.
    """
    if actor != SYSTEM:
        raise Forbidden

    def work(batch: Batch) -> Donated:
        held = batch.need(Donation, donation, "donation")
        step(LIFECYCLE, held.state, DonationSettled)
        if batch.now < held.until:
            raise DonationStillOpen(until=day_of(held.until))
        event = DonationSettled(donation=donation, area=held.area, minutes=held.minutes)
        return Donated(entry=batch.record(event).seq, donation=donation, minutes=held.minutes)

    return await _write(actor, donation, key, work)


async def _write(
    actor: Actor, donation: str, key: RequestKey | None, work: Callable[[Batch], Donated]
) -> Donated:
    needs: list[Place] = [(Donation, donation), *moving(escrow(donation))]
    return await write(actor, key, work, answer=Donated, needs=needs)


# Reads


async def visible_donations(actor: Actor, ids: Sequence[str]) -> dict[str, Donation]:
    """Donations by id, of the actor and of those the actor acts for."""
    found = list((await find_many(Donation, ids)).values())
    whose = await may_act_for(actor, {held.donor for held in found})
    return {held.id: held for held in found if held.donor in whose}


async def donations_of(
    actor: Actor, *, principal: str | None = None, **where: Unpack[Where]
) -> list[Donation]:
    """The actor's own donations, or those of a `principal` (a volunteer number), newest first."""
    return await newest_by_id(Donation, where, donor__in=await selves_of(actor, principal))


donations_due = passed(Donation, "until", DonationState.WAITING)
"""The donations whose days are over, the longest overdue first."""
