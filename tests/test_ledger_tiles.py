"""Tiles: one spelling of each path, the right bytes behind it, nothing beyond what was signed."""

import ast
import itertools
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.merkle import InvalidProof
from ledger.reader import Reader, open_reader
from ledger.receipts import receipt
from ledger.tables import install
from ledger.tiles import NoSuchTile, TileFile, files_of, read_file, read_published
from ledger.writer import open_writer
from tests import outsider, outsider_books
from tests.ledgers import SIGNER, add, fences_down, fill

KEY = outsider.key_of(SIGNER.verifier.text)


class Counting:
    """A reader that counts the rows it gave."""

    def __init__(self, reader: Reader) -> None:
        self.dialect, self.kept = reader.dialect, reader.kept
        self._reader = reader
        self.rows = 0

    async def fetch(self, sql: str, *params: object) -> list[tuple[Any, ...]]:
        rows = await self._reader.fetch(sql, *params)
        self.rows += len(rows)
        return rows


def test_the_outsider_shares_no_code_with_the_ledger() -> None:
    files = [outsider.__file__, outsider_books.__file__]
    nodes = [ast.walk(ast.parse(Path(file).read_text("utf-8"))) for file in files]
    imported = {
        name
        for node in itertools.chain(*nodes)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [node.module] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]
        )
    }
    assert imported == {
        *("base64", "collections.abc", "hashlib", "json", "pathlib", "struct", "typing"),
        *("datetime", "re", "tests.outsider"),
        "cryptography.exceptions",
        "cryptography.hazmat.primitives.asymmetric.ed25519",
    }


# Paths


@pytest.mark.parametrize(
    ("path", "file"),
    [
        ("tile/0/000", TileFile(0, 0)),
        ("tile/0/999.p/1", TileFile(0, 999, 1)),
        ("tile/1/x001/000", TileFile(1, 1000)),
        ("tile/8/x001/x234/067", TileFile(8, 1_234_067)),
        ("tile/63/012.p/255", TileFile(63, 12, 255)),
        ("tile/entries/x273/112.p/10", TileFile(None, 273_112, 10)),
    ],
)
def test_a_path_names_one_file(path: str, file: TileFile) -> None:
    assert TileFile.parse(path) == file
    assert file.path == path


@pytest.mark.parametrize(
    "path",
    [
        *("", "tile", "tile/", "tile/0", "tile/0/", "checkpoint", "/tile/0/000", "tile//000"),
        *("tile/00/000", "tile/01/000", "tile/64/000", "tile/100/000", "tile/-1/000"),
        *("tile/+1/000", "tile/x/000", "tile/data/000", "tile/Entries/000", "tile/ 0/000"),
        *("tile/0/0", "tile/0/00", "tile/0/0000", "tile/0/1000", "tile/0/x000/001"),
        *("tile/0/x000/x000/001", "tile/0/001/002", "tile/0/x001", "tile/0/X001/002"),
        *("tile/0/x01/002", "tile/0/x0001/002", "tile/0/x001/x002", "tile/0/x001//002"),
        *("tile/0/000.p/0", "tile/0/000.p/00", "tile/0/000.p/01", "tile/0/000.p/256"),
        *("tile/0/000.p/257", "tile/0/000.p/1000", "tile/0/000.p/", "tile/0/000.p"),
        *("tile/0/000.p/1/", "tile/0/000/", "tile/0/000\n", "tile/0/000.p/1\n", "tile/0/000 "),
        *("tile/0/٠٠٠", "tile/0/００１", "tile/0/000.p/١", "tile/0/000.p/+1", "tile/0/000.P/1"),
        "tile/0/" + "x001/" * 7 + "000",
    ],
)  # fmt: skip
def test_another_spelling_names_nothing(path: str) -> None:
    with pytest.raises(NoSuchTile):
        TileFile.parse(path)


@given(
    level=st.none() | st.integers(0, 63),
    index=st.integers(0, 1000**7 - 1),
    width=st.integers(1, 256),
)
def test_every_file_is_found_under_its_path_and_no_other(
    level: int | None, index: int, width: int
) -> None:
    file = TileFile(level, index, width)
    assert TileFile.parse(file.path) == file
    for wrong in (file.path + "0", file.path[:-1], file.path.upper(), file.path.replace("/", "//")):
        try:
            assert TileFile.parse(wrong).path == wrong
        except NoSuchTile:
            continue


def test_the_specification_s_examples_come_out() -> None:
    by_level = [
        [file.width for file in files_of(70_000) if file.level == level] for level in (0, 1, 2, 3)
    ]
    assert by_level == [[256] * 273 + [112], [256, 17], [1], []]
    assert [file.path for file in files_of(256)] == [
        *("tile/entries/000", "tile/0/000", "tile/1/000.p/1"),
    ]
    assert list(files_of(0)) == []


@pytest.mark.parametrize("size", [*range(1, 20), 255, 256, 257, 511, 512, 513, 65_536, 16_842_752])
def test_the_files_of_a_size_are_those_that_an_outsider_expects(size: int) -> None:
    wanted = [path for files in outsider.expected(size).values() for _, path in files]
    assert [file.path for file in files_of(size)] == wanted
    assert max(file.end for file in files_of(size)) == size


# Reading


@pytest.mark.anyio
async def test_every_file_holds_what_an_outsider_computes(database_url: str) -> None:
    made = await fill(database_url, 600)
    leaves = [outsider.leaf_of(entry.bytes) for entry in made]
    async with open_reader(database_url) as reader:
        for file in files_of(600):
            data = await read_file(reader, file, size=600)
            first = file.index * 256
            if file.level is None:
                expected = [entry.bytes for entry in made[first : first + file.width]]
                assert list(outsider.split(data)) == expected
            elif file.level == 0:
                assert data == b"".join(leaves[first : first + file.width])
            else:
                assert (file.level, file.index, file.width) == (1, 0, 2)
                assert data == outsider.tree(leaves[:256]) + outsider.tree(leaves[256:512])
            # What it held at each smaller size is how it begins.
            if file.level is not None:
                for width in {1, file.width // 2, file.width - 1} - {0}:
                    part = TileFile(file.level, file.index, width)
                    assert await read_file(reader, part, size=600) == data[: 32 * width]


@pytest.mark.anyio
async def test_nothing_beyond_the_size_is_read(database_url: str) -> None:
    await fill(database_url, 600)
    beyond = [TileFile(0, 2), TileFile(0, 2, 89), TileFile(0, 3, 1), TileFile(1, 0, 3)]
    beyond += [TileFile(2, 0, 1), TileFile(None, 2), TileFile(None, 2, 89), TileFile(63, 0, 1)]
    async with open_reader(database_url) as reader:
        for file in beyond:
            with pytest.raises(NoSuchTile):
                await read_file(reader, file, size=600)
        # The entries are there; the size asked for has not got so far.
        assert await read_file(reader, TileFile(0, 1), size=512)
        for file in (TileFile(0, 1), TileFile(None, 1), TileFile(1, 0, 2)):
            with pytest.raises(NoSuchTile):
                await read_file(reader, file, size=511)


@pytest.mark.anyio
async def test_a_file_costs_its_own_rows_and_no_more(sqlite_url: str) -> None:
    await fill(sqlite_url, 3000)
    async with open_reader(sqlite_url) as reader:
        for file in files_of(3000):
            counting = Counting(reader)
            await read_file(cast(Reader, counting), file, size=3000)
            assert counting.rows <= 256


@pytest.mark.anyio
async def test_the_latest_checkpoint_is_the_published_one(database_url: str) -> None:
    await install(database_url)
    async with open_reader(database_url) as reader:
        assert await read_published(reader) is None


@pytest.mark.anyio
async def test_entries_not_signed_yet_are_not_published(database_url: str) -> None:
    await fill(database_url, 3)
    writer = await open_writer(database_url)
    await add(writer, 4)
    await writer.close()
    async with open_reader(database_url) as reader:
        told = await read_published(reader)
    assert told is not None
    assert told.size == 3
    assert outsider.head_of(told.note, KEY) == (told.size, told.root)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("change", "file"),
    [
        ("UPDATE entry SET bytes = x'7b7d' WHERE seq = 7", TileFile(None, 0)),
        ("UPDATE entry SET leaf = zeroblob(32) WHERE seq = 7", TileFile(None, 0)),
        ("DELETE FROM entry WHERE seq = 7", TileFile(None, 0)),
        ("DELETE FROM entry WHERE seq = 7", TileFile(0, 0)),
        ("DELETE FROM node", TileFile(1, 0, 1)),
    ],
)
async def test_what_was_tampered_with_is_not_handed_out(
    sqlite_url: str, change: str, file: TileFile
) -> None:
    await fill(sqlite_url, 300)
    with fences_down(sqlite_url) as connection:
        connection.execute(change)
    async with open_reader(sqlite_url) as reader:
        with pytest.raises(InvalidProof):
            await read_file(reader, file, size=300)


# Receipts, read by somebody else


@pytest.mark.anyio
async def test_an_outsider_accepts_receipts_and_refuses_every_flipped_byte(
    database_url: str,
) -> None:
    made = await fill(database_url, 300)
    async with open_reader(database_url) as reader:
        texts = {seq: await receipt(reader, seq) for seq in (0, 17, 255, 256, 299)}
    for seq, text in texts.items():
        assert outsider.check_receipt(text, KEY)["nonce"] == made[seq].nonce
    told = texts[256].encode()
    for at in range(len(told)):
        changed = bytearray(told)
        changed[at] ^= 1 << at % 8
        with pytest.raises(outsider.Forged):
            outsider.check_receipt(outsider.text_of(bytes(changed)), KEY)


@pytest.mark.anyio
async def test_an_outsider_refuses_a_receipt_for_another_position_or_log(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'a.db'}"
    await fill(url, 300)
    async with open_reader(url) as reader:
        text = await receipt(reader, 7)
    for wrong in (6, 8, 71, 300, 7 + 256):
        with pytest.raises(outsider.Forged):
            outsider.check_receipt(text.replace("index 7\n", f"index {wrong}\n"), KEY)
    other = outsider.Key("log.example", KEY.id, bytes(32))
    with pytest.raises(outsider.Forged, match="signature"):
        outsider.check_receipt(text, other)
    with pytest.raises(outsider.Forged, match="another log"):
        outsider.check_receipt(text, KEY._replace(name="log.exampIe"))
