"""Public pools: who keeps them, how their reserve stands, and what goes there by itself."""

from datetime import date, timedelta

import pytest

from tests.credit import credit
from tests.volunteering import confirmed, record_of, visited
from tests.wire import act, ask
from tests.world import World, key
from timebank import accounts, replay
from timebank.access import Role
from timebank.actors import PUBLIC
from timebank.policy import SEED, read_policy
from timebank.pools import (
    PoolDrawn,
    ReserveState,
    ReserveTooLow,
    choose_overflow,
    decide_reserve,
    draw,
    pool_at,
    reserve_percent,
    reserve_state,
)
from timebank.projections import Rows
from timebank.record_life import ReverseReason
from timebank.refusals import Unauthenticated
from timebank.reversals import reverse_hours

pytestmark = pytest.mark.one_database

RULES = read_policy(SEED.read_text("utf-8")).credit
START = date(2026, 11, 20)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("held", "drawn", "percent", "state"),
    [
        (0, 0, None, ReserveState.SOUND),
        (500, 0, None, ReserveState.SOUND),
        (150, 100, 150, ReserveState.SOUND),
        (149, 100, 149, ReserveState.LOW),
        (100, 100, 100, ReserveState.LOW),
        (99, 100, 99, ReserveState.STOPPED),
        (0, 1, 0, ReserveState.STOPPED),
    ],
)
def test_a_reserve_is_what_is_held_over_what_was_granted(
    held: int, drawn: int, percent: int | None, state: ReserveState
) -> None:
    assert reserve_percent(held, drawn) == percent
    assert reserve_state(percent, RULES) is state
    if state is ReserveState.STOPPED:
        with pytest.raises(ReserveTooLow):
            decide_reserve(held, drawn, RULES)
    else:
        decide_reserve(held, drawn, RULES)


@pytest.mark.parametrize(
    ("path", "area"),
    [
        ("420100/", "420100"),
        ("420100/420102/", "420102"),
        ("420100/420102/420102002/420102002003/sta_1/", "420102"),
    ],
)
def test_a_place_is_served_by_the_pool_of_its_district(path: str, area: str) -> None:
    assert pool_at(path) == area


def test_what_was_granted_counts_for_ninety_days_less_what_came_back() -> None:
    rows = Rows({(PoolDrawn, "420102"): None})

    def drawn(today: date) -> int:
        held = rows.get(PoolDrawn, "420102")
        return held.drawn(today) if held else 0

    draw(rows, "420102", START, 180, START)
    draw(rows, "420102", START + DAY, 100, START + DAY)
    assert drawn(START + DAY) == 280
    assert drawn(START + 89 * DAY) == 280
    assert drawn(START + 90 * DAY) == 100
    draw(rows, "420102", START, -80, START + 40 * DAY)
    assert drawn(START + 40 * DAY) == 200
    draw(rows, "420102", START, -100, START + 90 * DAY)
    assert drawn(START + 90 * DAY) == 100, "what is out of sight is not subtracted from the rest"
    held = rows.get(PoolDrawn, "420102")
    assert held
    assert held.days == ((START + DAY, 100),)


@pytest.mark.anyio
@pytest.mark.parametrize("wish", [True, False])
async def test_minutes_above_the_cap_go_to_the_pool_only_if_the_volunteer_wishes(
    world: World, wish: bool
) -> None:
    who = await world.volunteer()
    own, pool = accounts.volunteer(who.id), accounts.pool("420102")
    await credit(who.id, world.station, 89_970)
    if wish:
        await choose_overflow(who, wish=True, key=key())
    record = await visited(world, who, minutes=120)
    await confirmed(world, [record])
    held = await record_of(record)
    assert (held.minutes, held.credited) == (120, 120 if wish else 30)
    assert await accounts.balances_of([own, pool]) == {own: 90_000, pool: 90 if wish else 0}
    assert (await accounts.conservation()).whole

    lead = world.staff[Role.DISTRICT_LEAD]
    reason = ReverseReason.RECORDED_WRONGLY
    await reverse_hours(lead, records=[record], reason=reason, key=key())
    left = 90_000 - (120 if wish else 30)
    assert await accounts.balance_of(own) == left, "the record's minutes are the volunteer's debt"
    assert (await replay.compare(world.settings.database_url)).differing == 0


@pytest.mark.anyio
async def test_who_wishes_it_says_so_and_can_think_again_over_the_wire(world: World) -> None:
    who = await world.volunteer()
    asks = "{ overflowToPool }"
    assert await ask(world, who, asks) == {"overflowToPool": False}
    for wish in (True, False):
        told = await act(world, who, "chooseOverflow", "wish entry { seq }", wish=wish)
        assert told["wish"] is wish
        assert await ask(world, who, asks) == {"overflowToPool": wish}
    with pytest.raises(Unauthenticated):
        await choose_overflow(PUBLIC, wish=True, key=key())
