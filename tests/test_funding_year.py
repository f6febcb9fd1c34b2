"""The city's year of public money, through the commands, and every fen of it accounted for.

Small every day; `make test-full` gives the plan in a call of 400 applications and 120 awards, buys
social work at 64 sites, allots to all 1,541 communities and 1,942 villages, and runs 2,000 projects
of communities (figures of domain 1).
"""

from collections import Counter
from collections.abc import AsyncIterator
from itertools import zip_longest
from pathlib import Path

import pytest

from tests.conftest import SIZE
from tests.funding import DAY, fund_officer, source_of, voucher
from tests.granting import (
    AUDIT,
    CONTRACT,
    Applicant,
    applicant,
    complete,
    grant_of,
    midterm,
    reviewers,
    spent,
)
from tests.projects import answered, laid_open, paid
from tests.test_funding_histories import Books, all_agree
from tests.world import World, found_station, key, open_world
from timebank.access import Role
from timebank.clock import day_of
from timebank.divisions import CITY, Area, AreaLevel, divisions
from timebank.funding.allotments import allot_by_formula, allot_funds
from timebank.funding.calls import draft_call, open_call
from timebank.funding.commitments import Commitment
from timebank.funding.grant_awards import (
    audit_grant,
    award_grant,
    begin_grant,
    close_grant,
    contract_grant,
)
from timebank.funding.grant_life import FundGrantState, GrantRejectReason
from timebank.funding.grant_reports import accept_grant, report_grant
from timebank.funding.grant_reviews import (
    publicise_grant,
    reject_grant,
    review_grant,
    score_grant,
    shortlist_grant,
)
from timebank.funding.packages import (
    ServiceSite,
    accept_visits,
    agree_package,
    record_visits,
)
from timebank.funding.polls import PollKind
from timebank.funding.project_life import ProjectState
from timebank.funding.project_works import (
    accept_works,
    approve_project,
    ask_evaluation,
    begin_works,
    close_project,
    evaluate_project,
)
from timebank.funding.projects import Project
from timebank.funding.purposes import ExpenseItem, FundPurpose
from timebank.funding.sources import FundKind
from timebank.tables import count, select

pytestmark = pytest.mark.anyio
FULL = SIZE == "full"
APPLICATIONS, AWARDS = (400, 120) if FULL else (5, 3)
# A centre with five stations, a centre alone, a station alone: 28 centres and 36 stations in all.
WHOLE, CENTRES, STATIONS = (6, 22, 6) if FULL else (1, 1, 1)
PROJECTS, PLACES = (2_000, 20) if FULL else (3, 2)
DISTRICTS = 6
PLAN = 350_000_000
PURCHASE = 1_100_000_000
COMMUNITIES = [area for area in divisions() if area.level is AreaLevel.COMMUNITY]
VILLAGES = [area for area in divisions() if area.level is AreaLevel.VILLAGE]


@pytest.fixture
async def world(sqlite_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(sqlite_url, tmp_path) as made:
        for role in (Role.STATION_MANAGER, Role.STATION_CLERK):
            made.staff[role] = await made.officer(role)
        yield made


class Year:
    """The year's applications, packages and projects, phase by phase."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.grants: list[tuple[Applicant, str]] = []
        self.packages: list[tuple[Applicant, str, str]] = []
        self.projects: list[str] = []

    async def call(self) -> None:
        """The plan in one call; the best are laid open, the others come to nothing."""
        world, officer = self.world, await fund_officer(self.world)
        plan = await source_of(world, PLAN, fund=FundKind.ASSISTANCE_PLAN)
        await allot_funds(officer, source=plan, rows=[(CITY, PLAN)], key=key())
        fen = PLAN // AWARDS
        call = await draft_call(
            officer,
            source=plan,
            unit=CITY,
            purpose=FundPurpose.ELDER_CARE,
            most_fen=fen,
            until=day_of(world.clock.now()),
            title="社区社会组织助力计划",
            text="为老服务项目征集",
            key=key(),
        )
        await open_call(officer, call=call.call, key=key())
        for n in range(APPLICATIONS):
            who = await applicant(world)
            budget = ((ExpenseItem.MATERIALS, fen),)
            grant = await complete(world, who, call.call, fen=fen, budget=budget)
            for reviewer in await reviewers(world):
                await review_grant(
                    reviewer, grant=grant, points=90 if n < AWARDS else 50, key=key()
                )
            await score_grant(officer, grant=grant, key=key())
            if n < AWARDS:
                await shortlist_grant(officer, grant=grant, fen=fen, key=key())
                await publicise_grant(officer, grant=grant, key=key())
                self.grants.append((who, grant))
            else:
                reason = GrantRejectReason.SCORE_TOO_LOW
                await reject_grant(officer, grant=grant, reason=reason, key=key())

    async def buy(self) -> None:
        """Social work at sites of streets in six districts."""
        world, officer = self.world, await fund_officer(self.world)
        social = (FundPurpose.SOCIAL_WORK,)
        source = await source_of(world, PURCHASE, fund=FundKind.SOCIAL_WORK, purposes=social)
        sites = WHOLE + CENTRES + STATIONS
        near = Counter(one.manager for one in COMMUNITIES)
        districts: dict[str, list[Area]] = {}
        for area in divisions():
            if area.level is AreaLevel.STREET and near[area.code] >= 5:
                districts.setdefault(area.code[:6], []).append(area)
        # A street of each in turn, so that the whole packages lie in districts of their own.
        turns = zip_longest(*[*districts.values()][:DISTRICTS])
        streets = [street for turn in turns for street in turn if street is not None][:sites]
        share = PURCHASE // sites
        rows = [(street.code, share) for street in streets]
        await allot_funds(officer, source=source, rows=rows, key=key())
        provider = await applicant(world)
        for n, street in enumerate(streets):
            below = [one.code for one in COMMUNITIES if one.manager == street.code]
            stations = below[:5] if n < WHOLE else below[:1] if n >= WHOLE + CENTRES else []
            made = await agree_package(
                officer,
                provider=provider.organisation,
                source=source,
                street=street.code,
                centre=n < WHOLE + CENTRES,
                stations=stations,
                visits=12,
                fen=share,
                key=key(),
            )
            at = street.code if n < WHOLE + CENTRES else below[0]
            self.packages.append((provider, made.package, at))

    async def propose(self) -> None:
        """Projects of some communities, decided by residents and laid open."""
        world, officer = self.world, await fund_officer(self.world)
        whole = len(COMMUNITIES) * 20_000_000 + len(VILLAGES) * 5_000_000
        benefit = await source_of(world, whole)
        told = await allot_by_formula(officer, source=benefit, key=key())
        assert told.units == len(COMMUNITIES) + len(VILLAGES)
        if FULL:
            party = await source_of(world, 10**12, fund=FundKind.PARTY_BUILDING)
            members = [(area.code, n % 400) for n, area in enumerate((*COMMUNITIES, *VILLAGES))]
            await allot_by_formula(officer, source=party, members=members, key=key())
        places = [
            await found_station(world, number=f"Y-{n}", area=area.code)
            for n, area in enumerate(COMMUNITIES[10 : 10 + PLACES])
        ]
        for n in range(PROJECTS):
            world.station = places[n % PLACES]
            cost = 100_000 + n
            self.projects.append(await laid_open(world, benefit, eligible=1, fen=cost))

    async def award(self) -> None:
        """Everything that was laid open is given its money."""
        officer = await fund_officer(self.world)
        for _, grant in self.grants:
            await award_grant(officer, grant=grant, key=key())
        for project in self.projects:
            street = self.world.staff[Role.STREET_OFFICER]
            await approve_project(street, project=project, key=key())

    async def work(self) -> None:
        """Grants run, visits are made, projects are built; all of it is paid and accounted for."""
        world, officer = self.world, await fund_officer(self.world)
        other = await world.officer(Role.CITY_FUND_OFFICER)
        for who, grant in self.grants:
            await contract_grant(officer, grant=grant, contract=CONTRACT, key=key())
            await begin_grant(who.leader, grant=grant, key=key())
            await paid(world, grant, 1)
            await midterm(world, who, grant)
            await paid(world, grant, 2)
            await report_grant(who.leader, grant=grant, text="全部完成", key=key())
            await accept_grant(officer, grant=grant, key=key())
            await paid(world, grant, 3)
            await spent(world, who, grant, (await grant_of(grant)).fen)
            await audit_grant(other, grant=grant, audit=AUDIT, key=key())
            await close_grant(officer, grant=grant, key=key())
        today = day_of(world.clock.now())
        for who, package, at in self.packages:
            await paid(world, package, 1)
            for part in (2, 3):
                await record_visits(
                    who.leader, package=package, area=at, day=today, visits=6, people=30, key=key()
                )
                await accept_visits(officer, package=package, key=key())
                await paid(world, package, part)
        for n, project in enumerate(self.projects):
            await self.build(project, cost=100_000 + n - n % 7)

    async def build(self, project: str, cost: int) -> None:
        """One project from its works to its end."""
        world, manager = self.world, self.world.staff[Role.STATION_MANAGER]
        await begin_works(manager, project=project, key=key())
        await answered(world, project, PollKind.ACCEPTANCE, 3)
        await accept_works(manager, project=project, fen=cost, voucher=voucher(), key=key())
        await paid(world, project)
        await ask_evaluation(manager, project=project, key=key())
        await answered(world, project, PollKind.EVALUATION, 1)
        await evaluate_project(manager, project=project, key=key())
        await close_project(world.staff[Role.STREET_OFFICER], project=project, key=key())


async def test_the_citys_year_is_accounted_for_to_the_fen(world: World, tmp_path: Path) -> None:
    year = Year(world)
    await year.call()
    await year.buy()
    await year.propose()
    world.clock.move(8 * DAY)
    await year.award()
    await year.work()
    assert await count(Project, state=ProjectState.CLOSED.value) == PROJECTS
    assert await count(ServiceSite) == 6 * WHOLE + CENTRES + STATIONS
    sites = {site.area[:6] for site in await select(ServiceSite)}
    assert len(sites) == min(DISTRICTS, WHOLE + CENTRES + STATIONS)
    ended = [(await grant_of(grant)).state for _, grant in year.grants]
    assert ended == [FundGrantState.CLOSED] * AWARDS
    assert await count(Commitment) == AWARDS + len(year.packages) + PROJECTS
    books: Books = await all_agree(world, tmp_path)
    assert len(books.authorised) == (4 if FULL else 3)
    plan = next(source for source, fen in books.authorised.items() if fen == PLAN)
    told = books.sums[plan, "", ""]
    assert told["spent"] == told["committed"] == PLAN // AWARDS * AWARDS
