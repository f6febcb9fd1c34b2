"""Transports: how a message leaves the house, by mail or to a chat tool; apprise brings it.

apprise is an extra: without it, or where the operator named no server and no tool, there is no way
out and nobody can ask for one. Chat addresses are people's own, so only tools that the operator
named are spoken to: an address may not make the server call any other host. Refuses to know who
is told what.
"""

import asyncio
import logging
import re
import warnings
from enum import StrEnum
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Protocol
from urllib.parse import quote

from timebank.settings import Settings

TIMEOUT_SECONDS = 20.0
MOST_CHARACTERS = 500
MAIL = re.compile(r"[^\s@<>\",;:/?#&]{1,64}@[0-9A-Za-z.-]{1,190}\.[A-Za-z]{2,24}")


class Channel(StrEnum):
    """By what way a message leaves."""

    MAIL = "mail"
    CHAT = "chat"


class Undelivered(Exception):
    """A message did not leave; `kind` says why in a word, and names nobody."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class Transport(Protocol):
    """A way out."""

    def channels(self) -> frozenset[Channel]:
        """By what ways a message can leave."""

    def takes(self, channel: Channel, address: str) -> bool:
        """Whether an address can be written to."""

    async def send(self, channel: Channel, address: str, title: str, body: str) -> None:
        """Send one message. Raises Undelivered."""


class Apprise:
    """Sends by apprise, through the mail server and to the chat tools that the settings name."""

    def __init__(self, settings: Settings) -> None:
        self.mail = settings.notify_mail.get_secret_value()
        self.tools = frozenset(settings.notify_tools.split())
        self.there = find_spec("apprise") is not None
        # Its warnings name addresses; what failed is told by `Undelivered` alone.
        logging.getLogger("apprise").disabled = True
        if self.channels():
            _apprise()

    def channels(self) -> frozenset[Channel]:
        """By what ways a message can leave."""
        ways = {Channel.MAIL: self.mail, Channel.CHAT: self.tools}
        return frozenset(way for way, named in ways.items() if named and self.there)

    def takes(self, channel: Channel, address: str) -> bool:
        """Whether an address can be written to."""
        if channel not in self.channels() or len(address) > MOST_CHARACTERS:
            return False
        if channel is Channel.MAIL:
            return MAIL.fullmatch(address) is not None
        known = address.partition("://")[0].lower() in self.tools
        return known and address.isprintable() and self._one(address) is not None

    async def send(self, channel: Channel, address: str, title: str, body: str) -> None:
        """Send one message. Raises Undelivered."""
        if not self.takes(channel, address):
            raise Undelivered("address")
        if channel is Channel.MAIL:
            address = f"{self.mail}{'&' if '?' in self.mail else '?'}to={quote(address)}"
        one = self._one(address)
        if one is None:
            raise Undelivered("address")
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                sent = await one.async_notify(title=title, body=body)
        except TimeoutError:
            raise Undelivered("timeout") from None
        except Exception as error:
            raise Undelivered(type(error).__name__) from None
        if not sent:
            raise Undelivered("refused")

    def _one(self, address: str) -> Any:
        return _apprise().Apprise.instantiate(address)


@cache
def _apprise() -> Any:
    with warnings.catch_warnings():
        # It still asks for a module that Python is about to drop.
        warnings.simplefilter("ignore", DeprecationWarning)
        made: Any = import_module("apprise")
        # Its hundred plugins are loaded at the first address, which takes a while.
        made.Apprise.instantiate("json://127.0.0.1")
        return made


_transport: Transport | None = None


def install(transport: Transport | None) -> None:
    """Make this the process's way out."""
    global _transport
    _transport = transport


def transport() -> Transport:
    """The process's way out. Raises RuntimeError before a bank is opened."""
    if _transport is None:
        raise RuntimeError("no transport is installed; open a bank first")
    return _transport
