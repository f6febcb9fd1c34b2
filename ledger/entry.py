"""Entries as bytes: sealing them, and reading them back without trusting them.

Knows FORMAT.md sections 1, 2 (leaf hash) and 6. Pure: reads no clock and no database; the only
thing it takes from outside is randomness for the nonce. Refuses to know what a kind means.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Annotated, Any, Literal, TypeAlias

import msgspec

Unit = Literal["minute", "fen"]
Posting = tuple[str, Unit, int]
# Inside Sealed the name bytes is a field.
Octets: TypeAlias = bytes

MAX_BYTES = 8192
MAX_INTEGER = 2**53 - 1
MAX_AMOUNT = 10**12
MAX_POSTINGS = 64
MAX_DEPTH = 64
MAX_CODE = 128
MOST_MEMBERS = 1024

_ZERO = bytes(32)
_TICK = timedelta(microseconds=1)

Reason = Literal["size", "json", "member", "value", "text", "posting", "sum", "canonical"]


class MalformedEntry(ValueError):
    """Bytes or values that are no entry of version 1 (FORMAT.md 1).

    `reason` is one of eight fixed words: size, json, member (missing, unknown, misspelt or of the
    wrong shape), value (float, null, too big or of no JSON type), text, posting, sum, canonical.
    """

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason


class Tip(msgspec.Struct, frozen=True, gc=False):
    """Where a log ends: `size` entries, the last of which has hash `leaf` and was written `at`."""

    size: int
    leaf: bytes
    at: datetime | None


EMPTY = Tip(0, _ZERO, None)


class Sealed(msgspec.Struct, frozen=True, gc=False):
    """An entry and its exact bytes; everything beside `bytes` is a reading of them.

    `at` is UTC; `prev` and `leaf` are 32 bytes; `request` and `nonce` are 32 hex digits.
    """

    seq: int
    at: datetime
    kind: str
    actor: str
    request: str
    policy: str
    body: dict[str, Any]
    postings: tuple[Posting, ...]
    prev: Octets
    nonce: str
    bytes: Octets
    leaf: Octets

    @property
    def tip(self) -> Tip:
        """The end of the log once this entry is its last."""
        return Tip(self.seq + 1, self.leaf, self.at)

    def follows(self, tip: Tip) -> bool:
        """Whether this entry is the next one of a log that ends at `tip`."""
        later = tip.at is None or self.at > tip.at
        return self.seq == tip.size and self.prev == tip.leaf and later


# \Z, not $: a dollar also matches before a closing line feed.
_Hex32 = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{32}\Z")]
_Hex64 = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]
_Position = Annotated[int, msgspec.Meta(ge=0, le=MAX_INTEGER)]


class _Wire(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The eleven members, declared in the order in which they are written."""

    actor: str
    at: str
    body: dict[str, Any]
    kind: str
    nonce: _Hex32
    policy: str
    postings: tuple[Posting, ...]
    prev: _Hex64
    request: _Hex32
    seq: _Position
    v: Literal[1]


_encode = msgspec.json.Encoder(order="deterministic").encode
_decode = msgspec.json.Decoder(_Wire, strict=True).decode

_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")
_KIND = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")
_MEMBER = re.compile(r"[a-z_][a-z0-9_]*")
_CODE = re.compile(rf"[A-Za-z0-9._:+/=-]{{1,{MAX_CODE}}}")
_CODES = re.compile(r"[A-Za-z0-9._:+/=-]*")
_PLAIN = re.compile("[^\x00-\x1f\x7f\ud800-\udfff]+")
_LEAF = re.compile(r"[0-9a-f]{64}")
_members: set[str] = set()
"""Names that were found to be members' names."""


def seal(
    tip: Tip,
    *,
    now: datetime,
    kind: str,
    actor: str,
    request: str,
    policy: str,
    body: dict[str, Any],
    postings: Sequence[Posting] = (),
    nonce: str | None = None,
) -> Sealed:
    """The next entry of a log that ends at `tip`, written at `now` or a microsecond after the tip.

    Args: now, aware; request, 32 hex digits (`request_id`); nonce, 32 hex digits, random if None.
    Refuses with MalformedEntry whatever `decode` would: nothing unreadable is ever hashed.
    """
    if now.tzinfo is None:
        raise ValueError("now carries no time zone")
    at = now.astimezone(UTC)
    if tip.at is not None and at <= tip.at:
        at = tip.at + _TICK
    _check_body(body)
    wire = _Wire(
        actor=actor,
        at=at.isoformat(timespec="microseconds")[:-6] + "Z",
        body=body,
        kind=kind,
        nonce=secrets.token_hex(16) if nonce is None else nonce,
        policy=policy,
        postings=tuple(postings),
        prev=tip.leaf.hex(),
        request=request,
        seq=tip.size,
        v=1,
    )
    _check_members(wire)
    try:
        data = _encode(wire)
    except (TypeError, ValueError) as error:
        raise MalformedEntry("value", str(error)) from None
    # The same bytes must come back from a reader that knows nothing of the values above.
    return _sealed(_read(data), data, at)


def decode(data: bytes) -> Sealed:
    """The entry whose exact bytes are `data`; requires that they encode to themselves.

    Refuses with MalformedEntry everything FORMAT.md 1 does not allow.
    """
    # What a database column holds is whatever its owner put there.
    if type(data) is not bytes:
        raise MalformedEntry("json", "no bytes")
    wire = _read(data)
    _check_body(wire.body)
    _check_members(wire)
    return _sealed(wire, data, _instant(wire.at))


def leaf_hash(data: bytes) -> bytes:
    """SHA-256(0x00 || data): the hash an entry has in chain and tree (FORMAT.md 2)."""
    return hashlib.sha256(b"\x00" + data).digest()


def reversal_of(body: dict[str, Any]) -> tuple[int, bytes] | None:
    """Position and leaf of the entry that this body reverses, if it does (FORMAT.md 1)."""
    if "reverses" not in body:
        return None
    named = body["reverses"]
    if type(named) is not dict or named.keys() != {"seq", "leaf"}:
        raise MalformedEntry("member", "reverses")
    seq, leaf = named["seq"], named["leaf"]
    if type(seq) is not int or seq < 0 or type(leaf) is not str or not _LEAF.fullmatch(leaf):
        raise MalformedEntry("member", "reverses")
    return seq, bytes.fromhex(leaf)


def request_id(scope: str, key: str) -> str:
    """The id under which a caller's attempt is known, 32 hex digits (FORMAT.md 6).

    Args: scope, the caller; key, the caller's own name for the attempt. Refuses more than 65,535
    bytes of either with ValueError.
    """
    told = b"timebank/request/v1\n" + _prefixed(scope, 2) + _prefixed(key, 2)
    return hashlib.sha256(told).hexdigest()[:32]


def commitment(salt: bytes, label: str, value: str) -> str:
    """What the ledger holds in place of `value`, 64 hex digits (FORMAT.md 6).

    Args: salt, 32 random bytes used for this value alone; label, what kind of value, at most 255
    bytes. Whoever destroys salt and value leaves a number that says nothing.
    """
    if len(salt) != 32:
        raise ValueError("a salt is 32 bytes")
    told = b"timebank/commitment/v1\n" + _prefixed(label, 1) + value.encode()
    return hmac.digest(salt, told, "sha256").hex()


def _prefixed(text: str, width: int) -> bytes:
    data = text.encode()
    if len(data) >= 1 << 8 * width:
        raise ValueError(f"longer than {width} bytes can count")
    return len(data).to_bytes(width, "big") + data


def _read(data: bytes) -> _Wire:
    """The members of `data`, which must be what those members encode to."""
    if len(data) > MAX_BYTES:
        raise MalformedEntry("size", f"{len(data)} bytes")
    try:
        wire = _decode(data)
        again = _encode(wire)
    except msgspec.ValidationError as error:
        raise MalformedEntry("member", str(error)) from None
    except (ValueError, RecursionError) as error:
        raise MalformedEntry("json", str(error)) from None
    if again != data:
        raise MalformedEntry("canonical")
    return wire


def _sealed(wire: _Wire, data: bytes, at: datetime) -> Sealed:
    return Sealed(
        seq=wire.seq,
        at=at,
        kind=wire.kind,
        actor=wire.actor,
        request=wire.request,
        policy=wire.policy,
        body=wire.body,
        postings=wire.postings,
        prev=bytes.fromhex(wire.prev),
        nonce=wire.nonce,
        bytes=data,
        leaf=leaf_hash(data),
    )


def _check_members(wire: _Wire) -> None:
    """Refuse what the types of `_Wire` cannot say, but for the instant."""
    for text in (wire.actor, wire.policy):
        if not _is_plain(text):
            raise MalformedEntry("text", repr(text))
    if not _is_kind(wire.kind):
        raise MalformedEntry("member", "kind")
    _check_postings(wire.postings)
    reverses = reversal_of(wire.body)
    if reverses is not None and reverses[0] >= wire.seq:
        raise MalformedEntry("member", "reverses")


@lru_cache(maxsize=1024)  # who acts, and by which policy, is met in entry after entry
def _is_plain(text: str) -> bool:
    return _PLAIN.fullmatch(text) is not None


@lru_cache(maxsize=1024)
def _is_kind(text: str) -> bool:
    return _KIND.fullmatch(text) is not None


def _instant(text: str) -> datetime:
    if not _INSTANT.fullmatch(text):
        raise MalformedEntry("member", "at")
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise MalformedEntry("member", "at") from None


def _check_postings(postings: tuple[Posting, ...]) -> None:
    """Every posting is whole, and what one account of a unit gains another loses."""
    if not postings:
        return
    if not 2 <= len(postings) <= MAX_POSTINGS:
        raise MalformedEntry("posting", f"{len(postings)} of them")
    minutes = fen = 0
    for account, unit, amount in postings:
        if type(amount) is not int or not 0 < abs(amount) <= MAX_AMOUNT:
            raise MalformedEntry("posting", f"amount {amount!r}")
        if not _CODE.fullmatch(account):
            raise MalformedEntry("text", repr(account))
        if unit == "minute":
            minutes += amount
        else:
            fen += amount
    if minutes or fen:
        raise MalformedEntry("sum", f"{minutes} minutes, {fen} fen")


def _check_body(body: dict[str, Any]) -> None:
    """Refuse floats, nulls, free text, misspelt names and too great a depth, without recursing."""
    # The entry itself is the first level, and its body the second.
    containers: list[Any] = [body]
    texts: list[str] = []
    for _ in range(1, MAX_DEPTH):
        inner: list[Any] = []
        for each in containers:
            _check_values(each, inner, texts)
        if not inner:
            break
        containers = inner
    else:
        raise MalformedEntry("value", f"more than {MAX_DEPTH} levels")
    _check_texts(texts)


def _check_values(container: Any, inner: list[Any], texts: list[str]) -> None:
    """The same for what a container holds, but for its texts and the containers inside it.

    Those are added to `texts` and `inner`.
    """
    if type(container) is dict:
        # The names of bodies are few, and each is met in every entry of its kind.
        if not _members.issuperset(container):
            _check_names(container)
        container = container.values()
    for value in container:
        kind = type(value)
        if kind is str or isinstance(value, str):
            texts.append(value)
        elif kind is int:
            if not -MAX_INTEGER <= value <= MAX_INTEGER:
                raise MalformedEntry("value", "an integer beyond 2^53 - 1")
        elif kind is dict or kind is list or kind is tuple:
            inner.append(value)
        elif kind is not bool:
            raise MalformedEntry("value", kind.__name__)


def _check_names(container: dict[Any, Any]) -> None:
    """Refuse a name that is no member's; those that are known are not read again."""
    for name in container:
        if type(name) is not str or not _MEMBER.fullmatch(name):
            raise MalformedEntry("member", repr(name))
    if len(_members) < MOST_MEMBERS:
        _members.update(container)


def _check_texts(texts: list[str]) -> None:
    """Refuse free text: all of it is read at once, and one by one to name what is at fault."""
    lengths = set(map(len, texts))
    whole = not lengths or (min(lengths) > 0 and max(lengths) <= MAX_CODE)
    if whole and _CODES.fullmatch("".join(texts)):
        return
    for text in texts:
        if not _CODE.fullmatch(text):
            raise MalformedEntry("text", repr(text))
