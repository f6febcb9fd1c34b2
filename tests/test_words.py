"""What refusals put into their sentences, and what pages say, is there in words in both."""

import ast
import re
import sys
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

import pytest

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
from timebank.words import catalogue

ROOT = Path(__file__).resolve().parent.parent
CODE = re.compile(r"[a-z]+(?:[._][a-z]+)*")
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


def test_whatever_a_page_s_code_says_is_there_in_english() -> None:
    said = list(said_by_pages())
    assert len(said) > 400
    assert [one for one in said if one[2] not in catalogue("en")] == []
