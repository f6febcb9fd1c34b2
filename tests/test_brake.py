"""Brake: refusals are answered at once so often, then after a pause, and never those of others."""

import asyncio
import time

import pytest

from tests.graphql_toy import Client, admission, context_of
from web.brake import PAUSES, Brake
from web.graphql import GraphQL
from web.points import Points

pytestmark = pytest.mark.anyio


async def test_a_refusal_waits_once_there_were_too_many() -> None:
    brake = Brake(refusals=2, a_second=1, pause_seconds=0.2)
    began = time.perf_counter()
    assert await brake.refuse("eve")
    assert await brake.refuse("eve")
    assert await brake.refuse("ann")
    assert time.perf_counter() - began < 0.2
    assert await brake.refuse("eve")
    assert time.perf_counter() - began >= 0.2


async def test_who_waits_on_many_connections_loses_the_next() -> None:
    brake = Brake(pause_seconds=60)
    waiting = [asyncio.create_task(brake.pause("eve")) for _ in range(PAUSES)]
    await asyncio.sleep(0)
    assert not await brake.pause("eve")
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    brake = Brake(pause_seconds=0)
    assert all([await brake.pause("eve") for _ in range(PAUSES + 1)])


async def test_the_endpoint_lets_refusals_wait_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    brake = Brake(refusals=1, a_second=1, pause_seconds=0.2)
    client = Client(GraphQL(admission(), context_of=context_of, brake=brake))
    began = time.perf_counter()
    assert (await client.raw(b"null")).status_code == 400
    assert (await client.ask("{ hello }")).status_code == 200
    assert time.perf_counter() - began < 0.2
    waited = await client.raw(b"null")
    assert waited.status_code == 400
    assert "connection" not in waited.headers
    assert time.perf_counter() - began >= 0.2
    monkeypatch.setattr("web.brake.PAUSES", 0)
    cut = await client.ask("{ nothing }")
    assert cut.headers["connection"] == "close"


def test_what_is_owed_comes_back_before_anything_is_spent() -> None:
    now = 0.0
    points = Points(limit=10, restore_per_second=1, clock=lambda: now)
    points.owe("eve", 25)
    assert points.remaining("eve") == -15
    assert points.take("eve", 1) == 16
    now = 16.0
    assert points.take("eve", 1) == 0
