"""The quorum file: which witnesses count, and how many of them make a checkpoint witnessed.

Knows a strict part of C2SP tlog-policy (FORMAT.md 4): one group of all witnesses and its threshold.
Pure: a caller reads the file. Refuses to know who asks the witnesses, and when.
"""

import re
from collections.abc import Collection
from typing import Final

import msgspec

from ledger.checkpoint import (
    COSIGNATURE,
    ED25519,
    MAX_SIGNATURES,
    InvalidNote,
    Log,
    Opened,
    Verifier,
    keys_of,
)

MAX_FILE: Final = 1 << 16
MAX_WITNESSES: Final = 32
GROUP: Final = "witnesses"

_SPACE = re.compile(r"[ \t]+")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_NAME = re.compile(r"[^\s#]\S{0,127}")
_COUNT = re.compile(r"[1-9][0-9]?")
_HOST = r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\])"
_URL = re.compile(rf"https?://{_HOST}(?::([1-9][0-9]{{0,4}}))?(?:/[A-Za-z0-9._~/-]{{0,200}})?")


class InvalidQuorum(ValueError):
    """A text that is no quorum file, or one for another log; the message names the line."""


class Member(msgspec.Struct, frozen=True):
    """A witness that counts: its name in the file, its key, and where it is asked, if it is."""

    name: str
    key: Verifier
    url: str | None


class Quorum(msgspec.Struct, frozen=True):
    """The witnesses, of which `needed` make a quorum; `logs`, if any, are all it is for."""

    members: tuple[Member, ...]
    needed: int
    logs: tuple[Verifier, ...] = ()

    @property
    def keys(self) -> tuple[Verifier, ...]:
        """The keys of all witnesses."""
        return tuple(member.key for member in self.members)

    def reached(self, witnesses: Collection[str]) -> bool:
        """Whether so many of these key names are witnesses of the quorum."""
        return len({key.name for key in self.keys} & set(witnesses)) >= self.needed

    def witnessed(self, opened: Opened) -> bool:
        """Whether a note opened with this quorum's keys reaches it."""
        return self.reached([one.witness for one in opened.cosigned])

    def bind(self, log: Log) -> None:
        """Refuse with InvalidQuorum a log that the file does not name, where it names any."""
        keys = keys_of(log)
        if self.logs and not set(keys) & set(self.logs):
            raise InvalidQuorum(f"the quorum file is for another log than {keys[0].text}")

    @property
    def text(self) -> str:
        """The file that `parse_quorum` reads."""
        lines = [f"log {key.text}" for key in self.logs]
        lines += [
            f"witness {one.name} {one.key.text}" + (f" {one.url}" if one.url else "")
            for one in self.members
        ]
        names = " ".join(one.name for one in self.members)
        return "\n".join([*lines, f"group {GROUP} {self.needed} {names}", f"quorum {GROUP}", ""])


def survivors(count: int) -> int:
    """The ordinary threshold: as many as stand when just under a third lie and as many are away.

    11 of 16, 3 of 4, and all of 3 or fewer: any two quorums then share an honest witness.
    """
    return count - (count - 1) // 3


def parse_quorum(text: str) -> Quorum:
    """The quorum that a file says; refuses with InvalidQuorum whatever could be read twice."""
    if len(text) > MAX_FILE:
        raise InvalidQuorum(f"{len(text)} characters, of at most {MAX_FILE}")
    if _CONTROL.search(text):
        raise InvalidQuorum("a control character")
    if text and not text.endswith("\n"):
        raise InvalidQuorum("the last line does not end")
    draft = _Draft()
    for number, line in enumerate(text.split("\n"), 1):
        words = line.strip(" \t")
        if not words or words.startswith("#"):
            continue
        try:
            draft.take(_SPACE.split(words))
        except (InvalidNote, InvalidQuorum) as error:
            raise InvalidQuorum(f"line {number}: {error}") from error
    return draft.quorum()


class _Draft:
    """A file read so far; each line is refused unless it may come next."""

    def __init__(self) -> None:
        self.logs: list[Verifier] = []
        self.members: list[Member] = []
        self.group: str | None = None
        self.needed = 0
        self.complete = False

    def take(self, words: list[str]) -> None:
        """One line."""
        if self.complete:
            raise InvalidQuorum("nothing may follow the quorum")
        match words:
            case ["log", key] if self.group is None:
                self._log(Verifier.parse(key))
            case ["witness", name, key] if self.group is None:
                self._witness(name, Verifier.parse(key), None)
            case ["witness", name, key, url] if self.group is None:
                self._witness(name, Verifier.parse(key), url)
            case ["group", name, needed, *names] if self.group is None:
                self._group(name, needed, names)
            case ["quorum", name] if name == self.group:
                self.complete = True
            case _:
                raise InvalidQuorum("logs and witnesses, then one group of them, then its quorum")

    def quorum(self) -> Quorum:
        """What the whole file says."""
        if not self.complete:
            raise InvalidQuorum("no quorum line")
        return Quorum(tuple(self.members), self.needed, tuple(self.logs))

    def _log(self, key: Verifier) -> None:
        if key.kind != ED25519:
            raise InvalidQuorum("not a key that signs checkpoints")
        self._new(key)
        self.logs.append(key)

    def _witness(self, name: str, key: Verifier, url: str | None) -> None:
        if key.kind != COSIGNATURE:
            raise InvalidQuorum("not a key that cosigns")
        self._new(key)
        # Notes and the log's tables tell witnesses apart by the name of the key.
        if any(one.key.name == key.name for one in self.members):
            raise InvalidQuorum("a key name twice")
        if not _NAME.fullmatch(name) or name == "none" or name in self._names():
            raise InvalidQuorum("a name twice, or one that is reserved")
        if url is not None and not _is_address(url):
            raise InvalidQuorum("no address")
        if len(self.members) == MAX_WITNESSES:
            raise InvalidQuorum(f"more than {MAX_WITNESSES} witnesses")
        self.members.append(Member(name, key, url))

    def _new(self, key: Verifier) -> None:
        # A cosignature does not say under which name it was made: one key, one vote.
        if any(key.public == other.public for other in self._keys()):
            raise InvalidQuorum("a public key twice")

    def _group(self, name: str, needed: str, names: list[str]) -> None:
        if not _NAME.fullmatch(name) or name == "none" or name in self._names():
            raise InvalidQuorum("a name twice, or one that is reserved")
        if sorted(names) != sorted(self._names()):
            raise InvalidQuorum("a group of every witness, each once")
        words = {"any": 1, "all": len(names)}
        if needed not in words and not _COUNT.fullmatch(needed):
            raise InvalidQuorum("a threshold is a number, any or all")
        self.needed = words.get(needed) or int(needed)
        # A note carries the log's line and 15 others; what needs more could never be shown.
        if not 1 <= self.needed <= min(len(names), MAX_SIGNATURES - 1):
            raise InvalidQuorum(f"{self.needed} of {len(names)} cannot be reached in one note")
        self.group = name

    def _names(self) -> list[str]:
        return [one.name for one in self.members]

    def _keys(self) -> list[Verifier]:
        return [*self.logs, *(one.key for one in self.members)]


def _is_address(url: str) -> bool:
    found = _URL.fullmatch(url)
    return found is not None and int(found[1] or 1) < 1 << 16
