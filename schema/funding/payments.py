"""Payments on the wire: what waits for whom; cashier and checker move it on."""

from typing import Annotated

import strawberry
from strawberry import ID

from schema.context import Input
from schema.funding.tranches import Tranche, show_part
from schema.paging import Connection, Listing, Page, paged
from schema.refusal import Info, Payload, mutation
from timebank.funding import payments
from timebank.funding.tranche_life import TrancheState

WAITING = Listing("paymentsWaiting", str)
Scope = Annotated[str, strawberry.argument(description="A path in your scope.")]
InState = Annotated[TrancheState, strawberry.argument(description="In which state.")]


@strawberry.type
class Query:
    @paged
    async def payments_waiting(
        self, page: Page, info: Info, scope: Scope, state: InState
    ) -> Connection[Tranche]:
        """Payments below a path in a state, for those who make and check them."""
        return await page.of(
            WAITING,
            payments.payments_waiting,
            info.context.actor,
            scope,
            state,
            node=Tranche.of,
        )


@strawberry.input
class PreparePaymentInput(Input):
    tranche: ID = strawberry.field(description="Which part.")


@strawberry.type
class PreparePaymentPayload(Payload):
    tranche: Tranche | None = strawberry.field(default=None, description="The part.")


@strawberry.input
class ApprovePaymentInput(Input):
    tranche: ID = strawberry.field(description="Which part.")


@strawberry.type
class ApprovePaymentPayload(Payload):
    tranche: Tranche | None = strawberry.field(default=None, description="The part.")


@strawberry.input
class PayTrancheInput(Input):
    tranche: ID = strawberry.field(description="Which part.")
    reference: str = strawberry.field(description="The bank's own, at most 60 characters.")


@strawberry.type
class PayTranchePayload(Payload):
    tranche: Tranche | None = strawberry.field(default=None, description="The part.")


@strawberry.input
class ReconcileTrancheInput(Input):
    tranche: ID = strawberry.field(description="Which part.")


@strawberry.type
class ReconcileTranchePayload(Payload):
    tranche: Tranche | None = strawberry.field(default=None, description="The part.")


@strawberry.input
class BouncePaymentInput(Input):
    tranche: ID = strawberry.field(description="Which part.")


@strawberry.type
class BouncePaymentPayload(Payload):
    tranche: Tranche | None = strawberry.field(default=None, description="The part.")


@strawberry.type
class Mutation:
    @mutation(PreparePaymentPayload)
    async def prepare_payment(
        self, info: Info, input: PreparePaymentInput
    ) -> PreparePaymentPayload:
        """Make a payment whose condition is met, for another person to check."""
        answer = await payments.prepare_payment(
            info.context.actor, tranche=str(input.tranche), key=info.context.key(input)
        )
        return PreparePaymentPayload.of(answer, tranche=await show_part(answer))

    @mutation(ApprovePaymentPayload)
    async def approve_payment(
        self, info: Info, input: ApprovePaymentInput
    ) -> ApprovePaymentPayload:
        """Check a payment that somebody else made."""
        answer = await payments.approve_payment(
            info.context.actor, tranche=str(input.tranche), key=info.context.key(input)
        )
        return ApprovePaymentPayload.of(answer, tranche=await show_part(answer))

    @mutation(PayTranchePayload)
    async def pay_tranche(self, info: Info, input: PayTrancheInput) -> PayTranchePayload:
        """Pay out what another person checked."""
        answer = await payments.pay_tranche(
            info.context.actor,
            tranche=str(input.tranche),
            reference=input.reference,
            key=info.context.key(input),
        )
        return PayTranchePayload.of(answer, tranche=await show_part(answer))

    @mutation(ReconcileTranchePayload)
    async def reconcile_tranche(
        self, info: Info, input: ReconcileTrancheInput
    ) -> ReconcileTranchePayload:
        """Say that the bank's statement shows a payment."""
        answer = await payments.reconcile_tranche(
            info.context.actor, tranche=str(input.tranche), key=info.context.key(input)
        )
        return ReconcileTranchePayload.of(answer, tranche=await show_part(answer))

    @mutation(BouncePaymentPayload)
    async def bounce_payment(self, info: Info, input: BouncePaymentInput) -> BouncePaymentPayload:
        """Say that the bank sent a payment back; it is reversed and planned again."""
        answer = await payments.bounce_payment(
            info.context.actor, tranche=str(input.tranche), key=info.context.key(input)
        )
        return BouncePaymentPayload.of(answer, tranche=await show_part(answer))
