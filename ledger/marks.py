"""Marks: what a verification leaves for the next one, so that it need not begin again.

Knows what level chain carries from entry to entry: the tree's full subtrees up to a segment's end.
A mark names the keys it was made under and goes on only under one of them. It is the auditor's own
note, as good as the place it is kept in; what a log says of itself is a checkpoint.
"""

from pathlib import Path
from typing import Annotated, Literal

import msgspec

from ledger.checkpoint import Log, keys_of
from ledger.merkle import Frontier, root_of

_Hash = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]
_Count = Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]


class UnusableMark(ValueError):
    """A file that is no mark, or the mark of another log."""


class Mark(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The log had `size` entries and `root` and nothing was found; the next run may begin there.

    It begins at `position`, the last segment's end, where the tree had the full subtrees
    `frontier`, largest first. `keys` are `<name>+<key id>` of those its checkpoints were checked
    with, `levels` what was done, `at` when, UTC.
    """

    v: Literal[1] = 1
    size: _Count
    root: _Hash
    position: _Count
    frontier: tuple[_Hash, ...]
    keys: tuple[str, ...]
    levels: tuple[str, ...]
    at: str

    @property
    def hashes(self) -> Frontier:
        """The full subtrees before `position`."""
        return tuple(bytes.fromhex(text) for text in self.frontier)


def key_names(log: Log | None) -> tuple[str, ...]:
    """The keys of a log as a mark names them; none where no key was given."""
    return () if log is None else tuple(f"{key.name}+{key.id.hex()}" for key in keys_of(log))


def read_mark(path: Path, log: Log | None, *, segment: int) -> Mark | None:
    """The mark at `path`, None where there is no file yet.

    Args: segment, the entries of one: a mark lies between two. Refuses with UnusableMark what is no
    mark, and a mark made under none of the keys of `log`.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    try:
        mark = msgspec.json.decode(data, type=Mark)
    except (msgspec.ValidationError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UnusableMark(f"{path} is no mark: {error}") from None
    whole = mark.position // segment
    if mark.position % segment or mark.position > mark.size:
        raise UnusableMark(f"{path} is no mark: no segment ends at {mark.position}")
    if len(mark.frontier) != whole.bit_count():
        raise UnusableMark(f"{path} is no mark: the frontier is not that of {mark.position}")
    if mark.position == mark.size and root_of(mark.hashes).hex() != mark.root:
        raise UnusableMark(f"{path} is no mark: the frontier has another root")
    names = key_names(log)
    if not set(names) & set(mark.keys) and (names or mark.keys):
        made = ", ".join(mark.keys) or "no key"
        raise UnusableMark(f"{path} was made under {made}; give that key, or begin another mark")
    return mark


def write_mark(path: Path, mark: Mark) -> None:
    """Put a mark in its place, whole or not at all."""
    draft = path.with_name(f"{path.name}.part")
    draft.write_bytes(msgspec.json.format(msgspec.json.encode(mark)) + b"\n")
    draft.replace(path)
