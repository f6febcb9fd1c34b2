"""Attacks by text: notes, keys and receipts written by somebody who wants a false yes or a stall.

The layer that names them is the note itself: `InvalidNote` says form, key, signature or unsigned,
`InvalidReceipt` which part of the receipt. Nothing here has a database.
"""

import base64
import time
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from ledger.checkpoint import (
    COSIGNATURE,
    MAX_NOTE,
    Checkpoint,
    InvalidNote,
    InvalidReceipt,
    Reason,
    Signer,
    Verifier,
    build_receipt,
    cosign,
    open_note,
    open_receipt,
    sign,
    verify_cosignature,
    with_signatures,
)
from ledger.entry import EMPTY, seal
from ledger.merkle import node_hash

# Two keys that anybody finds in two seconds: their ids under this name are both fedf4729.
ORIGIN = "log.example"
SIGNER = Signer(ORIGIN, (869).to_bytes(32, "big"))
TWIN = Signer(ORIGIN, (35414).to_bytes(32, "big"))
LOG = SIGNER.verifier

ENTRY = seal(
    EMPTY,
    now=datetime(2026, 1, 1, tzinfo=UTC),
    kind="ledger.opened",
    actor="system",
    request="0" * 32,
    policy="P1",
    body={},
)
SIBLING = b"s" * 32
TOLD = Checkpoint(ORIGIN, 2, node_hash(ENTRY.leaf, SIBLING))
NOTE = sign(TOLD, SIGNER)
RECEIPT = build_receipt(ENTRY.bytes, 0, [SIBLING], NOTE)
MEGABYTES = 10_000_000
STRANGER = "— w.example AAAAAAAA\n"


def refusal(note: str, *, log: Verifier = LOG) -> Reason:
    """Why a note is refused."""
    with pytest.raises(InvalidNote) as caught:
        open_note(note, log)
    return caught.value.reason


def test_what_is_attacked_is_sound() -> None:
    assert open_note(NOTE, LOG).checkpoint == TOLD
    assert open_receipt(RECEIPT, LOG).entry == ENTRY


# Characters


@pytest.mark.parametrize(
    "change",
    [
        lambda note: note.replace("\n", "\r\n"),
        lambda note: note.replace("\n", "\r"),
        lambda note: note.replace("\n", "\r\n", 1),
        lambda note: note[:-1] + "\r\n",
        lambda note: note.replace("\n", "\u2028"),
        lambda note: note.replace("\n\n", "\u2028\u2028"),
        lambda note: note.replace(ORIGIN, ORIGIN + "\u2028"),
        lambda note: note.replace("\n2\n", "\n2\u2028\n"),
        lambda note: note.replace("\n", "\u2029"),
        lambda note: note.replace("\n", "\x85"),
        lambda note: note.replace("\n", "\x0c"),
        lambda note: note.replace("\n2\n", "\n2\x00\n"),
        lambda note: note.replace("\n2\n", "\n2\t\n"),
        lambda note: "\ufeff" + note,
        lambda note: note.replace("\n2\n", "\n２\n"),
        lambda note: note.replace("\n2\n", "\n2 \n"),
        lambda note: note + STRANGER.replace("\n", "\u2028") + STRANGER,
        lambda note: note + STRANGER.replace("\n", "\x85") + STRANGER,
    ],
)
def test_layer_note_names_a_text_with_other_line_ends_or_characters(
    change: Callable[[str], str],
) -> None:
    """Some are no note at all, some are one, of a body that nobody signed."""
    assert change(NOTE) != NOTE
    assert refusal(change(NOTE)) in ("form", "signature", "unsigned")
    with pytest.raises(InvalidReceipt):
        open_receipt(build_receipt(ENTRY.bytes, 0, [SIBLING], change(NOTE)), LOG)
    if change(RECEIPT) != RECEIPT:
        with pytest.raises(InvalidReceipt):
            open_receipt(change(RECEIPT), LOG)


@pytest.mark.parametrize("character", ["\x00", "\t", "\r", "\x1f", "\x7f"])
def test_layer_note_names_a_control_character_before_the_body_is_read(character: str) -> None:
    """Whoever cosigns or adds lines reads no body, so that nothing else would refuse it."""
    note = NOTE.replace("\n2\n", f"\n2{character}\n")
    witness = Signer("w.example", bytes(32), kind=COSIGNATURE)
    with pytest.raises(InvalidNote, match="form: a control character"):
        cosign(note, witness, time=1)
    with pytest.raises(InvalidNote, match="form: a control character"):
        with_signatures(note, [])


# Base64


def respelt(text: str) -> list[str]:
    """Other spellings of the bytes that a padded base64 text holds, each in its own way wrong."""
    assert text.endswith("=")
    assert not text.endswith("==")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    bits = alphabet[alphabet.index(text[-2]) | 1]
    return [
        text[:-2] + bits + "=",
        text.rstrip("="),
        text + "=",
        text[:4] + " " + text[4:],
        text[:4] + "=" + text[4:],
        text[:4] + "\u200b" + text[4:],
        text.translate(str.maketrans("+/", "-_")) if "+" in text or "/" in text else text + "-",
    ]


SPELLINGS = respelt(base64.b64encode(TOLD.root).decode())


# The root is another in every process, and each has to name the same tests.
@pytest.mark.parametrize("spelling", SPELLINGS, ids=map(str, range(len(SPELLINGS))))
def test_layer_note_names_a_root_in_another_spelling(spelling: str) -> None:
    """Signed again over the odd body, so that the spelling alone is at fault."""
    body = f"{ORIGIN}\n2\n{spelling}\n"
    assert refusal(f"{body}\n{SIGNER.line(SIGNER.sign(body.encode()))}") == "form"


def test_layer_note_names_a_signature_and_a_key_in_another_spelling() -> None:
    before, _, encoded = NOTE[:-1].rpartition(" ")
    for spelling in respelt(encoded):
        assert refusal(f"{before} {spelling}\n") == "form"
    name, key_id, key = LOG.text.split("+", 2)
    for spelling in (key[:4] + " " + key[4:], key + "=", key[:-1], key.lower()):
        with pytest.raises(InvalidNote) as caught:
            Verifier.parse(f"{name}+{key_id}+{spelling}")
        assert caught.value.reason == "key"


@pytest.mark.parametrize("line", [1, 3])
def test_layer_receipt_names_an_entry_or_hash_in_another_spelling(line: int) -> None:
    lines = RECEIPT.split("\n")
    word, _, encoded = lines[line].rpartition(" ")
    padded = base64.b64encode(SIBLING).decode() if line == 3 else encoded
    spellings = respelt(padded) if padded.endswith("=") and padded[-2] != "=" else [encoded + "="]
    for spelling in spellings:
        lines[line] = f"{word} {spelling}".strip() if word else spelling
        with pytest.raises(InvalidReceipt):
            open_receipt("\n".join(lines), LOG)


# Size


def bounded(refused: Callable[[], object]) -> None:
    """Refuses, quickly and without copying what it was given.

    20 ms of processor time are a hundredth of what splitting it costs; the copy would be megabytes.
    """
    tracemalloc.start()
    try:
        with pytest.raises((InvalidNote, InvalidReceipt)):
            refused()
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < MEGABYTES // 10
    spent = []
    for _ in range(3):
        began = time.process_time()
        with pytest.raises((InvalidNote, InvalidReceipt)):
            refused()
        spent.append(time.process_time() - began)
    assert min(spent) < 0.02


HUGE = {
    "signature lines": NOTE + STRANGER * (MEGABYTES // len(STRANGER)),
    "lines that are none": NOTE + "a\n" * (MEGABYTES // 2),
    "blank lines": NOTE + "\n" * MEGABYTES,
    "blank lines before": "\n" * MEGABYTES + NOTE,
    "one signature": NOTE + f"— w.example {'A' * MEGABYTES}\n",
    "one name": NOTE + f"— {'w' * MEGABYTES} AAAAAAAA\n",
    "origin": NOTE.replace(ORIGIN, ORIGIN * (MEGABYTES // len(ORIGIN)), 1),
    "size": NOTE.replace("\n2\n", f"\n{'2' * MEGABYTES}\n"),
    "nothing": "A" * MEGABYTES,
}


@pytest.mark.parametrize("what", HUGE)
def test_layer_note_names_ten_megabytes_at_once(what: str) -> None:
    note = HUGE[what]
    bounded(lambda: open_note(note, LOG))
    receipt = build_receipt(ENTRY.bytes, 0, [SIBLING], note)
    bounded(lambda: open_receipt(receipt, LOG))
    bounded(lambda: with_signatures(note, [STRANGER]))
    witness = Signer("w.example", bytes(32), kind=COSIGNATURE)
    line = cosign(NOTE, witness, time=1_600_000_000)
    bounded(lambda: verify_cosignature(note, line, witness.verifier))


@pytest.mark.parametrize(
    "receipt",
    [
        RECEIPT.replace("extra ", "extra " + "A" * MEGABYTES),
        RECEIPT.replace("index 0", "index " + "0" * MEGABYTES),
        RECEIPT.replace("index 0\n", "index 0\n" + "A\n" * (MEGABYTES // 2)),
        "\n" * MEGABYTES,
        "A" * MEGABYTES,
    ],
)
def test_layer_receipt_names_ten_megabytes_at_once(receipt: str) -> None:
    bounded(lambda: open_receipt(receipt, LOG))


def test_a_full_note_and_the_largest_receipt_are_far_below_the_bounds() -> None:
    """What we refuse by length alone can never be what a log of ours has written."""
    names = [f"witness-{number}.community.district.wuhan.example" for number in range(15)]
    witnesses = [Signer(name, name.encode()[:32], kind=COSIGNATURE) for name in names]
    full = with_signatures(NOTE, [cosign(NOTE, one, time=1_600_000_000) for one in witnesses])
    opened = open_note(full, LOG, [one.verifier for one in witnesses])
    assert len(opened.cosigned) == 15
    assert len(full) < MAX_NOTE / 8
    largest = build_receipt(b"x" * 8192, 0, [SIBLING] * 63, full)
    with pytest.raises(InvalidReceipt, match="entry"):
        open_receipt(largest, LOG)


def test_layer_note_names_a_thousand_signature_lines() -> None:
    for count in (16, 17, 1000):
        note = NOTE + STRANGER * (count - 1)
        assert len(note) < MAX_NOTE
        if count == 16:
            assert open_note(note, LOG).checkpoint == TOLD
        else:
            assert refusal(note) == "form"


# Keys


def test_layer_note_names_a_signature_by_another_key_with_the_same_id() -> None:
    """Name and id are the log's, so the line is the log's to answer for; and it does not hold."""
    assert TWIN.verifier.id == LOG.id
    assert TWIN.verifier.public != LOG.public
    assert refusal(sign(TOLD, TWIN)) == "signature"
    forged = Checkpoint(ORIGIN, 9, bytes(32))
    assert refusal(sign(forged, TWIN)) == "signature"
    assert refusal(NOTE + TWIN.line(TWIN.sign(TOLD.body.encode()))) == "signature"


def test_layer_key_names_two_known_keys_with_one_name_and_id() -> None:
    for log, other in ((LOG, TWIN.verifier), (TWIN.verifier, LOG)):
        with pytest.raises(InvalidNote) as caught:
            open_note(NOTE, log, [other])
        assert caught.value.reason == "key"
    assert open_note(NOTE, LOG, [LOG]).checkpoint == TOLD


def test_a_strangers_line_under_the_same_id_and_another_name_is_ignored() -> None:
    """An id alone is no key: the line is unknown, and unknown lines harm nobody."""
    payload = base64.b64encode(LOG.id + bytes(64)).decode()
    assert open_note(f"{NOTE}— w.example {payload}\n", LOG).checkpoint == TOLD


# Origins


LOOK_ALIKES = [
    "log.ex\u0430mple",
    "lоg.example",
    "log.example\u200b",
    "log\u2024example",
    "log.example\u0301",
    "ｌog.example",
    "LOG.example",
    "log.example.",
    "log.example/",
    "log..example",
]
SPACED = ["log.example ", " log.example", "log.example\u00a0", "log.example\u3000", "log.exam ple"]


@pytest.mark.parametrize("name", LOOK_ALIKES)
def test_layer_note_names_a_log_that_only_looks_like_ours(name: str) -> None:
    other = Signer(name, (869).to_bytes(32, "big"))
    theirs = sign(Checkpoint(name, 2, TOLD.root), other)
    assert open_note(theirs, other.verifier).checkpoint.size == 2
    # The same key, and still another log: the name is part of the key's id and of what is signed.
    assert refusal(theirs) == "unsigned"
    assert refusal(NOTE, log=other.verifier) == "unsigned"
    assert refusal(NOTE.replace(f"{ORIGIN}\n", f"{name}\n", 1)) == "signature"
    body = TOLD.body.replace(ORIGIN, name)
    assert refusal(f"{body}\n{SIGNER.line(SIGNER.sign(body.encode()))}") == "unsigned"
    assert refusal(NOTE.replace(f"— {ORIGIN}", f"— {name}")) == "unsigned"


@pytest.mark.parametrize("name", SPACED)
def test_layer_key_names_a_name_with_white_space(name: str) -> None:
    with pytest.raises(InvalidNote) as caught:
        Signer(name, bytes(32))
    assert caught.value.reason == "key"
    with pytest.raises(InvalidNote) as caught:
        Verifier.parse(LOG.text.replace(ORIGIN, name))
    assert caught.value.reason == "key"
    body = TOLD.body.replace(ORIGIN, name)
    assert refusal(f"{body}\n{SIGNER.line(SIGNER.sign(body.encode()))}") == "form"
    assert refusal(NOTE.replace(f"— {ORIGIN}", f"— {name}")) == "form"


# Receipts


@pytest.mark.parametrize("index", ["00", "+0", "-0", "０", "٠", "0 ", " 0", "0.0", "1e0", "", "1"])
def test_layer_receipt_names_an_index_in_another_spelling(index: str) -> None:
    with pytest.raises(InvalidReceipt):
        open_receipt(RECEIPT.replace("index 0\n", f"index {index}\n"), LOG)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text + RECEIPT,
        lambda text: text + "\n",
        lambda text: "\n" + text,
        lambda text: text.replace("\n\n", "\n\n\n"),
        lambda text: text.replace("@v1", "@v2"),
        lambda text: text.replace("index 0\n", "index 0\nindex 0\n"),
        lambda text: text.replace("extra", "Extra"),
        lambda text: text.replace("index 0\n", "index 0\n" + ("A" * 43 + "=\n") * 64),
        lambda text: NOTE + text,
        lambda text: NOTE,
    ],
)
def test_layer_receipt_names_a_receipt_of_another_shape(change: Callable[[str], str]) -> None:
    with pytest.raises(InvalidReceipt):
        open_receipt(change(RECEIPT), LOG)
