"""Argon2id: passwords and PINs as they are kept (RFC 9106), in the PHC form.

Slow on purpose: whoever hashes or compares does it in a thread and never under the lock.
"""

import secrets

import msgspec
from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id


class Cost(msgspec.Struct, frozen=True):
    """What hashing a password costs: passes, lanes, KiB of memory (RFC 9106)."""

    iterations: int = 2
    lanes: int = 1
    memory_kib: int = 19456


def hashed(password: str, cost: Cost) -> str:
    """A password or PIN as it is kept (PHC string). Takes a while: run it in a thread."""
    salted = Argon2id(
        salt=secrets.token_bytes(16),
        length=32,
        iterations=cost.iterations,
        lanes=cost.lanes,
        memory_cost=cost.memory_kib,
    )
    return salted.derive_phc_encoded(password.encode())


def matches(password: str, phc: str) -> bool:
    """Whether a password is the one that was hashed. Takes a while: run it in a thread."""
    try:
        Argon2id.verify_phc_encoded(password.encode(), phc)
    except InvalidKey:
        return False
    return True


def nobodys() -> str:
    """A hash that no password has, at the usual cost."""
    cost = Cost()
    return (
        f"$argon2id$v=19$m={cost.memory_kib},t={cost.iterations},p={cost.lanes}"
        "$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    )
