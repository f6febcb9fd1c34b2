"""The command line: thin over the packages, and the composition root beside `web.app`.

Exit codes: 0 done; 1 something was found or refused, named on standard output; 2 the command was
used wrongly; 3 the ledger cannot be opened; 4 database and anchor disagree, so that nothing is
written or signed. With --json an answer is one JSON object.
"""

from pathlib import Path
from typing import Any

import click

import schema
from timebank.settings import Settings
from web.commands import (
    auditing,
    backups,
    certifying,
    copies,
    exporting,
    importing,
    keys,
    ledgers,
    mending,
    officers,
    roles,
    serving,
    signing,
    timers,
    verifying,
    witnessing,
)
from web.commands.asked import Asked


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--data", type=click.Path(path_type=Path), help="Directory of database and keys.")
@click.option("--database", help="Database URL; by default SQLite in the data directory.")
@click.option("--json", "in_json", is_flag=True, help="Answer in JSON.")
@click.version_option(package_name="timebank")
@click.pass_context
def main(context: click.Context, data: Path | None, database: str | None, in_json: bool) -> None:
    """A volunteer time bank whose books anyone can check."""
    given: dict[str, Any] = {"data": data, "database": database}
    told = {name: value for name, value in given.items() if value is not None}
    context.obj = Asked(Settings(**told), in_json)


@main.command("schema")
def print_schema() -> None:
    """Print the API's schema."""
    click.echo(schema.printed(), nl=False)


for command in (
    ledgers.init,
    ledgers.migrate,
    ledgers.verify,
    ledgers.replay_command,
    ledgers.doctor,
    roles.database_role,
    officers.user,
    officers.grant,
    serving.serve,
    serving.demo,
    backups.backup,
    backups.restore,
    keys.keys,
    mending.adopt,
    mending.resume,
    mending.correct_clock,
    signing.checkpoint,
    signing.publisher,
    signing.receipt,
    importing.importing,
    witnessing.witness,
    witnessing.quorum,
    exporting.exporting,
    timers.timers,
):
    main.add_command(command)

for check in (
    auditing.verify_ledger,
    certifying.verify_certificate,
    certifying.verify_entitlement,
    verifying.verify_receipt,
    verifying.verify_checkpoint,
    copies.verify_copy,
):
    ledgers.verify.add_command(check)
