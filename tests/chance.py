"""Chance in a city: who, which of the rows, and what holds for every act (see `chances`)."""

import random
from datetime import timedelta
from typing import Any, TypeVar

from tests.world import World
from timebank.access import Role
from timebank.actors import Actor, person
from timebank.clock import day_of
from timebank.people import AgeBand, Person
from timebank.tables import Row, select

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
AREA = "420102"
R = TypeVar("R", bound=Row)


class Chance:
    """Everybody of an open world, and a choice among them; nothing else is remembered."""

    def __init__(self, world: World, seed: int) -> None:
        self.world, self.chance = world, random.Random(seed)
        self.manager = world.staff[Role.STATION_MANAGER]
        self.clerk = world.staff[Role.STATION_CLERK]
        self.lead = world.staff[Role.DISTRICT_LEAD]
        self.people: list[Actor] = []
        self.others: list[Actor] = []

    async def look(self) -> None:
        """Find everybody again in the database."""
        held = await select(Person, order=["id"])
        self.people = [person(one.id) for one in held if one.home and one.merged_into is None]
        staff = {one.id for one in self.world.staff.values()}
        self.others = [
            person(one.id, staff=True) for one in held if not one.home and one.id not in staff
        ]

    def one(self) -> Actor:
        """Somebody."""
        return self.chance.choice(self.people)

    def officer(self, *but: str | None) -> Actor:
        """An officer who is none of these."""
        free = [one for one in (self.lead, *self.others) if one.id not in but]
        return self.chance.choice(free)

    async def elder(self) -> Actor:
        """Somebody old enough to order help, or anybody where nobody is."""
        today = day_of(self.world.clock.now())
        old = [one.person for one in await select(AgeBand) if one.turns(60) <= today]
        return self.chance.choice([one for one in self.people if one.id in old])

    async def some(self, row: type[R], **which: Any) -> R | None:
        """One of the rows of which this is so; the latest are likelier."""
        found = await select(row, order=["-id"], limit=12, **which)
        return self.chance.choice(found) if found else None
