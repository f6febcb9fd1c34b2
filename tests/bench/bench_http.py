"""What is asked over HTTP: one mutation, a roster, the home query and the home page (P1 to P4, P8).

Clients, servers and database share the machine; how much of it each took stands beside the figure.
A mutation is the order of a reward, one entry, answered once it is on the disk.
"""

import asyncio
import itertools
import re
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from ledger.tables import dialect_of
from tests.bench.baselines import Pgbench, sqlite_commits
from tests.bench.figures import Figure, against, scheduled, shares, used
from tests.bench.served import (
    City,
    Client,
    Drive,
    Server,
    drive,
    found,
    get,
    post,
    processor,
    running,
)
from tests.bench.served import serving as serving_city
from web.admission import document_id

NewUrl = Callable[[], str]
OPERATIONS = Path(__file__).parents[2] / "web" / "operations"
RECORD = """mutation($input: RecordRosterInput!) {
  recordRoster(input: $input) { rows { isKnown userErrors { code } } }
}"""
HOME = """{
  account { balanceMinutes statement(first: 20) { nodes { at kind minutes balanceMinutes } } }
  starProgress { level serviceMinutes nextLevel missingMinutes thresholdMinutes policy }
  signUps(last: 20) { nodes { starts ends activity { title state } } }
}"""
"""Balance, stars, next activity and the last 20 lines of the statement (P4)."""
LINES = 20
DAYS = ("17", "18", "19")
HOURS = range(8, 16)
ROWS = 500
ANSWERS_A_TURN, TURNS_A_SECOND = 10, 25
BARE = "tests.bench.baselines"
COMMAND = "from web.cli import main; main()"


def _trusted(name: str) -> str:
    return document_id((OPERATIONS / f"{name}.graphql").read_text("utf-8"))


def orders(city: City) -> Iterator[bytes]:
    """Orders of a reward, each with a new key, by one volunteer after another."""
    told = _trusted("order_reward")
    for token in itertools.cycle(city.tokens):
        asked = {"reward": city.reward, "idempotencyKey": secrets.token_hex(8)}
        yield post({"documentId": told, "variables": {"input": asked}}, token)


def homes(city: City) -> Iterator[bytes]:
    """The home query, asked by one volunteer after another."""
    for token in itertools.cycle(city.tokens):
        yield post({"query": HOME}, token)


def own_homes(city: City) -> Iterator[bytes]:
    """What the home page asks, which is more of less: by one volunteer after another."""
    told = _trusted("home")
    for token in itertools.cycle(city.tokens):
        yield post({"documentId": told, "operationName": "Home"}, token)


def rosters(city: City) -> Iterator[bytes]:
    """Rosters of 500 rows, none of which came before: some hours of some days a volunteer."""
    slots = ((day, hour, who) for day in DAYS for hour in HOURS for who in city.numbers)
    while rows := list(itertools.islice(slots, ROWS)):
        told = [
            {
                "station": "001",
                "volunteer": who,
                "starts": f"2026-11-{day}T{hour:02d}:00:00+08:00",
                "ends": f"2026-11-{day}T{hour:02d}:50:00+08:00",
                "kind": "ELDER",
            }
            for day, hour, who in rows
        ]
        asked = {"rows": told, "idempotencyKey": secrets.token_hex(8)}
        yield post({"query": RECORD, "variables": {"input": asked}}, city.clerk)


ORDERED = b'"userErrors":[]'


def _database(url: str) -> Callable[[], float]:
    """Seconds of processor that the database's own processes took; none where it is a file."""
    if dialect_of(url) == "sqlite":
        return lambda: 0.0
    directory = re.sub(r".*host=", "", url)
    pid = int(Path(directory, "postmaster.pid").read_text("utf-8").split()[0])
    return lambda: used(pid, family=True)


def _driven(
    city: City, servers: list[Server], requests: Iterator[bytes], **how: Any
) -> tuple[Drive, dict[str, float]]:
    database = _database(city.settings.database_url)
    with shares(
        clients=time.process_time, servers=lambda: processor(servers), database=database
    ) as told:
        seen = asyncio.run(drive([server.port for server in servers], requests, **how))
    return seen, told


def mutations(new_url: NewUrl, *, people: int, seconds: float, repetitions: int = 3) -> Figure:
    """P1 on PostgreSQL by two workers and 64 clients, P2 on SQLite by one worker and 32."""
    with TemporaryDirectory(prefix="timebank-bench-") as directory:
        city = asyncio.run(found(new_url(), Path(directory), people=people))
        sqlite = dialect_of(city.settings.database_url) == "sqlite"
        workers, clients = (1, 32) if sqlite else (2, 64)
        raw = partial(sqlite_commits, Path(directory), seconds=seconds)
        base = raw if sqlite else Pgbench(new_url(), seconds=round(seconds)).rate
        bases: list[float] = []
        rates: list[float] = []
        with serving_city(city, workers=workers) as servers:
            requests = orders(city)
            _driven(city, servers, requests, clients=clients, seconds=seconds / 4, good=ORDERED)
            for _ in range(repetitions):
                bases.append(base())
                seen, cores = _driven(
                    city, servers, requests, clients=clients, seconds=seconds, good=ORDERED
                )
                rates.append(seen.rate)
    floor, goal = (0.4, 0.7) if sqlite else (0.8, 1.3)
    return Figure(
        number="P2" if sqlite else "P1",
        what=f"a mutation over HTTP, {clients} clients, {workers} workers, "
        + ("SQLite" if sqlite else "PostgreSQL"),
        value=median(rates),
        unit="a second",
        repetitions=rates,
        baseline="sqlite3, a row a transaction" if sqlite else "pgbench TPC-B",
        base=median(bases),
        ratio=against(rates, bases),
        floor=floor,
        goal=goal,
        cpu=cores,
    )


def roster(new_url: NewUrl, *, requests: int, seconds: int, repetitions: int = 3) -> Figure:
    """P3: rosters of 500 rows through GraphQL, one worker, PostgreSQL."""
    people = -(-requests * repetitions * ROWS // (len(DAYS) * len(HOURS)))
    with TemporaryDirectory(prefix="timebank-bench-") as directory:
        city = asyncio.run(found(new_url(), Path(directory), people=people))
        base = Pgbench(new_url(), seconds=seconds)
        asked = rosters(city)
        bases: list[float] = []
        rates: list[float] = []
        with serving_city(city) as servers:
            for _ in range(repetitions):
                bases.append(base.rate())
                part = iter(list(itertools.islice(asked, requests)))
                seen, cores = _driven(
                    city, servers, part, clients=2, seconds=600, good=ORDERED, times=ROWS
                )
                rates.append(seen.rate * ROWS)
    return Figure(
        number="P3",
        what=f"rosters of {ROWS} rows through GraphQL, 1 worker, PostgreSQL",
        value=median(rates),
        unit="entries a second",
        repetitions=rates,
        baseline="pgbench TPC-B",
        base=median(bases),
        ratio=against(rates, bases),
        floor=6,
        goal=12,
        cpu=cores,
    )


def reads(new_url: NewUrl, *, people: int, seconds: float, repetitions: int = 3) -> list[Figure]:
    """P4 and P8: the home query of 32 clients, alone and beside writers, and the home page."""
    with TemporaryDirectory(prefix="timebank-bench-") as directory:
        city = asyncio.run(found(new_url(), Path(directory), people=people))
        asked = homes(city)
        bases: list[float] = []
        rates: list[float] = []
        whole: list[float] = []
        quiet: list[float] = []
        beside: list[float] = []
        pages: list[float] = []
        with serving_city(city) as servers, running("-m", BARE, path="/") as bare:
            lines = itertools.islice(orders(city), LINES * people)
            _driven(city, servers, lines, clients=32, seconds=600, good=ORDERED)
            for _ in range(repetitions):
                plain = itertools.repeat(get("/"))
                bases.append(
                    asyncio.run(drive([bare.port], plain, clients=32, seconds=seconds)).rate
                )
                how: dict[str, Any] = {"seconds": seconds, "good": b'"account":{'}
                seen, cores = _driven(city, servers, asked, clients=32, **how)
                rates.append(seen.rate)
                whole.append(_driven(city, servers, own_homes(city), clients=32, **how)[0].rate)
                quiet.append(_driven(city, servers, asked, clients=8, **how)[0].slowest())
                beside.append(asyncio.run(_beside(city, servers, asked, seconds)).slowest())
                turns = max(2, round(seconds * TURNS_A_SECOND))
                pages.append(asyncio.run(_page_over_bare(city, servers[0], bare, turns)))
    where = "SQLite" if dialect_of(city.settings.database_url) == "sqlite" else "PostgreSQL"
    return [
        Figure(
            number="P4",
            what=f"the home query, 32 clients, 1 worker, {where}",
            value=median(rates),
            unit="a second",
            repetitions=rates,
            baseline="bare Starlette",
            base=median(bases),
            ratio=against(rates, bases),
            floor=0.1,
            goal=0.25,
            cpu=cores,
        ),
        Figure(
            number="home",
            what=f"all that the home page asks, 32 clients, 1 worker, {where}",
            value=median(whole),
            unit="a second",
            repetitions=whole,
            baseline="bare Starlette",
            base=median(bases),
            ratio=against(whole, bases),
        ),
        Figure(
            number="P4",
            what=f"p99 of 8 clients' home queries while 56 write, {where}",
            value=median(beside) * 1_000,
            unit="ms",
            repetitions=[one * 1_000 for one in beside],
            baseline="the same, quiet, ms",
            base=median(quiet) * 1_000,
            ratio=against(beside, quiet),
            floor=5,
            goal=3,
            least=False,
        ),
        Figure(
            number="P8",
            what=f"the home page less its query, of one client, {where}",
            value=median(pages),
            unit="bare answers",
            repetitions=pages,
            ratio=median(pages),
            floor=6,
            goal=4,
            least=False,
        ),
    ]


async def _beside(
    city: City, servers: list[Server], asked: Iterator[bytes], seconds: float
) -> Drive:
    """What 8 readers see while 56 clients order."""
    ports = [server.port for server in servers]
    reading = drive(ports, asked, clients=8, seconds=seconds)
    writing = drive(ports, orders(city), clients=56, seconds=seconds, good=ORDERED)
    seen, _ = await asyncio.gather(reading, writing)
    return seen


async def _page_over_bare(city: City, server: Server, bare: Server, turns: int) -> float:
    """What the page takes beyond its query, in answers of a bare route: the server's processor.

    Asked in turn, ten of each: whatever else the machine does falls on all three alike, and for a
    few hundredths of a second it does much the same.
    """
    pages = (get("/", token) for token in itertools.cycle(city.tokens))
    asked = {
        "page": (server, pages),
        "query": (server, own_homes(city)),
        "plain": (bare, itertools.repeat(get("/"))),
    }
    clients = {name: await Client.open(at.port) for name, (at, _) in asked.items()}
    took: dict[str, list[float]] = {name: [] for name in asked}
    for _ in range(turns):
        for name, (at, requests) in asked.items():
            before = scheduled(at.pid)
            for request in itertools.islice(requests, ANSWERS_A_TURN):
                status, body = await clients[name].ask(request)
                if status != 200:
                    raise AssertionError((status, body[:500]))
            took[name].append(scheduled(at.pid) - before)
    for client in clients.values():
        client.close()
    return beyond_its_query(*(took[name] for name in asked))


def beyond_its_query(
    pages: Sequence[float], queries: Sequence[float], plains: Sequence[float]
) -> float:
    """What a page takes beyond its query, in plain answers, where these were asked in turn.

    The query alone came by HTTP too: as much of it as a plain answer takes is no query.
    """
    beyond = [page - query for page, query in zip(pages, queries, strict=True)]
    return 1 + median(beyond) / median(plains)


def process(new_url: NewUrl, *, people: int, repetitions: int = 3) -> list[Figure]:
    """P9: what a worker holds after a second of reads and writes, and how soon one first answers.

    The one is `timebank serve` on that city's ledger, and its first answer is a page.
    """
    with TemporaryDirectory(prefix="timebank-bench-") as directory:
        city = asyncio.run(found(new_url(), Path(directory), people=people))
        started: list[float] = []
        held: list[float] = []
        at = ("--data", str(city.settings.data), "--database", city.settings.database_url)
        for _ in range(repetitions):
            with running("-c", COMMAND, *at, "serve", "--port", path="/sign-in") as server:
                started.append(server.started)
            with serving_city(city) as servers:
                for requests in (orders(city), homes(city)):
                    _driven(city, servers, requests, clients=8, seconds=1)
                held.append(servers[0].resident / 1_000)
    return [
        Figure(
            number="P9",
            what="memory of a worker, everything imported",
            value=median(held),
            unit="MB",
            repetitions=held,
            ratio=median(held),
            floor=160,
            goal=120,
            least=False,
        ),
        Figure(
            number="P9",
            what="from the start of `timebank serve` to its first page",
            value=median(started),
            unit="s",
            repetitions=started,
            ratio=median(started),
            floor=2.5,
            goal=1.5,
            least=False,
        ),
    ]
