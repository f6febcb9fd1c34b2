"""Stars for the tests: a rule whose stars are an hour apart, and a star's way by real commands."""

from datetime import timedelta
from typing import Any

import msgspec

from tests.organising import entered
from tests.volunteering import posted
from tests.world import World, key
from timebank import people
from timebank.access import Role
from timebank.actors import Actor
from timebank.batch import Batch
from timebank.divisions import CITY_PATH
from timebank.held_stars import Stars
from timebank.ids import new
from timebank.journal import Answer
from timebank.policy import SEED, Policy, read_policy
from timebank.publicity import PublicityReason, object_to_publicity
from timebank.star_award_life import StarApplied
from timebank.star_awards import StarAward, apply_for_star
from timebank.star_rulings import award_star, publicise_star
from timebank.tables import find

SEEDED = read_policy(SEED.read_text("utf-8"))
HOURLY = msgspec.structs.replace(
    SEEDED, star=msgspec.structs.replace(SEEDED.star, minutes=(60, 120, 180, 240, 300))
)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def renamed(policy: Policy, id: str, **star: Any) -> Policy:
    """A policy under another name, with other numbers about stars."""
    changed = msgspec.structs.replace(policy.star, **star)
    named = msgspec.structs.replace(policy.policy, id=id)
    return msgspec.structs.replace(policy, policy=named, star=changed)


async def served_hours(world: World, who: Actor, hours: int) -> list[str]:
    """Records by hand with all their keys turned, an hour each, one after the other."""
    records = []
    for _ in range(hours):
        world.clock.move(HOUR)
        records.append(await posted(world, who))
    return records


async def award_of(id: str) -> StarAward:
    """A star that must be there."""
    held = await find(StarAward, id)
    assert held
    return held


async def applied(world: World, who: Actor, level: int = 1) -> str:
    """An application for a star that the record reaches."""
    return (await apply_for_star(who, level=level, key=key())).award


async def laid_open(world: World, who: Actor, level: int = 1) -> str:
    """An application that everybody may object to."""
    award = await applied(world, who, level)
    await publicise_star(officer_of(world, level), award=award, key=key())
    return award


async def awarded(world: World, who: Actor, level: int = 1) -> str:
    """A star that was awarded after its publicity."""
    award = await laid_open(world, who, level)
    world.clock.move(8 * DAY)
    await award_star(officer_of(world, level), award=award, key=key())
    return award


def officer_of(world: World, level: int) -> Actor:
    """Who awards a level in this city."""
    return world.staff[Role.DISTRICT_LEAD if level <= 2 else Role.CITY_LEAD]


async def things(world: World, subject: Actor) -> dict[str, Any]:
    """A star of the subject that is laid open, with an objection by somebody else.

    And five stars of somebody else, for an organisation to endorse.
    """
    award = await _claimed(world, subject, level=1)
    await publicise_star(world.staff[Role.DISTRICT_LEAD], award=award, key=key())
    organisation = await entered(world, await world.volunteer())
    five = await _claimed(world, await world.volunteer(), level=5, organisation=organisation)
    objector = await world.volunteer()
    await object_to_publicity(objector, about=award, reason=PublicityReason.HOURS_FALSE, key=key())
    return {
        "award": award,
        "about": award,
        "level": 1,
        "objector": objector.person,
        "uphold": False,
        "restore": True,
        "below": CITY_PATH,
        "starsToEndorse.organisation": organisation,
        "endorseStar.award": five,
        "declineToEndorse.award": five,
        "starAwardsAt.scope": world.station_path,
        "starAwardsAt.state": "PUBLICITY",
    }


async def _claimed(world: World, who: Actor, *, level: int, organisation: str | None = None) -> str:
    """An application that no record bears out: real service would take minutes to make."""
    award, person = new("str"), who.person or ""
    held = await people.person(person)
    assert held

    def work(batch: Batch) -> Answer:
        needed = SEEDED.star.minutes[level - 1]
        event = StarApplied(
            award=award,
            person=person,
            level=level,
            minutes=needed,
            needed=needed,
            path=held.home_path,
            organisation=organisation,
        )
        return Answer(entry=batch.record(event).seq)

    needs = [(Stars, person)]
    await world.journal.write(who, None, work, answer=Answer, needs=needs)
    return award
