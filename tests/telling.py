"""Messages that leave the house, for the tests: what was sent by a way that may be broken."""

from typing import Any

from tests.world import World, key
from timebank import transports
from timebank.actors import Actor
from timebank.deliveries import Pace, want_delivery
from timebank.keys import RequestKey
from timebank.transports import Channel, Undelivered


class Outside:
    """Takes every address that begins well, and keeps what was sent; `broken` says why not."""

    def __init__(self) -> None:
        self.sent: list[tuple[Channel, str, str, str]] = []
        self.broken: str | None = None

    def channels(self) -> frozenset[Channel]:
        """Both."""
        return frozenset(Channel)

    def takes(self, channel: Channel, address: str) -> bool:
        """Whether it looks like one."""
        return ("@" if channel is Channel.MAIL else "://") in address

    async def send(self, channel: Channel, address: str, title: str, body: str) -> None:
        """Keep it, or fail."""
        if self.broken:
            raise Undelivered(self.broken)
        self.sent.append((channel, address, title, body))


def outside() -> Outside:
    """A way out that the tests can look into, until the bank is closed."""
    made = Outside()
    transports.install(made)
    return made


async def wanting(who: Actor, *, key: RequestKey, **given: Any) -> None:
    """Somebody who wants to be told by mail, at once unless a test says otherwise."""
    usual: dict[str, Any] = {
        "mail": "wang@example.org",
        "chat": None,
        "pace": Pace.AT_ONCE,
        "daily_at": 9 * 60,
        "quiet_from": None,
        "quiet_to": None,
        "details": False,
        "language": "zh-CN",
    }
    await want_delivery(who, key=key, **(usual | given))


async def things(world: World, subject: Actor) -> dict[str, Any]:
    """The subject is told of notices; nobody else is."""
    outside()
    await wanting(subject, key=key())
    return {
        "mail": None,
        "chat": None,
        "pace": "DAILY",
        "dailyAtMinute": 540,
        "quietFromMinute": None,
        "quietToMinute": None,
        "details": False,
    }
