"""Attacks on what came when: entries added, lost, exchanged, or a whole other history.

Whoever owns the database can make every hash in it right, and then the database alone has nothing
to say. So each test states who does: layer `chain` and the entry where rows contradict each other,
the anchor and its verdict where they do not, a signed checkpoint or an outsider's receipt where the
anchor is lost as well.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from ledger.anchor import Verdict
from ledger.chain import Finding
from ledger.checkpoint import Checkpoint, open_note, open_receipt, sign
from ledger.entry import Tip
from ledger.head import entry_row
from ledger.merkle import InvalidProof, verify_consistency
from ledger.reader import open_reader, read_head
from ledger.signer import LocalSigner
from tests.ledgers import SIGNER, add, entry
from tests.tampering import (
    KEY,
    Hands,
    SignedLog,
    behind_the_fences,
    cut_back,
    rewritten,
    signed_log,
)

pytestmark = pytest.mark.anyio

SIZES = (300, 600)
INSERT = (
    "INSERT INTO entry (seq, bytes, leaf, kind, at, actor, request)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7)"
)
AWAY = 10_000


@pytest.fixture
async def log(database_url: str, tmp_path: Path) -> SignedLog:
    """600 entries, signed at 300 and at 600."""
    made = await signed_log(database_url, tmp_path, *SIZES)
    assert await made.verified() == ()
    return made


def named(findings: tuple[Finding, ...]) -> dict[int | None, list[str]]:
    """What layer chain says of each entry; every other layer is silent."""
    assert {finding.layer for finding in findings} <= {"chain"}
    told: dict[int | None, list[str]] = {}
    for finding in findings:
        told.setdefault(finding.seq, []).append(finding.what)
    return told


def start_of(seq: int) -> Verdict:
    """What a start says of an entry that is gone or another: it reads O(log n) hashes.

    Below 512 the roots of two full tiles vouch for the entries, and only layer chain reads those.
    """
    return Verdict.GO if seq < 512 else Verdict.FORK


async def shift(hands: Hands, first: int, by: int) -> None:
    """Renumber the rows from `first` on; by way of numbers that nobody holds."""
    await hands.do("UPDATE entry SET seq = seq + $2 WHERE seq >= $1", first, AWAY)
    await hands.do("UPDATE entry SET seq = seq - $1 + $2 WHERE seq >= $1", AWAY, by)


# Deletion


@pytest.mark.parametrize("seq", [0, 299, 300, 599])
async def test_layer_chain_names_a_deleted_entry(log: SignedLog, seq: int) -> None:
    async with behind_the_fences(log.url) as hands:
        await hands.do("DELETE FROM entry WHERE seq = $1", seq)
    told = named(await log.verified("chain"))
    last = "the head counts 600 entries, 599 are there"
    assert told[seq][0] == (last if seq == 599 else f"missing, up to {seq}")
    assert await log.started() is start_of(seq)


async def test_layer_chain_names_a_deleted_entry_whose_place_was_closed(log: SignedLog) -> None:
    async with behind_the_fences(log.url) as hands:
        await hands.do("DELETE FROM entry WHERE seq = 300")
        await shift(hands, 301, -1)
    told = named(await log.verified("chain"))
    assert told[300] == ["the bytes say position 301", "prev is not the leaf of the entry before"]
    # Every later row is named too; only the first one's `prev` is wrong.
    assert told[301] == ["the bytes say position 302"]
    assert await log.started() is Verdict.FORK


# Insertion


async def test_layer_chain_names_an_inserted_entry_and_all_it_moved(log: SignedLog) -> None:
    async with open_reader(log.url) as reader:
        ((leaf,),) = await reader.fetch("SELECT leaf FROM entry WHERE seq = 299")
    forged = entry(Tip(300, bytes(leaf), None), 300, actor="p_forged")
    async with behind_the_fences(log.url) as hands:
        await shift(hands, 300, 1)
        await hands.do(INSERT, *entry_row(forged))
    told = named(await log.verified("chain"))
    # The forged entry follows the one before it; the honest one after it says that it does not.
    assert 300 not in told
    assert told[301] == [
        "the bytes say position 300",
        "prev is not the leaf of the entry before",
    ]
    late = [one.seq for one in await log.verified("books") if one.what.startswith("not later")]
    assert late[0] == 301
    assert await log.started() is Verdict.FORK


async def test_layer_chain_names_an_entry_beyond_the_head(log: SignedLog) -> None:
    """All its hashes are right, and a publisher would not sign it: it goes by the head."""
    async with open_reader(log.url) as reader:
        tip = (await read_head(reader)).tip
    async with behind_the_fences(log.url) as hands:
        await hands.do(INSERT, *entry_row(entry(tip, 600)))
    told = named(await log.verified("chain"))
    assert told[600] == ["the head counts 600 entries, 601 are there"]
    assert await log.started() is Verdict.GO
    async with log.publisher() as (publisher, _):
        assert (await publisher.publish()).size == 600


@pytest.mark.parametrize("seq", [2**31, 2**62, 2**63 - 1])
async def test_layer_chain_names_an_entry_far_away_and_does_not_walk_there(
    log: SignedLog, seq: int
) -> None:
    async with behind_the_fences(log.url) as hands:
        await hands.do("UPDATE entry SET seq = $1 WHERE seq = 599", seq)
    async with asyncio.timeout(20):
        told = named(await log.verified("chain"))
    assert told[seq] == ["an entry far beyond the others"]
    assert told[599] == ["the head counts 600 entries, 599 are there"]


async def test_layer_chain_names_an_entry_before_the_first(log: SignedLog) -> None:
    async with behind_the_fences(log.url) as hands:
        await hands.do("UPDATE entry SET seq = -1 WHERE seq = 599")
    told = named(await log.verified("chain"))
    assert told[-1] == ["an entry before the first"]
    assert told[599] == ["the head counts 600 entries, 599 are there"]


# Exchange


@pytest.mark.parametrize("pair", [(0, 1), (299, 300), (5, 595)])
async def test_layer_chain_names_both_of_an_exchanged_pair(
    log: SignedLog, pair: tuple[int, int]
) -> None:
    first, second = pair
    async with behind_the_fences(log.url) as hands:
        for old, new in ((first, AWAY), (second, first), (AWAY, second)):
            await hands.do("UPDATE entry SET seq = $2 WHERE seq = $1", old, new)
    told = named(await log.verified("chain"))
    assert f"the bytes say position {second}" in told[first]
    assert f"the bytes say position {first}" in told[second]
    assert await log.started() is start_of(second)


async def test_layer_chain_names_bytes_exchanged_under_their_columns(log: SignedLog) -> None:
    async with behind_the_fences(log.url) as hands:
        rows = await hands.see("SELECT bytes FROM entry WHERE seq IN (7, 9) ORDER BY seq")
        for seq, (data,) in zip((9, 7), rows, strict=True):
            await hands.do("UPDATE entry SET bytes = $1 WHERE seq = $2", bytes(data), seq)
    told = named(await log.verified("chain"))
    for seq in (7, 9):
        assert "the leaf is not the hash of the bytes" in told[seq]


# A tail cut off, its head set back


@pytest.mark.parametrize("size", [599, 450, 300, 1])
async def test_the_anchor_names_a_truncation_that_left_no_trace(log: SignedLog, size: int) -> None:
    """The rows agree with each other; only what lies outside the database remembers more."""
    anchored = log.anchor.read_bytes()
    await cut_back(log, size)
    assert await log.verified() == ()
    assert await log.started() is Verdict.ROLLED_BACK
    assert await log.refused() is Verdict.ROLLED_BACK
    assert log.anchor.read_bytes() == anchored


async def test_the_anchor_names_a_log_that_was_emptied(log: SignedLog) -> None:
    await cut_back(log, 0)
    assert await log.verified() == ()
    assert await log.started() is Verdict.LOST_DATABASE
    assert await log.refused() is Verdict.LOST_DATABASE


async def test_a_checkpoint_names_a_truncation_that_forgot_it(log: SignedLog) -> None:
    await cut_back(log, 450, checkpoints=False)
    assert named(await log.verified()) == {None: ["a checkpoint of 600 entries, 450 are there"]}


async def test_a_receipt_names_a_truncation_after_anchor_and_checkpoints_are_gone(
    log: SignedLog,
) -> None:
    """Whoever has a receipt of entry 450 proves that the log once had more than it shows."""
    receipt = await log.receipt(450)
    await cut_back(log, 450)
    log.anchor.unlink()
    assert await log.started() is Verdict.LOST_ANCHOR
    opened = open_receipt(receipt, KEY.verifier)
    assert opened.entry.seq == 450
    shown = await log.checkpoint()
    with pytest.raises(InvalidProof):
        verify_consistency(
            old=opened.checkpoint.size,
            new=shown.size,
            old_root=opened.checkpoint.root,
            new_root=shown.root,
            proof=[],
        )


# Another history, every hash right


@pytest.mark.parametrize("first", [0, 100, 299])
async def test_a_signed_checkpoint_names_another_history(log: SignedLog, first: int) -> None:
    await rewritten(log, first, checkpoints=False)
    assert named(await log.verified()) == {
        299: ["checkpoint 300 has another root"],
        599: ["checkpoint 600 has another root"],
    }
    assert await log.started() is Verdict.FORK


async def test_a_signed_checkpoint_names_where_another_history_began(log: SignedLog) -> None:
    await rewritten(log, 301, checkpoints=False)
    assert named(await log.verified()) == {599: ["checkpoint 600 has another root"]}


@pytest.mark.parametrize("first", [0, 300, 599])
async def test_the_anchor_names_another_history_without_checkpoints(
    log: SignedLog, first: int
) -> None:
    anchored = log.anchor.read_bytes()
    await rewritten(log, first)
    assert await log.verified() == ()
    assert await log.started() is Verdict.FORK
    assert await log.refused() is Verdict.FORK
    assert log.anchor.read_bytes() == anchored


async def test_a_key_names_checkpoints_that_a_stranger_signed(log: SignedLog) -> None:
    """Rewritten and signed anew, by somebody who does not have the log's key."""
    await rewritten(log, 100)
    told = await log.checkpoint()
    thief = LocalSigner("log.example", b"t" * 32)
    async with behind_the_fences(log.url) as hands:
        await hands.do(
            "INSERT INTO checkpoint (size, root, note, at) VALUES ($1, $2, $3, 'now')",
            *(told.size, told.root, thief.note(told)),
        )
    assert named(await log.verified()) == {599: ["checkpoint 600: unsigned: by log.example"]}


def follow(held: Checkpoint, shown: Checkpoint, proof: tuple[bytes, ...]) -> None:
    """What somebody who kept a checkpoint asks of every later one."""
    verify_consistency(
        old=held.size, new=shown.size, old_root=held.root, new_root=shown.root, proof=proof
    )


async def test_an_outsiders_receipt_names_another_history_that_key_and_anchor_vouch_for(
    log: SignedLog,
) -> None:
    """The operator is the forger: key, anchor, checkpoints, everything is theirs to make right."""
    receipt = await log.receipt(150)
    held = open_receipt(receipt, KEY.verifier).checkpoint
    await rewritten(log, 100)
    log.anchor.unlink()
    async with log.publisher() as (publisher, _):
        with pytest.raises(Exception, match="lost-anchor"):
            await publisher.publish()
    note = KEY.note(await log.checkpoint())
    log.anchor.write_text(note)
    async with behind_the_fences(log.url) as hands:
        await hands.do("DELETE FROM stop")
    shown = await log.grow(50)
    assert await log.started() is Verdict.GO
    assert await log.verified() == ()
    with pytest.raises(InvalidProof):
        follow(held, shown, await log.proof(held.size, shown.size))
    # Two notes by one key that cannot both be true: the receipt's own, and any of today's.
    assert open_note(note, KEY.verifier).checkpoint.size == held.size
    assert open_note(note, KEY.verifier).checkpoint.root != held.root


async def test_a_client_that_remembers_names_a_stale_checkpoint(log: SignedLog) -> None:
    """The note is genuine and old: signature and root are right, and it hides what came since."""
    held = await log.checkpoint()
    async with open_reader(log.url) as reader:
        ((stale,),) = await reader.fetch("SELECT note FROM checkpoint WHERE size = 300")
    shown = open_note(stale, KEY.verifier).checkpoint
    assert shown.size == 300
    for proof in ((), await log.proof(300, 600)):
        with pytest.raises(InvalidProof, match="order"):
            follow(held, shown, proof)
    follow(shown, held, await log.proof(300, 600))


# The anchor


@pytest.mark.parametrize(
    "change",
    [
        lambda note: note.replace("\n600\n", "\n300\n"),
        lambda note: note.replace("\n600\n", "\n600000\n"),
        lambda note: note.replace("log.example\n600", "log.exampl\u0435\n600"),
        lambda note: sign(Checkpoint("log.example", 300, b"r" * 32), SIGNER).replace("A", "B"),
    ],
)
async def test_the_anchor_names_a_change_of_itself(
    log: SignedLog, change: Callable[[str], str]
) -> None:
    changed = change(log.anchor.read_text())
    log.anchor.write_text(changed)
    assert await log.started() is Verdict.LOST_ANCHOR
    assert await log.refused() is Verdict.LOST_ANCHOR
    assert log.anchor.read_text() == changed


async def test_an_older_anchor_beside_the_true_log_is_caught_up(log: SignedLog) -> None:
    """The disk called an anchor written and lost it; the next signature extends what had left."""
    async with open_reader(log.url) as reader:
        ((older,),) = await reader.fetch("SELECT note FROM checkpoint WHERE size = 300")
    log.anchor.write_text(older)
    await log.grow(5)
    assert await log.verified() == ()
    assert await log.started() is Verdict.GO


@pytest.mark.parametrize("size", [600, 700])
async def test_a_checkpoint_row_names_what_a_lost_anchor_no_longer_knows(
    log: SignedLog, size: int
) -> None:
    """The anchor lost 600, the history after 300 was rewritten: the row of 600 forbids signing."""
    async with open_reader(log.url) as reader:
        ((older,),) = await reader.fetch("SELECT note FROM checkpoint WHERE size = 300")
    await rewritten(log, 400, checkpoints=False)
    log.anchor.write_text(older)
    if size > 600:
        async with log.publisher() as (_, writer):
            await add(writer, size - 600)
    assert await log.started() is Verdict.GO
    assert await log.refused() is Verdict.FORK
    assert log.anchor.read_text() == older


async def test_a_note_in_a_checkpoint_row_that_is_not_the_logs_stops_the_publisher(
    log: SignedLog,
) -> None:
    """The root is right, so only the text that receipts would be made of is the stranger's."""
    async with behind_the_fences(log.url) as hands:
        await hands.do("UPDATE checkpoint SET note = replace(note, '600', '601') WHERE size = 600")
    assert await log.refused() is Verdict.FORK
    assert named(await log.verified())[599] == ["checkpoint 600: signature: log.example"]
