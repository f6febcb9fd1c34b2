"""Orders for help: their life cycle, and what holds after any history of them."""

import random
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest

from tests.conftest import Size
from tests.credit import credit
from tests.helping import HOUR, MINUTE, WHOLE, Street, open_street
from tests.wire import ask
from tests.world import key
from timebank import accounts, replay
from timebank.access import Role
from timebank.actors import PUBLIC, Actor
from timebank.cancellations import cancel_help
from timebank.events import Event
from timebank.help_life import (
    LIFECYCLE,
    TAKEN,
    HelpCancelled,
    HelpDelivered,
    HelperWithdrew,
    HelpMatched,
    HelpReserved,
    HelpSettled,
    HelpStarted,
    HelpState,
)
from timebank.help_orders import HelpOpen, HelpOrder, HelpWeek, help_at, help_of
from timebank.lifecycles import NotInThisState, step
from timebank.matching import claim_help, withdraw_from_help
from timebank.refusals import Refusal
from timebank.settlements import confirm_help, deliver_help, start_help
from timebank.tables import select

EVENTS: list[type[Event]] = [
    HelpReserved,
    HelpMatched,
    HelperWithdrew,
    HelpStarted,
    HelpDelivered,
    HelpSettled,
    HelpCancelled,
]


def test_every_state_is_listed_and_reached_and_no_other_step_is_allowed() -> None:
    assert set(LIFECYCLE) == set(HelpState)
    reached = {HelpState.REQUESTED, *(to for steps in LIFECYCLE.values() for to in steps.values())}
    assert reached == set(HelpState)
    assert {event for steps in LIFECYCLE.values() for event in steps} == set(EVENTS)
    for state in HelpState:
        for event in EVENTS:
            if event in LIFECYCLE[state]:
                assert step(LIFECYCLE, state, event) in HelpState
            else:
                with pytest.raises(NotInThisState):
                    step(LIFECYCLE, state, event)


@pytest.mark.anyio
async def test_a_station_sees_its_orders_by_state_and_nobody_elses(
    database_url: str, tmp_path: Path
) -> None:
    async with open_street(database_url, tmp_path) as street:
        waiting, taken = await street.order(), await street.matched(starts_in=30 * HOUR)
        path = street.world.station_path
        for state, order in ((HelpState.RESERVED, waiting), (HelpState.MATCHED, taken)):
            for who in (street.clerk, street.world.staff[Role.STREET_OFFICER]):
                assert [one.id for one in await help_at(who, path, state, **WHOLE)] == [order]
            for who in (street.elder, street.helper, PUBLIC):
                assert await help_at(who, path, state, **WHOLE) == []
        assert [one.id for one in await help_of(street.helper, **WHOLE)] == [taken]
        number = await street.world.number_of(street.elder)
        assert await help_of(street.helper, principal=number, **WHOLE) == []
        told = await ask(
            street.world,
            street.clerk,
            f'query {{ helpAt(scope: "{path}", state: RESERVED) {{ nodes {{ id }} }}'
            " helpOrders(first: 3) { nodes { id } } }",
        )
        assert told == {"helpAt": {"nodes": [{"id": waiting}]}, "helpOrders": {"nodes": []}}


# Any history


class History:
    """Random acts on orders; whatever the rules refuse is refused and leaves nothing."""

    def __init__(self, street: Street, people: list[Actor], chance: random.Random) -> None:
        self.street, self.people, self.chance = street, people, chance
        self.orders: list[str] = []
        self.done = 0

    async def act(self) -> None:
        """One act by somebody on some order."""
        who = self.chance.choice(self.people)
        order = self.chance.choice(self.orders[-4:]) if self.orders else ""
        acts: list[Callable[[], Awaitable[object]]] = [
            lambda: self._order(who),
            lambda: self._order(self.street.elder),
            lambda: claim_help(who, order=order, key=key()),
            lambda: claim_help(who, order=order, key=key()),
            lambda: withdraw_from_help(who, order=order, key=key()),
            lambda: start_help(who, order=order, key=key()),
            lambda: deliver_help(who, order=order, key=key()),
            lambda: deliver_help(who, order=order, minutes=30, key=key()),
            lambda: confirm_help(who, order=order, key=key()),
            lambda: confirm_help(self.street.clerk, order=order, key=key()),
            lambda: cancel_help(self.street.clerk, order=order, key=key()),
        ]
        try:
            await self.chance.choice(acts)()
            self.done += 1
        except Refusal:
            pass
        self.street.world.clock.move(self.chance.randint(0, 50) * MINUTE)

    async def _order(self, who: Actor) -> None:
        minutes = self.chance.choice((30, 45, 120))
        starts_in = timedelta(minutes=self.chance.randint(1, 400))
        self.orders.append(await self.street.order(who, minutes=minutes, starts_in=starts_in))


async def holds(street: Street) -> None:
    """What must hold after every step."""
    books = await accounts.conservation()
    assert books.whole
    orders = await select(HelpOrder)
    for order in orders:
        left = 0 if not LIFECYCLE[order.state] else order.minutes
        assert await street.escrow(order.id) == left, (order.id, order.state)
        assert (order.helper is not None) == (order.state in TAKEN | {HelpState.SETTLED}) or (
            order.state is HelpState.CANCELLED
        )
    for person in await select(HelpOpen):
        paying = {o.id for o in orders if o.payer == person.person and LIFECYCLE[o.state]}
        helping = {o.id for o in orders if o.helper == person.person and o.state in TAKEN}
        assert set(person.paying) == paying
        assert len(person.paying) <= 2
        assert {one.order for one in person.helping} == helping
    for week in await select(HelpWeek):
        payer, _, _ = week.id.partition("/")
        told = [o.minutes if LIFECYCLE[o.state] else o.paid_minutes for o in orders]
        theirs = [m for o, m in zip(orders, told, strict=True) if o.payer == payer]
        assert 0 <= week.minutes <= min(480, sum(theirs))
    balances = await select(accounts.Account, unit="minute")
    assert sum(account.balance for account in balances) == 0
    assert all(a.balance >= 0 for a in balances if accounts.has_floor(a.code))


@pytest.mark.anyio
async def test_any_history_keeps_sums_floors_and_limits_and_escrow_empties(
    database_url: str, tmp_path: Path, size: Size
) -> None:
    steps = 150 if size == "smoke" else 3_000
    async with open_street(database_url, tmp_path) as street:
        old = await street.world.volunteer()
        await credit(old.id, street.world.station, 100)
        people = [street.elder, street.helper, street.other, old]
        history = History(street, people, random.Random(20161205))
        for n in range(steps):
            await history.act()
            if n % 10 == 0:
                await holds(street)
        await holds(street)
        reached = {order.state for order in await select(HelpOrder)}
        assert {HelpState.SETTLED, HelpState.CANCELLED} <= reached
        assert history.done > steps // 10
        found = await replay.compare(street.world.settings.database_url)
        assert found.differences == ()
