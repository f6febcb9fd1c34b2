"""Offline scans: signed by the device, taken in later, each once, whatever happened meanwhile."""

import base64
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.wire import act
from tests.world import World, found_station, key, open_world
from timebank import replay
from timebank.access import Role
from timebank.activities import ActivityNotOpen, Move, move_activity
from timebank.activity_holds import hold_activity
from timebank.activity_life import HoldReason
from timebank.actors import PUBLIC, Actor
from timebank.attendance import (
    Attendance,
    CheckedInElsewhere,
    NotYetTime,
    Visit,
    Way,
    Whereabouts,
    end_activity,
    scan,
)
from timebank.captures import capture_visit
from timebank.devices import enrol_device
from timebank.keys import RequestKey
from timebank.notices import NoticeCode, inbox_of, open_inbox
from timebank.offline_scans import (
    MOST_SCANS,
    OfflineScan,
    ScanFromFuture,
    ScanIdReused,
    ScanIdWrong,
    ScanNotSigned,
    ScanOutcome,
    ScanOutOfOrder,
    ScanTooOld,
    TooManyScans,
    decide_signature,
    decide_time,
    ends_visit,
    signed_text,
    sync_scans,
)
from timebank.refusals import NotFound, Refusal, Unauthenticated
from timebank.sign_in import actor_of
from timebank.tables import find

NOON = datetime(2026, 11, 20, 4, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC_KEY = base64.b64encode(PRIVATE.public_key().public_bytes_raw()).decode()


def signed(device: str, scan: OfflineScan, private: Ed25519PrivateKey = PRIVATE) -> OfflineScan:
    """A scan with its device's signature."""
    made = base64.b64encode(private.sign(signed_text(device, scan))).decode()
    return OfflineScan(
        id=scan.id, activity=scan.activity, number=scan.number, at=scan.at, signature=made
    )


def scanned(at: datetime = NOON, **told: Any) -> OfflineScan:
    given = {
        "id": "00000000-0000-7000-8000-000000000001",
        "activity": "act_1",
        "number": "WH-1",
        "signature": "",
    } | told
    return OfflineScan(at=at, **given)


def test_what_is_signed_is_written_down_to_the_byte() -> None:
    local = NOON.astimezone()
    told = signed_text("dev_1", scanned(at=local, number=" wh-1 "))
    scan = b"00000000-0000-7000-8000-000000000001"
    assert told == b"timebank-scan-v1\ndev_1\n" + scan + b"\nact_1\nWH-1\n2026-11-20T04:00:00Z\n"


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        ({}, None),
        ({"id": "00000000-0000-7000-8000-000000000002"}, ScanNotSigned),
        ({"activity": "act_2"}, ScanNotSigned),
        ({"number": "WH-2"}, ScanNotSigned),
        ({"at": NOON + timedelta(seconds=1)}, ScanNotSigned),
        ({"signature": ""}, ScanNotSigned),
        ({"signature": "人"}, ScanNotSigned),
        ({"id": "short"}, ScanIdWrong),
        ({"id": "四个字的编号放这里"}, ScanIdWrong),
        ({"id": "13900000000-wangxiuying"}, ScanIdWrong),
        ({"id": "00000000-0000-7000-8000-00000000000A"}, ScanIdWrong),
        ({"id": "00000000000070008000000000000001"}, ScanIdWrong),
        ({"id": "00000000-0000-7000-8000-000000000001\n"}, ScanIdWrong),
    ],
)
def test_only_what_the_device_signed_is_believed(
    changed: dict[str, Any], refusal: type[Refusal] | None
) -> None:
    good = signed("dev_1", scanned())
    names = ("id", "activity", "number", "at", "signature")
    told = OfflineScan(**{name: getattr(good, name) for name in names} | changed)
    if refusal is None:
        assert decide_signature("dev_1", PUBLIC_KEY, told) == good.signature
        return
    with pytest.raises(refusal):
        decide_signature("dev_1", PUBLIC_KEY, told)


@pytest.mark.parametrize(("device", "key"), [("dev_2", PUBLIC_KEY), ("dev_1", None)])
def test_another_device_or_one_without_a_key_says_nothing(device: str, key: str | None) -> None:
    with pytest.raises(ScanNotSigned):
        decide_signature(device, key, signed("dev_1", scanned()))


@pytest.mark.parametrize(
    ("at", "refusal"),
    [
        (NOON, None),
        (NOON + timedelta(seconds=1), ScanFromFuture),
        (NOON - 3 * DAY, None),
        (NOON - 4 * DAY, ScanTooOld),
    ],
)
def test_a_scan_comes_in_while_a_roster_could(at: datetime, refusal: type[Refusal] | None) -> None:
    if refusal is None:
        decide_time(scanned(at), NOON, 3)
        return
    with pytest.raises(refusal):
        decide_time(scanned(at), NOON, 3)


BEGAN, ENDED = NOON - 2 * HOUR, NOON
OPEN = Visit(began=BEGAN, began_by=Way.STAFF_SCAN)
LEFT = Visit(began=BEGAN, began_by=Way.STAFF_SCAN, ended=ENDED, ended_by=Way.STAFF_SCAN)
FORGOTTEN = Visit(began=BEGAN, began_by=Way.STAFF_SCAN, ended=ENDED, ended_by=Way.UNCONFIRMED)


@pytest.mark.parametrize(
    ("visits", "at", "told"),
    [
        ((), NOON, False),
        ((OPEN,), BEGAN, True),
        ((OPEN,), NOON, True),
        ((OPEN,), BEGAN - MINUTE, ScanOutOfOrder),
        ((LEFT,), ENDED, False),
        ((LEFT,), ENDED - MINUTE, ScanOutOfOrder),
        ((LEFT, OPEN), NOON, True),
        ((FORGOTTEN,), ENDED - HOUR, True),
        ((FORGOTTEN,), ENDED + 30 * MINUTE, True),
        ((FORGOTTEN,), ENDED + 31 * MINUTE, False),
        ((FORGOTTEN,), BEGAN - MINUTE, ScanOutOfOrder),
    ],
)
def test_a_scan_ends_the_visit_that_is_open_or_was_forgotten(
    visits: tuple[Visit, ...], at: datetime, told: bool | type[Refusal]
) -> None:
    if isinstance(told, bool):
        assert ends_visit(visits, scanned(at)) is told
        return
    with pytest.raises(told):
        ends_visit(visits, scanned(at))


class Door:
    """A device at the door of a running activity, and a volunteer who comes there."""

    def __init__(self, world: World, device: Actor, activity: str, who: Actor) -> None:
        self.world, self.device, self.activity, self.who = world, device, activity, who
        self.taken = 0

    async def scan(self, at: datetime, *, activity: str | None = None) -> OfflineScan:
        """A scan that the device keeps."""
        self.taken += 1
        number = await self.world.number_of(self.who)
        told = scanned(
            at,
            id=f"00000000-0000-7000-8000-{self.taken:012d}",
            activity=activity or self.activity,
            number=number,
        )
        return signed(self.device.id, told)

    async def sync(self, *scans: OfflineScan, key_: RequestKey | None = None) -> list[ScanOutcome]:
        """What became of some scans."""
        told = await sync_scans(self.device, scans=scans, key=key_ or key())
        return list(told.outcomes)

    async def visits(self) -> list[tuple[datetime, datetime | None, Way | None]]:
        """When the volunteer was there."""
        held = await find(Attendance, f"{self.activity}/{self.who.id}")
        return [(one.began, one.ended, one.ended_by) for one in held.visits] if held else []


async def opened(world: World) -> Door:
    """The door, its activity from now on for two hours."""
    made = await enrol_device(
        world.staff[Role.STATION_MANAGER], station=world.station, name="扫码枪", key=PUBLIC_KEY
    )
    activity = await world.activity(minutes=120)
    await move_activity(
        world.staff[Role.STATION_MANAGER], activity=activity, move=Move.START, key=key()
    )
    return Door(world, await actor_of(made.token), activity, await world.volunteer())


@pytest.fixture
async def both(database_url: str, tmp_path: Path) -> AsyncIterator[Door]:
    async with open_world(database_url, tmp_path) as world:
        yield await opened(world)


@pytest.fixture
async def door(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Door]:
    async with open_world(sqlite_url, tmp_path) as world:
        yield await opened(world)


@pytest.mark.anyio
async def test_what_was_scanned_offline_comes_in_once_in_its_order(both: Door) -> None:
    door, world = both, both.world
    began = world.clock.now()
    world.clock.move(100 * MINUTE)
    scans = [await door.scan(began + 5 * MINUTE), await door.scan(began + 65 * MINUTE)]
    told = await door.sync(*reversed(scans))
    assert [one.code for one in told] == [None, None]
    assert [one.scan for one in told] == [
        "00000000-0000-7000-8000-000000000002",
        "00000000-0000-7000-8000-000000000001",
    ]
    visit = [(began + 5 * MINUTE, began + 65 * MINUTE, Way.OFFLINE_SCAN)]
    assert await door.visits() == visit
    # The answer was lost: sent again under another key, and in another company, nothing is new.
    again = await door.sync(scans[0], scans[1], await door.scan(began + 90 * MINUTE))
    assert [one.entry for one in again[:2]] == [told[1].entry, told[0].entry]
    third = (began + 90 * MINUTE, None, None)
    assert await door.visits() == [*visit, third]
    record = await capture_visit(
        world.staff[Role.STATION_CLERK],
        activity=door.activity,
        person=door.who.id,
        visit=0,
        key=key(),
    )
    assert record.record
    assert (await replay.compare(world.settings.database_url)).differing == 0


@pytest.mark.anyio
async def test_a_check_out_offline_mends_a_visit_that_was_closed_unconfirmed(door: Door) -> None:
    world = door.world
    await open_inbox(door.who)
    began, clerk = world.clock.now(), world.staff[Role.STATION_CLERK]
    await scan(clerk, activity=door.activity, number=await world.number_of(door.who), key=key())
    world.clock.move(3 * HOUR)
    await end_activity(world.staff[Role.STATION_MANAGER], activity=door.activity, key=key())
    assert await door.visits() == [(began, began + 2 * HOUR, Way.UNCONFIRMED)]
    left = began + 110 * MINUTE
    (told,) = await door.sync(await door.scan(left))
    assert told.code is None
    assert await door.visits() == [(began, left, Way.OFFLINE_SCAN)]


@pytest.mark.anyio
async def test_scans_of_an_activity_that_is_over_leave_nobody_there(door: Door) -> None:
    world, began = door.world, door.world.clock.now()
    await open_inbox(door.who)
    world.clock.move(DAY)
    await end_activity(world.staff[Role.STATION_MANAGER], activity=door.activity, key=key())
    arrived = await door.scan(began + 5 * MINUTE)
    assert (await door.sync(arrived))[0].code is None
    assert await door.visits() == [(began + 5 * MINUTE, began + 2 * HOUR, Way.UNCONFIRMED)]
    assert await find(Whereabouts, door.who.id) is None
    assert [one.code for one in await inbox_of(door.who)] == [NoticeCode.VISIT_UNCONFIRMED]
    # The check-out was in another packet of the queue.
    assert (await door.sync(await door.scan(began + HOUR)))[0].code is None
    assert await door.visits() == [(began + 5 * MINUTE, began + HOUR, Way.OFFLINE_SCAN)]
    late = await door.sync(await door.scan(began + 4 * HOUR))
    assert late[0].code == NotYetTime.code


@pytest.mark.anyio
async def test_who_is_elsewhere_now_stays_there_and_was_not_in_two_places(door: Door) -> None:
    world, began = door.world, door.world.clock.now()
    manager = world.staff[Role.STATION_MANAGER]
    world.clock.move(2 * HOUR)
    await end_activity(manager, activity=door.activity, key=key())
    other = await world.activity(minutes=120)
    await move_activity(manager, activity=other, move=Move.START, key=key())
    clerk, number = world.staff[Role.STATION_CLERK], await world.number_of(door.who)
    await scan(clerk, activity=other, number=number, key=key())
    scans = [await door.scan(began + 5 * MINUTE), await door.scan(began + HOUR)]
    assert [one.code for one in await door.sync(*scans)] == [None, None]
    there = await find(Whereabouts, door.who.id)
    assert there
    assert there.activity == other
    world.clock.move(HOUR)
    third = await world.activity(minutes=120)
    await move_activity(manager, activity=third, move=Move.START, key=key())
    (told,) = await door.sync(await door.scan(world.clock.now(), activity=third))
    assert told.code == CheckedInElsewhere.code
    assert (await replay.compare(world.settings.database_url)).differing == 0


@pytest.mark.anyio
async def test_each_scan_that_breaks_a_rule_is_named_and_the_others_come_in(door: Door) -> None:
    world, now = door.world, door.world.clock.now()
    good = await door.scan(now)
    told = await door.sync(
        good,
        signed(door.device.id, scanned(now, activity=door.activity, number="WH-NOBODY")),
        signed(
            door.device.id,
            scanned(now, id="00000000-0000-7000-8000-000000009001", activity="act_missing"),
        ),
        OfflineScan(
            id="00000000-0000-7000-8000-000000009002",
            activity=door.activity,
            number=good.number,
            at=now,
            signature="AAAA",
        ),
    )
    assert [one.code for one in told] == [
        None,
        NotFound.code,
        NotFound.code,
        ScanNotSigned.code,
    ]
    other = scanned(now + MINUTE, id=good.id, activity=door.activity, number=good.number)
    world.clock.move(HOUR)
    assert (await door.sync(signed(door.device.id, other)))[0].code == ScanIdReused.code
    assert len(await door.visits()) == 1
    late = await world.activity()
    await hold_activity(
        world.staff[Role.DISTRICT_LEAD], activity=late, reason=HoldReason.REPORTED, key=key()
    )
    told = await door.sync(await door.scan(world.clock.now(), activity=late))
    assert told[0].code == ActivityNotOpen.code


@pytest.mark.anyio
async def test_only_a_device_sends_scans_and_only_of_its_own_station(door: Door) -> None:
    world, scan_ = door.world, await door.scan(door.world.clock.now())
    for actor in (PUBLIC, door.who, world.staff[Role.STATION_CLERK]):
        with pytest.raises(Unauthenticated):
            await sync_scans(actor, scans=[scan_], key=key())
    for scans in ([], [scan_] * (MOST_SCANS + 1)):
        with pytest.raises(TooManyScans):
            await sync_scans(door.device, scans=scans, key=key())
    elsewhere = await found_station(world, number="002")
    lead = await world.officer(Role.STATION_MANAGER)
    made = await enrol_device(lead, station=elsewhere, name="别处", key=PUBLIC_KEY)
    stranger = await actor_of(made.token)
    told = await sync_scans(stranger, scans=[signed(stranger.id, scan_)], key=key())
    assert told.outcomes[0].code == NotFound.code
    assert await door.visits() == []


@pytest.mark.anyio
async def test_scans_on_the_wire_are_answered_one_by_one(door: Door) -> None:
    now = door.world.clock.now()
    good, bad = await door.scan(now), await door.scan(now + HOUR)
    told = await act(
        door.world,
        door.device,
        "syncScans",
        "outcomes { id userErrors { code } attendance { visits { beganBy } } }",
        scans=[
            {
                "id": one.id,
                "activity": one.activity,
                "number": one.number,
                "at": one.at.isoformat(),
                "signature": one.signature,
            }
            for one in (good, bad)
        ],
    )
    assert told["outcomes"] == [
        {
            "id": "00000000-0000-7000-8000-000000000001",
            "userErrors": [],
            "attendance": {"visits": [{"beganBy": "OFFLINE_SCAN"}]},
        },
        {
            "id": "00000000-0000-7000-8000-000000000002",
            "userErrors": [{"code": "SCAN_FROM_FUTURE"}],
            "attendance": None,
        },
    ]
