"""Representatives: appointed by those who stand for an organisation, by roles over it alone."""

import pytest

from tests.organising import filing, organisation_of, registered, registrar, roles_over
from tests.wire import ask
from tests.world import World, key
from timebank import replay
from timebank.access import GrantToSelf, Role, RoleHeldAlready
from timebank.organisation_endings import revoke_organisation
from timebank.organisation_life import RevokeReason
from timebank.organisations import OrganisationNotActive
from timebank.refusals import NotFound
from timebank.representatives import (
    LegalRepresentativeStays,
    NotAnOrganisationRole,
    appoint_representative,
    dismiss_representative,
)

pytestmark = [pytest.mark.anyio, pytest.mark.one_database]
FINANCE = Role.ORGANISATION_FINANCE


async def test_a_representative_appoints_and_dismisses_for_their_organisation_alone(
    world: World,
) -> None:
    founder, keeper = await world.volunteer(), await world.volunteer()
    organisation, other = await registered(world, founder), await registered(world, keeper)
    number = await world.number_of(keeper)
    await appoint_representative(
        founder, organisation=organisation, number=number, role=FINANCE, key=key()
    )
    first, second = await roles_over(founder, organisation)
    assert (second[1], second[2]) == (keeper.person, FINANCE)
    for actor, where, who, role, no in (
        (founder, organisation, number, FINANCE, RoleHeldAlready),
        (founder, organisation, number, Role.AUDITOR, NotAnOrganisationRole),
        (founder, organisation, await world.number_of(founder), FINANCE, GrantToSelf),
        (founder, organisation, "NOBODY", FINANCE, NotFound),
        (founder, other, number, FINANCE, NotFound),
        (founder, "org_none", number, FINANCE, NotFound),
        (registrar(world), organisation, number, FINANCE, NotFound),
    ):
        with pytest.raises(no):
            await appoint_representative(
                actor, organisation=where, number=who, role=role, key=key()
            )
    with pytest.raises(LegalRepresentativeStays):
        await dismiss_representative(founder, organisation=organisation, grant=first[0], key=key())
    with pytest.raises(NotFound):
        await dismiss_representative(founder, organisation=organisation, grant="grt_1", key=key())
    await dismiss_representative(founder, organisation=organisation, grant=second[0], key=key())
    assert await roles_over(founder, organisation) == [first]
    assert (await replay.compare(world.settings.database_url)).differing == 0


async def test_only_those_who_act_for_it_and_its_registrar_see_who_does(world: World) -> None:
    founder = await world.volunteer()
    organisation = await registered(world, founder)
    for actor in (founder, registrar(world)):
        assert len(await roles_over(actor, organisation)) == 1
    assert await roles_over(await world.volunteer(), organisation) == []
    assert await roles_over(founder, "org_none") == []
    shown = await ask(
        world,
        founder,
        "query($id: ID!) { organisation(id: $id) { roles { grant role person { id } } } }",
        id=organisation,
    )
    (role,) = shown["organisation"]["roles"]
    assert role["person"] == {"id": founder.person}


async def test_nobody_is_appointed_to_what_does_not_stand(world: World) -> None:
    founder, other = await world.volunteer(), await world.volunteer()
    waiting, organisation = await filing(world, founder), await registered(world, founder)
    number = await world.number_of(other)
    with pytest.raises(OrganisationNotActive):
        await appoint_representative(
            founder, organisation=waiting, number=number, role=FINANCE, key=key()
        )
    await revoke_organisation(
        registrar(world), organisation=organisation, reason=RevokeReason.NO_ACTIVITY, key=key()
    )
    assert (await organisation_of(organisation)).representative == founder.person
    with pytest.raises(NotFound):
        await appoint_representative(
            founder, organisation=organisation, number=number, role=FINANCE, key=key()
        )
