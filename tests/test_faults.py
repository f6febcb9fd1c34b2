"""What a city may meet on any day: what people are told, what is lost, what the operator reads.

The database gone and back, a full disk, somebody who sends slowly, a publisher that is stuck. A
worker killed in a burst is in `test_reward_bursts`, a clock that goes back in `test_stops`, a
primary that fails in `test_failover`.
"""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from ledger.verify import verify
from tests.clusters import cluster
from tests.credit import credit
from tests.test_failover import FIRST_POLICY
from tests.world import World, key, open_world
from timebank import publication
from timebank.access import Role
from timebank.actors import Actor
from timebank.publication import hold_anchor, publishing, read_signer
from timebank.refusals import LedgerAway
from timebank.reward_orders import order_reward
from timebank.rewards import offer_reward
from timebank.sign_in import open_session
from web import app, doctor, patience

pytestmark = [pytest.mark.anyio, pytest.mark.one_database]

ORDER = """mutation($input: OrderRewardInput!) { orderReward(input: $input) {
  order { id } replayed userErrors { code } } }"""
BALANCE = "{ account { balanceMinutes } }"


class Somebody:
    """A volunteer with minutes, at the application, by its API and its pages."""

    def __init__(self, client: httpx.AsyncClient, actor: Actor, reward: str) -> None:
        self.client, self.actor, self.reward = client, actor, reward

    async def order(self, attempt: str) -> Any:
        """What the API answered: an order, or the code of an error."""
        given = {"reward": self.reward, "idempotencyKey": attempt}
        told = await self._ask(ORDER, input=given)
        done = (told.get("data") or {}).get("orderReward")
        return done or told["errors"][0]["extensions"]

    async def balance(self) -> int:
        """Their minutes."""
        return int((await self._ask(BALANCE))["data"]["account"]["balanceMinutes"])

    async def status(self, path: str) -> int:
        """The status that a page, or an operator's address, answers."""
        return (await self.client.get(path)).status_code

    async def _ask(self, query: str, **variables: Any) -> Any:
        asked = {"query": query, "variables": variables}
        return (await self.client.post("/graphql", json=asked)).json()


async def somebody(world: World) -> Somebody:
    """Signed in, with ten hours."""
    actor = await world.volunteer()
    await credit(actor.person or "", world.station, 600)
    made = await offer_reward(
        world.staff[Role.STATION_MANAGER],
        station=world.station,
        name="理发一次",
        minutes=60,
        stock=100,
        key=key(),
    )
    token = (await open_session(actor.person or "")).token
    client = httpx.AsyncClient(
        transport=httpx.ASGITransport(app.build(world.settings, clock=world.clock)),
        base_url="https://bank",
        headers={"authorization": f"Bearer {token}", "accept": "text/html,application/json"},
    )
    return Somebody(client, actor, made.reward)


async def figures(who: Somebody) -> list[str]:
    """What the operator's alarm watches."""
    return (await who.client.get("/metrics")).text.splitlines()


async def test_a_database_that_goes_and_comes_back_loses_nothing_and_says_so(
    tmp_path: Path,
) -> None:
    with cluster() as servers:
        server = servers.node()
        server.make()
        server.start()
        async with open_world(server.url, tmp_path, policy=FIRST_POLICY) as world:
            who = await somebody(world)
            first = await who.order("the first")
            assert (await who.status("/"), await who.status("/readyz")) == (200, 200)
            assert "timebank_database_reached 1.0" in await figures(who)

            server.kill()
            for _ in range(2):
                assert (await who.order("the second"))["code"] == "BUSY"
            home = await who.client.get("/")
            assert (home.status_code, "不会丢" in home.text) == (503, True)
            for path in ("/readyz", "/ledger/checkpoint"):
                assert await who.status(path) == 503, path
            assert await who.status("/healthz") == 200
            assert await figures(who) == [
                "# HELP timebank_database_reached"
                " 1 while the database can be reached; without it there are no other figures.",
                "# TYPE timebank_database_reached gauge",
                "timebank_database_reached 0.0",
            ]

            server.start()
            second = await who.order("the second")
            assert (second["order"] is not None, second["replayed"]) == (True, False)
            assert await who.order("the first") == first | {"replayed": True}
            assert await who.balance() == 600 - 2 * 60
            assert (await who.status("/"), await who.status("/readyz")) == (200, 200)
            assert (await verify(server.url)).sound


async def test_a_full_disk_takes_nothing_half_and_reading_goes_on(world: World) -> None:
    who = await somebody(world)
    held: Any = world.journal.writer
    (pages,) = held.connection.execute("PRAGMA page_count").fetchone()
    held.connection.execute(f"PRAGMA max_page_count = {pages}")
    kept = 0
    while (told := await who.order(f"attempt-{kept}")).get("code") != "BUSY":
        kept += 1
        assert kept < 10, "the disk never filled"
    assert await who.balance() == 600 - kept * 60
    assert await who.status("/statement") == 200
    with pytest.raises(LedgerAway):
        await order_reward(who.actor, reward=who.reward, key=key())

    held.connection.execute("PRAGMA max_page_count = 1000000")
    assert (await who.order(f"attempt-{kept}"))["replayed"] is False
    assert await who.balance() == 600 - (kept + 1) * 60
    assert (await verify(world.settings.database_url)).sound
    assert told["code"] == "BUSY"


async def test_who_sends_slowly_is_hung_up_on_and_holds_nobody_up(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = await somebody(world)
    monkeypatch.setattr(patience, "SECONDS_OF_SILENCE", 2.0)
    monkeypatch.setattr(patience, "SECONDS_TO_SEND", 4.0)
    gone = asyncio.Event()

    async def stalled() -> AsyncIterator[bytes]:
        yield b'{"query": "'
        await gone.wait()

    async def dripping() -> AsyncIterator[bytes]:
        while True:
            yield b" "
            await asyncio.sleep(0.1)

    as_json = {"content-type": "application/json"}
    as_form = {"content-type": "application/x-www-form-urlencoded"}
    slow = [
        asyncio.create_task(who.client.post(path, content=body(), headers=kind))
        for body in (stalled, dripping)
        for path, kind in (("/graphql", as_json), ("/settings", as_form), ("/sign-in", as_form))
        for _ in range(20)
    ]
    assert (await who.order("meanwhile"))["order"]
    assert await who.status("/") == 200
    assert not any(one.done() for one in slow)
    assert {one.status_code for one in await asyncio.gather(*slow)} == {408}
    gone.set()


async def test_a_publisher_that_is_stuck_is_named_and_stops_nobody(world: World) -> None:
    settings = world.settings
    await publication.publish_once(settings)
    signed = await publication.signed_size(settings.database_url)
    who = await somebody(world)
    with hold_anchor(settings, read_signer(settings)):
        # Whoever holds the anchor signs nothing.
        async with publishing(settings) as log:
            assert (await who.order("meanwhile"))["order"]
            assert not await log.wait(signed + 1, seconds=0.2)
        world.clock.move(timedelta(seconds=90))
        assert f"timebank_ledger_signed_entries {float(signed)}" in await figures(who)
        (waits,) = [
            float(one.split()[1])
            for one in await figures(who)
            if one.startswith("timebank_ledger_unsigned_seconds")
        ]
        assert waits == pytest.approx(90, abs=1)
        assert not (await line(world, "signing")).well
    async with publishing(settings) as log:
        assert await log.wait(signed + 1, seconds=10)
    assert "timebank_ledger_unsigned_seconds 0.0" in await figures(who)
    assert (await line(world, "signing")).well


async def test_the_doctor_hears_from_a_server_what_only_that_knows(world: World) -> None:
    # The world's bank is open already.
    built = app.build(world.settings, clock=world.clock)
    config = uvicorn.Config(built, port=0, log_level="error", lifespan="off", ws="none")
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve())
    while not server.started:  # uvicorn tells by no event when it is ready
        await asyncio.wait([running], timeout=0.01)
    (listening,) = server.servers[0].sockets
    port = listening.getsockname()[1]
    try:
        assert await line(world, "server", port=port) == doctor.Finding("server", True, "ready")
        world.clock.jump(timedelta(minutes=2))
        told = await line(world, "server", port=port)
        assert (told.well, told.seen) == (False, "the clock was set while the server ran")
    finally:
        server.should_exit = True
        await running
    told = await line(world, "server", port=port)
    assert (told.well, told.seen) == (True, f"none answers at 127.0.0.1:{port}")


async def line(world: World, name: str, **settings: Any) -> doctor.Finding:
    """What the doctor says of one thing."""
    asked = world.settings.model_copy(update=settings)
    (found,) = [one for one in await doctor.examine(asked) if one.name == name]
    return found
