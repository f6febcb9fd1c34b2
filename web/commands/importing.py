"""Commands that read files in."""

import sys
from pathlib import Path

import click
from rich.progress import Progress

from timebank import actors, bank, roster_imports
from timebank.record_life import Evidence, LateReason
from web.commands.asked import FOUND, UNOPENED, Asked, console, run, say, there


@click.group("import")
def importing() -> None:
    """Read real files in."""


@importing.command("roster")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--as", "person", required=True, help="Id of the person whose rights are used.")
@click.option("--late", type=click.Choice(list(LateReason)), help="Why it comes after its days.")
@click.option(
    "--evidence", type=click.Choice(list(Evidence)), help="For the district: what attests it."
)
@click.option("--dry-run", is_flag=True, help="Check every row and write nothing.")
@click.pass_obj
def import_roster(
    asked: Asked, file: Path, person: str, late: str | None, evidence: str | None, dry_run: bool
) -> None:
    """Record the rows of a CSV or XLSX roster; every bad row is named."""

    async def work() -> tuple[roster_imports.Imported, Exception | None]:
        with Progress(console=console) as progress:
            task = progress.add_task("rows", total=None)

            def advance(done: roster_imports.Imported) -> None:
                progress.update(task, completed=done.read)

            async with bank.open_bank(there(asked)):
                actor = actors.person(person)
                try:
                    done = await roster_imports.import_roster(
                        actor,
                        file,
                        dry_run=dry_run,
                        late=LateReason(late) if late else None,
                        evidence=Evidence(evidence) if evidence else None,
                        progress=advance,
                    )
                except roster_imports.ImportStopped as stopped:
                    return stopped.done, stopped
                return done, None

    done, stopped = run(work())
    for bad in done.bad:
        where = f" {bad.column}" if bad.column else ""
        click.echo(f"row {bad.row}{where}: {bad.refusal.message()}")
    say(
        asked,
        {"read": done.read, "captured": done.captured, "known": done.known, "bad": len(done.bad)},
        f"{done.read} rows read, {done.captured} captured, {done.known} in before,"
        f" {len(done.bad)} bad",
    )
    if stopped is not None:
        console.print(f"The import stopped here: {stopped.__cause__}", style="red")
        console.print("Run it again when the ledger is back: it takes only what is not in yet.")
        sys.exit(UNOPENED)
    if done.bad:
        sys.exit(FOUND)
