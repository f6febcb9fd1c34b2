"""Organisations on the wire: what stands is for everybody, applications for a few."""

from collections.abc import Sequence
from datetime import date, datetime

import strawberry
from strawberry import ID

from schema.context import Context
from schema.divisions import Area, read_areas
from schema.enums import show_enum
from schema.fields import field
from schema.looks import read_numbers
from schema.nodes import Node, answers_for
from schema.people import Person, read_people
from schema.refusal import Info
from schema.scalars import Fen
from schema.texts import texts
from schema.units import WorkUnit, read_units
from timebank import organisation_register, organisations, representatives
from timebank.access import Role
from timebank.organisation_life import (
    CHECKS,
    AbnormalReason,
    DirectKind,
    LegalForm,
    OrganisationState,
    RegistrationCheck,
)
from timebank.texts import read_texts

show_enum(
    OrganisationState,
    "The life of an organisation.",
    name_asked="A founder asks for the name.",
    name_refused="The name is not allowed.",
    name_ok="The name is kept; the supervising unit has not consented yet.",
    name_lapsed="Nobody applied while the name was kept.",
    ready_to_apply="The application can be handed in.",
    in_review="The registrar decides.",
    refused="Not registered, for reasons.",
    withdrawn="The founder took the application back.",
    registered="Registered.",
    abnormal="On the abnormal list.",
    serious="A serious case: nothing was put right in time.",
    liquidation="Winding up.",
    deregistered="Struck out after winding up.",
    revoked="The registration was taken away.",
    filing_asked="The street decides on the filing.",
    filing_refused="Not filed, for reasons.",
    filed="Filed with the street.",
    filing_lapsed="The filing is over.",
    grown="Registered now, as another.",
)
show_enum(
    LegalForm,
    "The legal forms, and the community groups below them.",
    association="A social association.",
    service_body="A social service body.",
    foundation="A foundation.",
    community_group="A filed community organisation, no legal person.",
)
show_enum(
    DirectKind,
    "The kinds that register without a supervising unit.",
    trade="A trade association or chamber of commerce.",
    science_and_technology="For science and technology.",
    public_benefit="A public-benefit charity.",
    community_service="For service in town and country communities.",
)
show_enum(
    RegistrationCheck,
    "What a registrar looks at.",
    members="There are members enough.",
    funds="The funds are there.",
    articles="The articles say what the law asks.",
    premises="There is a place to work from.",
    staff="There are people to do the work.",
    bodies="The bodies are chosen by the articles.",
    representative="The legal representative may be one.",
)
show_enum(
    AbnormalReason,
    "Why an organisation stands on the abnormal list.",
    report_missing="Its annual report is missing.",
    unreachable="It cannot be reached where it is registered.",
    not_corrected="It did not put right what it was told to.",
    no_bodies="Its bodies do not work as its articles say.",
)


@strawberry.type(description="A condition of the form, and what the registrar found.")
class OrganisationCheck:
    check: RegistrationCheck = strawberry.field(description="Which condition.")
    passed: bool | None = strawberry.field(description="Whether it is met; null: not looked at.")


@strawberry.type(description="Somebody who acts for an organisation.")
class OrganisationRole:
    grant: ID = strawberry.field(description="The role's own id.")
    role: Role = strawberry.field(description="For papers or for money.")
    number: str | None = strawberry.field(description="Their volunteer number.")
    who: strawberry.Private[str]

    @field
    async def person(self, info: Info) -> Person | None:
        """Who it is, if you may see them."""
        return await info.context.loaders.load(read_people, self.who)


async def read_roles(context: Context, ids: Sequence[str]) -> dict[str, list[OrganisationRole]]:
    """Who acts for organisations, for the loader."""
    found = await representatives.roles_over_each(context.actor, ids)
    numbers = await read_numbers(context, [who for held in found.values() for _, who, _ in held])
    return {
        id: [
            OrganisationRole(grant=ID(grant), role=role, number=numbers.get(who), who=who)
            for grant, who, role in held
        ]
        for id, held in found.items()
    }


async def read_refusals(context: Context, ids: Sequence[str]) -> dict[str, str]:
    """What registrars wrote to founders, for those who may read the papers."""
    return await read_texts(await organisation_register.private_to(context.actor, ids), "refusal")


@strawberry.type(description="A social organisation, registered, filed or applied for.")
class Organisation(Node):
    form: LegalForm = strawberry.field(description="Its legal form.")
    state: OrganisationState = strawberry.field(description="How far it is.")
    path: str = strawberry.field(description="The scope that covers it.")
    direct: DirectKind | None = strawberry.field(
        description="The kind that needs no supervising unit, if it is one."
    )
    code: str | None = strawberry.field(description="Its unified social credit code.")
    asked_at: datetime = strawberry.field(description="When its first step was taken.")
    registered_on: date | None = strawberry.field(description="Since when it stands.")
    ended_on: date | None = strawberry.field(description="Since when it is over.")
    due: date | None = strawberry.field(description="The last day for what its state waits for.")
    persons: int = strawberry.field(description="How many persons were members as it applied.")
    units: int = strawberry.field(description="How many units were members as it applied.")
    founders: int = strawberry.field(description="How many founded a filed organisation.")
    funds_fen: Fen = strawberry.field(description="What it was founded with.")
    reasons: list[str] = strawberry.field(description="Codes of why it was refused or ended.")
    abnormal: AbnormalReason | None = strawberry.field(
        description="Why it stands on the abnormal list, if it does."
    )
    wound_up: bool = strawberry.field(description="Whether its liquidation has ended.")
    barred_until: date | None = strawberry.field(
        description="The last day on which it gets no public money, if it is barred."
    )
    row: strawberry.Private[organisations.Organisation]

    @field
    async def name(self, info: Info) -> str:
        """Its name."""
        return await info.context.loaders.load(texts("name"), str(self.id)) or ""

    @field
    async def purpose(self, info: Info) -> str | None:
        """What it is for."""
        return await info.context.loaders.load(texts("purpose"), str(self.id))

    @field
    async def address(self, info: Info) -> str | None:
        """Where it sits."""
        return await info.context.loaders.load(texts("address"), str(self.id))

    @field
    async def refusal(self, info: Info) -> str | None:
        """What the registrar wrote; for the founder and the registrar."""
        return await info.context.loaders.load(read_refusals, str(self.id))

    @field
    async def area(self, info: Info) -> Area | None:
        """The area it sits in."""
        return await info.context.loaders.load(read_areas, self.row.area)

    @field
    async def supervisor(self, info: Info) -> WorkUnit | None:
        """Its supervising unit, if it has one."""
        unit = self.row.supervisor
        return await info.context.loaders.load(read_units, unit) if unit else None

    @field
    async def grown_from(self, info: Info) -> "Organisation | None":
        """The filed organisation that it was before."""
        before = self.row.grown_from
        return await info.context.loaders.load(read_organisations, before) if before else None

    @field
    async def grown_into(self, info: Info) -> "Organisation | None":
        """What the filed organisation became."""
        after = self.row.grown_into
        return await info.context.loaders.load(read_organisations, after) if after else None

    @field
    def days_left(self, info: Info) -> int | None:
        """How many days are left until `due`; negative once it is late."""
        return organisations.days_left(self.row)

    @field
    def checks(self) -> list[OrganisationCheck]:
        """The conditions of its form, and what the registrar found of each."""
        found = dict(self.row.checks)
        return [
            OrganisationCheck(check=check, passed=found.get(check))
            for check in RegistrationCheck
            if check in CHECKS.get(self.row.form, ())
        ]

    @field
    async def roles(self, info: Info) -> list[OrganisationRole]:
        """Who acts for it; for those who do, and its registrar."""
        return await info.context.loaders.load(read_roles, str(self.id)) or []

    @classmethod
    def of(cls, held: organisations.Organisation) -> "Organisation":
        """An organisation as it is shown."""
        return cls(
            id=ID(held.id),
            form=held.form,
            state=held.state,
            path=held.path,
            direct=held.direct,
            code=held.code,
            asked_at=held.asked_at,
            registered_on=held.registered_on,
            ended_on=held.ended_on,
            due=held.due,
            persons=held.persons,
            units=held.units,
            founders=held.founders,
            funds_fen=Fen(held.funds_fen),
            reasons=list(held.reasons),
            abnormal=held.abnormal,
            wound_up=held.wound_up,
            barred_until=held.barred_until,
            row=held,
        )


async def read_organisations(context: Context, ids: Sequence[str]) -> dict[str, Organisation]:
    """Organisations, for the loader; whatever the asker may not see is missing."""
    seen = await organisation_register.visible_organisations(context.actor, ids)
    return {id: Organisation.of(held) for id, held in seen.items()}


answers_for("org", read_organisations)
