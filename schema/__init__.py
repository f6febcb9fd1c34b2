"""The API: timebank's capabilities as GraphQL, one module each, no rule of its own.

`build` puts the modules together. Each may bring a `Query`, a `Mutation` and a `Subscription`,
strawberry types whose fields become root fields; what they share stands in the modules that mirror
no capability.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from importlib import import_module
from importlib.util import find_spec

import strawberry
from graphql import lexicographic_sort_schema, print_schema
from strawberry.schema.config import StrawberryConfig
from strawberry.types import get_object_definition

from schema.scalars import SCALARS
from timebank.capabilities import CAPABILITIES

ROOTED = ("schema.nodes", "schema.log")
"""Modules that bring root fields and mirror no capability."""


def module_names() -> Iterator[str]:
    """The modules that may bring root fields, in the order of the capabilities."""
    yield from ROOTED
    for capability in CAPABILITIES:
        name = "schema" + capability.__name__.removeprefix("timebank")
        # A capability without an API has no module here, and a package's parent may be missing.
        if find_spec(name.rpartition(".")[0]) and find_spec(name):
            yield name


@cache
def build() -> strawberry.Schema:
    """The whole schema. Built when first asked for, so that importing a module stays cheap."""
    modules = [import_module(name) for name in module_names()]
    roots = {
        root: [getattr(module, root) for module in modules if hasattr(module, root)]
        for root in ("Query", "Mutation", "Subscription")
    }
    mutations, subscriptions = roots["Mutation"], roots["Subscription"]
    return strawberry.Schema(
        query=merged("Query", roots["Query"], "What can be asked."),
        mutation=merged("Mutation", mutations, "What can be done.") if mutations else None,
        subscription=merged("Subscription", subscriptions, "What can be followed.")
        if subscriptions
        else None,
        config=StrawberryConfig(scalar_map=SCALARS),
    )


def merged(name: str, parts: Sequence[type], description: str) -> type:
    """One root type of many parts; two parts with the same field are a mistake."""
    taken: dict[str, type] = {}
    for part in parts:
        for field in get_object_definition(part, strict=True).fields:
            other = taken.setdefault(field.name, part)
            if other is not part:
                raise TypeError(f"{other.__module__} and {part.__module__} both have {field.name}")
    made: type = strawberry.type(type(name, tuple(parts), {}), description=description)
    return made


def printed() -> str:
    """The schema in its own language, sorted: what stands in `schema/schema.graphql`."""
    return print_schema(lexicographic_sort_schema(build()._schema)) + "\n"
