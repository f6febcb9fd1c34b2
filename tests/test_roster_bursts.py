"""Many stations send their rosters at the same moment to two servers of one PostgreSQL database.

At full size fifty stations with two hundred rows each: all are in, none twice, none is lost.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from ledger.verify import verify
from tests.processes import start
from tests.worker import Task
from tests.world import NOON, World, found_station, open_world, path_of
from timebank.access import Role
from timebank.accounts import floor, holder
from timebank.actors import Actor
from timebank.hours import Record
from timebank.replay import compare
from timebank.sign_in import open_session
from timebank.tables import select

SLOTS = 8
SENDS = """
mutation($input: RecordRosterInput!) {
  recordRoster(input: $input) {
    replayed
    rows { isKnown record { id } userErrors { code } }
    userErrors { code }
  }
}
"""
Row = dict[str, str]


class Station:
    """A station with its clerk's session and the roster that it sends."""

    def __init__(self, number: str, token: str, rows: list[Row]) -> None:
        self.number, self.token, self.rows = number, token, rows
        self.key = f"roster-of-{number}"


async def station(world: World, number: str, people: int) -> Station:
    """A new station whose volunteers each served eight times on the day before."""
    id = await found_station(world, number=number)
    clerk = await world.officer(Role.STATION_CLERK, await path_of(id))
    made: Sequence[Actor] = await asyncio.gather(*(world.register(home=id) for _ in range(people)))
    begins = NOON - timedelta(days=1, hours=4)
    rows = [
        {
            "station": number,
            "volunteer": volunteer,
            "starts": (begins + n * timedelta(hours=1)).isoformat(),
            "ends": (begins + n * timedelta(hours=1) + timedelta(minutes=50)).isoformat(),
            "kind": "ELDER",
        }
        for volunteer in [await world.number_of(who) for who in made]
        for n in range(SLOTS)
    ]
    opened = await open_session(clerk.person or "")
    return Station(number, opened.token, rows)


@asynccontextmanager
async def worker(task: Task) -> AsyncIterator[str]:
    """A server in a process of its own; its address."""
    process = await start("tests.worker", task)
    port = int(await process.stdout.readline())
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        await process.communicate(b"\n")


async def sent(client: httpx.AsyncClient, site: str, one: Station) -> Any:
    """What a server answered to a station's roster, asked again while it says so."""
    told = {"rows": one.rows, "idempotencyKey": one.key}
    while True:
        got = await client.post(
            f"{site}/graphql",
            json={"query": SENDS, "variables": {"input": told}},
            headers={"authorization": f"Bearer {one.token}"},
        )
        if got.status_code != 503:
            assert got.status_code == 200, got.text
            return got.json()["data"]["recordRoster"]
        await asyncio.sleep(float(got.headers["retry-after"]))


@pytest.mark.anyio
async def test_every_station_s_roster_is_in_once_however_many_send_at_once(
    postgres_url: str, tmp_path: Path, size: str
) -> None:
    stations, people = (50, 25) if size == "full" else (6, 3)
    async with AsyncExitStack() as stack:
        world = await stack.enter_async_context(open_world(postgres_url, tmp_path))
        made = [await station(world, f"B{n:03d}", people) for n in range(stations)]
        task = Task(str(world.settings.data), postgres_url)
        sites = [await stack.enter_async_context(worker(task)) for _ in range(2)]
        client = await stack.enter_async_context(httpx.AsyncClient(timeout=600))
        first = await asyncio.gather(
            *(sent(client, sites[n % 2], one) for n, one in enumerate(made))
        )
        # Half of them lose the answer and ask the other server again.
        again = await asyncio.gather(*(sent(client, sites[1], one) for one in made[::2]))
        assert [one["userErrors"] for one in first + again] == [[]] * len(first + again)
        assert [one["replayed"] for one in again] == [True] * len(again)
        assert [one["rows"] for one in again] == [one["rows"] for one in first[::2]]
        ids = [row["record"]["id"] for one in first for row in one["rows"]]
        assert len(set(ids)) == stations * people * SLOTS
        held = await select(Record)
        assert {record.id for record in held} == set(ids)
        per_station = Counter(record.station for record in held)
        assert [*per_station.values()] == [people * SLOTS] * stations
    assert (await verify(postgres_url, floor=floor, holder=holder)).sound
    assert (await compare(postgres_url)).differing == 0
