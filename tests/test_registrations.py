"""Registrations: names, consent or the direct route, conditions by form, the sixty days."""

from datetime import date, timedelta
from typing import Any

import pytest

from tests.organising import (
    WHOLE,
    filed,
    named,
    organisation_of,
    ready,
    registrar,
    supervising,
)
from tests.wire import act, ask
from tests.world import COMMUNITY, World, key
from timebank import replay
from timebank.access import Role
from timebank.actors import PUBLIC
from timebank.lifecycles import NotInThisState
from timebank.notices import inbox_of
from timebank.organisation_life import DirectKind, LegalForm, OrganisationState
from timebank.policy import SEED, read_policy
from timebank.refusals import NotFound, Refusal, Unauthenticated
from timebank.registration_rulings import approve_organisation_name
from timebank.registrations import (
    FormNotRegisteredHere,
    MembersNegative,
    RouteUnclear,
    TooFewMembers,
    TooLittleFunds,
    apply_for_registration,
    ask_organisation_name,
    consent_to_organisation,
    decide_conditions,
    decide_route,
    withdraw_application,
)
from timebank.texts import TextMissing

RULES = read_policy(SEED.read_text("utf-8")).organisation
ASSOCIATION, BODY = LegalForm.ASSOCIATION, LegalForm.SERVICE_BODY


@pytest.mark.parametrize(
    ("form", "persons", "units", "fen", "no"),
    [
        (ASSOCIATION, 50, 0, 3_000_000, None),
        (ASSOCIATION, 49, 0, 3_000_000, TooFewMembers),
        (ASSOCIATION, 0, 30, 3_000_000, None),
        (ASSOCIATION, 0, 29, 3_000_000, TooFewMembers),
        (ASSOCIATION, 25, 25, 3_000_000, None),
        (ASSOCIATION, 25, 24, 3_000_000, TooFewMembers),
        (ASSOCIATION, 50, 0, 2_999_999, TooLittleFunds),
        (ASSOCIATION, -1, 60, 3_000_000, MembersNegative),
        (BODY, 0, 0, 1, None),
        (BODY, 0, 0, 0, TooLittleFunds),
        (BODY, 0, 0, -1, MembersNegative),
    ],
)
def test_every_form_has_its_own_conditions(
    form: LegalForm, persons: int, units: int, fen: int, no: type[Refusal] | None
) -> None:
    asked: dict[str, Any] = {"persons": persons, "units": units, "funds_fen": fen, "rules": RULES}
    if no is None:
        decide_conditions(form, **asked)
    else:
        with pytest.raises(no):
            decide_conditions(form, **asked)


@pytest.mark.parametrize(
    ("form", "direct", "supervisor", "no"),
    [
        *((ASSOCIATION, kind, None, None) for kind in DirectKind),
        (BODY, None, "uni_1", None),
        (BODY, None, None, RouteUnclear),
        (BODY, DirectKind.TRADE, "uni_1", RouteUnclear),
        (LegalForm.FOUNDATION, DirectKind.PUBLIC_BENEFIT, None, FormNotRegisteredHere),
        (LegalForm.COMMUNITY_GROUP, DirectKind.COMMUNITY_SERVICE, None, FormNotRegisteredHere),
    ],
)
def test_the_four_kinds_go_directly_and_all_others_by_a_unit(
    form: LegalForm,
    direct: DirectKind | None,
    supervisor: str | None,
    no: type[Refusal] | None,
) -> None:
    if no is None:
        decide_route(form, direct, supervisor)
    else:
        with pytest.raises(no):
            decide_route(form, direct, supervisor)


@pytest.mark.anyio
async def test_the_direct_route_is_ready_at_once_and_the_clock_of_sixty_days_is_seen(
    world: World,
) -> None:
    founder = await world.volunteer()
    organisation = await ready(world, founder)
    held = await organisation_of(organisation)
    assert (held.state, held.due) == (OrganisationState.READY, date(2027, 5, 20))
    given = {"purpose": WHOLE["purpose"], "address": WHOLE["address"], "persons": 50}
    told = await act(
        world,
        founder,
        "applyForRegistration",
        "organisation { state due daysLeft checks { check passed } }",
        organisation=organisation,
        units=0,
        fundsFen=3_000_000,
        **given,
    )
    shown = told["organisation"]
    assert (shown["state"], shown["due"], shown["daysLeft"]) == ("IN_REVIEW", "2027-01-19", 60)
    assert {check["passed"] for check in shown["checks"]} == {None}
    assert len(shown["checks"]) == 7
    world.clock.move(timedelta(days=61))
    late = await ask(
        world, founder, "query($id: ID!) { organisation(id: $id) { daysLeft } }", id=organisation
    )
    assert late["organisation"] == {"daysLeft": -1}, "late is shown; nothing is decided by silence"
    assert (await replay.compare(world.settings.database_url)).differing == 0


@pytest.mark.anyio
async def test_others_wait_for_the_consent_of_their_supervising_unit(world: World) -> None:
    founder = await world.volunteer()
    unit, supervisor = await supervising(world)
    organisation = await named(world, founder, direct=None, supervisor=unit)
    with pytest.raises(NotInThisState):
        await consent_to_organisation(supervisor, organisation=organisation, key=key())
    await approve_organisation_name(registrar(world), organisation=organisation, key=key())
    assert (await organisation_of(organisation)).state is OrganisationState.NAME_OK
    with pytest.raises(NotInThisState):
        await apply_for_registration(founder, organisation=organisation, **WHOLE, key=key())
    for stranger in (founder, await world.volunteer(), registrar(world)):
        with pytest.raises(NotFound):
            await consent_to_organisation(stranger, organisation=organisation, key=key())
    await consent_to_organisation(supervisor, organisation=organisation, key=key())
    held = await organisation_of(organisation)
    assert (held.state, held.due) == (OrganisationState.READY, date(2027, 5, 20))
    direct = await ready(world, founder)
    with pytest.raises(NotFound):
        await consent_to_organisation(supervisor, organisation=direct, key=key())
    told = await inbox_of(founder, after=None, before=None, limit=9, backward=False)
    assert {notice.code.value for notice in told} == {"organisation_decided"}


@pytest.mark.anyio
async def test_what_breaks_a_rule_is_not_taken_and_nobody_else_goes_on(world: World) -> None:
    founder, other = await world.volunteer(), await world.volunteer()
    asked: dict[str, Any] = {"form": ASSOCIATION, "area": COMMUNITY, "name": "商会"}
    direct = DirectKind.TRADE
    for given, no in (
        ({"direct": direct, "area": "000"}, NotFound),
        ({"supervisor": "uni_none"}, NotFound),
        ({"direct": direct, "name": " "}, TextMissing),
        ({"direct": direct, "grown_from": "org_none"}, NotFound),
    ):
        with pytest.raises(no):
            await ask_organisation_name(founder, **(asked | given), key=key())
    group = await filed(world, founder)
    with pytest.raises(NotFound):
        await named(world, other, grown_from=group)
    organisation = await ready(world, founder)
    few = WHOLE | {"persons": 3}
    with pytest.raises(TooFewMembers):
        await apply_for_registration(founder, organisation=organisation, **few, key=key())
    for actor in (other, world.staff[Role.STREET_OFFICER], registrar(world)):
        with pytest.raises(NotFound):
            await apply_for_registration(actor, organisation=organisation, **WHOLE, key=key())
        with pytest.raises(NotFound):
            await withdraw_application(actor, organisation=organisation, key=key())
    with pytest.raises(Unauthenticated):
        await withdraw_application(PUBLIC, organisation=organisation, key=key())
