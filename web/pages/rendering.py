"""Rendering: a page's operation asked in process, its template filled, its forms answered.

A page can do exactly what the API can, with the same permissions, because it asks the API. No page
knows the domain; what it shows is what its operation answers.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from importlib.metadata import version
from typing import Any
from urllib.parse import quote

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from schema.context import Context
from schema.errors import Refused, log_failure
from schema.execution import Api
from web import packing
from web.address import address_of, public_address, turned
from web.admission import document_id
from web.assets import asset, serve
from web.forms import (
    Forged,
    Form,
    Given,
    Posted,
    csrf_token,
    errors_in,
    new_form,
    new_key,
    one,
    own_path,
    read,
    sent_by,
    status_of,
)
from web.pages.acts import LINES
from web.pages.every import FORMS, PAGES
from web.pages.menu import Menus, Reader, may_open
from web.pages.money_words import MONEY
from web.pages.table import Opened, Page, operations
from web.pages.times import day_of, hour, minutes_between, moment, span
from web.pages.troubles import (
    BUSY,
    FAILED,
    FORBIDDEN,
    MISSING,
    SECRETS,
    UNREADABLE,
    Again,
    Trouble,
    Troubled,
    trouble_in,
)
from web.qr import qr, spoken
from web.wording import templates

EDITION = version("timebank")
LANGUAGES = ("zh-CN", "en")
EXPLORER_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
MENUS = Menus(PAGES)
UNKEPT = (*SECRETS, "csrf", "key")
UNTOLD: Mapping[str, Any] = {"answer": None, "errors": (), "given": {}, "me": None, "posted": {}}
"""What a page is told that says nothing else about it."""
KNOWN: Mapping[str, Any] = {
    "asset": asset,
    "day_of": day_of,
    "edition": EDITION,
    "hour": hour,
    "minutes_between": minutes_between,
    "moment": moment,
    "new_key": new_key,
    "qr": qr,
    "span": span,
    "spoken": spoken,
    "table_lines": LINES,
    "turned": turned,
    "words": MONEY,
}
"""What every page knows, whatever its operation answers."""
YEAR_SECONDS = 365 * 24 * 3600

ContextOf = Callable[[Request], Awaitable[Context]]
Shown = Callable[[Request, Context], Awaitable[Response]]
SignedIn = Callable[[Request, Response, str], None]


class Whole:
    """A route that answers whatever happens: Starlette need catch nothing around it."""

    def __init__(self, page: Callable[[Request], Awaitable[Response]]) -> None:
        self._page = page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, packed as its browser takes it."""
        request = Request(scope, receive, send)
        response = await packing.packed(request, await self._page(request))
        await response(scope, receive, send)


class Pages:
    """The pages of one application; `stranger_of` makes a context where no database answers."""

    def __init__(
        self,
        api: Api,
        *,
        context_of: ContextOf,
        stranger_of: Callable[[Request], Context],
        signed_in: SignedIn,
        demo: bool = False,
    ) -> None:
        self.api, self.context_of, self.signed_in, self.demo = api, context_of, signed_in, demo
        self.stranger_of = stranger_of
        self.operations = operations()

    def routes(self) -> list[BaseRoute]:
        """The routes of every page and form."""
        made: list[BaseRoute] = [
            Route("/static/{name:path}", serve, middleware=packing.FILES),
            Route("/settings", self.settings, methods=["POST"]),
            Route("/graphiql", self.explore),
        ]
        shown = [(page.path, partial(self.show, page=page), "GET") for page in PAGES]
        posted = [(form.path, partial(self.post, form=form), "POST") for form in FORMS]
        for path, endpoint, method in (*shown, *posted):
            answer = self.told(endpoint)
            made.append(Route(path, answer, methods=[method]))
        return made

    def told(self, endpoint: Shown) -> ASGIApp:
        """A page or form whose failure is a page too; the log gets where, and never what it said.

        Of a form that was not done for want of time all fields come back, its key among them: so
        trying again does nothing twice.
        """

        async def page(request: Request) -> Response:
            try:
                context = await self.context_of(request)
            except Exception as error:
                # Who asks is kept in the database: it does not answer.
                stranger = self.stranger_of(request)
                log_failure(error, stranger, path=None)
                return self.trouble(request, stranger, BUSY)
            try:
                return await endpoint(request, context)
            except Troubled as told:
                return self.trouble(request, context, told.trouble, again=told.again)
            except Refused as error:
                return self.trouble(request, context, trouble_in(error.errors) or UNREADABLE)
            except Exception as error:
                log_failure(error, context, path=None)
                return self.trouble(request, context, FAILED)

        return Whole(page)

    async def whoever(self, request: Request) -> Context:
        """Who asks; somebody unknown where no database says."""
        try:
            return await self.context_of(request)
        except Exception as error:
            context = self.stranger_of(request)
            log_failure(error, context, path=None)
            return context

    def trouble(
        self,
        request: Request,
        context: Context,
        trouble: Trouble,
        *,
        said: str = "",
        again: Again | None = None,
    ) -> Response:
        """The page that says what happened and what to do."""
        told = {"trouble": trouble, "said": said, "again": again}
        return self.render(request, context, "trouble.html", told, status=trouble.status)

    async def show(self, request: Request, context: Context, page: Page) -> Response:
        """A page, asked for."""
        if may_open(page, reader_of(context)):
            return await self.answer(request, context, page)
        if context.actor.known:
            return self.trouble(request, context, FORBIDDEN)
        return RedirectResponse(self.way_in(address_of(request)), status_code=303)

    def way_in(self, back: str) -> str:
        """The address of the sign-in that leads back to where one was."""
        door = "/demo" if self.demo else "/sign-in"
        return door if back == "/" else f"{door}?next={quote(back, safe='/')}"

    async def explore(self, request: Request) -> Response:
        """GraphiQL, for those who may read the schema; it alone needs inline styles."""
        context = await self.context_of(request)
        if not context.may_introspect:
            return self.trouble(request, context, FORBIDDEN)
        response = self.render(request, context, "explorer.html", {})
        response.headers["content-security-policy"] = EXPLORER_CSP
        return response

    async def answer(
        self,
        request: Request,
        context: Context,
        page: Page,
        *,
        errors: Sequence[Mapping[str, Any]] = (),
        given: Given | None = None,
        answer: Mapping[str, Any] | None = None,
    ) -> Response:
        """Run a page's operation and render what it answers, and what a form came to."""
        opened = Opened(
            query=request.query_params, path=request.path_params, now=context.clock.now()
        )
        found = await self.ask(page.lookup, page.looks(opened), context) if page.lookup else {}
        if found:
            opened = msgspec.structs.replace(opened, found=found)
        data: Mapping[str, Any] = {}
        if page.operation:
            cursors = opened.cursors(page.lists)
            data = await self.ask(
                page.operation, page.variables(opened) | cursors, context, strictly=bool(cursors)
            )
        answers = {**found, **data}
        if page.needs and not page.thing(answers):
            return self.trouble(request, context, page.gone)
        posted = page.filled(answers) if given is None else given
        kept = {name: one(posted, name) for name in posted if name not in UNKEPT}
        base = page.path.format_map(request.path_params)
        return self.render(
            request,
            context,
            page.template,
            {
                **answers,
                "acts": page.offered(answers),
                "choices": page.choices(answers),
                "owed": page.owed(answers),
                "base": base,
                "errors": errors,
                "given": kept,
                "posted": posted,
                "answer": answer,
                "back": address_of(request, base),
            },
            status=status_of(errors),
            page=page,
        )

    async def ask(
        self,
        operation: str,
        variables: Mapping[str, Any],
        context: Context,
        *,
        strictly: bool = False,
    ) -> Mapping[str, Any]:
        """What a stored operation answers; `strictly`, nothing unless it answers all."""
        asked = await self.api.ask(self.operations[operation], variables, context)
        if trouble := trouble_in(asked.errors):
            raise Troubled(trouble)
        if asked.errors and strictly:
            # Somebody's address leads to no page of the list.
            raise Troubled(MISSING)
        return asked.data or {}

    async def post(self, request: Request, context: Context, form: Form) -> Response:
        """A form, posted."""
        try:
            given = await read(request, context, most_bytes=form.most_bytes)
            sent_by(context, given)
        except Forged as forged:
            return self.trouble(request, context, forged.trouble)
        posted = Posted(
            given=given,
            query=request.query_params,
            path=request.path_params,
            now=context.clock.now(),
        )
        payload, errors = await self.act(form, posted, context)
        if trouble := trouble_in(errors):
            raise Troubled(trouble, Again.of(address_of(request), given))
        if payload is None or errors or form.stays(payload):
            page = next(page for page in PAGES if page.path == form.page)
            return await self.answer(
                request, context, page, errors=errors, given=given, answer=payload
            )
        done = msgspec.structs.replace(posted, payload=payload)
        response = RedirectResponse(form.leads(done), status_code=303)
        if payload.get("token"):
            self.signed_in(request, response, payload["token"])
        return response

    async def act(
        self, form: Form, posted: Posted, context: Context
    ) -> tuple[Mapping[str, Any] | None, Sequence[Mapping[str, Any]]]:
        """What a form's mutation answered, and what was wrong."""
        asked = form.given(posted)
        if form.nothing is not None:
            found = next(iter((await self.ask(form.mutation, asked, context)).values()), None)
            return found, [] if found else [{"message": context.translate(form.nothing)}]
        if form.keyed:
            asked["idempotencyKey"] = posted.one("key")
        try:
            answer = await self.api.ask(self.operations[form.mutation], {"input": asked}, context)
        except Refused as error:
            if error.code == "BAD_USER_INPUT":
                says = "A field cannot be read; check dates, times and numbers."
                return None, [{"message": context.translate(says)}]
            return None, error.errors
        payload = next(iter((answer.data or {}).values()), None)
        return payload, errors_in(payload) if payload else answer.errors

    async def settings(self, request: Request) -> Response:
        """Language and elder mode, remembered on the device."""
        context = await self.context_of(request)
        try:
            given = await read(request, context)
        except Forged as forged:
            return self.trouble(request, context, forged.trouble)
        response = RedirectResponse(own_path(one(given, "back")), status_code=303)
        for name, allowed in (("language", LANGUAGES), ("mode", ("elder", "standard"))):
            if one(given, name) in allowed:
                response.set_cookie(
                    name, one(given, name), max_age=YEAR_SECONDS, samesite="lax", httponly=True
                )
        return response

    def render(
        self,
        request: Request,
        context: Context,
        template: str,
        data: Mapping[str, Any],
        *,
        status: int = 200,
        page: Page | None = None,
    ) -> Response:
        """A template with what every page has."""
        here = request.scope["path"]
        told = {
            **UNTOLD,
            "asked": request.query_params,
            "back": address_of(request),
            **data,
            **KNOWN,
            "csrf": csrf_token(context),
            "demo": self.demo,
            "document_of": lambda name: document_id(self.operations[name]),
            "done": request.query_params.get("done") == "1",
            "elder": request.cookies.get("mode") == "elder",
            "known": context.actor.known,
            "menu": MENUS.of(reader_of(context), context.language, here, page),
            "new_form": partial(new_form, context),
            "now": context.clock.now().isoformat(),
            "opens": partial(MENUS.opens, reader_of(context)),
            "site": lambda: public_address(request) or str(request.base_url).rstrip("/"),
            "telephone": request.app.state.settings.help_telephone,
        }
        text = templates(context.language).draw(template, told)
        return HTMLResponse(text, status_code=status, headers={"cache-control": "no-store"})


def reader_of(context: Context) -> Reader:
    """What a menu is told of whoever asks."""
    return Reader(known=context.actor.known, staff=context.actor.staff)
