"""Databases as each release left them, kept so that every later one is held to bring them forward.

A release is a version without `.dev`; `make release` keeps a small city's year on either database,
as a backup in `tests/kept_releases`, and the hashes of the migrations that made its tables, which
from then on never change: what changes a table afterwards is another migration. Beside them lies
what the body of each kind of entry is, which keeps every member as it was (ledger format 1).
"""

import asyncio
import hashlib
import json
import tarfile
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from ledger.backup import back_up, loaded, read_manifest
from ledger.tables import dialect_of
from tests.clusters import cluster
from tests.copies import tools
from tests.demo_site import YEAR
from timebank import demo_city
from timebank.events import kinds
from timebank.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
KEPT = Path(__file__).with_name("kept_releases")
MIGRATIONS = ROOT / "timebank" / "migrations"
SUMS = "migrations.sha256"
MEMBERS = "members.json"
ENDING = ".tar.xz"


def version() -> str:
    """The version of this tree."""
    told = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    return str(told["project"]["version"])


def sums() -> dict[str, str]:
    """The hash of each migration there is, by its name."""
    return {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(MIGRATIONS.glob("0*.py"))
    }


def released() -> dict[str, str]:
    """The hash of each migration that was released."""
    if not (KEPT / SUMS).exists():
        return {}
    lines = (KEPT / SUMS).read_text("utf-8").splitlines()
    return {name: told for told, name in (line.split() for line in lines)}


def members() -> dict[str, str]:
    """What each kind's body is, member by member, and what a member is where it is left out."""
    found: dict[str, str] = {}
    for kind, event in sorted(kinds().items()):
        (schema,), parts = msgspec.json.schema_components([event])
        found |= dict(_parts(kind, schema, parts))
    return found


def _parts(path: str, schema: dict[str, Any], parts: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """A part of a body by its path, and those below it."""
    left_out = f" = {json.dumps(schema['default'])}" if "default" in schema else ""
    while "$ref" in schema:
        schema = parts[schema["$ref"].rpartition("/")[2]]
    yield path, schema.get("type", "one of") + left_out
    for code in schema.get("enum", ()):
        yield f"{path}/{code}", f"code = {code}"  # of codes there may come more
    for n, one in enumerate([*schema.get("anyOf", ()), *schema.get("prefixItems", ())]):
        yield from _parts(f"{path}/{n}", one, parts)
    for name, one in schema.get("properties", {}).items():
        yield from _parts(f"{path}/{name}", one, parts)
    if isinstance(schema.get("items"), dict):
        yield from _parts(f"{path}/*", schema["items"], parts)


def broken(kept: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Members that were lost, are something else, or must be there and never were (format 1)."""
    changed = [path for path, what in kept.items() if now.get(path) != what]
    more = [path for path in now if path not in kept and path.rpartition("/")[0] in kept]
    return changed + [path for path in more if " = " not in now[path]]


def released_members() -> dict[str, str]:
    """What each kind's body was in the latest release."""
    if not (KEPT / MEMBERS).exists():
        return {}
    told: dict[str, str] = json.loads((KEPT / MEMBERS).read_text("utf-8"))
    return told


async def keep(url: str, archive: Path) -> None:
    """Put a copy of a database into an archive."""
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / "copy"
        await back_up(
            url, copy, origin="tests", software=f"timebank {version()}", keys=(), tools=tools()
        )
        with tarfile.open(archive, "x:xz") as packed:
            for file in sorted(copy.iterdir()):
                packed.add(file, file.name)


async def put_back(archive: Path, url: str) -> None:
    """Load an archive where nothing is."""
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch)
        with tarfile.open(archive) as packed:
            for member in packed.getmembers():
                file = packed.extractfile(member)
                assert file, "a copy holds plain files"
                (copy / Path(member.name).name).write_bytes(file.read())
        async with loaded(copy, read_manifest(copy), url, tools=tools()):
            pass


async def release() -> None:
    """Keep a city of this version on either database, and what made its tables."""
    KEPT.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, cluster() as servers:
        node = servers.node()
        node.make()
        node.start()
        for url in (f"sqlite:///{scratch}/timebank.db", node.url):
            kind = dialect_of(url)
            settings = Settings(data=Path(scratch) / kind, database=url)
            await demo_city.make(settings, lambda what, done, count: None, size=YEAR)
            await keep(url, KEPT / f"{version()}-{kind}{ENDING}")
    lines = [f"{told}  {name}\n" for name, told in sums().items()]
    (KEPT / SUMS).write_text("".join(lines), "utf-8")
    (KEPT / MEMBERS).write_text(json.dumps(members(), indent=0) + "\n", "utf-8")


if __name__ == "__main__":
    if ".dev" in version():
        raise SystemExit(f"{version()} is no release: name one in pyproject.toml first")
    asyncio.run(release())
