"""A process that claims one post, wish or order for help for many at once; tests run several.

Reads its task as JSON on the first line of the input, says `ready`, starts at the next line, and
prints one JSON line for each answer.
"""

import asyncio
import sys
from datetime import datetime
from pathlib import Path

import msgspec

from tests.world import NOON, key
from timebank.actors import person
from timebank.bank import open_bank
from timebank.clock import ManualClock
from timebank.funding.project_works import approve_project
from timebank.matching import claim_help
from timebank.post_claims import claim_post
from timebank.refusals import Refusal
from timebank.settings import Settings
from timebank.wish_claims import claim_wish


class Task(msgspec.Struct):
    """What to claim: as whom, on which bank. With an approver, `people` are projects to approve."""

    data: str
    database: str
    people: list[str]
    post: str | None = None
    wish: str | None = None
    approver: str | None = None
    at: datetime = NOON
    help: str | None = None


class Told(msgspec.Struct):
    """What one attempt came to: a claim, or the sentence of a refusal."""

    claim: str | None = None
    refusal: str | None = None


async def attempt(task: Task, who: str) -> Told:
    """Claim once."""
    try:
        if task.approver is not None:
            actor = person(task.approver, staff=True)
            return Told(claim=(await approve_project(actor, project=who, key=key())).project)
        if task.wish is not None:
            return Told(claim=(await claim_wish(person(who), wish=task.wish, key=key())).claim)
        if task.help is not None:
            return Told(claim=(await claim_help(person(who), order=task.help, key=key())).order)
        made = await claim_post(person(who), post=task.post or "", key=key())
        return Told(claim=made.claim)
    except Refusal as refusal:
        return Told(refusal=f"{refusal.code}: {refusal}")


async def main() -> None:
    """Do the task."""
    task = msgspec.json.decode(sys.stdin.readline(), type=Task)
    settings = Settings(data=Path(task.data), database=task.database)
    async with open_bank(settings, clock=ManualClock(task.at)):
        print("ready", flush=True)  # noqa: T201  the answers are what this program is for
        sys.stdin.readline()
        for told in await asyncio.gather(*(attempt(task, who) for who in task.people)):
            print(msgspec.json.encode(told).decode(), flush=True)  # noqa: T201  the answers


if __name__ == "__main__":
    asyncio.run(main())
