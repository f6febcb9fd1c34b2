"""Nodes: whatever has an id of its own, found by that id alone (api 8).

Knows which capability answers for which prefix. Knows no visibility: a capability's read answers
with what its asker may see, and what is hidden looks exactly like what is missing (api 6).
"""

from typing import Annotated, Any

import strawberry
from graphql import GraphQLError

from schema.context import Context
from schema.fields import field
from schema.loaders import BatchRead
from timebank.begun import together
from timebank.ids import SHAPE

NODES_MAX = 100
PREFIX_LENGTH = 3

Id = Annotated[strawberry.ID, strawberry.argument(description="The id of anything that has one.")]
Ids = Annotated[
    list[strawberry.ID], strawberry.argument(description=f"At most {NODES_MAX} ids, in any order.")
]


@strawberry.interface(description="Whatever has an id of its own.")
class Node:
    id: strawberry.ID = strawberry.field(description="Global and opaque.")


NodeRead = BatchRead[Context, str, Any]

_reads: dict[str, NodeRead] = {}


def answers_for(prefix: str, read: NodeRead) -> None:
    """Register the read of the nodes whose ids begin with `prefix`; each prefix has one."""
    if len(prefix) != PREFIX_LENGTH or _reads.setdefault(prefix, read) is not read:
        raise TypeError(f"{prefix!r} is no prefix, or another capability answers for it")


async def find_node(context: Context, id: str) -> Node | None:
    """The node with this id, or None where there is none for this asker."""
    read = _reads.get(id[:PREFIX_LENGTH])
    if read is None or not SHAPE.fullmatch(id):
        return None
    found: Node | None = await context.loaders.load(read, id)
    return found


@strawberry.type
class Query:
    @field
    async def node(self, info: strawberry.Info[Context, None], id: Id) -> Node | None:
        """Anything, by its id; null where there is nothing for you to see."""
        return await find_node(info.context, id)

    @field
    async def nodes(self, info: strawberry.Info[Context, None], ids: Ids) -> list[Node | None]:
        """Several things by their ids, in the order asked for, null where there is nothing."""
        if len(ids) > NODES_MAX:
            says = f"Ask for at most {NODES_MAX} nodes."
            raise GraphQLError(says, extensions={"code": "BAD_USER_INPUT"})
        return await together(*(find_node(info.context, id) for id in ids))
