"""The teams of an organisation: what they do is what the organisation does (domain 9).

An organisation asks for a team of a station, the station's manager agrees, either ends it. From the
day of agreement to the day it ends, the team's activities and hours are the organisation's too, and
whoever stands for it, while it stands itself, runs them and confirms their roster (domain 11).
"""

from collections.abc import Sequence
from datetime import date
from enum import StrEnum

from msgspec.structs import replace
from tortoise.expressions import Q

from ledger.entry import Sealed
from timebank.access import ELSEWHERE, Action, may_read, permit
from timebank.actors import Actor
from timebank.batch import Batch
from timebank.clock import day_of
from timebank.events import Event
from timebank.journal import write
from timebank.keys import RequestKey
from timebank.lifecycles import Lifecycle, step
from timebank.organisation_life import STANDING
from timebank.organisations import (
    Organisation,
    OrganisationNotActive,
    Organised,
    acting_for,
    organisations_by_id,
)
from timebank.projections import Place, Rows, projects
from timebank.refusals import Denial, NotFound, Refusal
from timebank.representatives import organisation_over
from timebank.tables import Row, select, table
from timebank.teams import Team, TeamState


class TieState(StrEnum):
    """The life of the tie between an organisation and a team."""

    ASKED = "asked"
    STANDS = "stands"
    ENDED = "ended"


# Events


class TeamAskedFor(Event, frozen=True, tag="organisation_team.asked"):
    """An organisation says that a team is its own."""

    organisation: str
    team: str


class TeamTied(Event, frozen=True, tag="organisation_team.tied"):
    """The team's station agreed."""

    organisation: str
    team: str


class TeamUntied(Event, frozen=True, tag="organisation_team.untied"):
    """The organisation or the station ended it, or the station did not agree."""

    organisation: str
    team: str


# Refusals


class TeamTiedAlready(Refusal):
    """A team belongs to one organisation at a time."""

    says = "This team is an organisation's already, or another has asked for it."
    path = ("team",)


# Lifecycle

LIFECYCLE: Lifecycle[TieState] = {
    TieState.ASKED: {TeamTied: TieState.STANDS, TeamUntied: TieState.ENDED},
    TieState.STANDS: {TeamUntied: TieState.ENDED},
    TieState.ENDED: {TeamAskedFor: TieState.ASKED},
}

# Tables and projectors


@table("organisation_team", index=[("organisation",)])
class OrganisationTeam(Row, frozen=True):
    """Whose team a team is, or was latest; `path` is the team's."""

    team: str
    organisation: str
    path: str
    state: TieState
    since: date | None = None
    until: date | None = None


@projects(TeamAskedFor)
def _asked(rows: Rows, event: TeamAskedFor, entry: Sealed) -> None:
    path = rows.there(Team, event.team).path
    rows.put(
        OrganisationTeam(
            team=event.team, organisation=event.organisation, path=path, state=TieState.ASKED
        )
    )


@projects(TeamTied, TeamUntied)
def _moved(rows: Rows, event: TeamTied | TeamUntied, entry: Sealed) -> None:
    held = rows.there(OrganisationTeam, event.team)
    state = step(LIFECYCLE, held.state, type(event))
    if isinstance(event, TeamTied):
        rows.put(replace(held, state=state, since=day_of(entry.at)))
    else:
        rows.put(replace(held, state=state, until=day_of(entry.at)))


# Commands


async def ask_for_team(actor: Actor, *, organisation: str, team: str, key: RequestKey) -> Organised:
    """Say that a team is one's organisation's; its station has to agree.

    Refuses: NotFound, OrganisationNotActive, TeamTiedAlready.   Source: domain 9.
    """

    def work(batch: Batch) -> Organised:
        held = acting_for(batch, organisation)
        if held.state not in STANDING:
            raise OrganisationNotActive(state=held.state.value)
        if batch.need(Team, team, "team").state is not TeamState.ACTIVE:
            raise NotFound(what="team")
        tie = batch.get(OrganisationTeam, team)
        if tie is not None and tie.state is not TieState.ENDED:
            raise TeamTiedAlready
        entry = batch.record(TeamAskedFor(organisation=organisation, team=team))
        return Organised(entry=entry.seq, organisation=organisation)

    return await write(actor, key, work, answer=Organised, needs=_needs(team, organisation))


async def tie_team(actor: Actor, *, team: str, key: RequestKey) -> Organised:
    """Agree, as the team's station. Refuses: NotFound, NotInThisState."""

    def work(batch: Batch) -> Organised:
        permit(batch, Action.MANAGE_TEAM, batch.need(Team, team, "team").path)
        held = batch.need(OrganisationTeam, team, "organisation")
        step(LIFECYCLE, held.state, TeamTied)
        entry = batch.record(TeamTied(organisation=held.organisation, team=team))
        return Organised(entry=entry.seq, organisation=held.organisation)

    return await write(actor, key, work, answer=Organised, needs=_needs(team))


async def untie_team(actor: Actor, *, team: str, key: RequestKey) -> Organised:
    """End it, as the organisation or the team's station. Refuses: NotFound, NotInThisState."""

    def work(batch: Batch) -> Organised:
        held = batch.need(OrganisationTeam, team, "organisation")
        try:
            permit(batch, Action.MANAGE_TEAM, held.path)
        except Denial:
            acting_for(batch, held.organisation)
        step(LIFECYCLE, held.state, TeamUntied)
        entry = batch.record(TeamUntied(organisation=held.organisation, team=team))
        return Organised(entry=entry.seq, organisation=held.organisation)

    return await write(actor, key, work, answer=Organised, needs=_needs(team))


def _needs(team: str, organisation: str | None = None) -> list[Place]:
    needs: list[Place] = [(Team, team), (OrganisationTeam, team)]
    return [*needs, (Organisation, organisation)] if organisation else needs


# What other capabilities ask


def organisation_of_path(rows: Rows, path: str) -> str | None:
    """Whose team works where a path ends, today; None for a station, and for no organisation's."""
    last = path.rstrip("/").rpartition("/")[2]
    if not last.startswith("tea_"):
        return None
    held = rows.get(OrganisationTeam, last)
    return held.organisation if held and held.state is TieState.STANDS else None


class OwnTeams:
    """What an organisation has elsewhere than below its path: its teams, wherever they work."""

    def reaches(self, rows: Rows, scope: str, path: str) -> bool:
        """Whether a team that works at a path is the organisation's, and both stand."""
        organisation = organisation_over(scope)
        if organisation is None or organisation_of_path(rows, path) != organisation:
            return False
        held = rows.get(Organisation, organisation)
        return held is not None and held.state in STANDING

    async def reached(self, scopes: Sequence[str]) -> tuple[str, ...]:
        """The paths of the standing teams of those among these that stand."""
        ids = [id for scope in scopes if (id := organisation_over(scope))]
        held = await organisations_by_id(ids)
        standing = [id for id in held if held[id].state in STANDING]
        ties = await select(
            OrganisationTeam, organisation__in=standing, state=TieState.STANDS.value
        )
        return tuple(tie.path for tie in ties)


ELSEWHERE.append(OwnTeams())


# Reads

MOST_TIES = 200


async def ties_at(actor: Actor, scope: str) -> list[OrganisationTeam]:
    """The ties asked for and standing: an organisation's, or those of the teams of a station.

    Args: scope, the path of an organisation, for whoever acts for it, or a path in the scope of
    whoever manages the teams below it; nothing for anybody else.
    """
    organisation = organisation_over(scope)
    action = Action.ACT_FOR_ORGANISATION if organisation else Action.MANAGE_TEAM
    if not await may_read(actor, action, scope):
        return []
    which = Q(organisation=organisation) if organisation else Q(path__startswith=scope)
    states = [TieState.ASKED.value, TieState.STANDS.value]
    return await select(OrganisationTeam, which, state__in=states, order=["team"], limit=MOST_TIES)


async def teams_of_organisation(organisation: str) -> list[OrganisationTeam]:
    """The teams that are or were an organisation's, and those it asked for."""
    return await select(OrganisationTeam, organisation=organisation, order=["team"])
