"""Services on posts: recorded like any other, named by the member, told to nobody by the record."""

from datetime import timedelta

import pytest

from tests.erasing import state_of
from tests.membership import COMMUNITY_PATH, member, open_service_post, secretary, serving
from tests.test_member_reports import entries_of
from tests.volunteering import captured, confirmed, posted, record_of
from tests.wire import act, ask
from tests.world import World, key
from timebank import accounts, replay
from timebank.access import Role
from timebank.activities import ActivityKind
from timebank.captures import capture_hours
from timebank.confirmations import accept_hours
from timebank.erasures import ask_erasure
from timebank.hours import Record, totals_of
from timebank.person_life import PersonState
from timebank.post_claims import claim_post, leave_post
from timebank.post_services import (
    ClaimNotServing,
    NotOnThisPost,
    PostService,
    ServiceNamedAlready,
    name_service,
    served_on,
)
from timebank.record_life import CaptureMode
from timebank.refusals import NotFound
from timebank.reversals import repudiate_hours
from timebank.tables import select
from timebank.timers import sweep

pytestmark = pytest.mark.anyio
HOUR = timedelta(hours=1)


async def test_service_on_a_post_is_a_record_like_any_other_that_tells_of_no_post(
    world: World,
) -> None:
    who, party = await member(world), await secretary(world)
    claim = await serving(world, who, await open_service_post(world))
    world.clock.move(3 * HOUR)
    record = await posted(world, who, minutes=90)
    asked = "{ postClaims%s { nodes { nameable { id } } } }"
    mine = (await ask(world, who, asked % ""))["postClaims"]["nodes"]
    assert mine == [{"nameable": [{"id": record}]}]
    told = await act(
        world,
        who,
        "namePostService",
        "claim { minutes dutyMinutes nameable { id } }",
        claim=claim,
        record=record,
    )
    assert told["claim"] == {"minutes": 90, "dutyMinutes": 0, "nameable": []}
    world.clock.move(3 * HOUR)
    for one in (who, party):
        await posted(world, one, minutes=30)
    seen = await ask(world, party, asked % f'(scope: "{COMMUNITY_PATH}")')
    assert seen["postClaims"]["nodes"] == [{"nameable": []}], "a claim of another"
    assert await served_on(party, [claim]) == {claim: (90, 0)}
    assert await served_on(await world.officer(Role.AUDITOR), [claim]) == {}
    (entry,) = await entries_of(world, "post_claim.served")
    assert record.encode() not in entry.bytes
    assert who.id.encode() not in entry.bytes
    (tie,) = await select(PostService)
    assert (tie.record, tie.claim) == (record, claim)
    with pytest.raises(ServiceNamedAlready):
        await name_service(who, claim=claim, record=record, key=key())
    await repudiate_hours(who, records=[record], key=key())
    assert await served_on(who, [claim]) == {claim: (0, 0)}, "what does not stand does not count"
    assert (await replay.compare(world.settings.database_url)).differing == 0


async def test_nothing_ties_the_records_of_the_erased_to_an_alias(world: World) -> None:
    who = await member(world)
    claim = await serving(world, who, await open_service_post(world))
    world.clock.move(3 * HOUR)
    record = await posted(world, who, minutes=90)
    await name_service(who, claim=claim, record=record, key=key())
    await leave_post(who, claim=claim, key=key())
    await ask_erasure(who, key=key())
    world.clock.move(8 * 24 * HOUR)
    for _ in range(2):
        await sweep()
    assert await state_of(who) is PersonState.ERASED
    assert await select(Record, volunteer=who.person) != []
    assert await select(PostService) == []


async def test_only_standing_service_of_ones_own_after_the_claim_is_named(world: World) -> None:
    who, other = await member(world), await member(world)
    early = await posted(world, who)
    world.clock.move(24 * HOUR)
    post = await open_service_post(world)
    waiting = (await claim_post(other, post=post, key=key())).claim
    claim = await serving(world, who, post)
    world.clock.move(3 * HOUR)
    theirs, disowned = await posted(world, other), await captured(world, who, minutes=30)
    await repudiate_hours(who, records=[disowned], key=key())
    for actor, one, record, no in (
        (who, claim, early, NotOnThisPost),
        (who, claim, disowned, NotOnThisPost),
        (who, claim, theirs, NotFound),
        (who, waiting, theirs, NotFound),
        (who, claim, "rec_none", NotFound),
        (other, waiting, theirs, ClaimNotServing),
    ):
        with pytest.raises(no):
            await name_service(actor, claim=one, record=record, key=key())


async def test_paid_time_is_visible_and_counts_for_nothing(world: World) -> None:
    who = await member(world)
    claim = await serving(world, who, await open_service_post(world))
    world.clock.move(3 * HOUR)
    now = world.clock.now()
    made = await capture_hours(
        world.staff[Role.STATION_CLERK],
        volunteer=who.id,
        station=world.station,
        starts=now - HOUR,
        ends=now,
        kind=ActivityKind.SAFETY,
        duty=True,
        key=key(),
    )
    await confirmed(world, [made.record])
    await accept_hours(who, records=[made.record], key=key())
    held = await record_of(made.record)
    assert (held.mode, held.minutes, held.credited) == (CaptureMode.DUTY, 60, 0)
    assert (await totals_of([who.id]))[who.id].minutes == 0
    assert await accounts.balance_of(accounts.volunteer(who.id)) == 0
    await name_service(who, claim=claim, record=made.record, key=key())
    assert await served_on(who, [claim]) == {claim: (60, 60)}
    asked = "query($id: ID!) { node(id: $id) { ... on ServiceRecord { mode minutes } } }"
    told = await ask(world, who, asked, id=made.record)
    assert told["node"] == {"mode": "DUTY", "minutes": 60}
    await repudiate_hours(who, records=[made.record], key=key())
    assert (await totals_of([who.id]))[who.id].minutes == 0, "nor does undoing take any"
    assert (await replay.compare(world.settings.database_url)).differing == 0
