"""Replay: the ledger's bytes alone give every projection again, and what differs is named."""

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from ledger.entry import EMPTY, seal
from ledger.tables import dialect_of, sqlite_path
from tests.conftest import Size
from tests.credit import TestCredited, credit
from tests.world import NOON, World, key, open_world
from timebank import replay, rewards
from timebank.access import Grants, Role
from timebank.accounts import Account, Posting
from timebank.events import body_of
from timebank.replay import Difference, Rebuilt, Replayed, projections
from timebank.reward_orders import cancel_reward, order_reward
from timebank.tables import TABLES, count, keys_of

pytestmark = pytest.mark.anyio


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    """A city with credit, an order that stands and one that was cancelled."""
    async with open_world(database_url, tmp_path) as made:
        who = await made.volunteer()
        await credit(who.id, made.station, 500)
        offered = await rewards.offer_reward(
            made.staff[Role.STATION_MANAGER],
            station=made.station,
            name="理发一次",
            minutes=60,
            stock=9,
            key=key(),
        )
        await order_reward(who, reward=offered.reward, key=key())
        gone = await order_reward(who, reward=offered.reward, key=key())
        await cancel_reward(who, order=gone.order, key=key())
        yield made


async def tamper(url: str, statement: str) -> None:
    """Change the database behind everybody's back."""
    if dialect_of(url) == "sqlite":
        file = sqlite3.connect(sqlite_path(url), isolation_level=None)
        file.execute(statement)
        file.close()
        return
    connection = await asyncpg.connect(url)
    await connection.execute(statement)
    await connection.close()


async def told(world: World, most: int = replay.MOST_HELD) -> Replayed:
    return await replay.compare(world.settings.database_url, most=most)


@pytest.mark.parametrize("most", [replay.MOST_HELD, 3])
async def test_replay_gives_what_is_live_however_few_rows_fit(world: World, most: int) -> None:
    found = await told(world, most)
    assert (found.differing, found.differences) == (0, ())
    assert found.entries > 20
    assert found.rows == sum([await count(table.row) for table in projections()])


@pytest.mark.parametrize("most", [replay.MOST_HELD, 3])
async def test_a_change_a_loss_and_an_addition_are_named(world: World, most: int) -> None:
    url = world.settings.database_url
    (who,) = [row for row in await world_accounts() if row.startswith("volunteer:")]
    postings = await count(Posting)
    await tamper(url, f"UPDATE account SET balance = balance + 7 WHERE code = '{who}'")
    await tamper(url, "DELETE FROM station_number")
    await tamper(url, "INSERT INTO seats (activity, taken) VALUES ('act_x', 5)")

    found = await told(world, most)

    assert set(found.differences) == {
        Difference("account", who, "changed", ("balance",)),
        Difference("station_number", "001", "missing"),
        Difference("seats", "act_x", "extra"),
    }
    assert found.differing == 3
    assert await count(Posting) == postings, "comparing writes nothing"


async def world_accounts() -> list[str]:
    return [str(code) for code in await keys_of(Account.spec)]


async def test_differences_past_a_hundred_are_counted_and_not_named(world: World) -> None:
    await tamper(world.settings.database_url, "DELETE FROM area")
    found = await told(world)
    assert found.differing > 3_000
    assert len(found.differences) == replay.MOST_NAMED


@pytest.mark.parametrize("most", [replay.MOST_HELD, 3])
async def test_refilling_mends_every_projection_and_leaves_the_vault(
    world: World, most: int
) -> None:
    url = world.settings.database_url
    kept = {name: await count(t.row) for name, t in TABLES.items() if t.vault}
    await tamper(url, "UPDATE account SET balance = 0")
    await tamper(url, "DELETE FROM grants")
    await tamper(url, "INSERT INTO seats (activity, taken) VALUES ('act_x', 5)")
    assert (await told(world)).differing

    done = await replay.apply(url, most=most)

    found = await told(world)
    assert (found.differing, found.entries, found.rows) == (0, done.entries, done.rows)
    assert {name: await count(t.row) for name, t in TABLES.items() if t.vault} == kept


async def test_a_refill_that_fails_leaves_everything_as_it_was(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await count(Grants)

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(replay, "project", broken)
    with pytest.raises(ZeroDivisionError):
        await replay.apply(world.settings.database_url)
    assert await count(Grants) == before > 0


async def test_a_projector_that_writes_to_the_vault_is_found_out() -> None:
    rows = Rebuilt(sqlite3.connect(":memory:"), 10)
    with pytest.raises(KeyError):
        rows.put(TABLES["texts"].row(id="x", value="y", salt=b"", commitment=""))
    rows.shelves[Grants].file.close()


@pytest.mark.alone
async def test_entries_are_projected_by_the_tens_of_thousands_a_second(size: Size) -> None:
    """Decoded, checked and projected; on a machine that does nothing else, see the benchmark."""
    tip, sealed = EMPTY, []
    for n in range(20_000 if size == "full" else 3_000):
        said = TestCredited(person=f"per_{n % 1000}", station="sta_1", minutes=1 + n % 90)
        entry = seal(
            tip,
            now=NOON,
            kind="test.credited",
            actor="system",
            request=f"{n:032x}",
            policy="WH-2016-12",
            body=body_of(said),
            postings=said.postings(),
        )
        tip = entry.tip
        sealed.append(entry.bytes)

    async def chunks() -> AsyncIterator[list[tuple[bytes]]]:
        yield [(data,) for data in sealed]

    rates = []
    for _ in range(3):  # the best of three: what else the machine does is not measured
        async with replay.rebuilt(chunks(), replay.MOST_HELD, lambda done: None) as told:
            rows, done, took = told
            assert done == len(sealed)
            minted = rows.get(Account, "issuance:sta_1")
            assert minted
            assert minted.balance == -sum(1 + n % 90 for n in range(done))
        rates.append(done / took)
    assert max(rates) > 10_000, f"{max(rates):.0f} entries a second"
