"""Dormancy: a long rest is flagged and told once, loses nothing, and ends with a movement."""

from datetime import date, timedelta

import pytest

from tests.credit import credit
from tests.wire import ask
from tests.world import World, key
from timebank import accounts, replay
from timebank.access import Role
from timebank.actors import SYSTEM
from timebank.dormancy import (
    AccountUse,
    InUse,
    decide_dormant,
    dormant_due,
    dormant_since,
    flag_dormant,
)
from timebank.estates import report_death
from timebank.notices import NoticeCode, inbox_of
from timebank.refusals import Forbidden, NotFound, Refusal
from timebank.timers import TIMERS

TODAY, TWO_YEARS_LATER = date(2026, 11, 20), date(2028, 11, 20)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("today", "flagged", "refusal"),
    [
        (TWO_YEARS_LATER - DAY, False, InUse),
        (TWO_YEARS_LATER, False, None),
        (TWO_YEARS_LATER, True, InUse),
    ],
)
def test_an_account_is_dormant_after_its_months(
    today: date, flagged: bool, refusal: type[Refusal] | None
) -> None:
    use = AccountUse(person="per_1", moved_on=TODAY, dormant=flagged)
    if refusal is None:
        decide_dormant(use, today, 24)
    else:
        with pytest.raises(refusal):
            decide_dormant(use, today, 24)


@pytest.mark.anyio
async def test_a_long_rest_is_flagged_and_told_and_ends_with_a_movement(world: World) -> None:
    who, dead = await world.volunteer(), await world.volunteer()
    for person in (who, dead):
        await credit(person.id, world.station, 100)
    await report_death(world.staff[Role.STATION_CLERK], person=dead.id, key=key())
    with pytest.raises(NotFound):
        await flag_dormant(SYSTEM, person=world.staff[Role.STATION_CLERK].id)
    world.clock.move(TWO_YEARS_LATER - TODAY - DAY)
    assert await dormant_due(skip=0, limit=9) == []
    with pytest.raises(InUse):
        await flag_dormant(SYSTEM, person=who.id)
    world.clock.move(DAY)
    due = await dormant_due(skip=0, limit=9)
    assert sorted(due) == sorted([who.id, dead.id])
    assert await dormant_due(skip=1, limit=9) == due[1:]
    with pytest.raises(Forbidden):
        await flag_dormant(who, person=who.id)
    for id in due:
        await flag_dormant(SYSTEM, person=id)
    assert await dormant_due(skip=0, limit=9) == []
    assert await ask(world, who, "{ account { dormantSince } }") == {
        "account": {"dormantSince": "2026-11-20"}
    }
    told = [notice.code for notice in await inbox_of(who)]
    assert told == [NoticeCode.ACCOUNT_DORMANT]
    assert await inbox_of(dead) == []
    assert await accounts.balance_of(accounts.volunteer(who.id)) == 100, "nothing is lost"
    await credit(who.id, world.station, 1)
    assert await dormant_since(who.id) is None
    assert (await replay.compare(world.settings.database_url)).differing == 0


def test_everything_of_gifts_and_pools_that_falls_due_has_its_timer() -> None:
    named = {timer.name for timer in TIMERS}
    ours = {"gifts.unaccepted", "donations.final", "grants.month"}
    assert ours | {"accounts.kept", "accounts.dormant"} <= named
