"""Data requests on the wire: what one may ask about one's own data, and the officer's answers."""

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
from schema.paging import Connection, Listing, Page, paged
from schema.people import Person, read_people
from schema.refusal import Info, Payload, mutation
from timebank import data_requests
from timebank.data_requests import RequestGround, RequestKind, RequestState

REQUESTS = Listing("dataRequests", str, str)
ANSWERED = Listing("answeredRequests", str)

Scope = Annotated[
    str | None,
    strawberry.argument(description="For the officer: the open ones below this path."),
]

show_enum(
    RequestKind,
    "What somebody asks about their own data.",
    access="What is kept of me?",
    copy="A copy of it.",
    portability="A file that another bank can read.",
    correction="Something is wrong.",
    deletion="Delete it.",
    restriction="Keep it, and do not use it.",
)
show_enum(
    RequestState,
    "The life of a data request.",
    received="It waits for an answer.",
    granted="What was asked for is done.",
    refused="It is not done, and why was said.",
    withdrawn="It was taken back.",
)
show_enum(
    RequestGround,
    "Why a data request is refused.",
    not_wrong="The data are right.",
    kept_by_law="A law keeps them.",
    not_proved="It was not shown who asks, or what is right.",
    no_such_data="There are no such data.",
)


async def read_request_words(context: Context, ids: Sequence[str]) -> dict[str, str]:
    """What was written with requests, for the loader."""
    return await data_requests.words_of(context.actor, list(ids), "words")


async def read_request_answers(context: Context, ids: Sequence[str]) -> dict[str, str]:
    """What was answered, for the loader."""
    return await data_requests.words_of(context.actor, list(ids), "answer")


@strawberry.type(description="What somebody asked about their own data.")
class DataRequest(Node):
    kind: RequestKind = strawberry.field(description="What is asked for.")
    state: RequestState = strawberry.field(description="How far it is.")
    received_at: datetime = strawberry.field(description="When it was made.")
    answer_by: date = strawberry.field(description="The last day to answer.")
    ended_at: datetime | None = strawberry.field(description="When it ended.")
    ground: RequestGround | None = strawberry.field(description="Why it was refused.")
    who: strawberry.Private[str]

    @field
    async def person(self, info: Info) -> Person | None:
        """Who asked, if you may see them."""
        return await info.context.loaders.load(read_people, self.who)

    @field
    async def number(self, info: Info) -> str | None:
        """The volunteer number of who asked."""
        return await info.context.loaders.load(read_numbers, self.who)

    @field
    async def words(self, info: Info) -> str | None:
        """What the person wrote."""
        return await info.context.loaders.load(read_request_words, str(self.id))

    @field
    async def answer(self, info: Info) -> str | None:
        """What was answered."""
        return await info.context.loaders.load(read_request_answers, str(self.id))

    @classmethod
    def of(cls, held: data_requests.DataRequest) -> "DataRequest":
        """A request as it is shown."""
        return cls(
            id=ID(held.id),
            kind=held.kind,
            state=held.state,
            received_at=held.received_at,
            answer_by=held.answer_by,
            ended_at=held.ended_at,
            ground=held.ground,
            who=held.person,
        )


async def read_requests(context: Context, ids: Sequence[str]) -> dict[str, DataRequest]:
    """Requests, for the loader; whatever the asker may not see is missing."""
    seen = await data_requests.visible_requests(context.actor, list(ids))
    return {id: DataRequest.of(held) for id, held in seen.items()}


answers_for("drq", read_requests)


@strawberry.type
class Query:
    @field
    async def data_request(
        self, info: Info, id: Annotated[ID, strawberry.argument(description="Which request.")]
    ) -> DataRequest | None:
        """One request: your own, or for the officer one in scope."""
        return await info.context.loaders.load(read_requests, str(id))

    @paged
    async def data_requests(
        self, page: Page, info: Info, scope: Scope = None
    ) -> Connection[DataRequest]:
        """Your own requests, or for the officer the open ones; the most urgent first."""
        return await page.of(
            REQUESTS,
            data_requests.requests,
            info.context.actor,
            key=lambda held: (held.answer_by.isoformat(), held.id),
            node=DataRequest.of,
            scope=scope,
        )

    @paged
    async def answered_requests(
        self,
        page: Page,
        info: Info,
        scope: Annotated[str, strawberry.argument(description="Below which path.")],
    ) -> Connection[DataRequest]:
        """What was granted, refused or withdrawn, for the officer; the newest first."""
        return await page.of(
            ANSWERED,
            data_requests.answered_requests,
            info.context.actor,
            scope,
            key=lambda held: (held.id,),
            node=DataRequest.of,
        )


@strawberry.input
class RequestDataInput(Input):
    kind: RequestKind = strawberry.field(description="What you ask for.")
    words: str | None = strawberry.field(default=None, description="What is wrong, or why.")


@strawberry.type
class RequestDataPayload(Payload):
    request: DataRequest | None = strawberry.field(default=None, description="Your request.")


@strawberry.input
class WithdrawRequestInput(Input):
    request: ID = strawberry.field(description="Which request.")


@strawberry.type
class WithdrawRequestPayload(Payload):
    request: DataRequest | None = strawberry.field(default=None, description="The request, ended.")


@strawberry.input
class GrantRequestInput(Input):
    request: ID = strawberry.field(description="Which request.")
    answer: str = strawberry.field(description="What was done.")


@strawberry.type
class GrantRequestPayload(Payload):
    request: DataRequest | None = strawberry.field(default=None, description="The request, ended.")


@strawberry.input
class RefuseRequestInput(Input):
    request: ID = strawberry.field(description="Which request.")
    ground: RequestGround = strawberry.field(description="Why it is not done.")
    answer: str = strawberry.field(description="Why, in words.")


@strawberry.type
class RefuseRequestPayload(Payload):
    request: DataRequest | None = strawberry.field(default=None, description="The request, ended.")


_shown = anew(read_requests)


@strawberry.type
class Mutation:
    @mutation(RequestDataPayload)
    async def request_data(self, info: Info, input: RequestDataInput) -> RequestDataPayload:
        """Ask about your own data; access, copies and restriction are granted at once."""
        answer = await data_requests.request_data(
            info.context.actor, kind=input.kind, words=input.words, key=info.context.key(input)
        )
        return RequestDataPayload.of(answer, request=await _shown(info, answer.request))

    @mutation(WithdrawRequestPayload)
    async def withdraw_request(
        self, info: Info, input: WithdrawRequestInput
    ) -> WithdrawRequestPayload:
        """Take your request back."""
        answer = await data_requests.withdraw_request(
            info.context.actor, request=input.request, key=info.context.key(input)
        )
        return WithdrawRequestPayload.of(answer, request=await _shown(info, answer.request))

    @mutation(GrantRequestPayload)
    async def grant_request(self, info: Info, input: GrantRequestInput) -> GrantRequestPayload:
        """Say, as the data protection officer, that what was asked for is done."""
        answer = await data_requests.grant_request(
            info.context.actor,
            request=input.request,
            answer=input.answer,
            key=info.context.key(input),
        )
        return GrantRequestPayload.of(answer, request=await _shown(info, answer.request))

    @mutation(RefuseRequestPayload)
    async def refuse_request(self, info: Info, input: RefuseRequestInput) -> RefuseRequestPayload:
        """Say, as the data protection officer, why it is not done."""
        answer = await data_requests.refuse_request(
            info.context.actor,
            request=input.request,
            ground=input.ground,
            answer=input.answer,
            key=info.context.key(input),
        )
        return RefuseRequestPayload.of(answer, request=await _shown(info, answer.request))
