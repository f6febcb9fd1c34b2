"""Rendering: a page's operation asked in process, its template filled, its forms answered.

A page can do exactly what the API can, with the same permissions, because it asks the API. No page
knows the domain; what it shows is what its operation answers.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from schema.context import Context
from schema.errors import Refused
from schema.execution import Api
from web.address import public_address
from web.assets import asset, serve
from web.forms import (
    Forged,
    Form,
    Given,
    Posted,
    csrf_token,
    new_form,
    new_key,
    one,
    own_path,
    read,
    sent_by,
)
from web.pages import (
    community,
    counter,
    everybody,
    funding,
    granting,
    helping,
    membership,
    offices,
    organising,
    personal,
    public,
    recognition,
    societies,
    stations,
    volunteers,
    wishing,
)
from web.pages.acts import LINES, form_of
from web.pages.menu import Reader, may_open, menu_of
from web.pages.money_words import MONEY
from web.pages.table import Opened, Page
from web.pages.times import day_of, hour, minutes_between, moment, span
from web.qr import qr, spoken

HERE = Path(__file__).parent.parent
LANGUAGES = ("zh-CN", "en")
EXPLORER_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
UNKEPT = ("password", "pin", "one_time", "csrf", "key")
YEAR_SECONDS = 365 * 24 * 3600


PAGES = (
    *everybody.PAGES,
    *volunteers.PAGES,
    *personal.PAGES,
    *stations.PAGES,
    *counter.PAGES,
    *organising.PAGES,
    *helping.PAGES,
    *recognition.PAGES,
    *offices.PAGES,
    *wishing.PAGES,
    *membership.PAGES,
    *societies.PAGES,
    *public.PAGES,
    *funding.PAGES,
    *community.PAGES,
    *granting.PAGES,
    everybody.EVERYTHING,
)
FORMS = (
    *everybody.FORMS,
    *volunteers.FORMS,
    *personal.FORMS,
    *helping.FORMS,
    *recognition.FORMS,
    *offices.FORMS,
    *funding.FORMS,
    *community.FORMS,
    *granting.FORMS,
    *wishing.FORMS,
    *membership.FORMS,
    *societies.FORMS,
    *stations.FORMS,
    *counter.FORMS,
    *organising.FORMS,
    *(form_of(page.path, act) for page in PAGES for act in page.acts),
)

ContextOf = Callable[[Request], Awaitable[Context]]
SignedIn = Callable[[Request, Response, str], None]


class Pages:
    """The pages of one application."""

    def __init__(
        self, api: Api, *, context_of: ContextOf, signed_in: SignedIn, demo: bool = False
    ) -> None:
        self.api, self.context_of, self.signed_in, self.demo = api, context_of, signed_in, demo
        self.operations = operations()
        self.templates = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=select_autoescape(default=True),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        for text in self.operations.values():
            # A stored operation that does not fit the schema must not wait for its first visitor.
            api.documents.prepare(text)

    def routes(self) -> list[BaseRoute]:
        """The routes of every page and form."""
        made: list[BaseRoute] = [Route("/static/{name:path}", serve)]
        made += [Route(page.path, partial(self.show, page=page)) for page in PAGES]
        made += [
            Route(form.path, partial(self.post, form=form), methods=["POST"]) for form in FORMS
        ]
        return [
            *made,
            Route("/settings", self.settings, methods=["POST"]),
            Route("/graphiql", self.explore),
        ]

    async def show(self, request: Request, page: Page) -> Response:
        """A page, asked for."""
        context = await self.context_of(request)
        if may_open(page, reader_of(context)):
            return await self.answer(request, context, page)
        if context.actor.known:
            return self.render(request, context, "forbidden.html", {}, status=403)
        return RedirectResponse(self.way_in(address_of(request)), status_code=303)

    def way_in(self, back: str) -> str:
        """The address of the sign-in that leads back to where one was."""
        door = "/demo" if self.demo else "/sign-in"
        return door if back == "/" else f"{door}?next={quote(back, safe='/')}"

    async def explore(self, request: Request) -> Response:
        """GraphiQL, for those who may read the schema; it alone needs inline styles."""
        context = await self.context_of(request)
        if not context.may_introspect:
            return self.render(request, context, "forbidden.html", {}, status=403)
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
        opened = Opened(query=opened.query, path=opened.path, now=opened.now, found=found)
        data: Mapping[str, Any] = {}
        if page.operation:
            cursors = opened.cursors(page.lists)
            asked = await self.api.ask(
                self.operations[page.operation], page.variables(opened) | cursors, context
            )
            if asked.errors and cursors:
                # Somebody's address leads to no page of the list.
                return self.render(request, context, "missing.html", {}, status=404)
            data = asked.data or {}
        if page.needs and not data.get(page.needs):
            return self.render(request, context, "missing.html", {}, status=404)
        answers = {**found, **data}
        posted = page.filled(answers) if given is None else given
        kept = {name: one(posted, name) for name in posted if name not in UNKEPT}
        return self.render(
            request,
            context,
            page.template,
            {
                **answers,
                "acts": page.offered(answers),
                "choices": page.choices(answers),
                "base": page.path.format_map(request.path_params),
                "errors": errors,
                "given": kept,
                "posted": posted,
                "answer": answer,
                "back": address_of(request, page.path.format_map(request.path_params)),
            },
            status=422 if errors else 200,
            page=page,
        )

    async def ask(
        self, operation: str, variables: Mapping[str, Any], context: Context
    ) -> Mapping[str, Any]:
        """What a stored operation answers."""
        asked = await self.api.ask(self.operations[operation], variables, context)
        return asked.data or {}

    async def post(self, request: Request, form: Form) -> Response:
        """A form, posted."""
        context = await self.context_of(request)
        try:
            given = await read(request, context, most_bytes=form.most_bytes)
            sent_by(context, given)
        except Forged:
            return self.render(request, context, "forged.html", {}, status=403)
        posted = Posted(
            given=given,
            query=request.query_params,
            path=request.path_params,
            now=context.clock.now(),
        )
        payload, errors = await self.act(form, posted, context)
        if payload is None or errors or form.stays(payload):
            page = next(page for page in PAGES if page.path == form.page)
            return await self.answer(
                request, context, page, errors=errors, given=given, answer=payload
            )
        done = msgspec.structs.replace(posted, payload=payload)
        then = done.keeping(form.then) if isinstance(form.then, str) else form.then(done)
        response = RedirectResponse(then, status_code=303)
        if payload.get("token"):
            self.signed_in(request, response, payload["token"])
        return response

    async def act(
        self, form: Form, posted: Posted, context: Context
    ) -> tuple[Mapping[str, Any] | None, Sequence[Mapping[str, Any]]]:
        """What a form's mutation answered, and what was wrong."""
        asked = form.given(posted)
        if form.nothing is not None:
            found = (await self.ask(form.mutation, asked, context)).get(form.field)
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
        payload = (answer.data or {}).get(form.field)
        return payload, errors_in(payload) if payload else answer.errors

    async def settings(self, request: Request) -> Response:
        """Language and elder mode, remembered on the device."""
        context = await self.context_of(request)
        try:
            given = await read(request, context)
        except Forged:
            return self.render(request, context, "forged.html", {}, status=403)
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
        text = self.templates.get_template(template).render(
            {
                "answer": None,
                "asked": request.query_params,
                "back": address_of(request),
                "errors": (),
                "given": {},
                "me": None,
                "posted": {},
                **data,
                "_": context.translate,
                "asset": asset,
                "csrf": csrf_token(context),
                "day_of": day_of,
                "demo": self.demo,
                "done": request.query_params.get("done") == "1",
                "elder": request.cookies.get("mode") == "elder",
                "here": request.url.path,
                "hour": hour,
                "known": context.actor.known,
                "language": context.language,
                "minutes_between": minutes_between,
                "moment": moment,
                "menu": menu_of(PAGES, reader_of(context), request.url.path, page),
                "new_key": new_key,
                "new_form": partial(new_form, context),
                "now": context.clock.now().isoformat(),
                "qr": qr,
                "span": span,
                "site": public_address(request) or str(request.base_url).rstrip("/"),
                "spoken": spoken,
                "table_lines": LINES,
                "words": MONEY,
                "turned": turned,
                "telephone": request.app.state.settings.help_telephone,
            }
        )
        return HTMLResponse(text, status_code=status, headers={"cache-control": "no-store"})


def reader_of(context: Context) -> Reader:
    """What a menu is told of whoever asks."""
    return Reader(known=context.actor.known, staff=context.actor.staff)


def errors_in(payload: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """A payload's user errors, those of its single outcomes too, each sentence once."""
    told = [*payload["userErrors"]]
    parts = [*payload.get("outcomes", ()), *payload.get("rows", ())]
    told += [error for one in parts for error in one["userErrors"]]
    return list({error["message"]: error for error in told}.values())


def address_of(request: Request, path: str = "") -> str:
    """The address of the page that a request is about, with its query."""
    query = request.url.query
    return (path or request.url.path) + (f"?{query}" if query else "")


def turned(address: str, name: str, cursor: str | None = None) -> str:
    """A page's address where its list `name` goes on after a cursor; None, from its beginning."""
    path, _, query = address.partition("?")
    kept = [one for one in parse_qsl(query) if one[0] not in (name, "done")]
    told = urlencode([*kept, *([(name, cursor)] if cursor else [])])
    return f"{path}?{told}#{name}" if told else f"{path}#{name}"


def operations() -> dict[str, str]:
    """The stored operations, by name."""
    files = (HERE / "operations").glob("*.graphql")
    return {path.stem: path.read_text("utf-8") for path in sorted(files)}
