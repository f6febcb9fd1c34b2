"""Entries: the golden vectors both ways, and everything a strict reader refuses."""

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.entry import (
    EMPTY,
    MAX_AMOUNT,
    MAX_BYTES,
    MAX_INTEGER,
    MalformedEntry,
    Posting,
    Sealed,
    Tip,
    commitment,
    decode,
    leaf_hash,
    request_id,
    reversal_of,
    seal,
)

VECTORS = json.loads((Path(__file__).parent / "vectors" / "ledger_v1.json").read_text())
NOW = datetime(2020, 2, 3, 4, 5, 6, 7, tzinfo=UTC)
REQUEST = "0" * 32
PAIR: list[Posting] = [("volunteer:p_7", "minute", 90), ("issuance:s_1", "minute", -90)]


def sealed(tip: Tip = EMPTY, **changed: Any) -> Sealed:
    """An ordinary entry, changed as told."""
    told: dict[str, Any] = {
        "now": NOW,
        "kind": "hours.posted",
        "actor": "p_7",
        "request": REQUEST,
        "policy": "WH-2016-12",
        "body": {"minutes": 90, "record": "r_1"},
        "postings": PAIR,
    }
    return seal(tip, **(told | changed))


def reseal(entry: Sealed, tip: Tip) -> Sealed:
    """The same values, sealed again."""
    return seal(
        tip,
        now=entry.at,
        kind=entry.kind,
        actor=entry.actor,
        request=entry.request,
        policy=entry.policy,
        body=entry.body,
        postings=entry.postings,
        nonce=entry.nonce,
    )


def test_the_vectors_are_those_everybody_shares() -> None:
    shared = Path(__file__).parents[2] / "shared" / "vectors" / "ledger_v1.json"
    if not shared.exists():
        pytest.skip("the shared vectors are not on this machine")
    assert json.loads(shared.read_text()) == VECTORS


def test_golden_entries_decode_to_their_leaves_and_chain_up() -> None:
    tip = EMPTY
    for vector in VECTORS["entries"]:
        entry = decode(vector["bytes"].encode())
        assert entry.leaf.hex() == vector["leaf"]
        assert entry.seq == vector["seq"]
        assert entry.follows(tip)
        tip = entry.tip


def test_golden_entries_are_sealed_to_the_same_bytes() -> None:
    tip = EMPTY
    for vector in VECTORS["entries"]:
        entry = reseal(decode(vector["bytes"].encode()), tip)
        assert entry.bytes == vector["bytes"].encode()
        tip = entry.tip


REASONS = {
    "float": "value",
    "null": "value",
    "space": "canonical",
    "unsorted keys": "canonical",
    "duplicate key": "canonical",
    "unknown member": "member",
    "missing member": "member",
    "escaped where it need not be": "canonical",
    "postings do not sum to zero": "sum",
    "one posting": "posting",
    "zero amount": "posting",
    "units mixed": "sum",
    "negative seq": "member",
    "time without microseconds": "member",
    "upper-case hex": "member",
    "integer beyond 2^53-1": "value",
    "free text in the body": "text",
    "version 2": "member",
}


@pytest.mark.parametrize("vector", VECTORS["refused"], ids=lambda vector: str(vector["why"]))
def test_golden_refusals_are_refused_for_their_reason(vector: dict[str, str]) -> None:
    with pytest.raises(MalformedEntry) as caught:
        decode(vector["bytes"].encode())
    assert caught.value.reason == REASONS[vector["why"]]


def test_request_ids_and_commitments_match_the_vectors() -> None:
    for vector in VECTORS["request"]:
        assert request_id(vector["scope"], vector["key"]) == vector["id"]
    for vector in VECTORS["commitment"]:
        made = commitment(bytes.fromhex(vector["salt"]), vector["label"], vector["value"])
        assert made == vector["commitment"]


def test_moving_a_character_between_scope_and_key_makes_another_request() -> None:
    assert request_id("ab", "c") != request_id("a", "bc")


def test_a_commitment_wants_a_whole_salt() -> None:
    with pytest.raises(ValueError):
        commitment(bytes(31), "label", "value")
    with pytest.raises(ValueError):
        commitment(bytes(32), "x" * 256, "value")


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (b'"at":"2020-02-03', b'"at":"2020-02-30', "member"),
        (b'"at":"2020-02-03T04', b'"at":"2020-02-03T24', "member"),
        (b'.000007Z"', b'.000007Z\\n"', "member"),
        (b'"kind":"hours.posted"', b'"kind":"hours"', "member"),
        (b'"kind":"hours.posted"', b'"kind":"Hours.posted"', "member"),
        (b'"minutes":90', b'"minutes":true', None),
        (b'"minutes":90', b'"minutes":9e1', "canonical"),
        (b'"minutes":90', b'"minutes":-0', "canonical"),
        (b'"minutes":90', b'"minutes":9007199254740991', None),
        (b'"minutes":90', b'"minutes":-9007199254740992', "value"),
        (b'"minutes":90', b'"minutes":123456789012345678901234567890', "value"),
        (b'"minutes":90', b'"minutes":[[null]]', "value"),
        (b'"minutes":90', b'"minutes":{"A":1}', "member"),
        (b'"minutes":90', b'"minutes":{"":1}', "member"),
        (b'"minutes":90', b'"minutes":{"a":{"b":0.5}}', "value"),
        (b'"record":"r_1"', b'"record":""', "text"),
        (b'"record":"r_1"', b'"record":"r 1"', "text"),
        (b'"record":"r_1"', b'"record":"\\u007f"', "canonical"),
        (b'"record":"r_1"', b'"record":"r_1\\n"', "text"),
        (b'"actor":"p_7"', b'"actor":"\\u0000"', "text"),
        (b'"actor":"p_7"', b'"actor":"\x7f"', "text"),
        (b'"actor":"p_7"', b'"actor":"\\ud800"', "json"),
        (b'"actor":"p_7"', b'"actor":"\xff"', "json"),
        (b'"actor":"p_7"', b'"actor":""', "text"),
        (b'"actor":"p_7"', b'"actor":7', "member"),
        (b'"seq":0', b'"seq":0.0', "member"),
        (b'"seq":0', b'"seq":00', "json"),
        (b'"v":1', b'"v":true', "member"),
        (b'"v":1}', b'"v":1}\n', "canonical"),
        (b'"v":1}', b'"v":1}{}', "json"),
        (b'"v":1}', b'"v":1', "json"),
        (b'"minute",90]', b'"hour",90]', "member"),
        (b'"minute",90]', b'"minute",90,1]', "member"),
        (b'"minute",90]', b'"minute",true]', "member"),
        (b'["volunteer:p_7",', b'["volunteer p_7",', "text"),
    ],
)
def test_a_changed_entry_is_refused(old: bytes, new: bytes, reason: str | None) -> None:
    data = sealed().bytes
    assert old in data
    changed = data.replace(old, new, 1)
    if reason is None:
        assert decode(changed).bytes == changed
        return
    with pytest.raises(MalformedEntry) as caught:
        decode(changed)
    assert caught.value.reason == reason


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"null", b"1", b"[" * 8000, b'{"a":' * 1600])
def test_what_is_no_entry_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedEntry):
        decode(data)


def test_nesting_to_the_size_limit_is_handled() -> None:
    deep = b"[" * 3000 + b"]" * 3000
    with pytest.raises(MalformedEntry):
        decode(sealed().bytes.replace(b'"minutes":90', b'"minutes":' + deep))


def test_an_entry_may_fill_its_size_and_no_more() -> None:
    room = MAX_BYTES - len(sealed(body={"a": ["x"]}).bytes)
    fit = ["x", *["x" * 61] * (room // 64), "x" * (room % 64 - 3)]
    assert len(sealed(body={"a": fit}).bytes) == MAX_BYTES
    with pytest.raises(MalformedEntry) as caught:
        sealed(body={"a": [*fit[:-1], fit[-1] + "x"]})
    assert caught.value.reason == "size"


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"body": {"a": None}}, "value"),
        ({"body": {"a": 1.0}}, "value"),
        ({"body": {"a": NOW}}, "value"),
        ({"body": {"a": b"x"}}, "value"),
        ({"body": {"a": {1, 2}}}, "value"),
        ({"body": {1: "a"}}, "member"),
        ({"body": {"Name": "a"}}, "member"),
        ({"body": {"a": "free text"}}, "text"),
        ({"body": {"a": MAX_INTEGER + 1}}, "value"),
        ({"body": {"reverses": 3}}, "member"),
        ({"body": {"reverses": {"seq": 0, "leaf": "0" * 64}}}, "member"),
        ({"kind": "hours"}, "member"),
        ({"kind": "hours.posted\n"}, "member"),
        ({"actor": "a\nb"}, "text"),
        ({"actor": "\ud800"}, "text"),
        ({"policy": ""}, "text"),
        ({"request": "A" * 32}, "member"),
        ({"request": "0" * 31}, "member"),
        ({"nonce": "0" * 33}, "member"),
        ({"postings": PAIR[:1]}, "posting"),
        ({"postings": [("a", "minute", 1), ("b", "minute", -2)]}, "sum"),
        ({"postings": [("a", "fen", 1), ("b", "fen", -2)]}, "sum"),
        ({"postings": [("a", "minute", 1), ("b", "fen", -1)]}, "sum"),
        ({"postings": [("a", "minute", 0), ("b", "minute", 0)]}, "posting"),
        ({"postings": [("a", "minute", True), ("b", "minute", -1)]}, "posting"),
        ({"postings": [("a", "minute", 1.0), ("b", "minute", -1.0)]}, "posting"),
        ({"postings": [("a", "hour", 1), ("b", "hour", -1)]}, "member"),
        ({"postings": [("a b", "minute", 1), ("b", "minute", -1)]}, "text"),
        (
            {"postings": [("a", "fen", MAX_AMOUNT + 1), ("b", "fen", -MAX_AMOUNT - 1)]},
            "posting",
        ),
        ({"postings": PAIR * 33}, "posting"),
    ],
)
def test_sealing_refuses_what_reading_would(changed: dict[str, Any], reason: str) -> None:
    with pytest.raises(MalformedEntry) as caught:
        sealed(**changed)
    assert caught.value.reason == reason


def test_the_limits_themselves_are_allowed() -> None:
    sealed(postings=[("a", "fen", MAX_AMOUNT), ("b", "fen", -MAX_AMOUNT)])
    sealed(postings=PAIR * 32)
    sealed(body={"a": [MAX_INTEGER, -MAX_INTEGER, True, {"b_2": "x" * 128}]}, postings=())


def test_plain_unicode_is_written_as_it_is() -> None:
    entry = sealed(actor='李"\\/\u2028😀')
    assert '"actor":"李\\"\\\\/\u2028😀"'.encode() in entry.bytes
    assert decode(entry.bytes) == entry


def test_time_moves_even_when_the_clock_does_not() -> None:
    first = sealed()
    second = sealed(first.tip)
    third = sealed(second.tip, now=NOW - timedelta(days=1))
    assert second.at - first.at == third.at - second.at == timedelta(microseconds=1)


def test_time_is_written_in_utc_and_never_naive() -> None:
    here = NOW.astimezone(timezone(timedelta(hours=8)))
    assert sealed(now=here).at == NOW
    assert b'"at":"2020-02-03T04:05:06.000007Z"' in sealed(now=here).bytes
    with pytest.raises(ValueError, match="time zone"):
        sealed(now=NOW.replace(tzinfo=None))


def test_two_entries_with_the_same_values_have_different_leaves() -> None:
    assert sealed().leaf != sealed().leaf


def test_an_entry_follows_one_tip_only() -> None:
    first = sealed()
    second = sealed(first.tip)
    assert second.follows(first.tip)
    assert not second.follows(EMPTY)
    assert not second.follows(Tip(2, first.leaf, first.at))
    assert not second.follows(Tip(1, bytes(32), first.at))
    assert not second.follows(Tip(1, first.leaf, second.at))


def test_a_reversal_names_position_and_hash() -> None:
    first = sealed()
    body = {"reverses": {"seq": 0, "leaf": first.leaf.hex()}}
    assert reversal_of(sealed(first.tip, body=body).body) == (0, first.leaf)
    assert reversal_of(first.body) is None
    for wrong in (
        {"seq": 0},
        {"seq": "0", "leaf": first.leaf.hex()},
        {"seq": 0, "leaf": "0" * 63},
        {"seq": 0, "leaf": first.leaf.hex(), "more": 1},
    ):
        with pytest.raises(MalformedEntry):
            reversal_of({"reverses": wrong})


CODES = st.from_regex(r"[A-Za-z0-9._:+/=-]{1,20}", fullmatch=True)
BODIES = st.dictionaries(
    st.from_regex(r"[a-z_][a-z0-9_]{0,6}", fullmatch=True).filter(lambda name: name != "reverses"),
    st.recursive(
        CODES | st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.just("x"), inner),
        max_leaves=6,
    ),
    max_size=5,
)


@given(body=BODIES, actor=st.text('aé中"\\/ ,:{}[]😀', min_size=1, max_size=10))
def test_whatever_is_sealed_reads_back_the_same(body: dict[str, Any], actor: str) -> None:
    entry = sealed(body=body, actor=actor)
    assert decode(entry.bytes) == entry
    assert entry.body == body
    assert entry.leaf == leaf_hash(entry.bytes)
    canonical = json.dumps(json.loads(entry.bytes), sort_keys=True, separators=(",", ":"))
    assert json.loads(canonical) == json.loads(entry.bytes)
    plain = json.dumps(
        json.loads(entry.bytes), sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )
    assert plain.encode() == entry.bytes


@given(position=st.integers(0, 10**6), flip=st.integers(1, 255))
def test_no_single_byte_can_change_unnoticed(position: int, flip: int) -> None:
    entry = sealed(nonce="0" * 32)
    data = bytearray(entry.bytes)
    data[position % len(data)] ^= flip
    try:
        read = decode(bytes(data))
    except MalformedEntry:
        return
    assert read.leaf != entry.leaf
