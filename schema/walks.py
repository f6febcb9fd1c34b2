"""Walks: an operation answered along its plan, errors and nulls as the specification has them.

What can be answered at once is, in the order asked; a resolver that must wait is put aside, and its
value filled in when it comes.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import strawberry
from graphql import (
    ExecutionResult,
    GraphQLAbstractType,
    GraphQLError,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLResolveInfoHelpers,
    Undefined,
    default_type_resolver,
    is_abstract_type,
    located_error,
)
from graphql.execution import VariableValues
from graphql.pyutils import Path, inspect, is_awaitable, is_iterable

from schema.faults import Faults, Place, path
from schema.plans import Fields, Plan, Shape, Step
from schema.waits import Waits


class Surroundings(strawberry.Info[Any, None]):
    """What a resolver is told: the context at hand, the rest put together for whoever asks."""

    def __init__(self, walk: "Walk", step: Step, above: Place | None) -> None:
        self._asked = walk, step, above

    @property
    def context(self) -> Any:
        """The context of the request."""
        return self._asked[0].context

    @property
    def _raw_info(self) -> GraphQLResolveInfo[Any]:  # type: ignore[override]  # there a field
        walk, step, above = self._asked
        return walk.info(step, above)

    @property
    def _field(self) -> Any:  # type: ignore[override]  # there a field
        direct = self._asked[1].direct
        return direct and direct.field


class _Gap:
    """Where the value of a resolver that waits will stand."""

    __slots__ = ("above", "answers", "step")

    def __init__(self, step: Step, answers: dict[str, Any], above: Place | None) -> None:
        self.step, self.answers, self.above = step, answers, above


class Walk:
    """One operation, being answered. `ahead` lets loaders read and says whether any did."""

    def __init__(
        self,
        plan: Plan,
        variables: VariableValues,
        context: Any,
        *,
        root: Any = None,
        ahead: Callable[[], bool] = bool,
        hide_suggestions: bool = False,
    ) -> None:
        self.context = context
        self._plan, self._variables, self._root = plan, variables, root
        self._hide_suggestions = hide_suggestions
        self._data: dict[str, Any] = {}
        self._faults = Faults()
        self._given: dict[Step, Mapping[str, Any]] = {}
        self.ahead = ahead
        self._waits: Waits[_Gap] = Waits()

    def begin(self) -> bool:
        """Answer what can be answered at once. Says whether anything is still waited for."""
        try:
            self._data = self._fields(self._plan.asked, self._root, None)
        except GraphQLError as error:
            self._faults.nothing(error)
        self._waits.go_on(self)
        return bool(self._waits)

    async def settle(self) -> None:
        """Answer the rest."""
        await self._waits.settle(self)

    async def serially(self) -> None:
        """Answer one root field after another, as a mutation's are."""
        for step in self._plan.asked.steps:
            self._data[step.key] = step.known
            try:
                if step.known is None:
                    self._answer(step, self._root, self._data, None)
            except GraphQLError as error:
                self._faults.nothing(error)
            await self._waits.settle(self)
            if self._faults.all_null:
                return

    def result(self) -> ExecutionResult:
        """What it came to."""
        data = None if self._faults.all_null else self._data
        return ExecutionResult(data, self._faults.errors or None)

    # Fields

    def _fields(self, asked: Fields, source: Any, above: Place | None) -> dict[str, Any]:
        """The fields of an object. Raises, located, what must not be null and is."""
        if asked.reads is not None:
            try:
                return asked.reads(source)
            except Exception:
                pass  # found again below, with the field whose it is
        answers: dict[str, Any] = {}
        for step in asked.steps:
            column = step.column
            if column is None:
                answers[step.key] = step.known
                if step.known is None:
                    self._answer(step, source, answers, above)
                continue
            try:
                answers[step.key] = column.read(source)
            except Exception as error:
                answers[step.key] = None
                self._fault(error, step, above)
        return answers

    def _answer(
        self, step: Step, source: Any, answers: dict[str, Any], above: Place | None
    ) -> None:
        try:
            value = self._value(step, source, above)
            if step.waits or is_awaitable(value):
                work = value if step.waits else _awaited(value)
                try:
                    waits_for = work.send(None)
                except StopIteration as done:
                    value = done.value
                else:
                    self._waits.put_aside(work, waits_for, _Gap(step, answers, above))
                    return
            answers[step.key] = self._complete(step, value, answers, above)
        except Exception as error:
            self._fault(error, step, above)

    def _value(self, step: Step, source: Any, above: Place | None) -> Any:
        if step.attribute is not None:
            return getattr(source, step.attribute)
        direct, arguments = step.direct, step.fixed
        if direct is None:
            return step.read(source, self.info(step, above), self._read(step))
        if arguments is None:
            arguments = direct.arguments(self._read(step))
        if direct.told is not None:
            arguments = {**arguments, direct.told: Surroundings(self, step, above)}
        return direct.call(source, **arguments) if direct.takes_source else direct.call(**arguments)

    def _read(self, step: Step) -> Mapping[str, Any]:
        """The arguments as the library reads them, once a walk."""
        given = self._given.get(step)
        if given is None:
            given = step.given(self._variables, hide_suggestions=self._hide_suggestions)
            self._given[step] = given
        return given

    # Values

    def _complete(
        self, step: Step, value: Any, answers: dict[str, Any], above: Place | None
    ) -> Any:
        shape = step.shape
        if shape.spell is not None:
            return self._shown(step, shape, value, None)
        return self._shown(
            step, shape, value, Place(above, answers, step.key, nullable=shape.nullable)
        )

    def _shown(self, step: Step, shape: Shape, value: Any, place: Place | None) -> Any:
        """A value as the answer has it; `place` is its own, but for a scalar's."""
        if isinstance(value, Exception):
            raise value
        if value is None or value is Undefined:
            if shape.nullable:
                return None
            name = f"{step.parent}.{step.field_name}"
            raise TypeError(f"Cannot return null for non-nullable field {name}.")
        if shape.spell is not None:
            spelled = shape.spell(value)
            if spelled is None or spelled is Undefined:
                raise TypeError(f"{inspect(shape.kind)} does not spell {inspect(value)}")
            return spelled
        if shape.item is not None:
            return self._items(step, shape.item, value, place)
        return self._fields(self._asked_of(step, shape, value, place), value, place)

    def _items(self, step: Step, item: Shape, values: Any, above: Place | None) -> list[Any]:
        if not is_iterable(values):
            name = f"{step.parent}.{step.field_name}"
            raise GraphQLError(f"Expected Iterable, but did not find one for field '{name}'.")
        reads = item.reads()
        if reads is not None and isinstance(values, list):
            # What goes wrong is found again below, with the item and the field whose it is.
            with suppress(Exception):
                return list(map(reads, values))
        shown: list[Any] = []
        for key, value in enumerate(values):
            place = None
            if item.spell is None:
                place = Place(above, shown, key, nullable=item.nullable)
            try:
                shown.append(self._shown(step, item, value, place))
            except Exception as error:
                located = located_error(error, step.nodes, path(above, key))
                if not item.nullable:
                    raise located from None
                shown.append(None)
                self._faults.note(located, above, key)
        return shown

    def _asked_of(self, step: Step, shape: Shape, value: Any, place: Place | None) -> Fields:
        kind = shape.kind
        if is_abstract_type(kind):
            kind = self._kind_of(step, kind, value, place)
        if kind.is_type_of and not kind.is_type_of(value, None):
            says = f"Expected value of type '{kind}' but got: {inspect(value)}."
            raise GraphQLError(says, step.nodes)
        return shape.asked(kind)

    def _kind_of(
        self, step: Step, kind: GraphQLAbstractType, value: Any, place: Place | None
    ) -> GraphQLObjectType:
        """Which of an interface's or a union's objects this is."""
        schema = self._plan.schema
        info = self.info(step, place.above if place else None)
        name = (kind.resolve_type or default_type_resolver)(value, info, kind)
        found = schema.get_type(name) if isinstance(name, str) else None
        if not isinstance(found, GraphQLObjectType) or not schema.is_sub_type(kind, found):
            raise GraphQLError(f"'{name}' is no possible type for '{kind}'.", step.nodes)
        return found

    # Errors, and what comes late

    def _fault(self, error: Exception, step: Step, above: Place | None) -> None:
        """A field's error: noted where it may be null, else raised for what it lies in."""
        located = located_error(error, step.nodes, path(above, step.key))
        if not step.shape.nullable:
            raise located from None
        self._faults.note(located, above, step.key)

    def fill(self, gap: _Gap, value: Any) -> None:
        """Show what came late."""
        step = gap.step
        try:
            gap.answers[step.key] = self._complete(step, value, gap.answers, gap.above)
        except Exception as error:
            self.fill_fault(gap, error)

    def fill_fault(self, gap: _Gap, error: Exception) -> None:
        """Note what went wrong late."""
        try:
            self._fault(error, gap.step, gap.above)
        except GraphQLError as located:
            self._faults.late(located, gap.above, gap.step.key)

    # For whoever asks

    def info(self, step: Step, above: Place | None) -> GraphQLResolveInfo[Any]:
        """What the library tells a resolver."""
        at: Any = None
        for key in path(above, step.key):
            at = Path(at, key, None)
        plan = self._plan
        return GraphQLResolveInfo(
            step.field_name,
            step.nodes,
            step.field.type,
            step.parent,
            at,
            plan.schema,
            plan.fragments,
            self._root,
            plan.operation,
            self._variables,
            self.context,
            is_awaitable,
            None,
            GraphQLResolveInfoHelpers(gather=_unheard, track=_unheard),
        )


async def _awaited(value: Any) -> Any:
    return await value


def _unheard(*_: Any) -> Any:
    raise TypeError("no resolver of the house asks the library to wait for it")
