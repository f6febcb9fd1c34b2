"""Carried entries: what an entry said in the log that this one succeeded, and where it is kept.

A log whose last entries are lost is never continued under its name. Its successor begins with
`ledger.succeeded` at position 0 and carries each entry that is left at the position it had, whole:
together with what the carrying entry shares with it (position, request, postings) the bytes of the
former log can be written again, hash for hash. Books, receipts and positions therefore mean in the
new log what they meant in the old. Knows how a carried entry is read; no event of any capability.
"""

from datetime import datetime
from typing import Any

import msgspec

from ledger.entry import Sealed, Tip, leaf_hash, reversal_of, seal
from ledger.head import instant_text
from timebank.actors import SYSTEM, PersonId
from timebank.events import Event, Reversed, body_of, kind_of


class Former(msgspec.Struct, frozen=True):
    """What an entry of the former log said that its carrying entry says otherwise."""

    actor: str
    at: str
    body: dict[str, Any]
    kind: str
    nonce: str
    policy: str
    prev: str


class LedgerSucceeded(Event, frozen=True, tag="ledger.succeeded"):
    """Entry 0 of a log that goes on after a loss which two persons accepted.

    The log `former` had signed `signed` entries with root `signed_root`; `kept` of them are left,
    with root `kept_root`, and are carried. `opened` is entry 0 of the former log.
    """

    origin: str
    former: str
    signed: int
    signed_root: str
    kept: int
    kept_root: str
    opened: Former
    by: tuple[PersonId, PersonId]


class EntryCarried(Event, frozen=True, tag="entry.carried"):
    """An entry of the former log, at its position; `reverses` names what it reverses here."""

    entry: Former
    reverses: Reversed | None = None


def former_of(entry: Sealed) -> Former:
    """What a carrying entry will say of this one."""
    return Former(
        actor=entry.actor,
        at=instant_text(entry.at),
        body=entry.body,
        kind=entry.kind,
        nonce=entry.nonce,
        policy=entry.policy,
        prev=entry.prev.hex(),
    )


def carry(tip: Tip, entry: Sealed, *, now: datetime, reversed_leaf: bytes | None) -> Sealed:
    """The entry that carries `entry` onto a log that ends at `tip`.

    Args: reversed_leaf, the hash that the entry it reverses has in this log, if it reverses one.
    """
    named = reversal_of(entry.body)
    reverses = None
    if named is not None and reversed_leaf is not None:
        reverses = Reversed(seq=named[0], leaf=reversed_leaf.hex())
    event = EntryCarried(entry=former_of(entry), reverses=reverses)
    return seal(
        tip,
        now=now,
        kind=kind_of(event),
        actor=SYSTEM.id,
        request=entry.request,
        policy=entry.policy,
        body=body_of(event),
        postings=entry.postings,
    )


def told(entry: Sealed) -> Sealed:
    """The entry as it was first told, with the position and hash it has in this log.

    For whoever reads what happened: projectors, books. Any other entry is told as it is.
    """
    while (former := _former(entry)) is not None:
        body = former.body
        if entry.kind == kind_of(LedgerSucceeded):
            body = body | {"origin": entry.body["origin"]}
        entry = msgspec.structs.replace(
            entry,
            actor=former.actor,
            at=datetime.fromisoformat(former.at),
            body=body,
            kind=former.kind,
            policy=former.policy,
        )
    return entry


def former_leaf(entry: Sealed) -> bytes | None:
    """The hash that a carried entry had in the former log; None for any other entry."""
    former = _former(entry)
    if former is None:
        return None
    whole = msgspec.to_builtins(former) | {
        "postings": entry.postings,
        "request": entry.request,
        "seq": entry.seq,
        "v": 1,
    }
    return leaf_hash(msgspec.json.encode(whole, order="deterministic"))


def _former(entry: Sealed) -> Former | None:
    if entry.kind == kind_of(EntryCarried):
        return msgspec.convert(entry.body["entry"], Former)
    if entry.kind == kind_of(LedgerSucceeded):
        return msgspec.convert(entry.body["opened"], Former)
    return None
