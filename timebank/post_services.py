"""Services on posts: a member says which of their records of service was on a post (domain 8).

The record itself comes in like any other, and nothing in it tells of a post: whoever records hours
would learn who is a member. So the tie lies in the vault and goes with the person, since a record
names its volunteer for good; the ledger holds a keyed mark of the record, under the member id.
"""

from collections.abc import Sequence
from datetime import date

from ledger.entry import Sealed
from timebank.access import permit_self
from timebank.actors import Actor
from timebank.aliases import alias_of, module_on, under_alias
from timebank.batch import Batch
from timebank.clock import day_of
from timebank.events import Event
from timebank.hours import Record
from timebank.journal import Answer, write
from timebank.keys import RequestKey
from timebank.post_claim_life import ClaimState
from timebank.post_claims import CLAIMS, PostClaim, own_claim
from timebank.projections import Place, Rows, projects
from timebank.record_life import COUNTED, CaptureMode, RecordState
from timebank.refusals import NotFound, Refusal
from timebank.tables import Row, find_many, newest_by_id, select, table
from timebank.vault import keyring

MOST_LOOKED_AT, MOST_NAMEABLE = 100, 20
UNDONE = frozenset({RecordState.REJECTED, RecordState.REPUDIATED, RecordState.REVERSED})
SERVED = frozenset({ClaimState.SERVING, ClaimState.COMPLETED})

# Events


class PostServed(Event, frozen=True, tag="post_claim.served"):
    """A record of service was on a post; `record` is a keyed mark that tells of none."""

    claim: str
    post: str
    member: str
    record: str


# Refusals


class NotOnThisPost(Refusal):
    """Service on a post follows its claim, and stands."""

    says = "Name a record of your own that stands, of a day on or after the claim began to run."
    path = ("record",)


class ServiceNamedAlready(Refusal):
    """One record is service on one post."""

    says = "This record is named as service on a post already."
    path = ("record",)


class ClaimNotServing(Refusal):
    """Who serves, or has served, names their service."""

    says = "This claim is {state}; begin the post before you name service on it."
    state: str


# Tables and projectors


@table("post_service", vault=True, index=[("claim",), ("person",)])
class PostService(Row, frozen=True):
    """Which record was service on which claim, and whose: it goes with the person."""

    record: str
    claim: str
    person: str


@table("post_service_mark")
class PostServiceMark(Row, frozen=True):
    """A keyed mark of a record that was named as service on a post."""

    mark: str
    claim: str


@projects(PostServed)
def _served(rows: Rows, event: PostServed, entry: Sealed) -> None:
    rows.put(PostServiceMark(mark=event.record, claim=event.claim))


# Decisions


def decide_served(claim: PostClaim, record: Record) -> None:
    """Whether a record of the member's own can be service on a claim.

    Refuses: ClaimNotServing, NotOnThisPost.
    """
    if claim.state not in SERVED:
        raise ClaimNotServing(state=claim.state.value)
    if record.state in UNDONE or record.day < day_of(claim.claimed_at):
        raise NotOnThisPost


def can_be_served(claim: PostClaim, record: Record) -> bool:
    """Whether a member's own record can be service on a claim."""
    try:
        decide_served(claim, record)
    except Refusal:
        return False
    return True


# Commands


class Served(Answer, frozen=True, kw_only=True):
    """The claim on which service was named."""

    claim: str


async def name_service(actor: Actor, *, claim: str, record: str, key: RequestKey) -> Served:
    """Say that a record of one's own was service on a post that one serves.

    Refuses: MemberModuleOff, NotFound, ClaimNotServing, NotOnThisPost, ServiceNamedAlready.
    """
    person, member = permit_self(actor), await under_alias(actor)
    mark = keyring().mark("post service", record)

    def work(batch: Batch) -> Served:
        module_on(batch)
        held = own_claim(batch, claim)
        served = batch.need(Record, record, "record")
        if served.volunteer != person:
            raise NotFound(what="record")
        decide_served(held, served)
        if batch.get(PostServiceMark, mark) is not None:
            raise ServiceNamedAlready
        batch.put(PostService(record=record, claim=claim, person=person))
        event = PostServed(claim=claim, post=held.post, member=held.member, record=mark)
        return Served(entry=batch.record(event).seq, claim=claim)

    needs: list[Place] = [(PostClaim, claim), (Record, record), (PostServiceMark, mark)]
    return await write(member, key, work, answer=Served, needs=needs)


# Reads


async def served_on(actor: Actor, claims: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Minutes that stand, and minutes of them on duty, by claim that the actor may see."""
    seen = await CLAIMS.visible(actor, claims)
    return await minutes_served(list(seen))


async def nameable_on(actor: Actor, claims: Sequence[str]) -> dict[str, list[str]]:
    """The actor's records that they may still name as service, by their own claim, newest first.

    At most 20 for each claim, of the latest 100 records.
    """
    alias = await alias_of(actor)
    seen = await CLAIMS.visible(actor, claims)
    own = await newest_by_id(Record, {"limit": MOST_LOOKED_AT}, volunteer=actor.person or "")
    named = await find_many(PostService, [record.id for record in own])
    free = [record for record in own if record.id not in named]
    return {
        id: [record.id for record in free if can_be_served(held, record)][:MOST_NAMEABLE]
        for id, held in seen.items()
        if held.member == alias
    }


async def minutes_served(
    claims: Sequence[str], *, since: date = date.min, until: date = date.max
) -> dict[str, tuple[int, int]]:
    """The same between two days, for whoever was asked already whether they may know."""
    ties = await select(PostService, claim__in=list(claims))
    records = await find_many(Record, [tie.record for tie in ties])
    told = dict.fromkeys(claims, (0, 0))
    for tie in ties:
        record = records.get(tie.record)
        if record is not None and record.state in COUNTED and since <= record.day <= until:
            minutes, duty = told[tie.claim]
            on_duty = record.minutes if record.mode is CaptureMode.DUTY else 0
            told[tie.claim] = (minutes + record.minutes, duty + on_duty)
    return told
