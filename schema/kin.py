"""Kin on the wire: proposed, agreed, declined, ended, or registered at the counter."""

from collections.abc import Sequence
from datetime import datetime

import strawberry
from strawberry import ID

from schema.context import Context, Input, anew
from schema.enums import show_enum
from schema.nodes import Node, answers_for
from schema.paging import Connection, Listing, Page, paged
from schema.people import AtCounter
from schema.refusal import Info, Payload, mutation
from timebank import kin
from timebank.kin import TURNED, Kinship, KinState

TIES = Listing("kin", str)

show_enum(
    Kinship,
    "What somebody is to somebody else.",
    spouse="Husband or wife.",
    parent="Father or mother.",
    child="Son or daughter.",
    grandparent="Grandfather or grandmother.",
    grandchild="Grandson or granddaughter.",
    sibling="Brother or sister.",
    other="Other kin.",
)
show_enum(
    KinState,
    "The life of a registered kinship.",
    proposed="Proposed; it holds nothing yet.",
    agreed="Both agreed.",
    declined="Declined, or taken back.",
    ended="Ended by one of the two.",
)


@strawberry.type(description="A kinship of two people, as the asker sees it.")
class KinTie(Node):
    kinship: Kinship = strawberry.field(description="What the other is to you.")
    number: str = strawberry.field(description="The other's volunteer number.")
    proposed_by_you: bool = strawberry.field(description="Whether you proposed it.")
    state: KinState = strawberry.field(description="How far it is.")
    since: datetime = strawberry.field(description="Since when it is so.")

    @classmethod
    def of(cls, held: kin.KinTie, asker: str | None) -> "KinTie":
        """A kinship as `asker` sees it; the counter sees it as the first of the two does."""
        turned = asker == held.other
        return cls(
            id=ID(held.id),
            kinship=TURNED[held.kinship] if turned else held.kinship,
            number=held.one_number if turned else held.other_number,
            proposed_by_you=asker == held.one,
            state=held.state,
            since=held.since,
        )


async def read_ties(context: Context, ids: Sequence[str]) -> dict[str, KinTie]:
    """Kinships, for the loader; whatever the asker may not see is missing."""
    seen = await kin.visible_ties(context.actor, ids)
    return {id: KinTie.of(held, context.actor.person) for id, held in seen.items()}


answers_for("kin", read_ties)


@strawberry.type
class Query:
    @paged
    async def kin(
        self,
        page: Page,
        info: Info,
        person: AtCounter = None,
    ) -> Connection[KinTie]:
        """Your kin, or somebody's at your counter: agreed, waiting, and what was; newest first."""
        actor = info.context.actor
        whose = person or actor.person
        return await page.of(
            TIES, kin.ties_of, actor, person, node=lambda held: KinTie.of(held, whose)
        )


@strawberry.input
class ProposeKinInput(Input):
    number: str = strawberry.field(description="The other's volunteer number.")
    kinship: Kinship = strawberry.field(description="What the other is to you.")


@strawberry.type
class ProposeKinPayload(Payload):
    tie: KinTie | None = strawberry.field(default=None, description="What you proposed.")


@strawberry.input
class RegisterKinInput(Input):
    first: str = strawberry.field(description="The volunteer number of one, of your station.")
    second: str = strawberry.field(description="The volunteer number of the other.")
    kinship: Kinship = strawberry.field(description="What the second is to the first.")


@strawberry.type
class RegisterKinPayload(Payload):
    tie: KinTie | None = strawberry.field(default=None, description="What was registered.")


@strawberry.input
class AgreeToKinInput(Input):
    tie: ID = strawberry.field(description="Which proposal.")


@strawberry.type
class AgreeToKinPayload(Payload):
    tie: KinTie | None = strawberry.field(default=None, description="What both agree on.")


@strawberry.input
class DeclineKinInput(Input):
    tie: ID = strawberry.field(description="Which proposal.")


@strawberry.type
class DeclineKinPayload(Payload):
    tie: KinTie | None = strawberry.field(default=None, description="What was declined.")


@strawberry.input
class EndKinInput(Input):
    tie: ID = strawberry.field(description="Which kinship.")


@strawberry.type
class EndKinPayload(Payload):
    tie: KinTie | None = strawberry.field(default=None, description="What ended.")


_shown = anew(read_ties)


@strawberry.type
class Mutation:
    @mutation(ProposeKinPayload)
    async def propose_kin(self, info: Info, input: ProposeKinInput) -> ProposeKinPayload:
        """Say what somebody is to you; it holds once they agree."""
        answer = await kin.propose_kin(
            info.context.actor,
            number=input.number,
            kinship=input.kinship,
            key=info.context.key(input),
        )
        return ProposeKinPayload.of(answer, tie=await _shown(info, answer.tie))

    @mutation(RegisterKinPayload)
    async def register_kin(self, info: Info, input: RegisterKinInput) -> RegisterKinPayload:
        """Register at your counter, both being there, what two people are to one another."""
        answer = await kin.register_kin(
            info.context.actor,
            first=input.first,
            second=input.second,
            kinship=input.kinship,
            key=info.context.key(input),
        )
        return RegisterKinPayload.of(answer, tie=await _shown(info, answer.tie))

    @mutation(AgreeToKinPayload)
    async def agree_to_kin(self, info: Info, input: AgreeToKinInput) -> AgreeToKinPayload:
        """Agree to what somebody else proposed."""
        answer = await kin.agree_to_kin(
            info.context.actor, tie=input.tie, key=info.context.key(input)
        )
        return AgreeToKinPayload.of(answer, tie=await _shown(info, answer.tie))

    @mutation(DeclineKinPayload)
    async def decline_kin(self, info: Info, input: DeclineKinInput) -> DeclineKinPayload:
        """Decline a proposal, or take your own back."""
        answer = await kin.decline_kin(
            info.context.actor, tie=input.tie, key=info.context.key(input)
        )
        return DeclineKinPayload.of(answer, tie=await _shown(info, answer.tie))

    @mutation(EndKinPayload)
    async def end_kin(self, info: Info, input: EndKinInput) -> EndKinPayload:
        """End a registered kinship: one of yours, or for somebody at your counter."""
        answer = await kin.end_kin(info.context.actor, tie=input.tie, key=info.context.key(input))
        return EndKinPayload.of(answer, tie=await _shown(info, answer.tie))
