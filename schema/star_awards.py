"""Star awards on the wire: applying for a star, what is laid open, and the appeal."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated

import strawberry
from strawberry import ID

from schema.context import Context, Input, anew
from schema.enums import show_enum
from schema.fields import field
from schema.looks import read_numbers
from schema.nodes import Node, answers_for
from schema.organisations import Organisation, read_organisations
from schema.paging import Connection, Listing, Page, paged
from schema.people import Person, read_people
from schema.publicity import PublicityObjection, reads_objections
from schema.refusal import Info, Payload, mutation
from schema.scalars import Long
from timebank import star_awards
from timebank.access import Action
from timebank.divisions import CITY_PATH
from timebank.star_award_life import StarDeclineReason, StarRevokeReason, StarState
from timebank.texts import read_texts

OWN = Listing("starAwards", str)
AT = Listing("starAwardsAt", str)
LAID_OPEN = Listing("starPublicity", str)

Scope = Annotated[str, strawberry.argument(description="A path in your scope.")]
Below = Annotated[str, strawberry.argument(description="A path; the whole city by default.")]
State = Annotated[StarState, strawberry.argument(description="In which state.")]

show_enum(
    StarState,
    "The life of a star.",
    applied="Applied for; an officer lays it open or declines it, five stars once endorsed.",
    endorsed="The organisation endorsed it; an officer lays it open or declines it.",
    publicity="Laid open to everybody, who may object.",
    awarded="Awarded.",
    declined="Declined.",
    withdrawn="Withdrawn by the volunteer.",
    revoked="Revoked; the volunteer may appeal once.",
    appealed="Another officer looks at the revocation.",
    revoked_finally="Revoked, which is final.",
)
show_enum(
    StarDeclineReason,
    "Why an application for a star comes to nothing.",
    record_too_short="The service record does not hold what the star takes.",
    misconduct="Misconduct was upheld.",
    objection_upheld="An objection to what was laid open was upheld.",
    not_endorsed="The organisation that it names did not endorse it.",
)
show_enum(
    StarRevokeReason,
    "Why a star is taken away.",
    misconduct="Misconduct was upheld.",
    hours_false="Hours it rested on were false.",
    awarded_wrongly="It was awarded wrongly.",
)


@strawberry.type(description="An application for a star, and what became of it.")
class StarAward(Node):
    level: int = strawberry.field(description="Which star, 1 to 5.")
    state: StarState = strawberry.field(description="How far it is.")
    applied_at: datetime = strawberry.field(description="When it was applied for.")
    service_minutes: Long = strawberry.field(description="The record when it was applied for.")
    needed_minutes: Long = strawberry.field(description="What the star took.")
    policy: str = strawberry.field(description="The policy that said so.")
    open_until: date | None = strawberry.field(
        description="The last day for objections; null before it is laid open."
    )
    decided_on: date | None = strawberry.field(description="When it was last decided.")
    declined: StarDeclineReason | None = strawberry.field(description="Why it was declined.")
    revoked: StarRevokeReason | None = strawberry.field(description="Why it was revoked.")
    appeal_by: date | None = strawberry.field(description="The last day to appeal.")
    decide_by: date | None = strawberry.field(
        description="The last day to decide the appeal; null while none is open."
    )
    person_id: strawberry.Private[str]
    organisation_id: strawberry.Private[str | None]

    @field
    async def number(self, info: Info) -> str | None:
        """The volunteer number of whoever applied."""
        return await info.context.loaders.load(read_numbers, self.person_id)

    @field
    async def volunteer(self, info: Info) -> Person | None:
        """Who applied, if you may see them."""
        return await info.context.loaders.load(read_people, self.person_id)

    @field
    async def organisation(self, info: Info) -> Organisation | None:
        """Who was asked to endorse it; null where no organisation has a say."""
        return await info.context.loaders.load(read_organisations, self.organisation_id or "")

    @field
    async def appeal(self, info: Info) -> str | None:
        """The words of the appeal; null to everybody but the volunteer and the officers."""
        return await info.context.loaders.load(_appeals, str(self.id))

    @field
    async def objections(self, info: Info) -> list[PublicityObjection]:
        """What was said against it; empty to everybody but the officers."""
        return await info.context.loaders.load(_objections, str(self.id)) or []

    @classmethod
    def of(cls, held: star_awards.StarAward) -> "StarAward":
        """A star as it is shown."""
        return cls(
            id=ID(held.id),
            level=held.level,
            state=held.state,
            applied_at=held.applied_at,
            service_minutes=Long(held.minutes),
            needed_minutes=Long(held.needed),
            policy=held.policy,
            open_until=held.open_until,
            decided_on=held.decided_on,
            declined=held.declined,
            revoked=held.revoked,
            appeal_by=held.appeal_by,
            decide_by=held.decide_by,
            person_id=held.person,
            organisation_id=held.organisation,
        )


async def _appeals(context: Context, ids: Sequence[str]) -> dict[str, str]:
    return await read_texts(await star_awards.appealable(context.actor, ids), "appeal")


_objections = reads_objections(Action.READ_RECORDS)


async def read_awards(context: Context, ids: Sequence[str]) -> dict[str, StarAward]:
    """Stars, for the loader; whatever is out of sight is missing."""
    seen = await star_awards.visible_awards(context.actor, ids)
    return {id: StarAward.of(held) for id, held in seen.items()}


answers_for("str", read_awards)


shown = anew(read_awards)
"""A star as it is now, for a payload."""


@strawberry.type
class Query:
    @paged
    async def star_awards(
        self,
        page: Page,
        info: Info,
    ) -> Connection[StarAward]:
        """Your own applications and stars, the newest first."""
        return await page.of(OWN, star_awards.awards_of, info.context.actor, node=StarAward.of)

    @paged
    async def star_awards_at(
        self,
        page: Page,
        info: Info,
        scope: Scope,
        state: State,
    ) -> Connection[StarAward]:
        """Stars below a path in a state, the oldest first; none outside your scope."""
        return await page.of(
            AT, star_awards.awards_at, info.context.actor, scope, state, node=StarAward.of
        )

    @paged
    async def star_publicity(
        self,
        page: Page,
        info: Info,
        below: Below = CITY_PATH,
    ) -> Connection[StarAward]:
        """Applications that are laid open to everybody, the oldest first."""
        return await page.of(LAID_OPEN, star_awards.laid_open, below, node=StarAward.of)


@strawberry.input
class ApplyForStarInput(Input):
    level: int = strawberry.field(description="Which star, 1 to 5.")
    credit_code: str | None = strawberry.field(
        default=None, description="For five stars: the code of the organisation to endorse them."
    )


@strawberry.type
class ApplyForStarPayload(Payload):
    award: StarAward | None = strawberry.field(default=None, description="What was applied for.")


@strawberry.input
class WithdrawStarInput(Input):
    award: ID = strawberry.field(description="Your application.")


@strawberry.type
class WithdrawStarPayload(Payload):
    award: StarAward | None = strawberry.field(default=None, description="What was withdrawn.")


@strawberry.input
class AppealStarInput(Input):
    award: ID = strawberry.field(description="Your revoked star.")
    appeal: str = strawberry.field(description="Your words, at most 2,000 characters.")


@strawberry.type
class AppealStarPayload(Payload):
    award: StarAward | None = strawberry.field(default=None, description="What is looked at again.")


@strawberry.type
class Mutation:
    @mutation(ApplyForStarPayload)
    async def apply_for_star(self, info: Info, input: ApplyForStarInput) -> ApplyForStarPayload:
        """Apply for a star that your service record reaches."""
        answer = await star_awards.apply_for_star(
            info.context.actor,
            level=input.level,
            credit_code=input.credit_code,
            key=info.context.key(input),
        )
        return ApplyForStarPayload.of(answer, award=await shown(info, answer.award))

    @mutation(WithdrawStarPayload)
    async def withdraw_star(self, info: Info, input: WithdrawStarInput) -> WithdrawStarPayload:
        """Withdraw your application for a star."""
        answer = await star_awards.withdraw_star(
            info.context.actor, award=str(input.award), key=info.context.key(input)
        )
        return WithdrawStarPayload.of(answer, award=await shown(info, answer.award))

    @mutation(AppealStarPayload)
    async def appeal_star(self, info: Info, input: AppealStarInput) -> AppealStarPayload:
        """Ask that another officer looks at the revocation of your star; this can be asked once."""
        answer = await star_awards.appeal_star(
            info.context.actor,
            award=str(input.award),
            appeal=input.appeal,
            key=info.context.key(input),
        )
        return AppealStarPayload.of(answer, award=await shown(info, answer.award))
