"""The vault: what must not be in the ledger, sealed so that it can be destroyed (domain 11).

A person's fields are sealed with AES-256-GCM under a data key of that person, which is wrapped by
the master key; person and field name are the associated data, so that no value can be moved.
Look-ups by a low-entropy number go through a keyed index, never a plain hash. Knows no field names.
"""

import hmac
import secrets
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from timebank.batch import Batch
from timebank.ids import new
from timebank.tables import Row, select, table

KEY_BYTES = 32
NONCE_BYTES = 12


class WrongMasterKey(Exception):
    """The master key does not open what is sealed: another key file belongs to this database."""


@table("data_key", vault=True)
class DataKey(Row, frozen=True):
    """A person's data key, wrapped by the master key. Destroying it destroys what it sealed."""

    person: str
    wrapped: bytes


@table("sealed_field", vault=True, index=[("person",)])
class SealedField(Row, frozen=True):
    """One field of one person, sealed; `id` is `<person>:<field>`."""

    id: str
    person: str
    field: str
    sealed: bytes


@table("keyed_index", vault=True, index=[("person",)])
class KeyedIndex(Row, frozen=True):
    """Who holds a number: HMAC of its kind and value; removed on erasure."""

    mark: str
    person: str


class Keyring:
    """The keys that come from the master key. Its repr tells nothing."""

    def __init__(self, master: bytes) -> None:
        if len(master) != KEY_BYTES:
            raise WrongMasterKey("the master key has 32 bytes")
        self._wrapping = AESGCM(_derived(master, b"wrapping"))
        self._index = _derived(master, b"index")
        self.request = _derived(master, b"request")
        self.session = _derived(master, b"session")
        self.certificate = _derived(master, b"certificate")

    def __repr__(self) -> str:
        return "Keyring(...)"

    def new_data_key(self, person: str) -> tuple[bytes, bytes]:
        """A fresh data key: as it is, and wrapped for this person."""
        key = secrets.token_bytes(KEY_BYTES)
        nonce = secrets.token_bytes(NONCE_BYTES)
        return key, nonce + self._wrapping.encrypt(nonce, key, person.encode())

    def data_key(self, person: str, wrapped: bytes) -> bytes:
        """The data key of a person. Raises WrongMasterKey."""
        try:
            return self._wrapping.decrypt(
                wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], person.encode()
            )
        except InvalidTag:
            raise WrongMasterKey("the master key does not open this database") from None

    def mark(self, kind: str, value: str) -> str:
        """The keyed index of a value of a kind: 64 hex digits that tell nothing without the key."""
        return hmac.digest(self._index, f"{kind}\n{value}".encode(), "sha256").hex()


def _derived(master: bytes, purpose: bytes) -> bytes:
    return HKDF(SHA256(), KEY_BYTES, None, b"timebank/" + purpose + b"/v1").derive(master)


def seal_field(key: bytes, person: str, field: str, value: str) -> bytes:
    """A value sealed for one person and one field."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, value.encode(), f"{person}\n{field}".encode())


def open_field(key: bytes, person: str, field: str, sealed: bytes) -> str:
    """The value that was sealed for this person and field. Raises WrongMasterKey."""
    try:
        told = AESGCM(key).decrypt(
            sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], f"{person}\n{field}".encode()
        )
    except InvalidTag:
        raise WrongMasterKey("a sealed field does not open") from None
    return told.decode()


def keep_fields(batch: Batch, person: str, **values: str) -> None:
    """Seal fields of a person, making the data key if there is none yet."""
    ring = keyring()
    held = batch.get(DataKey, person)
    if held is None:
        key, wrapped = ring.new_data_key(person)
        batch.put(DataKey(person=person, wrapped=wrapped))
    else:
        key = ring.data_key(person, held.wrapped)
    for field, value in values.items():
        sealed = seal_field(key, person, field, value)
        batch.put(SealedField(id=f"{person}:{field}", person=person, field=field, sealed=sealed))


async def read_fields(persons: list[str], *fields: str) -> dict[str, dict[str, str]]:
    """The named fields of several persons, in two statements; erased persons have none."""
    ring = keyring()
    keys = {row.person: row for row in await select(DataKey, person__in=persons)}
    told: dict[str, dict[str, str]] = {person: {} for person in persons}
    opened = {person: ring.data_key(person, row.wrapped) for person, row in keys.items()}
    for row in await select(SealedField, person__in=persons, field__in=list(fields)):
        if row.person in opened:
            told[row.person][row.field] = open_field(
                opened[row.person], row.person, row.field, row.sealed
            )
    return told


def write_master_key(path: Path) -> bytes:
    """Make a master key file that only its owner reads; refuses to overwrite one."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    master = secrets.token_bytes(KEY_BYTES)
    descriptor = path.open("x", encoding="ascii")
    path.chmod(0o600)
    with descriptor:
        descriptor.write(msgspec.json.encode({"id": new("key"), "master": master}).decode())
    return master


def read_master_key(path: Path) -> bytes:
    """The master key of a file."""
    return msgspec.json.decode(path.read_bytes(), type=_KeyFile).master


def read_master_key_id(path: Path) -> str:
    """The id of a master key, which tells nothing of the key."""
    return msgspec.json.decode(path.read_bytes(), type=_KeyFile).id


class _KeyFile(msgspec.Struct):
    id: str
    master: bytes


_installed: Keyring | None = None


def install(ring: Keyring | None) -> None:
    """Make a keyring the one of this process."""
    global _installed
    _installed = ring


def keyring() -> Keyring:
    """The keyring of this process."""
    if _installed is None:
        raise RuntimeError("no keyring is open")
    return _installed
