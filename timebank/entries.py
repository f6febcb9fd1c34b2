"""Entries as people may see them, their receipts, and the log in short (ledger format 5).

An entry goes to those it concerns, to staff whose scope holds what it names, and to auditors; to
everybody else it is not there. What an annual report counts is there for those who may read that,
so that each number leads to its entries (domain 9). What names an alias is there for whose
it is and whoever did it, and for no auditor: its kind alone may tell that somebody is a Party
member (domain 8). Size, root, checkpoints and consistency proofs are public. Knows which ids an
entry names and where they lie; refuses to know any event.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping
from datetime import date
from typing import Any

import msgspec

from ledger import receipts
from ledger.entry import Sealed, decode
from ledger.quorum import Quorum
from ledger.reader import read_consistency, read_head
from ledger.receipts import ReceiptState
from timebank import publication, tail
from timebank.access import Action, Grants, grants_of
from timebank.activities import Activity
from timebank.actors import Actor
from timebank.aliases import PREFIX as ALIAS
from timebank.aliases import people_of_aliases
from timebank.annual_report_register import reports_readable
from timebank.certificates import Certificate
from timebank.clock import day_of
from timebank.divisions import CITY_PATH
from timebank.hours import Record
from timebank.ids import SHAPE
from timebank.journal import current
from timebank.places import Station
from timebank.reading import ledger
from timebank.refusals import Refusal, Unauthenticated
from timebank.report_filling import counting
from timebank.reward_orders import RewardOrder
from timebank.rewards import Reward
from timebank.star_awards import StarAward
from timebank.tables import Row, find_many
from timebank.teams import Team

PLACED: dict[str, type[Row]] = {
    "act": Activity,
    "cer": Certificate,
    "ord": RewardOrder,
    "rec": Record,
    "rwd": Reward,
    "sta": Station,
    "str": StarAward,
    "tea": Team,
}
"""What lies somewhere, by the prefix of its id: the rows that have a `path`."""
PREFIX_LENGTH = 3


MOST_BEHIND = 10_000
"""How far back somebody who follows may begin: what lies further is asked by query."""
TOGETHER = 100
RECEIPT_LOOKS = 300


class TooFarBack(Refusal):
    """A position that following is not for."""

    says = "Follow from at most {most} entries back; ask for what is older by query."
    most: int


class Log(msgspec.Struct, frozen=True):
    """Where the log ends, the latest signed note of it (None before the first), and whose keys
    check that: the log's and its witnesses'."""

    size: int
    root: str
    checkpoint: str | None
    keys: tuple[str, ...]


# What an entry names


def ids_in(entry: Sealed) -> frozenset[str]:
    """Every id that an entry names: its actor, in its body, and whose accounts it moves."""
    said = [entry.actor, *_strings(entry.body)]
    said += [part for account, _, _ in entry.postings for part in account.split(":")]
    return frozenset(text for text in said if SHAPE.fullmatch(text))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _strings(inner)


async def _paths(ids: Iterable[str]) -> dict[str, str]:
    """Where the things with these ids lie; a statement for each kind of thing."""
    by_row: dict[type[Row], list[str]] = defaultdict(list)
    for id in ids:
        if row := PLACED.get(id[:PREFIX_LENGTH]):
            by_row[row].append(id)
    paths = {}
    for row, wanted in by_row.items():
        for key, held in (await find_many(row, wanted)).items():
            paths[str(key)] = str(held.path)  # type: ignore[attr-defined]  # rows of PLACED have one
    return paths


# Decision


def decide_sight(
    named: frozenset[str],
    *,
    paths: Iterable[str],
    person: str | None,
    held: Grants | None,
    day: date,
    private: frozenset[str] | None = None,
) -> bool:
    """Whether an entry that names these ids, lying at `paths`, is there for this person.

    `private` are the only ones for whom a private entry is there; None for any other entry.
    """
    if person is None:
        return False
    if private is not None:
        return person in private
    if person in named:
        return True
    if held is None:
        return False
    if held.may(Action.READ_ENTRIES, CITY_PATH, day):
        return True
    staff = (Action.READ_ENTRIES, Action.READ_RECORDS)
    return any(held.may(action, path, day) for path in paths for action in staff)


# Reads


async def size() -> int:
    """How many entries there are: public."""
    return (await read_head(ledger())).size


async def followed(actor: Actor, *, after: int | None) -> AsyncGenerator[Sealed, None]:
    """The entries that are there for the actor, as they are written: those after a position.

    None: from now on. It may be at most 10,000 entries back. Raises Unauthenticated.
    Refuses: TooFarBack.
    """
    if not actor.known:
        raise Unauthenticated
    come = await size()
    at = come - 1 if after is None else after
    if come - 1 - at > MOST_BEHIND:
        raise TooFarBack(most=MOST_BEHIND)
    while True:
        if at + 1 < come:
            upto = min(come, at + 1 + TOGETHER)
            seen = await entries(actor, range(at + 1, upto))
            for seq in sorted(seen):
                yield seen[seq]
            at = upto - 1
        else:
            come = await tail.grown(come)


async def entries(actor: Actor, seqs: Iterable[int]) -> dict[int, Sealed]:
    """The entries at these positions that are there for the actor."""
    asked = [int(seq) for seq in seqs]
    if not actor.known or not asked:
        return {}
    places = ", ".join(f"${number}" for number in range(1, len(asked) + 1))
    rows = await ledger().fetch(f"SELECT bytes FROM entry WHERE seq IN ({places})", *asked)
    return await _seen(actor, [decode(bytes(data)) for (data,) in rows])


async def entries_between(
    actor: Actor, *, after: int | None, before: int | None, limit: int, backward: bool
) -> list[Sealed]:
    """For whoever may read every entry: those strictly between two positions. For others none."""
    held = await grants_of(actor)
    if held is None or not held.may(Action.READ_ENTRIES, CITY_PATH, _today()):
        return []
    first, end = (-1 if after is None else after), (2**62 if before is None else before)
    order = "DESC" if backward else "ASC"
    statement = f"SELECT bytes FROM entry WHERE seq > $1 AND seq < $2 ORDER BY seq {order} LIMIT $3"
    rows = await ledger().fetch(statement, first, end, limit)
    return [decode(bytes(data)) for (data,) in rows]


async def receipt(actor: Actor, seq: int, *, wait: bool = False) -> str | None:
    """The receipt of an entry that is there for the actor; None where it is not.

    None as well where the entry is not signed yet. Args: wait, at most 2 s until it is.
    """
    told = await issued(actor, seq, wait=wait)
    return None if told is None else told.text


async def issued(actor: Actor, seq: int, *, wait: bool = False) -> receipts.Issued | None:
    """The same, with the state of the checkpoint it rests on."""
    return await _issue(seq, wait=wait) if await entries(actor, [seq]) else None


async def receipt_of(seq: int, *, wait: bool = False) -> str | None:
    """The receipt of an entry, for a caller who has decided that it may be had; None if unsigned.

    Args: wait, at most 2 s until it is signed.
    """
    told = await _issue(seq, wait=wait)
    return None if told is None else told.text


async def receipts_of(actor: Actor, seq: int) -> AsyncGenerator[receipts.Issued, None]:
    """The receipt of an entry that is there for the actor, whenever it rests on something else.

    Ends with the witnesses, where the log has any, and after some 5 minutes without them.
    """
    last = ReceiptState.WITNESSED if _quorum() else ReceiptState.SIGNED
    if not await entries(actor, [seq]):
        return
    state = None
    for _ in range(RECEIPT_LOOKS):
        told = await _issue(seq, wait=state is None)
        if told is not None and told.state is not state:
            state = told.state
            yield told
        if state is last:
            return
        await asyncio.sleep(1)


async def _issue(seq: int, *, wait: bool) -> receipts.Issued | None:
    if wait and (signing := publication.current()) is not None:
        await signing.wait(seq + 1)
    try:
        return await receipts.issue(ledger(), seq, _quorum())
    except receipts.NotYetSigned:
        return None


async def log() -> Log:
    """Where the log ends and what was last signed of it: public."""
    # The note first: it covers no more than the head that is read after it.
    note = await receipts.latest_checkpoint(ledger(), _quorum())
    head = await read_head(ledger())
    signing = publication.current()
    return Log(head.size, head.root.hex(), note, () if signing is None else signing.keys)


async def standing() -> publication.Standing | None:
    """Where the quorum of witnesses stands: public; None where the log has no witnesses."""
    quorum = _quorum()
    if quorum is None:
        return None
    return await publication.read_standing(ledger(), quorum, current().clock.now())


def _quorum() -> Quorum | None:
    """The witnesses of this process's log."""
    signing = publication.current()
    return None if signing is None else signing.quorum


async def consistency(old: int, new: int) -> tuple[bytes, ...] | None:
    """The proof that the log of `new` entries extends that of `old`; None for sizes it never had.

    Public. Source: ledger format 2; there is no proof from size 0.
    """
    if not 0 < old <= new <= (await read_head(ledger())).size:
        return None
    return await read_consistency(ledger(), old, new)


async def _seen(actor: Actor, found: list[Sealed]) -> dict[int, Sealed]:
    named = {entry.seq: ids_in(entry) for entry in found}
    paths = await _paths({id for ids in named.values() for id in ids})
    aliases = {id for ids in named.values() for id in ids if id.startswith(ALIAS)}
    owners = await people_of_aliases(aliases)
    held, today = await grants_of(actor), _today()
    seen = {
        entry.seq: entry
        for entry in found
        if decide_sight(
            named[entry.seq],
            paths=[paths[id] for id in named[entry.seq] if id in paths],
            person=actor.person,
            held=held,
            day=today,
            private=_private(entry, named[entry.seq], owners),
        )
    }
    hidden = {seq: ids for seq, ids in named.items() if seq not in seen and not aliases & ids}
    # Who has no role reads no report.
    told = await _reported(actor, hidden) if held is not None and hidden else set()
    return seen | {entry.seq: entry for entry in found if entry.seq in told}


async def _reported(actor: Actor, named: Mapping[int, frozenset[str]]) -> set[int]:
    """Those of some entries that count for an annual report that the actor may read."""
    records = {seq: [id for id in ids if id.startswith("rec_")] for seq, ids in named.items()}
    told = await counting(records)
    whose = await reports_readable(actor, set().union(*told.values())) if told else set()
    return {seq for seq, found in told.items() if found & whose}


def _private(
    entry: Sealed, named: frozenset[str], owners: Mapping[str, str]
) -> frozenset[str] | None:
    """Whose alias an entry names and whoever did it; None where it names none."""
    aliases = {id for id in named if id.startswith(ALIAS)}
    if not aliases:
        return None
    return frozenset({entry.actor, *(owners[id] for id in aliases if id in owners)})


def _today() -> date:
    return day_of(current().clock.now())
