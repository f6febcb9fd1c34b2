"""Files of organisations: what is handed in with an application, a change or a report (domain 9).

The ledger holds who handed in what kind of file for what, and a salted commitment to its digest;
the file lies in the store, sealed with a key of its own that lies in the vault. Those who may read
the organisation's papers read it. What a founder hands in before anything stands is the founder's,
and is erased with them.
"""

import asyncio
import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ledger.entry import Sealed, commitment
from timebank.actors import Actor
from timebank.batch import Batch
from timebank.events import Event
from timebank.file_kinds import FileKind, decide_file
from timebank.file_store import store
from timebank.ids import new
from timebank.journal import Answer, write
from timebank.keys import RequestKey
from timebank.organisation_life import STANDING
from timebank.organisation_register import private_to
from timebank.organisations import Organisation, acting_for
from timebank.projections import Place, Rows, projects
from timebank.tables import Row, find, find_many, select, table
from timebank.texts import keep_text

NONCE_BYTES = 12


class FilePurpose(StrEnum):
    """What a file is for."""

    ARTICLES = "articles"
    CONSENT = "consent"
    PREMISES = "premises"
    FUNDS = "funds"
    MINUTES = "minutes"
    REPORT = "report"
    OTHER = "other"


# Events


class OrganisationFileKept(Event, frozen=True, tag="organisation.file_kept"):
    """An organisation handed in a file; `digest` commits to its SHA-256, `name` to its name."""

    file: str
    organisation: str
    purpose: FilePurpose
    kind_of_file: FileKind
    size: int
    digest: str
    name: str


# Tables and projectors


@table("organisation_file", index=[("organisation", "id")])
class OrganisationFile(Row, frozen=True):
    """One file: `size` in bytes, `digest` the commitment to its SHA-256."""

    id: str
    organisation: str
    purpose: FilePurpose
    kind: FileKind
    size: int
    kept_at: datetime
    digest: str


@table("file_key", vault=True, sealed=True, index=[("person",)])
class FileKey(Row, frozen=True):
    """What opens a file, and the salt of the commitment to it.

    `person` is the founder whose paper it is, with whom it is erased; None for what an organisation
    that stands handed in, which is its own.
    """

    file: str
    key: bytes
    salt: bytes
    person: str | None = None


@projects(OrganisationFileKept)
def _kept(rows: Rows, event: OrganisationFileKept, entry: Sealed) -> None:
    rows.put(
        OrganisationFile(
            id=event.file,
            organisation=event.organisation,
            purpose=event.purpose,
            kind=event.kind_of_file,
            size=event.size,
            kept_at=entry.at,
            digest=event.digest,
        )
    )


# Commands


class FileKept(Answer, frozen=True, kw_only=True):
    """The file that was kept."""

    file: str


async def keep_file(
    actor: Actor,
    *,
    organisation: str,
    purpose: FilePurpose,
    name: str,
    content: bytes,
    key: RequestKey,
) -> FileKept:
    """Hand in a file, as the organisation or its founder.

    Args: name, what it is called, at most 100 characters; content, its bytes.
    Refuses: FileMissing, FileTooLarge, FileNotTaken, NotFound, TextMissing, TextTooLong.
    """
    kind, file = decide_file(content), new("fil")
    secret, salt, nonce = (secrets.token_bytes(n) for n in (32, 32, NONCE_BYTES))
    sealed = nonce + AESGCM(secret).encrypt(nonce, content, file.encode())
    digest = hashlib.sha256(content).hexdigest()
    # Before the entry: an entry without its file would be a lie, a file without one is noise.
    await asyncio.to_thread(store().put, file, sealed)

    def work(batch: Batch) -> FileKept:
        held = acting_for(batch, organisation)
        whose = None if held.state in STANDING else batch.actor.person
        event = OrganisationFileKept(
            file=file,
            organisation=organisation,
            purpose=purpose,
            kind_of_file=kind,
            size=len(content),
            digest=commitment(salt, "file", digest),
            name=keep_text(batch, file, "name", name, most=100, whose=whose),
        )
        batch.put(FileKey(file=file, key=secret, salt=salt, person=whose))
        return FileKept(entry=batch.record(event).seq, file=file)

    needs: list[Place] = [(Organisation, organisation)]
    try:
        kept = await write(actor, key, work, answer=FileKept, needs=needs)
    except BaseException:
        await asyncio.to_thread(store().drop, file)
        raise
    if kept.file != file:
        await asyncio.to_thread(store().drop, file)
    return kept


# Reads


async def visible_files(actor: Actor, ids: Sequence[str]) -> dict[str, OrganisationFile]:
    """Files by id, for those who may read their organisation's papers."""
    found = await find_many(OrganisationFile, ids)
    private = await private_to(actor, [held.organisation for held in found.values()])
    return {str(id): held for id, held in found.items() if held.organisation in private}


async def files_of(actor: Actor, organisation: str) -> list[OrganisationFile]:
    """The files of an organisation, the oldest first, for those who may read its papers."""
    if organisation not in await private_to(actor, [organisation]):
        return []
    return await select(OrganisationFile, organisation=organisation, order=["id"])


async def content_of(actor: Actor, file: str) -> tuple[OrganisationFile, bytes] | None:
    """A file and its bytes, for those who may read its organisation's papers; None else."""
    held = (await visible_files(actor, [file])).get(file)
    opens = await find(FileKey, file) if held else None
    if held is None or opens is None:
        return None
    sealed = await asyncio.to_thread(store().get, file)
    content = opened(opens, sealed) if sealed is not None else None
    return None if content is None else (held, content)


def opened(key: FileKey, sealed: bytes) -> bytes | None:
    """What a sealed file holds; None for bytes that its key did not seal under its name."""
    nonce, told = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
    try:
        return AESGCM(key.key).decrypt(nonce, told, key.file.encode())
    except (InvalidTag, ValueError):
        return None
