"""Pages of a district's powers: stations, activities stopped, emergencies; grants from the pool."""

from datetime import timedelta
from typing import Any

from web.forms import Form, plain
from web.pages.acts import Act, Answered, Told, Words
from web.pages.helping import at_the_counter
from web.pages.offices import office_page
from web.pages.public import CITY
from web.pages.stations import station_page
from web.pages.table import Opened
from web.pages.times import midnight

STATION, DISTRICT = "/office/station", "/office/district"
POOL, TEAMS, UNITS = "/office/pool", "/desk/teams", "/office/units"
KEEPERS = ("DISTRICT_LEAD", "DISTRICT_REGISTRAR", "STREET_OFFICER")
BACK = timedelta(days=60)
EMERGENCIES = {
    "FLOOD": "防汛",
    "SEVERE_WEATHER": "恶劣天气",
    "EPIDEMIC": "疫情",
    "ACCIDENT": "突发事故",
    "OTHER": "其他",
}


def code_of(scope: str) -> str:
    """The code of the area that a scope ends in."""
    return scope.rstrip("/").rpartition("/")[2]


def one_station(opened: Opened) -> dict[str, Any]:
    """The station that the address names, what it did lately, and the others of the office."""
    place = opened.found.get("station") or {}
    return {
        "station": place.get("id", ""),
        "place": place.get("path", "-"),
        "area": code_of(opened.office(*KEEPERS)),
        "since": (midnight(opened.now) - BACK).isoformat(),
    }


def my_district(opened: Opened) -> dict[str, Any]:
    """Where a lead is at work, as a scope and as an area."""
    scope = opened.office("DISTRICT_LEAD")
    return {"scope": scope, "area": code_of(scope)}


def its_areas(answers: Answered) -> dict[str, Words]:
    """The district and its streets."""
    area = answers.get("area") or {}
    whole = [area] if area else []
    return {"area": {one["code"]: one["name"] for one in [*whole, *area.get("manages", ())]}}


PAGES = (
    office_page(
        path=STATION,
        template="office_station.html",
        menu="站点处置",
        lookup="office_at_station",
        looks=lambda opened: {"number": opened.asked("station")},
        operation="office_station",
        variables=one_station,
        lists=("after", "stations"),
    ),
    office_page(
        path=DISTRICT,
        template="office_district.html",
        menu="停办与应急",
        operation="office_district",
        variables=my_district,
        choices=its_areas,
        acts=(
            Act(
                name="open",
                mutation="open_emergency",
                word="启动应急",
                told=(
                    Told(name="area", word="在哪里", kind="one"),
                    Told(name="reason", word="原因", kind="one", words=EMERGENCIES),
                ),
            ),
        ),
    ),
    office_page(
        path=POOL,
        template="office_pool.html",
        menu="发放公共时间",
        operation="office_pool",
        variables=lambda opened: {"area": opened.asked("area") or CITY},
    ),
    office_page(
        path=UNITS,
        template="office_units.html",
        menu="驻区单位",
        operation="office_units",
        variables=lambda opened: {"scope": opened.office("STREET_OFFICER")},
        lists=("after",),
    ),
    station_page(
        path=TEAMS,
        template="desk_teams.html",
        menu="服务队",
        operation="desk_teams",
        variables=at_the_counter,
        lists=("after",),
    ),
)

FORMS = (
    plain(STATION, "propose", "propose_station", "area", "number", "name"),
    plain(STATION, "approve", "approve_station", "station"),
    plain(STATION, "decline", "decline_station", "station", "reason"),
    plain(STATION, "warn", "warn_station", "station", "reason"),
    plain(STATION, "suspend", "suspend_station", "station", "reason"),
    plain(STATION, "reinstate", "reinstate_station", "station"),
    plain(STATION, "close", "close_station", "station", "successor"),
    plain(STATION, "hold", "hold_activity", "activity", "reason"),
    plain(STATION, "reverse", "reverse_hours", "reason", records=True),
    plain(DISTRICT, "release", "release_activity", "activity"),
    plain(DISTRICT, "void", "void_activity", "activity"),
    plain(DISTRICT, "end", "end_emergency", "emergency"),
    Form(
        path=f"{POOL}/grant",
        mutation="grant_from_pool",
        page=POOL,
        then=POOL,
        # How many it reached is told on the spot.
        stays=lambda payload: payload.get("people") is not None,
        given=lambda posted: {"area": posted.one("area")},
    ),
    plain(UNITS, "register", "register_unit", "area", "name"),
    plain(TEAMS, "create", "create_team", "station", "name"),
    plain(TEAMS, "dissolve", "dissolve_team", "team"),
    plain(TEAMS, "tie", "tie_team", "team"),
    plain(TEAMS, "untie", "untie_team", "team"),
)
