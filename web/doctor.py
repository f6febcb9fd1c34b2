"""The doctor: what an operator should know before trusting a server, each line checked, not said.

Reads only. Knows the clock, the key file, the database with its fences and its role, the signing,
the tables, the files, the disk, the public address, the holidays, who is told, and what a server
here says.
"""

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException

import msgspec

from ledger.head import NotInstalled
from ledger.outages import is_away
from ledger.reader import Unreadable, open_reader, read_head
from ledger.receipts import witnessed_size
from ledger.roles import excess
from ledger.sessions import LOCALE, sorts_by_bytes
from timebank import master_keys, publication, vault
from timebank.clock import day_of
from timebank.file_store import store_of
from timebank.settings import Settings
from timebank.tables import TABLES
from timebank.transports import Apprise
from timebank.working_days import table_with
from web.address import is_loopback

LEAST_FREE_BYTES = 1 << 30
OWNER_ONLY = 0o077
SECONDS_TO_SIGN = 60
"""The log is signed every second; who serves may be starting anew."""
SECONDS_TO_ANSWER = 5
UNWELL = (OSError, ValueError, NotInstalled, Unreadable, master_keys.WrongMasterKey)


class Finding(msgspec.Struct, frozen=True):
    """One thing looked at: its name, whether it is well, and what was seen."""

    name: str
    well: bool
    seen: str


async def examine(settings: Settings) -> list[Finding]:
    """Look at everything, whatever is wrong with the rest."""
    looks: list[tuple[str, Callable[[Settings], Awaitable[Finding]]]] = [
        ("key", _key),
        ("database", _database),
        ("pages", _pages),
        ("fences", _fences),
        ("role", _role),
        ("anchor", _anchor),
        ("signing", _signing),
        ("witnesses", _witnesses),
        ("tables", _tables),
        ("files", _files),
        ("disk", _disk),
        ("address", _address),
        ("holidays", _holidays),
        ("messages", _messages),
        ("webhooks", _webhooks),
        ("server", _server),
    ]
    found = []
    for name, look in looks:
        try:
            found.append(await look(settings))
        except Exception as error:
            if not (isinstance(error, UNWELL) or is_away(error)):
                raise
            found.append(Finding(name, False, f"{type(error).__name__}: {error}"))
    return found


async def _key(settings: Settings) -> Finding:
    ids = vault.Keyring(settings).epoch_ids()
    told = f"{len(ids)} epochs, the current one {ids[-1]}"
    if not master_keys.in_file(settings):
        return Finding("key", True, f"the master key is given from outside; {told}")
    mode = settings.master_key.stat().st_mode & 0o777
    seen = f"{settings.master_key}, mode {mode:o}; {told}"
    return Finding("key", not mode & OWNER_ONLY, seen)


async def _database(settings: Settings) -> Finding:
    async with open_reader(settings.database_url) as reader:
        head = await read_head(reader)
        follows = not await publication.is_behind(reader, datetime.now(UTC))
        locale = await reader.fetch(LOCALE) if reader.dialect == "postgresql" else []
    clock = "the clock may be followed" if follows else "the clock is behind the last entry"
    seen = f"{reader.dialect}, {head.size} entries; {clock}"
    if slow := not all(map(sorts_by_bytes, locale)):
        seen += "; lists of an area use no index: make the database with LOCALE 'C.UTF-8'"
    return Finding("database", follows and not slow, seen)


async def _pages(settings: Settings) -> Finding:
    async with open_reader(settings.database_url) as reader:
        damage = await reader.damage()
    return Finding("pages", not damage, "; ".join(damage) or "the database finds no damage")


async def _fences(settings: Settings) -> Finding:
    async with open_reader(settings.database_url) as reader:
        differ = await reader.differences()
    seen = "; ".join(differ) or "triggers and indexes are those of the DDL file"
    return Finding("fences", not differ, seen)


async def _anchor(settings: Settings) -> Finding:
    trouble = await publication.trouble(settings)
    return Finding("anchor", trouble is None, trouble or "the database extends what was signed")


async def _signing(settings: Settings) -> Finding:
    late = await publication.unsigned_for(settings.database_url, datetime.now(UTC))
    seen = f"what was written {late:.0f} s ago is not signed" if late else "all that is due"
    return Finding("signing", late < SECONDS_TO_SIGN, seen)


async def _witnesses(settings: Settings) -> Finding:
    quorum = publication.read_quorum(settings)
    if quorum is None:
        return Finding("witnesses", True, "none are asked; settings name no quorum file")
    async with open_reader(settings.database_url) as reader:
        witnessed = await witnessed_size(reader, quorum)
    signed = await publication.signed_size(settings.database_url)
    seen = f"{quorum.needed} of {len(quorum.members)}; {witnessed} entries witnessed of {signed}"
    late = [one for one in await publication.witnessing(settings, datetime.now(UTC)) if one.behind]
    behind = [f"{one.name} cosigned {one.size} and nothing later" for one in late]
    well = (witnessed > 0 or signed == 0) and not late
    return Finding("witnesses", well, "; ".join([seen, *behind]))


async def _role(settings: Settings) -> Finding:
    held = await excess(settings.database_url)
    seen = "; ".join([*held, "serve as a role made by timebank database-role"] if held else [])
    return Finding("role", not held, seen or "can do no more to the ledger than append")


async def _tables(settings: Settings) -> Finding:
    behind = []
    async with open_reader(settings.database_url) as reader:
        for table in TABLES.values():
            columns = ", ".join(f'"{column}"' for column in table.columns)
            try:
                await reader.fetch(f'SELECT {columns} FROM "{table.name}" LIMIT 0')
            except Unreadable:
                behind.append(table.name)
    seen = f"run timebank migrate for {', '.join(behind)}" if behind else "up to date"
    return Finding("tables", not behind, seen)


async def _files(settings: Settings) -> Finding:
    try:
        return Finding("files", True, await asyncio.to_thread(store_of(settings).look))
    except ModuleNotFoundError:
        return Finding("files", False, "settings name a bucket, and the extra s3 is not installed")


async def _disk(settings: Settings) -> Finding:
    free = shutil.disk_usage(settings.data).free
    return Finding("disk", free >= LEAST_FREE_BYTES, f"{free >> 20} MiB free")


async def _address(settings: Settings) -> Finding:
    unset = "none is set (TIMEBANK_ADDRESS): documents are printed for this machine alone"
    well = bool(settings.address) or is_loopback(settings.host)
    return Finding("address", well, settings.address or unset)


async def _holidays(settings: Settings) -> Finding:
    """Without its line a year counts Monday to Friday, which gives offices less time, not more."""
    known, year = table_with(settings.working_days).years, day_of(datetime.now(UTC)).year
    unknown = [str(one) for one in (year, year + 1) if one not in known]
    seen = f"of {', '.join(map(str, sorted(known)))}"
    if unknown:
        told = "TIMEBANK_WORKING_DAYS names a file that tells them"
        counts = "counts" if len(unknown) == 1 else "count"
        seen += f"; {' and '.join(unknown)} {counts} Monday to Friday until {told}"
    return Finding("holidays", year in known or settings.working_days is None, seen)


async def _messages(settings: Settings) -> Finding:
    ways = sorted(way.value for way in Apprise(settings).channels())
    asked = bool(settings.notify_mail.get_secret_value() or settings.notify_tools)
    missing = "settings name a server or tools, and the extra notify is not installed"
    seen = f"leave by {' and '.join(ways)}" if ways else "none leave the house"
    return Finding("messages", bool(ways) or not asked, missing if asked and not ways else seen)


async def _webhooks(settings: Settings) -> Finding:
    """How far each has been told of what was signed; one that is new is told from now on."""
    if not settings.webhooks:
        return Finding("webhooks", True, "settings name none")
    signed = await publication.signed_size(settings.database_url)
    async with open_reader(settings.database_url) as reader:
        rows = await reader.fetch("SELECT name, told, failed FROM webhook")
    told = {name: (size, failed) for name, size, failed in rows}
    seen, well = [], True
    for hook in settings.webhooks:
        size, failed = told.get(hook.name, (signed, None))
        why = "" if failed is None else f"; last answer: {failed}"
        seen.append(f"{hook.name} told {size} entries of {signed}{why}")
        well = well and failed is None
    return Finding("webhooks", well, ", ".join(seen))


async def _server(settings: Settings) -> Finding:
    """What only a running server knows, such as that the clock was set under it."""
    try:
        told = await asyncio.to_thread(_asked, settings.host, settings.port)
    except (OSError, HTTPException, msgspec.DecodeError, msgspec.ValidationError):
        return Finding("server", True, f"none answers at {settings.host}:{settings.port}")
    return Finding("server", told.ready, told.trouble or ("ready" if told.ready else "not ready"))


class _Told(msgspec.Struct, frozen=True):
    """What /readyz says."""

    ready: bool
    trouble: str = ""


def _asked(host: str, port: int) -> _Told:
    connection = HTTPConnection(host, port, timeout=SECONDS_TO_ANSWER)
    try:
        connection.request("GET", "/readyz")
        return msgspec.json.decode(connection.getresponse().read(), type=_Told)
    finally:
        connection.close()
