"""Given consents on the wire: what a person lets the bank do, given and withdrawn at a tap."""

from datetime import datetime
from typing import Annotated

import strawberry

from schema.context import Input
from schema.enums import show_enum
from schema.fields import field
from schema.refusal import Info, Payload, mutation
from timebank import given_consents
from timebank.given_consents import ConsentPurpose

show_enum(
    ConsentPurpose,
    "What data are used for.",
    service="The service itself: registering, recording hours, accounts. It ends with the account.",
    staff_phone="The station's staff read the telephone to reach the person.",
    partner_phone="Helper and helped read each other's telephone while their order is open.",
)

Number = Annotated[
    str | None,
    strawberry.argument(description="A ward's, or for the data protection officer anybody's."),
]


@strawberry.type(description="What was said of a purpose, once.")
class ConsentSaid:
    given: bool = strawberry.field(description="Whether it was given or withdrawn.")
    version: str = strawberry.field(description="The version of the terms it was said of.")
    at: datetime = strawberry.field(description="When.")


@strawberry.type(description="What a person said of one purpose.")
class Consent:
    purpose: ConsentPurpose = strawberry.field(description="What the data are used for.")
    given: bool = strawberry.field(description="Whether the person lets it be done.")
    version: str = strawberry.field(description="The version of the terms it was said of.")
    since: datetime = strawberry.field(description="When it was said.")
    history: list[ConsentSaid] = strawberry.field(
        description="All that was said of it, the latest first; of very many the latest."
    )

    @classmethod
    def of(cls, held: given_consents.Consent, purpose: ConsentPurpose) -> "Consent":
        """What was said of a purpose, as it is shown."""
        history = [
            ConsentSaid(given=one.given, version=one.version, at=one.at)
            for one in held.history(purpose)
        ]
        last = history[0]
        return cls(
            purpose=purpose,
            given=last.given,
            version=last.version,
            since=last.at,
            history=history,
        )


@strawberry.type
class Query:
    @field
    async def consents(self, info: Info, number: Number = None) -> list[Consent]:
        """What you let the bank do with your data, or your ward, purpose by purpose."""
        held = await given_consents.consents_of(info.context.actor, number)
        return [Consent.of(held, purpose) for purpose in ConsentPurpose] if held else []


@strawberry.input
class GiveConsentInput(Input):
    purpose: ConsentPurpose = strawberry.field(description="What the data may be used for.")
    number: str | None = strawberry.field(
        default=None, description="A ward's volunteer number; yours if left out."
    )


@strawberry.type
class GiveConsentPayload(Payload):
    consent: Consent | None = strawberry.field(default=None, description="What holds now.")


@strawberry.input
class WithdrawConsentInput(Input):
    purpose: ConsentPurpose = strawberry.field(description="What the data may be used for no more.")
    number: str | None = strawberry.field(
        default=None, description="A ward's volunteer number; yours if left out."
    )


@strawberry.type
class WithdrawConsentPayload(Payload):
    consent: Consent | None = strawberry.field(default=None, description="What holds now.")


async def _shown(info: Info, number: str | None, purpose: ConsentPurpose) -> Consent | None:
    held = await given_consents.consents_of(info.context.actor, number)
    return Consent.of(held, purpose) if held else None


@strawberry.type
class Mutation:
    @mutation(GiveConsentPayload)
    async def give_consent(self, info: Info, input: GiveConsentInput) -> GiveConsentPayload:
        """Let your data, or your ward's, be used for a purpose."""
        answer = await given_consents.give_consent(
            info.context.actor,
            purpose=input.purpose,
            number=input.number,
            key=info.context.key(input),
        )
        shown = await _shown(info, input.number, answer.purpose)
        return GiveConsentPayload.of(answer, consent=shown)

    @mutation(WithdrawConsentPayload)
    async def withdraw_consent(
        self, info: Info, input: WithdrawConsentInput
    ) -> WithdrawConsentPayload:
        """Withdraw a consent; it holds from this moment."""
        answer = await given_consents.withdraw_consent(
            info.context.actor,
            purpose=input.purpose,
            number=input.number,
            key=info.context.key(input),
        )
        shown = await _shown(info, input.number, answer.purpose)
        return WithdrawConsentPayload.of(answer, consent=shown)
