"""Receipts from a real database, opened with nothing but the verifier key."""

from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any

import pytest

from ledger import reader as reading
from ledger import receipts
from ledger.checkpoint import (
    COSIGNATURE,
    Checkpoint,
    InvalidReceipt,
    Signer,
    build_receipt,
    cosign,
    open_note,
    open_receipt,
    sign,
)
from ledger.entry import EMPTY, leaf_hash
from ledger.merkle import InvalidProof, Tile
from ledger.quorum import Member, Quorum
from ledger.reader import Reader, open_reader, read_consistency
from ledger.receipts import (
    Issued,
    NoSuchEntry,
    NotYetSigned,
    ReceiptState,
    issue,
    latest_checkpoint,
    receipt,
)
from ledger.tables import install
from ledger.tiles import read_published
from ledger.writer import Writer, inserting, open_writer
from tests.ledgers import SIGNER, add, chain, entry, fences_down, fill, publish

pytestmark = pytest.mark.anyio


class Counting:
    """A reader that counts the queries it answered and the rows it gave."""

    def __init__(self, reader: Reader) -> None:
        self.dialect, self.kept = reader.dialect, reader.kept
        self._reader = reader
        self.queries = self.rows = 0

    async def fetch(self, sql: str, *params: object) -> list[tuple[Any, ...]]:
        rows = await self._reader.fetch(sql, *params)
        self.queries += 1
        self.rows += len(rows)
        return rows


async def test_every_receipt_opens_offline(database_url: str) -> None:
    made = await fill(database_url, 600)
    async with open_reader(database_url) as reader:
        for seq in (0, 1, 255, 256, 511, 512, 599):
            opened = open_receipt(await receipt(reader, seq), SIGNER.verifier)
            assert opened.entry == made[seq]
            assert opened.checkpoint.size == 600


async def test_an_entry_not_signed_yet_and_one_not_there(database_url: str) -> None:
    await fill(database_url, 3)
    writer = await open_writer(database_url)
    await add(writer)
    await writer.close()
    async with open_reader(database_url) as reader:
        with pytest.raises(NotYetSigned):
            await receipt(reader, 3)
        for seq in (4, -1):
            with pytest.raises(NoSuchEntry):
                await receipt(reader, seq)


async def test_a_log_never_signed_gives_no_receipt(database_url: str) -> None:
    await install(database_url)
    writer = await open_writer(database_url)
    await add(writer)
    await writer.close()
    async with open_reader(database_url) as reader:
        with pytest.raises(NotYetSigned):
            await receipt(reader, 0)


async def test_a_receipt_carries_the_witnesses_lines(database_url: str) -> None:
    await fill(database_url, 3)
    witness = Signer("witness.example", b"w" * 32, kind=COSIGNATURE)
    writer = await open_writer(database_url)
    async with writer.transaction() as transaction:
        note = (await transaction.fetch("SELECT note FROM checkpoint"))[0][0]
        await transaction.execute(
            "INSERT INTO cosignature (size, witness, line, at) VALUES ($1, $2, $3, $4)",
            3,
            "witness.example",
            cosign(note, witness, time=1_600_000_000),
            "2020-01-01T00:00:00.000000Z",
        )
    await writer.close()
    async with open_reader(database_url) as reader:
        text = await receipt(reader, 1)
    opened = open_receipt(text, SIGNER.verifier, [witness.verifier])
    assert [one.witness for one in opened.cosigned] == ["witness.example"]


async def test_reads_do_not_grow_with_the_log(sqlite_url: str, tmp_path: Path) -> None:
    await fill(sqlite_url, 5000)
    async with open_reader(sqlite_url) as reader:
        counting = Counting(reader)
        text = await receipt(counting, 1234)
    assert open_receipt(text, SIGNER.verifier).entry.seq == 1234
    # Leaves and twigs of one tile and of the last one, the tile above them; entry and checkpoint.
    assert counting.rows <= 32 + 8 + 8 + 4 + 19 + 2


async def test_what_lies_above_a_tile_s_root_and_the_right_edge_are_read_once(
    database_url: str,
) -> None:
    await fill(database_url, 600)
    async with open_reader(database_url) as reader:
        counting = Counting(reader)
        edge = {Tile(0, 18, 32): 24, Tile(64, 2, 8): 2, Tile(1, 0, 32): 2}
        for seq in (300, 5, 300, 599):
            open_receipt(await receipt(counting, seq), SIGNER.verifier)
            # All that the checkpoint covers of each, though the first needs less.
            assert {tile: len(hashes) // 32 for tile, hashes in reader.kept.items()} == edge
        # Asked for once: entry, checkpoint, leaves, twigs.
        counting.rows = 0
        await receipt(counting, 100)
        assert counting.rows == (2 + 32 + 8 if reader.dialect == "sqlite" else 3)


async def test_what_is_kept_is_bounded_and_its_oldest_goes(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(sqlite_url, 600)
    monkeypatch.setattr(reading, "_MOST_KEPT", 2)
    async with open_reader(sqlite_url) as reader:
        for seq in (5, 300, 599):
            open_receipt(await receipt(reader, seq), SIGNER.verifier)
            assert len(reader.kept) <= 2


async def test_nothing_is_kept_that_no_checkpoint_covers(database_url: str) -> None:
    """A standby that is promoted may lack it, and others be written in its place."""
    await fill(database_url, 600)
    writer = await open_writer(database_url)
    await add(writer, 40)
    async with open_reader(database_url) as reader:
        text = await receipt(reader, 5)
        assert open_receipt(text, SIGNER.verifier).checkpoint.size == 600
        await read_consistency(reader, 500, 640)
        kept = dict(reader.kept)
        assert kept
        assert all(len(hashes) == 32 * tile.covered(600) for tile, hashes in kept.items())
    async with writer.transaction() as transaction:
        await publish(transaction, SIGNER)
    await writer.close()
    async with open_reader(database_url) as reader:
        reader.kept.update(kept)
        for seq in (5, 599, 600, 639):
            text = await receipt(reader, seq)
            assert open_receipt(text, SIGNER.verifier).checkpoint.size == 640
        assert reader.kept != kept
        assert all(len(hashes) <= 32 * tile.covered(640) for tile, hashes in reader.kept.items())


@pytest.mark.parametrize("gone", ["level = 64", 'level = 64 AND "index" IN (0, 9, 18)'])
async def test_receipts_do_without_twigs(sqlite_url: str, gone: str) -> None:
    await fill(sqlite_url, 600)
    async with open_reader(sqlite_url) as reader:
        before = [await receipt(reader, seq) for seq in range(0, 600, 7)]
    with fences_down(sqlite_url) as connection:
        assert connection.execute(f"DELETE FROM node WHERE {gone}").rowcount
    async with open_reader(sqlite_url) as reader:
        assert [await receipt(reader, seq) for seq in range(0, 600, 7)] == before


async def test_a_changed_twig_makes_no_receipt(sqlite_url: str) -> None:
    await fill(sqlite_url, 600)
    with fences_down(sqlite_url) as connection:
        connection.execute('UPDATE node SET hash = zeroblob(32) WHERE level = 64 AND "index" = 9')
    async with open_reader(sqlite_url) as reader:
        with pytest.raises(InvalidProof):
            await receipt(reader, 256)
        # On the way from these it is not met: it is computed, or stands for itself below a root.
        for seq in (5, 9 * 32, 599):
            open_receipt(await receipt(reader, seq), SIGNER.verifier)


async def test_a_server_is_asked_for_all_tiles_together(postgres_url: str) -> None:
    await fill(postgres_url, 600)
    async with open_reader(postgres_url) as reader:
        counting = Counting(reader)
        text = await receipt(counting, 123)
    assert open_receipt(text, SIGNER.verifier).entry.seq == 123
    # Entry, checkpoint, cosignatures, and every tile of the proof together.
    assert counting.queries == 4


async def test_changed_bytes_get_no_receipt(sqlite_url: str) -> None:
    await fill(sqlite_url, 3)
    with fences_down(sqlite_url) as connection:
        connection.execute("UPDATE entry SET bytes = x'7b7d' WHERE seq = 1")
    async with open_reader(sqlite_url) as reader:
        with pytest.raises(InvalidProof):
            await receipt(reader, 1)
        open_receipt(await receipt(reader, 2), SIGNER.verifier)


# Witnessed


WITNESSES = [
    Signer(f"w{number:02}.example", bytes([number]) * 32, kind=COSIGNATURE)
    for number in range(1, 17)
]
QUORUM = Quorum(tuple(Member(one.verifier.name, one.verifier, None) for one in WITNESSES), 11)


class Cosigned:
    """A ledger that grows, whose checkpoints are cosigned by whom a test says."""

    def __init__(self, url: str, writer: Writer) -> None:
        self.url, self.writer = url, writer

    async def grow(self, witnesses: Iterable[Signer], *, spoilt: Iterable[Signer] = ()) -> int:
        """One entry, its checkpoint, a line of each witness; `spoilt` ones have a false line."""
        async with self.writer.transaction() as transaction:
            await transaction.append(chain(transaction.head.tip, 1))
            head = transaction.head
            note = sign(Checkpoint("log.example", head.size, head.root), SIGNER)
            at = "2020-01-01T00:00:00.000000Z"
            await transaction.execute(
                "INSERT INTO checkpoint (size, root, note, at) VALUES ($1, $2, $3, $4)",
                *(head.size, head.root, note, at),
            )
            lines = [(one, cosign(note, one, time=1)) for one in witnesses]
            lines += [(one, one.line(bytes(72))) for one in spoilt]
            kinds = {"size": "bigint", "witness": "text", "line": "text", "at": "text"}
            rows = [(head.size, one.verifier.name, line, at) for one, line in lines]
            await transaction.execute_each([(inserting("cosignature", kinds), rows)])
        return head.size

    async def issue(self, seq: int, quorum: Quorum | None = QUORUM) -> Issued:
        """A receipt, which opens for whoever knows every witness and says what it is said to."""
        async with open_reader(self.url) as reader:
            issued = await issue(reader, seq, quorum)
        opened = open_receipt(issued.text, SIGNER.verifier, QUORUM.keys)
        assert opened.checkpoint.size == issued.size
        reached = QUORUM.reached([one.witness for one in opened.cosigned])
        assert reached == (issued.state is ReceiptState.WITNESSED)
        assert issued.text.count("— ") <= 16
        return issued


@pytest.fixture
async def cosigned(database_url: str) -> AsyncIterator[Cosigned]:
    await install(database_url)
    writer = await open_writer(database_url)
    yield Cosigned(database_url, writer)
    await writer.close()


async def test_a_receipt_becomes_witnessed_with_the_eleventh_line(cosigned: Cosigned) -> None:
    for count, state in ((0, "signed"), (10, "signed"), (11, "witnessed"), (16, "witnessed")):
        size = await cosigned.grow(WITNESSES[:count])
        issued = await cosigned.issue(size - 1)
        assert (issued.size, issued.state) == (size, state)


async def test_the_latest_witnessed_checkpoint_goes_before_the_latest(cosigned: Cosigned) -> None:
    for _ in range(3):
        await cosigned.grow(WITNESSES[5:])
    await cosigned.grow(WITNESSES[:10])
    for seq in range(3):
        assert (await cosigned.issue(seq)).size == 3
    late = await cosigned.issue(3)
    assert (late.size, late.state) == (4, ReceiptState.SIGNED)
    alone = await cosigned.issue(0, None)
    assert (alone.size, alone.state) == (4, ReceiptState.SIGNED)


async def test_a_spoilt_line_is_left_out_and_does_not_count(cosigned: Cosigned) -> None:
    await cosigned.grow(WITNESSES[:10], spoilt=WITNESSES[10:])
    assert (await cosigned.issue(0)).state is ReceiptState.SIGNED
    await cosigned.grow(WITNESSES[:11], spoilt=WITNESSES[11:])
    assert (await cosigned.issue(1)).state is ReceiptState.WITNESSED
    async with open_reader(cosigned.url) as reader:
        note = await latest_checkpoint(reader, QUORUM)
        public = await read_published(reader, QUORUM)
    assert note is not None
    assert public is not None
    assert public.note == note
    assert len(open_note(note, SIGNER.verifier, QUORUM.keys).cosigned) == 11


async def test_strangers_lines_neither_count_nor_crowd_out(cosigned: Cosigned) -> None:
    strangers = [
        Signer(f"a{number}.example", bytes([99, number]) * 16, kind=COSIGNATURE)
        for number in range(20)
    ]
    await cosigned.grow([*strangers, *WITNESSES[:10]])
    assert (await cosigned.issue(0)).state is ReceiptState.SIGNED
    await cosigned.grow([*strangers, *WITNESSES[:11]])
    assert (await cosigned.issue(1)).state is ReceiptState.WITNESSED


async def test_an_outage_of_the_witnesses_is_looked_past(
    cosigned: Cosigned, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receipts, "_LOOKS", (("DESC", 16), ("DESC", 32), ("ASC", 32)))
    await cosigned.grow(WITNESSES)
    await cosigned.grow(WITNESSES)
    for _ in range(8):
        await cosigned.grow(WITNESSES[:10])
    for seq in (0, 1):
        issued = await cosigned.issue(seq)
        assert (issued.size, issued.state) == (2, ReceiptState.WITNESSED)
    assert (await cosigned.issue(2)).state is ReceiptState.SIGNED


async def test_looking_for_a_quorum_reads_no_more_in_a_long_log(cosigned: Cosigned) -> None:
    for _ in range(40):
        await cosigned.grow(WITNESSES)
    async with open_reader(cosigned.url) as reader:
        counting = Counting(reader)
        await issue(counting, 0, QUORUM)
    # 64 rows looked through, the lines of one checkpoint, its note, the entry, leaves and twigs.
    assert counting.rows <= 64 + 16 + 1 + 1 + 32 + 8 + 8


def test_what_is_no_entry_has_no_receipt_even_where_the_log_signed_it() -> None:
    sound = entry(EMPTY, 0).bytes
    for data in (sound, sound.replace(b'"minutes":10', b'"minutes":"two words"')):
        note = sign(Checkpoint("log.example", 1, leaf_hash(data)), SIGNER)
        text = build_receipt(data, 0, [], note)
        if data == sound:
            assert open_receipt(text, SIGNER.verifier).entry.bytes == sound
        else:
            with pytest.raises(InvalidReceipt, match="entry: text"):
                open_receipt(text, SIGNER.verifier)
