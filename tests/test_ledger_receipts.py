"""Receipts from a real database, opened with nothing but the verifier key."""

from pathlib import Path
from typing import Any, cast

import pytest

from ledger.checkpoint import COSIGNATURE, Signer, cosign, open_receipt
from ledger.merkle import InvalidProof
from ledger.reader import Reader, open_reader
from ledger.receipts import NoSuchEntry, NotYetSigned, receipt
from ledger.tables import install
from ledger.writer import open_writer
from tests.ledgers import SIGNER, add, fences_down, fill

pytestmark = pytest.mark.anyio


class Counting:
    """A reader that counts the rows it gave."""

    def __init__(self, reader: Reader) -> None:
        self.dialect = reader.dialect
        self._reader = reader
        self.rows = 0

    async def fetch(self, sql: str, *params: object) -> list[tuple[Any, ...]]:
        rows = await self._reader.fetch(sql, *params)
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
        text = await receipt(cast(Reader, counting), 1234)
    assert open_receipt(text, SIGNER.verifier).entry.seq == 1234
    # One leaf tile, the last one, and the tile above them; entry and checkpoint.
    assert counting.rows <= 256 + 256 + 19 + 2


async def test_changed_bytes_get_no_receipt(sqlite_url: str) -> None:
    await fill(sqlite_url, 3)
    with fences_down(sqlite_url) as connection:
        connection.execute("UPDATE entry SET bytes = x'7b7d' WHERE seq = 1")
    async with open_reader(sqlite_url) as reader:
        with pytest.raises(InvalidProof):
            await receipt(reader, 1)
        open_receipt(await receipt(reader, 2), SIGNER.verifier)
