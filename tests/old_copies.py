"""What is searched for when somebody was erased, and old copies that are read like a thief would.

A whole life in the vault, every secret of it by name, the bytes it could stand in, and a copy's
sealed rows tried with any key there is, by none of the software's own means.
"""

import base64
import hmac
import subprocess
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ledger.backup import NamedKey, back_up
from ledger.reader import open_reader
from ledger.signer import open_seed
from ledger.tables import dialect_of, sqlite_path
from tests.copies import tools
from tests.disputes import objected
from tests.volunteering import captured, confirmed
from tests.world import World, key, resident_id
from timebank import exports, log_keys
from timebank.access import Role
from timebank.actors import PUBLIC, SYSTEM, Actor
from timebank.beancount_books import write_books
from timebank.identity import DocumentType
from timebank.master_keys import NONCE_BYTES, derived, read_key, read_masters
from timebank.objection_life import Grounds
from timebank.people import register_person
from timebank.rulings import rule_on
from timebank.settings import Settings
from timebank.sign_in import Cost, open_session, set_password
from timebank.tables import TABLES, find, keys_of, read
from timebank.texts import Text
from timebank.vault import (
    DataKey,
    KeyedFinding,
    KeyedIndex,
    SealedField,
    keyring,
)

HOUR = timedelta(hours=1)


async def keep_copy(settings: Settings, target: Path) -> None:
    """A backup of a ledger that this process has open: `backups.make` opens it by itself."""
    (master, *_) = read_masters(settings)
    log = log_keys.read_all(settings)
    named = [NamedKey("log", one.id.hex(), one.text) for one in log]
    await back_up(
        settings.database_url,
        target,
        origin=settings.origin,
        software="test",
        keys=[NamedKey("master", master.id), *named],
        tools=settings.postgresql_tools,
    )


async def whole_life(world: World) -> Actor:
    """Somebody with a password, a session, notices, and an objection that was decided."""
    world.count += 1
    made = await register_person(
        PUBLIC,
        name="王秀英",
        document=DocumentType.RESIDENT_ID,
        document_number=resident_id(world.count),
        phone=f"139{world.count:08d}",
        home=world.station,
        consent=True,
        key=key(),
    )
    id = made.person
    who = Actor(id=id, person=id)
    await set_password(
        SYSTEM, whose=id, password="a long password", cost=Cost(iterations=1, memory_kib=8)
    )
    await open_session(id)
    early = world.clock.now() - 4 * HOUR
    await confirmed(world, [await captured(world, who, starts=early, minutes=30)])
    objection = await objected(world, who)
    lead = world.staff[Role.DISTRICT_LEAD]
    await rule_on(
        lead, objection=objection, grounds=Grounds.NOT_SHOWN, decision="已核实", key=key()
    )
    return who


async def secrets_of(who: str) -> dict[str, bytes]:
    """Every value in the vault that is a person's and could be told from any other, by name."""
    told: dict[str, bytes] = {}
    for row, column in (
        *((row, "person") for row in (DataKey, SealedField, KeyedIndex, KeyedFinding)),
        *((TABLES[name].row, "person") for name in ("age_band", "password", "session")),
    ):
        spec = row.spec
        for values in await read(spec, spec.listed, filters={column: who}):
            for name, value in zip(spec.columns, values, strict=True):
                # A name has one mark, whoever bears it; that this person does is in the id.
                told_apart = "id" if row is KeyedFinding else "mark"
                if name in {"wrapped", "sealed", told_apart, "phc", "digest"}:
                    data = value.encode() if isinstance(value, str) else bytes(value)
                    told[f"{spec.name}.{name}/{values[0]}"] = data
    (objection,) = await keys_of(TABLES["objection"], person=who)
    spec = Text.spec
    for values in await read(spec, spec.listed, filters={"id__startswith": objection}):
        text = spec.load(values)
        told[f"{text.id} sealed"], told[f"{text.id} salt"] = bytes(values[-1]), text.salt
        told[f"{text.id} value"] = text.value.encode()
    assert len([name for name in told if "texts" not in name]) >= 12
    return told


def found(data: bytes, secrets: dict[str, bytes]) -> set[str]:
    """The secrets that stand in some bytes: as they are, in hexadecimal or in base64."""
    return {
        name
        for name, secret in secrets.items()
        if any(
            form in data
            for form in (secret, secret.hex().encode(), base64.b64encode(secret).rstrip(b"="))
        )
    }


def searchable(directory: Path) -> bytes:
    """All a backup holds, a dump of PostgreSQL written out as SQL."""
    data = b"".join(path.read_bytes() for path in directory.iterdir())
    dump = directory / "ledger.dump"
    if dump.exists():
        program = str(tools() / "pg_restore")
        done = subprocess.run([program, "--file=-", str(dump)], capture_output=True, check=True)
        data += done.stdout
    return data


def files_of(url: str) -> bytes:
    """The database's file, its log and its index of the log; of PostgreSQL the server's files."""
    if dialect_of(url) == "postgresql":
        (directory,) = parse_qs(urlsplit(url).query)["host"]
        kept = [one for part in ("base", "pg_wal") for one in Path(directory, part).rglob("*")]
        return b"".join(one.read_bytes() for one in kept if one.is_file())
    path = sqlite_path(url)
    parts = (Path(path + end) for end in ("", "-wal", "-shm"))
    return b"".join(part.read_bytes() for part in parts if part.exists())


async def exported(world: World) -> bytes:
    """Everything that is exported."""
    url = world.settings.database_url
    books, entries, postings = StringIO(), StringIO(), StringIO()
    await write_books(url, books, lambda done, size: None)
    await exports.write_csv(url, entries, postings, lambda done, size: None)
    return "".join(file.getvalue() for file in (books, entries, postings)).encode()


class Copy:
    """The vault of an old copy, read without any of the software's own means."""

    def __init__(self, rows: dict[str, list[tuple[Any, ...]]]) -> None:
        self.rows = rows

    @classmethod
    async def of(cls, url: str) -> "Copy":
        """The vault's sealed tables, as they stand at an address."""
        names = ["data_key", "sealed_field", "keyed_index", "keyed_finding"]
        names += [table.name for table in TABLES.values() if table.sealed]
        async with open_reader(url) as reader:
            told = {}
            for name in names:
                columns = ", ".join(f'"{column}"' for column in TABLES[name].columns)
                told[name] = await reader.fetch(f'SELECT {columns} FROM "{name}"')
        return cls(told)

    def opened_by(self, keys: dict[str, bytes], who: str, number: str) -> set[str]:
        """What any of the keys opens of a person: keys, fields, rows, and the index by guessing."""
        told: set[str] = set()
        data_keys = []
        for whose, _, wrapped in self.rows["data_key"]:
            if whose == who:
                tried = (opens(one, wrapped, whose) for one in keys.values())
                data_keys += [plain for plain in tried if plain]
        told |= {"data_key"} if data_keys else set()
        for id, whose, field, sealed in self.rows["sealed_field"]:
            for one in (*data_keys, *keys.values()):
                if whose == who and opens(one, sealed, f"{whose}\n{field}"):
                    told.add(id)
        for table in TABLES.values():
            for pk, *_, sealed in self.rows[table.name] if table.sealed else ():
                if any(opens(one, sealed, f"{table.name}/{pk}") for one in keys.values()):
                    told.add(f"{table.name}/{pk}")
        for mark, whose, _ in self.rows["keyed_index"]:
            for one in keys.values():
                if whose == who and guesses(one, mark, number):
                    told.add("keyed_index")
        return told


def opens(key: bytes, sealed: Any, said: str) -> bytes | None:
    """What a key opens, if it does."""
    data = bytes(sealed)
    try:
        return AESGCM(key).decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], said.encode())
    except InvalidTag:
        return None


def guesses(key: bytes, mark: str, number: str) -> bool:
    """Whether a key lets one try document numbers on an index."""
    told = f"resident_id\n{number}".encode()
    return hmac.digest(key, told, "sha256").hex() == mark


def every_key(settings: Settings) -> dict[str, bytes]:
    """Every key that is left, and all that is derived from each for any purpose."""
    masters = read_masters(settings)
    keys = {master.id: master.key for master in masters}
    keys["steady"] = read_key(settings.steady_key, use="steady", id="steady", masters=masters)
    for path in settings.epoch_keys.glob("*.key"):
        keys[path.stem] = read_key(path, use="epoch", id=path.stem, masters=masters)
    keys["log"] = open_seed(settings.log_key, secret=masters[0].key)[1]
    purposes = (b"wrapping", b"index", b"marks", b"request", b"session", b"master id", b"epoch id")
    return keys | {
        f"{name}/{purpose.decode()}": derived(key, purpose)
        for name, key in keys.items()
        for purpose in purposes
    }


async def holds(number: str, who: str) -> bool:
    """Whether a document is a person's."""
    mark = keyring().current().mark("resident_id", number)
    held = await find(KeyedIndex, mark)
    return held is not None and held.person == who
