"""Hours by chance: service, its three keys, and what is said against it."""

from datetime import datetime

from tests.chance import DAY, HOUR, MINUTE, Chance
from tests.volunteering import captured, visited
from tests.world import key
from timebank.activities import Activity, ActivityState
from timebank.actors import person
from timebank.confirmations import accept_hours, confirm_hours, reject_hours, review_hours
from timebank.days import TooLateToRecord
from timebank.finding_appeals import FindingAppeal, appeal_finding, review_finding
from timebank.finding_drafts import make_finding, propose_finding
from timebank.finding_life import AppealGrounds, AppealState, Blame, Misconduct
from timebank.findings import Finding, FindingPerson
from timebank.hours import Record
from timebank.notices import open_inbox
from timebank.objection_life import Grounds, ObjectionReason, ObjectionState
from timebank.objections import Objection, ask_for_review, raise_objection
from timebank.record_life import RecordState, RejectReason, ReverseReason
from timebank.reversals import held_batches, release_batch, repudiate_hours, reverse_hours
from timebank.rulings import rule_on
from timebank.sign_ups import SignUp, sign_up
from timebank.tables import select
from timebank.wait_lists import join_wait_list, withdraw


class Hours(Chance):
    """What happens to service records, seats and inboxes."""

    async def visit(self) -> None:
        """A visit that somebody checks in to and out of."""
        await visited(self.world, self.one(), minutes=self.chance.randrange(20, 120))

    async def paper(self) -> None:
        """A record from paper."""
        minutes = self.chance.randrange(30, 100)
        days = self.chance.choice((0, 0, 2, 40))
        starts = self.world.clock.now() - days * DAY - minutes * MINUTE
        try:
            await captured(self.world, self.one(), starts=starts, minutes=minutes)
        except TooLateToRecord:
            await captured(self.world, self.one(), minutes=minutes)

    async def confirm(self) -> None:
        """Whatever waits for the manager or a reviewer."""
        waiting = await select(Record, state=RecordState.CAPTURED.value, limit=3, order=["-id"])
        ids = [one.id for one in waiting]
        if self.chance.random() < 0.1:
            await reject_hours(
                self.manager, records=ids[:1], reason=RejectReason.WRONG_TIMES, key=key()
            )
        elif ids:
            await confirm_hours(self.manager, records=ids, key=key())
        if held := await self.some(Record, state=RecordState.TO_REVIEW.value):
            officer = self.officer(held.recorder, held.confirmer)
            await review_hours(officer, records=[held.id], key=key())
        for batch in await held_batches(self.lead, self.world.station_path):
            await release_batch(self.officer(batch.recorder), batch=batch.id, key=key())

    async def accept(self) -> bool:
        """Something that waits for its volunteer, or counted in silence."""
        state = self.chance.choice((RecordState.CONFIRMED, RecordState.POSTED_SILENT))
        held = await self.some(Record, state=state.value)
        if held:
            await accept_hours(person(held.volunteer), records=[held.id], key=key())
        return held is not None

    async def on_record(self) -> None:
        """What counts is disowned, taken back or objected to."""
        held = await self.some(Record, state=RecordState.POSTED.value)
        if held is None:
            return
        match self.chance.randrange(4):
            case 0:
                await repudiate_hours(person(held.volunteer), records=[held.id], key=key())
            case 1:
                reason = ReverseReason.RECORDED_WRONGLY
                await reverse_hours(self.lead, records=[held.id], reason=reason, key=key())
            case _:
                await raise_objection(
                    person(self.chance.choice([held.volunteer, held.recipient or held.volunteer])),
                    record=held.id,
                    reason=ObjectionReason.WRONG_TIMES,
                    statement="时间不对",
                    key=key(),
                )

    async def rule(self) -> None:
        """An objection is decided, or asked to be decided once more."""
        state = self.chance.choice(list(ObjectionState))
        held = await self.some(Objection, state=state.value)
        if held is None:
            return
        if state in (ObjectionState.DISMISSED, ObjectionState.UPHELD):
            await ask_for_review(person(held.person), objection=held.id, appeal="请复核", key=key())
            return
        times: dict[str, datetime] = {}
        grounds = self.chance.choice(list(Grounds))
        (record,) = await select(Record, id=held.record)
        if grounds is Grounds.RECORDED_WRONGLY:
            times = {"starts": record.starts, "ends": record.ends - 10 * MINUTE}
        who = self.officer(held.decided_by)
        await rule_on(
            who, objection=held.id, grounds=grounds, decision="已核实", **times, key=key()
        )

    async def find(self) -> None:
        """A finding by two officers."""
        counted = await select(Record, state=RecordState.POSTED.value, order=["-id"], limit=20)
        records = [one.id for one in self.chance.sample(counted, min(2, len(counted)))]
        made = await propose_finding(
            self.lead,
            misconduct=Misconduct.INVENTED_HOURS,
            blame=self.chance.choice(list(Blame)),
            statement="未到场",
            records=records,
            key=key(),
        )
        await make_finding(self.officer(self.lead.id), draft=made.draft, key=key())

    async def appeal(self) -> None:
        """A finding is appealed, or an appeal decided."""
        held = await self.some(FindingAppeal, state=AppealState.ASKED.value)
        if held is not None:
            grounds = self.chance.choice([*AppealGrounds, AppealGrounds.SERVICE_SHOWN])
            (made,) = await select(Finding, id=held.finding)
            who = self.officer(made.proposer, made.second)
            await review_finding(who, appeal=held.id, grounds=grounds, decision="已核实", key=key())
        elif touched := await self.some(FindingPerson):
            who = person(touched.person)
            await appeal_finding(who, finding=touched.finding, words="我去过", key=key())

    async def sign(self) -> None:
        """Somebody takes a seat or gives one back."""
        open_ = {"state": ActivityState.OPEN.value, "starts__gt": self.world.clock.now()}
        held = await self.some(Activity, **open_)
        if held is None or self.chance.random() < 0.2:
            await self.world.activity(seats=2, starts_in=self.chance.randrange(1, 30) * HOUR)
            return
        seat = await self.some(SignUp, activity=held.id)
        if seat and self.chance.random() < 0.3:
            await withdraw(person(seat.person), activity=held.id, key=key())
        elif self.chance.random() < 0.3:
            await join_wait_list(self.one(), activity=held.id, key=key())
        else:
            await sign_up(self.one(), activity=held.id, key=key())

    async def read(self) -> None:
        """Somebody opens the inbox."""
        await open_inbox(self.one())
