"""Reading: proofs out of either database, over connections that cannot write."""

import pytest

from ledger.merkle import verify_consistency, verify_inclusion
from ledger.reader import (
    open_reader,
    read_consistency,
    read_head,
    read_inclusion,
    read_root,
)
from tests.ledgers import fill

pytestmark = pytest.mark.anyio

SIZE = 600


async def test_proofs_are_read_from_the_database(database_url: str) -> None:
    made = await fill(database_url, SIZE)
    async with open_reader(database_url) as reader:
        root = (await read_head(reader)).root
        for index in (0, 255, 256, 511, 599):
            verify_inclusion(
                index=index,
                size=SIZE,
                leaf=made[index].leaf,
                proof=await read_inclusion(reader, index, SIZE),
                root=root,
            )
        for old in (1, 256, 300, 512, 599):
            verify_consistency(
                old=old,
                new=SIZE,
                old_root=await read_root(reader, old),
                new_root=root,
                proof=await read_consistency(reader, old, SIZE),
            )


async def test_a_reader_cannot_write(sqlite_url: str) -> None:
    await fill(sqlite_url, 1)
    async with open_reader(sqlite_url) as reader:
        with pytest.raises(Exception, match="readonly"):
            await reader.fetch("DELETE FROM stop")
