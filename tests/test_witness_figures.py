"""What an operator is told of each witness: where it stands, and whether it is behind."""

import re
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client import generate_latest

from ledger.checkpoint import COSIGNATURE, Signer, cosign
from ledger.quorum import Member, Quorum
from tests.test_pages_module import browsing
from tests.wire import ask
from tests.world import World, open_world
from timebank import publication
from timebank.actors import PUBLIC
from timebank.settings import Settings
from web import doctor
from web.metrics import collect

pytestmark = pytest.mark.anyio

FIRST = Signer("first.example", b"1" * 32, kind=COSIGNATURE)
OTHER = Signer("other.example", b"2" * 32, kind=COSIGNATURE)
MEMBERS = (Member("first", FIRST.verifier, None), Member("other", OTHER.verifier, None))


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    """A city whose log two witnesses watch, one of which is enough."""
    async with open_world(database_url, tmp_path) as made:
        (tmp_path / "quorum").write_text(Quorum(MEMBERS, 1).text)
        made.settings = made.settings.model_copy(update={"quorum": tmp_path / "quorum"})
        yield made


async def signed(world: World, *signers: Signer) -> int:
    """Sign the log as it is and have it cosigned; how many entries that covers."""
    size = (await publication.publish_once(world.settings)).size
    async with world.journal.writer.transaction() as transaction:
        ((note, at),) = await transaction.fetch(
            "SELECT note, at FROM checkpoint WHERE size = $1", size
        )
        for signer in signers:
            await transaction.execute(
                "INSERT INTO cosignature (size, witness, line, at) VALUES ($1, $2, $3, $4)",
                *(size, signer.verifier.name, cosign(note, signer, time=1), at),
            )
    return size


async def figures(settings: Settings) -> set[str]:
    """The lines of /metrics."""
    return set(generate_latest(await collect(settings)).decode().splitlines())


async def test_a_witness_that_cosigned_nothing_for_a_minute_is_behind(world: World) -> None:
    before = await signed(world, FIRST, OTHER)
    await world.volunteer()
    size = await signed(world, FIRST)
    assert size > before
    # The checkpoint bears the machine's own time, which is compared with the city's.
    async with world.journal.writer.transaction() as transaction:
        (at,) = (await transaction.fetch("SELECT at FROM checkpoint WHERE size = $1", size))[0]
    signed_at = datetime.fromisoformat(at)
    for passed, behind in ((timedelta(seconds=50), False), (timedelta(seconds=61), True)):
        told = await publication.witnessing(world.settings, signed_at + passed)
        assert [(one.name, one.size, one.behind) for one in told] == [
            ("first", size, False),
            ("other", before, behind),
        ]


async def test_figures_and_doctor_name_the_witness_that_is_behind(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = await signed(world, FIRST)
    monkeypatch.setattr(publication, "TIME_TO_COSIGN", timedelta(days=-40_000))
    told = await figures(world.settings)
    for line in (
        f'timebank_witness_entries{{witness="first"}} {float(size)}',
        'timebank_witness_entries{witness="other"} 0.0',
        'timebank_witness_behind{witness="first"} 0.0',
        'timebank_witness_behind{witness="other"} 1.0',
    ):
        assert line in told
    (found,) = [one for one in await doctor.examine(world.settings) if one.name == "witnesses"]
    assert (found.well, "other cosigned 0 and nothing later" in found.seen) == (False, True)
    await signed(world, OTHER)
    (found,) = [one for one in await doctor.examine(world.settings) if one.name == "witnesses"]
    assert (found.well, "nothing later" in found.seen) == (True, False)


async def test_everybody_sees_where_the_quorum_and_each_witness_stand(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    asks = "{ ledger { quorum { needed signed witnessed witnesses { name size behind } } } }"
    assert (await ask(world, PUBLIC, asks))["ledger"] == {"quorum": None}
    made = publication.Publication(world.settings, world.journal.writer)
    monkeypatch.setattr(publication, "_installed", made)
    before = await signed(world, FIRST)
    await world.volunteer()
    size = await signed(world)
    assert (await ask(world, PUBLIC, asks))["ledger"]["quorum"] == {
        "needed": 1,
        "signed": size,
        "witnessed": before,
        "witnesses": [
            {"name": "first", "size": before, "behind": False},
            {"name": "other", "size": 0, "behind": False},
        ],
    }
    async with await browsing(world, None) as client:
        shown = (await client.get("/ledger")).text
    assert "最近一次签署还在等见证人" in shown
    assert re.search(rf"first</td><td[^>]*>{before}<", shown)


async def test_where_no_witness_is_asked_none_is_behind(world: World) -> None:
    await signed(world)
    settings = world.settings.model_copy(update={"quorum": None})
    assert not [line for line in await figures(settings) if line.startswith("timebank_witness")]
