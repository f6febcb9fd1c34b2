"""Random histories of a whole city: whatever happens, the books hold after every step.

All acts of the time bank by chance, its clock moving, its process killed: after every step the sums
are zero, no floor is broken, what was minted is somewhere, and lifetimes and stars are what the
bytes of the entries say; every so often, and at the end, replay gives the tables that are there.
"""

from collections import defaultdict
from datetime import datetime
from pathlib import Path

import pytest

from ledger.entry import Sealed, decode
from ledger.reader import open_reader, read_entries, read_head
from ledger.verify import verify
from tests.chances import City, Task
from tests.processes import start
from tests.starring import HOURLY
from tests.test_stars_recomputed import recomputed
from tests.world import World, open_world
from timebank import replay
from timebank.accounts import (
    KNOWN,
    Account,
    conservation,
    escrow,
    has_floor,
    owed,
    volunteer,
)
from timebank.bank import open_bank
from timebank.clock import ManualClock, day_of
from timebank.donations import Donation, DonationState
from timebank.gift_life import GiftState
from timebank.gifts import Gift
from timebank.held_stars import Stars, star_on
from timebank.help_life import HOLDING, HelpState
from timebank.help_orders import HelpOrder, HelpRecord
from timebank.hours import Record
from timebank.pool_grants import GrantState, PoolGrant
from timebank.record_life import RecordState
from timebank.reward_orders import OrderState, RewardOrder
from timebank.stars import minutes_on
from timebank.tables import find, find_many, select

pytestmark = pytest.mark.anyio
PAID = (HelpState.SETTLED, HelpState.PARTIAL, HelpState.RELEASED)
GONE = (RecordState.REJECTED, RecordState.REPUDIATED, RecordState.REVERSED, RecordState.VOIDED)


async def waiting() -> dict[str, int]:
    """What everything that is not over holds in escrow, by its account; but for grants."""
    holding = [state.value for state in HOLDING]
    held = {one.id: one.minutes for one in await select(HelpOrder, state__in=holding)}
    held |= {one.id: one.minutes for one in await select(Gift, state=GiftState.OFFERED.value)}
    undecided = DonationState.WAITING.value
    held |= {one.id: one.minutes for one in await select(Donation, state=undecided)}
    waits = [OrderState.ORDERED.value, OrderState.READY.value]
    held |= {one.id: one.minutes for one in await select(RewardOrder, state__in=waits)}
    return {escrow(id): minutes for id, minutes in held.items() if minutes}


class Books:
    """What must hold, from the accounts and from the bytes of the entries."""

    def __init__(self, world: World) -> None:
        self.world, self.read = world, 0
        self.entries: dict[str, list[Sealed]] = defaultdict(list)
        self.gone: set[str] = set()

    async def hold(self) -> None:
        """Check everything that the entries since the last time have touched."""
        assert (await conservation()).whole
        accounts = await select(Account)
        for unit in ("minute", "fen"):
            assert sum(one.balance for one in accounts if one.unit == unit) == 0
        for one in accounts:
            assert one.balance >= 0 if has_floor(one.code) else one.balance <= 0, one
        touched = await self._touched()
        assert not [one for one in accounts if one.code in self.gone and one.balance]
        held = {one.code: one.balance for one in accounts if one.code.startswith("escrow:")}
        for grant in await select(PoolGrant, state=GrantState.GRANTED.value):
            held.pop(escrow(grant.id))
        assert {code: minutes for code, minutes in held.items() if minutes} == await waiting()
        await self._help_stands()
        today = day_of(self.world.clock.now())
        for who in touched:
            minutes = await minutes_on(who, today)
            told = minutes, star_on(await find(Stars, who), minutes, today)
            assert told == recomputed(self.entries[who], today), who

    async def _help_stands(self) -> None:
        """Whether no help is paid beyond the record that stands for it."""
        made: dict[str, list[str]] = defaultdict(list)
        for one in await select(HelpRecord):
            made[one.order].append(one.record)
        records = await find_many(Record, [id for ids in made.values() for id in ids])
        for order in await select(HelpOrder, state__in=[one.value for one in PAID]):
            standing = [one for one in map(records.get, made[order.id]) if one]
            most = max((one.minutes for one in standing if one.state not in GONE), default=0)
            assert order.to_helper <= most, order

    async def _touched(self) -> set[str]:
        async with open_reader(self.world.settings.database_url) as reader:
            size = (await read_head(reader)).size
            new = [
                decode(row[1])
                async for rows in read_entries(reader, self.read, size)
                for row in rows
            ]
        self.read = size
        touched: set[str] = set()
        for entry in new:
            who = entry.body.get("volunteer") or entry.body.get("person")
            if entry.kind == "person.merged":
                gone, kept = str(who), str(entry.body["kept"])
                both = [*self.entries[kept], *self.entries.pop(gone, [])]
                self.entries[kept] = sorted(both, key=lambda one: one.seq)
                self.gone |= {volunteer(gone), owed(gone)}
                touched = {*touched, kept} - {gone}
            if entry.kind.startswith(("hours.", "star.")) and isinstance(who, str):
                self.entries[who].append(entry)
                touched.add(who)
        return touched

    async def replayed(self) -> None:
        """Whether replay gives the tables that are there."""
        assert (await replay.compare(self.world.settings.database_url)).differences == ()


async def test_after_every_step_the_books_of_a_city_hold(
    sqlite_url: str, tmp_path: Path, size: str
) -> None:
    families, steps, sweeps = (100, 6_000, 0.01) if size == "full" else (4, 280, 0.05)
    async with open_world(sqlite_url, tmp_path, policy=HOURLY) as world:
        city = City(world, 20161205, sweeps=sweeps)
        await city.found(families)
        await city.look()
        books = Books(world)
        for n in range(steps):
            name = await city.step()
            try:
                await books.hold()
            except AssertionError as error:
                raise AssertionError(f"step {n}: {name}") from error
            if n % (steps // 3) == 0:
                await books.replayed()
        await books.replayed()
    acts = {getattr(act, "__name__", "") for act in city.acts}
    never = acts - {name for name, times in city.done.items() if times}
    # A short history need not come to everything; that it comes to most shows that it is one.
    assert len(never) <= (0 if size == "full" else len(acts) // 3), never
    assert (await verify(sqlite_url, **KNOWN)).sound


async def lived(task: Task, steps: int) -> str:
    """Let a process go on, and kill it in the midst of an act; what its clock showed then."""
    process = await start("tests.chances", task)
    shown = b""
    for _ in range(steps):
        shown = await process.stdout.readline()
        assert shown, "it ended by itself"
    process.kill()
    await process.ended()
    return shown.decode().strip()


async def test_a_city_whose_process_is_killed_again_and_again_goes_on(
    database_url: str, tmp_path: Path, size: str
) -> None:
    kills, steps = (30, 60) if size == "full" else (2, 15)
    async with open_world(database_url, tmp_path, policy=HOURLY) as world:
        city = City(world, 0)
        await city.found(3)
        staff = {role.value: who.id for role, who in world.staff.items()}
        settings, at = world.settings, world.clock.now()
        place = world.station, world.station_path
    for seed in range(kills):
        task = Task(str(settings.data), database_url, *place, staff, at, seed)
        at = datetime.fromisoformat(await lived(task, steps + seed))
    async with open_bank(settings, clock=ManualClock(at)) as journal:
        books = Books(World(journal, ManualClock(at), settings))
        await books.hold()
        await books.replayed()
        assert sum(len(entries) for entries in books.entries.values()) > kills
    assert (await verify(database_url, **KNOWN)).sound
