"""Words: a sentence in the caller's language, from gettext catalogues (web 1).

Sentences of refusals are English in the code, so English needs no catalogue. Knows languages and
catalogues; does not know who asks.
"""

from functools import cache, lru_cache
from pathlib import Path

from babel.messages.pofile import read_po

from timebank.refusals import Translate

LOCALE = Path(__file__).parent / "locale"
LANGUAGES = ("zh-CN", "en")


@cache
def catalogue(language: str) -> dict[str, str]:
    """The translations into a language, by English sentence."""
    path = LOCALE / f"{language.replace('-', '_')}.po"
    if not path.exists():
        return {}
    with path.open("rb") as file:
        kept = read_po(file, abort_invalid=True)
    return {
        str(message.id): str(message.string)
        for message in kept
        if message.id and message.string and not message.fuzzy
    }


def translator(language: str) -> Translate:
    """What turns a sentence into this language; an unknown sentence stays as it is."""
    words = catalogue(language)
    return lambda said: words.get(said, said)


@lru_cache(maxsize=256)
def chosen(wanted: str) -> str:
    """The language of ours that an Accept-Language header likes best; Chinese if none."""
    ranked = []
    for n, part in enumerate(wanted.split(",")):
        name, _, quality = part.strip().partition(";q=")
        try:
            ranked.append((-float(quality or 1), n, name.lower()))
        except ValueError:
            continue
    for _, _, name in sorted(ranked):
        for ours in LANGUAGES:
            if name == "*" or ours.lower().split("-")[0] == name.split("-")[0]:
                return ours
    return LANGUAGES[0]
