"""Limits: how large, deep and costly a document may be (api 18), told before it is validated.

One linear pass over the parsed document, each fragment measured once however often it is spread, so
that no document costs more than its length. Knows types and arguments; never who asks. Validity is
no matter here: what the schema does not have is counted as if it had, and refused afterwards.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    NullValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_list_type,
)

from schema.paging import PAGE_DEFAULT, PAGE_MAX

LIST_ASSUMED = 10
"""Items in a list that is no connection; such a list is short by rule (api 7)."""

ENVELOPE = frozenset({"PageInfo", "UserError", "Detail"})
"""Types that come with an answer and are read from nowhere: free."""

HAS_FIELDS = (GraphQLObjectType, GraphQLInterfaceType)
INTROSPECTION = frozenset({"__schema", "__type"})
INTROSPECTION_COST = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one document may ask for; `cost` is in points, an object being one.

    `repeats` are fields that a selection has already: whether two of one name can be merged is
    asked of every pair of them, and of what is below every pair (120 held the loop for 0.3 s).
    """

    tokens: int = 1_000
    comments: int = 200
    characters: int = 65_536
    depth: int = 12
    aliases: int = 15
    repeats: int = 60
    root_fields: int = 15
    cost: int = 5_000


def too_complex(says: str, node: Any = None) -> GraphQLError:
    """The refusal of a document that breaks a limit."""
    return GraphQLError(says, node, extensions={"code": "DOCUMENT_TOO_COMPLEX"})


@dataclass(frozen=True, slots=True)
class Factor:
    """How often a field's selection is answered, at worst; some of it known by the request only.

    `pages` and `lists` are the variables that name a page's size, and a list to be looked up.
    """

    known: int
    pages: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()

    def of(self, variables: Mapping[str, Any]) -> int:
        """The factor under these variables. What no page can be counts as the largest page."""
        sizes = [self.known]
        for name in self.pages:
            size = variables.get(name)
            if size is None:
                sizes.append(PAGE_DEFAULT)
            else:
                sizes.append(size if type(size) is int and 0 <= size <= PAGE_MAX else PAGE_MAX)
        for name in self.lists:
            value = variables.get(name)
            sizes.append(len(value) if isinstance(value, list) else 1)
        return max(sizes)


ONCE = Factor(1)


@dataclass(frozen=True, slots=True, eq=False)
class Cost:
    """Points: a known part, and parts that wait for the request's variables."""

    known: int = 0
    waiting: tuple[tuple[Factor, "Cost"], ...] = ()

    def of(self, variables: Mapping[str, Any]) -> int:
        """The points under these variables; shared parts are added up once, so it is linear."""
        return self._sum(variables, {})

    def _sum(self, variables: Mapping[str, Any], sums: dict["Cost", int]) -> int:
        if not self.waiting:
            return self.known
        if self not in sums:
            parts = (f.of(variables) * c._sum(variables, sums) for f, c in self.waiting)
            sums[self] = self.known + sum(parts)
        return sums[self]


NOTHING = Cost()


def _times(factor: Factor, cost: Cost) -> Cost:
    if cost is NOTHING:
        return NOTHING
    if factor.pages or factor.lists or cost.waiting:
        return Cost(0, ((factor, cost),))
    return Cost(factor.known * cost.known)


def _plus(costs: list[Cost]) -> Cost:
    """A sum that points at its waiting parts and never copies them, or repeats would multiply."""
    known = sum(cost.known for cost in costs if not cost.waiting)
    waiting = tuple((ONCE, cost) for cost in costs if cost.waiting)
    return Cost(known, waiting) if known or waiting else NOTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What a selection amounts to: levels below it, fields in it, points, introspection.

    `keys` are what the answer calls those fields.
    """

    depth: int = 0
    fields: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    cost: Cost = NOTHING
    introspects: bool = False


@dataclass(slots=True)
class _Pass:
    schema: GraphQLSchema
    limits: Limits
    fragments: dict[str, FragmentDefinitionNode]
    measured: dict[str, Shape] = field(default_factory=dict)
    aliases: int = 0
    repeats: int = 0

    def selections(self, parent: GraphQLNamedType | None, node: SelectionSetNode) -> Shape:
        depth, introspects = 0, False
        fields: list[str] = []
        keys: list[str] = []
        costs: list[Cost] = []
        for selection in node.selections:
            if isinstance(selection, FieldNode):
                shape = self.field(parent, selection)
            elif isinstance(selection, FragmentSpreadNode):
                shape = self.fragment(selection.name.value)
            else:
                shape = self.inline(parent, selection)
            depth = max(depth, shape.depth)
            introspects = introspects or shape.introspects
            fields.extend(shape.fields)
            keys.extend(shape.keys)
            costs.append(shape.cost)
        self.repeats += len(keys) - len(set(keys))
        if self.repeats > self.limits.repeats:
            raise too_complex(f"A document repeats at most {self.limits.repeats} fields.", node)
        return Shape(
            depth=depth,
            fields=tuple(fields),
            keys=tuple(keys),
            cost=_plus(costs),
            introspects=introspects,
        )

    def inline(self, parent: GraphQLNamedType | None, node: Any) -> Shape:
        if not isinstance(node, InlineFragmentNode):
            return Shape()
        condition = node.type_condition
        on = self.schema.get_type(condition.name.value) if condition else parent
        return self.selections(on, node.selection_set)

    def fragment(self, name: str) -> Shape:
        definition = self.fragments.get(name)
        if definition is None:
            return Shape()
        if name not in self.measured:
            # Known as empty while it is being measured: a cycle ends here, validation names it.
            self.measured[name] = Shape()
            on = self.schema.get_type(definition.type_condition.name.value)
            self.measured[name] = self.selections(on, definition.selection_set)
        return self.measured[name]

    def field(self, parent: GraphQLNamedType | None, node: FieldNode) -> Shape:
        name = key = node.name.value
        if node.alias:
            key = node.alias.value
            self.aliases += 1
            if self.aliases > self.limits.aliases:
                raise too_complex(f"A document has at most {self.limits.aliases} aliases.", node)
        if name in INTROSPECTION:
            cost = Cost(INTROSPECTION_COST)
            return Shape(depth=1, fields=(name,), keys=(key,), cost=cost, introspects=True)
        fields = parent.fields if isinstance(parent, HAS_FIELDS) else {}
        known = fields.get(name)
        inner = get_named_type(known.type) if known else None
        below = self.selections(inner, node.selection_set) if node.selection_set else Shape()
        return Shape(
            depth=1 + below.depth,
            fields=(name,),
            keys=(key,),
            cost=_points(parent, known, inner, node, below.cost),
            introspects=below.introspects,
        )


def _points(
    parent: GraphQLNamedType | None,
    known: GraphQLField | None,
    inner: GraphQLNamedType | None,
    node: FieldNode,
    below: Cost,
) -> Cost:
    """A field's points: leaves and envelopes nothing, an object one and what is below it."""
    if known is None or not is_composite_type(inner) or inner.name in ENVELOPE:
        return NOTHING
    if "first" in known.args:
        return _plus([Cost(1), _times(_page(node), below)])
    item = _plus([Cost(1), below])
    # A connection's own lists are as long as its page, which its field has counted already.
    in_page = parent is not None and parent.name.endswith("Connection")
    if in_page or not is_list_type(get_nullable_type(known.type)):
        return item
    return _times(_looked_up(known, node), item)


def _page(node: FieldNode) -> Factor:
    given = {argument.name.value: argument.value for argument in node.arguments or ()}
    sizes = [value for name in ("first", "last") if (value := given.get(name)) is not None]
    sizes = [value for value in sizes if not isinstance(value, NullValueNode)]
    pages = tuple(value.name.value for value in sizes if isinstance(value, VariableNode))
    known = [_literal(value) for value in sizes if not isinstance(value, VariableNode)]
    return Factor(max(known, default=0 if pages else PAGE_DEFAULT), pages=pages)


def _literal(value: ValueNode) -> int:
    fits = isinstance(value, IntValueNode) and value.value.isdigit() and len(value.value) <= 3
    return min(int(value.value), PAGE_MAX) if fits and isinstance(value, IntValueNode) else PAGE_MAX


def _looked_up(known: GraphQLField, node: FieldNode) -> Factor:
    """A list that answers a list of ids is as long as that."""
    lists = {n for n, arg in known.args.items() if is_list_type(get_nullable_type(arg.type))}
    given = [argument.value for argument in node.arguments or () if argument.name.value in lists]
    if not given:
        return Factor(LIST_ASSUMED)
    names = tuple(value.name.value for value in given if isinstance(value, VariableNode))
    sizes = [len(value.values) for value in given if isinstance(value, ListValueNode)]
    return Factor(max(sizes, default=1), lists=names)


def measure(
    schema: GraphQLSchema, document: DocumentNode, limits: Limits
) -> list[tuple[OperationDefinitionNode, Shape]]:
    """The shape of every operation of a document, or DOCUMENT_TOO_COMPLEX.

    Cost is checked by the caller, once the variables are known.
    """
    fragments = {
        node.name.value: node
        for node in document.definitions
        if isinstance(node, FragmentDefinitionNode)
    }
    measuring = _Pass(schema, limits, fragments)
    shapes = []
    try:
        for name in fragments:
            measuring.fragment(name)
        for node in document.definitions:
            if isinstance(node, OperationDefinitionNode):
                root = schema.get_root_type(node.operation)
                shapes.append((node, measuring.selections(root, node.selection_set)))
    except RecursionError:
        raise too_complex("The document is nested too deeply.") from None
    for node, shape in shapes:
        if shape.depth > limits.depth:
            raise too_complex(f"An operation is at most {limits.depth} levels deep.", node)
        if len(shape.fields) > limits.root_fields:
            raise too_complex(f"An operation has at most {limits.root_fields} root fields.", node)
    return shapes
