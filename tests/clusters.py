"""A PostgreSQL primary and its standbys, for tests that kill the one and promote another.

Knows the server programs of the package that the other tests use. Every server has its data and
its socket in a directory of its own; `Address` is a place that clients keep while the server behind
it changes, as a proxy or a virtual address does in front of Patroni.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import asyncpg
import psutil  # type: ignore[import-untyped]  # as everywhere without its stubs

from tests.copies import tools

# No test here takes the power away: a killed server's writes are in the system's memory.
COMMON = "fsync = off\nlisten_addresses = ''\nmax_connections = 60\nwal_keep_size = 64\n"
SECONDS = 60
OTHER_USER = "pgserver"
"""Made by the package that the other tests' server comes from, where tests run as root."""


class Node:
    """One server: its socket in `directory`, its data below."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.data = directory / "data"

    def start(self) -> None:
        """Start it and wait until it answers."""
        self._control("start", "-w", "-t", str(SECONDS), "-l", str(self.directory / "log"))

    def promote(self) -> None:
        """Make a standby the primary."""
        self._control("promote", "-w", "-t", str(SECONDS))

    def kill(self) -> None:
        """Kill every process of it, in one go, as a machine that fails does."""
        every = self._processes()
        for one in every:
            with suppress(psutil.NoSuchProcess):
                one.kill()
        psutil.wait_procs(every, timeout=SECONDS)
        # Where the dead are not waited for by their parent, their names stay; the lock must not.
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    @contextmanager
    def deaf(self) -> Iterator[None]:
        """While this lasts the standby hears nothing of its primary, and acknowledges nothing."""
        held = [one for one in self._processes() if "walreceiver" in " ".join(one.cmdline())]
        for one in held:
            one.suspend()
        yield
        for one in held:
            one.resume()

    def _processes(self) -> list[psutil.Process]:
        told = (self.data / "postmaster.pid").read_text()
        first = psutil.Process(int(told.partition("\n")[0]))
        return [first, *first.children(recursive=True)]

    def configure(self, text: str) -> None:
        """Add lines to its configuration."""
        with (self.data / "postgresql.conf").open("a") as configuration:
            configuration.write(text)

    def follow(self, primary: "Node", name: str) -> None:
        """Copy a primary and become its standby, known to it as `name`."""
        _run("pg_basebackup", "-D", self.data, "-R", "-X", "stream", "-c", "fast", "--no-sync",
             "-d", f"host={primary.directory} user=postgres application_name={name}")  # fmt: skip
        self.configure(f"unix_socket_directories = '{self.directory}'\n")

    def make(self) -> None:
        """Begin a primary of its own."""
        options = ("--no-sync", "--auth=trust", "--encoding=utf8", "-U", "postgres")
        _run("initdb", *options, "-D", self.data)
        self.configure(f"{COMMON}unix_socket_directories = '{self.directory}'\n")

    @property
    def url(self) -> str:
        """Its own address."""
        return f"postgresql://postgres@/postgres?host={self.directory}"

    async def wait_for(self, name: str) -> None:
        """Let every commit wait from now on until the standby of this name has it too."""
        connection = await asyncpg.connect(self.url)
        try:
            quorum = f"ANY 1 ({name})"
            await connection.execute(f"ALTER SYSTEM SET synchronous_standby_names = '{quorum}'")
            await connection.execute("SELECT pg_reload_conf()")
        finally:
            await connection.close()

    def _control(self, *words: str) -> None:
        _run("pg_ctl", "-D", self.data, *words)


class Address:
    """A directory whose name stays and whose server changes."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def lead_to(self, node: Node) -> None:
        """Let who connects from now on find this server."""
        draft = self.path.with_name("draft")
        draft.symlink_to(node.directory)
        draft.replace(self.path)

    @property
    def url(self) -> str:
        """Where clients connect."""
        return f"postgresql://postgres@/postgres?host={self.path}"


class Cluster:
    """Nodes side by side, and the address in front of them."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.nodes: list[Node] = []
        self.address = Address(directory / "now")

    def node(self) -> Node:
        """A place for one more server."""
        place = self._directory / f"n{len(self.nodes)}"
        place.mkdir(mode=0o700)
        if os.geteuid() == 0:
            shutil.chown(place, OTHER_USER)
        self.nodes.append(Node(place))
        return self.nodes[-1]


def _user() -> str | None:
    """Who runs servers: they refuse to be run by root."""
    return OTHER_USER if os.geteuid() == 0 else None


def _run(program: str, *words: object) -> None:
    with tempfile.TemporaryFile() as said:
        # Not a pipe: the server would inherit it and it would never end.
        done = subprocess.run(
            [tools() / program, *map(str, words)],
            stdout=said,
            stderr=subprocess.STDOUT,
            user=_user(),
            cwd="/",
            timeout=2 * SECONDS,
            check=False,
        )
        said.seek(0)
        assert done.returncode == 0, said.read().decode()


@contextmanager
def cluster() -> Iterator[Cluster]:
    """An empty cluster; whatever runs at the end is killed."""
    directory = Path(tempfile.mkdtemp(prefix="timebank-cluster-"))
    directory.chmod(0o755)
    made = Cluster(directory)
    try:
        yield made
    finally:
        for node in made.nodes:
            if (node.data / "postmaster.pid").exists():
                node.kill()
        shutil.rmtree(directory, ignore_errors=True)
