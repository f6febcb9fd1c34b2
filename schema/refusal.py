"""Refusals on the wire: a payload's `userErrors`, one shape for every mutation (api 3 and 4).

Knows how a raised refusal becomes data in the caller's language. It adds no rule and no sentence of
its own: codes and sentences come from the refusal classes of the domain. Denials and bugs pass
through untouched, they are no part of a payload.
"""

import functools
from collections.abc import Awaitable, Callable, Iterator
from enum import Enum
from typing import Any, ParamSpec, Self, TypeVar

import strawberry
from graphql.pyutils import snake_to_camel
from strawberry.types import get_object_definition

from schema.context import Info as Info
from schema.fields import description_of
from schema.ledger import LedgerEntry
from schema.scalars import Long
from timebank import capabilities
from timebank.journal import Answer
from timebank.refusals import Refusal, Translate

P = TypeVar("P", bound="Payload")
Asked = ParamSpec("Asked")

DOMAIN = capabilities.__package__
"""Naming the package by its list of capabilities opens them all, so that the registry is full."""


def domain_refusals() -> dict[str, type[Refusal]]:
    """Every refusal that the domain can give, by code; a test's own are not among them."""
    return {
        code: refusal
        for code, refusal in sorted(Refusal.registry.items())
        if refusal.__module__.partition(".")[0] == DOMAIN
    }


@strawberry.enum(description="Why the domain said no; each code is permanent once released.")
class UserErrorCode(Enum):
    # Members are the registry's: a class body is the one place where names can be set and the
    # result is still a class that a type checker accepts as an annotation.
    _ignore_ = "_code _refusal"
    for _code, _refusal in domain_refusals().items():
        locals()[_code] = strawberry.enum_value(_code, description=_refusal.says)


@strawberry.type(description="A value of a user error.")
class Detail:
    name: str = strawberry.field(description="The value's name, in camel case.")
    value: str = strawberry.field(description="The value as text.")


@strawberry.type(description="The domain's considered no.")
class UserError:
    code: UserErrorCode = strawberry.field(description="Why, for programs.")
    message: str = strawberry.field(description="Why, in one sentence in the caller's language.")
    path: list[str] | None = strawberry.field(description="The input field at fault, if one is.")
    details: list[Detail] = strawberry.field(description="The values of it, ids among them.")

    @classmethod
    def of(cls, refusal: Refusal, translate: Translate = str) -> "UserError":
        """A refusal as data."""
        return cls(
            code=UserErrorCode[refusal.code],
            message=refusal.message(translate),
            path=list(refusal.path) or None,
            details=[
                Detail(name=snake_to_camel(name, upper=False), value=value)
                for name, value in refusal.details.items()
            ],
        )


@strawberry.type
class Payload:
    """What every mutation answers. Inherit from it and add the thing, nullable."""

    entry: LedgerEntry | None = strawberry.field(
        default=None, description="The ledger entry that was made, if one was."
    )
    replayed: bool = strawberry.field(
        default=False, description="Whether this is the first answer to the same key, once more."
    )
    user_errors: list[UserError] = strawberry.field(
        default_factory=list, description="Why nothing was done; empty if it was."
    )

    @classmethod
    def of(cls, answer: Answer, **things: Any) -> Self:
        """What a command answered, and the payload's own things."""
        entry = None if answer.entry is None else LedgerEntry(seq=Long(answer.entry))
        return cls(entry=entry, replayed=answer.replayed, **things)


def refusals_in(error: BaseException) -> Iterator[Refusal] | None:
    """The refusals that `error` is made of, or None if anything else is in it."""
    if isinstance(error, Refusal):
        return iter((error,))
    if isinstance(error, BaseExceptionGroup):
        found = [refusals_in(part) for part in error.exceptions]
        if all(part is not None for part in found):
            return (refusal for part in found if part is not None for refusal in part)
    return None


def mutation(
    payload: type[P], *, bulk: bool = False
) -> Callable[[Callable[Asked, Awaitable[P]]], Any]:
    """Make a resolver a mutation whose refusals become `payload`'s user errors.

    The description is the first paragraph of the resolver's docstring; input and payload are
    described by it too unless they say more. The field is nullable: a denial or a bug leaves null
    and a top-level error (api 3). `bulk` allows a body of up to 1 MiB (api 19).
    """

    def decorate(resolver: Callable[Asked, Awaitable[P]]) -> Any:
        act = snake_to_camel(resolver.__name__, upper=False)
        _describe(payload, f"What `{act}` answers.")
        _describe(resolver.__annotations__.get("input"), f"What `{act}` takes.")

        @functools.wraps(resolver)
        async def answering(*args: Asked.args, **asked: Asked.kwargs) -> P:
            try:
                return await resolver(*args, **asked)
            except (Refusal, BaseExceptionGroup) as error:
                refusals = refusals_in(error)
                if refusals is None:
                    raise
                info = asked["info"]
                if not isinstance(info, strawberry.Info):
                    raise TypeError(
                        "a mutation's resolver takes the argument `info: Info`"
                    ) from None
                translate = info.context.translate
                return payload(user_errors=[UserError.of(no, translate) for no in refusals])

        made: Any = strawberry.mutation(
            resolver=answering,
            graphql_type=payload | None,
            description=description_of(resolver),
            metadata={"bulk": bulk},
        )
        for argument in made.arguments:
            argument.description = f"What `{act}` takes."
        return made

    return decorate


def _describe(kind: Any, description: str) -> None:
    """Describe a type that does not describe itself."""
    definition = get_object_definition(kind) if isinstance(kind, type) else None
    if definition is not None and definition.description is None:
        definition.description = description
