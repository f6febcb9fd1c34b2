"""Wishes for the tests: told, published, claimed and granted by the ordinary commands."""

from datetime import timedelta

from tests.wire import form
from tests.world import World, key
from timebank.access import Role
from timebank.actors import Actor
from timebank.keys import RequestKey
from timebank.tables import find
from timebank.wish_checks import approve_wish, publish_wish
from timebank.wish_claims import WishClaim, claim_wish
from timebank.wish_granting import contact_resident, fulfil_wish
from timebank.wish_life import WishKind
from timebank.wishes import Wish, collect_wish

DAY = timedelta(days=1)


def visitor() -> tuple[Actor, RequestKey]:
    """Somebody without an account, and the key of their form."""
    who = form(key().key)
    return who, RequestKey.once(who.scope)


async def told(
    world: World, *, by: Actor | None = None, phone: str = "13912345678", **given: object
) -> str:
    """A wish told at the counter, or by somebody else."""
    made = await collect_wish(
        by or world.staff[Role.STATION_CLERK],
        station=world.station,
        kind=WishKind.REPAIR,
        words="我家水龙头漏水，想请人修一下",
        name="陈桂兰",
        phone=phone,
        address="黎黄陂路12号3楼",
        consent=True,
        key=RequestKey.once(by.scope) if by else key(),
        **given,  # type: ignore[arg-type]  # what a test says otherwise
    )
    return made.wish


async def listed(world: World, **given: object) -> str:
    """A wish on the list."""
    manager = world.staff[Role.STATION_MANAGER]
    wish = await told(world, **({"may_publish": True} | given))  # type: ignore[arg-type]  # what a test says otherwise
    await approve_wish(manager, wish=wish, key=key())
    await publish_wish(manager, wish=wish, summary="修水龙头", key=key())
    return wish


async def team_leader(world: World) -> Actor:
    """The leader of the station's team."""
    return await world.officer(Role.TEAM_LEADER, f"{world.station_path}{world.team}/")


async def granted(world: World, wish: str) -> str:
    """A claim of the team that contacted the resident and says it is done."""
    leader = await team_leader(world)
    claim = (await claim_wish(leader, wish=wish, claimant=world.team, key=key())).claim
    await contact_resident(leader, claim=claim, key=key())
    await fulfil_wish(leader, claim=claim, key=key())
    return claim


async def wish_of(id: str) -> Wish:
    """A wish that must be there."""
    held = await find(Wish, id)
    assert held
    return held


async def claim_of(id: str) -> WishClaim:
    """A claim that must be there."""
    held = await find(WishClaim, id)
    assert held
    return held
