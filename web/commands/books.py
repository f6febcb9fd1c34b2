"""Commands that write the books out for other people's software."""

import contextlib
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import click
from rich.progress import Progress

from timebank import beancount_books, exports
from web.commands.asked import Asked, Steps, at_data, console, run, say


@contextlib.contextmanager
def drafted(*places: Path) -> Iterator[list[TextIO]]:
    """Files that appear at their places, whole, when nothing failed; else none of them does."""
    drafts = [place.with_name(f"{place.name}.{secrets.token_hex(4)}.part") for place in places]
    try:
        with contextlib.ExitStack() as stack:
            yield [stack.enter_context(exports.create(draft)) for draft in drafts]
        for draft, place in zip(drafts, places, strict=True):
            draft.replace(place)
    finally:
        for draft in drafts:
            draft.unlink(missing_ok=True)


def told(asked: Asked, source: exports.Source, places: list[Path]) -> None:
    """Say what was written and which state of the log it is."""
    named = [str(place) for place in places]
    size, root = source.tip.size, source.root.hex()
    sentence = f"{', '.join(named)}: {size} entries, root {root}"
    say(asked, {"files": named, "size": size, "root": root}, sentence)


@click.command("books")
@click.argument("file", type=click.Path(dir_okay=False, writable=True, path_type=Path))
@at_data
@click.pass_obj
def export_books(asked: Asked, file: Path) -> None:
    """Write the books to FILE for Beancount: transactions from the bytes, balances from tables.

    `bean-check FILE` compares the two; Fava shows them. The file holds opaque ids and no name.
    """
    with Progress(console=console) as progress, drafted(file) as (draft,):
        steps = Steps(progress)
        source = run(
            beancount_books.write_books(
                asked.settings.database_url,
                draft,
                lambda done, size: steps("entries", done, size),
            )
        )
    told(asked, source, [file])


@click.command("csv")
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path))
@at_data
@click.pass_obj
def export_csv(asked: Asked, directory: Path) -> None:
    """Write entries.csv and postings.csv to DIRECTORY, for any spreadsheet.

    A cell that a spreadsheet would run begins with an apostrophe.
    """
    directory.mkdir(parents=True, exist_ok=True)
    places = [directory / "entries.csv", directory / "postings.csv"]
    with Progress(console=console) as progress, drafted(*places) as (entries, postings):
        steps = Steps(progress)
        source = run(
            exports.write_csv(
                asked.settings.database_url,
                entries,
                postings,
                lambda done, size: steps("entries", done, size),
            )
        )
    told(asked, source, places)
