"""Walks along plans: the library's own executor, asked the same, answers the same."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any

import pytest
import strawberry
from graphql import ExecutionResult, get_introspection_query

from schema.columns import mark_columns
from schema.loaders import Loaders
from schema.plans import KEPT
from schema.resolvers import call_directly
from schema.waits import Waits
from tests.walking import executed, plans_of, walked

pytestmark = pytest.mark.anyio


@strawberry.interface
class Named:
    name: str


@strawberry.type
class Cat(Named):
    lives: int | None = 9


@strawberry.type
class Dog(Named):
    @strawberry.field
    async def friend(self) -> Annotated[Cat | Dog, strawberry.union("Animal")]:
        await asyncio.sleep(0)
        return Cat(name=f"friend of {self.name}")

    @strawberry.field
    def bites(self) -> bool:
        raise ValueError(self.name)


@strawberry.type
class Stone:
    name: str


@strawberry.type
class Row:
    n: int
    words: list[str]
    holes: list[int | None]

    @strawberry.field
    def at_once(self, times: int = 2, also: list[int] | None = None) -> int:
        return self.n * times + sum(also or [])

    @strawberry.field
    async def later(self) -> int:
        await asyncio.sleep(0)
        return self.n

    @strawberry.field
    async def late_null(self) -> int:
        await asyncio.sleep(0)
        nothing: Any = None
        return nothing  # type: ignore[no-any-return]  # the fault this field is for

    @strawberry.field
    async def late_fault(self) -> int | None:
        await asyncio.sleep(0)
        raise ValueError("late")

    @strawberry.field
    def odd(self) -> int:
        if self.n % 2:
            return self.n
        raise ValueError("even")

    @strawberry.field
    async def within(self) -> Row:
        return Row(n=self.n + 1, words=[], holes=[])

    @strawberry.field
    async def maybe_within(self) -> Row | None:
        await asyncio.sleep(0)
        return Row(n=self.n + 1, words=[], holes=[])

    @strawberry.field
    async def loaded(self, info: strawberry.Info[Any, None]) -> int | None:
        asked: Asked = info.context
        return await asked.loaders.load(doubled, self.n)

    @strawberry.field
    async def loaded_twice(self, info: strawberry.Info[Any, None]) -> int | None:
        asked: Asked = info.context
        once = await asked.loaders.load(doubled, self.n)
        return await asked.loaders.load(doubled, once or 0)

    @strawberry.field
    def told(self, info: strawberry.Info[Any, None]) -> str:
        at = info.path.as_list()
        return f"{info.field_name} {at} {info.python_name} {info.operation.name}"


@strawberry.type
class Pair:
    n: int
    maybe: int | None = None


def pairs(fault: Any) -> Any:
    """Three, of which the second is, or holds, what may not be there."""
    whole = fault is None or isinstance(fault, Exception)
    return [Pair(n=1), fault if whole else Pair(n=2, maybe=fault), Pair(n=3, maybe=4)]


class Asked:
    """A context with loaders, and the batches they read."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.loaders: Loaders[Asked] = Loaders(self)


async def doubled(context: Asked, keys: Any) -> Mapping[int, int]:
    context.batches.append(list(keys))
    return {key: 2 * key for key in keys}


def row(n: int) -> Row:
    return Row(n=n, words=["a", "b"], holes=[1, None])


@strawberry.type
class Query:
    @strawberry.field
    async def rows(self, count: int = 3) -> list[Row]:
        return [row(n) for n in range(count)]

    @strawberry.field
    def holed(self) -> list[Row | None]:
        return [row(0), None, row(1)]

    @strawberry.field
    def pairs(self, odd: bool = False) -> list[Pair]:
        told: list[Pair] = pairs("odd" if odd else 7)
        return told

    @strawberry.field
    def pairs_holed(self, fails: bool = False) -> list[Pair | None]:
        told: list[Pair | None] = pairs(ValueError("failed") if fails else None)
        return told

    @strawberry.field
    def numberless(self) -> list[Pair | None]:
        nothing: Any = None
        return [Pair(n=1), Pair(n=nothing, maybe=nothing)]

    @strawberry.field
    def pairs_once(self) -> list[Pair]:
        told: Any = iter(pairs("odd"))
        return told  # type: ignore[no-any-return]  # a list that can be read once

    @strawberry.field
    def row(self, n: int = 1) -> Row | None:
        return row(n)

    @strawberry.field
    async def surely(self, n: int = 1) -> Row:
        await asyncio.sleep(0)
        return row(n)

    @strawberry.field
    def named(self) -> list[Named]:
        return [Cat(name="tom"), Dog(name="rex")]

    @strawberry.field
    def cats(self) -> list[Cat | None]:
        told: list[Any] = [Cat(name="tom"), Stone(name="rock")]
        return told

    @strawberry.field
    def wrong(self) -> Cat | None:
        told: Any = Row(n=1, words=[], holes=[])
        return told  # type: ignore[no-any-return]  # the fault this field is for

    @strawberry.field
    def no_list(self) -> list[int] | None:
        told: Any = 7
        return told  # type: ignore[no-any-return]  # the fault this field is for

    @strawberry.field
    def words_null(self) -> list[str] | None:
        told: Any = ["a", None]
        return told  # type: ignore[no-any-return]  # the fault this field is for

    @strawberry.field
    def not_spelled(self) -> int | None:
        told: Any = "seven"
        return told  # type: ignore[no-any-return]  # the fault this field is for


COUNTED: list[str] = []


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def count(self, what: str) -> list[str]:
        COUNTED.append(f"{what} begins")
        await asyncio.sleep(0)
        COUNTED.append(f"{what} ends")
        return list(COUNTED)

    @strawberry.mutation
    async def fail(self) -> int | None:
        await asyncio.sleep(0)
        raise ValueError("no")

    @strawberry.mutation
    async def fail_for_all(self) -> int:
        raise ValueError("no")


ASKED: list[tuple[str, dict[str, Any]]] = [
    ("{ __typename rows { __typename n } }", {}),
    ("{ row { n words holes } other: row(n: 2) { n again: n } }", {}),
    ("{ row { n ...F } } fragment F on Row { words ...G } fragment G on Row { within { n } }", {}),
    ("{ row { within { n } } row { within { words n } ... { holes } } }", {}),
    ("query($n: Int = 4, $t: Int, $a: [Int!]) { row(n: $n) { atOnce(times: $t, also: $a) } }", {}),
    ("query($t: Int!) { rows { atOnce(times: $t, also: [1, $t]) } }", {"t": 5}),
    ("query($t: Int) { row { atOnce(times: $t) } }", {"t": None}),
    ("query($s: Boolean!) { row { n @skip(if: $s) words @include(if: $s) } }", {"s": True}),
    ("query($s: Boolean!) { row { n @skip(if: $s) words @include(if: $s) } }", {"s": False}),
    ("query($s: Boolean = true) { row { n ... @skip(if: $s) { words } } }", {}),
    ("{ rows { later within { later maybeWithin { n later } } } }", {}),
    ("{ rows(count: 7) { loaded loadedTwice within { loaded } } }", {}),
    ("{ named { __typename name ... on Cat { lives } ... on Dog { friend { __typename } } } }", {}),
    ("{ named { ... on Dog { friend { ... on Named { name } } } } }", {}),
    ("{ named { ... on Dog { bites } } }", {}),
    ("{ pairs { maybe again: n n } }", {}),
    ("{ pairs(odd: true) { n maybe } row { n } }", {}),
    ("{ pairsHoled { n maybe } pairs { n } }", {}),
    ("{ pairsHoled(fails: true) { n maybe } }", {}),
    ("{ numberless { maybe n } row { n } }", {}),
    ("{ cats { name } }", {}),
    ("{ pairsOnce { n maybe } }", {}),
    ("{ wrong { lives } row { n } }", {}),
    ("{ noList wordsNull notSpelled row { n } }", {}),
    ("{ rows { n odd } row { n } }", {}),
    ("{ holed { n odd } }", {}),
    ("{ row { n lateNull } other: row { n } }", {}),
    ("{ row { lateFault later } }", {}),
    ("{ row { within { n lateNull } words } }", {}),
    ("{ row { maybeWithin { within { lateNull } later } words } }", {}),
    ("{ surely { n lateNull } row { n } }", {}),
    ("{ surely { n } rows { n lateNull } }", {}),
    ("{ holed { n lateNull } row { n } }", {}),
    ("{ row(n: 2) { odd lateFault lateNull } }", {}),
    ("{ row { told within { told } } rows(count: 1) { told } }", {}),
    ("mutation { a: count(what: \"a\") fail b: count(what: \"b\") }", {}),
    ("mutation { a: count(what: \"a\") failForAll b: count(what: \"b\") }", {}),
    (get_introspection_query(), {}),
]  # fmt: skip


def made() -> strawberry.Schema:
    return strawberry.Schema(Query, Mutation, types=[Cat, Dog])


def ours() -> strawberry.Schema:
    told = made()
    mark_columns(told)
    call_directly(told)
    return told


def spelled(told: ExecutionResult) -> Any:
    errors = [(str(one.original_error), one.path, one.locations) for one in told.errors or ()]
    return repr(told.data), sorted(errors, key=repr)


@pytest.mark.parametrize(("text", "variables"), ASKED)
async def test_a_walk_answers_as_the_library_does(text: str, variables: dict[str, Any]) -> None:
    COUNTED.clear()
    walk = await walked(ours(), text, variables, context=Asked())
    COUNTED.clear()
    assert spelled(walk) == spelled(await executed(made(), text, variables, context=Asked()))


async def test_loaders_read_once_for_all_that_can_go_no_further() -> None:
    asked = Asked()
    text = "{ rows(count: 3) { loaded loadedTwice } row(n: 9) { within { loaded } } }"
    await walked(ours(), text, context=asked, ahead=asked.loaders.start)
    assert asked.batches == [[0, 1, 2, 10], [4]]


async def test_a_plan_keeps_nothing_of_an_asker_but_what_decides() -> None:
    plans = plans_of(
        made(), "query($n: Int, $s: Boolean = true) { row(n: $n) { n @skip(if: $s) } }"
    )
    first = plans.read({"n": 7})
    assert plans.of(first) is plans.of(plans.read({"n": 8}))
    assert plans.of(first) is not plans.of(plans.read({"s": False}))
    assert plans.of(first)._variables.coerced == {"s": True}


async def test_of_plans_that_an_asker_could_multiply_few_are_kept() -> None:
    names = [f"s{n}" for n in range(6)]
    told = " ".join(f"f{n}: __typename @skip(if: ${n})" for n in names)
    given = ", ".join(f"${n}: Boolean!" for n in names)
    plans = plans_of(made(), f"query({given}) {{ {told} n: __typename }}")
    for n in range(2 ** len(names)):
        plans.of(plans.read({name: bool(n >> at & 1) for at, name in enumerate(names)}))
    assert len(plans._made) <= KEPT


class Nobody:
    """For whom nothing is read ahead, and who minds nothing."""

    def ahead(self) -> bool:
        return False

    def fill(self, what: str, value: Any) -> None:
        raise AssertionError(what)

    def fill_fault(self, what: str, error: Exception) -> None:
        raise AssertionError(what)


async def test_whoever_goes_away_lets_all_who_wait_tidy_up() -> None:
    tidied: list[str] = []
    never = asyncio.get_running_loop().create_future

    async def work(name: str) -> None:
        try:
            await never()
        finally:
            await asyncio.sleep(0)
            tidied.append(name)

    waits: Waits[str] = Waits()
    for name in "ab":
        begun = work(name)
        waits.put_aside(begun, begun.send(None), name)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await waits.settle(Nobody())
    assert sorted(tidied) == ["a", "b"]


async def test_what_goes_on_for_long_gives_others_a_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("schema.waits.AT_ONCE_SECONDS", 0.0)
    seen: list[str] = []
    asyncio.get_running_loop().call_soon(seen.append, "another")
    asked = Asked()
    await walked(ours(), "{ rows { loadedTwice } }", context=asked, ahead=asked.loaders.start)
    assert seen == ["another"]
