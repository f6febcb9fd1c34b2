"""What capabilities build on: payloads, user errors, request keys, fields, plain columns."""

from datetime import UTC, date, datetime
from enum import Enum
from typing import Any

import pytest
import strawberry
from graphql import GraphQLError, GraphQLObjectType
from strawberry.schema.config import StrawberryConfig

from schema.columns import Column, mark_columns
from schema.context import Context, Input
from schema.execution import bulk_mutations
from schema.fields import field
from schema.refusal import Info, Payload, UserErrorCode, domain_refusals, mutation, refusals_in
from schema.resolvers import call_directly
from schema.scalars import SCALARS, Long
from tests.walking import executed, walked
from timebank.actors import person
from timebank.clock import SystemClock
from timebank.journal import Answer
from timebank.refusals import Forbidden, IdempotencyKeyReused, NotFound, Refusal


class OutOfBounds(Refusal):
    """A test's own: never in the API."""

    says = "Out of bounds."


class Colour(Enum):
    RED = 1
    BLUE = 2


@strawberry.input
class Part:
    size: int
    day: date | None = strawberry.UNSET


@strawberry.input
class PaintInput(Input):
    colour: str
    parts: list[Part] | None = strawberry.UNSET


@strawberry.input
class DyeInput(PaintInput):
    pass


@strawberry.type(description="Painted.")
class PaintPayload(Payload):
    thing: str | None = None


RAISED: dict[str, BaseException] = {
    "refusal": NotFound(what="pot"),
    "several": ExceptionGroup("", [NotFound(what="pot"), IdempotencyKeyReused()]),
    "nested": ExceptionGroup("", [ExceptionGroup("", [NotFound(what="pot")])]),
    "denial": Forbidden(),
    "bug": RuntimeError("bug"),
    "mixed": ExceptionGroup("", [NotFound(what="pot"), RuntimeError("bug")]),
}


@strawberry.type
class Mutation:
    @mutation(PaintPayload)
    async def paint(self, info: Info, input: PaintInput) -> PaintPayload:
        """Paint it.

        This second paragraph is for those who read the code.
        """
        if input.colour in RAISED:
            raise RAISED[input.colour]
        return PaintPayload.of(Answer(entry=7, replayed=True), thing=input.colour)

    @mutation(PaintPayload, bulk=True)
    async def dye(self, info: Info, input: DyeInput) -> PaintPayload:
        """Dye it."""
        return PaintPayload()


@strawberry.type
class Row:
    a: int
    b: str | None
    c: Long
    at: datetime
    bad: int
    none: int
    maybe_bad: int | None
    words: list[str]
    inner: "Row | None" = None

    @field
    def computed(self) -> str:
        """From its columns."""
        return f"{self.a}{self.b}"

    @field
    async def awaited(self) -> str:
        """Later."""
        return "later"


def row(**more: Any) -> Row:
    broken: Any = {"bad": "not a number", "none": None, "maybe_bad": "x"}
    at = datetime(2026, 3, 1, tzinfo=UTC)
    return Row(a=1, b=None, c=Long(2**40), at=at, words=["x"], **broken, **more)


@strawberry.type
class Query:
    @field
    def row(self) -> Row | None:
        """One, in another."""
        return row(inner=row())


def schema() -> strawberry.Schema:
    return strawberry.Schema(Query, Mutation, config=StrawberryConfig(scalar_map=SCALARS))


def context(**given: Any) -> Context:
    return Context(
        actor=person(given.pop("name", "ann")),
        clock=SystemClock(),
        secret=given.pop("secret", b"s" * 32),
        **given,
    )


PAINT = """mutation($input: PaintInput!) { paint(input: $input) {
    thing replayed entry { seq } userErrors { code message path details { name value } } } }"""


async def paint(colour: str, **given: Any) -> Any:
    return await schema().execute(
        PAINT,
        {"input": {"idempotencyKey": "12345678", "colour": colour}},
        context_value=context(**given),
    )


@pytest.mark.anyio
async def test_an_answer_fills_its_payload() -> None:
    result = await paint("red")
    assert result.errors is None
    assert result.data["paint"] == {
        "thing": "red",
        "replayed": True,
        "entry": {"seq": 7},
        "userErrors": [],
    }


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("colour", "codes"),
    [
        ("refusal", ["NOT_FOUND"]),
        ("several", ["NOT_FOUND", "IDEMPOTENCY_KEY_REUSED"]),
        ("nested", ["NOT_FOUND"]),
    ],
)
async def test_refusals_are_user_errors_one_or_several(colour: str, codes: list[str]) -> None:
    result = await paint(colour, translate=lambda says: says.replace("There is no", "没有"))
    assert result.errors is None
    errors = result.data["paint"]["userErrors"]
    assert [error["code"] for error in errors] == codes
    assert errors[0] == {
        "code": "NOT_FOUND",
        "message": "没有 pot with this id.",
        "path": None,
        "details": [{"name": "what", "value": "pot"}],
    }
    if len(errors) == 2:
        assert errors[1]["path"] == ["idempotencyKey"]


@pytest.mark.anyio
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("colour", ["denial", "bug", "mixed"])
async def test_a_denial_or_a_bug_leaves_null_and_no_user_error(colour: str) -> None:
    result = await paint(colour)
    assert result.data == {"paint": None}
    assert [error.original_error for error in result.errors] == [RAISED[colour]]


def test_a_group_is_refusals_only_if_nothing_else_is_in_it() -> None:
    assert refusals_in(RAISED["mixed"]) is None
    assert refusals_in(RAISED["bug"]) is None
    found = refusals_in(RAISED["several"])
    assert found is not None
    assert [refusal.code for refusal in found] == ["NOT_FOUND", "IDEMPOTENCY_KEY_REUSED"]


def test_every_refusal_of_the_domain_has_its_code_and_a_test_s_own_has_none() -> None:
    assert OutOfBounds.code in Refusal.registry
    assert {code.name for code in UserErrorCode} == set(domain_refusals())
    assert {"NOT_FOUND", "IDEMPOTENCY_KEY_REUSED", "TEXT_TOO_LONG"} <= set(domain_refusals())
    assert OutOfBounds.code not in domain_refusals()


def test_descriptions_are_docstrings_and_without_one_nothing_is_made() -> None:
    printed = schema().as_str()
    assert (
        '"""Paint it."""\n  paint(\n    """What `paint` takes."""\n    input: PaintInput!\n'
        in printed
    )
    assert "second paragraph" not in printed
    assert '"""What `paint` takes."""\ninput PaintInput {' in printed
    assert '"""Painted."""\ntype PaintPayload {' in printed

    async def mute(info: Info, input: PaintInput) -> PaintPayload:
        return PaintPayload()

    with pytest.raises(TypeError, match="needs a docstring"):
        mutation(PaintPayload)(mute)
    with pytest.raises(TypeError, match="needs a docstring"):
        field(mute)


def test_bulk_mutations_are_those_that_say_so() -> None:
    assert bulk_mutations(schema()) == {"dye"}


# Request keys


def paint_input(key: str = "12345678", colour: str = "red", **more: Any) -> PaintInput:
    return PaintInput(idempotency_key=key, colour=colour, **more)


def test_the_same_input_of_the_same_caller_has_the_same_key() -> None:
    one, other = context().key(paint_input()), context().key(paint_input())
    assert one == other
    assert (one.scope, one.key) == ("ann", "12345678")


@pytest.mark.parametrize(
    "other",
    [
        paint_input(colour="blue"),
        paint_input(parts=None),
        paint_input(parts=[]),
        paint_input(parts=[Part(size=1)]),
        paint_input(parts=[Part(size=1, day=None)]),
        paint_input(parts=[Part(size=1, day=date(2026, 3, 1))]),
        paint_input(parts=[Part(size=1), Part(size=1)]),
        DyeInput(idempotency_key="12345678", colour="red"),
    ],
)
def test_other_content_or_another_act_under_the_same_key_is_seen(other: PaintInput) -> None:
    one = context().key(paint_input())
    assert context().key(other).id == one.id
    assert context().key(other).digest != one.digest


def test_contents_that_differ_anywhere_differ_in_their_digests() -> None:
    parts = [None, [], [Part(size=1)], [Part(size=1, day=None)], [Part(size=2)]]
    digests = {context().key(paint_input(parts=part)).digest for part in parts}
    assert len(digests) == len(parts)


def test_the_key_belongs_to_its_caller_and_the_digest_to_the_server() -> None:
    one = context().key(paint_input())
    assert context(name="bob").key(paint_input()).id != one.id
    assert context(secret=b"t" * 32).key(paint_input()).digest != one.digest
    assert context().key(paint_input(key="123456789")).digest == one.digest


@pytest.mark.parametrize("key", ["", "1234567", "x" * 65])
def test_a_key_of_the_wrong_length_is_a_mistake(key: str) -> None:
    with pytest.raises(GraphQLError, match="8 to 64") as refusal:
        context().key(paint_input(key=key))
    assert refusal.value.extensions == {"code": "BAD_USER_INPUT"}


@pytest.mark.parametrize("key", ["12345678", "x" * 64, "钥匙钥匙钥匙钥匙"])
def test_a_key_of_the_right_length_is_taken(key: str) -> None:
    assert context().key(paint_input(key=key)).key == key


# Columns


@pytest.mark.anyio
@pytest.mark.parametrize(
    "selection",
    [
        "a b c at",
        "b a __typename c",
        "c: a a: c",
        "a computed b words at",
        "a inner { b a computed inner { a } words } b",
        "awaited a inner { awaited a }",
        "a maybeBad b",
        "maybeBad inner { maybeBad a }",
        "a bad",
        "a none",
        "a awaited bad",
        "inner { a bad }",
        "inner { a none b }",
        "...F a fragment_",
    ],
)
async def test_the_short_way_answers_exactly_as_the_library_does(selection: str) -> None:
    fragments = " fragment F on Row { b inner { ...G } } fragment G on Row { a b }"
    spread = "...F" in selection
    text = "{ row { " + selection.replace(" fragment_", "") + " } }" + (fragments if spread else "")

    async def answer(short: bool) -> Any:
        made = schema()
        if short:
            mark_columns(made)
            call_directly(made)
        result = await (walked if short else executed)(made, text)
        errors = [(error.path, error.locations) for error in result.errors or ()]
        return repr(result.data), errors

    assert await answer(short=True) == await answer(short=False)


def test_plain_attributes_are_columns_and_nothing_else_is() -> None:
    made = schema()
    mark_columns(made)
    kind = made._schema.type_map["Row"]
    assert isinstance(kind, GraphQLObjectType)
    columns = {name for name, made in kind.fields.items() if isinstance(made.resolve, Column)}
    assert columns == {"a", "b", "c", "at", "bad", "none", "maybeBad"}
