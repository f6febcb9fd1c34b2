"""Community projects for the tests: proposed, decided, built and paid for by real commands."""

from datetime import date, timedelta
from typing import Any

from tests.funding import SHARE, allotted, voucher
from tests.world import COMMUNITY, World, key, resident_id
from timebank.access import Role
from timebank.actors import SYSTEM, Actor
from timebank.batch import Batch
from timebank.clock import day_of
from timebank.funding.commitments import Condition, commit_funds
from timebank.funding.funded_hours import fund_activity
from timebank.funding.payments import (
    approve_payment,
    pay_tranche,
    prepare_payment,
)
from timebank.funding.polls import BallotWay, PollKind, take_ballot
from timebank.funding.project_votes import count_votes, open_vote, publicise_project
from timebank.funding.project_works import accept_works, approve_project, begin_works
from timebank.funding.projects import Project, propose_project, screen_project
from timebank.funding.purposes import FundPurpose, Negative
from timebank.funding.tranches import (
    plan_tranches,
    tranche_key,
)
from timebank.identity import DocumentType
from timebank.journal import Answer, write
from timebank.publicity import PublicityReason, object_to_publicity
from timebank.tables import find

COST = 8_000_000
ELIGIBLE = 5
UNREGISTERED = date(1940, 1, 2)
"""Nobody whom these tests register was born then."""
DAY = timedelta(days=1)


async def officer_of(world: World, role: Role) -> Actor:
    """Somebody who holds a role in this city, the same each time."""
    if role not in world.staff:
        world.staff[role] = await world.officer(role)
    return world.staff[role]


async def project_of(id: str) -> Project:
    """A project that must be there."""
    held = await find(Project, id)
    assert held
    return held


async def proposed(
    world: World, source: str, *, by: Actor | None = None, fen: int = COST, **other: Any
) -> str:
    """A proposal of the committee, or of somebody else."""
    given: dict[str, Any] = {"purpose": FundPurpose.PUBLIC_PLACES, "title": "加装楼道扶手"}
    made = await propose_project(
        by or world.staff[Role.STATION_MANAGER],
        station=world.station,
        source=source,
        fen=fen,
        key=key(),
        **given | other,
    )
    return made.project


async def screened(world: World, source: str, *negatives: Negative, **other: Any) -> str:
    """A proposal that the street looked at."""
    project = await proposed(world, source, **other)
    street = world.staff[Role.STREET_OFFICER]
    await screen_project(street, project=project, negatives=negatives, key=key())
    return project


async def answered(
    world: World, project: str, kind: PollKind, yes: int, no: int = 0, *, from_n: int = 700
) -> None:
    """Answers of residents who are not registered, taken down from paper."""
    poll = (await project_of(project)).poll(kind)
    for n in range(yes + no):
        document = resident_id(from_n + n, UNREGISTERED)
        await on_paper(world, poll, document, in_favour=n < yes)


async def asked(world: World, source: str, *, eligible: int = ELIGIBLE, **other: Any) -> str:
    """A project on which some residents decide within three days."""
    project = await screened(world, source, **other)
    until = day_of(world.clock.now()) + 3 * DAY
    manager = world.staff[Role.STATION_MANAGER]
    await open_vote(manager, project=project, eligible=eligible, until=until, key=key())
    return project


async def laid_open(world: World, source: str, *, eligible: int = ELIGIBLE, **other: Any) -> str:
    """A project that residents decided for and everybody may object to."""
    project = await asked(world, source, eligible=eligible, **other)
    await answered(world, project, PollKind.DECISION, eligible)
    manager = world.staff[Role.STATION_MANAGER]
    await count_votes(manager, project=project, key=key())
    await publicise_project(manager, project=project, key=key())
    return project


async def approved(world: World, source: str, **other: Any) -> str:
    """A project whose money is promised, eight days later."""
    project = await laid_open(world, source, **other)
    world.clock.move(8 * DAY)
    await approve_project(world.staff[Role.STREET_OFFICER], project=project, key=key())
    return project


async def built(world: World, source: str, *, cost: int = COST, **other: Any) -> str:
    """A project whose works residents accepted."""
    project = await approved(world, source, **other)
    manager = world.staff[Role.STATION_MANAGER]
    await begin_works(manager, project=project, key=key())
    await answered(world, project, PollKind.ACCEPTANCE, 3)
    await accept_works(manager, project=project, fen=cost, voucher=voucher(), key=key())
    return project


async def paid(world: World, commitment: str, number: int = 1) -> str:
    """A part of what is promised, made by the cashier, checked, and paid by another cashier."""
    tranche = tranche_key(commitment, number)
    cashier = await officer_of(world, Role.STREET_CASHIER)
    checker = await officer_of(world, Role.STREET_CHECKER)
    await prepare_payment(cashier, tranche=tranche, key=key())
    await approve_payment(checker, tranche=tranche, key=key())
    await pay_tranche(cashier, tranche=tranche, reference="汇款 20261201", key=key())
    return tranche


async def things(world: World, subject: Actor) -> dict[str, Any]:
    """What the role matrix asks with, while its clock stands still."""
    source = await allotted(world, 100 * SHARE)
    vote, open_to_all = await asked(world, source), await laid_open(world, source)
    support = await proposed(world, source, by=subject)
    await object_to_publicity(
        subject, about=open_to_all, reason=PublicityReason.RULE_BROKEN, key=key()
    )

    def work(batch: Batch) -> Answer:
        care = FundPurpose.ELDER_CARE
        commit_funds(batch, "thing", source=source, unit=COMMUNITY, purpose=care, fen=COST)
        plan_tranches(batch, "thing", [(COST, Condition.CONTRACT, 0)])
        return Answer()

    await write(SYSTEM, key(), work, answer=Answer)
    manager, funded = world.staff[Role.STATION_MANAGER], await world.activity()
    await fund_activity(manager, activity=funded, commitment="thing", key=key())
    return {
        "proposeProject.source": source,
        "proposeProject.fen": COST,
        "acceptWorks.fen": COST,
        "proposeProject.purpose": "ELDER_CARE",
        "project": vote,
        "ruleOnProjectObjection.project": open_to_all,
        "ruleOnProjectObjection.objector": subject.person,
        "eligible": ELIGIBLE,
        "openVote.until": "2026-12-01",
        "commitment": "thing",
        "promiseOf.activity": funded,
        "promisesFor.activity": await world.activity(),
        "commitments.source": source,
        "commitments.unit": COMMUNITY,
        "tranche": tranche_key("thing", 1),
        "paymentsWaiting.state": "PLANNED",
        "reference": "汇款 1",
        "poll": (await project_of(support)).poll(PollKind.SUPPORT),
        "inFavour": True,
        "way": "PAPER",
    }


async def on_paper(world: World, poll: str, document: str, *, in_favour: bool = True) -> None:
    """An answer on paper, taken down."""
    await take_ballot(
        world.staff[Role.STATION_CLERK],
        poll=poll,
        way=BallotWay.PAPER,
        document=DocumentType.RESIDENT_ID,
        document_number=document,
        in_favour=in_favour,
        key=key(),
    )
