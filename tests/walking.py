"""An operation answered both ways: by its plan, and by the library's own executor, the judge."""

from collections.abc import Callable, Mapping
from typing import Any

import strawberry
from graphql import ExecutionResult, OperationType, execute, get_variable_values, parse
from graphql.execution import VariableValues
from graphql.language import OperationDefinitionNode

from schema.plans import Plans
from schema.walks import Walk

NONE: Mapping[str, Any] = {}


class Asked(Plans):
    """The plans of a document's only operation, and its variables."""

    def read(self, variables: Mapping[str, Any]) -> VariableValues:
        """The variables as the operation takes them."""
        asked = self.operation.variable_definitions or ()
        read = get_variable_values(self.schema, asked, dict(variables))
        assert isinstance(read, VariableValues), read
        return read


def plans_of(made: strawberry.Schema, text: str) -> Asked:
    """The plans of a document that has one operation."""
    document = parse(text)
    (only,) = [one for one in document.definitions if isinstance(one, OperationDefinitionNode)]
    return Asked(made._schema, document, only)


async def walked(
    made: strawberry.Schema,
    text: str,
    variables: Mapping[str, Any] = NONE,
    *,
    root: Any = None,
    context: Any = None,
    ahead: Callable[[], bool] = bool,
) -> ExecutionResult:
    """What a walk along its plan comes to."""
    plans = plans_of(made, text)
    read = plans.read(variables)
    walk = Walk(plans.of(read), read, context, root=root, ahead=ahead)
    if plans.operation.operation is OperationType.MUTATION:
        await walk.serially()
    elif walk.begin():
        await walk.settle()
    return walk.result()


async def executed(
    made: strawberry.Schema,
    text: str,
    variables: Mapping[str, Any] = NONE,
    *,
    root: Any = None,
    context: Any = None,
) -> ExecutionResult:
    """What the library's executor makes of it."""
    result: Any = execute(
        made._schema,
        parse(text),
        root_value=root,
        context_value=context,
        variable_values=dict(variables),
    )
    told: ExecutionResult = result if isinstance(result, ExecutionResult) else await result
    return told
