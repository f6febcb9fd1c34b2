"""Rosters by command: whose rights, rehearsed, late with a reason, attested by the district."""

import csv
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.commands import timebank
from tests.demo_site import make_city
from timebank.actors import person
from timebank.bank import open_bank
from timebank.clock import day_of
from timebank.demo import sign_ins
from timebank.directory import visible_people
from timebank.hours import Record
from timebank.places import stations_by_id
from timebank.record_life import CaptureMode, Evidence, LateReason
from timebank.settings import Settings
from timebank.tables import select

HEAD = ("station", "activity", "volunteer", "date", "start", "end", "kind")


def imported(settings: Settings, file: Path, *words: str) -> tuple[int, dict[str, int], str]:
    """Exit status, figures and bad rows of the command."""
    command = ("--data", str(settings.data), "--json", "import", "roster", str(file), *words)
    told = timebank(*command)
    assert told.stdout, told.stderr
    *bad, figures = told.stdout.splitlines()
    return told.exit_code, json.loads(figures), "\n".join(bad)


async def records(settings: Settings) -> list[Record]:
    """All records, the latest first."""
    async with open_bank(settings):
        return await select(Record, order=["-id"])


@pytest.mark.anyio
async def test_the_command_reads_with_somebody_s_rights_and_says_what_is_late(
    tmp_path: Path,
) -> None:
    settings = await make_city(tmp_path)
    async with open_bank(settings):
        cast = {one.role: one.person for one in await sign_ins()}
        (held,) = (await visible_people(person(cast["volunteer"]), [cast["volunteer"]])).values()
        place = (await stations_by_id([held.home or ""]))[held.home or ""]
    today, file = day_of(datetime.now(UTC)), tmp_path / "roster.csv"

    def write(days: int) -> None:
        """One row of half an hour, so many days ago, before anybody serves there."""
        day = (today - timedelta(days=days)).isoformat()
        row = (place.number, "", held.number, day, "05:00", "05:30", "elder")
        with file.open("w", newline="", encoding="utf-8") as out:
            csv.writer(out).writerows((HEAD, row))

    write(days=1)
    before = await records(settings)
    clerk, lead = cast["station_clerk"], cast["district_lead"]
    told = imported(settings, file, "--as", clerk, "--dry-run")
    assert told == (0, {"read": 1, "captured": 1, "known": 0, "bad": 0}, "")
    assert await records(settings) == before, "only rehearsed"
    assert imported(settings, file, "--as", held.id)[1]["bad"] == 1, "no rights of staff"
    assert imported(settings, file, "--as", clerk)[:2] == (
        0,
        {"read": 1, "captured": 1, "known": 0, "bad": 0},
    )
    (made,) = [one for one in await records(settings) if one not in before]
    assert (made.recorder, made.late) == (clerk, None)

    write(days=10)
    status, figures, why = imported(settings, file, "--as", clerk)
    assert (status, figures["bad"], "row 2" in why) == (1, 1, True)
    assert imported(settings, file, "--as", clerk, "--late", "PAPER_FOUND")[1]["captured"] == 1
    write(days=60)
    words = ("--as", lead, "--late", "PAPER_FOUND", "--evidence", "PAPER_ROSTER")
    assert imported(settings, file, *words)[1]["captured"] == 1
    attested, late, *_ = await records(settings)
    assert (late.late, late.mode) == (LateReason.PAPER_FOUND, CaptureMode.MANUAL)
    assert (attested.mode, attested.evidence) == (CaptureMode.EXTERNAL, Evidence.PAPER_ROSTER)
