"""The register of organisations: who sees which of them, and where they are found (domain 9).

What stands or stood is for everybody; an application is for its founder, for the officers above it
and for whoever stands for its supervising unit.
"""

from collections.abc import Iterable, Sequence
from typing import Unpack

from tortoise.expressions import Q

from timebank.access import Action, grants_of, may_read, reach
from timebank.actors import Actor
from timebank.clock import day_of
from timebank.credit_codes import spelled_code
from timebank.divisions import CITY_PATH
from timebank.ids import is_id
from timebank.journal import current
from timebank.organisation_life import OPEN_TO_ALL, PENDING, OrganisationState
from timebank.organisations import CreditCode, Organisation, organisations_by_id
from timebank.tables import Where, find, find_many, page_by_id
from timebank.units import WorkUnit

FILINGS = (OrganisationState.FILING_ASKED, OrganisationState.FILING_REFUSED)
"""What the street sees of its own filings beside those that stand."""


async def visible_organisations(actor: Actor, ids: Sequence[str]) -> dict[str, Organisation]:
    """Organisations by id: what stands or stood for everybody, applications for a few.

    Those are the founder, the officers above, and who stands for the supervising unit.
    """
    found = await organisations_by_id(ids)
    registrars = await reach(actor, Action.REGISTER_ORGANISATION)
    streets = await reach(actor, Action.FILE_ORGANISATION)
    units = await find_many(WorkUnit, {one.supervisor for one in found.values() if one.supervisor})
    supervises = await reach(actor, Action.ACT_FOR_ORGANISATION)

    def seen(held: Organisation) -> bool:
        if held.state in OPEN_TO_ALL or (actor.person and held.applicant == actor.person):
            return True
        if held.state in FILINGS and streets(held.path):
            return True
        unit = units.get(held.supervisor or "")
        return registrars(held.path) or (unit is not None and supervises(unit.path))

    return {id: held for id, held in found.items() if seen(held)}


async def private_to(actor: Actor, ids: Sequence[str]) -> dict[str, Organisation]:
    """Those of some organisations whose papers the actor may read.

    Whoever acts for them, their founder, and the officers above.
    """
    found = await organisations_by_id(ids)
    reaches = [
        await reach(actor, action)
        for action in (
            Action.ACT_FOR_ORGANISATION,
            Action.REGISTER_ORGANISATION,
            Action.FILE_ORGANISATION,
        )
    ]
    return {
        id: held
        for id, held in found.items()
        if (actor.person and held.applicant == actor.person)
        or any(within(held.path) for within in reaches)
    }


async def organisations_below(
    path: str,
    states: Iterable[OrganisationState],
    *,
    after: str | None,
    before: str | None,
    limit: int,
    backward: bool,
) -> list[Organisation]:
    """What stands at or below a path, in some of the states open to all, the oldest first."""
    open_states = [state.value for state in states if state in OPEN_TO_ALL]
    which = Q(path__startswith=path or CITY_PATH, state__in=open_states)
    return await page_of(which, after=after, before=before, limit=limit, backward=backward)


async def applications_below(
    actor: Actor,
    path: str,
    *,
    after: str | None,
    before: str | None,
    limit: int,
    backward: bool,
) -> list[Organisation]:
    """What waits for its officers at or below a path, the oldest first; for those officers."""
    states: list[OrganisationState] = []
    if await may_read(actor, Action.REGISTER_ORGANISATION, path):
        states += [state for state in PENDING if state is not OrganisationState.FILING_ASKED]
    if await may_read(actor, Action.FILE_ORGANISATION, path):
        states.append(OrganisationState.FILING_ASKED)
    if not states:
        return []
    which = Q(path__startswith=path, state__in=[state.value for state in states])
    return await page_of(which, after=after, before=before, limit=limit, backward=backward)


async def my_organisations(
    actor: Actor, *, after: str | None, before: str | None, limit: int, backward: bool
) -> list[Organisation]:
    """What the actor founded or stands for, the oldest first."""
    held, today = await grants_of(actor), day_of(current().clock.now())
    grants = held.standing(today) if held else ()
    ids = [grant.scope.rstrip("/").rpartition("/")[2] for grant in grants]
    which = Q(applicant=actor.person or "") | Q(id__in=[id for id in ids if is_id(id, "org")])
    return await page_of(which, after=after, before=before, limit=limit, backward=backward)


async def page_of(which: Q, **where: Unpack[Where]) -> list[Organisation]:
    """A page of organisations, strictly between two ids."""
    return await page_by_id(Organisation, where, which)


async def organisation_coded(code: str) -> str | None:
    """Which organisation has a unified social credit code."""
    held = await find(CreditCode, spelled_code(code))
    return held.organisation if held else None
