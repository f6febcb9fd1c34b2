"""Appointments on the wire: one's own, and those that a secretary has at hand."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated

import strawberry
from strawberry import ID

from schema.aliases import OfMember, whose
from schema.context import Context, Input, anew
from schema.divisions import Area, read_areas
from schema.enums import show_enum
from schema.fields import field
from schema.nodes import answers_for
from schema.paging import Connection, Listing, Page, paged
from schema.refusal import Info, Payload, mutation
from timebank import appointments
from timebank.aliases import module_enabled
from timebank.appointment_life import AppointmentState, Body, Office

APPOINTMENTS = Listing("appointments", str)
Scope = Annotated[
    str | None, strawberry.argument(description="For a secretary: the path of the community.")
]
InStates = Annotated[
    list[AppointmentState] | None, strawberry.argument(description="Only those that are so far.")
]

show_enum(
    Body,
    "Where an office is held.",
    residents_committee="The residents' committee.",
    owners_committee="The owners' committee.",
    resident_team="A team of residents.",
)
show_enum(
    Office,
    "Which office it is.",
    head="Its head.",
    deputy="A deputy.",
    member="A member.",
    adviser="An adviser.",
)
show_enum(
    AppointmentState,
    "The life of an appointment.",
    told="Said; the secretary has not confirmed it.",
    serving="Confirmed.",
    returned="The secretary knows of no such office.",
    ended="Ended before its term was over.",
    over="Its term is over.",
)


@strawberry.type(
    description="An office that a retired member holds: for them and the secretary alone."
)
class Appointment(OfMember):
    whose = whose(appointments.OFFICES)

    body: Body = strawberry.field(description="Where it is held.")
    office: Office = strawberry.field(description="Which it is.")
    state: AppointmentState = strawberry.field(description="How far it is.")
    first_day: date = strawberry.field(description="The first day of its term.")
    last_day: date = strawberry.field(description="The last day of its term.")
    lies_in: strawberry.Private[str]

    @field
    async def community(self, info: Info) -> Area | None:
        """Whose body it is."""
        return await info.context.loaders.load(read_areas, self.lies_in)

    @classmethod
    def of(cls, held: appointments.Appointment) -> "Appointment":
        """An appointment as it is shown."""
        return cls(
            id=ID(held.id),
            body=held.body,
            office=held.office,
            state=held.state,
            first_day=held.first_day,
            last_day=held.last_day,
            lies_in=held.community,
        )


async def read_appointments(context: Context, ids: Sequence[str]) -> dict[str, Appointment]:
    """Appointments, for the loader; whatever the asker may not see is missing."""
    seen = await appointments.OFFICES.visible(context.actor, ids)
    return {id: Appointment.of(held) for id, held in seen.items()}


answers_for("apt", read_appointments)


@strawberry.type
class Query:
    @paged
    async def appointments(
        self, page: Page, info: Info, scope: Scope = None, states: InStates = None
    ) -> Connection[Appointment] | None:
        """Your own appointments, or those in your community for its secretary, newest first."""
        if not await module_enabled():
            return None
        return await page.of(
            APPOINTMENTS,
            appointments.OFFICES.listed,
            info.context.actor,
            scope=scope,
            states=states or (),
            node=Appointment.of,
        )


@strawberry.input
class DeclareAppointmentInput(Input):
    community: ID = strawberry.field(description="The community, by code.")
    body: Body = strawberry.field(description="Where the office is held.")
    office: Office = strawberry.field(description="Which it is.")
    first_day: date = strawberry.field(description="The first day of its term.")
    last_day: date = strawberry.field(description="The last day of its term.")
    consent: bool = strawberry.field(
        description="Whether you consent that the community's secretary knows your membership."
    )


@strawberry.input
class ConfirmAppointmentInput(Input):
    appointment: ID = strawberry.field(description="Which appointment.")


@strawberry.input
class ReturnAppointmentInput(Input):
    appointment: ID = strawberry.field(description="Which appointment.")


@strawberry.input
class EndAppointmentInput(Input):
    appointment: ID = strawberry.field(description="Which appointment.")


@strawberry.input
class ResignAppointmentInput(Input):
    appointment: ID = strawberry.field(description="Which appointment.")


@strawberry.type
class DeclareAppointmentPayload(Payload):
    appointment: Appointment | None = strawberry.field(default=None, description="Yours.")


@strawberry.type
class ConfirmAppointmentPayload(Payload):
    appointment: Appointment | None = strawberry.field(default=None, description="Confirmed.")


@strawberry.type
class ReturnAppointmentPayload(Payload):
    appointment: Appointment | None = strawberry.field(default=None, description="Returned.")


@strawberry.type
class EndAppointmentPayload(Payload):
    appointment: Appointment | None = strawberry.field(default=None, description="Ended.")


@strawberry.type
class ResignAppointmentPayload(Payload):
    appointment: Appointment | None = strawberry.field(default=None, description="Yours, ended.")


_shown = anew(read_appointments)


@strawberry.type
class Mutation:
    @mutation(DeclareAppointmentPayload)
    async def declare_appointment(
        self, info: Info, input: DeclareAppointmentInput
    ) -> DeclareAppointmentPayload:
        """Say that you hold an office as a retired member; only your secretary sees it."""
        answer = await appointments.declare_appointment(
            info.context.actor,
            community=input.community,
            body=input.body,
            office=input.office,
            first_day=input.first_day,
            last_day=input.last_day,
            consent=input.consent,
            key=info.context.key(input),
        )
        shown = await _shown(info, answer.appointment)
        return DeclareAppointmentPayload.of(answer, appointment=shown)

    @mutation(ConfirmAppointmentPayload)
    async def confirm_appointment(
        self, info: Info, input: ConfirmAppointmentInput
    ) -> ConfirmAppointmentPayload:
        """Confirm an office in your community."""
        answer = await appointments.confirm_appointment(
            info.context.actor, appointment=input.appointment, key=info.context.key(input)
        )
        shown = await _shown(info, answer.appointment)
        return ConfirmAppointmentPayload.of(answer, appointment=shown)

    @mutation(ReturnAppointmentPayload)
    async def return_appointment(
        self, info: Info, input: ReturnAppointmentInput
    ) -> ReturnAppointmentPayload:
        """Say that there is no such office in your community."""
        answer = await appointments.return_appointment(
            info.context.actor, appointment=input.appointment, key=info.context.key(input)
        )
        shown = await _shown(info, answer.appointment)
        return ReturnAppointmentPayload.of(answer, appointment=shown)

    @mutation(EndAppointmentPayload)
    async def end_appointment(
        self, info: Info, input: EndAppointmentInput
    ) -> EndAppointmentPayload:
        """End an appointment in your community before its term is over."""
        answer = await appointments.end_appointment(
            info.context.actor, appointment=input.appointment, key=info.context.key(input)
        )
        return EndAppointmentPayload.of(answer, appointment=await _shown(info, answer.appointment))

    @mutation(ResignAppointmentPayload)
    async def resign_appointment(
        self, info: Info, input: ResignAppointmentInput
    ) -> ResignAppointmentPayload:
        """End your own appointment, at any time."""
        answer = await appointments.resign_appointment(
            info.context.actor, appointment=input.appointment, key=info.context.key(input)
        )
        shown = await _shown(info, answer.appointment)
        return ResignAppointmentPayload.of(answer, appointment=shown)
