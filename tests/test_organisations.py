"""Organisations: their life as a table, who sees them, what MONEY asks of them, what is erased."""

from datetime import date, timedelta

import pytest
from msgspec.structs import replace

from tests.organising import (
    entered,
    filed,
    filing,
    in_review,
    named,
    organisation_of,
    registered,
    registrar,
    supervising,
)
from tests.test_member_reports import entries_of
from tests.wire import ask, form
from tests.world import COMMUNITY, NOON, World, key
from timebank import replay
from timebank.access import Role
from timebank.actors import SYSTEM, Actor
from timebank.batch import Batch
from timebank.events import Event
from timebank.journal import Answer, write
from timebank.lifecycles import NotInThisState, step
from timebank.open_matters import Matter, open_matters
from timebank.organisation_endings import list_abnormal
from timebank.organisation_life import (
    ACTIVE,
    LIFECYCLE,
    OPEN_TO_ALL,
    PENDING,
    AbnormalReason,
    LegalForm,
    OrganisationState,
)
from timebank.organisation_names import OrganisationNameTaken
from timebank.organisation_register import visible_organisations
from timebank.organisations import (
    BarredOrganisation,
    Organisation,
    OrganisationNotActive,
    OwnOrganisation,
    active_organisation,
    bar_organisation,
    decide_active,
)
from timebank.refusals import NotFound
from timebank.registration_rulings import approve_organisation_name
from timebank.registrations import withdraw_application

pytestmark = pytest.mark.one_database


def test_every_state_is_reached_and_no_other_step_is_allowed() -> None:
    events: set[type[Event]] = {event for steps in LIFECYCLE.values() for event in steps}
    assert set(LIFECYCLE) == set(OrganisationState)
    begins = {
        OrganisationState.NAME_ASKED,
        OrganisationState.FILING_ASKED,
        OrganisationState.REGISTERED,
    }
    assert begins | {to for steps in LIFECYCLE.values() for to in steps.values()} == set(LIFECYCLE)
    for state, steps in LIFECYCLE.items():
        for event in events:
            if event in steps:
                assert step(LIFECYCLE, state, event) is steps[event]
            else:
                with pytest.raises(NotInThisState):
                    step(LIFECYCLE, state, event)
    assert not PENDING & OPEN_TO_ALL, "an application is not for everybody"
    assert all(LIFECYCLE[state] for state in PENDING | ACTIVE)


HELD = Organisation(
    id="org_1",
    form=LegalForm.ASSOCIATION,
    area=COMMUNITY,
    path="420100/org_1/",
    state=OrganisationState.REGISTERED,
    asked_at=NOON,
)
DAY = date(2026, 11, 20)


@pytest.mark.parametrize(
    ("state", "barred", "no"),
    [
        (OrganisationState.REGISTERED, None, None),
        (OrganisationState.FILED, None, None),
        (OrganisationState.REGISTERED, DAY - timedelta(days=1), None),
        (OrganisationState.REGISTERED, DAY, BarredOrganisation),
        (OrganisationState.ABNORMAL, None, OrganisationNotActive),
        (OrganisationState.LIQUIDATION, None, OrganisationNotActive),
        (OrganisationState.REVOKED, DAY, OrganisationNotActive),
    ],
)
def test_only_what_stands_and_is_not_barred_undertakes_anything(
    state: OrganisationState, barred: date | None, no: type[Exception] | None
) -> None:
    held = replace(HELD, state=state, barred_until=barred)
    if no is None:
        decide_active(held, DAY)
    else:
        with pytest.raises(no):
            decide_active(held, DAY)


async def barred(organisation: str) -> None:
    """Bar an organisation, as money that was misused does."""

    def work(batch: Batch) -> Answer:
        return Answer(entry=bar_organisation(batch, organisation, "awd_1").seq)

    await write(SYSTEM, None, work, answer=Answer)


async def active(actor: Actor, organisation: str) -> None:
    """Ask as a command that gives money does."""

    def work(batch: Batch) -> Answer:
        active_organisation(batch, organisation)
        return Answer()

    await write(actor, None, work, answer=Answer)


@pytest.mark.anyio
async def test_a_bar_holds_for_three_years_and_an_application_is_no_organisation(
    world: World,
) -> None:
    founder = await world.volunteer()
    organisation, waiting = await entered(world, founder), await named(world, founder)
    await active(founder, organisation)
    await barred(organisation)
    assert (await organisation_of(organisation)).barred_until == date(2029, 11, 20)
    with pytest.raises(BarredOrganisation):
        await active(founder, organisation)
    world.clock.move(timedelta(days=3 * 365 + 2))
    await active(founder, organisation)
    for id in (waiting, "org_none"):
        with pytest.raises(NotFound):
            await active(founder, id)
    assert (await replay.compare(world.settings.database_url)).differing == 0


@pytest.mark.anyio
async def test_an_application_is_seen_by_its_founder_the_officers_and_the_supervisor(
    world: World,
) -> None:
    founder, other = await world.volunteer(), await world.volunteer()
    unit, supervisor = await supervising(world)
    asked = await named(world, founder, direct=None, supervisor=unit)
    group, stands = await filing(world, founder), await registered(world, founder)
    street = world.staff[Role.STREET_OFFICER]
    far = await world.officer(Role.DISTRICT_REGISTRAR, "420100/420103/")
    for actor, seen in (
        (founder, {asked, group, stands}),
        (other, {stands}),
        (far, {stands}),
        (registrar(world), {asked, group, stands}),
        (street, {group, stands}),
        (supervisor, {asked, stands}),
    ):
        assert set(await visible_organisations(actor, [asked, group, stands])) == seen
    told = await ask(world, form(), "query($id: ID!) { node(id: $id) { id } }", id=asked)
    assert told["node"] is None
    query = "query($s: String!) { organisationApplications(scope: $s) { nodes { id } } }"
    for actor, waiting in ((street, [group]), (registrar(world), [asked]), (other, [])):
        found = await ask(world, actor, query, s="420100/")
        assert [one["id"] for one in found["organisationApplications"]["nodes"]] == waiting


@pytest.mark.anyio
async def test_names_stand_on_no_entry_and_are_free_again_when_nobody_keeps_them(
    world: World,
) -> None:
    founder, other = await world.volunteer(), await world.volunteer()
    first = await named(world, founder, name="江汉路 商会")
    with pytest.raises(OrganisationNameTaken):
        await named(world, other, name="江汉路商会")
    await withdraw_application(founder, organisation=first, key=key())
    await named(world, other, name="江汉路商会")
    for entry in await entries_of(world, "organisation."):
        assert "商会" not in entry.bytes.decode()


@pytest.mark.anyio
async def test_no_officer_decides_about_their_own_organisation(world: World) -> None:
    officer = registrar(world)
    own = await named(world, officer)
    with pytest.raises(OwnOrganisation):
        await approve_organisation_name(officer, organisation=own, key=key())
    led = await registered(world, await world.volunteer())
    assert (await organisation_of(led)).representative != officer.person
    stranger = await world.volunteer()
    with pytest.raises(NotFound):
        await list_abnormal(
            stranger, organisation=led, reason=AbnormalReason.UNREACHABLE, key=key()
        )


@pytest.mark.anyio
async def test_an_open_application_keeps_its_founder(world: World) -> None:
    founder = await world.volunteer()
    organisation = await in_review(world, founder)
    assert Matter.ORDER in await open_matters(founder.person or "")
    await withdraw_application(founder, organisation=organisation, key=key())
    assert Matter.ORDER not in await open_matters(founder.person or "")
    await filed(world, founder)
    assert Matter.ROLE in await open_matters(founder.person or "")


@pytest.mark.anyio
async def test_the_register_is_open_to_everybody_by_area_and_by_code(world: World) -> None:
    founder = await world.volunteer()
    stands, group = await registered(world, founder), await filed(world, founder)
    code = (await organisation_of(stands)).code
    found = await ask(
        world,
        form(),
        """query($c: String!, $s: String!) {
            organisationByCode(code: $c) { id form name purpose address refusal roles { grant } }
            organisations(scope: $s, states: [REGISTERED, FILED, IN_REVIEW]) { nodes { id } } }""",
        c=f" {code} ",
        s="420100/420102/",
    )
    assert found["organisationByCode"]["id"] == stands
    assert found["organisationByCode"]["purpose"] == "为社区老人服务"
    assert found["organisationByCode"]["roles"] == []
    assert [one["id"] for one in found["organisations"]["nodes"]] == [stands, group]
    mine = await ask(world, founder, "{ myOrganisations { nodes { id roles { role } } } }")
    assert mine["myOrganisations"]["nodes"] == [
        {"id": id, "roles": [{"role": "ORGANISATION_REPRESENTATIVE"}]} for id in (stands, group)
    ]
