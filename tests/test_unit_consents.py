"""Unit consents: separate, for one unit, taken back at a tap, seen by nobody else."""

from datetime import timedelta

import pytest

from tests.membership import member, secretary, work_unit
from tests.wire import act, ask
from tests.world import World, key
from timebank import replay
from timebank.access import Role
from timebank.actors import PUBLIC
from timebank.consents import CONSENT_VERSION
from timebank.member_life import MemberReportMissing
from timebank.refusals import NotFound, Unauthenticated
from timebank.timers import sweep
from timebank.unit_consents import (
    UnitConsentStands,
    consent_to_unit,
    end_unit_consent,
    own_unit_consent,
)

pytestmark = pytest.mark.anyio


async def test_a_consent_is_given_once_and_taken_back_at_any_time(world: World) -> None:
    who, unit = await member(world), await work_unit(world)
    await consent_to_unit(who, unit=unit, key=key())
    held = await own_unit_consent(who)
    assert held
    assert (held.unit, held.version) == (unit, CONSENT_VERSION)
    with pytest.raises(UnitConsentStands):
        await consent_to_unit(who, unit=unit, key=key())
    world.clock.move(timedelta(days=200))
    await sweep()
    await end_unit_consent(who, key=key())
    assert await own_unit_consent(who) is None, "though the report lapsed meanwhile"
    with pytest.raises(NotFound):
        await end_unit_consent(who, key=key())
    assert (await replay.compare(world.settings.database_url)).differing == 0


async def test_only_a_member_with_an_active_report_consents(world: World) -> None:
    unit = await work_unit(world)
    with pytest.raises(MemberReportMissing):
        await consent_to_unit(await world.volunteer(), unit=unit, key=key())
    with pytest.raises(NotFound):
        await consent_to_unit(await member(world), unit="uni_none", key=key())
    with pytest.raises(Unauthenticated):
        await consent_to_unit(PUBLIC, unit=unit, key=key())


async def test_the_api_shows_a_consent_to_its_member_alone(world: World) -> None:
    who, unit = await member(world), await work_unit(world)
    await act(world, who, "consentToUnit", "entry { seq }", unit=unit)
    asked = "{ unitConsent { version unit { name } } }"
    told = (await ask(world, who, asked))["unitConsent"]
    assert told == {"version": CONSENT_VERSION, "unit": {"name": "市第一中学"}}
    for other in (await secretary(world), await world.officer(Role.UNIT_PARTY_ADMIN), PUBLIC):
        assert (await ask(world, other, asked))["unitConsent"] is None
    ended = await act(world, who, "endUnitConsent", "entry { seq }")
    assert ended["userErrors"] == []
    assert (await ask(world, who, asked))["unitConsent"] is None
