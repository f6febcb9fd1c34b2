"""Audits: a verification at every level, and the report that an auditor files.

Knows the levels of ledger format 8 together: those of `ledger.verify`, and the projections, which
`replay` rebuilds. Says as plainly what was not checked as what was. Refuses to know any key of its
own: whoever audits brings the keys, the anchor and the mark.
"""

import sqlite3
from collections.abc import Callable, Collection
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import asyncpg
import msgspec

from ledger import marks, verify
from ledger.chain import ENTRIES_A_SEGMENT
from ledger.checkpoint import Checkpoint, Log
from ledger.entry import MalformedEntry
from ledger.head import instant_text
from ledger.marks import Mark
from ledger.quorum import Quorum
from ledger.tables import dialect_of
from timebank import accounts, replay
from timebank.replay import Replayed

Level = Literal["storage", "chain", "books", "projections"]
LEVELS: tuple[Level, ...] = (*verify.LEVELS, "projections")

Progress = Callable[[str, int, int], None]

DOES: dict[Level, str] = {
    "storage": "the database's own check of its pages (SQLite; PostgreSQL tells of damage when a"
    " page is read); the tables, triggers and indexes",
    "chain": "the bytes of {span} against their hashes, order and tile roots;"
    " {how}; {checkpoints} stored checkpoints, {signatures} with their signature, and"
    " {cosignatures} cosignatures",
    "books": "every entry decoded strictly, its time and the columns beside it; balances after"
    " every entry against their floors;"
    " reversals: once, of an earlier entry, with the mirror of its postings; the request of every"
    " entry bound, once, and no other that made one",
    "projections": "every derived table rebuilt from the bytes alone and compared row by row",
}
NEVER = (
    "Of bound requests those that made no entry, and what any of them was asked and answered: no"
    " entry tells of it.",
    "Names, telephones and texts: the ledger holds commitments to them only.",
    "Whether what was recorded happened: the ledger proves who said it and when, and that it was"
    " not changed since.",
)


class Finding(msgspec.Struct, frozen=True):
    """One thing that is wrong: at which level, at which entry if at one, and what."""

    layer: Level
    seq: int | None
    what: str


class Claim(msgspec.Struct, frozen=True):
    """A size and the root there that somebody holds apart from the database."""

    size: int
    root: str
    at: str | None = None


class Counted(msgspec.Struct, frozen=True):
    """Whose cosignatures counted, how many are needed, and how many entries have so many."""

    needed: int
    witnesses: tuple[str, ...]
    witnessed: int


class Audit(msgspec.Struct, frozen=True, kw_only=True):
    """What was checked of which log, when and by what, what was found, and what was not checked.

    `levels` are those that came to their end. `size` and `root` are the log's, `first` and `end`
    the entries whose bytes level chain read, `ranged` whether only these were asked for.
    `signatures` counts the checkpoints whose signature was checked with one of `keys`, which are
    the ledger's `own` where they were read beside it and nobody brought any. `signed` is how many
    entries the latest checkpoint covers; `strangers` counts the cosignatures whose
    witness is in no quorum file that was given. `rows` counts the derived rows compared. Findings
    past 100 are counted in `more`.
    """

    at: str
    software: str
    database: str
    keys: tuple[str, ...]
    own: bool
    levels: tuple[Level, ...]
    size: int
    root: str
    ranged: bool
    first: int
    end: int
    checkpoints: int
    signatures: int
    cosignatures: int
    strangers: int
    signed: int
    quorum: Counted | None
    rows: int
    anchor: Claim | None
    mark: Claim | None
    findings: tuple[Finding, ...]
    more: int
    unchecked: tuple[str, ...]

    @property
    def sound(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    @property
    def vouched(self) -> bool:
        """Whether a signature was checked; without, who owns the database can have made it all."""
        return self.signatures > 0 or (self.quorum is not None and self.quorum.witnessed > 0)


async def audit(
    url: str,
    *,
    now: datetime,
    levels: Collection[Level] = LEVELS,
    log: Log | None = None,
    own: bool = False,
    quorum: Quorum | None = None,
    anchor: Checkpoint | None = None,
    mark: Path | None = None,
    span: tuple[int, int] | None = None,
    progress: Progress = lambda level, done, count: None,
    processes: int | None = None,
) -> Audit:
    """Check a ledger at `levels`, and leave a mark where nothing was found.

    Args: as for `ledger.verify.verify`; now, the time the report bears; own, whether the keys were
    read beside the ledger; mark, the file of the mark to go on from and to renew. Refuses with
    UnusableMark a mark that is not this log's.
    """
    before = None if mark is None else marks.read_mark(mark, log, segment=ENTRIES_A_SEGMENT)
    report = await verify.verify(
        url,
        levels=[level for level in verify.LEVELS if level in levels],
        **accounts.KNOWN,
        log=log,
        quorum=quorum,
        anchor=anchor,
        mark=before,
        span=span,
        progress=progress,
        processes=processes,
    )
    findings = [Finding(found.layer, found.seq, found.what) for found in report.findings]
    done: tuple[Level, ...] = report.levels
    rebuilt = Replayed(0, 0, 0.0)
    if "projections" in levels:
        rebuilt, wrong = await _projections(
            url, lambda done: progress("projections", done, max(done, report.size))
        )
        findings += wrong
        done += ("projections",) if rebuilt.entries else ()
    made = Audit(
        at=instant_text(now),
        software=f"timebank {version('timebank')}",
        database=dialect_of(url),
        keys=marks.key_names(log),
        own=own,
        levels=done,
        size=report.size,
        root=report.root,
        ranged=span is not None,
        first=report.first,
        end=report.end,
        checkpoints=report.checkpoints,
        signatures=0 if log is None else report.checkpoints,
        cosignatures=report.cosignatures,
        strangers=report.strangers,
        signed=report.signed,
        quorum=None if quorum is None else _counted(quorum, report),
        rows=rebuilt.rows,
        anchor=None if anchor is None else Claim(anchor.size, anchor.root.hex()),
        mark=None if before is None else Claim(before.size, before.root, before.at),
        findings=tuple(findings),
        more=report.more + rebuilt.differing - len(rebuilt.differences),
        unchecked=(),
    )
    if mark is not None and made.sound and "chain" in done and span is None:
        marks.write_mark(mark, _mark_of(made, report))
    return msgspec.structs.replace(made, unchecked=(*left_out(made), *NEVER))


def _counted(quorum: Quorum, report: verify.Report) -> Counted:
    return Counted(quorum.needed, tuple(key.name for key in quorum.keys), report.witnessed)


async def _projections(url: str, progress: replay.Progress) -> tuple[Replayed, list[Finding]]:
    try:
        rebuilt = await replay.compare(url, progress=progress)
    except (MalformedEntry, msgspec.ValidationError, LookupError, AssertionError) as error:
        what = f"the derived tables cannot be rebuilt: {type(error).__name__}: {error}"
    except (sqlite3.DatabaseError, asyncpg.PostgresError) as error:
        what = f"the derived tables cannot be read: {error}"
    else:
        return rebuilt, [
            Finding("projections", None, f"table {one.table}, row {one.key}: {_differs(one)}")
            for one in rebuilt.differences
        ]
    return Replayed(0, 0, 0.0), [Finding("projections", None, what)]


def _differs(one: replay.Difference) -> str:
    columns = f" ({', '.join(one.columns)})" if one.columns else ""
    return f"{one.what}{columns}"


def _mark_of(made: Audit, report: verify.Report) -> Mark:
    return Mark(
        size=made.size,
        root=made.root,
        position=report.position,
        frontier=report.frontier,
        keys=made.keys,
        levels=made.levels,
        at=made.at,
    )


# The report


def left_out(made: Audit) -> list[str]:
    """What this audit says nothing about and another could, a sentence each."""
    told = [
        f"Level {level}: not asked for, or it came to no end."
        for level in LEVELS
        if level not in made.levels
    ]
    if "chain" in made.levels:
        if made.ranged:
            told.append(f"The bytes of other entries than {_span(made)}, and the head's last leaf.")
        elif made.mark is not None and made.first:
            what = "tile roots" if "books" in made.levels else "bytes"
            told.append(
                f"The {what} of entries 0 to {made.first - 1}: compared up to the mark of"
                f" {made.mark.at} and not again."
            )
        told += _unsigned(made)
        if made.anchor is None:
            told.append("Whether the log was cut back or replaced whole: no anchor was given.")
        if made.quorum is None:
            told.append("Whose word the cosignatures are: no quorum file was given.")
        elif made.strangers:
            told.append(f"Cosignatures of witnesses that are not in the quorum: {made.strangers}.")
    return told


def _unsigned(made: Audit) -> list[str]:
    """What no signature that was checked vouches for."""
    if not made.keys:
        what = "the checkpoints" if made.anchor is None else "the checkpoints and the anchor"
        return [f"Who signed {what}: no verifier key was given; --vkey gives one."]
    told = []
    if made.own:
        told.append(
            "Whether the keys are the log's: they lie beside the ledger; --vkey gives others."
        )
    if made.signed < made.size:
        told.append(f"Who vouches for entries {made.signed} and on: no checkpoint covers them.")
    return told


def _span(made: Audit) -> str:
    return f"entries {made.first} to {made.end - 1}" if made.end > made.first else "no entry"


def written(made: Audit) -> str:
    """The report as Markdown that reads as plain text."""
    anchor = "none given"
    if made.anchor is not None:
        anchor = f"size {made.anchor.size}, root {made.anchor.root}"
    witnessed = "no quorum file given"
    if made.quorum is not None:
        need = f"{made.quorum.needed} of {len(made.quorum.witnesses)}"
        witnessed = f"{made.quorum.witnessed} entries by {need}"
    mark = "none"
    if made.mark is not None:
        mark = f"of {made.mark.at}: size {made.mark.size}, root {made.mark.root}"
    how = "that the tree of the head holds each segment" if made.ranged else "the head"
    spans = {"span": _span(made), "how": how, "checkpoints": made.checkpoints}
    spans |= {"signatures": made.signatures, "cosignatures": made.cosignatures}
    parts = [
        "# Report on a ledger",
        f"Verdict: {verdict(made)}.",
        f"* log keys: {', '.join(made.keys) or 'none given'}\n* size: {made.size} entries\n"
        f"* root: {made.root}\n* signed: {made.signed} entries\n* witnessed: {witnessed}\n"
        f"* anchor: {anchor}\n* mark: {mark}\n"
        f"* checked: {made.at}, by {made.software}, on {made.database}",
        "## What was checked",
        "\n".join(f"* {level}: {DOES[level].format(**spans)}" for level in made.levels),
        "## What was not checked",
        "\n".join(f"* {sentence}" for sentence in made.unchecked),
        "## Findings",
        "\n".join(f"* {line}" for line in lines(made)) or "None.",
    ]
    return "\n\n".join(parts) + "\n"


def verdict(made: Audit) -> str:
    """How many findings there are; `ok` only where there are none and a signature was checked."""
    count = len(made.findings) + made.more
    if count:
        return f"{count} finding{'s' * (count > 1)}"
    if made.vouched:
        return "ok"
    if "chain" not in made.levels:
        why = "level chain does that"
    elif made.keys:
        why = "no checkpoint is stored; `timebank checkpoint` signs one"
    else:
        why = "give the log's verifier key with --vkey"
    return f"no finding, but no signature was checked: {why}"


def lines(made: Audit) -> list[str]:
    """The findings, a line each."""
    told = [
        f"{one.layer}{'' if one.seq is None else f' entry {one.seq}'}: {one.what}"
        for one in made.findings
    ]
    return [*told, f"and {made.more} more"] if made.more else told
