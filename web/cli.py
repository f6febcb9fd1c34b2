"""The command line: thin over the packages, and the composition root beside `web.app`.

Exit codes: 0 done; 1 something was found or refused, named on standard output; 2 the command was
used wrongly; 3 the ledger cannot be opened; 4 database and anchor disagree, so that nothing is
written or signed; 5 `verify ledger` found nothing and checked no signature. With --json an answer
is one JSON object.
"""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from sys import modules
from typing import Any

import click

from timebank.settings import WrongSettings, read_settings
from web.collector import resting, settle
from web.commands.asked import Asked

ALONE = {
    "verify": {
        "checkpoint": "verifying.verify_checkpoint",
        "receipt": "verifying.verify_receipt",
    },
    "main": {"quorum": "witnessing.quorum", "witness": "witnessing.witness"},
}
WHOLE = {
    "verify": {
        "certificate": "certifying.verify_certificate",
        "copy": "copies.verify_copy",
        "entitlement": "certifying.verify_entitlement",
        "ledger": "auditing.verify_ledger",
    },
    "main": {
        "adopt": "mending.adopt",
        "ask": "asking.ask",
        "backup": "backups.backup",
        "checkpoint": "signing.checkpoint",
        "correct-clock": "mending.correct_clock",
        "database-role": "roles.database_role",
        "demo": "serving.demo",
        "doctor": "ledgers.doctor",
        "erase": "erasing.erase",
        "export": "exporting.exporting",
        "grant": "officers.grant",
        "import": "importing.importing",
        "init": "ledgers.init",
        "keys": "keys.keys",
        "migrate": "ledgers.migrate",
        "policy": "policies.policy",
        "publisher": "signing.publisher",
        "receipt": "signing.receipt",
        "replay": "ledgers.replay_command",
        "restore": "backups.restore",
        "resume": "mending.resume",
        "schema": "serving.print_schema",
        "serve": "serving.serve",
        "timers": "timers.timers",
        "user": "officers.user",
    },
}

MODELS = "timebank.models"


class Later(click.Group):
    """Imports a command when it is asked for: whoever checks a file waits for nothing else.

    Those `alone` need files and keys only; those `whole` open a ledger, and know every kind of
    entry there is.
    """

    def __init__(self, name: str, **given: Any) -> None:
        super().__init__(name, **given)
        self.alone: Mapping[str, str] = ALONE[name]
        self.whole: Mapping[str, str] = WHOLE[name]

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every command there is, by name."""
        return sorted({*self.commands, *self.alone, *self.whole})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a name, None where there is none."""
        place = self.whole.get(cmd_name) or self.alone.get(cmd_name)
        if place is None:
            return super().get_command(ctx, cmd_name)
        module, _, name = place.partition(".")
        wanted = [f"web.commands.{module}"]
        if cmd_name in self.whole:
            wanted.insert(0, MODELS)
        if not modules.keys() >= set(wanted):
            with resting():
                for each in wanted:
                    import_module(each)
            settle()
        command: click.Command = getattr(modules[wanted[-1]], name)
        return command


@click.group("main", cls=Later, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--data", type=click.Path(path_type=Path), help="Directory of database and keys.")
@click.option("--database", help="Database URL; by default SQLite in the data directory.")
@click.option("--json", "in_json", is_flag=True, help="Answer in JSON.")
@click.version_option(package_name="timebank")
@click.pass_context
def main(context: click.Context, data: Path | None, database: str | None, in_json: bool) -> None:
    """A volunteer time bank whose books anyone can check."""
    given: dict[str, Any] = {"data": data, "database": database}
    told = {name: value for name, value in given.items() if value is not None}
    try:
        context.obj = Asked(read_settings(**told), in_json)
    except WrongSettings as wrong:
        raise click.UsageError(str(wrong)) from None


@main.group(cls=Later)
def verify() -> None:
    """Check what this software claims."""
