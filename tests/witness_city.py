"""A published log, its witnesses on real sockets, and the gatherer between them."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from ledger.checkpoint import COSIGNATURE, Signer, open_receipt, verify_cosignature
from ledger.gathering import Gatherer
from ledger.quorum import Member, Quorum
from ledger.reader import open_reader
from ledger.receipts import Issued, issue
from ledger.witness import Witness
from tests.ledgers import add
from tests.signed_log import SIGNER, Log, open_log
from tests.witnesses import Behaviour, answering, listening, new_witness

QUICK = 0.4
LIAR = Signer("liar.example", b"l" * 32, kind=COSIGNATURE)
OTHER = Signer("other.example", b"o" * 32, kind=COSIGNATURE)


class City:
    """A published log, its witnesses, and the gatherer between them."""

    def __init__(self, log: Log, directory: Path, open_ones: AsyncExitStack) -> None:
        self.log, self.directory, self.open_ones = log, directory, open_ones
        self.members: list[Member] = []
        self.witnesses: list[Witness] = []
        self.gatherer: Gatherer | None = None

    async def honest(self, number: int, *, listens: bool = True) -> Witness:
        """A witness at work; or one whose machine is off."""
        name = f"w{number:02}.example"
        made = new_witness(self.directory / name, name)
        self.witnesses.append(made)
        url = "http://127.0.0.1:9"
        if listens:
            url = await self.open_ones.enter_async_context(listening(made))
        self.members.append(Member(f"w{number}", made.verifier, url))
        return made

    async def dishonest(self, behaviour: Behaviour, signer: Signer = LIAR) -> None:
        """Somebody who is no witness, under a witness's key."""
        url = await self.open_ones.enter_async_context(answering(behaviour))
        self.members.append(Member(signer.verifier.name, signer.verifier, url))

    async def publish(self, entries: int = 1) -> int:
        """Write, and sign; the size."""
        await add(self.log.writer, entries)
        return (await self.log.publisher.publish()).size

    def gathering(self, *, needed: int = 1, patience: float = QUICK) -> Gatherer:
        """The gatherer of the members so far, or the same as before."""
        if self.gatherer is None:
            quorum = Quorum(tuple(self.members), needed)
            self.gatherer = Gatherer(
                url=self.log.url, writer=self.log.writer, quorum=quorum, patience=patience
            )
        return self.gatherer

    async def stored(self) -> list[tuple[int, str]]:
        """Whose lines on which sizes are stored; each is good."""
        async with open_reader(self.log.url) as reader:
            rows = await reader.fetch(
                "SELECT size, witness, note, line FROM cosignature JOIN checkpoint USING (size)"
                " ORDER BY size, witness"
            )
        keys = {one.key.name: one.key for one in self.members}
        for _, name, note, line in rows:
            verify_cosignature(note, line, keys[name])
        return [(size, name) for size, name, *_ in rows]

    async def issued(self, seq: int) -> Issued:
        """The receipt of an entry, which opens for everybody who knows the witnesses."""
        quorum = self.gathering().quorum
        async with open_reader(self.log.url) as reader:
            issued = await issue(reader, seq, quorum)
        open_receipt(issued.text, SIGNER.verifier, quorum.keys)
        return issued

    def trouble(self, name: str = "liar.example") -> str:
        """What came of the last question."""
        return self.gathering().standing[name].trouble or ""


@asynccontextmanager
async def open_city(url: str, directory: Path) -> AsyncIterator[City]:
    """A log of no entries with no witnesses yet."""
    async with open_log(url, directory / "anchor") as log, AsyncExitStack() as open_ones:
        made = City(log, directory, open_ones)
        yield made
        if made.gatherer is not None:
            made.gatherer.close()
        for witness in made.witnesses:
            witness.close()
