"""Ids: opaque, ordered by time, unguessable, with a prefix that names the noun.

A UUIDv7 (RFC 9562) in 26 characters of lower-case Crockford base 32 behind the prefix. There is one
spelling of an id: anything else is not an id.
"""

import os
import re
import time

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = [one + other for one in ALPHABET for other in ALPHABET]
SHAPE = re.compile(r"[a-z]{3}_[0-7][0-9a-hjkmnp-tv-z]{25}")


def new(prefix: str) -> str:
    """A new id of the noun that `prefix` (three letters) names."""
    milliseconds = time.time_ns() // 1_000_000
    value = milliseconds << 80 | int.from_bytes(os.urandom(10))
    value = value & ~(0xF << 76) | 7 << 76
    value = value & ~(0b11 << 62) | 0b10 << 62
    return f"{prefix}_{spell(value)}"


def spell(value: int) -> str:
    """128 bits as 26 characters."""
    return "".join([_PAIRS[value >> shift & 1023] for shift in range(120, -1, -10)])


def is_id(text: str, prefix: str) -> bool:
    """Whether `text` is an id of the noun that `prefix` names, in its one spelling."""
    return text.startswith(prefix + "_") and SHAPE.fullmatch(text) is not None
