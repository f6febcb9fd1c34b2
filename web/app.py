"""The application: routes, middleware and lifespan; where everything is put together.

Opens the bank for as long as it serves, finds out who asks, and hands both to the endpoint. No rule
of the domain and no text of a page lives here.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ledger.outages import is_away
from schema.context import Context
from schema.execution import whole
from timebank import certificate_issuing, journal, publication, sign_in, timers, vault, words
from timebank.actors import PUBLIC, Actor
from timebank.bank import open_bank
from timebank.clock import Clock
from timebank.policy import CALENDAR, PolicyCalendar
from timebank.publication import publishing
from timebank.replicas import following
from timebank.settings import Settings
from timebank.tables import find
from web.admission import Admission, document_id
from web.brake import Brake
from web.certificates import Documents, unprintable
from web.demo_door import Door
from web.downloads import Downloads
from web.files import Files
from web.graphql import GraphQL
from web.helpful import Helpful
from web.metrics import metrics
from web.outages import Outages
from web.pages.rendering import Pages
from web.passkeys import open_passkeys
from web.patience import Patience
from web.points import Points
from web.positions import Positions
from web.provider_door import ProviderDoor
from web.providers import open_providers
from web.routes import at_once
from web.sockets import Subscriptions
from web.tiles import Tiles

ENCRYPTED = frozenset({"https", "wss"})
COOKIE = "__Host-timebank"
PLAIN_COOKIE = "timebank"
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    b"content-security-policy": CSP.encode(),
    b"referrer-policy": b"same-origin",
    b"x-content-type-options": b"nosniff",
    b"cross-origin-opener-policy": b"same-origin",
    b"permissions-policy": b"camera=(self), geolocation=(), microphone=()",
}


class SafeHeaders:
    """Adds the headers that every answer carries, unless a route set its own."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                there = {name for name, _ in message["headers"]}
                more = [(name, value) for name, value in HEADERS.items() if name not in there]
                message["headers"] = [*message["headers"], *more]
            await send(message)

        await self.app(scope, receive, sending)


def cookie_name(request: HTTPConnection) -> str:
    """The session cookie's name: bound to the host wherever the connection is encrypted."""
    return COOKIE if request.scope["scheme"] in ENCRYPTED else PLAIN_COOKIE


def token_of(request: HTTPConnection) -> str | None:
    """The session token of a request: a bearer token before a cookie."""
    scheme, _, told = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and told:
        return told
    return request.cookies.get(cookie_name(request))


def language_of(request: HTTPConnection) -> str:
    """The language chosen on a page, or else the browser's."""
    chosen = request.cookies.get("language")
    if chosen in words.LANGUAGES:
        return chosen
    return words.chosen(request.headers.get("accept-language", ""))


async def context_of(request: HTTPConnection, token: str | None = None) -> Context:
    """Who asks, in which language: by this token, or by what the request carries."""
    actor = await sign_in.actor_of(token or token_of(request))
    return make_context(request, actor)


def stranger_of(request: Request) -> Context:
    """The context of somebody unknown: for the page that says that nothing answers."""
    return make_context(request, PUBLIC)


def make_context(request: HTTPConnection, actor: Actor) -> Context:
    """The context of an actor's request."""
    settings: Settings = request.app.state.settings
    language = language_of(request)
    return Context(
        actor=actor,
        clock=journal.current().clock,
        secret=vault.keyring().request,
        language=language,
        translate=words.translator(language),
        address=request.client.host if request.client else "",
        development=settings.development,
    )


async def healthz(request: Request) -> Response:
    """The process answers."""
    return JSONResponse({"status": "ok"})


async def readyz(request: Request) -> Response:
    """The database answers, a policy is in force, and nothing forbids writing."""
    held = journal.current()
    try:
        trouble = await publication.trouble(
            request.app.state.settings, now=held.clock.now(), pace=held.pace
        )
        ready = trouble is None and await find(PolicyCalendar, CALENDAR) is not None
    except Exception as error:
        if not is_away(error):
            raise
        trouble, ready = "the database cannot be reached", False
    told = {"ready": ready, **({"trouble": trouble} if trouble else {})}
    return JSONResponse(told, status_code=200 if ready else 503)


async def version_of(request: Request) -> Response:
    """Which version serves."""
    return JSONResponse({"version": version("timebank")})


def signed_in(request: Request, response: Response, token: str) -> None:
    """Give the browser its session."""
    response.set_cookie(
        cookie_name(request),
        token,
        secure=request.scope["scheme"] in ENCRYPTED,
        httponly=True,
        samesite="lax",
    )


def build(
    settings: Settings,
    *,
    clock: Clock | None = None,
    demo: bool = False,
) -> ASGIApp:
    """The application of a ledger. `demo` opens the demonstration's one-click sign-in."""
    api = whole()
    pages = Pages(
        api, context_of=context_of, stranger_of=stranger_of, signed_in=signed_in, demo=demo
    )

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        url = settings.database_url
        certificate_issuing.install(unprintable)
        try:
            async with (
                open_bank(settings, clock=clock),
                publishing(settings),
                timers.running(url),
                following(url, settings.replica),
            ):
                yield
        finally:
            certificate_issuing.install(None)

    # What our own pages ask is what an app, or a page's script, may ask by its hash alone.
    admission = Admission(
        api,
        trusted={document_id(text): text for text in pages.operations.values()},
        open_documents=settings.development,
        points=Points.shared(settings.servers, least=api.limits.cost),
    )
    brake = Brake()
    app = Starlette(
        middleware=[Middleware(Outages), Middleware(Patience), Middleware(Positions)],
        routes=at_once(
            [
                Route("/graphql", GraphQL(admission, context_of=context_of, brake=brake)),
                WebSocketRoute(
                    "/graphql", Subscriptions(admission, context_of=context_of, brake=brake)
                ),
                Route("/healthz", healthz),
                Route("/readyz", readyz),
                Route("/version", version_of),
                Route("/metrics", metrics),
                *Downloads(context_of).routes(),
                *Files(context_of).routes(),
                *Documents(context_of).routes(),
                *Tiles(settings.database_url, context_of).routes(),
                *(Door().routes(pages) if demo else []),
                *ProviderDoor(
                    {**open_providers(settings.providers), **open_passkeys(settings.passkeys)}
                ).routes(pages),
                *pages.routes(),
            ]
        ),
        lifespan=lifespan,
    )
    app.state.settings = settings
    return SafeHeaders(Helpful(app, pages))
