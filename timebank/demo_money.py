"""The demonstration's organisations and public money, at the station that a visitor sees first.

Organisations with reports in every state; a source for their work and one for the community; a call
with applications judged, awarded and under way; projects that residents carry through, one of them
paid. Told in the weeks before today. Refuses to know what else the station lives through.
"""

import contextlib
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from hashlib import sha256

from stdnum.cn import uscc

from timebank.access import Role
from timebank.actors import SYSTEM, Actor
from timebank.annual_report_life import Verdict
from timebank.annual_report_rulings import accept_report, return_report
from timebank.annual_reports import ReportNotDue, mark_late, open_report, save_report, submit_report
from timebank.clock import day_of
from timebank.demo import Demo
from timebank.divisions import CITY, CITY_PATH
from timebank.funding.allotments import allot_funds
from timebank.funding.applications import draft_grant, submit_grant
from timebank.funding.calls import close_call, draft_call, open_call
from timebank.funding.funded_hours import fund_activity
from timebank.funding.grant_awards import award_grant, begin_grant, contract_grant
from timebank.funding.grant_reports import report_grant, rule_on_midterm
from timebank.funding.grant_reviews import (
    check_formally,
    publicise_grant,
    review_grant,
    score_grant,
    shortlist_grant,
)
from timebank.funding.payments import (
    approve_payment,
    pay_tranche,
    prepare_payment,
)
from timebank.funding.polls import BallotWay, PollKind, cast_ballot, take_ballot
from timebank.funding.project_votes import count_votes, open_vote, publicise_project
from timebank.funding.project_works import accept_works, approve_project, begin_works
from timebank.funding.projects import Project, propose_project, screen_project
from timebank.funding.purposes import ExpenseItem, FundPurpose, Negative
from timebank.funding.sources import FundKind, authorise_source
from timebank.funding.spending import report_spending
from timebank.funding.tranches import (
    tranche_key,
)
from timebank.hours import Record
from timebank.identity import DocumentType
from timebank.organisation_life import DirectKind, LegalForm
from timebank.places import stations_by_id
from timebank.record_life import RecordState
from timebank.registration_rulings import enter_organisation
from timebank.report_fields import FIELDS, TYPED, FieldKind
from timebank.representatives import appoint_representative
from timebank.tables import find, select

NAMES = ("江城邻里社工中心", "江城银龄互助中心", "江滩环保服务中心", "江城儿童之家")
ASKED = 6_000_000
BUDGET = ((ExpenseItem.MATERIALS, 4_000_000), (ExpenseItem.TRAINING, 2_000_000))
PROJECTS = (("加装楼道扶手", 8_000_000), ("修缮社区花园", 3_000_000), ("增设晾衣架", 1_500_000))
RESIDENTS = 6
FUNDED = 60
"""How many accepted records the first grant's hours come from."""
TOLD = {FieldKind.TEXT: "为老服务和邻里互助", FieldKind.YES_NO: "yes", FieldKind.COUNT: "3"}
VALUES = [(code, TOLD.get(FIELDS[code].kind, "1200000")) for code in TYPED]

Chapter = tuple[int, Callable[[], Awaitable[None]]]


class Money:
    """Tells of organisations and money at one station."""

    def __init__(self, demo: Demo, station: str) -> None:
        self.demo, self.station, self.key = demo, station, demo.key
        self.manager, self.clerk = demo.cast.managers[station], demo.cast.clerks[station]
        self.people = demo.cast.volunteers[station]
        self.leaders = self.people[1 : 1 + len(NAMES)]
        self.street = demo.cast.staff[Role.STREET_OFFICER.value]
        self.registrar = demo.cast.staff[Role.DISTRICT_REGISTRAR.value]
        self.hands: dict[Role, Actor] = {}
        self.reviewers: list[Actor] = []
        self.organisations, self.grants, self.projects = list[str](), list[str](), list[str]()
        self.call = self.plan = self.benefit = ""
        self.entered = 0

    def chapters(self) -> list[Chapter]:
        """What is told, and how many days before today."""
        return [
            (363, self.enter),
            (80, self.found),
            (70, self.call_for),
            (60, self.judge),
            (50, self.award),
            (40, self.build),
            (25, self.account),
            (6, self.leave_waiting),
        ]

    async def enter(self) -> None:
        """Organisations that were registered before, with who stands for each."""
        place = (await stations_by_id([self.station]))[self.station]
        district = place.area[:6]
        self.entered = day_of(self.demo.clock.now()).year
        for n, (name, leader) in enumerate(zip(NAMES, self.leaders, strict=True)):
            body = f"52{district}MJ{n + 1:07d}"
            made = await enter_organisation(
                self.registrar,
                form=LegalForm.SERVICE_BODY,
                area=place.area,
                name=name,
                code=body + uscc.calc_check_digit(body),
                representative=self.demo.cast.numbers[leader.id],
                registered_on=date(self.demo.today.year - 3, 3, 1),
                direct=DirectKind.COMMUNITY_SERVICE,
                key=self.key(),
            )
            self.organisations.append(made.organisation)
        await self.demo.keep_sign_in("organisation_representative", self.leaders[0])

    async def found(self) -> None:
        """Officers of money; the reports of the year before; sources and allotments."""
        for role in (Role.CITY_FUND_OFFICER, Role.STREET_CASHIER, Role.STREET_CHECKER):
            self.hands[role] = await self.demo.appoint(role, CITY_PATH)
            await self.demo.keep_sign_in(role.value, self.hands[role])
        self.reviewers = [await self.demo.appoint(Role.REVIEWER, CITY_PATH) for _ in range(3)]
        await self.demo.keep_sign_in(Role.REVIEWER.value, self.reviewers[0])
        if day_of(self.demo.clock.now()).year > self.entered:
            await self._reports()
        name = "社区社会组织助力计划"
        self.plan = await self._source(FundKind.ASSISTANCE_PLAN, name, 350_000_000)
        self.benefit = await self._source(FundKind.COMMUNITY_BENEFIT, "惠民项目资金", 100_000_000)
        officer = self.hands[Role.CITY_FUND_OFFICER]
        await allot_funds(officer, source=self.plan, rows=[(CITY, 300_000_000)], key=self.key())
        place = (await stations_by_id([self.station]))[self.station]
        rows = [(place.path.split("/")[3], 20_000_000)]
        await allot_funds(officer, source=self.benefit, rows=rows, key=self.key())
        self.call = await self._called(self.plan, "为老服务项目征集", days=20)

    async def _reports(self) -> None:
        """One accepted, one returned, one handed in, one late."""
        accepted, returned, handed, late = [
            (await open_report(SYSTEM, organisation=one)).report for one in self.organisations
        ]
        for leader, report in zip(self.leaders, (accepted, returned, handed), strict=False):
            await save_report(leader, report=report, values=VALUES, key=self.key())
            await submit_report(leader, report=report, key=self.key())
        await accept_report(self.registrar, report=accepted, verdict=Verdict.PASS, key=self.key())
        words = {"social_workers": "请附证书编号"}
        await return_report(self.registrar, report=returned, comments=words, key=self.key())
        # Whoever looks at the city in spring sees it open still.
        with contextlib.suppress(ReportNotDue):
            await mark_late(SYSTEM, report=late)

    async def _source(self, fund: FundKind, name: str, fen: int) -> str:
        made = await authorise_source(
            self.hands[Role.CITY_FUND_OFFICER],
            fund=fund,
            year=day_of(self.demo.clock.now()).year,
            fen=fen,
            name=name,
            purposes=(FundPurpose.ELDER_CARE, FundPurpose.PUBLIC_PLACES),
            negatives=tuple(Negative),
            carry_over_years=1,
            key=self.key(),
        )
        return made.source

    async def _called(self, source: str, title: str, *, days: int) -> str:
        officer = self.hands[Role.CITY_FUND_OFFICER]
        made = await draft_call(
            officer,
            source=source,
            unit=CITY,
            purpose=FundPurpose.ELDER_CARE,
            most_fen=2 * ASKED,
            until=day_of(self.demo.clock.now()) + timedelta(days=days),
            title=title,
            text="支持社区社会组织开展独居老人探访、助餐和精神慰藉服务。",
            key=self.key(),
        )
        await open_call(officer, call=made.call, key=self.key())
        return made.call

    async def call_for(self) -> None:
        """Every organisation but the last applies; residents and committee propose projects."""
        for leader, one in zip(self.leaders[:3], self.organisations[:3], strict=True):
            grant = await self._drafted(leader, one)
            await submit_grant(leader, grant=grant, key=self.key())
            self.grants.append(grant)
        for title, fen in PROJECTS:
            made = await propose_project(
                self.manager,
                station=self.station,
                source=self.benefit,
                purpose=FundPurpose.PUBLIC_PLACES,
                fen=fen,
                title=title,
                key=self.key(),
            )
            self.projects.append(made.project)
        for project in self.projects[:2]:
            await screen_project(self.street, project=project, negatives=(), key=self.key())

    async def _drafted(self, leader: Actor, organisation: str) -> str:
        made = await draft_grant(
            leader,
            call=self.call,
            organisation=organisation,
            fen=ASKED,
            budget=BUDGET,
            plan="每周探访独居老人，每月一次助餐活动。",
            least_minutes=60 * 60,
            key=self.key(),
        )
        return made.grant

    async def judge(self) -> None:
        """Reviewers score; two are laid open, one waits. Residents decide on a project."""
        officer = self.hands[Role.CITY_FUND_OFFICER]
        await close_call(officer, call=self.call, key=self.key())
        for n, grant in enumerate(self.grants):
            await check_formally(officer, grant=grant, complete=True, key=self.key())
            for reviewer in self.reviewers if n < 2 else self.reviewers[1:]:
                await review_grant(reviewer, grant=grant, points=90 - 7 * n, key=self.key())
        for grant in self.grants[:2]:
            await score_grant(officer, grant=grant, key=self.key())
            await shortlist_grant(officer, grant=grant, fen=ASKED, key=self.key())
            await publicise_grant(officer, grant=grant, key=self.key())
        await self._voted(self.projects[0])

    async def _voted(self, project: str) -> None:
        until = day_of(self.demo.clock.now()) + timedelta(days=3)
        await open_vote(
            self.manager, project=project, eligible=RESIDENTS, until=until, key=self.key()
        )
        await self._answered(project, PollKind.DECISION)
        await count_votes(self.manager, project=project, key=self.key())
        await publicise_project(self.manager, project=project, key=self.key())

    async def _answered(self, project: str, kind: PollKind) -> None:
        """Two on the page, and the others on paper, among those who are not registered."""
        held = await find(Project, project)
        poll = held.poll(kind) if held else ""
        for who in self.people[6:8]:
            await cast_ballot(who, poll=poll, in_favour=True, key=self.key())
        for n in range(RESIDENTS - 2):
            await take_ballot(
                self.clerk,
                poll=poll,
                way=BallotWay.PAPER,
                document=DocumentType.PASSPORT,
                document_number=f"E{n:08d}",
                in_favour=n != 0,
                key=self.key(),
            )

    async def award(self) -> None:
        """Two grants are awarded, contracted and begun, their first parts paid."""
        officer = self.hands[Role.CITY_FUND_OFFICER]
        for leader, grant in zip(self.leaders[:2], self.grants[:2], strict=True):
            await award_grant(officer, grant=grant, key=self.key())
            contract = sha256(grant.encode()).hexdigest()
            await contract_grant(officer, grant=grant, contract=contract, key=self.key())
            await begin_grant(leader, grant=grant, key=self.key())
            await self._paid(grant, 1)
        await approve_project(self.street, project=self.projects[0], key=self.key())
        await begin_works(self.manager, project=self.projects[0], key=self.key())

    async def _paid(self, commitment: str, number: int) -> None:
        tranche = tranche_key(commitment, number)
        cashier = self.hands[Role.STREET_CASHIER]
        await prepare_payment(cashier, tranche=tranche, key=self.key())
        checker = self.hands[Role.STREET_CHECKER]
        await approve_payment(checker, tranche=tranche, key=self.key())
        reference = f"汇款 {day_of(self.demo.clock.now())}"
        await pay_tranche(cashier, tranche=tranche, reference=reference, key=self.key())

    async def build(self) -> None:
        """Residents accept the first project's works, which are paid."""
        project, cost = self.projects[0], PROJECTS[0][1] - 120_000
        await self._answered(project, PollKind.ACCEPTANCE)
        bill = sha256(project.encode()).hexdigest()
        await accept_works(self.manager, project=project, fen=cost, voucher=bill, key=self.key())
        await self._paid(project, 1)

    async def account(self) -> None:
        """One grant's report passes and its next part waits; the other's is to be put right."""
        officer = self.hands[Role.CITY_FUND_OFFICER]
        for n, (leader, grant) in enumerate(zip(self.leaders[:2], self.grants[:2], strict=True)):
            books = self.people[-1 - n]
            await appoint_representative(
                leader,
                organisation=self.organisations[n],
                number=self.demo.cast.numbers[books.id],
                role=Role.ORGANISATION_FINANCE,
                key=self.key(),
            )
            for line in range(3):
                await report_spending(
                    books,
                    commitment=grant,
                    purpose=FundPurpose.ELDER_CARE,
                    item=ExpenseItem.MATERIALS,
                    fen=350_000 + 40_000 * line,
                    voucher=sha256(f"{grant}/{line}".encode()).hexdigest(),
                    spent_on=day_of(self.demo.clock.now()) - timedelta(days=line),
                    key=self.key(),
                )
            words = "已开展探访和助餐活动。"
            await report_grant(leader, grant=grant, text=words, key=self.key())
            await rule_on_midterm(officer, grant=grant, accept=n == 0, key=self.key())
        await self._funded(self.grants[0])
        tranche = tranche_key(self.grants[0], 2)
        await prepare_payment(self.hands[Role.STREET_CASHIER], tranche=tranche, key=self.key())

    async def _funded(self, grant: str) -> None:
        """The grant pays for the activities of some of the station's latest accepted hours."""
        counted = RecordState.POSTED.value
        found = await select(
            Record, station=self.station, state=counted, order=["-id"], limit=FUNDED
        )
        for activity in sorted({one.activity for one in found if one.activity}):
            await fund_activity(self.manager, activity=activity, commitment=grant, key=self.key())

    async def leave_waiting(self) -> None:
        """A vote is open on the second project; the third is to be screened; a call is open."""
        until = self.demo.today + timedelta(days=10)
        await open_vote(
            self.manager,
            project=self.projects[1],
            eligible=RESIDENTS,
            until=until,
            key=self.key(),
        )
        self.call = await self._called(self.plan, "邻里互助项目征集", days=30)
        await self._drafted(self.leaders[3], self.organisations[3])
