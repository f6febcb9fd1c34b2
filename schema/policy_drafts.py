"""Policy drafts on the wire: one city lead proposes, another publishes."""

from datetime import date, datetime

import strawberry
from strawberry import ID

from schema.context import Input
from schema.fields import field
from schema.refusal import Info, Payload, mutation
from timebank import policy_drafts


@strawberry.type(description="A proposed policy that waits for a second person.")
class PolicyDraft:
    id: ID = strawberry.field(description="Opaque.")
    policy: str = strawberry.field(description="The proposed policy's id.")
    effective: date = strawberry.field(description="From which day it is to hold.")
    proposed_at: datetime = strawberry.field(description="When it was proposed.")


@strawberry.type
class Query:
    @field
    async def policy_drafts(self, info: Info) -> list[PolicyDraft]:
        """Policies that wait for a second person, oldest first; for city leads."""
        return [
            PolicyDraft(
                id=ID(held.id),
                policy=held.document.id,
                effective=held.document.policy.effective,
                proposed_at=held.proposed_at,
            )
            for held in await policy_drafts.drafts(info.context.actor)
        ]


@strawberry.input
class ProposePolicyInput(Input):
    document: str = strawberry.field(description="The whole policy, YAML.")


@strawberry.type
class ProposePolicyPayload(Payload):
    draft: ID | None = strawberry.field(default=None, description="What the second person names.")


@strawberry.input
class PublishPolicyInput(Input):
    draft: ID = strawberry.field(description="The proposed policy.")


@strawberry.type
class PublishPolicyPayload(Payload):
    effective: date | None = strawberry.field(default=None, description="Its first day.")


@strawberry.type
class Mutation:
    @mutation(ProposePolicyPayload)
    async def propose_policy(self, info: Info, input: ProposePolicyInput) -> ProposePolicyPayload:
        """Propose a policy, for another city lead to publish."""
        answer = await policy_drafts.propose_policy(
            info.context.actor, document=input.document, key=info.context.key(input)
        )
        return ProposePolicyPayload.of(answer, draft=ID(answer.draft))

    @mutation(PublishPolicyPayload)
    async def publish_policy(self, info: Info, input: PublishPolicyInput) -> PublishPolicyPayload:
        """Publish a policy that another city lead proposed."""
        answer = await policy_drafts.publish_policy(
            info.context.actor, draft=input.draft, key=info.context.key(input)
        )
        return PublishPolicyPayload.of(answer, effective=answer.effective)
