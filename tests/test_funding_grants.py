"""Grants: every state from the draft to the end, and who sees them when."""

import pytest

from tests.funding import fund_officer
from tests.granting import ASKED, applicant, called, complete, grant_of, laid_open
from tests.wire import ask, form
from tests.world import World, key
from timebank.access import Role, grant_role
from timebank.actors import SYSTEM
from timebank.events import Event
from timebank.funding import grant_life
from timebank.funding.applications import withdraw_grant
from timebank.funding.grant_life import LIFECYCLE, FundGrantState, GrantRejectReason
from timebank.funding.grant_reviews import reject_grant, review_grant
from timebank.lifecycles import NotInThisState, step
from timebank.organisations import OwnOrganisation
from timebank.refusals import Forbidden, NotFound

pytestmark = pytest.mark.one_database

MOVES = [
    made
    for made in vars(grant_life).values()
    if isinstance(made, type) and issubclass(made, Event) and made.__name__[0] not in "_E"
]
QUERY = """query($g: ID!, $c: ID!, $o: ID!, $s: FundGrantState!) {
    node(id: $g) { ... on FundGrant { state fen call { title } organisation { id } } }
    grantsOfCall(call: $c, state: $s) { nodes { id } }
    grantsOfOrganisation(organisation: $o) { nodes { id } } }"""


def test_every_state_is_listed_and_reached_and_no_other_step_is_allowed() -> None:
    reached = {to for steps in LIFECYCLE.values() for to in steps.values()}
    assert set(LIFECYCLE) == set(FundGrantState) == reached
    assert len(MOVES) > 20
    for state in FundGrantState:
        for event in MOVES:
            if event in LIFECYCLE[state]:
                assert step(LIFECYCLE, state, event) in FundGrantState
            else:
                with pytest.raises(NotInThisState):
                    step(LIFECYCLE, state, event)


@pytest.mark.anyio
async def test_before_the_shortlist_only_its_people_and_the_officers_see_it(world: World) -> None:
    who, call = await applicant(world), await called(world)
    rival = await applicant(world)
    grant = await complete(world, who, call)
    asked = {"g": grant, "c": call, "o": who.organisation, "s": "FORMAL_OK"}
    for actor, node, of_call, of_org in (
        (who.leader, True, False, True),
        (await fund_officer(world), True, True, False),
        (await world.officer(Role.REVIEWER), True, True, False),
        (rival.leader, False, False, False),
        (form(), False, False, False),
    ):
        seen = await ask(world, actor, QUERY, **asked)
        assert (seen["node"] is not None) is node
        assert bool(seen["grantsOfCall"]["nodes"]) is of_call
        assert bool(seen["grantsOfOrganisation"]["nodes"]) is of_org
    shown = await laid_open(world, rival, call)
    asked = {"g": shown, "c": call, "o": rival.organisation, "s": "PUBLICITY"}
    seen = await ask(world, form(), QUERY, **asked)
    assert seen["node"] == {
        "state": "PUBLICITY",
        "fen": ASKED,
        "call": {"title": "社区社会组织助力计划"},
        "organisation": {"id": rival.organisation},
    }
    assert seen["grantsOfCall"]["nodes"] == seen["grantsOfOrganisation"]["nodes"] == [{"id": shown}]


@pytest.mark.anyio
async def test_nobody_moves_on_what_they_do_not_handle_or_stand_for(world: World) -> None:
    who, call = await applicant(world), await called(world)
    grant, rival = await complete(world, who, call), await applicant(world)
    reason = GrantRejectReason.SCORE_TOO_LOW
    with pytest.raises(NotFound):
        await withdraw_grant(rival.leader, grant=grant, key=key())
    with pytest.raises(Forbidden):
        await reject_grant(who.leader, grant=grant, reason=reason, key=key())
    with pytest.raises(Forbidden):
        await review_grant(await fund_officer(world), grant=grant, points=1, key=key())
    # A reviewer who stands for the organisation too gives it no points.
    person = who.leader.person or ""
    await grant_role(SYSTEM, person=person, role=Role.REVIEWER, scope="420100/", key=key())
    with pytest.raises(OwnOrganisation):
        await review_grant(who.leader, grant=grant, points=100, key=key())
    assert (await grant_of(grant)).reviewed == 0
