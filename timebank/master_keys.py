"""The master key, where it comes from, and the files of keys that it wraps (domain 11).

It comes from a file, an environment variable or the output of a command, such as a key service's.
Its id is derived from it and tells nothing of it. What it wraps lies in files outside the database:
AES-256-GCM, with the file's use and id as associated data, each naming the master key that opens
it. While one master key replaces another, both are accepted. Knows no person and no table.
"""

import base64
import binascii
import os
import re
import secrets
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import SecretStr

from ledger.signer import LocalSigner, UnusableKey, open_key, sync_directory
from timebank.settings import Settings

KEY_BYTES = 32
NONCE_BYTES = 12
COMMAND_SECONDS = 30

Use = Literal["steady", "epoch"]
"""What a wrapped key is for: what must not change, or a month."""


class WrongMasterKey(Exception):
    """The master key does not open what is sealed; the message says what to do."""


class Master(msgspec.Struct, frozen=True):
    """A master key and its id. Its repr tells the id alone."""

    id: str
    key: bytes

    def __repr__(self) -> str:
        return f"Master({self.id})"

    @classmethod
    def of(cls, key: bytes) -> "Master":
        """The master key of 32 bytes. Raises WrongMasterKey."""
        if len(key) != KEY_BYTES:
            raise WrongMasterKey(f"a master key has {KEY_BYTES} bytes, this one {len(key)}")
        return cls("key_" + derived(key, b"master id")[:8].hex(), key)


class _MasterFile(msgspec.Struct):
    id: str
    master: bytes


class _Wrapped(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    v: Literal[1]
    use: Use
    id: str
    master: str
    sealed: bytes


def derived(key: bytes, purpose: bytes) -> bytes:
    """32 bytes for one purpose (HKDF-SHA-256, RFC 5869)."""
    return HKDF(SHA256(), KEY_BYTES, None, b"timebank/" + purpose + b"/v1").derive(key)


# Where a master key comes from


def read_masters(settings: Settings) -> tuple[Master, ...]:
    """The master key in use, and behind it the next one while a rotation lasts.

    Raises WrongMasterKey, whose message never holds a key.
    """
    one = _told(settings.master_command, settings.master) or _in_file(settings.master_key)
    other = _told(settings.next_master_command, settings.next_master)
    other = other or _in_file(settings.next_master_key)
    if in_file(settings) and _in_file(settings.master_key) != one:
        # The next one took its place between the two looks.
        return read_masters(settings)
    if one is None:
        raise WrongMasterKey(
            f"there is no master key: put its file at {settings.master_key}, or say it by "
            "TIMEBANK_MASTER or TIMEBANK_MASTER_COMMAND"
        )
    return (one,) if other is None or other == one else (one, other)


def in_file(settings: Settings) -> bool:
    """Whether the master key is the file in the data directory, and no variable or command."""
    return not settings.master_command and not settings.master.get_secret_value()


def write_master(path: Path) -> Master:
    """Make a master key file that only its owner reads; never over another."""
    made = Master.of(secrets.token_bytes(KEY_BYTES))
    _write_new(path, msgspec.json.encode(_MasterFile(made.id, made.key)))
    return made


def _in_file(path: Path) -> Master | None:
    try:
        told = path.read_bytes()
    except FileNotFoundError:
        return None
    return _parsed(told, str(path))


def _told(command: str, variable: SecretStr) -> Master | None:
    if command:
        try:
            # By the shell, as the operator wrote it; what it says on the way is not repeated.
            done = subprocess.run(
                command, shell=True, capture_output=True, check=True, timeout=COMMAND_SECONDS
            )
        except subprocess.SubprocessError as error:
            kind = type(error).__name__
            raise WrongMasterKey(f"the command for the master key failed: {kind}") from None
        return _parsed(done.stdout, "what the command printed")
    if value := variable.get_secret_value():
        return _parsed(value.encode(), "the variable")
    return None


def _parsed(told: bytes, where: str) -> Master:
    """A master key as its file holds it, or bare in base64 or hexadecimal."""
    bare = told.strip()
    try:
        if bare.startswith(b"{"):
            held = msgspec.json.decode(bare, type=_MasterFile)
            made = Master.of(held.master)
            if made.id != held.id:
                raise WrongMasterKey(f"{where} is damaged: its key is not the one it names")
            return made
        if re.fullmatch(rb"[0-9a-fA-F]{64}", bare):
            return Master.of(bytes.fromhex(bare.decode()))
        return Master.of(base64.b64decode(bare, validate=True))
    except (msgspec.MsgspecError, binascii.Error):
        raise WrongMasterKey(f"{where} holds no master key: 32 bytes in base64") from None


# What it wraps


def write_key(path: Path, *, use: Use, id: str, key: bytes, master: Master) -> None:
    """Keep a key, wrapped, in a new file that appears whole or not at all."""
    _write_new(path, _sealed(use, id, key, master))


def write_by_newest(settings: Settings, path: Path, *, use: Use, id: str, key: bytes) -> None:
    """Keep a new key wrapped by the newest master key there is once its file is there.

    A rotation that began in between may have looked for files before, and destroys the master key
    that this one was wrapped by.
    """
    master = read_masters(settings)[-1]
    write_key(path, use=use, id=id, key=key, master=master)
    now = read_masters(settings)
    rewrap(path, masters=(master, *now), to=now[-1])


def read_key(path: Path, *, use: Use, id: str, masters: Sequence[Master]) -> bytes:
    """The key in a file. Raises WrongMasterKey and FileNotFoundError."""
    held = _wrapped(path)
    if (held.use, held.id) != (use, id):
        raise WrongMasterKey(f"{path} holds the key {held.use} {held.id}, not {use} {id}")
    return _opened(path, held, masters)


def rewrap(path: Path, *, masters: Sequence[Master], to: Master) -> None:
    """Wrap the key in a file by another master key: in its place, at once. May be repeated."""
    held = _wrapped(path)
    if held.master != to.id:
        _replace(path, _sealed(held.use, held.id, _opened(path, held, masters), to))


def destroy(path: Path) -> None:
    """Overwrite a key's file and take its name away; none is no mistake.

    What a disk keeps of overwritten blocks is still wrapped: with the next rotation of the master
    key it opens nothing.
    """
    try:
        with path.open("r+b") as file:
            file.write(secrets.token_bytes(path.stat().st_size))
            file.flush()
            os.fsync(file.fileno())
    except FileNotFoundError:
        return
    path.unlink()
    sync_directory(path.parent)


def open_signer(settings: Settings, path: Path) -> LocalSigner:
    """The key that signs the log, which the master key seals too. Raises UnusableKey."""
    masters = read_masters(settings)
    for master in masters:
        try:
            return open_key(path, secret=master.key)
        except UnusableKey:
            continue
    ids = " or ".join(master.id for master in masters)
    raise UnusableKey(f"{path} does not open with the master key {ids}; put the right one in place")


def _wrapped(path: Path) -> _Wrapped:
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Wrapped)
    except msgspec.MsgspecError:
        raise WrongMasterKey(f"{path} is damaged; put a copy of it back") from None


def _opened(path: Path, held: _Wrapped, masters: Sequence[Master]) -> bytes:
    by = next((master for master in masters if master.id == held.master), None)
    ids = " and ".join(master.id for master in masters)
    if by is None:
        raise WrongMasterKey(
            f"{path} is sealed by the master key {held.master}, and the one given is {ids}: "
            f"give {held.master} by its file, TIMEBANK_MASTER or TIMEBANK_MASTER_COMMAND"
        )
    try:
        nonce, sealed = held.sealed[:NONCE_BYTES], held.sealed[NONCE_BYTES:]
        return AESGCM(by.key).decrypt(nonce, sealed, _said(held.use, held.id))
    except (InvalidTag, ValueError):
        raise WrongMasterKey(f"{path} does not open; put a copy of it back") from None


def _sealed(use: Use, id: str, key: bytes, master: Master) -> bytes:
    nonce = secrets.token_bytes(NONCE_BYTES)
    sealed = nonce + AESGCM(master.key).encrypt(nonce, key, _said(use, id))
    return msgspec.json.encode(_Wrapped(1, use, id, master.id, sealed)) + b"\n"


def _said(use: str, id: str) -> bytes:
    return f"{use}\n{id}".encode()


# Files


def _draft(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    return draft


def _write_new(path: Path, data: bytes) -> None:
    draft = _draft(path, data)
    try:
        # A link, unlike a rename, fails where the name is taken.
        os.link(draft, path)
    finally:
        draft.unlink()
    sync_directory(path.parent)


def _replace(path: Path, data: bytes) -> None:
    _draft(path, data).replace(path)
    sync_directory(path.parent)
