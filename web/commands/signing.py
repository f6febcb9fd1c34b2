"""Commands about what the log says of itself: checkpoints and receipts."""

import sys

import click

from ledger import receipts
from ledger.anchor import AnchorHeld, Verdict
from ledger.publisher import Halted
from ledger.reader import open_reader
from timebank import bank, publication
from timebank.settings import Settings
from web.commands.asked import FOUND, HALTED, Asked, console, run, say, there


@click.command()
@click.pass_obj
def checkpoint(asked: Asked) -> None:
    """Sign the log as it is, unless a server does, and print the latest checkpoint."""
    note = run(_latest(there(asked)))
    say(asked, {"checkpoint": note}, note.rstrip("\n"))


async def _latest(settings: Settings) -> str:
    await sign_now(settings)
    quorum = publication.read_quorum(settings)
    async with open_reader(settings.database_url) as reader:
        note = await receipts.latest_checkpoint(reader, quorum)
    return note or settings.anchor_file.read_text("utf-8")


async def sign_now(settings: Settings) -> None:
    """Sign the log as it is, unless a server does; what must not be signed ends the program."""
    async with bank.open_bank(settings):
        try:
            await publication.publish_once(settings)
        except AnchorHeld:
            # A server signs, at the latest a second from now.
            pass
        except Halted as halt:
            console.print(str(halt), style="red")
            sys.exit(HALTED)


@click.command()
@click.pass_obj
def publisher(asked: Asked) -> None:
    """Sign the log while servers write it, until stopped: for a machine of its own."""

    async def work() -> Verdict | None:
        settings = there(asked)
        async with bank.open_bank(settings) as opened:
            signing = publication.Publication(settings, opened.writer)
            await signing.run()
            return signing.halted

    console.print(f"Signing {asked.settings.origin}; Ctrl+C ends it.")
    halted = run(work())
    console.print(f"The log is no longer signed: {halted or 'its key is not here'}.", style="red")
    sys.exit(HALTED)


@click.command()
@click.argument("seq", type=click.IntRange(min=0))
@click.pass_obj
def receipt(asked: Asked, seq: int) -> None:
    """Print the receipt of entry SEQ, which proves it to anybody without this software."""

    async def work() -> receipts.Issued:
        settings = there(asked)
        quorum = publication.read_quorum(settings)
        async with open_reader(settings.database_url) as reader:
            return await receipts.issue(reader, seq, quorum)

    try:
        told = run(work())
    except receipts.NoSuchEntry:
        console.print(f"There is no entry {seq}.", style="red")
        sys.exit(FOUND)
    except receipts.NotYetSigned:
        console.print(f"Entry {seq} is not signed yet; run `timebank checkpoint`.", style="red")
        sys.exit(FOUND)
    say(asked, {"receipt": told.text, "state": told.state}, told.text.rstrip("\n"))
