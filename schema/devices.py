"""Devices of stations on the wire: enrolled, listed and ended by whoever manages the station.

Enrolling carries no idempotency key: the token is told once and kept nowhere.
"""

from collections.abc import Sequence
from datetime import date
from typing import Annotated

import strawberry
from strawberry import ID

from schema.context import Context, Input, anew
from schema.enums import show_enum
from schema.fields import field
from schema.nodes import Node, answers_for
from schema.paging import Connection, Listing, Page, paged
from schema.places import Station, read_stations
from schema.refusal import Info, Payload, mutation
from schema.texts import texts
from timebank import devices
from timebank.device_life import Device as Held
from timebank.device_life import DeviceState

show_enum(
    DeviceState,
    "The life of a station's device.",
    enrolled="It works, until its last day.",
    ended="It opens nothing any more.",
)

DEVICES = Listing("stationDevices", str)


@strawberry.type(description="A device that checks people in and out at a station.")
class StationDevice(Node):
    state: DeviceState = strawberry.field(description="Whether it was ended.")
    until: date = strawberry.field(description="The last day on which it works.")
    signs: bool = strawberry.field(description="Whether it has a key to sign with.")
    station_id: strawberry.Private[str]

    @field
    async def name(self, info: Info) -> str:
        """What the station calls it."""
        return await info.context.loaders.load(texts("name"), str(self.id)) or ""

    @field
    async def station(self, info: Info) -> Station | None:
        """The station where it works."""
        return await info.context.loaders.load(read_stations, self.station_id)

    @classmethod
    def of(cls, held: Held) -> "StationDevice":
        """A device as it is shown."""
        return cls(
            id=ID(held.id),
            state=held.state,
            until=held.until,
            signs=held.key is not None,
            station_id=held.station,
        )


async def read_devices(context: Context, ids: Sequence[str]) -> dict[str, StationDevice]:
    """Devices, for the loader; whatever the asker may not end is missing."""
    seen = await devices.devices_by_id(context.actor, list(ids))
    return {id: StationDevice.of(held) for id, held in seen.items()}


answers_for("dev", read_devices)


@strawberry.type
class Query:
    @paged
    async def station_devices(
        self,
        page: Page,
        info: Info,
        station: Annotated[ID, strawberry.argument(description="The station they are at.")],
    ) -> Connection[StationDevice]:
        """A station's devices, the newest first, for whoever manages them."""
        return await page.of(
            DEVICES, devices.devices_at, info.context.actor, station, node=StationDevice.of
        )


@strawberry.input
class EnrolDeviceInput:
    station: ID = strawberry.field(description="The station where it is to stand.")
    name: str = strawberry.field(description="What the station calls it, 1 to 60 characters.")
    key: str | None = strawberry.field(
        default=None, description="Its Ed25519 public key in base 64, if it is to sign."
    )


@strawberry.type
class EnrolDevicePayload(Payload):
    device: StationDevice | None = strawberry.field(default=None, description="The device.")
    token: str | None = strawberry.field(
        default=None, description="What it sends as a bearer token, told this once."
    )


@strawberry.input
class EndDeviceInput(Input):
    device: ID = strawberry.field(description="The device that was lost or is not needed.")


@strawberry.type
class EndDevicePayload(Payload):
    device: StationDevice | None = strawberry.field(default=None, description="What ended.")


_shown = anew(read_devices)


@strawberry.type
class Mutation:
    @mutation(EnrolDevicePayload)
    async def enrol_device(self, info: Info, input: EnrolDeviceInput) -> EnrolDevicePayload:
        """Give a station a device that checks people in and out there, for a year."""
        answer = await devices.enrol_device(
            info.context.actor, station=input.station, name=input.name, key=input.key
        )
        return EnrolDevicePayload.of(
            answer, device=await _shown(info, answer.device), token=answer.token
        )

    @mutation(EndDevicePayload)
    async def end_device(self, info: Info, input: EndDeviceInput) -> EndDevicePayload:
        """End a device: its token opens nothing from now on."""
        answer = await devices.end_device(
            info.context.actor, device=input.device, key=info.context.key(input)
        )
        return EndDevicePayload.of(answer, device=await _shown(info, answer.device))
