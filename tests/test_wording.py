"""Sentences of templates are put in while they are compiled, in one language and safely."""

import pytest

from web.wording import templates


@pytest.mark.parametrize(("language", "said"), [("zh-CN", "登录"), ("en", "Sign in")])
def test_a_sentence_stands_in_the_template_and_is_asked_of_nobody(language: str, said: str) -> None:
    made = templates(language).from_string(
        """{{ _("登录") }}|{{ _('登录') | length }}|{{ told(_("登录")) }}|{{ "_(" }}"""
    )

    def asked(sentence: str) -> str:
        raise AssertionError(sentence)

    text = made.render({"_": asked, "told": lambda word: f"<{word}>"})
    assert text == f"{said}|{len(said)}|&lt;{said}&gt;|_("


def test_a_name_that_only_the_visit_tells_is_said_then() -> None:
    made = templates("en").from_string("{{ _(name) }}")
    assert made.render({"name": "登录"}) == "Sign in"
