"""Wording: the templates in one language, their sentences put in while they are compiled.

A page of a language says the same words to everybody; to look each up again for every visitor took
longer than the database. What is called with a name that only the visit tells (`_(link.name)`) is
translated then. Knows templates and catalogues; refuses to know who asks.
"""

import re
from collections import deque
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from jinja2 import FileSystemLoader, StrictUndefined, select_autoescape
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream
from markupsafe import Markup

from timebank.words import LANGUAGES, translator
from web.drawing import Drawing

CHINESE = LANGUAGES[0]
TEMPLATES = Path(__file__).parent / "templates"
CALL = ("name", "lparen", "string", "rparen")
MARKS = {"，": ", ", "、": ", ", "；": "; ", "：": ": ", "。": ". ", "（": " (", "）": ")"}
BARE_MARK = re.compile(f"(?<![一-鿿])[{''.join(MARKS)}](?![一-鿿])")
"""A mark between values; one beside a Chinese character belongs to a Chinese sentence."""


class Worded(Extension):
    """Reads `_("sentence")` as the sentence in the environment's language.

    Marks that a template puts between two values are that language's as well.
    """

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        """The tokens of a template, each such call made one string."""
        language = str(self.environment.globals["language"])
        translate = translator(language)
        held: deque[Token] = deque()
        for token in stream:
            is_language = token.type == "name" and token.value == "language"
            if token.type == "data" and language != CHINESE:
                marked = BARE_MARK.sub(lambda mark: MARKS[mark[0]], token.value)
                token = Token(token.lineno, "data", marked)
            if is_language and not (held and held[-1].type == "dot"):
                token = Token(token.lineno, "string", language)
            held.append(token)
            if tuple(one.type for one in held) == CALL and held[0].value == "_":
                said = Token(held[2].lineno, "string", translate(held[2].value))
                held = deque([said])
            elif len(held) == len(CALL):
                yield held.popleft()
        yield from held


@cache
def templates(language: str) -> Drawing:
    """The templates of a language, each compiled once a process."""
    made = Drawing(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {"_": translator(language), "language": language}
    made.add_extension(Worded)
    return made


def drawn(language: str, template: str, **told: object) -> Markup:
    """A part of a page that is the same for everybody who is told the same."""
    return Markup(templates(language).draw(template, told))
