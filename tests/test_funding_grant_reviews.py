"""Grant reviews: three reviewers without conflicts, points once each, shortlist, objections."""

from typing import Any

import msgspec
import pytest

from tests.funding import DAY, fund_officer
from tests.granting import (
    ASKED,
    applicant,
    called,
    complete,
    drafted,
    grant_of,
    laid_open,
    reviewers,
)
from tests.organising import codes_of, organisation_of
from tests.test_member_reports import entries_of
from tests.wire import act, ask
from tests.world import World, key
from timebank import replay
from timebank.access import Role, grant_role
from timebank.actors import PUBLIC, SYSTEM, Actor
from timebank.events import Event
from timebank.funding.applications import submit_grant
from timebank.funding.grant_awards import award_grant
from timebank.funding.grant_life import (
    ConflictDeclared,
    FundGrantState,
    GrantRejectReason,
    ReviewSetAside,
)
from timebank.funding.grant_reviews import (
    LaidOpenAlready,
    PointsWrong,
    ReviewedAlready,
    TooFewReviewers,
    check_formally,
    decide_conflict,
    decide_points,
    decide_scored,
    declare_conflict,
    publicise_grant,
    reject_grant,
    review_grant,
    rule_on_grant_objection,
    score_grant,
    shortlist_grant,
)
from timebank.funding.grants import Grant
from timebank.funding.sources import FenNotPositive, NotEnoughMoney
from timebank.lifecycles import NotInThisState
from timebank.publicity import (
    OwnPublicityObjection,
    PublicityReason,
    PublicityUndecided,
    object_to_publicity,
)

pytestmark = pytest.mark.one_database

GRANT = Grant(
    id="gra_1",
    call="cal_1",
    organisation="org_1",
    path="4/org_1/",
    unit_path="4/",
    fen=10,
    budget=(),
    least_minutes=0,
    state=FundGrantState.FORMAL_OK,
    reviewed=3,
    points_sum=200,
    conflicts=("per_near",),
)


def test_points_go_from_0_to_100_and_each_gives_them_once() -> None:
    for points in (0, 100):
        assert decide_points(GRANT, "per_1", points, judged=False).points == points
    submitted = msgspec.structs.replace(GRANT, state=FundGrantState.SUBMITTED)
    for held, reviewer, points, judged, no in (
        (GRANT, "per_1", -1, False, PointsWrong),
        (GRANT, "per_1", 101, False, PointsWrong),
        (GRANT, "per_1", 50, True, ReviewedAlready),
        (GRANT, "per_near", 50, False, ReviewedAlready),
        (submitted, "per_1", 50, False, NotInThisState),
    ):
        with pytest.raises(no):
            decide_points(held, reviewer, points, judged=judged)


@pytest.mark.parametrize(
    ("state", "reviewer", "points", "told"),
    [
        ("formal_ok", "per_1", None, ConflictDeclared(grant="gra_1", reviewer="per_1")),
        ("formal_ok", "per_1", 0, ReviewSetAside(grant="gra_1", reviewer="per_1", points=0)),
        ("scored", "per_1", 90, ReviewSetAside(grant="gra_1", reviewer="per_1", points=90)),
        ("shortlisted", "per_1", 90, ReviewSetAside(grant="gra_1", reviewer="per_1", points=90)),
        ("scored", "per_1", None, NotInThisState),
        ("formal_ok", "per_near", None, ReviewedAlready),
        ("publicity", "per_1", 90, LaidOpenAlready),
        ("awarded", "per_1", 90, LaidOpenAlready),
        ("rejected", "per_1", 90, LaidOpenAlready),
    ],
)
def test_a_conflict_sets_aside_what_was_given_until_it_is_laid_open(
    state: str, reviewer: str, points: int | None, told: Any
) -> None:
    held = msgspec.structs.replace(GRANT, state=FundGrantState(state))
    if isinstance(told, Event):
        assert decide_conflict(held, reviewer, points) == told
    else:
        with pytest.raises(told):
            decide_conflict(held, reviewer, points)


@pytest.mark.anyio
async def test_a_conflict_that_comes_to_light_after_judging_sends_it_to_another(
    world: World,
) -> None:
    who, call = await applicant(world), await called(world)
    officer, grant = await fund_officer(world), await complete(world, who, call)
    one, two, three = await reviewers(world)
    for reviewer, points in ((one, 100), (two, 60), (three, 61)):
        await review_grant(reviewer, grant=grant, points=points, key=key())
    await score_grant(officer, grant=grant, key=key())
    await shortlist_grant(officer, grant=grant, fen=900, key=key())
    # Whoever takes an office at the applicant's is the first who is to say so.
    path = (await organisation_of(who.organisation)).path
    role = Role.ORGANISATION_FINANCE
    await grant_role(SYSTEM, person=one.person or "", role=role, scope=path, key=key())
    shown = "grant { state reviewed conflicts points fen }"
    told = await act(world, one, "declareConflict", shown, grant=grant)
    assert told == {
        "grant": {
            "state": "FORMAL_OK",
            "reviewed": 2,
            "conflicts": 1,
            "points": None,
            "fen": ASKED,
        },
        "userErrors": [],
    }
    assert (await codes_of(who.leader))[0] == "grant_moved"
    with pytest.raises(ReviewedAlready):
        await declare_conflict(one, grant=grant, key=key())
    with pytest.raises(TooFewReviewers):
        await score_grant(officer, grant=grant, key=key())
    await review_grant(await world.officer(Role.REVIEWER), grant=grant, points=59, key=key())
    await score_grant(officer, grant=grant, key=key())
    assert (await grant_of(grant)).points == 60
    # What was given stays where it was said.
    given = [entry.body for entry in await entries_of(world, "grant.reviewed")]
    assert [body["points"] for body in given] == [100, 60, 61, 59]
    await shortlist_grant(officer, grant=grant, fen=ASKED, key=key())
    await publicise_grant(officer, grant=grant, key=key())
    told = await act(world, two, "declareConflict", shown, grant=grant)
    assert [no["code"] for no in told["userErrors"]] == ["LAID_OPEN_ALREADY"]
    assert (await replay.compare(world.settings.database_url)).differing == 0


@pytest.mark.anyio
async def test_a_reviewer_is_offered_to_stand_back_only_while_it_can_be_done(world: World) -> None:
    who, call = await applicant(world), await called(world)
    officer, grant = await fund_officer(world), await complete(world, who, call)
    near, *judges = await reviewers(world)
    judges, idle = [*judges, await world.officer(Role.REVIEWER)], await world.officer(Role.REVIEWER)
    elsewhere = await world.officer(Role.REVIEWER, "420100/420103/")

    async def offered(*actors: Actor) -> list[bool]:
        asks = "query($id: ID!) { node(id: $id) { ... on FundGrant { mayDeclareConflict } } }"
        told = [(await ask(world, actor, asks, id=grant))["node"] for actor in actors]
        return [node["mayDeclareConflict"] for node in told]

    assert await offered(near, judges[0], idle, officer) == [True, True, True, False]
    await declare_conflict(near, grant=grant, key=key())
    for judge in judges:
        await review_grant(judge, grant=grant, points=80, key=key())
    assert await offered(near, judges[0], idle) == [False, True, True]
    await score_grant(officer, grant=grant, key=key())
    assert await offered(near, judges[0], idle) == [False, True, False]
    with pytest.raises(NotInThisState):
        await declare_conflict(idle, grant=grant, key=key())
    await shortlist_grant(officer, grant=grant, fen=900, key=key())
    everybody = (near, judges[0], idle, elsewhere, await world.volunteer(), PUBLIC)
    assert await offered(*everybody) == [False, True, False, False, False, False]
    await publicise_grant(officer, grant=grant, key=key())
    assert await offered(*judges) == [False, False, False]


def test_three_reviewers_make_a_mean() -> None:
    assert decide_scored(GRANT, 3).points == 66
    with pytest.raises(TooFewReviewers):
        decide_scored(msgspec.structs.replace(GRANT, reviewed=2), 3)


@pytest.mark.anyio
async def test_reviewers_judge_and_the_shortlist_follows_on_the_wire(world: World) -> None:
    who, call = await applicant(world), await called(world)
    officer, grant = await fund_officer(world), await complete(world, who, call)
    one, two, three = await reviewers(world)
    await declare_conflict(one, grant=grant, key=key())
    with pytest.raises(ReviewedAlready):
        await declare_conflict(one, grant=grant, key=key())
    told = await act(world, one, "reviewGrant", "grant { id }", grant=grant, points=90)
    assert [no["code"] for no in told["userErrors"]] == ["REVIEWED_ALREADY"]
    for reviewer, points in ((two, 90), (three, 71)):
        await act(world, reviewer, "reviewGrant", "grant { id }", grant=grant, points=points)
    with pytest.raises(ReviewedAlready):
        await review_grant(two, grant=grant, points=100, key=key())
    with pytest.raises(TooFewReviewers):
        await score_grant(officer, grant=grant, key=key())
    fourth = await world.officer(Role.REVIEWER)
    await review_grant(fourth, grant=grant, points=60, key=key())
    told = await act(world, officer, "scoreGrant", "grant { state points }", grant=grant)
    assert told["grant"] == {"state": "SCORED", "points": 73}
    for fen, no in ((ASKED + 1, NotEnoughMoney), (0, FenNotPositive)):
        with pytest.raises(no):
            await shortlist_grant(officer, grant=grant, fen=fen, key=key())
    told = await act(world, officer, "shortlistGrant", "grant { state fen }", grant=grant, fen=900)
    assert told["grant"] == {"state": "SHORTLISTED", "fen": 900}
    assert (await replay.compare(world.settings.database_url)).differing == 0


@pytest.mark.anyio
async def test_what_is_not_complete_or_not_good_enough_ends(world: World) -> None:
    call, officer = await called(world), await fund_officer(world)
    first, second = await applicant(world), await applicant(world)
    short = await drafted(first, call)
    await submit_grant(first.leader, grant=short, key=key())
    await check_formally(officer, grant=short, complete=False, key=key())
    assert (await grant_of(short)).state is FundGrantState.REJECTED
    low = await laid_open(world, second, call)
    reason = GrantRejectReason.SCORE_TOO_LOW
    await reject_grant(officer, grant=low, reason=reason, key=key())
    with pytest.raises(NotInThisState):
        await reject_grant(officer, grant=low, reason=reason, key=key())


@pytest.mark.anyio
async def test_an_objection_is_answered_before_the_award(world: World) -> None:
    call, officer = await called(world), await fund_officer(world)
    who = await world.volunteer()
    grants = [await laid_open(world, await applicant(world), call) for _ in range(2)]
    for grant in grants:
        reason = PublicityReason.RULE_BROKEN
        await object_to_publicity(who, about=grant, reason=reason, key=key())
    await object_to_publicity(officer, about=grants[1], reason=reason, key=key())
    with pytest.raises(OwnPublicityObjection):
        await rule_on_grant_objection(
            officer, grant=grants[1], objector=officer.id, uphold=True, key=key()
        )
    world.clock.move(8 * DAY)
    with pytest.raises(PublicityUndecided):
        await award_grant(officer, grant=grants[0], key=key())
    for grant, uphold in zip(grants, (False, True), strict=True):
        objector = who.person or ""
        await rule_on_grant_objection(
            officer, grant=grant, objector=objector, uphold=uphold, key=key()
        )
    await award_grant(officer, grant=grants[0], key=key())
    assert (await grant_of(grants[1])).state is FundGrantState.REJECTED
