"""PostgreSQL fails over: nothing that was acknowledged is lost, and what lost something is caught.

Clients keep one address; the server behind it changes, as behind Patroni.
"""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from ledger.anchor import Verdict
from ledger.publisher import Halted
from ledger.verify import verify
from tests.burst import Told, attempt
from tests.clusters import Cluster, Node, cluster
from tests.test_reward_bursts import PRICE, orders_of, process, stocked
from tests.world import open_world
from timebank import accounts, publication, replay
from timebank.bank import open_bank
from timebank.policy import SEED, read_policy
from timebank.publication import publish_once, publishing
from timebank.refusals import LedgerStopped

pytestmark = pytest.mark.anyio

# Founded here and not copied: what other tests copy from lies on another server.
FIRST_POLICY = read_policy(SEED.read_text("utf-8"))
FIRST = 40
"""Answers that each process has given when the primary is killed."""


@pytest.fixture
def made() -> Iterator[Cluster]:
    with cluster() as servers:
        yield servers


def pair(made: Cluster) -> tuple[Node, Node]:
    """A primary, where clients connect, and its standby."""
    first, second = made.node(), made.node()
    first.make()
    first.start()
    second.follow(first, "second")
    second.start()
    made.address.lead_to(first)
    return first, second


async def test_a_primary_killed_in_a_burst_loses_nothing_it_acknowledged(
    made: Cluster, tmp_path: Path
) -> None:
    first, second = pair(made)
    await first.wait_for("second")
    async with (
        open_world(made.address.url, tmp_path, policy=FIRST_POLICY) as world,
        publishing(world.settings) as log,
    ):
        task = await stocked(world, 100_000 * PRICE)
        names = [[f"{worker}-{n:04d}" for n in range(1_000)] for worker in "ab"]
        two = [await process(task, each) for each in names]
        told: list[Told] = []
        for one in two:
            one.write(b"go\n")
        for one in two:
            lines = [await one.stdout.readline() for _ in range(FIRST)]
            told += [msgspec.json.decode(line, type=Told) for line in lines]

        with second.deaf():
            # What the primary acknowledged alone would be lost now.
            await asyncio.sleep(0.5)
            first.kill()
        second.promote()
        made.address.lead_to(second)

        ended = await asyncio.gather(*(one.communicate() for one in two))
        lines = [line for out in ended for line in out.splitlines()]
        # What else is there is the log, which says that the database was away.
        later = [msgspec.json.decode(line, type=Told) for line in lines if line.startswith(b"{")]
        assert any(b"ledger_away" in line for line in lines)
        assert len(later) > FIRST, "it was killed in the midst of it"
        orders = [one.order for one in told + later]
        assert None not in orders
        assert len(orders) == len(set(orders)) == sum(map(len, names))
        assert {order.id for order in await orders_of(task)} == set(orders)
        again = await attempt(task, told[0].key)
        assert again == msgspec.structs.replace(told[0], replayed=True)
        spent = 100_000 * PRICE - await accounts.balance_of(accounts.volunteer(task.person))
        assert spent == len(orders) * PRICE

        assert await log.wait(max(one.entry or 0 for one in later) + 1, seconds=10)
        assert await publication.examine(world.settings) is Verdict.GO
        report = await verify(second.url, log=publication.read_verifiers(world.settings))
        assert report.sound, report.findings
        assert report.signed == report.size
        assert (await replay.compare(second.url)).differing == 0


async def test_a_stale_standby_promoted_instead_is_caught_by_the_anchor(
    made: Cluster, tmp_path: Path
) -> None:
    first, stale = pair(made)
    async with open_world(made.address.url, tmp_path, policy=FIRST_POLICY) as world:
        task = await stocked(world, 100 * PRICE)
        await attempt(task, "both have it")
        stale.kill()
        lost = await attempt(task, "only the first has it")
        signed = await publish_once(world.settings)

        first.kill()
        stale.start()
        stale.promote()
        made.address.lead_to(stale)

        assert await publication.trouble(world.settings) == Verdict.ROLLED_BACK
        with pytest.raises(Halted):
            await publish_once(world.settings)
        with pytest.raises(LedgerStopped):
            await attempt(task, "nothing is written to a log that lost something")
    async with open_bank(world.settings, clock=world.clock) as restarted:
        assert restarted.halted == Verdict.ROLLED_BACK

    stale.kill()
    first.start()
    made.address.lead_to(first)
    async with open_bank(world.settings, clock=world.clock):
        kept = await attempt(task, "only the first has it")
        assert kept == msgspec.structs.replace(lost, replayed=True)
        assert (await publish_once(world.settings)).size == signed.size
