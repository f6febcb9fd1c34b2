"""Matching: who may help whom, one helper an order, and how a helper gives it back."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.families import tied
from tests.helping import HOUR, NEIGHBOUR, Street, open_street
from tests.volunteering import child
from tests.wire import act, ask
from tests.world import found_station, key
from timebank.access import Role
from timebank.actors import PUBLIC
from timebank.clock import day_of
from timebank.counter import OwnCounter
from timebank.gift_life import ProxyGivesToSelf
from timebank.help_life import HelpKind, HelpState
from timebank.help_orders import HelpOrder, Promise
from timebank.kin import Kinship
from timebank.lifecycles import NotInThisState
from timebank.matching import (
    HelperBooked,
    HelperTooClose,
    HelperTooYoung,
    HelpTaken,
    claim_help,
    decide_free,
    decide_helper,
    match_help,
    withdraw_from_help,
)
from timebank.notices import inbox_of
from timebank.people import AgeBand
from timebank.proxies import name_proxy
from timebank.refusals import NotFound, Refusal, Unauthenticated
from timebank.sign_ups import sign_up

DAY = date(2026, 11, 21)
STARTS = datetime(2026, 11, 21, 4, tzinfo=UTC)
AGES = AgeBand(person="per_1", born=DAY.replace(year=2008))
ORDER = HelpOrder(
    id="hlp_1",
    payer="per_2",
    served="per_2",
    station="sta_1",
    path="1/2/3/4/sta_1/",
    street="1/2/3",
    kind=HelpKind.MEALS,
    starts=STARTS,
    minutes=60,
    at_home=True,
    state=HelpState.RESERVED,
    requested_at=STARTS - 24 * HOUR,
    waits_since=STARTS - 24 * HOUR,
)


def order(**changes: Any) -> HelpOrder:
    """The order, with some of it otherwise."""
    told = {name: getattr(ORDER, name) for name in HelpOrder.__struct_fields__}
    return HelpOrder(**told | changes)


@pytest.mark.parametrize(
    ("changes", "told", "refusal"),
    [
        ({}, {}, None),
        ({"state": HelpState.MATCHED}, {}, HelpTaken),
        ({"state": HelpState.IN_SERVICE}, {}, HelpTaken),
        ({"state": HelpState.DELIVERED}, {}, HelpTaken),
        ({"state": HelpState.CANCELLED}, {}, NotInThisState),
        ({}, {"close": True}, HelperTooClose),
        ({}, {"proxy": True}, ProxyGivesToSelf),
        ({}, {"day": date(2026, 11, 20)}, HelperTooYoung),
        ({"at_home": False}, {"least": 19}, HelperTooYoung),
    ],
)
def test_who_may_help(
    changes: dict[str, Any], told: dict[str, Any], refusal: type[Refusal] | None
) -> None:
    given: dict[str, Any] = {"day": DAY, "close": False, "proxy": False, "least": 16} | told
    if refusal is None:
        decide_helper(order(**changes), AGES, **given)
    else:
        with pytest.raises(refusal):
            decide_helper(order(**changes), AGES, **given)


def test_alone_in_a_home_is_only_who_is_of_age() -> None:
    young = AgeBand(person="per_1", born=date(2010, 1, 1))
    given: dict[str, Any] = {"day": DAY, "close": False, "proxy": False, "least": 16}
    decide_helper(order(at_home=False), young, **given)
    with pytest.raises(HelperTooYoung) as no:
        decide_helper(order(), young, **given)
    assert no.value.details == {"least": "18"}


@pytest.mark.parametrize(
    ("begins", "clashes"), [(-60, False), (-59, True), (0, True), (59, True), (60, False)]
)
def test_nobody_promises_two_things_at_once(begins: int, clashes: bool) -> None:
    starts = STARTS + timedelta(minutes=begins)
    ends = starts + HOUR
    for promised, booked in (([Promise("x", starts, ends)], []), ([], [("x", starts, ends)])):
        if clashes:
            with pytest.raises(HelperBooked) as no:
                decide_free(ORDER, promised, booked)
            assert no.value.details == {"other": "x", "day": day_of(starts).isoformat()}
        else:
            decide_free(ORDER, promised, booked)


# On a real bank


@pytest.fixture
async def street(database_url: str, tmp_path: Path) -> AsyncIterator[Street]:
    async with open_street(database_url, tmp_path) as made:
        yield made


async def queues(street: Street) -> list[tuple[int, int]]:
    """What everybody sees to be waiting, and its minutes: in the city, here and in a district."""
    asks = "{ waitingOrders waitingMinutes }"
    told = await ask(
        street.world,
        PUBLIC,
        f'{{ ledger {{ a: solvency {asks} b: solvency(area: "420102") {asks}'
        f' c: solvency(area: "420103") {asks} }} }}',
    )
    return [(one["waitingOrders"], one["waitingMinutes"]) for one in told["ledger"].values()]


@pytest.mark.anyio
async def test_of_two_who_take_the_last_order_at_once_one_does(street: Street) -> None:
    waiting = await street.order()
    asked = (await street.at(waiting)).minutes
    assert await queues(street) == [(1, asked), (1, asked), (0, 0)]
    claims = [claim_help(who, order=waiting, key=key()) for who in (street.helper, street.other)]
    first, second = await asyncio.gather(*claims, return_exceptions=True)
    told = sorted((first, second), key=lambda one: isinstance(one, Exception))
    assert not isinstance(told[0], BaseException)
    assert isinstance(told[1], HelpTaken)
    held = await street.at(waiting)
    assert held.state is HelpState.MATCHED
    assert held.helper in (street.helper.id, street.other.id)
    assert await queues(street) == [(0, 0)] * 3


@pytest.mark.anyio
async def test_an_order_of_another_street_is_not_there_but_its_desk_may_write_down_who_comes(
    street: Street,
) -> None:
    waiting = await street.order()
    far = await found_station(street.world, number="S-FAR", area="420103001002")
    stranger = await street.world.register(home=far, birth=NEIGHBOUR)
    for who in (stranger, PUBLIC):
        with pytest.raises((NotFound, Unauthenticated)):
            await claim_help(who, order=waiting, key=key())
    number = await street.world.number_of(stranger)
    for who in (street.clerk, street.helper, stranger):
        with pytest.raises(NotFound):
            await match_help(who, order=waiting, helper=number, key=key())
    await match_help(street.manager, order=waiting, helper=number, key=key())
    assert (await street.at(waiting)).helper == stranger.id
    (notice,) = await inbox_of(stranger)
    assert notice.code.value == "help_matched"


@pytest.mark.anyio
async def test_kin_household_and_proxies_are_not_paid_for_helping(street: Street) -> None:
    waiting = await street.order()
    with pytest.raises(HelperTooClose):
        await claim_help(street.elder, order=waiting, key=key())
    await tied(street.world, street.elder, street.helper, Kinship.OTHER)
    with pytest.raises(HelperTooClose):
        await claim_help(street.helper, order=waiting, key=key())
    number = await street.world.number_of(street.other)
    await name_proxy(street.elder, number=number, key=key())
    with pytest.raises(ProxyGivesToSelf):
        await claim_help(street.other, order=waiting, key=key())
    own = await street.world.number_of(street.manager)
    with pytest.raises(OwnCounter):
        await match_help(street.manager, order=waiting, helper=own, key=key())
    assert await street.state(waiting) is HelpState.RESERVED


@pytest.mark.anyio
async def test_a_child_of_sixteen_helps_but_not_alone_in_a_home(street: Street) -> None:
    young = await child(street.world, date(2010, 1, 2))
    alone = await street.order(at_home=True)
    with pytest.raises(HelperTooYoung):
        await claim_help(young, order=alone, key=key())
    outside = await street.order()
    await claim_help(young, order=outside, key=key())
    assert (await street.at(outside)).helper == young.id


@pytest.mark.anyio
async def test_a_helper_is_free_when_they_promise(street: Street) -> None:
    activity = await street.world.activity(starts_in=24 * HOUR)
    await sign_up(street.other, activity=activity, key=key())
    waiting = await street.order()
    with pytest.raises(HelperBooked) as no:
        await claim_help(street.other, order=waiting, key=key())
    assert no.value.other == activity
    assert no.value.day.isoformat() in no.value.message()
    await claim_help(street.helper, order=waiting, key=key())
    second = await street.order(starts_in=24 * HOUR + timedelta(minutes=30))
    with pytest.raises(HelperBooked) as no:
        await claim_help(street.helper, order=second, key=key())
    assert no.value.other == waiting


@pytest.mark.anyio
async def test_a_helper_gives_an_order_back_and_another_takes_it(street: Street) -> None:
    taken = await street.matched()
    for who in (street.other, street.elder):
        with pytest.raises(NotFound):
            await withdraw_from_help(who, order=taken, key=key())
    await withdraw_from_help(street.helper, order=taken, key=key())
    assert (await street.at(taken)).helper is None
    codes = [notice.code.value for notice in await inbox_of(street.elder)]
    assert codes == ["help_unmatched", "help_matched"]
    await claim_help(street.other, order=taken, key=key())
    await withdraw_from_help(street.manager, order=taken, key=key())
    assert await street.state(taken) is HelpState.RESERVED
    with pytest.raises(NotInThisState):
        await withdraw_from_help(street.manager, order=taken, key=key())
    assert await street.escrow(taken) == 60, "its minutes wait with it"


@pytest.mark.anyio
async def test_matching_over_the_wire(street: Street) -> None:
    waiting = await street.order()
    asks = "order { state words served { number name phone } }"
    told = await act(street.world, street.helper, "claimHelp", asks, order=waiting)
    assert told["order"]["state"] == "MATCHED"
    assert told["order"]["words"].startswith("请帮忙")
    assert told["order"]["served"]["phone"] == "13900000000"
    no = await act(street.world, street.other, "claimHelp", "order { id }", order=waiting)
    assert [error["code"] for error in no["userErrors"]] == [HelpTaken.code]
    gone = await act(street.world, street.helper, "withdrawFromHelp", "order { id }", order=waiting)
    assert gone["order"] is None, "whoever gave it back sees it no more"
    officer = street.world.staff[Role.STREET_OFFICER]
    number = await street.world.number_of(street.other)
    told = await act(
        street.world, officer, "matchHelp", "order { state }", order=waiting, helper=number
    )
    assert told["order"]["state"] == "MATCHED"
