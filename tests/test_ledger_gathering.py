"""Gathering cosignatures from real servers: honest witnesses, and the log's own faults."""

import asyncio
import datetime
import ipaddress
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ledger.head import CommitUnknown
from ledger.quorum import Member
from ledger.reader import open_reader
from ledger.receipts import ReceiptState
from ledger.submission import parse_submission
from ledger.verify import verify
from ledger.witness import STATE_FILE
from tests.signed_log import SIGNER, open_log
from tests.tampering import behind_the_fences
from tests.witness_city import OTHER, City, open_city
from tests.witnesses import Behaviour, listening, new_witness, reply

pytestmark = pytest.mark.anyio


@pytest.fixture
async def city(database_url: str, tmp_path: Path) -> AsyncIterator[City]:
    async with open_city(database_url, tmp_path) as made:
        yield made


# Honest witnesses


async def test_a_log_that_was_never_published_asks_nobody(city: City) -> None:
    await city.honest(1)
    await city.gathering().gather()
    assert await city.stored() == []
    assert city.trouble("w01.example") == ""


async def test_each_checkpoint_is_cosigned_once_by_each_witness(city: City) -> None:
    for number in (1, 2, 3):
        await city.honest(number)
    names = [f"w{number:02}.example" for number in (1, 2, 3)]
    expected: list[tuple[int, str]] = []
    for entries in (1, 300, 5, 700):
        size = await city.publish(entries)
        for _ in range(2):
            await city.gathering(needed=2).gather()
        expected += [(size, name) for name in names]
        assert await city.stored() == expected
        issued = await city.issued(size - 1)
        assert (issued.size, issued.state) == (size, ReceiptState.WITNESSED)
    assert (await verify(city.log.url, log=SIGNER.verifier)).sound


async def test_a_log_that_forgot_where_a_witness_stands_asks_it(city: City) -> None:
    witness = await city.honest(1)
    first = await city.publish(300)
    async with open_reader(city.log.url) as reader:
        note = (await reader.fetch("SELECT note FROM checkpoint"))[0][0]
    body = b"old 0\n\n" + note.encode()
    # The witness cosigned, and the answer was lost on the way.
    witness.add(body, now=1)
    await city.gathering().gather()
    assert await city.stored() == [(first, "w01.example")]
    # A gatherer that starts anew reads from the table where the witness stands.
    size = await city.publish(50)
    city.gatherer = None
    asked: list[int] = []
    await city.dishonest(_noting(asked), OTHER)
    await city.gathering().gather()
    assert await city.stored() == [(first, "w01.example"), (size, "w01.example")]
    assert asked == [0]


def _noting(asked: list[int]) -> Behaviour:
    async def note(body: bytes, writer: asyncio.StreamWriter) -> None:
        asked.append(parse_submission(body).old)
        writer.write(reply(500, b""))

    return note


async def test_a_witness_that_comes_back_is_taken_up_where_it_stands(city: City) -> None:
    absent = await city.honest(1, listens=False)
    await city.publish(10)
    await city.gathering().gather()
    assert city.trouble("w01.example").startswith("not reached")
    size = await city.publish(10)
    city.members.clear()
    city.gatherer = None
    url = await city.open_ones.enter_async_context(listening(absent))
    city.members.append(Member("w1", absent.verifier, url))
    await city.gathering().gather()
    assert await city.stored() == [(size, "w01.example")]


async def test_over_tls_only_a_certificate_that_is_trusted_is_spoken_to(
    city: City, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, key = _certificate(tmp_path)
    witness = new_witness(tmp_path / "tls", "tls.example")
    city.witnesses.append(witness)
    url = await city.open_ones.enter_async_context(
        listening(witness, certificate=certificate, key=key)
    )
    size = await city.publish(3)
    city.members.append(Member("tls", witness.verifier, url))
    await city.gathering(patience=5).gather()
    assert city.trouble("tls.example").startswith("not reached: SSL")
    city.gatherer = None
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    await city.gathering(patience=5).gather()
    assert await city.stored() == [(size, "tls.example")]


def _certificate(directory: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that vouches for itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(address, critical=False)
        .sign(key, hashes.SHA256())
    )
    certificate, private = directory / "certificate.pem", directory / "private.pem"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return certificate, private


async def test_a_witness_that_lost_its_memory_is_no_witness_any_more(city: City) -> None:
    witness = await city.honest(1)
    await city.publish()
    await city.gathering().gather()
    (witness._directory / STATE_FILE).unlink()
    size = await city.publish()
    await city.gathering().gather()
    assert city.trouble("w01.example") == "it answers 500"
    assert (size, "w01.example") not in await city.stored()


# The log's own faults


async def test_a_store_that_fails_is_tried_again(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in (1, 2, 3):
        await city.honest(number)
    size = await city.publish()
    gatherer = city.gathering(needed=3)
    insert = gatherer._insert
    for done in (False, True):

        async def fail(rows: dict[tuple[int, str], str], done: bool = done) -> None:
            if done:
                await insert(rows)
            raise CommitUnknown("no answer")

        with monkeypatch.context() as broken:
            broken.setattr(gatherer, "_insert", fail)
            await gatherer.gather()
        assert all("not stored" in city.trouble(f"w0{n}.example") for n in (1, 2, 3))
    await gatherer.gather()
    assert await city.stored() == [(size, f"w0{n}.example") for n in (1, 2, 3)]


async def test_a_stopped_ledger_stores_nothing_and_gathers_again_afterwards(city: City) -> None:
    await city.honest(1)
    size = await city.publish()
    async with city.log.writer.transaction() as transaction:
        await transaction.execute("INSERT INTO stop (id, reason, at) VALUES (1, 'x', 'now')")
    await city.gathering().gather()
    assert city.trouble("w01.example").startswith("not stored")
    async with behind_the_fences(city.log.url) as hands:
        await hands.do("DELETE FROM stop")
    await city.gathering().gather()
    assert await city.stored() == [(size, "w01.example")]


async def test_two_services_with_one_key_on_two_copies_are_refused_by_a_witness(
    city: City, tmp_path: Path
) -> None:
    """The second has its own anchor on its own machine: only the witness can know."""
    witness = await city.honest(1)
    size = await city.publish(5)
    await city.gathering().gather()
    async with open_log(f"sqlite:///{tmp_path / 'second.db'}", tmp_path / "second") as log:
        second = City(log, tmp_path, city.open_ones)
        second.members = city.members
        # Nonces differ, so the same acts make another tree.
        await second.publish(5)
        await second.gathering().gather()
        assert second.trouble("w01.example") == f"it cosigned another root at {size}"
        await second.publish(3)
        await second.gathering().gather()
        assert second.trouble("w01.example") == "it answers 422"
        assert await second.stored() == []
        second.gathering().close()
    seen = witness.seen("log.example")
    assert seen is not None
    assert seen.fork is not None
    assert seen.fork != seen.note
    size = await city.publish()
    await city.gathering().gather()
    assert (size, "w01.example") in await city.stored()
