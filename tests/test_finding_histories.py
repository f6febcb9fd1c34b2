"""Findings in random histories: whatever is found, reviewed and reversed, the books hold.

After every step each volunteer's balance, less what is owed, is what their standing records minted
less what they spent; the lifetime is the sum of what counts; and somebody is blamed exactly while a
record is void by their misconduct.
"""

import random
from collections import Counter
from datetime import timedelta

import pytest

from ledger.verify import verify
from tests.misconduct import drafted, finding_of, second_lead
from tests.volunteering import confirmed, record_of, spend, visited
from tests.world import World, key
from timebank import replay
from timebank.access import Role
from timebank.accounts import balance_of, conservation, floor, holder, owed, volunteer
from timebank.actors import Actor
from timebank.finding_appeals import appeal_finding, review_finding
from timebank.finding_drafts import make_finding
from timebank.finding_life import AppealGrounds, Blame
from timebank.findings import FoundAgainst, VoidedRecord
from timebank.hours import Record, totals_of
from timebank.record_life import COUNTED, RecordState, ReverseReason
from timebank.refusals import Refusal
from timebank.reversals import held_batches, release_batch, repudiate_hours, reverse_hours
from timebank.tables import find, select

pytestmark = pytest.mark.one_database

STEPS = 150


class History:
    """Some volunteers, four officers, and what happens to them by chance."""

    def __init__(self, world: World, seed: int) -> None:
        self.world, self.chance = world, random.Random(seed)
        self.people: list[Actor] = []
        self.officers: list[Actor] = []
        self.spent: Counter[str] = Counter()
        self.cleared: set[tuple[str, str]] = set()
        self.findings: list[str] = []
        self.done: Counter[str] = Counter()

    async def begin(self) -> None:
        """Register everybody."""
        self.people = [await self.world.volunteer() for _ in range(3)]
        lead = self.world.staff[Role.DISTRICT_LEAD]
        self.officers = [lead, *[await second_lead(self.world) for _ in range(3)]]

    async def step(self) -> None:
        """One act by chance; a refusal is as good as any answer."""
        acts = [self.serve] * 7 + [*[self.spend] * 3, *[self.find] * 3, *[self.appeal] * 5]
        acts += [self.reverse, self.disown, self.disown, self.release]
        act = self.chance.choice(acts)
        try:
            await act()
        except Refusal as no:
            self.done[no.code] += 1
        else:
            self.done[act.__name__] += 1

    async def serve(self) -> None:
        """A visit of up to two and a half hours, confirmed and so posted; at times a day later."""
        self.world.clock.move(timedelta(hours=self.chance.choice([1, 9, 23])))
        who = self.chance.choice(self.people)
        id = await visited(self.world, who, minutes=self.chance.randrange(30, 150))
        await confirmed(self.world, [id])

    async def spend(self) -> None:
        """Some of what somebody has."""
        who = self.chance.choice(self.people)
        if held := await balance_of(volunteer(who.id)):
            minutes = self.chance.randint((held + 1) // 2, held)
            await spend(self.world, who.id, minutes)
            self.spent[who.id] += minutes

    async def _some(self, *states: RecordState) -> list[str]:
        found = await select(Record, state__in=[state.value for state in states], order=["id"])
        return self.chance.sample([one.id for one in found], min(len(found), 3))

    async def find(self) -> None:
        """Up to three records that count, by two officers."""
        proposer, second = self.chance.sample(self.officers, 2)
        ids = await self._some(RecordState.POSTED)
        blame = self.chance.choice(list(Blame))
        draft = await drafted(self.world, ids, blame=blame, by=proposer)
        made = await make_finding(second, draft=draft, key=key())
        self.findings.append(made.finding)

    async def appeal(self) -> None:
        """Somebody against a finding, decided by an officer at once."""
        if not self.findings:
            return
        who, finding = self.chance.choice(self.people), self.chance.choice(self.findings)
        made = await appeal_finding(who, finding=finding, words="我去过", key=key())
        finders = await finding_of(finding)
        free = [one for one in self.officers if one.id not in (finders.proposer, finders.second)]
        grounds = self.chance.choice([*AppealGrounds, AppealGrounds.SERVICE_SHOWN])
        told = await review_finding(
            self.chance.choice(free),
            appeal=made.appeal,
            grounds=grounds,
            decision="已核实",
            key=key(),
        )
        self.done["returned"] += len(told.returned)
        if grounds is AppealGrounds.NOT_TO_BLAME:
            self.cleared.add((who.id, finding))

    async def reverse(self) -> None:
        """A record that counts, by the district."""
        ids = await self._some(RecordState.POSTED)
        reason = ReverseReason.RECORDED_WRONGLY
        await reverse_hours(self.officers[0], records=ids[:1], reason=reason, key=key())

    async def disown(self) -> None:
        """A record of whoever's it is."""
        for id in (await self._some(RecordState.POSTED, RecordState.VOIDED))[:1]:
            whose = (await record_of(id)).volunteer
            who = next(one for one in self.people if one.id == whose)
            await repudiate_hours(who, records=[id], key=key())

    async def release(self) -> None:
        """Every held batch."""
        for held in await held_batches(self.officers[0], self.world.station_path):
            await release_batch(self.officers[0], batch=held.id, key=key())

    async def check(self) -> None:
        """What holds after every step."""
        assert (await conservation()).whole
        records = await select(Record)
        totals = await totals_of([who.id for who in self.people])
        voided = {held.record: held for held in await select(VoidedRecord)}
        states = {one.id for one in records if one.state is RecordState.VOIDED}
        assert set(voided) == states
        for who in self.people:
            own = [one for one in records if one.volunteer == who.id and one.state in COUNTED]
            self.done["owed"] += await balance_of(owed(who.id)) < 0
            net = await balance_of(volunteer(who.id)) + await balance_of(owed(who.id))
            assert net == sum(one.credited for one in own) - self.spent[who.id]
            if who.id in totals:
                assert totals[who.id].minutes == sum(one.minutes for one in own)
                assert totals[who.id].credited == sum(one.credited for one in own)
            against = await find(FoundAgainst, who.id)
            standing = {
                one.finding for one in (against.found if against else ()) if one.lifted_on is None
            }
            blamed = {held.finding for held in voided.values() if who.id in held.blamed}
            assert standing == {one for one in blamed if (who.id, one) not in self.cleared}


@pytest.mark.anyio
@pytest.mark.parametrize("seed", [420100, 20161205])
async def test_the_books_hold_through_findings_and_reviews(world: World, seed: int) -> None:
    history = History(world, seed)
    await history.begin()
    for _ in range(STEPS):
        await history.step()
        await history.check()
    met = {"serve", "spend", "owed", "find", "appeal", "returned", "reverse", "disown"}
    assert all(history.done[one] for one in met)
    url = world.settings.database_url
    assert (await verify(url, floor=floor, holder=holder)).sound
    assert (await replay.compare(url)).differing == 0
