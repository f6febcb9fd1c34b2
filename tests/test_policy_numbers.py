"""Policy numbers: each is read by something, and a changed one changes what is done from its day.

A second policy is published by two leads and takes over on the next day; the same act is done on
the day before it and on its first day.
"""

import ast
from collections.abc import Awaitable, Callable, Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from tests.credit import earn, fill_pool
from tests.families import DAUGHTER, tied
from tests.helping import HOUR, Street, open_street
from tests.volunteering import captured, confirmed, posted, record_of, visited
from tests.world import COMMUNITY, World, key
from timebank.access import Role
from timebank.actors import Actor
from timebank.cancellations import cancel_help
from timebank.clock import day_of
from timebank.closings import closing_of
from timebank.days import ReviewReason
from timebank.donations import Donation, donate
from timebank.emergency import EmergencyReason, open_emergency
from timebank.estates import report_death
from timebank.gifts import Gift, offer_gift
from timebank.held_stars import stars_on
from timebank.kin import Kinship
from timebank.living_alone import note_living_alone
from timebank.notices import inbox_of, open_inbox
from timebank.policy import SEED, Policy, PolicyMalformed, read_policy
from timebank.policy_drafts import propose_policy, publish_policy
from timebank.pool_grants import grant_from_pool
from timebank.refusals import Refusal
from timebank.reward_orders import order_reward
from timebank.rewards import offer_reward
from timebank.tables import find

ROOT = Path(__file__).resolve().parent.parent
TODAY, DAY = date(2026, 11, 20), timedelta(days=1)
TEN: dict[str, Any] = {"after": None, "before": None, "limit": 10, "backward": False}
SECTIONS: Mapping[str, Any] = {
    name: kind
    for name, kind in Policy.__annotations__.items()
    if name != "policy" and isinstance(kind, type)
}
UNREAD = {
    "privacy.record_years": "entries are kept for good: nothing removes one after any years",
    "privacy.consent_proof_years": "consents are entries, and are kept with them",
}
"""Floors that hold by themselves. Anything else that is in a policy is read by something."""


# Every number is read


def _section(node: ast.AST, known: Mapping[str, str]) -> str | None:
    """The section of a policy that an expression is, as far as its words say."""
    if isinstance(node, ast.Attribute) and node.attr in SECTIONS:
        return node.attr
    return known.get(node.id) if isinstance(node, ast.Name) else None


def _kinds(tree: ast.Module) -> dict[str, str]:
    """The sections by what a module calls their classes."""
    kinds = {kind.__name__: name for name, kind in SECTIONS.items()}
    for one in tree.body:
        if isinstance(one, ast.ImportFrom) and one.module == "timebank.policy":
            kinds |= {n.asname: kinds[n.name] for n in one.names if n.asname and n.name in kinds}
    return kinds


def numbers_read(source: str) -> Iterator[str]:
    """The numbers of a policy that a module reads."""
    tree = ast.parse(source)
    kinds = _kinds(tree)
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        known: dict[str, str] = {}
        for one in ast.walk(function):
            if isinstance(one, ast.arg) and isinstance(one.annotation, ast.Name):
                section = kinds.get(one.annotation.id)
                known |= {one.arg: section} if section else {}
            if isinstance(one, ast.Assign) and isinstance(one.targets[0], ast.Name):
                section = _section(one.value, known)
                known |= {one.targets[0].id: section} if section else {}
        for one in ast.walk(function):
            if isinstance(one, ast.Attribute) and (section := _section(one.value, known)):
                yield f"{section}.{one.attr}"


def test_every_number_of_a_policy_is_read_by_something() -> None:
    numbers = {
        f"{name}.{field}" for name, kind in SECTIONS.items() for field in kind.__struct_fields__
    }
    files = [*(ROOT / "timebank").rglob("*.py")]
    told = [text for path in files if "olicy" in (text := path.read_text("utf-8"))]
    read = {number for text in told for number in numbers_read(text)}
    assert len(numbers) > 80
    assert numbers - read == UNREAD.keys()


def test_nobody_is_registered_whose_consent_the_software_could_not_take() -> None:
    text = SEED.read_text("utf-8").replace("min_age: 14", "min_age: 13")
    with pytest.raises(PolicyMalformed, match="child_age"):
        read_policy(text)


# A changed number holds from its day


def document(effective: date, changed: Mapping[str, Any]) -> str:
    """The seed's policy from a day on, with one number changed."""
    told = msgspec.to_builtins(read_policy(SEED.read_text("utf-8")))
    told["policy"] |= {"id": "WH-CHANGED", "effective": effective.isoformat()}
    for number, value in changed.items():
        section, name = number.split(".")
        assert told[section][name] != value
        told[section][name] = value
    return yaml.safe_dump(told)


async def publish(world: World, changed: Mapping[str, Any]) -> None:
    """Two leads publish a changed number, from tomorrow on."""
    proposer, second = [await world.officer(Role.CITY_LEAD) for _ in range(2)]
    text = document(day_of(world.clock.now()) + DAY, changed)
    proposed = await propose_policy(proposer, document=text, key=key())
    await publish_policy(second, draft=proposed.draft, key=key())


async def no(act: Awaitable[Any]) -> str:
    """The code of the refusal that an act meets, or `done`."""
    try:
        await act
    except Refusal as refusal:
        return refusal.code
    return "done"


async def long_day(street: Street) -> Any:
    served = await captured(street.world, await street.world.volunteer(), minutes=90)
    return (await record_of(served)).review


async def minted(street: Street) -> Any:
    who = await street.world.volunteer()
    await confirmed(street.world, [await visited(street.world, who, minutes=120)])
    return await street.minutes(who)


async def silence(street: Street) -> Any:
    who = await street.world.volunteer()
    await confirmed(street.world, [await captured(street.world, who)])
    await open_inbox(who)
    (notice,) = await inbox_of(who, **TEN)
    assert notice.answer_by
    return (notice.answer_by - day_of(street.world.clock.now())).days


async def second_of_the_hour(street: Street) -> Any:
    clerk = await street.world.officer(Role.STATION_CLERK, street.world.station_path)
    for _ in range(2):
        who = await street.world.volunteer()
        served = await captured(street.world, who, by=clerk)
    return (await record_of(served)).review


async def declared(street: Street) -> Any:
    return await no(street.world.activity(seats=5))


async def emergency(street: Street) -> Any:
    lead = street.world.staff[Role.DISTRICT_LEAD]
    # Yesterday's stands in the way of another in the same street.
    area = "420102003" if day_of(street.world.clock.now()) > TODAY else COMMUNITY[:9]
    made = await open_emergency(lead, area=area, reason=EmergencyReason.FLOOD, key=key())
    return (made.last - day_of(street.world.clock.now())).days + 1


async def star(street: Street) -> Any:
    who = await street.world.volunteer()
    await posted(street.world, who, minutes=60)
    today = day_of(street.world.clock.now())
    stars = [await stars_on(who.id, day) for day in (today, today + DAY)]
    return [one.progress.level for one in stars if one]


async def shortest(street: Street) -> Any:
    return await no(street.order(minutes=30, starts_in=HOUR))


async def third_open(street: Street) -> Any:
    elder = await street.world.volunteer()
    await earn(elder.id, street.world.station, 300)
    told = [await no(street.order(elder, starts_in=n * HOUR)) for n in (1, 3)]
    return told[-1]


async def late(street: Street) -> Any:
    forfeited = []
    for _ in range(3):
        order = await street.matched(starts_in=2 * HOUR)
        forfeited.append((await cancel_help(street.elder, order=order, key=key())).forfeited)
    return forfeited[-1]


async def _daughter(street: Street) -> tuple[Actor, str]:
    mother = await street.world.volunteer()
    daughter = await street.world.volunteer(birth=DAUGHTER)
    await earn(mother.id, street.world.station, 300)
    await tied(street.world, mother, daughter, Kinship.CHILD)
    return mother, await street.world.number_of(daughter)


async def gift_waits(street: Street) -> Any:
    mother, number = await _daughter(street)
    made = await offer_gift(mother, receiver=number, minutes=60, key=key())
    held = await find(Gift, made.gift)
    assert held
    return (held.until - street.world.clock.now()).days


async def gift_of_the_year(street: Street) -> Any:
    mother, number = await _daughter(street)
    return await no(offer_gift(mother, receiver=number, minutes=60, key=key()))


async def donation(street: Street) -> Any:
    who = await street.world.volunteer()
    await earn(who.id, street.world.station, 60)
    made = await donate(who, area="420102", minutes=60, key=key())
    held = await find(Donation, made.donation)
    assert held
    return (held.until - street.world.clock.now()).days


async def granted(street: Street) -> Any:
    world = street.world
    lead, elder = await world.officer(Role.CITY_LEAD), await world.volunteer()
    await fill_pool("420102", world.station, 9_000)
    await note_living_alone(street.clerk, person=elder.id, alone=True, key=key())
    return (await grant_from_pool(lead, area="420102", key=key())).minutes


async def goods(street: Street) -> Any:
    station = street.world.station
    made = await offer_reward(
        street.manager, station=station, name="大米", minutes=0, stock=9, key=key()
    )
    return await no(order_reward(street.elder, reward=made.reward, key=key()))


async def too_young(street: Street) -> Any:
    return await no(street.world.ward(birth=date(2011, 5, 6)))


async def heirs(street: Street) -> Any:
    who = await street.world.volunteer()
    await report_death(street.clerk, person=who.id, key=key())
    held = await closing_of(who)
    assert held
    return (held.until - held.since).days


PROBES: dict[str, tuple[Any, Callable[[Street], Awaitable[Any]], Any, Any]] = {
    "record.auto_max_per_day": (60, long_day, (), (ReviewReason.DAY_MINUTES,)),
    "record.silence_days": (3, silence, 7, 3),
    "record.recorder_people_per_hour": (
        1,
        second_of_the_hour,
        (),
        (ReviewReason.RECORDER_PEOPLE,),
    ),
    "record.declare_from_people": (4, declared, "done", "DECLARED_TOO_LATE"),
    "record.emergency_days": (2, emergency, 7, 2),
    "record.min_age": (16, too_young, "done", "TOO_YOUNG"),
    "credit.mint_per_day": (30, minted, 120, 30),
    "credit.mint_per_month": (50, minted, 120, 50),
    "credit.order_min": (45, shortest, "done", "HELP_MINUTES_WRONG"),
    "credit.open_orders": (1, third_open, "done", "TOO_MANY_OPEN_ORDERS"),
    "credit.forfeit_minutes": (10, late, 30, 10),
    "credit.gift_accept_days": (2, gift_waits, 7, 2),
    "credit.gift_per_year": (30, gift_of_the_year, "done", "GIFT_YEAR_FULL"),
    "credit.donate_cool_days": (1, donation, 7, 1),
    "credit.pool_grant_per_month": (60, granted, 180, 60),
    "credit.goods": (False, goods, "done", "GOODS_OFF"),
    "credit.heir_months": (1, heirs, 365, 30),
    # As of tomorrow, it is tomorrow's rule today already; as of a past day, it is that day's.
    "star.minutes": ([60, 120, 180, 240, 300], star, [0, 1], [1, 1]),
}


@pytest.mark.anyio
@pytest.mark.parametrize("number", PROBES)
async def test_a_changed_number_holds_from_its_day_only(
    number: str, sqlite_url: str, tmp_path: Path
) -> None:
    value, asked, before, after = PROBES[number]
    async with open_street(sqlite_url, tmp_path) as street:
        await publish(street.world, {number: value})
        assert await asked(street) == before
        street.world.clock.move(DAY)
        assert await asked(street) == after


@pytest.mark.anyio
async def test_a_limit_follows_the_day_served_and_a_star_the_day_asked_for(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with open_street(sqlite_url, tmp_path) as street:
        world = street.world
        changed = {"record.auto_max_per_day": 60, "star.minutes": [60, 120, 180, 240, 300]}
        await publish(world, changed)
        who, served = await world.volunteer(), world.clock.now() - 2 * HOUR
        await posted(world, who, minutes=60)
        yesterday = day_of(world.clock.now())
        world.clock.move(DAY)
        reasons = [
            (await record_of(await captured(world, who, starts=at, minutes=90))).review
            for at in (served - 2 * HOUR, served + DAY)
        ]
        assert reasons == [(), (ReviewReason.DAY_MINUTES,)]
        stars = [await stars_on(who.id, day) for day in (yesterday, yesterday + DAY)]
        assert [one.progress.level for one in stars if one] == [0, 1]


@pytest.mark.anyio
async def test_an_age_holds_from_its_day_for_those_too_who_were_there_before(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with open_street(sqlite_url, tmp_path) as street:
        world = street.world
        ages = {"record.min_age": 16, "credit.credit_age": 18, "credit.redeem_age": 70}
        await publish(world, ages)
        young = await world.ward(birth=date(2011, 5, 6))
        older = await world.ward(birth=date(2009, 5, 6))
        elder = await world.volunteer(birth=date(1960, 5, 6))
        await earn(elder.id, world.station, 300)

        async def told() -> list[Any]:
            served = await no(captured(world, young))
            before = await street.minutes(older)
            await confirmed(world, [await visited(world, older, minutes=120)])
            drawn = await no(street.order(elder, starts_in=HOUR))
            return [served, await street.minutes(older) - before, drawn]

        assert await told() == ["done", 120, "done"]
        world.clock.move(DAY)
        assert await told() == ["BELOW_SERVICE_AGE", 0, "BELOW_DRAW_AGE"]
