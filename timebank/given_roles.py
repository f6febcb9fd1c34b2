"""Given roles: who holds which role below a path, for whoever may end it (domain 11).

`access` keeps the grants of each person, as its decisions ask for them; this keeps each grant at
its scope. Refuses to decide anything.
"""

from datetime import date
from typing import Unpack

from tortoise.expressions import Q

from ledger.entry import Sealed
from timebank.access import Action, RoleEnded, RoleGranted, may_read
from timebank.actors import Actor
from timebank.clock import day_of
from timebank.journal import current
from timebank.projections import Rows, projects
from timebank.rights import Role
from timebank.tables import Row, Where, newest_by_id, table

# Tables and projectors


@table("given_role", index=[("scope", "id")])
class GivenRole(Row, frozen=True):
    """A grant that was not ended; `until` is its last day, None until it is ended."""

    id: str
    person: str
    role: Role
    scope: str
    until: date | None = None


@projects(RoleGranted)
def _granted(rows: Rows, event: RoleGranted, entry: Sealed) -> None:
    rows.put(
        GivenRole(
            id=event.grant,
            person=event.person,
            role=event.role,
            scope=event.scope,
            until=event.until,
        )
    )


@projects(RoleEnded)
def _ended(rows: Rows, event: RoleEnded, entry: Sealed) -> None:
    rows.drop(GivenRole, event.grant)


# Reads


async def roles_given(actor: Actor, path: str, **where: Unpack[Where]) -> list[GivenRole]:
    """The roles that stand below a path, the newest first, for whoever may end them."""
    if not await may_read(actor, Action.GRANT_ROLE, path):
        return []
    today = day_of(current().clock.now()).isoformat()
    stands = Q(until__isnull=True) | Q(until__gte=today)
    return await newest_by_id(GivenRole, where, Q(scope__startswith=path), stands)
