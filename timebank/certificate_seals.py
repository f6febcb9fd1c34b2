"""Certificate seals: what a certificate's QR code says, signed so that it is checked offline.

The text behind the `#` of the address never reaches a server. It holds numbers, days and codes and
no name: whoever checks compares the paper in hand. Pure: keys and values are handed in. Refuses to
know where a certificate is kept and whether it still holds; the verification page says that.
"""

import base64
import binascii
import re
from datetime import date

import msgspec

from ledger.checkpoint import Signer, Verifier

VERSION = "1"
FIELDS = 9
MOST = 600
"""Characters of a seal with its address; a QR code that people can scan holds no more."""

_DIGITS = re.compile(r"0|[1-9][0-9]{0,15}")
_CODE = re.compile(r"[0-9a-hjkmnp-tv-z]{16}")
_NUMBER = re.compile(r"[0-9]{4}-[0-9]{6,9}")


class InvalidSeal(ValueError):
    """A seal that proves nothing: `reason` is one of form, key (not ours), signature."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Sealed(msgspec.Struct, frozen=True, kw_only=True):
    """What a seal says: `minutes` of service from `since` to `until`, by the entry at `seq`."""

    code: str
    number: str
    minutes: int
    issued: date
    since: date
    until: date
    seq: int


def payload_of(told: Sealed, key: Verifier) -> str:
    """The signed text, nine fields between tildes."""
    days = (told.issued, told.since, told.until)
    return "~".join(
        (
            VERSION,
            key.id.hex(),
            told.code,
            told.number,
            str(told.minutes),
            *(day.isoformat() for day in days),
            str(told.seq),
        )
    )


def seal_text(told: Sealed, signer: Signer) -> str:
    """The payload and its signature: what stands behind the `#`."""
    return sign_payload(payload_of(told, signer.verifier), signer)


def sign_payload(payload: str, signer: Signer) -> str:
    """A text and its signature; its first field says what kind of text it is."""
    signature = signer.sign(_message(signer.verifier, payload))
    return f"{payload}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def open_payload(text: str, key: Verifier) -> str:
    """The text that this key signed. Refuses with InvalidSeal."""
    payload, _, told = text.rpartition(".")
    if not key.checks(_signature(told), _message(key, payload)):
        raise InvalidSeal("signature")
    return payload


def key_id_of(text: str) -> str:
    """Which key a seal claims, 8 hex digits. Refuses with InvalidSeal."""
    return _fields(text.rpartition(".")[0])[1]


def open_seal(text: str, key: Verifier) -> Sealed:
    """What a seal says, checked with one key. Refuses with InvalidSeal."""
    fields = _fields(text.rpartition(".")[0])
    if fields[1] != key.id.hex():
        raise InvalidSeal("key")
    open_payload(text, key)
    _, _, code, number, minutes, issued, since, until, seq = fields
    return Sealed(
        code=code,
        number=number,
        minutes=int(minutes),
        issued=date.fromisoformat(issued),
        since=date.fromisoformat(since),
        until=date.fromisoformat(until),
        seq=int(seq),
    )


def seal_in(address: str) -> str:
    """The seal in the text of a QR code: an address, or the seal alone. Refuses with InvalidSeal.

    The code in the address must be the one that was signed.
    """
    text = address.strip()
    if len(text) > MOST:
        raise InvalidSeal("form")
    place, mark, seal = text.rpartition("#")
    if mark and place.rpartition("/v/")[2] != _fields(seal.rpartition(".")[0])[2]:
        raise InvalidSeal("form")
    return seal


def _fields(payload: str) -> list[str]:
    fields = payload.split("~")
    if len(fields) != FIELDS or fields[0] != VERSION:
        raise InvalidSeal("form")
    try:
        for day in fields[5:8]:
            # One spelling alone: the standard library also reads weeks.
            if date.fromisoformat(day).isoformat() != day:
                raise InvalidSeal("form")
    except ValueError:
        raise InvalidSeal("form") from None
    shapes = ((_CODE, 2), (_NUMBER, 3), (_DIGITS, 4), (_DIGITS, 8))
    if not all(shape.fullmatch(fields[n]) for shape, n in shapes):
        raise InvalidSeal("form")
    return fields


def _signature(told: str) -> bytes:
    try:
        signature = base64.urlsafe_b64decode(told + "==")
    except (binascii.Error, ValueError):
        raise InvalidSeal("form") from None
    # Bits beyond the last byte must be zero, or one seal would have several spellings.
    if base64.urlsafe_b64encode(signature).rstrip(b"=").decode() != told:
        raise InvalidSeal("form")
    return signature


def _message(key: Verifier, payload: str) -> bytes:
    return f"{key.name}\n{payload}".encode()
