"""Hours: the life of a record as a table, what is read of it, and by whom."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ledger.entry import EMPTY, seal
from tests.volunteering import captured, confirmed, posted, visited
from tests.wire import act, ask
from tests.world import World, found_station, key, path_of
from timebank import replay
from timebank.access import Role
from timebank.activities import ActivityKind
from timebank.actors import PUBLIC
from timebank.days import RecorderDay, VolunteerDay
from timebank.events import Event, body_of, kind_of
from timebank.hours import records_at, records_of, totals_of, visible_records
from timebank.lifecycles import NotInThisState, step
from timebank.projections import Rows, project
from timebank.record_life import LIFECYCLE, CaptureMode, HoursCaptured, RecordState
from timebank.reversals import repudiate_hours

HOUR = timedelta(hours=1)


# The table


def test_every_state_is_listed_and_reached() -> None:
    reached = {RecordState.CAPTURED, *(to for row in LIFECYCLE.values() for to in row.values())}
    assert set(LIFECYCLE) == set(RecordState) == reached


def test_every_pair_that_is_not_listed_is_refused() -> None:
    events: set[type[Event]] = {event for row in LIFECYCLE.values() for event in row}
    for state, row in LIFECYCLE.items():
        for event in events - set(row):
            with pytest.raises(NotInThisState):
                step(LIFECYCLE, state, event)


def test_what_a_hand_recorded_belongs_to_the_day_and_hour_of_the_city() -> None:
    late = datetime(2026, 11, 20, 17, 30, tzinfo=UTC)
    event = HoursCaptured(
        record="rec_1",
        volunteer="per_1",
        station="sta_1",
        path="420100/420102/420102002/sta_1/",
        starts=late - 2 * HOUR,
        ends=late - HOUR,
        minutes=60,
        kind_of_service=ActivityKind.ELDER,
        mode=CaptureMode.MANUAL,
    )
    day = (RecorderDay, "per_2/2026-11-21")
    rows = Rows(
        {
            day: None,
            (VolunteerDay, "per_1/2026-11-20"): None,
            (VolunteerDay, "per_1/2026-11-21"): None,
        }
    )
    entry = seal(
        EMPTY,
        now=late,
        kind=kind_of(event),
        actor="per_2",
        request="0" * 32,
        policy="p",
        body=body_of(event),
    )
    project(rows, event, entry)
    held = rows.there(*day)
    assert isinstance(held, RecorderDay)
    assert (held.minutes, held.hour, held.people) == (60, 1, ("per_1",))


# Reads


@pytest.mark.anyio
async def test_a_volunteers_records_are_read_page_by_page_newest_first(world: World) -> None:
    who = await world.volunteer()
    person = who.person or ""
    made = []
    for _ in range(3):
        made.append(await captured(world, who))
        world.clock.move(HOUR)
    newest = made[::-1]
    assert [held.id for held in await records_of(person)] == newest
    assert [held.id for held in await records_of(person, after=newest[0])] == newest[1:]
    assert [held.id for held in await records_of(person, before=newest[2], backward=True)] == [
        newest[1],
        newest[0],
    ]
    assert await totals_of([person]) == {}


@pytest.mark.anyio
async def test_what_waits_is_seen_in_scope_only(world: World) -> None:
    manager = world.staff[Role.STATION_MANAGER]
    who = await world.volunteer()
    id = await captured(world, who)
    path, state = world.station_path, RecordState.CAPTURED
    assert [held.id for held in await records_at(manager, path, state)] == [id]
    assert await records_at(manager, path, RecordState.POSTED) == []
    assert await records_at(who, path, state) == []
    assert await records_at(manager, "420100/", state) == []
    other = await found_station(world, number="002", area="420102002004")
    stranger = await world.officer(Role.STATION_MANAGER, await path_of(other))
    for actor, seen in ((who, [id]), (manager, [id]), (stranger, []), (PUBLIC, [])):
        assert list(await visible_records(actor, [id, "rec_none"])) == seen


@pytest.mark.anyio
async def test_replaying_a_year_of_keys_gives_the_same_tables(world: World) -> None:
    who = await world.volunteer()
    await posted(world, who)
    world.clock.move(HOUR)
    id = await visited(world, who)
    await confirmed(world, [id])
    await repudiate_hours(who, records=[id], key=key())
    assert (await replay.compare(world.settings.database_url)).differing == 0


# On the wire

RECORD = "record { id state minutes creditedMinutes mode volunteer { number } station { number } }"


@pytest.mark.anyio
async def test_three_keys_on_the_wire(world: World) -> None:
    who = await world.volunteer()
    clerk, manager = world.staff[Role.STATION_CLERK], world.staff[Role.STATION_MANAGER]
    given: dict[str, Any] = {
        "volunteer": who.person,
        "station": world.station,
        "starts": "2026-11-20T01:00:00Z",
        "ends": "2026-11-20T02:30:00Z",
        "kind": "ELDER",
    }
    made = await act(world, clerk, "captureHours", RECORD, **given)
    assert made["userErrors"] == []
    id = made["record"]["id"]
    assert made["record"] == {
        "id": id,
        "state": "CAPTURED",
        "minutes": 90,
        "creditedMinutes": 0,
        "mode": "MANUAL",
        "volunteer": {"number": await world.number_of(who)},
        "station": {"number": "001"},
    }
    clash = await act(world, clerk, "captureHours", RECORD, **given)
    assert clash["userErrors"] == [{"code": "OVERLAPS", "path": ["starts"]}]
    waiting = "query($s: String!) { waitingRecords(scope: $s) { nodes { id } } }"
    told = await ask(world, manager, waiting, s=world.station_path)
    assert told["waitingRecords"]["nodes"] == [{"id": id}]
    one = "outcomes { id record { state } userErrors { code } }"
    done = await act(world, manager, "confirmHours", one, records=[id])
    assert done["outcomes"][0]["record"] == {"state": "CONFIRMED"}
    both = await act(world, who, "acceptHours", one, records=[id, "rec_none"])
    assert [outcome["userErrors"] for outcome in both["outcomes"]] == [[], [{"code": "NOT_FOUND"}]]
    mine = await ask(world, who, "{ serviceMinutes serviceRecords { nodes { id state } } }")
    assert mine == {
        "serviceMinutes": 90,
        "serviceRecords": {"nodes": [{"id": id, "state": "POSTED"}]},
    }
    nobody = await ask(world, PUBLIC, "{ serviceMinutes serviceRecords { nodes { id } } }")
    assert nobody == {"serviceMinutes": None, "serviceRecords": {"nodes": []}}


@pytest.mark.anyio
async def test_not_me_and_the_district_on_the_wire(world: World) -> None:
    who, lead = await world.volunteer(), world.staff[Role.DISTRICT_LEAD]
    id = await captured(world, who)
    one = "outcomes { record { state } }"
    done = await act(world, who, "repudiateHours", one, records=[id])
    assert done["outcomes"] == [{"record": {"state": "REPUDIATED"}}]
    held = "query($s: String!) { heldBatches(scope: $s) { name record { id } } }"
    (batch,) = (await ask(world, lead, held, s=world.station_path))["heldBatches"]
    assert batch["record"] == {"id": id}
    assert (await ask(world, who, held, s=world.station_path))["heldBatches"] == []
    released = await act(world, lead, "releaseBatch", "batch", batch=batch["name"])
    assert released["batch"] == batch["name"]
    other = await posted(world, await world.volunteer())
    undone = await act(world, lead, "reverseHours", one, records=[other], reason="RECORDED_WRONGLY")
    assert undone["outcomes"] == [{"record": {"state": "REVERSED"}}]


@pytest.mark.anyio
async def test_a_roster_on_the_wire_is_answered_row_by_row(world: World) -> None:
    number = await world.number_of(await world.volunteer())
    row = {
        "station": "001",
        "volunteer": f" {number.lower()} ",
        "starts": "2026-11-20T01:00:00Z",
        "ends": "2026-11-20T02:00:00Z",
        "kind": "ELDER",
    }
    rows = [row, row | {"ends": "2026-11-20T02:30:00Z"}]
    asks = "rows { isKnown record { state } userErrors { code path } }"
    clerk = world.staff[Role.STATION_CLERK]
    clash = [{"code": "OVERLAPS", "path": ["starts"]}]
    dry = await act(world, clerk, "recordRoster", asks, rows=rows, dryRun=True)
    assert [told["record"] for told in dry["rows"]] == [None, None]
    assert [told["userErrors"] for told in dry["rows"]] == [[], clash]
    for known in (False, True):
        told = await act(world, clerk, "recordRoster", asks, rows=rows)
        assert told["rows"] == [
            {"isKnown": known, "record": {"state": "CAPTURED"}, "userErrors": []},
            {"isKnown": False, "record": None, "userErrors": clash},
        ]
