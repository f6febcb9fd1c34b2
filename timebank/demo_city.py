"""Making the demonstration ledger, and telling it from any other by its entry 0."""

from datetime import UTC, datetime, timedelta

from ledger.entry import decode
from timebank import publication, reading
from timebank.bank import LedgerOpened, init, open_bank
from timebank.carried import told
from timebank.clock import ManualClock, day_of
from timebank.demo import Demo, Report, Size
from timebank.demo_year import Year
from timebank.events import event_of
from timebank.settings import Settings


async def make(
    settings: Settings, report: Report, *, size: Size | None = None, now: datetime | None = None
) -> int:
    """Make the city in an empty directory, its year ending now; returns how many entries it has."""
    size, now = size or Size(), now or datetime.now(UTC)
    clock = ManualClock(now - timedelta(weeks=size.weeks + 2))
    await init(settings, clock=clock, demo=True)
    async with open_bank(settings, clock=clock):
        city = Demo(clock, today=day_of(now), size=size, report=report)
        await city.make()
        await Year(city).tell()
        return (await publication.publish_once(settings)).size


async def is_demo(settings: Settings) -> bool:
    """Whether a ledger's entry 0 says that it is a demonstration."""
    async with open_bank(settings):
        found = await reading.at(reading.PRIMARY).fetch("SELECT bytes FROM entry WHERE seq = 0", [])
    opened = event_of(told(decode(bytes(found[0][0])))) if found else None
    return isinstance(opened, LedgerOpened) and opened.demo
