"""Forms: a stored mutation behind a POST; done means 303, refused means the page again with 422.

Every form carries a token against forged requests and a key minted when it was shown, so that a
double tap or a page posted again does the thing once (web 1 and 3). Knows how a form becomes an
input; the rules are the API's.
"""

import base64
import hmac
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import msgspec
from starlette.requests import Request

from schema.context import Context
from web.pages.troubles import EXPIRED, LARGE, UNREADABLE, Trouble

MOST_BYTES = 64 * 1024
MOST_FIELDS = 5000
TOKEN_BYTES = 16
BOUNDARY = re.compile(r"multipart/form-data;\s*boundary=\"?([0-9A-Za-z'()+_,./:=?-]{1,70})\"?")
NAMED = re.compile(
    rb'content-disposition:\s*form-data;\s*name="([^"]*)"(;\s*filename=)?', re.IGNORECASE
)
Given = Mapping[str, list[str]]
OFFICE = "office"
REUSED = "IDEMPOTENCY_KEY_REUSED"
KEPT = ("station", "team", OFFICE, "person", "until")


class Posted(msgspec.Struct, frozen=True, kw_only=True):
    """A form as it was posted: fields, the address's query and parts, when, the API's answer."""

    given: Given
    query: Mapping[str, str]
    path: Mapping[str, str]
    now: datetime
    payload: Mapping[str, Any] = {}

    def one(self, name: str) -> str:
        """A field that is there once; empty if it is not there."""
        return one(self.given, name)

    def many(self, name: str) -> list[str]:
        """A field that may be there many times."""
        return [value for value in self.given.get(name, []) if value]

    def whole(self, name: str) -> int:
        """A field that is a whole number; -1, which nothing is, where it is none."""
        told = self.one(name)
        return int(told) if told.isascii() and told.isdigit() and len(told) < 10 else -1

    def address(self, path: str, **query: str) -> str:
        """A page's address, at the station or office that the form was posted for."""
        told = urlencode({**self.kept(), **query})
        return f"{path}?{told}" if told else path

    def keeping(self, address: str) -> str:
        """An address that has a query already, at the same station or office."""
        kept = urlencode(self.kept())
        return f"{address}&{kept}" if kept and "?" in address else address

    def done(self, page: str) -> str:
        """The address of a page, with the parts of this one, that says that it is done."""
        return self.address(page.format_map(self.path), done="1")

    def leaving(self, page: str) -> str:
        """The address of a page that says that it is done, at the station, with nobody there."""
        station = {"station": self.query["station"]} if "station" in self.query else {}
        return f"{page}?{urlencode({**station, 'done': '1'})}"

    def kept(self) -> dict[str, str]:
        """The station or office that the form was posted for, and the person who stands there."""
        return {name: self.query[name] for name in KEPT if name in self.query}


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """One form: where it posts to, what it runs, what page shows its errors, where it leads.

    `mutation` is the stored operation's name, which asks one field; `given` makes the input, which
    carries the form's key unless it is not `keyed`. Without `then` it leads back to its page, which
    says that it is done. Where `stays` holds of a payload, the page is shown again with it, under
    `answer`, and no address keeps what it says. A form that looks somebody up names in `nothing`
    what it says when there is nobody: its operation is a query, `given` its variables, and no
    address keeps what was looked for.
    """

    path: str
    mutation: str
    page: str
    given: Callable[[Posted], dict[str, Any]]
    then: str | Callable[[Posted], str] | None = None
    keyed: bool = True
    nothing: str | None = None
    stays: Callable[[Mapping[str, Any]], bool] = lambda payload: False
    most_bytes: int = MOST_BYTES

    def leads(self, done: Posted) -> str:
        """The address that it leads to once it is done."""
        if self.then is None:
            return done.done(self.page)
        return done.keeping(self.then) if isinstance(self.then, str) else self.then(done)


def plain(
    page: str,
    act: str,
    mutation: str,
    *told: str,
    yes: str = "",
    maybe: str = "",
    whole: str = "",
    records: bool = False,
) -> Form:
    """A form that tells its mutation a few fields as they are, and comes back to its page.

    `yes` is a field that is yes or no, `maybe` one that may be left empty, `whole` a whole number;
    `records` says that it tells the boxes named `record` that were ticked.
    """

    def given(posted: Posted) -> dict[str, Any]:
        asked: dict[str, Any] = {name: posted.one(name) for name in told}
        asked |= {yes: posted.one(yes) == "yes"} if yes else {}
        asked |= {maybe: posted.one(maybe) or None} if maybe else {}
        asked |= {whole: posted.whole(whole)} if whole else {}
        return asked | ({"records": posted.many("record")} if records else {})

    return Form(path=f"{page}/{act}", mutation=mutation, page=page, given=given)


class Forged(Exception):
    """The request did not come from a form of ours, or says what no form of ours does."""

    def __init__(self, trouble: Trouble = EXPIRED) -> None:
        super().__init__(trouble.title)
        self.trouble = trouble


def status_of(errors: Sequence[Mapping[str, Any]]) -> int:
    """The status of a page that shows errors: 409 for a key that named something else before."""
    reused = any(error.get("code") == REUSED for error in errors)
    return 200 if not errors else 409 if reused else 422


def errors_in(payload: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """A payload's user errors, those of its single outcomes too, each sentence once."""
    told = [*payload["userErrors"]]
    parts = [*payload.get("outcomes", ()), *payload.get("rows", ())]
    told += [error for one in parts for error in one["userErrors"]]
    return list({error["message"]: error for error in told}.values())


def own_path(told: str) -> str:
    """An address of ours to lead back to; the home page for anything else.

    Browsers read a backslash as a slash, and two slashes begin another host.
    """
    plain = told.isprintable() and told.startswith("/") and "\\" not in told
    return told if plain and not told.startswith("//") else "/"


def one(given: Given, name: str) -> str:
    """A field that is there once; empty if it is not there."""
    return (given.get(name) or [""])[0].strip()


def new_key() -> str:
    """The idempotency key of a form that is shown now."""
    return secrets.token_urlsafe(18)


def csrf_token(context: Context, made: str | None = None) -> str:
    """A token of a session's forms: nobody else can make it, and each page has its own.

    Args: made, the random part of a token that is checked. What is compressed must hold no secret
    twice the same (`packing`).
    """
    made = made or secrets.token_hex(TOKEN_BYTES)
    told = f"csrf\n{context.actor.id}\n{getattr(context.actor, 'session', None) or ''}\n{made}"
    return made + hmac.digest(context.secret, told.encode(), "sha256").hex()


def new_form(context: Context) -> str:
    """The signed id of a form that somebody without an account is shown."""
    made = secrets.token_hex(16)
    return f"{made}.{_signed(context, made)}"


def sent_by(context: Context, given: Given) -> None:
    """Let a stranger's request act as the form it came from, so that its key is its own.

    Raises Forged for a form that was not signed here.
    """
    told = one(given, "form")
    if not told or context.actor.known:
        return
    made, _, signature = told.partition(".")
    if not hmac.compare_digest(signature.encode(), _signed(context, made).encode()):
        raise Forged
    context.actor = msgspec.structs.replace(context.actor, form=made)


def _signed(context: Context, made: str) -> str:
    return hmac.digest(context.secret, f"form\n{made}".encode(), "sha256").hex()


async def read(request: Request, context: Context, *, most_bytes: int = MOST_BYTES) -> Given:
    """The fields of a posted form. Raises Forged unless it came from a page of ours."""
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    if site not in (None, "same-origin", "none"):
        raise Forged
    # A browser too old to say where a request comes from still says which page sent it.
    if site is None and origin is not None and urlsplit(origin).netloc != request.url.netloc:
        raise Forged
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > most_bytes:
            raise Forged(LARGE)
    try:
        given = fields_of(body, request.headers.get("content-type", ""))
    except (UnicodeDecodeError, ValueError):
        raise Forged(UNREADABLE) from None
    # No keyboard has the character NUL, and no database takes it.
    if any("\0" in value for values in given.values() for value in values):
        raise Forged(UNREADABLE)
    told = one(given, "csrf")
    wanted = csrf_token(context, told[: TOKEN_BYTES * 2] or None)
    if not hmac.compare_digest(told.encode(), wanted.encode()):
        raise Forged
    return given


def fields_of(body: bytes, media: str) -> Given:
    """The fields of a form as it was sent. Raises ValueError for what is none.

    A file becomes base64, as the API takes it; none chosen is no field.
    """
    divided = BOUNDARY.fullmatch(media)
    if divided is None:
        return parse_qs(body.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    parts = (b"\r\n" + body).split(b"\r\n--" + divided[1].encode())
    if len(parts) > MOST_FIELDS or not parts[-1].startswith(b"--"):
        raise ValueError("no end, or too many fields")
    given: dict[str, list[str]] = {}
    for part in parts[1:-1]:
        head, _, value = part.partition(b"\r\n\r\n")
        named = NAMED.search(head)
        if named is None:
            raise ValueError("a part without a name")
        if named[2] is None:
            given.setdefault(named[1].decode(), []).append(value.decode())
        elif value:
            given.setdefault(named[1].decode(), []).append(base64.b64encode(value).decode())
    return given
