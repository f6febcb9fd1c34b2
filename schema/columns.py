"""Columns: fields that are plain attributes with a plain value, answered without ceremony.

Most of an answer is such values. The library builds a resolver's whole surroundings for each of
them; here an attribute is read and its scalar spelled.
"""

from collections.abc import Callable
from typing import Any

import strawberry
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
)
from strawberry.types.field import StrawberryField

DEFINITION = "strawberry-definition"


class Column:
    """The resolver of a plain attribute: its Python name, whether null is allowed, its spelling."""

    __slots__ = ("name", "nullable", "spell")

    def __init__(self, name: str, *, nullable: bool, spell: Callable[[Any], Any]) -> None:
        self.name = name
        self.nullable = nullable
        self.spell = spell

    def read(self, source: Any) -> Any:
        """The value as the answer spells it."""
        value = getattr(source, self.name)
        if value is not None:
            return self.spell(value)
        if self.nullable:
            return None
        raise TypeError(f"{type(source).__name__}.{self.name} is None and may not be")

    def __call__(self, source: Any, _info: Any) -> Any:
        """The attribute, for an executor that knows no columns."""
        return getattr(source, self.name)


def mark_columns(schema: strawberry.Schema) -> None:
    """Give every plain attribute of the schema its column."""
    for kind in schema._schema.type_map.values():
        if isinstance(kind, GraphQLObjectType) and DEFINITION in kind.extensions:
            for field in kind.fields.values():
                column = _column(field)
                if column is not None:
                    field.resolve = column


def _column(field: GraphQLField) -> Column | None:
    definition = field.extensions.get(DEFINITION)
    nullable = not isinstance(field.type, GraphQLNonNull)
    kind = field.type.of_type if isinstance(field.type, GraphQLNonNull) else field.type
    if not isinstance(kind, (GraphQLScalarType, GraphQLEnumType)):
        return None
    if not isinstance(definition, StrawberryField) or not definition.is_basic_field:
        return None
    return Column(definition.python_name, nullable=nullable, spell=kind.coerce_output_value)
