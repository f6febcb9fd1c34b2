"""Notes, cosignatures and receipts: the golden vectors both ways, and forgeries."""

import base64
import json
import re
from pathlib import Path

import pytest

from ledger.checkpoint import (
    COSIGNATURE,
    Checkpoint,
    InvalidNote,
    InvalidReceipt,
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
from ledger.entry import leaf_hash

VECTORS = json.loads((Path(__file__).parent / "vectors" / "ledger_v1.json").read_text())
ORIGIN = VECTORS["origin"]
LOG = Verifier.parse(VECTORS["log_vkey"])
SIGNER = Signer(ORIGIN, bytes.fromhex(VECTORS["log_seed"]))
WITNESSES = [
    Signer(witness["name"], bytes.fromhex(witness["seed"]), kind=COSIGNATURE)
    for witness in VECTORS["witnesses"]
]
WITNESS_KEYS = [signer.verifier for signer in WITNESSES]
NOTE = VECTORS["checkpoints"]["5"]
COSIGNED = VECTORS["cosigned_checkpoint"]
RECEIPT = VECTORS["receipt_1_of_5"]
TIME = VECTORS["cosigned_at"]


def checkpoint(size: int) -> Checkpoint:
    """The golden checkpoint of a size."""
    return Checkpoint(ORIGIN, size, bytes.fromhex(VECTORS["roots"][str(size)]))


def test_golden_keys_read_and_write_the_same() -> None:
    assert SIGNER.verifier == LOG
    assert LOG.text == VECTORS["log_vkey"]
    for witness, signer in zip(VECTORS["witnesses"], WITNESSES, strict=True):
        assert signer.verifier.text == witness["vkey"]
        assert Verifier.parse(witness["vkey"]) == signer.verifier


def test_golden_checkpoints_read_and_write_the_same() -> None:
    for size, note in VECTORS["checkpoints"].items():
        assert sign(checkpoint(int(size)), SIGNER) == note
        assert open_note(note, LOG).checkpoint == checkpoint(int(size))


def test_the_golden_cosigned_checkpoint_reads_and_writes_the_same() -> None:
    lines = [cosign(NOTE, witness, time=TIME) for witness in WITNESSES]
    assert with_signatures(NOTE, lines) == COSIGNED
    opened = open_note(COSIGNED, LOG, WITNESS_KEYS)
    assert [(seen.witness, seen.time) for seen in opened.cosigned] == [
        (key.name, TIME) for key in WITNESS_KEYS
    ]
    for line, key in zip(lines, WITNESS_KEYS, strict=True):
        assert verify_cosignature(NOTE, line, key) == TIME


def test_the_golden_receipt_reads_and_writes_the_same() -> None:
    entry = VECTORS["entries"][1]
    proof = [bytes.fromhex(part) for part in VECTORS["inclusion"]["1/5"]]
    assert build_receipt(entry["bytes"].encode(), 1, proof, NOTE) == RECEIPT
    receipt = open_receipt(RECEIPT, LOG)
    assert receipt.entry.leaf.hex() == entry["leaf"]
    assert receipt.checkpoint == checkpoint(5)


def test_lines_of_unknown_keys_are_ignored() -> None:
    assert open_note(COSIGNED, LOG).cosigned == ()
    assert len(open_note(COSIGNED, LOG, WITNESS_KEYS[:2]).cosigned) == 2
    stranger = Signer("stranger.example", bytes(32))
    opened = open_note(with_signatures(NOTE, [stranger.line(bytes(64))]), LOG)
    assert opened.checkpoint == checkpoint(5)


def test_a_bad_signature_by_a_known_key_refuses_the_note() -> None:
    witness = WITNESSES[0]
    for line in (
        witness.line(TIME.to_bytes(8, "big") + bytes(64)),
        witness.line(witness.sign(b"")),
        cosign(VECTORS["checkpoints"]["3"], witness, time=TIME),
        SIGNER.line(bytes(64)),
    ):
        with pytest.raises(InvalidNote) as caught:
            open_note(with_signatures(NOTE, [line]), LOG, WITNESS_KEYS)
        assert caught.value.reason == "signature"


def test_a_cosignature_of_another_time_is_refused() -> None:
    line = cosign(NOTE, WITNESSES[0], time=TIME)
    data = bytearray(base64.b64decode(line.split(" ")[2]))
    data[11] ^= 1
    forged = f"— {WITNESSES[0].verifier.name} {base64.b64encode(data).decode()}\n"
    with pytest.raises(InvalidNote):
        verify_cosignature(NOTE, forged, WITNESS_KEYS[0])
    with pytest.raises(InvalidNote):
        verify_cosignature(NOTE, line, WITNESS_KEYS[1])


def test_a_note_its_log_did_not_sign_is_refused() -> None:
    other = Signer("elsewhere.example", bytes(range(32)))
    foreign = sign(Checkpoint("elsewhere.example", 5, bytes(32)), other)
    for note, key in ((foreign, LOG), (NOTE, other.verifier)):
        with pytest.raises(InvalidNote) as caught:
            open_note(note, key)
        assert caught.value.reason == "unsigned"
    cuckoo = f"{NOTE.partition(chr(10) * 2)[0]}\n\n{cosign(NOTE, WITNESSES[0], time=TIME)}"
    with pytest.raises(InvalidNote):
        open_note(cuckoo, LOG, WITNESS_KEYS)


def test_a_key_signs_in_its_own_role_only() -> None:
    with pytest.raises(InvalidNote):
        sign(checkpoint(5), WITNESSES[0])
    with pytest.raises(InvalidNote):
        sign(Checkpoint("elsewhere.example", 5, bytes(32)), SIGNER)
    with pytest.raises(InvalidNote):
        cosign(NOTE, SIGNER, time=TIME)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("\n5\n", "\n05\n"),
        ("\n5\n", "\n-5\n"),
        ("\n5\n", "\n٥\n"),
        ("\n5\n", "\n6\n"),
        ("\n5\n", "\n5\nextension\n"),
        ("Bfui7vm", "BfuI7vm"),
        ("lh434=\n\n", "lh435=\n\n"),
        ("lh434=\n\n", "lh434\n\n"),
        ("\n\n", "\n"),
        ("— ", "- "),
        ("— ", "—  "),
        (f"{ORIGIN}\n", "elsewhere.example\n"),
        ("mcbnm", "mcbn"),
        ("\n5\n", "\r\n5\n"),
    ],
)
def test_a_misshapen_note_is_refused(old: str, new: str) -> None:
    assert old in NOTE
    with pytest.raises(InvalidNote):
        open_note(NOTE.replace(old, new, 1), LOG)


def test_a_note_without_a_final_line_feed_is_refused() -> None:
    with pytest.raises(InvalidNote):
        open_note(NOTE[:-1], LOG)


def test_a_note_holds_sixteen_signatures() -> None:
    strangers = [Signer(f"w{number}.example", bytes([number]) * 32) for number in range(20)]
    lines = [stranger.line(bytes(64)) for stranger in strangers]
    full = with_signatures(NOTE, lines)
    assert full.count("— ") == 16
    assert open_note(full, LOG).checkpoint == checkpoint(5)
    with pytest.raises(InvalidNote):
        open_note(full + lines[-1], LOG)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name",
        LOG.text.replace("99c6e798", "99c6e799"),
        LOG.text.replace("+99c6e798", ""),
        LOG.text[:-4],
        "a name" + LOG.text.partition("+")[2],
        f"{ORIGIN}+99c6e798+{base64.b64encode(bytes([2]) + LOG.public).decode()}",
    ],
)
def test_a_text_that_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(InvalidNote) as caught:
        Verifier.parse(text)
    assert caught.value.reason == "key"


def test_a_receipt_changed_anywhere_is_refused() -> None:
    for place in range(len(RECEIPT)):
        changed = RECEIPT[:place] + ("A" if RECEIPT[place] != "A" else "B") + RECEIPT[place + 1 :]
        with pytest.raises(InvalidReceipt):
            open_receipt(changed, LOG)


def test_a_receipt_cut_or_lengthened_is_refused() -> None:
    lines = RECEIPT.splitlines(keepends=True)
    for place in range(len(lines)):
        with pytest.raises(InvalidReceipt):
            open_receipt("".join(lines[:place] + lines[place + 1 :]), LOG)
    for text in (RECEIPT + "\n", RECEIPT[:-1], "", RECEIPT.replace("index", "inde")):
        with pytest.raises(InvalidReceipt):
            open_receipt(text, LOG)


def test_a_receipt_of_another_entry_position_or_log_is_refused() -> None:
    proof = [bytes.fromhex(part) for part in VECTORS["inclusion"]["1/5"]]
    other = VECTORS["entries"][2]["bytes"].encode()
    data = VECTORS["entries"][1]["bytes"].encode()
    for wrong in (
        build_receipt(other, 1, proof, NOTE),
        build_receipt(data, 2, proof, NOTE),
        build_receipt(data, 1, proof[::-1], NOTE),
        build_receipt(data, 1, proof, VECTORS["checkpoints"]["3"]),
        build_receipt(b"{}", 1, proof, NOTE),
    ):
        with pytest.raises(InvalidReceipt):
            open_receipt(wrong, LOG)
    with pytest.raises(InvalidReceipt):
        open_receipt(RECEIPT, Signer("elsewhere.example", bytes(32)).verifier)


def test_an_entry_at_another_position_than_it_says_is_refused() -> None:
    data = VECTORS["entries"][1]["bytes"].encode()
    note = sign(Checkpoint(ORIGIN, 1, leaf_hash(data)), SIGNER)
    with pytest.raises(InvalidReceipt, match="position"):
        open_receipt(build_receipt(data, 0, [], note), LOG)


def test_a_receipt_shows_who_cosigned() -> None:
    receipt = RECEIPT.replace(NOTE, COSIGNED)
    assert len(open_receipt(receipt, LOG, WITNESS_KEYS).cosigned) == 3


def test_no_private_key_is_ever_printed() -> None:
    assert not re.search(VECTORS["log_seed"], repr(SIGNER) + str(vars(SIGNER)))
