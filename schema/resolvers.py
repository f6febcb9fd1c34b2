"""Resolvers called directly: our functions, with their arguments, and nothing between.

For each call the library finds out anew how every argument is called and made, and wraps the
resolver three times; most of the home query went there, and most of a roster of 500 rows. Here that
is found out once, when the schema is built. Whatever is of a kind that the house does not use keeps
the library's way.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import MISSING
from typing import Any

import strawberry
from graphql import GraphQLObjectType
from strawberry.schema.name_converter import NameConverter
from strawberry.types.base import (
    StrawberryList,
    StrawberryMaybe,
    StrawberryOptional,
    get_object_definition,
    has_object_definition,
)
from strawberry.types.field import StrawberryField
from strawberry.types.lazy_type import LazyType
from strawberry.types.unset import UNSET

from schema.columns import DEFINITION

Make = Callable[[Any], Any]
"""What makes of a value, as the executor has read it, the one that a resolver takes."""


class Unusual(Exception):
    """An argument or a resolver of a kind that has no direct way."""


def call_directly(schema: strawberry.Schema) -> None:
    """Let the executor call every resolver of the schema itself, where nothing speaks against."""
    makers = _Makers(schema.config.name_converter)
    for kind in schema._schema.type_map.values():
        if isinstance(kind, GraphQLObjectType):
            for field in kind.fields.values():
                definition = field.extensions.get(DEFINITION)
                if isinstance(definition, StrawberryField) and definition.base_resolver:
                    with suppress(Unusual):
                        field.resolve = Direct(definition, makers)


class Direct:
    """A resolver of ours: `call`, whether it takes its source, how it calls what it is told."""

    __slots__ = ("_taken", "call", "field", "takes_source", "told")

    def __init__(self, field: StrawberryField, makers: "_Makers") -> None:
        resolver = field.base_resolver
        if resolver is None or field.extensions or field.is_subscription:
            raise Unusual
        if resolver.parent_parameter or resolver.root_parameter:
            raise Unusual
        self._taken = {
            makers.name_of(one): (one.python_name, makers.of(one.type)) for one in field.arguments
        }
        self.field = field
        self.call: Any = resolver.wrapped_func
        self.takes_source = resolver.self_parameter is not None
        self.told = resolver.info_parameter.name if resolver.info_parameter else None

    def arguments(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments as it takes them, of what the executor has read."""
        arguments: dict[str, Any] = {}
        for name, value in given.items():
            python_name, make = self._taken[name]
            arguments[python_name] = value if make is None else make(value)
        return arguments

    def makes(self, given: Iterable[str]) -> bool:
        """Whether something is made of these arguments, anew for each call."""
        return any(self._taken[name][1] is not None for name in given)

    def __call__(self, source: Any, info: Any, /, **given: Any) -> Any:
        """The value, for an executor that knows no plans."""
        arguments = self.arguments(given)
        if self.told is not None:
            arguments[self.told] = strawberry.Info(_raw_info=info, _field=self.field)
        return self.call(source, **arguments) if self.takes_source else self.call(**arguments)


class _Makers:
    """How the values of each type are made; None where they are as they come."""

    def __init__(self, names: NameConverter) -> None:
        self.name_of = names.from_argument
        self._names = names
        self._objects: dict[type, Make] = {}

    def of(self, kind: Any) -> Make | None:
        """How values of a type are made. Raises Unusual."""
        if isinstance(kind, StrawberryMaybe):
            raise Unusual
        if isinstance(kind, StrawberryOptional):
            return _unless_null(self.of(kind.of_type))
        if isinstance(kind, LazyType):
            return self.of(kind.resolve_type())
        if isinstance(kind, StrawberryList):
            return _list_of(self.of(kind.of_type))
        if has_object_definition(kind):
            return self._objects.get(kind) or self._object(kind)
        return None

    def _object(self, kind: Any) -> Make:
        definition = get_object_definition(kind, strict=True)
        if definition.from_input is not None:
            raise Unusual
        absent = {
            one.python_name: None
            for one in definition.fields
            if one.default_value is MISSING and one.default_factory is MISSING
        }
        made: dict[str, tuple[str, Make | None]] = {}

        def make(value: Any) -> Any:
            told: dict[str, Any] = absent.copy()
            for name, held in value.items():
                python_name, inner = made[name]
                told[python_name] = held if inner is None else inner(held)
            return kind(**told)

        # Kept before its fields are looked at: an input may hold others of its own type.
        self._objects[kind] = make
        for one in definition.fields:
            inner = self.of(one.resolve_type(type_definition=definition))
            made[self._names.from_field(one)] = one.python_name, inner
        return make


def _unless_null(make: Make | None) -> Make | None:
    if make is None:
        return None
    return lambda value: value if value is None or value is UNSET else make(value)


def _list_of(make: Make | None) -> Make:
    if make is None:
        # A copy: a default is the same list for every request.
        return list
    return lambda values: [make(value) for value in values]
