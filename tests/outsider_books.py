"""A second reader of entries and of the books, written from FORMAT.md 1 alone.

Knows what an entry is and what a log of them must be: strict JSON in its one spelling, the chain,
the time, sums, reversals. Shares no code with `ledger`: texts are spelt by a writer of its own, and
nothing is declared. Refuses with Forged, always, and whatever it is given.
"""

import json
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from tests.outsider import Forged, demand, leaf_of, text_of

MEMBERS = [
    "actor",
    "at",
    "body",
    "kind",
    "nonce",
    "policy",
    "postings",
    "prev",
    "request",
    "seq",
    "v",
]
NAME = re.compile(r"[a-z_][a-z0-9_]*", re.ASCII)
KIND = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+", re.ASCII)
CODE = re.compile(r"[A-Za-z0-9._:+/=-]{1,128}", re.ASCII)
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)
NO_TEXT = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
HEX = {"nonce": 32, "prev": 64, "request": 32}
DEEPEST = 64


def spelt(value: Any, depth: int = 1) -> str:
    """The one spelling of a value (RFC 8785, as FORMAT.md 1 restricts it)."""
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            demand(abs(value) < 2**53, "an integer beyond 2^53 - 1")
            return str(value)
        case str():
            demand(not NO_TEXT.search(value), "a control character")
            escaped = value.replace("\\", "\\\\").replace('"', '\\"')
            return f'"{escaped}"'
        case list() | dict():
            demand(depth <= DEEPEST, "nested too deep")
    match value:
        case list():
            return f"[{','.join(spelt(each, depth + 1) for each in value)}]"
        case dict():
            demand(all(NAME.fullmatch(name) for name in value), "a member's name")
            told = (f'"{name}":{spelt(value[name], depth + 1)}' for name in sorted(value))
            return f"{{{','.join(told)}}}"
        case _:
            raise Forged(f"no value of an entry: {value!r}")


def codes_in(value: Any) -> Iterable[str]:
    """Every string inside a value, names of members left out."""
    match value:
        case str():
            yield value
        case list():
            for each in value:
                yield from codes_in(each)
        case dict():
            yield from codes_in(list(value.values()))


def entry_of(data: bytes) -> dict[str, Any]:
    """The members of an entry; refuses whatever FORMAT.md 1 does not allow."""
    demand(len(data) <= 8192, "too long")
    try:
        told: dict[str, Any] = json.loads(text_of(data))
    except (ValueError, RecursionError) as error:
        raise Forged("no JSON") from error
    demand(type(told) is dict and sorted(told) == MEMBERS, "other members")
    demand(spelt(told).encode() == data, "another spelling")
    for name, digits in HEX.items():
        demand(type(told[name]) is str, name)
        demand(bool(re.fullmatch(f"[0-9a-f]{{{digits}}}", told[name])), name)
    for name in ("actor", "policy"):
        demand(type(told[name]) is str and told[name] != "", name)
    demand(type(told["kind"]) is str and bool(KIND.fullmatch(told["kind"])), "kind")
    demand(type(told["v"]) is int and told["v"] == 1, "version")
    demand(type(told["seq"]) is int and told["seq"] >= 0, "seq")
    check_instant(told["at"])
    demand(type(told["body"]) is dict, "body")
    check_postings(told["postings"])
    for code in codes_in([told["body"], told["postings"]]):
        demand(bool(CODE.fullmatch(code)), f"free text: {code!r}")
    if "reverses" in told["body"]:
        check_reference(told["body"]["reverses"], told["seq"])
    return told


def check_instant(at: Any) -> None:
    """Refuse what is no moment in UTC, to the microsecond."""
    demand(type(at) is str and bool(INSTANT.fullmatch(at)), "at")
    try:
        datetime.strptime(at, "%Y-%m-%dT%H:%M:%S.%fZ")  # noqa: DTZ007  only whether there is such
    except ValueError as error:
        raise Forged("at: no such moment") from error


def check_postings(postings: Any) -> None:
    """Refuse postings that do not sum to zero for each unit, or are none."""
    demand(type(postings) is list and (not postings or 2 <= len(postings) <= 64), "postings")
    sums = {"minute": 0, "fen": 0}
    for posting in postings:
        demand(type(posting) is list and len(posting) == 3, "a posting")
        account, unit, amount = posting
        demand(type(account) is str and type(unit) is str and unit in sums, "a posting")
        demand(type(amount) is int and 0 < abs(amount) <= 10**12, "an amount")
        sums[unit] += amount
    demand(not any(sums.values()), "no sum of zero")


def check_reference(named: Any, seq: int) -> None:
    """Refuse what does not name an earlier entry by position and hash."""
    demand(type(named) is dict and sorted(named) == ["leaf", "seq"], "reverses")
    demand(type(named["seq"]) is int and 0 <= named["seq"] < seq, "reverses: seq")
    demand(type(named["leaf"]) is str, "reverses: leaf")
    demand(bool(re.fullmatch("[0-9a-f]{64}", named["leaf"])), "reverses: leaf")


def check_books(entries: Sequence[bytes]) -> list[dict[str, Any]]:
    """Refuse a log, from its first entry on, that FORMAT.md 1 does not allow.

    An outsider does not know whose an account is: a correction is the exact mirror here.
    """
    log: list[dict[str, Any]] = []
    leaves: list[str] = []
    reversed_already: set[int] = set()
    for seq, data in enumerate(entries):
        told = entry_of(data)
        demand(told["seq"] == seq, f"{seq}: another position")
        demand(told["prev"] == (leaves[-1] if leaves else "0" * 64), f"{seq}: after another")
        demand(not log or told["at"] > log[-1]["at"], f"{seq}: not later")
        if "reverses" in told["body"]:
            target = told["body"]["reverses"]["seq"]
            demand(told["body"]["reverses"]["leaf"] == leaves[target], f"{seq}: another's leaf")
            demand("reverses" not in log[target]["body"], f"{seq}: reverses a reversal")
            demand(target not in reversed_already, f"{seq}: reversed a second time")
            mirror = [[account, unit, -amount] for account, unit, amount in log[target]["postings"]]
            demand(sorted(told["postings"]) == sorted(mirror), f"{seq}: no mirror")
            reversed_already.add(target)
        log.append(told)
        leaves.append(leaf_of(data).hex())
    return log
