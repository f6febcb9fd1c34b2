"""Pool grants: for elders who live alone, a month at a time, while the reserve bears them."""

from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.credit import credit
from tests.families import DAUGHTER, GRANDMOTHER
from tests.wire import act, ask
from tests.world import World, key, open_world
from timebank import accounts, replay
from timebank.access import Role
from timebank.accounts import NotEnoughTime, escrow, volunteer
from timebank.actors import PUBLIC, SYSTEM, Actor
from timebank.batch import Batch
from timebank.donations import donate, settle_donation
from timebank.events import Event, Postings, transfer
from timebank.households import register_household
from timebank.journal import Answer
from timebank.lifecycles import NotInThisState, step
from timebank.living_alone import LivesWithOthers, note_living_alone
from timebank.people import AgeBand
from timebank.pool_grants import (
    LIFECYCLE,
    BelowGrantAge,
    GrantedAlready,
    GrantState,
    GrantStillRuns,
    NobodyToGrant,
    PoolGrantClosed,
    close_grant,
    decide_grant,
    grant_from_pool,
    granted_minutes,
    grants_due,
    grants_of,
    visible_grants,
)
from timebank.pools import NotAPool, ReserveTooLow
from timebank.refusals import Forbidden, NotFound, Refusal, Unauthenticated
from timebank.solvency import solvency

WHOLE: dict[str, Any] = {"after": None, "before": None, "limit": 9, "backward": False}
DISTRICT = "420102"
TODAY = date(2026, 11, 20)
OLD = AgeBand(person="per_1", born=TODAY.replace(year=1966))


def test_a_grant_ends_once() -> None:
    assert set(LIFECYCLE) == set(GrantState)
    assert step(LIFECYCLE, GrantState.GRANTED, PoolGrantClosed) is GrantState.CLOSED
    with pytest.raises(NotInThisState):
        step(LIFECYCLE, GrantState.CLOSED, PoolGrantClosed)


@pytest.mark.parametrize(
    ("today", "alone", "held", "refusal"),
    [
        (TODAY, True, False, None),
        (date(2026, 11, 19), True, False, BelowGrantAge),
        (TODAY, False, False, LivesWithOthers),
        (TODAY, True, True, GrantedAlready),
    ],
)
def test_a_grant_is_for_an_elder_who_lives_alone_and_has_none(
    today: date, alone: bool, held: bool, refusal: type[Refusal] | None
) -> None:
    told: dict[str, Any] = {"alone": alone, "number": "WH-1", "held": held, "least": 60}
    if refusal is None:
        decide_grant(OLD, today=today, **told)
    else:
        with pytest.raises(refusal):
            decide_grant(OLD, today=today, **told)


# On a real bank


class Used(Event, frozen=True, tag="test.grant_used"):
    """An order for help took minutes of a grant, and its helper has them."""

    grant: str
    helper: str
    minutes: int

    def postings(self) -> Postings:
        """From the grant's escrow to the helper."""
        return transfer(escrow(self.grant), volunteer(self.helper), "minute", self.minutes)


class Left(Answer, frozen=True, kw_only=True):
    """What a grant has left, as a decision sees it."""

    grant: str | None
    minutes: int


class City:
    """A district's pool, a city lead, and elders who live alone."""

    def __init__(self, world: World) -> None:
        self.world, self.clerk = world, world.staff[Role.STATION_CLERK]

    async def begin(self, *, pool: int) -> None:
        """Fill the pool by a donation."""
        self.lead = await self.world.officer(Role.CITY_LEAD)
        self.donor = await self.world.volunteer()
        if pool:
            await credit(self.donor.id, self.world.station, pool)
            made = await donate(self.donor, area=DISTRICT, minutes=pool, key=key())
            self.world.clock.move(date(2026, 12, 1) - TODAY)
            await settle_donation(SYSTEM, donation=made.donation)

    async def elder(self, *, birth: date = GRANDMOTHER) -> Actor:
        """Somebody of whom the station notes that they live alone."""
        who = await self.world.volunteer(birth=birth)
        await note_living_alone(self.clerk, person=who.id, alone=True, key=key())
        return who

    async def grant(self) -> tuple[int, int, dict[str, int]]:
        """Grant to all who wait: to how many people how many minutes, and who got none."""
        made = await grant_from_pool(self.lead, area=DISTRICT, key=key())
        return made.people, made.minutes, made.left_out

    async def left(self, who: Actor) -> Left:
        """What help orders find of somebody's grant."""

        def work(batch: Batch) -> Left:
            grant, minutes = granted_minutes(batch, who.id)
            return Left(grant=grant, minutes=minutes)

        return await self.world.journal.write(who, None, work, answer=Left)

    async def use(self, who: Actor, minutes: int) -> None:
        """Let a grant pay for help."""
        (grant, *_) = await grants_of(who, **WHOLE)
        used = Used(grant=grant.id, helper=self.donor.id, minutes=minutes)

        def work(batch: Batch) -> Answer:
            return Answer(entry=batch.record(used).seq)

        await self.world.journal.write(SYSTEM, None, work, answer=Answer)

    async def pool(self) -> int:
        """What the pool holds."""
        return await accounts.balance_of(accounts.pool(DISTRICT))


@pytest.fixture
async def city(database_url: str, tmp_path: Path) -> AsyncIterator[City]:
    async with open_world(database_url, tmp_path) as world:
        yield City(world)


@pytest.fixture
async def one_city(sqlite_url: str, tmp_path: Path) -> AsyncIterator[City]:
    async with open_world(sqlite_url, tmp_path) as world:
        yield City(world)


@pytest.mark.anyio
async def test_a_month_is_granted_once_and_what_is_unused_returns_when_it_ends(
    city: City,
) -> None:
    await city.begin(pool=1_000)
    elder, other = await city.elder(), await city.elder()
    assert await city.grant() == (2, 360, {})
    with pytest.raises(NobodyToGrant):
        await city.grant()
    (held,) = await grants_of(elder, **WHOLE)
    assert await city.left(elder) == Left(grant=held.id, minutes=180)
    assert await accounts.balance_of(volunteer(elder.id)) == 0, "it is for help, not to be saved"
    await city.use(elder, 60)
    assert (await city.left(elder)).minutes == 120
    with pytest.raises(GrantStillRuns):
        await close_grant(SYSTEM, grant=held.id)
    clock = city.world.clock
    clock.move(date(2026, 12, 31) - date(2026, 12, 1))
    assert await grants_due(skip=0, limit=9) == []
    clock.move(date(2027, 1, 1) - date(2026, 12, 31))
    due = await grants_due(skip=0, limit=9)
    assert len(due) == 2
    with pytest.raises(Forbidden):
        await close_grant(city.lead, grant=held.id)
    for grant in due:
        await close_grant(SYSTEM, grant=grant)
    with pytest.raises(NotInThisState):
        await close_grant(SYSTEM, grant=held.id)
    assert await city.pool() == 1_000 - 60
    assert await city.left(other) == Left(grant=None, minutes=0)
    told = await solvency(clock.now().date(), area=DISTRICT)
    assert told
    assert (told.pools, told.granted, told.percent) == (940, 60, 1566)
    assert await city.grant() == (2, 360, {}), "a new month"
    assert (await accounts.conservation()).whole
    assert (await replay.compare(city.world.settings.database_url)).differing == 0


@pytest.mark.anyio
async def test_grants_stop_where_the_reserve_or_the_pool_is_too_low(one_city: City) -> None:
    city = one_city
    await city.begin(pool=500)
    with pytest.raises(NobodyToGrant):
        await city.grant()
    for _ in range(4):
        await city.elder()
    assert await city.grant() == (2, 360, {"RESERVE_TOO_LOW": 2})
    told = await solvency(city.world.clock.now().date(), area=DISTRICT)
    assert told
    assert (told.pools, told.granted, told.percent, told.state.value) == (140, 360, 38, "stopped")
    with pytest.raises(ReserveTooLow):
        await city.grant()
    with pytest.raises(NotEnoughTime):
        await grant_from_pool(city.lead, area="420100", key=key())


@pytest.mark.anyio
async def test_whoever_is_young_or_moved_in_with_others_gets_none(one_city: City) -> None:
    city, world = one_city, one_city.world
    await city.begin(pool=1_000)
    await city.elder(birth=DAUGHTER)
    with pytest.raises(BelowGrantAge):
        await city.grant()
    elder, other = await city.elder(), await world.volunteer()
    numbers = [await world.number_of(who) for who in (elder, other)]
    await register_household(city.clerk, first=numbers[0], second=numbers[1], key=key())
    left_out = {"BELOW_GRANT_AGE": 1, "LIVES_WITH_OTHERS": 1}
    await city.elder()
    assert await city.grant() == (1, 180, left_out)


@pytest.mark.anyio
async def test_only_the_city_lead_grants_and_only_from_a_pool(one_city: City) -> None:
    city, world = one_city, one_city.world
    await city.begin(pool=1_000)
    elder = await city.elder()
    for role in (Role.DISTRICT_LEAD, Role.STATION_MANAGER):
        with pytest.raises(Forbidden):
            await grant_from_pool(world.staff[role], area=DISTRICT, key=key())
    with pytest.raises(Unauthenticated):
        await grant_from_pool(PUBLIC, area=DISTRICT, key=key())
    with pytest.raises(NotAPool):
        await grant_from_pool(city.lead, area="420102002", key=key())
    with pytest.raises(NotFound):
        await grant_from_pool(city.lead, area="none", key=key())
    assert await grants_of(elder, **WHOLE) == []


@pytest.mark.anyio
async def test_a_lead_grants_and_the_elder_sees_it_over_the_wire(one_city: City) -> None:
    city, world = one_city, one_city.world
    await city.begin(pool=1_000)
    elder = await city.elder()
    await city.elder(birth=DAUGHTER)
    made = await act(
        world,
        city.lead,
        "grantFromPool",
        "people grantedMinutes leftOut { name value }",
        area=DISTRICT,
    )
    assert made == {
        "people": 1,
        "grantedMinutes": 180,
        "leftOut": [{"name": "BELOW_GRANT_AGE", "value": "1"}],
        "userErrors": [],
    }
    asks = "{ poolGrants(first: 2) { nodes { id area month minutes leftMinutes state } } }"
    (seen,) = (await ask(world, elder, asks))["poolGrants"]["nodes"]
    assert seen == {
        "id": seen["id"],
        "area": DISTRICT,
        "month": "2026-12-01",
        "minutes": 180,
        "leftMinutes": 180,
        "state": "GRANTED",
    }
    assert await visible_grants(city.lead, [seen["id"]]) == {}
