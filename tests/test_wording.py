"""Sentences of templates are put in while they are compiled, in one language and safely."""

import pytest
from jinja2 import nodes

from web.wording import TEMPLATES, templates

TOLD = {
    "asset",
    "day_of",
    "document_of",
    "hour",
    "minutes_between",
    "moment",
    "new_form",
    "new_key",
}
TOLD |= {"qr", "site", "span", "spoken", "turned"}
"""What templates are told that answers only where it is called (`Pages.render`)."""


@pytest.mark.parametrize(("language", "said"), [("zh-CN", "登录"), ("en", "Sign in")])
def test_a_sentence_stands_in_the_template_and_is_asked_of_nobody(language: str, said: str) -> None:
    made = templates(language).from_string(
        """{{ _("登录") }}|{{ _('登录') | length }}|{{ told(_("登录")) }}|{{ "_(" }}"""
    )

    def asked(sentence: str) -> str:
        raise AssertionError(sentence)

    text = made.render({"_": asked, "told": lambda word: f"<{word}>"})
    assert text == f"{said}|{len(said)}|&lt;{said}&gt;|_("


@pytest.mark.parametrize(
    ("language", "said"),
    [("zh-CN", "甲，乙：（丙） 共3条，计4"), ("en", "甲, 乙:  (丙) 共3条，计4")],
)
def test_a_mark_between_two_values_is_the_language_s(language: str, said: str) -> None:
    """One beside a Chinese character belongs to a sentence that is Chinese in either."""
    made = templates(language).from_string("{{ a }}，{{ b }}：（{{ c }}） 共{{ 3 }}条，计{{ 4 }}")
    assert made.render({"a": "甲", "b": "乙", "c": "丙"}) == said


def test_a_name_that_only_the_visit_tells_is_said_then() -> None:
    made = templates("en").from_string("{{ _(name) }}")
    assert made.render({"name": "登录"}) == "Sign in"


def test_nothing_that_is_to_be_called_is_printed_itself() -> None:
    printed = set()
    for path in TEMPLATES.glob("*.html"):
        tree = templates("en").parse(path.read_text("utf-8"))
        called = {id(call.node) for call in tree.find_all(nodes.Call)}
        names = (one for one in tree.find_all(nodes.Name) if one.ctx == "load")
        printed |= {(path.name, n.name) for n in names if n.name in TOLD and id(n) not in called}
    assert printed == set()
