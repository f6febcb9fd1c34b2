"""Conventions of the printed schema, as linters with the Relay rules would find them broken.

The rules of `@graphql-eslint` (relay-arguments, -connection-types, -edge-types, -page-info,
input-name, no-unreachable-types, require-deprecation-date) and of `graphql-schema-linter`, but for
its alphabetical orders, written anew: both want a runtime of their own. The schema is read from the
file, as they read it. Each rule is tried on a schema that breaks it.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    get_named_type,
    get_nullable_type,
    is_list_type,
    is_scalar_type,
)

import schema

CAMEL, PASCAL, UPPER = (
    re.compile(shape) for shape in ("[a-z][A-Za-z0-9]*", "[A-Z][A-Za-z0-9]*", "[A-Z][A-Z0-9_]*")
)
PAGE_INFO = {
    "hasNextPage": "Boolean!",
    "hasPreviousPage": "Boolean!",
    "startCursor": "String",
    "endCursor": "String",
}
ARGUMENTS = {"first": "Int", "after": "String", "last": "Int", "before": "String"}
Rule = Callable[[GraphQLSchema], Iterator[str]]
HOLDERS = (GraphQLObjectType, GraphQLInterfaceType, GraphQLInputObjectType)


def objects(told: GraphQLSchema) -> Iterator[GraphQLObjectType]:
    for name, kind in told.type_map.items():
        if isinstance(kind, GraphQLObjectType) and not name.startswith("__"):
            yield kind


def connections_have_edges_and_page_info(told: GraphQLSchema) -> Iterator[str]:
    for kind in objects(told):
        if kind.name.endswith("Connection"):
            edges, info = kind.fields.get("edges"), kind.fields.get("pageInfo")
            inner = get_nullable_type(edges.type) if edges else None
            if not is_list_type(inner) or not get_named_type(inner).name.endswith("Edge"):
                yield f"{kind.name}.edges"
            if info is None or str(info.type) != "PageInfo!":
                yield f"{kind.name}.pageInfo"


def edges_have_node_and_cursor(told: GraphQLSchema) -> Iterator[str]:
    for kind in objects(told):
        if kind.name.endswith("Edge"):
            node, cursor = kind.fields.get("node"), kind.fields.get("cursor")
            if node is None or is_list_type(get_nullable_type(node.type)):
                yield f"{kind.name}.node"
            if cursor is None or not is_scalar_type(get_nullable_type(cursor.type)):
                yield f"{kind.name}.cursor"


def page_info_is_relays(told: GraphQLSchema) -> Iterator[str]:
    for kind in objects(told):
        if kind.name == "PageInfo":
            given = {name: str(field.type) for name, field in kind.fields.items()}
            yield from (name for name in PAGE_INFO if given.get(name) != PAGE_INFO[name])


def connections_are_paged_either_way(told: GraphQLSchema) -> Iterator[str]:
    for kind in objects(told):
        for name, field in kind.fields.items():
            if get_named_type(field.type).name.endswith("Connection"):
                given = {a: str(argument.type) for a, argument in field.args.items()}
                yield from (f"{kind.name}.{name}({a})" for a in ARGUMENTS if a not in given)
                wrong = (a for a in ARGUMENTS if given.get(a, ARGUMENTS[a]) != ARGUMENTS[a])
                yield from (f"{kind.name}.{name}({a}) {given[a]}" for a in wrong)


def names_have_their_shape(told: GraphQLSchema) -> Iterator[str]:
    for name, kind in told.type_map.items():
        if name.startswith("__"):
            continue
        if not PASCAL.fullmatch(name):
            yield name
        if isinstance(kind, GraphQLEnumType):
            yield from (f"{name}.{value}" for value in kind.values if not UPPER.fullmatch(value))
        if isinstance(kind, HOLDERS):
            for field, made in kind.fields.items():
                named = [field, *getattr(made, "args", {})]
                yield from (f"{name}.{one}" for one in named if not CAMEL.fullmatch(one))


def no_field_says_what_goes_without(told: GraphQLSchema) -> Iterator[str]:
    """No `get`, no `list`, not the type's own name (api 1), and no generic `update` (api 2)."""
    for name, kind in told.type_map.items():
        if isinstance(kind, HOLDERS) and not name.startswith("__"):
            own = re.escape(name[0].lower() + name[1:])
            # An act may well list somebody; what is asked for is a thing and needs no verb.
            verbs = "update" if name == "Mutation" else f"get|list|{own}"
            needless = re.compile(f"({verbs})[A-Z].*")
            yield from (f"{name}.{field}" for field in kind.fields if needless.fullmatch(field))


def money_is_in_fen(told: GraphQLSchema) -> Iterator[str]:
    """Money is a scalar of its own (api 10)."""
    for name, kind in told.type_map.items():
        for field, made in (kind.fields if isinstance(kind, HOLDERS) else {}).items():
            is_money = re.fullmatch("(.*F|f)en", field)
            if is_money and get_named_type(made.type).name != "Fen":
                yield f"{name}.{field} {made.type}"


def descriptions_begin_with_a_capital(told: GraphQLSchema) -> Iterator[str]:
    for name, kind in told.type_map.items():
        if name.startswith("__") or is_scalar_type(kind):
            continue
        described = {name: kind.description}
        if isinstance(kind, HOLDERS):
            described |= {f"{name}.{n}": field.description for n, field in kind.fields.items()}
        yield from (what for what, says in described.items() if not says or says[0].islower())


def every_type_is_reached(told: GraphQLSchema) -> Iterator[str]:
    roots = [told.query_type, told.mutation_type, told.subscription_type]
    left, reached = [root for root in roots if root], set[str]()
    while left:
        kind = left.pop()
        if kind.name in reached:
            continue
        reached.add(kind.name)
        if isinstance(kind, GraphQLInterfaceType):
            left += told.get_possible_types(kind)
        if isinstance(kind, HOLDERS):
            for field in kind.fields.values():
                left.append(get_named_type(field.type))
                left += [get_named_type(a.type) for a in getattr(field, "args", {}).values()]
            left += getattr(kind, "interfaces", ())
    own = (name for name, kind in told.type_map.items() if not name.startswith("__"))
    yield from (name for name in own if name not in reached | {"Boolean", "String", "Int"})


def what_goes_away_has_its_date(told: GraphQLSchema) -> Iterator[str]:
    for name, kind in told.type_map.items():
        fields = kind.fields if isinstance(kind, HOLDERS) else {}
        values = kind.values if isinstance(kind, GraphQLEnumType) else {}
        for at, made in {**fields, **values}.items():
            reason = made.deprecation_reason
            if reason is not None and not re.search(r"\d{4}-\d{2}-\d{2}", reason):
                yield f"{name}.{at}"


WELL = '''
"""All."""
type Query {
  """Things."""
  things(first: Int, after: String, last: Int, before: String): ThingConnection!
  """Old."""
  old: Kind @deprecated(reason: "From 2027-06-01: use things.")
}
"""Kinds."""
enum Kind { BIG }
"""Things."""
type ThingConnection {
  """Items."""
  edges: [ThingEdge!]!
  """Where."""
  pageInfo: PageInfo!
}
"""An item."""
type ThingEdge {
  """It."""
  node: Kind!
  """Its place."""
  cursor: String!
}
"""A page."""
type PageInfo {
  """Next?"""
  hasNextPage: Boolean!
  """Before?"""
  hasPreviousPage: Boolean!
  """First."""
  startCursor: String
  """Last."""
  endCursor: String
}
'''
BROKEN: dict[Rule, list[tuple[str, str]]] = {
    connections_have_edges_and_page_info: [
        ("edges: [ThingEdge!]!", "edges: ThingEdge!"),
        ("edges: [", "items: ["),
        ("edges: [ThingEdge!]!", "edges: [Kind!]!"),
        ("pageInfo: PageInfo!", "pageInfo: PageInfo"),
    ],
    edges_have_node_and_cursor: [
        ("node: Kind!", "item: Kind!"),
        ("node: Kind!", "node: [Kind!]!"),
        ("cursor: String!", "cursor: PageInfo!"),
    ],
    page_info_is_relays: [
        ("hasNextPage: Boolean!", "hasNextPage: Boolean"),
        ("endCursor", "lastCursor"),
    ],
    connections_are_paged_either_way: [
        (", last: Int", ""),
        ("after: String", "after: Int"),
        ("first: Int", "first: Int!"),
    ],
    names_have_their_shape: [
        ("enum Kind { BIG }", "enum Kind { big }"),
        ("  old:", "  old_one:"),
        ("Thing", "thing"),
        ("first: Int,", "first: Int, Of: Int,"),
    ],
    no_field_says_what_goes_without: [
        ("  old:", "  getOld:"),
        ("  old:", "  listOld:"),
        ("type Query {", 'type Mutation { updateOld: Int }\n"""All."""\ntype Query {'),
        ("node: Kind!", "thingEdgeNode: Kind!"),
    ],
    money_is_in_fen: [("node: Kind!", "fen: Int!"), ("node: Kind!", "spentFen: Int!")],
    descriptions_begin_with_a_capital: [('"""It."""', '"""it."""'), ('"""Kinds."""', "")],
    every_type_is_reached: [("{ BIG }", '{ BIG }\n"""No."""\ntype Nobody { x: Int }')],
    what_goes_away_has_its_date: [("2027-06-01", "soon")],
}


@pytest.fixture(scope="module")
def printed() -> GraphQLSchema:
    return build_schema((Path(schema.__file__).parent / "schema.graphql").read_text("utf-8"))


@pytest.mark.parametrize("rule", BROKEN, ids=lambda rule: rule.__name__)
def test_the_schema_keeps_the_rule(printed: GraphQLSchema, rule: Rule) -> None:
    assert list(rule(printed)) == []


@pytest.mark.parametrize("rule", BROKEN, ids=lambda rule: rule.__name__)
def test_the_rule_finds_what_breaks_it(rule: Rule) -> None:
    assert list(rule(build_schema(WELL))) == []
    for was, broken in BROKEN[rule]:
        assert was in WELL
        assert list(rule(build_schema(WELL.replace(was, broken)))), broken
