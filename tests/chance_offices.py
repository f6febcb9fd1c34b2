"""The offices by chance: emergencies, stopped activities, rosters, proxies, the counter, policy."""

import msgspec
import yaml

from tests.chance import AREA, DAY, HOUR, MINUTE, Chance
from tests.world import key
from timebank.accepted_months import accept_month
from timebank.access import Role
from timebank.activities import Activity, ActivityKind, Move, move_activity
from timebank.activity_holds import (
    ActivityHold,
    hold_activity,
    release_activity,
    void_activity,
)
from timebank.activity_life import HoldReason
from timebank.actors import Actor, person
from timebank.attendance import end_activity, scan
from timebank.clock import day_of
from timebank.confirmations import accept_hours
from timebank.emergency import (
    Emergency,
    EmergencyReason,
    EmergencyState,
    end_emergency,
    open_emergency,
)
from timebank.holds import Hold, HoldState, KeepReason, lift_hold, place_hold
from timebank.hours import Record
from timebank.households import (
    HouseholdInvite,
    InviteState,
    decline_household,
    invite_to_household,
    join_household,
    leave_household,
)
from timebank.places import Station
from timebank.policy import policy_on
from timebank.policy_drafts import PolicyDraft, propose_policy, publish_policy
from timebank.proxies import Mandate, MandateState, end_proxy, name_proxy
from timebank.record_life import LateReason, RecordState
from timebank.roster_files import RosterRow
from timebank.rosters import record_roster
from timebank.tables import select


class Offices(Chance):
    """What offices do, and what is done for somebody by another hand."""

    @property
    def protector(self) -> Actor:
        """The data protection officer."""
        return self.world.staff[Role.DATA_PROTECTION_OFFICER]

    @property
    def counter(self) -> Actor:
        """The team's leader, who is a clerk too and turns no other key: the counter accepts."""
        return self.world.staff[Role.TEAM_LEADER]

    async def number(self) -> str:
        """Somebody's volunteer number."""
        return await self.world.number_of(self.one())

    async def emergency(self) -> None:
        """An emergency is opened in the district, or ended."""
        held = await self.some(Emergency, state=EmergencyState.OPEN.value)
        if held is None:
            reason = self.chance.choice(list(EmergencyReason))
            await open_emergency(self.lead, area=AREA, reason=reason, key=key())
        else:
            await end_emergency(self.lead, emergency=held.id, key=key())

    async def halt(self) -> None:
        """An activity is stopped; one that is goes on, or never was."""
        held = await select(ActivityHold, order=["activity"], limit=3)
        if not held or self.chance.random() < 0.3:
            if activity := await self.some(Activity):
                reason = self.chance.choice(list(HoldReason))
                await hold_activity(self.lead, activity=activity.id, reason=reason, key=key())
            return
        stopped = self.chance.choice(held)
        if self.chance.random() < 0.3:
            officer = self.officer(stopped.held_by)
            await void_activity(officer, activity=stopped.activity, key=key())
        else:
            await release_activity(self.lead, activity=stopped.activity, key=key())

    async def forget(self) -> None:
        """Somebody is scanned in and never checks out; the activity ends, or its timer ends it."""
        activity = await self.world.activity()
        await move_activity(self.manager, activity=activity, move=Move.START, key=key())
        await scan(self.clerk, activity=activity, number=await self.number(), key=key())
        if self.chance.random() < 0.5:
            self.world.clock.move(3 * HOUR)
            await end_activity(self.manager, activity=activity, key=key())

    async def keep(self) -> None:
        """Somebody's data are kept from erasure, or no longer."""
        held = await self.some(Hold, state=HoldState.STANDING.value)
        if held is None or self.chance.random() < 0.5:
            reason = self.chance.choice(list(KeepReason))
            await place_hold(self.protector, number=await self.number(), reason=reason, key=key())
        else:
            await lift_hold(self.protector, hold=held.id, key=key())

    async def roster(self) -> None:
        """A roster of a few people, some of them twice; perhaps a late one, perhaps a dry run."""
        days = self.chance.choice((0, 0, 1, 6))
        (station,) = await select(Station, id=self.world.station)
        starts = self.world.clock.now().replace(second=0, microsecond=0) - days * DAY
        rows = [
            RosterRow(
                station=station.number,
                volunteer=await self.number(),
                starts=(begins := starts - self.chance.randrange(1, 9) * HOUR),
                ends=begins + self.chance.randrange(30, 60) * MINUTE,
                kind=self.chance.choice(list(ActivityKind)),
            )
            for _ in range(4)
        ]
        late, dry_run = LateReason.PAPER_FOUND if days > 3 else None, self.chance.random() < 0.2
        await record_roster(self.clerk, rows=rows, late=late, dry_run=dry_run, key=key())

    async def entrust(self) -> None:
        """Somebody lets another act for them, or no longer."""
        held = await self.some(Mandate, state=MandateState.STANDING.value)
        if held is None or self.chance.random() < 0.6:
            await name_proxy(self.one(), number=await self.number(), key=key())
        else:
            either = self.chance.choice([held.principal, held.proxy])
            await end_proxy(person(either), mandate=held.id, key=key())

    async def by_another(self) -> bool:
        """What waits for a volunteer is accepted by their proxy, or at the counter."""
        mandate = await self.some(Mandate, state=MandateState.STANDING.value)
        which = {"volunteer": mandate.principal} if mandate else {}
        waiting = {"state": RecordState.CONFIRMED.value}
        held = await self.some(Record, **waiting, **which) or await self.some(Record, **waiting)
        if held is None:
            return False
        hand = self.counter
        if mandate is not None and mandate.principal == held.volunteer:
            hand = person(mandate.proxy)
        await accept_hours(hand, records=[held.id], key=key())
        return True

    async def month(self) -> None:
        """Somebody accepts a month at one tap, or the counter does it with them."""
        held = await self.some(Record, state=RecordState.CONFIRMED.value)
        whose = person(held.volunteer) if held else self.one()
        month = f"{held.day if held else day_of(self.world.clock.now()):%Y-%m}"
        if self.chance.random() < 0.7:
            await accept_month(whose, month=month, key=key())
        else:
            number = await self.world.number_of(whose)
            await accept_month(self.counter, month=month, number=number, key=key())

    async def live_together(self) -> None:
        """Two say that they live together, or one that they do not any more."""
        held = await self.some(HouseholdInvite, state=InviteState.INVITED.value)
        if held is None:
            if self.chance.random() < 0.5:
                await invite_to_household(self.one(), number=await self.number(), key=key())
            else:
                await leave_household(self.one(), key=key())
        elif self.chance.random() < 0.3:
            await decline_household(person(held.invited), invite=held.id, key=key())
        else:
            await join_household(person(held.invited), invite=held.id, key=key())

    async def rules(self) -> None:
        """Another policy is proposed by one city lead, or published by the other."""
        lead, today = self.world.staff[Role.CITY_LEAD], day_of(self.world.clock.now())
        if waiting := await select(PolicyDraft, order=["id"], limit=1):
            await publish_policy(self.officer(), draft=waiting[0].id, key=key())
            return
        held = await policy_on(today)
        assert held
        credit = msgspec.structs.replace(
            held.document.credit,
            mint_per_day=self.chance.choice((120, 240)),
            gift_per_year=self.chance.choice((600, 6_000)),
        )
        named = msgspec.structs.replace(
            held.document.policy,
            id=f"WH-{self.chance.randrange(10**9)}",
            effective=today + self.chance.randrange(1, 9) * DAY,
        )
        told = msgspec.structs.replace(held.document, policy=named, credit=credit)
        await propose_policy(lead, document=yaml.safe_dump(msgspec.to_builtins(told)), key=key())
