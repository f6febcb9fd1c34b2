"""Help offers: when somebody is ready, and what of their street fits, masked and unranked."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.credit import credit
from tests.families import tied
from tests.helping import HOUR, NEIGHBOUR, Street, open_street
from tests.test_matching import order as make
from tests.volunteering import child
from tests.wire import act, ask
from tests.world import found_station, key
from timebank.actors import PUBLIC, Actor
from timebank.help_life import HelpKind
from timebank.help_offers import (
    HelpOffer,
    NothingOffered,
    OfferDaysWrong,
    OfferWrong,
    Window,
    decide_offer,
    end_help_offer,
    fits,
    fitting_help,
    offer_help,
    offer_of,
)
from timebank.kin import Kinship
from timebank.matching import claim_help
from timebank.no_shows import report_no_show
from timebank.proxies import name_proxy
from timebank.refusals import Refusal, Unauthenticated

TODAY = date(2026, 11, 20)
EVERY_DAY = tuple(Window(day, 0, 1440) for day in range(1, 8))
MORNING = Window(6, 9 * 60, 13 * 60)
OFFER = HelpOffer(
    person="per_1",
    kinds=(HelpKind.MEALS,),
    windows=(MORNING,),
    at_home=True,
    until=date(2026, 11, 21),
    offered_at=datetime(2026, 11, 1, tzinfo=UTC),
)


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({}, None),
        ({"kinds": ()}, OfferWrong),
        ({"windows": ()}, OfferWrong),
        ({"windows": (MORNING,) * 22}, OfferWrong),
        ({"windows": (Window(0, 1, 2),)}, OfferWrong),
        ({"windows": (Window(8, 1, 2),)}, OfferWrong),
        ({"windows": (Window(1, 5, 5),)}, OfferWrong),
        ({"windows": (Window(1, -1, 5),)}, OfferWrong),
        ({"windows": (Window(1, 5, 1441),)}, OfferWrong),
        ({"until": TODAY - timedelta(days=1)}, OfferDaysWrong),
        ({"until": TODAY + timedelta(days=90)}, None),
        ({"until": TODAY + timedelta(days=91)}, OfferDaysWrong),
    ],
)
def test_an_offer_says_what_and_when(change: dict[str, Any], refusal: type[Refusal] | None) -> None:
    told: dict[str, Any] = {"kinds": (HelpKind.MEALS,), "windows": (MORNING,), "until": TODAY}
    if refusal is None:
        decide_offer(**told | change, today=TODAY)
    else:
        with pytest.raises(refusal):
            decide_offer(**told | change, today=TODAY)


# Saturday, noon in the city, for an hour.
@pytest.mark.parametrize(
    ("changes", "of_age", "does"),
    [
        ({}, True, True),
        ({}, False, False),
        ({"at_home": False}, False, True),
        ({"kind": HelpKind.REPAIRS}, True, False),
        ({"minutes": 61}, True, False),
        ({"starts": datetime(2026, 11, 21, 1, tzinfo=UTC)}, True, True),
        ({"starts": datetime(2026, 11, 21, 0, 59, tzinfo=UTC)}, True, False),
        ({"starts": datetime(2026, 11, 20, 4, tzinfo=UTC)}, True, False),
        ({"starts": datetime(2026, 11, 28, 4, tzinfo=UTC)}, True, False),
    ],
)
def test_what_fits_is_of_the_kind_and_within_the_hours(
    changes: dict[str, Any], of_age: bool, does: bool
) -> None:
    assert fits(make(**changes), OFFER, of_age=of_age) is does


def test_who_does_not_offer_to_be_alone_in_a_home_is_not_asked_to() -> None:
    outside = HelpOffer(
        person="per_1",
        kinds=OFFER.kinds,
        windows=OFFER.windows,
        at_home=False,
        until=OFFER.until,
        offered_at=OFFER.offered_at,
    )
    assert not fits(make(), outside, of_age=True)
    assert fits(make(at_home=False), outside, of_age=True)


# On a real bank


@pytest.fixture
async def street(database_url: str, tmp_path: Path) -> AsyncIterator[Street]:
    async with open_street(database_url, tmp_path) as made:
        yield made


async def ready(street: Street, who: Actor) -> None:
    """Somebody offers errands at any time, at home too."""
    await offer_help(
        who,
        kinds=[HelpKind.ERRANDS],
        windows=EVERY_DAY,
        at_home=True,
        until=street.world.clock.now().date() + timedelta(days=60),
        key=key(),
    )


async def listed(who: Actor) -> list[str]:
    """What somebody is shown."""
    return [one.order for one in await fitting_help(who)]


@pytest.mark.anyio
async def test_a_helper_is_shown_what_fits_and_nobody_else_anything(street: Street) -> None:
    order = await street.order(at_home=True)
    assert await listed(street.helper) == [], "no offer yet"
    await ready(street, street.helper)
    (shown,) = await fitting_help(street.helper)
    assert (shown.order, shown.minutes, shown.at_home, shown.near) == (order, 60, True, True)
    for who in (street.other, street.elder, PUBLIC):
        assert await listed(who) == []
    await claim_help(street.helper, order=order, key=key())
    assert await listed(street.helper) == []
    again = await street.order(starts_in=24 * HOUR + timedelta(minutes=30))
    assert await listed(street.helper) == [], "it overlaps with what is promised"
    await ready(street, street.other)
    assert await listed(street.other) == [again]


@pytest.mark.anyio
async def test_the_own_station_comes_first_then_the_street_by_time(street: Street) -> None:
    neighbours = await found_station(street.world, number="S-NEXT", area="420102002004")
    far = await found_station(street.world, number="S-FAR", area="420103001002")
    await ready(street, street.helper)
    there = await street.world.register(home=neighbours, birth=date(1940, 1, 1))
    away = await street.world.register(home=far, birth=date(1940, 1, 1))
    for who in (there, away):
        await credit(who.id, street.world.station, 100)
    second = await street.order(starts_in=50 * HOUR)
    first = await street.order(starts_in=40 * HOUR)
    third = await street.order(there, starts_in=2 * HOUR)
    await street.order(away, starts_in=2 * HOUR)
    assert await listed(street.helper) == [first, second, third]
    assert [one.near for one in await fitting_help(street.helper)] == [True, True, False]


@pytest.mark.anyio
async def test_kin_principals_minors_and_the_suspended_are_not_shown_what_they_may_not_take(
    street: Street,
) -> None:
    young = await child(street.world, date(2010, 1, 2))
    for who in (street.helper, street.other, young):
        await ready(street, who)
    at_home = await street.order(at_home=True)
    assert await listed(young) == []
    assert await listed(street.helper) == await listed(street.other) == [at_home]
    await tied(street.world, street.elder, street.helper, Kinship.OTHER)
    await name_proxy(street.elder, number=await street.world.number_of(street.other), key=key())
    assert await listed(street.helper) == await listed(street.other) == []
    third = await street.world.volunteer(birth=NEIGHBOUR)
    await ready(street, third)
    assert await listed(third) == [at_home]
    for _ in range(3):
        missed = await street.order(starts_in=HOUR)
        await claim_help(third, order=missed, key=key())
        street.world.clock.move(3 * HOUR)
        await report_no_show(street.elder, order=missed, key=key())
    assert await listed(third) == []


@pytest.mark.anyio
async def test_an_offer_ends_by_itself_or_is_taken_back(street: Street) -> None:
    with pytest.raises(NothingOffered):
        await end_help_offer(street.helper, key=key())
    with pytest.raises(Unauthenticated):
        await end_help_offer(PUBLIC, key=key())
    await ready(street, street.helper)
    assert await offer_of(street.helper)
    await end_help_offer(street.helper, key=key())
    assert await offer_of(street.helper) is None
    await ready(street, street.helper)
    street.world.clock.move(timedelta(days=61))
    assert await offer_of(street.helper) is None


@pytest.mark.anyio
async def test_offering_over_the_wire_shows_masked_facts_only(street: Street) -> None:
    order = await street.order()
    windows = [{"weekday": day, "beginsMinute": 0, "endsMinute": 1440} for day in range(1, 8)]
    given = {"kinds": ["ERRANDS"], "windows": windows, "atHome": False, "until": "2026-12-20"}
    told = await act(street.world, street.helper, "offerHelp", "offer { kinds until }", **given)
    assert told["offer"] == {"kinds": ["ERRANDS"], "until": "2026-12-20"}
    seen = await ask(
        street.world,
        street.helper,
        "query { fittingHelp { order kind minutes isAtMyStation station { number } }"
        f' node(id: "{order}") {{ id }} helpOffer {{ windows {{ weekday }} }} }}',
    )
    assert seen["fittingHelp"] == [
        {
            "order": order,
            "kind": "ERRANDS",
            "minutes": 60,
            "isAtMyStation": True,
            "station": {"number": "001"},
        }
    ]
    assert seen["node"] is None, "whose it is, nobody sees before they take it"
    given |= {"kinds": []}
    no = await act(street.world, street.helper, "offerHelp", "entry { seq }", **given)
    assert [error["code"] for error in no["userErrors"]] == [OfferWrong.code]
    await act(street.world, street.helper, "endHelpOffer", "entry { seq }")
    no = await act(street.world, street.helper, "endHelpOffer", "entry { seq }")
    assert [error["code"] for error in no["userErrors"]] == [NothingOffered.code]
