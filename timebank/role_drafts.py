"""Role drafts: one operator proposes a role for somebody, another grants it (domain 11).

The first administrators are made by the software itself, on its own command line. Apart from
`access`, which every decision asks. A draft is no entry: only what was granted is.
"""

from datetime import date, datetime

from timebank.access import (
    Action,
    Grant,
    Granted,
    Grants,
    Role,
    give,
    in_reach,
    may_read,
    need_holder,
)
from timebank.actors import Actor, PersonId
from timebank.batch import Batch
from timebank.ids import new
from timebank.journal import Answer, write
from timebank.keys import RequestKey
from timebank.projections import Place
from timebank.refusals import Refusal
from timebank.tables import Row, select, table
from timebank.vault import DataKey

# Refusals


class ProposerGrants(Refusal):
    """Two persons give a role (domain 11)."""

    says = "Another operator must grant the role that you proposed."


# Tables


@table("role_draft", vault=True, index=[("scope",)])
class RoleDraft(Row, frozen=True):
    """A role that is proposed for somebody and waits for a second operator."""

    id: str
    person: str
    proposer: str
    proposed_at: datetime
    role: Role
    scope: str
    until: date | None = None

    @property
    def grant(self) -> Grant:
        """The grant as it would be made: it has the draft's own id."""
        return Grant(id=self.id, role=self.role, scope=self.scope, until=self.until)


# Commands


class RoleProposed(Answer, frozen=True, kw_only=True):
    """What now waits for a second operator, or was let go."""

    draft: str


async def propose_role(
    actor: Actor,
    *,
    person: PersonId,
    role: Role,
    scope: str,
    key: RequestKey,
    until: date | None = None,
) -> RoleProposed:
    """Propose a role over everything below the path `scope`, for another operator to grant.

    Refuses: GrantToSelf, HolderGone, ScopeMalformed, GrantEndsTooSoon, RoleHeldAlready,
    ScopeUnknown, NotFound.   Source: domain 11.
    """
    draft = new("grt")

    def work(batch: Batch) -> RoleProposed:
        made = RoleDraft(
            id=draft,
            person=person,
            proposer=actor.id,
            proposed_at=batch.now,
            role=role,
            scope=scope,
            until=until,
        )
        need_holder(batch, person, made.grant)
        batch.put(made)
        return RoleProposed(draft=draft)

    needs: list[Place] = [(Grants, person), (DataKey, person)]
    return await write(actor, key, work, answer=RoleProposed, needs=needs)


async def drop_role(actor: Actor, *, draft: str, key: RequestKey) -> RoleProposed:
    """Let a proposed role go, as its proposer or as the operator who does not agree.

    Refuses: NotFound.
    """

    def work(batch: Batch) -> RoleProposed:
        batch.drop(RoleDraft, _draft(batch, draft).id)
        return RoleProposed(draft=draft)

    return await write(actor, key, work, answer=RoleProposed, needs=[(RoleDraft, draft)])


async def grant_proposed(actor: Actor, *, draft: str, key: RequestKey) -> Granted:
    """Grant what another operator proposed: the entry's actor is the second person.

    Refuses: NotFound, ProposerGrants, and what proposing refuses.   Source: domain 11.
    """

    def work(batch: Batch) -> Granted:
        held = _draft(batch, draft)
        if held.proposer == actor.id:
            raise ProposerGrants
        batch.drop(RoleDraft, draft)
        return give(batch, held.person, held.grant, proposer=held.proposer)

    return await write(actor, key, work, answer=Granted, needs=[(RoleDraft, draft)])


def _draft(batch: Batch, draft: str) -> RoleDraft:
    return in_reach(batch, Action.GRANT_ROLE, RoleDraft, draft, what="draft", where="scope")


# Reads


async def role_drafts(actor: Actor, scope: str) -> list[RoleDraft]:
    """The roles that wait below a path, oldest first, for operators who may grant them."""
    if not await may_read(actor, Action.GRANT_ROLE, scope):
        return []
    return await select(RoleDraft, scope__startswith=scope, order=["id"])
