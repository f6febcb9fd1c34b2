"""The demonstration's year: activities held, hours with their three keys, rewards redeemed.

Two service days a week at the busy stations. The last days still wait: their hours are captured,
the earlier of them confirmed, none accepted, so that a visitor finds something to do.
"""

import itertools
from datetime import date, timedelta

import msgspec

from timebank import accounts
from timebank.activities import ActivityKind, Move, move_activity
from timebank.activity_plans import declare_activity
from timebank.actors import Actor
from timebank.attendance import check_in, check_out, end_activity, scan
from timebank.captures import capture_visit
from timebank.clock import instant
from timebank.confirmations import accept_hours, confirm_hours
from timebank.demo import Demo
from timebank.demo_stories import Stories
from timebank.reward_orders import (
    code_of,
    hand_over_reward,
    order_reward,
    ready_reward,
    visible_orders,
)
from timebank.rewards import offer_reward
from timebank.sign_ups import sign_up
from timebank.station_codes import station_code

CREW = 6
SERVICE_DAYS = (2, 5)
PENDING_DAYS = 9
UNCONFIRMED_DAYS = 5
TITLES = {
    ActivityKind.ELDER: "独居老人探访",
    ActivityKind.COMMUNITY_CARE: "社区食堂助餐",
    ActivityKind.ENVIRONMENT: "江滩清洁",
    ActivityKind.CULTURE: "手机使用课",
    ActivityKind.NEIGHBOUR_HELP: "旧物交换日引导",
}
REWARDS = (("家电检修一次", 60), ("理发一次", 30), ("社区食堂餐券", 0))


class Shift(msgspec.Struct):
    """One activity of a service day and who comes; the first uses their own phone."""

    station: str
    kind: ActivityKind
    crew: list[Actor]
    minutes: int
    activity: str = ""
    records: list[str] = []


class Year:
    """Tells the year of a city that `Demo` has founded."""

    def __init__(self, demo: Demo) -> None:
        self.demo, self.cast, self.clock = demo, demo.cast, demo.clock
        self.rewards: dict[str, list[str]] = {}
        self.stories = Stories(demo)

    async def tell(self) -> None:
        """Day by day to yesterday: today's evening would be ahead of the clock."""
        await self.offer_rewards()
        first = self.demo.today - timedelta(weeks=self.demo.size.weeks)
        served = 0
        for day in (first + timedelta(days=n) for n in range(self.demo.size.weeks * 7)):
            if day.weekday() in SERVICE_DAYS:
                await self.serve(day)
                served += 1
                if served % 8 == 0:
                    await self.redeem(day)
                self.demo.report("service days", served, self.demo.size.weeks * len(SERVICE_DAYS))
            elif self.demo.size.stories:
                await self.stories.on(day)
        await self.announce(self.demo.today + timedelta(days=2))
        await self.open_house(self.demo.today, running=True)
        await self.open_house(self.demo.today + timedelta(days=1), running=False)

    def shifts(self, day: date) -> list[Shift]:
        """Who serves where on a day: every busy station once a fortnight."""
        chance = self.demo.chance
        turn = day.toordinal() // 7 * len(SERVICE_DAYS) + SERVICE_DAYS.index(day.weekday())
        busy = self.demo.busy()
        minutes = chance.choice((90, 120, 120, 150))
        # The station that a visitor sees first serves in the last days, its first volunteer always.
        last = (self.demo.today - day).days <= PENDING_DAYS
        shifts = [
            Shift(
                station=station,
                kind=chance.choice(list(TITLES)),
                crew=chance.sample(self.cast.volunteers[station], CREW),
                minutes=minutes,
            )
            for n, station in enumerate(busy)
            if (n + turn) % 4 == 0 or (last and n == 0)
        ]
        for shift in shifts:
            first = self.cast.volunteers[shift.station][0]
            if shift.station == busy[0] and first not in shift.crew:
                shift.crew[-1] = first
        return shifts

    async def announce(self, day: date) -> None:
        """What is coming: an open activity at every busy station, with the first seats taken."""
        for station in self.demo.busy():
            made = await declare_activity(
                self.cast.managers[station],
                station=station,
                kind=ActivityKind.CULTURE,
                title=TITLES[ActivityKind.CULTURE],
                seats=CREW + 2,
                starts=instant(day, 9 * 60),
                ends=instant(day, 11 * 60),
                key=self.demo.key(),
            )
            await move_activity(
                self.cast.managers[station],
                activity=made.activity,
                move=Move.OPEN,
                key=self.demo.key(),
            )
            await self.demo.at_once(
                sign_up(who, activity=made.activity, key=self.demo.key())
                for who in self.cast.volunteers[station][:3]
            )

    async def open_house(self, day: date, *, running: bool) -> None:
        """From morning to midnight at every busy station: whoever visits can check somebody in."""
        made = await self.demo.at_once(
            declare_activity(
                self.cast.managers[station],
                station=station,
                kind=ActivityKind.COMMUNITY_CARE,
                title=TITLES[ActivityKind.COMMUNITY_CARE],
                seats=CREW + 2,
                starts=instant(day, 8 * 60),
                ends=instant(day, 24 * 60),
                key=self.demo.key(),
            )
            for station in self.demo.busy()
        )
        shifts = [
            Shift(
                station=station,
                kind=ActivityKind.COMMUNITY_CARE,
                crew=self.cast.volunteers[station][:CREW],
                minutes=16 * 60,
                activity=one.activity,
            )
            for station, one in zip(self.demo.busy(), made, strict=True)
        ]
        await self.move(shifts, Move.OPEN)
        await self.demo.at_once(
            sign_up(who, activity=shift.activity, key=self.demo.key())
            for shift in shifts
            for who in shift.crew
        )
        if running:
            await self.move(shifts, Move.START)

    async def serve(self, day: date) -> None:
        """A service day, from the declaration in the morning to the acceptance in the evening."""
        shifts = self.shifts(day)
        if shifts:
            await self.prepare(day, shifts)
            await self.attend(day, shifts)
            await self.turn_keys(day, shifts)

    async def prepare(self, day: date, shifts: list[Shift]) -> None:
        """Declare, open, fill and start the activities."""
        self.clock.at = instant(day, 8 * 60)
        made = await self.demo.at_once(
            declare_activity(
                self.cast.managers[shift.station],
                station=shift.station,
                kind=shift.kind,
                title=TITLES[shift.kind],
                seats=CREW + 2,
                starts=instant(day, 9 * 60),
                ends=instant(day, 9 * 60 + shift.minutes),
                key=self.demo.key(),
            )
            for shift in shifts
        )
        for shift, one in zip(shifts, made, strict=True):
            shift.activity = one.activity
        await self.move(shifts, Move.OPEN)
        await self.demo.at_once(
            sign_up(who, activity=shift.activity, key=self.demo.key())
            for shift in shifts
            for who in shift.crew
        )
        await self.move(shifts, Move.START)

    async def attend(self, day: date, shifts: list[Shift]) -> None:
        """Check everybody in and out: the first by the station's code, the others by scan."""
        self.clock.at = instant(day, 8 * 60 + 50)
        for n in range(CREW):
            self.clock.move(timedelta(minutes=self.demo.chance.randrange(1, 4)))
            if n == 0:
                await self.by_code(shifts, arriving=True)
            else:
                await self.by_scan(shifts, n)
        self.clock.at = instant(day, 9 * 60 + shifts[0].minutes - CREW)
        for n in range(CREW):
            if n == 0:
                await self.by_code(shifts, arriving=False)
            else:
                await self.by_scan(shifts, n)
            self.clock.move(timedelta(minutes=1))
        await self.demo.at_once(
            end_activity(
                self.cast.managers[shift.station], activity=shift.activity, key=self.demo.key()
            )
            for shift in shifts
        )

    async def by_code(self, shifts: list[Shift], *, arriving: bool) -> None:
        """The first of each crew, with their own phone."""
        codes = [
            await station_code(self.cast.clerks[shift.station], shift.station) for shift in shifts
        ]
        act = check_in if arriving else check_out
        await self.demo.at_once(
            act(shift.crew[0], activity=shift.activity, code=code, key=self.demo.key())
            for shift, code in zip(shifts, codes, strict=True)
        )

    async def by_scan(self, shifts: list[Shift], n: int) -> None:
        """The n-th of each crew, at the desk."""
        await self.demo.at_once(
            scan(
                self.cast.clerks[shift.station],
                activity=shift.activity,
                number=self.cast.numbers[shift.crew[n].person or ""],
                key=self.demo.key(),
            )
            for shift in shifts
        )

    async def turn_keys(self, day: date, shifts: list[Shift]) -> None:
        """Capture, file, confirm, accept and close; the last week as far as it has come."""
        self.clock.move(timedelta(minutes=20))
        made = await self.demo.at_once(
            capture_visit(
                self.cast.clerks[shift.station],
                activity=shift.activity,
                person=who.person or "",
                visit=0,
                key=self.demo.key(),
            )
            for shift in shifts
            for who in shift.crew
        )
        records = iter(made)
        for shift in shifts:
            shift.records = [one.record for one in itertools.islice(records, CREW)]
        await self.move(shifts, Move.FILE)
        left = (self.demo.today - day).days
        if left < UNCONFIRMED_DAYS:
            return
        self.clock.move(timedelta(minutes=20))
        await self.demo.at_once(
            confirm_hours(
                self.cast.managers[shift.station], records=shift.records, key=self.demo.key()
            )
            for shift in shifts
        )
        if left < PENDING_DAYS:
            return
        self.clock.at = instant(day, 20 * 60)
        await self.demo.at_once(
            accept_hours(who, records=[record], key=self.demo.key())
            for shift in shifts
            for who, record in zip(shift.crew[1:], shift.records[1:], strict=True)
        )
        await self.move(shifts, Move.CLOSE)

    async def move(self, shifts: list[Shift], move: Move) -> None:
        """Move every activity of the day on."""
        await self.demo.at_once(
            move_activity(
                self.cast.managers[shift.station],
                activity=shift.activity,
                move=move,
                key=self.demo.key(),
            )
            for shift in shifts
        )

    async def offer_rewards(self) -> None:
        """Each busy station offers something."""
        for station in self.demo.busy():
            made = await self.demo.at_once(
                offer_reward(
                    self.cast.managers[station],
                    station=station,
                    name=name,
                    minutes=minutes,
                    stock=500,
                    goods=False,
                    key=self.demo.key(),
                )
                for name, minutes in REWARDS
            )
            self.rewards[station] = [one.reward for one in made]

    async def redeem(self, day: date) -> None:
        """Once a month some redeem: ordered, made ready, handed over by code."""
        self.clock.at = instant(day, 20 * 60 + 30)
        buyers = [
            (station, who)
            for station in self.demo.busy()
            for who in self.demo.chance.sample(self.cast.volunteers[station], 3)
        ]
        held = await accounts.balances_of(
            [accounts.volunteer(who.person or "") for _, who in buyers]
        )
        able = [
            (station, who)
            for station, who in buyers
            if held[accounts.volunteer(who.person or "")] >= REWARDS[0][1]
        ]
        orders = await self.demo.at_once(
            order_reward(who, reward=self.rewards[station][0], key=self.demo.key())
            for station, who in able
        )
        await self.demo.at_once(
            ready_reward(self.cast.managers[station], order=one.order, key=self.demo.key())
            for (station, _), one in zip(able, orders, strict=True)
        )
        await self.demo.at_once(
            self.fetch(station, who, one.order)
            for (station, who), one in zip(able, orders, strict=True)
        )

    async def fetch(self, station: str, who: Actor, order: str) -> None:
        """Show the code of an order at the desk, and take the reward home."""
        key = self.demo.key()
        held = (await visible_orders(who, [order]))[order]
        code = code_of(who, held)
        if code is not None:
            await hand_over_reward(self.cast.clerks[station], order=order, code=code, key=key)
