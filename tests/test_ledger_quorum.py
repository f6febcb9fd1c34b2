"""The quorum file: one reading for each text, and who is counted how often."""

import pytest

from ledger.checkpoint import COSIGNATURE, Checkpoint, Signer, cosign, open_note, sign
from ledger.checkpoint import with_signatures as signed_by
from ledger.quorum import (
    MAX_FILE,
    InvalidQuorum,
    Member,
    Quorum,
    parse_quorum,
    survivors,
)
from tests.ledgers import SIGNER

WITNESSES = [
    Signer(f"w{number}.example", bytes([number]) * 32, kind=COSIGNATURE) for number in range(1, 34)
]
NOTE = sign(Checkpoint("log.example", 5, b"r" * 32), SIGNER)


def member(number: int, url: str | None = None) -> Member:
    """The witness of a number."""
    return Member(f"w{number}", WITNESSES[number - 1].verifier, url)


def quorum_of(count: int, needed: int) -> Quorum:
    """So many witnesses, so many needed."""
    return Quorum(tuple(member(number) for number in range(1, count + 1)), needed)


THREE = Quorum(
    (member(1), member(2, "https://w2.example:8100/a"), member(3, "http://[::1]:80")),
    2,
    (SIGNER.verifier,),
)
GOOD = THREE.text


def test_a_quorum_reads_and_writes_the_same() -> None:
    assert (
        "".join(
            [
                f"log {SIGNER.verifier.text}\n",
                f"witness w1 {WITNESSES[0].verifier.text}\n",
                f"witness w2 {WITNESSES[1].verifier.text} https://w2.example:8100/a\n",
                f"witness w3 {WITNESSES[2].verifier.text} http://[::1]:80\n",
                "group witnesses 2 w1 w2 w3\n",
                "quorum witnesses\n",
            ]
        )
        == GOOD
    )
    assert parse_quorum(GOOD) == THREE
    for quorum in (quorum_of(16, 11), quorum_of(1, 1), quorum_of(32, 15)):
        assert parse_quorum(quorum.text) == quorum


def test_comments_and_spaces_change_nothing() -> None:
    spaced = "# ours\n\n" + GOOD.replace(" ", " \t ").replace("\n", " \n\t # district\n\n")
    assert parse_quorum(spaced) == THREE


def test_any_and_all_are_numbers() -> None:
    assert parse_quorum(GOOD.replace("witnesses 2", "witnesses any")).needed == 1
    assert parse_quorum(GOOD.replace("witnesses 2", "witnesses all")).needed == 3


@pytest.mark.parametrize(("count", "needed"), [(1, 1), (2, 2), (3, 3), (4, 3), (7, 5), (16, 11)])
def test_the_ordinary_threshold_survives_a_third(count: int, needed: int) -> None:
    assert survivors(count) == needed


@pytest.mark.parametrize("count", range(1, 33))
def test_two_ordinary_quorums_share_more_witnesses_than_may_lie(count: int) -> None:
    lying = (count - 1) // 3
    assert 2 * survivors(count) - count > lying
    assert count - lying >= survivors(count)


BAD = {
    "nothing": ("", ""),
    "no quorum": ("quorum witnesses\n", ""),
    "two quorums": ("quorum witnesses\n", "quorum witnesses\nquorum witnesses\n"),
    "another quorum": ("quorum witnesses", "quorum w1"),
    "quorum of none": ("quorum witnesses", "quorum none"),
    "something after": ("quorum witnesses\n", "quorum witnesses\nwitness x y\n"),
    "unended": ("quorum witnesses\n", "quorum witnesses"),
    "no group": ("group witnesses 2 w1 w2 w3\n", ""),
    "two groups": ("quorum", "group more 1 w1 w2 w3\nquorum"),
    "group before its witness": (f"witness w1 {WITNESSES[0].verifier.text}\n", ""),
    "witness outside": ("2 w1 w2 w3", "2 w1 w2"),
    "stranger inside": ("2 w1 w2 w3", "2 w1 w2 w3 w4"),
    "member twice": ("2 w1 w2 w3", "2 w1 w2 w2"),
    "none needed": ("witnesses 2", "witnesses 0"),
    "more needed than there are": ("witnesses 2", "witnesses 4"),
    "zeros": ("witnesses 2", "witnesses 02"),
    "another script": ("witnesses 2", "witnesses ２"),
    "negative": ("witnesses 2", "witnesses -2"),
    "group named none": ("witnesses", "none"),
    "group named as a witness": ("witnesses", "w1"),
    "witness named none": ("witness w1", "witness none"),
    "witness named twice": ("witness w2", "witness w1"),
    "no key": (WITNESSES[0].verifier.text, "w1.example"),
    "key of a log": (WITNESSES[0].verifier.text, SIGNER.verifier.text),
    "key twice": (WITNESSES[1].verifier.text, WITNESSES[0].verifier.text),
    "key twice under another name": (
        WITNESSES[1].verifier.text,
        Signer("other.example", bytes([1]) * 32, kind=COSIGNATURE).verifier.text,
    ),
    "name of a key twice": (
        WITNESSES[1].verifier.text,
        Signer("w1.example", bytes([9]) * 32, kind=COSIGNATURE).verifier.text,
    ),
    "key of the log as witness": (
        WITNESSES[1].verifier.text,
        Signer("w2.example", bytes(32), kind=COSIGNATURE).verifier.text,
    ),
    "log that cosigns": (f"log {SIGNER.verifier.text}", f"log {WITNESSES[8].verifier.text}"),
    "log with an address": (f"{SIGNER.verifier.text}\n", f"{SIGNER.verifier.text} http://x\n"),
    "unknown line": ("group", "grup"),
    "carriage return": ("w3\nquorum", "w3\r\nquorum"),
    "no-break space": ("witness w1", "witness\u00a0w1"),
    "line separator": ("w3\nquorum", "w3\u2028quorum"),
    "control": ("witness w1", "witness\x00w1"),
    **{
        f"address {url}": ("https://w2.example:8100/a", url)
        for url in (
            "ftp://w2.example",
            "https://",
            "https://w2.example:0",
            "https://w2.example:65536",
            "https://w2.example:100000",
            "https://user@w2.example",
            "https://w2.example/?x=y",
            "https://w2.example/#x",
            "https://w2.example\\@evil",
            "https://w2.exämple",
            "gopher://w2.example",
            "https://" + "a" * 300,
        )
    },
}


@pytest.mark.parametrize("how", BAD)
def test_a_text_that_could_be_read_twice_is_refused(how: str) -> None:
    old, new = BAD[how]
    assert old in GOOD
    text = GOOD.replace(old, new) if old else ""
    with pytest.raises(InvalidQuorum):
        parse_quorum(text)


def test_a_quorum_that_no_note_could_show_is_refused() -> None:
    with pytest.raises(InvalidQuorum, match="16 of 16"):
        parse_quorum(quorum_of(16, 16).text)
    with pytest.raises(InvalidQuorum, match="32 witnesses"):
        parse_quorum(quorum_of(33, 11).text)
    with pytest.raises(InvalidQuorum, match="characters"):
        parse_quorum("#" * MAX_FILE + "\n" + GOOD)


def test_a_refusal_names_the_line() -> None:
    with pytest.raises(InvalidQuorum, match="line 3: "):
        parse_quorum(GOOD.replace("witness w2", "witness w1"))


def test_a_quorum_is_for_the_logs_it_names() -> None:
    other = Signer("log.example", b"o" * 32).verifier
    THREE.bind(SIGNER.verifier)
    THREE.bind([other, SIGNER.verifier])
    quorum_of(3, 2).bind(other)
    with pytest.raises(InvalidQuorum, match="another log"):
        THREE.bind(other)


def test_each_witness_counts_once() -> None:
    quorum = quorum_of(3, 2)
    assert quorum.reached(["w1.example", "w3.example"])
    assert not quorum.reached(["w1.example", "w1.example", "w9.example"])
    twice = [cosign(NOTE, WITNESSES[0], time=time) for time in (1, 2, 3)]
    opened = open_note(signed_by(NOTE, twice), SIGNER.verifier, quorum.keys)
    assert not quorum.witnessed(opened)
    strangers = [cosign(NOTE, witness, time=1) for witness in WITNESSES[8:12]]
    opened = open_note(signed_by(NOTE, [*twice, *strangers]), SIGNER.verifier, quorum.keys)
    assert not quorum.witnessed(opened)
    enough = [*twice, cosign(NOTE, WITNESSES[2], time=1)]
    assert quorum.witnessed(open_note(signed_by(NOTE, enough), SIGNER.verifier, quorum.keys))
