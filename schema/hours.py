"""Service records on the wire: one's own, and those in a staff member's scope."""

from asyncio import gather
from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, Self

import strawberry
from strawberry import ID

from schema.activities import Activity, read_activities
from schema.context import Context, Input
from schema.emergency import Emergency, read_emergencies
from schema.enums import show_enum
from schema.fields import field
from schema.nodes import Node, answers_for
from schema.paging import Connection, Listing, Page, paged
from schema.people import Person, read_people
from schema.places import Station, read_stations
from schema.refusal import Info, Payload, UserError
from schema.scalars import Long
from schema.waiting import WaitingOn, read_waiting
from timebank import hours, reversals
from timebank.activities import ActivityKind
from timebank.confirmations import Outcome, Turned
from timebank.days import ReviewReason
from timebank.record_life import CaptureMode, Evidence, LateReason, RecordState
from timebank.refusals import Refusal
from timebank.services_received import services_received

show_enum(
    RecordState,
    "The life of a service record.",
    captured="Recorded; another hand must confirm it.",
    to_review="Confirmed; a third person must agree.",
    confirmed="Confirmed; the volunteer must accept it.",
    posted="Accepted: its minutes count.",
    posted_silent="Not answered: its minutes count, and accepting it may still earn credit.",
    disputed="An objection is open; its minutes count until it is upheld.",
    rejected="Not confirmed.",
    repudiated="The volunteer said “not me”.",
    reversed="Taken back by the district.",
    voided="Taken back by a finding of misconduct.",
)
show_enum(
    CaptureMode,
    "How attendance is known.",
    check_in="By check-in and check-out; it can earn credit.",
    manual="By hand, as from paper; it earns no credit.",
    external="Attested by the district, recorded too late or elsewhere; it earns no credit.",
    help_order="By an order for help, which paid for it; it earns nothing more.",
    duty="Work in paid time; it counts for nothing.",
)
show_enum(
    ReviewReason,
    "Why a record needs a second reviewer.",
    day_minutes="The day has more minutes than pass without one.",
    recorder_people="Its recorder recorded many people within an hour.",
    recorder_minutes="Its recorder recorded many hours within a day.",
    late="It was recorded late.",
    external="The district attests it.",
)
show_enum(
    LateReason,
    "Why a record comes after it was due.",
    paper_found="A paper roster was found later.",
    system_down="The system was down.",
    organiser_ill="The organiser was ill.",
    correction="It corrects another record.",
)

show_enum(
    Evidence,
    "What the district saw of service recorded too late, or elsewhere.",
    paper_roster="A roster on paper.",
    other_system="The records of another system.",
    certificate="A certificate.",
    organisation_letter="A letter of the organisation.",
)

RECORDS = Listing("records", str)
Scope = Annotated[str, strawberry.argument(description="A path in your scope.")]
ForWhom = Annotated[
    str | None,
    strawberry.argument(description="For a proxy: the volunteer number of whom you act for."),
]
InState = Annotated[RecordState, strawberry.argument(description="Which of them.")]


@strawberry.type(description="One record of somebody's service.")
class ServiceRecord(Node):
    state: RecordState = strawberry.field(description="How far it is.")
    kind: ActivityKind = strawberry.field(description="The kind of service.")
    mode: CaptureMode = strawberry.field(description="How attendance is known.")
    day: date = strawberry.field(description="The day served.")
    starts: datetime = strawberry.field(description="When the service began.")
    ends: datetime = strawberry.field(description="When the service ended.")
    checked_minutes: int = strawberry.field(description="From start to end.")
    minutes: int = strawberry.field(description="What was confirmed, or is asked to be.")
    credited_minutes: int = strawberry.field(description="What was minted for it.")
    captured_at: datetime = strawberry.field(description="When it was recorded.")
    batch: str = strawberry.field(description="What its recorder recorded that day, by name.")
    review_reasons: list[ReviewReason] = strawberry.field(
        description="Why it needs a second reviewer; empty if it needs none."
    )
    late_reason: LateReason | None = strawberry.field(description="Why it came late, if it did.")
    evidence: Evidence | None = strawberry.field(
        description="What attests it, if the district attested it."
    )
    held: strawberry.Private[hours.Record]

    @field
    async def volunteer(self, info: Info) -> Person | None:
        """Whose service it is."""
        return await info.context.loaders.load(read_people, self.held.volunteer)

    @field
    async def station(self, info: Info) -> Station | None:
        """The station it was served at."""
        return await info.context.loaders.load(read_stations, self.held.station)

    @field
    async def activity(self, info: Info) -> Activity | None:
        """The activity, if it was one."""
        at = self.held.activity
        return await info.context.loaders.load(read_activities, at) if at else None

    @field
    async def emergencies(self, info: Info) -> list[Emergency]:
        """The emergencies that let its day have more minutes than usual; mostly none."""
        load, ids = info.context.loaders.load, self.held.emergencies
        seen = await gather(*(load(read_emergencies, id) for id in ids))
        return [one for one in seen if one is not None]

    @field
    async def waiting_on(self, info: Info) -> WaitingOn | None:
        """Who must act next; null when nobody holds it up."""
        return await info.context.loaders.load(read_waiting, self.held)

    @classmethod
    def of(cls, held: hours.Record) -> "ServiceRecord":
        """A record as it is shown."""
        return cls(
            id=ID(held.id),
            state=held.state,
            kind=held.kind,
            mode=held.mode,
            day=held.day,
            starts=held.starts,
            ends=held.ends,
            checked_minutes=held.checked_minutes,
            minutes=held.minutes,
            credited_minutes=held.credited,
            captured_at=held.captured_at,
            batch=held.batch,
            review_reasons=list(held.review),
            late_reason=held.late,
            evidence=held.evidence,
            held=held,
        )


async def read_records(context: Context, ids: Sequence[str]) -> dict[str, ServiceRecord]:
    """Records, for the loader; whatever is out of sight is missing."""
    seen = await hours.visible_records(context.actor, ids)
    return {id: ServiceRecord.of(held) for id, held in seen.items()}


answers_for("rec", read_records)


@strawberry.type(description="What became of one record of several.")
class RecordOutcome:
    id: ID = strawberry.field(description="The record's id, as it was given.")
    user_errors: list[UserError] = strawberry.field(
        description="Why nothing was done with it; empty if it was."
    )

    @field
    async def record(self, info: Info) -> ServiceRecord | None:
        """The record as it is now, if you may see it."""
        return await info.context.loaders.load(read_records, str(self.id))

    @classmethod
    def of(cls, outcome: Outcome, info: Info) -> "RecordOutcome":
        """An outcome in the caller's language."""
        return cls(
            id=ID(outcome.record), user_errors=told_again(outcome.code, outcome.details, info)
        )


@strawberry.input
class RecordsInput(Input):
    """What a mutation over several records takes. Inherit from it and add the rest."""

    records: list[ID] = strawberry.field(description="1 to 500 records.")

    @property
    def ids(self) -> list[str]:
        """The records' ids, as they were given."""
        return [str(id) for id in self.records]


@strawberry.type
class OutcomesPayload(Payload):
    """What a mutation over several records answers."""

    outcomes: list[RecordOutcome] = strawberry.field(
        default_factory=list,
        description="What became of each record, as given or the oldest first.",
    )

    @classmethod
    def told(cls, answer: Turned, info: Info, **things: Any) -> Self:
        """What a command answered, in the caller's language, and the payload's own things."""
        outcomes = [RecordOutcome.of(told, info) for told in answer.outcomes]
        return cls.of(answer, outcomes=outcomes, **things)


def told_again(code: str | None, details: dict[str, str], info: Info) -> list[UserError]:
    """The refusal with this code and these values, in the caller's language; none for None."""
    if code is None:
        return []
    return [UserError.of(Refusal.registry[code](**details), info.context.translate)]


@strawberry.type(
    description="A recorder's day that waits: somebody said “not me”, or a finding was made."
)
class HeldBatch:
    name: str = strawberry.field(description="The batch's name, to release it by.")
    minutes: Long = strawberry.field(description="What was recorded in it.")
    against: int = strawberry.field(
        description="How many of its records were ever disowned, or voided as its recorder's doing."
    )
    record_id: strawberry.Private[str]
    recorder_id: strawberry.Private[str]

    @field
    async def record(self, info: Info) -> ServiceRecord | None:
        """The record that was disowned or voided."""
        return await info.context.loaders.load(read_records, self.record_id)

    @field
    async def recorder(self, info: Info) -> Person | None:
        """Who recorded it, if you may see them."""
        return await info.context.loaders.load(read_people, self.recorder_id)


@strawberry.type
class Query:
    @field
    async def service_minutes(self, info: Info) -> Long | None:
        """Your lifetime service record; null where nobody is signed in."""
        own = info.context.actor.person
        if own is None:
            return None
        total = (await hours.totals_of([own])).get(own)
        return Long(total.minutes if total else 0)

    @paged
    async def service_records(
        self,
        page: Page,
        info: Info,
        principal: ForWhom = None,
    ) -> Connection[ServiceRecord]:
        """Your own records, or those of whom you act for, the newest first."""
        return await page.of(
            RECORDS, hours.records_for, info.context.actor, principal, node=ServiceRecord.of
        )

    @paged
    async def services_received(
        self,
        page: Page,
        info: Info,
    ) -> Connection[ServiceRecord]:
        """Records of service to you, the newest first; you may object to them."""
        return await page.of(RECORDS, services_received, info.context.actor, node=ServiceRecord.of)

    @paged
    async def waiting_records(
        self,
        page: Page,
        info: Info,
        scope: Scope,
        state: InState = RecordState.CAPTURED,
    ) -> Connection[ServiceRecord]:
        """Records below a path in a state, the oldest first; none outside your scope."""
        return await page.of(
            RECORDS, hours.records_at, info.context.actor, scope, state, node=ServiceRecord.of
        )

    @field
    async def held_batches(self, info: Info, scope: Scope) -> list[HeldBatch]:
        """Batches that wait for the district, below a path in your scope."""
        return [
            HeldBatch(
                name=held.id,
                minutes=Long(held.minutes),
                against=held.against,
                record_id=held.held_by or "",
                recorder_id=held.recorder,
            )
            for held in await reversals.held_batches(info.context.actor, scope)
        ]
