"""Devices of stations: enrolled and ended, and what one may do in its own name."""

import base64
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.moving import entries_of
from tests.wire import act, ask
from tests.world import World, found_station, key, open_world, path_of
from timebank import attendance
from timebank.access import Role
from timebank.actors import PUBLIC, Actor
from timebank.device_life import Device, DeviceState
from timebank.devices import (
    HOLDS,
    DeviceKeyWrong,
    DeviceToken,
    decide_key,
    device_of,
    devices_at,
    end_device,
    enrol_device,
    is_token,
    new_token,
)
from timebank.lifecycles import NotInThisState
from timebank.refusals import Forbidden, NotFound, Unauthenticated
from timebank.sign_in import actor_of
from timebank.tables import find, select
from timebank.texts import TextMissing

PUBLIC_KEY = base64.b64encode(
    Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key().public_bytes_raw()
).decode()


@pytest.fixture
async def city(sqlite_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(sqlite_url, tmp_path) as made:
        yield made


async def enrolled(world: World) -> tuple[str, Actor]:
    """A device of the station: its token, and the actor it is."""
    manager = world.staff[Role.STATION_MANAGER]
    made = await enrol_device(manager, station=world.station, name="门口扫码枪", key=PUBLIC_KEY)
    return made.token, await actor_of(made.token)


def test_a_token_tells_by_itself_whether_it_was_mistyped() -> None:
    token = new_token()
    assert is_token(token)
    wrong = "0" if token[9] != "0" else "1"
    for told in (token[:9] + wrong + token[10:], token[:-1], token.upper(), "tbd_", "", token[4:]):
        assert not is_token(told)
    assert len({new_token() for _ in range(50)}) == 50


@pytest.mark.parametrize(
    ("told", "good"),
    [
        (PUBLIC_KEY, True),
        (None, True),
        (PUBLIC_KEY[:-4], False),
        (PUBLIC_KEY + "AAAA", False),
        ("", False),
        ("*" * 44, False),
        ("人" * 44, False),
    ],
)
def test_a_key_is_one_with_which_a_signature_can_be_checked(told: str | None, good: bool) -> None:
    if good:
        assert decide_key(told) == told
    else:
        with pytest.raises(DeviceKeyWrong):
            decide_key(told)


@pytest.mark.anyio
async def test_a_device_checks_in_and_out_in_its_own_name(world: World) -> None:
    token, device = await enrolled(world)
    who, activity = await world.volunteer(), await world.activity()
    number = await world.number_of(who)
    for _ in range(2):
        done = await attendance.scan(device, activity=activity, number=number, key=key())
    held = await find(attendance.Attendance, done.attendance)
    assert held
    (visit,) = held.visits
    assert (visit.began_by, visit.ended_by) == (attendance.Way.DEVICE_SCAN,) * 2
    *_, last = await entries_of(world.settings.database_url)
    assert last.actor == device.id
    (kept,) = await select(DeviceToken)
    assert token not in kept.digest
    assert (await find(Device, device.id)) == Device(
        id=device.id,
        station=world.station,
        path=world.station_path,
        state=DeviceState.ENROLLED,
        until=(world.clock.now() + HOLDS).date(),
        enrolled_by=world.staff[Role.STATION_MANAGER].id,
        key=PUBLIC_KEY,
    )


@pytest.mark.anyio
async def test_a_device_does_nothing_at_another_station(city: World) -> None:
    _, device = await enrolled(city)
    home, path = city.station, city.station_path
    city.station = await found_station(city, number="002")
    city.station_path = await path_of(city.station)
    city.staff[Role.STATION_MANAGER] = await city.officer(Role.STATION_MANAGER, city.station_path)
    activity, number = await city.activity(), await city.number_of(await city.volunteer())
    with pytest.raises(Forbidden):
        await attendance.scan(device, activity=activity, number=number, key=key())
    assert path != city.station_path
    assert await devices_at(device, home) == []


@pytest.mark.anyio
async def test_a_device_that_ended_or_is_too_old_is_nobody(world: World) -> None:
    token, device = await enrolled(world)
    lost, _ = await enrolled(world)
    manager = world.staff[Role.STATION_MANAGER]
    gone = (await actor_of(lost)).id
    await end_device(manager, device=gone, key=key())
    assert await actor_of(lost) == PUBLIC
    with pytest.raises(NotInThisState):
        await end_device(manager, device=gone, key=key())
    assert [held.id for held in await devices_at(manager, world.station)] == [gone, device.id]
    activity = await world.activity(starts_in=HOLDS)
    world.clock.move(HOLDS)
    assert await device_of(token) == device
    world.clock.move(HOLDS / 365)
    assert await device_of(token) == PUBLIC
    # Whoever found out who asks a moment too early is still asked what the device may.
    with pytest.raises(Forbidden):
        await attendance.scan(device, activity=activity, number="WH", key=key())


@pytest.mark.anyio
async def test_whoever_manages_the_station_or_leads_the_district_enrols(city: World) -> None:
    async def enrols(actor: Actor, **more: Any) -> str:
        given = {"station": city.station, "name": "平板"} | more
        return (await enrol_device(actor, **given)).device

    elsewhere = await city.officer(Role.STATION_MANAGER, "420100/420103/")
    _, device = await enrolled(city)
    for actor in (city.staff[Role.STATION_CLERK], elsewhere, await city.volunteer(), device):
        with pytest.raises(Forbidden):
            await enrols(actor)
        with pytest.raises(NotFound):
            await end_device(actor, device=device.id, key=key())
    for ask_it in (enrols(PUBLIC), end_device(PUBLIC, device=device.id, key=key())):
        with pytest.raises(Unauthenticated):
            await ask_it
    lead = city.staff[Role.DISTRICT_LEAD]
    assert await enrols(lead) in [held.id for held in await devices_at(lead, city.station)]
    for wrong, more in ((NotFound, {"station": "sta_none"}), (TextMissing, {"name": " "})):
        with pytest.raises(wrong):
            await enrols(lead, **more)


@pytest.mark.anyio
async def test_devices_on_the_wire(city: World) -> None:
    manager = city.staff[Role.STATION_MANAGER]
    asks = "token device { id state until signs name station { id } }"
    bad = await act(city, manager, "enrolDevice", asks, station=city.station, name="枪", key="x")
    assert bad["userErrors"] == [{"code": "DEVICE_KEY_WRONG", "path": ["key"]}]
    made = await act(city, manager, "enrolDevice", asks, station=city.station, name="枪")
    told = made["device"]
    assert (told["name"], told["signs"], told["until"]) == ("枪", False, "2027-11-20")
    assert told["station"] == {"id": city.station}
    device = await actor_of(made["token"])
    activity, number = await city.activity(), await city.number_of(await city.volunteer())
    scanned = await act(
        city,
        device,
        "scanVolunteer",
        "person { number } attendance { visits { beganBy } }",
        activity=activity,
        number=number,
    )
    assert scanned["userErrors"] == []
    # It says that it was done, and shows the device nobody.
    assert scanned["person"] is None
    assert scanned["attendance"] == {"visits": [{"beganBy": "DEVICE_SCAN"}]}
    ended = await act(city, manager, "endDevice", "device { state }", device=told["id"])
    assert ended["device"] == {"state": "ENDED"}
    lists = "query($s: ID!) { stationDevices(station: $s) { nodes { id state } } }"
    listed = await ask(city, manager, lists, s=city.station)
    assert listed["stationDevices"]["nodes"] == [{"id": told["id"], "state": "ENDED"}]
    assert (await ask(city, device, lists, s=city.station))["stationDevices"]["nodes"] == []
