"""Claims on wishes: one claimant has a wish to themselves, for as long as they act (domain 8).

A member, a team, a unit, or another volunteer where the community allows it. Contact comes within
some days or the wish is back on the list before the others; so it is when the days to grant it are
over. A person, member or not, stands in it under an alias, and no staff but the Party secretary
sees which person has a wish: where only members may, that would tell.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace
from tortoise.expressions import Q

from ledger.entry import Sealed
from timebank.access import SCOPES, Action, grants_of, in_reach, may, permit, permit_self, reach
from timebank.actors import Actor
from timebank.aliases import LEAVING, Alias, alias_of, named_aliases, tie, under_alias
from timebank.batch import Batch
from timebank.clock import day_of
from timebank.divisions import Area
from timebank.events import Event
from timebank.ids import new
from timebank.journal import Answer, current, write
from timebank.keys import RequestKey
from timebank.member_life import MemberReportMissing
from timebank.member_reports import active_member
from timebank.people import active_person
from timebank.places import Station
from timebank.projections import Place, Rows, projects
from timebank.refusals import NotFound, Refusal
from timebank.tables import Row, find, find_many, select, table
from timebank.teams import Team, TeamState
from timebank.units import WorkUnit
from timebank.wish_life import (
    LISTED,
    ClaimantKind,
    WishClaimed,
    WishFulfilled,
    WishReturned,
    WishReturnReason,
)
from timebank.wishes import Wish, claim_by, not_taken_down, told_of, visible_wishes

PERSONS = frozenset({ClaimantKind.MEMBER, ClaimantKind.VOLUNTEER})
GROUPS: dict[ClaimantKind, tuple[type[Row], Action]] = {
    ClaimantKind.TEAM: (Team, Action.CLAIM_FOR_TEAM),
    ClaimantKind.UNIT: (WorkUnit, Action.CLAIM_FOR_UNIT),
}

# Events


class WishesOpenedToVolunteers(Event, frozen=True, tag="wish.volunteers_allowed"):
    """A community lets any volunteer claim its wishes, or no longer."""

    community: str
    allowed: bool


# Refusals


class WishTaken(Refusal):
    """Exactly one has the wish; the others are told who may help next."""

    says = "Somebody else has this wish now; ask {community}, which knows of others that wait."
    community: str
    path = ("wish",)


class ClaimantNotAllowed(Refusal):
    """Who may claim is the community's to say (domain 8)."""

    says = "In {community} members, teams and units claim wishes; ask there how you can help."
    community: str


class OwnWish(Refusal):
    """Nobody grants their own wish."""

    says = "This is your own wish; somebody else must claim it."
    path = ("wish",)


# Tables and projectors


@table("wish_claim", index=[("claimant", "id"), ("path", "id")])
class WishClaim(Row, frozen=True):
    """One claim; `path` is where the wish lies, `ended` why it came to nothing."""

    id: str
    wish: str
    kind: ClaimantKind
    claimant: str
    path: str
    claimed_at: datetime
    fulfilled_at: datetime | None = None
    ended: WishReturnReason | None = None


@table("open_wish_claims")
class OpenWishClaims(Row, frozen=True):
    """The wishes that a claimant has now."""

    claimant: str
    claims: tuple[str, ...]


@table("wish_volunteers")
class WishVolunteers(Row, frozen=True):
    """Whether a community lets any volunteer claim."""

    community: str
    allowed: bool


@projects(WishClaimed)
def _claimed(rows: Rows, event: WishClaimed, entry: Sealed) -> None:
    rows.put(
        WishClaim(
            id=event.claim,
            wish=event.wish,
            kind=event.claimant_kind,
            claimant=event.claimant,
            path=rows.there(Wish, event.wish).path,
            claimed_at=entry.at,
        )
    )
    held = rows.get(OpenWishClaims, event.claimant)
    claims = (*(held.claims if held else ()), event.claim)
    rows.put(OpenWishClaims(claimant=event.claimant, claims=claims))


@projects(WishReturned, WishFulfilled)
def _over(rows: Rows, event: WishReturned | WishFulfilled, entry: Sealed) -> None:
    if event.claim is None:
        return
    claim = rows.there(WishClaim, event.claim)
    if isinstance(event, WishReturned):
        rows.put(replace(claim, ended=event.reason))
    else:
        rows.put(replace(claim, fulfilled_at=entry.at))
    held = rows.there(OpenWishClaims, claim.claimant)
    left = tuple(one for one in held.claims if one != claim.id)
    rows.put(replace(held, claims=left))


@projects(WishesOpenedToVolunteers)
def _opened(rows: Rows, event: WishesOpenedToVolunteers, entry: Sealed) -> None:
    rows.put(WishVolunteers(community=event.community, allowed=event.allowed))


# What other capabilities ask


def community_of(batch: Batch, wish: Wish) -> Area:
    """The community in which a wish was told."""
    return batch.there(Area, batch.there(Station, wish.station).area)


def is_claimant(batch: Batch, claim: WishClaim) -> bool:
    """Whether the batch's actor has the claim, or acts for the team or unit that does."""
    person = batch.actor.person
    if person is None:
        return False
    if claim.kind in PERSONS:
        held = batch.get(Alias, person)
        return held is not None and held.alias == claim.claimant
    row, action = GROUPS[claim.kind]
    return may(batch, action, str(getattr(batch.there(row, claim.claimant), "path", "")))


def give_back(batch: Batch, claim: WishClaim, reason: WishReturnReason) -> Sealed:
    """Put a claimed wish back on the list, before the others."""
    event = WishReturned(wish=claim.wish, claim=claim.id, reason=reason, claim_by=claim_by(batch))
    return batch.record(event)


def _give_all_back(batch: Batch, member: str) -> None:
    held = batch.get(OpenWishClaims, member)
    for id in held.claims if held else ():
        claim = batch.there(WishClaim, id)
        if claim.kind is ClaimantKind.MEMBER:
            give_back(batch, claim, WishReturnReason.GIVEN_BACK)


LEAVING.append(_give_all_back)

# Commands


class WishActed(Answer, frozen=True, kw_only=True):
    """The claim that was made or moved on."""

    claim: str


class Allowed(Answer, frozen=True, kw_only=True):
    """Whose wishes any volunteer may claim, or no longer."""

    community: str


async def allow_volunteers(
    actor: Actor, *, community: str, allowed: bool, key: RequestKey
) -> Allowed:
    """Let any volunteer claim the wishes of a community, or no longer. Refuses: NotFound."""

    def work(batch: Batch) -> Allowed:
        area = batch.need(Area, community, "area")
        permit(batch, Action.MANAGE_POSTS, area.path)
        event = WishesOpenedToVolunteers(community=community, allowed=allowed)
        return Allowed(entry=batch.record(event).seq, community=community)

    return await write(actor, key, work, answer=Allowed, needs=[(Area, community)])


async def claim_wish(
    actor: Actor, *, wish: str, key: RequestKey, claimant: str | None = None
) -> WishActed:
    """Have a wish to oneself, or to a team or unit one acts for.

    Args: claimant, the id of a team or unit; None for oneself, as a member or another volunteer.
    Refuses: NotFound, WishTaken, OwnWish, TookItDown, ClaimantNotAllowed, PersonNotActive.
    """
    claim = new("wcl")
    acting = actor if claimant else await under_alias(actor)

    def work(batch: Batch) -> WishActed:
        held = batch.need(Wish, wish, "wish")
        community = community_of(batch, held)
        if held.state not in LISTED:
            if held.claim is not None:
                raise WishTaken(community=community.name)
            raise NotFound(what="wish")
        if held.resident in actor.selves:
            raise OwnWish
        not_taken_down(batch, held)
        kind, whose = _claiming(batch, claimant, community)
        event = WishClaimed(
            wish=wish,
            claim=claim,
            claimant_kind=kind,
            claimant=whose,
            contact_by=batch.today + timedelta(days=batch.policy.wish.contact_days),
        )
        return WishActed(entry=batch.record(event).seq, claim=claim)

    needs: list[Place] = [(Wish, wish), (Alias, actor.person or "")]
    return await write(acting, key, work, answer=WishActed, needs=needs)


def _claiming(batch: Batch, claimant: str | None, community: Area) -> tuple[ClaimantKind, str]:
    """As whom the actor claims. Refuses: NotFound, ClaimantNotAllowed, PersonNotActive."""
    if claimant is not None:
        kinds = {SCOPES["tea"]: ClaimantKind.TEAM, SCOPES["uni"]: ClaimantKind.UNIT}
        kind = kinds.get(SCOPES.get(claimant.partition("_")[0], Area))
        if kind is None:
            raise NotFound(what="claimant")
        row, action = GROUPS[kind]
        group = in_reach(batch, action, row, claimant, what="claimant")
        if isinstance(group, Team) and group.state is not TeamState.ACTIVE:
            raise NotFound(what="claimant")
        return kind, claimant
    person = active_person(batch, permit_self(batch.actor))
    if batch.policy.member.enabled:
        try:
            return ClaimantKind.MEMBER, active_member(batch).member
        except MemberReportMissing:
            pass
    allowed = batch.get(WishVolunteers, community.code)
    if allowed is None or not allowed.allowed:
        raise ClaimantNotAllowed(community=community.name)
    return ClaimantKind.VOLUNTEER, tie(batch, person.id)


# Reads


async def volunteers_allowed(community: str) -> bool:
    """Whether any volunteer may claim the wishes of a community, as everybody may know."""
    held = await find(WishVolunteers, community)
    return held is not None and held.allowed


async def claims_held(actor: Actor, claims: Sequence[WishClaim]) -> set[str]:
    """Those of some claims that the actor has, or acts for."""
    alias, held = await alias_of(actor), await grants_of(actor)
    today = day_of(current().clock.now())
    groups: dict[str, bool] = {}
    for kind, (row, action) in GROUPS.items():
        for group in (await find_many(row, _claimants(claims, kind))).values():
            path = str(getattr(group, "path", ""))
            groups[str(group.pk)] = held is not None and held.may(action, path, today)
    return {
        claim.id
        for claim in claims
        if (claim.kind in PERSONS and claim.claimant == alias) or groups.get(claim.claimant, False)
    }


def _claimants(claims: Sequence[WishClaim], *kinds: ClaimantKind) -> list[str]:
    return sorted({claim.claimant for claim in claims if claim.kind in kinds})


async def visible_wish_claims(actor: Actor, ids: Sequence[str]) -> dict[str, WishClaim]:
    """Claims by id: one's own, those of whom one acts for, and for the secretary all there.

    Other staff see those of teams and units; which person has a wish, they do not.
    """
    found = list((await find_many(WishClaim, ids)).values())
    mine = await claims_held(actor, found)
    secretary = await reach(actor, Action.MANAGE_POSTS)
    staff = await reach(actor, Action.COLLECT_WISHES)
    return {
        held.id: held
        for held in found
        if held.id in mine
        or secretary(held.path)
        or (held.kind not in PERSONS and staff(held.path))
    }


async def seen_wishes(actor: Actor, ids: Sequence[str]) -> dict[str, Wish]:
    """Wishes by id that the actor may see, those they claimed among them."""
    seen = await visible_wishes(actor, ids)
    others = {held.id: held for held in (await find_many(Wish, ids)).values()}
    claims = await find_many(WishClaim, [held.claim for held in others.values() if held.claim])
    mine = await claims_held(actor, list(claims.values()))
    return seen | {id: held for id, held in others.items() if held.claim in mine}


async def told_by_residents(actor: Actor, ids: Sequence[str]) -> dict[str, dict[str, str]]:
    """Name, telephone, address and words of residents: for who grants the wish, its staff, and
    the resident, who told it."""
    found = {held.id: held for held in (await find_many(Wish, ids)).values()}
    claims = await find_many(WishClaim, [held.claim for held in found.values() if held.claim])
    mine = await claims_held(actor, list(claims.values()))
    staff = await reach(actor, Action.COLLECT_WISHES)
    let = [
        id
        for id, held in found.items()
        if held.claim in mine or staff(held.path) or held.resident in actor.selves
    ]
    return await told_of(let)


async def claimants_of(actor: Actor, ids: Sequence[str]) -> dict[str, tuple[str, str | None]]:
    """Volunteer number and name of persons, by claim: for the secretary and themselves."""
    seen = await visible_wish_claims(actor, ids)
    names = await named_aliases(_claimants(list(seen.values()), *PERSONS))
    return {id: names[held.claimant] for id, held in seen.items() if held.claimant in names}


async def wish_claims_of(
    actor: Actor,
    *,
    claimant: str | None = None,
    after: str | None,
    before: str | None,
    limit: int,
    backward: bool,
) -> list[WishClaim]:
    """The actor's own claims, or those of a team or unit they act for, newest first."""
    which = Q(claimant=claimant or await alias_of(actor) or "")
    bounds = [Q(id__lt=after)] if after else []
    bounds += [Q(id__gt=before)] if before else []
    order = ["id" if backward else "-id"]
    found = await select(WishClaim, which, *bounds, order=order, limit=limit)
    mine = await claims_held(actor, found)
    return [held for held in found if held.id in mine]
