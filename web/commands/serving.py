"""Commands that listen: the server, and the demonstration city."""

import gc
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import click
import uvicorn
from rich.progress import Progress

import schema
from ledger.anchor import Verdict
from timebank import demo_city, publication
from web import app
from web.address import is_loopback
from web.collector import resting, settle
from web.commands.asked import (
    HALTED,
    UNOPENED,
    Asked,
    Steps,
    at_data,
    console,
    run,
    say,
    there,
)
from web.frames import Frames

READ_ONLY = "Pages and reads are served; nothing is written or signed."
EXPLAINED = {
    Verdict.FRESH: "The ledger was never begun; make a new one with `timebank init`.",
    Verdict.ROLLED_BACK: "The database is older than the last signed checkpoint: a backup was put "
    f"back, or it is the wrong file. {READ_ONLY}",
    Verdict.FORK: "The database tells another history than the one that was signed. Nothing is "
    "served: keep the database and the anchor as evidence.",
    Verdict.LOST_ANCHOR: "The last signed checkpoint is lost. Name the largest one that a witness "
    f"has seen. {READ_ONLY}",
    Verdict.LOST_DATABASE: "The database is empty, and the log was signed before: it is lost. "
    "Restore a backup; an empty log is not started in its place.",
}
"""What each row of the start-up table (ledger format 7) means for whoever starts a server."""
SWITCH_SECONDS = 0.0005
"""The longest that the loop goes on while the thread that reads SQLite waits for its turn.

A page reads a dozen times; at Python's own 5 ms each of them waits so long whenever the loop is
busy with others (measured: 116 ms for twelve reads beside a busy loop, 23 with this).
"""
PROXIES = "FORWARDED_ALLOW_IPS"
"""The variable in which uvicorn is told whose word on a request's origin it believes."""
KEPT = click.Path(exists=True, dir_okay=False)
REFUSED = frozenset({Verdict.FRESH, Verdict.FORK, Verdict.LOST_DATABASE})


@click.command("schema")
def print_schema() -> None:
    """Print the API's schema."""
    click.echo(schema.printed(), nl=False)


@click.command()
@click.option("--host", default=None, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=None)
@click.option("--certificate", type=KEPT, help="TLS: the certificates' chain, PEM.")
@click.option("--private-key", type=KEPT, help="TLS: the certificate's key, PEM.")
@click.pass_obj
def serve(
    asked: Asked,
    host: str | None,
    port: int | None,
    certificate: str | None,
    private_key: str | None,
) -> None:
    """Serve the API and the pages.

    To other machines only by TLS: with a certificate here, or behind a proxy that has one and is
    named in FORWARDED_ALLOW_IPS.
    """
    settings = there(asked)
    host = host or settings.host
    if (certificate is None) is not (private_key is None):
        raise click.UsageError("A certificate and its private key go together: name both.")
    if certificate is None and not is_loopback(host) and not os.environ.get(PROXIES):
        raise click.UsageError(
            f"On {host} other machines would send passwords unencrypted. Name --certificate and "
            f"--private-key, or in {PROXIES} the proxy in front that has them."
        )
    verdict = run(publication.examine(settings))
    if verdict is not Verdict.GO:
        console.print(EXPLAINED[verdict], style="red")
    if verdict in REFUSED:
        sys.exit(HALTED)
    if damage := run(publication.damage_left(settings)):
        console.print(f"The database is damaged, and nothing is served: {damage[0]}.", style="red")
        sys.exit(HALTED)
    # Opening it once, too: what keeps it from opening is said in a sentence, not by a server.
    if run(demo_city.is_demo(settings)):
        console.print(
            f"The ledger in {settings.data} is a demonstration: `timebank demo` alone serves it.",
            style="red",
        )
        sys.exit(UNOPENED)
    with resting():
        application = app.build(settings)
    port = settings.port if port is None else port
    listen(application, host, port, certificate=certificate, private_key=private_key)
    if run(publication.examine(settings)) is not Verdict.GO:
        sys.exit(HALTED)


def listen(
    application: Any,
    host: str,
    port: int,
    *,
    certificate: str | None = None,
    private_key: str | None = None,
) -> None:
    """Run the server until it is told to stop; what waits in the journal is drained.

    What it begins with, modules and schema, lives as long as it: the collector need never walk it.
    """
    gc.collect()
    settle()
    sys.setswitchinterval(SWITCH_SECONDS)
    uvicorn.run(
        application,
        host=host,
        port=port,
        ssl_certfile=certificate,
        ssl_keyfile=private_key,
        log_level="warning",
        timeout_graceful_shutdown=10,
        ws=Frames,
        ws_max_size=65536,
        ws_per_message_deflate=False,
        server_header=False,
    )


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True)
@click.option("--seed-only", is_flag=True, help="Make the city and exit.")
@at_data
@click.pass_obj
def demo(asked: Asked, port: int, seed_only: bool) -> None:
    """Make the demonstration city, if it is not there yet, and serve it on this machine alone.

    It is kept in the directory of --data, before or behind the command, or in a new one.
    """
    settings = asked.settings
    if settings.database:
        raise click.UsageError("The demonstration keeps its own SQLite file: name no database.")
    if "data" not in settings.model_fields_set:
        made = Path(tempfile.mkdtemp(prefix="timebank-demo-"))
        settings = settings.model_copy(update={"data": made})
    if not settings.steady_key.exists():
        with Progress(console=console) as progress:
            size = run(demo_city.make(settings, Steps(progress)))
        place = str(settings.data)
        say(asked, {"data": place, "size": size}, f"The city is in {place}: {size} entries.")
    if not run(demo_city.is_demo(settings)):
        console.print(f"The ledger in {settings.data} is no demonstration.", style="red")
        sys.exit(UNOPENED)
    if seed_only:
        return
    console.print(f"Open http://127.0.0.1:{port}/ - Ctrl+C ends it.")
    with resting():
        application = app.build(settings, demo=True)
    listen(application, "127.0.0.1", port)
