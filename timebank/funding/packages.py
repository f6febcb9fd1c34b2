"""Service packages: social work bought from an organisation for the sites of one street (1+5).

A package is a street's centre, up to five stations in its communities, or both, with so many visits
each. Its money is the street's own allotment, paid on the contract, on half of the visits and on
all of them (domain 1, 10). Knows sites and visits; refuses to know who was visited.
"""

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from typing import Unpack

from msgspec.structs import replace
from tortoise.expressions import Q

from ledger.entry import Sealed
from timebank.access import Action, permit
from timebank.actors import Actor
from timebank.batch import Batch
from timebank.divisions import Area, AreaLevel
from timebank.events import Event
from timebank.funding.commitments import Condition, commit_funds, meet
from timebank.funding.purposes import FundPurpose
from timebank.funding.tranches import parts_of, plan_tranches
from timebank.ids import new
from timebank.journal import Answer, write
from timebank.keys import RequestKey
from timebank.lifecycles import Lifecycle, step
from timebank.organisations import Organisation, acting_for, active_organisation
from timebank.projections import Place, Rows, projects
from timebank.refusals import Refusal
from timebank.tables import Row, Where, find, find_many, page_by_id, select, table

MOST_STATIONS = 5
STEPS = (Condition.CONTRACT, Condition.MIDTERM, Condition.FINAL)


class PackageState(StrEnum):
    """The life of a package."""

    AGREED = "agreed"
    HALF_DONE = "half_done"
    DONE = "done"


# Events


class PackageAgreed(Event, frozen=True, tag="package.agreed"):
    """A street buys visits to its sites; the centre is the street's, stations are communities'."""

    package: str
    provider: str
    source: str
    street: str
    fen: int
    centre: bool
    stations: tuple[str, ...]
    visits: int


class VisitsMade(Event, frozen=True, tag="package.visits_made"):
    """The provider was at a site so many times on a day, for so many people, uncounted by name."""

    package: str
    area: str
    day: date
    visits: int
    people: int


class PackageHalfDone(Event, frozen=True, tag="package.half_done"):
    """Half of the visits were made and accepted."""

    package: str


class PackageDone(Event, frozen=True, tag="package.done"):
    """All visits were made and accepted."""

    package: str


# Refusals


class PackageShapeWrong(Refusal):
    """A package is of one street: its centre and at most five of its communities (domain 1)."""

    says = "A package has its street's centre, 1 to {most} of the street's communities, or both."
    most: int
    path = ("stations",)


class VisitsWrong(Refusal):
    """Visits are counted in whole ones, on a day that was."""

    says = "Give at least 1 visit, 0 or more people, and a day that is not still to come."


class NoSuchSite(Refusal):
    """Visits are made to the sites of the package."""

    says = "{area} is no site of this package."
    area: str
    path = ("area",)


class TooFewVisits(Refusal):
    """A part is paid for visits that were made."""

    says = "This takes {least} visits at every site together; {made} were made."
    least: int
    made: int


# Lifecycle

LIFECYCLE: Lifecycle[PackageState] = {
    PackageState.AGREED: {
        VisitsMade: PackageState.AGREED,
        PackageHalfDone: PackageState.HALF_DONE,
    },
    PackageState.HALF_DONE: {
        VisitsMade: PackageState.HALF_DONE,
        PackageDone: PackageState.DONE,
    },
    PackageState.DONE: {},
}


# Decisions


def decide_shape(
    street: Area, areas: Sequence[Area], *, centre: bool, visits: int
) -> tuple[str, ...]:
    """The stations of a package. Refuses: PackageShapeWrong, VisitsWrong."""
    codes = tuple(area.code for area in areas)
    inside = all(
        area.manager == street.code and area.level in (AreaLevel.COMMUNITY, AreaLevel.VILLAGE)
        for area in areas
    )
    some = centre or codes
    whole = street.level is AreaLevel.STREET and len(set(codes)) == len(codes) <= MOST_STATIONS
    if not (some and whole and inside):
        raise PackageShapeWrong(most=MOST_STATIONS)
    if visits < 1:
        raise VisitsWrong
    return codes


def decide_done(package: "Package") -> PackageHalfDone | PackageDone:
    """What comes next, if enough visits were made. Refuses: NotInThisState, TooFewVisits."""
    half = package.state is PackageState.AGREED
    made: PackageHalfDone | PackageDone = (
        PackageHalfDone(package=package.id) if half else PackageDone(package=package.id)
    )
    step(LIFECYCLE, package.state, type(made))
    least = -(-package.visits // 2) if half else package.visits
    if package.made < least:
        raise TooFewVisits(least=least, made=package.made)
    return made


# Tables and projectors


@table("service_package", index=[("path", "id"), ("provider", "id")])
class Package(Row, frozen=True):
    """One package; `visits` are bought in all, `made` and `people` counted; `path` the street's."""

    id: str
    provider: str
    source: str
    street: str
    path: str
    fen: int
    visits: int
    state: PackageState
    made: int = 0
    people: int = 0


@table("service_site", index=[("package", "id"), ("path", "id")])
class ServiceSite(Row, frozen=True):
    """A site: a street's centre or a community's station; `id` is `<package>/<area>`."""

    id: str
    package: str
    area: str
    path: str
    centre: bool
    made: int = 0
    people: int = 0


def site_key(package: str, area: str) -> str:
    """The key of ServiceSite."""
    return f"{package}/{area}"


@projects(PackageAgreed)
def _agreed(rows: Rows, event: PackageAgreed, entry: Sealed) -> None:
    rows.put(
        Package(
            id=event.package,
            provider=event.provider,
            source=event.source,
            street=event.street,
            path=rows.there(Area, event.street).path,
            fen=event.fen,
            visits=event.visits,
            state=PackageState.AGREED,
        )
    )
    for area in (*((event.street,) if event.centre else ()), *event.stations):
        rows.put(
            ServiceSite(
                id=site_key(event.package, area),
                package=event.package,
                area=area,
                path=rows.there(Area, area).path,
                centre=area == event.street,
            )
        )


@projects(VisitsMade)
def _visited(rows: Rows, event: VisitsMade, entry: Sealed) -> None:
    package = rows.there(Package, event.package)
    site = rows.there(ServiceSite, site_key(event.package, event.area))
    for held in (package, site):
        more = {"made": held.made + event.visits, "people": held.people + event.people}
        rows.put(replace(held, **more))


@projects(PackageHalfDone, PackageDone)
def _moved(rows: Rows, event: PackageHalfDone | PackageDone, entry: Sealed) -> None:
    held = rows.there(Package, event.package)
    rows.put(replace(held, state=step(LIFECYCLE, held.state, type(event))))


# Commands


class Bought(Answer, frozen=True, kw_only=True):
    """The package that was agreed or moved on."""

    package: str


async def agree_package(
    actor: Actor,
    *,
    provider: str,
    source: str,
    street: str,
    centre: bool,
    stations: Sequence[str],
    visits: int,
    fen: int,
    key: RequestKey,
) -> Bought:
    """Buy visits to a street's sites from an organisation, of what the street was allotted.

    Args: centre, whether the street's centre is one; stations, communities of it by code; visits,
    to all sites together.
    Refuses: NotFound, PackageShapeWrong, VisitsWrong, OrganisationNotActive, BarredOrganisation,
    SourceOver, PurposeOutside, NotAllotted, FenNotPositive, NotEnoughMoney.   Source: domain 1, 10.
    """
    package = new("pkg")

    def work(batch: Batch) -> Bought:
        place = batch.need(Area, street, "area")
        permit(batch, Action.AWARD_GRANTS, place.path)
        active_organisation(batch, provider)
        areas = [batch.need(Area, code, "area") for code in stations]
        sites = decide_shape(place, areas, centre=centre, visits=visits)
        commit_funds(
            batch,
            package,
            source=source,
            unit=street,
            purpose=FundPurpose.SOCIAL_WORK,
            fen=fen,
            payee=provider,
        )
        entry = batch.record(
            PackageAgreed(
                package=package,
                provider=provider,
                source=source,
                street=street,
                fen=fen,
                centre=centre,
                stations=sites,
                visits=visits,
            )
        )
        parts = parts_of(fen, batch.policy.fund.tranches_percent)
        plan_tranches(
            batch, package, [(part, one, 0) for part, one in zip(parts, STEPS, strict=True)]
        )
        meet(batch, package, Condition.CONTRACT)
        return Bought(entry=entry.seq, package=package)

    needs: list[Place] = [
        (Organisation, provider),
        *((Area, code) for code in (street, *stations)),
    ]
    return await write(actor, key, work, answer=Bought, needs=needs)


async def record_visits(
    actor: Actor,
    *,
    package: str,
    area: str,
    day: date,
    visits: int,
    people: int,
    key: RequestKey,
) -> Bought:
    """Note visits to a site on a day, as whoever stands for the provider.

    Args: people, how many were served, none of them named.
    Refuses: NotFound, NotInThisState, NoSuchSite, VisitsWrong.
    """

    def work(batch: Batch) -> Bought:
        held = batch.need(Package, package, "package")
        acting_for(batch, held.provider, what="package")
        step(LIFECYCLE, held.state, VisitsMade)
        if batch.get(ServiceSite, site_key(package, area)) is None:
            raise NoSuchSite(area=area[:20])
        if visits < 1 or people < 0 or day > batch.today:
            raise VisitsWrong
        event = VisitsMade(package=package, area=area, day=day, visits=visits, people=people)
        return Bought(entry=batch.record(event).seq, package=package)

    held = await find(Package, package)
    needs: list[Place] = [(Package, package), (ServiceSite, site_key(package, area))]
    needs += [(Organisation, held.provider)] if held else []
    return await write(actor, key, work, answer=Bought, needs=needs)


async def accept_visits(actor: Actor, *, package: str, key: RequestKey) -> Bought:
    """Accept half of the visits, and later all of them; the next part may be paid.

    Refuses: NotFound, NotInThisState, TooFewVisits.
    """

    def work(batch: Batch) -> Bought:
        held = batch.need(Package, package, "package")
        permit(batch, Action.AWARD_GRANTS, held.path)
        event = decide_done(held)
        entry = batch.record(event)
        half = isinstance(event, PackageHalfDone)
        meet(batch, package, Condition.MIDTERM if half else Condition.FINAL)
        return Bought(entry=entry.seq, package=package)

    return await write(actor, key, work, answer=Bought, needs=[(Package, package)])


# Reads


async def packages_by_id(ids: Sequence[str]) -> dict[str, Package]:
    """Packages by their ids: everybody may know what a street buys."""
    return {str(id): held for id, held in (await find_many(Package, ids)).items()}


async def packages_below(path: str, **where: Unpack[Where]) -> list[Package]:
    """The packages of the streets below a path, the oldest first: for everybody."""
    return await page_by_id(Package, where, Q(path__startswith=path))


async def sites_of(packages: Sequence[str]) -> dict[str, list[ServiceSite]]:
    """The sites of packages, by area."""
    told: dict[str, list[ServiceSite]] = {id: [] for id in packages}
    for held in await select(ServiceSite, package__in=list(packages), order=["id"]):
        told[held.package].append(held)
    return told
