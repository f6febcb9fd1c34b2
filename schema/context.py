"""The context: who asks, in which language, and what answers them; one per request.

Knows how an input becomes a request key. Refuses to know where the actor came from (a session, a
token, a test) and what the services are: both are handed in by whoever composes the application.
"""

import dataclasses
import secrets
from collections.abc import Awaitable, Callable
from copy import copy
from enum import Enum
from typing import Any, TypeVar

import strawberry
from graphql import GraphQLError
from strawberry.types.unset import UnsetType

from schema.loaders import BatchRead, Loaders
from timebank.actors import Actor
from timebank.clock import Clock
from timebank.keys import KEY_LENGTHS, RequestKey
from timebank.refusals import Translate

V = TypeVar("V")


@strawberry.input
class Input:
    """What every writing input carries. Inherit from it; it never appears by itself."""

    idempotency_key: str = strawberry.field(
        description="Names this attempt, 8 to 64 characters; sent again, it gets the first answer."
    )


class Context:
    """Everything a resolver may reach.

    `services` is what the composition root put together; `secret` keys the digests of request keys;
    `address` is where the request came from; `development` opens the schema to everybody.
    """

    __slots__ = (
        "__weakref__",
        "_request_id",
        "actor",
        "address",
        "clock",
        "development",
        "language",
        "loaders",
        "secret",
        "services",
        "translate",
    )

    def __init__(
        self,
        *,
        actor: Actor,
        clock: Clock,
        secret: bytes,
        services: Any = None,
        language: str = "zh-CN",
        translate: Translate = str,
        address: str = "",
        request_id: str = "",
        development: bool = False,
    ) -> None:
        self.actor = actor
        self.clock = clock
        self.secret = secret
        self.services = services
        self.language = language
        self.translate = translate
        self.address = address
        self._request_id = request_id
        self.development = development
        self.loaders: Loaders[Context] = Loaders(self)

    @property
    def request_id(self) -> str:
        """By which a failure is told to the asker and found in the log."""
        self._request_id = self._request_id or secrets.token_hex(8)
        return self._request_id

    def afresh(self) -> "Context":
        """The same asker a moment later: what was read before is read again."""
        made = copy(self)
        made.loaders = Loaders(made)
        return made

    @property
    def may_introspect(self) -> bool:
        """Introspection is for staff and development (api 17)."""
        return self.development or self.actor.staff

    def key(self, given: Input) -> RequestKey:
        """The request key of an input: the caller, the key, and a digest of act and content.

        The act is the input's own type, one for each mutation (api 3). A field left out and a field
        sent as null differ. Raises BAD_USER_INPUT for a key of the wrong length (api 11).
        """
        if len(given.idempotency_key) not in KEY_LENGTHS:
            says = f"idempotencyKey has {KEY_LENGTHS.start} to {KEY_LENGTHS.stop - 1} characters."
            raise GraphQLError(says, extensions={"code": "BAD_USER_INPUT"})
        content = plain(given)
        content.pop("idempotency_key")
        return RequestKey.of(
            self.actor.scope,
            given.idempotency_key,
            type(given).__name__,
            content,
            secret=self.secret,
        )


Info = strawberry.Info[Context, None]


def anew(read: BatchRead[Context, str, V]) -> Callable[[Info, str], Awaitable[V | None]]:
    """How a payload shows the thing that was changed: read again, whatever was loaded before."""

    async def shown(info: Info, id: str) -> V | None:
        return (await read(info.context, [id])).get(id)

    return shown


def plain(value: Any) -> Any:
    """An input as plain values, what was left out left out."""
    if dataclasses.is_dataclass(value):
        told = vars(value).items()
        return {name: plain(v) for name, v in told if not isinstance(v, UnsetType)}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, Enum):
        return value.name
    return value
