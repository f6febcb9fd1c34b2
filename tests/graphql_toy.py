"""A toy schema behind the real endpoint, for the tests of what every capability relies on."""

import asyncio
import json
from collections.abc import AsyncGenerator
from typing import Any

import httpx2
import strawberry
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route
from strawberry.schema.config import StrawberryConfig

from schema.context import Context, Input
from schema.execution import Api
from schema.fields import field, followed
from schema.limits import Limits
from schema.paging import Connection, Listing, Page, paged
from schema.refusal import Info, Payload, mutation
from schema.scalars import SCALARS, Fen
from timebank.actors import PUBLIC, person
from timebank.clock import SystemClock
from timebank.refusals import Busy, Forbidden, NotFound, Unauthenticated
from web.admission import Admission
from web.graphql import GraphQL

JSON = "application/json"
GRAPHQL = "application/graphql-response+json"
SECRET = "王秀 420102194901010017"
COUNTED: list[int] = []
NUMBERS = Listing("numbers", int)


@strawberry.type
class Number:
    n: int

    @field
    def root(self) -> str | None:
        """Raises the same bug for each of them."""
        raise RuntimeError(SECRET)


async def numbers_below_30(*, after: Any, before: Any, limit: int, backward: bool) -> list[int]:
    low = -1 if after is None else after
    high = 30 if before is None else before
    found = [n for n in range(30) if low < n < high]
    return (found[::-1] if backward else found)[:limit]


@strawberry.type
class Query:
    @field
    def hello(self, name: str = "world") -> str:
        """Greet."""
        return f"hello {name}"

    @field
    def double(self, n: int) -> int:
        """Twice as much."""
        return 2 * n

    @field
    def price(self, fen: Fen) -> Fen:
        """The same."""
        return fen

    @paged
    async def numbers(self, page: Page) -> Connection[Number]:
        """Thirty of them."""
        return await page.of(
            NUMBERS, numbers_below_30, key=lambda n: (n,), node=lambda n: Number(n=n)
        )

    @field
    async def slow(self) -> str:
        """Takes longer than there is."""
        await asyncio.sleep(30)
        return "at last"

    @field
    def broken(self) -> str | None:
        """Raises a bug that knows too much."""
        raise RuntimeError(SECRET)

    @field
    def null(self) -> int:
        """Gives null where none may be."""
        nothing: Any = None
        return nothing  # type: ignore[no-any-return]  # the bug this field is for

    @field
    def denied(self, how: str) -> str | None:
        """Says no about the asker."""
        raise {"forbidden": Forbidden, "sign in": Unauthenticated, "busy": Busy}[how]()

    @field
    def missing(self) -> str | None:
        """A read that refuses."""
        raise NotFound(what="page")

    @field
    def surrogate(self) -> str:
        """What no encoder takes."""
        return "\ud800"


@strawberry.input
class MeetInput(Input):
    who: str


@strawberry.type
class MeetPayload(Payload):
    greeting: str | None = None


@strawberry.type
class Mutation:
    @mutation(MeetPayload)
    async def meet(self, info: Info, input: MeetInput) -> MeetPayload:
        """Meet somebody."""
        info.context.key(input)
        if input.who == "nobody":
            raise NotFound(what="person")
        return MeetPayload(greeting=f"hello {input.who}")

    @mutation(MeetPayload, bulk=True)
    async def meet_all(self, info: Info, input: MeetInput) -> MeetPayload:
        """Meet everybody at once."""
        return MeetPayload(greeting=str(len(input.who)))


@strawberry.type
class Subscription:
    @followed
    async def count(self, to: int) -> AsyncGenerator[Number, None]:
        """Counts, as fast as it is taken."""
        for n in range(to):
            COUNTED.append(n)
            yield Number(n=n)

    @followed
    async def silence(self) -> AsyncGenerator[Number, None]:
        """Never says anything."""
        await asyncio.sleep(3600)
        yield Number(n=0)

    @followed
    async def lost(self, info: Info) -> AsyncGenerator[Number, None]:
        """Says one thing, then raises a bug that knows too much."""
        if not info.context.actor.known:
            raise Unauthenticated
        yield Number(n=1)
        raise RuntimeError(SECRET)


def toy_schema() -> strawberry.Schema:
    return strawberry.Schema(
        Query, Mutation, Subscription, config=StrawberryConfig(scalar_map=SCALARS)
    )


async def context_of(request: Request) -> Context:
    name = request.headers.get("x-actor", "ann")
    if name == "expired":
        raise Unauthenticated
    return Context(
        actor=PUBLIC if name == "nobody" else person(name, staff=name == "staff"),
        clock=SystemClock(),
        secret=b"s" * 32,
        address=request.headers.get("x-address", "203.0.113.7"),
        request_id="request-1",
    )


class Client:
    """Asks an endpoint in process."""

    def __init__(self, endpoint: GraphQL) -> None:
        app = Starlette(routes=[Route("/graphql", endpoint)])
        self.http = httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app=app), base_url="http://testserver"
        )

    async def raw(self, body: bytes, **headers: str) -> httpx2.Response:
        sent = {"content-type": JSON, "accept": GRAPHQL}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.http.post("/graphql", content=body, headers=sent)

    async def ask(self, query: str, /, *, headers: Any = None, **more: Any) -> httpx2.Response:
        body = json.dumps({"query": query, **more}).encode()
        return await self.raw(body, **(headers or {}))

    async def get(self, headers: Any = None, **parameters: str) -> httpx2.Response:
        sent = {"accept": GRAPHQL, "graphql-require-preflight": "1"} | (headers or {})
        return await self.http.get("/graphql", params=parameters, headers=sent)


def admission(**given: Any) -> Admission:
    limits: Limits | None = given.pop("limits", None)
    api = Api(toy_schema(), timeout_seconds=given.pop("timeout_seconds", 5.0), limits=limits)
    return Admission(api, **{"open_documents": True, **given})


def endpoint(**given: Any) -> GraphQL:
    return GraphQL(admission(**given), context_of=context_of)


def make(**given: Any) -> Client:
    return Client(endpoint(**given))


def code(response: httpx2.Response) -> str:
    told: str = response.json()["errors"][0]["extensions"]["code"]
    return told
