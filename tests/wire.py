"""Asking the real schema as the endpoint does, in a test's city."""

import secrets
from typing import Any

from graphql import GraphQLInputObjectType

from schema.context import Context
from schema.execution import whole
from tests.world import World
from timebank.actors import PUBLIC, Actor

SECRET = b"s" * 32

api = whole
"""The whole schema, ready to be asked."""


async def ask(world: World, actor: Actor, document: str, /, **variables: Any) -> dict[str, Any]:
    """What an operation came to: its data, or under `errors` the codes of what went wrong."""
    context = Context(actor=actor, clock=world.clock, secret=SECRET)
    answer = await api().ask(document, variables, context)
    told: dict[str, Any] = dict(answer.data or {})
    if answer.errors:
        told["errors"] = [error["extensions"]["code"] for error in answer.errors]
    return told


async def act(world: World, actor: Actor, mutation: str, asks: str, **given: Any) -> Any:
    """One mutation with its input; `asks` is what its payload is asked for.

    Without an `idempotencyKey` of its own it is a new attempt.
    """
    input_type = mutation[0].upper() + mutation[1:] + "Input"
    document = (
        f"mutation($input: {input_type}!) {{ {mutation}(input: $input)"
        f" {{ {asks} userErrors {{ code path }} }} }}"
    )
    takes = api().schema.get_type(input_type)
    assert isinstance(takes, GraphQLInputObjectType)
    fresh = once() if "idempotencyKey" in takes.fields else {}
    told = await ask(world, actor, document, input=fresh | given)
    return told.get("errors") or told[mutation]


def form(id: str = "form-1") -> Actor:
    """Somebody without an account, at a signed form."""
    return Actor(id=PUBLIC.id, form=id)


def once() -> dict[str, str]:
    """A key that is used once, as an input carries it."""
    return {"idempotencyKey": secrets.token_hex(8)}
