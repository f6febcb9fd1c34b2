"""Copies of files: what a backup takes of the store, and what a restored ledger finds of it.

A file goes into the backup as it lies in the store, sealed; its key lies in the vault, and so in
the copy of the database. Of a store that lies elsewhere, a bucket, the backup keeps the name alone.
Put back, each file is opened and compared with the commitment that its entry made. Knows the
store; refuses to know what the files are about.
"""

import hashlib
import io
import tarfile
from pathlib import Path

import msgspec

from ledger.entry import commitment
from timebank.file_store import store, store_of
from timebank.organisation_files import FileKey, OrganisationFile, opened
from timebank.settings import Settings
from timebank.tables import find_many, select

PACKED = "files.tar"
"""What the files are called in a backup; a ledger without any has none."""
ELSEWHERE = "files.elsewhere"
"""What says in a backup that the files are not in it, and where they lie."""


class FilesFound(msgspec.Struct, frozen=True):
    """How many files are as committed to, and which are not there or are others."""

    sound: int = 0
    missing: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()


# Commands


def pack(settings: Settings, draft: Path) -> None:
    """Put every file of the store into the draft of a backup, sealed as it is, or say where."""
    kept = store_of(settings)
    if kept.elsewhere is not None:
        (draft / ELSEWHERE).write_text(f"{kept.elsewhere}\n", "utf-8")
        return
    names = sorted(kept.names())
    if not names:
        return
    with tarfile.open(draft / PACKED, "w") as archive:
        for name in names:
            # One that is gone meanwhile was never committed to.
            if (sealed := kept.get(name)) is not None:
                member = tarfile.TarInfo(name)
                member.size, member.mode = len(sealed), 0o600
                archive.addfile(member, io.BytesIO(sealed))


def unpack(settings: Settings, source: Path) -> None:
    """Put the files of a backup back into the store, under their own names and no others."""
    packed = source / PACKED
    if not packed.exists():
        return
    kept = store_of(settings)
    with tarfile.open(packed) as archive:
        for member in archive:
            if (file := archive.extractfile(member)) is not None:
                kept.put(member.name, file.read())


# Reads


async def find_files() -> FilesFound:
    """Open every file of the open ledger whose key is not destroyed, and compare it."""
    files = await select(OrganisationFile, order=["id"])
    keys = await find_many(FileKey, [held.id for held in files])
    sound, missing, wrong = 0, list[str](), list[str]()
    for held in files:
        key = keys.get(held.id)
        if key is None:
            continue
        sealed = store().get(held.id)
        content = opened(key, sealed) if sealed is not None else None
        if sealed is None:
            missing.append(held.id)
        elif content is None or held.digest != commitment(
            key.salt, "file", hashlib.sha256(content).hexdigest()
        ):
            wrong.append(held.id)
        else:
            sound += 1
    return FilesFound(sound=sound, missing=tuple(missing), wrong=tuple(wrong))
