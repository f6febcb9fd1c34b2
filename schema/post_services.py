"""Services on posts on the wire: a member names a record of their own as service on a claim."""

import strawberry
from strawberry import ID

from schema.context import Input
from schema.post_claims import PostClaim, read_claims
from schema.refusal import Info, Payload, mutation
from timebank import post_services


@strawberry.input
class NamePostServiceInput(Input):
    claim: ID = strawberry.field(description="Your claim.")
    record: ID = strawberry.field(description="The record of your service.")


@strawberry.type
class NamePostServicePayload(Payload):
    claim: PostClaim | None = strawberry.field(default=None, description="Your claim.")


@strawberry.type
class Mutation:
    @mutation(NamePostServicePayload)
    async def name_post_service(
        self, info: Info, input: NamePostServiceInput
    ) -> NamePostServicePayload:
        """Say that a record of your own was service on a post; the record itself tells nobody."""
        answer = await post_services.name_service(
            info.context.actor,
            claim=input.claim,
            record=input.record,
            key=info.context.key(input),
        )
        seen = await read_claims(info.context, [answer.claim])
        return NamePostServicePayload.of(answer, claim=seen.get(answer.claim))
