"""Deliveries: who wants to hear outside of a notice, by what way, how often, and when not.

Telling somebody by mail or chat is no arrival: silence counts from the inbox and the counter alone
(domain 4, see `notices`). Nobody is told anything who did not ask for it. A message says that there
are notices and nothing else; how many of them ask for an answer, and by when, only with consent.
Addresses are sealed like a telephone number. What is to be sent lies in the `outbox`.
"""

from datetime import datetime, timedelta
from enum import StrEnum

from msgspec.structs import replace

from timebank.access import permit_self
from timebank.actors import Actor, PersonId
from timebank.batch import Batch
from timebank.clock import day_of, instant
from timebank.journal import Answer, write
from timebank.keys import RequestKey
from timebank.people import Person, active_person
from timebank.projections import Place
from timebank.refusals import Refusal
from timebank.tables import Row, find, table
from timebank.transports import Channel, transport
from timebank.vault import DataKey, SealedField, keep_fields, read_fields
from timebank.words import LANGUAGES

DAY_MINUTES = 24 * 60


class Pace(StrEnum):
    """How often somebody is told."""

    AT_ONCE = "at_once"
    DAILY = "daily"


# Refusals


class ChannelMissing(Refusal):
    """The operator set up no such way."""

    says = "Messages do not leave by {channel} here; your inbox has everything."
    channel: str


class AddressWrong(Refusal):
    """An address must be one that can be written to."""

    says = "Nothing can be sent to this address by {channel}; check it."
    channel: str


class QuietWrong(Refusal):
    """Hours of a day."""

    says = "Give times of the day, and both ends of the quiet hours or neither."


# Tables


@table("delivery", vault=True)
class Delivery(Row, frozen=True):
    """What a person wants: minutes of the day for the daily message and the quiet hours.

    `details` is the consent to tell how many notices ask for an answer. `told_at` is when a
    message left last.
    """

    person: str
    channels: tuple[Channel, ...]
    pace: Pace
    daily_at: int
    quiet_from: int | None
    quiet_to: int | None
    details: bool
    language: str
    told_at: datetime | None = None


# Decisions


def decide_when(now: datetime, wanted: Delivery, *, pace: Pace | None = None) -> datetime:
    """The first moment from now on at which somebody may be told.

    Args: pace, instead of theirs: what failed is tried again without waiting for another day.
    """
    at = now
    if (pace or wanted.pace) is Pace.DAILY:
        at = instant(day_of(now), wanted.daily_at)
        if at < now:
            at = instant(day_of(now) + timedelta(days=1), wanted.daily_at)
    begins, ends = wanted.quiet_from, wanted.quiet_to
    if begins is None or ends is None or begins == ends:
        return at
    day = day_of(at)
    minute = (at - instant(day)) // timedelta(minutes=1)
    if begins < ends:
        return instant(day, ends) if begins <= minute < ends else at
    if minute >= begins:
        return instant(day + timedelta(days=1), ends)
    return instant(day, ends) if minute < ends else at


def decide_wanted(daily_at: int, quiet_from: int | None, quiet_to: int | None) -> None:
    """Whether these are times of a day. Refuses: QuietWrong."""
    times = [daily_at, *(one for one in (quiet_from, quiet_to) if one is not None)]
    if (quiet_from is None) != (quiet_to is None):
        raise QuietWrong
    if not all(0 <= one < DAY_MINUTES for one in times):
        raise QuietWrong


def decide_addresses(mail: str | None, chat: str | None) -> dict[Channel, str]:
    """The ways somebody asks for, each with its address. Refuses: ChannelMissing, AddressWrong."""
    asked = {Channel.MAIL: (mail or "").strip(), Channel.CHAT: (chat or "").strip()}
    given = {channel: address for channel, address in asked.items() if address}
    for channel, address in given.items():
        if channel not in transport().channels():
            raise ChannelMissing(channel=channel.value)
        if not transport().takes(channel, address):
            raise AddressWrong(channel=channel.value)
    return given


# Commands


class Wanted(Answer, frozen=True, kw_only=True):
    """Whose deliveries they are."""

    person: PersonId


async def want_delivery(
    actor: Actor,
    *,
    mail: str | None,
    chat: str | None,
    pace: Pace,
    daily_at: int,
    quiet_from: int | None,
    quiet_to: int | None,
    details: bool,
    language: str,
    key: RequestKey,
) -> Wanted:
    """Say by what ways one wants to hear of notices; without any, nothing is sent any more.

    Args: daily_at, quiet_from and quiet_to, minutes of the day; quiet_to before quiet_from is
    on the day after.
    Refuses: PersonNotActive, ChannelMissing, AddressWrong, QuietWrong.
    """
    person, given = permit_self(actor), decide_addresses(mail, chat)

    def work(batch: Batch) -> Wanted:
        active_person(batch, person)
        decide_wanted(daily_at, quiet_from, quiet_to)
        for way in Channel:
            if way not in given:
                batch.drop(SealedField, _place(person, way))
        if not given:
            batch.drop(Delivery, person)
            return Wanted(person=person)
        earlier = batch.get(Delivery, person)
        keep_fields(batch, person, **{field_of(way): address for way, address in given.items()})
        batch.put(
            Delivery(
                person=person,
                channels=tuple(given),
                pace=pace,
                daily_at=daily_at,
                quiet_from=quiet_from,
                quiet_to=quiet_to,
                details=details,
                language=language if language in LANGUAGES else LANGUAGES[0],
                told_at=earlier.told_at if earlier else None,
            )
        )
        return Wanted(person=person)

    needs: list[Place] = [(Person, person), (Delivery, person), (DataKey, person)]
    needs += [(SealedField, _place(person, way)) for way in Channel]
    return await write(actor, key, work, answer=Wanted, needs=needs)


def _place(person: PersonId, channel: Channel) -> str:
    return f"{person}:{field_of(channel)}"


def told(batch: Batch, person: PersonId) -> None:
    """Remember that a message left now."""
    held = batch.get(Delivery, person)
    if held is not None:
        batch.put(replace(held, told_at=batch.now))


# Reads


def field_of(channel: Channel) -> str:
    """The vault's name of an address."""
    return f"notices_{channel.value}"


async def delivery_of(actor: Actor) -> Delivery | None:
    """What the actor wants; None for nothing."""
    return await find(Delivery, actor.person) if actor.person else None


async def addresses_of(person: PersonId) -> dict[Channel, str]:
    """Where a person is told: for themselves, and for what sends."""
    fields = {field_of(channel): channel for channel in Channel}
    held = (await read_fields([person], *fields))[person]
    return {fields[field]: address for field, address in held.items()}


def channels() -> frozenset[Channel]:
    """By what ways messages leave here."""
    return transport().channels()
