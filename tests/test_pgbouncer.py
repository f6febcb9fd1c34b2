"""Behind pgbouncer, a session a client: everything works, by the settings that it lets through.

A real one in front of the tests' server. It refuses a client that names at its start a setting
other than the few it follows, so that ours are set by statements.
"""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ledger.verify import verify
from tests.clusters import OTHER_USER
from tests.conftest import PostgresServer
from tests.test_failover import FIRST_POLICY
from tests.wire import ask
from tests.world import open_world
from timebank.timers import alone

CONFIGURATION = """
[databases]
* = host={server} user=postgres
[pgbouncer]
listen_addr =
unix_socket_dir = {directory}
auth_type = any
pool_mode = session
max_client_conn = 50
default_pool_size = 20
"""


@pytest.fixture
def bouncing(postgres_server: PostgresServer, system_tool: Callable[[str], str]) -> Iterator[Path]:
    """The directory of the socket of a pgbouncer in front of the tests' server."""
    program = system_tool("pgbouncer")
    directory = Path(tempfile.mkdtemp(prefix="timebank-pgbouncer-"))
    told = CONFIGURATION.format(server=postgres_server.directory, directory=directory)
    (directory / "pgbouncer.ini").write_text(told)
    # It refuses to be run by root.
    other = OTHER_USER if os.geteuid() == 0 else None
    if other:
        for one in (directory, directory / "pgbouncer.ini"):
            shutil.chown(one, other)
    process = subprocess.Popen([program, "--quiet", directory / "pgbouncer.ini"], user=other)
    try:
        while not (directory / ".s.PGSQL.6432").exists():
            assert process.poll() is None
            time.sleep(0.05)
        yield directory
    finally:
        process.kill()
        process.wait()
        shutil.rmtree(directory)


@pytest.mark.anyio
async def test_a_city_works_behind_pgbouncer(
    bouncing: Path, postgres_server: PostgresServer, postgres_url: str, tmp_path: Path
) -> None:
    database = postgres_url.partition("@/")[2].partition("?")[0]
    url = f"postgresql://postgres@/{database}?host={bouncing}&port=6432"
    async with open_world(url, tmp_path, policy=FIRST_POLICY) as world:
        someone = await world.volunteer()
        told = await ask(world, someone, "query { me { number } }")
        assert told["me"]["number"]
        async with alone(url) as first, alone(url) as second:
            assert (first, second) == (True, False)
    assert (await verify(url)).sound
