"""Look-ups by primary key: of a server, those of one turn of the loop are one statement."""

import asyncio
from typing import Any

import asyncpg
import pytest
from tortoise.expressions import Q

from ledger.sessions import LOCALE, sorts_by_bytes
from tests.credit import credit
from tests.wire import ask
from tests.world import World
from timebank import reading
from timebank.accounts import Posting
from timebank.accounts import volunteer as volunteer_account
from timebank.conditions import Asked
from timebank.people import Person
from timebank.places import Station
from timebank.reading import PostgresqlReads, SqliteReads
from timebank.tables import find, find_many, select
from timebank.turns import Turns

pytestmark = pytest.mark.anyio


@pytest.fixture
def asked(world: World, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The statements that the reads' connection runs from now on."""
    statements: list[str] = []
    reads = reading.at(reading.PRIMARY)
    run = reads.fetch

    async def heard(query: str, values: Any) -> Any:
        statements.append(query)
        return await run(query, values)

    monkeypatch.setattr(reads, "fetch", heard)
    return statements


async def test_what_is_asked_together_is_one_statement_a_table(
    world: World, asked: list[str]
) -> None:
    people = [(await world.volunteer()).person or "" for _ in range(3)]
    asked.clear()
    found, station, many = await asyncio.gather(
        asyncio.gather(*(find(Person, id) for id in people)),
        find(Station, world.station),
        find_many(Person, [people[0], "per_nobody"]),
    )
    assert [one and one.id for one in found] == people
    assert station is not None
    assert list(many) == [people[0]]
    assert len(asked) == (2 if reading.at(reading.PRIMARY).remote else 5)


async def test_a_query_reads_a_file_in_one_transaction(world: World) -> None:
    reads = reading.at(reading.PRIMARY)
    if not isinstance(reads, SqliteReads):
        pytest.skip("a server is waited for, each time")
    who = await world.volunteer()
    await ask(world, who, "{ account { balanceMinutes } }")
    assert reads._near is not None
    told: list[str] = []
    reads._near.set_trace_callback(told.append)
    await ask(world, who, "{ account { balanceMinutes owedMinutes statement { nodes { at } } } }")
    reads._near.set_trace_callback(None)
    assert [told[0], told[-1]] == ["BEGIN", "COMMIT"]
    assert [one.split(maxsplit=1)[0] for one in told[1:-1]] == ["SELECT"] * 3


async def test_what_a_server_is_asked_meanwhile_is_one_statement_after_that(
    world: World, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = reading.at(reading.PRIMARY)
    if not reads.remote:
        pytest.skip("a file is not waited for")
    people = [(await world.volunteer()).person or "" for _ in range(3)]
    asked.clear()
    run, on_its_way, going_on = reads.fetch, asyncio.Event(), asyncio.Event()

    async def slow(query: str, values: Any) -> Any:
        on_its_way.set()
        told = await run(query, values)
        await going_on.wait()
        return told

    monkeypatch.setattr(reads, "fetch", slow)
    first = asyncio.create_task(find(Person, people[0]))
    await on_its_way.wait()
    second = asyncio.create_task(find(Person, people[1]))
    await asyncio.sleep(0.01)
    third = asyncio.create_task(find(Person, people[2]))
    await asyncio.sleep(0.01)
    going_on.set()
    found = [await one for one in (first, second, third)]
    assert [one and one.id for one in found] == people
    assert len(asked) == 2


class Desk:
    """A server that answers each statement when it is let go, with the values it was asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int]] = []
        self.going_on = {name: asyncio.Event() for name in "ab"}

    async def fetch(self, statement: str, values: Any) -> list[Any]:
        """The values; of many sets each with its number."""
        name, many = ("a" if "AS a" in statement else "b"), isinstance(values[0], list)
        self.asked.append((name, len(values[0]) if many else 1))
        await self.going_on[name].wait()
        return [(one, n) for n, one in enumerate(values[0], 1)] if many else [(values[0],)]


async def look_up_one_by_one(turns: Turns, names: str) -> list[asyncio.Task[Any]]:
    """A look-up after another, each begun when the loop has gone round."""
    begun = []
    for n, name in enumerate(names):
        begun.append(asyncio.create_task(turns.look_up(f"SELECT $1 AS {name}", [(n,)])))
        await asyncio.sleep(0.001)
    return begun


async def test_statements_gather_who_asks_while_another_is_on_its_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("timebank.turns.LONGEST_WAIT_SECONDS", 60.0)
    desk = Desk()
    begun = await look_up_one_by_one(Turns(desk), "abbab")
    assert desk.asked == [("a", 1)]
    for event in desk.going_on.values():
        event.set()
    async with asyncio.timeout(30):
        assert [await one for one in begun] == [[[(n,)]] for n in range(5)]
    assert sorted(desk.asked) == [("a", 1), ("a", 1), ("b", 3)]


async def test_what_takes_long_holds_up_no_other_look_up_for_long() -> None:
    desk = Desk()
    desk.going_on["b"].set()
    late, *others = await look_up_one_by_one(Turns(desk), "abb")
    async with asyncio.timeout(10):
        assert [await one for one in others] == [[[(1,)]], [[(2,)]]]
    assert not late.done()
    desk.going_on["a"].set()
    assert await late == [[(0,)]]


async def test_what_is_asked_later_is_read_later(world: World, asked: list[str]) -> None:
    who = (await world.volunteer()).person or ""
    asked.clear()
    assert await find(Person, who) == await find(Person, who)
    assert len(asked) == 2


async def test_nothing_asked_is_no_statement(world: World, asked: list[str]) -> None:
    assert await find_many(Person, []) == {}
    assert asked == []


@pytest.mark.parametrize("hostile", ["\x00", "per_\ud800", "'; DROP TABLE person --", "人" * 5000])
async def test_a_key_that_no_database_can_hold_harms_nobody_who_asks_beside_it(
    world: World, hostile: str
) -> None:
    who = (await world.volunteer()).person or ""
    mine, nobody = await asyncio.gather(find(Person, who), find(Person, hostile))
    assert mine is not None
    assert nobody is None


async def test_whoever_goes_away_does_not_take_the_reading_from_the_others(world: World) -> None:
    who = (await world.volunteer()).person or ""
    leaving = asyncio.create_task(find(Person, who))
    staying = asyncio.create_task(find(Person, who))
    await asyncio.sleep(0)
    leaving.cancel()
    assert await staying is not None
    assert leaving.cancelled() or not reading.at(reading.PRIMARY).remote  # a file has answered it


async def test_a_fault_is_told_to_everybody_who_asked_and_to_nobody_later(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = (await world.volunteer()).person or ""

    async def broken(query: str, values: Any) -> Any:
        raise ConnectionError

    with monkeypatch.context() as patch:
        patch.setattr(reading.at(reading.PRIMARY), "fetch", broken)
        told = await asyncio.gather(find(Person, who), find(Person, who), return_exceptions=True)
    assert [type(one) for one in told] == [ConnectionError, ConnectionError]
    assert await find(Person, who) is not None


async def test_none_are_read_where_none_are_wanted(world: World) -> None:
    await world.volunteer()
    assert len(await select(Person, limit=1)) == 1
    assert await select(Person, limit=0) == []


async def test_pages_of_many_are_one_statement_of_a_server_each_as_it_would_be_alone(
    world: World, asked: list[str]
) -> None:
    people = [await world.volunteer() for _ in range(3)]
    for n, who in enumerate(people):
        for minutes in range(1, 2 + n):
            await credit(who.person or "", world.station, minutes)
    accounts = [volunteer_account(who.person or "") for who in people]

    async def page(account: str) -> list[int]:
        lines = await select(Posting, account=account, order=["-seq"], limit=2)
        return [line.amount for line in lines]

    alone = [await page(account) for account in accounts]
    asked.clear()
    assert await asyncio.gather(*map(page, accounts)) == alone == [[1], [2, 1], [3, 2]]
    assert len(asked) == (1 if reading.at(reading.PRIMARY).remote else 3)


async def test_states_that_all_ask_for_are_given_once(world: World, asked: list[str]) -> None:
    people = [(await world.volunteer()).person or "" for _ in range(3)]
    asked.clear()

    async def living(id: str, *states: str) -> int:
        return len(await select(Person, Q(state__in=states), id=id, limit=5))

    told = await asyncio.gather(
        living(people[0], "active"),
        living(people[1], "active"),
        living(people[2], "deceased"),
        living("per_nobody", "active"),
    )
    assert [*told] == [1, 1, 0, 0]
    assert len(asked) == (2 if reading.at(reading.PRIMARY).remote else 4)


async def test_a_beginning_is_found_by_an_index(world: World) -> None:
    reads = reading.at(reading.PRIMARY)
    if not isinstance(reads, PostgresqlReads):
        pytest.skip("of a file another test says so")
    assert await select(Station, path__startswith=world.station_path, limit=5)
    assert reads.bytewise
    asked = Asked(reads.dialect, Station.spec.kinds, bytewise=reads.bytewise)
    where = asked.where([], {"path__startswith": world.station_path})
    first, last = asked.values
    await reads.fetch("SET enable_seqscan = off", [])
    bound = where.replace("$1", f"'{first}'").replace("$2", f"'{last}'")
    plan = await reads.fetch(f'EXPLAIN SELECT "id" FROM "station"{bound}', [])
    assert "Index Cond" in str(plan)


@pytest.mark.parametrize(
    ("locale", "bytewise"),
    [
        (("c", "C"), True),
        (("c", "C.UTF-8"), True),
        (("b", "whatever"), True),
        (("c", "zh_CN.UTF-8"), False),
        (("i", "C"), False),
    ],
)
def test_a_locale_says_how_texts_stand(locale: tuple[str, str], bytewise: bool) -> None:
    assert sorts_by_bytes(locale) is bytewise


async def test_a_server_puts_texts_as_its_locale_says(postgres_url: str) -> None:
    texts = ["a", "B", "_", "人", "é", "0/", "01"]
    connection = await asyncpg.connect(postgres_url)
    told = sorts_by_bytes(await connection.fetchrow(LOCALE))
    rows = await connection.fetch("SELECT one FROM unnest($1::text[]) AS one ORDER BY 1", texts)
    await connection.close()
    assert told == ([row[0] for row in rows] == sorted(texts, key=str.encode))


async def test_what_no_database_can_hold_in_a_page_is_told_to_who_asked_it_alone(
    world: World,
) -> None:
    who = (await world.volunteer()).person or ""

    async def page(after: str) -> int:
        return len(await select(Person, id__gt=after, limit=1))

    told = await asyncio.gather(
        page(""), page(who[:-1]), page("\x00"), page("\ud800"), return_exceptions=True
    )
    if reading.at(reading.PRIMARY).remote:
        assert [isinstance(one, asyncpg.DataError) for one in told] == [False, False, True, True]
    assert [*told[:2]] == [1, 1]


async def test_what_comes_after_nothing_is_nothing(world: World) -> None:
    people = [(await world.volunteer()).person or "" for _ in range(2)]
    later = (select(Person, id__gt=None, id__lte=id, limit=1) for id in people)
    assert [*await asyncio.gather(*later)] == [[], []]


async def test_a_turn_that_is_full_is_followed_by_the_next(
    world: World, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("timebank.turns.TOGETHER", 2)
    people = [(await world.volunteer()).person or "" for _ in range(5)]
    asked.clear()
    found = await asyncio.gather(*(find(Person, id) for id in people))
    assert [one and one.id for one in found] == people
    assert len(asked) == (3 if reading.at(reading.PRIMARY).remote else 5)


async def test_a_server_keeps_its_plan_for_what_many_ask(world: World) -> None:
    reads = reading.at(reading.PRIMARY)
    if not isinstance(reads, PostgresqlReads):
        pytest.skip("a file's plan is kept with its statement")
    people = [(await world.volunteer()).person or "" for _ in range(2)]
    for _ in range(12):
        await asyncio.gather(*(find(Person, id) for id in people))
    plans = "SELECT generic_plans FROM pg_prepared_statements WHERE statement LIKE $1"
    (kept,) = await reads.fetch(plans, ['%WITH ORDINALITY%FROM "person"%'])
    assert kept[0] >= 5
