"""The demonstration city: a deterministic year that went through the ordinary commands.

Real divisions, 1,244 stations, 5,862 teams, three thousand invented volunteers; a year of service
that ends today, its last week still waiting for confirmation. Only what one sees is invented: every
entry was made by a command, with the rights of the person who gave it.
"""

import asyncio
import itertools
import random
from collections.abc import Awaitable, Callable, Iterable
from datetime import date, timedelta
from typing import TypeVar

import msgspec

from timebank.access import Role, grant_role
from timebank.actors import SYSTEM, Actor, person
from timebank.batch import Batch
from timebank.clock import ManualClock, instant
from timebank.demo_people import Invented, invent
from timebank.divisions import CITY_PATH, Area, AreaLevel, adopt_divisions
from timebank.identity import DocumentType
from timebank.journal import Answer, write
from timebank.keys import RequestKey
from timebank.people import register_person
from timebank.places import approve_station, propose_station, stations_by_id
from timebank.tables import Row, select, table
from timebank.teams import create_team

STATIONS = 1244
TEAMS = 5862
VOLUNTEERS = 3000
BUSY = 40
WAVE = 512
TEAM_NAMES = ("红马甲", "邻里帮", "银龄", "晨曦", "江风", "暖阳")

T = TypeVar("T")
Report = Callable[[str, int, int], None]


class Size(msgspec.Struct, frozen=True, kw_only=True):
    """How large the city is; smaller ones are for tests."""

    stations: int = STATIONS
    teams: int = TEAMS
    volunteers: int = VOLUNTEERS
    busy: int = BUSY
    weeks: int = 52
    stories: bool = True


@table("demo_sign_in", vault=True)
class DemoSignIn(Row, frozen=True):
    """Who a visitor of the demonstration can sign in as, by role."""

    role: str
    person: str


class Cast(msgspec.Struct):
    """The people and places of the city while it is made."""

    stations: list[str] = []
    paths: dict[str, str] = {}
    staff: dict[str, Actor] = {}
    managers: dict[str, Actor] = {}
    clerks: dict[str, Actor] = {}
    volunteers: dict[str, list[Actor]] = {}
    numbers: dict[str, str] = {}


class Demo:
    """Makes the city. The clock is moved by it and ends at today's noon."""

    def __init__(self, clock: ManualClock, *, today: date, size: Size, report: Report) -> None:
        self.clock, self.today, self.size, self.report = clock, today, size, report
        self.chance = random.Random(today.year)
        self.keys = itertools.count()
        self.cast = Cast()
        spare = 2 * size.busy + 20
        self.people = iter(invent(size.volunteers + spare, today=today))

    def key(self) -> RequestKey:
        """The next request key: the same ones in every making."""
        return RequestKey.of("demo", f"demo-{next(self.keys):08d}", "demo", 0, secret=b"demo")

    async def in_waves(self, what: str, doing: Iterable[Awaitable[T]], count: int) -> list[T]:
        """Run many commands at once, so that the journal commits them together."""
        done: list[T] = []
        waiting = iter(doing)
        while wave := list(itertools.islice(waiting, WAVE)):
            done += await asyncio.gather(*wave)
            self.report(what, len(done), count)
        return done

    async def at_once(self, doing: Iterable[Awaitable[T]]) -> list[T]:
        """Run a few commands at once."""
        return await asyncio.gather(*doing)

    async def make(self) -> None:
        """Make the whole city."""
        self.clock.at = instant(self.today - timedelta(weeks=self.size.weeks, days=7), 8 * 60)
        await adopt_divisions(SYSTEM, key=self.key())
        await self.appoint_officers()
        await self.found_stations()
        await self.appoint_staff()
        await self.register_volunteers()
        await self.keep_sign_ins()

    async def register(self, who: Invented, home: str | None, by: Actor) -> Actor:
        """Register an invented person."""
        made = await register_person(
            by,
            name=who.name,
            document=DocumentType.RESIDENT_ID,
            document_number=who.document_number,
            phone=who.phone,
            home=home,
            consent=True,
            key=self.key(),
        )
        self.cast.numbers[made.person] = made.number
        return person(made.person)

    async def appoint(self, role: Role, scope: str) -> Actor:
        """Somebody new with a role."""
        who = await self.register(next(self.people), None, SYSTEM)
        await grant_role(SYSTEM, person=who.person or "", role=role, scope=scope, key=self.key())
        return who

    async def appoint_officers(self) -> None:
        """The officers of street, district and city, and an auditor."""
        for role in (
            Role.STREET_OFFICER,
            Role.DISTRICT_REGISTRAR,
            Role.DISTRICT_LEAD,
            Role.CITY_LEAD,
            Role.AUDITOR,
            Role.OPERATOR,
        ):
            self.cast.staff[role.value] = await self.appoint(role, CITY_PATH)

    async def found_stations(self) -> None:
        """Propose and approve the stations, spread over the city's communities."""
        street = self.cast.staff[Role.STREET_OFFICER.value]
        district = self.cast.staff[Role.DISTRICT_REGISTRAR.value]
        areas = await select(Area, level=AreaLevel.COMMUNITY.value, order=["code"])
        step = len(areas) / self.size.stations
        chosen = [areas[int(n * step)] for n in range(self.size.stations)]
        proposed = await self.in_waves(
            "stations proposed",
            (
                propose_station(
                    street,
                    area=area.code,
                    number=f"{n:04d}",
                    name=f"{area.name}志愿者服务站",
                    key=self.key(),
                )
                for n, area in enumerate(chosen, 1)
            ),
            len(chosen),
        )
        self.cast.stations = [made.id for made in proposed]
        await self.in_waves(
            "stations approved",
            (approve_station(district, station=id, key=self.key()) for id in self.cast.stations),
            len(chosen),
        )
        known = await stations_by_id(self.cast.stations)
        self.cast.paths = {id: known[id].path for id in self.cast.stations}

    async def appoint_staff(self) -> None:
        """A manager and a clerk for each busy station; one manager founds the teams."""
        founder = await self.appoint(Role.STATION_MANAGER, CITY_PATH)
        await self.in_waves(
            "teams",
            (
                create_team(
                    founder,
                    station=self.cast.stations[n % len(self.cast.stations)],
                    name=f"{TEAM_NAMES[n // len(self.cast.stations) % len(TEAM_NAMES)]}志愿服务队",
                    key=self.key(),
                )
                for n in range(self.size.teams)
            ),
            self.size.teams,
        )
        for station in self.busy():
            path = self.cast.paths[station]
            self.cast.managers[station] = await self.appoint(Role.STATION_MANAGER, path)
            self.cast.clerks[station] = await self.appoint(Role.STATION_CLERK, path)

    def busy(self) -> list[str]:
        """The stations whose year is told in full."""
        step = len(self.cast.stations) / self.size.busy
        return [self.cast.stations[int(n * step)] for n in range(self.size.busy)]

    async def register_volunteers(self) -> None:
        """Three quarters at the busy stations, at the counter; the others everywhere."""
        busy = self.busy()
        many = self.size.volunteers * 3 // 4
        homes = [busy[n % len(busy)] for n in range(many)]
        homes += [
            self.cast.stations[n * 7 % len(self.cast.stations)]
            for n in range(self.size.volunteers - many)
        ]
        founder = await self.appoint(Role.STATION_CLERK, CITY_PATH)
        made = await self.in_waves(
            "volunteers",
            (
                self.register(next(self.people), home, self.cast.clerks.get(home, founder))
                for home in homes
            ),
            len(homes),
        )
        for home, who in zip(homes, made, strict=True):
            self.cast.volunteers.setdefault(home, []).append(who)

    async def keep_sign_ins(self) -> None:
        """Remember who a visitor can sign in as."""
        station = self.busy()[0]
        cast = {
            "volunteer": self.cast.volunteers[station][0],
            "station_manager": self.cast.managers[station],
            "station_clerk": self.cast.clerks[station],
            **self.cast.staff,
        }

        for role, who in cast.items():
            await self.keep_sign_in(role, who)

    async def keep_sign_in(self, role: str, who: Actor) -> None:
        """Remember somebody a visitor can sign in as."""

        def work(batch: Batch) -> Answer:
            batch.put(DemoSignIn(role=role, person=who.person or ""))
            return Answer()

        await write(SYSTEM, None, work, answer=Answer)


async def sign_ins() -> list[DemoSignIn]:
    """Who a visitor can sign in as."""
    return await select(DemoSignIn, order=["role"])
