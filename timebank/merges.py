"""Merges: a person who was registered twice becomes one again, with the trace kept (domain 11).

An officer says that two volunteer numbers are one person's; from then on nobody acts by the one
that goes. When nothing is open any more another officer agrees, and in one entry minutes, debts,
service, stars and wards go over to the one that is kept; kin, proxies and household follow by
entries of their own. Nothing is minted and nothing forgiven. What was written under the old id
stays there: old id and old number name the kept person from then on. `merge_life` knows what moves,
`merge_matters` what must be settled before.
"""

from datetime import datetime

import msgspec

from ledger.entry import Sealed
from timebank.access import Action, at_hand, in_reach, reach
from timebank.accounts import balance, moving, owed, pool, volunteer
from timebank.actors import Actor, PersonId
from timebank.batch import Batch
from timebank.cards import Card, CardHolder
from timebank.counter import OwnCounter, person_numbered, spelled
from timebank.erased import personal_places
from timebank.help_orders import HelpOpen
from timebank.holds import HeldFor
from timebank.ids import new
from timebank.journal import Answer, write
from timebank.keys import RequestKey
from timebank.lifecycles import step
from timebank.merge_life import (
    LIFECYCLE,
    MergeDropped,
    MergeGround,
    MergeProposed,
    MergeState,
    PersonMerged,
    decide_moved,
)
from timebank.merge_matters import Unsettled, unsettled
from timebank.merged_records import (
    Concerned,
    concerning,
    decide_length,
    settled_records,
    still_open,
)
from timebank.merged_ties import Ties, move_ties, ties_of
from timebank.notice_codes import NoticeCode
from timebank.notices import notify
from timebank.passkeys import Passkey, PasskeyHolder
from timebank.people import (
    AgeBand,
    Person,
    VolunteerNumber,
    active_person,
    person_by_number,
    person_in_scope,
)
from timebank.person_life import LIFECYCLE as PERSON_LIFE
from timebank.pools import pool_at
from timebank.projections import Place, Rows, projects
from timebank.refusals import NotFound, Refusal
from timebank.sign_in import Attempts, Password, Session
from timebank.sign_in_resets import ResetCode
from timebank.tables import Row, select, table
from timebank.totp import SecondFactor

SIGN_IN = (
    Session,
    Password,
    SecondFactor,
    Passkey,
    PasskeyHolder,
    ResetCode,
    Card,
    CardHolder,
    Attempts,
)
"""By what nobody signs in any more once a registration is gone."""

# Refusals


class MergeIsSelf(Refusal):
    """Two registrations are needed."""

    says = "Both numbers are of one registration already; give the other number."
    path = ("number",)


class MergeAgesWrong(Refusal):
    """One person was born on one day."""

    says = "These two were not born on the same day; they are two, or one date must be put right."


class MergeUnsettled(Refusal):
    """Nothing that waits for somebody is moved from under them."""

    says = "Something of volunteer {number} must be settled or ended first: {matters}."
    number: str
    matters: str


class ProposerMerges(Refusal):
    """Two persons merge (domain 11)."""

    says = "Another officer must decide on the merge that you proposed."


# Tables and projectors


@table("merge", index=[("state", "id"), ("kept", "id")])
class Merge(Row, frozen=True):
    """One merge: who goes, who is kept, at home below which paths, and whose two hands it was."""

    id: str
    person: str
    kept: str
    number: str
    kept_number: str
    path: str
    kept_path: str
    ground: MergeGround
    state: MergeState
    proposer: str
    proposed_at: datetime
    decided_by: str | None = None
    decided_at: datetime | None = None
    minutes: int = 0


@projects(MergeProposed)
def _proposed(rows: Rows, event: MergeProposed, entry: Sealed) -> None:
    gone, kept = rows.there(Person, event.person), rows.there(Person, event.kept)
    rows.put(
        Merge(
            id=event.merge,
            person=gone.id,
            kept=kept.id,
            number=gone.number,
            kept_number=kept.number,
            path=gone.home_path,
            kept_path=kept.home_path,
            ground=event.ground,
            state=MergeState.PROPOSED,
            proposer=entry.actor,
            proposed_at=entry.at,
        )
    )


@projects(MergeDropped, PersonMerged)
def _decided(rows: Rows, event: MergeDropped | PersonMerged, entry: Sealed) -> None:
    held = rows.there(Merge, event.merge)
    rows.put(
        msgspec.structs.replace(
            held,
            state=step(LIFECYCLE, held.state, type(event)),
            decided_by=entry.actor,
            decided_at=entry.at,
            minutes=event.minutes if isinstance(event, PersonMerged) else 0,
        )
    )


# Decisions


def decide_alike(person: AgeBand, kept: AgeBand) -> None:
    """Whether two registrations can be one person's. Refuses: MergeIsSelf, MergeAgesWrong."""
    if person.person == kept.person:
        raise MergeIsSelf
    if person.born != kept.born:
        raise MergeAgesWrong


def decide_settled(number: str, matters: tuple[Unsettled, ...]) -> None:
    """Whether a registration may go with these matters open. Refuses: MergeUnsettled."""
    if matters:
        raise MergeUnsettled(number=number, matters=", ".join(matters))


# Commands


class Merging(Answer, frozen=True, kw_only=True):
    """Which merge it is, and who is kept."""

    merge: str
    kept: PersonId


async def propose_merge(
    actor: Actor, *, number: str, kept: str, ground: MergeGround, key: RequestKey
) -> Merging:
    """Say that the volunteer `number` was registered again as `kept`; the former rests from now on.

    Refuses: NotFound, for whoever is out of scope too; OwnCounter, MergeIsSelf, MergeAgesWrong,
    PersonNotActive, MergeUnsettled.   Source: domain 11.
    """
    merge, named = new("mrg"), await person_by_number(number)
    within = await reach(actor, Action.PROPOSE_MERGE)
    matters = await unsettled(named.id) if named and within(named.home_path) else ()

    def work(batch: Batch) -> Merging:
        one, two = [
            person_in_scope(batch, Action.PROPOSE_MERGE, person_numbered(batch, told).id).id
            for told in (number, kept)
        ]
        if actor.person in (one, two):
            raise OwnCounter
        decide_alike(batch.need(AgeBand, one, "person"), batch.need(AgeBand, two, "person"))
        gone, stays = active_person(batch, one), active_person(batch, two)
        decide_settled(gone.number, matters)
        event = MergeProposed(merge=merge, person=gone.id, kept=stays.id, ground=ground)
        return Merging(entry=batch.record(event).seq, merge=merge, kept=stays.id)

    needs: list[Place] = [(VolunteerNumber, spelled(told)) for told in (number, kept)]
    return await write(actor, key, work, answer=Merging, needs=needs)


async def drop_merge(actor: Actor, *, merge: str, key: RequestKey) -> Merging:
    """Let a proposed merge go, as its proposer or as the officer who does not agree.

    Refuses: NotFound, NotInThisState.
    """

    def work(batch: Batch) -> Merging:
        held = _merge(batch, merge, Action.PROPOSE_MERGE)
        step(LIFECYCLE, held.state, MergeDropped)
        entry = batch.record(MergeDropped(merge=merge, person=held.person))
        return Merging(entry=entry.seq, merge=merge, kept=held.kept)

    return await write(actor, key, work, answer=Merging, needs=[(Merge, merge)])


async def merge_people(actor: Actor, *, merge: str, key: RequestKey) -> Merging:
    """Agree, as another officer: what was the one's is the kept one's from now on.

    Refuses: NotFound, NotInThisState, ProposerMerges, OwnCounter, PersonNotActive, MergeUnsettled,
    MergeTooLong, MergeOverlaps, MergeServesSelf, InHouseholdAlready.   Source: domain 11.
    """
    seen = await at_hand(actor, Action.DECIDE_MERGE, Merge, merge)
    proposed = seen is not None and seen.state is MergeState.PROPOSED
    going = await _read(seen.person) if seen and proposed else None

    def work(batch: Batch) -> Merging:
        held = _merge(batch, merge, Action.DECIDE_MERGE)
        step(LIFECYCLE, held.state, PersonMerged)
        if going is None:
            raise NotFound(what="merge")
        if held.proposer == actor.id:
            raise ProposerMerges
        if actor.person in (held.person, held.kept):
            raise OwnCounter
        gone, kept = batch.there(Person, held.person), active_person(batch, held.kept)
        step(PERSON_LIFE, gone.state, PersonMerged)
        decide_settled(gone.number, going.matters or _since(batch, gone.id))
        decide_length(gone.number, going.concerned)
        records = settled_records(batch, going.concerned.records, person=gone.id, kept=kept.id)
        if still_open(records):
            decide_settled(gone.number, (Unsettled.RECORD,))
        move_ties(batch, going.ties, gone.id, kept.id)
        entry = batch.record(_moving(batch, held, kept, going))
        for row, place in going.keys:
            batch.drop(row, place)
        hands = (held.proposer, actor.id)
        notify(batch, kept.id, NoticeCode.PEOPLE_MERGED, merge, hands=hands)
        return Merging(entry=entry.seq, merge=merge, kept=kept.id)

    needs: list[Place] = [(Merge, merge)]
    if seen is not None and going is not None:
        needs += [(Person, who) for who in (seen.person, seen.kept, *going.wards)]
        parties = (seen.person, seen.kept)
        needs += moving(*(code(who) for code in (volunteer, owed) for who in parties))
    return await write(actor, key, work, answer=Merging, needs=needs)


class _Going(msgspec.Struct, frozen=True):
    """What is somebody's who rests: since nothing new begins, it is all there is."""

    matters: tuple[Unsettled, ...]
    concerned: Concerned
    wards: list[PersonId]
    ties: Ties
    keys: list[Place]


async def _read(person: PersonId) -> _Going:
    places = await personal_places(person)
    return _Going(
        matters=await unsettled(person),
        concerned=await concerning(person),
        wards=[ward.id for ward in await select(Person, guardian=person)],
        ties=await ties_of(person),
        keys=[place for place in places if place[0] in SIGN_IN],
    )


def _moving(batch: Batch, held: Merge, kept: Person, going: _Going) -> PersonMerged:
    area = pool_at(kept.home_path)
    codes = [code(who) for code in (volunteer, owed) for who in (held.person, held.kept)]
    batch.ask(*moving(*codes, pool(area)))
    moved = decide_moved(
        held=balance(batch, volunteer(held.person)),
        due=-balance(batch, owed(held.person)),
        kept_held=balance(batch, volunteer(held.kept)),
        kept_due=-balance(batch, owed(held.kept)),
        cap=batch.policy.credit.balance_cap,
    )
    return PersonMerged(
        merge=held.id,
        person=held.person,
        kept=held.kept,
        proposer=held.proposer,
        area=area,
        wards=tuple(going.wards),
        **msgspec.structs.asdict(going.concerned),
        **msgspec.structs.asdict(moved),
    )


def _since(batch: Batch, person: PersonId) -> tuple[Unsettled, ...]:
    """What an officer or a partner may have opened since the tables were asked."""
    batch.ask((HeldFor, person), (HelpOpen, person))
    held, help = batch.get(HeldFor, person), batch.get(HelpOpen, person)
    found = {Unsettled(reason.value) for reason in (held.reasons if held else ())}
    if help is not None and (help.paying or help.helping):
        found.add(Unsettled.ORDER)
    return tuple(matter for matter in Unsettled if matter in found)


def _merge(batch: Batch, merge: str, action: Action) -> Merge:
    """A merge of two who are in the actor's scope; to anybody else it is not there."""
    in_reach(batch, action, Merge, merge, what="merge")
    return in_reach(batch, action, Merge, merge, what="merge", where="kept_path")


# Reads


async def merges_waiting(actor: Actor, path: str) -> list[Merge]:
    """The merges below a path that wait for a second officer, oldest first, of whoever may see."""
    theirs = await reach(actor, Action.PROPOSE_MERGE)
    waiting = await select(
        Merge, state=MergeState.PROPOSED.value, kept_path__startswith=path, order=["id"]
    )
    return [held for held in waiting if theirs(held.path) and theirs(held.kept_path)]


async def former_numbers(people: list[PersonId]) -> dict[PersonId, list[str]]:
    """The numbers of the registrations that went into people's, the oldest first: the trace."""
    made = await select(Merge, kept__in=people, state=MergeState.MADE.value, order=["id"])
    told: dict[PersonId, list[str]] = {}
    for held in made:
        told.setdefault(held.kept, []).append(held.number)
    return told
