"""Name fill: whoever was registered before names could be searched is made findable (domain 11).

The software's own act, by timer, some hundred people a turn in the order of their ids. How far it
came is kept with what it wrote, in one transaction, so that a stop loses nothing and a turn that
runs twice writes the same rows. Knows whom to index; `names` knows how a name is spelled.
"""

import structlog

from timebank.actors import SYSTEM
from timebank.batch import Batch
from timebank.journal import Answer, write
from timebank.kept_fields import kept_field
from timebank.names import index_name
from timebank.people import Person
from timebank.projections import Place
from timebank.tables import Row, find, select, table
from timebank.vault import DataKey, KeyedFinding, SealedField

SPELLING = "pinyin"
"""Which way of spelling is filled in; another one would be filled in under another name."""
TURN, TURNS = 200, 100
FOUND_BY_PHONE = 1
"""Everybody is found by one telephone; who is found by more is found by name already."""

log = structlog.get_logger()


# Tables


@table("name_fill", vault=True)
class NameFill(Row, frozen=True):
    """Through which person's id people can be found by name, and how many were made so."""

    id: str
    through: str = ""
    indexed: int = 0
    done: bool = False


# Commands


class Filled(Answer, frozen=True, kw_only=True):
    """Through whom it came now, and how many were made findable so far."""

    through: str
    indexed: int
    done: bool


async def fill_names(through: str) -> Filled:
    """Make the people after an id findable by name, so many turns at once: by timer."""
    for _ in range(TURNS):
        filled = await _fill(through)
        if filled.indexed:
            log.info("names_filled", indexed=filled.indexed, done=filled.done)
        if filled.done:
            break
        through = filled.through
    return filled


async def _fill(through: str) -> Filled:
    keys = await select(DataKey, person__gt=through, order=["person"], limit=TURN)
    people = [held.person for held in keys]
    found: dict[str, int] = dict.fromkeys(people, 0)
    for held in await select(KeyedFinding, person__in=people) if people else ():
        found[held.person] += 1
    lacking = [person for person, times in found.items() if times <= FOUND_BY_PHONE]

    def work(batch: Batch) -> Filled:
        before = batch.get(NameFill, SPELLING) or NameFill(id=SPELLING)
        if before.through != through or before.done:
            return Filled(through=before.through, indexed=before.indexed, done=before.done)
        indexed = sum(_index(batch, person) for person in lacking)
        now = NameFill(
            id=SPELLING,
            through=people[-1] if people else through,
            indexed=before.indexed + indexed,
            done=len(people) < TURN,
        )
        batch.put(now)
        return Filled(through=now.through, indexed=now.indexed, done=now.done)

    needs: list[Place] = [(NameFill, SPELLING)]
    for person in lacking:
        needs += [(DataKey, person), (Person, person), (SealedField, f"{person}:name")]
    return await write(SYSTEM, None, work, answer=Filled, needs=needs)


def _index(batch: Batch, person: str) -> bool:
    """Whether there was a name to index: who was erased since has none."""
    held, name = batch.get(Person, person), kept_field(batch, person, "name")
    if held is None or name is None:
        return False
    index_name(batch, person, held.home, name)
    return True


# Reads


async def names_to_fill(*, skip: int, limit: int) -> list[str]:
    """Through whose id it came, until everybody was looked at."""
    held = await find(NameFill, SPELLING)
    return [] if skip or (held is not None and held.done) else [held.through if held else ""]
