"""A witness over HTTP and from the command line: statuses as C2SP tlog-witness has them."""

import asyncio
import json
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from ledger.checkpoint import Signer, Verifier, verify_cosignature
from ledger.submission import MAX_SUBMISSION, build_submission
from ledger.witness import STATE_FILE, Witness
from tests.ledgers import SIGNER
from tests.witnesses import Tree, new_witness
from web import witness as app

pytestmark = pytest.mark.anyio

NOW = 1_700_000_000
TREE = Tree(400)
OTHER = Tree(400, kind="other")


@pytest.fixture
def witness(tmp_path: Path) -> Iterator[Witness]:
    made = new_witness(tmp_path / "w")
    yield made
    made.close()


@pytest.fixture
async def client(witness: Witness) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=app.build(witness, clock=lambda: NOW))
    async with httpx.AsyncClient(transport=transport, base_url="http://w.example") as made:
        yield made


async def post(client: httpx.AsyncClient, body: bytes) -> httpx.Response:
    """The answer to an `add-checkpoint` request."""
    return await client.post("/add-checkpoint", content=body)


# The protocol


async def test_a_cosignature_is_a_line_of_text(client: httpx.AsyncClient, witness: Witness) -> None:
    for old, new in ((0, 300), (300, 300), (300, 400)):
        answer = await post(client, TREE.request(old, new))
        assert (answer.status_code, answer.headers["content-type"]) == (
            200,
            "text/plain; charset=utf-8",
        )
        assert verify_cosignature(TREE.note(new), answer.text, witness.verifier) == NOW


async def test_a_conflict_names_the_size_in_its_own_type(client: httpx.AsyncClient) -> None:
    await post(client, TREE.request(0, 300))
    for body in (TREE.request(0, 400), TREE.request(200, 400), OTHER.request(300, 300)):
        answer = await post(client, body)
        assert (answer.status_code, answer.text) == (409, "300\n")
        assert answer.headers["content-type"] == "text/x.tlog.size"


async def test_every_refusal_has_the_status_that_the_specification_gives(
    client: httpx.AsyncClient,
) -> None:
    await post(client, TREE.request(0, 300))
    stranger = Signer("stranger.example", b"x" * 32)
    impostor = Signer("log.example", b"i" * 32)
    for status, body in (
        (400, b""),
        (400, TREE.request(300, 400)[:-1]),
        (400, build_submission(300, (), TREE.note(200))),
        (403, Tree(400, signer=impostor).request(300, 400)),
        (404, Tree(400, signer=stranger).request(300, 400)),
        (409, TREE.request(0, 400)),
        (413, TREE.request(300, 400) + bytes(MAX_SUBMISSION)),
        (422, OTHER.request(300, 400)),
    ):
        assert (await post(client, body)).status_code == status
    assert (await client.get("/add-checkpoint")).status_code == 405
    assert (await client.post("/")).status_code == 404


async def test_a_body_without_end_is_left_unread(client: httpx.AsyncClient) -> None:
    sent = 0

    async def flood() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 1024
            yield bytes(1024)

    answer = await client.post("/add-checkpoint", content=flood())
    assert answer.status_code == 413
    assert sent <= MAX_SUBMISSION + 2048


async def test_a_body_that_never_comes_is_not_waited_for(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def stall() -> AsyncIterator[bytes]:
        yield b"old 0\n"
        await asyncio.sleep(60)

    monkeypatch.setattr(app, "SECONDS_TO_SEND", 0.05)
    answer = await client.post("/add-checkpoint", content=stall())
    assert answer.status_code == 408


# The command


def command(*words: str) -> list[str]:
    """How the command line is run."""
    return [sys.executable, "-c", "from web.cli import main; main()", "witness", *words]


@contextmanager
def running(*words: str) -> Iterator[tuple[httpx.Client, Verifier]]:
    """A witness in a process of its own: how to ask it, and the key that it printed."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        command("--port", str(port), *words), stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        key = Verifier.parse(process.stdout.readline().strip())
        with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
            for _ in range(200):
                try:
                    client.get("/")
                    break
                except httpx.ConnectError:
                    time.sleep(0.05)
            yield client, key
    finally:
        process.terminate()
        process.wait(timeout=30)
        process.stdout.close()


def test_a_witness_runs_restarts_and_will_not_run_without_its_memory(tmp_path: Path) -> None:
    state = tmp_path / "w"
    words = ["--log-vkey", SIGNER.verifier.text, "--state", str(state)]
    with running(*words, "--name", "w.example/1") as (client, key):
        answer = client.post("/add-checkpoint", content=TREE.request(0, 300))
        told = verify_cosignature(TREE.note(300), answer.text, key)
        assert abs(told - time.time()) < 60
        second = subprocess.run(command(*words), capture_output=True, text=True, check=False)
        assert (second.returncode, "another process" in second.stderr) == (3, True)
    with running(*words) as (client, again):
        assert again == key
        assert client.post("/add-checkpoint", content=OTHER.request(0, 400)).text == "300\n"
        assert client.post("/add-checkpoint", content=TREE.request(300, 400)).status_code == 200
    (state / STATE_FILE).unlink()
    lost = subprocess.run(command(*words), capture_output=True, text=True, check=False)
    assert (lost.returncode, lost.stdout) == (3, "")
    assert "Retire the key" in lost.stderr


def test_a_witness_is_made_by_name_and_its_files_are_its_owners(tmp_path: Path) -> None:
    state = tmp_path / "w"
    words = ["--log-vkey", SIGNER.verifier.text, "--state", str(state)]
    nameless = subprocess.run(command(*words), capture_output=True, text=True, check=False)
    assert (nameless.returncode, "a name makes one" in nameless.stderr) == (3, True)
    told = subprocess.run(
        command(*words, "--name", "w.example", "--init-only"),
        capture_output=True,
        text=True,
        check=True,
    )
    assert Verifier.parse(told.stdout.strip()).name == "w.example"
    for file in state.iterdir():
        assert file.stat().st_mode & 0o077 == 0, file
    (state / "secret").write_bytes(b"short")
    short = subprocess.run(command(*words), capture_output=True, text=True, check=False)
    assert (short.returncode, "32 bytes" in short.stderr) == (3, True)
    (state / "secret").unlink()
    gone = subprocess.run(command(*words), capture_output=True, text=True, check=False)
    assert gone.returncode == 3
    assert not (state / "secret").exists()


@pytest.mark.parametrize("key", ["", "log.example", SIGNER.verifier.text.replace("+", "-")])
def test_a_text_that_is_no_verifier_key_is_wrong_use(tmp_path: Path, key: str) -> None:
    words = ["--log-vkey", key, "--state", str(tmp_path / "w"), "--name", "w.example"]
    told = subprocess.run(command(*words), capture_output=True, text=True, check=False)
    assert (told.returncode, "no verifier key" in told.stderr) == (2, True)
    assert not (tmp_path / "w").exists()


def test_the_command_answers_in_json(tmp_path: Path) -> None:
    words = ["--log-vkey", SIGNER.verifier.text, "--state", str(tmp_path / "w"), "--init-only"]
    run = [*command(*words, "--name", "w.example")]
    run.insert(3, "--json")
    told = subprocess.run(run, capture_output=True, text=True, check=True)
    assert Verifier.parse(json.loads(told.stdout)["vkey"]).name == "w.example"
