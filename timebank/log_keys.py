"""The log's keys: how the next one takes over from the one that signs, with an overlap.

A rotation has two steps. `rotate` makes the next key and says so on the ledger; from the next start
on, checkpoints bear both signatures, and whoever checks them has time to take the new key. `retire`
ends the old key, whose private half then no longer exists. Both may be repeated after a crash at
any point. Knows where the keys lie; refuses to know when a checkpoint is signed.
"""

import os
from pathlib import Path

from ledger.anchor import read_checkpoint
from ledger.checkpoint import InvalidNote, Verifier
from ledger.entry import Sealed
from ledger.signer import KEY, create_key, sync_directory
from timebank import publication
from timebank.actors import SYSTEM
from timebank.batch import Batch
from timebank.events import Event
from timebank.journal import Answer, write
from timebank.master_keys import open_signer, read_masters
from timebank.projections import Rows, projects
from timebank.refusals import Refusal
from timebank.settings import Settings
from timebank.tables import Row, table

KeyText = str
"""A verifier key without its name, which is the log's: `<key id in hex>+<base64 of the key>`."""

# Events


class LogKeyRotated(Event, frozen=True, tag="log.key_rotated"):
    """From now on `new` signs beside `old`."""

    old: KeyText
    new: KeyText


class LogKeyRetired(Event, frozen=True, tag="log.key_retired"):
    """From now on `new` signs alone."""

    old: KeyText
    new: KeyText


# Refusals


class RotationUnderway(Refusal):
    """One rotation ends before the next begins: there are never three keys."""

    says = "The keys {old} and {new} both sign; retire {old} before another rotation."
    old: str
    new: str


class NoRotationUnderway(Refusal):
    """A log without a key does not go on."""

    says = "Only one key signs; run `timebank keys rotate` before one is retired."


class NextKeyUnproved(Refusal):
    """The old key ends only after the new one has signed."""

    says = "No checkpoint bears the key {new} yet; restart what signs the log, and try again."
    new: str


# Tables and projectors


@table("log_key")
class LogKey(Row, frozen=True):
    """A key of the log: which entry announced it, and which ended it.

    `since` is None for the key the log began with.
    """

    id: str
    key: str
    since: int | None = None
    until: int | None = None


@projects(LogKeyRotated)
def _rotated(rows: Rows, event: LogKeyRotated, entry: Sealed) -> None:
    if rows.get(LogKey, _id(event.old)) is None:
        rows.put(LogKey(id=_id(event.old), key=event.old))
    rows.put(LogKey(id=_id(event.new), key=event.new, since=entry.seq))


@projects(LogKeyRetired)
def _retired(rows: Rows, event: LogKeyRetired, entry: Sealed) -> None:
    held = rows.there(LogKey, _id(event.old))
    rows.put(LogKey(id=held.id, key=held.key, since=held.since, until=entry.seq))


# Decisions


def decide_rotate(announced: LogKey | None, old: KeyText, new: KeyText) -> LogKeyRotated:
    """Announce the next key, once. Refuses: RotationUnderway."""
    if announced is not None:
        raise RotationUnderway(old=_id(old), new=_id(new))
    return LogKeyRotated(old=old, new=new)


def decide_retire(
    held: LogKey | None, old: KeyText, new: KeyText, *, signed: bool
) -> LogKeyRetired | None:
    """End the old key; None where the ledger says already that it ended.

    Args: signed, whether the anchor bears the new key's signature. Refuses: NoRotationUnderway,
    NextKeyUnproved.
    """
    if held is None:
        raise NoRotationUnderway
    if not signed:
        raise NextKeyUnproved(new=_id(new))
    return LogKeyRetired(old=old, new=new) if held.until is None else None


# Commands


class KeysChanged(Answer, frozen=True, kw_only=True):
    """Which key follows which: their ids, 8 hex digits each."""

    old: str
    new: str


async def rotate(settings: Settings) -> KeysChanged:
    """Make the next key and announce it, as the software itself. Refuses: RotationUnderway."""
    old = open_signer(settings, settings.log_key).verifier
    if not settings.next_log_key.exists():
        newest = read_masters(settings)[-1]
        create_key(settings.next_log_key, name=old.name, secret=newest.key, cost=KEY)
    new = open_signer(settings, settings.next_log_key).verifier
    # Before the entry: whoever reads of the key can have it.
    _list(settings.log_vkey, old, new)

    def work(batch: Batch) -> KeysChanged:
        announced = batch.get(LogKey, new.id.hex())
        entry = batch.record(decide_rotate(announced, old.nameless, new.nameless))
        return KeysChanged(entry=entry.seq, old=old.id.hex(), new=new.id.hex())

    needs = [(LogKey, old.id.hex()), (LogKey, new.id.hex())]
    return await write(SYSTEM, None, work, answer=KeysChanged, needs=needs)


async def retire(settings: Settings) -> KeysChanged:
    """End the old key, as the software itself. Refuses: NoRotationUnderway, NextKeyUnproved."""
    if not settings.next_log_key.exists():
        raise NoRotationUnderway
    old = open_signer(settings, settings.log_key).verifier
    new = open_signer(settings, settings.next_log_key).verifier
    signed = _has_signed(settings.anchor_file, new)

    def work(batch: Batch) -> KeysChanged:
        held = batch.get(LogKey, old.id.hex())
        event = decide_retire(held, old.nameless, new.nameless, signed=signed)
        entry = batch.record(event).seq if event else None
        return KeysChanged(entry=entry, old=old.id.hex(), new=new.id.hex())

    needs = [(LogKey, old.id.hex())]
    told = await write(SYSTEM, None, work, answer=KeysChanged, needs=needs)
    retired = read_retired(settings)
    _list(settings.retired_vkeys, *dict.fromkeys((*retired, old)))
    _list(settings.log_vkey, new)
    # Last, because a second try starts from here: the old private key is gone with its file.
    os.replace(settings.next_log_key, settings.log_key)
    sync_directory(settings.log_key.parent)
    return told


# Reads


def read_retired(settings: Settings) -> tuple[Verifier, ...]:
    """The keys that signed once, oldest first."""
    if not settings.retired_vkeys.exists():
        return ()
    return tuple(map(Verifier.parse, settings.retired_vkeys.read_text("utf-8").split()))


def read_all(settings: Settings) -> tuple[Verifier, ...]:
    """Every key that may have signed a checkpoint of this log."""
    return (*read_retired(settings), *publication.read_verifiers(settings))


def _has_signed(anchor: Path, key: Verifier) -> bool:
    try:
        return read_checkpoint(anchor, key) is not None
    except InvalidNote:
        return False


def _list(path: Path, *keys: Verifier) -> None:
    """Put a list of keys in place of the one before, whole or not at all."""
    draft = path.with_name(f"{path.name}.draft")
    with draft.open("w", encoding="utf-8") as file:
        file.writelines(f"{key.text}\n" for key in keys)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    sync_directory(path.parent)


def _id(key: KeyText) -> str:
    return key.partition("+")[0]
