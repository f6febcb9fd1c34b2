"""Plans: what an operation asks, worked out once, so that to answer it is a straight walk.

For each request the library finds out anew which fields are meant, how their arguments are read and
what their types are. All that depends on the document alone, but for the variables in `@skip` and
`@include`: a plan is kept for each of their values. Fields are collected by the library itself, so
that fragments, aliases and directives mean here what they mean there.
"""

from collections.abc import Callable, Mapping
from inspect import iscoroutinefunction
from typing import Any

from graphql import (
    ArgumentNode,
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    OperationDefinitionNode,
    VariableNode,
    Visitor,
    default_field_resolver,
    get_argument_values,
    is_leaf_type,
    visit,
)
from graphql.execution.collect_fields import (
    CollectedFields,
    FieldDetailsList,
    FragmentDetails,
    collect_fields,
    collect_subfields,
)
from graphql.execution.values import VariableValues
from strawberry.types.field import StrawberryField

from schema.columns import DEFINITION, Column, read_together
from schema.resolvers import Direct

KEPT = 16
"""So many plans of one operation are kept: an asker could make two to the fifteenth."""


class Shape:
    """A type of values: whether they may be null, and what they are beside that.

    `spell` of a scalar, `item` of a list, else what is asked of an object of some type.
    """

    __slots__ = ("_asked", "_details", "_plan", "item", "kind", "nullable", "spell")

    def __init__(self, plan: "Plan", kind: GraphQLOutputType, details: FieldDetailsList) -> None:
        self.nullable = not isinstance(kind, GraphQLNonNull)
        inner: Any = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
        self.kind = inner
        self.spell = inner.coerce_output_value if is_leaf_type(inner) else None
        listed = isinstance(inner, GraphQLList)
        self.item = Shape(plan, inner.of_type, details) if listed else None
        self._plan, self._details = plan, details
        self._asked: dict[str, Fields] = {}

    def asked(self, kind: GraphQLObjectType) -> "Fields":
        """What is asked of an object of this type; worked out when there is a first."""
        found = self._asked.get(kind.name)
        if found is None:
            found = self._asked[kind.name] = self._plan.below(kind, self._details)
        return found

    def reads(self) -> Callable[[Any], dict[str, Any]] | None:
        """What reads any object of it at once; None where that takes a look at the object."""
        kind = self.kind
        if not isinstance(kind, GraphQLObjectType) or kind.is_type_of:
            return None
        return self.asked(kind).reads


class Step:
    """One field to answer: its place in the answer, how it is read, and what it holds.

    `known` is its value where the type alone says it. `column` and `attribute` are read without a
    call. `fixed` are the arguments where they are the same each time.
    """

    __slots__ = (
        "attribute",
        "column",
        "direct",
        "field",
        "field_name",
        "fixed",
        "key",
        "known",
        "nodes",
        "parent",
        "shape",
        "waits",
    )

    def __init__(
        self, plan: "Plan", parent: GraphQLObjectType, key: str, details: FieldDetailsList
    ) -> None:
        self.key = key
        self.nodes: list[FieldNode] = [one.node for one in details]
        self.parent = parent
        self.field_name = name = self.nodes[0].name.value
        found = plan.schema.get_field(parent, name)
        if found is None:
            raise TypeError(f"a valid document asks for no {parent.name}.{name}")
        self.field = found
        self.shape = Shape(plan, found.type, details)
        self.known = parent.name if name == "__typename" else None
        definition = found.extensions.get(DEFINITION)
        basic = isinstance(definition, StrawberryField) and definition.is_basic_field
        self.column = found.resolve if isinstance(found.resolve, Column) else None
        self.attribute = definition.python_name if definition and basic else None
        self.direct = found.resolve if isinstance(found.resolve, Direct) else None
        self.waits = self.direct is not None and iscoroutinefunction(self.direct.call)
        self.fixed = self._fixed()

    def _fixed(self) -> Mapping[str, Any] | None:
        if not self.field.args:
            return {}
        told = self.nodes[0].arguments or ()
        if self.direct is None or any(map(_varies, told)):
            return None
        try:
            given = get_argument_values(self.field, self.nodes[0])
        except GraphQLError:
            return None  # told to whoever asks, each time
        return None if self.direct.makes(given) else self.direct.arguments(given)

    def given(self, variables: VariableValues, *, hide_suggestions: bool) -> dict[str, Any]:
        """The arguments as the library reads them."""
        if not self.field.args:
            return {}
        return get_argument_values(
            self.field, self.nodes[0], variables, hide_suggestions=hide_suggestions
        )

    def read(self, source: Any, info: Any, given: Mapping[str, Any]) -> Any:
        """The value, read as the library reads it."""
        return (self.field.resolve or default_field_resolver)(source, info, **given)


class Fields:
    """What is asked of an object: its steps, and where all of them are columns what `reads` them
    without a look at each."""

    __slots__ = ("reads", "steps")

    def __init__(self, steps: tuple[Step, ...]) -> None:
        self.steps = steps
        columns = {step.key: step.column for step in steps if step.column is not None}
        alike = columns and len(columns) == len(steps)
        self.reads = read_together(columns) if alike else None


class Plan:
    """What one operation asks, where the variables of its directives have certain values."""

    def __init__(self, plans: "Plans", variables: VariableValues) -> None:
        self.schema, self.operation = plans.schema, plans.operation
        self.fragments = {name: one.definition for name, one in plans.fragments.items()}
        self._plans, self._variables = plans, variables
        root = self.schema.get_root_type(self.operation.operation)
        if root is None:
            raise TypeError(f"the schema has no {self.operation.operation.value}")
        asked = collect_fields(self.schema, plans.fragments, variables, root, self.operation)
        self.asked = self._fields(root, asked)

    def below(self, parent: GraphQLObjectType, details: FieldDetailsList) -> Fields:
        """What is asked of an object of this type where these fields led to it."""
        fragments = self._plans.fragments
        asked = collect_subfields(
            self.schema, fragments, self._variables, self.operation, parent, details
        )
        return self._fields(parent, asked)

    def _fields(self, parent: GraphQLObjectType, asked: CollectedFields) -> Fields:
        grouped = asked.grouped_field_set
        return Fields(tuple(Step(self, parent, key, each) for key, each in grouped.items()))


class Plans:
    """The plans of one operation, each made when it is first asked for."""

    def __init__(
        self, schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode
    ) -> None:
        self.schema, self.operation = schema, operation
        self.fragments = {
            one.name.value: FragmentDetails(one)
            for one in document.definitions
            if isinstance(one, FragmentDefinitionNode)
        }
        self._document = document
        self._deciding: tuple[str, ...] | None = None
        self._made: dict[tuple[Any, ...], Plan] = {}

    def of(self, variables: VariableValues) -> Plan:
        """The plan for these variables."""
        if self._deciding is None:
            self._deciding = _deciding(self._document)
        told = {name: variables.coerced.get(name) for name in self._deciding}
        key = tuple(told.values())
        plan = self._made.get(key)
        if plan is None:
            if len(self._made) >= KEPT:
                self._made.clear()
            # Of an asker's variables a plan keeps no others: they may hold a name.
            sources = {name: variables.sources[name] for name in told if name in variables.sources}
            coerced = {name: variables.coerced[name] for name in sources}
            plan = self._made[key] = Plan(self, VariableValues(sources, coerced))
        return plan


def _deciding(document: DocumentNode) -> tuple[str, ...]:
    """The variables by which `@skip` and `@include` decide what is asked."""
    found: set[str] = set()

    class Looking(Visitor):
        def enter_directive(self, node: DirectiveNode, *_: Any) -> None:
            """One directive; a valid operation has no others."""
            given = [one.value for one in node.arguments or ()]
            found.update(one.name.value for one in given if isinstance(one, VariableNode))

    visit(document, Looking())
    return tuple(sorted(found))


class _Varying(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.found = False

    def enter_variable(self, *_: Any) -> None:
        """One variable."""
        self.found = True


def _varies(argument: ArgumentNode) -> bool:
    looking = _Varying()
    visit(argument, looking)
    return looking.found
