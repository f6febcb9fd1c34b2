"""The command that writes the log as tiles, for mirrors and for auditors."""

import sys
from pathlib import Path

import click
from rich.progress import Progress

from ledger.checkpoint import InvalidNote
from ledger.merkle import InvalidProof
from ledger.mirror import AnotherMirror, Mirrored, NothingSigned, mirror
from ledger.reader import open_reader
from timebank import publication
from web.commands.asked import FOUND, Asked, Steps, at_data, console, run, say
from web.commands.signing import sign_now


@click.command("tiles")
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False))
@at_data
@click.pass_obj
def export_tiles(asked: Asked, directory: Path) -> None:
    """Write checkpoint, verifier key, hash tiles and entries (C2SP tlog-tiles) to DIRECTORY.

    The log is signed first, where its key is here and no server signs it. Run it again to go on
    with what was broken off, or to bring the directory up to the latest checkpoint. The entries, in
    tile/entries, are for auditors; the rest is everybody's.
    """

    async def work(steps: Steps) -> Mirrored:
        settings = asked.settings
        log = publication.read_verifiers(settings)
        if settings.log_key.exists():
            await sign_now(settings)
        async with open_reader(settings.database_url) as reader:
            return await mirror(
                reader,
                directory,
                log=log,
                quorum=publication.read_quorum(settings),
                progress=lambda done, count: steps("files", done, count),
            )

    try:
        with Progress(console=console) as progress:
            done = run(work(Steps(progress)))
    except NothingSigned:
        console.print("Nothing is signed yet; whoever holds the log's key signs it.", style="red")
        sys.exit(FOUND)
    except AnotherMirror as no:
        console.print(f"{directory} is left as it is: {no}.", style="red")
        sys.exit(FOUND)
    except (InvalidNote, InvalidProof, LookupError) as found:
        console.print(f"The ledger is not what was signed: {found}.", style="red")
        sys.exit(FOUND)
    say(
        asked,
        {
            "directory": str(directory),
            "size": done.size,
            "root": done.root.hex(),
            "written": done.written,
            "kept": done.kept,
        },
        f"size {done.size}\nroot {done.root.hex()}\n{done.written} files written, {done.kept} kept",
    )
