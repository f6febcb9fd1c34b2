"""Station codes: six digits on a station's screen that change every 30 seconds (RFC 6238).

Whoever can read the screen is there. The secret is the vault's, one a station.
"""

import secrets
from datetime import UTC, datetime

from cryptography.hazmat.primitives.hashes import SHA256

from timebank.access import Action, may_read
from timebank.actors import Actor
from timebank.batch import Batch
from timebank.journal import Answer, current, write
from timebank.places import Station
from timebank.refusals import Forbidden, NotFound, Refusal
from timebank.tables import Row, find, table
from timebank.totp import CODE_SECONDS, is_same
from timebank.totp import code_at as code_of

CODES_BACK = 2


# Refusals


class StationCodeWrong(Refusal):
    """The code on the poster has changed, or belongs to another station."""

    says = "This station code does not hold now; read the one on the screen again."
    path = ("code",)


# Tables


@table("station_secret", vault=True)
class StationSecret(Row, frozen=True):
    """What a station's rotating code is made of."""

    station: str
    secret: bytes


# Decisions


def code_at(secret: bytes, at: datetime) -> str:
    """A station's code at an instant."""
    return code_of(secret, at, SHA256())


def is_code(secret: bytes, code: str, at: datetime) -> bool:
    """Whether `code` is the station's code now, or was a moment ago."""
    seconds = int(at.timestamp())
    recent = (seconds - n * CODE_SECONDS for n in range(CODES_BACK))
    valid = (code_at(secret, datetime.fromtimestamp(one, UTC)) for one in recent)
    return any(is_same(one, code) for one in valid)


def need_code(batch: Batch, station: str, code: str) -> None:
    """Refuses: StationCodeWrong, unless `code` is the station's now."""
    held = batch.get(StationSecret, station)
    if held is None or not is_code(held.secret, code.strip(), batch.now):
        raise StationCodeWrong


# Reads


async def station_code(actor: Actor, station: str) -> str:
    """The station's code now, for its screen. Raises Forbidden; refuses NotFound.

    The first reading makes the secret.
    """
    place = await find(Station, station)
    if place is None:
        raise NotFound(what="station")
    if not await may_read(actor, Action.CHECK_IN_OTHERS, place.path):
        raise Forbidden
    held = await find(StationSecret, station)
    if held is None:
        made = secrets.token_bytes(32)

        def work(batch: Batch) -> Answer:
            if batch.get(StationSecret, station) is None:
                batch.put(StationSecret(station=station, secret=made))
            return Answer()

        await write(actor, None, work, answer=Answer)
        held = await find(StationSecret, station)
    if held is None:
        raise LookupError("the station's secret was just written")
    return code_at(held.secret, current().clock.now())
