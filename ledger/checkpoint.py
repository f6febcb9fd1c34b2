"""Checkpoints: signed notes about the tree, cosignatures of witnesses, receipts.

Knows FORMAT.md sections 3, 4 and 5 (C2SP signed-note, tlog-checkpoint, tlog-cosignature,
tlog-proof), both ways. Pure: keys, bytes and times are handed in. Refuses to know when to sign;
whoever does must have proved consistency with what was signed before.
"""

import base64
import hashlib
import re
from collections.abc import Iterable, Sequence
from typing import Final, Literal

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ledger.entry import MalformedEntry, Sealed, decode
from ledger.merkle import InvalidProof, verify_inclusion

ED25519: Final = 0x01
COSIGNATURE: Final = 0x04

MAX_SIGNATURES = 16
MAX_PROOF = 63
# In characters. Sixteen signatures, an entry of 8,192 bytes and 63 hashes leave room to spare, and
# whoever sends megabytes is answered before anything is split.
MAX_NOTE = 1 << 15
MAX_RECEIPT = 1 << 16

KeyType = Literal[1, 4]
Reason = Literal["form", "key", "signature", "unsigned"]

_NAME = re.compile(r"[^\s+\x00-\x1f\x7f]+")
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")
_RECEIPT = "c2sp.org/tlog-proof@v1"


class InvalidNote(ValueError):
    """A note, key or signature line that cannot be trusted.

    `reason` is one of four fixed words: form, key (text that is no key), signature (a known key's
    is wrong), unsigned (the key that had to sign did not).
    """

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason


class InvalidReceipt(ValueError):
    """A receipt that proves nothing; the cause tells whether form, note, proof or entry."""


# Keys


class Verifier(msgspec.Struct, frozen=True):
    """A public key under a name: type 1 signs checkpoints, type 4 cosigns them."""

    name: str
    kind: KeyType
    public: bytes

    @property
    def id(self) -> bytes:
        """First 4 bytes of SHA-256(name || 0x0A || type || public key)."""
        told = self.name.encode() + b"\n" + bytes([self.kind]) + self.public
        return hashlib.sha256(told).digest()[:4]

    @property
    def text(self) -> str:
        """The verifier key as published: its name, a plus sign, and the rest."""
        return f"{self.name}+{self.nameless}"

    @property
    def nameless(self) -> str:
        """Key id and key, joined by a plus sign."""
        return f"{self.id.hex()}+{_base64(bytes([self.kind]) + self.public)}"

    @classmethod
    def parse(cls, text: str) -> "Verifier":
        """The key that `text` publishes; refuses with InvalidNote("key") one that is not whole."""
        name, _, rest = text.partition("+")
        key_id, _, encoded = rest.partition("+")
        try:
            data = _unbase64(encoded)
        except InvalidNote:
            raise InvalidNote("key", text) from None
        if not _NAME.fullmatch(name) or len(data) != 33:
            raise InvalidNote("key", text)
        if data[0] == ED25519:
            key = cls(name, ED25519, data[1:])
        elif data[0] == COSIGNATURE:
            key = cls(name, COSIGNATURE, data[1:])
        else:
            raise InvalidNote("key", f"type {data[0]}")
        if key.id.hex() != key_id:
            raise InvalidNote("key", text)
        return key

    def checks(self, signature: bytes, message: bytes) -> bool:
        """Whether this key made the Ed25519 signature over the message."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except InvalidSignature:
            return False
        return True


Log = Verifier | Sequence[Verifier]
"""Whose signature a note must bear: one key's, or one of several around a rotation."""


class Signer:
    """A private key under a name. Its seed is 32 secret bytes; nothing here prints them."""

    def __init__(self, name: str, seed: bytes, *, kind: KeyType = ED25519) -> None:
        if not _NAME.fullmatch(name):
            raise InvalidNote("key", name)
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        self.verifier = Verifier(name, kind, self._private.public_key().public_bytes_raw())

    def line(self, payload: bytes) -> str:
        """A signature line of this key around `payload` (what follows the key id)."""
        return f"— {self.verifier.name} {_base64(self.verifier.id + payload)}\n"

    def sign(self, message: bytes) -> bytes:
        """The Ed25519 signature over the message."""
        return self._private.sign(message)


# Notes


class Checkpoint(msgspec.Struct, frozen=True):
    """What a log says of itself: with `size` entries its tree has this root."""

    origin: str
    size: int
    root: bytes

    @property
    def body(self) -> str:
        """The three lines that are signed."""
        return f"{self.origin}\n{self.size}\n{_base64(self.root)}\n"

    @classmethod
    def parse(cls, body: str) -> "Checkpoint":
        """The checkpoint with exactly this body; this log's bodies have no extension lines."""
        lines = body.split("\n")
        if len(lines) != 4 or lines[3]:
            raise InvalidNote("form", "a checkpoint has three lines")
        origin, size, root = lines[0], lines[1], _unbase64(lines[2])
        if not _NAME.fullmatch(origin) or not _SIZE.fullmatch(size) or len(root) != 32:
            raise InvalidNote("form", "no checkpoint")
        return cls(origin, int(size), root)


class Cosigned(msgspec.Struct, frozen=True):
    """That a witness had seen the checkpoint at `time`, in seconds since 1970, UTC."""

    witness: str
    time: int


class Opened(msgspec.Struct, frozen=True):
    """A note whose every known signature is good."""

    checkpoint: Checkpoint
    cosigned: tuple[Cosigned, ...]


def sign(checkpoint: Checkpoint, signer: Signer) -> str:
    """The note: the checkpoint and its log's signature."""
    if signer.verifier.name != checkpoint.origin or signer.verifier.kind != ED25519:
        raise InvalidNote("key", "a log signs under its own origin")
    body = checkpoint.body
    return f"{body}\n{signer.line(signer.sign(body.encode()))}"


def cosign(note: str, signer: Signer, *, time: int) -> str:
    """A witness's signature line on a note (FORMAT.md 4).

    Args: time, seconds since 1970, UTC. The witness must have proved consistency before.
    """
    if signer.verifier.kind != COSIGNATURE:
        raise InvalidNote("key", "a witness signs with a cosignature key")
    body, _ = _split(note)
    signature = signer.sign(_cosigned_message(body, time))
    return signer.line(time.to_bytes(8, "big") + signature)


def lines_of(note: str) -> list[str]:
    """The signature lines of a note."""
    return _split(note)[1]


def with_signatures(note: str, lines: Iterable[str]) -> str:
    """The note with further signature lines, at most 16 in all; those beyond are left out."""
    body, present = _split(note)
    merged = dict.fromkeys([*present, *lines])
    return f"{body}\n" + "".join(list(merged)[:MAX_SIGNATURES])


def keys_of(log: Log) -> tuple[Verifier, ...]:
    """The keys of a log, one or several; refuses none at all with InvalidNote("key")."""
    keys = (log,) if isinstance(log, Verifier) else tuple(log)
    if not keys:
        raise InvalidNote("key", "no key of the log")
    return keys


def open_note(note: str, log: Log, witnesses: Sequence[Verifier] = ()) -> Opened:
    """The checkpoint of a note signed by `log`, and which of `witnesses` cosigned it.

    One of the log's keys is enough: a rotation replaces one by another. Lines of unknown keys are
    ignored; a bad signature by a known key refuses the whole note, and so do the log's absence and
    two known keys with one name and key id, with InvalidNote.
    """
    body, lines = _split(note)
    checkpoint = Checkpoint.parse(body)
    logs = keys_of(log)
    known = {(key.name, key.id): key for key in (*logs, *witnesses)}
    # Four bytes are found twice in seconds: which of the two keys had signed could not be told.
    if len(known) != len({*logs, *witnesses}):
        raise InvalidNote("key", "two known keys with one name and key id")
    signed = False
    cosigned: dict[str, Cosigned] = {}
    for line in lines:
        name, data = _parse_line(line)
        key = known.get((name, data[:4]))
        if key is None:
            continue
        time = _check_signature(key, body, data[4:])
        if key in logs:
            signed = signed or checkpoint.origin == name
        elif time is not None:
            cosigned.setdefault(name, Cosigned(name, time))
    if not signed:
        raise InvalidNote("unsigned", f"by {logs[0].name}")
    return Opened(checkpoint, tuple(cosigned.values()))


def claimed(note: str) -> Checkpoint:
    """What a note says, whoever signed it: enough to look for the key, and to trust in nothing."""
    return Checkpoint.parse(_split(note)[0])


def name_of_line(line: str) -> str:
    """Whose signature line it claims to be; refuses with InvalidNote what is no such line."""
    return _parse_line(line)[0]


def verify_cosignature(note: str, line: str, witness: Verifier) -> int:
    """The time of a witness's line on a note; refuses with InvalidNote whatever is not one."""
    body, _ = _split(note)
    name, data = _parse_line(line)
    if (name, data[:4]) != (witness.name, witness.id) or witness.kind != COSIGNATURE:
        raise InvalidNote("unsigned", f"by {witness.name}")
    time = _check_signature(witness, body, data[4:])
    if time is None:
        raise InvalidNote("signature", name)
    return time


def _check_signature(key: Verifier, body: str, payload: bytes) -> int | None:
    """Refuse a bad signature; the time it tells, for a cosignature."""
    if key.kind == ED25519:
        if not key.checks(payload, body.encode()):
            raise InvalidNote("signature", key.name)
        return None
    if len(payload) != 72:
        raise InvalidNote("signature", key.name)
    time = int.from_bytes(payload[:8], "big")
    if not 0 < time < 1 << 63 or not key.checks(payload[8:], _cosigned_message(body, time)):
        raise InvalidNote("signature", key.name)
    return time


def _cosigned_message(body: str, time: int) -> bytes:
    return f"cosignature/v1\ntime {time}\n{body}".encode()


def _split(note: str) -> tuple[str, list[str]]:
    """Body and signature lines of a note, which must be well formed."""
    if len(note) > MAX_NOTE:
        raise InvalidNote("form", f"{len(note)} characters")
    if re.search(r"[\x00-\x09\x0b-\x1f\x7f]", note):
        raise InvalidNote("form", "a control character")
    before, blank, after = note.rpartition("\n\n")
    if not blank or not after.endswith("\n"):
        raise InvalidNote("form", "no signatures")
    lines = [f"{line}\n" for line in after[:-1].split("\n")]
    if len(lines) > MAX_SIGNATURES:
        raise InvalidNote("form", "too many signatures")
    for line in lines:
        _parse_line(line)
    return before + "\n", lines


def _parse_line(line: str) -> tuple[str, bytes]:
    """Name, and key id with signature, of a signature line."""
    parts = line.split(" ")
    if len(parts) != 3 or parts[0] != "—" or not line.endswith("\n"):
        raise InvalidNote("form", "no signature line")
    data = _unbase64(parts[2][:-1])
    if not _NAME.fullmatch(parts[1]) or len(data) < 5:
        raise InvalidNote("form", "no signature line")
    return parts[1], data


def hash_text(hash: bytes) -> str:
    """A hash as the lines of proofs have it."""
    return _base64(hash)


def hash_of(text: str) -> bytes:
    """The hash that a proof's line spells; refuses with InvalidNote("form") any other spelling."""
    data = _unbase64(text)
    if len(data) != 32:
        raise InvalidNote("form", "no hash")
    return data


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _unbase64(text: str) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        raise InvalidNote("form", "no base64") from None
    # Bits beyond the last byte must be zero, or one text would have several spellings.
    if _base64(data) != text:
        raise InvalidNote("form", "no base64")
    return data


# Receipts


class Receipt(msgspec.Struct, frozen=True):
    """A receipt that holds: this entry is in the log of this checkpoint."""

    entry: Sealed
    checkpoint: Checkpoint
    cosigned: tuple[Cosigned, ...]


def build_receipt(data: bytes, index: int, proof: Sequence[bytes], note: str) -> str:
    """The receipt of the entry with bytes `data` at `index`; `proof` leads to the note's root."""
    lines = [_RECEIPT, f"extra {_base64(data)}", f"index {index}", *map(_base64, proof)]
    return "\n".join(lines) + "\n\n" + note


def open_receipt(text: str, log: Log, witnesses: Sequence[Verifier] = ()) -> Receipt:
    """Check a receipt offline, with the log's verifier keys alone (FORMAT.md 5).

    Refuses with InvalidReceipt a receipt of any other log, entry, position or tree.
    """
    if len(text) > MAX_RECEIPT:
        raise InvalidReceipt(f"form: {len(text)} characters")
    head, blank, note = text.partition("\n\n")
    if not blank:
        raise InvalidReceipt("form")
    try:
        data, index, proof = _parse_proof(head.split("\n"))
        opened = open_note(note, log, witnesses)
        entry = decode(data)
        verify_inclusion(
            index=index,
            size=opened.checkpoint.size,
            leaf=entry.leaf,
            proof=proof,
            root=opened.checkpoint.root,
        )
    except InvalidNote as error:
        raise InvalidReceipt(f"note: {error}") from error
    except MalformedEntry as error:
        raise InvalidReceipt(f"entry: {error}") from error
    except InvalidProof as error:
        raise InvalidReceipt(f"proof: {error}") from error
    if entry.seq != index:
        raise InvalidReceipt("entry: another position")
    return Receipt(entry, opened.checkpoint, opened.cosigned)


def _parse_proof(lines: list[str]) -> tuple[bytes, int, list[bytes]]:
    if not 3 <= len(lines) <= 3 + MAX_PROOF or lines[0] != _RECEIPT:
        raise InvalidReceipt("form")
    extra, index = lines[1], lines[2]
    if not extra.startswith("extra ") or not index.startswith("index "):
        raise InvalidReceipt("form")
    if not _SIZE.fullmatch(index[6:]):
        raise InvalidReceipt("form")
    return _unbase64(extra[6:]), int(index[6:]), [_unbase64(line) for line in lines[3:]]
