"""What refusals put into their sentences, and what pages say, is there in words in both.

And no more: a sentence without a translation stays as it is.
"""

import ast
import re
import sys
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

import pytest
from jinja2 import Environment

from timebank.capabilities import CAPABILITIES
from timebank.data_requests import RequestKind
from timebank.divisions import AreaLevel
from timebank.events import kind_of
from timebank.funding.commitments import Condition
from timebank.funding.purposes import FundPurpose
from timebank.funding.sources import FundKind
from timebank.holds import KeepReason
from timebank.identity import DocumentType
from timebank.lifecycles import Lifecycle
from timebank.merge_matters import Unsettled
from timebank.open_matters import Matter
from timebank.organisation_life import LegalForm, RegistrationCheck
from timebank.report_fields import FIELDS, FieldKind
from timebank.rights import Role
from timebank.transports import Channel
from timebank.words import LANGUAGES, catalogue

ROOT = Path(__file__).resolve().parent.parent
CODE = re.compile(r"[a-z]+(?:[._][a-z]+)*")
VALUE = re.compile(r"{(\w+)}")
WHAT = re.compile(r'what="([^"]+)"')
LABEL = re.compile(r'\b(?:text\(\s*batch, [^,]+, |label=)"([a-z_]+)"')
"""A text that people write: it may be missing, or too long."""
CODED: tuple[type[StrEnum], ...] = (
    *(AreaLevel, Channel, Condition, DocumentType, FieldKind, FundKind, FundPurpose, KeepReason),
    *(LegalForm, Matter, RegistrationCheck, RequestKind, Role, Unsettled),
)
"""What refusals name besides states."""


def lifecycles() -> Iterator[Lifecycle[StrEnum]]:
    """Every lifecycle that the capabilities open."""
    assert CAPABILITIES
    for name, module in sorted(sys.modules.items()):
        if name.startswith("timebank.") and hasattr(module, "LIFECYCLE"):
            yield module.LIFECYCLE


def told() -> set[str]:
    """Every state, act that may not follow, thing that may not be there, kind, text and field."""
    texts = [file.read_text("utf-8") for file in ROOT.glob("timebank/**/*.py")]
    found = {match for text in texts for one in (WHAT, LABEL) for match in one.findall(text)}
    found |= {one.value for kind in CODED for one in kind} | set(FIELDS)
    for life in lifecycles():
        found |= {state.value for state in life}
        found |= {kind_of(event) for steps in life.values() for event in steps}
    return found


def test_there_are_states_and_acts_and_things_to_tell() -> None:
    assert {"published", "wish.claimed", "wish", "title", "passport", "member_units"} <= told()


@pytest.mark.parametrize("word", sorted(told()))
def test_a_word_of_a_refusal_is_chinese_in_chinese_and_no_code_in_english(word: str) -> None:
    chinese, english = catalogue("zh-CN").get(word, word), catalogue("en").get(word, word)
    assert not re.search("[A-Za-z]", chinese)
    assert not re.search("[._]", english)


def said_by_pages() -> Iterator[tuple[str, int, str]]:
    """Every Chinese sentence in the pages' code, with its place; not what explains the code."""
    for file in sorted(ROOT.glob("web/pages/*.py")):
        tree = ast.parse(file.read_text("utf-8"))
        explains = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and id(node) not in explains:
                words = node.value
                if isinstance(words, str) and re.search("[\u4e00-\u9fff]", words):
                    yield file.name, node.lineno, words


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_names_the_values_of_its_sentence(language: str) -> None:
    told = catalogue(language).items()
    assert [one for one in told if len({frozenset(VALUE.findall(text)) for text in one}) > 1] == []


def said() -> Iterator[str]:
    """Every text in the code and in the templates."""
    lexer = Environment()
    for package in ("ledger", "timebank", "schema", "web"):
        for file in ROOT.glob(f"{package}/**/*.py"):
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield node.value
    for file in ROOT.glob("web/templates/**/*.html"):
        for _, kind, token in lexer.lex(file.read_text("utf-8")):
            if kind == "string":
                yield ast.literal_eval(token)


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_translated_that_nobody_says_or_that_stays_as_it_is(language: str) -> None:
    told = catalogue(language)
    assert told.keys() - set(said()) == set()
    assert [sentence for sentence, text in told.items() if sentence == text] == []


def test_whatever_a_page_s_code_says_is_there_in_english() -> None:
    told = list(said_by_pages())
    assert len(told) > 400
    assert [one for one in told if one[2] not in catalogue("en")] == []
