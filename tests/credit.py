"""Credit for tests: minutes minted by an event of the tests' own, so that accounts can be tried
without the whole life of a service record."""

from timebank.accounts import issuance, volunteer
from timebank.actors import SYSTEM, PersonId
from timebank.batch import Batch
from timebank.events import Event, Postings, transfer
from timebank.journal import Answer, write


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
