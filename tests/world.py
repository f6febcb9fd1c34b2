"""A small city for the tests: a bank that is open, a station that works, people who may act.

Everything is made by the ordinary commands, at an hour that stands still until it is moved.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from tests import founded
from timebank import identity, people, places, teams
from timebank.access import Role, grant_role
from timebank.activities import ActivityKind, Move, move_activity
from timebank.activity_plans import declare_activity
from timebank.actors import PUBLIC, SYSTEM, Actor, person
from timebank.bank import init, open_bank
from timebank.clock import ManualClock
from timebank.divisions import CITY_PATH, adopt_divisions
from timebank.journal import Journal
from timebank.keys import RequestKey
from timebank.policy import Policy
from timebank.settings import Settings

# What is known of a city beside its ledger: station, team, path, staff and how many are in it.
Kept = tuple[str, str, str, dict[Role, Actor], int]
NOON = datetime(2026, 11, 20, 4, tzinfo=UTC)
COMMUNITY = "420102002003"
CHECKS = "10X98765432"
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def key() -> RequestKey:
    """A key that is used once."""
    return RequestKey.once("tests")


def resident_id(n: int, birth: date = date(1950, 5, 6)) -> str:
    """The n-th made-up resident number of somebody born on a day."""
    body = f"{420102 + n // 1000:06d}{birth:%Y%m%d}{n % 1000:03d}"
    return body + CHECKS[sum(int(d) * w for d, w in zip(body, WEIGHTS, strict=True)) % 11]


class World:
    """The open bank, its clock, and who is in it."""

    def __init__(self, journal: Journal, clock: ManualClock, settings: Settings) -> None:
        self.journal, self.clock, self.settings = journal, clock, settings
        self.station = self.team = self.station_path = ""
        self.staff: dict[Role, Actor] = {}
        self.count = 0

    async def register(
        self,
        *,
        home: str | None = None,
        birth: date = date(1950, 5, 6),
        name: str = "",
        number: str = "",
    ) -> Actor:
        """Somebody new, registered by themselves, or by the software where there is no home.

        Args: number, of the document, where it matters.
        """
        self.count += 1
        made = await people.register_person(
            PUBLIC if home else SYSTEM,
            name=name or f"王秀英{self.count}",
            document=identity.DocumentType.RESIDENT_ID,
            document_number=number or resident_id(self.count, birth),
            phone="13900000000",
            home=home,
            consent=True,
            key=key(),
        )
        return person(made.person)

    async def officer(self, role: Role, scope: str = CITY_PATH) -> Actor:
        """Somebody new with a role over a scope."""
        made = await self.register()
        assert made.person
        await grant_role(SYSTEM, person=made.person, role=role, scope=scope, key=key())
        return person(made.person, staff=True)

    async def volunteer(self, *, birth: date = date(1950, 5, 6), name: str = "") -> Actor:
        """Somebody new whose home is the station."""
        return await self.register(home=self.station, birth=birth, name=name)

    async def ward(self, *, birth: date) -> Actor:
        """A minor, registered by a guardian."""
        self.count += 1
        guardian = await self.volunteer()
        made = await people.register_person(
            guardian,
            name="李小明",
            document=identity.DocumentType.RESIDENT_ID,
            document_number=resident_id(self.count + 500, birth),
            phone="13900000000",
            home=self.station,
            consent=True,
            guardian=guardian.person,
            key=key(),
        )
        return person(made.person)

    async def activity(
        self,
        *,
        seats: int = 5,
        starts_in: timedelta = timedelta(0),
        minutes: int = 120,
        team: str | None = None,
    ) -> str:
        """An open activity of the station, or of one of its teams."""
        manager = self.staff[Role.STATION_MANAGER]
        starts = self.clock.now() + starts_in
        made = await declare_activity(
            manager,
            station=self.station,
            team=team,
            kind=ActivityKind.ELDER,
            title="独居老人探访",
            seats=seats,
            starts=starts,
            ends=starts + timedelta(minutes=minutes),
            key=key(),
        )
        await move_activity(manager, activity=made.activity, move=Move.OPEN, key=key())
        return made.activity

    async def number_of(self, actor: Actor) -> str:
        """Somebody's volunteer number."""
        held = await people.person(actor.person or "")
        assert held
        return held.number


async def found_station(world: World, *, number: str = "001", area: str = COMMUNITY) -> str:
    """A station proposed by the street and approved by the district."""
    made = await places.propose_station(
        world.staff[Role.STREET_OFFICER], area=area, number=number, name="黎黄陂路站", key=key()
    )
    await places.approve_station(world.staff[Role.DISTRICT_REGISTRAR], station=made.id, key=key())
    return made.id


async def found_city(world: World) -> None:
    """Divisions, one station with a team, its staff and officers."""
    await adopt_divisions(SYSTEM)
    for role in (Role.STREET_OFFICER, Role.DISTRICT_REGISTRAR, Role.DISTRICT_LEAD):
        world.staff[role] = await world.officer(role)
    world.station = await found_station(world)
    place = await places.station(world.station)
    assert place
    world.station_path = place.path
    for role in (Role.STATION_MANAGER, Role.STATION_CLERK):
        world.staff[role] = await world.officer(role, world.station_path)
    team = await teams.create_team(
        world.staff[Role.STATION_MANAGER], station=world.station, name="红马甲", key=key()
    )
    world.team = team.team


async def path_of(station: str) -> str:
    """Where a station lies."""
    held = await places.station(station)
    assert held
    return held.path


@asynccontextmanager
async def open_world(
    database_url: str, directory: Path, *, policy: Policy | None = None, replica: str = ""
) -> AsyncIterator[World]:
    """A new city on a database, open; by the seed's policy where none is given."""
    settings = Settings(data=directory / "data", database=database_url, replica=replica)
    if policy is None and await founded.is_fresh(settings):
        kept = await founded.copy(settings, _found)
    else:
        kept = await _found(settings, policy)
    clock = ManualClock(NOON)
    async with open_bank(settings, clock=clock) as journal:
        world = World(journal, clock, settings)
        world.station, world.team, world.station_path, staff, world.count = kept
        world.staff = dict(staff)
        yield world


async def _found(settings: Settings, policy: Policy | None = None) -> Kept:
    """Found a city and say what of it the tests go on with."""
    clock = ManualClock(NOON)
    await init(settings, clock=clock, policy=policy)
    async with open_bank(settings, clock=clock) as journal:
        world = World(journal, clock, settings)
        await found_city(world)
    return world.station, world.team, world.station_path, world.staff, world.count
