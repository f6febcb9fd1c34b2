"""Rulings on registrations: checks, codes that are taken, refusals with reasons, growing up."""

from datetime import timedelta

import pytest

from tests.organising import (
    WHOLE,
    coded,
    entered,
    filed,
    in_review,
    named,
    organisation_of,
    ready,
    registered,
    registrar,
)
from tests.test_member_reports import entries_of
from tests.wire import act, ask
from tests.world import World, key
from timebank import replay
from timebank.access import Role, grants_of
from timebank.credit_codes import CreditCodeAreaWrong, CreditCodeFormWrong, CreditCodeMalformed
from timebank.organisation_life import (
    CHECKS,
    DirectKind,
    LegalForm,
    NameRefuseReason,
    OrganisationState,
    RegistrationCheck,
    RegistrationRefuseReason,
)
from timebank.organisations import Organisation
from timebank.refusals import Forbidden, NotFound
from timebank.registration_rulings import (
    CheckNotOfForm,
    ChecksMissing,
    CreditCodeTaken,
    ReasonMissing,
    RegisteredInTheFuture,
    check_registration,
    decide_checked,
    refuse_organisation_name,
    refuse_registration,
    register_organisation,
)
from timebank.registrations import FormNotRegisteredHere, RouteUnclear, apply_for_registration

pytestmark = pytest.mark.anyio


async def test_every_condition_of_the_form_is_looked_at_before_it_is_registered(
    world: World,
) -> None:
    founder, officer = await world.volunteer(), registrar(world)
    number = await world.number_of(founder)
    organisation = await ready(world, founder, form=LegalForm.SERVICE_BODY)
    code = coded(1, form="52")

    async def register() -> None:
        await register_organisation(
            officer, organisation=organisation, code=code, representative=number, key=key()
        )

    await apply_for_registration(founder, organisation=organisation, **WHOLE, key=key())
    with pytest.raises(CheckNotOfForm):
        await check_registration(
            officer,
            organisation=organisation,
            check=RegistrationCheck.MEMBERS,
            passed=True,
            key=key(),
        )
    for check in CHECKS[LegalForm.SERVICE_BODY]:
        with pytest.raises(ChecksMissing):
            await register()
        for passed in (False, True):
            await check_registration(
                officer, organisation=organisation, check=check, passed=passed, key=key()
            )
    held: Organisation = await organisation_of(organisation)
    decide_checked(held)
    await check_registration(
        officer, organisation=organisation, check=RegistrationCheck.STAFF, passed=False, key=key()
    )
    with pytest.raises(ChecksMissing) as no:
        await register()
    assert no.value.details == {"missing": "staff"}
    await check_registration(
        officer, organisation=organisation, check=RegistrationCheck.STAFF, passed=True, key=key()
    )
    await register()
    held = await organisation_of(organisation)
    assert (held.state, held.code, held.due) == (OrganisationState.REGISTERED, code, None)
    grants = await grants_of(founder)
    assert grants
    assert [(g.role, g.scope) for g in grants.grants] == [
        (Role.ORGANISATION_REPRESENTATIVE, held.path)
    ]
    assert (await replay.compare(world.settings.database_url)).differing == 0


async def test_a_wrong_form_a_wrong_check_and_a_duplicate_are_told_apart(world: World) -> None:
    founder = await world.volunteer()
    first, second = await registered(world, founder), await in_review(world, founder)
    taken = (await organisation_of(first)).code or ""
    written = len(await entries_of(world, "organisation."))
    wrong = taken[:-1] + ("0" if taken[-1] != "0" else "1")
    for code, no, path in (
        (coded(7, form="52"), "CREDIT_CODE_FORM_WRONG", ["code"]),
        (wrong, "CREDIT_CODE_CHECK_WRONG", ["code"]),
        (taken, "CREDIT_CODE_TAKEN", ["code"]),
        (taken.lower(), "CREDIT_CODE_TAKEN", ["code"]),
        (coded(7, area="420103"), "CREDIT_CODE_AREA_WRONG", ["code"]),
    ):
        told = await act(
            world,
            registrar(world),
            "registerOrganisation",
            "organisation { id }",
            organisation=second,
            code=code,
            representative=await world.number_of(founder),
        )
        assert told["userErrors"] == [{"code": no, "path": path}]
    assert len(await entries_of(world, "organisation.")) == written, "nothing was written"


async def test_a_refusal_gives_reasons_and_words_for_the_founder_alone(world: World) -> None:
    founder, officer = await world.volunteer(), registrar(world)
    name = await named(world, founder)
    with pytest.raises(ReasonMissing):
        await refuse_organisation_name(officer, organisation=name, reasons=[], key=key())
    await refuse_organisation_name(
        officer, organisation=name, reasons=[NameRefuseReason.MISLEADING], key=key()
    )
    assert (await organisation_of(name)).state is OrganisationState.NAME_REFUSED
    organisation = await in_review(world, founder)
    reason = RegistrationRefuseReason.CONDITIONS_NOT_MET
    with pytest.raises(ReasonMissing):
        await refuse_registration(
            officer, organisation=organisation, reasons=[], words="缺章程", key=key()
        )
    await refuse_registration(
        officer, organisation=organisation, reasons=[reason], words="章程缺少终止程序", key=key()
    )
    asked = "query($id: ID!) { organisation(id: $id) { reasons refusal } }"
    shown = {"reasons": ["conditions_not_met"], "refusal": "章程缺少终止程序"}
    for actor in (founder, officer):
        assert (await ask(world, actor, asked, id=organisation))["organisation"] == shown
    stranger = await world.volunteer()
    assert (await ask(world, stranger, asked, id=organisation))["organisation"] is None
    for entry in await entries_of(world, "organisation.refused"):
        assert "章程" not in entry.bytes.decode()


async def test_what_was_registered_before_or_above_the_city_is_entered_by_its_code(
    world: World,
) -> None:
    founder = await world.volunteer()
    foundation = await entered(world, founder, form=LegalForm.FOUNDATION, code="53420000MJH0000279")
    held = await organisation_of(foundation)
    assert (held.state, held.applicant) == (OrganisationState.REGISTERED, None)
    tomorrow = (world.clock.now() + timedelta(days=1)).date()
    cases: list[tuple[dict[str, object], type[Exception]]] = [
        ({"form": LegalForm.FOUNDATION, "code": coded(3, form="53")}, CreditCodeAreaWrong),
        ({"form": LegalForm.FOUNDATION, "code": "53420000MJH0000279"}, CreditCodeTaken),
        ({"form": LegalForm.COMMUNITY_GROUP}, FormNotRegisteredHere),
        ({"code": coded(3)}, CreditCodeFormWrong),
        ({"code": coded(3, form="52")[:-1] + "$"}, CreditCodeMalformed),
        ({"direct": None}, RouteUnclear),
        ({"registered_on": tomorrow}, RegisteredInTheFuture),
        ({"area": "000"}, NotFound),
        ({"representative": "NOBODY"}, NotFound),
        ({"direct": None, "supervisor": "uni_none"}, NotFound),
    ]
    for given, no in cases:
        with pytest.raises(no):
            await entered(world, founder, **given)
    world.staff[Role.DISTRICT_REGISTRAR] = world.staff[Role.STREET_OFFICER]
    with pytest.raises(Forbidden):
        await entered(world, founder, direct=DirectKind.TRADE)


async def test_a_filed_organisation_grows_into_a_registered_one_with_its_name(
    world: World,
) -> None:
    founder = await world.volunteer()
    group = await filed(world, founder, name="江岸合唱团")
    grown = await registered(world, founder, name="江岸合唱团", grown_from=group)
    before = await organisation_of(group)
    assert (before.state, before.grown_into) == (OrganisationState.GROWN, grown)
    grants = await grants_of(founder)
    assert grants
    assert [g.scope for g in grants.grants] == [(await organisation_of(grown)).path]
    assert (await replay.compare(world.settings.database_url)).differing == 0
