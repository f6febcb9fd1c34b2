"""Cards on the wire: given out at the counter, signed in with by number and PIN.

No idempotency key: what is told here is told once and kept nowhere.
"""

import strawberry

from schema.refusal import Info, Payload, mutation
from timebank import cards


@strawberry.input
class IssueCardInput:
    number: str = strawberry.field(description="The volunteer number of who is at the counter.")
    pin: str = strawberry.field(description="Six digits, typed by the person.")


@strawberry.type
class IssueCardPayload(Payload):
    card: str | None = strawberry.field(
        default=None, description="The number to write on the card, told this once."
    )


@strawberry.input
class SignInByCardInput:
    card: str = strawberry.field(description="The number on the card.")
    pin: str = strawberry.field(description="The PIN.")


@strawberry.type
class SignInByCardPayload(Payload):
    token: str | None = strawberry.field(
        default=None, description="The session's token, told this once."
    )


@strawberry.type
class Mutation:
    @mutation(IssueCardPayload)
    async def issue_card(self, info: Info, input: IssueCardInput) -> IssueCardPayload:
        """Give somebody at the counter a card, in the place of the one before."""
        answer = await cards.issue_card(info.context.actor, number=input.number, pin=input.pin)
        return IssueCardPayload.of(answer, card=answer.card)

    @mutation(SignInByCardPayload)
    async def sign_in_by_card(self, info: Info, input: SignInByCardInput) -> SignInByCardPayload:
        """Open a session by card number and PIN."""
        answer = await cards.sign_in_by_card(card=input.card, pin=input.pin)
        return SignInByCardPayload.of(answer, token=answer.token)
