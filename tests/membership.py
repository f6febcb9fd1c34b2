"""Party members for the tests: a secretary, reports, and the switch of the whole module."""

from datetime import timedelta

from tests.world import COMMUNITY, World, key
from timebank.access import Role
from timebank.actors import SYSTEM, Actor
from timebank.batch import Batch
from timebank.clock import day_of
from timebank.divisions import CITY_PATH
from timebank.journal import Answer, write
from timebank.member_reports import report_membership
from timebank.policy import SEED, PolicyCalendar, decide_publish, read_policy
from timebank.post_claims import begin_post, claim_post, confirm_claim
from timebank.posts import PostClass, draft_post, open_post
from timebank.report_reviews import activate_report, receive_report
from timebank.units import register_unit

COMMUNITY_PATH = f"{CITY_PATH}420102/420102002/{COMMUNITY}/"
OTHER_COMMUNITY = "420102002004"


async def secretary(world: World, path: str = COMMUNITY_PATH) -> Actor:
    """The Party secretary of a community, the same one each time for the home community."""
    if path != COMMUNITY_PATH:
        return await world.officer(Role.PARTY_SECRETARY, path)
    if Role.PARTY_SECRETARY not in world.staff:
        world.staff[Role.PARTY_SECRETARY] = await world.officer(Role.PARTY_SECRETARY, path)
    return world.staff[Role.PARTY_SECRETARY]


async def reported(world: World, who: Actor) -> str:
    """The report of somebody to the home community."""
    made = await report_membership(who, community=COMMUNITY, consent=True, key=key())
    return made.report


async def member(world: World) -> Actor:
    """Somebody new with an active report."""
    who = await world.volunteer()
    report = await reported(world, who)
    party = await secretary(world)
    await receive_report(party, report=report, key=key())
    await activate_report(party, report=report, key=key())
    return who


async def work_unit(world: World) -> str:
    """A work unit of the home community."""
    street = world.staff[Role.STREET_OFFICER]
    made = await register_unit(street, area=COMMUNITY, name="市第一中学", key=key())
    return made.unit


async def switch_off(world: World) -> None:
    """From tomorrow, which it then is, the policy has the module switched off."""
    tomorrow = (world.clock.now() + timedelta(days=1)).date().isoformat()
    text = SEED.read_text("utf-8").replace("2016-12-01", tomorrow)
    text = text.replace("WH-2016-12", "WH-OFF").replace("enabled: true", "enabled: false")

    def work(batch: Batch) -> Answer:
        calendar = batch.get(PolicyCalendar, "city")
        return Answer(entry=batch.record(decide_publish(read_policy(text), calendar, None)).seq)

    await write(SYSTEM, None, work, answer=Answer)
    world.clock.move(timedelta(days=1))


async def open_service_post(world: World, *, places: int = 2, term: int = 30) -> str:
    """An open post of the home community, for so many days from today."""
    party = await secretary(world)
    today = day_of(world.clock.now())
    made = await draft_post(
        party,
        community=COMMUNITY,
        post_class=PostClass.SAFETY_AND_PATROL,
        title="夜间巡逻",
        places=places,
        first_day=today,
        last_day=today + timedelta(days=term),
        weekdays=(6, 7),
        from_minute=19 * 60,
        to_minute=21 * 60,
        key=key(),
    )
    await open_post(party, post=made.post, key=key())
    return made.post


async def serving(world: World, who: Actor, post: str) -> str:
    """A claim of a member that the secretary confirmed and the member began."""
    made = await claim_post(who, post=post, key=key())
    await confirm_claim(await secretary(world), claim=made.claim, key=key())
    await begin_post(who, claim=made.claim, key=key())
    return made.claim
