"""Policy drafts: two persons publish the numbers of the rules, from a later day."""

from datetime import date, timedelta

import pytest

from tests.wire import act, ask
from tests.world import World, key
from timebank import policy_drafts
from timebank.access import Role
from timebank.actors import PUBLIC, SYSTEM
from timebank.batch import Batch
from timebank.journal import Answer, write
from timebank.policy import (
    SEED,
    Policy,
    PolicyBackdated,
    PolicyCalendar,
    PolicyMalformed,
    PolicyNameTaken,
    policies,
    policy_on,
    read_policy,
)
from timebank.policy_drafts import (
    PolicyTooSoon,
    ProposerPublishes,
    decide_draft,
    propose_policy,
    publish_policy,
)
from timebank.refusals import Forbidden, NotFound, Refusal, Unauthenticated

TODAY = date(2026, 11, 20)
CALENDAR = PolicyCalendar(
    id="city", versions=((date(2016, 12, 1), "WH-2016-12"), (date(2027, 1, 1), "WH-2027-01"))
)


def document(id: str = "WH-2027-03", effective: str = "2027-03-01") -> str:
    seed = SEED.read_text("utf-8")
    return seed.replace("WH-2016-12", id).replace("2016-12-01", effective)


def policy(**named: str) -> Policy:
    return read_policy(document(**named))


# Decisions


@pytest.mark.parametrize(
    ("id", "effective", "refusal"),
    [
        ("WH-2027-03", "2027-03-01", None),
        ("WH-2027-03", "2027-01-02", None),
        ("WH-2027-03", "2027-01-01", PolicyBackdated),
        ("WH-2016-12", "2027-03-01", PolicyNameTaken),
        ("WH-2026-11", "2026-11-20", PolicyTooSoon),
        ("WH-2026-11", "2026-11-21", PolicyBackdated),
    ],
)
def test_a_policy_takes_over_from_a_later_day(
    id: str, effective: str, refusal: type[Refusal] | None
) -> None:
    proposed = policy(id=id, effective=effective)
    if refusal is None:
        event = decide_draft(proposed, CALENDAR, proposer="per_1", today=TODAY)
        assert (event.policy.id, event.second) == (id, "per_1")
        return
    with pytest.raises(refusal):
        decide_draft(proposed, CALENDAR, proposer="per_1", today=TODAY)


# Histories


class Found(Answer, frozen=True, kw_only=True):
    policy: str


async def in_force() -> str:
    answer = await write(SYSTEM, None, lambda batch: Found(policy=_id_of(batch)), answer=Found)
    return answer.policy


def _id_of(batch: Batch) -> str:
    return batch.policy.id


@pytest.mark.anyio
async def test_two_leads_publish_a_policy_and_it_holds_from_its_day(world: World) -> None:
    proposer, second = [await world.officer(Role.CITY_LEAD) for _ in range(2)]
    effective = TODAY + timedelta(days=1)
    text = document("WH-2026-11", effective.isoformat())
    proposed = await propose_policy(proposer, document=text, key=key())
    assert await in_force() == "WH-2016-12"
    with pytest.raises(ProposerPublishes):
        await publish_policy(proposer, draft=proposed.draft, key=key())
    made = await publish_policy(second, draft=proposed.draft, key=key())
    assert (made.policy, made.effective) == ("WH-2026-11", effective)
    assert [version.id for version in await policies()] == ["WH-2016-12", "WH-2026-11"]
    assert await in_force() == "WH-2016-12"
    world.clock.move(timedelta(days=1))
    assert await in_force() == "WH-2026-11"
    before = await policy_on(TODAY)
    assert before is not None
    assert before.id == "WH-2016-12"
    with pytest.raises(NotFound):
        await publish_policy(second, draft=proposed.draft, key=key())


@pytest.mark.anyio
async def test_a_draft_that_waited_too_long_is_not_published(world: World) -> None:
    proposer, second = [await world.officer(Role.CITY_LEAD) for _ in range(2)]
    text = document("WH-2026-11", "2026-11-21")
    proposed = await propose_policy(proposer, document=text, key=key())
    world.clock.move(timedelta(days=1))
    with pytest.raises(PolicyTooSoon):
        await publish_policy(second, draft=proposed.draft, key=key())


@pytest.mark.anyio
async def test_only_leads_of_the_whole_city_propose_publish_and_see(world: World) -> None:
    lead = await world.officer(Role.CITY_LEAD)
    proposed = await propose_policy(lead, document=document(), key=key())
    near = await world.officer(Role.CITY_LEAD, "420100/420102/")
    for actor, denial in (
        (near, Forbidden),
        (world.staff[Role.DISTRICT_LEAD], Forbidden),
        (SYSTEM, Forbidden),
        (PUBLIC, Unauthenticated),
    ):
        with pytest.raises(denial):
            await propose_policy(actor, document=document(), key=key())
        with pytest.raises(denial):
            await publish_policy(actor, draft=proposed.draft, key=key())
        assert await policy_drafts.drafts(actor) == []
        assert await policy_drafts.draft(actor, proposed.draft) is None
    assert [held.id for held in await policy_drafts.drafts(lead)] == [proposed.draft]
    with pytest.raises(PolicyMalformed):
        await propose_policy(lead, document="x" * 20_001, key=key())


# On the wire


@pytest.mark.anyio
async def test_proposing_publishing_and_reading_on_the_wire(world: World) -> None:
    proposer, second = [await world.officer(Role.CITY_LEAD) for _ in range(2)]
    given = {"document": document(), "idempotencyKey": "attempt-1"}
    assert await act(world, PUBLIC, "proposePolicy", "draft", **given) == ["UNAUTHENTICATED"]
    draft = (await act(world, proposer, "proposePolicy", "draft", **given))["draft"]
    waiting = "{ policyDrafts { id policy effective proposedAt } }"
    (seen,) = (await ask(world, second, waiting))["policyDrafts"]
    assert (seen["id"], seen["policy"], seen["effective"]) == (draft, "WH-2027-03", "2027-03-01")
    assert await ask(world, PUBLIC, waiting) == {"policyDrafts": []}
    given = {"draft": draft, "idempotencyKey": "attempt-2"}
    alone = await act(world, proposer, "publishPolicy", "effective", **given)
    assert alone["userErrors"][0]["code"] == "PROPOSER_PUBLISHES"
    made = await act(world, second, "publishPolicy", "effective", **given)
    assert made == {"effective": "2027-03-01", "userErrors": []}
    read = "query($on: Date) { policy(on: $on) { id document entry { seq } } policies { id } }"
    told = await ask(world, PUBLIC, read, on="2027-03-01")
    assert read_policy(told["policy"]["document"]) == policy()
    assert [one["id"] for one in told["policies"]] == ["WH-2016-12", "WH-2027-03"]
    assert (await ask(world, PUBLIC, "{ policy { id } }"))["policy"]["id"] == "WH-2016-12"
