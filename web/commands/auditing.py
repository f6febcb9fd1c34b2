"""The command that checks a whole ledger, for operators every day and for auditors on paper."""

import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import click
import msgspec
from rich.progress import Progress

from ledger.checkpoint import MAX_NOTE, Checkpoint, InvalidNote, Verifier, claimed, open_note
from ledger.marks import UnusableMark
from ledger.quorum import InvalidQuorum, Quorum
from timebank import audits, log_keys
from web.commands.asked import FOUND, UNVOUCHED, Asked, Steps, at_data, console, run, say
from web.commands.verifier_keys import Key
from web.commands.verifying import Unread, read_quorum

EVERY_DAY: tuple[audits.Level, ...] = ("storage", "chain", "books")
IN_A_RANGE: tuple[audits.Level, ...] = ("storage", "chain")


class Span(click.ParamType[tuple[int, int]]):
    """FROM:TO, two positions, the second not among those meant."""

    name = "from:to"

    def convert(
        self,
        value: str | tuple[int, int],
        param: click.Parameter | None,
        context: click.Context | None,
    ) -> tuple[int, int]:
        """The two positions, or wrong use."""
        if isinstance(value, tuple):
            return value
        found = re.fullmatch(r"([0-9]{1,15}):([0-9]{1,15})", value)
        if found is None or int(found[1]) >= int(found[2]):
            self.fail("two positions such as 0:65536", param, context)
        return int(found[1]), int(found[2])


@click.command("ledger")
@click.option(
    "--level",
    "levels",
    type=click.Choice(audits.LEVELS),
    multiple=True,
    help="Repeatable; storage, chain and books if none is named.",
)
@click.option("--range", "span", type=Span(), help="Read the bytes of these entries alone.")
@click.option(
    "--mark",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Go on from this file's mark, and renew it; it is made where it is not there.",
)
@click.option("--processes", type=click.IntRange(1, 64), help="As many as processors, if unset.")
@click.option(
    "--vkey",
    "keys",
    type=Key(),
    multiple=True,
    help="Who signs the log; repeatable. By default the keys beside the ledger, if there are.",
)
@click.option(
    "--quorum", type=click.File("rb"), help="Whose cosignatures count; the log must have them."
)
@click.option("--anchor", type=click.File("rb"), help="A checkpoint that the log must extend.")
@click.option(
    "--report",
    "reports",
    type=click.Path(dir_okay=False, path_type=Path),
    multiple=True,
    help="Write a report to file: JSON where the name ends so, else text; repeatable.",
)
@at_data
@click.pass_obj
def verify_ledger(
    asked: Asked,
    levels: tuple[audits.Level, ...],
    span: tuple[int, int] | None,
    mark: Path | None,
    processes: int | None,
    keys: tuple[Verifier, ...],
    quorum: BinaryIO | None,
    anchor: BinaryIO | None,
    reports: tuple[Path, ...],
) -> None:
    """Check a ledger from its raw rows; with no option: storage, chain and books.

    It needs the database alone and no server. Level chain checks signatures too, with keys that are
    given or lie beside the ledger; where it checked none it never says ok, and ends with exit code
    5. Level projections rebuilds every derived table. A range and a mark shorten level chain. The
    answer says what was left out.
    """
    if span is not None and (mark is not None or set(levels) - set(IN_A_RANGE)):
        raise click.UsageError("--range goes with the levels storage and chain, and with no --mark")
    own = not keys and asked.settings.log_vkey.exists()
    if own:
        keys = log_keys.read_all(asked.settings)
    with Progress(console=console) as progress:
        try:
            made = run(
                audits.audit(
                    asked.settings.database_url,
                    now=datetime.now(UTC),
                    levels=levels or (EVERY_DAY if span is None else IN_A_RANGE),
                    log=keys or None,
                    own=own,
                    quorum=None if quorum is None else _quorum(quorum, keys),
                    anchor=None if anchor is None else _anchor(anchor.read(MAX_NOTE + 1), keys),
                    mark=mark,
                    span=span,
                    progress=Steps(progress),
                    processes=processes,
                )
            )
        except UnusableMark as error:
            raise click.BadParameter(str(error), param_hint="--mark") from None
    for path in reports:
        if path.suffix == ".json":
            path.write_bytes(msgspec.json.format(msgspec.json.encode(made)) + b"\n")
        else:
            path.write_text(audits.written(made), "utf-8")
    _answer(asked, made)


def _quorum(file: BinaryIO, keys: tuple[Verifier, ...]) -> Quorum:
    """The quorum of a file; wrong use where it is none, or names another log than `keys`."""
    try:
        return read_quorum(file, keys)
    except (InvalidQuorum, Unread) as error:
        raise click.BadParameter(str(error), param_hint="--quorum") from None


def _anchor(data: bytes, keys: tuple[Verifier, ...]) -> Checkpoint:
    """What an anchor's file says; wrong use where it is none, or nobody of `keys` signed it."""
    try:
        note = data.decode("utf-8")
        if len(data) > MAX_NOTE:
            raise InvalidNote("form", "too long")
        return open_note(note, keys).checkpoint if keys else claimed(note)
    except (InvalidNote, UnicodeDecodeError) as error:
        raise click.BadParameter(f"no checkpoint: {error}", param_hint="--anchor") from None


def _answer(asked: Asked, made: audits.Audit) -> None:
    if made.mark is not None and made.first:
        at, size = made.mark.at, made.mark.size
        console.print(f"Went on at entry {made.first} from the mark of {at}, {size} entries.")
    told = [f"size {made.size}", f"root {made.root}", f"signed {made.signed}"]
    told += [f"key {name}" for name in made.keys]
    told += [audits.verdict(made), *audits.lines(made)]
    told += [f"not checked: {sentence}" for sentence in audits.left_out(made)]
    say(asked, msgspec.to_builtins(made), "\n".join(told))
    if not made.sound:
        sys.exit(FOUND)
    if "chain" in made.levels and not made.vouched:
        sys.exit(UNVOUCHED)
