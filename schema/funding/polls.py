"""Polls on the wire: residents answer on the page, staff take down papers and calls."""

from collections.abc import Sequence
from datetime import date

import strawberry
from strawberry import ID

from schema.context import Context, Input
from schema.enums import show_enum
from schema.refusal import Info, Payload, mutation
from timebank.funding import polls
from timebank.funding.polls import BallotWay, PollKind
from timebank.identity import DocumentType

show_enum(
    PollKind,
    "What residents are asked.",
    support="Whether they support a proposal.",
    decision="Whether it is to be done.",
    acceptance="Whether they accept the works.",
    evaluation="Whether they are satisfied.",
)
show_enum(
    BallotWay,
    "How an answer came.",
    page="On the page.",
    paper="On paper.",
    phone="By telephone.",
)


@strawberry.type(description="What residents are asked, and how many said what.")
class Poll:
    id: ID = strawberry.field(description="Names it.")
    kind: PollKind = strawberry.field(description="What is asked.")
    open: bool = strawberry.field(description="Whether it takes answers.")
    until: date | None = strawberry.field(description="The last day to answer, if there is one.")
    in_favour: int = strawberry.field(description="How many said yes.")
    against: int = strawberry.field(description="How many said no.")
    by_page: int = strawberry.field(description="How many answered on the page.")
    by_paper: int = strawberry.field(description="How many on paper.")
    by_phone: int = strawberry.field(description="How many by telephone.")

    @classmethod
    def of(cls, held: polls.Poll) -> "Poll":
        """A poll as it is shown."""
        return cls(
            id=ID(held.id),
            kind=held.kind,
            open=held.open,
            until=held.until,
            in_favour=held.in_favour,
            against=held.against,
            by_page=held.by_page,
            by_paper=held.by_paper,
            by_phone=held.by_phone,
        )


async def read_polls(context: Context, about: Sequence[str]) -> dict[str, list[Poll]]:
    """The polls about things, for the loader."""
    found = await polls.polls_about(about)
    return {id: [Poll.of(held) for held in asked] for id, asked in found.items()}


@strawberry.input
class CastBallotInput(Input):
    poll: ID = strawberry.field(description="What you answer.")
    in_favour: bool = strawberry.field(description="Yes or no.")


@strawberry.type
class CastBallotPayload(Payload):
    poll: Poll | None = strawberry.field(default=None, description="What was answered.")


@strawberry.input
class TakeBallotInput(Input):
    poll: ID = strawberry.field(description="What the resident answers.")
    way: BallotWay = strawberry.field(description="On paper or by telephone.")
    document: DocumentType = strawberry.field(description="What proves who the resident is.")
    document_number: str = strawberry.field(description="Its number; nothing of it is kept.")
    in_favour: bool = strawberry.field(description="Yes or no.")


@strawberry.type
class TakeBallotPayload(Payload):
    poll: Poll | None = strawberry.field(default=None, description="What was answered.")


async def _shown(answer: polls.Balloted) -> Poll | None:
    found = await polls.polls_by_id([answer.poll])
    return Poll.of(found[answer.poll]) if found else None


@strawberry.type
class Mutation:
    @mutation(CastBallotPayload)
    async def cast_ballot(self, info: Info, input: CastBallotInput) -> CastBallotPayload:
        """Answer what the residents of your community are asked, once."""
        answer = await polls.cast_ballot(
            info.context.actor,
            poll=str(input.poll),
            in_favour=input.in_favour,
            key=info.context.key(input),
        )
        return CastBallotPayload.of(answer, poll=await _shown(answer))

    @mutation(TakeBallotPayload)
    async def take_ballot(self, info: Info, input: TakeBallotInput) -> TakeBallotPayload:
        """Take down a resident's answer from paper or a call."""
        answer = await polls.take_ballot(
            info.context.actor,
            poll=str(input.poll),
            way=input.way,
            document=input.document,
            document_number=input.document_number,
            in_favour=input.in_favour,
            key=info.context.key(input),
        )
        return TakeBallotPayload.of(answer, poll=await _shown(answer))
