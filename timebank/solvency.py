"""Solvency: what volunteers could ask for, what they do ask for, what pools hold (domain 6).

For the city, for each district and station, by where the volunteers are at home: minutes are
fungible and travel, people live somewhere. Outstanding is what they hold and what waits in escrow
for them; whoever has no home station counts for the city alone. Of a station it knows what was
minted and reversed for service there, too (domain 3). The queue is what waits for a helper: saved
and never drawn is how schemes collapse (domain 2). Knows sums; refuses to know persons.
"""

from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import date, datetime, timedelta

import msgspec
from tortoise.expressions import Q

from ledger.entry import Sealed
from timebank.accounts import Account, volunteer
from timebank.clock import day_of
from timebank.divisions import CITY, Area, areas_managed_by
from timebank.events import Event
from timebank.help_life import UNMATCHED, HelpPartlySettled, HelpSettled, Paid
from timebank.help_orders import HelpOrder
from timebank.people import Person
from timebank.person_life import HomeChanged
from timebank.places import Station, names_of, stations_below
from timebank.policy import policy_on
from timebank.pools import (
    DRAWN_DAYS,
    LEVELS,
    ReserveState,
    pool_at,
    reserve_of_all,
    reserve_state,
    reserves_of,
)
from timebank.projections import Rows, projects, projects_postings
from timebank.tables import Row, find, find_many, read, select, table

# Tables and projectors


@table("area_minutes")
class AreaMinutes(Row, frozen=True):
    """What the volunteers at home in an area hold, and what waits in escrow for them.

    `area` is the city's code, a district's, or a station's id.
    """

    area: str
    outstanding: int


@table("station_minted")
class StationMinted(Row, frozen=True):
    """What was ever minted for service at a station, and what of it was reversed."""

    station: str
    minted: int
    reversed: int


@table("area_drawn", index=[("area", "day")])
class AreaDrawn(Row, frozen=True):
    """What the volunteers at home in an area drew on a day; `id` is `<area>/<day>`."""

    id: str
    area: str
    day: date
    minutes: int


@table("escrow_home")
class EscrowHome(Row, frozen=True):
    """Where those are at home whose minutes lie in an escrow, while some do."""

    code: str
    area: str
    station: str


@projects_postings
def _posted(rows: Rows, event: Event, entry: Sealed) -> None:
    moved = [(code, amount) for code, unit, amount in entry.postings if unit == "minute"]
    kept = _kept(rows, moved)
    volunteers = [code for code, _ in moved if code.startswith("volunteer:")]
    rows.ask(
        *((Person, code.removeprefix("volunteer:")) for code in volunteers),
        *((EscrowHome, code) for code in kept),
    )
    home = _home(rows, moved, kept)
    areas = {CITY, *home, *(area for code in volunteers for area in _of(rows, code))}
    stations = [code.partition(":")[2] for code, _ in moved if code.startswith("issuance:")]
    rows.ask(
        *((AreaMinutes, area) for area in areas),
        *((StationMinted, station) for station in stations),
    )
    for code, amount in moved:
        kind, _, whose = code.partition(":")
        if kind == "volunteer":
            _add(rows, _of(rows, code), amount)
        elif kind == "escrow":
            _add(rows, home, amount)
            _keep(rows, code, home)
        elif kind == "reward":
            _draw(rows, home[0], entry.at, amount)
        elif kind == "issuance":
            _mint(rows, whose, amount)


@projects(HelpSettled, HelpPartlySettled)
def _settled(rows: Rows, event: Paid, entry: Sealed) -> None:
    _draw(rows, _of(rows, volunteer(event.payer))[0], entry.at, event.minutes)


@projects(HomeChanged)
def _travelled(rows: Rows, event: HomeChanged, entry: Sealed) -> None:
    """What a person holds counts where they are at home; what waits in escrow where it was paid."""
    held = rows.get(Account, volunteer(event.person))
    if held is None:
        return
    for station, minutes in ((event.left, -held.balance), (event.home, held.balance)):
        home = (pool_at(rows.there(Station, station).path), station) if station else (CITY, CITY)
        _add(rows, home, minutes)


def _kept(rows: Rows, moved: Iterable[tuple[str, int]]) -> list[str]:
    """The escrows that held minutes before, and so have a home; a new one is not looked up."""
    sums: Counter[str] = Counter()
    for code, amount in moved:
        sums[code] += amount
    escrows = [code for code in sums if code.startswith("escrow:")]
    return [code for code in escrows if rows.there(Account, code).balance != sums[code]]


Home = tuple[str, str]
"""Where somebody is at home: the district's code and the station's id; the city twice for none."""


def _home(rows: Rows, moved: Iterable[tuple[str, int]], kept: Iterable[str]) -> Home:
    """Where an entry's escrow belongs to: as kept, or whoever paid into it."""
    for code in kept:
        held = rows.get(EscrowHome, code)
        if held is not None:
            return held.area, held.station
    payers = [code for code, amount in moved if amount < 0]
    for code in payers:
        if code.startswith("volunteer:"):
            return _of(rows, code)
        if code.startswith("pool:"):
            return code.removeprefix("pool:"), CITY
    return CITY, CITY


def _of(rows: Rows, code: str) -> Home:
    held = rows.get(Person, code.removeprefix("volunteer:"))
    return (pool_at(held.home_path), held.home or CITY) if held else (CITY, CITY)


def _keep(rows: Rows, code: str, home: Home) -> None:
    if rows.there(Account, code).balance:
        rows.put(EscrowHome(code=code, area=home[0], station=home[1]))
    else:
        rows.drop(EscrowHome, code)


def _mint(rows: Rows, station: str, amount: int) -> None:
    held = rows.get(StationMinted, station) or StationMinted(station, 0, 0)
    minted, back = held.minted + max(0, -amount), held.reversed + max(0, amount)
    rows.put(StationMinted(station=station, minted=minted, reversed=back))


def _add(rows: Rows, home: Home, minutes: int) -> None:
    for one in dict.fromkeys((*home, CITY)):
        held = rows.get(AreaMinutes, one)
        rows.put(AreaMinutes(area=one, outstanding=(held.outstanding if held else 0) + minutes))


def _draw(rows: Rows, area: str, at: datetime, minutes: int) -> None:
    day = day_of(at)
    for one in dict.fromkeys((area, CITY)):
        id = f"{one}/{day.isoformat()}"
        held = rows.get(AreaDrawn, id)
        drawn = (held.minutes if held else 0) + minutes
        rows.put(AreaDrawn(id=id, area=one, day=day, minutes=drawn))


# Reads


class Solvency(msgspec.Struct, frozen=True, kw_only=True):
    """Minutes of an area, shown to everybody: outstanding, drawn in 90 days, and its pools.

    For a district its own pool, for the city all pools together; `granted` is what the pools
    granted in 90 days, `percent` the reserve ratio, None where nothing was granted. `waiting`
    orders of its stations, of `waiting_minutes`, have no helper yet.
    """

    area: str
    waiting: int
    waiting_minutes: int
    outstanding: int
    drawn: int
    pools: int
    granted: int
    percent: int | None
    state: ReserveState


async def solvency(today: date, *, area: str = CITY) -> Solvency | None:
    """How an area stands in the 90 days to `today`; None for an area without a pool.

    Today's policy says when a reserve is low.   Source: domain 6.
    """
    place = await find(Area, area)
    if area != CITY and (place is None or place.level not in LEVELS):
        return None
    return next(iter(await _stand([area], today)), None)


async def solvency_of_districts(today: date) -> list[Solvency]:
    """How every district stands in the 90 days to `today`, by code; none before a policy.

    Source: domain 6.
    """
    districts = (await areas_managed_by([CITY]))[CITY]
    return await _stand([one.code for one in districts], today)


async def _stand(areas: Sequence[str], today: date) -> list[Solvency]:
    """How these areas stand."""
    policy = await policy_on(today)
    if policy is None:
        return []
    held = await find_many(AreaMinutes, areas)
    since = today - timedelta(days=DRAWN_DAYS - 1)
    rows: list[AreaDrawn] = await select(
        AreaDrawn, area__in=areas, day__gte=since.isoformat(), day__lte=today.isoformat()
    )
    drawn: Counter[str] = Counter()
    for row in rows:
        drawn[row.area] += row.minutes
    reserves = await reserves_of([one for one in areas if one != CITY], today)
    if CITY in areas:
        reserves[CITY] = await reserve_of_all(today)
    orders, minutes = await _queue()
    return [
        Solvency(
            area=one,
            waiting=orders[one],
            waiting_minutes=minutes[one],
            outstanding=held[one].outstanding if one in held else 0,
            drawn=drawn[one],
            pools=reserves[one].held,
            granted=reserves[one].granted,
            percent=reserves[one].percent,
            state=reserve_state(reserves[one].percent, policy.document.credit),
        )
        for one in areas
    ]


async def _queue() -> tuple[Counter[str], Counter[str]]:
    """The orders that wait for a helper, and their minutes, by district and for the city."""
    orders, minutes = Counter[str](), Counter[str]()
    waits = Q(state__in=sorted(UNMATCHED))
    for path, asked in await read(HelpOrder.spec, "path, minutes", [waits]):
        for one in dict.fromkeys((pool_at(path), CITY)):
            orders[one] += 1
            minutes[one] += asked
    return orders, minutes


class StationMinutes(msgspec.Struct, frozen=True, kw_only=True):
    """Minutes of a station: minted for service there, of that reversed, outstanding at home there.

    Minutes travel, so a station's do not add up; those of all stations do.
    """

    minted: int
    reversed: int
    outstanding: int


async def minutes_of_stations(stations: Sequence[str]) -> dict[str, StationMinutes]:
    """The minutes of stations by id, for everybody; zeros for one of none.   Source: domain 3."""
    made, held = await find_many(StationMinted, stations), await find_many(AreaMinutes, stations)
    return {
        id: StationMinutes(
            minted=made[id].minted if id in made else 0,
            reversed=made[id].reversed if id in made else 0,
            outstanding=held[id].outstanding if id in held else 0,
        )
        for id in stations
    }


class StationLine(msgspec.Struct, frozen=True, kw_only=True):
    """A station among all of an area, with its minutes; `area` is its community's code."""

    number: str
    name: str
    area: str
    minted: int
    reversed: int
    outstanding: int


async def minutes_in(path: str) -> AsyncIterator[StationLine]:
    """The minutes of every station below a path, in the order of their ids, however many."""
    after: str | None = None
    while some := await stations_below(path, after=after, before=None, limit=500, backward=False):
        ids = [one.id for one in some]
        minutes, names = await minutes_of_stations(ids), await names_of(ids)
        for one in some:
            yield StationLine(
                number=one.number,
                name=names.get(one.id, ""),
                area=one.area,
                minted=minutes[one.id].minted,
                reversed=minutes[one.id].reversed,
                outstanding=minutes[one.id].outstanding,
            )
        after = ids[-1]
