"""Templates drawn our way say what the library's own way says, byte for byte."""

import gzip
from functools import partial
from typing import Any

import pytest
from jinja2 import DictLoader, Environment, StrictUndefined, UndefinedError, pass_context
from jinja2.runtime import Context
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse

from web.drawing import Drawing
from web.packing import LONG, SHORTEST, packed

PARTS = """{% macro hello(whom, again="<a>") %}{{ greeting }} {{ whom }} {{ again }}{% endmacro %}
{% macro around() %}<b>{{ caller() }}</b>{% endmacro %}
{% set WORDS = {"A": "<a>"} %}"""


@pass_context
def named(context: Context, name: str) -> Any:
    return context[name]


class Speaking:
    said = "<said>"

    def __html__(self) -> str:
        return "<i>said</i>"


class Word(str):
    """A text of another class, as enums are: it is no markup."""

    __slots__ = ()


TOLD: dict[str, Any] = {
    "greeting": "<hello>",
    "text": "<&'\">",
    "markup": Markup("<b>"),
    "word": Word("<w>"),
    "number": 7,
    "nothing": None,
    "true": True,
    "share": 0.5,
    "speaking": Speaking(),
    "held": {"name": "<n>", "items": "never", "part": {"deep": [1, 2]}, "none": None},
    "plain": lambda *told, **more: f"<{told}{more}>",
    "bound": partial(max, 3),
    "built": len,
    "method": "<up>".upper,
    "named": named,
    "rows": [{"state": "A", "n": 1}, {"state": "B", "n": 2}],
}
SAID = [
    "{{ text }}{{ word }}{{ markup }}{{ number }}{{ nothing }}{{ true }}{{ share }}{{ speaking }}",
    "{{ held.name }}{{ held['name'] }}{{ held.part.deep[1] }}{{ held.none }}{{ held.items() }}",
    "{{ speaking.said }}{{ text.upper() }}{{ held.get('name') }}{{ held.nowhere is defined }}",
    "{{ plain(1, a=text) }}{{ bound(number) }}{{ built(text) }}{{ method() }}{{ named('text') }}",
    "{{ parts.hello(text) }}{{ parts.hello(markup, again='x') }}{{ parts.WORDS.A }}",
    "{% call parts.around() %}{{ text }}{% endcall %}",
    "{% for row in rows %}{% set n = row.n %}{{ plain(n) }}{{ named('n') }}{% endfor %}",
    "{{ rows | selectattr('state', 'equalto', 'A') | map(attribute='n') | list }}",
    "{{ text ~ markup }}{{ markup + text }}{{ text | upper }}{{ text | safe }}{{ 1 if nothing }}",
    "{% set kept %}{{ text }}{% endset %}{{ kept }}",
    "{% autoescape false %}{{ text }}{% endautoescape %}",
]


def made(kind: type[Environment], source: str, how: str) -> Environment:
    pages = {"parts.html": PARTS, "page.html": f'{{% import "parts.html" as parts{how} %}}{source}'}
    return kind(loader=DictLoader(pages), autoescape=True, undefined=StrictUndefined)


@pytest.mark.parametrize("source", SAID)
def test_a_page_is_drawn_as_the_library_would(source: str) -> None:
    ours = made(Drawing, source, "")
    assert isinstance(ours, Drawing)
    theirs = made(Environment, source, " with context").get_template("page.html").render(TOLD)
    assert ours.draw("page.html", TOLD) == theirs


@pytest.mark.parametrize("source", ["{{ held.nowhere }}", "{{ absent }}", "{{ parts.absent() }}"])
def test_what_nobody_told_is_no_page(source: str) -> None:
    with pytest.raises(UndefinedError):
        made(Drawing, source, "").get_template("page.html").render(TOLD)


def test_macros_know_the_page_that_is_drawn_and_no_other() -> None:
    ours = made(Drawing, "{{ parts.hello('x') }}", "")
    assert isinstance(ours, Drawing)
    assert ours.draw("page.html", {"greeting": "one"}).startswith("one")
    assert ours.draw("page.html", {"greeting": "two"}).startswith("two")
    with pytest.raises(UndefinedError):
        ours.draw("page.html", {})


def test_a_page_drawn_within_another_leaves_it_what_it_was_told() -> None:
    ours = made(Drawing, "{{ inner() if inner else '' }}{{ parts.hello('x') }}", "")
    assert isinstance(ours, Drawing)
    inner = partial(ours.draw, "page.html", {"greeting": "inner", "inner": None})
    said = ours.draw("page.html", {"greeting": "outer", "inner": inner})
    assert (said.count("inner x"), said.count("outer x")) == (1, 1)


def asked(**headers: str) -> Request:
    told = [(name.replace("_", "-").encode(), said.encode()) for name, said in headers.items()]
    return Request({"type": "http", "headers": told})


@pytest.mark.anyio
@pytest.mark.parametrize("size", [SHORTEST - 1, SHORTEST, LONG])
async def test_a_page_is_packed_whole_and_only_where_it_is_worth_it(size: int) -> None:
    page = await packed(asked(accept_encoding="br, gzip"), HTMLResponse("x" * size))
    sent = bytes(page.body)
    assert page.headers["content-length"] == str(len(sent))
    assert ("content-encoding" in page.headers) == (size >= SHORTEST)
    assert (gzip.decompress(sent) if size >= SHORTEST else sent) == b"x" * size
    plain = await packed(asked(), HTMLResponse("x" * size))
    assert (plain.body, "content-encoding" in plain.headers) == (b"x" * size, False)
