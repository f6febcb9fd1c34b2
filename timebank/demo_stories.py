"""The demonstration's stories: one station's people, so that no page opens empty.

Hours from elsewhere that make a star, a certificate and a courtesy; a pool that helps elders who
live alone; an objection that waits; posts and wishes, see `demo_claims`; organisations and
money, see `demo_money`. Each is told once, so many days before today. A few hundred commands, like
any other.
"""

from calendar import monthrange
from datetime import date, datetime, timedelta

from timebank import accounts
from timebank.access import Role
from timebank.activities import ActivityKind
from timebank.actors import SYSTEM, Actor, person
from timebank.certificate_issuing import issue_certificate
from timebank.certificates import request_certificate
from timebank.clock import day_of, instant
from timebank.confirmations import accept_hours, confirm_hours, review_hours
from timebank.demo import Demo
from timebank.demo_claims import Claims
from timebank.demo_money import Money
from timebank.donations import donate, settle_donation
from timebank.help_life import HelpKind
from timebank.help_requests import request_help
from timebank.hours import Record
from timebank.living_alone import note_living_alone
from timebank.matching import claim_help
from timebank.objection_life import ObjectionReason
from timebank.objections import raise_objection
from timebank.people import AgeBand
from timebank.places import stations_by_id
from timebank.pool_grants import PoolGrant, grant_from_pool
from timebank.pools import pool_at
from timebank.record_life import Evidence, RecordState
from timebank.reward_orders import (
    code_of,
    hand_over_reward,
    order_reward,
    ready_reward,
    visible_orders,
)
from timebank.rewards import offer_reward
from timebank.roster_files import RosterRow
from timebank.rosters import record_roster
from timebank.settlements import confirm_help, deliver_help, start_help
from timebank.star_awards import apply_for_star
from timebank.star_rulings import award_star, publicise_star
from timebank.tables import find_many, select

LEGACY_DAYS = 13
"""Days of eight hours from elsewhere: a star takes a hundred hours."""
DONORS, ELDERS, ELDER_AGE = 12, 2, 60
DONATED = 90
COURTESIES = (("星级志愿者理发礼遇", True), ("星级志愿者公园年卡", False))
"""What a star entitles to, and whether it was handed over already."""


class Stories:
    """Tells what happens at the station that a visitor sees first."""

    def __init__(self, demo: Demo) -> None:
        self.demo, self.cast, self.clock = demo, demo.cast, demo.clock
        self.station = demo.busy()[0]
        self.manager, self.clerk = self.cast.managers[self.station], self.cast.clerks[self.station]
        self.lead = self.cast.staff[Role.DISTRICT_LEAD.value]
        self.city_lead = self.cast.staff[Role.CITY_LEAD.value]
        self.people = self.cast.volunteers[self.station]
        self.star, self.donations, self.elders = "", list[str](), list[Actor]()
        chapters = [
            *Claims(demo, self.station).chapters(),
            *Money(demo, self.station).chapters(),
            (27, self.bring_hours),
            (20, self.fill_pool),
            (16, self.win_star),
            (9, self.help_elders),
            (5, self.object),
        ]
        self.waiting = sorted(chapters, key=lambda chapter: -chapter[0])

    async def on(self, day: date) -> None:
        """Tell what is due by a day without service, in its morning.

        A chapter waits at most a day for this, whatever weekday the demonstration is made on, so
        that what is laid open in one for a week is over in the next.
        """
        left = (self.demo.today - day).days
        self.clock.at = instant(day, 9 * 60)
        while self.waiting and left <= self.waiting[0][0]:
            await self.waiting.pop(0)[1]()

    async def bring_hours(self) -> None:
        """The district attests hours of another system; their volunteer applies for a star."""
        who, known = self.people[0], await stations_by_id([self.station])
        first = self.demo.today - timedelta(weeks=self.demo.size.weeks + 8)
        days = [first + timedelta(days=n) for n in range(LEGACY_DAYS)]
        rows = [
            RosterRow(
                station=known[self.station].number,
                volunteer=self.cast.numbers[who.id],
                starts=instant(day, 8 * 60),
                ends=instant(day, 16 * 60),
                kind=ActivityKind.ELDER,
            )
            for day in days
        ]
        told = await record_roster(
            self.lead, rows=rows, evidence=Evidence.OTHER_SYSTEM, key=self.demo.key()
        )
        records = [row.record or "" for row in told.rows]
        await confirm_hours(self.manager, records=records, key=self.demo.key())
        await review_hours(self.city_lead, records=records, key=self.demo.key())
        await accept_hours(who, records=records, key=self.demo.key())
        made = await apply_for_star(who, level=1, key=self.demo.key())
        await publicise_star(self.lead, award=made.award, key=self.demo.key())
        self.star = made.award

    async def fill_pool(self) -> None:
        """Whoever has most, at the other busy stations, gives to the district's pool."""
        codes = {accounts.volunteer(who.id): who for who in self._neighbours()}
        held = await accounts.balances_of([*codes])
        richest = sorted(codes, key=lambda code: (-held[code], code))[:DONORS]
        area = pool_at(self.cast.paths[self.station])
        for code in richest:
            minutes = min(DONATED, held[code])
            if minutes:
                made = await donate(codes[code], area=area, minutes=minutes, key=self.demo.key())
                self.donations.append(made.donation)

    async def win_star(self) -> None:
        """The star is awarded after its publicity, with a certificate and a courtesy."""
        who = self.people[0]
        await award_star(self.lead, award=self.star, key=self.demo.key())
        since = self.demo.today - timedelta(weeks=self.demo.size.weeks + 10)
        until = day_of(self.clock.now()) - timedelta(days=1)
        asked = await request_certificate(who, since=since, until=until, key=self.demo.key())
        await issue_certificate(self.manager, certificate=asked.certificate, key=self.demo.key())
        for name, handed in COURTESIES:
            offered = await offer_reward(
                self.manager,
                station=self.station,
                name=name,
                minutes=0,
                stock=100,
                least_star=1,
                per_person=1,
                key=self.demo.key(),
            )
            made = await order_reward(who, reward=offered.reward, key=self.demo.key())
            await ready_reward(self.manager, order=made.order, key=self.demo.key())
            code = code_of(who, (await visible_orders(who, [made.order]))[made.order])
            if handed and code:
                await hand_over_reward(self.clerk, order=made.order, code=code, key=self.demo.key())

    async def help_elders(self) -> None:
        """The pool helps elders who live alone: one order settled, others as far as they came."""
        for donation in self.donations:
            await settle_donation(SYSTEM, donation=donation, key=self.demo.key())
        ages = await find_many(AgeBand, [who.id for who in self.people])
        today = self.demo.today
        elders = [who for who in self.people[1:] if ages[who.id].turns(ELDER_AGE) <= today][:ELDERS]
        for elder in elders:
            await note_living_alone(self.clerk, person=elder.id, alone=True, key=self.demo.key())
        area = pool_at(self.cast.paths[self.station])
        await grant_from_pool(self.city_lead, area=area, key=self.demo.key())
        granted = {grant.person for grant in await select(PoolGrant)}
        # The first of them have seats today and tomorrow, and promised help would block them.
        helper = next(who for who in self.people[::-1] if who not in elders)
        for n, elder in enumerate(who for who in elders if who.id in granted):
            if n == 0:
                await self._helped(elder, helper, confirmed=True)
                await self._helped(elder, helper, confirmed=False)
                await self._order(elder, hours=24 * 10)
            else:
                order = await self._order(elder, hours=24 * 9)
                await claim_help(helper, order=order, key=self.demo.key())

    async def _helped(self, elder: Actor, helper: Actor, *, confirmed: bool) -> None:
        order = await self._order(elder, hours=1)
        await claim_help(helper, order=order, key=self.demo.key())
        self.clock.move(timedelta(hours=1))
        await start_help(helper, order=order, key=self.demo.key())
        self.clock.move(timedelta(minutes=30))
        await deliver_help(helper, order=order, key=self.demo.key())
        if confirmed:
            await confirm_help(elder, order=order, key=self.demo.key())

    async def _order(self, elder: Actor, *, hours: int) -> str:
        made = await request_help(
            elder,
            kind=HelpKind.ERRANDS,
            starts=min(self.clock.now() + timedelta(hours=hours), self._end_of_month()),
            minutes=30,
            at_home=False,
            words="请帮忙去菜市场买菜",
            key=self.demo.key(),
        )
        return made.order

    def _end_of_month(self) -> datetime:
        """The evening of the month's last day: a grant helps in its own month alone."""
        today = day_of(self.clock.now())
        return instant(today.replace(day=monthrange(today.year, today.month)[1]), 20 * 60)

    async def object(self) -> None:
        """Somebody says that the times of a record are not right."""
        counted = await select(
            Record, station=self.station, state=RecordState.POSTED.value, order=["-id"], limit=1
        )
        for record in counted:
            await raise_objection(
                person(record.volunteer),
                record=record.id,
                reason=ObjectionReason.WRONG_TIMES,
                statement="当天我提前半小时离开",
                key=self.demo.key(),
            )

    def _neighbours(self) -> list[Actor]:
        others = self.demo.busy()[1:]
        return [who for station in others for who in self.cast.volunteers[station]]
