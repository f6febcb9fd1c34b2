"""Pages: a table of stored operations and templates, and what renders them.

A page can do exactly what the API can, with the same permissions, because it asks the API in
process. No page knows the domain; what it shows is what its operation answers.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from schema.context import Context
from schema.errors import Refused
from schema.execution import Api
from web.assets import asset, serve
from web.forms import Forged, Form, csrf_token, many, new_form, new_key, one, read, sent_by

HERE = Path(__file__).parent
LANGUAGES = ("zh-CN", "en")
CITY = ZoneInfo("Asia/Shanghai")
EXPLORER_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
YEAR_SECONDS = 365 * 24 * 3600


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """One page: path, stored operation, template, and who may open it.

    `who` is `anyone`, `known` or `staff`; `menu` is its name in the menu, if it is there. A
    `lookup` is an operation asked first, whose answer `variables` is given.
    """

    path: str
    template: str
    operation: str | None = None
    who: str = "known"
    menu: str | None = None
    lookup: str | None = None
    variables: Callable[[Request, Mapping[str, Any]], dict[str, Any]] = lambda request, found: {}


PAGES: Sequence[Page] = (
    Page(path="/sign-in", template="sign_in.html", who="anyone"),
    Page(
        path="/register",
        template="register.html",
        operation="register",
        who="anyone",
        variables=lambda request, found: {"number": request.query_params.get("station", "")},
    ),
    Page(path="/", template="home.html", operation="home", menu="首页"),
    Page(path="/statement", template="statement.html", operation="statement", menu="明细"),
    Page(path="/redeem", template="redeem.html", operation="redeem", menu="兑换"),
    Page(
        path="/redeem/{id}",
        template="redeem_confirm.html",
        operation="redeem_one",
        variables=lambda request, found: {"id": request.path_params["id"]},
    ),
    Page(
        path="/desk",
        template="desk.html",
        operation="desk",
        who="staff",
        menu="工作台",
        lookup="my_grants",
        variables=lambda request, found: {"scope": widest(found["myGrants"])},
    ),
)

FORMS: Sequence[Form] = (
    Form(
        path="/sign-in",
        mutation="sign_in",
        field="signIn",
        page="/sign-in",
        then="/",
        given=lambda given: {"number": one(given, "number"), "password": one(given, "password")},
        keyed=False,
    ),
    Form(
        path="/register",
        mutation="register_person",
        field="registerPerson",
        page="/register",
        then="/register",
        given=lambda given: {
            "name": one(given, "name"),
            "document": "RESIDENT_ID",
            "documentNumber": one(given, "document"),
            "phone": one(given, "phone"),
            "home": one(given, "home"),
            "consent": one(given, "consent") == "yes",
        },
    ),
    Form(
        path="/accept",
        mutation="accept_hours",
        field="acceptHours",
        page="/",
        then="/?done=1",
        given=lambda given: {"records": many(given, "record")},
    ),
    Form(
        path="/not-me",
        mutation="repudiate_hours",
        field="repudiateHours",
        page="/statement",
        then="/statement?done=1",
        given=lambda given: {"records": many(given, "record")},
    ),
    Form(
        path="/desk/confirm",
        mutation="confirm_hours",
        field="confirmHours",
        page="/desk",
        then="/desk?done=1",
        given=lambda given: {"records": many(given, "record")},
    ),
    Form(
        path="/redeem",
        mutation="order_reward",
        field="orderReward",
        page="/redeem",
        then="/redeem?done=1",
        given=lambda given: {"reward": one(given, "reward")},
    ),
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
        if page.who != "anyone" and not context.actor.known:
            return RedirectResponse("/demo" if self.demo else "/sign-in", status_code=303)
        if page.who == "staff" and not context.actor.staff:
            return self.render(request, context, "forbidden.html", {}, status=403)
        return await self.answer(request, context, page)

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
        given: Mapping[str, str] | None = None,
    ) -> Response:
        """Run a page's operation and render what it answers."""
        data: Mapping[str, Any] = {}
        if page.operation:
            found = await self.ask(page.lookup, {}, context) if page.lookup else {}
            data = await self.ask(page.operation, page.variables(request, found), context)
        return self.render(
            request,
            context,
            page.template,
            {**data, "errors": errors, "given": given or {}},
            status=422 if errors else 200,
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
            given = await read(request, context)
            sent_by(context, given)
        except Forged:
            return self.render(request, context, "forged.html", {}, status=403)
        asked = form.given(given)
        if form.keyed:
            asked["idempotencyKey"] = one(given, "key")
        try:
            answer = await self.api.ask(self.operations[form.mutation], {"input": asked}, context)
            payload = (answer.data or {}).get(form.field)
            errors = errors_in(payload) if payload else answer.errors
        except Refused as error:
            payload, errors = None, error.errors
        if not errors and payload is not None and payload.get("number"):
            # The number is told once, on the spot: an address would keep it in every history.
            told = {"registered": payload["number"], "station": None}
            return self.render(request, context, "register.html", told)
        if not errors and payload is not None:
            response = RedirectResponse(form.then, status_code=303)
            if payload.get("token"):
                self.signed_in(request, response, payload["token"])
            return response
        page = next(page for page in PAGES if page.path == form.page)
        kept = {name: one(given, name) for name in given if name not in ("password", "csrf")}
        return await self.answer(request, context, page, errors=errors, given=kept)

    async def settings(self, request: Request) -> Response:
        """Language and elder mode, remembered on the device."""
        context = await self.context_of(request)
        try:
            given = await read(request, context)
        except Forged:
            return self.render(request, context, "forged.html", {}, status=403)
        back = one(given, "back")
        safe = back if back.startswith("/") and not back.startswith("//") else "/"
        response = RedirectResponse(safe, status_code=303)
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
    ) -> Response:
        """A template with what every page has."""
        known = context.actor.known
        text = self.templates.get_template(template).render(
            {
                "errors": (),
                "given": {},
                "registered": None,
                "asked_station": request.query_params.get("station", ""),
                **data,
                "_": context.translate,
                "asset": asset,
                "csrf": csrf_token(context),
                "demo": self.demo,
                "done": request.query_params.get("done") == "1",
                "elder": request.cookies.get("mode") == "elder",
                "here": request.url.path,
                "language": context.language,
                "moment": moment,
                "me": known,
                "me_shown": data.get("me"),
                "menu": [
                    (page.path, page.menu)
                    for page in PAGES
                    if page.menu and (page.who != "staff" or context.actor.staff)
                ],
                "new_key": new_key,
                "new_form": partial(new_form, context),
                "now": context.clock.now().isoformat(),
            }
        )
        return HTMLResponse(text, status_code=status, headers={"cache-control": "no-store"})


def errors_in(payload: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """A payload's user errors, those of its single outcomes too, each sentence once."""
    told = [*payload["userErrors"]]
    told += [error for one in payload.get("outcomes", ()) for error in one["userErrors"]]
    return list({error["message"]: error for error in told}.values())


def widest(grants: Sequence[Mapping[str, Any]]) -> str:
    """The scope of the actor's that covers most: the shortest path; a path of nothing if none."""
    return min((grant["scope"] for grant in grants), key=len, default="-")


def moment(at: str) -> str:
    """An instant of the API in the city's time, to the minute."""
    local = datetime.fromisoformat(at).astimezone(CITY)
    return f"{local:%Y-%m-%d %H:%M}"


def operations() -> dict[str, str]:
    """The stored operations, by name."""
    files = (HERE / "operations").glob("*.graphql")
    return {path.stem: path.read_text("utf-8") for path in sorted(files)}
