"""A witness: what it cosigns, and everything it refuses."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.checkpoint import (
    COSIGNATURE,
    Checkpoint,
    Signer,
    open_note,
    sign,
    verify_cosignature,
    with_signatures,
)
from ledger.merkle import EMPTY_ROOT
from ledger.submission import (
    MAX_SUBMISSION,
    MalformedSubmission,
    build_submission,
    parse_size,
    parse_submission,
    size_body,
)
from ledger.witness import Refused, Witness
from tests.ledgers import SIGNER
from tests.witnesses import SECRET, Tree, known, new_witness

NOW = 1_700_000_000
TREE = Tree(700)
OTHER = Tree(700, kind="other")
STRANGER = Signer("stranger.example", b"x" * 32)


@pytest.fixture
def witness(tmp_path: Path) -> Iterator[Witness]:
    made = new_witness(tmp_path / "w")
    yield made
    made.close()


def status(witness: Witness, body: bytes) -> int:
    """With what it is refused."""
    with pytest.raises(Refused) as refused:
        witness.add(body, now=NOW)
    return refused.value.status


# What it cosigns


def test_every_step_of_a_growing_log_is_cosigned(witness: Witness) -> None:
    old = 0
    for size in (1, 2, 3, 255, 256, 257, 300, 512, 700, 700):
        line = witness.add(TREE.request(old, size), now=NOW + size)
        assert verify_cosignature(TREE.note(size), line, witness.verifier) == NOW + size
        note = with_signatures(TREE.note(size), [line])
        opened = open_note(note, SIGNER.verifier, [witness.verifier])
        assert [one.witness for one in opened.cosigned] == ["w.example"]
        old = size


def test_the_empty_log_is_cosigned_as_the_empty_log(witness: Witness) -> None:
    false = sign(Checkpoint("log.example", 0, bytes(32)), SIGNER)
    assert known(witness, build_submission(0, (), false)) == 0
    witness.add(TREE.request(0, 0), now=NOW)
    assert TREE.root(0) == EMPTY_ROOT
    witness.add(TREE.request(0, 5), now=NOW)


def test_other_signature_lines_are_ignored_and_not_in_the_way(witness: Witness) -> None:
    note = with_signatures(TREE.note(3), [STRANGER.line(bytes(64)) for _ in range(15)])
    line = witness.add(build_submission(0, (), note), now=NOW)
    assert verify_cosignature(TREE.note(3), line, witness.verifier) == NOW


def test_logs_are_watched_apart_and_under_several_keys(tmp_path: Path) -> None:
    next_key = Signer("log.example", b"n" * 32)
    watched = [SIGNER.verifier, next_key.verifier, STRANGER.verifier]
    witness = Witness(tmp_path / "w", watched, secret=SECRET, name="w.example")
    witness.add(TREE.request(0, 300), now=NOW)
    witness.add(Tree(5, kind="other", signer=STRANGER).request(0, 5), now=NOW)
    witness.add(Tree(400, signer=next_key).request(300, 400), now=NOW)
    assert known(witness, Tree(9, signer=STRANGER).request(0, 9)) == 5
    assert known(witness, TREE.request(300, 500)) == 400
    witness.close()


# What it refuses


def test_a_size_it_does_not_stand_at_is_told_the_size_it_stands_at(witness: Witness) -> None:
    assert known(witness, TREE.request(3, 5)) == 0
    witness.add(TREE.request(0, 300), now=NOW)
    for old, new in ((0, 400), (299, 400), (301, 400), (0, 300), (200, 250), (0, 0)):
        assert known(witness, TREE.request(old, new)) == 300
    witness.add(TREE.request(300, 400), now=NOW)


def test_a_log_it_does_not_watch_is_not_found(witness: Witness) -> None:
    assert status(witness, Tree(5, signer=STRANGER).request(0, 5)) == 404
    look_alike = Signer("lоg.example", bytes(32))  # the second letter is Cyrillic
    assert status(witness, Tree(5, signer=look_alike).request(0, 5)) == 404


def test_a_checkpoint_its_log_did_not_sign_is_forbidden(witness: Witness) -> None:
    impostor = Signer("log.example", b"i" * 32)
    assert status(witness, Tree(5, signer=impostor).request(0, 5)) == 403
    body, line = TREE.note(5).split("\n\n")
    forged = TREE.note(6).split("\n\n")[0] + "\n\n" + line
    assert status(witness, build_submission(0, (), forged)) == 403
    # A good signature does not outweigh a bad one under the same key.
    both = with_signatures(TREE.note(5), [SIGNER.line(bytes(64))])
    assert status(witness, build_submission(0, (), both)) == 403
    cosigner = Signer("log.example", bytes(32), kind=COSIGNATURE)
    cuckoo = f"{body}\n\n{cosigner.line(bytes(72))}"
    assert status(witness, build_submission(0, (), cuckoo)) == 403
    assert witness.seen("log.example") is None


def test_a_proof_that_does_not_prove_is_unprocessable(witness: Witness) -> None:
    surplus = build_submission(0, [bytes(32)], TREE.note(300))
    assert status(witness, surplus) == 422
    witness.add(TREE.request(0, 300), now=NOW)
    good = TREE.proof(300, 500)
    note = TREE.note(500)
    for proof in (
        good[1:],
        good[:-1],
        good[::-1],
        (*good, bytes(32)),
        (bytes(32), *good[1:]),
        (),
        OTHER.proof(300, 500),
    ):
        assert status(witness, build_submission(300, proof, note)) == 422
    assert status(witness, OTHER.request(300, 500)) == 422
    assert status(witness, build_submission(300, [bytes(32)], TREE.note(300))) == 422
    assert known(witness, TREE.request(0, 1)) == 300
    witness.add(build_submission(300, good, note), now=NOW)


def test_an_old_size_beyond_the_checkpoint_is_malformed(witness: Witness) -> None:
    witness.add(TREE.request(0, 300), now=NOW)
    assert status(witness, build_submission(300, (), TREE.note(200))) == 400


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"old 300\n", b""),
        (b"old 300\n", b"old 0300\n"),
        (b"old 300\n", b"old -1\n"),
        (b"old 300\n", b"old  300\n"),
        (b"old 300\n", b"Old 300\n"),
        (b"old 300\n", b"old 300 \n"),
        (b"old 300\n", b"old 300\r\n"),
        (b"old 300\n", "old ٣٠٠\n".encode()),
        (b"old 300\n", b"old 99999999999999999999\n"),
        (b"old 300\n", b"old 300\n" + b"A" * 44 + b"\n"),
        (b"old 300\n", b"old 300\nAAAA\n"),
        (b"old 300\n", b"old 300\n" + b"A" * 42 + b"B=\n"),
        (b"old 300\n", b"old 300\n" + (b"A" * 43 + b"=\n") * 60),
        (b"\n\n", b"\n"),
        (b"\n\nlog", b"\n\n\nlog"),
        (b"\n500\n", b"\n500\nextension\n"),
        (b"\n500\n", b"\n0500\n"),
        ("— ".encode(), b"- "),
        ("— ".encode(), "— x AAAA\n".encode() * 16 + "— ".encode()),
        (b"log.example\n", b"log.example\xe2\x80\xa8\n"),
        (b"log.example\n", b"log.example\xff\n"),
        (b"log.example\n", b"log.example\0\n"),
    ],
)
def test_a_misshapen_request_is_malformed(witness: Witness, old: bytes, new: bytes) -> None:
    witness.add(TREE.request(0, 300), now=NOW)
    honest = TREE.request(300, 500)
    assert old in honest
    assert status(witness, honest.replace(old, new, 1)) == 400


def test_requests_read_and_write_the_same() -> None:
    for old, new in ((0, 1), (3, 3), (300, 700)):
        asked = parse_submission(TREE.request(old, new))
        assert (asked.old, asked.proof, asked.note) == (old, TREE.proof(old, new), TREE.note(new))
    with pytest.raises(MalformedSubmission):
        parse_submission(TREE.request(0, 1) + bytes(MAX_SUBMISSION))
    assert parse_size(size_body(20852163)) == 20852163
    for body in (b"", b"5", b"05\n", b"-5\n", b"5\n\n", b"5\r\n", b"9" * 4096 + b"\n"):
        with pytest.raises(MalformedSubmission):
            parse_size(body)
