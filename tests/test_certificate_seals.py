"""Seals of certificates: what they say is signed, and one altered character proves nothing."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.checkpoint import Signer
from timebank.certificate_seals import (
    InvalidSeal,
    Sealed,
    key_id_of,
    open_seal,
    payload_of,
    seal_in,
    seal_text,
)

SIGNER = Signer("timebank.example/wuhan/certificates", bytes(range(32)))
OTHER = Signer("timebank.example/wuhan/certificates", bytes(32))
SAID = Sealed(
    code="0123456789abcdef",
    number="2026-000042",
    minutes=7_230,
    issued=date(2026, 11, 25),
    since=date(2026, 1, 1),
    until=date(2026, 11, 20),
    seq=1_234,
)
SEAL = seal_text(SAID, SIGNER)
ADDRESS = f"https://bank.example/v/{SAID.code}#{SEAL}"


def test_a_seal_says_what_was_sealed_and_who_signed_it() -> None:
    assert open_seal(SEAL, SIGNER.verifier) == SAID
    assert key_id_of(SEAL) == SIGNER.verifier.id.hex()
    assert payload_of(SAID, SIGNER.verifier) == (
        f"1~{SIGNER.verifier.id.hex()}~0123456789abcdef~2026-000042~7230"
        "~2026-11-25~2026-01-01~2026-11-20~1234"
    )


def test_an_address_and_its_seal_are_read_alike_and_the_code_must_agree() -> None:
    assert seal_in(ADDRESS) == seal_in(f" {SEAL}\n") == SEAL
    with pytest.raises(InvalidSeal) as no:
        seal_in(ADDRESS.replace("/v/0123", "/v/1123"))
    assert no.value.reason == "form"


@given(st.integers(0, len(SEAL) - 1), st.characters(min_codepoint=32, max_codepoint=126))
def test_one_altered_character_proves_nothing(at: int, other: str) -> None:
    altered = SEAL[:at] + other + SEAL[at + 1 :]
    if altered == SEAL:
        return
    with pytest.raises(InvalidSeal):
        open_seal(altered, SIGNER.verifier)


@pytest.mark.parametrize("at", [n for n, one in enumerate(SEAL) if one.isdigit()])
def test_one_altered_digit_proves_nothing(at: int) -> None:
    digit = str((int(SEAL[at]) + 1) % 10)
    with pytest.raises(InvalidSeal):
        open_seal(SEAL[:at] + digit + SEAL[at + 1 :], SIGNER.verifier)


def test_another_key_and_another_log_do_not_count() -> None:
    with pytest.raises(InvalidSeal) as no:
        open_seal(SEAL, OTHER.verifier)
    assert no.value.reason == "key"
    # The same key under another log's name: the name is part of what is signed.
    elsewhere = Signer("timebank.example/other/certificates", bytes(range(32)))
    told = SEAL.replace(SIGNER.verifier.id.hex(), elsewhere.verifier.id.hex())
    with pytest.raises(InvalidSeal) as no:
        open_seal(told, elsewhere.verifier)
    assert no.value.reason == "signature"


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "#",
        "1~~~~~~~~.",
        SEAL.rpartition(".")[0],
        SEAL + "=",
        SEAL.replace("2026-11-25", "2026-W48-3"),
        SEAL.replace("2026-11-25", "2026-13-25"),
        SEAL.replace("~7230~", "~07230~"),
        SEAL.replace("~7230~", "~-7230~"),
        SEAL.replace("~7230~", "~７２３０~"),
        SEAL.replace("1~", "2~", 1),
        "A" * 10_000_000,
    ],
)
def test_whatever_is_no_seal_is_refused(text: str) -> None:
    with pytest.raises(InvalidSeal):
        open_seal(seal_in(text), SIGNER.verifier)
