"""Foreign judges of the schema: programs that others made to use and to break a GraphQL API.

ariadne-codegen makes a typed client of the printed schema and the pages' own operations, and that
client runs them; schemathesis makes up operations, right and wrong ones, until one is a server
error. They want other versions than ours, so that they lie in a place of their own (`make
.judges/ready`) and are told what to do by the programs below.
"""

import asyncio
import json
import re
import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.conftest import SIZE, Size
from tests.role_city import City, found_city
from tests.served import served
from tests.test_graphql_generated import application_of
from tests.world import open_world
from timebank.access import Role

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parent.parent
SCHEMA, OPERATIONS = ROOT / "schema/schema.graphql", ROOT / "web/operations"
JUDGES = ROOT / ".judges/bin"
SECONDS_MOST = 3600
A_FEW = r"\.(accept|me)"
"""Operations of a smoke run; all of them at full size."""

GENERATOR = f"""
[tool.ariadne-codegen]
schema_path = "{SCHEMA}"
queries_path = "{OPERATIONS}"
target_package_name = "made"
[tool.ariadne-codegen.scalars]
DateTime = {{ type = "datetime.datetime" }}
Date = {{ type = "datetime.date" }}
Long = {{ type = "int" }}
Fen = {{ type = "int" }}
"""

CLIENT = """
import asyncio, inspect, json, sys
from made import Client, SignInInput

async def main(url):
    told = {"asked": [], "failed": {}}
    async with Client(url, headers={"x-asker": "self"}) as client:
        for name, ask in inspect.getmembers(client, inspect.iscoroutinefunction):
            needs = inspect.signature(ask).parameters.values()
            own = getattr(type(client), name).__module__ == "made.client"
            if not own or any(p.default is p.empty and p.kind is not p.VAR_KEYWORD for p in needs):
                continue
            try:
                await ask()
                told["asked"].append(name)
            except Exception as error:
                told["failed"][name] = f"{type(error).__name__}: {error}"[:300]
        told["number"] = (await client.home()).me.number
        given = SignInInput(number=told["number"], password="not the one")
        refused = (await client.sign_in(given)).sign_in.user_errors
        told["refused"] = [one.code.value for one in refused]
    print(json.dumps(told))

asyncio.run(main(sys.argv[1]))
"""

SCALARS = """
from hypothesis import strategies as st
from schemathesis.graphql import nodes, scalar
whens = ["2026-11-20T01:00:00Z", "9999-12-31T23:59:59Z", "2026-11-20", "1900-01-01", "2026-02-30"]
numbers = [0, 1, -1, 240, 2**31, 2**53, 2**63, -(2**63) - 1, 10**40]
for name in ("DateTime", "Date"):
    scalar(name, st.sampled_from(whens).map(nodes.String))
for name in ("Long", "Fen"):
    scalar(name, st.sampled_from(numbers).map(nodes.Int))
"""


@pytest.fixture
async def city(database_url: str, tmp_path: Path) -> AsyncIterator[City]:
    async with open_world(database_url, tmp_path) as world:
        yield await found_city(world)


@pytest.fixture(scope="module")
def judges(missing: Callable[[str], None]) -> Path:
    """Where the judges' programs are."""
    if not (JUDGES.parent / "ready").exists():
        missing("a foreign judge of the schema (make .judges/ready)")
    return JUDGES


async def run(directory: Path, program: Path, *given: str, **around: str) -> tuple[int, str]:
    """How a judge ends, and all that it says."""

    def wait() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [program, *given],
            cwd=directory,
            env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(directory), **around},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS_MOST,
        )

    done = await asyncio.to_thread(wait)
    return done.returncode, done.stdout


@pytest.mark.one_database
async def test_a_typed_client_runs_the_pages_operations(
    city: City, judges: Path, tmp_path: Path
) -> None:
    (tmp_path / "pyproject.toml").write_text(GENERATOR)
    code, said = await run(tmp_path, judges / "ariadne-codegen", PATH=f"{judges}:/usr/bin:/bin")
    assert code == 0, said
    async with served(application_of(city)) as port:
        url = f"http://127.0.0.1:{port}/graphql"
        code, said = await run(tmp_path, judges / "python", "-c", CLIENT, url)
    assert code == 0, said
    told = json.loads(said.splitlines()[-1])
    assert told["failed"] == {}
    assert len(told["asked"]) > 20
    assert told["number"] == await city.world.number_of(city.subject)
    assert told["refused"]


@pytest.mark.one_database  # each day the stricter: it takes no zero byte and no longer number
@pytest.mark.parametrize(
    "database_url", ["sqlite", "postgresql"] if SIZE == "full" else ["postgresql"], indirect=True
)
async def test_nothing_made_up_is_a_server_error(
    city: City, judges: Path, tmp_path: Path, size: Size
) -> None:
    (tmp_path / "scalars.py").write_text(SCALARS)
    asked = ["--max-examples", "4"] if size == "full" else ["--max-examples", "1"]
    if size == "smoke":
        asked += ["--include-name-regex", A_FEW]
    async with served(application_of(city)) as port:
        code, said = await run(
            tmp_path,
            judges / "schemathesis",
            *("run", str(SCHEMA), "--url", f"http://127.0.0.1:{port}/graphql"),
            *("-H", f"x-asker: {Role.CITY_LEAD}", "--checks", "not_a_server_error"),
            *("--phases", "fuzzing", "--mode", "all"),
            *("--generation-deterministic", "--no-color", *asked),
            SCHEMATHESIS_HOOKS="scalars",
        )
    assert code == 0, said
    (many,) = re.findall(r"Tested: (\d+)", said)
    assert int(many) > (400 if size == "full" else 10), said
