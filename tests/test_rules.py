"""The rules of the domain and of the API, each with what keeps it and the test that shows it.

`rules.csv` has a row for every sentence of the domain's sections that says what a time bank is held
to, and of the API's numbered rules: the section, the sentence by the first eight digits of the
SHA-256 of its words (`-` for a rule of ours that no sentence states), the rule in our words, what
keeps it (refusals and errors by code, timers and events by name, or `structure` where there is
simply no way round it) and its tests. Compared both ways: every sentence has a row and every row a
sentence, every refusal a row and every code a refusal. A sentence that is changed loses its row, so
that somebody looks.
"""

import ast
import csv
import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import pytest

from schema.errors import CODES
from schema.execution import TIMEOUT_SECONDS
from tests.test_house_capabilities import is_ours
from timebank.events import kinds
from timebank.refusals import Refusal
from timebank.timers import TIMERS
from web.asking import BODY_MAX
from web.sockets import Bounds

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "tests" / "rules.csv"
SPECIFIED = ROOT.parent / "shared"
SECTIONS = ("3", "4", "5", "6", "7", "8", "9", "10", "11")
API_RULE = re.compile(r"^(\d+)\. (.*?)(?=^\d+\. |^## |\Z)", re.MULTILINE | re.DOTALL)
STRUCTURE = "structure"
NO_SENTENCE = "-"
NAMED = re.compile(r"domain (\d+(?:(?:, | and )\d+)*)")
# Modules that name no section of these, and whose refusals keep rules of them all the same.
ALSO = frozenset(
    {
        "accepted_months",
        "certificate_issuing",
        "counter",
        "identity",
        "lifecycles",
        "roster_files",
        "station_codes",
        "texts",
    }
)


class Rule(NamedTuple):
    """A row: `codes` and `tests` are lists with a space between."""

    section: str
    sentence: str
    rule: str
    codes: str
    tests: str


@cache
def rules() -> tuple[Rule, ...]:
    """The table."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["section", "sentence", "rule", "code", "test"]
    return tuple(Rule(*row) for row in rows)


@cache
def words_of(file: str) -> dict[str, frozenset[str]]:
    """The words in every test of a file, with what it is parametrised with, by the test's name."""
    return {
        node.name: frozenset(re.findall(r"\w+", ast.unparse(node)))
        for node in ast.parse((ROOT / file).read_text("utf-8")).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


# Sentences


def blocks(section: str) -> Iterator[str]:
    """A section's paragraphs and bullets, and each line of its tables and its life cycles."""
    fenced, held = False, ""
    for line in [*section.splitlines(), ""]:
        alone = fenced or line.startswith(("|", "```"))
        if alone or not line.strip() or line.startswith("* "):
            yield held
            held = ""
        fenced ^= line.startswith("```")
        if alone:
            yield line
        else:
            held += " " + line
    yield held


def clauses(block: str) -> Iterator[str]:
    """What a full stop or a semicolon ends, but not within brackets."""
    depth, start = 0, 0
    for place, letter in enumerate(block):
        depth += (letter == "(") - (letter == ")")
        ends = letter in ".;" and not depth and block[place + 1 : place + 2] in ("", " ")
        if ends and not block[:place].endswith("Art"):
            yield block[start:place]
            start = place + 1
    yield block[start:]


def sentences(domain: str, api: str = "") -> dict[str, dict[str, str]]:
    """By section, the sentences by their digits; a note that a number is policy is none."""
    parts = (part.split("\n", 1) for part in re.split(r"^## ", domain, flags=re.MULTILINE)[1:])
    found = {title.split(".")[0]: body for title, body in parts}
    told = {section: blocks(found[section]) for section in SECTIONS}
    told |= {
        f"api {number}": iter([" ".join(rule.split())]) for number, rule in API_RULE.findall(api)
    }
    return {section: dict(map(digits, _said(in_it))) for section, in_it in told.items()}


def _said(blocks: Iterator[str]) -> Iterator[str]:
    for block in blocks:
        for clause in clauses(block):
            one = " ".join(re.sub(r"[*`|]", " ", clause).split()).strip(" .;")
            if says_something(one):
                yield one


def digits(sentence: str) -> tuple[str, str]:
    """By what a row names a sentence, and the sentence."""
    return sha256(sentence.encode()).hexdigest()[:8], sentence


def says_something(sentence: str) -> bool:
    """Whether words are left, and more than that a number is policy's."""
    return bool(re.search(r"\w", sentence)) and sentence != "policy"


# Both ways


def test_a_text_falls_into_the_sentences_one_would_count() -> None:
    text = (
        "# T\n## 3. A\n\nOne (a; b. c) rule. Another\none; **policy**\n```\nA --> B   x\nB\n```\n"
        "* Art. 5\n  holds.\n\n| a | `b` |\n|---|---|\n"
        + "".join(f"## {n}. B\n" for n in SECTIONS[1:])
    )
    assert [*sentences(text)["3"].values()] == [
        "One (a; b. c) rule",
        "Another one",
        "A --> B x",
        "B",
        "Art. 5 holds",
        "a b",
    ]
    rules = "# A\n## 1. B\n\n1. One (a; b) rule;\n   two.\n2. Three.\n## 2. C\n3. Four: 2. five.\n"
    assert [
        [*found.values()] for section, found in sentences(text, rules).items() if "api" in section
    ] == [["One (a; b) rule", "two"], ["Three"], ["Four: 2", "five"]]


def test_every_sentence_has_its_rule_and_every_rule_its_sentence() -> None:
    if not SPECIFIED.exists():
        pytest.skip(f"NO SENTENCE WAS COMPARED: {SPECIFIED} is not here")
    told = sentences(*((SPECIFIED / name).read_text("utf-8") for name in ("domain.md", "api.md")))
    kept = {(row.section, row.sentence) for row in rules() if row.sentence != NO_SENTENCE}
    there = {(section, digits) for section, found in told.items() for digits in found}

    without_a_rule = [told[section][digits] for section, digits in sorted(there - kept)]
    assert without_a_rule == []
    assert kept - there == set()


def test_every_rule_says_itself_and_what_keeps_it() -> None:
    assert [row for row in rules() if not all(row)] == []
    assert len({(row.sentence, row.rule) for row in rules()}) == len(rules())


def test_every_code_is_a_refusal_an_error_a_timer_or_an_event() -> None:
    there = {*Refusal.registry, *CODES, *kinds(), *(timer.name for timer in TIMERS), STRUCTURE}

    assert {code for row in rules() for code in row.codes.split()} - there == set()


def sections_of(module: str) -> set[str]:
    """The sections of the domain that a module says it is about."""
    told = NAMED.findall(sys.modules[module].__doc__ or "")
    return {section for found in told for section in re.findall(r"\d+", found)}


def test_every_refusal_of_these_sections_keeps_some_rule() -> None:
    named = {code for row in rules() for code in row.codes.split()}
    about = {no.__module__ for no in Refusal.registry.values() if is_ours(no)}
    asked = {module for module in about if sections_of(module) & set(SECTIONS)}
    asked |= {f"timebank.{module}" for module in ALSO}
    missing = {code for code, no in Refusal.registry.items() if no.__module__ in asked} - named

    assert missing == set(), "a rule of these sections has no row in tests/rules.csv"


def test_a_module_that_says_what_it_is_about_needs_no_mention() -> None:
    assert sections_of("timebank.activity_plans") == {"4", "5"}
    assert not [name for name in ALSO if sections_of(f"timebank.{name}") & set(SECTIONS)]
    assert {no.__module__.removeprefix("timebank.") for no in Refusal.registry.values()} >= ALSO


@pytest.mark.parametrize("row", rules(), ids=lambda row: f"{row.section} {row.rule[:40]}")
def test_a_rule_is_shown_by_tests_that_name_what_keeps_it(row: Rule) -> None:
    words: set[str] = set()
    for test in row.tests.split():
        file, name = test.split("::")
        words |= words_of(file)[name]
    codes = [code for code in row.codes.split() if code in {*Refusal.registry, *CODES}]

    assert [code for code in codes if not words & {code, _class_of(code)}] == []


def _class_of(code: str) -> str:
    no = Refusal.registry.get(code)
    return no.__name__ if no else code


# What no other test looks at


def test_no_connection_counts_what_it_does_not_show() -> None:
    told = (ROOT / "schema/schema.graphql").read_text("utf-8")
    assert "first: Int" in told
    assert "totalCount" not in told


def test_connections_are_bounded_as_the_api_says() -> None:
    bounds = Bounds()
    assert (bounds.init_seconds, bounds.operations, bounds.message_bytes) == (5.0, 20, 65536)


def test_an_operation_takes_at_most_what_the_api_says() -> None:
    assert (TIMEOUT_SECONDS, BODY_MAX) == (5.0, 65536)


def test_the_libraries_are_those_that_the_api_wants() -> None:
    told = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
    assert {one.split(",")[0] for one in told} >= {
        "graphql-core>=3.3.2",
        "strawberry-graphql>=0.341",
    }
