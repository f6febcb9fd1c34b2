"""A mirror: a directory with a log's checkpoint, verifier key, tiles and entry bundles.

Knows how one is written so that it can be broken off and gone on with: each file appears whole or
not at all, and the checkpoint last. Whoever checks the directory needs nothing of this program.
Refuses to write what the checkpoint does not prove, and over another log's files.
"""

import contextlib
import fcntl
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from ledger.checkpoint import InvalidNote, Log, keys_of, open_note
from ledger.merkle import TILE_WIDTH, InvalidProof, Tile, grow
from ledger.quorum import Quorum
from ledger.reader import Reader, read_root, read_tile
from ledger.signer import sync_directory
from ledger.tiles import TileFile, files_of, levels_of, read_file, read_hashes, read_published

CHECKPOINT, VKEY = "checkpoint", "vkey"
_DRAFT = ".draft"

Progress = Callable[[int, int], None]


class NothingSigned(Exception):
    """The log has no checkpoint yet: there is nothing that a mirror could prove."""


class AnotherMirror(Exception):
    """The directory holds another log, another history of this one, or something else at work."""


class Mirrored(msgspec.Struct, frozen=True):
    """A finished mirror of `size` entries; how many files were written and how many were there."""

    size: int
    root: bytes
    written: int
    kept: int


async def mirror(
    reader: Reader,
    directory: Path,
    *,
    log: Log,
    quorum: Quorum | None = None,
    progress: Progress | None = None,
) -> Mirrored:
    """Bring a directory up to the latest checkpoint; files that are there already are kept.

    Args: log, whose key signed the checkpoint, and around a rotation the next one's as well;
    quorum, whose witnesses' lines go with it, each checked, and None for all as they are stored;
    progress, called with files done and files in all. Refuses with NothingSigned, AnotherMirror,
    with InvalidNote a checkpoint that `log` did not sign, and with InvalidProof entries or hashes
    that the checkpoint does not commit to.
    """
    told = await read_published(reader, quorum)
    if told is None:
        raise NothingSigned
    signed = open_note(told.note, log).checkpoint
    if await read_root(reader, signed.size) != signed.root:
        raise InvalidProof("the stored hashes do not lead to the checkpoint's root")
    with _held(directory) as place:
        await _continues(reader, place, log, signed.size)
        key = f"{keys_of(log)[0].text}\n"
        if place.told(VKEY) != key:
            place.put(VKEY, key.encode())
        written = 0
        count = _files(signed.size)
        source = _Source(reader, signed.size)
        for done, file in enumerate(files_of(signed.size), 1):
            if not place.has(file):
                place.put(file.path, await source.read(file))
                written += 1
            if progress is not None:
                progress(done, count)
        place.finish(told.note)
    return Mirrored(signed.size, signed.root, written, count - written)


def _files(size: int) -> int:
    """How many files `files_of` gives."""
    widths = [size, *(size >> 8 * level for level in range(levels_of(size)))]
    return sum(-(-width // TILE_WIDTH) for width in widths)


async def _continues(reader: Reader, place: "_Place", log: Log, size: int) -> None:
    """Refuse a directory that holds another log, or another history up to its own checkpoint.

    A checkpoint that bears the signature of a key now in use says more than the key beside it,
    which a rotation may have ended since.
    """
    note, key = place.told(CHECKPOINT), place.told(VKEY)
    if note is None:
        if key not in (None, *(f"{one.text}\n" for one in keys_of(log))):
            raise AnotherMirror("its verifier key is another")
        return
    try:
        held = open_note(note, log).checkpoint
    except InvalidNote as error:
        raise AnotherMirror("its checkpoint is not this log's") from error
    if held.size > size:
        raise AnotherMirror(f"it holds {held.size} entries, the log only {size}")
    if await read_root(reader, held.size) != held.root:
        raise AnotherMirror(f"its {held.size} entries are not the log's")


class _Source:
    """Reads files, and compares each full tile with the hash that stands for it a level higher.

    The right edge needs no comparing: the root was computed from it.
    """

    def __init__(self, reader: Reader, size: int) -> None:
        self._reader = reader
        self._size = size
        self._above: tuple[Tile, list[bytes]] = (Tile(0, -1), [])

    async def read(self, file: TileFile) -> bytes:
        data = await read_file(self._reader, file, size=self._size)
        if file.width == TILE_WIDTH:
            # A bundle's bytes hash to its leaves; the leaves have to be the tree's.
            hashes = await read_hashes(self._reader, file)
            (root,) = grow(0, (), hashes)[0]
            if root != await self._stands_for(file.tile):
                raise InvalidProof(f"{file.path} is not what the tile above it says")
        return data

    async def _stands_for(self, tile: Tile) -> bytes | None:
        above = Tile(tile.level + 1, tile.index // TILE_WIDTH)
        if self._above[0] != above:
            self._above = (above, await read_tile(self._reader, above))
        hashes, at = self._above[1], tile.index % TILE_WIDTH
        return bytes(hashes[at]) if at < len(hashes) else None


class _Place:
    """The directory, held by this process alone."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._touched = {directory}

    def told(self, name: str) -> str | None:
        """What a file of the top says, or None."""
        try:
            return (self._directory / name).read_text("utf-8")
        except FileNotFoundError:
            return None

    def has(self, file: TileFile) -> bool:
        """Whether a file is there. One that a full disk or a power cut left short is not."""
        try:
            length = (self._directory / file.path).stat().st_size
        except FileNotFoundError:
            return False
        return length > 0 if file.level is None else length == 32 * file.width

    def put(self, name: str, data: bytes) -> None:
        """Write a file that appears whole or not at all."""
        target, draft = self._directory / name, self._directory / _DRAFT
        self._make(target.parent)
        with draft.open("wb") as opened:
            opened.write(data)
            opened.flush()
            os.fsync(opened.fileno())
        draft.replace(target)
        self._touched.add(target.parent)

    def finish(self, note: str) -> None:
        """Put the checkpoint, once everything it covers would survive a power cut."""
        for directory in self._touched:
            sync_directory(directory)
        if self.told(CHECKPOINT) != note:
            self.put(CHECKPOINT, note.encode())
            sync_directory(self._directory)

    def _make(self, directory: Path) -> None:
        if not directory.is_dir():
            self._make(directory.parent)
            directory.mkdir()
            self._touched.add(directory.parent)


@contextlib.contextmanager
def _held(directory: Path) -> Iterator[_Place]:
    """The directory under a lock that dies with the process."""
    directory.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AnotherMirror("another process is writing there") from None
        yield _Place(directory)
    finally:
        os.close(descriptor)
