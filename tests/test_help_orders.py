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
from timebank.help_disputes import dispute_help, rule_on_help
from timebank.help_life import (
    HOLDING,
    LIFECYCLE,
    TAKEN,
    UNMATCHED,
    HelpCancelled,
    HelpCutBack,
    HelpDelivered,
    HelpDisputed,
    HelpDisputeReason,
    HelperWithdrew,
    HelpEscalated,
    HelpLapsed,
    HelpMatched,
    HelpNoShow,
    HelpPaidAgain,
    HelpPartlyPaidAgain,
    HelpPartlySettled,
    HelpReleased,
    HelpReserved,
    HelpSettled,
    HelpStarted,
    HelpState,
    HelpTakenBack,
)
from timebank.help_orders import HelpOpen, HelpOrder, HelpWeek, help_at, help_of
from timebank.lifecycles import NotInThisState, step
from timebank.matching import claim_help, withdraw_from_help
from timebank.no_shows import report_no_show
from timebank.refusals import Refusal
from timebank.reversals import repudiate_hours
from timebank.settlements import confirm_help, deliver_help, start_help
from timebank.tables import select
from timebank.timers import sweep

SHORTER = HelpDisputeReason.SHORTER
EVENTS: list[type[Event]] = [
    HelpReserved,
    HelpMatched,
    HelperWithdrew,
    HelpStarted,
    HelpDelivered,
    HelpSettled,
    HelpPartlySettled,
    HelpReleased,
    HelpCancelled,
    HelpNoShow,
    HelpLapsed,
    HelpEscalated,
    HelpDisputed,
    HelpTakenBack,
    HelpCutBack,
    HelpPaidAgain,
    HelpPartlyPaidAgain,
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


LIKELY = {
    HelpState.RESERVED: ("claim", "claim", "claim", "elder orders"),
    HelpState.ESCALATED: ("claim", "cancel"),
    HelpState.MATCHED: ("start", "report", "no-show", "withdraw", "cancel"),
    HelpState.IN_SERVICE: ("check out",),
    HelpState.DELIVERED: ("confirm", "confirm", "elder disputes", "undo"),
    HelpState.DISPUTED: ("decide",),
    HelpState.SETTLED: ("elder orders", "undo"),
}
"""Acts that a state allows; where none is named, somebody orders."""


class History:
    """Random acts on orders; whatever the rules refuse is refused and leaves nothing."""

    def __init__(self, street: Street, people: list[Actor], chance: random.Random) -> None:
        self.street, self.people, self.chance = street, people, chance
        self.orders: list[str] = []
        self.done = 0

    async def act(self) -> None:
        """One act by somebody on some order: mostly one that its state allows."""
        order = self.chance.choice(self.orders[-4:]) if self.orders else ""
        who = await self._somebody(order)
        acts = self._acts(who, order)
        state = await self.street.state(order) if order else HelpState.REQUESTED
        likely = [acts[name] for name in LIKELY.get(state, ("elder orders",))]
        try:
            await self.chance.choice(likely if self.chance.random() < 0.7 else [*acts.values()])()
            self.done += 1
        except Refusal:
            pass
        self.street.world.clock.move(
            self.chance.choice((0,) * 6 + (5, 20, 50, 50, 90) * 2 + (4_400,)) * MINUTE
        )

    def _acts(self, who: Actor, order: str) -> dict[str, Callable[[], Awaitable[object]]]:
        clerk, manager = self.street.clerk, self.street.manager
        minutes = self.chance.choice((0, 7, 7, 30))
        return {
            "order": lambda: self._order(who),
            "elder orders": lambda: self._order(self.street.elder),
            "claim": lambda: claim_help(who, order=order, key=key()),
            "withdraw": lambda: withdraw_from_help(who, order=order, key=key()),
            "start": lambda: start_help(who, order=order, key=key()),
            "check out": lambda: deliver_help(who, order=order, key=key()),
            "report": lambda: deliver_help(who, order=order, minutes=30, key=key()),
            "confirm": lambda: confirm_help(clerk, order=order, key=key()),
            "cancel": lambda: cancel_help(clerk, order=order, key=key()),
            "no-show": lambda: report_no_show(clerk, order=order, key=key()),
            "dispute": lambda: dispute_help(who, order=order, reason=SHORTER, key=key()),
            "elder disputes": lambda: dispute_help(clerk, order=order, reason=SHORTER, key=key()),
            "decide": lambda: rule_on_help(manager, order=order, minutes=minutes, key=key()),
            "undo": lambda: self._undo(who, order),
            "sweep": sweep,
        }

    async def _somebody(self, order: str) -> Actor:
        """Mostly the helper, or a neighbour who may become one."""
        if self.chance.random() < 0.3:
            return self.chance.choice(self.people)
        held = await self.street.at(order) if order else None
        helpers = [one for one in self.people if held and one.id == held.helper]
        return self.chance.choice(helpers or [self.street.helper, self.street.other])

    async def _undo(self, who: Actor, order: str) -> None:
        record = (await self.street.at(order)).record if order else None
        await repudiate_hours(who, records=[record or ""], key=key())

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
        left = order.minutes if order.state in HOLDING else 0
        assert await street.escrow(order.id) == left, (order.id, order.state)
        if order.state in HOLDING:
            assert (order.helper is None) == (order.state in UNMATCHED)
    for person in await select(HelpOpen):
        paying = {o.id for o in orders if o.payer == person.person and o.state in HOLDING}
        helping = {o.id for o in orders if o.helper == person.person and o.state in TAKEN}
        assert set(person.paying) == paying
        assert len(person.paying) <= 2
        assert {one.order for one in person.helping} == helping
    for week in await select(HelpWeek):
        payer, _, _ = week.id.partition("/")
        told = [o.minutes if o.state in HOLDING else o.paid_minutes for o in orders]
        theirs = [m for o, m in zip(orders, told, strict=True) if o.payer == payer]
        assert 0 <= week.minutes <= min(480, sum(theirs))
    balances = await select(accounts.Account, unit="minute")
    assert sum(account.balance for account in balances) == 0
    assert all(a.balance >= 0 for a in balances if accounts.has_floor(a.code))


@pytest.mark.anyio
async def test_any_history_keeps_sums_floors_and_limits_and_escrow_empties(
    database_url: str, tmp_path: Path, size: Size
) -> None:
    steps = 300 if size == "smoke" else 3_000
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
        assert reached >= set(HelpState) - {HelpState.REQUESTED} - HOLDING
        assert history.done > steps // 10
        found = await replay.compare(street.world.settings.database_url)
        assert found.differences == ()
