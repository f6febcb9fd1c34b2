"""A quarter of a city through the commands, and every published total over its export.

At full size more than 200,000 records, besides orders, gifts and rewards. The sums are made by a
program that reads the exported files and nothing of ours.
"""

import asyncio
import contextlib
import csv
import json
import subprocess
import sys
from collections import defaultdict
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from ledger.verify import verify
from tests import export_sums
from tests.chance import AREA
from tests.chances import City
from tests.test_roster_story import ids, parts
from tests.world import World, key, open_world
from timebank import accounts, exports
from timebank.access import Role
from timebank.activities import ActivityKind
from timebank.actors import person
from timebank.clock import day_of
from timebank.confirmations import accept_hours, confirm_hours, review_hours
from timebank.hours import Record, totals_of
from timebank.people import Person
from timebank.policy import SEED, read_policy
from timebank.record_life import RecordState
from timebank.refusals import Refusal
from timebank.replay import compare
from timebank.reversals import held_batches, release_batch
from timebank.roster_files import RosterRow
from timebank.rosters import record_roster
from timebank.solvency import EscrowHome, minutes_of_stations, solvency
from timebank.stars import level, progress_on
from timebank.tables import select

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TOGETHER = 500
WEEKS, SLOTS = 13, 6


class Quarter:
    """Weeks of a city: a roster of everybody, its keys, and whatever else happens."""

    def __init__(self, world: World, *, crowd: int, acts: int) -> None:
        self.world, self.crowd, self.acts = world, crowd, acts
        self.city = City(world, 20161205, sweeps=0.01)
        self.numbers: list[str] = []

    async def begin(self) -> None:
        """A few families, to whom anything may happen, and a crowd that serves."""
        await self.city.found(3)
        await self.city.look()
        for some in parts([""] * self.crowd):
            made = await asyncio.gather(*(self.world.volunteer() for _ in some))
            self.numbers += [await self.world.number_of(who) for who in made]

    async def week(self) -> None:
        """One week."""
        now = self.world.clock.now().replace(minute=0, second=0, microsecond=0)
        begins = [now - days * DAY - hours * HOUR for days in range(3) for hours in (2, 3)]
        rows = [
            RosterRow(
                station="001",
                volunteer=number,
                starts=starts,
                ends=starts + timedelta(minutes=50),
                kind=ActivityKind.ELDER,
            )
            for number in self.numbers
            for starts in begins
        ]
        clerk = self.world.staff[Role.STATION_CLERK]
        for n in range(0, len(rows), TOGETHER):
            await record_roster(clerk, rows=rows[n : n + TOGETHER], key=key())
        await self.turn_the_keys()
        for _ in range(self.acts):
            await self.city.step()
        self.world.clock.at = max(self.world.clock.at, now + 7 * DAY)

    async def turn_the_keys(self) -> None:
        """Confirm, review and accept whatever waits; what the acts have held goes on."""
        manager, lead = self.city.manager, self.city.lead
        # Of some records somebody here has had a hand in them, and another would have to come.
        for batch in await held_batches(lead, self.world.station_path):
            with contextlib.suppress(Refusal):
                await release_batch(lead, batch=batch.id, key=key())
        for records in parts(await ids(RecordState.CAPTURED)):
            with contextlib.suppress(Refusal):
                await confirm_hours(manager, records=records, key=key())
        for records in parts(await ids(RecordState.TO_REVIEW)):
            with contextlib.suppress(Refusal):
                await review_hours(lead, records=records, key=key())
        mine: dict[str, list[str]] = defaultdict(list)
        for held in await select(Record, state=RecordState.CONFIRMED.value):
            mine[held.volunteer].append(held.id)
        for group in parts(list(mine)):
            told = await asyncio.gather(
                *(accept_hours(person(who), records=mine[who], key=key()) for who in group),
                return_exceptions=True,
            )
            # Whoever was suspended or closed the account meanwhile accepts nothing.
            assert [no for no in told if isinstance(no, Exception)] == [
                no for no in told if isinstance(no, Refusal)
            ]


async def exported(world: World, directory: Path) -> dict[str, Any]:
    """What the other program says of this ledger's export."""
    files = [directory / "entries.csv", directory / "postings.csv"]
    url, today = world.settings.database_url, day_of(world.clock.now())
    with files[0].open("w", newline="") as entries, files[1].open("w", newline="") as postings:
        await exports.write_csv(url, entries, postings)
    told = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-I", export_sums.__file__, *map(str, files), today.isoformat()],
        capture_output=True,
        check=True,
        text=True,
    )
    summed: dict[str, Any] = json.loads(told.stdout)
    return summed


def test_who_served_under_two_numbers_is_one_in_the_sums(tmp_path: Path) -> None:
    """A quarter comes to a merge now and then only."""
    told = [
        ("hours.posted", {"record": "r1", "volunteer": "a", "minutes": 60}),
        ("hours.posted", {"record": "r2", "volunteer": "b", "minutes": 30}),
        ("person.merged", {"person": "a", "kept": "b"}),
        ("person.merged", {"person": "b", "kept": "c"}),
        ("hours.reversed", {"record": "r2"}),
    ]
    with (tmp_path / "entries.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["kind", "at", "body"])
        rows.writerows([kind, "2026-11-20T12:00:00+08:00", json.dumps(body)] for kind, body in told)
    (tmp_path / "postings.csv").write_text("account,day,unit,amount\n")
    files = str(tmp_path / "entries.csv"), str(tmp_path / "postings.csv")
    assert export_sums.summed(*files, date(2026, 11, 20))["lifetimes"] == {"c": 60}


@pytest.mark.anyio
async def test_every_published_total_of_a_quarter_is_a_sum_over_its_export(
    sqlite_url: str, tmp_path: Path, size: str
) -> None:
    weeks, crowd, acts = (WEEKS, 2_700, 200) if size == "full" else (2, 8, 110)
    async with open_world(sqlite_url, tmp_path) as world:
        quarter = Quarter(world, crowd=crowd, acts=acts)
        await quarter.begin()
        for _ in range(weeks):
            await quarter.week()
        told = await exported(world, tmp_path)
        kinds = told["kinds"]
        assert kinds["hours.captured"] > (200_000 if size == "full" else 2 * crowd * SLOTS)
        if size == "full":
            assert min(kinds[kind] for kind in ("help.settled", "gift.accepted")) > 0
            assert kinds["reward.handed_over"] > 0

        books = await accounts.conservation()
        sums = defaultdict(int, told["by_kind"])
        assert books.minted == -sums["issuance"]
        assert (books.held, books.escrow, books.pools, books.redeemed, books.owed) == tuple(
            sums[kind] for kind in ("volunteer", "escrow", "pool", "reward", "owed")
        )
        stands = await solvency(day_of(world.clock.now()))
        assert stands
        assert stands.outstanding == sums["volunteer"] + sums["escrow"]
        assert (stands.drawn, stands.pools) == (told["drawn"], sums["pool"])
        district = await solvency(day_of(world.clock.now()), area=AREA)
        here = (await minutes_of_stations([world.station]))[world.station]
        assert district
        station = world.station
        assert (here.minted, here.reversed) == (told["minted"][station], told["reversed"][station])
        # Everybody whose home is somewhere is at home at the one station of the one district; what
        # a pool granted waits in the district and at no station.
        homes = [one.id for one in await select(Person) if one.home]
        held = sum(told["accounts"].get(accounts.volunteer(id), 0) for id in homes)
        waits = {row.code: row for row in await select(EscrowHome)}
        escrows = {code for code, kept in told["accounts"].items() if kept and "escrow:" in code}
        assert set(waits) == escrows
        in_district = sum(told["accounts"][code] for code in waits if waits[code].area == AREA)
        in_station = sum(told["accounts"][code] for code in waits if waits[code].station == station)
        assert district.outstanding == held + in_district
        assert here.outstanding == held + in_station
        assert district.pools == told["accounts"].get(accounts.pool(AREA), 0)
        people = [one.id for one in await select(Person) if one.merged_into is None]
        totals = await totals_of(people)
        lifetimes = {who: total.minutes for who, total in totals.items() if total.minutes}
        assert lifetimes == {who: minutes for who, minutes in told["lifetimes"].items() if minutes}
        balances = await accounts.balances_of([*told["accounts"]])
        assert balances == told["accounts"]
        policy, today = read_policy(SEED.read_text("utf-8")), day_of(world.clock.now())
        for who in people[:: max(1, len(people) // 50)]:
            shown = await progress_on(who, today, policy)
            minutes = told["lifetimes"].get(who, 0)
            assert (shown.minutes, shown.level) == (minutes, level(minutes, policy))
    assert (await verify(sqlite_url, floor=accounts.floor, holder=accounts.holder)).sound
    assert (await compare(sqlite_url)).differing == 0
