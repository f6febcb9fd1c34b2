"""The command line: thin over the packages, and the composition root beside `web.app`.

Exit codes: 0 done; 1 something was found or refused, named on standard output; 2 the command was
used wrongly; 3 the ledger cannot be opened. With --json an answer is one JSON object.
"""

import asyncio
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec
import uvicorn
from rich.console import Console
from rich.progress import Progress

import schema
from timebank import access, bank, orm, replay, sign_in
from timebank.actors import SYSTEM
from timebank.divisions import CITY_PATH, adopt_divisions
from timebank.identity import DocumentType
from timebank.keys import RequestKey
from timebank.people import register_person
from timebank.refusals import Denial, Refusal
from timebank.settings import Settings
from timebank.vault import WrongMasterKey
from web import app

FOUND, USAGE, UNOPENED = 1, 2, 3
T = TypeVar("T")
console = Console(stderr=True)


class Asked(msgspec.Struct):
    """What every command was told: the settings, and whether to answer in JSON."""

    settings: Settings
    json: bool


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a command's work; a refusal or a ledger that does not open ends the program."""
    try:
        return asyncio.run(work)
    except (Refusal, Denial) as no:
        console.print(str(no), style="red")
        sys.exit(FOUND)
    except (WrongMasterKey, FileNotFoundError) as error:
        console.print(f"The ledger cannot be opened: {error}", style="red")
        sys.exit(UNOPENED)


def say(asked: Asked, told: dict[str, Any], sentence: str) -> None:
    """Answer, in JSON if asked for."""
    click.echo(msgspec.json.encode(told).decode() if asked.json else sentence)


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


@main.command()
@click.pass_obj
def init(asked: Asked) -> None:
    """Make a new ledger: keys, tables, the first policy, the city's divisions."""

    async def work() -> None:
        await bank.init(asked.settings)
        async with bank.open_bank(asked.settings):
            await adopt_divisions(SYSTEM)

    if asked.settings.master_key.exists():
        raise click.ClickException(f"there is a ledger in {asked.settings.data} already")
    run(work())
    say(asked, {"data": str(asked.settings.data)}, f"A new ledger is in {asked.settings.data}.")


@main.command()
@click.pass_obj
def migrate(asked: Asked) -> None:
    """Bring the tables of projections and vault up to date; the ledger itself never changes."""
    run(orm.migrate(asked.settings.database_url))
    say(asked, {"migrated": True}, "The tables are up to date.")


@main.command()
@click.option("--host", default=None, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=None)
@click.pass_obj
def serve(asked: Asked, host: str | None, port: int | None) -> None:
    """Serve the API and the pages."""
    if not asked.settings.master_key.exists():
        console.print(f"There is no ledger in {asked.settings.data}; run `timebank init`.")
        sys.exit(UNOPENED)
    listen(app.build(asked.settings), host or asked.settings.host, port or asked.settings.port)


def listen(application: Any, host: str, port: int) -> None:
    """Run the server until it is told to stop; what waits in the journal is drained."""
    uvicorn.run(
        application,
        host=host,
        port=port,
        log_level="warning",
        timeout_graceful_shutdown=10,
        ws_max_size=65536,
        server_header=False,
    )


@main.command("replay")
@click.option("--apply", "applying", is_flag=True, help="Refill the live tables; stop the server.")
@click.pass_obj
def replay_command(asked: Asked, applying: bool) -> None:
    """Rebuild every derived table from the ledger and compare, or refill with --apply."""
    from timebank import models

    del models
    with Progress(console=console) as progress:
        task = progress.add_task("entries", total=None)
        act = replay.apply if applying else replay.compare

        def advance(done: int) -> None:
            progress.update(task, completed=done)

        found = run(act(asked.settings.database_url, progress=advance))
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


@main.command()
@click.option("--name", prompt=True)
@click.option("--document-number", prompt=True, help="Resident identity number.")
@click.option("--phone", prompt=True)
@click.password_option()
@click.option(
    "--role", type=click.Choice([role.value for role in access.Role]), help="Role over the city."
)
@click.pass_obj
def user(
    asked: Asked, name: str, document_number: str, phone: str, password: str, role: str | None
) -> None:
    """Register an officer with a password, such as the first administrator."""

    async def work() -> tuple[str, str]:
        async with bank.open_bank(asked.settings):
            made = await register_person(
                SYSTEM,
                name=name,
                document=DocumentType.RESIDENT_ID,
                document_number=document_number,
                phone=phone,
                home=None,
                consent=True,
                key=RequestKey.once("cli"),
            )
            await sign_in.set_password(SYSTEM, whose=made.person, password=password)
            if role is not None:
                await access.grant_role(
                    SYSTEM,
                    person=made.person,
                    role=access.Role(role),
                    scope=CITY_PATH,
                    key=RequestKey.once("cli"),
                )
            return made.person, made.number

    person, number = run(work())
    say(asked, {"person": person, "number": number}, f"Registered as {number} ({person}).")


@main.command()
@click.argument("person")
@click.argument("role", type=click.Choice([role.value for role in access.Role]))
@click.argument("scope")
@click.pass_obj
def grant(asked: Asked, person: str, role: str, scope: str) -> None:
    """Give PERSON a ROLE over everything below the path SCOPE, such as 420100/420102/."""

    async def work() -> access.Granted:
        async with bank.open_bank(asked.settings):
            return await access.grant_role(
                SYSTEM,
                person=person,
                role=access.Role(role),
                scope=scope,
                key=RequestKey.once("cli"),
            )

    made = run(work())
    say(asked, {"grant": made.grant, "entry": made.entry}, f"Granted: {made.grant}.")


@main.command("schema")
def print_schema() -> None:
    """Print the API's schema."""
    click.echo(schema.printed(), nl=False)
