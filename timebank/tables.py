"""Tables: a frozen row class is the one definition of a table.

From it come the Tortoise model (migrations and reads), the journal's statements and the comparison
that `replay` makes. Rows are values: the journal and the decisions never hold ORM objects. A table
is a projection, which replay can refill, or belongs to the vault, which the ledger must not hold.
Rows of a sealed table are kept sealed, but for their key, by whoever installed itself for that.
"""

import typing
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from enum import StrEnum
from operator import attrgetter
from types import MappingProxyType
from typing import Any, ClassVar, Protocol, TypeVar

import msgspec
from tortoise import fields
from tortoise.expressions import Q
from tortoise.models import Model

from ledger.writer import deleting, finding, inserting
from timebank import reading, replicas
from timebank.columns import KINDS, Column, column_of

# Migrations look for these here.
from timebank.columns import DayField as DayField
from timebank.columns import InstantField as InstantField
from timebank.conditions import Asked, ordered
from timebank.turns import Record

Key = str | int
NONE: Mapping[str, Any] = MappingProxyType({})
WHOSE = "person"
"""The column that says whose a row is; it and the primary key are all that a sealed row shows."""


class Row(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One line of a table. The first field is the primary key, a str or an int.

    A value, and so in no ring: the collector, which would walk all that is remembered, leaves it.
    """

    spec: ClassVar["Table"]

    @property
    def pk(self) -> Key:
        """The value of the primary key."""
        raise NotImplementedError("only a table has one")


R = TypeVar("R", bound=Row)


class Sealer(Protocol):
    """Seals and opens the rows of sealed tables; `place` says which row of which table."""

    def seal_row(self, place: str, plain: bytes) -> tuple[str, bytes]:
        """The name of the key it was sealed with, and the sealed row."""

    def opener(self, epoch: str) -> Callable[[str, bytes], bytes]:
        """What opens the rows that were sealed with this key, which is there now."""


_sealer: Sealer | None = None


def install_sealer(sealer: Sealer | None) -> None:
    """Make somebody the one who seals in this process."""
    global _sealer
    _sealer = sealer


def sealer() -> Sealer:
    """Who seals in this process."""
    if _sealer is None:
        raise RuntimeError("nobody is there to seal and open rows")
    return _sealer


class Table:
    """What is known of a table: its columns, its model and its statements."""

    def __init__(
        self,
        row: type[Row],
        name: str,
        *,
        vault: bool,
        sealed: bool,
        index: Sequence[tuple[str, ...]],
    ) -> None:
        self.row, self.name, self.vault, self.sealed = row, name, vault, sealed
        hints = typing.get_type_hints(row)
        self.columns = row.__struct_fields__
        if sealed:
            pk, *rest = row.__struct_fields__
            self._open = [pk, *(name for name in rest if name == WHOSE)]
            self._hidden = [name for name in rest if name != WHOSE]
            hints = {**{name: hints[name] for name in self._open}, "epoch": str, "sealed": bytes}
            self.columns = tuple(hints)
        self.shape = [column_of(field, hints[field]) for field in self.columns]
        self.model = _model(row, name, self.shape, index)
        self.listed = listed = ", ".join(f'"{column}"' for column in self.columns)
        renewed = ", ".join(f'"{c}" = excluded."{c}"' for c in self.columns[1:])
        clash = f"DO UPDATE SET {renewed}" if renewed else "DO NOTHING"
        pk = self.columns[0]
        kinds = {column.name: KINDS.get(column.field, "text") for column in self.shape}
        self.kinds = kinds
        self.insert = inserting(name, kinds)
        self.upsert = inserting(name, kinds, f'ON CONFLICT ("{pk}") {clash}')
        self.delete = deleting(name, pk, kinds[pk])
        self.every = f'SELECT {listed} FROM "{name}" ORDER BY "{pk}"'
        self.by_key = f'SELECT {listed} FROM "{name}" WHERE "{pk}" = $1'
        self.by_keys = finding(name, self.columns, pk, kinds[pk])
        self._encoders = [(n, c.encode) for n, c in enumerate(self.shape) if c.encode]
        self._decoders = [(n, c.decode) for n, c in enumerate(self.shape) if c.decode]

    def values(self, row: Row) -> list[Any]:
        """A row as the database keeps it."""
        if self.sealed:
            hidden = {name: getattr(row, name) for name in self._hidden}
            plain = msgspec.json.encode(hidden)
            told = [getattr(row, name) for name in self._open]
            return [*told, *sealer().seal_row(f"{self.name}/{row.pk}", plain)]
        values = list(msgspec.structs.astuple(row))
        for n, encode in self._encoders:
            if values[n] is not None:
                values[n] = encode(values[n])
        return values

    def load(self, values: Sequence[Any]) -> Any:
        """A row from what the database keeps."""
        if self.sealed:
            return self.load_each([values])[0]
        if not self._decoders:
            return self.row(*values)
        held = list(values)
        for n, decode in self._decoders:
            if held[n] is not None:
                held[n] = decode(held[n])
        return self.row(*held)

    def load_each(self, rows: Sequence[Sequence[Any]]) -> list[Any]:
        """The rows that one statement found; a key that opens many of them is looked for once."""
        if not self.sealed:
            return [self.load(values) for values in rows]
        openers = {epoch: sealer().opener(epoch) for epoch in {values[-2] for values in rows}}
        loaded = []
        for *told, epoch, kept in rows:
            plain = openers[epoch](f"{self.name}/{told[0]}", bytes(kept))
            known = {**dict(zip(self._open, told, strict=True)), **msgspec.json.decode(plain)}
            loaded.append(msgspec.convert(known, self.row))
        return loaded


TABLES: dict[str, Table] = {}


def table(
    name: str,
    *,
    vault: bool = False,
    sealed: bool = False,
    index: Sequence[tuple[str, ...]] = (),
) -> Callable[[type[R]], type[R]]:
    """Make a row class a table called `name`, with the given indexes.

    Args: sealed, keep all sealed but the primary key and `person`: for tables of the vault only.
    """

    def register(row: type[R]) -> type[R]:
        if sealed and not vault:
            raise TypeError(f"{name} can be refilled from the ledger and so is no secret")
        kept = [*index, ("epoch",)] if sealed else index
        # What is asked of every row that is kept: without a detour over the table.
        setattr(row, "pk", property(attrgetter(row.__struct_fields__[0])))  # noqa: B010  no member
        row.spec = TABLES[name] = Table(row, name, vault=vault, sealed=sealed, index=kept)
        return row

    return register


def _model(
    row: type[Row], name: str, shape: Iterable[Column], index: Sequence[tuple[str, ...]]
) -> type[Model]:
    members: dict[str, Any] = {}
    for n, column in enumerate(shape):
        options = dict(column.options)
        if n == 0:
            options |= {"primary_key": True}
            options |= {"generated": False} if column.field is fields.BigIntField else {}
        members[column.name] = column.field(**options)
    meta = type("Meta", (), {"table": name, "indexes": list(index), "app": "timebank"})
    members |= {"Meta": meta, "__module__": "timebank.models"}
    return type(row.__name__, (Model,), members)


async def select(
    row: type[R],
    *conditions: Q,
    order: Sequence[str] = (),
    limit: int | None = None,
    offset: int | None = None,
    **filters: Any,
) -> list[R]:
    """Rows that meet the conditions: the reads' way to any table. Never takes the lock."""
    spec = row.spec
    found = await read(spec, spec.listed, conditions, filters, order, limit, offset)
    return spec.load_each(found)


async def keys_of(
    spec: Table, *conditions: Q, limit: int | None = None, **filters: Any
) -> list[Key]:
    """The primary keys of the rows that meet the conditions, the least first."""
    pk = spec.columns[0]
    return [key for (key,) in await read(spec, f'"{pk}"', conditions, filters, [pk], limit)]


async def read(
    spec: Table,
    what: str,
    conditions: Sequence[Q] = (),
    filters: Mapping[str, Any] = NONE,
    order: Sequence[str] = (),
    limit: int | None = None,
    offset: int | None = None,
) -> Sequence[Record]:
    """Columns of the rows that meet the conditions, as the database keeps them."""
    reads = reading.at(reading.PRIMARY)
    asked = Asked(reads.dialect, spec.kinds, bytewise=reads.bytewise)
    where = asked.where(conditions, filters)
    statement = f'SELECT {what} FROM "{spec.name}"{where}{ordered(order)}'
    # Numbers of ours, in the text: a planner that does not know a limit expects far too much.
    if limit is not None and not offset:
        (found,) = await replicas.look_up(f"{statement} LIMIT {limit:d}", [asked.told()])
        return found
    most = "" if limit is None else f" LIMIT {limit:d}"
    skipped = f" OFFSET {offset:d}" if offset else ""
    return await replicas.fetch(f"{statement}{most}{skipped}", asked.values)


USUAL_PAGE = 20


class Where(typing.TypedDict, total=False):
    """A page by ids: strictly between two, USUAL_PAGE rows or so many, from the end `backward`."""

    after: str | None
    before: str | None
    limit: int
    backward: bool


def among(states: Collection[StrEnum]) -> list[Q]:
    """The condition that a row's state is one of these; none where all will do."""
    return [Q(state__in=sorted(states))] if states else []


async def page_by_id(row: type[R], where: Where, *conditions: Q, **filters: Any) -> list[R]:
    """A page of the rows that meet the conditions, the oldest id first."""
    last, first = where.get("before"), where.get("after")
    order = "-id" if where.get("backward") else "id"
    return await _between(row, first, last, order, where, *conditions, **filters)


async def newest_by_id(row: type[R], where: Where, *conditions: Q, **filters: Any) -> list[R]:
    """A page of the rows that meet the conditions, the newest id first."""
    last, first = where.get("after"), where.get("before")
    order = "id" if where.get("backward") else "-id"
    return await _between(row, first, last, order, where, *conditions, **filters)


class WhereByDay(typing.TypedDict, total=False):
    """A page by days: strictly between two days with their ids, so many rows, or `backward`."""

    after: tuple[str, str] | None
    before: tuple[str, str] | None
    limit: int
    backward: bool


async def page_by_day(row: type[R], day: str, where: WhereByDay, *conditions: Q) -> list[R]:
    """A page of the rows that meet the conditions, the earliest in the column `day` first."""
    id = row.spec.columns[0]
    bounds = [
        Q(**{f"{day}__{way}": at}) | Q(**{day: at, f"{id}__{way}": key})
        for way, bound in (("gt", where.get("after")), ("lt", where.get("before")))
        if bound
        for at, key in [bound]
    ]
    order = [f"-{day}", f"-{id}"] if where.get("backward") else [day, id]
    limit = where.get("limit", USUAL_PAGE)
    return await select(row, *conditions, *bounds, order=order, limit=limit)


async def _between(
    row: type[R],
    first: str | None,
    last: str | None,
    order: str,
    where: Where,
    *conditions: Q,
    **filters: Any,
) -> list[R]:
    bounds = [Q(id__gt=first)] if first else []
    bounds += [Q(id__lt=last)] if last else []
    limit = where.get("limit", USUAL_PAGE)
    return await select(row, *conditions, *bounds, order=[order], limit=limit, **filters)


async def find(row: type[R], key: Key) -> R | None:
    """The row with this primary key, or None."""
    if not could_be_kept(key):
        return None
    spec = row.spec
    (found,) = await replicas.look_up(spec.by_key, [(key,)])
    return spec.load(found[0]) if found else None


async def find_many(row: type[R], keys: Iterable[Key]) -> dict[Key, R]:
    """The rows with these primary keys, by key."""
    spec, wanted = row.spec, [key for key in keys if could_be_kept(key)]
    if reading.at(reading.PRIMARY).remote or len(wanted) < 2:
        told = await replicas.look_up(spec.by_key, [(key,) for key in wanted])
        rows = [found for some in told for found in some]
    else:
        listed = msgspec.json.encode(wanted).decode()
        rows = [*await replicas.fetch(spec.by_keys["sqlite"], [listed])]
    return {found.pk: found for found in spec.load_each(rows)}


def could_be_kept(key: Key) -> bool:
    """Whether a database can hold this key at all: one that it cannot, one asker's, must not
    make the statement fail that reads for the others."""
    if isinstance(key, int):
        return -(2**63) <= key < 2**63
    return "\x00" not in key and (key.isascii() or not any("\ud800" <= c <= "\udfff" for c in key))


async def count(row: type[R], *conditions: Q, **filters: Any) -> int:
    """How many rows meet the conditions."""
    ((many,),) = await read(row.spec, "COUNT(*)", conditions, filters)
    return int(many)
