"""Organisations for the tests: applied for, registered and filed by the ordinary commands."""

from typing import Any

from tests.world import COMMUNITY, World, key
from timebank.access import Role, grant_role
from timebank.actors import SYSTEM, Actor
from timebank.community_filings import ask_filing, file_organisation
from timebank.divisions import CITY_PATH
from timebank.notices import inbox_of
from timebank.organisation_files import FilePurpose, keep_file
from timebank.organisation_life import CHECKS, DirectKind, LegalForm
from timebank.organisations import Organisation
from timebank.registration_rulings import (
    approve_organisation_name,
    check_registration,
    enter_organisation,
    register_organisation,
)
from timebank.registrations import apply_for_registration, ask_organisation_name
from timebank.representatives import Acting, roles_over_each
from timebank.tables import find
from timebank.units import register_unit, units_by_id

WHOLE: dict[str, Any] = {
    "persons": 50,
    "units": 0,
    "funds_fen": 3_000_000,
    "purpose": "为社区老人服务",
    "address": "武汉市江岸区黎黄陂路12号",
}
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def coded(n: int, *, form: str = "51", area: str = "420102") -> str:
    """The n-th made-up unified social credit code of a form and a registrar."""
    body = f"{form}{area}MJ{n:07d}"
    total = sum(ALPHABET.index(c) * pow(3, i, 31) for i, c in enumerate(body))
    return body + ALPHABET[(31 - total % 31) % 31]


async def organisation_of(id: str) -> Organisation:
    """An organisation that must be there."""
    held = await find(Organisation, id)
    assert held
    return held


async def roles_over(actor: Actor, organisation: str) -> list[Acting]:
    """Who acts for an organisation, as far as the actor may know."""
    return (await roles_over_each(actor, [organisation])).get(organisation, [])


async def codes_of(who: Actor) -> list[str]:
    """What somebody's notices say."""
    found = await inbox_of(who, after=None, before=None, limit=50, backward=False)
    return [notice.code.value for notice in found]


def registrar(world: World) -> Actor:
    """Who registers in the whole city."""
    return world.staff[Role.DISTRICT_REGISTRAR]


async def named(world: World, founder: Actor, **given: Any) -> str:
    """An organisation whose name its founder asked for."""
    asked: dict[str, Any] = {
        "form": LegalForm.ASSOCIATION,
        "area": COMMUNITY,
        "name": f"江岸区邻里互助协会{world.count}",
        "direct": DirectKind.COMMUNITY_SERVICE,
    }
    world.count += 1
    made = await ask_organisation_name(founder, **(asked | given), key=key())
    return made.organisation


async def ready(world: World, founder: Actor, **given: Any) -> str:
    """An organisation that can be applied for."""
    organisation = await named(world, founder, **given)
    await approve_organisation_name(registrar(world), organisation=organisation, key=key())
    return organisation


async def in_review(world: World, founder: Actor, **given: Any) -> str:
    """An application that waits for its registrar, with every condition looked at."""
    organisation = await ready(world, founder, **given)
    await apply_for_registration(founder, organisation=organisation, **WHOLE, key=key())
    for check in CHECKS[(await organisation_of(organisation)).form]:
        await check_registration(
            registrar(world), organisation=organisation, check=check, passed=True, key=key()
        )
    return organisation


async def registered(world: World, founder: Actor, **given: Any) -> str:
    """A registered association whose founder is its legal representative."""
    organisation = await in_review(world, founder, **given)
    await register_organisation(
        registrar(world),
        organisation=organisation,
        code=coded(world.count),
        representative=await world.number_of(founder),
        key=key(),
    )
    return organisation


async def entered(world: World, leader: Actor, **given: Any) -> str:
    """An organisation that was registered before."""
    asked: dict[str, Any] = {
        "form": LegalForm.SERVICE_BODY,
        "area": COMMUNITY,
        "name": f"江岸区社工服务中心{world.count}",
        "code": coded(world.count, form="52"),
        "representative": await world.number_of(leader),
        "registered_on": world.clock.now().date(),
        "direct": DirectKind.PUBLIC_BENEFIT,
    }
    world.count += 1
    made = await enter_organisation(registrar(world), **(asked | given), key=key())
    return made.organisation


async def filing(world: World, founder: Actor, **given: Any) -> str:
    """A community organisation that its street has to decide on."""
    asked: dict[str, Any] = {
        "area": COMMUNITY,
        "name": f"合唱队{world.count}",
        "founders": 2,
        "members": 10,
    }
    world.count += 1
    made = await ask_filing(founder, **(asked | given), key=key())
    return made.organisation


async def filed(world: World, founder: Actor, **given: Any) -> str:
    """A filed community organisation."""
    organisation = await filing(world, founder, **given)
    await file_organisation(world.staff[Role.STREET_OFFICER], organisation=organisation, key=key())
    return organisation


async def supervising(world: World) -> tuple[str, Actor]:
    """A supervising unit and who stands for it."""
    street = world.staff[Role.STREET_OFFICER]
    unit = (await register_unit(street, area=COMMUNITY, name="区民政局", key=key())).unit
    who = await world.volunteer()
    path = (await units_by_id([unit]))[unit].path
    role = Role.ORGANISATION_REPRESENTATIVE
    await grant_role(SYSTEM, person=who.person or "", role=role, scope=path, key=key())
    return unit, who


async def things(world: World, subject: Actor) -> dict[str, Any]:
    """Organisations in every state that something follows, for the role matrix.

    The subject founded them and stands for none: what is filed and registered has others.
    """
    founder, other = await world.volunteer(), await world.volunteer()
    unit, _ = await supervising(world)
    supervised = await ready(world, founder, direct=None, supervisor=unit)
    others = [await registered(world, founder) for _ in range(5)]
    await keep_file(
        founder,
        organisation=others[0],
        purpose=FilePurpose.ARTICLES,
        name="章程",
        content=b"%PDF-1.7\n%%EOF",
        key=key(),
    )
    return {
        "organisationFiles.organisation": others[0],
        "organisation": others[0],
        "organisation.id": others[0],
        "organisationByCode.code": (await organisation_of(others[0])).code,
        "organisations.scope": CITY_PATH,
        "organisations.states": ["REGISTERED"],
        "organisationApplications.scope": CITY_PATH,
        "dismissRepresentative.grant": (await roles_over(founder, others[0]))[0][0],
        "appointRepresentative.number": await world.number_of(other),
        "appointRepresentative.role": "ORGANISATION_FINANCE",
        "form": "ASSOCIATION",
        "direct": "TRADE",
        "purpose": WHOLE["purpose"],
        "persons": 50,
        "applyForRegistration.units": 0,
        "fundsFen": 3_000_000,
        "representative": await world.number_of(other),
        "registeredOn": "2020-01-01",
        "founders": 2,
        "members": 10,
        "askFiling.area": COMMUNITY,
        "passed": True,
        "applyForRegistration.organisation": await ready(world, subject),
        "withdrawApplication.organisation": await ready(world, subject),
        "consentToOrganisation.organisation": supervised,
        "approveOrganisationName.organisation": await named(world, founder),
        "refuseOrganisationName.organisation": await named(world, founder),
        "refuseOrganisationName.reasons": ["MISLEADING"],
        "checkRegistration.organisation": await in_review(world, founder),
        "registerOrganisation.organisation": await in_review(world, founder),
        "registerOrganisation.code": coded(900),
        "refuseRegistration.organisation": await in_review(world, founder),
        "refuseRegistration.reasons": ["CONDITIONS_NOT_MET"],
        "enterOrganisation.code": coded(901),
        "fileOrganisation.organisation": await filing(world, founder),
        "refuseFiling.organisation": await filing(world, founder),
        "refuseFiling.reasons": ["CONDITIONS_NOT_MET"],
        "listAbnormal.organisation": others[1],
        "clearAbnormal.organisation": others[1],
        "revokeOrganisation.organisation": others[2],
        "deregisterOrganisation.organisation": others[3],
        "dissolveOrganisation.organisation": others[3],
        "endLiquidation.organisation": others[3],
    }
