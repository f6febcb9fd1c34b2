"""Activity drafts: what a station plans before it declares it (domain 5).

A draft is no entry, for nothing has happened: its words may be wrong, and its times too early to be
declared. Declaring it is declaring an activity, with all that this asks, and the draft is gone.
Whoever may declare there may write, change and declare it.
"""

from datetime import datetime

from timebank.access import Action, in_reach, may_read
from timebank.activities import Acted, ActivityKind
from timebank.activity_plans import (
    LONGEST_STATED,
    LONGEST_TITLE,
    Plan,
    decide_plan,
    declare,
    plan_path,
)
from timebank.actors import Actor
from timebank.batch import Batch
from timebank.ids import new
from timebank.journal import Answer, write
from timebank.keys import RequestKey
from timebank.places import Station
from timebank.projections import Place
from timebank.tables import Row, select, table
from timebank.texts import TextMissing, TextTooLong

# Decisions


def decide_title(title: str) -> None:
    """Whether a title can be kept. Refuses: TextMissing, TextTooLong."""
    if not title:
        raise TextMissing(label="title")
    if len(title) > LONGEST_TITLE:
        raise TextTooLong(label="title", most=LONGEST_TITLE, length=len(title))


def decide_stated(stated: dict[str, str]) -> None:
    """Whether what is said beside the title can be kept. Refuses: TextTooLong."""
    for label, words in stated.items():
        if len(words) > LONGEST_STATED:
            raise TextTooLong(label=label, most=LONGEST_STATED, length=len(words))


# Tables


@table("activity_draft", vault=True, index=[("path", "id")])
class ActivityDraft(Row, frozen=True):
    """A plan that is not declared; `path` is its station's or team's."""

    id: str
    path: str
    station: str
    team: str | None
    kind: ActivityKind
    title: str
    seats: int
    starts: datetime
    ends: datetime
    written_by: str
    written_at: datetime
    place: str = ""
    requirements: str = ""
    risks: str = ""

    @property
    def plan(self) -> Plan:
        """What is planned."""
        return Plan(
            station=self.station,
            team=self.team,
            kind=self.kind,
            title=self.title,
            seats=self.seats,
            starts=self.starts,
            ends=self.ends,
            place=self.place,
            requirements=self.requirements,
            risks=self.risks,
        )


# Commands


class Drafted(Answer, frozen=True, kw_only=True):
    """The draft that was written or dropped."""

    draft: str


async def draft_activity(
    actor: Actor, *, plan: Plan, key: RequestKey, draft: str | None = None
) -> Drafted:
    """Write a draft, or write one anew.

    Args: draft, the one to replace.
    Refuses: NotFound, TimesWrong, SeatsWrong, TextMissing, TextTooLong.
    """
    id = draft or new("adr")

    def work(batch: Batch) -> Drafted:
        if draft is not None:
            _own(batch, draft)
        path = plan_path(batch, plan)
        decide_plan(starts=plan.starts, ends=plan.ends, seats=plan.seats)
        title = " ".join(plan.title.split())
        decide_title(title)
        decide_stated(plan.stated)
        batch.put(
            ActivityDraft(
                id=id,
                path=path,
                station=plan.station,
                team=plan.team,
                kind=plan.kind,
                title=title,
                seats=plan.seats,
                starts=plan.starts,
                ends=plan.ends,
                written_by=actor.id,
                written_at=batch.now,
                **plan.stated,
            )
        )
        return Drafted(draft=id)

    needs: list[Place] = [(Station, plan.station), (ActivityDraft, id)]
    return await write(actor, key, work, answer=Drafted, needs=needs)


async def drop_draft(actor: Actor, *, draft: str, key: RequestKey) -> Drafted:
    """Let a draft go. Refuses: NotFound."""

    def work(batch: Batch) -> Drafted:
        _own(batch, draft)
        batch.drop(ActivityDraft, draft)
        return Drafted(draft=draft)

    return await write(actor, key, work, answer=Drafted, needs=[(ActivityDraft, draft)])


async def declare_draft(actor: Actor, *, draft: str, key: RequestKey) -> Acted:
    """Declare what a draft plans; the draft is gone with it.

    Refuses: NotFound, and what `declare_activity` refuses.   Source: domain 4 and 5.
    """

    def work(batch: Batch) -> Acted:
        held = _own(batch, draft)
        batch.drop(ActivityDraft, draft)
        return declare(batch, held.plan)

    return await write(actor, key, work, answer=Acted, needs=[(ActivityDraft, draft)])


def _own(batch: Batch, draft: str) -> ActivityDraft:
    """A draft of where the actor may declare; any other looks like none."""
    return in_reach(batch, Action.DECLARE_ACTIVITY, ActivityDraft, draft, what="draft")


# Reads


async def activity_drafts(actor: Actor, path: str) -> list[ActivityDraft]:
    """The drafts below a path, oldest first, for those who may declare there."""
    if not await may_read(actor, Action.DECLARE_ACTIVITY, path):
        return []
    return await select(ActivityDraft, path__startswith=path, order=["id"])
