"""Passkeys as a way in: the browser goes to a page of ours, where its device signs (WebAuthn).

A provider like others, behind the same small interface: what is remembered meanwhile is the
challenge, and what comes back is what the device says of a key that it made, or signed with. The
device must have known its owner. All that WebAuthn asks for (origin, challenge, flags, signatures)
is `fido2`'s, an extra that is only imported where passkeys are taken. Which device it is, is not
asked: none is better than others here.
"""

import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

import msgspec

from timebank.actors import Actor
from timebank.passkeys import add_passkey, passkey_called, sign_in_by_passkey
from timebank.sign_in import SignedIn
from web.providers import NotNamed, Provider, ProviderMissing

NAME = "passkey"
PAGE = "/sign-in/passkey"
CHALLENGE_BYTES = 32
CREDENTIAL_MOST = 1023
"""Bytes, as WebAuthn has it."""


class Made(msgspec.Struct, frozen=True, tag="made"):
    """A key that the device made: what it calls itself, its public half, how often it signed."""

    credential: bytes
    key: bytes
    counter: int


class Used(msgspec.Struct, frozen=True, tag="used"):
    """A key that the device signed with, as was checked."""

    credential: bytes
    counter: int


class Passkeys:
    """See Provider."""

    def __init__(self) -> None:
        from fido2 import server, webauthn

        self._server, self._webauthn = server, webauthn

    async def begin(self, back: str) -> tuple[str, Mapping[str, str]]:
        """See Provider."""
        told = secrets.token_urlsafe(CHALLENGE_BYTES)
        address = urlsplit(back)._replace(path=PAGE, query=urlencode({"challenge": told}))
        return address.geturl(), {"challenge": told}

    async def finish(self, back: str, kept: Mapping[str, str], told: Mapping[str, str]) -> str:
        """See Provider."""
        try:
            named = await self._checked(self._relying(back), kept["challenge"], told)
        except Exception as error:
            # Whatever a device sends, it signs nobody in; only the kind of it is logged.
            raise NotNamed(type(error).__name__) from None
        if not 0 < len(named.credential) <= CREDENTIAL_MOST:
            raise NotNamed("credential")
        return msgspec.json.encode(named).decode()

    async def link(self, actor: Actor, subject: str) -> None:
        """See Provider."""
        made = _named(subject, Made)
        await add_passkey(actor, credential=made.credential, key=made.key, counter=made.counter)

    async def enter(self, subject: str) -> SignedIn:
        """See Provider."""
        used = _named(subject, Used)
        return await sign_in_by_passkey(credential=used.credential, counter=used.counter)

    def _relying(self, back: str) -> Any:
        """Who asks: the site to which the browser comes back, and no other."""
        at = urlsplit(back)
        return self._server.Fido2Server(
            self._webauthn.PublicKeyCredentialRpEntity(id=at.hostname, name=str(at.hostname)),
            verify_origin=lambda origin: origin == f"{at.scheme}://{at.netloc}",
        )

    async def _checked(self, asks: Any, challenge: str, told: Mapping[str, str]) -> Made | Used:
        state = {"challenge": challenge, "user_verification": "required"}
        response = {name: told[name] for name in told if name != "id"}
        given = {"id": told["id"], "rawId": told["id"], "response": response, "type": "public-key"}
        if "attestationObject" in told:
            made = asks.register_complete(state, given)
            key = made.credential_data
            return Made(key.credential_id, bytes(key), made.counter)
        answer = self._webauthn.AuthenticationResponse.from_dict(given)
        held = await passkey_called(answer.raw_id)
        if held is None:
            # Refused by the domain, in its own words.
            return Used(answer.raw_id, 0)
        known = self._webauthn.AttestedCredentialData(held.key)
        asks.authenticate_complete(state, [known], answer)
        return Used(answer.raw_id, answer.response.authenticator_data.counter)


def _named(subject: str, kind: type[Any]) -> Any:
    """What was said; a key that was made signs nobody in, and one that signed is not added."""
    try:
        return msgspec.json.decode(subject, type=kind)
    except msgspec.ValidationError:
        raise NotNamed("subject") from None


def open_passkeys(taken: bool) -> Mapping[str, Provider]:
    """The way in by passkeys, where they are taken. Raises ProviderMissing."""
    try:
        return {NAME: Passkeys()} if taken else {}
    except ImportError:
        raise ProviderMissing("passkeys", "passkeys") from None
