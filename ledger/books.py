"""The books level of verification: strict decoding, columns, balances above floors, reversals.

Knows postings and `reverses` (FORMAT.md 1 and 8), and what the columns beside the bytes must say.
Keeps one number an account and one position a reversal. Refuses to know what an account is for.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Literal

from ledger.chain import Finding
from ledger.entry import MalformedEntry, Sealed, Unit, decode, leaf_hash, reversal_of
from ledger.head import EntryRow, instant_text
from ledger.reader import Reader

Floor = Callable[[str, Unit], int | None]
Holder = Callable[[str], str]
"""Whose an account is: a debt and the account it stands for have one holder (FORMAT.md 1)."""
Joined = Callable[[Sealed], tuple[str, str] | None]
"""Of an entry by which an account went into another for good: whose it was, and whose it is."""

_COLUMNS = ("kind", "at", "actor", "request")


class Books:
    """The accounts as they stand after every entry checked so far.

    Before position `unread` level chain went on from a mark: what it did not read is linked here.
    """

    def __init__(
        self, reader: Reader, floor: Floor, holder: Holder, joined: Joined, *, unread: int = 0
    ) -> None:
        self._reader = reader
        self._floor = floor
        self._holder, self._joined = holder, joined
        self._now_of: dict[str, str] = {}
        self._balances: dict[tuple[str, Unit], int] = {}
        self._floors: dict[tuple[str, Unit], int | None] = {}
        self._reversed: set[int] = set()
        self._at: datetime | None = None
        self._unread = unread
        self._leaf: bytes | None = bytes(32)

    async def check(self, row: EntryRow) -> list[Finding]:
        """Post the next entry and say what is wrong with it."""
        seq, data, leaf, kind, at, actor, request = row
        try:
            entry = decode(data)
        except MalformedEntry as error:
            self._leaf = None
            return [Finding("books", seq, f"no entry: {error}")]
        says = (entry.kind, instant_text(entry.at), entry.actor, entry.request)
        wrong = [] if entry.seq == seq else [f"column seq is not {entry.seq}, as the bytes say"]
        wrong += [
            f"column {name} is not what the bytes say"
            for name, column, told in zip(_COLUMNS, (kind, at, actor, request), says, strict=True)
            if column != told
        ]
        if self._at is not None and entry.at <= self._at:
            wrong.append("not later than the entry before")
        self._at = entry.at
        wrong += self._post(entry)
        joined = self._joined(entry)
        if joined is not None:
            gone, kept = joined[0], self._whose(joined[1])
            # Whatever the entries say, following them ends: nothing leads back to where it began.
            if kept != gone:
                self._now_of[gone] = kept
        named = reversal_of(entry.body)
        if named is not None:
            wrong += await self._check_reversal(entry, *named)
        found = [Finding("books", seq, what) for what in wrong]
        return [*self._linked(entry, leaf), *found] if seq < self._unread else found

    def _linked(self, entry: Sealed, leaf: bytes) -> list[Finding]:
        """What level chain says of an entry it reads: its own hash, and that of the one before."""
        wrong: list[Finding] = []
        if leaf != entry.leaf:
            wrong.append(Finding("chain", entry.seq, "the leaf is not the hash of the bytes"))
        if self._leaf is not None and entry.prev != self._leaf:
            wrong.append(Finding("chain", entry.seq, "prev is not the leaf of the entry before"))
        self._leaf = entry.leaf
        return wrong

    def _post(self, entry: Sealed) -> list[str]:
        """Move the balances; only what an entry leaves behind is held against a floor."""
        for account, unit, amount in entry.postings:
            key = (account, unit)
            self._balances[key] = self._balances.get(key, 0) + amount
        wrong: list[str] = []
        for account, unit in dict.fromkeys((posting[0], posting[1]) for posting in entry.postings):
            key = (account, unit)
            if key not in self._floors:
                self._floors[key] = self._floor(account, unit)
            floor, balance = self._floors[key], self._balances[key]
            if floor is not None and balance < floor:
                wrong.append(f"{account} is at {balance} {unit}, below {floor}")
        return wrong

    async def _check_reversal(self, entry: Sealed, seq: int, leaf: bytes) -> list[str]:
        rows = await self._reader.fetch("SELECT bytes FROM entry WHERE seq = $1", seq)
        if not rows or seq >= entry.seq:
            return [f"reverses {seq}, which is not before it"]
        data = rows[0][0]
        if type(data) is not bytes or leaf_hash(data) != leaf:
            return [f"reverses {seq} under another leaf"]
        wrong: list[str] = []
        if seq in self._reversed:
            wrong.append(f"reverses {seq} a second time")
        self._reversed.add(seq)
        try:
            target = decode(data)
        except MalformedEntry:
            return wrong
        if reversal_of(target.body) is not None:
            wrong.append(f"reverses {seq}, itself a reversal")
        if self._held(entry, 1) != self._held(target, -1):
            wrong.append(f"its postings do not mirror those of {seq}")
        return wrong

    def _held(self, entry: Sealed, sign: Literal[1, -1]) -> dict[tuple[str, Unit], int]:
        """What an entry moves, or its mirror, by whose the accounts are."""
        sums: dict[tuple[str, Unit], int] = {}
        for account, unit, amount in entry.postings:
            key = (self._whose(self._holder(account)), unit)
            sums[key] = sums.get(key, 0) + sign * amount
        return sums

    def _whose(self, holder: str) -> str:
        """Whose it is by now, what a holder had."""
        while holder in self._now_of:
            holder = self._now_of[holder]
        return holder


# Every entry of a request lies beside the next, and its row says where they begin.
_MISBOUND = """
SELECT r.id, r.first_seq, r.count, count(e.seq), min(e.seq)
FROM request r LEFT JOIN entry e ON e.request = r.id
GROUP BY r.id, r.first_seq, r.count
HAVING count(e.seq) IS DISTINCT FROM r.count
    OR coalesce(min(e.seq), -1) <> coalesce(r.first_seq, -1)
    OR max(e.seq) - min(e.seq) + 1 <> count(e.seq)
ORDER BY r.id
"""
# Whatever writes an entry binds its request in the same transaction.
_UNBOUND = """
SELECT e.request, min(e.seq), count(*)
FROM entry e LEFT JOIN request r ON r.id = e.request
WHERE r.id IS NULL GROUP BY e.request ORDER BY min(e.seq)
"""


async def check_requests(reader: Reader, note: Callable[[Finding], None]) -> None:
    """Note where bound requests (FORMAT.md 6) and the entries that bear their ids disagree.

    A binding that was lost lets the same request be done twice: it is missing until then, and
    afterwards there are too many entries. Noted one by one, because all of them can be gone.
    """

    def misbound(rows: Sequence[Any]) -> bool:
        for request, first, count, there, earliest in rows:
            told = "no entry" if first is None else f"{count} from {first}"
            seen = f"{there} from {earliest}" if there else "none"
            at = first if earliest is None else earliest
            note(Finding("books", at, f"request {request} made {told}, {seen} is there"))
        return True

    def unbound(rows: Sequence[Any]) -> bool:
        for request, first, count in rows:
            what = f"request {request} is not bound, {count} from {first} is there"
            note(Finding("books", first, what))
        return True

    await reader.feed(misbound, _MISBOUND)
    await reader.feed(unbound, _UNBOUND)
