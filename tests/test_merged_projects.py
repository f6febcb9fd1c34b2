"""Merged projects: what whoever was registered twice proposed, supported and answered as one."""

import pytest

from tests.erasing import whose
from tests.funding import allotted
from tests.merging import merged, signed_in
from tests.projects import answered, asked, on_paper, project_of, proposed
from tests.starring import SEEDED
from tests.wire import act, ask
from tests.world import World, key, resident_id
from timebank.access import Role, grant_role
from timebank.actors import SYSTEM, Actor
from timebank.clock import day_of
from timebank.funding.polls import PollKind, VotedAlready, cast_ballot
from timebank.funding.project_votes import (
    ProposerSupports,
    count_votes,
    open_vote,
    publicise_project,
)
from timebank.funding.projects import OwnProject, screen_project
from timebank.publicity import OwnPublicity, PublicityReason, object_to_publicity

pytestmark = [pytest.mark.anyio, pytest.mark.one_database]


async def two(world: World) -> list[tuple[Actor, str]]:
    """Two registrations, each with its document."""
    return [(await world.volunteer(), resident_id(world.count)) for _ in range(2)]


async def test_whoever_proposed_by_the_one_that_went_is_none_of_the_supporters(
    world: World,
) -> None:
    (gone, old), (kept, new) = await two(world)
    source, street = await allotted(world), "420100/420102/420102002/"
    first, second = [await proposed(world, source, by=one) for one in (gone, kept)]
    await merged(world, gone, kept)
    await grant_role(SYSTEM, person=whose(kept), role=Role.STREET_OFFICER, scope=street, key=key())
    now = await signed_in(kept)
    seen = "query($p: ID!) { node(id: $p) { ... on Project { proposedByMe } } }"
    for project in (first, second):
        assert (await ask(world, now, seen, p=project))["node"] == {"proposedByMe": True}
        poll = (await project_of(project)).poll(PollKind.SUPPORT)
        told = await act(world, now, "castBallot", "poll { id }", poll=poll, inFavour=True)
        assert [no["code"] for no in told["userErrors"]] == ["PROPOSER_SUPPORTS"]
        for document in (old, new):
            with pytest.raises(ProposerSupports):
                await on_paper(world, poll, document)
        with pytest.raises(OwnProject):
            await screen_project(now, project=project, negatives=[], key=key())


async def test_nobody_objects_to_what_they_proposed_by_the_one_that_went(world: World) -> None:
    (gone, _), (kept, _) = await two(world)
    project = await proposed(world, await allotted(world), by=gone)
    await answered(world, project, PollKind.SUPPORT, SEEDED.fund.supporters)
    await screen_project(world.staff[Role.STREET_OFFICER], project=project, negatives=[], key=key())
    manager, until = world.staff[Role.STATION_MANAGER], day_of(world.clock.now())
    await open_vote(manager, project=project, eligible=1, until=until, key=key())
    await answered(world, project, PollKind.DECISION, 1)
    await count_votes(manager, project=project, key=key())
    await publicise_project(manager, project=project, key=key())
    await merged(world, gone, kept)
    reason = PublicityReason.RULE_BROKEN
    with pytest.raises(OwnPublicity):
        await object_to_publicity(await signed_in(kept), about=project, reason=reason, key=key())
    await object_to_publicity(await world.volunteer(), about=project, reason=reason, key=key())


async def test_who_was_registered_twice_has_one_vote(world: World) -> None:
    (gone, old), (kept, new) = await two(world)
    before, after = [
        (await project_of(await asked(world, await allotted(world)))).poll(PollKind.DECISION)
        for _ in range(2)
    ]
    await cast_ballot(gone, poll=before, in_favour=True, key=key())
    await merged(world, gone, kept)
    now = await signed_in(kept)
    await on_paper(world, after, old)
    for poll in (before, after):
        with pytest.raises(VotedAlready):
            await cast_ballot(now, poll=poll, in_favour=True, key=key())
        for document in (old, new):
            with pytest.raises(VotedAlready):
                await on_paper(world, poll, document)
