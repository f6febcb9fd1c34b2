"""Commands about the keys: those that sign the log, and the master key that seals everything."""

import click
from rich.progress import Progress

from timebank import bank, log_keys, master_keys, master_rotation, publication, vault
from timebank.portability import portable_signer
from web.commands.asked import Asked, Steps, console, run, say, there


@click.group()
def keys() -> None:
    """The keys that sign the log, and the master key: how one replaces another."""


@keys.command("list")
@click.pass_obj
def list_keys(asked: Asked) -> None:
    """Print the verifier keys that sign now and those that did once, and the master key's id."""
    settings = there(asked)
    signing = [key.text for key in publication.read_verifiers(settings)]
    retired = [key.text for key in log_keys.read_retired(settings)]
    masters = [master.id for master in master_keys.read_masters(settings)]
    told = [*(f"signs    {text}" for text in signing), *(f"retired  {text}" for text in retired)]
    copies = portable_signer(vault.Keyring(settings)).verifier.text
    told += [*(f"master   {id}" for id in masters), f"copies   {copies}"]
    say(
        asked,
        {"signing": signing, "retired": retired, "master": masters, "copies": copies},
        "\n".join(told),
    )


@keys.command()
@click.option("--master", is_flag=True, help="Replace the master key, while the ledger is served.")
@click.pass_obj
def rotate(asked: Asked, master: bool) -> None:
    """Make the next key. From the next start on both sign; give the new key to everybody."""
    if master:
        _rotate_master(asked)
        return

    async def work() -> log_keys.KeysChanged:
        async with bank.open_bank(there(asked)):
            return await log_keys.rotate(asked.settings)

    made = run(work())
    say(
        asked,
        {"old": made.old, "new": made.new, "entry": made.entry},
        f"{made.new} signs beside {made.old} once what signs the log is started again.",
    )


def _rotate_master(asked: Asked) -> None:
    with Progress(console=console) as progress:
        steps = Steps(progress)

        async def work() -> master_rotation.MasterChanged:
            async with bank.open_bank(there(asked)):
                return await master_rotation.rotate(asked.settings, steps)

        made = run(work())
    after = (
        "The old one is destroyed."
        if master_keys.in_file(asked.settings)
        else "Now give it as the master key, and the old one no more; then start servers again."
    )
    say(
        asked,
        {"old": made.old, "new": made.new, "keys": made.keys, "entry": made.entry},
        f"{made.new} seals {made.keys} keys in place of {made.old}. {after}",
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
