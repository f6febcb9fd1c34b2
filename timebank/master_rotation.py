"""Replacing the master key while the ledger is served (domain 11).

What the master key seals is few: the steady key, the months' keys, the keys that sign the log. Each
is sealed by the next one in its place; until that is done both are accepted. Servers hold what they
opened and go on; what they open later they open with the new one. May be repeated after a crash at
any point. A variable or a command is the operator's to change: there the next one is given beside
the one in use. Refuses to know what the sealed keys open.
"""

import asyncio
import contextlib
import os
from collections.abc import Callable
from pathlib import Path

from ledger.signer import KEY, UnusableKey, change_secret, open_seed, sync_directory
from timebank.actors import SYSTEM
from timebank.batch import Batch
from timebank.events import Event
from timebank.journal import Answer, write
from timebank.keys import RequestKey
from timebank.master_keys import (
    Master,
    destroy,
    in_file,
    read_masters,
    rewrap,
    write_master,
)
from timebank.refusals import Refusal
from timebank.settings import Settings
from timebank.vault import keyring

Report = Callable[[str, int, int], None]

# Events


class MasterKeyRotated(Event, frozen=True, tag="master.key_rotated"):
    """From now on everything is sealed by the master key `new`; `old` opens nothing any more."""

    old: str
    new: str


# Refusals


class NextMasterMissing(Refusal):
    """A key that the operator gives by a variable or a command is not made here."""

    says = (
        "Give the next master key beside the one in use, by TIMEBANK_NEXT_MASTER or "
        "TIMEBANK_NEXT_MASTER_COMMAND, to servers too; then rotate."
    )


# Commands


class MasterChanged(Answer, frozen=True, kw_only=True):
    """Which master key follows which, and how many keys it seals."""

    old: str
    new: str
    keys: int


async def rotate(
    settings: Settings, report: Report = lambda what, done, count: None
) -> MasterChanged:
    """Replace the master key of the open ledger, as the software itself.

    Args: report, is told how many of the sealed keys are done. Refuses: NextMasterMissing.
    """
    old, new = await asyncio.to_thread(_two, settings)
    count = await asyncio.to_thread(_seal_all, settings, old, new, report)
    key = RequestKey.of(
        SYSTEM.scope, new.id, "rotate master key", [old.id, new.id], secret=keyring().request
    )

    def work(batch: Batch) -> MasterChanged:
        entry = batch.record(MasterKeyRotated(old=old.id, new=new.id))
        return MasterChanged(entry=entry.seq, old=old.id, new=new.id, keys=count)

    told = await write(SYSTEM, key, work, answer=MasterChanged)
    if in_file(settings):
        await asyncio.to_thread(_take_place, settings)
    return told


def _two(settings: Settings) -> tuple[Master, Master]:
    """The master key in use and the next, which is made where it is a file."""
    _destroy_ended(settings)
    masters = read_masters(settings)
    if len(masters) == 1:
        if not in_file(settings):
            raise NextMasterMissing
        write_master(settings.next_master_key)
        masters = read_masters(settings)
    old, new = masters
    return old, new


def _seal_all(settings: Settings, old: Master, new: Master, report: Report) -> int:
    """Seal every key by the new master key; again, if a month's key was made meanwhile."""
    done: set[Path] = set()
    while left := [path for path in _sealed_files(settings) if path not in done]:
        for path in left:
            # A month's key may be destroyed at this moment.
            with contextlib.suppress(FileNotFoundError):
                _seal(settings, path, old, new)
            done.add(path)
            report("keys", len(done), len(_sealed_files(settings)))
    return len(done)


def _seal(settings: Settings, path: Path, old: Master, new: Master) -> None:
    if path not in _signing_keys(settings):
        rewrap(path, masters=(old, new), to=new)
        return
    try:
        open_seed(path, secret=new.key)
    except UnusableKey:
        change_secret(path, old=old.key, new=new.key, cost=KEY)


def _sealed_files(settings: Settings) -> list[Path]:
    wrapped = [settings.steady_key, *sorted(settings.epoch_keys.glob("*.key"))]
    return [*wrapped, *(path for path in _signing_keys(settings) if path.exists())]


def _signing_keys(settings: Settings) -> tuple[Path, Path]:
    return settings.log_key, settings.next_log_key


def _take_place(settings: Settings) -> None:
    """Let the next master key's file take the place of the old one, which is overwritten."""
    _destroy_ended(settings)
    os.link(settings.master_key, _ended(settings))
    settings.next_master_key.replace(settings.master_key)
    sync_directory(settings.master_key.parent)
    _destroy_ended(settings)


def _ended(settings: Settings) -> Path:
    """A second name of the old master key, under which it is overwritten."""
    return settings.master_key.with_name("master.ended.key")


def _destroy_ended(settings: Settings) -> None:
    ended = _ended(settings)
    if not ended.exists():
        return
    if ended.samefile(settings.master_key):
        # A crash came before the next one took its place: this one is still in use.
        ended.unlink()
        return
    destroy(ended)
