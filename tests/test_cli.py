"""The commands as an operator types them."""

import asyncio
import gc
import json
import sqlite3
import subprocess
import sys
from datetime import date
from pathlib import Path

import click
import pytest

from ledger.entry import decode
from ledger.reader import open_reader, read_entries
from ledger.writer import open_writer
from tests.commands import new_ledger, process, timebank
from tests.demo_site import make_city
from tests.ledgers import add, fences_down
from timebank.activities import Activity, ActivityState
from timebank.bank import init, open_bank
from timebank.demo_people import invent
from timebank.overdue_rosters import rosters_due
from timebank.replay import compare
from timebank.settings import Settings
from timebank.tables import TABLES, count, install_sealer
from timebank.vault import Keyring
from web import collector
from web.cli import ALONE, WHOLE, Later, main
from web.commands import serving


@pytest.fixture
def data(tmp_path: Path) -> str:
    return new_ledger(tmp_path / "d")


def test_a_new_ledger_is_verified_and_replays(tmp_path: Path) -> None:
    data = ("--data", str(tmp_path / "d"))
    made = process(*data, "init")
    assert made.returncode == 0, made.stderr
    # Nobody has signed it yet.
    early = process(*data, "verify", "ledger")
    assert early.returncode == 5, early.stdout + early.stderr
    assert "no signature was checked: no checkpoint is stored; `timebank" in early.stdout
    assert process(*data, "checkpoint").returncode == 0
    report = process(*data, "--json", "verify", "ledger")
    assert report.returncode == 0, report.stdout + report.stderr
    told = json.loads(report.stdout)
    assert (told["size"], told["signatures"], told["signed"], told["own"]) == (3, 1, 3, True)
    assert process(*data, "replay").returncode == 0


def test_init_never_touches_a_ledger_that_is_there(data: str) -> None:
    again = timebank("--data", data, "init")
    assert again.exit_code == 1
    assert "already" in again.stderr


def test_an_officer_is_registered_and_given_a_role(data: str) -> None:
    words = ["--name", "王秀英", "--document-number", "11010519491231002X"]
    words += ["--phone", "13900000000", "--password", "correct horse battery"]
    made = timebank("--data", data, "--json", "user", *words, "--role", "operator")
    assert made.exit_code == 0, made.stderr
    person = json.loads(made.stdout)["person"]
    granted = timebank("--data", data, "grant", person, "auditor", "420100/")
    assert granted.exit_code == 0, granted.stderr
    twice = timebank("--data", data, "grant", person, "auditor", "420100/")
    assert twice.exit_code == 1


def test_a_policy_is_listed_shown_and_checked_before_it_is_proposed(
    data: str, tmp_path: Path
) -> None:
    (first,) = json.loads(timebank("--data", data, "--json", "policy", "list").stdout)["policies"]
    assert (first["id"], first["effective"], first["entry"]) == ("WH-2016-12", "2016-12-01", 1)
    shown = timebank("--data", data, "policy", "show", "--on", "2026-11-20")
    assert shown.exit_code == 0, shown.stderr
    file = tmp_path / "policy.yaml"
    file.write_text(shown.stdout, "utf-8")
    good = timebank("--data", data, "policy", "check", str(file))
    assert (good.exit_code, good.stdout.strip()) == (
        0,
        "WH-2016-12 could hold from 2016-12-01 on.",
    )
    file.write_text(shown.stdout.replace("mint_per_day: 240", "mint_per_day: many"), "utf-8")
    bad = timebank("--data", data, "policy", "check", str(file))
    assert bad.exit_code == 1
    assert "mint_per_day" in bad.stdout


def test_the_api_is_asked_with_the_rights_of_a_token_and_no_others(
    data: str, tmp_path: Path
) -> None:
    document = tmp_path / "ask.graphql"
    document.write_text("{ ledger { size } me { name } }", "utf-8")
    told = timebank("--data", data, "ask", str(document))
    assert told.exit_code == 0, told.stdout + told.stderr
    assert json.loads(told.stdout) == {"data": {"ledger": {"size": 3}, "me": None}}

    words = ["--name", "王秀英", "--document-number", "11010519491231002X"]
    words += ["--phone", "13900000000", "--password", "correct horse battery"]
    made = timebank("--data", data, "--json", "user", *words)
    variables = tmp_path / "variables.json"
    number = json.loads(made.stdout)["number"]

    def given(password: str) -> list[str]:
        told = {"input": {"number": number, "password": password}}
        variables.write_text(json.dumps(told), "utf-8")
        # What pages ask is asked by its name.
        return ["ask", "sign_in", "--variables", str(variables)]

    assert timebank("--data", data, *given("another password")).exit_code == 1
    entered = timebank("--data", data, *given("correct horse battery"))
    assert entered.exit_code == 0, entered.stdout + entered.stderr
    token = tmp_path / "token"
    token.write_text(json.loads(entered.stdout)["data"]["signIn"]["token"] + "\n", "utf-8")
    document.write_text("{ me { name } }", "utf-8")
    mine = timebank("--data", data, "ask", str(document), "--token-file", str(token))
    assert json.loads(mine.stdout) == {"data": {"me": {"name": "王秀英"}}}
    document.write_text("{ me { secret } }", "utf-8")
    unread = timebank("--data", data, "ask", str(document))
    assert unread.exit_code == 1
    assert "GRAPHQL_VALIDATION_FAILED" in unread.stdout


def test_erasures_are_finished_when_the_operator_says_so(data: str) -> None:
    done = timebank("--data", data, "--json", "erase")
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout) == {"erased": 0, "kept": 0, "left": []}


@pytest.mark.parametrize("column", ["bytes", "leaf", "kind", "at", "actor", "request"])
def test_verify_names_the_entry_that_somebody_edited(data: str, column: str) -> None:
    with sqlite3.connect(f"{data}/timebank.db") as connection:
        (fence,) = connection.execute(
            "SELECT sql FROM sqlite_master WHERE name = 'entry_update'"
        ).fetchone()
        connection.execute("DROP TRIGGER entry_update")
        (held,) = connection.execute(f"SELECT {column} FROM entry WHERE seq = 1").fetchone()
        if isinstance(held, bytes):
            changed: bytes | str = bytes([held[0] ^ 1]) + held[1:]
        else:
            changed = ("0" if held[0] != "0" else "1") + held[1:]
        connection.execute(f"UPDATE entry SET {column} = ? WHERE seq = 1", (changed,))
        connection.execute(fence)
    report = timebank("--data", data, "verify", "ledger")
    assert report.exit_code == 1
    assert "entry 1" in report.stdout


def test_a_ledger_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    for words in (["serve"], ["replay"], ["migrate"]):
        told = timebank("--data", str(tmp_path / "nothing"), *words)
        assert told.exit_code == 3, (words, told.stdout, told.stderr)
    # An auditor verifies without any key: there, nothing to read is a finding.
    told = timebank("--data", str(tmp_path / "nothing"), "verify", "ledger")
    assert (told.exit_code, "storage" in told.stdout) == (1, True)


def test_migrating_adds_the_twigs_that_an_older_release_did_not_store(tmp_path: Path) -> None:
    data = new_ledger(tmp_path / "d")
    url = f"sqlite:///{data}/timebank.db"

    async def grown() -> None:
        writer = await open_writer(url)
        await add(writer, 40)
        await writer.close()

    asyncio.run(grown())
    with fences_down(url) as connection:
        connection.execute("DELETE FROM node")
    for stop in ("INSERT INTO stop VALUES (1, 'fork', 'now')", "DELETE FROM stop"):
        with fences_down(url) as connection:
            assert connection.execute("SELECT count(*) FROM node").fetchone() == (0,)
            connection.execute(stop)
        told = timebank("--data", data, "migrate")
        assert told.exit_code == 0, told.stderr
    with sqlite3.connect(f"{data}/timebank.db") as connection:
        assert connection.execute('SELECT level, "index" FROM node').fetchall() == [(64, 0)]


def test_a_wrong_setting_is_a_wrong_use(monkeypatch: pytest.MonkeyPatch) -> None:
    """No trace of calls, and no exit code after which a server would be started again."""
    monkeypatch.setenv("TIMEBANK_ADRESS", "https://time.example")
    told = timebank("doctor")
    assert told.exit_code == 2
    assert "adress: there is no such setting" in told.stderr


def test_the_doctor_names_what_is_not_well(data: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # What nobody signs for a minute is not well, and a busy machine takes one for these commands.
    assert timebank("--data", data, "checkpoint").exit_code == 0
    assert timebank("--data", data, "doctor").exit_code == 0
    monkeypatch.setenv("TIMEBANK_HOST", "192.0.2.1")
    assert "BAD address" in timebank("--data", data, "doctor").stdout
    monkeypatch.setenv("TIMEBANK_ADDRESS", "https://time.example")
    assert timebank("--data", data, "doctor").exit_code == 0
    Path(f"{data}/keys/master.key").chmod(0o644)
    with sqlite3.connect(f"{data}/timebank.db") as connection:
        connection.execute("DROP TRIGGER entry_delete")
        connection.execute("DROP TABLE session")
    told = timebank("--data", data, "--json", "doctor")
    ill = {one["name"] for one in json.loads(told.stdout)["findings"] if not one["well"]}
    assert (told.exit_code, ill) == (1, {"key", "fences", "tables"})


def test_a_demonstration_is_served_as_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever knows the demonstration's passwords would be its administrator."""
    asyncio.run(init(Settings(data=tmp_path / "d"), demo=True))
    monkeypatch.setattr(serving, "listen", lambda *told, **more: None)
    told = timebank("--data", str(tmp_path / "d"), "serve")
    assert told.exit_code == 3
    assert "`timebank demo` alone serves it" in told.stderr


def test_the_demonstration_refuses_any_other_ledger(data: str) -> None:
    for asked in (("demo", "--data", data), ("--data", data, "demo")):
        told = timebank(*asked, "--seed-only")
        assert told.exit_code == 3
        assert "no demonstration" in told.stderr
    told = timebank("--database", "postgresql://127.0.0.1/x", "demo", "--seed-only")
    assert told.exit_code == 2
    assert "name no database" in told.stderr


@pytest.mark.anyio
async def test_the_demonstration_city_replays_and_tells_nothing_personal(tmp_path: Path) -> None:
    settings = await make_city(tmp_path)
    found = await compare(settings.database_url)
    assert not found.differences
    personal = personal_words(settings)
    assert len(personal) > 100
    kinds = set()
    async with open_reader(settings.database_url) as reader:
        async for rows in read_entries(reader, 0, found.entries):
            for _, data, *_ in rows:
                kinds.add(decode(data).kind)
                said = data.decode()
                assert not any(word in said for word in personal)
                assert said.isascii()
    assert {"hours.posted", "reward.handed_over", "person.registered"} <= kinds
    async with open_bank(settings):
        assert await count(Activity, state=ActivityState.CLOSED.value) > 3
        assert not await rosters_due(skip=0, limit=1)


def personal_words(settings: Settings) -> set[str]:
    """Every text and invented name, number and telephone of the city."""
    people = invent(200, today=date(2026, 11, 25))
    words = {word for who in people for word in (who.name, who.document_number, who.phone)}
    install_sealer(Keyring(settings))
    with sqlite3.connect(settings.data / "timebank.db") as connection:
        kept = [TABLES["texts"].load(row) for row in connection.execute(TABLES["texts"].every)]
    install_sealer(None)
    return words | {text.value for text in kept}


@pytest.mark.parametrize("group", [main, main.get_command(click.Context(main), "verify")])
def test_every_command_that_is_listed_is_there_under_its_name(group: Later) -> None:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        assert command.name == name
    assert group.get_command(context, "no-such-command") is None


@pytest.mark.parametrize("group", sorted(ALONE))
def test_whoever_checks_a_file_loads_neither_database_nor_api(group: str) -> None:
    assert not ALONE[group].keys() & WHOLE[group].keys()
    modules = {f"web.commands.{place.partition('.')[0]}" for place in ALONE[group].values()}
    told = f"import sys, {', '.join(sorted(modules))}; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", told], capture_output=True, text=True, check=True
    ).stdout.split()
    assert modules <= set(loaded)
    assert not {"graphql", "strawberry", "timebank.models", "tortoise"} & set(loaded)


def test_a_server_begins_with_what_it_holds_out_of_the_collectors_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[int] = []
    before, usual = gc.get_freeze_count(), gc.get_threshold()
    monkeypatch.setattr("uvicorn.run", lambda *told, **more: seen.append(gc.get_freeze_count()))
    try:
        serving.listen(None, "127.0.0.1", 0)
        # Of a test run the most is kept out of the way already.
        assert seen[0] > before
        assert gc.get_threshold()[0] == collector.YOUNG
    finally:
        gc.set_threshold(*usual)


def test_a_command_begins_with_a_collector_that_seldom_looks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept: list[str] = []
    usual = gc.get_threshold()
    monkeypatch.setattr(gc, "freeze", lambda: kept.append("out of its way"))
    monkeypatch.delitem(sys.modules, "web.commands.importing", raising=False)
    try:
        assert isinstance(main, Later)
        assert main.get_command(click.Context(main), "import")
        assert (kept, gc.get_threshold()[0]) == (["out of its way"], collector.YOUNG)
    finally:
        gc.set_threshold(*usual)
