"""The demonstration's door: one-click sign-in for each role, on demonstration ledgers alone.

Every showing of the door mints links that work once and are confirmed by POST; the command that
opens it listens on loopback only and refuses any ledger whose entry 0 does not say demo.
"""

import secrets
from functools import partial

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from timebank import demo, sign_in
from web.forms import Forged, one, own_path, read
from web.pages.rendering import Pages
from web.pages.troubles import EXPIRED

MOST_LINKS = 1000


class Door:
    """The links that are out, each for one person, each good once."""

    def __init__(self) -> None:
        self.links: dict[str, str] = {}

    def routes(self, pages: Pages) -> list[BaseRoute]:
        """The door's two routes."""
        return [
            Route("/demo", partial(self.show, pages)),
            Route("/demo", partial(self.enter, pages), methods=["POST"]),
        ]

    async def show(self, pages: Pages, request: Request) -> Response:
        """Who one can be."""
        context = await pages.context_of(request)
        if len(self.links) > MOST_LINKS:
            self.links.clear()
        offered = []
        for cast in await demo.sign_ins():
            link = secrets.token_urlsafe(24)
            self.links[link] = cast.person
            offered.append((cast.role, link))
        return pages.render(request, context, "demo.html", {"offered": offered})

    async def enter(self, pages: Pages, request: Request) -> Response:
        """Sign in as one of them."""
        context = await pages.context_of(request)
        try:
            given = await read(request, context)
        except Forged:
            given = {}
        link = one(given, "link")
        person = self.links.pop(link, None)
        if person is None:
            return pages.trouble(request, context, EXPIRED)
        opened = await sign_in.open_session(person)
        response = RedirectResponse(own_path(one(given, "next")), status_code=303)
        pages.signed_in(request, response, opened.token)
        return response
