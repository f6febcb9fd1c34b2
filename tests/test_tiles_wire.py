"""The log over HTTP and by command, taken by somebody who shares no code with it.

Knows who may have what, how long it may be kept, and that a mirror made over the wire, or exported,
is whole; `tests.outsider` judges it.
"""

import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import httpx
import pytest
from click.testing import Result
from starlette.applications import Starlette
from starlette.requests import Request

from ledger.writer import open_writer
from schema.context import Context
from tests import outsider
from tests.commands import timebank
from tests.demo_site import make_city, serving
from tests.ledgers import SIGNER, add, fences_down, fill, publish
from tests.world import World, key, open_world
from timebank import demo, publication
from timebank.access import Role, end_role, role_holder
from timebank.actors import Actor, person
from timebank.divisions import CITY_PATH
from timebank.settings import Settings
from timebank.sign_in import open_session
from web import app
from web.tiles import Tiles

pytestmark = pytest.mark.anyio

DISTRICT = "420100/420102/"
FOR_EVER = "public, max-age=31536000, immutable"
BEYOND = [
    *("tile/0/000", "tile/0/001", "tile/0/000.p/201", "tile/0/000.p/255", "tile/1/000.p/1"),
    *("tile/0/001.p/1", "tile/63/000.p/1", "tile/0/x999/x999/x999/999"),
]
MISSPELT = [
    *("tile/0/0", "tile/00/000.p/5", "tile/0/000.p/0", "tile/0/000.p/05", "tile/0/000.p/256"),
    *("tile/0/x000/000.p/5", "tile/64/000.p/1", "tile/0/", "tile/", "tile/0/000.p/5/"),
    *("tile/-1/000.p/5", "tile/0/%2E%2E/0/000.p/5", "tile//0/000.p/5", "tile/0/000.p/5%0A"),
]


async def nobody_asked(request: Request) -> Context:
    """Whoever takes what is public is not asked who they are."""
    raise AssertionError("a public file depends on who asks")


def site(url: str) -> httpx.AsyncClient:
    """The log of a bare ledger, whose public files alone can be had."""
    alone = Starlette(routes=Tiles(url, nobody_asked).routes())
    return httpx.AsyncClient(transport=httpx.ASGITransport(alone), base_url="http://log/ledger/")


async def fetch(
    client: httpx.AsyncClient, directory: Path, vkey: str, headers: Mapping[str, str]
) -> None:
    """Mirror a log over HTTP, as its checkpoint says: `headers` must let entries be read."""
    note = (await client.get("checkpoint")).text
    put(directory / "checkpoint", note.encode())
    put(directory / "vkey", f"{vkey}\n".encode())
    size = outsider.head_of(note, outsider.key_of(vkey)).size
    for kind, files in outsider.expected(size).items():
        for _, path in files:
            answer = await client.get(path, headers=headers if kind == "entries" else {})
            assert answer.status_code == 200, path
            put(directory / path, answer.content)


def put(path: Path, data: bytes) -> None:
    """Write a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


# Public


async def test_hash_tiles_are_everybodys_and_kept_for_ever(database_url: str) -> None:
    made = await fill(database_url, 600)
    leaves = [outsider.leaf_of(entry.bytes) for entry in made]
    async with site(database_url) as client:
        for path, data in {
            "tile/0/000": b"".join(leaves[:256]),
            "tile/0/001": b"".join(leaves[256:512]),
            "tile/0/002.p/88": b"".join(leaves[512:]),
            "tile/0/002.p/1": leaves[512],
            "tile/0/000.p/17": b"".join(leaves[:17]),
            "tile/1/000.p/2": outsider.tree(leaves[:256]) + outsider.tree(leaves[256:512]),
        }.items():
            answer = await client.get(path)
            assert (answer.status_code, answer.content) == (200, data)
            assert answer.headers["cache-control"] == FOR_EVER
            assert answer.headers["content-type"] == "application/octet-stream"
            head = await client.head(path)
            assert (head.status_code, head.content) == (200, b"")
            assert (await client.post(path)).status_code == 405


async def test_a_checkpoint_is_kept_for_moments(database_url: str) -> None:
    await fill(database_url, 3)
    async with site(database_url) as client:
        answer = await client.get("checkpoint")
    assert answer.headers["cache-control"] == "public, max-age=2"
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert outsider.head_of(answer.text, outsider.key_of(SIGNER.verifier.text)).size == 3


async def test_nothing_is_served_beyond_the_latest_checkpoint(database_url: str) -> None:
    await fill(database_url, 200)
    writer = await open_writer(database_url)
    await add(writer, 100)
    async with site(database_url) as client:
        for path in BEYOND:
            answer = await client.get(path)
            assert (answer.status_code, answer.headers["cache-control"]) == (404, "no-store"), path
        assert (await client.get("tile/0/000.p/200")).status_code == 200
        async with writer.transaction() as transaction:
            await publish(transaction)
        await writer.close()
        for path, there in {"tile/0/000": 200, "tile/1/000.p/1": 200, "tile/0/001": 404}.items():
            assert (await client.get(path)).status_code == there


async def test_a_file_that_is_not_what_was_signed_is_not_given(sqlite_url: str) -> None:
    await fill(sqlite_url, 300)
    with fences_down(sqlite_url) as connection:
        connection.execute("DELETE FROM entry WHERE seq = 7")
    async with site(sqlite_url) as client:
        answer = await client.get("tile/0/000")
    assert (answer.status_code, answer.headers["cache-control"]) == (500, "no-store")
    assert "not the one that was signed" in answer.text


async def test_another_spelling_of_a_path_names_nothing(sqlite_url: str) -> None:
    await fill(sqlite_url, 200)
    async with site(sqlite_url) as client:
        for path in MISSPELT:
            request = client.build_request("GET", "x")
            request.url = request.url.copy_with(raw_path=f"/ledger/{path}".encode())
            answer = await client.send(request)
            assert (answer.status_code, answer.text) == (404, "404"), path


async def test_a_log_never_signed_serves_nothing(tmp_path: Path, database_url: str) -> None:
    async with open_world(database_url, tmp_path) as world, visitors(world) as client:
        for path in ("checkpoint", "tile/0/000.p/1"):
            assert (await client.get(path)).status_code == 404
        await publication.publish_once(world.settings)
        for path in ("checkpoint", "tile/0/000.p/1"):
            assert (await client.get(path)).status_code == 200


# Entries


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(database_url, tmp_path) as made:
        await publication.publish_once(made.settings)
        yield made


def visitors(world: World) -> httpx.AsyncClient:
    """The whole application over a world's open bank."""
    transport = httpx.ASGITransport(app.build(world.settings))
    return httpx.AsyncClient(transport=transport, base_url="https://log/ledger/")


async def bearer(actor: Actor) -> dict[str, str]:
    """The headers of somebody who signed in."""
    return {"authorization": f"Bearer {(await open_session(actor.person or '')).token}"}


async def test_entries_are_for_auditors_of_the_whole_log_alone(world: World) -> None:
    auditor = await world.officer(Role.AUDITOR, CITY_PATH)
    kept_out = [
        await world.volunteer(),
        world.staff[Role.STATION_MANAGER],
        world.staff[Role.DISTRICT_LEAD],
        await world.officer(Role.AUDITOR, DISTRICT),
        await world.officer(Role.OPERATOR, CITY_PATH),
    ]
    # Who can be told from a file that is not there, has been told that it is.
    there, missing = "tile/entries/000.p/5", "tile/entries/000.p/255"
    async with visitors(world) as client:
        had = await client.get(there, headers=await bearer(auditor))
        assert (had.status_code, had.headers["cache-control"]) == (200, "no-store")
        assert [json.loads(one)["seq"] for one in outsider.split(had.content)] == [*range(5)]
        nothing = await client.get(missing, headers=await bearer(auditor))
        answers = [await client.get(there), await client.get(missing)]
        answers += [await client.get(there, headers={"authorization": "Bearer forged"})]
        for actor in kept_out:
            headers = await bearer(actor)
            answers += [await client.get(path, headers=headers) for path in (there, missing)]
    assert nothing.status_code == 404
    for answer in answers:
        assert (answer.status_code, answer.content) == (404, nothing.content)
        assert answer.headers == nothing.headers


async def test_a_session_s_cookie_lets_an_auditor_in_until_the_role_ends(world: World) -> None:
    auditor = await world.officer(Role.AUDITOR, CITY_PATH)
    operator = await world.officer(Role.OPERATOR, CITY_PATH)
    who = auditor.person or ""
    cookie = {"cookie": f"{app.COOKIE}={(await open_session(who)).token}"}
    async with visitors(world) as client:
        assert (await client.get("tile/entries/000.p/5", headers=cookie)).status_code == 200
        (grant,) = (await role_holder(operator, who)).grants
        await end_role(operator, person=who, grant=grant.id, key=key())
        assert (await client.get("tile/entries/000.p/5", headers=cookie)).status_code == 404


async def test_entries_travel_packed_where_that_is_understood(world: World) -> None:
    auditor = await world.officer(Role.AUDITOR, CITY_PATH)
    headers = await bearer(auditor)
    async with visitors(world) as client:
        packed = await client.get("tile/entries/000.p/9", headers=headers)
        headers |= {"accept-encoding": "identity"}
        plain = await client.get("tile/entries/000.p/9", headers=headers)
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.content == plain.content
    assert packed.num_bytes_downloaded < plain.num_bytes_downloaded
    assert packed.headers["vary"] == plain.headers["vary"] == "Accept-Encoding"


# The whole log


def exported(data: Path, directory: Path) -> Result:
    """Run `timebank export tiles`."""
    return timebank("--json", "export", "tiles", str(directory), "--data", str(data))


async def test_a_city_s_log_is_the_same_over_http_and_by_export(tmp_path: Path) -> None:
    settings = await make_city(tmp_path)
    vkey = settings.log_vkey.read_text().strip()
    trusted = outsider.key_of(vkey)
    async with serving(settings) as address:
        auditor = await auditor_of_city()
        async with httpx.AsyncClient(base_url=f"{address}/ledger/") as client:
            await fetch(client, tmp_path / "fetched", vkey, await bearer(auditor))
    fetched = outsider.Directory(tmp_path / "fetched", trusted)
    old = fetched.check()
    assert old.size > 256
    # The server has ended and signed what came last; the export signs nothing new.
    told = exported(settings.data, tmp_path / "exported")
    assert told.exit_code == 0, told.stderr
    mirror = outsider.Directory(tmp_path / "exported", trusted)
    new = mirror.check()
    assert json.loads(told.stdout)["size"] == new.size
    assert mirror.root_at(old.size) == old.root
    outsider.check_consistency(old, new, mirror.consistency(old.size, new.size))
    assert mirror.leaves[: old.size] == fetched.leaves


async def auditor_of_city() -> Actor:
    """The auditor of the demonstration city that is being served."""
    (found,) = [cast.person for cast in await demo.sign_ins() if cast.role == Role.AUDITOR]
    return person(found)


async def test_an_export_goes_on_where_it_was_and_names_what_is_wrong(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "data")
    told = exported(settings.data, tmp_path / "m")
    assert (told.exit_code, (tmp_path / "m").exists()) == (3, False)
    async with open_world(settings.database_url, tmp_path) as world:
        assert world.settings.data == settings.data
    told = exported(settings.data, tmp_path / "m")
    first = json.loads(told.stdout)
    assert (told.exit_code, first["written"], first["kept"]) == (0, 2, 0)
    second = json.loads(exported(settings.data, tmp_path / "m").stdout)
    assert second == first | {"written": 0, "kept": 2}
    trusted = outsider.key_of(settings.log_vkey.read_text().strip())
    assert outsider.Directory(tmp_path / "m", trusted).check().size == first["size"]
    # Another log's directory, and a ledger that is not what was signed.
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "vkey").write_text("another+00000000+AA==\n")
    told = exported(settings.data, tmp_path / "other")
    assert (told.exit_code, "verifier key" in told.stderr) == (1, True)
