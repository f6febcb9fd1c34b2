"""Requests for help: for whom, how much, how often, and from which minutes."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.certifying import certificate_of
from tests.credit import credit, fill_pool
from tests.families import DAUGHTER, GRANDMOTHER, tied
from tests.helping import HOUR, WHOLE, Street, open_street
from tests.wire import act
from tests.world import found_station, key
from timebank import accounts
from timebank.access import Role
from timebank.accounts import NotEnoughTime
from timebank.actors import PUBLIC, Actor
from timebank.certificates import request_certificate
from timebank.closings import Rest, close_account
from timebank.drawing_rights import Ground, certify_drawing
from timebank.estates import report_death, settle_estate
from timebank.help_holdings import HelpStillOpen
from timebank.help_life import HelpState
from timebank.help_orders import help_of, visible_help, words_of
from timebank.help_requests import (
    BelowDrawAge,
    HelpMinutesWrong,
    HelpNotForThem,
    HelpTimeWrong,
    TooManyOpenOrders,
    WeekFull,
    decide_draw,
    decide_order,
)
from timebank.kin import Kinship
from timebank.living_alone import note_living_alone
from timebank.matching import claim_help
from timebank.people import PersonNotActive, suspend_person
from timebank.person_life import SuspensionReason
from timebank.places import StationNotActive, close_station, suspend_station
from timebank.policy import SEED, read_policy
from timebank.pool_grants import grant_from_pool
from timebank.proxies import name_proxy
from timebank.refusals import NotFound, Refusal, Unauthenticated
from timebank.station_life import StationReason
from timebank.texts import TextMissing, TextTooLong

RULES = read_policy(SEED.read_text("utf-8")).credit
NOW = datetime(2026, 11, 20, 4, tzinfo=UTC)
FINE: dict[str, Any] = {
    "starts": NOW + HOUR,
    "minutes": 60,
    "now": NOW,
    "open_orders": 0,
    "week": 0,
    "rules": RULES,
}


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({}, None),
        ({"minutes": 30}, None),
        ({"minutes": 29}, HelpMinutesWrong),
        ({"minutes": 240}, None),
        ({"minutes": 241}, HelpMinutesWrong),
        ({"starts": NOW}, HelpTimeWrong),
        ({"starts": NOW + timedelta(minutes=1)}, None),
        ({"starts": NOW + timedelta(seconds=61)}, HelpTimeWrong),
        ({"starts": NOW + timedelta(days=90)}, None),
        ({"starts": NOW + timedelta(days=90, minutes=1)}, HelpTimeWrong),
        ({"open_orders": 1}, None),
        ({"open_orders": 2}, TooManyOpenOrders),
        ({"week": 420}, None),
        ({"week": 421}, WeekFull),
    ],
)
def test_an_order_keeps_its_limits(change: dict[str, Any], refusal: type[Refusal] | None) -> None:
    if refusal is None:
        decide_order(**FINE | change)
    else:
        with pytest.raises(refusal):
            decide_order(**FINE | change)


@pytest.mark.parametrize(
    ("own", "tie", "elder", "certified", "refusal"),
    [
        (True, None, True, False, None),
        (True, None, False, True, None),
        (True, None, False, False, BelowDrawAge),
        (False, Kinship.SPOUSE, True, False, None),
        (False, Kinship.PARENT, True, False, None),
        (False, Kinship.GRANDCHILD, False, True, None),
        (False, Kinship.CHILD, False, False, BelowDrawAge),
        (False, Kinship.SIBLING, True, False, HelpNotForThem),
        (False, Kinship.OTHER, True, True, HelpNotForThem),
        (False, None, True, True, HelpNotForThem),
    ],
)
def test_one_draws_for_oneself_spouse_and_lineal_kin_who_are_old_or_certified(
    own: bool, tie: Kinship | None, elder: bool, certified: bool, refusal: type[Refusal] | None
) -> None:
    told: dict[str, Any] = {"own": own, "tie": tie, "elder": elder, "certified": certified}
    if refusal is None:
        decide_draw(**told, least=60)
    else:
        with pytest.raises(refusal):
            decide_draw(**told, least=60)


# On a real bank


@pytest.fixture
async def street(database_url: str, tmp_path: Path) -> AsyncIterator[Street]:
    async with open_street(database_url, tmp_path) as made:
        yield made


@pytest.mark.anyio
async def test_an_order_holds_its_minutes_and_keeps_its_words_beside_the_ledger(
    street: Street,
) -> None:
    order = await street.order(minutes=90)

    held = await street.at(order)
    assert held.state is HelpState.RESERVED
    assert (held.own, held.granted, held.grant) == (90, 0, None)
    assert await street.minutes(street.elder) == 510
    assert await street.escrow(order) == 90
    assert (await words_of(street.elder, [held]))[order].startswith("请帮忙")
    assert await words_of(street.helper, [held]) == {}
    assert [one.id for one in await help_of(street.elder, **WHOLE)] == [order]
    assert await help_of(street.helper, **WHOLE) == []
    assert await visible_help(PUBLIC, [order]) == {}


@pytest.mark.anyio
@pytest.mark.one_database
async def test_who_is_at_home_at_a_closed_station_is_served_by_its_successor(
    street: Street,
) -> None:
    world, gone = street.world, street.world.station
    for number in ("S-NEXT", "S-LAST"):
        heir = await found_station(world, number=number)
        registrar = world.staff[Role.DISTRICT_REGISTRAR]
        await close_station(registrar, station=gone, successor=heir, key=key())
        gone = heir
        held = await street.at(await street.order())
        assert held.station == heir
    made = await request_certificate(
        street.elder, since=date(2026, 1, 1), until=date(2026, 11, 20), key=key()
    )
    certificate = await certificate_of(made.certificate)
    assert (certificate.station, certificate.path) == (heir, held.path)


@pytest.mark.anyio
async def test_what_breaks_a_rule_holds_nothing(street: Street) -> None:
    refused: list[tuple[Actor, dict[str, Any], type[Exception]]] = [
        (PUBLIC, {}, Unauthenticated),
        (street.helper, {}, BelowDrawAge),
        (street.elder, {"minutes": 20}, HelpMinutesWrong),
        (street.elder, {"starts_in": timedelta(0)}, HelpTimeWrong),
        (street.elder, {"served": await street.world.number_of(street.other)}, HelpNotForThem),
        (street.elder, {"served": "WH-0000-000-0000"}, NotFound),
        (street.helper, {"payer": await street.world.number_of(street.elder)}, NotFound),
    ]
    for who, told, refusal in refused:
        with pytest.raises(refusal):
            await street.order(who, **told)
    poor = await street.world.volunteer(birth=GRANDMOTHER)
    await credit(poor.id, street.world.station, 59)
    with pytest.raises(NotEnoughTime):
        await street.order(poor)
    assert await street.minutes(street.elder) == 600
    assert await street.minutes(poor) == 59


@pytest.mark.anyio
async def test_two_orders_are_open_at_a_time_and_480_minutes_a_week(street: Street) -> None:
    # Friday; the week ends on Sunday, so what follows in three days is of the next.
    first = await street.order(minutes=240)
    await street.order(minutes=180, starts_in=30 * HOUR)
    with pytest.raises(TooManyOpenOrders):
        await street.order(starts_in=72 * HOUR)
    await act(street.world, street.elder, "cancelHelp", "order { id }", order=first)
    await street.order(minutes=240, starts_in=50 * HOUR)
    with pytest.raises(TooManyOpenOrders):
        await street.order(minutes=61)
    held = await help_of(street.elder, **WHOLE)
    assert sum(one.minutes for one in held if one.state is HelpState.RESERVED) == 420


@pytest.mark.anyio
async def test_a_week_is_full_at_480_minutes_and_the_next_one_is_empty(street: Street) -> None:
    for _ in range(2):
        order = await street.delivered(minutes=240, starts_in=HOUR)
        told = await act(street.world, street.elder, "confirmHelp", "order { state }", order=order)
        assert told["order"]["state"] == "SETTLED"
    with pytest.raises(WeekFull) as no:
        await street.order(minutes=30, starts_in=HOUR)
    assert no.value.details == {"most": "480", "left": "0"}
    assert await street.order(minutes=60, starts_in=72 * HOUR)


@pytest.mark.anyio
async def test_a_daughter_orders_for_her_mother_and_the_counter_for_who_has_no_telephone(
    street: Street,
) -> None:
    daughter = await street.world.volunteer(birth=DAUGHTER)
    await credit(daughter.id, street.world.station, 60)
    number = await street.world.number_of(street.elder)
    with pytest.raises(HelpNotForThem):
        await street.order(daughter, served=number)
    await tied(street.world, daughter, street.elder, Kinship.PARENT)
    order = await street.order(daughter, served=number)
    assert await street.minutes(daughter) == 0
    seen = await visible_help(street.elder, [order])
    assert seen[order].payer == daughter.id, "whoever is served sees it too"

    at_desk = await street.order(street.clerk, payer=number)
    assert (await street.at(at_desk)).payer == street.elder.id
    proxy = await street.world.volunteer()
    await name_proxy(street.elder, number=await street.world.number_of(proxy), key=key())
    by_proxy = await street.order(proxy, payer=number)
    assert (await street.at(by_proxy)).payer == street.elder.id
    stranger = await street.world.officer(Role.STATION_CLERK, "420100/420103/")
    with pytest.raises(NotFound):
        await street.order(stranger, payer=number)


@pytest.mark.anyio
async def test_somebody_certified_orders_at_any_age_until_the_last_day(street: Street) -> None:
    young = await street.world.volunteer(birth=DAUGHTER)
    await credit(young.id, street.world.station, 200)
    day = (street.world.clock.now() + 24 * HOUR).date()
    await certify_drawing(
        street.clerk, person=young.id, ground=Ground.HARDSHIP, until=day, key=key()
    )
    await street.order(young)
    with pytest.raises(BelowDrawAge):
        await street.order(young, starts_in=48 * HOUR)


@pytest.mark.anyio
async def test_a_grant_pays_first_and_only_for_its_elder_and_its_month(street: Street) -> None:
    lead = await street.world.officer(Role.CITY_LEAD)
    await fill_pool("420102", street.world.station, 9_000)
    await note_living_alone(street.clerk, person=street.elder.id, alone=True, key=key())
    await grant_from_pool(lead, area="420102", key=key())

    order = await street.order(minutes=200)
    held = await street.at(order)
    assert (held.own, held.granted) == (20, 180)
    assert held.grant is not None
    assert await street.escrow(held.grant) == 0
    await act(street.world, street.elder, "cancelHelp", "order { id }", order=order)
    assert await street.escrow(held.grant) == 180, "it goes back where it came from"

    later = await street.order(minutes=60, starts_in=timedelta(days=14))
    assert (await street.at(later)).granted == 0
    daughter = await street.world.volunteer(birth=DAUGHTER)
    await tied(street.world, street.elder, daughter, Kinship.CHILD)
    await certify_drawing(
        street.clerk,
        person=daughter.id,
        ground=Ground.DISABILITY,
        until=date(2027, 1, 1),
        key=key(),
    )
    number = await street.world.number_of(daughter)
    hers = await street.order(minutes=60, served=number)
    assert (await street.at(hers)).granted == 0


@pytest.mark.anyio
async def test_the_suspended_and_stations_that_do_not_work_order_nothing(street: Street) -> None:
    lead, other = street.world.staff[Role.DISTRICT_LEAD], await street.world.volunteer()
    await credit(other.id, street.world.station, 100)
    await suspend_person(lead, person=street.elder.id, reason=SuspensionReason.CONDUCT, key=key())
    with pytest.raises(PersonNotActive):
        await street.order()
    registrar = street.world.staff[Role.DISTRICT_REGISTRAR]
    await suspend_station(
        registrar, station=street.world.station, reason=StationReason.UNSAFE, key=key()
    )
    with pytest.raises(StationNotActive):
        await street.order(other)


@pytest.mark.anyio
async def test_an_account_comes_to_rest_only_without_open_orders(street: Street) -> None:
    order = await street.matched()
    for who in (street.elder, street.helper):
        with pytest.raises(HelpStillOpen) as no:
            await close_account(who, rest=Rest.KEEP, key=key())
        assert no.value.details == {"order": order}
    await report_death(street.clerk, person=street.elder.id, key=key())
    street.world.clock.move(timedelta(days=20))
    lead = street.world.staff[Role.DISTRICT_LEAD]
    with pytest.raises(HelpStillOpen):
        await settle_estate(lead, person=street.elder.id, key=key())
    await act(street.world, street.clerk, "cancelHelp", "order { id }", order=order)
    told = await settle_estate(lead, person=street.elder.id, key=key())
    assert told.donated == 600
    await close_account(street.helper, rest=Rest.KEEP, key=key())


@pytest.mark.anyio
async def test_help_is_ordered_over_the_wire_and_says_what_is_wrong(street: Street) -> None:
    starts = (street.world.clock.now() + 24 * HOUR).isoformat()
    good = {"kind": "MEALS", "starts": starts, "minutes": 60, "atHome": True, "words": "做晚饭"}
    asks = (
        "order { id kind state words minutes grantedMinutes atHome paidMinutes confirmBy"
        " station { number } payer { number name } helper { number } }"
    )
    told = (await act(street.world, street.elder, "requestHelp", asks, **good))["order"]
    assert (told["kind"], told["state"], told["words"]) == ("MEALS", "RESERVED", "做晚饭")
    assert told["payer"]["name"].startswith("王秀英")
    assert told["helper"] is None
    for change, code, path in (
        ({"minutes": 10}, HelpMinutesWrong.code, ["minutes"]),
        ({"starts": "2026-11-20T00:00:00Z"}, HelpTimeWrong.code, ["starts"]),
        ({"words": " "}, TextMissing.code, None),
        ({"words": "买" * 201}, TextTooLong.code, None),
    ):
        no = await act(street.world, street.elder, "requestHelp", "order { id }", **good | change)
        assert no["userErrors"] == [{"code": code, "path": path}]
    assert (await accounts.conservation()).whole


@pytest.mark.anyio
async def test_a_claimed_order_counts_as_open_until_it_is_over(street: Street) -> None:
    order = await street.matched()
    await street.order(starts_in=30 * HOUR)
    with pytest.raises(TooManyOpenOrders):
        await street.order(starts_in=40 * HOUR)
    with pytest.raises(NotFound):
        await claim_help(street.helper, order="hlp_none", key=key())
    await act(street.world, street.elder, "cancelHelp", "order { id }", order=order)
    await street.order(starts_in=40 * HOUR)
