"""Commands that copy a ledger and put a copy back."""

import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

import click

from ledger.backup import BackupExists, DamagedBackup, TargetNotEmpty, ToolFailed
from ledger.checkpoint import InvalidNote, Verifier
from timebank import backups, succession
from timebank.file_copies import FilesFound
from timebank.file_store import store_of
from web.commands.asked import FOUND, Asked, console, run, say, there
from web.commands.mending import two
from web.commands.verifier_keys import Key

T = TypeVar("T")
SAID: dict[type[Exception], str] = {
    BackupExists: "Something is there already, and no backup is overwritten: {0}",
    DamagedBackup: "This is no whole backup: {0}",
    TargetNotEmpty: "A backup is restored only where nothing is: {0}",
    ToolFailed: "PostgreSQL's program did not do it: {0}",
    InvalidNote: "The checkpoint is not one of this log: {0}",
}


def tried(work: Coroutine[Any, Any, T]) -> T:
    """Run a command's work; what stands in its way ends the program with a sentence."""
    try:
        return run(work)
    except (BackupExists, DamagedBackup, InvalidNote, TargetNotEmpty, ToolFailed) as error:
        console.print(SAID[type(error)].format(error), style="red", soft_wrap=True)
        sys.exit(FOUND)


@click.command()
@click.argument("directory", type=click.Path(path_type=Path))
@click.pass_obj
def backup(asked: Asked, directory: Path) -> None:
    """Copy the ledger into the new DIRECTORY, served or not; never a key and never the anchor."""
    made = tried(backups.make(there(asked), directory))
    elsewhere = store_of(asked.settings).elsewhere
    keys = ", ".join(f"{key.use} {key.id}" for key in made.keys)
    say(
        asked,
        {
            "directory": str(directory),
            "size": made.size,
            "root": made.root,
            "files_elsewhere": elsewhere,
        },
        f"{made.size} entries, root {made.root}, are in {directory}.\n"
        f"Keep the keys elsewhere; the copy needs: {keys}."
        + (f"\nFiles are not in it: they lie in {elsewhere}." if elsewhere else ""),
    )


@click.command()
@click.argument("directory", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--witnessed",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File of the largest checkpoint that a witness has seen.",
)
@click.option("--vkey", "keys", type=Key(), multiple=True, help="Key of the log; repeatable.")
@click.option("--accept-loss", is_flag=True, help="Open a new log with what is left of the old.")
@click.option("--without-names", is_flag=True, help="Give up names whose keys are destroyed.")
@click.option("--by", "persons", multiple=True, help="Operator who accepts the loss; give two.")
@click.pass_obj
def restore(
    asked: Asked,
    directory: Path,
    witnessed: Path | None,
    keys: tuple[Verifier, ...],
    accept_loss: bool,
    without_names: bool,
    persons: tuple[str, ...],
) -> None:
    """Put the backup in DIRECTORY where no ledger is, after verifying and comparing it."""
    note = None if witnessed is None else witnessed.read_bytes().decode(errors="replace")
    if accept_loss:
        keepers = two(persons)
        made = tried(
            succession.succeed(
                there(asked),
                directory,
                keepers,
                witnessed=note,
                keys=keys,
                without_names=without_names,
            )
        )
        say(
            asked,
            {
                "origin": made.origin,
                "former": made.former,
                "signed": made.signed,
                "kept": made.kept,
            },
            f"The log {made.origin} takes the place of {made.former}: {made.kept} of "
            f"{made.signed} signed entries are carried. The old log's keys, anchor and copy are in "
            f"{made.evidence}. Tell everybody the new key: timebank keys list.",
        )
        return
    told = tried(
        backups.restore(
            asked.settings, directory, witnessed=note, keys=keys, without_names=without_names
        )
    )
    size, compared = told.manifest.size, told.compared.size
    again, lost = told.fitted.erased, told.fitted.given_up
    files = told.files or FilesFound()
    say(
        asked,
        {
            "size": size,
            "root": told.manifest.root,
            "compared": compared,
            "erased": again,
            "given_up": lost,
            "files": files.sound,
            "missing": list(files.missing),
            "wrong": list(files.wrong),
        },
        f"{size} entries are in place; they verify and extend the {compared} that were signed. "
        f"{again} persons were erased again; {lost} rows whose keys are destroyed were given up. "
        f"{files.sound} files are as committed to, {len(files.missing)} are missing and "
        f"{len(files.wrong)} are others.",
    )
