"""Minutes by chance: help, gifts, donations, grants and rewards."""

from datetime import timedelta

from tests.chance import AREA, HOUR, MINUTE, Chance
from tests.world import key
from timebank.access import Role
from timebank.accounts import balance_of, volunteer
from timebank.actors import person
from timebank.cancellations import cancel_help
from timebank.donations import Donation, DonationState, donate, take_back_donation
from timebank.gift_life import GiftState
from timebank.gifts import Gift, accept_gift, decline_gift, offer_gift, withdraw_gift
from timebank.help_disputes import dispute_help, rule_on_help
from timebank.help_life import HelpDisputeReason, HelpKind, HelpState
from timebank.help_orders import HelpOrder
from timebank.help_requests import request_help
from timebank.kin import KinState, KinTie
from timebank.matching import claim_help, withdraw_from_help
from timebank.no_shows import report_no_show
from timebank.pool_grants import grant_from_pool
from timebank.reward_orders import (
    OrderState,
    RewardOrder,
    cancel_reward,
    hand_over_reward,
    order_reward,
    pickup_code,
    ready_reward,
)
from timebank.rewards import Reward
from timebank.settlements import confirm_help, deliver_help, start_help
from timebank.tables import select

GOING_ON = (
    HelpState.RESERVED,
    HelpState.ESCALATED,
    HelpState.MATCHED,
    HelpState.IN_SERVICE,
    HelpState.DELIVERED,
    HelpState.DISPUTED,
)


class Minutes(Chance):
    """What happens to minutes."""

    async def order_help(self) -> None:
        """Somebody orders help, mostly an elder."""
        await request_help(
            self.one() if self.chance.random() < 0.1 else await self.elder(),
            kind=self.chance.choice(list(HelpKind)),
            starts=self.world.clock.now() + self.chance.randrange(1, 40) * HOUR,
            minutes=self.chance.choice((30, 30, 45, 60)),
            at_home=self.chance.random() < 0.2,
            words="请帮忙买菜",
            key=key(),
        )

    async def on_help(self) -> bool:
        """The next step of an order, or another one."""
        order = await self.some(HelpOrder, state__in=[state.value for state in GOING_ON])
        if order is None:
            return False
        state = order.state
        id, helper, now = order.id, person(order.helper or ""), self.world.clock.now()
        match state, self.chance.random() < 0.25:
            case HelpState.RESERVED | HelpState.ESCALATED, False:
                await claim_help(self.one(), order=id, key=key())
            case HelpState.RESERVED | HelpState.ESCALATED, True:
                await cancel_help(person(order.payer), order=id, key=key())
            case HelpState.MATCHED, False:
                self.world.clock.move(max(order.starts - now, timedelta()))
                await start_help(helper, order=id, key=key())
            case HelpState.MATCHED, True:
                if self.chance.random() < 0.5:
                    await withdraw_from_help(helper, order=id, key=key())
                else:
                    self.world.clock.move(max(order.ends - now, timedelta()))
                    await report_no_show(self.manager, order=id, key=key())
            case HelpState.IN_SERVICE, _:
                self.world.clock.move(self.chance.randrange(10, 60) * MINUTE)
                await deliver_help(helper, order=id, key=key())
            case HelpState.DELIVERED, False:
                await confirm_help(person(order.served), order=id, key=key())
            case HelpState.DELIVERED, True:
                reason = HelpDisputeReason.SHORTER
                await dispute_help(person(order.served), order=id, reason=reason, key=key())
            case _:
                minutes = self.chance.choice((0, order.served_minutes // 2, order.served_minutes))
                await rule_on_help(self.manager, order=id, minutes=minutes, key=key())
        return True

    async def give(self) -> None:
        """Somebody gives some of what they have to their kin."""
        tie = await self.some(KinTie, state=KinState.AGREED.value)
        if tie is not None:
            giver, number = self.chance.choice(
                ((tie.one, tie.other_number), (tie.other, tie.one_number))
            )
            minutes = await balance_of(volunteer(giver)) // 3
            await offer_gift(person(giver), receiver=number, minutes=minutes, key=key())

    async def on_gift(self) -> bool:
        """A gift is accepted, declined or withdrawn."""
        gift = await self.some(Gift, state=GiftState.OFFERED.value)
        if gift is None:
            return False
        match self.chance.randrange(4):
            case 0:
                await decline_gift(person(gift.receiver), gift=gift.id, key=key())
            case 1:
                await withdraw_gift(person(gift.giver), gift=gift.id, key=key())
            case _:
                await accept_gift(person(gift.receiver), gift=gift.id, key=key())
        return True

    async def donate(self) -> None:
        """A third of what somebody has, to the district's pool."""
        who = self.one()
        minutes = await balance_of(volunteer(who.id)) // 3
        await donate(who, area=AREA, minutes=minutes, key=key())

    async def take_back(self) -> bool:
        """A donation is taken back."""
        held = await self.some(Donation, state=DonationState.WAITING.value)
        if held:
            await take_back_donation(person(held.donor), donation=held.id, key=key())
        return held is not None

    async def grant(self) -> None:
        """The month's grants of the pool."""
        await grant_from_pool(self.world.staff[Role.CITY_LEAD], area=AREA, key=key())

    async def redeem(self) -> None:
        """Somebody orders a reward."""
        reward = self.chance.choice(await select(Reward, order=["id"]))
        await order_reward(self.one(), reward=reward.id, key=key())

    async def on_reward(self) -> bool:
        """An order is made ready, handed over or cancelled."""
        waiting = [OrderState.ORDERED.value, OrderState.READY.value]
        held = await self.some(RewardOrder, state__in=waiting)
        if held is None:
            return False
        if self.chance.random() < 0.2:
            await cancel_reward(person(held.volunteer), order=held.id, key=key())
        elif held.state is OrderState.ORDERED:
            await ready_reward(self.manager, order=held.id, key=key())
        else:
            code = pickup_code(held.id)
            await hand_over_reward(self.clerk, order=held.id, code=code, key=key())
        return True
