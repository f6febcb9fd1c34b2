"""Emergencies on the wire: where more may be served for some days; public."""

from collections.abc import Sequence
from datetime import date
from functools import partial
from typing import Annotated

import strawberry
from strawberry import ID

from schema.context import Context, Input, anew
from schema.divisions import Area, read_areas
from schema.enums import show_enum
from schema.fields import field
from schema.nodes import Node, answers_for
from schema.paging import Connection, Listing, Page, nothing, paged
from schema.refusal import Info, Payload, mutation
from timebank import divisions, emergency
from timebank.emergency import EmergencyReason, EmergencyState

EMERGENCIES = Listing("emergencies", str)
Code = Annotated[str, strawberry.argument(description="The area's code, or the city's.")]
InState = Annotated[EmergencyState | None, strawberry.argument(description="Only those in it.")]

show_enum(
    EmergencyReason,
    "What happened.",
    flood="High water.",
    severe_weather="Snow, storm, heat or frost.",
    epidemic="An epidemic.",
    accident="A fire, a collapse or another accident.",
    other="Something else.",
)
show_enum(
    EmergencyState,
    "The life of an emergency.",
    open="Open: more may be served there.",
    ended="Ended by the district.",
    lapsed="Over by itself.",
)


@strawberry.type(description="Days on which more may be served in an area.")
class Emergency(Node):
    reason: EmergencyReason = strawberry.field(description="What happened.")
    state: EmergencyState = strawberry.field(description="Whether it is open.")
    first_day: date = strawberry.field(description="Its first day.")
    last_day: date = strawberry.field(description="Its last day, which is whole.")
    area_code: strawberry.Private[str]

    @field
    async def area(self, info: Info) -> Area | None:
        """Where it is, with everything that the area manages."""
        return await info.context.loaders.load(read_areas, self.area_code)

    @classmethod
    def of(cls, held: emergency.Emergency) -> "Emergency":
        """An emergency as it is shown."""
        return cls(
            id=ID(held.id),
            reason=held.reason,
            state=held.state,
            first_day=held.first_day,
            last_day=held.last_day,
            area_code=held.area,
        )


async def read_emergencies(context: Context, ids: Sequence[str]) -> dict[str, Emergency]:
    """Emergencies, for the loader."""
    found = await emergency.emergencies_by_id(list(ids))
    return {id: Emergency.of(held) for id, held in found.items()}


answers_for("emg", read_emergencies)


shown = anew(read_emergencies)
"""An emergency as it is now, for a payload."""


@strawberry.type
class Query:
    @paged
    async def emergencies(
        self,
        page: Page,
        area: Code = divisions.CITY,
        state: InState = None,
    ) -> Connection[Emergency]:
        """The emergencies of an area and those below it, the newest first."""
        place = await divisions.area(area)
        read = (
            nothing if place is None else partial(emergency.emergencies_at, place.path, state=state)
        )
        return await page.of(EMERGENCIES, read, node=Emergency.of)


@strawberry.input
class OpenEmergencyInput(Input):
    area: str = strawberry.field(description="The code of a district, or of a part of one.")
    reason: EmergencyReason = strawberry.field(description="What happened.")


@strawberry.type
class OpenEmergencyPayload(Payload):
    emergency: Emergency | None = strawberry.field(default=None, description="What was opened.")


@strawberry.input
class EndEmergencyInput(Input):
    emergency: ID = strawberry.field(description="The open emergency.")


@strawberry.type
class EndEmergencyPayload(Payload):
    emergency: Emergency | None = strawberry.field(default=None, description="What is over.")


@strawberry.type
class Mutation:
    @mutation(OpenEmergencyPayload)
    async def open_emergency(self, info: Info, input: OpenEmergencyInput) -> OpenEmergencyPayload:
        """Let more be served in an area of your district for some days, from today."""
        answer = await emergency.open_emergency(
            info.context.actor, area=input.area, reason=input.reason, key=info.context.key(input)
        )
        return OpenEmergencyPayload.of(answer, emergency=await shown(info, answer.emergency))

    @mutation(EndEmergencyPayload)
    async def end_emergency(self, info: Info, input: EndEmergencyInput) -> EndEmergencyPayload:
        """End an emergency; today is its last day."""
        answer = await emergency.end_emergency(
            info.context.actor, emergency=str(input.emergency), key=info.context.key(input)
        )
        return EndEmergencyPayload.of(answer, emergency=await shown(info, answer.emergency))
