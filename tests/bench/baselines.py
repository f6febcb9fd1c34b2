"""Baselines: what the parts below do by themselves, with nothing of ours.

pgbench of the PostgreSQL that the tests carry, sqlite3 row by row, and a Starlette route that
answers a constant. Each is measured in the run of what is compared with it.
"""

import re
import socket
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from tests.copies import tools

SCALE = 20
CLIENTS = (16, 32, 64)


class Pgbench:
    """TPC-B-like transactions on a database of their own, by the best of some numbers of clients.

    fsync and synchronous_commit are as the server has them: on.
    """

    def __init__(self, url: str, *, scale: int = SCALE, seconds: int = 5) -> None:
        found = re.fullmatch(r"postgresql://postgres@/(\w+)\?host=(.*)", url)
        if found is None:
            raise ValueError(url)
        self.database, self.directory = found.groups()
        self.seconds = seconds
        self._run("-i", "-q", "-s", str(scale))
        self.clients = max(CLIENTS, key=lambda many: self._rate(many, max(1, seconds // 2)))

    def rate(self) -> float:
        """Transactions a second."""
        return self._rate(self.clients, self.seconds)

    def _rate(self, clients: int, seconds: int) -> float:
        told = self._run("-c", str(clients), "-j", "2", "-T", str(seconds), "-M", "prepared", "-n")
        (rate,) = re.findall(r"^tps = ([\d.]+)", told, re.MULTILINE)
        return float(rate)

    def _run(self, *options: str) -> str:
        program = str(tools() / "pgbench")
        asked = [program, "-h", self.directory, "-U", "postgres", *options, self.database]
        return subprocess.run(asked, check=True, capture_output=True, text=True).stdout


def sqlite_commits(directory: Path, *, seconds: float = 3) -> float:
    """Rows a second that sqlite3 commits one by one: write-ahead log, synchronous=FULL."""
    file = sqlite3.connect(directory / f"raw-{time.monotonic_ns()}.db", isolation_level=None)
    try:
        file.execute("PRAGMA journal_mode = WAL")
        file.execute("PRAGMA synchronous = FULL")
        file.execute("CREATE TABLE line (id integer PRIMARY KEY, said text NOT NULL)")
        done, said = 0, "x" * 600
        began = time.perf_counter()
        while (took := time.perf_counter() - began) < seconds:
            file.execute("INSERT INTO line (said) VALUES (?)", (said,))
            done += 1
        return done / took
    finally:
        file.close()


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


async def _hello(request: Request) -> JSONResponse:
    return JSONResponse({"hello": "world"})


if __name__ == "__main__":
    bare = Starlette(routes=[Route("/", _hello)])
    uvicorn.run(bare, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
