"""Columns: fields that are plain attributes with a plain value, answered without ceremony.

Most of an answer is such values. The library builds a resolver's whole surroundings for each of
them; here an attribute is read and its scalar spelled.
"""

from collections.abc import Callable, Mapping
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
    """The resolver of a plain attribute: the field's name with its type's, the attribute's, whether
    null is allowed, its spelling."""

    __slots__ = ("field", "name", "nullable", "spell")

    def __init__(
        self, field: str, name: str, *, nullable: bool, spell: Callable[[Any], Any]
    ) -> None:
        self.field, self.name = field, name
        self.nullable = nullable
        self.spell = spell

    def read(self, source: Any) -> Any:
        """The value as the answer spells it."""
        value = getattr(source, self.name)
        if value is not None:
            return self.spell(value)
        if self.nullable:
            return None
        raise TypeError(f"Cannot return null for non-nullable field {self.field}.")

    def __call__(self, source: Any, _info: Any) -> Any:
        """The attribute, for an executor that knows no columns."""
        return getattr(source, self.name)


def read_together(columns: Mapping[str, Column]) -> Callable[[Any], dict[str, Any]]:
    """What reads all of these from an object, each under its name in the answer.

    It is `Column.read` of each, unrolled: most of a long list's time was in calling that.
    """
    told = [(key, one.field, one.name, one.spell, one.nullable) for key, one in columns.items()]

    def read(source: Any) -> dict[str, Any]:
        answers: dict[str, Any] = {}
        for key, field, name, spell, nullable in told:
            value = getattr(source, name)
            if value is not None:
                answers[key] = spell(value)
            elif nullable:
                answers[key] = None
            else:
                raise TypeError(f"Cannot return null for non-nullable field {field}.")
        return answers

    return read


def mark_columns(schema: strawberry.Schema) -> None:
    """Give every plain attribute of the schema its column."""
    for kind in schema._schema.type_map.values():
        if isinstance(kind, GraphQLObjectType) and DEFINITION in kind.extensions:
            for name, field in kind.fields.items():
                column = _column(f"{kind.name}.{name}", field)
                if column is not None:
                    field.resolve = column


def _column(called: str, field: GraphQLField) -> Column | None:
    definition = field.extensions.get(DEFINITION)
    nullable = not isinstance(field.type, GraphQLNonNull)
    kind = field.type.of_type if isinstance(field.type, GraphQLNonNull) else field.type
    if not isinstance(kind, (GraphQLScalarType, GraphQLEnumType)):
        return None
    if not isinstance(definition, StrawberryField) or not definition.is_basic_field:
        return None
    return Column(called, definition.python_name, nullable=nullable, spell=kind.coerce_output_value)
