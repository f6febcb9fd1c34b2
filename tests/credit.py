"""Credit for tests: minutes minted by an event of the tests' own, so that accounts can be tried
without the whole life of a service record."""

from ledger.entry import Sealed
from timebank.accounts import issuance, pool, volunteer
from timebank.actors import SYSTEM, PersonId
from timebank.batch import Batch
from timebank.events import Event, Postings, transfer
from timebank.hours import ServiceTotal
from timebank.journal import Answer, write
from timebank.projections import Rows, projects


class TestCredited(Event, frozen=True, tag="test.credited"):
    """A person was given minutes."""

    __test__ = False
    person: PersonId
    station: str
    minutes: int

    def postings(self) -> Postings:
        """From issuance to the volunteer."""
        return transfer(issuance(self.station), volunteer(self.person), "minute", self.minutes)


async def credit(person: PersonId, station: str, minutes: int) -> int:
    """Mint `minutes` for a person; the entry's position."""

    def work(batch: Batch) -> Answer:
        entry = batch.record(TestCredited(person=person, station=station, minutes=minutes))
        return Answer(entry=entry.seq)

    answer = await write(SYSTEM, None, work, answer=Answer)
    assert answer.entry is not None
    return answer.entry


class TestEarned(TestCredited, frozen=True, tag="test.earned"):
    """A person was given minutes as for service, which count as earned."""

    __test__ = False


@projects(TestEarned)
def _earned(rows: Rows, event: TestEarned, entry: Sealed) -> None:
    held = rows.get(ServiceTotal, event.person)
    credited = (held.credited if held else 0) + event.minutes
    minutes = held.minutes if held else 0
    rows.put(ServiceTotal(volunteer=event.person, minutes=minutes, credited=credited))


async def earn(person: PersonId, station: str, minutes: int) -> None:
    """Let a person earn `minutes` as service would."""

    def work(batch: Batch) -> Answer:
        entry = batch.record(TestEarned(person=person, station=station, minutes=minutes))
        return Answer(entry=entry.seq)

    await write(SYSTEM, None, work, answer=Answer)


class TestPooled(Event, frozen=True, tag="test.pooled"):
    """A pool was given minutes."""

    __test__ = False
    area: str
    station: str
    minutes: int

    def postings(self) -> Postings:
        """From issuance to the pool."""
        return transfer(issuance(self.station), pool(self.area), "minute", self.minutes)


async def fill_pool(area: str, station: str, minutes: int) -> None:
    """Mint `minutes` for an area's pool."""

    def work(batch: Batch) -> Answer:
        entry = batch.record(TestPooled(area=area, station=station, minutes=minutes))
        return Answer(entry=entry.seq)

    await write(SYSTEM, None, work, answer=Answer)
