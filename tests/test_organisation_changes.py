"""Registered changes: thirty days, late ones told, and nothing changes before it is approved."""

from datetime import date, timedelta

import pytest

from tests.organising import entered, filing, organisation_of, registered, registrar, supervising
from tests.test_member_reports import entries_of
from tests.wire import act, ask
from tests.world import World, key
from timebank import replay
from timebank.access import Role, grants_of
from timebank.actors import Actor
from timebank.lifecycles import NotInThisState
from timebank.organisation_changes import (
    ChangeDecidedLater,
    ChangeKind,
    OrganisationChange,
    approve_change,
    ask_change,
    decide_late,
    refuse_change,
)
from timebank.organisation_endings import (
    deregister_organisation,
    dissolve_organisation,
    end_liquidation,
)
from timebank.organisation_life import EndReason
from timebank.organisation_names import OrganisationNameTaken
from timebank.organisations import OrganisationNotActive
from timebank.refusals import NotFound
from timebank.tables import find
from timebank.texts import TextMissing, read_texts

pytestmark = pytest.mark.one_database

DAY = date(2026, 11, 20)


@pytest.mark.parametrize(("ago", "late"), [(0, False), (30, False), (31, True)])
def test_a_change_is_late_after_thirty_days(ago: int, late: bool) -> None:
    assert decide_late(DAY - timedelta(days=ago), DAY, 30) is late
    with pytest.raises(ChangeDecidedLater):
        decide_late(DAY + timedelta(days=1), DAY, 30)


async def asked(world: World, who: Actor, organisation: str, what: ChangeKind, to: str) -> str:
    """A change that waits for its registrar."""
    made = await ask_change(
        who,
        organisation=organisation,
        what=what,
        to=to,
        decided_on=DAY - timedelta(days=31),
        key=key(),
    )
    return made.change


@pytest.mark.anyio
async def test_a_name_changes_when_the_registrar_approves_and_not_before(world: World) -> None:
    founder = await world.volunteer()
    organisation = await registered(world, founder, name="旧名协会")
    await registered(world, await world.volunteer(), name="别家协会")
    change = await asked(world, founder, organisation, ChangeKind.NAME, "新名协会")
    assert (await read_texts([organisation], "name"))[organisation] == "旧名协会"
    held = await find(OrganisationChange, change)
    assert held
    assert held.late
    with pytest.raises(OrganisationNameTaken):
        await asked(world, founder, organisation, ChangeKind.NAME, "别家协会")
    query = """query($s: String!) { organisationChanges(scope: $s) {
        nodes { what to late organisation { id } } } }"""
    waiting = {"what": "NAME", "to": "新名协会", "late": True, "organisation": {"id": organisation}}
    for actor in (registrar(world), founder):
        scope = (await organisation_of(organisation)).path
        found = await ask(world, actor, query, s=scope)
        assert found["organisationChanges"]["nodes"] == [waiting]
    stranger = await ask(world, await world.volunteer(), query, s="420100/")
    assert stranger["organisationChanges"]["nodes"] == []
    for wrong in (founder, world.staff[Role.STREET_OFFICER]):
        with pytest.raises(NotFound):
            await approve_change(wrong, change=change, key=key())
    await approve_change(registrar(world), change=change, key=key())
    assert (await read_texts([organisation], "name"))[organisation] == "新名协会"
    with pytest.raises(NotInThisState):
        await approve_change(registrar(world), change=change, key=key())
    for entry in await entries_of(world, "organisation."):
        assert "协会" not in entry.bytes.decode()
    assert (await replay.compare(world.settings.database_url)).differing == 0


@pytest.mark.anyio
async def test_a_new_legal_representative_acts_instead_of_the_old_one(world: World) -> None:
    founder, other = await world.volunteer(), await world.volunteer()
    organisation = await registered(world, founder)
    unit, _ = await supervising(world)
    number = await world.number_of(other)
    change = await asked(world, founder, organisation, ChangeKind.REPRESENTATIVE, number)
    route = await asked(world, founder, organisation, ChangeKind.SUPERVISOR, unit)
    for one in (change, route):
        await approve_change(registrar(world), change=one, key=key())
    held = await organisation_of(organisation)
    assert (held.representative, held.supervisor, held.direct) == (other.person, unit, None)
    before, after = await grants_of(founder), await grants_of(other)
    assert before
    assert before.grants == ()
    assert after
    assert [grant.scope for grant in after.grants] == [held.path]


@pytest.mark.anyio
async def test_a_refused_change_changes_nothing_and_says_why(world: World) -> None:
    founder, other = await world.volunteer(), await world.volunteer()
    organisation = await entered(world, founder)
    told = await act(
        world,
        founder,
        "askChange",
        "change { id state }",
        organisation=organisation,
        what="ADDRESS",
        to="汉阳大道1号",
        decidedOn="2026-11-19",
    )
    change = told["change"]["id"]
    with pytest.raises(TextMissing):
        await refuse_change(registrar(world), change=change, words=" ", key=key())
    await refuse_change(registrar(world), change=change, words="缺租赁合同", key=key())
    assert "address" not in await read_texts([organisation], "address")
    waiting = await filing(world, founder)
    for actor, where, what, to, no in (
        (founder, waiting, ChangeKind.NAME, "合唱团", OrganisationNotActive),
        (other, organisation, ChangeKind.NAME, "合唱团", NotFound),
        (founder, organisation, ChangeKind.SUPERVISOR, "uni_none", NotFound),
        (founder, organisation, ChangeKind.REPRESENTATIVE, "NOBODY", NotFound),
        (founder, organisation, ChangeKind.PURPOSE, " ", TextMissing),
    ):
        with pytest.raises(no):
            await asked(world, actor, where, what, to)
    with pytest.raises(NotFound):
        await approve_change(registrar(world), change="chg_none", key=key())


@pytest.mark.anyio
async def test_a_name_that_was_given_up_or_refused_is_free_again(world: World) -> None:
    who, other = await world.volunteer(), await world.volunteer()
    mine = await entered(world, who, name="甲中心")
    theirs = await entered(world, other, name="乙中心")
    refused = await asked(world, who, mine, ChangeKind.NAME, "丙中心")
    with pytest.raises(OrganisationNameTaken):
        await asked(world, other, theirs, ChangeKind.NAME, "丙中心")
    await refuse_change(registrar(world), change=refused, words="与业务不符", key=key())
    await asked(world, other, theirs, ChangeKind.NAME, "丙中心")
    # Asking for the name that one has and being refused it gives up nothing.
    same = await asked(world, who, mine, ChangeKind.NAME, "甲中心")
    await refuse_change(registrar(world), change=same, words="名称未变", key=key())
    with pytest.raises(OrganisationNameTaken):
        await asked(world, other, theirs, ChangeKind.NAME, "甲中心")
    change = await asked(world, who, mine, ChangeKind.NAME, "丁中心")
    await approve_change(registrar(world), change=change, key=key())
    await asked(world, other, theirs, ChangeKind.NAME, "甲中心")


@pytest.mark.anyio
async def test_nothing_of_an_organisation_that_ended_changes(world: World) -> None:
    who, next_one = await world.volunteer(), await world.volunteer()
    organisation, reason = await entered(world, who), EndReason.DECIDED
    await dissolve_organisation(who, organisation=organisation, reason=reason, key=key())
    number = await world.number_of(next_one)
    change = await asked(world, who, organisation, ChangeKind.REPRESENTATIVE, number)
    await end_liquidation(who, organisation=organisation, key=key())
    await deregister_organisation(registrar(world), organisation=organisation, key=key())
    with pytest.raises(OrganisationNotActive):
        await approve_change(registrar(world), change=change, key=key())
    await refuse_change(registrar(world), change=change, words="已注销", key=key())
