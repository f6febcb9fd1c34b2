"""Execution: one operation, run for one context.

Knows what is checked for every request once its document is known: introspection, cost, time.
Refuses to know the transport: the endpoint and the pages both ask here, with the same caches,
limits and permissions.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import cache
from inspect import isawaitable
from typing import Any, cast

import strawberry
from graphql import (
    ExecutionResult,
    Executor,
    GraphQLError,
    OperationType,
    create_source_event_stream,
    get_variable_values,
)
from graphql.execution import VariableValues

from schema import build
from schema.columns import DEFINITION, mark_columns
from schema.context import Context
from schema.documents import Documents, Operation
from schema.errors import (
    ERRORS_MAX,
    Refused,
    Told,
    cause_of,
    refused,
    tell_execution,
    tell_request,
)
from schema.limits import Limits
from schema.resolvers import call_directly
from schema.walks import Walk
from timebank.askers import one_answer
from timebank.reading import one_instant
from timebank.refusals import Denial
from timebank.replicas import asking

TIMEOUT_SECONDS = 5.0
NO_VARIABLES = VariableValues({}, {})


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What an operation came to; partial where `errors` stand beside `data`."""

    data: Mapping[str, Any] | None
    errors: Sequence[Told] = ()
    retry_after_seconds: int | None = None


class Api:
    """A schema, ready to be asked; it holds the caches."""

    def __init__(
        self,
        schema: strawberry.Schema,
        *,
        limits: Limits | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        self.limits = limits or Limits()
        self.schema = schema._schema
        self.documents = Documents(self.schema, self.limits)
        mark_columns(schema)
        call_directly(schema)
        self.bulk = bulk_mutations(schema)
        self._timeout_seconds = timeout_seconds

    async def ask(
        self,
        document: str,
        variables: Mapping[str, Any],
        context: Context,
        *,
        operation_name: str | None = None,
    ) -> Answer:
        """Run a document's operation in process, as a page does. Raises Refused."""
        operation = self.documents.prepare(document).pick(operation_name)
        self.admit(operation, variables, context)
        return await self.run(operation, variables, context)

    def admit(self, operation: Operation, variables: Mapping[str, Any], context: Context) -> int:
        """The operation's cost in points; Refused if it costs too much or reads the schema."""
        if operation.shape.introspects and not context.may_introspect:
            raise refused("FORBIDDEN", context.translate("The schema is not open to you."))
        cost = operation.cost(variables)
        if cost > self.limits.cost:
            says = f"The operation costs {cost} points at worst, more than {self.limits.cost}."
            raise refused("DOCUMENT_TOO_COMPLEX", says)
        return cost

    async def run(
        self, operation: Operation, variables: Mapping[str, Any], context: Context
    ) -> Answer:
        """Run an admitted query or mutation within the time there is.

        Raises Refused for variables that do not fit and for TIMEOUT. A write that was under way is
        not undone by either: the journal finishes it, and the same key finds its answer.
        """
        if operation.type is OperationType.SUBSCRIPTION:
            raise refused("BAD_REQUEST", "Subscriptions are answered over graphql-transport-ws.")
        walk = self._walk(operation, self._read(operation, variables, context), context)
        # A mutation reads each time: what it shows may differ from what it found. And it reads
        # where it writes: what it decides on must not be older.
        if operation.type is OperationType.MUTATION:
            await self._in_time(walk.serially(), context)
        else:
            with one_answer(), asking():
                with one_instant():
                    waits = walk.begin()
                if waits:
                    await self._in_time(walk.settle(), context)
        return _answer(walk.result(), context)

    async def follow(
        self, operation: Operation, variables: Mapping[str, Any], context: Context
    ) -> AsyncGenerator[Answer, None]:
        """Run an admitted subscription: an answer for every event, until the source ends.

        What an event is answered with is read anew each time, and each has the time of a query.
        Raises Refused, also for whatever the source raises.
        """
        executor = Executor.build(
            self.schema,
            operation.document,
            context_value=context,
            raw_variable_values=dict(variables),
            operation_name=operation.name,
            max_coercion_errors=ERRORS_MAX,
            hide_suggestions=not context.actor.known,
        )
        if isinstance(executor, list):
            raise Refused(tell_request(executor, code="BAD_USER_INPUT"))
        try:
            stream = await self._in_time(create_source_event_stream(executor), context)
            if isinstance(stream, ExecutionResult):
                raise Refused(tell_execution(stream.errors or [], context))
            # Closed by name: left to the collector, the source would hold its reads until then.
            async with aclosing(cast("AsyncGenerator[Any, None]", stream)) as events:
                async for event in events:
                    afresh = context.afresh()
                    walk = self._walk(operation, executor.variable_values, afresh, root=event)
                    if walk.begin():
                        await self._in_time(walk.settle(), afresh)
                    yield _answer(walk.result(), afresh)
        except Refused:
            raise
        except Exception as error:
            located = GraphQLError(str(error), original_error=error)
            raise Refused(tell_execution([located], context)) from None

    def _read(
        self, operation: Operation, variables: Mapping[str, Any], context: Context
    ) -> VariableValues:
        """The variables, checked. Raises Refused for those that do not fit."""
        asked = operation.plans.operation.variable_definitions
        if not asked:
            return NO_VARIABLES
        read = get_variable_values(
            self.schema,
            asked,
            dict(variables),
            max_errors=ERRORS_MAX,
            hide_suggestions=not context.actor.known,
        )
        if isinstance(read, list):
            raise Refused(tell_request(read, code="BAD_USER_INPUT"))
        return read

    def _walk(
        self, operation: Operation, read: VariableValues, context: Context, *, root: Any = None
    ) -> Walk:
        return Walk(
            operation.plans.of(read),
            read,
            context,
            root=root,
            ahead=context.loaders.start,
            hide_suggestions=not context.actor.known,
        )

    async def _in_time(self, result: Any, context: Context) -> Any:
        """What something came to, or TIMEOUT."""
        try:
            if isawaitable(result):
                async with asyncio.timeout(self._timeout_seconds):
                    return await result
        except TimeoutError:
            says = context.translate("This took too long; ask again with the same key.")
            raise refused("TIMEOUT", says, retry_after_seconds=1) from None
        return result


@cache
def whole() -> Api:
    """The whole schema, ready to be asked: one a process, with one memory of documents."""
    return Api(build())


def _answer(result: ExecutionResult, context: Context) -> Answer:
    if not result.errors:
        return Answer(data=result.data)
    denials = [e for e in map(cause_of, result.errors) if isinstance(e, Denial)]
    waits = [e.retry_after for e in denials if e.retry_after is not None]
    return Answer(
        data=result.data,
        errors=tell_execution(result.errors, context),
        retry_after_seconds=max(waits, default=None),
    )


def bulk_mutations(schema: strawberry.Schema) -> frozenset[str]:
    """The names of the mutations that take a body of up to 1 MiB (api 19)."""
    root = schema._schema.mutation_type
    fields = root.fields.items() if root else ()
    definitions = ((name, field.extensions.get(DEFINITION)) for name, field in fields)
    return frozenset(name for name, made in definitions if made and made.metadata.get("bulk"))
