"""Programs that listen are told, signed, all that came, in order, and again until it is taken."""

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from prometheus_client import generate_latest
from pydantic import SecretStr, ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.served import served
from tests.world import NOON, World
from timebank import publication, vault, webhooks
from timebank.actors import PUBLIC, SYSTEM
from timebank.outbox import RETRY_MINUTES, NotYetToSend
from timebank.refusals import Forbidden, NotFound
from timebank.settings import WebhookSettings
from timebank.tables import find
from timebank.timers import TIMERS, sweep
from timebank.webhooks import Webhook, concerns, decide_missed, signed, tell_webhook
from web.doctor import Finding, examine
from web.metrics import collect

pytestmark = [pytest.mark.anyio, pytest.mark.one_database]
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
TELLING = [timer for timer in TIMERS if timer.name == "webhooks.tell"]


class Listener:
    """A program that takes what it is sent, or answers as it is told to; it trusts nothing."""

    def __init__(self) -> None:
        self.status, self.told = 204, list[dict[str, Any]]()
        self.names = list[str]()

    async def hear(self, request: Request) -> Response:
        """One message, whose signature is worked out anew."""
        body = await request.body()
        name, sent = (request.headers[f"webhook-{part}"] for part in ("id", "timestamp"))
        key = base64.b64decode(SECRET.removeprefix("whsec_"))
        code = hmac.new(key, f"{name}.{sent}.".encode() + body, hashlib.sha256).digest()
        assert request.headers["webhook-signature"] == f"v1,{base64.b64encode(code).decode()}"
        assert request.headers["content-type"].startswith("application/cloudevents-batch+json")
        if self.status == 204:
            self.told += json.loads(body)
            self.names.append(name)
        return Response(status_code=self.status)


@asynccontextmanager
async def listening(
    world: World, monkeypatch: pytest.MonkeyPatch, *kinds: str
) -> AsyncIterator[Listener]:
    """A program that is named in the settings, and has been told that it is."""
    listener = Listener()
    application = Starlette(routes=[Route("/hook", listener.hear, methods=["POST"])])
    async with served(application, lifespan="off") as port:
        url = f"http://127.0.0.1:{port}/hook"
        hook = WebhookSettings(name="province", url=url, secret=SecretStr(SECRET), kinds=kinds)
        settings = world.settings.model_copy(update={"webhooks": (hook,)})
        monkeypatch.setattr(vault.keyring(), "settings", settings)
        await publication.publish_once(world.settings)
        await sweep(TELLING)
        yield listener


def test_a_signature_is_that_of_the_standard_s_own_example() -> None:
    at = NOON.fromtimestamp(1614265330, NOON.tzinfo)
    told = signed(SECRET, "msg_p5jXN8AQM9LWM0D4loKWxJek", at, b'{"test": 2432232314}')
    assert told["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert told["webhook-timestamp"] == "1614265330"


@pytest.mark.parametrize(
    ("wanted", "kind", "concerned"),
    [
        ((), "hours.posted", True),
        (("hours.posted",), "hours.posted", True),
        (("hours.posted",), "hours.posted_late", False),
        (("hours.",), "hours.posted", True),
        (("hours.",), "hour.posted", False),
        (("gift.", "hours.reversed"), "hours.reversed", True),
    ],
)
def test_a_program_hears_what_it_is_named_for(
    wanted: tuple[str, ...], kind: str, concerned: bool
) -> None:
    assert concerns(wanted, kind) is concerned


def test_what_fails_is_tried_later_each_time_and_daily_for_ever() -> None:
    row = Webhook(name="province", told=7, due_at=NOON)
    for minutes in (*RETRY_MINUTES, RETRY_MINUTES[-1], RETRY_MINUTES[-1]):
        row = decide_missed(row, "503", NOON)
        assert row.due_at == NOON + timedelta(minutes=minutes)
    assert (row.told, row.failed, row.tries) == (7, "503", len(RETRY_MINUTES) + 2)


@pytest.mark.parametrize(
    "wrong",
    [
        {"secret": "whsec_c2hvcnQ="},
        {"secret": SECRET.removeprefix("whsec_")},
        {"secret": "whsec_!"},
        {"url": "http://time.example/hook"},
        {"url": "https://a:b@time.example/hook"},
        {"name": "Province"},
    ],
)
def test_a_program_with_a_weak_secret_or_in_the_open_is_none(wrong: dict[str, str]) -> None:
    right = {"name": "province", "url": "https://time.example/hook", "secret": SECRET}
    assert WebhookSettings.model_validate(right).kinds == ()
    with pytest.raises(ValidationError):
        WebhookSettings.model_validate(right | wrong)


async def test_what_is_signed_is_told_in_order_and_says_nothing_of_anybody(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with listening(world, monkeypatch) as listener:
        assert listener.told == []  # from now on
        first = (await publication.publish_once(world.settings)).size
        who = await world.volunteer()
        await sweep(TELLING)
        assert listener.told == []  # not signed yet
        monkeypatch.setattr(webhooks, "TOGETHER", 1)
        await world.volunteer()
        size = (await publication.publish_once(world.settings)).size
        await sweep(TELLING)
        assert [one["data"]["seq"] for one in listener.told] == list(range(first, size))
        assert len(listener.names) == len(set(listener.names)) == size - first > 1
        event = listener.told[0]
        assert event.keys() == {"specversion", "id", "source", "type", "time", "data"}
        assert (event["source"], event["id"]) == (world.settings.origin, str(first))
        assert (event["type"], len(event["data"]["leaf"])) == ("person.registered", 64)
        assert who.person
        assert who.person not in json.dumps(listener.told)
        told = generate_latest(await collect(world.settings)).decode()
        assert f'timebank_webhook_entries{{webhook="province"}} {float(size)}' in told


async def test_a_program_that_is_away_hears_it_all_later_and_each_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with listening(world, monkeypatch, "person.") as listener:
        await world.volunteer()
        await world.activity()
        size = (await publication.publish_once(world.settings)).size
        listener.status = 503
        await sweep(TELLING)
        held = await find(Webhook, "province")
        assert held
        assert (held.tries, held.failed) == (1, "503")
        ill = await examined()
        assert not ill.well
        assert ill.seen == f"province told {held.told} entries of {size}; last answer: 503"
        listener.status = 204
        await sweep(TELLING)
        with pytest.raises(NotYetToSend):
            await tell_webhook(SYSTEM, webhook="province")
        assert listener.told == []
        world.clock.move(timedelta(minutes=RETRY_MINUTES[0]))
        await sweep(TELLING)
        await sweep(TELLING)
        assert [one["type"] for one in listener.told] == ["person.registered"]
        held = await find(Webhook, "province")
        assert held
        assert (held.tries, held.failed) == (0, None)
        assert await examined() == Finding(
            "webhooks", True, f"province told {size} entries of {size}"
        )


async def examined() -> Finding:
    """What the doctor says of programs that listen."""
    (found,) = [one for one in await examine(vault.keyring().settings) if one.name == "webhooks"]
    return found


async def test_only_the_software_tells_and_only_whom_the_settings_name(world: World) -> None:
    with pytest.raises(Forbidden):
        await tell_webhook(PUBLIC, webhook="province")
    with pytest.raises(NotFound):
        await tell_webhook(SYSTEM, webhook="province")
