"""What one transaction knew serves the next, unless anybody else has written in between."""

import gc
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from ledger.entry import Tip
from tests.copies import begun
from timebank.access import Freeze, Grants, Role, RoleGranted
from timebank.actors import SYSTEM
from timebank.bank import open_bank
from timebank.batch import Batch
from timebank.clock import ManualClock
from timebank.journal import Answer, Journal
from timebank.projections import Known, Place
from timebank.remembered import MOST_TOUCHED, TURNS, Remembered, Touched, touching
from timebank.settings import Settings
from timebank.sign_in import Attempts

pytestmark = pytest.mark.anyio
NOON = datetime(2026, 11, 20, 4, tzinfo=UTC)
HERE = Tip(7, b"7" * 32, NOON)
ONE = (Grants, "per_1")
TWO = (Grants, "per_2")


class Seen(Answer, frozen=True, kw_only=True):
    """How many grants, or wrong attempts, a work saw."""

    seen: int


@pytest.fixture
async def opened(database_url: str, tmp_path: Path) -> AsyncIterator[Journal]:
    settings = Settings(data=tmp_path / "data", database=database_url)
    clock = ManualClock(NOON)
    await begun(settings, at=NOON)
    async with open_bank(settings, clock=clock) as bank:
        yield bank


@pytest.fixture
async def beside(opened: Journal) -> Journal:
    """Another journal over the same database, as another process has one."""
    other = Journal(opened.writer, opened.clock)
    await other.start()
    return other


def granting(role: Role) -> Callable[[Batch], Seen]:
    def work(batch: Batch) -> Seen:
        held = batch.get(Grants, "per_1")
        batch.record(RoleGranted(grant=f"grt_{role}", person="per_1", role=role, scope="420100/"))
        return Seen(seen=len(held.grants) if held else 0)

    return work


def failing(batch: Batch) -> Seen:
    granting(Role.OPERATOR)(batch)
    # No database holds such an integer.
    batch.put(Grants(person=2**80, grants=()))  # type: ignore[arg-type]  # the fault itself
    return Seen(seen=0)


def missing_password(batch: Batch) -> Seen:
    """A work of the vault: no entry."""
    held = batch.get(Attempts, "per_1")
    wrong = held.wrong if held else 0
    batch.put(Attempts(subject="per_1", wrong=wrong + 1, locked_until=None))
    return Seen(seen=wrong)


async def test_a_row_that_another_process_changed_is_read_again(
    opened: Journal, beside: Journal
) -> None:
    roles = [Role.AUDITOR, Role.OPERATOR, Role.CITY_LEAD, Role.DISTRICT_LEAD]
    for before, (role, bank) in enumerate(
        zip(roles, [opened, beside, opened, beside], strict=True)
    ):
        answer = await bank.write(SYSTEM, None, granting(role), answer=Seen)
        assert answer.seen == before


async def test_a_row_of_the_vault_is_read_each_time(opened: Journal, beside: Journal) -> None:
    for before, bank in enumerate([opened, opened, beside, opened, beside]):
        assert (await bank.write(SYSTEM, None, missing_password, answer=Seen)).seen == before


async def test_what_failed_to_commit_is_forgotten(opened: Journal) -> None:
    await opened.write(SYSTEM, None, granting(Role.AUDITOR), answer=Seen)
    with pytest.raises(Exception, match=r"large|range|int"):
        await opened.write(SYSTEM, None, failing, answer=Seen)
    answer = await opened.write(SYSTEM, None, granting(Role.CITY_LEAD), answer=Seen)
    assert answer.seen == 1


async def test_a_row_is_loaded_once_while_nobody_else_writes(opened: Journal) -> None:
    runs: list[int] = []

    def work(batch: Batch) -> Seen:
        runs.append(1)
        return granting(Role.AUDITOR)(batch)

    await opened.write(SYSTEM, None, work, answer=Seen)
    first = len(runs)
    await opened.write(SYSTEM, None, work, answer=Seen)
    assert (first, len(runs)) == (2, 3)


async def test_what_another_process_did_not_touch_is_not_loaded_again(
    opened: Journal, beside: Journal
) -> None:
    runs: list[int] = []

    def work(batch: Batch) -> Seen:
        runs.append(1)
        return granting(Role.AUDITOR)(batch)

    def elsewhere(batch: Batch) -> Seen:
        role = RoleGranted(grant="grt_2", person="per_2", role=Role.AUDITOR, scope="420100/")
        return Seen(entry=batch.record(role).seq, seen=0)

    await opened.write(SYSTEM, None, work, answer=Seen)
    for _ in range(2):
        await beside.write(SYSTEM, None, elsewhere, answer=Seen)
    assert len(runs) == 2
    await opened.write(SYSTEM, None, work, answer=Seen)
    # The one process that writes SQLite leaves nothing behind.
    assert len(runs) == (3 if opened.writer.dialect == "postgresql" else 4)


async def test_a_projection_is_never_changed_without_an_entry(opened: Journal) -> None:
    def work(batch: Batch) -> Seen:
        batch.put(Grants(person="per_1", grants=()))
        return Seen(seen=0)

    with pytest.raises(RuntimeError, match="without an entry"):
        await opened.write(SYSTEM, None, work, answer=Seen)
    assert (await opened.write(SYSTEM, None, granting(Role.AUDITOR), answer=Seen)).seen == 0


@pytest.mark.parametrize(
    ("tip", "known"),
    [
        (HERE, {ONE: None}),
        (Tip(8, HERE.leaf, NOON), {}),
        (Tip(7, b"8" * 32, NOON), {}),
    ],
    ids=["the same", "another size", "another entry"],
)
def test_only_the_same_head_is_remembered(tip: Tip, known: Known) -> None:
    kept = Remembered()
    kept.keep(HERE, {ONE: None, TWO: None}, without=[TWO])
    assert kept.take(tip) == known
    assert kept.take(HERE) == {}


def left(before: Tip, after: Tip, *touched: Place) -> Touched:
    """What a transaction leaves behind, as it is read again."""
    spec = Touched.spec
    read: Touched = spec.load(spec.values(touching(before, after, touched)))
    return read


SECOND, THIRD = Tip(9, b"9" * 32, NOON), Tip(12, b"c" * 32, NOON)
TOO_MANY = [(Grants, f"per_{n}") for n in range(2, 2 + MOST_TOUCHED)]


@pytest.mark.parametrize(
    ("others", "known"),
    [
        ([left(HERE, SECOND, TWO), left(SECOND, THIRD)], {ONE: None}),
        ([left(HERE, SECOND, ONE), left(SECOND, THIRD, TWO)], {}),
        ([left(HERE, THIRD, (Attempts, "per_1"), *TOO_MANY[1:])], {ONE: None, TWO: None}),
        ([left(HERE, THIRD, ONE, *TOO_MANY)], {}),
        ([], {}),
        ([left(HERE, SECOND)], {}),
        ([left(SECOND, THIRD)], {}),
        ([left(HERE, SECOND), left(HERE, THIRD)], {}),
        (
            [msgspec.structs.replace(left(HERE, THIRD), places={"of another version": ["per_1"]})],
            {ONE: None, TWO: None},
        ),
    ],
    ids=[
        "one of two",
        "both",
        "what is of the vault",
        "too many to name",
        "nothing left",
        "the last is missing",
        "the first is missing",
        "another history",
        "a table of another version",
    ],
)
def test_what_others_touched_is_forgotten_and_all_where_one_is_missing(
    others: list[Touched], known: Known
) -> None:
    kept = Remembered()
    kept.keep(HERE, {ONE: None, TWO: None}, without=[])
    assert kept.take(THIRD, others) == known


def test_groups_of_one_size_do_not_write_over_what_is_wanted() -> None:
    for size in (1, 32, 64, 256):
        ends = [Tip(1_000 + turn * size, bytes(32), NOON) for turn in range(TURNS)]
        assert len({touching(HERE, end, ()).id for end in ends}) == TURNS


def test_the_earliest_known_are_let_go() -> None:
    kept = Remembered(most=8)
    rows: Known = {(Grants, f"per_{n}"): None for n in range(9)}
    kept.keep(HERE, rows, without=[])
    assert [key for _, key in kept.take(HERE)] == [f"per_{n}" for n in range(3, 9)]


def test_the_collector_walks_no_remembered_row() -> None:
    assert not gc.is_tracked(Grants(person="per_1", grants=(), frozen=Freeze.CLOSED))
