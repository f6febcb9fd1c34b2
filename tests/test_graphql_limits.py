"""Limits: what a document amounts to, told in one pass whatever its fragments do."""

import time
from contextlib import suppress
from typing import Any

import pytest
from graphql import GraphQLError, build_schema, get_operation_ast, parse

from schema.documents import Documents
from schema.errors import Refused
from schema.limits import LIST_ASSUMED, Limits, Shape, measure

SCHEMA = build_schema("""
    type Query { a: Query b: Int page(first: Int, last: Int): PageConnection items: [Query!]!
      nodes(ids: [ID!]!): [Query]! some(of: Some): Query union: Either }
    type PageConnection { edges: [PageEdge!]! nodes: [Query!]! pageInfo: PageInfo! }
    type PageEdge { node: Query! cursor: String! }
    type PageInfo { hasNextPage: Boolean! }
    union Either = Query | PageEdge
    input Some { x: Int }
    type Mutation { write: Payload }
    type Payload { thing: Query userErrors: [UserError!]! }
    type UserError { message: String! details: [Detail!]! }
    type Detail { name: String! }
""")


def shape(text: str) -> Shape:
    document = parse(text, max_lexical_tokens=1_000)
    shapes = measure(SCHEMA, document, Limits())
    assert shapes[0][0] is get_operation_ast(document)
    return shapes[0][1]


@pytest.mark.parametrize(
    ("text", "points"),
    [
        ("{ b }", 0),
        ("{ a { b } }", 1),
        ("{ a { a { b } b } }", 2),
        ("{ page { nodes { b } } }", 1 + 20),
        ("{ page(first: 5) { nodes { b } } }", 1 + 5),
        ("{ page(last: 5) { edges { cursor node { b } } } }", 1 + 5 * 2),
        ("{ page(first: 5) { pageInfo { hasNextPage } } }", 1),
        ("{ page(first: 5) { edges { node { page(first: 4) { nodes { b } } } } } }", 1 + 5 * 7),
        ("{ page(first: 0) { nodes { b } } }", 1),
        ("{ page(first: null) { nodes { b } } }", 1 + 20),
        ("{ page(first: 999999999999) { nodes { b } } }", 1 + 100),
        ("{ page(first: -1) { nodes { b } } }", 1 + 100),
        ('{ page(first: "x") { nodes { b } } }', 1 + 100),
        ("{ page(first: 2, last: 7) { nodes { b } } }", 1 + 7),
        ("{ items { b } }", LIST_ASSUMED),
        ("{ items { a { b } } }", LIST_ASSUMED * 2),
        ('{ nodes(ids: ["1", "2", "3"]) { b } }', 3),
        ("{ ...A ...A } fragment A on Query { a { b } }", 2),
        ("{ union { ... on Query { a { b } } ... on PageEdge { node { b } } } }", 3),
        ("mutation { write { thing { b } userErrors { message details { name } } } }", 2),
        ("{ unknown { a { b } } }", 0),
    ],
)
def test_an_operation_costs_what_it_may_read_at_worst(text: str, points: int) -> None:
    assert shape(text).cost.of({}) == points


@pytest.mark.parametrize(
    ("variables", "points"),
    [
        ({}, 21),
        ({"n": None}, 21),
        ({"n": 7}, 8),
        ({"n": 0}, 1),
        ({"n": 100}, 101),
        ({"n": 101}, 101),
        ({"n": -5}, 101),
        ({"n": "7"}, 101),
        ({"n": True}, 101),
        ({"n": 10**30}, 101),
    ],
)
def test_a_variable_page_costs_what_the_request_says(
    variables: dict[str, Any], points: int
) -> None:
    measured = shape("query($n: Int) { page(first: $n) { nodes { b } } }")
    assert measured.cost.of(variables) == points


def test_a_variable_costs_wherever_its_fragment_is_spread() -> None:
    measured = shape("""query($n: Int, $ids: [ID!]!) { nodes(ids: $ids) { ...A } a { ...A } }
        fragment A on Query { page(first: $n) { nodes { b } } }""")
    assert measured.cost.of({"n": 3, "ids": ["x"] * 10}) == 10 * (1 + 4) + (1 + 4)


def test_a_default_counts_where_the_variable_is_left_out() -> None:
    text = "query($n: Int = 3) { page(first: $n) { nodes { b } } }"
    operation = Documents(SCHEMA, Limits()).prepare(text).pick(None)
    assert (operation.cost({}), operation.cost({"n": 9})) == (4, 10)


LEAF = "fragment B on Query { b }"
PAGED = "{ page(first: $n) { nodes { b } } }"


def test_depth_counts_fields_through_fragments() -> None:
    assert shape("{ b }").depth == 1
    assert shape("{ a { a { b } } b }").depth == 3
    assert shape("{ a { ... { a { b } } } }").depth == 3
    assert (
        shape("{ a { ...A } } fragment A on Query { a { ...B } } fragment B on Query { b }").depth
        == 3
    )


def refusal(text: str) -> str:
    with pytest.raises(GraphQLError) as refused:
        shape(text)
    assert refused.value.extensions == {"code": "DOCUMENT_TOO_COMPLEX"}
    return refused.value.message


def test_each_limit_is_reached_and_not_passed() -> None:
    assert shape("{" + "a {" * 11 + "b" + "}" * 12).depth == 12
    assert "levels" in refusal("{" + "a {" * 12 + "b" + "}" * 13)
    assert len(shape("{" + "b " * 15 + "}").fields) == 15
    assert "root fields" in refusal("{" + "b " * 16 + "}")
    assert "root fields" in refusal("{ ...A ...A } fragment A on Query {" + "b " * 8 + "}")
    shape("{" + " ".join(f"x{i}: b" for i in range(15)) + "}")
    assert "aliases" in refusal("{ a {" + " ".join(f"x{i}: b" for i in range(16)) + "} }")
    assert "aliases" in refusal(
        "{ b } fragment A on Query {" + " ".join(f"x{i}: b" for i in range(16)) + "}"
    )


@pytest.mark.parametrize(
    "repeated",
    [
        "{ a {" + "b " * 62 + "} }",
        "{ a {" + "a { a { b } } " * 62 + "} }",
        "{ a {" + "a { b b b b } " * 20 + "} }",
        "{ a {" + "... { b } " * 62 + "} }",
        "{ a { ...A ...B } } fragment A on Query { " + "b " * 31 + "} "
        "fragment B on Query { " + "b " * 31 + "}",
        "{ a {" + "x: b " * 10 + "b " * 53 + "} }",
    ],
)
def test_fields_are_not_repeated_without_end(repeated: str) -> None:
    assert "repeats at most 60" in refusal(repeated)


@pytest.mark.parametrize(
    "repeated",
    [
        "{ a {" + "b " * 61 + "} }",
        "{ a {" + "a { b } " * 61 + "} }",
        "{" + " ".join(f"x{n}: a {{ b b b b }}" for n in range(15)) + "}",
    ],
)
def test_fields_are_repeated_so_often(repeated: str) -> None:
    shape(repeated)


def chain(levels: int, body: str) -> str:
    links = "".join(
        f" fragment F{i} on Query {{ {body.format(next=i + 1)} }}" for i in range(levels)
    )
    return "{ ...F0 }" + links + f" fragment F{levels} on Query {{ b }}"


@pytest.mark.parametrize(
    "text",
    [
        chain(85, "...F{next} ...F{next}"),
        chain(60, "a {{ ...F{next} }} a {{ ...F{next} }}"),
        chain(9, "a {{ ...F{next} }} " * 10),
        chain(9, "page {{ nodes {{ ...F{next} }} nodes {{ ...F{next} }} }}"),
        "query($n: Int) "
        + chain(8, "a {{ ...F{next} }} " * 10).replace(
            "{ b }", "{ page(first: $n) { nodes { b } } }"
        ),
        "{ ...Missing }",
        "{" + "a {" * 190 + "b" + "}" * 191,
        "query($n: Int) {" + "page(first: $n) { nodes {" * 40 + "b" + "}" * 81,
    ],
)
def test_no_thousand_tokens_take_longer_than_they_are(text: str) -> None:
    documents = Documents(SCHEMA, Limits())
    began = time.process_time()
    with suppress(Refused):
        documents.prepare(text).pick(None).cost({"n": "x"})
    assert time.process_time() - began < 0.5


def test_doubling_fragments_are_added_up_once_and_counted_twice() -> None:
    text = "query($n: Int) " + chain(9, "a {{ ...F{next} }} a {{ ...F{next} }}")
    measured = shape(text.replace("{ b }", PAGED))
    assert measured.cost.of({"n": 9}) == 2**9 * (1 + 9) + sum(2**k for k in range(1, 10))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{" + "b " * 999 + "}", "DOCUMENT_TOO_COMPLEX"),
        ("{ ...A } fragment A on Query { ...A a { ...A } }", "GRAPHQL_VALIDATION_FAILED"),
        (
            "{ ...A } fragment A on Query { a { ...B } } fragment B on Query { a { ...A } }",
            "GRAPHQL_VALIDATION_FAILED",
        ),
        ("{ b }" + "#\n" * 201, "DOCUMENT_TOO_COMPLEX"),
        ("{ b }" + " " * 70_000, "DOCUMENT_TOO_COMPLEX"),
        ("{ " + "[" * 300, "GRAPHQL_PARSE_FAILED"),
        ("{ a(x: " + "[" * 300 + "]" * 300 + ") { b } }", "DOCUMENT_TOO_COMPLEX"),
        ("{ page(first: " + "9" * 5000 + ") { nodes { b } } }", "GRAPHQL_VALIDATION_FAILED"),
    ],
)
def test_the_first_limit_that_breaks_names_the_code(text: str, code: str) -> None:
    with pytest.raises(Refused) as refused:
        Documents(SCHEMA, Limits()).prepare(text)
    assert refused.value.code == code


def test_a_document_is_prepared_once_and_its_refusal_too(monkeypatch: Any) -> None:
    documents = Documents(SCHEMA, Limits())
    assert not documents.remembers("{ b }")
    prepared = documents.prepare("{ b }")
    with pytest.raises(Refused):
        documents.prepare("{ c }")
    assert documents.remembers("{ b }")
    assert documents.remembers("{ c }")
    assert not documents.remembers("{ b }", suggest=True)
    monkeypatch.setattr("schema.documents.parse", None)
    assert documents.prepare("{ b }") is prepared
    with pytest.raises(Refused, match="Cannot query"):
        documents.prepare("{ c }")


def test_the_cache_holds_so_much_text_and_forgets_the_longest_unused() -> None:
    documents = Documents(SCHEMA, Limits(), cached_characters=30)
    first = documents.prepare("{ b b b b }")
    second = documents.prepare("{ b b b }")
    assert documents.prepare("{ b b b b }") is first
    documents.prepare("{ a { b } }")
    assert documents.prepare("{ b b b b }") is first
    assert documents.prepare("{ b b b }") is not second


def test_a_document_larger_than_the_cache_is_answered_and_not_kept() -> None:
    documents = Documents(SCHEMA, Limits(), cached_characters=4)
    assert documents.prepare("{ b b b b }") is not documents.prepare("{ b b b b }")
