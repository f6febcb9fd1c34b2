"""Routes: the pages of fixed addresses are found at once, not one after the other.

Starlette asks each route in turn, hundreds of them before the last page is found. Knows addresses;
refuses to know what lies there.
"""

from collections.abc import Iterable

from starlette.routing import BaseRoute, Match, Route
from starlette.types import Receive, Scope, Send

FOUND = "timebank.route"


class Fixed(BaseRoute):
    """Routes whose addresses have no part that varies, by their addresses."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._at: dict[str, list[Route]] = {}
        for route in routes:
            self._at.setdefault(route.path, []).append(route)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """As each route of the address says; one of another method only where none is of this."""
        told: tuple[Match, Scope] = (Match.NONE, {})
        if scope["type"] != "http":
            return told
        for route in self._at.get(scope["path"], ()):
            match, found = route.matches(scope)
            if match.value > told[0].value:
                told = (match, {**found, FOUND: route})
        return told

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As the route that was found."""
        await scope[FOUND].handle(scope, receive, send)


def at_once(routes: Iterable[BaseRoute]) -> list[BaseRoute]:
    """The routes, those of fixed addresses together and first."""
    fixed, others = [], []
    for route in routes:
        if isinstance(route, Route) and not route.param_convertors:
            fixed.append(route)
        else:
            others.append(route)
    return [Fixed(fixed), *others]
