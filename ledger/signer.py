"""Who signs for the log, and the key file that an ordinary installation signs with.

Knows how an Ed25519 seed rests encrypted in a file (scrypt, then ChaCha20-Poly1305 bound to the
key's name). Refuses to know when a signature may be made: `ledger.publisher` decides that.
"""

import base64
import contextlib
import os
import secrets
from pathlib import Path
from typing import Annotated, Literal, Protocol

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from ledger.checkpoint import (
    Checkpoint,
    InvalidNote,
    Signer,
    Verifier,
    lines_of,
    sign,
    with_signatures,
)


class UnusableKey(Exception):
    """A key file that is damaged, or a secret that does not open it: nobody can tell which."""


class LogSigner(Protocol):
    """Whoever holds the log's key: a key file, or a hardware module behind the same members."""

    @property
    def verifier(self) -> Verifier:
        """The public key that checks what `note` returns."""

    @property
    def verifiers(self) -> tuple[Verifier, ...]:
        """Every key whose signature `note` bears: more than one while one replaces another."""

    def note(self, checkpoint: Checkpoint) -> str:
        """The signed note of a checkpoint (FORMAT.md 3). May block; runs outside the event loop."""


class LocalSigner:
    """A key in this process's memory."""

    def __init__(self, name: str, seed: bytes) -> None:
        self._signer = Signer(name, seed)

    @property
    def verifier(self) -> Verifier:
        """The public key."""
        return self._signer.verifier

    @property
    def verifiers(self) -> tuple[Verifier, ...]:
        """The public key alone."""
        return (self.verifier,)

    def note(self, checkpoint: Checkpoint) -> str:
        """The signed note; refuses with InvalidNote("key") a checkpoint of another origin."""
        return sign(checkpoint, self._signer)


class OverlapSigner:
    """The old key and the new one while a rotation lasts: every note bears both signatures.

    Whoever knows either key can check such a note; whoever knows one ignores the other's line.
    """

    def __init__(self, old: LogSigner, new: LogSigner) -> None:
        """Refuses with InvalidNote("key") keys of two logs."""
        if old.verifier.name != new.verifier.name:
            raise InvalidNote("key", f"{new.verifier.name} is another log's")
        self._old, self._new = old, new

    @property
    def verifier(self) -> Verifier:
        """The old public key, which everybody knows already."""
        return self._old.verifier

    @property
    def verifiers(self) -> tuple[Verifier, ...]:
        """Both public keys, the old one first."""
        return (*self._old.verifiers, *self._new.verifiers)

    def note(self, checkpoint: Checkpoint) -> str:
        """The note with both signatures."""
        return with_signatures(self._old.note(checkpoint), lines_of(self._new.note(checkpoint)))


PASSPHRASE, KEY = 2**15, 2
"""Scrypt's cost for a secret that somebody thought of, and for 32 random bytes."""


class _KeyFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    v: Literal[1]
    name: str
    cost: Annotated[int, msgspec.Meta(ge=KEY, le=2**20)]
    salt: str
    nonce: str
    sealed: str


def create_key(path: Path, *, name: str, secret: bytes, cost: int = PASSPHRASE) -> Verifier:
    """Make a new key under `name` and keep it at `path`, for its owner's eyes only.

    Args: secret, a passphrase's bytes or a key; cost, PASSPHRASE or KEY accordingly. Refuses with
    FileExistsError where a key lies already: a key that signed anything is never overwritten.
    """
    seed = secrets.token_bytes(32)
    signer = LocalSigner(name, seed)
    _place(path, _sealed(name, seed, secret, cost))
    return signer.verifier


def open_key(path: Path, *, secret: bytes) -> LocalSigner:
    """The signer whose key lies at `path`; refuses with UnusableKey a wrong secret or file."""
    return LocalSigner(*open_seed(path, secret=secret))


def open_seed(path: Path, *, secret: bytes) -> tuple[str, bytes]:
    """Name and seed of the key at `path`, for whoever signs something else than checkpoints.

    Refuses with UnusableKey a wrong secret or file.
    """
    try:
        told = msgspec.json.decode(path.read_bytes(), type=_KeyFile)
        salt, nonce, sealed = (
            base64.b64decode(part, validate=True) for part in (told.salt, told.nonce, told.sealed)
        )
        key = ChaCha20Poly1305(_stretch(secret, salt, told.cost))
        return told.name, key.decrypt(nonce, sealed, told.name.encode())
    except (InvalidTag, ValueError) as error:
        raise UnusableKey(str(path)) from error


def change_secret(path: Path, *, old: bytes, new: bytes, cost: int = PASSPHRASE) -> None:
    """Seal the key at `path` with another secret, in its place at once.

    Refuses with UnusableKey a wrong old secret, or a damaged file.
    """
    name, seed = open_seed(path, secret=old)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    _place(draft, _sealed(name, seed, new, cost))
    draft.replace(path)
    sync_directory(path.parent)


def _sealed(name: str, seed: bytes, secret: bytes, cost: int) -> bytes:
    salt, nonce = secrets.token_bytes(16), secrets.token_bytes(12)
    sealed = ChaCha20Poly1305(_stretch(secret, salt, cost)).encrypt(nonce, seed, name.encode())
    told = _KeyFile(
        1, name, cost, *(base64.b64encode(part).decode() for part in (salt, nonce, sealed))
    )
    return msgspec.json.encode(told) + b"\n"


def _stretch(secret: bytes, salt: bytes, cost: int) -> bytes:
    return Scrypt(salt=salt, length=32, n=cost, r=8, p=1).derive(secret)


def _place(path: Path, data: bytes) -> None:
    """Write a file that appears whole or not at all, and never over another."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        # A link, unlike a rename, fails where the name is taken.
        os.link(draft, path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            draft.unlink()
    sync_directory(path.parent)


def sync_directory(directory: Path) -> None:
    """Make names given in a directory survive a power cut."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
