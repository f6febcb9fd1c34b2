"""Divisions: the city's real area tree, from the published data set (domain 1).

An area has a statutory parent, by its code, and a managing parent, who is responsible today; paths,
and so scopes, follow the managing one. The ledger holds which data set was adopted and its digest;
the data set itself travels with this version.
"""

import csv
import hashlib
from collections.abc import Iterator, Sequence
from enum import StrEnum
from functools import cache
from pathlib import Path

from ledger.entry import Sealed
from timebank.actors import SYSTEM, Actor
from timebank.batch import Batch
from timebank.events import Event
from timebank.journal import Answer, write
from timebank.keys import RequestKey
from timebank.projections import Rows, projects
from timebank.refusals import Forbidden, Refusal
from timebank.tables import Row, find, find_many, select, table

DIVISIONS = Path(__file__).parent / "data" / "wuhan_divisions.csv"
DATASET = "wuhan-2023"
CITY = "420100"
CITY_PATH = f"{CITY}/"

# Three functional zones that the city counts as district-level units have no code of their own
# (domain 1): each gets one of ours, and manages the streets coded under a statutory district.
ZONES = {
    "4201H1": "东湖新技术开发区",
    "4201E1": "武汉经济技术开发区",
    "4201S1": "东湖生态旅游风景区",
}
ZONE_AREAS = {
    # 关东, 花山, 左岭, 九峰; 佛祖岭, 豹澥, 龙泉, 滨湖
    **dict.fromkeys(("420111080", "420111081", "420111082", "420111083"), "4201H1"),
    **dict.fromkeys(("420115086", "420115087", "420115088", "420115089"), "4201H1"),
    # 沌口, 军山, 沌阳, and 汉南区 whole
    **dict.fromkeys(("420114070", "420114071", "420114072", "420113"), "4201E1"),
    **dict.fromkeys(("420106490", "420111491"), "4201S1"),
}


class AreaLevel(StrEnum):
    """The levels of the area tree."""

    CITY = "city"
    DISTRICT = "district"
    STREET = "street"
    COMMUNITY = "community"
    VILLAGE = "village"


def areas_of(path: str) -> list[str]:
    """The codes of the areas that a path leads through, the city first: `…/sta_…/` is none."""
    return [part for part in path.split("/") if part and "_" not in part]


# Events


class DivisionsAdopted(Event, frozen=True, tag="divisions.adopted"):
    """The published divisions were taken over whole: data set and SHA-256 of the file."""

    dataset: str
    digest: str


# Refusals


class DivisionsAdoptedAlready(Refusal):
    """The area tree stands already."""

    says = "The divisions were adopted already."


# Tables and projectors


@table("area", index=[("manager",), ("level",)])
class Area(Row, frozen=True):
    """One area. `parent` is the statutory parent, `manager` the managing one; the city has none."""

    code: str
    level: AreaLevel
    name: str
    parent: str | None
    manager: str | None
    path: str


@cache
def divisions() -> tuple[Area, ...]:
    """The area tree of the data set that this version carries, parents first."""
    areas: dict[str, Area] = {}
    for area in _divisions():
        areas[area.code] = area
    return tuple(areas.values())


def _divisions() -> Iterator[Area]:
    paths = {CITY: CITY_PATH}
    yield Area(
        code=CITY, level=AreaLevel.CITY, name="武汉市", parent=None, manager=None, path=paths[CITY]
    )
    for code, name in ZONES.items():
        paths[code] = f"{CITY}/{code}/"
        yield Area(
            code=code,
            level=AreaLevel.DISTRICT,
            name=name,
            parent=CITY,
            manager=CITY,
            path=paths[code],
        )
    with DIVISIONS.open(encoding="utf-8-sig", newline="") as file:
        for line in csv.DictReader(file):
            if line["code"] == CITY:
                continue
            manager = ZONE_AREAS.get(line["code"], line["parent_code"])
            paths[line["code"]] = f"{paths[manager]}{line['code']}/"
            yield Area(
                code=line["code"],
                level=AreaLevel(line["level"]),
                name=line["name"],
                parent=line["parent_code"],
                manager=manager,
                path=paths[line["code"]],
            )


def _digest() -> str:
    return hashlib.sha256(DIVISIONS.read_bytes()).hexdigest()


@projects(DivisionsAdopted)
def _adopted(rows: Rows, event: DivisionsAdopted, entry: Sealed) -> None:
    if event.digest != _digest():
        raise LookupError(f"this version does not carry the data set {event.dataset}")
    for area in divisions():
        rows.put(area)


# Commands


class Adopted(Answer, frozen=True, kw_only=True):
    """The data set that was taken over."""

    dataset: str


async def adopt_divisions(actor: Actor, *, key: RequestKey | None = None) -> Adopted:
    """Take over the published divisions whole; done once, by the software itself.

    Refuses: DivisionsAdoptedAlready.
    """
    if actor != SYSTEM:
        raise Forbidden

    def work(batch: Batch) -> Adopted:
        if batch.get(Area, CITY) is not None:
            raise DivisionsAdoptedAlready
        entry = batch.record(DivisionsAdopted(dataset=DATASET, digest=_digest()))
        return Adopted(entry=entry.seq, dataset=DATASET)

    return await write(actor, key, work, answer=Adopted, needs=[(Area, CITY)])


# Reads


async def area(code: str) -> Area | None:
    """An area by its code."""
    return await find(Area, code)


async def areas_by_code(codes: list[str]) -> dict[str, Area]:
    """Areas by their codes, in one statement."""
    found = await find_many(Area, codes)
    return {str(code): row for code, row in found.items()}


async def areas_managed_by(codes: Sequence[str]) -> dict[str, list[Area]]:
    """The areas that each of these manages, by code, in one statement."""
    managed: dict[str, list[Area]] = {code: [] for code in codes}
    for area in await select(Area, manager__in=list(codes), order=["code"]):
        managed[area.manager or ""].append(area)
    return managed
