"""The books as a Beancount file, for an auditor who checks them with software that is not ours.

Knows Beancount's syntax and how our account codes become names there. The transactions
rest on the entries' bytes alone; the balance assertions rest on the derived tables, which were
written when the entries were. So `bean-check` compares the two, and whoever alters a posting, or a
balanced pair of them, in the bytes, the tables or the file, makes it fail.

An account is named root, then each part of the code between colons. A part that begins with a
small letter begins with the capital instead, any other but a digit with `X--`; whatever is neither
letter nor digit is a hyphen and its two hex digits. `volunteer:per_01` is
`Assets:Volunteer:Per-5f01`. Its `code` stands at its `open` too.
"""

import json
import re
from collections.abc import AsyncIterator, Iterable
from datetime import date, datetime, timedelta
from typing import TextIO

from ledger.entry import Sealed, Unit, reversal_of
from ledger.head import instant_text
from ledger.reader import Reader
from timebank.accounts import Posting, has_floor, posting_id
from timebank.clock import day_of
from timebank.exports import Progress, Source, TablesBehind, open_source

CURRENCY: dict[str, str] = {"minute": "MINUTE", "fen": "CNY"}
ASKED_AT_ONCE = 1_000

# What is held is an asset of its holder, what is used up an expense, what was made or is owed has
# the opposite sign. A kind that is not named goes by whether it has a floor.
_ROOTS = {
    "issuance": "Income",
    "treasury": "Equity",
    "owed": "Liabilities",
    "reward": "Expenses",
    "retired": "Expenses",
    "paid": "Expenses",
}


# Names


def name_of(code: str) -> str:
    """The Beancount account of a code: every code has one, and no two have the same."""
    root = _ROOTS.get(code.partition(":")[0], "Assets" if has_floor(code) else "Equity")
    return ":".join((root, *map(_component, code.split(":"))))


def _component(part: str) -> str:
    escaped = re.sub(r"[^A-Za-z0-9]", lambda found: f"-{ord(found.group()):02x}", part)
    if re.match(r"[a-z]", escaped):
        return escaped[0].upper() + escaped[1:]
    return escaped if re.match(r"[0-9]", escaped) else f"X--{escaped}"


# Directives


def amount_of(amount: int, unit: str) -> str:
    """An amount with its commodity; 1 CNY is 100 fen, to the fen."""
    if unit == "fen":
        yuan, fen = divmod(abs(amount), 100)
        return f"{'-' if amount < 0 else ''}{yuan}.{fen:02d} CNY"
    return f"{amount} MINUTE"


def quoted(text: str) -> str:
    """A string; one with a line feed cannot come from an entry."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _heading(origin: str, day: date) -> str:
    return (
        f"; The books of {json.dumps(origin)}.\n"
        "; Transactions: read from the bytes of the entries, one for each that moves something.\n"
        "; Balances: read from the derived tables, not added up from the transactions below.\n"
        "; Size and root of the log they are read from: at the end; compare a signed checkpoint.\n"
        f'option "title" {quoted(origin)}\n'
        'option "operating_currency" "MINUTE"\n'
        'option "operating_currency" "CNY"\n'
        'option "booking_method" "STRICT"\n\n'
        f'{day} commodity MINUTE\n  name: "minute of service"\n'
        f'{day} commodity CNY\n  name: "yuan of 100 fen"\n\n'
    )


def _open(day: date, code: str, unit: str) -> str:
    return f'{day} open {name_of(code)} {CURRENCY[unit]} "STRICT"\n  code: {quoted(code)}\n'


def _transaction(entry: Sealed) -> str:
    named = reversal_of(entry.body)
    reverses = "" if named is None else f" ^entry-{named[0]}"
    lines = [
        f"{day_of(entry.at)} * {quoted(entry.kind)} ^entry-{entry.seq}{reverses}",
        f"  seq: {entry.seq}",
        f"  kind: {quoted(entry.kind)}",
        f"  at: {quoted(instant_text(entry.at))}",
        f"  actor: {quoted(entry.actor)}",
        f"  leaf: {quoted(entry.leaf.hex())}",
    ]
    lines += [f"  {name_of(code)}  {amount_of(n, unit)}" for code, unit, n in entry.postings]
    return "\n".join(lines) + "\n\n"


def _balance(day: date, code: str, amount: int, unit: str) -> str:
    # Without a tolerance of its own an assertion bears a fen more or less.
    number, commodity = amount_of(amount, unit).split()
    return f"{day} balance {name_of(code)}  {number} ~ 0 {commodity}\n"


def _ending(source: Source, day: date) -> str:
    return f'\n{day} custom "ledger" "size" {source.tip.size} "root" {quoted(source.root.hex())}\n'


# The file


class _Month:
    """The accounts that moved since the last balances: the unit, and the entry that moved last."""

    def __init__(self) -> None:
        self.moved: dict[str, tuple[Unit, int]] = {}

    async def balances(self, reader: Reader, day: date) -> AsyncIterator[str]:
        """What the derived tables say each holds after that entry. Refuses: TablesBehind."""
        asked = list(self.moved.items())
        for first in range(0, len(asked), ASKED_AT_ONCE):
            part = asked[first : first + ASKED_AT_ONCE]
            ids = [posting_id(code, seq) for code, (_, seq) in part]
            held = await _balances(reader, ids)
            for code, (unit, seq) in part:
                if (id := posting_id(code, seq)) not in held:
                    raise TablesBehind(account=code, entry=seq)
                yield _balance(day, code, held[id], unit)
        self.moved = {}


async def _balances(reader: Reader, ids: list[str]) -> dict[str, int]:
    """The balances of table `posting`, by id, in the reader's own state of the database."""
    asked: object = json.dumps(ids) if reader.dialect == "sqlite" else ids
    found = await reader.fetch(Posting.spec.by_keys[reader.dialect], asked)
    rows: Iterable[Posting] = map(Posting.spec.load, found)
    return {row.id: row.balance for row in rows}


def _month_after(at: datetime) -> date:
    """The first day of the month after the one of an instant."""
    return (day_of(at).replace(day=1) + timedelta(days=31)).replace(day=1)


async def _closing(reader: Reader, day: date, opened: set[str]) -> AsyncIterator[str]:
    """What table `account` says every account holds; in `opened` stays what it does not know."""
    sql = "SELECT code, unit, balance FROM account WHERE code > $1 ORDER BY code LIMIT $2"
    after = ""
    while rows := await reader.fetch(sql, after, ASKED_AT_ONCE):
        for code, unit, balance in rows:
            opened.discard(code)
            yield _balance(day, code, balance, unit)
        after = rows[-1][0]


async def directives(source: Source) -> AsyncIterator[str]:
    """The file in parts, in the order of the entries.

    Balances are asserted at the first of a month for every account that moved in the month before,
    and for every account of the derived tables on the day after the last entry.
    Refuses: LedgerBroken, TablesBehind.
    """
    opened: set[tuple[str, str]] = set()
    month = _Month()
    last: datetime | None = None
    async for entry in source.entries():
        if last is None:
            origin = str(entry.body.get("origin", ""))
            yield _heading(origin, day_of(entry.at))
        elif month.moved and (due := _month_after(last)) <= day_of(entry.at):
            async for part in month.balances(source.reader, due):
                yield part
            yield "\n"
        last = entry.at
        for code, unit, _ in entry.postings:
            if (code, unit) not in opened:
                opened.add((code, unit))
                yield _open(day_of(entry.at), code, unit)
            month.moved[code] = (unit, entry.seq)
        if entry.postings:
            yield _transaction(entry)
    if last is None:
        return
    closing = day_of(last) + timedelta(days=1)
    async for part in month.balances(source.reader, closing):
        yield part
    unknown = {code for code, _ in opened}
    async for part in _closing(source.reader, closing, unknown):
        yield part
    if unknown:
        raise TablesBehind(account=min(unknown), entry=source.tip.size - 1)
    yield _ending(source, closing)


async def write_books(
    url: str, file: TextIO, progress: Progress = lambda done, size: None
) -> Source:
    """Write the whole ledger as a Beancount file. Refuses: LedgerBroken, TablesBehind."""
    async with open_source(url, progress) as source:
        async for part in directives(source):
            file.write(part)
        return source
