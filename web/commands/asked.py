"""What every command shares: what it was told, how it runs, answers and ends.

Knows exit codes and the two ways of answering, a sentence or one JSON object; refuses to know what
any command does.
"""

import asyncio
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec
import structlog
from rich.console import Console
from rich.progress import Progress, TaskID

from ledger.head import NotInstalled
from ledger.outages import is_away
from ledger.quorum import InvalidQuorum
from ledger.reader import Unreadable
from ledger.signer import UnusableKey
from timebank.master_keys import WrongMasterKey
from timebank.refusals import Denial, Refusal
from timebank.settings import Settings

UNUSABLE = (
    *(FileNotFoundError, InvalidQuorum, NotInstalled, Unreadable, UnusableKey, WrongMasterKey),
)
FOUND, USAGE, UNOPENED, HALTED, UNVOUCHED = 1, 2, 3, 4, 5
T = TypeVar("T")
# Never broken into lines: whoever reads errors in a file or a log finds the sentence whole.
console = Console(stderr=True, soft_wrap=True)


class Asked(msgspec.Struct):
    """What every command was told: the settings, and whether to answer in JSON."""

    settings: Settings
    json: bool


def _at_data(context: click.Context, option: click.Parameter, data: Path | None) -> None:
    if data is not None:
        told: Asked = context.obj
        context.obj = Asked(told.settings.model_copy(update={"data": data}), told.json)


at_data = click.option(
    "--data",
    type=click.Path(path_type=Path),
    callback=_at_data,
    expose_value=False,
    help="Directory of database and keys, where it was not named before the command.",
)


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a command's work; a refusal or a ledger that does not open ends the program.

    What is logged meanwhile goes to standard error: it is no part of the answer.
    """
    structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(sys.stderr))
    try:
        return asyncio.run(work)
    except (Refusal, Denial) as no:
        console.print(str(no), style="red")
        sys.exit(FOUND)
    except Exception as error:
        if not (isinstance(error, UNUSABLE) or is_away(error)):
            raise
        console.print(f"The ledger cannot be opened: {error}", style="red")
        sys.exit(UNOPENED)


def there(asked: Asked) -> Settings:
    """The settings of a ledger that is there; a missing one ends the program."""
    if not asked.settings.steady_key.exists():
        console.print(f"There is no ledger in {asked.settings.data}; run `timebank init`.")
        sys.exit(UNOPENED)
    return asked.settings


def say(asked: Asked, told: dict[str, Any], sentence: str) -> None:
    """Answer, in JSON if asked for."""
    click.echo(msgspec.json.encode(told).decode() if asked.json else sentence)


class Steps:
    """Shows a line of progress for each step of a long work."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.tasks: dict[str, TaskID] = {}

    def __call__(self, what: str, done: int, count: int) -> None:
        if what not in self.tasks:
            self.tasks[what] = self.progress.add_task(what, total=count)
        self.progress.update(self.tasks[what], completed=done)
