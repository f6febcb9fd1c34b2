"""Service posts: drafted, opened, full, closed by hand or when their term is over."""

from datetime import date, timedelta
from typing import Any

import pytest

from tests.membership import member, open_service_post, secretary, switch_off
from tests.wire import act, ask, form
from tests.world import COMMUNITY, World, key
from timebank import replay
from timebank.access import Role
from timebank.actors import SYSTEM
from timebank.aliases import MemberModuleOff
from timebank.events import Event
from timebank.lifecycles import NotInThisState, step
from timebank.places import NotACommunity
from timebank.post_claim_life import PostNotOpen
from timebank.post_claims import claim_post
from timebank.posts import (
    LIFECYCLE,
    PlacesWrong,
    PostClass,
    PostClosed,
    PostFilled,
    PostOpened,
    PostReopened,
    PostState,
    PostTermRuns,
    PostTimesWrong,
    TermWrong,
    close_post,
    decide_post,
    draft_post,
    end_post,
    open_post,
    visible_posts,
)
from timebank.refusals import Forbidden, NotFound, Refusal, Unauthenticated
from timebank.timers import sweep

EVENTS: list[type[Event]] = [PostOpened, PostFilled, PostReopened, PostClosed]
DAY = timedelta(days=1)
FINE: dict[str, Any] = {
    "places": 2,
    "first_day": date(2026, 12, 1),
    "last_day": date(2026, 12, 31),
    "weekdays": (1, 7),
    "minutes": (0, 1440),
    "today": date(2026, 11, 20),
}


def test_every_state_is_reached_and_no_other_step_is_allowed() -> None:
    assert set(LIFECYCLE) == set(PostState)
    reached = {to for steps in LIFECYCLE.values() for to in steps.values()}
    assert reached | {PostState.DRAFT} == set(PostState)
    for state in PostState:
        for event in EVENTS:
            if event in LIFECYCLE[state]:
                assert step(LIFECYCLE, state, event) in PostState
            else:
                with pytest.raises(NotInThisState):
                    step(LIFECYCLE, state, event)


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        ({}, None),
        ({"places": 0}, PlacesWrong),
        ({"places": 501}, PlacesWrong),
        ({"last_day": date(2026, 11, 30)}, TermWrong),
        ({"first_day": date(2026, 11, 1), "last_day": date(2026, 11, 19)}, TermWrong),
        ({"first_day": date(2026, 11, 1), "last_day": date(2026, 11, 20)}, None),
        ({"weekdays": ()}, PostTimesWrong),
        ({"weekdays": (0, 1)}, PostTimesWrong),
        ({"weekdays": (8,)}, PostTimesWrong),
        ({"minutes": (600, 600)}, PostTimesWrong),
        ({"minutes": (600, 1441)}, PostTimesWrong),
    ],
)
def test_a_post_has_places_a_term_and_times(
    given: dict[str, Any], refusal: type[Refusal] | None
) -> None:
    if refusal is None:
        decide_post(**(FINE | given))
        return
    with pytest.raises(refusal):
        decide_post(**(FINE | given))


@pytest.mark.anyio
async def test_a_post_closes_by_itself_once_its_term_is_over(world: World) -> None:
    post = await open_service_post(world, term=3)
    world.clock.move(3 * DAY)
    with pytest.raises(PostTermRuns):
        await end_post(SYSTEM, post=post)
    assert {run.name: run.done for run in await sweep()}["posts.over"] == 0
    world.clock.move(DAY)
    assert {run.name: run.done for run in await sweep()}["posts.over"] == 1
    held = (await visible_posts(SYSTEM, [post]))[post]
    assert held.state is PostState.CLOSED
    with pytest.raises(PostNotOpen):
        await claim_post(await member(world), post=post, key=key())
    with pytest.raises(Forbidden):
        await end_post(await secretary(world), post=post)
    assert (await replay.compare(world.settings.database_url)).differing == 0


@pytest.mark.anyio
async def test_a_draft_is_there_for_its_secretary_alone(world: World) -> None:
    party = await secretary(world)
    given: Any = {
        "community": COMMUNITY,
        "post_class": PostClass.HEALTH,
        "title": "健康讲座",
        "places": 1,
        "first_day": date(2026, 12, 1),
        "last_day": date(2026, 12, 2),
        "weekdays": (2, 3),
        "from_minute": 540,
        "to_minute": 600,
    }
    post = (await draft_post(party, **given, key=key())).post
    others = [
        await member(world),
        world.staff[Role.STATION_MANAGER],
        await secretary(world, "420100/420103/"),
    ]
    for actor in others:
        assert await visible_posts(actor, [post]) == {}
        for attempt in (
            open_post(actor, post=post, key=key()),
            close_post(actor, post=post, key=key()),
        ):
            with pytest.raises(NotFound):
                await attempt
    with pytest.raises(NotFound):
        await claim_post(others[0], post=post, key=key())
    with pytest.raises(Unauthenticated):
        await open_post(form(), post=post, key=key())
    with pytest.raises(Forbidden):
        await draft_post(others[1], **given, key=key())
    with pytest.raises(NotACommunity):
        await draft_post(
            await secretary(world, "420100/"), **(given | {"community": "420102"}), key=key()
        )
    await open_post(party, post=post, key=key())
    assert set(await visible_posts(others[0], [post])) == {post}
    await close_post(party, post=post, key=key())
    with pytest.raises(NotInThisState):
        await open_post(party, post=post, key=key())


@pytest.mark.anyio
async def test_the_api_drafts_opens_lists_and_closes(world: World) -> None:
    party = await secretary(world)
    made = await act(
        world,
        party,
        "draftPost",
        "post { id state title weekdays places taken community { code } }",
        community=COMMUNITY,
        postClass="GOVERNANCE",
        title="楼栋议事",
        places=3,
        firstDay="2026-12-01",
        lastDay="2026-12-31",
        weekdays=[7, 6, 7],
        fromMinute=540,
        toMinute=600,
    )
    post = made["post"]
    assert (post["state"], post["title"], post["weekdays"]) == ("DRAFT", "楼栋议事", [6, 7])
    asked = "query($s: String!) { posts(scope: $s) { nodes { id title taken places } } }"
    below = "420100/420102/"
    assert (await ask(world, form(), asked, s=below))["posts"]["nodes"] == []
    await act(world, party, "openPost", "post { state }", post=post["id"])
    (seen,) = (await ask(world, form(), asked, s=below))["posts"]["nodes"]
    assert seen == {"id": post["id"], "title": "楼栋议事", "taken": 0, "places": 3}
    closed = await act(world, party, "closePost", "post { state }", post=post["id"])
    assert closed["post"] == {"state": "CLOSED"}
    await switch_off(world)
    assert (await ask(world, form(), asked, s=below))["posts"] is None
    assert await visible_posts(party, [post["id"]]) == {}
    with pytest.raises(MemberModuleOff):
        await close_post(party, post=post["id"], key=key())
