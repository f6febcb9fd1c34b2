"""Backups of a ledger: what a copy is made with, and when a restored one may take its place.

A copy goes where the ledger lies only after it was verified and compared with what was signed: the
anchor that is there, or the largest checkpoint a witness has seen. Yesterday's copy is sound in
itself; only that comparison shows that a day is missing (ledger format 7). Whoever was erased since
is erased again before anybody sees the copy. Knows keys by their ids only.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path

import msgspec

from ledger import verify
from ledger.anchor import Anchor, AnchorHeld, Verdict, decide_start, find, read_checkpoint
from ledger.backup import Manifest, NamedKey, back_up, check_copy, loaded, read_manifest
from ledger.checkpoint import Checkpoint, InvalidNote, Verifier, open_note
from ledger.reader import open_reader
from timebank import accounts, bank, log_keys, publication
from timebank.file_copies import ELSEWHERE, PACKED, FilesFound, find_files, pack, unpack
from timebank.master_keys import WrongMasterKey, read_masters
from timebank.refusals import Refusal
from timebank.restored import Fitted, fit
from timebank.settings import Settings

# Refusals


class OtherMasterKey(Refusal):
    """The key file in the data directory is not the one that sealed the copy."""

    says = "The copy needs the master key {needed}; the data directory holds {held}."
    needed: str
    held: str


class CopyUnsound(Refusal):
    """The copy does not verify, so it goes nowhere."""

    says = "The copy does not verify: {first} ({count} findings). It was not put in place."
    first: str
    count: int


class CopyRolledBack(Refusal):
    """The copy is honest and older than what was signed."""

    says = (
        "The copy has {copy} entries, and {signed} were signed: {missing} would be lost. "
        "It was not put in place; find a newer backup, or give up the entries with --accept-loss."
    )
    copy: int
    signed: int
    missing: int


class CopyForked(Refusal):
    """The copy tells another history than the signed one."""

    says = (
        "The copy has another root at {signed} entries than the one that was signed. "
        "It was not put in place; keep it and the anchor as evidence."
    )
    signed: int


class NothingToCompare(Refusal):
    """Without anything signed outside the copy, nobody can say whether it is the latest."""

    says = (
        "There is no anchor to compare the copy with. "
        "Name the largest checkpoint that a witness has seen with --witnessed."
    )


# Decisions


def decide_place(verdict: Verdict, size: int, signed: Checkpoint | None) -> Checkpoint:
    """Let a verified copy of `size` entries take its place, and say what it extends.

    Args: signed, the largest checkpoint known, if any. Refuses: CopyRolledBack, CopyForked,
    NothingToCompare.
    """
    if signed is None:
        raise NothingToCompare
    if verdict in {Verdict.ROLLED_BACK, Verdict.LOST_DATABASE}:
        raise CopyRolledBack(copy=size, signed=signed.size, missing=signed.size - size)
    if verdict is not Verdict.GO:
        raise CopyForked(signed=signed.size)
    return signed


# Commands


async def make(settings: Settings, target: Path) -> Manifest:
    """Back a ledger up into the new directory `target`, while it is served or not.

    Signs the log first, if nobody else does: the copy then ends at a checkpoint. Refuses with what
    `ledger.backup.back_up` refuses.
    """
    signs = settings.log_key.exists()
    if signs and await publication.trouble(settings) is None:
        async with bank.open_bank(settings):
            # A server that holds the anchor signs every second.
            with contextlib.suppress(AnchorHeld):
                await publication.publish_once(settings)
    (master, *_) = read_masters(settings)
    log = log_keys.read_all(settings)
    return await back_up(
        settings.database_url,
        target,
        origin=log[-1].name,
        software=version("timebank"),
        keys=[
            NamedKey("master", master.id),
            *(NamedKey("log", key.id.hex(), key.text) for key in log),
        ],
        tools=settings.postgresql_tools,
        more=partial(pack, settings),
    )


class Restored(msgspec.Struct, frozen=True):
    """What was put in place, the checkpoint it was compared with, what was done to its vault.

    `files` is what was found of the files; None where no keys are here to open them.
    """

    manifest: Manifest
    compared: Checkpoint
    fitted: Fitted
    files: FilesFound | None


async def restore(
    settings: Settings,
    source: Path,
    *,
    witnessed: str | None = None,
    keys: Sequence[Verifier] = (),
    without_names: bool = False,
) -> Restored:
    """Put a backup where no ledger is, once it was verified and compared with what was signed.

    Args: witnessed, the note of the largest checkpoint a witness has seen; keys, the log's verifier
    keys, by default those in the data directory or else those that the manifest names. Where there
    is no anchor, the witnessed checkpoint becomes it; without_names, give up what it knows of
    persons where the keys are destroyed. Refuses: OtherMasterKey, CopyUnsound, CopyRolledBack,
    CopyForked, NothingToCompare, EpochKeyMissing, and what `ledger.backup` refuses.
    """
    manifest = read_manifest(source)
    require_master_key(settings, manifest)
    log = tuple(keys) or known_keys(settings, manifest)
    signed = largest_signed(settings, log, witnessed)
    async with loaded(
        source, manifest, settings.database_url, tools=settings.postgresql_tools
    ) as copy:
        await verify_copy(copy, manifest, log)
        async with open_reader(copy) as reader:
            verdict = decide_start(await find(reader, signed))
        compared = decide_place(verdict, manifest.size, signed)
        fitted = await fit(settings, copy, give_up=without_names)
        await asyncio.to_thread(unpack, settings, source)
    if witnessed is not None and not settings.anchor_file.exists():
        _adopt(settings, log, witnessed)
    files: FilesFound | None = None
    kept = manifest.holds(PACKED) or manifest.holds(ELSEWHERE)
    if kept and settings.steady_key.exists():
        async with bank.open_bank(settings):
            files = await find_files()
    return Restored(manifest, compared, fitted, files)


def require_master_key(settings: Settings, manifest: Manifest) -> None:
    """Refuses: OtherMasterKey, where a master key is there and is another."""
    try:
        held = [master.id for master in read_masters(settings)]
    except WrongMasterKey:
        return
    needed = next((key.id for key in manifest.keys if key.use == "master"), held[0])
    if needed not in held:
        raise OtherMasterKey(needed=needed, held=held[0])


def known_keys(settings: Settings, manifest: Manifest) -> tuple[Verifier, ...]:
    """The log's keys: from the data directory, or else from the manifest.

    The manifest's word is enough to compare with a note that the operator trusts: with keys of
    somebody else's making that note does not open.
    """
    if settings.log_vkey.exists():
        return log_keys.read_all(settings)
    return tuple(map(Verifier.parse, manifest.vkeys))


def largest_signed(
    settings: Settings, log: Sequence[Verifier], witnessed: str | None
) -> Checkpoint | None:
    """The largest checkpoint known outside any database; refuses a bad one with InvalidNote.

    A damaged anchor counts as none; it is judged again at every start.
    """
    told = [] if witnessed is None else [open_note(witnessed, log).checkpoint]
    try:
        anchored = read_checkpoint(settings.anchor_file, log)
    except InvalidNote:
        anchored = None
    told += [] if anchored is None else [anchored]
    return max(told, key=lambda checkpoint: checkpoint.size, default=None)


async def verify_copy(copy: str, manifest: Manifest, log: Sequence[Verifier]) -> None:
    """Verify a copy at storage, chain and books before anybody uses it. Refuses: CopyUnsound."""
    report = await verify.verify(copy, **accounts.KNOWN, log=log)
    if not report.sound:
        one = report.findings[0]
        where = one.layer if one.seq is None else f"{one.layer}, entry {one.seq}"
        count = len(report.findings) + report.more
        raise CopyUnsound(first=f"{where}: {one.what}", count=count)
    async with open_reader(copy) as reader:
        await check_copy(reader, manifest)


def _adopt(settings: Settings, log: Sequence[Verifier], note: str) -> None:
    """Make the checkpoint that the copy was compared with its anchor."""
    settings.anchor_file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    anchor = Anchor(settings.anchor_file, log)
    try:
        anchor.persist(note)
    finally:
        anchor.close()
