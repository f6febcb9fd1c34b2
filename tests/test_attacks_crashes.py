"""Attacks of chance: processes killed at the worst moment.

The processes are real and SIGKILL ends them at a point that each test names. Afterwards the ledger
is whole, nothing is written or signed twice, and whoever repeats a request gets the first answer.
The layers that find what is missing: the request ids at a commit, the anchor at a signature, the
checkpoint rows at an anchor.
"""

import signal
from pathlib import Path

import pytest

from ledger.anchor import Verdict
from ledger.checkpoint import open_note
from ledger.gathering import Gatherer, Standing
from ledger.quorum import Member, Quorum
from ledger.reader import open_reader
from ledger.submission import build_submission
from ledger.verify import verify
from ledger.witness import Conflict, Witness
from ledger.writer import open_writer
from tests.copies import begun
from tests.processes import script
from tests.tampering import KEY, signed_log
from tests.test_journal import Said, granting, key_of
from tests.witnesses import listening, new_witness
from timebank import replay
from timebank.access import Grants
from timebank.accounts import floor, holder
from timebank.actors import SYSTEM
from timebank.bank import open_bank
from timebank.settings import Settings
from timebank.tables import find

pytestmark = pytest.mark.anyio


async def killed(text: str, *words: str) -> None:
    """Run a process until it kills itself at the point its text names."""
    begin = f"import asyncio, os, signal, sys\nfrom pathlib import Path\n{KILL}\n"
    assert await script(begin + text, *words) == (-signal.SIGKILL, b"")


KILL = """
def die(*told, **named):
    os.kill(os.getpid(), signal.SIGKILL)

def dying(act):
    "The act, whole, and then the end."
    def wrapped(*told, **named):
        act(*told, **named)
        die()
    return wrapped

def dying_async(act):
    async def wrapped(*told, **named):
        await act(*told, **named)
        die()
    return wrapped
"""

# A commit and its answer

WRITE = """
from tests.test_journal import Said, granting, key_of
from timebank import journal
from timebank.actors import SYSTEM
from timebank.bank import open_bank
from timebank.settings import Settings

async def main(data, database, point):
    async with open_bank(Settings(data=Path(data), database=database)) as bank:
        if point == "before the commit":
            journal.Flush.write = dying_async(journal.Flush.write)
        else:
            journal.Journal._commit = dying_async(journal.Journal._commit)
        await bank.write(SYSTEM, key_of("once"), granting("per_1"), answer=Said)
        print("answered", flush=True)

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.parametrize("point", ["before the commit", "between commit and answer"])
async def test_request_ids_name_what_committed_before_a_kill(
    database_url: str, tmp_path: Path, point: str
) -> None:
    settings = Settings(data=tmp_path / "data", database=database_url)
    await begun(settings)
    await killed(WRITE, str(settings.data), database_url, point)
    async with open_bank(settings) as bank:
        found = await find(Grants, "per_1")
        assert (found is not None) == (point == "between commit and answer")
        answers = [
            await bank.write(SYSTEM, key_of("once"), granting("per_1"), answer=Said)
            for _ in range(2)
        ]
    assert [one.replayed for one in answers] == [found is not None, True]
    # Entries 0 and 1 are from `init`; the request made exactly one.
    assert {one.entry for one in answers} == {2}
    report = await verify(database_url, floor=floor, holder=holder)
    assert (report.size, report.findings) == (3, ())
    assert not (await replay.compare(database_url)).differing


# An anchor and its checkpoint row

SIGN = """
import pathlib
from ledger import publisher
from ledger.anchor import Anchor
from tests.ledgers import add
from tests.tampering import KEY, SignedLog

async def main(url, anchor, point):
    async with SignedLog(url, Path(anchor)).publisher() as (signing, writer):
        await add(writer, 5)
        if point == "signed, not anchored":
            Anchor.persist = die
        if point == "anchor written, not renamed":
            pathlib.Path.replace = die
        if point == "between anchor and checkpoint row":
            Anchor.persist = dying(Anchor.persist)
        if point == "row inserted, not committed":
            publisher._insert = dying_async(publisher._insert)
        if point == "row committed, not told":
            recorded, calls = publisher.Publisher._record, []
            async def record(self):
                await recorded(self)
                calls.append(1)
                if len(calls) == 2:
                    die()
            publisher.Publisher._record = record
        await signing.publish()
        print("published", flush=True)

asyncio.run(main(*sys.argv[1:]))
"""
LEFT = {
    "signed, not anchored": (300, [300]),
    "anchor written, not renamed": (300, [300]),
    "between anchor and checkpoint row": (305, [300]),
    "row inserted, not committed": (305, [300]),
    "row committed, not told": (305, [300, 305]),
}


@pytest.mark.parametrize("point", LEFT)
async def test_the_anchor_names_what_was_signed_before_a_kill(
    database_url: str, tmp_path: Path, point: str
) -> None:
    size, rows = LEFT[point]
    log = await signed_log(database_url, tmp_path, 300)
    await killed(SIGN, database_url, str(log.anchor), point)
    assert (log.anchored(), await log.signed_sizes()) == (size, rows)
    assert await log.started() is Verdict.GO
    await log.grow(2)
    # What the anchor held has its row, what it did not hold was never said, and 307 follows both.
    assert await log.signed_sizes() == sorted({300, size, 307})
    assert log.anchored() == 307


# A checkpoint and its cosignature

COSIGN = """
from ledger import witness
from tests.tampering import KEY

def main(directory, body, point):
    held = witness.Witness(Path(directory), [KEY.verifier], secret=b"s" * 32)
    if point == "before it was persisted":
        witness.Witness._write = die
    else:
        witness.cosign = die
    held.add(Path(body).read_bytes(), now=1_600_000_000)
    print("cosigned", flush=True)

main(*sys.argv[1:])
"""


@pytest.mark.parametrize("point", ["before it was persisted", "between checkpoint and cosignature"])
async def test_a_witness_names_the_checkpoint_it_persisted_before_a_kill(
    database_url: str, tmp_path: Path, point: str
) -> None:
    """It may have forgotten to answer; it never forgets what it was about to answer for."""
    log = await signed_log(database_url, tmp_path, 300, 305)
    async with open_reader(log.url) as reader:
        notes = [row[0] for row in await reader.fetch("SELECT note FROM checkpoint ORDER BY size")]
    proof = await log.proof(300, 305)
    directory, body = tmp_path / "witness", tmp_path / "body"
    first = Witness(directory, [KEY.verifier], secret=b"s" * 32, name="w.example")
    first.add(build_submission(0, (), notes[0]), now=1_600_000_000)
    first.close()
    body.write_bytes(build_submission(300, proof, notes[1]))
    await killed(COSIGN, str(directory), str(body), point)
    again = Witness(directory, [KEY.verifier], secret=b"s" * 32)
    try:
        if point == "between checkpoint and cosignature":
            with pytest.raises(Conflict) as caught:
                again.add(body.read_bytes(), now=1_600_000_001)
            assert caught.value.size == 305
            line = again.add(build_submission(305, (), notes[1]), now=1_600_000_001)
        else:
            line = again.add(body.read_bytes(), now=1_600_000_001)
        assert open_note(notes[1] + line, KEY.verifier, [again.verifier]).cosigned
    finally:
        again.close()


GATHER = """
from ledger.gathering import Gatherer
from ledger.quorum import parse_quorum
from ledger.writer import open_writer

async def main(url, quorum, point):
    if point == "answered, not stored":
        Gatherer._store = die
    if point == "inserted, not committed":
        Gatherer._insert = inserting
    if point == "committed, not told":
        Gatherer._insert = dying_async(Gatherer._insert)
    gatherer = Gatherer(
        url=url, writer=await open_writer(url), quorum=parse_quorum(Path(quorum).read_text())
    )
    await gatherer.gather()
    print("gathered", flush=True)

async def inserting(self, rows):
    async with self._writer.transaction() as transaction:
        ((size, witness), line), = rows.items()
        await transaction.execute(
            "INSERT INTO cosignature (size, witness, line, at) VALUES ($1, $2, $3, 'now')",
            size, witness, line,
        )
        die()

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.parametrize(
    "point", ["answered, not stored", "inserted, not committed", "committed, not told"]
)
async def test_a_log_killed_between_checkpoint_and_cosignature_gathers_it_afterwards(
    database_url: str, tmp_path: Path, point: str
) -> None:
    """The witness has answered for the size, and says the same again; it is stored once."""
    log = await signed_log(database_url, tmp_path, 300, 305)
    witness = new_witness(tmp_path / "witness")
    async with listening(witness) as url:
        quorum = Quorum((Member("w", witness.verifier, url),), 1)
        (tmp_path / "quorum").write_text(quorum.text)
        await killed(GATHER, database_url, str(tmp_path / "quorum"), point)
        stored = [305] if point == "committed, not told" else []
        assert await cosigned(database_url, quorum) == stored
        assert await log.signed_sizes() == [300, 305]
        writer = await open_writer(database_url)
        gatherer = Gatherer(url=database_url, writer=writer, quorum=quorum)
        await gatherer.gather()
        assert gatherer.standing == {"w.example": Standing(305, None)}
        gatherer.close()
        await writer.close()
    witness.close()
    assert await cosigned(database_url, quorum) == [305]


async def cosigned(url: str, quorum: Quorum) -> list[int]:
    """The sizes that the witness's stored lines are of, each good."""
    report = await verify(url, levels=["chain"], log=KEY.verifier, quorum=quorum)
    assert report.strangers == 0
    async with open_reader(url) as reader:
        rows = await reader.fetch("SELECT size FROM cosignature ORDER BY size")
    assert report.sound == bool(rows), report.findings
    return [size for (size,) in rows]
