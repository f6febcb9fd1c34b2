"""What a device with a passkey may say, and a browser on a telephone that has one."""

import hashlib
import sys
from collections.abc import AsyncIterator, Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from playwright.async_api import Browser, Page, expect

from tests.demo_site import listening
from tests.test_passkeys import DAY, taking
from tests.world import World
from timebank.passkeys import (
    Passkey,
    PasskeyCopied,
    PasskeyUnknown,
    passkeys_of,
)
from timebank.settings import Settings
from timebank.sign_in import open_session
from web import app
from web.passkeys import Passkeys, Used, open_passkeys
from web.providers import NotNamed, ProviderMissing

SITE = "http://localhost:8000"
BACK = f"{SITE}/sign-in/with/passkey/back"
PRESENT, VERIFIED, HOLDS_KEY = 0x01, 0x04, 0x40


@pytest.fixture
async def city(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[World]:
    async with taking(sqlite_url, tmp_path, monkeypatch) as made:
        yield made


@pytest.fixture
def extra(missing: Callable[[str], None]) -> None:
    """What checks a device's word."""
    if find_spec("fido2") is None:
        missing("fido2 (the extra passkeys)")


class Device:
    """An authenticator with one key, as far as a server sees one."""

    def __init__(self, site: str = SITE) -> None:
        from fido2.cose import ES256
        from fido2.webauthn import AttestedCredentialData

        self.site, self.counter = site, 0
        self._key = ec.generate_private_key(ec.SECP256R1())
        made: Any = ES256
        public = made.from_cryptography_key(self._key.public_key())
        self.credential = AttestedCredentialData.create(b"\0" * 16, b"a device's name", public)

    def _said(self, kind: str, challenge: str, flags: int, host: str) -> tuple[Any, Any]:
        from fido2.utils import websafe_decode
        from fido2.webauthn import AuthenticatorData, CollectedClientData

        self.counter += 1
        held = self.credential if flags & HOLDS_KEY else b""
        hashed = hashlib.sha256(host.encode()).digest()
        data = AuthenticatorData.create(hashed, AuthenticatorData.FLAG(flags), self.counter, held)
        client = CollectedClientData.create(kind, websafe_decode(challenge), self.site)
        return data, client

    def make(
        self,
        challenge: str,
        *,
        flags: int = PRESENT | VERIFIED | HOLDS_KEY,
        host: str = "localhost",
    ) -> dict[str, str]:
        """What it says of a key that it made."""
        from fido2.webauthn import AttestationObject

        data, client = self._said("webauthn.create", challenge, flags, host)
        made = AttestationObject.create("none", data, {})
        return _told(id=b"a device's name", clientDataJSON=client, attestationObject=made)

    def sign(
        self, challenge: str, *, flags: int = PRESENT | VERIFIED, host: str = "localhost"
    ) -> dict[str, str]:
        """What it says of a key that it has."""
        data, client = self._said("webauthn.get", challenge, flags, host)
        signature = self._key.sign(data + client.hash, ec.ECDSA(SHA256()))
        name = self.credential.credential_id
        return _told(id=name, clientDataJSON=client, authenticatorData=data, signature=signature)


def _told(**parts: bytes) -> dict[str, str]:
    from fido2.utils import websafe_encode

    return {name: websafe_encode(part) for name, part in parts.items()}


@pytest.mark.anyio
@pytest.mark.usefixtures("extra")
async def test_a_device_signs_in_who_added_it(city: World) -> None:
    who, way, device = await city.volunteer(), Passkeys(), Device()
    address, kept = await way.begin(BACK)
    assert address == f"{SITE}/sign-in/passkey?challenge={kept['challenge']}"
    made = await way.finish(BACK, kept, device.make(kept["challenge"]))
    with pytest.raises(NotNamed):
        # A key that was made just now proves nobody.
        await way.enter(made)
    await way.link(who, made)
    address, kept = await way.begin(BACK)
    used = await way.finish(BACK, kept, device.sign(kept["challenge"]))
    assert (await way.enter(used)).person == who.person
    with pytest.raises(PasskeyCopied):
        await way.enter(used)
    with pytest.raises(NotNamed):
        await way.link(who, used)
    unknown = await way.finish(BACK, kept, Device().sign(kept["challenge"]) | _told(id=b"another"))
    assert msgspec.json.decode(unknown, type=Used).credential == b"another"
    with pytest.raises(PasskeyUnknown):
        await way.enter(unknown)


WRONG: dict[str, Callable[[Device, str], dict[str, str]]] = {
    "another challenge": lambda device, _: device.sign("A" * 43),
    "the owner not known": lambda device, asked: device.sign(asked, flags=PRESENT),
    "nobody there": lambda device, asked: device.sign(asked, flags=VERIFIED),
    "another site's": lambda device, asked: device.sign(asked, host="elsewhere.example"),
    "another device's": lambda device, asked: Device().sign(asked),
    "what was signed bent": lambda device, asked: (
        device.sign(asked) | {"authenticatorData": device.sign(asked)["authenticatorData"]}
    ),
    "no signature": lambda device, asked: device.sign(asked) | {"signature": ""},
    "nothing": lambda device, _: {},
    "no Base64": lambda device, asked: device.sign(asked) | {"clientDataJSON": "%"},
    "made and the owner not known": lambda device, asked: device.make(
        asked, flags=PRESENT | HOLDS_KEY
    ),
    "made for another site": lambda device, asked: device.make(asked, host="elsewhere.example"),
    "made for another challenge": lambda device, _: device.make("A" * 43),
    "made without a key": lambda device, asked: device.make(asked, flags=PRESENT | VERIFIED),
}


@pytest.mark.anyio
@pytest.mark.usefixtures("extra")
@pytest.mark.parametrize("wrong", WRONG)
async def test_nobody_is_named_by_a_device_that_says(
    wrong: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    way, device = Passkeys(), Device()
    held = Passkey("d", "per_1", bytes(device.credential), 0, DAY)

    async def called(credential: bytes) -> Passkey:
        return held

    monkeypatch.setattr("web.passkeys.passkey_called", called)
    _, kept = await way.begin(BACK)
    assert await way.finish(BACK, kept, device.sign(kept["challenge"]))
    with pytest.raises(NotNamed):
        await way.finish(BACK, kept, WRONG[wrong](device, kept["challenge"]))
    # Nor by one that speaks to a page of another address.
    device.site = "http://localhost:8001"
    with pytest.raises(NotNamed):
        await way.finish(BACK, kept, device.sign(kept["challenge"]))


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fido2", None)
    with pytest.raises(ProviderMissing, match="passkeys"):
        open_passkeys(True)
    assert open_passkeys(False) == {}
    assert not Settings().passkeys


# A browser


async def telephone(browser: Browser, *, verifies: bool = True) -> Page:
    """A page on a telephone that asks for a finger."""
    context = await browser.new_context(
        viewport={"width": 360, "height": 800}, java_script_enabled=True
    )
    page = await context.new_page()
    wire = await context.new_cdp_session(page)
    await wire.send("WebAuthn.enable")
    told = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": verifies,
    }
    await wire.send("WebAuthn.addVirtualAuthenticator", {"options": told})
    return page


@pytest.mark.anyio
@pytest.mark.usefixtures("extra")
async def test_a_telephone_adds_a_passkey_and_signs_in_by_it(browser: Browser, city: World) -> None:
    who = await city.volunteer()
    token = (await open_session(who.person or "")).token
    built = app.build(city.settings, clock=city.clock)
    async with listening(built, lifespan="off") as address:
        site = address.replace("127.0.0.1", "localhost")
        page = await telephone(browser)
        cookie = {"name": app.PLAIN_COOKIE, "value": token, "url": site}
        await page.context.add_cookies([cookie])  # type: ignore[list-item]  # a typed dictionary
        await page.goto(f"{site}/my-data")
        await page.get_by_role("link", name="添加通行密钥").click()
        await page.get_by_role("button", name="继续").click()
        await expect(page).to_have_url(f"{site}/my-data")
        await expect(page.get_by_role("button", name="移除")).to_be_visible()
        (passkey,) = await passkeys_of(who)
        await page.context.clear_cookies()
        await page.goto(f"{site}/sign-in?next=/statement")
        await page.get_by_role("link", name="用通行密钥登录").click()
        await page.get_by_role("button", name="继续").click()
        await expect(page).to_have_url(f"{site}/statement")
        (used,) = await passkeys_of(who)
        assert used.counter > passkey.counter
        await page.goto(f"{site}/my-data")
        await page.get_by_role("button", name="移除").click()
        await expect(page).to_have_url(f"{site}/my-data?done=1")
        assert await passkeys_of(who) == []
        # What was removed still signs, and opens nothing.
        await page.context.clear_cookies()
        await page.goto(f"{site}/sign-in/with/passkey")
        await page.get_by_role("button", name="继续").click()
        await expect(page.locator("#errors")).to_contain_text("打不开任何账户")


@pytest.mark.anyio
@pytest.mark.usefixtures("extra")
async def test_a_telephone_that_knows_not_its_owner_is_told_so(
    browser: Browser, city: World
) -> None:
    built = app.build(city.settings, clock=city.clock)
    async with listening(built, lifespan="off") as address:
        page = await telephone(browser, verifies=False)
        site = address.replace("127.0.0.1", "localhost")
        await page.goto(f"{site}/sign-in/with/passkey")
        await page.get_by_role("button", name="继续").click()
        await expect(page.get_by_role("alert")).to_be_visible()
        # And may ask once more.
        await expect(page.get_by_role("button", name="继续")).to_be_enabled()
        # Without a challenge there is nothing to go on with.
        await page.goto(f"{site}/sign-in/passkey")
        await page.get_by_role("link", name="从头开始").click()
        await expect(page.get_by_role("button", name="继续")).to_be_visible()
