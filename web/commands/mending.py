"""Commands that let a ledger go on which stopped itself."""

import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import click

from ledger.anchor import AnchorHeld
from ledger.checkpoint import InvalidNote
from ledger.publisher import Halted
from timebank import bank, publication, stops
from web.commands.asked import FOUND, HALTED, Asked, console, run, say, there

T = TypeVar("T")
by = click.option(
    "--by",
    "persons",
    required=True,
    multiple=True,
    help="Id of an operator, who is asked for a password; give two.",
)


def two(persons: tuple[str, ...]) -> stops.Two:
    """The two who vouch, each asked for their own password."""
    if len(persons) != 2:
        raise click.UsageError("give --by twice: two persons are needed")
    first, second = (
        stops.Keeper(who, click.prompt(f"Password of {who}", hide_input=True, err=True))
        for who in persons
    )
    return first, second


def tried(work: Coroutine[Any, Any, T]) -> T:
    """Run a command's work; what stands in its way ends the program with a sentence."""
    try:
        return run(work)
    except Halted as halt:
        console.print(str(halt), style="red")
        sys.exit(HALTED)
    except InvalidNote as error:
        told = f"The checkpoint is not one of this log: {error}"
    except AnchorHeld:
        told = "Something still signs this log; end it first."
    except asyncpg.InsufficientPrivilegeError:
        told = "The database's user may not lift a stop; name its owner's address with --database."
    console.print(told, style="red", soft_wrap=True)
    sys.exit(FOUND)


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.pass_obj
def adopt(asked: Asked, file: Path) -> None:
    """Name the largest checkpoint a witness has seen, in FILE, for an anchor that is lost."""
    note = file.read_bytes().decode(errors="replace")

    async def work() -> None:
        async with bank.open_bank(there(asked)):
            await publication.adopt(asked.settings, note)

    tried(work())
    say(asked, {"adopted": note}, "The checkpoint is the anchor now, and the log extends it.")


@click.command()
@by
@click.pass_obj
def resume(asked: Asked, persons: tuple[str, ...]) -> None:
    """Lift the stop, once database and anchor agree again and nothing signs."""
    settings = there(asked)
    keepers = two(persons)

    async def work() -> stops.Resumed:
        async with bank.open_bank(settings):
            return await stops.resume(settings, keepers)

    made = tried(work())
    say(
        asked,
        {"entry": made.entry, "reason": made.reason},
        f"The ledger takes entries again (it stopped for: {made.reason}); entry {made.entry}.",
    )


@click.command("correct-clock")
@by
@click.option("--set", "was_set", is_flag=True, help="It was rightly set while a server ran.")
@click.pass_obj
def correct_clock(asked: Asked, persons: tuple[str, ...], was_set: bool) -> None:
    """Vouch for a clock that is behind the last entry, because the last entry's time is wrong.

    With --set: for one that was set, and that running servers refuse therefore.
    """
    settings = there(asked)
    keepers = two(persons)

    async def work() -> stops.Corrected:
        async with bank.open_bank(settings):
            return await stops.correct_clock(keepers, was_set=was_set)

    made = tried(work())
    say(
        asked,
        {"entry": made.entry, "ahead": made.ahead},
        f"The clock is followed, {made.ahead} seconds behind the last entry; entry {made.entry}.",
    )
