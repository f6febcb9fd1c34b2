"""What the log said of itself, held against the tree: checkpoints, and the anchor.

Knows the roots that leaves and tile roots give at any size; level chain has compared those with the
bytes. Refuses to know who may sign: the keys are given.
"""

from ledger.chain import Finding
from ledger.checkpoint import Checkpoint, InvalidNote, Log, claimed, open_note
from ledger.merkle import Tile, plan_root
from ledger.reader import Reader, read_tile

_CHECKPOINTS_AT_ONCE = 1_000


class Claims:
    """The claims about a log of `size` entries; `log` is whose signature a checkpoint must bear."""

    def __init__(self, reader: Reader, size: int, log: Log | None) -> None:
        self._reader = reader
        self._size = size
        self._log = log
        self._tiles: dict[Tile, list[bytes]] = {}
        self.checkpoints = 0

    async def check_checkpoints(self) -> list[Finding]:
        """Each stored checkpoint has the root that the entries had at its size."""
        sql = "SELECT size, root, note FROM checkpoint WHERE size > $1 ORDER BY size LIMIT $2"
        last = -1
        wrong: list[Finding] = []
        while rows := await self._reader.fetch(sql, last, _CHECKPOINTS_AT_ONCE):
            for size, root, note in rows:
                wrong += await self._check_checkpoint(size, root, note)
            last = rows[-1][0]
        return wrong

    async def _check_checkpoint(self, size: int, root: bytes, note: str) -> list[Finding]:
        self.checkpoints += 1
        if not 0 < size <= self._size:
            what = f"a checkpoint of {size} entries, {self._size} are there"
            return [Finding("chain", None, what)]
        try:
            self._check_note(note, size, root)
        except InvalidNote as error:
            return [Finding("chain", size - 1, f"checkpoint {size}: {error}")]
        if await self.root_at(size) != root:
            return [Finding("chain", size - 1, f"checkpoint {size} has another root")]
        return []

    async def check_anchor(self, anchor: Checkpoint) -> list[Finding]:
        """The log extends a checkpoint that lies where no restored database brings it back."""
        if anchor.size > self._size:
            what = f"the anchor counts {anchor.size} entries, {self._size} are there"
            return [Finding("chain", self._size, what)]
        if anchor.size and await self.root_at(anchor.size) != anchor.root:
            what = f"the first {anchor.size} entries have another root than the anchor"
            return [Finding("chain", anchor.size - 1, what)]
        return []

    async def root_at(self, size: int) -> bytes | None:
        """The root at a size, from leaves and tile roots that have been compared; None if gone."""
        plan = plan_root(size)
        self._tiles = {
            tile: self._tiles[tile] if tile in self._tiles else await read_tile(self._reader, tile)
            for tile in plan.tiles
        }
        try:
            return plan.hashes(self._tiles.__getitem__)[0]
        except LookupError:
            return None

    def _check_note(self, note: str, size: int, root: bytes) -> None:
        if self._log is not None:
            checkpoint = open_note(note, self._log).checkpoint
        else:
            checkpoint = claimed(note)
        if (checkpoint.size, checkpoint.root) != (size, root):
            raise InvalidNote("form", "the note says otherwise than its row")
