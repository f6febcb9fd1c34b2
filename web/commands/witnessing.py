"""Commands of a witness: running one, and writing down how many of them make a quorum."""

import os
import secrets
import sys
import time
from pathlib import Path

import click
import uvicorn

from ledger.checkpoint import InvalidNote, Verifier
from ledger.quorum import InvalidQuorum, Member, Quorum, parse_quorum, survivors
from ledger.signer import UnusableKey
from ledger.witness import KEY_FILE, UnusableWitness, Witness
from web import witness as app
from web.commands.asked import UNOPENED, Asked, console, say
from web.commands.verifier_keys import Key

SECRET_BYTES = 32


@click.command()
@click.option("--log-vkey", "logs", type=Key(), required=True, multiple=True, help="Repeatable.")
@click.option("--state", type=click.Path(file_okay=False, path_type=Path), required=True)
@click.option("--name", help="Makes a new witness of this name in an empty directory.")
@click.option(
    "--secret-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Random bytes that seal the key; by default a file in the directory.",
)
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=8100, show_default=True)
@click.option("--init-only", is_flag=True, help="Print the verifier key and exit.")
@click.pass_obj
def witness(
    asked: Asked,
    logs: tuple[Verifier, ...],
    state: Path,
    name: str | None,
    secret_file: Path | None,
    host: str,
    port: int,
    init_only: bool,
) -> None:
    """Watch a log: cosign its checkpoints as long as each extends the one before."""
    try:
        secret = _secret(secret_file or state / "secret", made=not (state / KEY_FILE).exists())
        opened = Witness(state, logs, secret=secret, name=name)
    except (InvalidNote, OSError, UnusableKey, UnusableWitness) as error:
        console.print(f"The witness cannot be opened: {error}", style="red", soft_wrap=True)
        sys.exit(UNOPENED)
    try:
        say(asked, {"vkey": opened.verifier.text}, opened.verifier.text)
        if not init_only:
            uvicorn.run(
                app.build(opened, clock=lambda: int(time.time())),
                host=host,
                port=port,
                log_level="warning",
                timeout_graceful_shutdown=10,
                server_header=False,
            )
    finally:
        opened.close()


@click.command()
@click.option("--log-vkey", "logs", type=Key(), required=True, multiple=True, help="Repeatable.")
@click.option("--needed", type=click.IntRange(1), help="By default more than two thirds.")
@click.argument("witnesses", nargs=-1, required=True, metavar="VKEY[@URL]...")
@click.pass_obj
def quorum(
    asked: Asked, logs: tuple[Verifier, ...], needed: int | None, witnesses: tuple[str, ...]
) -> None:
    """Print the quorum file of witnesses: for the log's settings, and for whoever verifies."""
    try:
        members = [_member(told) for told in witnesses]
        made = Quorum(tuple(members), needed or survivors(len(members)), logs)
        text = parse_quorum(made.text).text
    except (InvalidNote, InvalidQuorum) as error:
        raise click.UsageError(f"no quorum: {error}") from error
    say(asked, {"quorum": text}, text.rstrip("\n"))


def _member(told: str) -> Member:
    key, _, url = told.partition("@")
    verifier = Verifier.parse(key)
    return Member(verifier.name, verifier, url or None)


def _secret(path: Path, *, made: bool) -> bytes:
    """The secret at `path`; made for its owner's eyes only while no key is sealed with another."""
    if made and not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(SECRET_BYTES))
            file.flush()
            os.fsync(file.fileno())
    secret = path.read_bytes()
    if len(secret) < SECRET_BYTES:
        raise UnusableKey(f"{path} holds less than {SECRET_BYTES} bytes")
    return secret
