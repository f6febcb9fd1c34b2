"""Cancellations: what was held goes back, and a third late one in a quarter costs minutes."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.credit import fill_pool
from tests.families import DAUGHTER, tied
from tests.helping import HOUR, MINUTE, Street, open_street
from tests.test_matching import order as make
from tests.wire import act
from tests.world import key
from timebank import accounts, replay
from timebank.access import Role
from timebank.actors import PUBLIC
from timebank.cancellations import (
    cancel_help,
    decide_forfeit,
    decide_late,
    quarter_key,
)
from timebank.help_life import HelpCancelReason, HelpState
from timebank.help_shares import Held, Pooled, Shares, divide
from timebank.kin import Kinship
from timebank.lifecycles import NotInThisState
from timebank.living_alone import note_living_alone
from timebank.notices import inbox_of
from timebank.policy import SEED, read_policy
from timebank.pool_grants import grant_from_pool
from timebank.refusals import NotFound, Unauthenticated
from timebank.settlements import start_help

RULES = read_policy(SEED.read_text("utf-8")).credit
STARTS = datetime(2026, 11, 21, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    ("helper", "before", "late"),
    [
        ("per_1", 12 * HOUR, False),
        ("per_1", 12 * HOUR - MINUTE, True),
        ("per_1", -HOUR, True),
        (None, HOUR, False),
    ],
)
def test_late_is_under_twelve_hours_with_a_helper_on_the_way(
    helper: str | None, before: timedelta, late: bool
) -> None:
    assert decide_late(make(helper=helper), STARTS - before, RULES) is late


@pytest.mark.parametrize(
    ("late", "before", "minutes"), [(True, 1, 0), (True, 2, 30), (True, 7, 30), (False, 2, 0)]
)
def test_the_third_late_one_of_a_quarter_costs_thirty_minutes(
    late: bool, before: int, minutes: int
) -> None:
    assert decide_forfeit(late=late, before=before, rules=RULES) == minutes


def test_a_quarter_has_three_months() -> None:
    days = [datetime(2026, month, 1, tzinfo=UTC).date() for month in (1, 3, 4, 10, 12)]
    assert [quarter_key("per_1", day)[6:] for day in days] == [
        "2026Q1",
        "2026Q1",
        "2026Q2",
        "2026Q4",
        "2026Q4",
    ]


@pytest.mark.parametrize(
    ("own", "granted", "runs", "told", "shares"),
    [
        (60, 0, False, {}, Shares(payer=60)),
        (60, 0, False, {"forfeited": 30}, Shares(payer=30, pools=(Pooled("A", 30),))),
        (20, 0, False, {"forfeited": 30}, Shares(pools=(Pooled("A", 20),))),
        (20, 100, True, {}, Shares(payer=20, grant=100)),
        (20, 100, False, {}, Shares(payer=20, pools=(Pooled("G", 100),), lapsed=100)),
        (
            20,
            100,
            True,
            {"forfeited": 30},
            Shares(grant=90, pools=(Pooled("A", 20), Pooled("G", 10)), lapsed=10),
        ),
        (20, 100, True, {"paid": 110}, Shares(helper=110, payer=10)),
        (20, 100, True, {"paid": 60}, Shares(helper=60, payer=20, grant=40)),
        (
            20,
            100,
            False,
            {"paid": 60, "room": 50, "home": "H"},
            Shares(helper=50, payer=20, pools=(Pooled("G", 40), Pooled("H", 10)), lapsed=40),
        ),
    ],
)
def test_what_was_held_is_divided_to_the_last_minute(
    own: int, granted: int, runs: bool, told: dict[str, int], shares: Shares
) -> None:
    held = Held(own=own, granted=granted, area="A", grant_area="G", grant_runs=runs)
    made = divide(held, **told)  # type: ignore[arg-type]  # `home` is text, the others numbers
    assert made == shares
    given = made.helper + made.payer + made.grant + sum(part.minutes for part in made.pools)
    assert given == own + granted


# On a real bank


@pytest.fixture
async def street(database_url: str, tmp_path: Path) -> AsyncIterator[Street]:
    async with open_street(database_url, tmp_path) as made:
        yield made


@pytest.mark.anyio
async def test_the_third_late_cancellation_goes_to_the_pool_and_never_to_the_helper(
    street: Street,
) -> None:
    for forfeited in (0, 0, 30, 30):
        order = await street.matched(starts_in=11 * HOUR)
        told = await cancel_help(street.elder, order=order, key=key())
        assert told.forfeited == forfeited
        assert await street.escrow(order) == 0
    early = await street.matched(starts_in=13 * HOUR)
    assert (await cancel_help(street.elder, order=early, key=key())).forfeited == 0
    assert await street.minutes(street.elder) == 540
    assert await street.minutes(street.helper) == 0
    assert await accounts.balance_of(accounts.pool("420102")) == 60
    street.world.clock.move(timedelta(days=45))
    order = await street.matched(starts_in=11 * HOUR)
    told = await cancel_help(street.elder, order=order, key=key())
    assert told.forfeited == 0, "a new quarter began"
    found = await replay.compare(street.world.settings.database_url)
    assert (found.differing, (await accounts.conservation()).whole) == (0, True)


@pytest.mark.anyio
async def test_whoever_pays_or_is_to_be_served_cancels_until_the_helper_has_begun(
    street: Street,
) -> None:
    daughter = await street.world.volunteer(birth=DAUGHTER)
    await tied(street.world, street.elder, daughter, Kinship.CHILD)
    order = await street.matched(starts_in=HOUR)
    for who in (street.other, street.helper, daughter):
        with pytest.raises(NotFound):
            await cancel_help(who, order=order, key=key())
    with pytest.raises(Unauthenticated):
        await cancel_help(PUBLIC, order=order, key=key())
    await cancel_help(street.clerk, order=order, reason=HelpCancelReason.UNSAFE, key=key())
    assert [notice.code.value for notice in await inbox_of(street.helper)] == ["help_cancelled"]
    with pytest.raises(NotInThisState):
        await cancel_help(street.elder, order=order, key=key())

    begun = await street.matched(starts_in=HOUR)
    await start_help(street.helper, order=begun, key=key())
    with pytest.raises(NotInThisState):
        await cancel_help(street.elder, order=begun, key=key())
    assert await street.state(begun) is HelpState.IN_SERVICE


@pytest.mark.anyio
async def test_whoever_is_served_cancels_what_another_pays(street: Street) -> None:
    daughter = await street.world.volunteer(birth=DAUGHTER)
    await tied(street.world, daughter, street.elder, Kinship.PARENT)
    await fill_pool("420102", street.world.station, 900)
    lead = await street.world.officer(Role.CITY_LEAD)
    await note_living_alone(street.clerk, person=street.elder.id, alone=True, key=key())
    await grant_from_pool(lead, area="420102", key=key())
    order = await street.order(minutes=60)
    asks = "forfeitedMinutes order { state }"
    told = await act(street.world, street.elder, "cancelHelp", asks, order=order)
    assert (told["forfeitedMinutes"], told["order"]["state"]) == (0, "CANCELLED")
    assert await street.minutes(street.elder) == 600
