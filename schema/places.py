"""Stations on the wire: public to see, proposed, approved and overseen by officers."""

from collections.abc import Sequence
from functools import partial
from typing import Annotated

import strawberry
from strawberry import ID

from schema.context import Context, Input, anew
from schema.divisions import Area, Code, read_areas
from schema.enums import show_enum
from schema.fields import field
from schema.nodes import Node, answers_for
from schema.paging import Connection, Listing, Page, nothing, paged
from schema.refusal import Info, Payload, mutation
from schema.solvency import StationMinutes
from schema.texts import texts
from timebank import divisions, places, solvency
from timebank.station_life import StationReason, StationState

show_enum(
    StationState,
    "The life of a station.",
    under_review="Proposed by the street; the district has not decided.",
    active="It works.",
    warned="It works, under a warning.",
    suspended="It does not work for now.",
    closed="It ended; its successor serves whoever is at home there.",
    declined="The district turned the proposal down; its number is free again.",
)
show_enum(
    StationReason,
    "Why the district declines, warns or suspends a station.",
    rosters_late="Its rosters come late.",
    false_records="It kept false records.",
    unsafe="Its activities were unsafe.",
    nobody_there="Nobody was there in its hours.",
    not_needed="Another station serves the people there.",
    not_ready="Rooms, staff or papers are lacking.",
)

STATIONS = Listing("stations", str)


@strawberry.type(description="A volunteer station of a community or village.")
class Station(Node):
    number: str = strawberry.field(description="Its public number.")
    state: StationState = strawberry.field(description="Whether it works.")
    path: str = strawberry.field(description="The scope that covers it and everything below.")
    reason: StationReason | None = strawberry.field(
        description="Why it was declined, warned or suspended, while it is."
    )
    refers: strawberry.Private[tuple[str, str | None]]

    @field
    async def name(self, info: Info) -> str:
        """Its name."""
        return await info.context.loaders.load(texts("name"), str(self.id)) or ""

    @field
    async def area(self, info: Info) -> Area | None:
        """The community or village that it belongs to."""
        return await info.context.loaders.load(read_areas, self.refers[0])

    @field
    async def minutes(self, info: Info) -> StationMinutes | None:
        """What was minted and reversed for service there, what those at home there have."""
        return await info.context.loaders.load(read_minutes, str(self.id))

    @field
    async def successor(self, info: Info) -> "Station | None":
        """Where its records went when it closed."""
        heir = self.refers[1]
        return await info.context.loaders.load(read_stations, heir) if heir else None

    @classmethod
    def of(cls, held: places.Station) -> "Station":
        """A station as it is shown."""
        return cls(
            id=ID(held.id),
            number=held.number,
            state=held.state,
            path=held.path,
            reason=held.reason,
            refers=(held.area, held.successor),
        )


async def read_minutes(context: Context, ids: Sequence[str]) -> dict[str, StationMinutes]:
    """Minutes of stations, for the loader."""
    found = await solvency.minutes_of_stations(ids)
    return {id: StationMinutes.of(told) for id, told in found.items()}


async def read_stations(context: Context, ids: Sequence[str]) -> dict[str, Station]:
    """Stations, for the loader."""
    found = await places.stations_by_id(list(ids))
    return {id: Station.of(held) for id, held in found.items()}


async def read_stations_on(context: Context, paths: Sequence[str]) -> dict[str, Station]:
    """The station that each path names or lies in, for the loader."""
    found = await places.stations_on(list(paths))
    return {path: Station.of(held) for path, held in found.items()}


answers_for("sta", read_stations)

Number = Annotated[str, strawberry.argument(description="The station's public number.")]


@strawberry.type
class Query:
    @field
    async def station(self, number: Number) -> Station | None:
        """A station, by its public number."""
        held = await places.station_by_number(number)
        return Station.of(held) if held else None

    @paged
    async def stations(
        self,
        page: Page,
        area: Code = divisions.CITY,
    ) -> Connection[Station]:
        """The stations that an area is responsible for, oldest first."""
        place = await divisions.area(area)
        read = nothing if place is None else partial(places.stations_below, place.path)
        return await page.of(STATIONS, read, node=Station.of)


@strawberry.input
class ProposeStationInput(Input):
    area: str = strawberry.field(description="The code of its community or village.")
    number: str = strawberry.field(description="Its number: capital letters, digits, hyphens.")
    name: str = strawberry.field(description="Its name, at most 60 characters.")


@strawberry.type
class ProposeStationPayload(Payload):
    station: Station | None = strawberry.field(default=None, description="The new station.")


@strawberry.input
class ApproveStationInput(Input):
    station: ID = strawberry.field(description="The station that may work.")


@strawberry.type
class ApproveStationPayload(Payload):
    station: Station | None = strawberry.field(default=None, description="The station.")


@strawberry.input
class DeclineStationInput(Input):
    station: ID = strawberry.field(description="The proposed station that may not work.")
    reason: StationReason = strawberry.field(description="Why.")


@strawberry.type
class DeclineStationPayload(Payload):
    station: Station | None = strawberry.field(default=None, description="The station.")


@strawberry.input
class WarnStationInput(Input):
    station: ID = strawberry.field(description="The station that is warned.")
    reason: StationReason = strawberry.field(description="Why.")


@strawberry.type
class WarnStationPayload(Payload):
    station: Station | None = strawberry.field(default=None, description="The station.")


@strawberry.input
class SuspendStationInput(Input):
    station: ID = strawberry.field(description="The station that stops for now.")
    reason: StationReason = strawberry.field(description="Why.")


@strawberry.type
class SuspendStationPayload(Payload):
    station: Station | None = strawberry.field(default=None, description="The station.")


@strawberry.input
class ReinstateStationInput(Input):
    station: ID = strawberry.field(description="The station that works again, or unwarned.")


@strawberry.type
class ReinstateStationPayload(Payload):
    station: Station | None = strawberry.field(default=None, description="The station.")


@strawberry.input
class CloseStationInput(Input):
    station: ID = strawberry.field(description="The station that ends.")
    successor: ID = strawberry.field(description="The working station that takes its records.")


@strawberry.type
class CloseStationPayload(Payload):
    station: Station | None = strawberry.field(default=None, description="The station.")


shown = anew(read_stations)
"""A station as it is after a change."""


@strawberry.type
class Mutation:
    @mutation(ProposeStationPayload)
    async def propose_station(
        self, info: Info, input: ProposeStationInput
    ) -> ProposeStationPayload:
        """Propose a station in a community or village of your street."""
        answer = await places.propose_station(
            info.context.actor,
            area=input.area,
            number=input.number,
            name=input.name,
            key=info.context.key(input),
        )
        return ProposeStationPayload.of(answer, station=await shown(info, answer.id))

    @mutation(ApproveStationPayload)
    async def approve_station(
        self, info: Info, input: ApproveStationInput
    ) -> ApproveStationPayload:
        """Let a proposed station of your district work."""
        answer = await places.approve_station(
            info.context.actor, station=input.station, key=info.context.key(input)
        )
        return ApproveStationPayload.of(answer, station=await shown(info, answer.id))

    @mutation(DeclineStationPayload)
    async def decline_station(
        self, info: Info, input: DeclineStationInput
    ) -> DeclineStationPayload:
        """Turn down a proposed station of your district; its number is free again."""
        answer = await places.decline_station(
            info.context.actor,
            station=input.station,
            reason=input.reason,
            key=info.context.key(input),
        )
        return DeclineStationPayload.of(answer, station=await shown(info, answer.id))

    @mutation(WarnStationPayload)
    async def warn_station(self, info: Info, input: WarnStationInput) -> WarnStationPayload:
        """Warn a station of your district, which works on."""
        answer = await places.warn_station(
            info.context.actor,
            station=input.station,
            reason=input.reason,
            key=info.context.key(input),
        )
        return WarnStationPayload.of(answer, station=await shown(info, answer.id))

    @mutation(SuspendStationPayload)
    async def suspend_station(
        self, info: Info, input: SuspendStationInput
    ) -> SuspendStationPayload:
        """Stop the work of a station of your district for now."""
        answer = await places.suspend_station(
            info.context.actor,
            station=input.station,
            reason=input.reason,
            key=info.context.key(input),
        )
        return SuspendStationPayload.of(answer, station=await shown(info, answer.id))

    @mutation(ReinstateStationPayload)
    async def reinstate_station(
        self, info: Info, input: ReinstateStationInput
    ) -> ReinstateStationPayload:
        """Lift the warning or suspension of a station of your district."""
        answer = await places.reinstate_station(
            info.context.actor, station=input.station, key=info.context.key(input)
        )
        return ReinstateStationPayload.of(answer, station=await shown(info, answer.id))

    @mutation(CloseStationPayload)
    async def close_station(self, info: Info, input: CloseStationInput) -> CloseStationPayload:
        """End a station of your district for good; its records go to another."""
        answer = await places.close_station(
            info.context.actor,
            station=input.station,
            successor=input.successor,
            key=info.context.key(input),
        )
        return CloseStationPayload.of(answer, station=await shown(info, answer.id))
