"""Given consents: withdrawn as easily as given, by purpose, and what follows from it."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from tests import looking
from tests.moving import entries_of
from tests.wire import act, ask
from tests.world import World, key, open_world
from timebank import replay
from timebank.access import Role
from timebank.actors import PUBLIC, Actor
from timebank.consents import CONSENT_VERSION
from timebank.given_consents import (
    Consent,
    ConsentNotGiven,
    ConsentOfAccount,
    ConsentPurpose,
    ConsentStands,
    Said,
    consents_of,
    decide_give,
    decide_withdraw,
    give_consent,
    withdraw_consent,
)
from timebank.people import person
from timebank.refusals import NotFound, Refusal, Unauthenticated

pytestmark = pytest.mark.anyio

STAFF, PARTNER = ConsentPurpose.STAFF_PHONE, ConsentPurpose.PARTNER_PHONE
AT = datetime(2026, 11, 20, 4, tzinfo=UTC)


@pytest.fixture
async def city(sqlite_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(sqlite_url, tmp_path) as opened:
        yield opened


def said(*more: Said, version: str = CONSENT_VERSION) -> Consent:
    """What somebody said who registered by a version of the terms."""
    registered = Said(purpose=None, given=True, version=version, at=AT)
    return Consent(person="per_1", said=(registered, *more))


NO = Said(purpose=STAFF, given=False, version=CONSENT_VERSION, at=AT)


@pytest.mark.parametrize(
    ("held", "purpose", "give", "withdraw"),
    [
        (said(), STAFF, ConsentStands, None),
        (said(NO), STAFF, None, ConsentNotGiven),
        (said(NO), PARTNER, ConsentStands, None),
        (said(version="2020-01"), STAFF, None, None),
        (said(), ConsentPurpose.SERVICE, ConsentStands, ConsentOfAccount),
        (said(version="2020-01"), ConsentPurpose.SERVICE, None, ConsentOfAccount),
    ],
)
async def test_what_was_said_decides_what_may_be_said(
    held: Consent,
    purpose: ConsentPurpose,
    give: type[Refusal] | None,
    withdraw: type[Refusal] | None,
) -> None:
    for decide, refusal in ((decide_give, give), (decide_withdraw, withdraw)):
        if refusal is None:
            decide(held, purpose)
        else:
            with pytest.raises(refusal):
                decide(held, purpose)


async def test_staff_read_no_telephone_of_who_does_not_want_it(world: World) -> None:
    manager, who = world.staff[Role.STATION_MANAGER], await world.volunteer()
    whose = who.person or ""

    async def read(actor: Actor) -> dict[str, str]:
        return await looking.phones_of(actor, [whose])

    assert await read(manager) != {}
    await withdraw_consent(who, purpose=STAFF, key=key())
    assert await read(manager) == {}
    assert await read(who) != {}
    assert await looking.names_of(manager, [whose]) != {}
    await withdraw_consent(who, purpose=PARTNER, key=key())
    await give_consent(who, purpose=STAFF, key=key())
    assert await read(manager) != {}
    told = [e for e in await entries_of(world.settings.database_url) if "consent." in e.kind]
    assert [(e.kind, e.body["purpose"], e.body["version"]) for e in told] == [
        ("consent.withdrawn", "staff_phone", CONSENT_VERSION),
        ("consent.withdrawn", "partner_phone", CONSENT_VERSION),
        ("consent.given", "staff_phone", CONSENT_VERSION),
    ]
    assert (await replay.compare(world.settings.database_url)).differing == 0


async def test_a_guardian_speaks_for_a_minor_and_for_nobody_of_age(city: World) -> None:
    ward = await city.ward(birth=date(2011, 5, 6))
    held = await person(ward.person or "")
    assert held
    guardian = Actor(id=held.guardian or "", person=held.guardian)
    number = held.number
    await withdraw_consent(guardian, purpose=STAFF, number=number, key=key())
    told = await consents_of(guardian, number)
    assert told
    assert (told.person, told.of(STAFF).given) == (ward.person, False)
    *_, last = await entries_of(city.settings.database_url)
    assert last.body["guardian"] == guardian.id
    stranger = await city.volunteer()
    for actor, named in (
        (stranger, number),
        (guardian, await city.number_of(stranger)),
        (guardian, "WH-0000-000-0000"),
    ):
        with pytest.raises(NotFound):
            await withdraw_consent(actor, purpose=PARTNER, number=named, key=key())
    with pytest.raises(Unauthenticated):
        await give_consent(PUBLIC, purpose=STAFF, key=key())
    city.clock.move(datetime(2029, 5, 7, tzinfo=UTC) - city.clock.now())
    with pytest.raises(NotFound):
        await give_consent(guardian, purpose=STAFF, number=number, key=key())
    await give_consent(ward, purpose=STAFF, number=number, key=key())


async def test_consents_on_the_wire(city: World) -> None:
    who, officer = await city.volunteer(), await city.officer(Role.DATA_PROTECTION_OFFICER)
    number = await city.number_of(who)
    asks = "{ consents { purpose given version } }"
    held = (await ask(city, who, asks))["consents"]
    assert [(one["purpose"], one["given"]) for one in held] == [
        ("SERVICE", True),
        ("STAFF_PHONE", True),
        ("PARTNER_PHONE", True),
    ]
    for purpose, code in (("SERVICE", "CONSENT_OF_ACCOUNT"), ("STAFF_PHONE", None)):
        told = await act(city, who, "withdrawConsent", "consent { given }", purpose=purpose)
        assert [error["code"] for error in told["userErrors"]] == ([code] if code else [])
    assert told["consent"] == {"given": False}
    of = "query($n: String!) { consents(number: $n) { purpose given } }"
    assert len((await ask(city, officer, of, n=number))["consents"]) == 3
    for actor in (city.staff[Role.STATION_MANAGER], await city.volunteer(), PUBLIC):
        assert (await ask(city, actor, of, n=number))["consents"] == []
    told = await act(city, who, "giveConsent", "consent { given }", purpose="STAFF_PHONE")
    assert told["consent"] == {"given": True}
    asks = "{ consents { purpose history { given version at } } }"
    (staff,) = [
        one for one in (await ask(city, who, asks))["consents"] if one["purpose"] == "STAFF_PHONE"
    ]
    assert [one["given"] for one in staff["history"]] == [True, False, True]
