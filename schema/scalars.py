"""Scalars: how moments, days, sums and money look on the wire.

Knows the spelling of each scalar and refuses every other one: no number in a string, no float that
happens to be whole, no moment without its zone. Knows nothing of what the values mean.
"""

import re
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, NewType

import strawberry
from graphql import GraphQLError, IntValueNode, StringValueNode, ValueNode
from strawberry.types.scalar import ScalarDefinition

JSON_INTEGER_MAX = 2**53 - 1
"""The largest integer that every JSON reader keeps exactly (RFC 8259 section 6)."""

Long = NewType("Long", int)
"""A whole number past 32 bits: sums of minutes, a ledger position, a size (api 10)."""

Fen = NewType("Fen", int)
"""Money in fen, a hundredth of a yuan (api 10)."""

_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,6})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_YEARS = range(1900, 2200)
_DIGITS_MAX = len(str(JSON_INTEGER_MAX)) + 1


def _refusal(what: str) -> GraphQLError:
    return GraphQLError(what, extensions={"code": "BAD_USER_INPUT"})


def _whole(name: str, description: str) -> ScalarDefinition:
    """An integer within ±(2^53 − 1), written as a JSON integer and nothing else."""
    complaint = f"{name} is a whole number within ±{JSON_INTEGER_MAX}."

    def check(value: Any) -> int:
        if type(value) is not int or abs(value) > JSON_INTEGER_MAX:
            raise _refusal(complaint)
        return value

    def serialize(value: Any) -> int:
        whole = type(value) is int or (isinstance(value, int) and not isinstance(value, bool))
        if not whole or abs(value) > JSON_INTEGER_MAX:
            raise TypeError(complaint)
        return int(value)

    def parse_literal(node: ValueNode, _variables: dict[str, Any] | None = None) -> int:
        # Length first: int() is quadratic in the digits and gives up loudly past 4,300.
        if not isinstance(node, IntValueNode) or len(node.value) > _DIGITS_MAX:
            raise _refusal(complaint)
        return check(int(node.value))

    return strawberry.scalar(
        name=name,
        description=description,
        serialize=serialize,
        parse_value=check,
        parse_literal=parse_literal,
    )


def parse_moment(value: Any) -> datetime:
    """A moment of 1900 to 2199 in RFC 3339, in any offset; the answer is in UTC."""
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        raise _refusal("DateTime is an RFC 3339 moment such as 2026-03-01T08:30:00Z.")
    moment = _moment_said(value)
    if moment is None:
        raise _refusal("There is no such moment.")
    return moment


@lru_cache(maxsize=1024)  # the rows of a roster begin and end together
def _moment_said(text: str) -> datetime | None:
    # Years at the ends of the calendar are nobody's, and an hour's arithmetic runs off them.
    try:
        moment = datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if moment.year in _YEARS else None


def print_moment(value: Any) -> str:
    """A moment in UTC, spelled with Z; a moment without a zone is a bug."""
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise TypeError("a moment on the wire needs a zone")
    moment = value if value.tzinfo is UTC else value.astimezone(UTC)
    return moment.isoformat().removesuffix("+00:00") + "Z"


def parse_day(value: Any) -> date:
    """A day of 1900 to 2199, YYYY-MM-DD."""
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise _refusal("Date is a day such as 2026-03-01.")
    try:
        day = date.fromisoformat(value)
    except ValueError:
        day = None
    if day is None or day.year not in _YEARS:
        raise _refusal("There is no such day.")
    return day


def print_day(value: Any) -> str:
    """A day; a moment passed for a day would lose its hour, so it is a bug."""
    if not isinstance(value, date) or isinstance(value, datetime):
        raise TypeError("a Date on the wire is a day")
    return value.isoformat()


def _literal(parse: Any) -> Any:
    def parse_literal(node: ValueNode, _variables: dict[str, Any] | None = None) -> Any:
        return parse(node.value if isinstance(node, StringValueNode) else None)

    return parse_literal


SCALARS: dict[object, ScalarDefinition] = {
    datetime: strawberry.scalar(
        name="DateTime",
        description="A moment of 1900 to 2199 in RFC 3339; answers are in UTC and end in Z.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
        serialize=print_moment,
        parse_value=parse_moment,
        parse_literal=_literal(parse_moment),
    ),
    date: strawberry.scalar(
        name="Date",
        description="A day of 1900 to 2199, YYYY-MM-DD.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3339#section-5.6",
        serialize=print_day,
        parse_value=parse_day,
        parse_literal=_literal(parse_day),
    ),
    Long: _whole("Long", "A whole number past 32 bits, within ±(2^53 − 1)."),
    Fen: _whole("Fen", "Money in fen (a hundredth of a yuan), within ±(2^53 − 1)."),
}
"""What `StrawberryConfig.scalar_map` takes: annotate with datetime, date, Long and Fen."""
