"""Commands that listen: the server, and the demonstration city."""

import sys
import tempfile
from pathlib import Path
from typing import Any

import click
import uvicorn
from rich.progress import Progress

from timebank import demo_city
from web import app
from web.commands.asked import UNOPENED, Asked, Steps, console, run, say, there


@click.command()
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


@click.command()
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
