"""What `deploy/` says is true: the wheel is whole, an image's steps run, settings are settings.

Knows a Dockerfile's few instructions, which it runs in directories in place of images. At full size
everything that the time bank needs is fetched by its locked hash and installed where nothing is.
"""

import asyncio
import configparser
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import httpx
import pytest

from tests.clusters import cluster
from tests.conftest import Size
from timebank.settings import Settings
from web.cli import main
from web.commands import asked

ROOT = Path(__file__).resolve().parent.parent
DEPLOY = ROOT / "deploy"


def run(*words: str | Path, at: Path, **variables: str) -> str:
    """What a program says; it must end well. Nothing of this checkout is in its way."""
    around = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"} | variables
    done = subprocess.run(
        [*map(str, words)], cwd=at, env=around, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """What a fresh clone holds."""
    told = run("git", "ls-files", "-z", at=ROOT)
    made = tmp_path / "tree"
    for name in filter(None, told.split("\0")):
        if (ROOT / name).is_file():
            (made / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, made / name)
    return made


@asynccontextmanager
async def serving(command: Path, *words: str, at: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A server that a command starts, asked once it is up; it must end well when it is told to."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    around = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"}
    asked = (*words, "--port", str(port))
    process = await asyncio.create_subprocess_exec(command, *asked, cwd=at, env=around)
    try:
        address = f"http://127.0.0.1:{port}"
        async with httpx.AsyncClient(base_url=address, timeout=60, follow_redirects=True) as client:
            while not await up(client):
                assert process.returncode is None, "the server ended"
                await asyncio.sleep(0.2)
            yield client
        process.terminate()
        # It drains what waits and then ends by the signal, as uvicorn has it.
        assert await asyncio.wait_for(process.wait(), 60) == -signal.SIGTERM
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def up(client: httpx.AsyncClient) -> bool:
    """Whether it answers."""
    try:
        return (await client.get("/healthz")).is_success
    except httpx.TransportError:
        return False


async def check_pages(client: httpx.AsyncClient) -> None:
    """A page in Chinese, whatever it needs beside it, the API and the log."""
    page = await client.get("/")
    assert page.status_code == 200
    assert '<html lang="zh' in page.text
    beside = set(re.findall(r'(?:href|src)="(/static/[^"]+)"', page.text))
    assert beside
    for path in [*beside, "/readyz", "/ledger/checkpoint"]:
        assert (await client.get(path)).status_code == 200, path
    told = await client.post("/graphql", json={"query": "{ __typename }"})
    # The API's own word for a stranger's question.
    assert told.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


# The wheel


@pytest.mark.anyio
async def test_a_wheel_holds_all_that_a_server_needs(tree: Path, tmp_path: Path) -> None:
    """Installed where only other people's packages are found, it makes a ledger and serves it."""
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path, at=tree)
    (wheel,) = [name for name in os.listdir(tmp_path) if name.endswith(".whl")]
    shutil.rmtree(tree)
    run(sys.executable, "-m", "venv", "--without-pip", tmp_path / "env", at=tmp_path)
    python = tmp_path / "env/bin/python"
    purelib = Path(run(python, "-c", "import sysconfig as s; print(s.get_path('purelib'))",
                       at=tmp_path).strip())  # fmt: skip
    run(sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps",
        "--no-index", wheel, at=tmp_path)  # fmt: skip
    # A line of a .pth is a place to look in; the .pth files of that place, ours among them, are not
    # read again.
    (purelib / "others.pth").write_text(sysconfig.get_path("purelib"))
    found = run(python, "-c", "import web, timebank; print(web.__file__, timebank.__file__)",
                at=tmp_path)  # fmt: skip
    assert found.count(str(purelib)) == 2
    command = tmp_path / "env/bin/timebank"
    run(command, "--data", "d", "init", at=tmp_path)
    async with serving(command, "--data", "d", "serve", at=tmp_path) as client:
        await check_pages(client)


# The image


INSTRUCTION = re.compile(r"^(?P<word>[A-Z]+) (?P<rest>.*)$")


class Image:
    """A stage of a Dockerfile as a directory: what runs there sees its paths as relative ones."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.workdir = Path("/")
        self.variables: dict[str, str] = {}
        self.told: dict[str, str] = {}

    @property
    def here(self) -> Path:
        """The directory that commands run in."""
        return self.root / self.workdir.relative_to("/")


def built(dockerfile: Path, context: Path, place: Path) -> Image:
    """Run the steps of a Dockerfile one after another; the last stage."""
    stages: dict[str, Image] = {}
    image = Image(place)
    for line in dockerfile.read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        found = INSTRUCTION.match(line)
        assert found, line
        word, rest = found["word"], found["rest"].split()
        match word:
            case "FROM":
                # The tests' own Python stands for the image's.
                assert rest[0].startswith("python:3.11-"), line
                image = Image(place / str(len(stages)))
                stages[rest[2] if rest[1:2] == ["AS"] else ""] = image
            case "WORKDIR":
                image.workdir = Path(rest[0])
                image.here.mkdir(parents=True)
            case "COPY":
                source = context
                if rest[0].startswith("--from="):
                    source = stages[rest.pop(0).removeprefix("--from=")].root
                old, new = source / rest[0].lstrip("/"), image.here / rest[1]
                if old.is_dir():
                    shutil.copytree(old, new, dirs_exist_ok=True)
                else:
                    shutil.copy2(old, new)
            case "RUN":
                # Only root may give a directory away.
                step = found["rest"] if os.geteuid() == 0 else found["rest"].split(" && chown")[0]
                run("sh", "-euc", step, at=image.here, **image.variables)
            case "ENV":
                name, _, value = found["rest"].partition("=")
                image.variables[name] = value
            case "USER" | "VOLUME" | "EXPOSE" | "STOPSIGNAL" | "ENTRYPOINT" | "CMD":
                image.told[word] = found["rest"]
            case _:
                raise AssertionError(line)
    return image


@pytest.mark.anyio
async def test_the_dockerfile_s_steps_make_what_serves_the_demonstration(
    tree: Path, tmp_path: Path, size: Size
) -> None:
    if size != "full":
        pytest.skip("fetches sixty wheels: at full size")
    image = built(tree / "deploy/Dockerfile", tree, tmp_path / "images")
    (command,) = json.loads(image.told["ENTRYPOINT"])
    assert json.loads(image.told["CMD"])[0] in main.list_commands(None)  # type: ignore[arg-type]  # asks for no context
    python = image.here / "environment/bin/python"
    seen = run(python, "-m", "pip", "list", "--format", "freeze", at=image.here)
    locked = re.findall(
        r"^([\w.-]+==\S+)", (DEPLOY / "requirements.lock").read_text(), re.MULTILINE
    )
    there = {line.lower().replace("_", "-") for line in seen.split()}
    assert {line.lower().replace("_", "-") for line in locked} - there <= {"greenlet"}
    words = ("--data", "data", "demo")
    async with serving(image.here / command, *words, at=image.here) as client:
        await check_pages(client)


def test_the_image_s_lock_is_the_developers_lock_without_their_tools() -> None:
    """One set of versions: what was tested is what is installed."""

    def pins(path: Path) -> set[str]:
        return set(re.split(r"\n(?=\S)", path.read_text().strip()))

    image, developers = pins(DEPLOY / "requirements.lock"), pins(ROOT / "requirements.lock")
    assert len(image) > 40
    assert image < developers
    assert not any(pin.startswith(("pytest", "mypy", "playwright")) for pin in image)


# Settings of others


@pytest.fixture(scope="module")
def unit() -> configparser.RawConfigParser:
    """The systemd unit; names keep their case, and a name that comes twice keeps its last."""
    told = configparser.RawConfigParser(strict=False, comment_prefixes=("#",))
    told.optionxform = str  # type: ignore[assignment, method-assign]  # as its documentation says
    told.read_string((DEPLOY / "timebank.service").read_text())
    return told


def test_the_unit_runs_a_command_that_is_there(unit: configparser.RawConfigParser) -> None:
    service = unit["Service"]
    program, command, *options = service["ExecStart"].split()
    assert (Path(program).name, options) == ("timebank", [])
    assert command in main.list_commands(None)  # type: ignore[arg-type]  # asks for no context
    codes = {int(code) for code in service["RestartPreventExitStatus"].split()}
    assert codes == {asked.USAGE, asked.UNOPENED, asked.HALTED}


def test_systemd_understands_the_unit(tmp_path: Path, system_tool: Callable[[str], str]) -> None:
    system_tool("systemd-analyze")
    copy = tmp_path / "timebank.service"
    text = (DEPLOY / "timebank.service").read_text()
    copy.write_text(text.replace("/opt/timebank/bin/timebank", sys.executable))
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", "--threshold=20", "--no-pager", copy],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    assert "Unknown" not in done.stderr
    assert "Failed to parse" not in done.stderr


@pytest.mark.parametrize(
    "name", ["Dockerfile", "timebank.service", "nginx.conf", "postgresql.conf"]
)
def test_every_setting_that_is_named_is_one(name: str) -> None:
    known = {f"TIMEBANK_{field.upper()}" for field in Settings.model_fields}
    named = set(re.findall(r"TIMEBANK_[A-Z_]+", (DEPLOY / name).read_text()))
    assert named <= known


@pytest.fixture(scope="module")
def set_up() -> Iterator[dict[str, str]]:
    """What a server says of its settings that begins with the file of `deploy/`."""
    lines = (DEPLOY / "postgresql.conf").read_text()
    names = re.findall(r"^#?(\w+) = ", lines, re.MULTILINE)
    with cluster() as servers:
        node = servers.node()
        node.make()
        node.configure(lines)
        node.start()

        async def read() -> dict[str, str]:
            connection = await asyncpg.connect(node.url)
            try:
                return {name: await connection.fetchval(f"SHOW {name}") for name in names}
            finally:
                await connection.close()

        yield asyncio.run(read())


def test_postgresql_takes_the_settings(set_up: dict[str, str]) -> None:
    # What an acknowledged answer rests on, and what an erasure does.
    for name, value in {"fsync": "on", "synchronous_commit": "on", "wal_recycle": "off"}.items():
        assert set_up[name] == value
    assert len(set_up) > 12


def test_nginx_takes_the_site(tmp_path: Path, system_tool: Callable[[str], str]) -> None:
    system_tool("nginx")
    run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=time.example",
        "-keyout", "key.pem", "-out", "fullchain.pem", at=tmp_path)  # fmt: skip
    site = (DEPLOY / "nginx.conf").read_text().replace("/etc/ssl/timebank", str(tmp_path))
    around = f"pid {tmp_path}/pid;\nevents {{}}\nhttp {{\naccess_log off;\n{site}}}\n"
    (tmp_path / "nginx.conf").write_text(around)
    run("nginx", "-t", "-e", "stderr", "-c", tmp_path / "nginx.conf", at=tmp_path)
