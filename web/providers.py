"""Providers: those by whose word people sign in, behind one small interface (web 3).

`begin` says where the browser goes and what is to be remembered until it comes back; `finish` says
whom the provider named; `link` and `enter` do with it what the domain does. Everything OpenID asks
for (discovery, state, nonce, PKCE, the signature of the answer) is `authlib`'s, an extra that is
only imported where a provider is set; `web.passkeys` is the other one. Refuses to know who of ours
it is.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from timebank.actors import Actor
from timebank.linked_identities import link_identity, sign_in_by_provider
from timebank.settings import ProviderSettings
from timebank.sign_in import SignedIn

KEPT = ("state", "nonce", "code_verifier")
SUBJECT_MOST = 255


class NotNamed(Exception):
    """The provider named nobody: it was not reached, or its answer does not hold."""


class Provider(Protocol):
    """Somebody by whose word people sign in."""

    async def begin(self, back: str) -> tuple[str, Mapping[str, str]]:
        """Where the browser goes, and what is kept till it is `back`. Raises NotNamed."""

    async def finish(self, back: str, kept: Mapping[str, str], told: Mapping[str, str]) -> str:
        """The provider's own name for whoever came back, never given twice. Raises NotNamed."""

    async def link(self, actor: Actor, subject: str) -> None:
        """Let what was named open the actor's account. Raises NotNamed, and what it refuses."""

    async def enter(self, subject: str) -> SignedIn:
        """Open a session for whose account it opens. Raises NotNamed, and what it refuses."""


class OpenID:
    """An OpenID provider: the code flow, with PKCE."""

    def __init__(self, settings: ProviderSettings) -> None:
        from authlib.integrations.starlette_client import OAuth

        self._name, self._issuer = settings.name, settings.issuer
        self._app: Any = OAuth().register(
            settings.name,
            client_id=settings.client_id,
            client_secret=settings.client_secret.get_secret_value(),
            server_metadata_url=f"{settings.issuer}/.well-known/openid-configuration",
            client_kwargs={"scope": "openid", "code_challenge_method": "S256", "timeout": 10},
        )

    async def begin(self, back: str) -> tuple[str, Mapping[str, str]]:
        """See Provider."""
        try:
            told = await self._app.create_authorization_url(back)
        except Exception as error:
            raise NotNamed(type(error).__name__) from None
        return told["url"], {name: told[name] for name in KEPT}

    async def finish(self, back: str, kept: Mapping[str, str], told: Mapping[str, str]) -> str:
        """See Provider."""
        if "code" not in told or told.get("state") != kept["state"]:
            raise NotNamed("state")
        try:
            token = await self._app.fetch_access_token(
                redirect_uri=back, code=told["code"], code_verifier=kept["code_verifier"]
            )
            named = await self._app.parse_id_token(token, nonce=kept["nonce"])
        except Exception as error:
            # Whatever a foreign server does, it signs nobody in; only the kind of it is logged.
            raise NotNamed(type(error).__name__) from None
        subject = named and named.get("sub")
        if named is None or named.get("iss") != self._issuer or not isinstance(subject, str):
            raise NotNamed("subject")
        if not 0 < len(subject) <= SUBJECT_MOST:
            raise NotNamed("subject")
        return subject

    async def link(self, actor: Actor, subject: str) -> None:
        """See Provider."""
        await link_identity(actor, provider=self._name, subject=subject)

    async def enter(self, subject: str) -> SignedIn:
        """See Provider."""
        return await sign_in_by_provider(provider=self._name, subject=subject)


class ProviderMissing(Exception):
    """A way in is set, and the extra that it wants is not installed."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(
            f"{what} are set, but the extra is not installed: pip install 'timebank[{extra}]'"
        )


def open_providers(settings: Sequence[ProviderSettings]) -> Mapping[str, Provider]:
    """The providers that are set, by name. Raises ProviderMissing."""
    try:
        return {one.name: OpenID(one) for one in settings}
    except ImportError:
        raise ProviderMissing("providers", "oidc") from None
