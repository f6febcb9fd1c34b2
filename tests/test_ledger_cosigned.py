"""Verification of what witnesses said: each stored line, and whether the head has its quorum."""

import asyncio
from collections.abc import Iterable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ledger.checkpoint import COSIGNATURE, Signer, cosign, open_note
from ledger.mirror import mirror
from ledger.quorum import Member, Quorum
from ledger.reader import open_reader
from ledger.verify import Report, verify
from ledger.writer import open_writer
from tests.ledgers import SIGNER, add, fill, publish
from tests.tampering import behind_the_fences
from web.cli import main

pytestmark = pytest.mark.anyio

WITNESSES = [Signer(f"w{n}.example", bytes([n]) * 32, kind=COSIGNATURE) for n in range(1, 5)]
STRANGER = Signer("s.example", b"s" * 32, kind=COSIGNATURE)
MEMBERS = tuple(Member(f"w{n}", one.verifier, None) for n, one in enumerate(WITNESSES))
QUORUM = Quorum(MEMBERS, 3, (SIGNER.verifier,))


async def cosigned(url: str, size: int, signers: Iterable[Signer]) -> None:
    """Store what witnesses say of a checkpoint."""
    writer = await open_writer(url)
    async with writer.transaction() as transaction:
        rows = await transaction.fetch("SELECT note FROM checkpoint WHERE size = $1", size)
        for signer in signers:
            await transaction.execute(
                "INSERT INTO cosignature (size, witness, line, at) VALUES ($1, $2, $3, $4)",
                *(size, signer.verifier.name, cosign(rows[0][0], signer, time=9), "now"),
            )
    await writer.close()


async def witnessed(url: str) -> None:
    """Signed at 3 and at 5, with three witnesses each; at 5 a stranger as well."""
    await fill(url, 3)
    writer = await open_writer(url)
    await add(writer, 2)
    async with writer.transaction() as transaction:
        await publish(transaction)
    await writer.close()
    await cosigned(url, 3, WITNESSES[:3])
    await cosigned(url, 5, [*WITNESSES[1:], STRANGER])


async def checked(url: str, quorum: Quorum | None = QUORUM) -> Report:
    """Level chain by an auditor who has every key."""
    return await verify(url, levels=["chain"], log=SIGNER.verifier, quorum=quorum)


async def test_every_line_is_checked_and_the_quorum_counted(database_url: str) -> None:
    await witnessed(database_url)
    report = await checked(database_url)
    assert report.sound, report.findings
    assert (report.checkpoints, report.cosignatures, report.strangers) == (2, 7, 1)
    assert (report.signed, report.witnessed) == (5, 5)
    without = await checked(database_url, None)
    assert without.sound
    assert (without.cosignatures, without.strangers, without.witnessed) == (7, 7, 0)


LINE = "UPDATE cosignature SET line = "
AT = " WHERE size = 3 AND witness = 'w1.example'"
OTHERS = "(SELECT line FROM cosignature WHERE size = {} AND witness = '{}')"


@pytest.mark.parametrize(
    ("statement", "what", "needs_key"),
    [
        # Of another checkpoint: a true line in the wrong place.
        (LINE + OTHERS.format(5, "w2.example") + AT.replace("w1", "w2"), "w2.example at 3", True),
        (LINE + OTHERS.format(3, "w2.example") + AT, "says otherwise than its row", False),
        (LINE + "substr(line, 1, 30)" + AT, "w1.example at 3: form", False),
        (LINE + "line || line" + AT, "w1.example at 3: form", False),
        (LINE + "''" + AT, "w1.example at 3: form", False),
        ("UPDATE cosignature SET size = 4" + AT, "no checkpoint of this size", False),
        ("DELETE FROM checkpoint WHERE size = 3", "no checkpoint of this size", False),
        ("UPDATE cosignature SET witness = 'w9.example'" + AT, "w9.example at 3", False),
    ],
)
async def test_a_line_that_is_not_its_witness_s_on_its_checkpoint_is_named(
    database_url: str, statement: str, what: str, needs_key: bool
) -> None:
    await witnessed(database_url)
    async with behind_the_fences(database_url) as hands:
        await hands.do(statement)
    assert [one for one in (await checked(database_url)).findings if what in one.what]
    assert (await checked(database_url, None)).sound == needs_key


async def test_a_head_that_no_quorum_saw_is_named_with_the_last_that_one_did(
    database_url: str,
) -> None:
    await witnessed(database_url)
    async with behind_the_fences(database_url) as hands:
        await hands.do("DELETE FROM cosignature WHERE size = 5 AND witness = 'w2.example'")
    report = await checked(database_url)
    (found,) = report.findings
    assert (found.layer, found.seq) == ("chain", 4)
    assert "checkpoint 5 has 2 of the 3 cosignatures" in found.what
    assert "of 3 entries" in found.what
    assert (report.signed, report.witnessed) == (5, 3)


async def test_two_lines_that_are_bad_are_no_votes(database_url: str) -> None:
    await witnessed(database_url)
    async with behind_the_fences(database_url) as hands:
        other = OTHERS.format(3, "w2.example")
        await hands.do(f"{LINE}{other} WHERE size = 5 AND witness = 'w2.example'")
    told = [one.what for one in (await checked(database_url)).findings]
    assert len(told) == 2
    assert "checkpoint 5 has 2 of the 3" in told[1]


async def test_a_log_that_was_never_signed_has_no_quorum(sqlite_url: str) -> None:
    await fill(sqlite_url, 3)
    async with behind_the_fences(sqlite_url) as hands:
        await hands.do("DELETE FROM checkpoint")
    (found,) = (await checked(sqlite_url)).findings
    assert "no checkpoint is stored" in found.what


def timebank(url: str, quorum: Path, *words: str) -> Result:
    """Run `verify ledger` with a quorum file."""
    told = ["--database", url, "verify", "ledger", "--quorum", str(quorum), *words]
    return CliRunner().invoke(main, told)


async def test_the_command_takes_a_quorum_file_and_reports_what_it_found(
    sqlite_url: str, tmp_path: Path
) -> None:
    await witnessed(sqlite_url)
    file, paper = tmp_path / "quorum", tmp_path / "r.md"
    file.write_text(QUORUM.text)
    key = ("--vkey", SIGNER.verifier.text)
    told = await run(sqlite_url, file, "--report", str(paper), *key)
    assert told.exit_code == 0, told.output
    text = paper.read_text()
    assert "* signed: 5 entries\n* witnessed: 5 entries by 3 of 4\n" in text
    assert "2 stored checkpoints, 2 with their signature, and 7 cosignatures" in text
    assert "Cosignatures of witnesses that are not in the quorum: 1." in text
    # A quorum vouches too, and that the log's own signature was not checked is said.
    told = await run(sqlite_url, file)
    assert (told.exit_code, "ok" in told.stdout.splitlines()) == (0, True)
    assert "not checked: Who signed the checkpoints: no verifier key" in told.stdout
    file.write_text(Quorum(MEMBERS, 4).text)
    told = await run(sqlite_url, file, "--report", str(paper), *key)
    assert told.exit_code == 1
    assert "checkpoint 5 has 3 of the 4 cosignatures" in told.output
    # No quorum file at all, and one that is for another log.
    file.write_text("quorum none\n")
    assert (await run(sqlite_url, file)).exit_code == 2
    other = Signer("log.example", b"o" * 32).verifier
    file.write_text(Quorum(MEMBERS, 3, (other,)).text)
    assert (await run(sqlite_url, file, *key)).exit_code == 2


async def run(url: str, file: Path, *words: str) -> Result:
    """The command, beside the loop of the tests."""
    return await asyncio.to_thread(timebank, url, file, *words)


async def test_a_mirror_is_given_good_lines_alone(database_url: str, tmp_path: Path) -> None:
    """One line that is another checkpoint's would spoil the note for whoever knows the witness."""
    await witnessed(database_url)
    async with behind_the_fences(database_url) as hands:
        other = OTHERS.format(3, "w2.example")
        await hands.do(f"{LINE}{other} WHERE size = 5 AND witness = 'w2.example'")
    async with open_reader(database_url) as reader:
        await mirror(reader, tmp_path / "m", log=SIGNER.verifier, quorum=QUORUM)
    note = (tmp_path / "m" / "checkpoint").read_text()
    opened = open_note(note, SIGNER.verifier, QUORUM.keys)
    assert [one.witness for one in opened.cosigned] == ["w3.example", "w4.example"]
