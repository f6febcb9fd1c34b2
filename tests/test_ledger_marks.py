"""Marks, ranges and anchors: a verification that goes on, reads a part, or is held to a promise."""

from pathlib import Path

import msgspec
import pytest

from ledger import verify
from ledger.checkpoint import Checkpoint, Signer
from ledger.entry import decode, leaf_hash
from ledger.marks import Mark, UnusableMark, key_names, read_mark, write_mark
from ledger.reader import open_reader, read_head, read_root
from ledger.verify import Report
from ledger.writer import open_writer
from tests.ledgers import SIGNER, add, fences_down, fill, named
from tests.tampering import behind_the_fences

pytestmark = pytest.mark.anyio

SIZE, MORE = 1_100, 300
SEGMENT = 256


@pytest.fixture(autouse=True)
def small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    """Segments one tile high, so that a few hundred entries are many."""
    monkeypatch.setattr(verify, "ENTRIES_A_SEGMENT", SEGMENT)
    monkeypatch.setattr(verify, "_SEGMENT_LEVELS", 1)


def mark_of(report: Report, **changed: object) -> Mark:
    """What an audit keeps of a report."""
    made = Mark(
        size=report.size,
        root=report.root,
        position=report.position,
        frontier=report.frontier,
        keys=key_names(SIGNER.verifier),
        levels=report.levels,
        at="2026-11-25T00:00:00.000000Z",
    )
    return msgspec.structs.replace(made, **changed)


async def chain(
    url: str,
    *,
    mark: Mark | None = None,
    span: tuple[int, int] | None = None,
    anchor: Checkpoint | None = None,
) -> Report:
    """Level chain alone."""
    return await verify.verify(url, levels=["chain"], mark=mark, span=span, anchor=anchor)


async def grown(url: str) -> Mark:
    """A ledger that was verified, and went on."""
    await fill(url, SIZE)
    mark = mark_of(await chain(url))
    writer = await open_writer(url)
    await add(writer, MORE)
    await writer.close()
    return mark


# Marks


async def test_a_later_run_goes_on_at_the_mark_and_comes_to_the_same_root(
    database_url: str,
) -> None:
    mark = await grown(database_url)
    assert (mark.size, mark.position) == (SIZE, 1024)
    report = await chain(database_url, mark=mark)
    assert report.sound, report.findings
    assert (report.first, report.end) == (1024, SIZE + MORE)
    whole = await chain(database_url)
    assert (report.size, report.root) == (whole.size, whole.root)
    assert (report.position, report.frontier) == (whole.position, whole.frontier)


async def test_a_run_with_nothing_new_still_checks_the_head(sqlite_url: str) -> None:
    await fill(sqlite_url, 4 * SEGMENT)
    mark = mark_of(await chain(sqlite_url))
    assert mark.position == mark.size == 4 * SEGMENT
    assert (await chain(sqlite_url, mark=mark)).sound
    with fences_down(sqlite_url) as connection:
        connection.execute("UPDATE head SET leaf = zeroblob(32)")
    assert not (await chain(sqlite_url, mark=mark)).sound


async def test_only_what_the_mark_covers_is_not_read_again(sqlite_url: str) -> None:
    mark = await grown(sqlite_url)
    with fences_down(sqlite_url) as connection:
        for seq in (5, 1_150, 1_399):
            connection.execute("UPDATE entry SET leaf = zeroblob(32) WHERE seq = ?", (seq,))
    assert named(await chain(sqlite_url, mark=mark), "chain") == {1_150, 1_399}
    assert named(await chain(sqlite_url), "chain") == {5, 1_150, 1_399}


@pytest.mark.parametrize("position", [1, 700, 1_022, 1_023])
async def test_a_prefix_that_was_changed_after_the_mark_is_named_by_the_books(
    database_url: str, position: int
) -> None:
    """Another entry with every column right, under tile roots and frontier as they were."""
    mark = await grown(database_url)
    async with open_reader(database_url) as reader:
        (row,) = await reader.fetch("SELECT bytes FROM entry WHERE seq = $1", position)
    other = row[0].replace(b'"nonce":"', b'"nonce":"f', 1).replace(b'","policy"', b'"_policy"', 1)
    other = other[: other.index(b'"_policy"') - 1] + other[other.index(b'"_policy"') :]
    other = other.replace(b'"_policy"', b'","policy"')
    assert decode(other).seq == position
    async with behind_the_fences(database_url) as hands:
        await hands.do(
            "UPDATE entry SET bytes = $1, leaf = $2 WHERE seq = $3",
            *(other, leaf_hash(other), position),
        )
    assert (await chain(database_url, mark=mark)).sound == (position != 1_023)
    whole = await verify.verify(database_url, levels=["chain", "books"], mark=mark)
    assert position + 1 in named(whole, "chain")
    async with behind_the_fences(database_url) as hands:
        await hands.do("UPDATE entry SET bytes = $1 WHERE seq = $2", row[0], position)
    whole = await verify.verify(database_url, levels=["chain", "books"], mark=mark)
    assert position in named(whole, "chain")


async def test_a_log_that_no_longer_extends_the_mark_is_named(sqlite_url: str) -> None:
    mark = await grown(sqlite_url)
    for other in (
        mark_of(await chain(sqlite_url), size=SIZE, root="0" * 64),
        msgspec.structs.replace(mark, frontier=("0" * 64,)),
        msgspec.structs.replace(mark, size=SIZE + MORE + 1),
    ):
        report = await chain(sqlite_url, mark=other)
        assert any("no longer extends" in found.what for found in report.findings)


async def test_a_rewritten_tile_root_under_the_mark_is_named(sqlite_url: str) -> None:
    mark = await grown(sqlite_url)
    with fences_down(sqlite_url) as connection:
        connection.execute('UPDATE node SET hash = zeroblob(32) WHERE level = 1 AND "index" = 2')
    report = await chain(sqlite_url, mark=mark)
    assert {1023, SIZE - 1} & named(report, "chain"), report.findings


def test_a_mark_is_read_back(tmp_path: Path) -> None:
    file = tmp_path / "mark"
    assert read_mark(file, SIGNER.verifier, segment=SEGMENT) is None
    mark = mark_of(sample())
    write_mark(file, mark)
    assert read_mark(file, SIGNER.verifier, segment=SEGMENT) == mark
    assert [path.name for path in tmp_path.iterdir()] == ["mark"]


def sample() -> Report:
    """A report of a log of 600 entries."""
    return Report(
        levels=("chain",),
        size=600,
        root="ab" * 32,
        first=0,
        end=600,
        checkpoints=1,
        cosignatures=0,
        strangers=0,
        signed=600,
        witnessed=0,
        position=512,
        frontier=("cd" * 32,),
        findings=(),
        more=0,
    )


@pytest.mark.parametrize(
    "changed",
    [
        {"position": 500},
        {"position": 768, "frontier": ("cd" * 32, "cd" * 32)},
        {"frontier": ()},
        {"frontier": ("cd" * 32, "ef" * 32)},
        {"size": 512},
        {"root": "no hash"},
        {"size": -1},
        {"v": 2},
    ],
)
def test_a_mark_that_cannot_be_is_refused(tmp_path: Path, changed: dict[str, object]) -> None:
    file = tmp_path / "mark"
    write_mark(file, mark_of(sample(), **changed))
    with pytest.raises(UnusableMark, match="no mark"):
        read_mark(file, SIGNER.verifier, segment=SEGMENT)


@pytest.mark.parametrize("data", [b"", b"{}", b"[1]", b"\xff", b'{"v":1,"more":0}'])
def test_a_file_that_is_no_mark_is_refused(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "mark"
    file.write_bytes(data)
    with pytest.raises(UnusableMark):
        read_mark(file, None, segment=SEGMENT)


def test_a_mark_is_bound_to_the_keys_it_was_made_under(tmp_path: Path) -> None:
    file = tmp_path / "mark"
    other = Signer("log.example", bytes([1]) * 32).verifier
    write_mark(file, mark_of(sample()))
    assert read_mark(file, [other, SIGNER.verifier], segment=SEGMENT)
    for log in (other, None):
        with pytest.raises(UnusableMark, match=r"made under log\.example"):
            read_mark(file, log, segment=SEGMENT)
    write_mark(file, mark_of(sample(), keys=()))
    assert read_mark(file, None, segment=SEGMENT)
    with pytest.raises(UnusableMark, match="no key"):
        read_mark(file, other, segment=SEGMENT)


# Ranges


async def test_a_range_reads_its_segments_and_proves_them_under_the_head(
    database_url: str,
) -> None:
    await fill(database_url, SIZE)
    report = await chain(database_url, span=(300, 700))
    assert report.sound, report.findings
    assert (report.first, report.end) == (256, 768)
    async with open_reader(database_url) as reader:
        assert (report.size, report.root) == (SIZE, (await read_head(reader)).root.hex())


@pytest.mark.parametrize(
    ("statement", "seq"),
    [
        ("UPDATE entry SET bytes = x'7b7d' WHERE seq = 300", 300),
        ("UPDATE entry SET leaf = zeroblob(32) WHERE seq = 511", 511),
        ("DELETE FROM entry WHERE seq = 767", 767),
        ('UPDATE node SET hash = zeroblob(32) WHERE level = 1 AND "index" = 2', None),
        ('UPDATE node SET hash = zeroblob(32) WHERE level = 1 AND "index" = 0', 256),
        ("UPDATE head SET frontier = zeroblob(length(frontier))", 256),
    ],
)
async def test_damage_that_a_range_meets_is_named(
    sqlite_url: str, statement: str, seq: int | None
) -> None:
    await fill(sqlite_url, SIZE)
    with fences_down(sqlite_url) as connection:
        assert connection.execute(statement).rowcount == 1
    assert seq in named(await chain(sqlite_url, span=(256, 768)), "chain")


async def test_damage_outside_a_range_is_not_met(sqlite_url: str) -> None:
    await fill(sqlite_url, SIZE)
    with fences_down(sqlite_url) as connection:
        connection.execute("UPDATE entry SET leaf = zeroblob(32) WHERE seq = 5")
    assert (await chain(sqlite_url, span=(256, 768))).sound
    assert named(await chain(sqlite_url, span=(0, 1)), "chain") == {0, 5}


async def test_a_range_with_its_own_tree_is_not_the_logs(sqlite_url: str, tmp_path: Path) -> None:
    """A segment whose bytes, leaves and tile roots agree, and which the head never held."""
    made = await fill(sqlite_url, SIZE)
    other = f"sqlite:///{tmp_path / 'other.db'}"
    await fill(other, SIZE - 1, {"body": {"minutes": 99}})
    last = (await chain(other)).size - 1
    with fences_down(sqlite_url) as connection, fences_down(other) as source:
        row = source.execute("SELECT bytes, leaf FROM entry WHERE seq = ?", (last,)).fetchone()
        connection.execute("UPDATE entry SET bytes = ?, leaf = ? WHERE seq = ?", (*row, last))
    report = await chain(sqlite_url, span=(last, last + 1))
    assert made[last].leaf != row[1]
    assert any("not in the tree" in found.what for found in report.findings)


# The anchor


async def anchor_at(url: str, size: int) -> Checkpoint:
    """What was said of the first `size` entries."""
    async with open_reader(url) as reader:
        return Checkpoint("log.example", size, await read_root(reader, size))


async def test_the_log_must_extend_the_anchor(database_url: str) -> None:
    await fill(database_url, SIZE)
    kept = await anchor_at(database_url, 700)
    assert (await chain(database_url, anchor=kept)).sound
    other = msgspec.structs.replace(kept, root=bytes(32))
    assert named(await chain(database_url, anchor=other), "chain") == {699}


async def test_a_tail_cut_off_with_everything_that_tells_of_it_is_named(sqlite_url: str) -> None:
    await fill(sqlite_url, SIZE)
    kept = await anchor_at(sqlite_url, SIZE)
    cut = sqlite_url.replace("timebank.db", "cut.db")
    await fill(cut, SIZE - 1)
    assert (await chain(cut)).sound
    assert named(await chain(cut, anchor=kept), "chain") == {SIZE - 1}
