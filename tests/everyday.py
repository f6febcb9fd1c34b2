"""Everyday service for the role matrix: what a station, a volunteer and a clerk ask about."""

from datetime import timedelta
from typing import Any

from tests.organising import registered
from tests.volunteering import captured, confirmed, posted, record_of
from tests.wire import act
from tests.world import World, key, resident_id
from timebank.access import Role
from timebank.actors import Actor
from timebank.attendance import scan
from timebank.notices import Notice
from timebank.organisation_teams import ask_for_team, tie_team
from timebank.reversals import repudiate_hours
from timebank.sign_ups import sign_up
from timebank.tables import select
from timebank.teams import create_team

HOUR = timedelta(hours=1)


async def things(world: World, subject: Actor) -> dict[str, Any]:
    """Visits, records in every state, notices and somebody to register."""
    manager, clerk = world.staff[Role.STATION_MANAGER], world.staff[Role.STATION_CLERK]
    team, activity = await _own_team(world)
    await sign_up(subject, activity=activity, key=key())
    await act(world, manager, "startActivity", "replayed", activity=activity)
    number = await world.number_of(subject)
    await scan(clerk, activity=activity, number=number, key=key())
    await posted(world, subject)
    elder = await world.volunteer()
    untold = await captured(world, elder, minutes=10)
    await confirmed(world, [untold])
    disowned = await captured(world, subject, starts=world.clock.now() - 4 * HOUR)
    await repudiate_hours(subject, records=[disowned], key=key())
    waiting, wrong = [
        await captured(
            world,
            subject,
            starts=world.clock.now() - hours * HOUR,
            minutes=30,
            by=manager,
            activity=activity,
        )
        for hours in (2, 5)
    ]
    target = await world.volunteer()
    await world.activity(starts_in=30 * HOUR)
    (notice,) = await select(Notice, person=subject.person or "", limit=1)
    return {
        "id": subject.person,
        "ids": [subject.person],
        "person": target.person,
        "volunteer": subject.person,
        "number": number,
        "activity": activity,
        "declareActivity.team": team,
        "draftActivity.team": team,
        "stationDay.team": team,
        "activities.state": "RUNNING",
        "attended.id": f"{activity}/{subject.person}",
        "openActivities.area": "420100",
        "records": [waiting],
        "rejectHours.records": [wrong],
        "waitingRecords.scope": f"{world.station_path}{team}/",
        "heldBatches.scope": world.station_path,
        "batch": (await record_of(disowned)).batch,
        "captureVisit.person": subject.person,
        "visit": 0,
        "dryRun": True,
        "rows": [
            {
                "station": "001",
                "volunteer": number,
                "starts": "2026-11-18T01:00:00Z",
                "ends": "2026-11-18T02:00:00Z",
                "kind": "ELDER",
                "activity": activity,
            }
        ],
        "notices": [notice.id],
        "month": "2026-11",
        "acceptMonth.number": number,
        "passbook.person": subject.person,
        "noticesToTell.person": elder.person,
        "tellInPerson.person": elder.person,
        "recordSheet.station": "001",
        "recordSheet.text": f"volunteer,date,start,end,kind,activity\n"
        f"{number},2026-11-17,09:00,10:00,elder,{activity}",
        "area": "420102002003",
        "code": "420100",
        "syncScans.scans": [
            {
                "id": "00000000-0000-7000-8000-000000000001",
                "activity": activity,
                "number": number,
                "at": "2026-11-18T01:00:00Z",
                "signature": "AAAA",
            }
        ],
        "checkIn.code": "000000",
        "checkOut.code": "000000",
        "home": world.station,
        "name": "陈桂兰",
        "title": "独居老人探访",
        "phone": "13900000000",
        "consent": True,
        "documentNumber": resident_id(2),
        "personByDocument.documentNumber": resident_id(int(world.count)),
        "password": "not the password",
        "old": "not the password",
        "new": "another password",
        "seats": 3,
        "starts": "2026-12-01T01:00:00Z",
        "ends": "2026-12-01T03:00:00Z",
    }


async def _own_team(world: World) -> tuple[str, str]:
    """An organisation's own team, and an activity of its."""
    founder, manager = await world.volunteer(), world.staff[Role.STATION_MANAGER]
    team = (await create_team(manager, station=world.station, name="探访队", key=key())).team
    organisation = await registered(world, founder)
    await ask_for_team(founder, organisation=organisation, team=team, key=key())
    await tie_team(manager, team=team, key=key())
    return team, await world.activity(team=team)
