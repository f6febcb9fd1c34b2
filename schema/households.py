"""Households on the wire: invited, joined, declined, left, or registered at the counter."""

from collections.abc import Sequence
from datetime import datetime

import strawberry
from strawberry import ID

from schema.context import Context, Input
from schema.enums import show_enum
from schema.fields import field
from schema.nodes import Node, answers_for
from schema.paging import Connection, Listing, Page, paged
from schema.people import AtCounter
from schema.refusal import Info, Payload, mutation
from timebank import households
from timebank.households import InviteState

INVITES = Listing("householdInvites", str)

show_enum(
    InviteState,
    "The life of an invitation into a household.",
    invited="Sent; it holds nothing yet.",
    joined="The other agreed.",
    declined="Declined, or taken back.",
)


@strawberry.type(description="An invitation to be registered as living together.")
class HouseholdInvite(Node):
    number: str = strawberry.field(description="The other's volunteer number.")
    sent_by_you: bool = strawberry.field(description="Whether you sent it.")
    state: InviteState = strawberry.field(description="How far it is.")
    since: datetime = strawberry.field(description="Since when it is so.")

    @classmethod
    def of(cls, held: households.HouseholdInvite, asker: str | None) -> "HouseholdInvite":
        """An invitation as `asker` sees it."""
        sent = asker == held.inviter
        return cls(
            id=ID(held.id),
            number=held.invited_number if sent else held.inviter_number,
            sent_by_you=sent,
            state=held.state,
            since=held.since,
        )


@strawberry.type(description="Somebody of your household.")
class HouseholdMember:
    number: str = strawberry.field(description="Their volunteer number.")
    since: datetime = strawberry.field(description="Since when they are registered so.")


async def read_invites(context: Context, ids: Sequence[str]) -> dict[str, HouseholdInvite]:
    """Invitations, for the loader; whatever the asker may not see is missing."""
    seen = await households.visible_invites(context.actor, ids)
    return {id: HouseholdInvite.of(held, context.actor.person) for id, held in seen.items()}


answers_for("hhi", read_invites)


@strawberry.type
class Query:
    @field
    async def household(self, info: Info, person: AtCounter = None) -> list[HouseholdMember]:
        """Who is registered as living with you, you too; nobody where you live alone.

        At the counter: who lives with somebody who stands there.
        """
        seen = await households.household_of(info.context.actor, person)
        return [HouseholdMember(number=one.number, since=one.since) for one in seen]

    @paged
    async def household_invites(
        self,
        page: Page,
        info: Info,
    ) -> Connection[HouseholdInvite]:
        """The invitations you sent or got, the newest first."""
        actor = info.context.actor
        return await page.of(
            INVITES,
            households.invites_of,
            actor,
            node=lambda held: HouseholdInvite.of(held, actor.person),
        )


@strawberry.input
class InviteToHouseholdInput(Input):
    number: str = strawberry.field(description="The other's volunteer number.")


@strawberry.type
class InviteToHouseholdPayload(Payload):
    invite: HouseholdInvite | None = strawberry.field(default=None, description="What you sent.")


@strawberry.input
class JoinHouseholdInput(Input):
    invite: ID = strawberry.field(description="Which invitation.")


@strawberry.type
class JoinHouseholdPayload(Payload):
    invite: HouseholdInvite | None = strawberry.field(default=None, description="Agreed on.")


@strawberry.input
class DeclineHouseholdInput(Input):
    invite: ID = strawberry.field(description="Which invitation.")


@strawberry.type
class DeclineHouseholdPayload(Payload):
    invite: HouseholdInvite | None = strawberry.field(default=None, description="Declined.")


@strawberry.input
class RegisterHouseholdInput(Input):
    first: str = strawberry.field(description="The volunteer number of one, of your station.")
    second: str = strawberry.field(description="The volunteer number of the other.")


@strawberry.type
class RegisterHouseholdPayload(Payload):
    pass


@strawberry.input
class LeaveHouseholdInput(Input):
    person: ID | None = strawberry.field(
        default=None, description="At the counter: who does not live there any more."
    )


@strawberry.type
class LeaveHouseholdPayload(Payload):
    pass


async def _shown(info: Info, id: str | None) -> HouseholdInvite | None:
    return (await read_invites(info.context, [id])).get(id) if id else None


@strawberry.type
class Mutation:
    @mutation(InviteToHouseholdPayload)
    async def invite_to_household(
        self, info: Info, input: InviteToHouseholdInput
    ) -> InviteToHouseholdPayload:
        """Say that somebody lives with you; it holds once they agree."""
        answer = await households.invite_to_household(
            info.context.actor, number=input.number, key=info.context.key(input)
        )
        return InviteToHouseholdPayload.of(answer, invite=await _shown(info, answer.invite))

    @mutation(JoinHouseholdPayload)
    async def join_household(self, info: Info, input: JoinHouseholdInput) -> JoinHouseholdPayload:
        """Agree that you live with whoever invited you."""
        answer = await households.join_household(
            info.context.actor, invite=input.invite, key=info.context.key(input)
        )
        return JoinHouseholdPayload.of(answer, invite=await _shown(info, answer.invite))

    @mutation(DeclineHouseholdPayload)
    async def decline_household(
        self, info: Info, input: DeclineHouseholdInput
    ) -> DeclineHouseholdPayload:
        """Decline an invitation, or take your own back."""
        answer = await households.decline_household(
            info.context.actor, invite=input.invite, key=info.context.key(input)
        )
        return DeclineHouseholdPayload.of(answer, invite=await _shown(info, answer.invite))

    @mutation(RegisterHouseholdPayload)
    async def register_household(
        self, info: Info, input: RegisterHouseholdInput
    ) -> RegisterHouseholdPayload:
        """Register at your counter, both being there, that two people live together."""
        answer = await households.register_household(
            info.context.actor,
            first=input.first,
            second=input.second,
            key=info.context.key(input),
        )
        return RegisterHouseholdPayload.of(answer)

    @mutation(LeaveHouseholdPayload)
    async def leave_household(
        self, info: Info, input: LeaveHouseholdInput
    ) -> LeaveHouseholdPayload:
        """Say that you, or somebody at your counter, do not live with the others any more."""
        answer = await households.leave_household(
            info.context.actor, person=input.person, key=info.context.key(input)
        )
        return LeaveHouseholdPayload.of(answer)
