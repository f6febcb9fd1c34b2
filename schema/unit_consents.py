"""Unit consents on the wire: one's own, given and taken back; nobody else sees one."""

from datetime import date

import strawberry
from strawberry import ID

from schema.context import Input
from schema.fields import field
from schema.refusal import Info, Payload, mutation
from schema.units import WorkUnit, read_units
from timebank import unit_consents


@strawberry.type(description="Your consent that a work unit has your quarterly statements.")
class UnitConsent:
    since: date = strawberry.field(description="The day you gave it.")
    version: str = strawberry.field(description="The version of the terms you consented to.")
    whose: strawberry.Private[str]

    @field
    async def unit(self, info: Info) -> WorkUnit | None:
        """The unit."""
        return await info.context.loaders.load(read_units, self.whose)


@strawberry.type
class Query:
    @field
    async def unit_consent(self, info: Info) -> UnitConsent | None:
        """Your own consent to tell a work unit; null where there is none."""
        held = await unit_consents.own_unit_consent(info.context.actor)
        return (
            UnitConsent(since=held.since, version=held.version, whose=held.unit) if held else None
        )


@strawberry.input
class ConsentToUnitInput(Input):
    unit: ID = strawberry.field(description="Which work unit.")


@strawberry.type
class ConsentToUnitPayload(Payload):
    pass


@strawberry.input
class EndUnitConsentInput(Input):
    pass


@strawberry.type
class EndUnitConsentPayload(Payload):
    pass


@strawberry.type
class Mutation:
    @mutation(ConsentToUnitPayload)
    async def consent_to_unit(self, info: Info, input: ConsentToUnitInput) -> ConsentToUnitPayload:
        """Let a work unit have your quarterly statements, which you see first."""
        answer = await unit_consents.consent_to_unit(
            info.context.actor, unit=input.unit, key=info.context.key(input)
        )
        return ConsentToUnitPayload.of(answer)

    @mutation(EndUnitConsentPayload)
    async def end_unit_consent(
        self, info: Info, input: EndUnitConsentInput
    ) -> EndUnitConsentPayload:
        """Take your consent back; the unit is told nothing more."""
        answer = await unit_consents.end_unit_consent(
            info.context.actor, key=info.context.key(input)
        )
        return EndUnitConsentPayload.of(answer)
