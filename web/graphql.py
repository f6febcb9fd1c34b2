"""The endpoint: GraphQL over HTTP, whole, on Starlette (api 15 to 21).

Knows the order of things (read, know the asker, find the document, charge, run, answer) and the
status of every outcome. Mount it as a Route. Everything it asks of the schema goes through `Api`.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec
from graphql import OperationType
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ledger.outages import is_away
from schema.context import Context
from schema.documents import Operation
from schema.errors import Refused, log_failure, refused
from schema.execution import Answer
from timebank.origins import holder_of
from timebank.refusals import Denial, LedgerAway
from web.admission import Account, Admission
from web.asking import (
    BODY_MAX,
    JSON,
    Received,
    Unreadable,
    answer_type,
    headers_of,
    receive,
    too_large,
)
from web.brake import Brake

ContextOf = Callable[[Request], Awaitable[Context]]

STATUSES = {
    "UNAUTHENTICATED": 401,
    "FORBIDDEN": 403,
    "RATE_LIMITED": 429,
    "INTERNAL_SERVER_ERROR": 500,
    "TIMEOUT": 503,
    "BUSY": 503,
}
"""Statuses of requests that were not executed; every other code is a 400."""

PLAIN_200 = frozenset(
    {
        "GRAPHQL_PARSE_FAILED",
        "GRAPHQL_VALIDATION_FAILED",
        "BAD_USER_INPUT",
        "OPERATION_RESOLUTION_FAILURE",
        "DOCUMENT_TOO_COMPLEX",
    }
)
"""What under `application/json` is answered 200, as readers of that type expect."""


class No(Response):
    """The answer to a request that was not executed."""


class GraphQL:
    """An ASGI application for one `Route`; `context_of` tells who asks."""

    def __init__(
        self, admission: Admission, *, context_of: ContextOf, brake: Brake | None = None
    ) -> None:
        self._admission, self._api = admission, admission.api
        self._context_of, self._brake = context_of, brake or Brake()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        try:
            response = await self._respond(request)
        except ClientDisconnect:
            return
        if isinstance(response, No) and response.status_code < 500:
            address = request.client.host if request.client else ""
            if not await self._brake.refuse(holder_of(address)):
                response.headers["connection"] = "close"
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        media = JSON
        headers = headers_of(request)
        try:
            media = answer_type(headers.get("accept"))
            received = await receive(request, headers)
            context = await self._context_of(request)
        except Unreadable as error:
            return _unread(error, media)
        except Denial as denial:
            return _refusal(refused(denial.code, denial.says), media)
        except Exception as error:
            if not is_away(error):
                raise
            no = LedgerAway
            away = refused(no.code, no.says, retry_after_seconds=no.retry_after)
            return _refusal(away, media)
        account = self._admission.account(context)
        try:
            operation = self._operation(received, context, account)
            answer = await self._api.run(operation, received.ask.variables or {}, context)
            return _answered(answer, media, account.told())
        except Unreadable as error:
            return _unread(error, media)
        except Refused as error:
            return _refusal(error, media, account.told())
        except Exception as error:
            log_failure(error, context, path=None)
            says = context.translate("Something went wrong on our side.")
            told = {"code": "INTERNAL_SERVER_ERROR", "requestId": context.request_id}
            return _refusal(Refused([{"message": says, "extensions": told}]), media)

    def _operation(self, received: Received, context: Context, account: Account) -> Operation:
        """The operation asked for, found, allowed and paid."""
        ask = received.ask
        operation = self._admission.document(ask, context, account)
        if received.by_get and operation.type is not OperationType.QUERY:
            raise Unreadable(405, "Only queries are asked by GET.", {"allow": "POST"})
        if received.size > BODY_MAX and not operation.fields <= self._api.bulk:
            raise too_large(BODY_MAX)
        self._admission.afford(operation, ask, context, account)
        return operation


def _answered(answer: Answer, media: str, cost: Mapping[str, int]) -> Response:
    told: dict[str, Any] = {"data": answer.data, "extensions": {"cost": cost}}
    if answer.errors:
        told = {"errors": answer.errors, **told}
    return _response(200, told, media, retry_after_seconds=answer.retry_after_seconds)


def _refusal(error: Refused, media: str, cost: Mapping[str, int] | None = None) -> Response:
    """A request that was not executed: errors, and no `data` at all."""
    status = STATUSES.get(error.code, 400)
    if media == JSON and error.code in PLAIN_200:
        status = 200
    told: dict[str, Any] = {"errors": error.errors}
    if cost is not None:
        told["extensions"] = {"cost": cost}
    headers = {"www-authenticate": 'Bearer realm="timebank"'} if status == 401 else {}
    wait = error.retry_after_seconds
    return _response(status, told, media, headers=headers, retry_after_seconds=wait, kind=No)


def _unread(error: Unreadable, media: str) -> Response:
    told = {"errors": [{"message": error.says, "extensions": {"code": "BAD_REQUEST"}}]}
    return _response(error.status, told, media, headers=error.headers, kind=No)


def _response(
    status: int,
    told: Mapping[str, Any],
    media: str,
    *,
    headers: Mapping[str, str] | None = None,
    retry_after_seconds: int | None = None,
    kind: type[Response] = Response,
) -> Response:
    sent = {"cache-control": "no-store", "vary": "accept", **(headers or {})}
    if retry_after_seconds is not None:
        sent["retry-after"] = str(retry_after_seconds)
    body = msgspec.json.encode(told)
    return kind(body, status, sent, media_type=f"{media}; charset=utf-8")
