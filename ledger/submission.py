"""What a log sends to a witness, and the size a witness names: both ways, as bytes.

Knows the bodies of C2SP tlog-witness (FORMAT.md 4). Pure. Refuses to judge signatures and proofs.
"""

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from ledger.checkpoint import MAX_PROOF, InvalidNote, hash_of, hash_text

MAX_SUBMISSION: Final = 1 << 16
SIZE_TYPE: Final = "text/x.tlog.size"

_OLD = re.compile(r"old (0|[1-9][0-9]{0,18})")
_SIZE = re.compile(rb"(0|[1-9][0-9]{0,18})\n")


class MalformedSubmission(ValueError):
    """A body that is no request of tlog-witness, or a text that is no size."""


class Submission(msgspec.Struct, frozen=True):
    """A checkpoint's note, and the proof that it extends the tree of `old` entries."""

    old: int
    proof: tuple[bytes, ...]
    note: str


def build_submission(old: int, proof: Sequence[bytes], note: str) -> bytes:
    """The body that `parse_submission` reads."""
    return "\n".join([f"old {old}", *map(hash_text, proof), "", note]).encode()


def parse_submission(body: bytes) -> Submission:
    """The request with exactly this body, at most 64 KiB; refuses with MalformedSubmission."""
    if len(body) > MAX_SUBMISSION:
        raise MalformedSubmission("more than 64 KiB")
    try:
        head, blank, note = body.decode().partition("\n\n")
        first, *lines = head.split("\n")
        old = _OLD.fullmatch(first)
        if not blank or old is None or len(lines) > MAX_PROOF:
            raise MalformedSubmission("an old size, at most 63 hashes, an empty line, a note")
        return Submission(int(old[1]), tuple(map(hash_of, lines)), note)
    except (UnicodeDecodeError, InvalidNote) as error:
        raise MalformedSubmission(str(error)) from error


def size_body(size: int) -> bytes:
    """The body that names the size a witness knows."""
    return b"%d\n" % size


def parse_size(body: bytes) -> int:
    """The size that a witness's conflict names; refuses with MalformedSubmission."""
    found = _SIZE.fullmatch(body)
    if found is None:
        raise MalformedSubmission("no size")
    return int(found[1])
