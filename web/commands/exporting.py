"""The group of commands that write the ledger out."""

import click

from web.commands import books, mirroring


@click.group("export")
def exporting() -> None:
    """Write the ledger out for auditors, mirrors and other people's software."""


for command in (books.export_books, books.export_csv, mirroring.export_tiles):
    exporting.add_command(command)
