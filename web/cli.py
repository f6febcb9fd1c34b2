"""The command line: thin over the packages, and the composition root beside `web.app`.

Exit codes: 0 done; 1 something was found or refused, named on standard output; 2 the command was
used wrongly; 3 the ledger cannot be opened. With --json an answer is one JSON object.
"""

import asyncio
import sys
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec
import uvicorn
from rich.console import Console
from rich.progress import Progress, TaskID

import ledger.verify
import schema
from timebank import access, accounts, actors, bank, demo_city, orm, replay, rosters, sign_in
from timebank.actors import SYSTEM
from timebank.divisions import CITY_PATH, adopt_divisions
from timebank.identity import DocumentType
from timebank.keys import RequestKey
from timebank.people import register_person
from timebank.refusals import Denial, Refusal
from timebank.settings import Settings
from timebank.vault import WrongMasterKey
from web import app
from web.doctor import examine

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


def there(asked: Asked) -> Settings:
    """The settings of a ledger that is there; a missing one ends the program."""
    if not asked.settings.master_key.exists():
        console.print(f"There is no ledger in {asked.settings.data}; run `timebank init`.")
        sys.exit(UNOPENED)
    return asked.settings


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
    run(orm.migrate(there(asked).database_url))
    say(asked, {"migrated": True}, "The tables are up to date.")


@main.command()
@click.option("--host", default=None, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=None)
@click.pass_obj
def serve(asked: Asked, host: str | None, port: int | None) -> None:
    """Serve the API and the pages."""
    settings = there(asked)
    listen(app.build(settings), host or settings.host, settings.port if port is None else port)


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


@main.group()
def verify() -> None:
    """Check what this software claims."""


@verify.command("ledger")
@click.pass_obj
def verify_ledger(asked: Asked) -> None:
    """Check the whole ledger from its raw rows: storage, chain and books."""
    with Progress(console=console) as progress:
        steps = Steps(progress)
        report = run(
            ledger.verify.verify(
                asked.settings.database_url,
                floor=accounts.floor,
                holder=accounts.holder,
                progress=steps,
            )
        )
    verdict = "ok" if report.sound else f"{len(report.findings) + report.more} findings"
    say(
        asked,
        msgspec.to_builtins(report),
        f"size {report.size}\nroot {report.root}\n{verdict}",
    )
    if not asked.json:
        for found in report.findings:
            where = "" if found.seq is None else f" entry {found.seq}"
            click.echo(f"{found.layer}{where}: {found.what}")
    if not report.sound:
        sys.exit(FOUND)


@main.command("replay")
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


@main.command()
@click.pass_obj
def doctor(asked: Asked) -> None:
    """Look at key, database, clock, fences, tables and disk, and say what is not well."""
    found = run(examine(there(asked)))
    told = "\n".join(f"{'ok  ' if one.well else 'BAD '}{one.name}: {one.seen}" for one in found)
    say(asked, {"findings": msgspec.to_builtins(found)}, told)
    if not all(one.well for one in found):
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
        async with bank.open_bank(there(asked)):
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
        async with bank.open_bank(there(asked)):
            return await access.grant_role(
                SYSTEM,
                person=person,
                role=access.Role(role),
                scope=scope,
                key=RequestKey.once("cli"),
            )

    made = run(work())
    say(asked, {"grant": made.grant, "entry": made.entry}, f"Granted: {made.grant}.")


@main.command()
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True)
@click.option("--seed-only", is_flag=True, help="Make the city and exit.")
@click.option("--data", type=click.Path(path_type=Path), help="Where the city is kept.")
@click.pass_obj
def demo(asked: Asked, port: int, seed_only: bool, data: Path | None) -> None:
    """Make the demonstration city, if it is not there yet, and serve it on this machine alone."""
    place = data or Path(tempfile.mkdtemp(prefix="timebank-demo-"))
    settings = asked.settings.model_copy(update={"data": place, "database": ""})
    if not settings.master_key.exists():
        with Progress(console=console) as progress:
            size = run(demo_city.make(settings, Steps(progress)))
        say(asked, {"data": str(place), "size": size}, f"The city is in {place}: {size} entries.")
    if not run(demo_city.is_demo(settings)):
        console.print(f"The ledger in {place} is no demonstration.", style="red")
        sys.exit(UNOPENED)
    if seed_only:
        return
    console.print(f"Open http://127.0.0.1:{port}/ - Ctrl+C ends it.")
    listen(app.build(settings, demo=True), "127.0.0.1", port)


class Steps:
    """Shows a line of progress for each step of a long work."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.tasks: dict[str, TaskID] = {}

    def __call__(self, what: str, done: int, count: int) -> None:
        if what not in self.tasks:
            self.tasks[what] = self.progress.add_task(what, total=count)
        self.progress.update(self.tasks[what], completed=done)


@main.group("import")
def importing() -> None:
    """Read real files in."""


@importing.command("roster")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--as", "person", required=True, help="Id of the person whose rights are used.")
@click.option("--dry-run", is_flag=True, help="Check every row and write nothing.")
@click.pass_obj
def import_roster(asked: Asked, file: Path, person: str, dry_run: bool) -> None:
    """Record the rows of a CSV or XLSX roster; every bad row is named."""

    async def work() -> rosters.Imported:
        with Progress(console=console) as progress:
            task = progress.add_task("rows", total=None)

            def advance(done: rosters.Imported) -> None:
                progress.update(task, completed=done.read)

            async with bank.open_bank(there(asked)):
                actor = actors.person(person)
                return await rosters.import_roster(actor, file, dry_run=dry_run, progress=advance)

    done = run(work())
    for bad in done.bad:
        where = f" {bad.column}" if bad.column else ""
        click.echo(f"row {bad.row}{where}: {bad.refusal.message()}")
    say(
        asked,
        {"read": done.read, "captured": done.captured, "bad": len(done.bad)},
        f"{done.read} rows read, {done.captured} captured, {len(done.bad)} bad",
    )
    if done.bad:
        sys.exit(FOUND)


@main.command("schema")
def print_schema() -> None:
    """Print the API's schema."""
    click.echo(schema.printed(), nl=False)
