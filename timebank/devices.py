"""Devices of stations: what stands at the door and checks people in and out, and nothing else.

Whoever manages the station enrols one and is told its token once; only the token's SHA-256 is kept.
A device acts in its own name, at its own station, until a day or until it is ended. One that has a
key signs what it takes down while the network is gone. A token ends with its own check digits, so
that one mistyped, or found by a scanner of leaked secrets, is known for what it is (web 3).
"""

import base64
import hashlib
import secrets
import zlib
from datetime import timedelta
from typing import Unpack

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from timebank.access import Action, in_reach, may_read, permit, reach
from timebank.actors import PUBLIC, Actor
from timebank.batch import Batch
from timebank.clock import day_of
from timebank.device_life import LIFECYCLE, Device, DeviceEnded, DeviceEnrolled
from timebank.ids import new
from timebank.journal import Answer, current, write
from timebank.keys import RequestKey
from timebank.lifecycles import step
from timebank.places import Station, working_station
from timebank.projections import Place
from timebank.refusals import Refusal, Unauthenticated
from timebank.tables import Row, Where, find, find_many, newest_by_id, select, table
from timebank.texts import keep_text

PREFIX = "tbd_"
CHECK_DIGITS = 8
HOLDS = timedelta(days=365)
"""A guard, not a rule of the domain: what nobody renews within a year stands nowhere any more."""


# Refusals


class DeviceKeyWrong(Refusal):
    """A key with which nothing could ever be checked."""

    says = "This is no Ed25519 public key: give its 32 bytes in base 64."
    path = ("key",)


# Tables: of the vault


@table("device_token", vault=True, index=[("device",)])
class DeviceToken(Row, frozen=True):
    """Which device a token is of; `digest` is its SHA-256, the token is kept nowhere."""

    digest: str
    device: str


# Decisions


def new_token() -> str:
    """A random token: 256 bits between a prefix and check digits."""
    told = PREFIX + secrets.token_urlsafe(32)
    return told + _check(told)


def is_token(told: str) -> bool:
    """Whether this could be a device's token: whether its check digits are right."""
    body, check = told[:-CHECK_DIGITS], told[-CHECK_DIGITS:]
    return told.startswith(PREFIX) and check == _check(body)


def _check(body: str) -> str:
    return f"{zlib.crc32(body.encode()):0{CHECK_DIGITS}x}"


def decide_key(key: str | None) -> str | None:
    """A device's public key as it is written down. Refuses: DeviceKeyWrong."""
    if key is None:
        return None
    try:
        Ed25519PublicKey.from_public_bytes(base64.b64decode(key, validate=True))
    except ValueError:
        raise DeviceKeyWrong from None
    return key


# Commands


class Enrolled(Answer, frozen=True, kw_only=True):
    """The device and its token, told this once: the attempt has no request key."""

    device: str
    token: str


class Ended(Answer, frozen=True, kw_only=True):
    """The device that ended."""

    device: str


async def enrol_device(
    actor: Actor, *, station: str, name: str, key: str | None = None
) -> Enrolled:
    """Give a station a device that checks people in and out there, for a year.

    Args: name, what the station calls it, 1 to 60 characters; key, its Ed25519 public key in base
    64, of a device that is to sign what it takes down while the network is gone.
    Refuses: NotFound, StationNotActive, TextMissing, TextTooLong, DeviceKeyWrong.   Source: web 3.
    """
    key = decide_key(key)
    device, token = new("dev"), new_token()

    def work(batch: Batch) -> Enrolled:
        place = batch.need(Station, station, "station")
        permit(batch, Action.ENROL_DEVICE, place.path)
        working_station(batch, station)
        event = DeviceEnrolled(
            device=device,
            station=station,
            scope=place.path,
            until=batch.today + HOLDS,
            name=keep_text(batch, device, "name", name, most=60),
            key=key,
        )
        batch.put(DeviceToken(digest=_digest(token), device=device))
        return Enrolled(entry=batch.record(event).seq, device=device, token=token)

    return await write(actor, None, work, answer=Enrolled, needs=[(Station, station)])


async def end_device(actor: Actor, *, device: str, key: RequestKey) -> Ended:
    """End a device that was lost, or is not needed: its token opens nothing from now on.

    Refuses: NotFound, of a device out of scope too; NotInThisState.
    """
    if not actor.known:
        raise Unauthenticated
    tokens = [held.digest for held in await select(DeviceToken, device=device)]

    def work(batch: Batch) -> Ended:
        held = in_reach(batch, Action.ENROL_DEVICE, Device, device, what="device")
        step(LIFECYCLE, held.state, DeviceEnded)
        for digest in tokens:
            batch.drop(DeviceToken, digest)
        return Ended(entry=batch.record(DeviceEnded(device=device)).seq, device=device)

    needs: list[Place] = [(Device, device)]
    return await write(actor, key, work, answer=Ended, needs=needs)


# Reads


async def device_of(token: str) -> Actor:
    """Which device holds this token: nobody known, unless it still works."""
    kept = await find(DeviceToken, _digest(token)) if is_token(token) else None
    held = await find(Device, kept.device) if kept else None
    if held is None or not held.stands(day_of(current().clock.now())):
        return PUBLIC
    return Actor(id=held.id, device=True)


async def devices_at(actor: Actor, station: str, **where: Unpack[Where]) -> list[Device]:
    """A station's devices, the newest first, for whoever may enrol and end them."""
    place = await find(Station, station)
    if place is None or not await may_read(actor, Action.ENROL_DEVICE, place.path):
        return []
    return await newest_by_id(Device, where, station=station)


async def devices_by_id(actor: Actor, ids: list[str]) -> dict[str, Device]:
    """Devices by their ids, as far as the actor may end them."""
    theirs = await reach(actor, Action.ENROL_DEVICE)
    found = await find_many(Device, ids)
    return {str(id): held for id, held in found.items() if theirs(held.path)}


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
