"""Commands about the ledger itself: making, migrating, replaying, looking after it."""

import contextlib
import sys

import click
import msgspec
from rich.progress import Progress

from ledger.head import Stopped
from ledger.twigs import add_twigs
from timebank import bank, orm, replay
from timebank.actors import SYSTEM
from timebank.divisions import adopt_divisions
from web.commands.asked import FOUND, Asked, console, run, say, there
from web.doctor import examine


@click.command()
@click.pass_obj
def init(asked: Asked) -> None:
    """Make a new ledger: keys, tables, the first policy, the city's divisions."""

    async def work() -> None:
        await bank.init(asked.settings)
        async with bank.open_bank(asked.settings):
            await adopt_divisions(SYSTEM)

    if asked.settings.steady_key.exists():
        raise click.ClickException(f"there is a ledger in {asked.settings.data} already")
    run(work())
    say(asked, {"data": str(asked.settings.data)}, f"A new ledger is in {asked.settings.data}.")


@click.command()
@click.pass_obj
def migrate(asked: Asked) -> None:
    """Bring the tables of projections and vault up to date; the ledger itself never changes."""

    async def work() -> None:
        url = there(asked).database_url
        await orm.migrate(url)
        # A stopped ledger does without them until the next time.
        with contextlib.suppress(Stopped):
            await add_twigs(url)

    run(work())
    say(asked, {"migrated": True}, "The tables are up to date.")


@click.command("replay")
@click.option("--apply", "applying", is_flag=True, help="Refill the live tables; stop the server.")
@click.pass_obj
def replay_command(asked: Asked, applying: bool) -> None:
    """Rebuild every derived table from the ledger and compare, or refill with --apply."""
    with Progress(console=console) as progress:
        task = progress.add_task("entries", total=None)
        act = replay.apply if applying else replay.compare

        def advance(done: int) -> None:
            progress.update(task, completed=done)

        found = run(act(there(asked).database_url, progress=advance))
    rate = round(found.entries / found.seconds) if found.seconds else 0
    say(
        asked,
        msgspec.to_builtins(found),
        f"{found.entries} entries, {rate} a second; {len(found.differences)} differences",
    )
    for difference in found.differences:
        click.echo(str(difference))
    if found.differences and not applying:
        sys.exit(FOUND)


@click.command()
@click.pass_obj
def doctor(asked: Asked) -> None:
    """Look at key, database, clock, fences, tables and disk, and say what is not well."""
    found = run(examine(there(asked)))
    told = "\n".join(f"{'ok  ' if one.well else 'BAD '}{one.name}: {one.seen}" for one in found)
    say(asked, {"findings": msgspec.to_builtins(found)}, told)
    if not all(one.well for one in found):
        sys.exit(FOUND)
