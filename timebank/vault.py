"""The vault: what must not be in the ledger, sealed so that it can be destroyed (domain 11).

A person's fields are sealed with AES-256-GCM under a data key of that person; person and field name
are the associated data, so that no value can be moved. The data key is wrapped by the key of the
month, the epoch, which lies outside the database, wrapped by the master key (`master_keys`). Each
month whatever is still there is wrapped anew and the old epoch's key destroyed (`epochs`), so that
what was deleted dies in every copy. Look-ups by a low-entropy number go through an index keyed by
the epoch, never a plain hash. Knows no field names.
"""

import contextlib
import hmac
import os
import re
import secrets
from collections.abc import Callable, Iterable
from datetime import date

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from timebank import tables
from timebank.batch import Batch
from timebank.begun import together
from timebank.master_keys import (
    KEY_BYTES,
    NONCE_BYTES,
    WrongMasterKey,
    derived,
    destroy,
    read_key,
    read_masters,
    write_by_newest,
)
from timebank.settings import Settings
from timebank.tables import Row, find_many, select, table

STEADY = "steady"
EPOCH = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})-[0-9a-f]{16}")


class EpochGone(WrongMasterKey):
    """What is asked for was sealed in a month whose key is not there: destroyed, or not brought."""


@table("data_key", vault=True, index=[("epoch",)])
class DataKey(Row, frozen=True):
    """A person's data key, wrapped by an epoch's. Destroying it destroys what it sealed."""

    person: str
    epoch: str
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
    """Who alone holds a number: HMAC of its kind and value; removed on erasure.

    `sealed` is kind and value under the person's data key, so that the index can be made anew.
    """

    mark: str
    person: str
    sealed: bytes


@table("keyed_finding", vault=True, index=[("person",), ("mark",)])
class KeyedFinding(Row, frozen=True):
    """Who may be found by a value that several may have; `id` is `<mark>/<person>`."""

    id: str
    mark: str
    person: str
    sealed: bytes


# Keys


class Epoch:
    """A month's keys: one wraps, one indexes. Its repr tells the id alone."""

    def __init__(self, id: str, key: bytes) -> None:
        self.id = id
        self.wrapping = AESGCM(derived(key, b"wrapping"))
        self._index = derived(key, b"index")

    def __repr__(self) -> str:
        return f"Epoch({self.id})"

    def mark(self, kind: str, value: str) -> str:
        """The keyed index of a value of a kind: 64 hex digits that tell nothing without the key."""
        return hmac.digest(self._index, f"{kind}\n{value}".encode(), "sha256").hex()

    def seal(self, said: str, plain: bytes) -> bytes:
        """Bytes sealed under the wrapping key, bound to what is `said` of them."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + self.wrapping.encrypt(nonce, plain, said.encode())

    def open(self, said: str, sealed: bytes) -> bytes:
        """What was sealed with this said of it. Raises WrongMasterKey."""
        try:
            return self.wrapping.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], said.encode())
        except InvalidTag:
            raise WrongMasterKey(
                f"the epoch key {self.id} does not open what this database holds: "
                "the keys belong to another ledger; put this ledger's keys in place"
            ) from None


class Keyring:
    """The keys of one ledger, opened by its master key. Its repr tells nothing.

    Epoch keys are files that come and go while a server runs: they are looked for each time.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._there = str(settings.epoch_keys)
        self._masters = read_masters(settings)
        steady = read_key(settings.steady_key, use="steady", id=STEADY, masters=self._masters)
        self._marks = derived(steady, b"marks")
        self.request = derived(steady, b"request")
        self.session = derived(steady, b"session")
        self.certificate = derived(steady, b"certificate")
        self.portable_seed = derived(steady, b"portable copies")
        self._epochs: dict[str, Epoch] = {}
        self.current()

    def __repr__(self) -> str:
        return "Keyring(...)"

    def mark(self, kind: str, value: str) -> str:
        """A keyed digest that never changes, of what is no person's: 64 hex digits."""
        return hmac.digest(self._marks, f"{kind}\n{value}".encode(), "sha256").hex()

    def epoch_ids(self) -> list[str]:
        """The epochs whose keys are there, the current one last. What is gone is forgotten."""
        try:
            found = os.listdir(self._there)
        except (FileNotFoundError, NotADirectoryError):
            found = []
        told = (name.removesuffix(".key") for name in found if name.endswith(".key"))
        ids = sorted(id for id in told if EPOCH.fullmatch(id))
        for id in self._epochs.keys() - set(ids):
            del self._epochs[id]
        return ids

    def epochs(self) -> list[Epoch]:
        """The epochs whose keys are there, the current one last."""
        return [self.epoch(id) for id in self.epoch_ids()]

    def current(self) -> Epoch:
        """The epoch in which things are sealed now. Raises EpochGone."""
        ids = self.epoch_ids()
        if not ids:
            there = self.settings.epoch_keys
            raise EpochGone(f"there is no epoch key in {there}; put this ledger's keys in place")
        return self.epoch(ids[-1])

    def epoch(self, id: str) -> Epoch:
        """An epoch by id. Raises EpochGone, WrongMasterKey."""
        # For every sealed row that is read: a path made of parts costs more than opening the row.
        path = f"{self._there}/{id}.key"
        if not os.path.exists(path):
            self._epochs.pop(id, None)
            raise EpochGone(
                f"what is asked for was sealed under the epoch key {id}, which is not at {path}: "
                "put this ledger's keys in place"
            )
        if id not in self._epochs:
            self._epochs[id] = Epoch(id, self._read(id))
        return self._epochs[id]

    def _read(self, id: str) -> bytes:
        path = self.settings.epoch_keys / f"{id}.key"
        with contextlib.suppress(WrongMasterKey):
            return read_key(path, use="epoch", id=id, masters=self._masters)
        # The master key was rotated while this process ran.
        self._masters = read_masters(self.settings)
        return read_key(path, use="epoch", id=id, masters=self._masters)

    def begin_epoch(self, day: date) -> Epoch:
        """Make the key of an epoch that begins on a day; from now on it is the current one."""
        return self.epoch(new_epoch(self.settings, day))

    def end_epoch(self, id: str) -> None:
        """Destroy an epoch's key: nothing that only it opens is ever opened again."""
        destroy(self.settings.epoch_keys / f"{id}.key")
        self._epochs.pop(id, None)

    def new_data_key(self, person: str) -> tuple[bytes, DataKey]:
        """A fresh data key: as it is, and wrapped for this person."""
        key = secrets.token_bytes(KEY_BYTES)
        return key, self.wrapped(person, key)

    def wrapped(self, person: str, key: bytes) -> DataKey:
        """A data key, wrapped in the current epoch."""
        epoch = self.current()
        return DataKey(person=person, epoch=epoch.id, wrapped=epoch.seal(person, key))

    def data_key(self, held: DataKey) -> bytes:
        """The data key of a person. Raises WrongMasterKey, EpochGone."""
        return self.epoch(held.epoch).open(held.person, held.wrapped)

    # What `tables` asks of whoever seals a table's rows

    def seal_row(self, place: str, plain: bytes) -> tuple[str, bytes]:
        """A row of a sealed table, and the epoch in which it was sealed."""
        epoch = self.current()
        return epoch.id, epoch.seal(place, plain)

    def opener(self, epoch: str) -> Callable[[str, bytes], bytes]:
        """What opens rows of sealed tables by their places. Raises EpochGone; it WrongMasterKey."""
        return self.epoch(epoch).open


def create_keys(settings: Settings, day: date) -> None:
    """Make the keys of a new ledger beginning on a day, never over others."""
    steady = secrets.token_bytes(KEY_BYTES)
    write_by_newest(settings, settings.steady_key, use="steady", id=STEADY, key=steady)
    new_epoch(settings, day)


def began(epoch: str) -> date:
    """The day on which an epoch began."""
    return date.fromisoformat(epoch[:10])


def new_epoch(settings: Settings, day: date) -> str:
    """Make the key of an epoch that begins on a day, wrapped by the newest master key."""
    key = secrets.token_bytes(KEY_BYTES)
    id = f"{day}-{derived(key, b'epoch id')[:8].hex()}"
    path = settings.epoch_keys / f"{id}.key"
    write_by_newest(settings, path, use="epoch", id=id, key=key)
    return id


# Fields


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
    key = _data_key(batch, person)
    for field, value in values.items():
        sealed = seal_field(key, person, field, value)
        batch.put(SealedField(id=f"{person}:{field}", person=person, field=field, sealed=sealed))


def _data_key(batch: Batch, person: str) -> bytes:
    held = batch.get(DataKey, person)
    if held is not None:
        return keyring().data_key(held)
    key, made = keyring().new_data_key(person)
    batch.put(made)
    return key


async def read_fields(persons: list[str], *fields: str) -> dict[str, dict[str, str]]:
    """The named fields of several persons, in two statements; erased persons have none."""
    ring = keyring()
    told: dict[str, dict[str, str]] = {person: {} for person in persons}
    places = [f"{person}:{field}" for person in persons for field in fields]
    keys, sealed = await together(find_many(DataKey, persons), find_many(SealedField, places))
    opened = {row.person: ring.data_key(row) for row in keys.values()}
    for row in sealed.values():
        if key := opened.get(row.person):
            told[row.person][row.field] = open_field(key, row.person, row.field, row.sealed)
    return told


# Indexes


def holder_of(batch: Batch, kind: str, value: str) -> KeyedIndex | None:
    """Who alone holds a value, in whichever epoch it was indexed."""
    marks = [epoch.mark(kind, value) for epoch in keyring().epochs()]
    found = [batch.get(KeyedIndex, mark) for mark in marks]
    return next((held for held in found if held is not None), None)


def index_alone(batch: Batch, person: str, kind: str, value: str) -> None:
    """Let a person be found by a value that nobody else has."""
    mark = keyring().current().mark(kind, value)
    sealed = _seal_indexed(_data_key(batch, person), person, kind, value)
    batch.put(KeyedIndex(mark=mark, person=person, sealed=sealed))


def index_shared(batch: Batch, person: str, kind: str, value: str) -> None:
    """Let a person be found by a value that others may have too."""
    mark = keyring().current().mark(kind, value)
    sealed = _seal_indexed(_data_key(batch, person), person, kind, value)
    batch.put(KeyedFinding(id=f"{mark}/{person}", mark=mark, person=person, sealed=sealed))


def unindex_shared(batch: Batch, person: str, ids: Iterable[str], kind: str) -> None:
    """Let a person be found by no value of a kind; `ids` are the keys of all their findings."""
    key = _data_key(batch, person)
    for held in filter(None, [batch.get(KeyedFinding, id) for id in ids]):
        if _indexed(key, person, held.sealed)[0] == kind:
            batch.drop(KeyedFinding, held.id)


def _seal_indexed(key: bytes, person: str, kind: str, value: str) -> bytes:
    return seal_field(key, person, "index", f"{kind}\n{value}")


def renew(batch: Batch, person: str, alone: list[str], shared: list[str]) -> None:
    """Wrap a person's data key and index the person in the current epoch.

    Args: alone, shared, the keys of the person's rows in the two indexes, as far as known.
    """
    held = batch.get(DataKey, person)
    if held is None:
        return
    key = keyring().data_key(held)
    batch.put(keyring().wrapped(person, key))
    for mark in alone:
        if (one := batch.get(KeyedIndex, mark)) is not None:
            batch.drop(KeyedIndex, mark)
            index_alone(batch, person, *_indexed(key, person, one.sealed))
    for id in shared:
        if (many := batch.get(KeyedFinding, id)) is not None:
            batch.drop(KeyedFinding, id)
            index_shared(batch, person, *_indexed(key, person, many.sealed))


def _indexed(key: bytes, person: str, sealed: bytes) -> tuple[str, str]:
    kind, _, value = open_field(key, person, "index", sealed).partition("\n")
    return kind, value


async def found_alone(kind: str, value: str) -> str | None:
    """The person who alone holds a value, if anybody does."""
    marks = [epoch.mark(kind, value) for epoch in keyring().epochs()]
    found = await select(KeyedIndex, mark__in=marks)
    return found[0].person if found else None


async def found_shared(kind: str, value: str, *, limit: int) -> list[str]:
    """Those who may be found by a value, `limit` at most."""
    marks = [epoch.mark(kind, value) for epoch in keyring().epochs()]
    return [row.person for row in await select(KeyedFinding, mark__in=marks, limit=limit)]


async def prove() -> None:
    """Try the keys on what the database holds, so that wrong ones are known at the start.

    Raises WrongMasterKey, EpochGone.
    """
    for held in await select(DataKey, order=["-person"], limit=1):
        keyring().data_key(held)


# The keyring of this process


_installed: Keyring | None = None


def install(ring: Keyring | None) -> None:
    """Make a keyring the one of this process."""
    global _installed
    _installed = ring
    tables.install_sealer(ring)


def keyring() -> Keyring:
    """The keyring of this process."""
    if _installed is None:
        raise RuntimeError("no keyring is open")
    return _installed
