"""Help for the tests: an elder with minutes, a neighbour who helps, orders by the commands."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from tests.credit import credit
from tests.families import GRANDMOTHER
from tests.world import World, key, open_world
from timebank import accounts
from timebank.access import Role
from timebank.actors import Actor
from timebank.drawing_rights import Ground, certify_drawing
from timebank.help_life import HelpKind, HelpState
from timebank.help_offers import Window, offer_help
from timebank.help_orders import HelpOrder
from timebank.help_requests import request_help
from timebank.matching import claim_help
from timebank.settlements import deliver_help, start_help
from timebank.tables import find

NEIGHBOUR = date(1970, 5, 6)
WHOLE: dict[str, Any] = {"after": None, "before": None, "limit": 50, "backward": False}
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


class Street:
    """A station's elder with 600 minutes, two neighbours, and its staff."""

    def __init__(self, world: World, elder: Actor, helper: Actor, other: Actor) -> None:
        self.world, self.elder, self.helper, self.other = world, elder, helper, other
        self.clerk = world.staff[Role.STATION_CLERK]
        self.manager = world.staff[Role.STATION_MANAGER]

    async def order(
        self,
        who: Actor | None = None,
        *,
        minutes: int = 60,
        starts_in: timedelta = 24 * HOUR,
        at_home: bool = False,
        **told: Any,
    ) -> str:
        """An order that waits for a helper; the elder's own if nobody else is named."""
        made = await request_help(
            who or self.elder,
            kind=HelpKind.ERRANDS,
            starts=self.world.clock.now() + starts_in,
            minutes=minutes,
            at_home=at_home,
            words="请帮忙去菜市场买菜,三单元二楼",
            key=key(),
            **told,
        )
        return made.order

    async def matched(self, **told: Any) -> str:
        """An order that the helper has taken."""
        order = await self.order(**told)
        await claim_help(self.helper, order=order, key=key())
        return order

    async def delivered(self, *, served: int | None = None, **told: Any) -> str:
        """An order that the helper checked in to and out of; in `served` minutes, or in all."""
        order = await self.matched(**told)
        held = await self.at(order)
        self.world.clock.move(held.starts - self.world.clock.now())
        await start_help(self.helper, order=order, key=key())
        self.world.clock.move((served or held.minutes) * MINUTE)
        await deliver_help(self.helper, order=order, key=key())
        return order

    async def at(self, order: str) -> HelpOrder:
        """An order as it is kept."""
        held = await find(HelpOrder, order)
        assert held
        return held

    async def state(self, order: str) -> HelpState:
        """How far an order is."""
        return (await self.at(order)).state

    async def minutes(self, who: Actor) -> int:
        """What somebody holds."""
        return await accounts.balance_of(accounts.volunteer(who.id))

    async def escrow(self, order: str) -> int:
        """What an order holds."""
        return await accounts.balance_of(accounts.escrow(order))


@asynccontextmanager
async def open_street(database_url: str, directory: Path) -> AsyncIterator[Street]:
    """A new street on a database."""
    async with open_world(database_url, directory) as world:
        elder = await world.volunteer(birth=GRANDMOTHER)
        await credit(elder.id, world.station, 600)
        helper, other = [await world.volunteer(birth=NEIGHBOUR) for _ in range(2)]
        yield Street(world, elder, helper, other)


async def things(world: World, subject: Actor) -> dict[str, Any]:
    """What the role matrix asks of orders: those the subject ordered, and those they help with."""
    elders = [await world.volunteer(birth=GRANDMOTHER) for _ in range(4)]
    for elder in (subject, *elders):
        await credit(elder.id, world.station, 300)
    street = Street(world, elders[0], subject, await world.volunteer(birth=NEIGHBOUR))
    await certify_drawing(
        street.clerk, person=subject.id, ground=Ground.HARDSHIP, until=date(2030, 1, 1), key=key()
    )
    own = await street.order(subject, minutes=30, starts_in=MINUTE)
    await claim_help(street.other, order=own, key=key())
    world.clock.move(31 * MINUTE)
    await deliver_help(street.other, order=own, minutes=30, key=key())
    windows = [Window(day, 0, 1440) for day in range(1, 8)]
    until = date(2026, 12, 20)
    kinds = [HelpKind.ERRANDS]
    await offer_help(subject, kinds=kinds, windows=windows, at_home=True, until=until, key=key())
    waiting = [await street.order(starts_in=starts * HOUR) for starts in (5, 7)]
    helping = [
        await street.matched(who=who, starts_in=n * HOUR) for n, who in enumerate(elders[1:], 9)
    ]
    return {
        "helpAt.scope": world.station_path,
        "helpAt.state": "RESERVED",
        "requestHelp.payer": await world.number_of(subject),
        "requestHelp.minutes": 30,
        "atHome": False,
        "claimHelp.order": waiting[0],
        "matchHelp.order": waiting[1],
        "matchHelp.helper": await world.number_of(street.other),
        "withdrawFromHelp.order": helping[0],
        "startHelp.order": helping[1],
        "deliverHelp.order": helping[2],
        "confirmHelp.order": own,
        "disputeHelp.order": own,
        "decideHelp.order": own,
        "decideHelp.minutes": 30,
        "reportNoShow.order": own,
        "cancelHelp.order": await street.order(subject, starts_in=24 * HOUR),
        "windows": [{"weekday": 1, "beginsMinute": 0, "endsMinute": 1440}],
        "kinds": ["ERRANDS"],
        "offerHelp.until": "2026-12-20",
        "certifyDrawing.person": subject.id,
        "endDrawing.person": subject.id,
        "drawingRight.person": subject.id,
    }
