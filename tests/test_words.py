"""What refusals put into their sentences, and what pages say, is there in words in both."""

import ast
import re
import sys
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

import pytest

from timebank.capabilities import CAPABILITIES
from timebank.events import kind_of
from timebank.lifecycles import Lifecycle
from timebank.words import catalogue

ROOT = Path(__file__).resolve().parent.parent
CODE = re.compile(r"[a-z]+(?:[._][a-z]+)*")
WHAT = re.compile(r'what="([^"]+)"')


def lifecycles() -> Iterator[Lifecycle[StrEnum]]:
    """Every lifecycle that the capabilities open."""
    assert CAPABILITIES
    for name, module in sorted(sys.modules.items()):
        if name.startswith("timebank.") and hasattr(module, "LIFECYCLE"):
            yield module.LIFECYCLE


def told() -> set[str]:
    """Every state, every act that may not follow, and whatever may not be there."""
    found = {
        match for file in ROOT.glob("timebank/*.py") for match in WHAT.findall(file.read_text())
    }
    for life in lifecycles():
        found |= {state.value for state in life}
        found |= {kind_of(event) for steps in life.values() for event in steps}
    return found


def test_there_are_states_and_acts_and_things_to_tell() -> None:
    assert {"published", "wish.claimed", "wish"} <= told()


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
