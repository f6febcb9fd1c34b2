"""Commands about the keys that sign the log."""

import click

from timebank import bank, log_keys, publication
from web.commands.asked import Asked, run, say, there


@click.group()
def keys() -> None:
    """The keys that sign the log: which they are, and how one replaces another."""


@keys.command("list")
@click.pass_obj
def list_keys(asked: Asked) -> None:
    """Print the verifier keys: those that sign now, then those that did once."""
    settings = there(asked)
    signing = [key.text for key in publication.read_verifiers(settings)]
    retired = [key.text for key in log_keys.read_retired(settings)]
    told = [*(f"signs    {text}" for text in signing), *(f"retired  {text}" for text in retired)]
    say(asked, {"signing": signing, "retired": retired}, "\n".join(told))


@keys.command()
@click.pass_obj
def rotate(asked: Asked) -> None:
    """Make the next key. From the next start on both sign; give the new key to everybody."""

    async def work() -> log_keys.KeysChanged:
        async with bank.open_bank(there(asked)):
            return await log_keys.rotate(asked.settings)

    made = run(work())
    say(
        asked,
        {"old": made.old, "new": made.new, "entry": made.entry},
        f"{made.new} signs beside {made.old} once what signs the log is started again.",
    )


@keys.command()
@click.pass_obj
def retire(asked: Asked) -> None:
    """End the old key, once everybody who checks the log has the new one."""

    async def work() -> log_keys.KeysChanged:
        async with bank.open_bank(there(asked)):
            return await log_keys.retire(asked.settings)

    made = run(work())
    say(
        asked,
        {"old": made.old, "new": made.new, "entry": made.entry},
        f"{made.old} has ended; {made.new} signs alone once what signs the log is started again.",
    )
