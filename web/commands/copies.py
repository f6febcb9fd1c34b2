"""The command that checks a person's copy of their data: no database, no network, only a key."""

from typing import BinaryIO

import click

from ledger.checkpoint import Verifier
from timebank.portability import PortableCopy, open_copy
from web.commands.asked import Asked, run, say
from web.commands.verifier_keys import Key

MOST_BYTES = 64 << 20


@click.command("copy")
@click.option("--vkey", "key", type=Key(), required=True, help="The bank's key for copies.")
@click.argument("file", type=click.File("rb"))
@click.pass_obj
def verify_copy(asked: Asked, file: BinaryIO, key: Verifier) -> None:
    """Check offline that the bank with this key signed the copy in FILE."""

    async def work() -> PortableCopy:
        return open_copy(file.read(MOST_BYTES).decode(errors="replace"), key)

    told = run(work())
    records = len(told.records)
    say(
        asked,
        {
            "bank": told.bank,
            "number": told.number,
            "service_minutes": told.service_minutes,
            "records": records,
        },
        f"{told.bank} signed this copy for {told.number} at {told.made_at:%Y-%m-%d}: "
        f"{records} records, {told.service_minutes} minutes of service.",
    )
