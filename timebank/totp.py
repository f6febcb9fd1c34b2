"""One-time codes: six digits that change every half minute (RFC 6238), and the second factor.

A member of staff proves twice who they are: by the password, and by a code of the device in their
pocket. The secret of it is the vault's, sealed; a code that was used does not hold again.
"""

import base64
import hmac
from datetime import UTC, datetime
from urllib.parse import quote, urlencode

import msgspec
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from timebank.refusals import Refusal
from timebank.tables import Row, table

CODE_SECONDS = 30
CODE_DIGITS = 6
SECRET_BYTES = 20
STEPS_OFF = 1
"""A device's clock may be a step early or late (RFC 6238 section 5.2)."""


# Refusals


class CodeMissing(Refusal):
    """The password is right, and the person set up a second factor."""

    says = "Give the code that your authenticator shows now."
    path = ("code",)


class CodeWrong(Refusal):
    """The code has changed, was used already, or is of another device."""

    says = "This code does not hold; give the one that your authenticator shows now."
    path = ("code",)


# Tables


@table("second_factor", vault=True, sealed=True)
class SecondFactor(Row, frozen=True):
    """What a person's codes are made of; `used` is the step of the last code that was taken."""

    person: str
    secret: bytes
    confirmed: bool = False
    used: int = 0


# Decisions


def code_at(secret: bytes, at: datetime, hash: SHA1 | SHA256) -> str:
    """The code at an instant: six digits, the same for half a minute."""
    # RFC 4226 asks for 128 bits at least; what tests have by heart is as long.
    return TOTP(secret, CODE_DIGITS, hash, CODE_SECONDS).generate(int(at.timestamp())).decode()


def is_same(one: str, other: str) -> bool:
    """Whether two codes are the same, compared without telling where they differ."""
    return hmac.compare_digest(one.encode(), other.encode())


def decide_code(factor: SecondFactor, code: str, now: datetime) -> SecondFactor:
    """The factor with this code used up. Refuses: CodeWrong.   Source: RFC 6238 section 5.2."""
    told = "".join(code.split())
    present = int(now.timestamp()) // CODE_SECONDS
    for step in range(present - STEPS_OFF, present + STEPS_OFF + 1):
        shown = code_at(factor.secret, datetime.fromtimestamp(step * CODE_SECONDS, UTC), SHA1())
        if step > factor.used and is_same(shown, told):
            return msgspec.structs.replace(factor, confirmed=True, used=step)
    raise CodeWrong


def setting_up(secret: bytes, *, bank: str, number: str) -> str:
    """The address that an authenticator scans: every one of them knows SHA-1, few know more."""
    label = quote(f"{bank}:{number}")
    told = {"secret": base64.b32encode(secret).decode(), "issuer": bank}
    return f"otpauth://totp/{label}?{urlencode(told)}"
