"""A city in which anything may happen: every act of the time bank, by chance, by the commands.

Nothing is remembered beside the database, so that a history goes on in another process where one
was killed. Run as a program it reads its task as JSON on the first line of the input and says,
before each act, what the clock shows: whoever goes on later starts there.
"""

import asyncio
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from tests.chance import AREA, DAY, HOUR, MINUTE
from tests.chance_claims import Claims
from tests.chance_hours import Hours
from tests.chance_minutes import Minutes
from tests.chance_offices import Offices
from tests.chance_stars import Standing
from tests.families import DAUGHTER, GRANDMOTHER, MOTHER, tied
from tests.membership import secretary
from tests.volunteering import confirmed, visited
from tests.wishing import team_leader
from tests.world import COMMUNITY, World, key
from timebank.access import Role, grant_role
from timebank.actors import SYSTEM, person
from timebank.bank import open_bank
from timebank.clock import ManualClock
from timebank.divisions import CITY_PATH
from timebank.donations import donate
from timebank.kin import Kinship
from timebank.living_alone import note_living_alone
from timebank.pools import choose_overflow
from timebank.refusals import Denial, Refusal
from timebank.rewards import offer_reward
from timebank.settings import Settings
from timebank.timers import sweep
from timebank.wish_claims import allow_volunteers


class City(Hours, Minutes, Standing, Claims, Offices):
    """Everybody, and everything that may happen to them.

    With the likelihood `sweeps` days go by after a step, and what falls due is done.
    """

    def __init__(self, world: World, seed: int, *, sweeps: float = 0.05) -> None:
        super().__init__(world, seed)
        self.sweeps = sweeps
        self.done: Counter[str] = Counter()
        self.acts: list[Callable[[], Awaitable[object]]] = [
            *[self.visit] * 8,
            *[self.paper] * 2,
            *[self.confirm] * 6,
            *[self.accept] * 6,
            *[self.order_help] * 3,
            *[self.on_help] * 12,
            *[self.give] * 2,
            *[self.on_gift] * 2,
            *[self.redeem] * 2,
            *[self.on_reward] * 3,
            *[self.star] * 2,
            *[self.on_star] * 4,
            *[self.on_record] * 2,
            *[self.rule] * 2,
            *[self.sign] * 2,
            *[self.read] * 2,
            *[self.report] * 3,
            *[self.post] * 2,
            *[self.on_post] * 4,
            *[self.wish] * 2,
            *[self.on_wish] * 6,
            *[self.roster] * 2,
            *[self.by_another] * 2,
            *[self.entrust] * 2,
            self.emergency,
            self.halt,
            self.forget,
            self.keep,
            self.month,
            self.live_together,
            self.rules,
            self.donate,
            self.take_back,
            self.grant,
            self.find,
            self.appeal,
            self.certificate,
            self.close,
            self.suspend,
            *[self.merge] * 2,
        ]

    async def found(self, families: int) -> None:
        """Families of three, who say that they are kin; rewards; more officers.

        Whoever is old or has a child begins with some service, so that there is something to spend.
        """
        for _ in range(families):
            old, mother, young = [
                await self.world.volunteer(birth=birth) for birth in (GRANDMOTHER, MOTHER, DAUGHTER)
            ]
            await tied(self.world, old, mother, Kinship.CHILD)
            await tied(self.world, mother, young, Kinship.CHILD)
            await note_living_alone(self.clerk, person=old.id, alone=True, key=key())
            await choose_overflow(young, wish=True, key=key())
            for who in (old, mother):
                self.world.clock.move(HOUR)
                await confirmed(self.world, [await visited(self.world, who, minutes=110)])
            await donate(mother, area=AREA, minutes=60, key=key())
        staff = self.world.staff
        for role in (Role.CITY_LEAD, Role.DATA_PROTECTION_OFFICER):
            staff[role] = await self.world.officer(role)
        for _ in range(2):
            other = await self.world.officer(Role.DISTRICT_LEAD)
        await grant_role(SYSTEM, person=other.id, role=Role.CITY_LEAD, scope=CITY_PATH, key=key())
        staff[Role.PARTY_SECRETARY] = await secretary(self.world)
        staff[Role.TEAM_LEADER] = await team_leader(self.world)
        await grant_role(
            SYSTEM,
            person=staff[Role.TEAM_LEADER].id,
            role=Role.STATION_CLERK,
            scope=self.world.station_path,
            key=key(),
        )
        await allow_volunteers(
            staff[Role.PARTY_SECRETARY], community=COMMUNITY, allowed=True, key=key()
        )
        for name, minutes in (("理发", 20), ("礼遇", 0)):
            terms: dict[str, Any] = {"minutes": minutes, "stock": 50, "least_star": 0}
            if not minutes:
                terms["least_star"] = 1
            await offer_reward(
                self.manager, station=self.world.station, name=name, **terms, key=key()
            )

    async def step(self) -> str:
        """One act by chance; what is refused leaves nothing. The name of what was tried."""
        act = self.chance.choice(self.acts)
        name = getattr(act, "__name__", "")
        try:
            told = await act()
        except (Refusal, Denial) as no:
            self.done[no.code] += 1
        else:
            self.done[name] += told is not False
        self.world.clock.move(self.chance.choice((0, 0, 5, 20, 60)) * MINUTE)
        if self.chance.random() < self.sweeps:
            self.world.clock.move(self.chance.choice((1, 1, 3, 8, 20)) * DAY)
            await sweep()
        return name


# As a program


class Task(msgspec.Struct):
    """Where the city is, who its staff are, from when on it goes on and by what chance."""

    data: str
    database: str
    station: str
    path: str
    staff: dict[str, str]
    at: datetime
    seed: int


async def main() -> None:
    """Go on until somebody ends it."""
    task = msgspec.json.decode(sys.stdin.readline(), type=Task)
    settings = Settings(data=Path(task.data), database=task.database)
    clock = ManualClock(task.at)
    async with open_bank(settings, clock=clock) as journal:
        world = World(journal, clock, settings)
        world.station, world.station_path = task.station, task.path
        world.staff = {Role(role): person(id, staff=True) for role, id in task.staff.items()}
        city = City(world, task.seed)
        await city.look()
        while True:
            print(clock.now().isoformat(), flush=True)  # noqa: T201  whoever goes on needs it
            await city.step()


if __name__ == "__main__":
    asyncio.run(main())
