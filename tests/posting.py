"""Pages posted to in process: what a browser would send, without one."""

import html
import re

import httpx

from tests.world import World
from timebank.actors import Actor
from timebank.sign_in import open_session
from web import app

SITE = "http://127.0.0.1"
ERRORS = 'id="errors"'


class Pages:
    """Pages as one person after another opens them."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.transport = httpx.ASGITransport(app.build(world.settings, clock=world.clock))

    async def number(self, who: Actor) -> str:
        """Somebody's volunteer number."""
        return await self.world.number_of(who)

    async def client(self, who: Actor) -> httpx.AsyncClient:
        """Somebody who is signed in."""
        opened = await open_session(who.person or "")
        return httpx.AsyncClient(
            transport=self.transport,
            base_url=SITE,
            cookies={"timebank": opened.token},
            follow_redirects=True,
        )

    async def post(
        self, who: Actor, page: str, act: str, *, by: str = "", **told: str
    ) -> httpx.Response:
        """Fill in and send the first form of a page that leads to `act`, or by its other button."""
        async with await self.client(who) as client:
            shown = (await client.get(page)).text
            forms = re.findall(r'<form[^>]*action="([^"]*)"[^>]*>(.*?)</form>', shown, re.DOTALL)
            path, form = next(one for one in forms if one[0].partition("?")[0] == act)
            hidden = re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', form)
            boxes = re.findall(r'type="checkbox" name="(record)" value="([^"]*)"', form)[:1]
            given = {name: html.unescape(value) for name, value in [*hidden, *boxes]}
            headers = {"origin": SITE, "sec-fetch-site": "same-origin"}
            to = by or html.unescape(path)
            return await client.post(to, data=given | told, headers=headers)


def done(answer: httpx.Response, told: str) -> None:
    """Whether a form did what it is for, and its page then says so."""
    assert answer.status_code == 200
    assert ERRORS not in answer.text
    assert told in re.sub(r"<[^>]+>", " ", answer.text)


def refused(answer: httpx.Response) -> None:
    """Whether a form was refused, and its page says why."""
    assert (answer.status_code, ERRORS in answer.text) == (422, True)
