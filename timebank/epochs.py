"""Epochs: each month a new key; what lives is sealed anew, the old key destroyed (domain 11).

What was erased goes at once from the tables, and with the old key from every copy of them: free
pages, write-ahead logs, replicas and backups hold only what that key opened. It is kept some days
into the next epoch (`epoch_kept_days`), because until then last month's backups are the only ones.
Knows keys and tables of the vault; refuses to know what anything says.
"""

import asyncio
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise

from timebank.actors import SYSTEM
from timebank.batch import Batch
from timebank.clock import day_of
from timebank.journal import Answer, current, write
from timebank.projections import Place
from timebank.refusals import Refusal
from timebank.tables import TABLES, Row, Table, count, keys_of, select
from timebank.vault import DataKey, KeyedFinding, KeyedIndex, began, keyring, renew

# Refusals


class EpochInUse(Refusal):
    """An epoch's key is destroyed only when nothing that lives needs it, and some days later."""

    says = "The epoch {epoch} is still in use, or its backups still are."
    epoch: str


# Decisions


def decide_begin(epochs: Sequence[str], today: date) -> bool:
    """Whether another epoch begins: its month has no epoch yet."""
    latest = began(epochs[-1])
    return (latest.year, latest.month) < (today.year, today.month)


def over(epochs: Sequence[str], today: date, kept_days: int) -> list[str]:
    """The epochs whose keys may be destroyed, as far as days go: the next began long enough ago."""
    return [
        epoch
        for epoch, following in pairwise(epochs)
        if began(following) + timedelta(days=kept_days) < today
    ]


def decide_end(epoch: str, epochs: Sequence[str], today: date, *, kept: int, used: bool) -> None:
    """Whether an epoch's key may be destroyed. Refuses: EpochInUse."""
    if used or epoch not in over(epochs, today, kept):
        raise EpochInUse(epoch=epoch)


# Commands: the software's own, by timer


async def begin_epoch() -> Answer:
    """Make the key of a new epoch, if the month has none yet."""
    ring = keyring()
    if decide_begin(ring.epoch_ids(), _today()):
        await asyncio.to_thread(ring.begin_epoch, _today())
    return Answer()


async def renew_person(person: str) -> Answer:
    """Wrap and index a person in the current epoch."""
    alone = [str(row.pk) for row in await select(KeyedIndex, person=person)]
    shared = [str(row.pk) for row in await select(KeyedFinding, person=person)]

    def work(batch: Batch) -> Answer:
        held = batch.get(DataKey, person)
        if held is not None and held.epoch != keyring().current().id:
            renew(batch, person, alone, shared)
        return Answer()

    needs: list[Place] = [(DataKey, person), *((KeyedIndex, mark) for mark in alone)]
    needs += [(KeyedFinding, id) for id in shared]
    return await write(SYSTEM, None, work, answer=Answer, needs=needs)


async def renew_row(name: str) -> Answer:
    """Seal a row in the current epoch: `name` is `<table>/<key>`."""
    table, _, key = name.partition("/")
    row: type[Row] = TABLES[table].row

    def work(batch: Batch) -> Answer:
        if (held := batch.get(row, key)) is not None:
            batch.put(held)
        return Answer()

    return await write(SYSTEM, None, work, answer=Answer, needs=[(row, key)])


async def end_epoch(epoch: str) -> Answer:
    """Destroy the key of a former epoch that nothing needs any more. Refuses: EpochInUse."""
    ring = keyring()
    used = await _in_use(epoch)
    decide_end(epoch, ring.epoch_ids(), _today(), kept=ring.settings.epoch_kept_days, used=used)
    await asyncio.to_thread(ring.end_epoch, epoch)
    return Answer()


# Reads


async def beginnings(*, skip: int, limit: int) -> list[str]:
    """The month that has no epoch yet."""
    today = _today()
    return [f"{today:%Y-%m}"][skip:] if decide_begin(keyring().epoch_ids(), today) else []


async def people_behind(*, skip: int, limit: int) -> list[str]:
    """Those whose data key is wrapped in a former epoch."""
    former = keyring().epoch_ids()[:-1]
    if not former:
        return []
    held = await select(DataKey, epoch__in=former, order=["person"], limit=limit, offset=skip)
    return [row.person for row in held]


async def rows_behind(*, skip: int, limit: int) -> list[str]:
    """The rows of sealed tables that were sealed in a former epoch: `<table>/<key>`."""
    former = keyring().epoch_ids()[:-1]
    told: list[str] = []
    for table in _sealed_tables() if former else []:
        if not (left := skip + limit - len(told)):
            break
        found = await keys_of(table, epoch__in=former, limit=left)
        told += [f"{table.name}/{key}" for key in found]
    return told[skip:]


async def endings(*, skip: int, limit: int) -> list[str]:
    """The former epochs whose days are over and which nothing needs."""
    ring = keyring()
    past = over(ring.epoch_ids(), _today(), ring.settings.epoch_kept_days)
    return [epoch for epoch in past if not await _in_use(epoch)][skip:]


async def _in_use(epoch: str) -> bool:
    """Whether anything that lives was sealed in an epoch.

    Indexes go with data keys: `renew` makes both anew at once.
    """
    if await count(DataKey, epoch=epoch):
        return True
    for table in _sealed_tables():
        if await keys_of(table, epoch=epoch, limit=1):
            return True
    return False


def _sealed_tables() -> list[Table]:
    return [table for table in TABLES.values() if table.sealed]


def _today() -> date:
    return day_of(current().clock.now())
