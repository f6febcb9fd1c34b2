"""The life of a station's device: enrolled, and at an end (web 3).

Knows what a device may do, and where: `access` asks it as it asks a person's grants. `devices`
enrols them.
"""

from datetime import date
from enum import StrEnum

import msgspec

from ledger.entry import Sealed
from timebank.actors import PersonId
from timebank.events import Event
from timebank.lifecycles import Lifecycle, step
from timebank.projections import Rows, projects
from timebank.rights import OF_DEVICES, Action
from timebank.tables import Row, table


class DeviceState(StrEnum):
    """The life of a device."""

    ENROLLED = "enrolled"
    ENDED = "ended"


# Events


class DeviceEnrolled(Event, frozen=True, tag="device.enrolled"):
    """A station was given a device: what it may do ends at `scope`, the station's path.

    `name` commits to what the station calls it. `key`, where it has one, is the Ed25519 public key
    by which it signs what it took down while nobody could be asked.
    """

    device: str
    station: str
    scope: str
    until: date
    name: str
    key: str | None = None


class DeviceEnded(Event, frozen=True, tag="device.ended"):
    """A device was lost, or is not needed any more."""

    device: str


# Lifecycle

LIFECYCLE: Lifecycle[DeviceState] = {
    DeviceState.ENROLLED: {DeviceEnded: DeviceState.ENDED},
    DeviceState.ENDED: {},
}


# Tables and projectors


@table("device", index=[("station", "id")])
class Device(Row, frozen=True):
    """A device of a station; it works until the day `until`, that day included."""

    id: str
    station: str
    path: str
    state: DeviceState
    until: date
    enrolled_by: PersonId
    key: str | None = None

    def may(self, action: Action, path: str, day: date) -> bool:
        """Whether the device may do the action on what lies at `path`."""
        return action in OF_DEVICES and self.stands(day) and path.startswith(self.path)

    def stands(self, day: date) -> bool:
        """Whether the device works on a day."""
        return self.state is DeviceState.ENROLLED and day <= self.until


@projects(DeviceEnrolled)
def _enrolled(rows: Rows, event: DeviceEnrolled, entry: Sealed) -> None:
    rows.put(
        Device(
            id=event.device,
            station=event.station,
            path=event.scope,
            state=DeviceState.ENROLLED,
            until=event.until,
            enrolled_by=entry.actor,
            key=event.key,
        )
    )


@projects(DeviceEnded)
def _ended(rows: Rows, event: DeviceEnded, entry: Sealed) -> None:
    held = rows.there(Device, event.device)
    rows.put(msgspec.structs.replace(held, state=step(LIFECYCLE, held.state, DeviceEnded)))
