"""Enums: a domain's enum on the wire, each value with its own sentence.

Knows how to tell strawberry of an enum that must not know strawberry.
"""

from enum import Enum
from typing import Any

import strawberry


def show_enum(kind: type[Enum], description: str, **values: str) -> None:
    """Make `kind` an enum of the schema; `values` says what each member's value means.

    A member that is missing, or a value that is no member's, is a mistake.
    """
    shown: Any = strawberry.enum(kind, description=description)
    for value in shown.__strawberry_definition__.values:
        value.description = values.pop(value.value)
    if values:
        raise TypeError(f"{kind.__name__} has no {', '.join(values)}")
