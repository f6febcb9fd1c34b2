"""Policy drafts: one city lead proposes a policy, another publishes it (domain 11 and 12).

A draft is no entry: only what was published is. Apart from `policy`, which the journal itself asks.
"""

from datetime import date, datetime

from timebank.access import Action, may_read, permit
from timebank.actors import Actor, PersonId
from timebank.batch import Batch
from timebank.divisions import CITY_PATH
from timebank.ids import new
from timebank.journal import Answer, write
from timebank.keys import RequestKey
from timebank.policy import (
    CALENDAR,
    Policy,
    PolicyCalendar,
    PolicyMalformed,
    PolicyPublished,
    decide_publish,
    read_policy,
)
from timebank.refusals import Forbidden, Refusal, Unauthenticated
from timebank.tables import Row, find, select, table

LONGEST_DOCUMENT = 20_000

# Refusals


class PolicyTooSoon(Refusal):
    """What was done today was done under another rule (domain 12)."""

    says = "A policy holds from tomorrow at the earliest, not from {effective}."
    effective: date


class ProposerPublishes(Refusal):
    """Two persons publish a policy (domain 12)."""

    says = "Another city lead must publish the policy that you proposed."


# Decisions


def decide_draft(
    policy: Policy, calendar: PolicyCalendar | None, *, proposer: PersonId, today: date
) -> PolicyPublished:
    """The policy as it is to be published, its proposer named in it.

    Refuses: PolicyTooSoon, PolicyNameTaken, PolicyBackdated.
    """
    if policy.policy.effective <= today:
        raise PolicyTooSoon(effective=policy.policy.effective)
    return decide_publish(policy, calendar, proposer)


# Tables


@table("policy_draft", vault=True)
class PolicyDraft(Row, frozen=True):
    """A proposed policy that waits for a second person."""

    id: str
    proposer: str
    proposed_at: datetime
    document: Policy


# Commands


class PolicyProposed(Answer, frozen=True, kw_only=True):
    """The draft that now waits for a second person."""

    draft: str
    policy: str


class PolicyHolds(Answer, frozen=True, kw_only=True):
    """The policy that was published."""

    policy: str
    effective: date


async def propose_policy(actor: Actor, *, document: str, key: RequestKey) -> PolicyProposed:
    """Propose a policy, one YAML document of at most 20,000 characters.

    Refuses: PolicyMalformed, PolicyTooSoon, PolicyNameTaken, PolicyBackdated.
    """
    # Nothing is parsed for whoever may not propose.
    if not await may_read(actor, Action.PUBLISH_POLICY, CITY_PATH):
        raise Forbidden if actor.known else Unauthenticated
    if len(document) > LONGEST_DOCUMENT:
        raise PolicyMalformed(reason=f"more than {LONGEST_DOCUMENT} characters")
    policy = read_policy(document)
    draft = new("dra")

    def work(batch: Batch) -> PolicyProposed:
        permit(batch, Action.PUBLISH_POLICY, CITY_PATH)
        calendar = batch.get(PolicyCalendar, CALENDAR)
        decide_draft(policy, calendar, proposer=actor.id, today=batch.today)
        batch.put(PolicyDraft(id=draft, proposer=actor.id, proposed_at=batch.now, document=policy))
        return PolicyProposed(draft=draft, policy=policy.id)

    return await write(actor, key, work, answer=PolicyProposed)


async def publish_policy(actor: Actor, *, draft: str, key: RequestKey) -> PolicyHolds:
    """Publish what another city lead proposed: the entry's actor is the second person.

    Refuses: NotFound, ProposerPublishes, PolicyTooSoon, PolicyNameTaken, PolicyBackdated.
    """

    def work(batch: Batch) -> PolicyHolds:
        permit(batch, Action.PUBLISH_POLICY, CITY_PATH)
        held = batch.need(PolicyDraft, draft, "draft")
        if held.proposer == actor.id:
            raise ProposerPublishes
        event = decide_draft(
            held.document,
            batch.get(PolicyCalendar, CALENDAR),
            proposer=held.proposer,
            today=batch.today,
        )
        batch.drop(PolicyDraft, draft)
        entry = batch.record(event)
        return PolicyHolds(
            entry=entry.seq, policy=held.document.id, effective=event.policy.effective
        )

    return await write(actor, key, work, answer=PolicyHolds, needs=[(PolicyDraft, draft)])


# Reads


async def drafts(actor: Actor) -> list[PolicyDraft]:
    """The drafts that wait, oldest first; nobody but city leads sees them."""
    if not await may_read(actor, Action.PUBLISH_POLICY, CITY_PATH):
        return []
    return await select(PolicyDraft, order=["id"])


async def draft(actor: Actor, id: str) -> PolicyDraft | None:
    """A draft by its id, for a city lead."""
    held = await find(PolicyDraft, id)
    return held if held and await may_read(actor, Action.PUBLISH_POLICY, CITY_PATH) else None
