"""The command that finishes erasures: for an operator, at an hour when few ask."""

import sys

import click
import msgspec

from timebank import bank
from timebank.erasures import Rounds, finish_everything
from web.commands.asked import FOUND, Asked, run, say, there


@click.command()
@click.pass_obj
def erase(asked: Asked) -> None:
    """Finish every erasure that is due and scrub the database's files.

    On PostgreSQL the tables of personal data are locked while they are written anew. What the
    database keeps all the same is said, and opens until the month's key is destroyed.
    """

    async def work() -> Rounds:
        async with bank.open_bank(there(asked)):
            return await finish_everything()

    done = run(work())
    says = f"{done.erased} persons are erased, {done.kept} are kept by an open matter."
    say(asked, msgspec.to_builtins(done), "\n".join((says, *done.left)))
    if done.left:
        sys.exit(FOUND)
