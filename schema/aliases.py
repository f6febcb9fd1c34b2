"""Whose something is, on the wire: for those who see it, the member and the secretary alone."""

from collections.abc import Sequence
from typing import Any, ClassVar

import strawberry

from schema.context import Context
from schema.fields import field
from schema.loaders import BatchRead
from schema.nodes import Node
from schema.refusal import Info
from timebank.aliases import Shared

Whose = BatchRead[Context, str, tuple[str, str | None]]


def whose(shared: Shared[Any]) -> Whose:
    """Volunteer number and name by id of what is shared, for the loader."""

    async def read(context: Context, ids: Sequence[str]) -> dict[str, tuple[str, str | None]]:
        return await shared.named(context.actor, ids)

    return read


@strawberry.type
class OfMember(Node):
    """What a member has: `whose` reads the number and the name of whoever has it."""

    whose: ClassVar[Whose]

    @field
    async def number(self, info: Info) -> str | None:
        """The member's volunteer number."""
        told = await info.context.loaders.load(type(self).whose, str(self.id))
        return told[0] if told else None

    @field
    async def name(self, info: Info) -> str | None:
        """The member's name; null once it was erased."""
        told = await info.context.loaders.load(type(self).whose, str(self.id))
        return told[1] if told else None
