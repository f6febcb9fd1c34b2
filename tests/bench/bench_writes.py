"""Single mutations by grouped commit against one ORM transaction each, in one run, in turn.

Ours is the whole command that orders a reward: access, decision, sealed entry, projections, request
id, fsynced. The baseline does less: it reads two balances, changes them and adds one line, as a
team would write it with Tortoise. Both have the same number of clients, which wait for each answer.
Clients and database share the machine.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import msgspec
from tortoise import Tortoise, fields
from tortoise.models import Model
from tortoise.transactions import in_transaction

from ledger.tables import dialect_of
from tests.credit import credit
from tests.world import key, open_world
from timebank.access import Role
from timebank.reward_orders import order_reward
from timebank.rewards import offer_reward

Client = Callable[[int], Awaitable[object]]


class Balance(Model):
    """The baseline's account."""

    id = fields.IntField(primary_key=True)
    minutes = fields.BigIntField()


class Line(Model):
    """The baseline's ledger line: about as many bytes as an entry has."""

    id = fields.IntField(primary_key=True)
    said = fields.TextField()


class Rates(msgspec.Struct):
    """Mutations a second: each repetition and the medians' ratio."""

    database: str
    clients: int
    grouped: list[float]
    orm: list[float]

    @property
    def ratio(self) -> float:
        """How many times faster grouped commits are."""
        return median(self.grouped) / median(self.orm)


async def timed(client: Client, clients: int, each: int) -> float:
    """Mutations a second when `clients` do `each` of them, one after another."""

    async def run(n: int) -> None:
        for _ in range(each):
            await client(n)

    started = time.perf_counter()
    await asyncio.gather(*(run(n) for n in range(clients)))
    return clients * each / (time.perf_counter() - started)


async def grouped(url: str, clients: int, each: int) -> float:
    """The rate of the real command, by one worker process."""
    with TemporaryDirectory(prefix="timebank-bench-") as directory:
        async with open_world(url, Path(directory)) as world:
            people = [await world.volunteer() for _ in range(clients)]
            for person in people:
                await credit(person.id, world.station, each)
            reward = await offer_reward(
                world.staff[Role.STATION_MANAGER],
                station=world.station,
                name="香皂一块",
                minutes=1,
                stock=clients * each,
                key=key(),
            )
            return await timed(
                lambda n: order_reward(people[n], reward=reward.reward, key=key()), clients, each
            )


async def orm(url: str, clients: int, each: int) -> float:
    """The rate of a transfer in an ORM transaction of its own."""
    sqlite = dialect_of(url) == "sqlite"
    where = (
        "sqlite://" + url.removeprefix("sqlite:///") + "?journal_mode=WAL&synchronous=FULL"
        if sqlite
        else "asyncpg://" + url.partition("://")[2]
    )
    await Tortoise.init(db_url=where, modules={"models": [__name__]}, _enable_global_fallback=True)
    try:
        await Tortoise.generate_schemas()
        await Balance.bulk_create([Balance(id=n, minutes=each) for n in range(clients)])
        await Balance.create(id=clients, minutes=0)

        async def transfer(n: int) -> None:
            async with in_transaction():
                giver = await Balance.select_for_update().get(id=n)
                taker = await Balance.select_for_update().get(id=clients)
                giver.minutes -= 1
                taker.minutes += 1
                await giver.save(update_fields=["minutes"])
                await taker.save(update_fields=["minutes"])
                await Line.create(said="x" * 600)

        return await timed(transfer, clients, each)
    finally:
        await Tortoise.close_connections()


@contextmanager
def sqlite_files() -> Iterator[Callable[[], str]]:
    """Call what it gives for the address of a new SQLite file."""
    with TemporaryDirectory(prefix="timebank-bench-") as directory:
        made = iter(range(1_000))
        yield lambda: f"sqlite:///{directory}/{next(made)}.db"


async def compare(
    new_url: Callable[[], str], *, clients: int = 64, each: int = 40, repetitions: int = 3
) -> Rates:
    """Both in turn, each repetition on fresh databases."""
    url = new_url()
    told = Rates(database=dialect_of(url), clients=clients, grouped=[], orm=[])
    for _ in range(repetitions):
        told.orm.append(await orm(new_url(), clients, each))
        told.grouped.append(await grouped(new_url(), clients, each))
    return told


if __name__ == "__main__":
    with sqlite_files() as new_url:
        rates = asyncio.run(compare(new_url))
    print(rates, f"{rates.ratio:.1f} times")  # noqa: T201  a benchmark prints its figures
