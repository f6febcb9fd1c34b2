"""A city whose log is witnessed, each in a process of its own, from init to a receipt checked."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from ledger.checkpoint import Verifier
from ledger.quorum import parse_quorum
from tests.commands import new_ledger, timebank
from tests.conftest import Size
from tests.test_witness_wire import running

SECONDS = 40


@contextmanager
def serving(*words: str) -> Iterator[int]:
    """The server in a process of its own; gives its port once it is ready."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-c", "from web.cli import main; main()", *words, "--port", str(port)]
    )
    try:
        for _ in range(SECONDS * 10):
            try:
                if httpx.get(f"http://127.0.0.1:{port}/readyz").status_code == 200:
                    break
            except httpx.ConnectError:
                time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=30)


def test_a_city_is_witnessed_and_its_receipts_are_checked_by_keys_alone(
    tmp_path: Path, size: Size, monkeypatch: pytest.MonkeyPatch
) -> None:
    count, away = (16, 5) if size == "full" else (4, 1)
    data = str(tmp_path / "city")
    assert timebank("--data", data, "init").exit_code == 0
    vkey = Path(data, "keys", "log.vkey").read_text().strip()
    with ExitStack() as processes:
        addresses: list[str] = []
        for number in range(count):
            words = ["--log-vkey", vkey, "--state", str(tmp_path / f"w{number}")]
            if number < away:
                made = timebank("witness", *words, "--name", f"w{number}.example", "--init-only")
                addresses.append(f"{made.stdout.strip()}@http://127.0.0.1:9")
                continue
            client, key = processes.enter_context(running(*words, "--name", f"w{number}.example"))
            assert isinstance(key, Verifier)
            addresses.append(f"{key.text}@{str(client.base_url).rstrip('/')}")
        told = timebank("quorum", "--log-vkey", vkey, *addresses)
        assert told.exit_code == 0, told.stderr
        quorum = parse_quorum(told.stdout)
        assert (len(quorum.members), quorum.needed) == (count, count - away)
        file = tmp_path / "quorum"
        file.write_text(told.stdout)
        monkeypatch.setenv("TIMEBANK_QUORUM", str(file))
        with serving("--data", data, "serve") as port:
            witnessed = "timebank_ledger_witnessed_entries 3.0"
            for _ in range(SECONDS * 10):
                if witnessed in httpx.get(f"http://127.0.0.1:{port}/metrics").text:
                    break
                time.sleep(0.1)
            checkpoint = httpx.get(f"http://127.0.0.1:{port}/ledger/checkpoint").text
    assert checkpoint.count("— ") == 1 + min(15, count - away)
    answer = json.loads(timebank("--data", data, "--json", "receipt", "1").stdout)
    assert answer["state"] == "witnessed"
    receipt = tmp_path / "receipt"
    receipt.write_text(answer["receipt"])
    words = ["--vkey", vkey, "--quorum", str(file)]
    checked = timebank("--json", "verify", "receipt", str(receipt), *words)
    assert checked.exit_code == 0, checked.stdout
    found = json.loads(checked.stdout)
    assert (found["index"], found["state"]) == (1, "witnessed")
    assert len(found["witness"]) == count - away
    doctor = timebank("--data", data, "--json", "doctor")
    (seen,) = (one for one in json.loads(doctor.stdout)["findings"] if one["name"] == "witnesses")
    assert (seen["well"], "3 entries witnessed of 3" in seen["seen"]) == (True, True)


def test_a_quorum_file_that_is_none_or_for_another_log_is_said_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = new_ledger(tmp_path / "city")
    monkeypatch.setenv("TIMEBANK_QUORUM", str(tmp_path / "quorum"))
    for text in ("x\n", ""):
        (tmp_path / "quorum").write_text(text)
        told = timebank("--data", data, "receipt", "1")
        assert (told.exit_code, "cannot be opened" in told.stderr) == (3, True)
    (tmp_path / "quorum").unlink()
    assert timebank("--data", data, "checkpoint").exit_code == 3


def test_what_makes_no_quorum_is_wrong_use(tmp_path: Path) -> None:
    made = timebank("--data", str(tmp_path), "quorum", "--log-vkey", "x", "y")
    assert (made.exit_code, "no verifier key" in made.stderr) == (2, True)
    key = "log.example+8d3e5da4+AQ=="
    assert timebank("quorum", "--log-vkey", key, key).exit_code == 2
