"""Columns: how the value of a row's field is kept, the same on either database.

From a field's annotation come the ORM's field, by which migrations are written, and the way in and
out. Instants are microseconds and days are ISO text, so that both sort alike everywhere; what has
no column type of its own is JSON.
"""

import types
import typing
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from operator import attrgetter
from typing import Any

import msgspec
from tortoise import fields

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


class InstantField(fields.BigIntField):
    """An instant, kept as microseconds since 1970 so that it sorts alike everywhere."""

    def to_db_value(self, value: Any, instance: Any) -> Any:
        return to_microseconds(value) if isinstance(value, datetime) else value

    def to_python_value(self, value: Any) -> Any:
        return value


class DayField(fields.CharField[str]):
    """A day, kept as ISO text so that it sorts alike everywhere."""

    def __init__(self, max_length: int = 10, **options: Any) -> None:
        super().__init__(max_length=max_length, **options)

    def to_db_value(self, value: Any, instance: Any) -> Any:
        return value.isoformat() if isinstance(value, date) else value

    def to_python_value(self, value: Any) -> Any:
        return value


def to_microseconds(at: datetime) -> int:
    """Microseconds since 1970."""
    # In parts: dividing one length of time by another takes three times as long.
    since = at - EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def from_microseconds(value: int) -> datetime:
    """The instant, UTC."""
    return EPOCH + value * MICROSECOND


# In PostgreSQL, where a column is not text.
KINDS: dict[Any, str] = dict.fromkeys((fields.BigIntField, InstantField), "bigint")
KINDS |= {fields.BooleanField: "boolean", fields.BinaryField: "bytea"}


class Column(msgspec.Struct, frozen=True):
    """How one field is kept: the ORM's field and the way in and out (None: as it is)."""

    name: str
    field: Callable[..., Any]
    options: dict[str, Any]
    encode: Callable[[Any], Any] | None
    decode: Callable[[Any], Any] | None


def column_of(name: str, hint: Any) -> Column:
    """How a field is kept, by the annotation of its row class."""
    options: dict[str, Any] = {}
    if isinstance(hint, types.UnionType) and type(None) in typing.get_args(hint):
        options["null"] = True
        (hint,) = [part for part in typing.get_args(hint) if part is not type(None)]
    if hint is str:
        return Column(name, fields.CharField, options | {"max_length": 512}, None, None)
    if hint is bool:
        return Column(name, fields.BooleanField, options, None, bool)
    if hint is int:
        return Column(name, fields.BigIntField, options, None, None)
    if hint is bytes:
        return Column(name, fields.BinaryField, options, None, bytes)
    if hint is datetime:
        return Column(name, InstantField, options, to_microseconds, from_microseconds)
    if hint is date:
        return Column(name, DayField, options, date.isoformat, date.fromisoformat)
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        # Calling the class for each row would cost more than the rest of the column.
        known = {one.value: one for one in hint}
        options |= {"max_length": 64}
        return Column(name, fields.CharField, options, attrgetter("_value_"), known.__getitem__)
    return Column(name, fields.TextField, options, _to_json, _from_json(hint))


_encode = msgspec.json.Encoder(order="deterministic").encode


def _to_json(value: Any) -> str:
    return _encode(value).decode()


def _from_json(hint: Any) -> Callable[[str], Any]:
    return msgspec.json.Decoder(hint).decode
