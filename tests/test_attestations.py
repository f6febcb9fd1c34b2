"""Attestations: what the district believes, what it is called for ever, and what it never earns."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.disputes import objected
from tests.volunteering import confirmed, record_of, visited
from tests.wire import act
from tests.world import World, key
from timebank import replay
from timebank.access import Role
from timebank.accounts import balance_of, volunteer
from timebank.activities import ActivityKind
from timebank.actors import Actor
from timebank.attestations import EvidenceMissing, OnlyDistrictAttests, decide_mode
from timebank.confirmations import accept_hours, review_hours
from timebank.days import ReviewReason
from timebank.hours import Record, totals_of
from timebank.objection_life import Grounds
from timebank.record_life import CaptureMode, Evidence, LateReason, RecordState
from timebank.roster_files import RosterRow
from timebank.roster_imports import import_roster
from timebank.rosters import record_roster
from timebank.rulings import rule_on
from timebank.tables import select

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


# Decisions


@pytest.mark.parametrize("mode", CaptureMode)
@pytest.mark.parametrize("late", [None, 30])
@pytest.mark.parametrize("evidence", [None, *Evidence])
@pytest.mark.parametrize("district", [True, False])
def test_it_is_external_where_the_district_attests_it_and_nowhere_else(
    mode: CaptureMode, late: int | None, evidence: Evidence | None, district: bool
) -> None:
    if evidence and not district:
        with pytest.raises(OnlyDistrictAttests):
            decide_mode(mode, evidence, late_days=late, district=district)
    elif late and not evidence and mode is CaptureMode.MANUAL:
        with pytest.raises(EvidenceMissing):
            decide_mode(mode, evidence, late_days=late, district=district)
    else:
        told = decide_mode(mode, evidence, late_days=late, district=district)
        duty = mode is CaptureMode.DUTY
        assert told is (CaptureMode.EXTERNAL if evidence and not duty else mode)


# Imports


async def row_of(world: World, who: Actor, *, days: int) -> RosterRow:
    """An hour of service some days ago."""
    starts = world.clock.now() - days * DAY - HOUR
    return RosterRow(
        station="001",
        volunteer=await world.number_of(who),
        starts=starts,
        ends=starts + HOUR,
        kind=ActivityKind.ELDER,
    )


async def imported(world: World, who: Actor, *, days: int = 400) -> str:
    """An hour from another system that the district attests."""
    told = await record_roster(
        world.staff[Role.DISTRICT_LEAD],
        rows=[await row_of(world, who, days=days)],
        evidence=Evidence.OTHER_SYSTEM,
        key=key(),
    )
    assert told.rows[0].record
    return told.rows[0].record


async def turned(world: World, who: Actor, id: str) -> None:
    """All keys of an attested record: confirmed, reviewed by a third person, accepted."""
    await confirmed(world, [id])
    assert (await record_of(id)).state is RecordState.TO_REVIEW
    await review_hours(await world.officer(Role.CITY_LEAD), records=[id], key=key())
    await accept_hours(who, records=[id], key=key())


@pytest.mark.anyio
async def test_attested_hours_count_for_stars_and_earn_nothing(world: World) -> None:
    who = await world.volunteer()
    id = await imported(world, who)
    held = await record_of(id)
    assert (held.mode, held.evidence) == (CaptureMode.EXTERNAL, Evidence.OTHER_SYSTEM)
    assert set(held.review) == {ReviewReason.EXTERNAL, ReviewReason.LATE}
    await turned(world, who, id)
    assert (await totals_of([who.id]))[who.id].minutes == 60
    assert await balance_of(volunteer(who.id)) == 0
    assert (await record_of(id)).mode is CaptureMode.EXTERNAL
    assert (await replay.compare(world.settings.database_url)).differing == 0


@pytest.mark.anyio
async def test_recent_hours_from_elsewhere_are_external_too_and_reviewed(world: World) -> None:
    held = await record_of(await imported(world, await world.volunteer(), days=1))
    assert held.mode is CaptureMode.EXTERNAL
    assert held.review == (ReviewReason.EXTERNAL,)


@pytest.mark.anyio
async def test_a_station_attests_nothing(world: World) -> None:
    row = await row_of(world, await world.volunteer(), days=1)
    told = await record_roster(
        world.staff[Role.STATION_CLERK],
        rows=[row],
        evidence=Evidence.CERTIFICATE,
        late=LateReason.PAPER_FOUND,
        key=key(),
    )
    assert [answer.code for answer in told.rows] == ["ONLY_DISTRICT_ATTESTS"]
    assert await select(Record) == []


@pytest.mark.anyio
async def test_a_file_of_attested_hours_is_read_in(world: World, tmp_path: Path) -> None:
    number = await world.number_of(await world.volunteer())
    path = tmp_path / "2024.csv"
    path.write_text(
        "station,activity,volunteer,date,start,end,kind\n"
        f"001,,{number},2024-05-06,09:00,10:00,elder\n"
        f"001,,{number},2024-05-07,09:00,10:00,elder\n",
        "utf-8",
    )
    lead = world.staff[Role.DISTRICT_LEAD]
    bare = await import_roster(lead, path)
    assert [bad.refusal.code for bad in bare.bad] == ["LATE_REASON_MISSING"] * 2
    done = await import_roster(lead, path, evidence=Evidence.PAPER_ROSTER)
    assert (done.captured, done.bad) == (2, [])
    assert {held.evidence for held in await select(Record)} == {Evidence.PAPER_ROSTER}


@pytest.mark.anyio
async def test_a_correction_of_an_attested_record_stays_external(world: World) -> None:
    who = await world.volunteer()
    id = await imported(world, who)
    await turned(world, who, id)
    objection = await objected(world, who, id)
    held, officer = await record_of(id), await world.officer(Role.DISTRICT_LEAD)
    told = await rule_on(
        officer,
        objection=objection,
        grounds=Grounds.RECORDED_WRONGLY,
        decision="多半小时",
        starts=held.starts,
        ends=held.ends + HOUR / 2,
        key=key(),
    )
    new = await record_of(told.corrected or "")
    assert (new.mode, new.evidence) == (CaptureMode.EXTERNAL, Evidence.OTHER_SYSTEM)


@pytest.mark.anyio
async def test_a_late_correction_of_a_record_by_hand_needs_no_evidence(world: World) -> None:
    who = await world.volunteer()
    id = await visited(world, who)
    await confirmed(world, [id])
    objection = await objected(world, who, id)
    held = await record_of(id)
    world.clock.move(40 * DAY)
    told = await rule_on(
        await world.officer(Role.DISTRICT_LEAD),
        objection=objection,
        grounds=Grounds.RECORDED_WRONGLY,
        decision="早到",
        starts=held.starts - HOUR / 2,
        ends=held.ends,
        key=key(),
    )
    assert (await record_of(told.corrected or "")).mode is CaptureMode.MANUAL


@pytest.mark.anyio
async def test_hours_are_imported_row_by_row_over_the_wire(world: World) -> None:
    who = await world.volunteer()
    row = await row_of(world, who, days=400)
    good = {
        "station": row.station,
        "volunteer": row.volunteer,
        "starts": row.starts.isoformat(),
        "ends": row.ends.isoformat(),
        "kind": "ELDER",
    }
    asks = "rows { isKnown record { mode evidence reviewReasons } userErrors { code } }"
    given = {"rows": [good, good | {"volunteer": "WH-0000-000-0000"}], "evidence": "CERTIFICATE"}
    lead = world.staff[Role.DISTRICT_LEAD]
    rehearsed = await act(world, lead, "importHours", asks, dryRun=True, **given)
    assert [row["record"] for row in rehearsed["rows"]] == [None, None]
    told = await act(world, lead, "importHours", asks, **given)
    assert told["rows"][0]["record"] == {
        "mode": "EXTERNAL",
        "evidence": "CERTIFICATE",
        "reviewReasons": ["EXTERNAL", "LATE"],
    }
    assert [no["code"] for no in told["rows"][1]["userErrors"]] == ["VOLUNTEER_UNKNOWN"]
    again = await act(world, lead, "importHours", asks, **given)
    assert again["rows"][0]["isKnown"]
