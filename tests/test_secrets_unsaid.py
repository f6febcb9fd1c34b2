"""Secrets unsaid: after a city's whole life nothing of the vault stands in a log or in an error.

That no other test of the suite says a secret is asked after each of them (`tests/unsaid.py`). Here
everything that can be asked is asked, rightly and wrongly, bugs and failing rounds included.
"""

import asyncio
import logging
import secrets
import subprocess
import sys
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Any, NoReturn

import click
import pytest
import structlog
from click.testing import CliRunner
from graphql import GraphQLError, GraphQLObjectType
from structlog.testing import capture_logs

from schema.errors import tell
from tests.processes import script
from tests.role_city import City, found_city
from tests.test_graphql_generated import client_of
from tests.test_role_matrix import document_of
from tests.unsaid import UNSAID, Unsaid, pytest_runtest_makereport, taken, unsaid_in
from tests.wire import api, once
from tests.world import open_world, resident_id
from timebank.access import Role
from timebank.argon import Cost, hashed
from timebank.ids import new
from timebank.refusals import Refusal
from timebank.stops import NoOperator
from timebank.timers import Timer, sweep

ASKERS = ["public", "other", "self", Role.STATION_MANAGER, Role.DISTRICT_LEAD]
NAME = "王秀英1"


async def everything_asked(city: City) -> list[str]:
    """Every root field, asked by those who may and those who may not; the errors there were."""
    errors: list[str] = []
    async with client_of(city) as client:
        for root in ("Query", "Mutation"):
            kind = api().schema.get_type(root)
            assert isinstance(kind, GraphQLObjectType)
            for name, field in kind.fields.items():
                given: Any = field.args
                if root == "Mutation":
                    inputs: Any = given["input"].type.of_type.fields
                    wanted = {n: f for n, f in inputs.items() if n != "idempotencyKey"}
                    filled = await city.fill(name, wanted)
                    keyed = once() if "idempotencyKey" in inputs else {}
                    variables = {"input": filled | keyed}
                else:
                    variables = await city.fill(name, given)
                for asker in ASKERS:
                    answer = await client.post(
                        "/graphql",
                        json={
                            "query": document_of(root, name, field),
                            "variables": variables,
                        },
                        headers={"x-asker": asker},
                    )
                    errors += [str(error) for error in answer.json().get("errors", ())]
    return errors


@pytest.mark.anyio
async def test_no_log_and_no_error_says_what_the_vault_keeps(
    sqlite_url: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level(logging.INFO)
    before = UNSAID.count
    with capture_logs() as logs:
        async with open_world(sqlite_url, tmp_path) as world:
            city = await found_city(world)

            async def broken(*given: object, **more: object) -> NoReturn:
                raise RuntimeError(f"{NAME}: {resident_id(1)}")

            with monkeypatch.context() as patched:
                # Bugs that know too much, behind a field and in a round of the timers.
                patched.setattr("timebank.directory.read_fields", broken)
                await sweep([Timer("broken", broken, broken)])
                async with client_of(city) as client:
                    answer = await client.post(
                        "/graphql", json={"query": "{ me { name } }"}, headers={"x-asker": "self"}
                    )
                errors = [answer.text]
            errors += await everything_asked(city)
    assert UNSAID.count - before > 500
    assert UNSAID.said(NAME)
    assert len(errors) > 200
    assert {log["event"] for log in logs} >= {"graphql.failed", "timer_failed"}
    for heard in (repr(logs), caplog.text, *errors):
        assert UNSAID.said(heard) == []


KEY = bytes(range(200, 232))
SAID = [
    ("number=王秀英7 asked", True),
    ("number=王秀 asked", False),
    ("pin 246813", True),
    ("12246813", False),
    ("key c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedfe0e1e2e3e4e5e6e7", True),
    ("key c8c9cacbcccdcecf", False),
    ("token=tbd_yMnKy8zNzs_Q0dLT1NXW19jZ2tvc3d7f4OHi4-Tl5uc", True),
    ("token=yMnKy8zNzs/Q0dLT1NXW19jZ2tvc3d7f4OHi4+Tl5uc=", True),
    ("secret=ZDE4VS6MZXHM7UGR2LJ5JVOW27MNTWW33TO557", True),
    (f"key={KEY!r}", True),
    (f"key={KEY[::-1]!r}", False),
    (f"of {resident_id(5)}.", True),
    ("of 420106195002290018.", False),
    ("called 13912345678", True),
    ("after 13912345678901 ns, 13912345678.5 s", False),
]


@pytest.mark.parametrize(("text", "said"), SAID, ids=range(len(SAID)))
def test_a_secret_is_known_however_it_is_written(text: str, said: bool) -> None:
    unsaid = Unsaid()
    for secret in ("王秀英7", "246813", KEY):
        unsaid.keep(secret)
    assert bool(unsaid.said(text)) is said


def test_what_is_secret_is_kept_as_it_comes_into_being() -> None:
    assert UNSAID.said(secrets.token_urlsafe(32))
    assert UNSAID.said(f"key={secrets.token_bytes(20).hex()}")
    # An id, made of random bytes too, is none.
    assert not UNSAID.said(secrets.token_hex(16))
    hashed("a password that is hashed once", Cost(iterations=1, lanes=1, memory_kib=64))
    assert UNSAID.said("a password that is hashed once")


def test_a_test_that_says_a_secret_is_told_where() -> None:
    secret = "a password said nowhere else"
    UNSAID.keep(secret)
    heard = [("Captured stdout call", f"well\n[info] signed_in password={secret}")]
    assert unsaid_in(heard) == [
        f"Captured stdout call: {secret!r} in [info] signed_in password={secret}"
    ]
    # What was told is not told of every test that comes after.
    assert unsaid_in(heard) == []


def test_a_refusal_that_says_an_id_is_told_and_one_that_says_back_what_was_typed_is_not() -> None:
    taken()
    record, person = new("rec"), new("per")
    Tells(what=record)
    NoOperator(person=person)
    assert unsaid_in(taken()) == [f"a refusal: {record!r} in No: {record}."]


class Tells(Refusal):
    """Says whatever it was given."""

    says = "No: {what}."
    what: str


@pytest.mark.anyio
async def test_every_way_of_saying_something_is_heard(capsys: pytest.CaptureFixture[str]) -> None:
    secret = "a password that is said in every way"
    UNSAID.keep(secret)

    @click.command()
    def command() -> None:
        click.echo(secret, err=True)

    taken()
    said = ["sh", "-c", f"echo {secret} >&2; echo 'a b [info] {secret}'; echo answered"]
    await asyncio.to_thread(subprocess.run, said, capture_output=True, text=True, check=True)
    started = await asyncio.create_subprocess_exec(*said, stdout=PIPE, stderr=PIPE)
    await started.communicate()
    await script(f"print('WARNING: {secret}')")
    CliRunner().invoke(command)
    with capture_logs():
        structlog.get_logger().info("told", what=secret)
    Tells(what=secret).message()
    tell(GraphQLError(secret), code="BAD_USER_INPUT")
    sys.stderr.write(secret)
    capsys.readouterr()
    heard = [where for where, text in taken() for line in text.splitlines() if secret in line]
    assert set(heard) == {
        *("a command", "a log", "a process"),
        *("a refusal", "an error", "printed"),
    }
    # Both ways of asking a program, each by its error and its log, and the forked one's log.
    assert heard.count("a process") == 5


def test_a_test_after_which_something_is_said_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    secret = "a password that was printed"
    UNSAID.keep(secret)
    for when, outcome in (("setup", "passed"), ("call", "passed"), ("teardown", "failed")):
        report = pytest.TestReport(
            nodeid="a test",
            location=("", 0, ""),
            keywords={},
            outcome="passed",
            longrepr=None,
            when=when,  # type: ignore[arg-type]  # one of these, in a loop
            sections=[("Captured stderr call", f"ERROR: {when} {secret}")],
        )
        about = pytest_runtest_makereport(None, None)  # type: ignore[arg-type]  # neither is asked
        next(about)
        with pytest.raises(StopIteration) as ended:
            about.send(report)
        assert ended.value.value.outcome == outcome
    assert secret in str(report.longrepr)
