"""Grants for the tests: called for, applied for, awarded and run by real commands."""

from datetime import date
from typing import Any

from tests.funding import YEAR, allotted, fund_officer, voucher
from tests.organising import entered, organisation_of
from tests.projects import DAY, paid
from tests.world import COMMUNITY, World, key
from timebank.access import Role, grant_role
from timebank.actors import SYSTEM, Actor
from timebank.batch import Batch
from timebank.clock import day_of
from timebank.divisions import CITY
from timebank.funding.applications import draft_grant, submit_grant
from timebank.funding.calls import Call, draft_call, open_call
from timebank.funding.commitments import Commitment, ask_of, commit_funds
from timebank.funding.grant_awards import award_grant, begin_grant, contract_grant
from timebank.funding.grant_life import FundGrantState
from timebank.funding.grant_reports import report_grant, rule_on_midterm
from timebank.funding.grant_reviews import (
    check_formally,
    publicise_grant,
    review_grant,
    score_grant,
    shortlist_grant,
)
from timebank.funding.grants import Grant
from timebank.funding.moves import FundsPaid
from timebank.funding.packages import agree_package
from timebank.funding.purposes import ExpenseItem, FundPurpose
from timebank.funding.spending import report_spending
from timebank.journal import Answer, write
from timebank.publicity import PublicityReason, object_to_publicity
from timebank.tables import find

ASKED = 1_001
BUDGET = ((ExpenseItem.MATERIALS, 1_000), (ExpenseItem.INSURANCE, 1))
CONTRACT, AUDIT = "c" * 64, "a" * 64


async def grant_of(id: str) -> Grant:
    """A grant that must be there."""
    held = await find(Grant, id)
    assert held
    return held


class Applicant:
    """An organisation with who stands for it and who keeps its books."""

    def __init__(self, organisation: str, leader: Actor, books: Actor) -> None:
        self.organisation, self.leader, self.books = organisation, leader, books


async def applicant(world: World, leader: Actor | None = None) -> Applicant:
    """An organisation that may apply."""
    leader, books = leader or await world.volunteer(), await world.volunteer()
    organisation = await entered(world, leader)
    path, role = (await organisation_of(organisation)).path, Role.ORGANISATION_FINANCE
    await grant_role(SYSTEM, person=books.person or "", role=role, scope=path, key=key())
    return Applicant(organisation, leader, books)


async def called(world: World, fen: int = 10 * ASKED, source_years: int = 0, **other: Any) -> str:
    """An open call that draws on what the city was allotted, carried over so many years."""
    given: dict[str, Any] = {
        "source": await allotted(world, fen, unit=CITY, carry_over_years=source_years),
        "unit": CITY,
        "purpose": FundPurpose.ELDER_CARE,
        "most_fen": 5 * ASKED,
        "until": date(YEAR, 12, 1),
        "title": "社区社会组织助力计划",
        "text": "为老服务项目征集",
    }
    officer = await fund_officer(world)
    call = (await draft_call(officer, **(given | other), key=key())).call
    await open_call(officer, call=call, key=key())
    return call


async def drafted(who: Applicant, call: str, **other: Any) -> str:
    """A draft of an application."""
    given: dict[str, Any] = {"fen": ASKED, "budget": BUDGET, "plan": "每周探访独居老人"}
    made = await draft_grant(
        who.leader, call=call, organisation=who.organisation, key=key(), **given | other
    )
    return made.grant


async def complete(world: World, who: Applicant, call: str, **other: Any) -> str:
    """An application that reviewers may judge."""
    grant = await drafted(who, call, **other)
    await submit_grant(who.leader, grant=grant, key=key())
    await check_formally(await fund_officer(world), grant=grant, complete=True, key=key())
    return grant


async def reviewers(world: World) -> list[Actor]:
    """Three reviewers of the city, the same each time."""
    known = getattr(world, "reviewers", None)
    if known is None:
        known = [await world.officer(Role.REVIEWER) for _ in range(3)]
        world.reviewers = known  # type: ignore[attr-defined]  # kept for this city alone
    return list(known)


async def laid_open(world: World, who: Applicant, call: str, **other: Any) -> str:
    """A grant that everybody may object to."""
    grant, officer = await complete(world, who, call, **other), await fund_officer(world)
    for reviewer in await reviewers(world):
        await review_grant(reviewer, grant=grant, points=80, key=key())
    await score_grant(officer, grant=grant, key=key())
    fen = (await grant_of(grant)).fen
    await shortlist_grant(officer, grant=grant, fen=fen, key=key())
    await publicise_grant(officer, grant=grant, key=key())
    return grant


async def awarded(world: World, who: Applicant, call: str, **other: Any) -> str:
    """A grant whose money is promised, eight days later."""
    grant = await laid_open(world, who, call, **other)
    world.clock.move(8 * DAY)
    await award_grant(await fund_officer(world), grant=grant, key=key())
    return grant


async def running(world: World, who: Applicant, call: str, **other: Any) -> str:
    """A grant that runs and whose first part is paid."""
    grant = await awarded(world, who, call, **other)
    await contract_grant(await fund_officer(world), grant=grant, contract=CONTRACT, key=key())
    await begin_grant(who.leader, grant=grant, key=key())
    await paid(world, grant, 1)
    return grant


async def midterm(world: World, who: Applicant, grant: str) -> None:
    """Its mid-term report accepted."""
    await report_grant(who.leader, grant=grant, text="已开展一半", key=key())
    await rule_on_midterm(await fund_officer(world), grant=grant, accept=True, key=key())
    assert (await grant_of(grant)).state is FundGrantState.MIDTERM_PASS


async def spent(world: World, who: Applicant, grant: str, fen: int) -> str:
    """A line of expenditure of today."""
    made = await report_spending(
        who.books,
        commitment=grant,
        purpose=FundPurpose.ELDER_CARE,
        item=ExpenseItem.MATERIALS,
        fen=fen,
        voucher=voucher(),
        spent_on=day_of(world.clock.now()),
        key=key(),
    )
    return str(made.line)


async def things(world: World, subject: Actor) -> dict[str, Any]:
    """What the role matrix asks with, while its clock stands still."""
    who, call = await applicant(world), await called(world, 100 * ASKED)
    reviewed = await complete(world, who, call)
    rival = await applicant(world)
    open_to_all = await laid_open(world, rival, call)

    def give(batch: Batch) -> Answer:
        held = batch.there(Call, call)
        commit_funds(
            batch,
            "given",
            source=held.source,
            unit=held.unit,
            purpose=held.purpose,
            fen=ASKED,
            payee=who.organisation,
        )
        promised = batch.there(Commitment, "given")
        ask_of(batch, promised)
        batch.record(
            FundsPaid(
                commitment="given",
                tranche=1,
                source=promised.source,
                unit=promised.unit,
                purpose=promised.purpose,
                fen=ASKED,
                maker="per_1",
                checker="per_2",
                payee=who.organisation,
            )
        )
        return Answer()

    await write(SYSTEM, key(), give, answer=Answer)
    line = await spent(world, who, "given", 1)
    street = "420102002"
    work = (FundPurpose.SOCIAL_WORK,)
    social = await allotted(world, 100 * ASKED, unit=street, purposes=work)
    package = await agree_package(
        await fund_officer(world),
        provider=who.organisation,
        source=social,
        street=street,
        centre=True,
        stations=[],
        visits=1_000,
        fen=ASKED,
        key=key(),
    )
    objector = await world.volunteer()
    reason = PublicityReason.RULE_BROKEN
    await object_to_publicity(objector, about=open_to_all, reason=reason, key=key())
    return {
        "call": call,
        "calls.state": "OPEN",
        "draftCall.source": await allotted(world, unit=CITY),
        "draftCall.unit": CITY,
        "draftCall.purpose": "ELDER_CARE",
        "mostFen": ASKED,
        "draftCall.until": "2026-12-01",
        "draftCall.text": "为老服务项目征集",
        "draftGrant.organisation": who.organisation,
        "grantsOfOrganisation.organisation": rival.organisation,
        "grantsOfCall.state": "PUBLICITY",
        "budget": [{"item": "MATERIALS", "fen": ASKED}],
        "draftGrant.fen": ASKED,
        "reviseGrant.fen": ASKED,
        "shortlistGrant.fen": ASKED,
        "plan": "每周探访独居老人",
        "leastMinutes": 0,
        "beginGrant.grant": reviewed,
        "ruleOnGrantObjection.grant": open_to_all,
        "ruleOnGrantObjection.objector": objector.person,
        "complete": True,
        "points": 60,
        "contract": CONTRACT,
        "audit": AUDIT,
        "accept": True,
        "reportGrant.text": "已开展一半",
        "line": line,
        "provider": who.organisation,
        "agreePackage.source": social,
        "street": street,
        "centre": True,
        "stations": [COMMUNITY],
        "visits": 1,
        "people": 1,
        "agreePackage.fen": 1,
        "package": package.package,
        "recordVisits.area": street,
        "recordVisits.day": "2026-11-20",
        "spending.commitment": "given",
        "reportSpending.commitment": "given",
        "reportSpending.purpose": "ELDER_CARE",
        "reportSpending.fen": 1,
        "voucher": voucher(),
        "spentOn": "2026-11-20",
        "refundFunds.commitment": "given",
        "refundFunds.fen": 1,
    } | {
        f"{act}.grant": reviewed
        for act in (
            *("reviseGrant", "submitGrant", "withdrawGrant", "checkFormally", "declareConflict"),
            *("reviewGrant", "scoreGrant", "shortlistGrant", "rejectGrant", "publiciseGrant"),
            *("awardGrant", "contractGrant", "beginGrant", "auditGrant", "closeGrant"),
            *("stopGrant", "recoverGrant", "endRecovery", "reportGrant", "ruleOnMidterm"),
            "acceptGrant",
        )
    }
