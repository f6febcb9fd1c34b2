"""Commands about the database's own roles, which are no persons."""

import click

from ledger.roles import UnfitRole, permit
from timebank.tables import TABLES
from web.commands.asked import Asked, run, say


@click.command("database-role")
@click.argument("name")
@click.pass_obj
def database_role(asked: Asked, name: str) -> None:
    """Let the PostgreSQL role NAME serve this ledger: append to it, and nothing more.

    Run it as the owner of the tables, after init and after every migrate. A role that is missing is
    made; it has no password until the database gives it one.
    """
    try:
        run(permit(asked.settings.database_url, name, others=list(TABLES)))
    except (UnfitRole, ValueError) as error:
        raise click.ClickException(str(error)) from error
    say(asked, {"role": name}, f"{name} may serve the ledger, and change nothing that is in it.")
