"""A city for the role matrix: everybody who might ask, and something of each thing to ask about.

The arguments of a root field are filled in by their names, so that most new fields need nothing
here: see `Things`.
"""

from datetime import timedelta
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLNonNull,
    Undefined,
    get_named_type,
)

from tests.annual import report_things
from tests.assessing import grade_things
from tests.certifying import certificate_things
from tests.disputes import dispute_things
from tests.dual_claim import dual_claim_things
from tests.families import family_things
from tests.funding import fund_things
from tests.granting import grant_things
from tests.helping import help_things
from tests.misconduct import misconduct_things
from tests.organising import organisation_things
from tests.privacy import privacy_things
from tests.projects import project_things
from tests.starring import star_things
from tests.volunteering import captured, confirmed, posted, record_of
from tests.wire import act, form
from tests.world import World, found_station, key, resident_id
from timebank.access import Role, grant_role
from timebank.actors import SYSTEM, Actor
from timebank.attendance import scan
from timebank.divisions import CITY_PATH
from timebank.notices import Notice
from timebank.policy import SEED
from timebank.policy_drafts import propose_policy
from timebank.reversals import repudiate_hours
from timebank.sign_in import actor_of, open_session
from timebank.sign_ups import sign_up
from timebank.tables import select
from timebank.teams import create_team

ELSEWHERE = "420100/420103/"
HOUR = timedelta(hours=1)


class City:
    """The actors of the matrix, by column and by whether their role reaches the things."""

    def __init__(self, world: World, subject: Actor) -> None:
        self.world, self.subject = world, subject
        self.near: dict[str, Actor] = {}
        self.far: dict[str, Actor] = {}
        self.things: dict[str, Any] = {}

    async def fill(
        self, field: str, given: dict[str, GraphQLArgument] | dict[str, GraphQLInputField]
    ) -> dict[str, Any]:
        """Values for the arguments of a field; what may be left out and has no name here, is."""
        told: dict[str, Any] = {}
        for name, wanted in given.items():
            value = self.things.get(f"{field}.{name}", self.things.get(name))
            if callable(value):
                # What an act uses up is made anew for everybody who asks.
                value = await value()
            kind = get_named_type(wanted.type)
            if value is None and isinstance(kind, GraphQLInputObjectType):
                value = await self.fill(field, kind.fields)
            elif value is None and isinstance(kind, GraphQLEnumType):
                value = next(iter(kind.values))
            if value is not None:
                told[name] = value
            elif isinstance(wanted.type, GraphQLNonNull) and wanted.default_value is Undefined:
                raise AssertionError(f"say in role_city.py what {field} is to be given as {name}")
        return told


async def found_city(world: World) -> City:
    """Everybody, and something of each thing."""
    city = City(world, await world.volunteer())
    for role in Role:
        city.near[role] = await world.officer(role, CITY_PATH)
        city.far[role] = await world.officer(role, ELSEWHERE)
    city.near |= {"public": form(), "other": await world.volunteer(), "self": city.subject}
    for actors in (city.near, city.far):
        for column, actor in actors.items():
            if actor.person:
                opened = await open_session(actor.person)
                actors[column] = await actor_of(opened.token)
    city.subject = city.near["self"]
    city.things = await _things(world, city.subject)
    city.things |= await privacy_things(world, city.subject)
    city.things |= await dispute_things(world, city.subject)
    city.things |= await star_things(world, city.subject)
    city.things |= await report_things(world)
    city.things |= await grade_things(world)
    city.things |= await misconduct_things(world, city.subject)
    city.things |= await help_things(world, city.subject)
    city.things |= await dual_claim_things(world, city.subject)
    city.things |= await certificate_things(world, city.subject)
    city.things |= await fund_things(world)
    city.things |= await organisation_things(world, city.subject)
    city.things |= await project_things(world, city.subject)
    city.things |= await grant_things(world)
    return city


async def _things(world: World, subject: Actor) -> dict[str, Any]:
    manager, clerk = world.staff[Role.STATION_MANAGER], world.staff[Role.STATION_CLERK]
    activity = await world.activity()
    await sign_up(subject, activity=activity, key=key())
    await act(world, manager, "startActivity", "replayed", activity=activity, **once())
    number = await world.number_of(subject)
    await scan(clerk, activity=activity, number=number, key=key())
    await posted(world, subject)
    elder = await world.volunteer()
    untold = await captured(world, elder, minutes=10)
    await confirmed(world, [untold])
    disowned = await captured(world, subject, starts=world.clock.now() - 4 * HOUR)
    await repudiate_hours(subject, records=[disowned], key=key())
    waiting = await captured(
        world, subject, starts=world.clock.now() - 2 * HOUR, minutes=30, by=manager
    )
    wrong = await captured(
        world, subject, starts=world.clock.now() - 5 * HOUR, minutes=30, by=manager
    )
    target = await world.volunteer()
    auditor = await grant_role(
        SYSTEM, person=target.person or "", role=Role.AUDITOR, scope=CITY_PATH, key=key()
    )
    seed = SEED.read_text("utf-8").replace("WH-2016-12", "WH-2030-01")
    document = seed.replace("2016-12-01", "2030-01-01")
    lead = await world.officer(Role.CITY_LEAD)
    draft = await propose_policy(lead, document=document, key=key())
    gone = await create_team(manager, station=world.station, name="散队", key=key())
    await world.activity(starts_in=30 * HOUR)
    reward, order = await _order(world, manager, subject)
    (notice,) = await select(Notice, person=subject.person or "", limit=1)
    heir = await found_station(world, number="S-HEIR")
    ended = await found_station(world, number="S-ENDED")
    return {
        "id": subject.person,
        "ids": [subject.person],
        "person": target.person,
        "volunteer": subject.person,
        "number": number,
        "activity": activity,
        "activities.state": "RUNNING",
        "attended.id": f"{activity}/{subject.person}",
        "openActivities.area": "420100",
        "station": world.station,
        "stations.area": "420100",
        "station.number": "001",
        "proposeStation.number": "S-NEW",
        "successor": heir,
        "closeStation.station": ended,
        "team": world.team,
        "records": [waiting],
        "rejectHours.records": [wrong],
        "waitingRecords.scope": world.station_path,
        "heldBatches.scope": world.station_path,
        "batch": (await record_of(disowned)).batch,
        "captureVisit.person": subject.person,
        "visit": 0,
        "dryRun": True,
        "rows": [
            {
                "station": "001",
                "volunteer": number,
                "starts": "2026-11-18T01:00:00Z",
                "ends": "2026-11-18T02:00:00Z",
                "kind": "ELDER",
            }
        ],
        "notices": [notice.id],
        "month": "2026-11",
        "acceptMonth.number": number,
        "noticesToTell.person": elder.person,
        "tellInPerson.person": elder.person,
        "recordSheet.station": "001",
        "recordSheet.text": f"volunteer,date,start,end,kind\n{number},2026-11-17,09:00,10:00,elder",
        "dissolveTeam.team": gone.team,
        "reward": reward,
        "order": order,
        "rewardOrders.station": world.station,
        "priceMinutes": 0,
        "stock": 3,
        "pieces": 1,
        "leastStar": 0,
        "isGoods": False,
        "handOverReward.code": "000000",
        "area": "420102002003",
        "code": "420100",
        "checkIn.code": "000000",
        "checkOut.code": "000000",
        "home": world.station,
        "name": "陈桂兰",
        "title": "独居老人探访",
        "phone": "13900000000",
        "consent": True,
        "documentNumber": resident_id(2),
        "personByDocument.documentNumber": resident_id(int(world.count)),
        "proposePolicy.document": document,
        "draft": draft.draft,
        "grant": auditor.grant,
        "role": "AUDITOR",
        "scope": CITY_PATH,
        "grants.person": target.person,
        "password": "not the password",
        "old": "not the password",
        "new": "another password",
        "seats": 3,
        "starts": "2026-12-01T01:00:00Z",
        "ends": "2026-12-01T03:00:00Z",
    } | await family_things(world, subject)


async def _order(world: World, manager: Actor, subject: Actor) -> tuple[str, str]:
    """A reward that costs nothing, and the subject's order for it."""
    offered = await act(
        world,
        manager,
        "offerReward",
        "reward { id }",
        station=world.station,
        name="理发",
        priceMinutes=0,
        stock=9,
        leastStar=0,
        isGoods=False,
        **once(),
    )
    reward = offered["reward"]["id"]
    ordered = await act(world, subject, "orderReward", "order { id }", reward=reward, **once())
    return reward, ordered["order"]["id"]


def once() -> dict[str, str]:
    """A key that is used once, as an input carries it."""
    return {"idempotencyKey": key().key}
