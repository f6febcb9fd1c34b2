"""Options of commands that no other story passes through, each by what it changes.

In this process: starting another takes longer than most of the commands.
"""

import sqlite3
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from ledger.quorum import parse_quorum
from tests.commands import new_ledger, timebank
from tests.ledgers import SIGNER
from timebank import audits

WITNESSES = [f"w{n}.example" for n in range(4)]


@pytest.fixture
def data(tmp_path: Path) -> str:
    return new_ledger(tmp_path / "d")


def test_the_version_is_that_of_the_package() -> None:
    told = timebank("--version")
    assert (told.exit_code, version("timebank") in told.output) == (0, True)


def test_a_quorum_needs_as_many_as_are_asked_for_and_no_more_than_there_are(tmp_path: Path) -> None:
    keys = [new_witness(tmp_path, name) for name in WITNESSES]
    words = ("quorum", "--log-vkey", SIGNER.verifier.text)
    assert parse_quorum(timebank(*words, *keys).stdout).needed == 3
    assert parse_quorum(timebank(*words, "--needed", "2", *keys).stdout).needed == 2
    for needed in ("0", "5"):
        assert timebank(*words, "--needed", needed, *keys).exit_code == 2


def new_witness(directory: Path, name: str, *more: str) -> str:
    """The verifier key of a witness that was made and does not run."""
    words = ["--log-vkey", SIGNER.verifier.text, "--state", str(directory / name), "--init-only"]
    told = timebank("witness", *words, "--name", name, *more)
    assert told.exit_code == 0, told.output
    return told.stdout.strip()


def test_a_witness_keeps_its_secret_where_it_is_told_and_listens_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = tmp_path / "elsewhere" / "secret"
    key = new_witness(tmp_path, "w.example", "--secret-file", str(secret))
    assert secret.stat().st_mode & 0o777 == 0o600
    assert not (tmp_path / "w.example" / "secret").exists()
    heard: list[Any] = []
    monkeypatch.setattr(
        uvicorn, "run", lambda app, **told: heard.append((told["host"], told["port"]))
    )
    words = ["witness", "--log-vkey", SIGNER.verifier.text, "--state", str(tmp_path / "w.example")]
    words += ["--host", "127.0.0.9", "--port", "8123"]
    assert timebank(*words).exit_code == 3
    told = timebank(*words, "--secret-file", str(secret))
    assert (told.exit_code, told.stdout.strip()) == (0, key)
    assert heard == [("127.0.0.9", 8123)]


def test_a_server_listens_where_it_is_told(data: str, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[Any] = []
    bounds: set[tuple[int, int]] = set()

    def run(app: object, **told: Any) -> None:
        heard.append((told["host"], told["port"], told["ssl_certfile"]))
        bounds.add((told["timeout_graceful_shutdown"], told["ws_max_size"]))

    monkeypatch.setattr(uvicorn, "run", run)
    monkeypatch.delenv("FORWARDED_ALLOW_IPS", raising=False)
    serve = ("--data", data, "serve")
    assert timebank(*serve).exit_code == 0
    assert timebank(*serve, "--host", "127.0.0.9", "--port", "8123").exit_code == 0
    # What goes to other machines is encrypted, here or by a proxy that is named.
    refused = timebank(*serve, "--host", "0.0.0.0")
    assert refused.exit_code == 2
    assert "--certificate" in refused.output
    assert timebank(*serve, "--certificate", __file__).exit_code == 2
    tls = ("--certificate", __file__, "--private-key", __file__)
    assert timebank(*serve, "--host", "0.0.0.0", *tls).exit_code == 0
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "10.0.0.7")
    assert timebank(*serve, "--host", "0.0.0.0").exit_code == 0
    assert heard == [
        ("127.0.0.1", 8000, None),
        ("127.0.0.9", 8123, None),
        ("0.0.0.0", 8000, __file__),
        ("0.0.0.0", 8000, None),
    ]
    assert bounds == {(10, 65536)}


def test_replay_puts_right_what_it_found_when_it_is_told_to(data: str) -> None:
    with sqlite3.connect(Path(data, "timebank.db")) as connection:
        assert connection.execute("UPDATE policy_calendar SET versions = '[]'").rowcount
    connection.close()
    assert timebank("--data", data, "replay").exit_code == 1
    assert timebank("--data", data, "replay", "--apply").exit_code == 0
    assert timebank("--data", data, "replay").exit_code == 0


def test_as_many_processes_check_as_are_asked_for(
    data: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[Any] = []
    audit = audits.audit

    def heeding(*args: Any, **told: Any) -> Any:
        heard.append(told["processes"])
        return audit(*args, **told)

    monkeypatch.setattr(audits, "audit", heeding)
    # Nobody has signed it yet.
    assert timebank("--data", data, "verify", "ledger").exit_code == 5
    assert timebank("--data", data, "verify", "ledger", "--processes", "3").exit_code == 5
    assert heard == [None, 3]
    for none in ("0", "65"):
        assert timebank("--data", data, "verify", "ledger", "--processes", none).exit_code == 2


def test_a_witnessed_checkpoint_stands_in_for_a_lost_anchor(data: str, tmp_path: Path) -> None:
    backup, anchor = tmp_path / "copy", Path(data, "anchor", "checkpoint")
    for words in (["checkpoint"], ["backup", str(backup)]):
        assert timebank("--data", data, *words).exit_code == 0
    seen = tmp_path / "seen"
    anchor.rename(seen)
    for left in Path(data).glob("timebank.db*"):
        left.unlink()
    without = timebank("--data", data, "restore", str(backup))
    assert (without.exit_code, Path(data, "timebank.db").exists()) == (1, False)
    told = timebank("--data", data, "restore", str(backup), "--witnessed", str(seen))
    assert (told.exit_code, "extend the 3" in " ".join(told.output.split())) == (0, True)
