"""Skills: what fits is found, the nearest first, then the oldest; nobody is ranked."""

from datetime import date

import pytest
from msgspec.structs import replace

from tests.membership import member, secretary, switch_off
from tests.wire import act, ask
from tests.wishing import listed, team_leader, told, wish_of
from tests.world import COMMUNITY, World, found_station, key
from timebank.access import Role
from timebank.actors import PUBLIC, Actor
from timebank.erasures import ask_erasure
from timebank.help_offers import OfferWrong, Window
from timebank.post_claims import claim_post
from timebank.posts import PostClass, PostState, ServicePost, draft_post, open_post
from timebank.skills import (
    Nearness,
    Skills,
    fitting_posts,
    fitting_wishes,
    name_skills,
    post_fits,
    wish_fits,
)
from timebank.tables import count
from timebank.wish_checks import approve_wish, publish_wish
from timebank.wish_claims import allow_volunteers, claim_wish
from timebank.wish_granting import give_wish_back
from timebank.wish_life import WishKind
from timebank.wishes import collect_wish

pytestmark = pytest.mark.one_database

NEXT_DOOR, STREET_AWAY = "420102002004", "420102003001"
POST = ServicePost(
    id="pst_1",
    community=COMMUNITY,
    path="420100/",
    post_class=PostClass.HEALTH,
    state=PostState.OPEN,
    places=1,
    taken=0,
    first_day=date(2026, 11, 1),
    last_day=date(2026, 12, 1),
    weekdays=(2, 6),
    from_minute=540,
    to_minute=600,
)
NOTHING = Skills(person="per_1", classes=(), kinds=(), windows=())


@pytest.mark.parametrize(
    ("classes", "windows", "fits"),
    [
        ((), (), True),
        ((PostClass.HEALTH,), (), True),
        ((PostClass.LEGAL_AID,), (), False),
        ((), (Window(6, 540, 600),), True),
        ((), (Window(1, 0, 1440), Window(2, 500, 700)), True),
        ((), (Window(6, 541, 600),), False),
        ((), (Window(6, 540, 599),), False),
        ((), (Window(7, 0, 1440),), False),
        ((PostClass.LEGAL_AID,), (Window(6, 0, 1440),), False),
    ],
)
def test_a_post_fits_by_its_class_and_by_some_of_its_times(
    classes: tuple[PostClass, ...], windows: tuple[Window, ...], fits: bool
) -> None:
    assert post_fits(POST, replace(NOTHING, classes=classes, windows=windows)) is fits
    assert post_fits(POST, None)


async def post_in(world: World, party: Actor, community: str) -> str:
    """An open post of a community."""
    made = await draft_post(
        party,
        community=community,
        post_class=PostClass.HEALTH,
        title="量血压",
        places=3,
        first_day=date(2026, 11, 20),
        last_day=date(2026, 12, 20),
        weekdays=(6,),
        from_minute=540,
        to_minute=600,
        key=key(),
    )
    await open_post(party, post=made.post, key=key())
    return made.post


@pytest.mark.anyio
async def test_posts_are_found_from_the_nearest_place_outwards_and_the_oldest_first(
    world: World,
) -> None:
    party, who = await world.officer(Role.PARTY_SECRETARY), await member(world)
    away = await post_in(world, party, STREET_AWAY)
    door = await post_in(world, party, NEXT_DOOR)
    own = [await post_in(world, party, COMMUNITY) for _ in range(2)]
    await post_in(world, party, "420103001002")
    found = await fitting_posts(who)
    assert found
    assert [(one.id, one.nearness) for one in found] == [
        (own[0], Nearness.COMMUNITY),
        (own[1], Nearness.COMMUNITY),
        (door, Nearness.STREET),
        (away, Nearness.DISTRICT),
    ]
    await claim_post(who, post=own[0], key=key())
    await name_skills(who, classes=[], kinds=[], windows=[Window(6, 500, 600)], key=key())
    left = await fitting_posts(who)
    assert left
    assert [one.id for one in left] == [own[1], door, away]
    await name_skills(who, classes=[PostClass.LEGAL_AID], kinds=[], windows=[], key=key())
    assert await fitting_posts(who) == []
    await name_skills(who, classes=[], kinds=[], windows=[], key=key())
    assert await count(Skills) == 0, "nothing takes it back"
    assert await fitting_posts(PUBLIC) == []
    await switch_off(world)
    assert await fitting_posts(who) is None


@pytest.mark.anyio
async def test_wishes_that_came_back_stand_first_and_only_those_one_may_claim(
    world: World,
) -> None:
    who, other, party = await member(world), await world.volunteer(), await secretary(world)
    wishes = [await listed(world) for _ in range(3)]
    leader = await team_leader(world)
    claim = (await claim_wish(leader, wish=wishes[2], claimant=world.team, key=key())).claim
    await give_wish_back(leader, claim=claim, key=key())
    station = await found_station(world, number="002", area=NEXT_DOOR)
    made = await collect_wish(
        world.staff[Role.STATION_CLERK],
        station=station,
        kind=WishKind.GOODS,
        words="台灯",
        name="李建国",
        phone="13987654321",
        consent=True,
        may_publish=True,
        key=key(),
    )
    manager = await world.officer(Role.STATION_MANAGER)
    await approve_wish(manager, wish=made.wish, key=key())
    await publish_wish(manager, wish=made.wish, summary="一盏台灯", key=key())
    own = await listed(world, by=who)
    found = [one.id for one in await fitting_wishes(who)]
    assert found == [wishes[2], wishes[0], wishes[1], made.wish]
    assert own not in found
    assert await fitting_wishes(other) == []
    await allow_volunteers(party, community=COMMUNITY, allowed=True, key=key())
    assert [one.id for one in await fitting_wishes(other)] == [*found[:3], own]
    await name_skills(who, classes=[], kinds=[WishKind.GOODS], windows=[], key=key())
    assert [one.id for one in await fitting_wishes(who)] == [made.wish]


@pytest.mark.anyio
async def test_skills_are_ones_own_and_go_with_their_person(world: World) -> None:
    who = await world.volunteer()
    for wrong in ([Window(8, 0, 60)], [Window(1, 60, 60)], [Window(1, 0, 60)] * 22):
        with pytest.raises(OfferWrong):
            await name_skills(who, classes=[], kinds=[], windows=wrong, key=key())
    window = {"weekday": 6, "beginsMinute": 540, "endsMinute": 600}
    said = {"classes": ["HEALTH"], "kinds": ["REPAIR"], "windows": [window]}
    made = await act(
        world,
        who,
        "nameSkills",
        "skills { classes kinds windows { weekday beginsMinute endsMinute } }",
        **said,
    )
    assert made["skills"] == said
    query = "{ skills { kinds } fittingWishes { nearness wish { id } } fittingPosts { nearness } }"
    told_me = await ask(world, who, query)
    assert told_me == {"skills": {"kinds": ["REPAIR"]}, "fittingWishes": [], "fittingPosts": []}
    assert (await ask(world, await world.volunteer(), query))["skills"] is None
    await ask_erasure(who, key=key())
    assert await count(Skills) == 0


@pytest.mark.anyio
async def test_a_wish_fits_by_its_kind(world: World) -> None:
    wish = await wish_of(await told(world))
    assert wish_fits(wish, None)
    assert wish_fits(wish, replace(NOTHING, kinds=(WishKind.REPAIR,)))
    assert not wish_fits(wish, replace(NOTHING, kinds=(WishKind.GOODS,)))
