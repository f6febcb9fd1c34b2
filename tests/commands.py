"""The commands as an operator types them: in this process, or where that matters in one of its own.

Starting a process and importing everything in it takes longer than most of the commands.
"""

import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

from click.testing import CliRunner, Result

from tests import founded
from web.cli import main


def timebank(*words: str) -> Result:
    """A command in this process, and what it came to; what nobody foresaw is raised.

    In a thread of its own: in the caller's a loop may be running.
    """
    with ThreadPoolExecutor(max_workers=1) as alone:
        return alone.submit(CliRunner().invoke, main, words, catch_exceptions=False).result()


def process(*words: str) -> subprocess.CompletedProcess[str]:
    """A command in a process of its own, when it has ended."""
    told = [sys.executable, "-c", "from web.cli import main; main()", *words]
    return subprocess.run(told, capture_output=True, text=True, check=False, timeout=120)


def new_ledger(data: Path) -> str:
    """The directory of a new ledger as `init` makes it, copied from one made once a process."""
    shutil.copytree(_model(), data)
    return str(data)


@cache
def _model() -> Path:
    data = Path(founded.directory().name) / "begun"
    made = timebank("--data", str(data), "init")
    assert made.exit_code == 0, made.stderr
    return data
