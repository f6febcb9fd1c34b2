"""The log as files that anyone may mirror: C2SP tlog-tiles (FORMAT.md 5, "Tiles").

Knows the one spelling of every path and how a file is read from the stored hashes and entries, at
the cost of that file alone. Refuses to know who may have it, how it travels and where it is put.
"""

import re
import struct
from collections.abc import Iterator

import msgspec

from ledger.checkpoint import Checkpoint
from ledger.entry import leaf_hash
from ledger.merkle import TILE_HEIGHT, TILE_WIDTH, InvalidProof, Tile
from ledger.quorum import Quorum
from ledger.reader import Reader, read_tile
from ledger.receipts import latest_checkpoint

MAX_LEVEL = 63
_GROUP = 1000
# Seven groups of three digits hold every position a log can have.
_PATH = re.compile(
    r"tile/(entries|[0-9]{1,2})/((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?"
)


class NoSuchTile(LookupError):
    """No file of this log: a path spelt in any but the one way, or beyond the size."""


class TileFile(msgspec.Struct, frozen=True):
    """One file: `width` hashes of a level from 256 * `index` on, or entries where `level` is None.

    256 wide it is full and never changes; a narrower one is what it held at a smaller size, and
    never changes either.
    """

    level: int | None
    index: int
    width: int = TILE_WIDTH

    @classmethod
    def parse(cls, path: str) -> "TileFile":
        """The file a path names, `tile/1/x001/234.p/5`; refuses with NoSuchTile other spellings."""
        found = _PATH.fullmatch(path)
        if found is None:
            raise NoSuchTile(path)
        level, groups, width = found.groups()
        made = cls(
            level=None if level == "entries" else int(level),
            index=int(groups.replace("x", "").replace("/", "")),
            width=TILE_WIDTH if width is None else int(width),
        )
        # Leading zeros, a level or width out of range and `.p/256` are other spellings or nothing.
        if made.path != path or (made.level or 0) > MAX_LEVEL or made.width > TILE_WIDTH:
            raise NoSuchTile(path)
        return made

    @property
    def path(self) -> str:
        """Its one spelling: groups of three digits, an `x` before each but the last."""
        index, rest = divmod(self.index, _GROUP)
        groups = [f"{rest:03d}"]
        while index:
            index, rest = divmod(index, _GROUP)
            groups.insert(0, f"x{rest:03d}")
        kind = "entries" if self.level is None else self.level
        partial = "" if self.width == TILE_WIDTH else f".p/{self.width}"
        return f"tile/{kind}/{'/'.join(groups)}{partial}"

    @property
    def end(self) -> int:
        """The log's size from which on this file exists."""
        last = self.index * TILE_WIDTH + self.width
        return last << TILE_HEIGHT * (self.level or 0)

    @property
    def tile(self) -> Tile:
        """Where its hashes are; for an entry bundle those of its entries."""
        return Tile(self.level or 0, self.index)


def files_of(size: int) -> Iterator[TileFile]:
    """Every file of a log of `size` entries: bundles, then tiles from the leaves up."""
    for level in (None, *range(levels_of(size))):
        full, rest = divmod(size >> TILE_HEIGHT * (level or 0), TILE_WIDTH)
        yield from (TileFile(level, index) for index in range(full))
        if rest:
            yield TileFile(level, full, rest)


def levels_of(size: int) -> int:
    """How many levels of tiles a log of `size` entries has."""
    return -(-size.bit_length() // TILE_HEIGHT)


# Reading


class Published(msgspec.Struct, frozen=True):
    """The latest checkpoint: size, root, and the note with the signatures gathered so far."""

    size: int
    root: bytes
    note: str


async def read_published(reader: Reader, quorum: Quorum | None = None) -> Published | None:
    """The latest checkpoint, or None where nothing was signed yet.

    Args: quorum, whose witnesses' lines go with it, each checked; None, as they are stored.
    """
    note = await latest_checkpoint(reader, quorum)
    if note is None:
        return None
    told = Checkpoint.parse(note.partition("\n\n")[0] + "\n")
    return Published(told.size, told.root, note)


async def read_file(reader: Reader, file: TileFile, *, size: int) -> bytes:
    """The bytes of a file of the log of `size` entries; reads that file's rows only.

    Refuses with NoSuchTile a file beyond that size, and with InvalidProof a bundle whose stored
    entries are not those that their hashes commit to.
    """
    if file.end > size:
        raise NoSuchTile(file.path)
    if file.level is None:
        return await _bundle(reader, file)
    return b"".join(await read_hashes(reader, file))


async def read_hashes(reader: Reader, file: TileFile) -> list[bytes]:
    """The hashes of a tile, or of a bundle's entries; refuses with InvalidProof a stored gap."""
    hashes = (await read_tile(reader, file.tile))[: file.width]
    if len(hashes) != file.width:
        raise InvalidProof(f"{file.path} has {len(hashes)} of {file.width} hashes")
    return [bytes(one) for one in hashes]


async def _bundle(reader: Reader, file: TileFile) -> bytes:
    """Each entry with its length before it, in 2 bytes."""
    first = file.index * TILE_WIDTH
    rows = await reader.fetch(
        "SELECT bytes, leaf FROM entry WHERE seq >= $1 AND seq < $2 ORDER BY seq",
        first,
        first + file.width,
    )
    if len(rows) != file.width:
        raise InvalidProof(f"{file.path} has {len(rows)} of {file.width} entries")
    for place, (data, leaf) in enumerate(rows):
        if leaf_hash(data) != leaf:
            raise InvalidProof(f"entry {first + place} is not what its hash commits to")
    return b"".join(struct.pack(">H", len(data)) + data for data, _ in rows)
