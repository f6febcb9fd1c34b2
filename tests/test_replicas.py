"""A replica answers questions, and nobody who wrote sees less than they wrote.

A standby that really streams, and that is stopped from replaying; what it has seen is what tells
who answered. How far behind is too far, and whose sight it fills, is decided without a server.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from schema import execution
from schema.context import Context
from tests.clusters import Cluster, cluster
from tests.test_failover import FIRST_POLICY, pair
from tests.wire import act, api, ask
from tests.world import NOON, World, open_world
from timebank import replicas
from timebank.actors import PUBLIC, Actor
from timebank.clock import ManualClock
from timebank.replicas import (
    MOST_BEHIND_SECONDS,
    UNKNOWN,
    Sight,
    Standby,
    position_of,
    position_text,
)
from timebank.settings import Settings
from web.positions import Positions

ME = "query { me { phone } }"


# Decided without a server


@pytest.mark.parametrize(
    ("text", "position"),
    [("0/0", 0), ("16/B374D848", 0x16B374D848), ("FFFFFFFF/FFFFFFFF", UNKNOWN)],
)
def test_a_position_reads_and_writes_the_same(text: str, position: int) -> None:
    assert position_of(text) == position
    assert position_text(position) == text


@pytest.mark.parametrize(
    "text", ["", "16", "16/", "/1", "16/b374d848", "1/123456789", "1/1\n", "x/1"]
)
def test_what_is_no_position_is_none(text: str) -> None:
    assert position_of(text) is None


def looked(*looks: tuple[float, int, int]) -> Standby:
    """A standby that was there at first, after these: moment, position of primary and replica."""
    made = Standby("", "")
    made.take(looks[0][0], looks[0][2], looks[0][2])
    for look in looks:
        made.take(*look)
    return made


@pytest.mark.parametrize(
    ("looks", "behind"),
    [
        ([(0, 100, 100)], 0),
        ([(0, 100, 90)], 0),
        ([(0, 100, 90), (2, 100, 90)], 2),
        ([(0, 100, 90), (2, 200, 90)], 2),
        # What was passed at 0 is there; what was passed at 2 is not.
        ([(0, 100, 90), (2, 200, 100), (3, 300, 150)], 1),
        ([(0, 100, 90), (2, 200, 100), (3, 200, 200)], 0),
        # A quiet primary makes nobody late.
        ([(0, 100, 100), (3600, 100, 100)], 0),
    ],
)
def test_how_long_a_replica_is_behind(looks: list[tuple[float, int, int]], behind: float) -> None:
    assert looked(*looks).behind == behind


@pytest.mark.parametrize(
    ("sight", "shown"),
    [
        (None, False),
        (Sight(), True),
        (Sight(90), True),
        (Sight(91), False),
        (Sight(UNKNOWN), False),
    ],
)
def test_a_request_is_shown_what_it_must_see(sight: Sight | None, shown: bool) -> None:
    assert looked((0, 100, 90)).shows(sight) is shown


def test_whoever_writes_is_answered_by_the_primary_at_once() -> None:
    held = looked((0, 100, 100))
    sight = Sight()
    assert held.shows(sight)
    with replicas.seeing(sight):
        replicas.wrote()
    assert not held.shows(sight)
    replicas.wrote()


def test_far_behind_it_is_asked_nothing_and_then_again() -> None:
    late = looked((0, 100, 90), (MOST_BEHIND_SECONDS, 100, 90))
    assert late.shows(Sight())
    late.take(MOST_BEHIND_SECONDS + 0.1, 100, 90)
    assert late.trouble
    assert not late.shows(Sight())
    late.take(MOST_BEHIND_SECONDS + 0.2, 100, 100)
    assert late.shows(Sight())


def test_a_replica_that_never_answered_is_asked_nothing() -> None:
    assert not Standby("", "").shows(Sight())


def test_what_was_passed_before_it_is_looked_at_is_replayed_before_it_is_asked() -> None:
    held = Standby("", "")
    held.take(0, 100, 90)
    assert held.trouble
    held.take(1, 200, 99)
    assert not held.shows(Sight())
    held.take(2, 300, 100)
    assert held.shows(Sight())
    # Killed, it comes back at an earlier place: what it had shown it must show again.
    held.close()
    held.take(3, 300, 80)
    assert not held.shows(Sight())
    held.take(4, 300, 299)
    assert not held.shows(Sight())
    held.take(5, 400, 300)
    assert held.shows(Sight())


@pytest.mark.anyio
@pytest.mark.parametrize(("operation", "asked"), [("query", [True]), ("mutation", [])])
async def test_only_what_decides_nothing_may_be_answered_by_a_replica(
    monkeypatch: pytest.MonkeyPatch, operation: str, asked: list[bool]
) -> None:
    begun: list[bool] = []

    @contextmanager
    def noted() -> Iterator[None]:
        begun.append(True)
        yield

    monkeypatch.setattr(execution, "asking", noted)
    context = Context(actor=PUBLIC, clock=ManualClock(NOON), secret=b"s" * 32)
    answer = await api().ask(f"{operation} {{ __typename }}", {}, context)
    assert not answer.errors
    assert begun == asked


@pytest.mark.parametrize("url", ["sqlite:////var/lib/copy.db", "/var/lib/copy.db", "mysql://x/y"])
def test_a_replica_is_a_postgresql(url: str) -> None:
    with pytest.raises(ValueError, match="replica"):
        Settings(replica=url)


# Over HTTP


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A process with a replica and a primary at 2A; what each request had to see."""

    async def stands() -> int:
        return 0x2A

    monkeypatch.setattr(replicas, "_standby", looked((0, 100, 100)))
    monkeypatch.setattr(replicas, "position", stands)
    return []


def client(seen: list[int]) -> httpx.AsyncClient:
    """Asks a server that writes where its path says so."""

    async def answer(request: Request) -> Response:
        sight = replicas._sight.get()
        assert sight
        seen.append(sight.after)
        if request.url.path == "/write":
            replicas.wrote()
        return Response("done")

    app = Starlette(routes=[Route("/{what}", answer)], middleware=[Middleware(Positions)])
    transport = httpx.ASGITransport(app=app)
    return httpx.AsyncClient(transport=transport, base_url="https://time.example")


@pytest.mark.anyio
async def test_who_wrote_is_told_the_position_and_sends_it_back(seen: list[int]) -> None:
    async with client(seen) as browser:
        told = await browser.get("/read")
        assert "timebank-position" not in told.headers
        assert "set-cookie" not in told.headers
        told = await browser.get("/write")
        assert told.headers["timebank-position"] == "0/2A"
        assert "HttpOnly" in told.headers["set-cookie"]
        assert "Secure" in told.headers["set-cookie"]
        # A browser does by its cookie what a program does by the header.
        await browser.get("/read")
        await browser.get("/read", headers={"timebank-position": "0/2B"})
        await browser.get("/read", headers={"timebank-position": "nonsense"})
    assert seen == [0, 0, 0x2A, 0x2B, 0x2A]


@pytest.mark.anyio
async def test_without_a_replica_nothing_is_said(
    seen: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replicas, "_standby", None)
    app = Starlette(
        routes=[Route("/", lambda request: Response("done"))],
        middleware=[Middleware(Positions)],
    )
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="https://time.example") as browser:
        replicas.wrote()
        assert "timebank-position" not in (await browser.get("/")).headers


# A standby that streams


@pytest.fixture(scope="module")
def made() -> Iterator[Cluster]:
    with cluster() as servers:
        yield servers


async def order(url: str, statement: str) -> None:
    """Run one statement on a server."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@asynccontextmanager
async def request(sight: Sight) -> AsyncIterator[Sight]:
    """A request as the server frames it; afterwards it must see what it wrote."""
    with replicas.seeing(sight):
        yield sight
    if sight.wrote:
        sight.after, sight.wrote = await replicas.position(), False


async def phone_of(world: World, who: Actor, sight: Sight) -> str | None:
    """The telephone number that somebody is shown."""
    async with request(sight):
        told = await ask(world, who, ME)
    return str(told["me"]["phone"])


async def change_phone(world: World, who: Actor, phone: str = "13911112222") -> Any:
    """Give somebody another telephone number, over the API; what is wrong with that."""
    told = await act(world, who, "changePhone", "", phone=phone)
    return told["userErrors"]


async def until(holds: Callable[[], bool]) -> None:
    """Wait for something that must come to hold."""
    async with asyncio.timeout(120):
        while True:
            if holds():
                return
            await asyncio.sleep(0.05)


@pytest.mark.anyio
async def test_a_standby_answers_and_whoever_wrote_sees_it(
    made: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    api()
    _, second = pair(made)
    # A machine that is busy with other tests makes neither of them slow.
    monkeypatch.setattr(replicas, "PATIENCE_SECONDS", 60.0)
    monkeypatch.setattr(replicas, "MOST_BEHIND_SECONDS", 600.0)
    async with (
        open_world(made.address.url, tmp_path, policy=FIRST_POLICY, replica=second.url) as world,
        replicas.following(world.settings.database_url, world.settings.replica),
    ):
        held = replicas.standby()
        assert held
        someone, other = await world.volunteer(), await world.volunteer()
        mine, theirs = Sight(), Sight()
        await until(lambda: held.trouble is None)
        start = await replicas.position()
        await until(lambda: held.replayed >= start)
        assert await phone_of(world, someone, mine) == "13900000000"

        await order(second.url, "SELECT pg_wal_replay_pause()")
        async with request(mine):
            assert await change_phone(world, someone) == []
        # Who wrote sees it; who only asks is answered by the standby, which has not heard of it.
        assert await phone_of(world, someone, mine) == "13911112222"
        assert await phone_of(world, someone, theirs) == "13900000000"
        # Far behind it is passed over, and everybody sees what is.
        monkeypatch.setattr(replicas, "MOST_BEHIND_SECONDS", 0.2)
        await until(lambda: held.trouble is not None)
        assert await phone_of(world, someone, theirs) == "13911112222"
        assert held.behind > 0.2
        monkeypatch.setattr(replicas, "MOST_BEHIND_SECONDS", 600.0)

        await order(second.url, "SELECT pg_wal_replay_resume()")
        await until(lambda: held.trouble is None and held.replayed >= mine.after)
        second.kill()
        # Between the fault and the next look a question is asked of it, and then of the primary.
        assert await phone_of(world, someone, mine) == "13911112222"
        await until(lambda: held.trouble is not None)
        assert await phone_of(world, other, Sight()) == "13900000000"
        # It comes back without what was written meanwhile, or even without what it had shown.
        async with request(mine):
            assert await change_phone(world, someone, "13933334444") == []
        second.configure("recovery_min_apply_delay = 1h\n")
        second.start()
        await until(lambda: held.trouble == "it has yet to catch up")
        for _ in range(10):
            assert await phone_of(world, someone, theirs) == "13933334444"
            await asyncio.sleep(replicas.LOOK_AGAIN_SECONDS / 2)
        second.configure("recovery_min_apply_delay = 0\n")
        await order(second.url, "SELECT pg_reload_conf()")
        await until(lambda: held.trouble is None)
        assert held.replayed >= mine.after
        assert await phone_of(world, someone, theirs) == "13933334444"
