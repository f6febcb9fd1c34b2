"""Lists and endings: abnormal, serious after two years, fifteen days to be struck out, revoked."""

from datetime import date, timedelta

import pytest

from tests.granting import applicant, called, grant_of, running
from tests.organising import entered, organisation_of, ready, registered, registrar
from tests.world import World, key
from timebank import replay
from timebank.access import grants_of
from timebank.actors import SYSTEM
from timebank.funding.grant_awards import NotAccountedFor
from timebank.funding.spending import refund_funds
from timebank.lifecycles import NotInThisState
from timebank.organisation_endings import (
    AffairsNotWoundUp,
    OrganisationNotDue,
    WoundUpAlready,
    clear_abnormal,
    deregister_organisation,
    dissolve_organisation,
    end_liquidation,
    list_abnormal,
    move_organisation_on,
    revoke_organisation,
)
from timebank.organisation_life import (
    AbnormalReason,
    EndReason,
    OrganisationState,
    RevokeReason,
)
from timebank.refusals import Forbidden, NotFound
from timebank.timers import TIMERS, sweep

pytestmark = [pytest.mark.anyio, pytest.mark.one_database]
TIMER = [timer for timer in TIMERS if timer.name == "organisations.due"]


async def test_an_abnormal_case_is_put_right_or_serious_after_two_years(world: World) -> None:
    founder, officer = await world.volunteer(), registrar(world)
    organisation = await entered(world, founder)
    reason = AbnormalReason.UNREACHABLE
    await list_abnormal(officer, organisation=organisation, reason=reason, key=key())
    held = await organisation_of(organisation)
    assert (held.state, held.abnormal, held.due) == (
        OrganisationState.ABNORMAL,
        reason,
        date(2028, 11, 20),
    )
    await clear_abnormal(officer, organisation=organisation, key=key())
    held = await organisation_of(organisation)
    assert (held.state, held.abnormal, held.due) == (OrganisationState.REGISTERED, None, None)
    await list_abnormal(officer, organisation=organisation, reason=reason, key=key())
    world.clock.move(timedelta(days=731))
    with pytest.raises(OrganisationNotDue):
        await move_organisation_on(SYSTEM, organisation=organisation)
    world.clock.move(timedelta(days=1))
    with pytest.raises(Forbidden):
        await move_organisation_on(officer, organisation=organisation)
    await sweep(TIMER)
    assert (await organisation_of(organisation)).state is OrganisationState.SERIOUS
    with pytest.raises(NotInThisState):
        await clear_abnormal(officer, organisation=organisation, key=key())
    assert (await replay.compare(world.settings.database_url)).differing == 0


async def test_an_organisation_winds_up_and_is_struck_out_in_fifteen_days(world: World) -> None:
    founder, officer = await world.volunteer(), registrar(world)
    organisation = await registered(world, founder)
    for other in (await world.volunteer(), officer):
        with pytest.raises(NotFound):
            await dissolve_organisation(
                other, organisation=organisation, reason=EndReason.DECIDED, key=key()
            )
    await dissolve_organisation(
        founder, organisation=organisation, reason=EndReason.DECIDED, key=key()
    )
    with pytest.raises(AffairsNotWoundUp):
        await deregister_organisation(officer, organisation=organisation, key=key())
    await end_liquidation(founder, organisation=organisation, key=key())
    assert (await organisation_of(organisation)).due == date(2026, 12, 5)
    with pytest.raises(WoundUpAlready):
        await end_liquidation(founder, organisation=organisation, key=key())
    await deregister_organisation(officer, organisation=organisation, key=key())
    held = await organisation_of(organisation)
    assert (held.state, held.ended_on) == (OrganisationState.DEREGISTERED, date(2026, 11, 20))
    grants = await grants_of(founder)
    assert grants
    assert grants.grants == (), "nobody acts for what is no more"


async def test_a_registration_is_taken_away_and_a_name_lapses(world: World) -> None:
    founder, officer = await world.volunteer(), registrar(world)
    organisation, waiting = await registered(world, founder), await ready(world, founder)
    reason = RevokeReason.MONEY_MISUSED
    await revoke_organisation(officer, organisation=organisation, reason=reason, key=key())
    held = await organisation_of(organisation)
    assert (held.state, held.reasons) == (OrganisationState.REVOKED, ("money_misused",))
    with pytest.raises(NotInThisState):
        await list_abnormal(
            officer, organisation=organisation, reason=AbnormalReason.NO_BODIES, key=key()
        )
    world.clock.move(timedelta(days=181))
    await sweep(TIMER)
    assert (await organisation_of(waiting)).state is OrganisationState.READY, (
        "six months are not over"
    )
    world.clock.move(timedelta(days=1))
    await sweep(TIMER)
    assert (await organisation_of(waiting)).state is OrganisationState.NAME_LAPSED


async def test_nobody_is_struck_out_with_public_money_that_is_not_accounted_for(
    world: World,
) -> None:
    who, call = await applicant(world), await called(world)
    grant, id = await running(world, who, call), who.organisation
    reason = EndReason.DECIDED
    await dissolve_organisation(who.leader, organisation=id, reason=reason, key=key())
    with pytest.raises(NotAccountedFor):
        await end_liquidation(who.leader, organisation=id, key=key())
    fen = (await grant_of(grant)).fen // 2
    await refund_funds(who.books, commitment=grant, fen=fen, key=key())
    await end_liquidation(who.leader, organisation=id, key=key())
    await deregister_organisation(registrar(world), organisation=id, key=key())
