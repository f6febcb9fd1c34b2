"""Top-level errors: the client's document, sign-in, limits and our own failures (api 5).

Knows what of an error a caller may see: denials and refusals by their code, mistakes in the request
by their message, everything else as one sentence and a request id. What a bug said goes nowhere,
for it may hold a name; the log gets its type and the places it came through, by the same id.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from graphql import ArgumentNode, GraphQLError, ValueNode

from ledger.outages import is_away
from schema.context import Context
from timebank import bugs
from timebank.refusals import Denial, LedgerAway, Refusal

ERRORS_MAX = 20
MESSAGE_MAX = 500

CODES = frozenset(
    {
        "GRAPHQL_PARSE_FAILED",
        "GRAPHQL_VALIDATION_FAILED",
        "BAD_USER_INPUT",
        "OPERATION_RESOLUTION_FAILURE",
        "BAD_REQUEST",
        "INTERNAL_SERVER_ERROR",
        "UNAUTHENTICATED",
        "FORBIDDEN",
        "RATE_LIMITED",
        "DOCUMENT_TOO_COMPLEX",
        "TIMEOUT",
        "BUSY",
    }
)
"""Every code a top-level error can carry."""

Told = Mapping[str, Any]
"""An error as the answer shows it: message, locations, path, extensions.code."""

log = structlog.get_logger("timebank.graphql")


class Refused(Exception):
    """A request that is not executed, and the errors that say why."""

    def __init__(self, errors: Sequence[Told], *, retry_after_seconds: int | None = None) -> None:
        super().__init__(errors[0]["message"])
        self.errors = errors
        self.retry_after_seconds = retry_after_seconds

    @property
    def code(self) -> str:
        """The code of the first error."""
        return str(self.errors[0]["extensions"]["code"])


def refused(code: str, says: str, *, retry_after_seconds: int | None = None) -> Refused:
    """A refusal of one sentence."""
    told: Told = {"message": says, "extensions": {"code": code}}
    return Refused([told], retry_after_seconds=retry_after_seconds)


def tell(error: GraphQLError, *, code: str, says: str = "", **more: Any) -> Told:
    """An error as it is shown: where in the document, where in the answer, and its code."""
    told: dict[str, Any] = {"message": (says or error.message)[:MESSAGE_MAX]}
    if error.locations:
        told["locations"] = [{"line": at.line, "column": at.column} for at in error.locations]
    if error.path is not None:
        told["path"] = error.path
    told["extensions"] = {"code": code, **more}
    return told


def tell_request(errors: Sequence[GraphQLError], *, code: str) -> list[Told]:
    """Errors found before execution; `code` where an error does not bring its own."""
    return [tell(error, code=_own_code(error) or code) for error in errors[:ERRORS_MAX]]


def tell_execution(errors: Sequence[GraphQLError], context: Context) -> list[Told]:
    """Errors met in execution, masked for the caller, and logged where they are ours."""
    return [_tell_field(error, context) for error in errors[:ERRORS_MAX]]


def _tell_field(error: GraphQLError, context: Context) -> Told:
    cause = cause_of(error)
    if is_away(cause):
        log.error("ledger_away", request=context.request_id, error=type(cause).__name__)
        cause = LedgerAway()
    if isinstance(cause, Denial):
        return tell(error, code=cause.code, says=context.translate(cause.says))
    if isinstance(cause, Refusal):
        return tell(error, code="BAD_USER_INPUT", says=cause.message(context.translate))
    if isinstance(cause, GraphQLError) and (own := _own_code(cause)):
        return tell(error, code=own, says=context.translate(cause.message))
    if isinstance(cause, GraphQLError) and _in_the_request(cause):
        return tell(error, code="BAD_USER_INPUT")
    log_failure(cause, context, path=error.path)
    return tell(
        error,
        code="INTERNAL_SERVER_ERROR",
        says=context.translate("Something went wrong on our side."),
        requestId=context.request_id,
    )


def cause_of(error: BaseException) -> BaseException:
    """What was raised first, below what located and grouped it."""
    while True:
        if isinstance(error, GraphQLError) and error.original_error is not None:
            error = error.original_error
        elif isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
            error = error.exceptions[0]
        else:
            return error


def log_failure(cause: BaseException, context: Context, *, path: Sequence[Any] | None) -> None:
    """Log a bug by request id: its type and where it came through, never what it says."""
    log.error(
        "graphql.failed",
        request=context.request_id,
        path=".".join(map(str, path or ())),
        **bugs.told(cause),
    )


def _own_code(error: GraphQLError) -> str | None:
    code = (error.extensions or {}).get("code")
    return code if code in CODES else None


def _in_the_request(error: GraphQLError) -> bool:
    """Whether the library complains of a value that the request sent, not of one we answered."""
    return any(isinstance(node, (ValueNode, ArgumentNode)) for node in error.nodes or ())
