"""Asking over HTTP: what a request says, and in which form its sender takes the answer (api 15).

Knows methods, headers and JSON, and treats every byte as hostile (api 21): what is not exactly a
GraphQL request becomes a 4xx here and is never seen by anything further in. Knows no schema.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from starlette.requests import Request

JSON = "application/json"
GRAPHQL_RESPONSE = "application/graphql-response+json"

BODY_MAX = 64 * 1024
BULK_BODY_MAX = 1024 * 1024
ACCEPTED_RANGES_MAX = 20
PARAMETERS_MAX = 10
PREFLIGHT_HEADER = "graphql-require-preflight"


Headers = Mapping[str, str]


class Unreadable(Exception):
    """A request that is no GraphQL request: the status and one sentence."""

    def __init__(self, status: int, says: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(says)
        self.status = status
        self.says = says
        self.headers = dict(headers or {})


class Ask(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The parameters of a request; what else stands in the object is not ours to judge."""

    query: str | None = None
    document_id: str | None = None
    operation_name: str | None = None
    variables: dict[str, Any] | None = None
    extensions: dict[str, Any] | None = None


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """A request as read: what is asked, how many bytes it took, whether it came by GET."""

    ask: Ask
    size: int
    by_get: bool


_asks = msgspec.json.Decoder(Ask)
_objects = msgspec.json.Decoder(dict[str, Any] | None)


def answer_type(accept: str | None) -> str:
    """The media type of the answer. 406 where neither of ours is taken."""
    if not accept or accept == JSON:
        return JSON
    if accept == GRAPHQL_RESPONSE:
        return GRAPHQL_RESPONSE
    ranges = (_range(part) for part in accept.split(",")[:ACCEPTED_RANGES_MAX])
    wanted = max((found for found in ranges if found[0] > 0), default=None)
    if wanted is None:
        raise Unreadable(406, f"Answers come as {GRAPHQL_RESPONSE} or {JSON}.")
    return GRAPHQL_RESPONSE if wanted[1] == 2 else JSON


def _range(part: str) -> tuple[float, int]:
    """How much a media range wants us (0 to 1), and how precisely it names one of our types."""
    media, *parameters = (piece.strip().lower() for piece in part.split(";"))
    precision = {GRAPHQL_RESPONSE: 2, JSON: 1, "application/*": 0, "*/*": 0}.get(media)
    if precision is None:
        return 0.0, 0
    quality = next((p[2:] for p in parameters if p.startswith("q=")), "1")
    try:
        return min(max(float(quality), 0.0), 1.0), precision
    except ValueError:
        return 0.0, 0


def headers_of(request: Request) -> Headers:
    """The headers by name, once and for all: Starlette's own look-up walks the list each time."""
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in request.headers.raw}


async def receive(request: Request, headers: Headers) -> Received:
    """Read a request, or Unreadable."""
    if request.method == "POST":
        _check_content(headers)
        body = await _body(request, headers)
        return Received(ask=decode(_asks, body), size=len(body), by_get=False)
    if request.method == "GET":
        _check_origin(headers)
        told = request.scope["query_string"]
        return Received(ask=_from_query(told), size=len(told), by_get=True)
    raise Unreadable(405, "Ask by POST, or by GET for queries.", {"allow": "GET, POST"})


def _check_content(headers: Headers) -> None:
    """Only JSON in UTF-8, as it is: a form could be posted by any page on the web."""
    media, *parameters = headers.get("content-type", "").lower().split(";")
    charsets = [p.split("=", 1)[1].strip(' "') for p in map(str.strip, parameters) if "=" in p]
    if media.strip() != JSON or any(charset not in ("utf-8", "utf8") for charset in charsets):
        raise Unreadable(415, f"Send {JSON} in UTF-8.", {"accept-post": JSON})
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise Unreadable(415, "Send the body as it is, not compressed.", {"accept-encoding": ""})


def _check_origin(headers: Headers) -> None:
    """A GET comes from our own pages, or carries a header that no foreign page can set unasked."""
    ours = headers.get("sec-fetch-site") == "same-origin"
    if not ours and PREFLIGHT_HEADER not in headers:
        raise Unreadable(400, "Send the header GraphQL-Require-Preflight with a GET.")


async def _body(request: Request, headers: Headers) -> bytes:
    declared = headers.get("content-length", "0")
    if not declared.isdecimal() or len(declared) > 9 or int(declared) > BULK_BODY_MAX:
        raise too_large(BULK_BODY_MAX)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BULK_BODY_MAX:
            raise too_large(BULK_BODY_MAX)
    return bytes(body)


def too_large(limit: int) -> Unreadable:
    """The refusal of a body of more than `limit` bytes."""
    return Unreadable(413, f"A body has at most {limit} bytes here.")


def decode(decoder: msgspec.json.Decoder[Any], told: bytes) -> Any:
    """JSON of a known shape, without NUL. Raises Unreadable."""
    try:
        decoded = decoder.decode(told)
    except msgspec.ValidationError as error:
        raise Unreadable(400, f"This is not a GraphQL request: {str(error)[:200]}.") from None
    except (ValueError, RecursionError):
        raise Unreadable(400, "The JSON cannot be read.") from None
    # Raw NUL is no JSON; an escaped one is, and no database would take it.
    if b"\\u0000" in told and _holds_nul(decoded):
        raise Unreadable(400, "The character NUL is not accepted.")
    return decoded


def _holds_nul(decoded: Any) -> bool:
    left = [decoded]
    while left:
        value = left.pop()
        if isinstance(value, msgspec.Struct):
            value = msgspec.structs.asdict(value)
        if isinstance(value, dict):
            left += value.keys()
            left += value.values()
        elif isinstance(value, list):
            left += value
        elif isinstance(value, str) and "\0" in value:
            return True
    return False


def _from_query(told: bytes) -> Ask:
    try:
        pairs = parse_qsl(
            told.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=PARAMETERS_MAX,
        )
    except ValueError:
        raise Unreadable(400, "The query string cannot be read.") from None
    given = dict(pairs)
    if len(given) != len(pairs) or any("\0" in value for value in given.values()):
        raise Unreadable(400, "The query string cannot be read.")
    return Ask(
        query=given.get("query"),
        document_id=given.get("documentId"),
        operation_name=given.get("operationName"),
        variables=_object(given.get("variables")),
        extensions=_object(given.get("extensions")),
    )


def _object(told: str | None) -> dict[str, Any] | None:
    decoded: dict[str, Any] | None = decode(_objects, told.encode()) if told else None
    return decoded
