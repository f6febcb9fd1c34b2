"""Entries and receipts: there for those they concern, their staff and auditors, and nobody else."""

from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from ledger.checkpoint import COSIGNATURE, Signer, cosign, open_note, open_receipt
from ledger.merkle import verify_consistency
from ledger.quorum import Member, Quorum
from tests.volunteering import posted
from tests.wire import ask
from tests.world import World
from timebank import entries, publication
from timebank.access import Role
from timebank.actors import PUBLIC, Actor
from timebank.divisions import CITY_PATH
from timebank.publication import publishing
from timebank.sign_in import open_session
from web import app

pytestmark = pytest.mark.anyio

ELSEWHERE = "420100/420104/"


async def posted_entry(world: World, volunteer: Actor) -> int:
    """The position of the entry that posted the volunteer's hours."""
    await posted(world, volunteer)
    async with world.journal.writer.transaction() as transaction:
        return transaction.head.size - 1


async def sees(actor: Actor, seq: int) -> bool:
    """Whether an entry is there for somebody; its receipt must be just as much there."""
    seen = seq in await entries.entries(actor, [seq])
    assert (await entries.receipt(actor, seq) is not None) == seen
    return seen


async def test_an_entry_is_there_for_its_volunteer_staff_and_auditors_alone(world: World) -> None:
    volunteer, other = await world.volunteer(), await world.volunteer()
    seq = await posted_entry(world, volunteer)
    await publication.publish_once(world.settings)
    let = [
        volunteer,
        world.staff[Role.STATION_MANAGER],
        world.staff[Role.DISTRICT_LEAD],
        await world.officer(Role.AUDITOR, CITY_PATH),
    ]
    kept_out = [
        PUBLIC,
        other,
        await world.officer(Role.DISTRICT_LEAD, ELSEWHERE),
        await world.officer(Role.AUDITOR, ELSEWHERE),
        await world.officer(Role.CITY_FUND_OFFICER, CITY_PATH),
    ]
    assert [await sees(actor, seq) for actor in let] == [True] * len(let)
    assert [await sees(actor, seq) for actor in kept_out] == [False] * len(kept_out)


async def test_what_is_not_there_looks_like_what_does_not_exist(world: World) -> None:
    volunteer, other = await world.volunteer(), await world.volunteer()
    seq = await posted_entry(world, volunteer)
    document = "query($seq: Long!) { ledger { entry(seq: $seq) { seq } receipt(seq: $seq) } }"
    hidden = await ask(world, other, document, seq=seq)
    for missing in (10**6, -1, 2**53 - 1):
        assert await ask(world, other, document, seq=missing) == hidden
    assert hidden == {"ledger": {"entry": None, "receipt": None}}


async def test_a_mutations_receipt_can_be_waited_for_and_verifies_offline(world: World) -> None:
    volunteer = await world.volunteer()
    seq = await posted_entry(world, volunteer)
    document = """query($seq: Long!) { ledger { entry(seq: $seq) {
        receipt(wait: true) content { kind text postings { account unit amount } } } } }"""
    async with publishing(world.settings):
        told = (await ask(world, volunteer, document, seq=seq))["ledger"]["entry"]
    opened = open_receipt(told["receipt"], publication.read_verifiers(world.settings)[0])
    assert opened.entry.bytes.decode() == told["content"]["text"]
    assert told["content"]["kind"] == "hours.posted"
    assert sum(moved["amount"] for moved in told["content"]["postings"]) == 0


async def test_the_log_proves_to_everybody_that_it_only_grew(world: World) -> None:
    await publication.publish_once(world.settings)
    document = "{ ledger { size root checkpoint } }"
    before = (await ask(world, PUBLIC, document))["ledger"]
    await world.volunteer()
    after = (await ask(world, PUBLIC, document))["ledger"]
    assert after["size"] > before["size"]
    told = open_note(after["checkpoint"], publication.read_verifiers(world.settings)[0]).checkpoint
    assert (told.size, told.root.hex()) == (before["size"], before["root"])
    proof = await entries.consistency(before["size"], after["size"])
    assert proof is not None
    verify_consistency(
        old=before["size"],
        new=after["size"],
        old_root=bytes.fromhex(before["root"]),
        new_root=bytes.fromhex(after["root"]),
        proof=proof,
    )
    asked = "query($a: Long!, $b: Long!) { ledger { consistency(from: $a, to: $b) } }"
    sizes = [(0, 3), (-1, 3), (3, 2), (3, after["size"] + 1)]
    for old, new in sizes:
        answer = await ask(world, PUBLIC, asked, a=old, b=new)
        assert answer == {"ledger": {"consistency": None}}


async def test_only_an_auditor_reads_entry_after_entry(world: World) -> None:
    document = "{ ledger { entries(first: 2) { nodes { seq content { kind } } } } }"
    auditor = await world.officer(Role.AUDITOR, CITY_PATH)
    told = (await ask(world, auditor, document))["ledger"]["entries"]["nodes"]
    assert [(one["seq"], one["content"]["kind"]) for one in told] == [
        (0, "ledger.opened"),
        (1, "policy.published"),
    ]
    for actor in (PUBLIC, await world.volunteer(), world.staff[Role.DISTRICT_LEAD]):
        assert (await ask(world, actor, document))["ledger"]["entries"]["nodes"] == []


async def test_a_receipt_says_when_its_checkpoint_is_witnessed(
    world: World, tmp_path: Path
) -> None:
    volunteer, other = await world.volunteer(), await world.volunteer()
    seq = await posted_entry(world, volunteer)
    witness = Signer("w.example", bytes([7]) * 32, kind=COSIGNATURE)
    file = tmp_path / "quorum"
    file.write_text(Quorum((Member("w", witness.verifier, None),), 1).text)
    settings = world.settings.model_copy(update={"quorum": file})
    both = "receiptState(seq: $seq) entry(seq: $seq) { receiptState }"
    document = f"query($seq: Long!) {{ ledger {{ {both} }} }}"

    async def state(actor: Actor) -> object:
        told = (await ask(world, actor, document, seq=seq))["ledger"]
        assert told["receiptState"] == (told["entry"] and told["entry"]["receiptState"])
        return told["receiptState"]

    assert await state(volunteer) is None
    async with publishing(settings) as signing:
        assert await signing.wait(seq + 1)
        assert await state(volunteer) == "SIGNED"
        async with world.journal.writer.transaction() as transaction:
            rows = await transaction.fetch("SELECT size, note FROM checkpoint")
            for size, note in rows:
                await transaction.execute(
                    "INSERT INTO cosignature (size, witness, line, at) VALUES ($1, $2, $3, $4)",
                    *(size, "w.example", cosign(note, witness, time=1_790_000_000), "now"),
                )
        assert (await state(volunteer), await state(other)) == ("WITNESSED", None)


async def test_a_receipt_is_downloaded_by_whoever_may_have_it(world: World) -> None:
    volunteer, other = await world.volunteer(), await world.volunteer()
    seq = await posted_entry(world, volunteer)
    await publication.publish_once(world.settings)
    transport = httpx.ASGITransport(app.build(world.settings))
    world.clock.move(timedelta(days=1))
    newest = await posted_entry(world, volunteer)
    async with httpx.AsyncClient(transport=transport, base_url="https://x") as client:
        answers = {}
        for actor in (volunteer, other):
            token = (await open_session(actor.person or "")).token
            headers = {"authorization": f"Bearer {token}"}
            answers[actor.id] = await client.get(f"/receipts/{seq}", headers=headers)
        anonymous = await client.get(f"/receipts/{seq}")
        token = (await open_session(volunteer.person or "")).token
        headers = {"authorization": f"Bearer {token}"}
        unsigned = await client.get(f"/receipts/{newest}", headers=headers)
    had = answers[volunteer.id]
    assert had.status_code == 200
    assert had.headers["cache-control"] == "no-store"
    assert f"receipt-{seq}-signed.txt" in had.headers["content-disposition"]
    assert open_receipt(had.text, publication.read_verifiers(world.settings)[0]).entry.seq == seq
    assert (answers[other.id].status_code, anonymous.status_code) == (404, 404)
    assert (unsigned.status_code, unsigned.headers["retry-after"]) == (503, "2")
