"""Fields: what a resolver looks like in the schema.

Knows that a field's description is the first paragraph of its docstring, so that code and API are
described once; a field without one does not come into being.
"""

import inspect
from collections.abc import AsyncGenerator, Callable
from typing import Any

import strawberry
from strawberry.types.field import StrawberryField


def description_of(resolver: Callable[..., Any]) -> str:
    """The first paragraph of a resolver's docstring, on one line."""
    if not resolver.__doc__:
        raise TypeError(f"{resolver.__qualname__} needs a docstring: it is the description")
    return " ".join(inspect.cleandoc(resolver.__doc__).split("\n\n")[0].split())


def field(resolver: Callable[..., Any]) -> StrawberryField:
    """Make a resolver a field, described by its docstring; typed, unlike strawberry's own."""
    made: StrawberryField = strawberry.field(
        resolver=resolver, description=description_of(resolver)
    )
    return made


def followed(resolver: Callable[..., AsyncGenerator[Any, None]]) -> StrawberryField:
    """Make an asynchronous generator a field of Subscription, described by its docstring."""
    described: Any = strawberry.subscription(description=description_of(resolver))
    made: StrawberryField = described(resolver)
    return made
