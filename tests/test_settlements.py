"""Settlements: help that is given, confirmed by whoever was served, and paid minute for minute."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.credit import credit, fill_pool
from tests.helping import HOUR, MINUTE, Street, open_street
from tests.moving import entries_of
from tests.test_matching import order as make
from tests.volunteering import captured, record_of
from tests.wire import act
from tests.world import key
from timebank import accounts, replay
from timebank.access import Role
from timebank.actors import PUBLIC, SYSTEM
from timebank.confirmations import (
    OrderDecides,
    OwnHours,
    SameHand,
    accept_hours,
    confirm_hours,
    reject_hours,
    review_hours,
)
from timebank.days import InTheFuture, LateReasonMissing, Overlaps
from timebank.help_life import DeliveryWay, HelpState
from timebank.hours import ServiceTotal, records_at
from timebank.lifecycles import NotInThisState
from timebank.living_alone import note_living_alone
from timebank.notices import inbox_of
from timebank.policy import SEED
from timebank.pool_grants import close_grant, grant_from_pool, grants_of
from timebank.pools import reserves_of
from timebank.programme import station_day
from timebank.proxies import name_proxy
from timebank.record_life import CaptureMode, LateReason, RecordState, RejectReason
from timebank.refusals import NotFound, Refusal, Unauthenticated
from timebank.settlements import (
    HelpTooEarly,
    ServedMinutesWrong,
    confirm_help,
    decide_served,
    decide_start,
    deliver_help,
    start_help,
)
from timebank.solvency import solvency
from timebank.tables import find

STARTS = datetime(2026, 11, 21, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    ("state", "before", "refusal"),
    [
        (HelpState.MATCHED, 60, None),
        (HelpState.MATCHED, 61, HelpTooEarly),
        (HelpState.MATCHED, -600, None),
        (HelpState.RESERVED, 0, NotInThisState),
        (HelpState.DELIVERED, 0, NotInThisState),
    ],
)
def test_a_helper_checks_in_about_when_the_help_was_ordered_for(
    state: HelpState, before: int, refusal: type[Refusal] | None
) -> None:
    now = STARTS - before * MINUTE
    if refusal is None:
        decide_start(make(state=state), now)
    else:
        with pytest.raises(refusal):
            decide_start(make(state=state), now)


@pytest.mark.parametrize(
    ("stayed", "said", "served", "way"),
    [
        (45, None, 45, DeliveryWay.CHECK_OUT),
        (60, None, 60, DeliveryWay.CHECK_OUT),
        (300, None, 60, DeliveryWay.CHECK_OUT),
        (300, 30, 30, DeliveryWay.REPORT),
        (0, None, None, None),
        (300, 61, None, None),
        (300, 0, None, None),
    ],
)
def test_a_check_out_counts_what_was_stayed_at_most_what_was_ordered(
    stayed: int, said: int | None, served: int | None, way: DeliveryWay | None
) -> None:
    began = STARTS + timedelta(seconds=31)
    held = make(state=HelpState.IN_SERVICE, started_at=began)
    if served is None:
        with pytest.raises(ServedMinutesWrong):
            decide_served(held, began + stayed * MINUTE, said)
    else:
        told = decide_served(held, began + stayed * MINUTE, said)
        assert told == (STARTS, served, way)


# On a real bank


@pytest.fixture
async def street(database_url: str, tmp_path: Path) -> AsyncIterator[Street]:
    async with open_street(database_url, tmp_path) as made:
        yield made


async def replayed(street: Street) -> int:
    """How many rows replay sees otherwise."""
    return (await replay.compare(street.world.settings.database_url)).differing


@pytest.mark.anyio
async def test_help_waits_for_whoever_was_helped_and_for_no_desk(street: Street) -> None:
    await street.delivered()
    await captured(street.world, street.other, starts=street.world.clock.now() - 3 * HOUR)
    day = await station_day(street.clerk, street.world.station)
    path = street.world.station_path
    listed = await records_at(street.manager, path, RecordState.CAPTURED)
    assert day
    assert day.to_confirm == len(listed) == 1


@pytest.mark.anyio
async def test_help_is_paid_minute_for_minute_and_the_record_mints_nothing_more(
    street: Street,
) -> None:
    order = await street.delivered(minutes=90, served=60)
    held = await street.at(order)
    assert (held.state, held.served_minutes) == (HelpState.DELIVERED, 60)
    record = await record_of(held.record or "")
    assert (record.state, record.mode, record.own) == (
        RecordState.CAPTURED,
        CaptureMode.HELP_ORDER,
        True,
    )
    minted = (await accounts.conservation()).minted

    told = await confirm_help(street.elder, order=order, key=key())

    assert told.minutes == 60
    assert await street.state(order) is HelpState.SETTLED
    assert await street.minutes(street.helper) == 60
    assert await street.minutes(street.elder) == 540, "what was not served came back"
    assert await street.escrow(order) == 0
    books = await accounts.conservation()
    assert (books.minted, books.whole) == (minted, True)
    record = await record_of(record.id)
    assert (record.state, record.credited, record.confirmer) == (
        RecordState.POSTED,
        0,
        street.elder.id,
    )
    total = await find(ServiceTotal, street.helper.id)
    assert total
    assert (total.minutes, total.credited) == (60, 60), "earned, so that it can be given on"
    drawn = await solvency(street.world.clock.now().date(), area="420102")
    assert drawn
    assert (drawn.drawn, drawn.outstanding) == (60, 600)
    assert await replayed(street) == 0
    for act_again in (
        confirm_help(street.elder, order=order, key=key()),
        deliver_help(street.helper, order=order, key=key()),
        start_help(street.helper, order=order, key=key()),
    ):
        with pytest.raises(NotInThisState):
            await act_again


@pytest.mark.anyio
async def test_a_key_that_comes_twice_pays_once(street: Street) -> None:
    order = await street.delivered()
    once = key()
    first = await confirm_help(street.elder, order=order, key=once)
    second = await confirm_help(street.elder, order=order, key=once)
    assert (first.replayed, second.replayed) == (False, True)
    assert await street.minutes(street.helper) == 60


@pytest.mark.anyio
async def test_whoever_helped_or_reported_it_does_not_confirm_it(street: Street) -> None:
    order = await street.matched(starts_in=HOUR)
    street.world.clock.move(3 * HOUR)
    number = await street.world.number_of(street.elder)
    await deliver_help(street.clerk, order=order, minutes=50, key=key())
    with pytest.raises(SameHand):
        await confirm_help(street.clerk, order=order, key=key())
    with pytest.raises(NotFound):
        await confirm_help(street.helper, order=order, key=key())
    await name_proxy(street.elder, number=await street.world.number_of(street.helper), key=key())
    with pytest.raises(OwnHours):
        await confirm_help(street.helper, order=order, key=key())
    stranger = await street.world.officer(Role.STATION_MANAGER, "420100/420103/")
    for who in (stranger, street.other):
        with pytest.raises(NotFound):
            await confirm_help(who, order=order, key=key())
    await confirm_help(street.manager, order=order, key=key())
    assert await street.minutes(street.helper) == 50
    record = await record_of((await street.at(order)).record or "")
    assert record.state is RecordState.CONFIRMED, "reported by another, so the helper accepts it"
    await accept_hours(street.helper, records=[record.id], key=key())
    assert (await record_of(record.id)).credited == 0
    assert await street.minutes(street.helper) == 50
    assert number


@pytest.mark.anyio
async def test_a_proxy_confirms_and_both_are_named(street: Street) -> None:
    number = await street.world.number_of(street.other)
    await name_proxy(street.elder, number=number, key=key())
    order = await street.delivered()
    told = await act(
        street.world,
        street.other,
        "confirmHelp",
        "order { state paidMinutes }",
        order=order,
    )
    assert told["order"] == {"state": "SETTLED", "paidMinutes": 60}
    *_, last = await entries_of(street.world.settings.database_url)
    assert (last.kind, last.actor) == ("help.settled", street.other.id)
    assert (last.body["proxy"], last.body["way"]) == (street.other.id, "proxy")


@pytest.mark.anyio
async def test_no_desk_confirms_rejects_or_posts_the_record_of_an_order(street: Street) -> None:
    order = await street.delivered()
    record = (await street.at(order)).record or ""
    path, waits = street.world.station_path, RecordState.CAPTURED
    assert await records_at(street.manager, path, waits) == [], "it waits for no key of a desk"
    for refused in (
        confirm_hours(street.manager, records=[record], key=key()),
        reject_hours(street.manager, records=[record], reason=RejectReason.NOT_ATTENDED, key=key()),
    ):
        with pytest.raises(OrderDecides):
            await refused
    with pytest.raises(NotInThisState):
        await accept_hours(street.helper, records=[record], key=key())
    await confirm_help(street.elder, order=order, key=key())


@pytest.mark.anyio
async def test_a_report_passes_the_checks_of_any_record(street: Street) -> None:
    order = await street.matched(starts_in=HOUR)
    with pytest.raises(InTheFuture):
        await deliver_help(street.helper, order=order, minutes=60, key=key())
    street.world.clock.move(3 * HOUR)
    clash = await captured(street.world, street.helper, minutes=120)
    with pytest.raises(Overlaps) as no:
        await deliver_help(street.helper, order=order, minutes=60, key=key())
    assert no.value.details == {"record": clash}
    await reject_hours(street.manager, records=[clash], reason=RejectReason.WRONG_TIMES, key=key())
    for who, refusal in ((street.other, NotFound), (street.elder, NotFound)):
        with pytest.raises(refusal):
            await deliver_help(who, order=order, minutes=60, key=key())
    street.world.clock.move(timedelta(days=5))
    with pytest.raises(LateReasonMissing):
        await deliver_help(street.helper, order=order, minutes=60, key=key())
    late = LateReason.SYSTEM_DOWN
    await deliver_help(street.helper, order=order, minutes=60, late=late, key=key())
    await confirm_help(street.elder, order=order, key=key())
    assert await street.minutes(street.helper) == 60, "whoever was served says it was given"
    record = (await street.at(order)).record or ""
    assert (await record_of(record)).state is RecordState.TO_REVIEW
    await review_hours(street.world.staff[Role.STREET_OFFICER], records=[record], key=key())
    assert (await record_of(record)).state is RecordState.POSTED
    assert await street.minutes(street.helper) == 60


@pytest.mark.anyio
async def test_what_has_no_room_in_the_helpers_balance_is_the_pools(street: Street) -> None:
    cap = 90_000
    await credit(street.helper.id, street.world.station, cap - 20)
    order = await street.delivered()
    await confirm_help(street.elder, order=order, key=key())
    assert await street.minutes(street.helper) == cap
    assert await accounts.balance_of(accounts.pool("420102")) == 40
    assert await street.escrow(order) == 0
    assert SEED.read_text("utf-8").count(f"balance_cap: {cap}") == 1


@pytest.mark.anyio
async def test_a_grant_pays_the_helper_and_what_it_held_goes_back_to_the_pool_when_over(
    street: Street,
) -> None:
    lead = await street.world.officer(Role.CITY_LEAD)
    await fill_pool("420102", street.world.station, 1_000)
    await note_living_alone(street.clerk, person=street.elder.id, alone=True, key=key())
    await grant_from_pool(lead, area="420102", key=key())
    (grant,) = await grants_of(street.elder, after=None, before=None, limit=1, backward=False)

    order = await street.delivered(minutes=200, served=60, starts_in=timedelta(days=10))
    assert await street.minutes(street.elder) == 580
    street.world.clock.move(timedelta(days=3))
    await close_grant(SYSTEM, grant=grant.id)
    await confirm_help(street.elder, order=order, key=key())

    assert await street.minutes(street.helper) == 60
    assert await street.minutes(street.elder) == 600, "the grant paid first"
    assert await accounts.balance_of(accounts.pool("420102")) == 940
    today = street.world.clock.now().date()
    assert (await reserves_of(["420102"], today))["420102"].granted == 60
    assert await replayed(street) == 0


@pytest.mark.anyio
async def test_whoever_was_served_is_asked_and_the_helper_is_told(street: Street) -> None:
    order = await street.delivered()
    (asked, matched) = await inbox_of(street.elder)
    assert [asked.code.value, matched.code.value] == ["help_to_confirm", "help_matched"]
    assert asked.about == order
    told = await act(street.world, street.elder, "confirmHelp", "order { id }", order=order)
    assert told["order"]["id"] == order
    assert [notice.code.value for notice in await inbox_of(street.helper)] == ["help_settled"]


@pytest.mark.anyio
async def test_nobody_unknown_begins_or_reports_help(street: Street) -> None:
    order = await street.matched()
    for refused in (
        start_help(PUBLIC, order=order, key=key()),
        deliver_help(PUBLIC, order=order, key=key()),
        confirm_help(PUBLIC, order=order, key=key()),
    ):
        with pytest.raises(Unauthenticated):
            await refused
    with pytest.raises(NotFound):
        await start_help(street.other, order=order, key=key())
