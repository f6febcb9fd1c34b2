"""Signing in by a provider's word, proved against a real OpenID provider in its own process."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from pydantic import SecretStr, ValidationError
from structlog.testing import capture_logs

from tests.wire import act, ask
from tests.world import World, key, open_world
from timebank.access import Role
from timebank.actors import PUBLIC, Actor
from timebank.erasures import ask_erasure
from timebank.linked_identities import (
    IdentityLinked,
    IdentityTaken,
    IdentityUnknown,
    decide_link,
    link_identity,
    linked_to,
    sign_in_by_provider,
)
from timebank.refusals import NotFound, Refusal, Unauthenticated
from timebank.settings import ProviderSettings
from timebank.sign_in import SignInFailed, actor_of, open_session
from timebank.tables import count, select
from timebank.vault import KeyedIndex, keyring
from web import app
from web.providers import NotNamed, OpenID, ProviderMissing, open_providers

pytestmark = pytest.mark.anyio

SITE = "http://localhost"
DOOR = "/sign-in/with/province"
SAME = {"sec-fetch-site": "same-origin"}


def free_port() -> int:
    """A port on which nobody listens now."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    """A real provider: authlib's own server, with discovery, keys and signed tokens."""

    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "oidc_provider_mock", "-p", str(port), "-n", "true"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
    )
    told = f"http://127.0.0.1:{port}"
    for _ in range(600):
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(f"{told}/.well-known/openid-configuration").status_code == 200:
                break
        time.sleep(0.05)
    yield told
    process.terminate()
    process.wait()


def provider(issuer: str, name: str = "province") -> ProviderSettings:
    """The provider as a bank knows it."""
    return ProviderSettings(
        name=name,
        title="鄂汇办",
        issuer=issuer,
        client_id="timebank",
        client_secret=SecretStr("a secret between the two"),
    )


@contextlib.asynccontextmanager
async def with_providers(
    url: str, directory: Path, issuer: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[World]:
    """A city that takes the word of two."""
    async with open_world(url, directory) as made:
        known = {"providers": (provider(issuer), provider(issuer + "/other", "other"))}
        made.settings = made.settings.model_copy(update=known)
        monkeypatch.setattr(keyring(), "settings", made.settings)
        yield made


@pytest.fixture
async def world(
    database_url: str, tmp_path: Path, issuer: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[World]:
    async with with_providers(database_url, tmp_path, issuer, monkeypatch) as made:
        yield made


@pytest.fixture
async def city(
    sqlite_url: str, tmp_path: Path, issuer: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[World]:
    async with with_providers(sqlite_url, tmp_path, issuer, monkeypatch) as made:
        yield made


@cache
def server_of(world: World) -> Any:
    """The application on a city's ledger."""
    return app.build(world.settings, clock=world.clock)


@contextlib.asynccontextmanager
async def browser(world: World, token: str | None = None) -> AsyncIterator[httpx.AsyncClient]:
    """A browser before our server, signed in or not."""
    transport = httpx.ASGITransport(server_of(world), client=("127.0.0.1", 1))
    cookies = {app.PLAIN_COOKIE: token} if token else {}
    async with httpx.AsyncClient(transport=transport, base_url=SITE, cookies=cookies) as made:
        yield made


async def named(address: str, subject: str) -> str:
    """Where the provider sends back whoever signs in there under a name."""
    async with httpx.AsyncClient() as there:
        answer = await there.post(address, data={"sub": subject})
    assert answer.status_code == 302
    return str(answer.headers["location"])


async def through(client: httpx.AsyncClient, subject: str, **more: str) -> httpx.Response:
    """Out to the provider, signed in there, and back."""
    out = await client.get(DOOR, headers=SAME, params=more)
    assert out.status_code == 303
    back = await named(out.headers["location"], subject)
    assert back.startswith(f"{SITE}{DOOR}/back?")
    return await client.get(back)


def signed_in_by(answer: httpx.Response) -> str | None:
    """The session that an answer gives."""
    return answer.cookies.get(app.PLAIN_COOKIE)


async def test_whoever_linked_it_signs_in_by_the_providers_word(world: World) -> None:
    who = await world.volunteer()
    token = (await open_session(who.person or "")).token
    async with browser(world, token) as client:
        assert "关联鄂汇办" in (await client.get("/my-data")).text
        linked = await through(client, "subject-1")
        assert (linked.status_code, linked.headers["location"]) == (303, "/my-data")
        assert "取消关联" in (await client.get("/my-data")).text
    async with browser(world) as client:
        assert f'href="{DOOR}"' in (await client.get("/sign-in")).text
        entered = await through(client, "subject-1", next="/statement")
        assert (entered.status_code, entered.headers["location"]) == (303, "/statement")
    actor = await actor_of(signed_in_by(entered))
    assert actor.person == who.person
    # The name that the provider has for the person lies nowhere as it is.
    assert "subject-1" not in str(await select(KeyedIndex))


async def test_a_stranger_of_ours_is_let_in_by_no_provider(city: World) -> None:
    async with browser(city) as client:
        answer = await through(client, "somebody")
        assert (answer.status_code, signed_in_by(answer)) == (422, None)
        assert "还没有与这个登录方式关联" in answer.text
        # An address of somebody else's is none to lead back to.
        out = await client.get(DOOR, params={"next": "https://elsewhere.example/"})
        assert "elsewhere" not in out.headers["location"]


async def test_what_comes_back_must_be_what_went_out(city: World) -> None:
    who = await city.volunteer()
    await link_identity(who, provider="province", subject="subject-2")
    async with browser(city) as victim, browser(city) as attacker:
        out = await attacker.get(DOOR)
        back = await named(out.headers["location"], "subject-2")
        # Another browser did not begin this.
        assert (await victim.get(back)).status_code == 403
        # Nor did the same one with another state, without a code, or with a code made up.
        state = parse_qs(urlsplit(back).query)["state"][0]
        for query in ("code=x&state=y", f"state={state}", f"code=x&state={state}", "error=denied"):
            await attacker.get(DOOR)
            answer = await attacker.get(f"{DOOR}/back?{query}")
            assert (answer.status_code, signed_in_by(answer)) == (422, None)
        out = await attacker.get(DOOR)
        good = await named(out.headers["location"], "subject-2")
        state = parse_qs(urlsplit(good).query)["state"][0]
        answer = await attacker.get(good.replace(state, "another"))
        assert (answer.status_code, signed_in_by(answer)) == (422, None)
        # A code is good once, and for the way it was given to.
        again = await attacker.get(back)
        assert (again.status_code, signed_in_by(again)) == (422, None)
        attacker.cookies.set("timebank-way", "00" * 40)
        assert (await attacker.get(back)).status_code == 403
        for path in ("/sign-in/with/nobody", "/sign-in/with/nobody/back"):
            assert (await attacker.get(path)).status_code in (403, 404)


async def test_a_way_ends_by_itself_however_long_its_cookie_is_kept(city: World) -> None:
    who = await city.volunteer()
    await link_identity(who, provider="province", subject="late")
    for waited, status in ((timedelta(minutes=10), 303), (timedelta(minutes=10, seconds=1), 403)):
        async with browser(city) as client:
            out = await client.get(DOOR)
            kept = client.cookies["timebank-way"]
            back = await named(out.headers["location"], "late")
            city.clock.move(waited)
            client.cookies.clear()
            client.cookies.set("timebank-way", kept)
            assert (await client.get(back)).status_code == status


async def test_nobody_is_linked_by_a_foreign_page(city: World) -> None:
    token = (await open_session((await city.volunteer()).person or "")).token
    async with browser(city, token) as client:
        for site in ("cross-site", "none", "same-site", ""):
            answer = await client.get(DOOR, headers={"sec-fetch-site": site})
            assert answer.status_code == 403
        # Begun as one and come back as another: nothing is linked.
        out = await client.get(DOOR, headers=SAME)
        back = await named(out.headers["location"], "subject-3")
        other = await city.volunteer()
        client.cookies.set(app.PLAIN_COOKIE, (await open_session(other.person or "")).token)
        assert (await client.get(back)).status_code == 403
    assert await linked_to(other) == []


async def test_a_provider_that_does_not_answer_or_is_another_signs_nobody_in(city: World) -> None:
    async with browser(city) as client:
        with capture_logs() as lines:
            answer = await client.get("/sign-in/with/other")
        assert answer.status_code == 422
        assert "secret" not in str(lines)
        (line,) = [one for one in lines if one["event"] == "provider_failed"]
        assert (line["log_level"], line["provider"]) == ("warning", "other")
    (ours, _) = city.settings.providers
    way = OpenID(ours)
    back = f"{SITE}{DOOR}/back"
    address, kept = await way.begin(back)
    told = {k: v[0] for k, v in parse_qs(urlsplit(await named(address, "a")).query).items()}
    # It vouches under a name that is not the one it was set up with.
    way._issuer = "https://another.example"
    with pytest.raises(NotNamed):
        await way.finish(back, kept, told)
    way._issuer = ours.issuer
    address, kept = await way.begin(back)
    told = {k: v[0] for k, v in parse_qs(urlsplit(await named(address, "a")).query).items()}
    with pytest.raises(NotNamed):
        await way.finish(back, {**kept, "nonce": "another"}, told)
    address, kept = await way.begin(back)
    told = {k: v[0] for k, v in parse_qs(urlsplit(await named(address, "a")).query).items()}
    assert await way.finish(back, kept, told) == "a"


@pytest.mark.parametrize(
    ("holder", "linked", "refusal"),
    [
        (None, False, None),
        ("per_1", False, None),
        ("per_2", False, IdentityTaken),
        (None, True, IdentityLinked),
        ("per_1", True, IdentityLinked),
    ],
)
async def test_one_sign_in_opens_one_account(
    holder: str | None, linked: bool, refusal: type[Refusal] | None
) -> None:
    if refusal is None:
        decide_link("per_1", holder=holder, linked=linked)
        return
    with pytest.raises(refusal):
        decide_link("per_1", holder=holder, linked=linked)


async def test_a_link_is_undone_and_dies_with_the_person(world: World) -> None:
    who, other = await world.volunteer(), await world.volunteer()
    await link_identity(who, provider="province", subject="s")
    for refused, actor in ((IdentityTaken, other), (IdentityLinked, who)):
        with pytest.raises(refused):
            await link_identity(actor, provider="province", subject="s")
    # The same name at another issuer is somebody else.
    await link_identity(other, provider="other", subject="s")
    assert (await sign_in_by_provider(provider="other", subject="s")).person == other.person
    told = await ask(world, who, "{ linkedIdentities { name title } }")
    assert told["linkedIdentities"] == [{"name": "province", "title": "鄂汇办"}]
    gone = await act(world, who, "unlinkIdentity", "provider", provider="province")
    assert gone["provider"] == "province"
    again = await act(world, who, "unlinkIdentity", "provider", provider="province")
    assert again["userErrors"][0]["code"] == "NOT_FOUND"
    with pytest.raises(IdentityUnknown):
        await sign_in_by_provider(provider="province", subject="s")
    for attempt in (link_identity(PUBLIC, provider="province", subject="s"), linked_to(PUBLIC)):
        with pytest.raises(Unauthenticated):
            await attempt
    with pytest.raises(NotFound):
        await link_identity(who, provider="nobody", subject="s")
    await link_identity(who, provider="province", subject="s")
    before = await count(KeyedIndex)
    await ask_erasure(who, key=key())
    assert await count(KeyedIndex) == before - 2
    with pytest.raises((IdentityUnknown, SignInFailed)):
        await sign_in_by_provider(provider="province", subject="s")


async def test_of_staff_the_roles_rest_until_the_second_factor(city: World) -> None:
    clerk: Actor = city.staff[Role.STATION_CLERK]
    await link_identity(clerk, provider="province", subject="clerk")
    opened = await sign_in_by_provider(provider="province", subject="clerk")
    actor = await actor_of(opened.token)
    assert (actor.staff, actor.unproved) == (False, True)


def test_a_provider_is_set_with_a_safe_issuer_or_not_at_all() -> None:
    for issuer in ("http://province.example", "https://", "ftp://x", "https://x?y", ""):
        with pytest.raises(ValidationError):
            provider(issuer)
    assert "between" not in repr(provider("https://province.example"))


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "authlib.integrations.starlette_client", None)
    with pytest.raises(ProviderMissing, match="oidc"):
        open_providers([provider("https://province.example")])
    assert open_providers([]) == {}
