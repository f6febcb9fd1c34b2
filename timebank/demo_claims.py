"""The demonstration's dual claim: members, posts and wishes of the station a visitor sees first.

Members report, serve on posts and let a unit know; wishes are granted, carried over, referred or
left to the community; some of each waits at the secretary's desk. What timers would have done in
the months between is done by their commands. Refuses to know what else the station lives through.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

from timebank.access import Role
from timebank.actors import SYSTEM, Actor
from timebank.appointment_life import Body, Office
from timebank.appointments import confirm_appointment, declare_appointment
from timebank.clock import day_of
from timebank.demo import Demo
from timebank.hours import Record
from timebank.member_reports import reconfirm_membership, report_membership
from timebank.places import stations_by_id
from timebank.post_claim_life import Evaluation
from timebank.post_claims import (
    begin_post,
    claim_post,
    complete_post,
    confirm_claim,
    evaluate_claim,
)
from timebank.post_services import PostService, name_service
from timebank.posts import PostClass, draft_post, open_post
from timebank.record_life import COUNTED
from timebank.report_reviews import activate_report, receive_report
from timebank.skills import name_skills
from timebank.statement_life import StatementState
from timebank.tables import find_many, select
from timebank.unit_consents import consent_to_unit
from timebank.unit_statements import (
    lapse_statement,
    prepare_statement,
    send_statement,
    statements_due,
    statements_of,
    statements_unsent,
)
from timebank.units import register_unit, units_by_id
from timebank.wish_checks import approve_wish, publish_wish, refer_wish
from timebank.wish_claims import allow_volunteers, claim_wish
from timebank.wish_closings import close_by_phone
from timebank.wish_granting import contact_resident, fulfil_wish
from timebank.wish_life import ReferTo, WishKind, WishRating
from timebank.wish_rounds import move_wish_on, wishes_due
from timebank.wishes import collect_wish

MONTHLY = (170, 145, 120, 95, 70, 45, 20, 5)
"""Days before today on which members name their service and what is due falls due."""
MEMBERS, RETIRED, UNCHECKED = (0, 6, 7), (5, 9), (8, 10)
"""Which of the station's volunteers are members, retired ones, and those who reported lately."""
POSTS = (
    (PostClass.SAFETY_AND_PATROL, "夜间巡逻", 5, (5, 6, 7), (19, 21)),
    (PostClass.HEALTH, "社区量血压", 3, (6,), (9, 11)),
    (PostClass.CULTURE_AND_SPORT, "带孩子打乒乓球", 2, (7,), (14, 16)),
    (PostClass.LEGAL_AID, "法律咨询", 1, (3,), (18, 20)),
)
DRAFT = (PostClass.GOVERNANCE, "楼栋议事召集人", 1, (2,), (19, 20))
UNITS = ("市第一中学", "江城水务公司")
LONELY, LATER = ("想学会修旧收音机", "修旧收音机"), ("想找人一起下象棋", "一起下象棋")
WISHES = (
    (WishKind.REPAIR, "水龙头漏水，想请人修一下", "修水龙头"),
    (WishKind.COMPANY, "想有人陪我去江滩走走", "陪老人散步"),
    (WishKind.GOODS, "孙女想要一本字典", "一本字典"),
    (WishKind.LEARNING, "想学会用手机挂号", "教用手机挂号"),
    (WishKind.ERRAND, "腿脚不便，想请人代取药", "代取药"),
)
AID = "低保手续办不下来，不知道该问谁"
READER = (WishKind.GOODS, "眼睛不好，想要一个放大镜", "一个放大镜")

Chapter = tuple[int, Callable[[], Awaitable[None]]]


class Claims:
    """Tells of dual claim at one station."""

    def __init__(self, demo: Demo, station: str) -> None:
        self.demo, self.station, self.key = demo, station, demo.key
        self.manager, self.clerk = demo.cast.managers[station], demo.cast.clerks[station]
        self.people = demo.cast.volunteers[station]
        self.members = [self.people[n] for n in MEMBERS]
        self.community, self.secretary = "", self.manager
        self.posts, self.claims = list[str](), dict[str, str]()
        self.telephones = iter(range(10_000))

    def chapters(self) -> list[Chapter]:
        """What is told, and how many days before today."""
        return [
            (200, self.muster),
            (85, self.wish_alone),
            (45, self.wish_later),
            (14, self.grant_wishes),
            (9, self.leave_waiting),
            *((left, self.let_time_pass) for left in MONTHLY),
        ]

    async def muster(self) -> None:
        """Members report and are received; posts open, each is claimed; a unit may know."""
        path = (await stations_by_id([self.station]))[self.station].path
        scope = "/".join(path.split("/")[:4]) + "/"
        self.community = path.split("/")[3]
        self.secretary = await self.demo.appoint(Role.PARTY_SECRETARY, scope)
        await self.demo.keep_sign_in("party_secretary", self.secretary)
        street, units = self.demo.cast.staff[Role.STREET_OFFICER.value], []
        for name in UNITS:
            made = await register_unit(street, area=self.community, name=name, key=self.key())
            units.append(made.unit)
        unit = (await units_by_id(units))[units[0]]
        admin = await self.demo.appoint(Role.UNIT_PARTY_ADMIN, unit.path)
        await self.demo.keep_sign_in("unit_party_admin", admin)
        for who in self.members:
            report = await self._reported(who)
            await activate_report(self.secretary, report=report, key=self.key())
        for who in self.members[:2]:
            await consent_to_unit(who, unit=units[0], key=self.key())
        self.posts = [await self._post(post) for post in POSTS]
        await name_skills(
            self.members[0],
            classes=[PostClass.SAFETY_AND_PATROL, PostClass.HEALTH, PostClass.CULTURE_AND_SPORT],
            kinds=[],
            windows=[],
            key=self.key(),
        )
        for who, post in zip(self.members, (0, 0, 1), strict=True):
            self.claims[who.id] = await self._serving(who, self.posts[post])
        office = await self._office(self.people[RETIRED[0]], Office.HEAD)
        await confirm_appointment(self.secretary, appointment=office, key=self.key())

    async def let_time_pass(self) -> None:
        """Members name what they served, and what timers look after happens."""
        for who in self.members[:2]:
            await self._name_services(who)
        for member in await statements_due(skip=0, limit=100):
            await prepare_statement(SYSTEM, member=member)
        for statement in await statements_unsent(skip=0, limit=100):
            await lapse_statement(SYSTEM, statement=statement)
        for who in self.members:
            await reconfirm_membership(who, key=self.key())
        for wish in await wishes_due(skip=0, limit=100):
            await move_wish_on(SYSTEM, wish=wish)
        # The first member has the latest statement still to send: none follows it before today.
        latest = self.demo.today - timedelta(days=MONTHLY[-1])
        for who in self.members[:2]:
            for held in await statements_of(who, limit=4):
                sends = who is not self.members[0] or held.send_by < latest
                if held.state is StatementState.PREPARED and sends:
                    comment = "一般在周末参加巡逻"
                    await send_statement(who, statement=held.id, comment=comment, key=self.key())

    async def wish_alone(self) -> None:
        """A wish that nobody takes in two rounds, so that the community sees to it."""
        await self._listed(WishKind.LEARNING, *LONELY)

    async def wish_later(self) -> None:
        """A wish in its second round, which stands before the others."""
        await self._listed(WishKind.COMPANY, *LATER)

    async def grant_wishes(self) -> None:
        """Five wishes: one told, two on the list, one being granted, one granted and praised."""
        await allow_volunteers(
            self.secretary, community=self.community, allowed=True, key=self.key()
        )
        for n, (kind, words, summary) in enumerate(WISHES):
            if not n:
                await self._told(kind, words)
                continue
            wish = await self._listed(kind, words, summary)
            if n > 2:
                await self._granted(wish, self.people[n], done=n > 3)

    async def leave_waiting(self) -> None:
        """Something of each kind that the secretary, a member or a resident is to answer."""
        await self._reported(self.people[UNCHECKED[0]])
        await report_membership(
            self.people[UNCHECKED[1]], community=self.community, consent=True, key=self.key()
        )
        await self._post(DRAFT, opened=False)
        first, _, third = self.members
        await claim_post(first, post=self.posts[1], key=self.key())
        await complete_post(third, claim=self.claims[third.id], key=self.key())
        done = await self._serving(third, self.posts[3])
        await complete_post(third, claim=done, key=self.key())
        await evaluate_claim(
            self.secretary,
            claim=done,
            evaluation=Evaluation.MORE_THAN_AGREED,
            remark="讲得清楚，居民满意",
            key=self.key(),
        )
        await self._office(self.people[RETIRED[1]], Office.ADVISER)
        referred = await self._told(WishKind.OTHER, AID)
        await refer_wish(self.manager, wish=referred, to=ReferTo.SOCIAL_AID, key=self.key())
        approved = await self._told(WishKind.HEALTH, "想有人教我用血压计")
        await approve_wish(self.manager, wish=approved, key=self.key())
        taken = await self._listed(*READER)
        await claim_wish(first, wish=taken, key=self.key())

    async def _reported(self, who: Actor) -> str:
        made = await report_membership(who, community=self.community, consent=True, key=self.key())
        await receive_report(self.secretary, report=made.report, key=self.key())
        return made.report

    async def _post(
        self,
        post: tuple[PostClass, str, int, tuple[int, ...], tuple[int, int]],
        *,
        opened: bool = True,
    ) -> str:
        post_class, title, places, weekdays, hours = post
        made = await draft_post(
            self.secretary,
            community=self.community,
            post_class=post_class,
            title=title,
            places=places,
            first_day=day_of(self.demo.clock.now()),
            last_day=self.demo.today + timedelta(days=120),
            weekdays=weekdays,
            from_minute=hours[0] * 60,
            to_minute=hours[1] * 60,
            key=self.key(),
        )
        if opened:
            await open_post(self.secretary, post=made.post, key=self.key())
        return made.post

    async def _serving(self, who: Actor, post: str) -> str:
        claim = (await claim_post(who, post=post, key=self.key())).claim
        await confirm_claim(self.secretary, claim=claim, key=self.key())
        await begin_post(who, claim=claim, key=self.key())
        return claim

    async def _office(self, who: Actor, office: Office) -> str:
        today = day_of(self.demo.clock.now())
        made = await declare_appointment(
            who,
            community=self.community,
            body=Body.OWNERS_COMMITTEE,
            office=office,
            first_day=today,
            last_day=today + timedelta(days=3 * 365),
            consent=True,
            key=self.key(),
        )
        return made.appointment

    async def _name_services(self, who: Actor) -> None:
        claim = self.claims[who.id]
        own = await select(Record, volunteer=who.id, order=["id"])
        named = await find_many(PostService, [record.id for record in own])
        for record in self._since_muster(own):
            if record.id not in named and record.state in COUNTED:
                await name_service(who, claim=claim, record=record.id, key=self.key())

    def _since_muster(self, records: Sequence[Record]) -> list[Record]:
        """Every second record of the days after the posts were claimed; the rest is other help."""
        first = self.demo.today - timedelta(days=198)
        return [record for record in records if record.day >= first][::2]

    async def _told(self, kind: WishKind, words: str) -> str:
        told = await collect_wish(
            self.clerk,
            station=self.station,
            kind=kind,
            words=words,
            name="陈桂兰",
            phone=f"1990009{next(self.telephones):04d}",
            consent=True,
            may_publish=True,
            key=self.key(),
        )
        return told.wish

    async def _listed(self, kind: WishKind, words: str, summary: str) -> str:
        wish = await self._told(kind, words)
        await approve_wish(self.manager, wish=wish, key=self.key())
        await publish_wish(self.manager, wish=wish, summary=summary, key=self.key())
        return wish

    async def _granted(self, wish: str, who: Actor, *, done: bool) -> None:
        claim = (await claim_wish(who, wish=wish, key=self.key())).claim
        await contact_resident(who, claim=claim, key=self.key())
        if done:
            await fulfil_wish(who, claim=claim, key=self.key())
            rating = WishRating.GOOD
            await close_by_phone(
                self.manager, wish=wish, granted=True, rating=rating, key=self.key()
            )
