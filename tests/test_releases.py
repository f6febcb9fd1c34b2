"""What a release left behind is brought forward by this tree, and nothing of it is lost.

The city of this very tree is among them, so that what a release keeps is known to come back.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.reader import open_reader
from ledger.tables import dialect_of
from ledger.twigs import add_twigs
from ledger.verify import verify
from tests import releases
from tests.conftest import PostgresServer
from tests.test_migrations import shape
from tests.world import open_world
from timebank import replay
from timebank.orm import migrate

pytestmark = pytest.mark.anyio

OLD = sorted({path.name.partition("-")[0] for path in releases.KEPT.glob(f"*{releases.ENDING}")})


@pytest.fixture
def fresh(database_url: str, request: pytest.FixtureRequest) -> Iterator[list[str]]:
    """Two more databases of the same kind with nothing in them."""
    if dialect_of(database_url) == "sqlite":
        yield [f"{database_url}.{name}" for name in ("old", "new")]
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    names = [server.create(), server.create()]
    yield [server.url(name) for name in names]
    for name in names:
        server.drop(name)


NAMED = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table'",
    "postgresql": "SELECT tablename FROM pg_tables WHERE schemaname = 'public'",
}


async def rows_in(url: str) -> dict[str, int]:
    """How many rows each table holds; what notes the migrations themselves aside."""
    async with open_reader(url) as reader:
        names = {name for (name,) in await reader.fetch(NAMED[dialect_of(url)])}
        count = 'SELECT count(*) FROM "{}"'
        return {
            name: (await reader.fetch(count.format(name)))[0][0]
            for name in names - {"tortoise_migrations", "sqlite_sequence"}
        }


@pytest.mark.parametrize("version", [*OLD, "this tree"])
async def test_a_release_s_database_is_brought_forward(
    database_url: str, fresh: list[str], tmp_path: Path, version: str
) -> None:
    old, new = fresh
    archive = releases.KEPT / f"{version}-{dialect_of(database_url)}{releases.ENDING}"
    if version not in OLD:
        archive = tmp_path / "kept.tar.xz"
        async with open_world(database_url, tmp_path) as world:
            await world.volunteer()
        await releases.keep(database_url, archive)
    await releases.put_back(archive, old)
    kept = await rows_in(old)
    await migrate(old)
    assert kept.items() <= (await rows_in(old)).items()
    await migrate(new)
    assert {**await shape(old), **await shape(new)} == await shape(old)
    await add_twigs(old)
    report = await verify(old)
    assert report.sound, report.findings
    assert report.size > 10
    assert (await rows_in(old))["node"] == (report.size >> 8) + (report.size >> 5)
    found = await replay.compare(old)
    assert (found.entries, found.differing) == (report.size, 0)


def test_what_was_released_never_changes() -> None:
    """A table that changes later is changed by another migration."""
    assert releases.released().items() <= releases.sums().items()


def test_no_body_of_a_released_kind_loses_or_retypes_a_member() -> None:
    """Not even a default: members that have it are left out of the bytes."""
    assert not releases.broken(releases.released_members(), releases.members())


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        ({"a.made/held": None}, ["a.made/held"]),
        ({"a.made/held": "string"}, ["a.made/held"]),
        ({"a.made/held": "integer = 1"}, ["a.made/held"]),
        ({"a.made/way/SCAN": None}, ["a.made/way/SCAN"]),
        ({"a.made/way/CALL": "code = CALL"}, []),
        ({"a.made/more": "integer"}, ["a.made/more"]),
        ({"a.made/more": "integer = 0"}, []),
        ({"a.made/more": "object = {}", "a.made/more/inner": "string"}, []),
        ({"b.made": "object", "b.made/held": "integer"}, []),
    ],
)
def test_a_body_grows_by_what_may_be_left_out(
    change: dict[str, str | None], broken: list[str]
) -> None:
    kept = {"a.made": "object", "a.made/held": "integer = 0", "a.made/way": "string"}
    kept |= {"a.made/way/SCAN": "code = SCAN"}
    now = {path: what for path, what in {**kept, **change}.items() if what is not None}
    assert releases.broken(kept, now) == broken


def test_members_are_told_through_codes_lists_and_what_lies_within() -> None:
    told = releases.members()
    assert told["hours.reinstated/minutes"] == "integer"
    assert told["person.merged/owed"] == "integer = 0"
    assert told["person.merged/records/*"] == "string"
    assert told["hours.rejected/reason/duplicate"] == "code = duplicate"
    assert told["hours.reversed/reverses/0/seq"] == "integer"
    assert told["ledger.opened/demo"] == "boolean = false"


def test_a_release_has_its_databases() -> None:
    """`make release`, before a version without `.dev` is anybody's."""
    version = releases.version()
    assert ".dev" in version or version in OLD
    for old in OLD:
        for kind in ("sqlite", "postgresql"):
            assert (releases.KEPT / f"{old}-{kind}{releases.ENDING}").is_file()
    assert bool(OLD) == bool(releases.released()) == bool(releases.released_members())
