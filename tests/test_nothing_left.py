"""What an answer leaves to the garbage collector: nothing that lies in a ring.

Who lets go of an answer lets go of all that it was made of. In rings it would lie about by the
thousand until the collector walks over all that is there, which took a tenth of what a query does.
"""

import gc
from pathlib import Path

import pytest
from graphql import OperationDefinitionNode, OperationType, parse

from tests.wire import ask
from tests.world import World

pytestmark = [pytest.mark.anyio, pytest.mark.one_database]

OPERATIONS = Path(__file__).parents[1] / "web" / "operations"


def without_variables(text: str) -> bool:
    """Whether a document is a query that anybody may ask as it is."""
    (asked,) = [one for one in parse(text).definitions if isinstance(one, OperationDefinitionNode)]
    return asked.operation is OperationType.QUERY and not asked.variable_definitions


DOCUMENTS = {path.stem: path.read_text("utf-8") for path in sorted(OPERATIONS.glob("*.graphql"))}
ASKED = [name for name, text in DOCUMENTS.items() if without_variables(text)]


@pytest.mark.parametrize("operation", ASKED)
async def test_an_answer_leaves_nothing_in_a_ring(world: World, operation: str) -> None:
    who, document = await world.volunteer(), DOCUMENTS[operation]
    first = await ask(world, who, document)
    gc.collect()
    gc.disable()
    try:
        assert await ask(world, who, document) == first
        left = gc.collect()
    finally:
        gc.enable()
    if "errors" not in first:
        assert left == 0
