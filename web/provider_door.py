"""The way in by a provider: out to it, and back from it to a session, or to a link in one's data.

What is remembered meanwhile lies sealed in a cookie that only this server opens, and no longer than
ten minutes, so that nobody comes back from a way that another began. Whoever is signed in begins it
from a page of ours, as their browser says, and links; whoever is not signs in.
"""

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial

import msgspec
import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from schema.context import Context
from timebank.master_keys import NONCE_BYTES, derived
from timebank.refusals import Refusal
from timebank.vault import keyring
from web.address import public_address
from web.forms import own_path
from web.pages.every import PAGES
from web.pages.rendering import Pages
from web.pages.troubles import EXPIRED, MISSING
from web.providers import NotNamed, Provider

LASTS_SECONDS = 600
DATA, DOOR = "/my-data", "/sign-in"

log = structlog.get_logger()


class Remembered(msgspec.Struct, frozen=True):
    """What is kept while the browser is at the provider, and until when it may come back."""

    until: datetime
    provider: str
    actor: str
    next: str
    kept: dict[str, str]


class ProviderDoor:
    """Two routes for every provider there is."""

    def __init__(self, providers: Mapping[str, Provider]) -> None:
        self.providers = providers

    def routes(self, pages: Pages) -> list[BaseRoute]:
        """Out, and back."""
        return [
            Route("/sign-in/with/{provider}", partial(self.leave, pages)),
            Route("/sign-in/with/{provider}/back", partial(self.arrive, pages)),
        ]

    async def leave(self, pages: Pages, request: Request) -> Response:
        """Send the browser to a provider."""
        context = await pages.context_of(request)
        name = request.path_params["provider"]
        provider = self.providers.get(name)
        if provider is None:
            return pages.trouble(request, context, MISSING)
        if context.actor.known and request.headers.get("sec-fetch-site") != "same-origin":
            return pages.trouble(request, context, EXPIRED)
        try:
            address, kept = await provider.begin(_back(request, name))
        except NotNamed as error:
            return await _failed(pages, request, context, name, error)
        remembered = Remembered(
            until=context.clock.now() + timedelta(seconds=LASTS_SECONDS),
            provider=name,
            actor=context.actor.id,
            next=DATA if context.actor.known else own_path(request.query_params.get("next", "/")),
            kept=dict(kept),
        )
        response = RedirectResponse(address, status_code=303)
        response.set_cookie(
            _cookie(request),
            _sealed(remembered),
            max_age=LASTS_SECONDS,
            secure=request.url.scheme == "https",
            httponly=True,
            samesite="lax",
        )
        response.headers["cache-control"] = "no-store"
        return response

    async def arrive(self, pages: Pages, request: Request) -> Response:
        """Let in whom the provider names."""
        context = await pages.context_of(request)
        name = request.path_params["provider"]
        remembered = _opened(request.cookies.get(_cookie(request), ""))
        provider = self.providers.get(name)
        if (
            provider is None
            or remembered is None
            # Whoever kept the cookie longer than a browser does has no more from it.
            or remembered.until < context.clock.now()
            or (remembered.provider, remembered.actor) != (name, context.actor.id)
        ):
            return pages.trouble(request, context, EXPIRED)
        told = dict(request.query_params)
        response: Response = RedirectResponse(remembered.next, status_code=303)
        try:
            subject = await provider.finish(_back(request, name), remembered.kept, told)
            if context.actor.known:
                await provider.link(context.actor, subject)
            else:
                opened = await provider.enter(subject)
                pages.signed_in(request, response, opened.token)
        except NotNamed as error:
            return await _failed(pages, request, context, name, error)
        except Refusal as refusal:
            response = await _again(pages, request, context, refusal.message(context.translate))
        response.delete_cookie(_cookie(request))
        return response


async def _failed(
    pages: Pages, request: Request, context: Context, name: str, error: NotNamed
) -> Response:
    log.warning("provider_failed", provider=name, reason=str(error))
    says = "The other sign-in did not answer as it should. Try again, or sign in another way."
    return await _again(pages, request, context, context.translate(says))


async def _again(pages: Pages, request: Request, context: Context, says: str) -> Response:
    """The page where it began, with what was wrong."""
    path = DATA if context.actor.known else DOOR
    page = next(page for page in PAGES if page.path == path)
    return await pages.answer(request, context, page, errors=[{"message": says}])


def _back(request: Request, name: str) -> str:
    site = public_address(request) or str(request.base_url).rstrip("/")
    return f"{site}/sign-in/with/{name}/back"


def _cookie(request: Request) -> str:
    return "__Host-timebank-way" if request.url.scheme == "https" else "timebank-way"


def _seal() -> AESGCM:
    return AESGCM(derived(keyring().session, b"way to a provider"))


def _sealed(remembered: Remembered) -> str:
    nonce = secrets.token_bytes(NONCE_BYTES)
    return (nonce + _seal().encrypt(nonce, msgspec.json.encode(remembered), b"")).hex()


def _opened(told: str) -> Remembered | None:
    """What was sealed here; None for anything else."""
    try:
        data = bytes.fromhex(told)
        plain = _seal().decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], b"")
        return msgspec.json.decode(plain, type=Remembered)
    except (ValueError, InvalidTag, msgspec.MsgspecError):
        return None
