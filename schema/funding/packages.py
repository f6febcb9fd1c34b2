"""Service packages on the wire: the social work a street buys, its sites and their visits."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated

import strawberry
from strawberry import ID

from schema.context import Context, Input
from schema.divisions import Area, read_areas
from schema.enums import show_enum
from schema.fields import field
from schema.funding.commitments import Commitment, read_commitments
from schema.nodes import Node, answers_for
from schema.organisations import Organisation, read_organisations
from schema.paging import Connection, Listing, Page, paged
from schema.refusal import Info, Payload, mutation
from schema.scalars import Fen, Long
from timebank.divisions import CITY_PATH
from timebank.funding import packages
from timebank.funding.packages import PackageState

PACKAGES = Listing("servicePackages", str)
Below = Annotated[str, strawberry.argument(description="A path; the whole city by default.")]

show_enum(
    PackageState,
    "The life of a package.",
    agreed="Agreed; visits are made.",
    half_done="Half of the visits were accepted.",
    done="All visits were accepted.",
)


@strawberry.type(description="A street's centre or a community's station.")
class ServiceSite:
    centre: bool = strawberry.field(description="Whether it is the street's centre.")
    visits: Long = strawberry.field(description="How many visits were made.")
    people: Long = strawberry.field(description="How many people were served.")
    lies_in: strawberry.Private[str]

    @field
    async def area(self, info: Info) -> Area | None:
        """The street, or the community."""
        return await info.context.loaders.load(read_areas, self.lies_in)

    @classmethod
    def of(cls, held: packages.ServiceSite) -> "ServiceSite":
        """A site as it is shown."""
        return cls(
            centre=held.centre,
            visits=Long(held.made),
            people=Long(held.people),
            lies_in=held.area,
        )


@strawberry.type(description="Social work that a street buys for its sites.")
class ServicePackage(Node):
    state: PackageState = strawberry.field(description="How far it is.")
    fen: Fen = strawberry.field(description="What it costs.")
    visits: Long = strawberry.field(description="How many visits were bought.")
    made: Long = strawberry.field(description="How many were made.")
    people: Long = strawberry.field(description="How many people were served.")
    row: strawberry.Private[packages.Package]

    @field
    async def sites(self, info: Info) -> list[ServiceSite]:
        """Its sites."""
        return await info.context.loaders.load(_sites, str(self.id)) or []

    @field
    async def provider(self, info: Info) -> Organisation | None:
        """Who makes the visits."""
        return await info.context.loaders.load(read_organisations, self.row.provider)

    @field
    async def commitment(self, info: Info) -> Commitment | None:
        """What is promised, paid and accounted for."""
        return await info.context.loaders.load(read_commitments, str(self.id))

    @classmethod
    def of(cls, held: packages.Package) -> "ServicePackage":
        """A package as it is shown."""
        return cls(
            id=ID(held.id),
            state=held.state,
            fen=Fen(held.fen),
            visits=Long(held.visits),
            made=Long(held.made),
            people=Long(held.people),
            row=held,
        )


async def _sites(context: Context, ids: Sequence[str]) -> dict[str, list[ServiceSite]]:
    found = await packages.sites_of(ids)
    return {id: [ServiceSite.of(held) for held in sites] for id, sites in found.items()}


async def read_packages(context: Context, ids: Sequence[str]) -> dict[str, ServicePackage]:
    """Packages, for the loader."""
    found = await packages.packages_by_id(ids)
    return {id: ServicePackage.of(held) for id, held in found.items()}


answers_for("pkg", read_packages)


async def _shown(info: Info, answer: packages.Bought) -> ServicePackage | None:
    return (await read_packages(info.context, [answer.package])).get(answer.package)


@strawberry.type
class Query:
    @paged
    async def service_packages(
        self, page: Page, below: Below = CITY_PATH
    ) -> Connection[ServicePackage]:
        """The social work that streets buy, the oldest first."""
        return await page.of(PACKAGES, packages.packages_below, below, node=ServicePackage.of)


@strawberry.input
class AgreePackageInput(Input):
    provider: ID = strawberry.field(description="Who makes them.")
    source: ID = strawberry.field(description="Whose money it is.")
    street: ID = strawberry.field(description="The street, by code.")
    centre: bool = strawberry.field(description="Whether the street's centre is a site.")
    stations: list[ID] = strawberry.field(description="Its communities that are sites, by code.")
    visits: int = strawberry.field(description="To all sites together.")
    fen: Fen = strawberry.field(description="What they cost.")


@strawberry.type
class AgreePackagePayload(Payload):
    package: ServicePackage | None = strawberry.field(default=None, description="The package.")


@strawberry.input
class RecordVisitsInput(Input):
    package: ID = strawberry.field(description="Which package.")
    area: ID = strawberry.field(description="The site's area, by code.")
    day: date = strawberry.field(description="On which day.")
    visits: int = strawberry.field(description="How many.")
    people: int = strawberry.field(description="How many people were served.")


@strawberry.type
class RecordVisitsPayload(Payload):
    package: ServicePackage | None = strawberry.field(default=None, description="The package.")


@strawberry.input
class AcceptVisitsInput(Input):
    package: ID = strawberry.field(description="Which package.")


@strawberry.type
class AcceptVisitsPayload(Payload):
    package: ServicePackage | None = strawberry.field(default=None, description="The package.")


@strawberry.type
class Mutation:
    @mutation(AgreePackagePayload)
    async def agree_package(self, info: Info, input: AgreePackageInput) -> AgreePackagePayload:
        """Buy visits to a street's sites."""
        answer = await packages.agree_package(
            info.context.actor,
            provider=str(input.provider),
            source=str(input.source),
            street=str(input.street),
            centre=input.centre,
            stations=[str(code) for code in input.stations],
            visits=input.visits,
            fen=input.fen,
            key=info.context.key(input),
        )
        return AgreePackagePayload.of(answer, package=await _shown(info, answer))

    @mutation(RecordVisitsPayload)
    async def record_visits(self, info: Info, input: RecordVisitsInput) -> RecordVisitsPayload:
        """Note visits to a site."""
        answer = await packages.record_visits(
            info.context.actor,
            package=str(input.package),
            area=str(input.area),
            day=input.day,
            visits=input.visits,
            people=input.people,
            key=info.context.key(input),
        )
        return RecordVisitsPayload.of(answer, package=await _shown(info, answer))

    @mutation(AcceptVisitsPayload)
    async def accept_visits(self, info: Info, input: AcceptVisitsInput) -> AcceptVisitsPayload:
        """Accept half of the visits, and later all of them."""
        answer = await packages.accept_visits(
            info.context.actor,
            package=str(input.package),
            key=info.context.key(input),
        )
        return AcceptVisitsPayload.of(answer, package=await _shown(info, answer))
