"""Claims on posts: the whole life, the limits, leaving without penalty, and who sees what."""

from datetime import timedelta
from typing import Any

import pytest

from tests.membership import (
    member,
    open_service_post,
    reported,
    secretary,
    serving,
    switch_off,
)
from tests.test_member_reports import entries_of
from tests.wire import act, ask
from tests.world import World, key
from timebank import entries, replay
from timebank.access import Role, grant_role
from timebank.actors import PUBLIC, SYSTEM, Actor
from timebank.aliases import MemberModuleOff
from timebank.erased import personal_places
from timebank.erasures import ask_erasure
from timebank.events import Event
from timebank.lifecycles import NotInThisState, step
from timebank.member_life import MemberReportMissing
from timebank.member_reports import reconfirm_membership, withdraw_membership
from timebank.post_claim_life import (
    LIFECYCLE,
    ClaimState,
    Evaluation,
    OwnClaim,
    PostClaimCompleted,
    PostClaimConfirmed,
    PostClaimedAlready,
    PostClaimEvaluated,
    PostClaimServing,
    PostClaimWithdrawn,
    PostFull,
    TooManyPosts,
)
from timebank.post_claims import (
    CLAIMS,
    PostClaim,
    begin_post,
    claim_post,
    complete_post,
    confirm_claim,
    evaluate_claim,
    leave_post,
)
from timebank.posts import PostState, visible_posts
from timebank.refusals import NotFound, Refusal, Unauthenticated
from timebank.tables import find, select
from timebank.texts import Text
from timebank.timers import sweep

EVENTS: list[type[Event]] = [
    PostClaimConfirmed,
    PostClaimServing,
    PostClaimCompleted,
    PostClaimEvaluated,
    PostClaimWithdrawn,
]
WHOLE: dict[str, Any] = {"after": None, "before": None, "limit": 9, "backward": False}


async def state_of(claim: str) -> ClaimState:
    held = await find(PostClaim, claim)
    assert held
    return held.state


async def post_state(post: str) -> tuple[PostState, int]:
    held = (await visible_posts(PUBLIC, [post]))[post]
    return held.state, held.taken


def test_every_state_is_reached_and_no_other_step_is_allowed() -> None:
    assert set(LIFECYCLE) == set(ClaimState)
    reached = {to for steps in LIFECYCLE.values() for to in steps.values()}
    assert reached | {ClaimState.CLAIMED} == set(ClaimState)
    for state in ClaimState:
        for event in EVENTS:
            if event in LIFECYCLE[state]:
                assert step(LIFECYCLE, state, event) in ClaimState
            else:
                with pytest.raises(NotInThisState):
                    step(LIFECYCLE, state, event)


@pytest.mark.anyio
async def test_a_post_is_claimed_confirmed_served_completed_and_evaluated(world: World) -> None:
    who, party = await member(world), await secretary(world)
    post = await open_service_post(world)
    claim = await serving(world, who, post)
    assert await state_of(claim) is ClaimState.SERVING
    await complete_post(who, claim=claim, key=key())
    await evaluate_claim(
        party, claim=claim, evaluation=Evaluation.AS_AGREED, remark="每周都到", key=key()
    )
    assert await state_of(claim) is ClaimState.EVALUATED
    assert [entry.kind for entry in await entries_of(world, "post_claim.")] == [
        f"post_claim.{kind}"
        for kind in ("claimed", "confirmed", "serving", "completed", "evaluated")
    ]
    asked = """{ postClaims { nodes {
        state evaluation remark number name minutes dutyMinutes post { title } } } }"""
    (told,) = (await ask(world, who, asked))["postClaims"]["nodes"]
    assert (told["state"], told["evaluation"]) == ("EVALUATED", "AS_AGREED")
    assert (told["remark"], told["post"]) == ("每周都到", {"title": "夜间巡逻"})
    theirs = await personal_places(who.person or "")
    assert (Text, f"{claim}:remark") in theirs, "what was said of a member goes with them"
    assert told["number"] == await world.number_of(who)
    assert (await replay.compare(world.settings.database_url)).differing == 0


@pytest.mark.anyio
@pytest.mark.parametrize("served", [False, True])
async def test_leaving_frees_the_place_at_once_and_costs_nothing(
    world: World, served: bool
) -> None:
    who, other = await member(world), await member(world)
    post = await open_service_post(world, places=1)
    if served:
        claim = await serving(world, who, post)
    else:
        claim = (await claim_post(who, post=post, key=key())).claim
    assert await post_state(post) == (PostState.FULL, 1)
    with pytest.raises(PostFull) as full:
        await claim_post(other, post=post, key=key())
    assert "社区" in full.value.details["community"], "the refusal names who may help next"
    await leave_post(who, claim=claim, key=key())
    assert await post_state(post) == (PostState.OPEN, 0)
    await claim_post(other, post=post, key=key())
    await leave_post(other, claim=(await CLAIMS.listed(other, **WHOLE))[0].id, key=key())
    again = (await claim_post(who, post=post, key=key())).claim
    assert await state_of(again) is ClaimState.CLAIMED


@pytest.mark.anyio
async def test_a_member_has_three_open_posts_at_most_and_one_place_in_each(world: World) -> None:
    who = await member(world)
    posts = [await open_service_post(world) for _ in range(4)]
    claims = [(await claim_post(who, post=post, key=key())).claim for post in posts[:3]]
    with pytest.raises(PostClaimedAlready):
        await claim_post(who, post=posts[0], key=key())
    with pytest.raises(TooManyPosts):
        await claim_post(who, post=posts[3], key=key())
    await leave_post(who, claim=claims[1], key=key())
    await claim_post(who, post=posts[3], key=key())


@pytest.mark.anyio
async def test_only_an_active_report_claims(world: World) -> None:
    post = await open_service_post(world)
    waiting = await world.volunteer()
    await reported(world, waiting)
    for actor, refusal in (
        (await world.volunteer(), MemberReportMissing),
        (waiting, MemberReportMissing),
        (PUBLIC, Unauthenticated),
    ):
        with pytest.raises(refusal):
            await claim_post(actor, post=post, key=key())
    with pytest.raises(NotFound):
        await claim_post(await member(world), post="pst_none", key=key())
    await switch_off(world)
    with pytest.raises(MemberModuleOff):
        await claim_post(waiting, post=post, key=key())
    assert await CLAIMS.visible(waiting, []) == {}


@pytest.mark.anyio
async def test_taking_the_report_back_lets_go_of_every_open_post(world: World) -> None:
    who = await member(world)
    first, second = await open_service_post(world, places=1), await open_service_post(world)
    claims = [await serving(world, who, first)]
    claims.append((await claim_post(who, post=second, key=key())).claim)
    await withdraw_membership(who, key=key())
    assert [await state_of(claim) for claim in claims] == [ClaimState.WITHDRAWN] * 2
    assert await post_state(first) == (PostState.OPEN, 0)
    assert await post_state(second) == (PostState.OPEN, 0)
    assert (await replay.compare(world.settings.database_url)).differing == 0


@pytest.mark.anyio
async def test_the_place_of_who_was_erased_is_free_once_the_report_lapses(world: World) -> None:
    who, other = await member(world), await member(world)
    post = await open_service_post(world, places=1, term=400)
    claim = await serving(world, who, post)
    await ask_erasure(who, key=key())
    world.clock.move(timedelta(days=190))
    await sweep()
    assert (held := await find(PostClaim, claim))
    assert held.state is ClaimState.WITHDRAWN
    await reconfirm_membership(other, key=key())
    await claim_post(other, post=post, key=key())
    world.clock.move(timedelta(days=190))
    await sweep()
    kept = (await select(PostClaim, post=post, state=ClaimState.CLAIMED.value))[0]
    assert kept.id != claim, "a lapse alone takes nobody's place"
    assert (await replay.compare(world.settings.database_url)).differing == 0


@pytest.mark.anyio
async def test_a_claim_is_there_for_its_member_and_the_secretary_alone(world: World) -> None:
    who, party = await member(world), await secretary(world)
    post = await open_service_post(world)
    claim = (await claim_post(who, post=post, key=key())).claim
    (made,) = await entries_of(world, "post_claim.")
    assert who.id.encode() not in made.bytes
    another = await member(world)
    outsiders: list[Actor] = [another, PUBLIC]
    outsiders += [await world.officer(role) for role in Role if role is not Role.PARTY_SECRETARY]
    for actor in outsiders:
        assert await CLAIMS.visible(actor, [claim]) == {}
        assert await CLAIMS.listed(actor, **WHOLE) == []
        assert await CLAIMS.listed(actor, scope="420100/", **WHOLE) == []
        assert await entries.entries(actor, [made.seq]) == {}
        if actor == PUBLIC:
            continue
        told = set()
        for id in (claim, "pcl_none"):
            for attempt in (
                confirm_claim(actor, claim=id, key=key()),
                begin_post(actor, claim=id, key=key()),
                leave_post(actor, claim=id, key=key()),
                evaluate_claim(actor, claim=id, evaluation=Evaluation.AS_AGREED, key=key()),
            ):
                with pytest.raises(Refusal) as no:
                    await attempt
                told.add((no.value.code, no.value.message()))
        assert len(told) == 1
    assert [held.id for held in await CLAIMS.listed(party, scope="420100/420102/", **WHOLE)] == []
    path = (await visible_posts(who, [post]))[post].path
    (seen,) = await CLAIMS.listed(party, scope=path, **WHOLE)
    assert seen.id == claim
    with pytest.raises(Unauthenticated):
        await confirm_claim(PUBLIC, claim=claim, key=key())


@pytest.mark.anyio
async def test_nobody_confirms_their_own_claim(world: World) -> None:
    who = await member(world)
    path = (await visible_posts(who, [await open_service_post(world)])).popitem()[1].path
    claim = (await claim_post(who, post=await open_service_post(world), key=key())).claim
    await grant_role(SYSTEM, person=who.id, role=Role.PARTY_SECRETARY, scope=path, key=key())
    with pytest.raises(OwnClaim):
        await confirm_claim(who, claim=claim, key=key())


@pytest.mark.anyio
async def test_the_api_walks_a_claim_through_its_life(world: World) -> None:
    who, party = await member(world), await secretary(world)
    post = await open_service_post(world)
    made = await act(world, who, "claimPost", "claim { id state }", post=post)
    claim = made["claim"]["id"]
    walk = [
        (party, "confirmPostClaim", "CONFIRMED", {}),
        (who, "beginPost", "SERVING", {}),
        (who, "completePost", "COMPLETED", {}),
        (party, "evaluatePostClaim", "EVALUATED", {"evaluation": "MORE_THAN_AGREED"}),
    ]
    for actor, name, state, given in walk:
        world.clock.move(timedelta(hours=1))
        told = await act(world, actor, name, "claim { state }", claim=claim, **given)
        assert told == {"claim": {"state": state}, "userErrors": []}
    late = await act(world, who, "leavePost", "claim { state }", claim=claim)
    assert [no["code"] for no in late["userErrors"]] == ["NOT_IN_THIS_STATE"]
