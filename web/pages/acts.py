"""Acts: what may be done with the one thing that a page is about, and what is told with it.

A page of a case lists its acts once, each with the states it is for, who may, and the fields that
are told; from this come its forms and what its template shows (`acts.html`). What a state allows is
decided by the API, which says so; here it only decides what is offered. Knows forms; refuses to
know any thing.
"""

import base64
import hashlib
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from web.forms import MOST_BYTES, Form, Posted
from web.pages.times import instant_of

Words = Mapping[str, str]
Answered = Mapping[str, Any]
DOCUMENT_BYTES = 10 * 1024 * 1024
LINES = 6
"""How many lines a table of the page has that is filled in at once."""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A field of an act: its name in the API, what it is called, and how it is filled in.

    `kind` is `text`, `prose`, `whole`, `hours` (told as minutes), `yuan` (told as fen), `day`,
    `moment` (a day and an hour), `yes` (a box), `one` or `many` of `words`, `lines` of one of
    `words` with yuan, or `digest`: a document of which nothing is kept but its SHA-256. Without
    `words`, the page says what may be chosen.
    """

    name: str
    word: str
    kind: str = "text"
    words: Words = {}
    needed: bool = True

    def read(self, posted: Posted, act: str) -> Any:
        """What was told of it in the form of an act; what may be left empty, and is, is nothing."""
        told = READ[self.kind](posted, f"{act}.{self.name}")
        return None if told == "" and not self.needed else told


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """One act: its address under the page, its stored mutation, its button, what it is told.

    It is offered in `states` of the page's thing, or in any where there are none, to whoever may do
    it by `may`: an answer of the page's, one of the thing's, or among the thing's list of what may
    be done. `about` is what the API calls the thing, if there is one; `fixed` is told as it is,
    `adds` follows from what was told. `leads` is the field of the answer whose page comes next,
    below a path, if it is not the same page. `quiet` is an act that ends or holds something up.
    """

    name: str
    mutation: str
    word: str
    about: str = ""
    states: tuple[str, ...] = ()
    may: str = ""
    told: tuple[Told, ...] = ()
    fixed: Mapping[str, Any] = {}
    adds: Callable[[Answered], Answered] = lambda told: {}
    leads: tuple[str, str] | None = None
    quiet: bool = False

    def offered(self, thing: Answered, answers: Answered) -> bool:
        """Whether the page offers it now."""
        told = (answers.get(self.may), thing.get(self.may), self.may in thing.get("may", ()))
        allowed = not self.may or any(told)
        return allowed and (not self.states or thing.get("state") in self.states)

    @property
    def chosen(self) -> list[Told]:
        """The fields that are chosen and not written."""
        return [one for one in self.told if one.kind in ("one", "many")]

    @property
    def carries(self) -> bool:
        """Whether its form carries a document."""
        return any(one.kind == "digest" for one in self.told)


def objecting(words: Words, state: str) -> Act:
    """To object, for one of these reasons, to what is laid open to everybody in a state."""
    return Act(
        name="object",
        mutation="object_to_publicity",
        word="提出异议",
        about="about",
        states=(state,),
        may="me",
        told=(Told(name="reason", word="异议理由", kind="one", words=words),),
        quiet=True,
    )


def form_of(page: str, act: Act) -> Form:
    """The form of an act of the page at a path."""

    def given(posted: Posted) -> dict[str, Any]:
        told = {one.name: one.read(posted, act.name) for one in act.told}
        thing = {act.about: posted.path["id"]} if act.about else {}
        return {**thing, **act.fixed, **told, **act.adds(told)}

    def then(posted: Posted) -> str:
        if act.leads is None:
            return posted.done(page)
        field, path = act.leads
        return posted.address(f"{path}/{posted.payload[field]['id']}", done="1")

    return Form(
        path=f"{page}/{act.name}",
        mutation=act.mutation,
        page=page,
        then=then,
        given=given,
        most_bytes=DOCUMENT_BYTES * 3 // 2 if act.carries else MOST_BYTES,
    )


def _fen(told: str) -> int:
    """Yuan, with at most two decimals, as fen; -1, which nothing is, where it is none."""
    yuan, _, cents = told.replace(",", "").partition(".")
    digits = f"{yuan}{cents:0<2}"
    plain = digits.isascii() and digits.isdigit() and len(cents) < 3 and len(digits) < 15
    return int(digits) if plain and yuan else -1


def _digest(posted: Posted, name: str) -> str:
    told = posted.one(name)
    return hashlib.sha256(base64.b64decode(told)).hexdigest() if told else ""


def _lines(posted: Posted, name: str) -> list[dict[str, Any]]:
    """The lines of a table that name an amount; the API says what is wrong with them."""
    items, amounts = posted.given.get(name, []), posted.given.get(f"{name}.yuan", [])
    pairs = zip(items, amounts, strict=False)
    return [{"item": item, "fen": _fen(told.strip())} for item, told in pairs if told.strip()]


READ: Mapping[str, Callable[[Posted, str], Any]] = {
    "text": Posted.one,
    "prose": Posted.one,
    "whole": Posted.whole,
    "hours": lambda posted, name: posted.whole(name) * 60 if posted.one(name) else 0,
    "yuan": lambda posted, name: _fen(posted.one(name)),
    "day": lambda posted, name: posted.one(name) or None,
    "moment": lambda posted, name: instant_of(*posted.one(name).partition("T")[::2]),
    "yes": lambda posted, name: posted.one(name) == "yes",
    "one": lambda posted, name: posted.one(name) or None,
    "many": Posted.many,
    "lines": _lines,
    "digest": _digest,
}
"""How each kind of field is read."""
