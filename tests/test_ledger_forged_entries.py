"""Entries and books as a log's own key could sign them, before an outsider and before ourselves.

Knows what whoever holds the key may try: bytes that are no entry, and entries that are no books.
`tests.outsider_books` was written from FORMAT.md alone; where it and `ledger` disagree about one of
these, FORMAT.md lacks a rule.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest

from ledger.entry import EMPTY, MalformedEntry, Sealed, Tip, decode
from tests import outsider_books
from tests.ledgers import chain, entry
from tests.outsider import Forged
from tests.test_ledger_books import mirror
from tests.test_ledger_entry import VECTORS, sealed

BODY = b'"minutes":90'
ACTOR, KIND, AT, SEQ = b'"actor":"p_7"', b'"kind":"hours.posted"', b'"at":"2020-02-03', b'"seq":0'
REQUEST = b'"request":"' + b"0" * 32 + b'"'
POSTING, ACCOUNT = b'"minute",90]', b'["volunteer:p_7",'


def nested(levels: int) -> bytes:
    """A body's number inside so many arrays."""
    return b'"minutes":' + b"[" * levels + b"90" + b"]" * levels


ALLOWED: list[tuple[bytes, bytes]] = [
    (KIND, b'"kind":"hours.posted_2.a"'),
    (KIND, b'"kind":"h.p"'),
    (ACTOR, '"actor":"李 \u2028\u0085😀"'.encode()),
    (ACTOR, b'"actor":"a/b"'),
    (BODY, b'"minutes":0'),
    (BODY, b'"minutes":-9007199254740991'),
    (BODY, b'"minutes":true'),
    (BODY, b'"minutes":[],"more":{}'),
    (BODY, b'"minutes":"' + b"x" * 128 + b'"'),
    (BODY, b'"' + b"n" * 300 + b'":1'),
    # The entry and its body are the first two of 64 levels.
    (BODY, nested(62)),
    (AT, b'"at":"2020-02-29'),
    (SEQ, b'"seq":9007199254740991'),
]
REFUSED: list[tuple[bytes, bytes]] = [
    (KIND, b'"kind":"hours"'),
    (KIND, b'"kind":"Hours.posted"'),
    (KIND, b'"kind":"_hours.posted"'),
    (KIND, b'"kind":"hours.1st"'),
    (KIND, b'"kind":"hours..posted"'),
    (KIND, b'"kind":"hours.posted."'),
    (KIND, b'"kind":"hours-x.posted"'),
    (KIND, b'"kind":7'),
    (ACTOR, b'"actor":7'),
    (ACTOR, b'"actor":""'),
    (ACTOR, b'"actor":"\\u674e"'),
    (ACTOR, b'"actor":"a\\/b"'),
    (ACTOR, b'"actor":"\\t"'),
    (ACTOR, b'"actor":"\x7f"'),
    (ACTOR, b'"actor":"\xff"'),
    (ACTOR, b'"actor":"\\ud800"'),
    (ACTOR, b'"actor":"\\ud83d\\ude00"'),
    (b'"policy":"WH-2016-12"', b'"policy":""'),
    (b'"policy":"WH-2016-12"', b'"policy":["WH"]'),
    (BODY, b'"minutes":null'),
    (BODY, b'"minutes":90.0'),
    (BODY, b'"minutes":9e1'),
    (BODY, b'"minutes":-0'),
    (BODY, b'"minutes":NaN'),
    (BODY, b'"minutes":Infinity'),
    (BODY, b'"minutes":090'),
    (BODY, b'"minutes": 90'),
    (BODY, b'"minutes":90,"minutes":90'),
    (BODY, b'"zzz":90'),
    (BODY, b'"Minutes":90'),
    (BODY, b'"":90'),
    (BODY, b'"minutes":-9007199254740992'),
    (BODY, b'"minutes":"two words"'),
    (BODY, '"minutes":"李"'.encode()),
    (BODY, b'"minutes":""'),
    (BODY, b'"minutes":"' + b"x" * 129 + b'"'),
    (BODY, b'"minutes":[' + (b'"' + b"x" * 100 + b'",') * 90 + b"1]"),
    (BODY, nested(63)),
    (BODY, nested(900)),
    (BODY, nested(3000)),
    (b'"body":{"minutes":90,"record":"r_1"}', b'"body":[]'),
    (REQUEST, b'"request":7'),
    (REQUEST, b'"request":"' + b"0" * 31 + b'"'),
    (AT, b'"at":"2020-02-30'),
    (AT, b'"at":"2021-02-29'),
    (AT, b'"at":"0000-02-29'),
    (AT, '"at":"２０２０-02-03'.encode()),
    (b"T04:05:06", b"T24:05:06"),
    (b"T04:05:06", b"T04:05:60"),
    (b"T04:05:06", b" 04:05:06"),
    (b'.000007Z"', b'Z"'),
    (b'.000007Z"', b'.000007+00:00"'),
    (SEQ, b'"seq":-1'),
    (SEQ, b'"seq":true'),
    (SEQ, b'"seq":0.0'),
    (SEQ, b'"seq":"0"'),
    (SEQ, b'"seq":9007199254740992'),
    (b'"v":1', b'"v":2'),
    (b'"v":1', b'"v":true'),
    (b'"v":1', b'"v":1.0'),
    (b'"v":1}', b'"v":1,"w":1}'),
    (b'"v":1}', b'"v":1}\n'),
    (b'"v":1}', b'"v":1}{}'),
    (b'"v":1}', b'"v":1'),
    (b'{"actor"', b'\xef\xbb\xbf{"actor"'),
    (POSTING, b'"minute",91]'),
    (POSTING, b'"fen",90]'),
    (POSTING, b'"hour",90]'),
    (POSTING, b'["minute"],90]'),
    (POSTING, b'"minute",true]'),
    (POSTING, b'"minute",90,1]'),
    (POSTING, b'"minute",90],"x"'),
    (POSTING, b'"minute",90],[]'),
    (POSTING, b'"minute",90]' + b',["a","fen",1],["b","fen",-1]' * 32),
    (b'"postings":[', b'"postings":{},"q":['),
    (ACCOUNT, b'["volunteer p_7",'),
    (ACCOUNT, b'["",'),
    (ACCOUNT, b"[7,"),
]


def refused_by_both(data: bytes) -> tuple[bool, bool]:
    """Whether the outsider and whether the ledger refuse these bytes."""
    found: list[bool] = []
    for read in (outsider_books.entry_of, decode):
        try:
            read(data)
        except (Forged, MalformedEntry):
            found.append(True)
        else:
            found.append(False)
    return found[0], found[1]


def test_golden_entries_are_books_to_an_outsider() -> None:
    told = outsider_books.check_books([each["bytes"].encode() for each in VECTORS["entries"]])
    assert [each["seq"] for each in told] == [each["seq"] for each in VECTORS["entries"]]


@pytest.mark.parametrize("vector", VECTORS["refused"], ids=lambda vector: str(vector["why"]))
def test_an_outsider_refuses_the_golden_refusals(vector: dict[str, str]) -> None:
    with pytest.raises(Forged):
        outsider_books.entry_of(vector["bytes"].encode())


@pytest.mark.parametrize("case", range(len(ALLOWED)))
def test_both_readers_allow(case: int) -> None:
    old, new = ALLOWED[case]
    assert old in sealed().bytes
    assert refused_by_both(sealed().bytes.replace(old, new, 1)) == (False, False)


@pytest.mark.parametrize("case", range(len(REFUSED)))
def test_both_readers_refuse(case: int) -> None:
    old, new = REFUSED[case]
    assert old in sealed().bytes
    assert refused_by_both(sealed().bytes.replace(old, new, 1)) == (True, True)


@pytest.mark.parametrize(
    "reverses",
    [
        *(1, [], {}, {"seq": 4}, {"leaf": "0" * 64}, {"leaf": "0" * 64, "more": 1, "seq": 4}),
        *({"leaf": "0" * 64, "seq": seq} for seq in (5, 6, -1, True, "4")),
        *({"leaf": leaf, "seq": 4} for leaf in ("0" * 63, "A" * 64, 7)),
    ],
    ids=str,
)
def test_both_readers_refuse_a_reference_to_no_earlier_entry(reverses: Any) -> None:
    honest = entry(Tip(5, bytes(32), None), 5, body={"reverses": {"leaf": "0" * 64, "seq": 4}})
    assert refused_by_both(honest.bytes) == (False, False)
    told = json.loads(honest.bytes)
    told["body"]["reverses"] = reverses
    forged = json.dumps(told, sort_keys=True, separators=(",", ":")).encode()
    assert refused_by_both(forged) == (True, True)


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"null", b"1", b'"x"', b"[" * 8000])
def test_both_readers_refuse_what_is_no_object(data: bytes) -> None:
    assert refused_by_both(data) == (True, True)


# Books that the log itself signed


def test_books_of_a_log_with_corrections_are_accepted() -> None:
    log = chain(EMPTY, 5)
    for target in (1, 3):
        log.append(entry(log[-1].tip, len(log), **mirror(log[target])))
    assert len(outsider_books.check_books([each.bytes for each in log])) == 7


FORGED_BOOKS: dict[str, Callable[[list[Sealed]], dict[str, Any]]] = {
    "reversed a second time": lambda log: mirror(log[2]),
    "reverses a reversal": lambda log: mirror(log[5]),
    "another's leaf": lambda log: mirror(
        log[1], body={"reverses": {"seq": 1, "leaf": log[0].leaf.hex()}}
    ),
    "no mirror": lambda log: mirror(log[1], postings=log[1].postings),
}


@pytest.mark.parametrize("says", FORGED_BOOKS)
def test_an_outsider_refuses_a_false_correction(says: str) -> None:
    log = chain(EMPTY, 5)
    log.append(entry(log[-1].tip, 5, **mirror(log[2])))
    log.append(entry(log[-1].tip, 6, **FORGED_BOOKS[says](log)))
    with pytest.raises(Forged, match=f"6: {says}"):
        outsider_books.check_books([each.bytes for each in log])


@pytest.mark.parametrize(
    ("tip", "says"),
    [
        (lambda log: log[-2].tip, "another position"),
        (lambda log: Tip(5, log[-2].leaf, log[-1].at), "after another"),
        (lambda log: Tip(5, log[-1].leaf, log[0].at), "not later"),
    ],
)
def test_an_outsider_refuses_an_entry_out_of_its_place(
    tip: Callable[[list[Sealed]], Tip], says: str
) -> None:
    log = chain(EMPTY, 5)
    log.append(entry(tip(log), 0, now=log[-1].at))
    with pytest.raises(Forged, match=f"5: {says}"):
        outsider_books.check_books([each.bytes for each in log])


def test_an_outsider_refuses_entries_dropped_doubled_swapped_or_altered() -> None:
    log = [each.bytes for each in chain(EMPTY, 6)]
    altered = log[2].replace(b'"minutes":10', b'"minutes":90')
    for forged in (
        log[1:],
        [*log[:2], *log[3:]],
        [*log[:3], *log[2:]],
        [*log[:2], log[3], log[2], *log[4:]],
        [*log[:2], altered, *log[3:]],
    ):
        with pytest.raises(Forged, match=r"another position|after another"):
            outsider_books.check_books(forged)
