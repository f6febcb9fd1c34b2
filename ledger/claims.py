"""What the log said of itself, held against the tree: checkpoints, cosignatures, and the anchor.

Knows the roots that leaves and tile roots give at any size; level chain has compared those with the
bytes. Refuses to know who may sign: the keys are given.
"""

from typing import Any, cast

from ledger.chain import Finding
from ledger.checkpoint import (
    Checkpoint,
    InvalidNote,
    Log,
    claimed,
    name_of_line,
    open_note,
    verify_cosignature,
)
from ledger.merkle import Tile, plan_root
from ledger.quorum import Quorum
from ledger.reader import Reader, read_tile

_ROWS_AT_ONCE = 1_000

_COSIGNATURES = """
SELECT s.size, s.witness, s.line, c.note
FROM cosignature s LEFT JOIN checkpoint c ON c.size = s.size
WHERE (s.size, s.witness) > ($1, $2) ORDER BY s.size, s.witness LIMIT $3
"""


class Claims:
    """The claims about a log of `size` entries; `log` is whose signature a checkpoint must bear.

    Counts the `checkpoints` and `cosignatures` that were checked, of these the `strangers` whose
    key is not in the quorum. `signed` is the size of the latest checkpoint, `witnessed` that of the
    latest that reaches the quorum; 0 where there is none.
    """

    def __init__(
        self, reader: Reader, size: int, log: Log | None, quorum: Quorum | None = None
    ) -> None:
        self._reader = reader
        self._size = size
        self._log = log
        self._quorum = quorum
        self._known = {} if quorum is None else {key.name: key for key in quorum.keys}
        self._tiles: dict[Tile, bytes] = {}
        self.checkpoints = self.cosignatures = self.strangers = 0
        self.signed = self.witnessed = 0

    async def check_checkpoints(self) -> list[Finding]:
        """Each stored checkpoint has the root that the entries had at its size."""
        sql = "SELECT size, root, note FROM checkpoint WHERE size > $1 ORDER BY size LIMIT $2"
        last = -1
        wrong: list[Finding] = []
        while rows := await self._reader.fetch(sql, last, _ROWS_AT_ONCE):
            for row in rows:
                wrong += await self._check_checkpoint(row)
            last = rows[-1][0]
        return wrong

    async def _check_checkpoint(self, row: tuple[Any, ...]) -> list[Finding]:
        self.checkpoints += 1
        if list(map(type, row)) != [int, bytes, str]:
            return [Finding("chain", None, f"checkpoint {row[0]}: a value of another type")]
        size, root, note = cast(tuple[int, bytes, str], row)
        self.signed = size
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

    async def check_cosignatures(self) -> list[Finding]:
        """Each stored cosignature is on a stored checkpoint and in the name of its row's witness.

        A witness of the quorum made it. With a quorum the latest checkpoint has to reach it.
        """
        wrong: list[Finding] = []
        size, name = -1, ""
        good: list[str] = []
        while rows := await self._reader.fetch(_COSIGNATURES, size, name, _ROWS_AT_ONCE):
            for row in rows:
                if row[0] != size:
                    self._count(size, good)
                    good = []
                size, name = row[0], row[1]
                try:
                    good += self._check_cosignature(*row)
                except InvalidNote as error:
                    what = f"cosignature of {name} at {size}: {error}"
                    wrong.append(Finding("chain", None, what))
        self._count(size, good)
        return wrong + self._check_quorum(good if size == self.signed else [])

    def _check_cosignature(
        self, size: object, witness: object, line: object, note: object
    ) -> list[str]:
        """The witness, if it is one of the quorum's; refuses with InvalidNote what is wrong."""
        self.cosignatures += 1
        if not (isinstance(size, int) and isinstance(witness, str) and isinstance(line, str)):
            raise InvalidNote("form", "a value of another type")
        if not isinstance(note, str):
            raise InvalidNote("form", "no checkpoint of this size is stored")
        if name_of_line(line) != witness:
            raise InvalidNote("form", "the line says otherwise than its row")
        key = self._known.get(witness)
        if key is None:
            self.strangers += 1
            return []
        verify_cosignature(note, line, key)
        return [witness]

    def _count(self, size: int, witnesses: list[str]) -> None:
        if self._quorum is not None and self._quorum.reached(witnesses):
            self.witnessed = size

    def _check_quorum(self, witnesses: list[str]) -> list[Finding]:
        """The latest checkpoint, whose good cosignatures are of `witnesses`, reaches the quorum."""
        if self._quorum is None or not self._size or 0 < self.signed == self.witnessed:
            return []
        if not self.signed:
            return [Finding("chain", None, "no checkpoint is stored: nothing can be witnessed")]
        what = (
            f"checkpoint {self.signed} has {len(witnesses)} of the {self._quorum.needed}"
            f" cosignatures it needs; the latest that has them is of {self.witnessed} entries"
        )
        return [Finding("chain", self.signed - 1, what)]

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
        known, self._tiles = self._tiles, {}
        for tile in plan.tiles:
            there = known.get(tile)
            self._tiles[tile] = there or b"".join(await read_tile(self._reader, tile))
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
