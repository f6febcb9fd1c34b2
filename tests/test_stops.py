"""A ledger that stopped itself goes on: by two operators, with an entry, and not before it may."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from prometheus_client import generate_latest

from ledger.anchor import Verdict
from ledger.checkpoint import Checkpoint
from ledger.entry import EMPTY, Tip, decode
from ledger.publisher import Halted
from ledger.reader import open_reader
from tests.copies import begun
from tests.world import resident_id
from timebank import journal, publication
from timebank.access import Grants, Role, RoleGranted, grant_role
from timebank.actors import SYSTEM
from timebank.bank import open_bank
from timebank.batch import Batch
from timebank.clock import ManualClock
from timebank.clock_faults import (
    ClockBehind,
    ClockCorrection,
    ClockNotBehind,
    ClockSet,
    decide_behind,
)
from timebank.divisions import CITY_PATH, adopt_divisions
from timebank.identity import DocumentType
from timebank.journal import Answer
from timebank.keys import RequestKey
from timebank.people import register_person
from timebank.publication import publish_once
from timebank.refusals import LedgerStopped
from timebank.replay import compare
from timebank.settings import Settings
from timebank.sign_in import Cost, SignInFailed, set_password
from timebank.stops import (
    Keeper,
    NoOperator,
    NotStopped,
    SamePersonTwice,
    SignerRuns,
    StillDisagree,
    Two,
    correct_clock,
    resume,
)
from web.cli import main
from web.metrics import collect

pytestmark = pytest.mark.anyio

NOON = datetime(2026, 11, 20, 4, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
PASSWORD = "correct horse battery"


async def person(n: int, role: Role | None = Role.OPERATOR) -> Keeper:
    """Somebody with a password and perhaps a role over the city."""
    made = await register_person(
        SYSTEM,
        name="王秀英",
        document=DocumentType.RESIDENT_ID,
        document_number=resident_id(n),
        phone="13900000000",
        home=None,
        consent=True,
        key=RequestKey.once("tests"),
    )
    cheap = Cost(iterations=1, memory_kib=64)
    await set_password(SYSTEM, whose=made.person, password=PASSWORD, cost=cheap)
    if role is not None:
        key = RequestKey.once("tests")
        await grant_role(SYSTEM, person=made.person, role=role, scope=CITY_PATH, key=key)
    return Keeper(made.person, PASSWORD)


class Stopping:
    """An open ledger with two operators, and ways to stop it."""

    def __init__(self, settings: Settings, clock: ManualClock, two: Two) -> None:
        self.settings, self.clock, self.two = settings, clock, two

    async def stop(self) -> str:
        """Lose the anchor, as the publisher sees it; returns the note that was in it."""
        note = self.settings.anchor_file.read_text()
        self.settings.anchor_file.unlink()
        with pytest.raises(Halted):
            await publish_once(self.settings)
        with pytest.raises(LedgerStopped):
            await self.write()
        return note

    async def write(self) -> None:
        """Any entry."""

        def work(batch: Batch) -> Answer:
            event = RoleGranted(
                grant=f"grt_{batch.tip.size}", person="per_x", role=Role.AUDITOR, scope="420100/"
            )
            return Answer(entry=batch.record(event).seq)

        await journal.write(SYSTEM, None, work, answer=Answer, needs=[(Grants, "per_x")])

    async def last(self) -> dict[str, object]:
        """Kind and body of the last entry."""
        async with open_reader(self.settings.database_url) as reader:
            rows = await reader.fetch("SELECT bytes FROM entry ORDER BY seq DESC LIMIT 1")
        entry = decode(bytes(rows[0][0]))
        return {"kind": entry.kind, "at": entry.at, **entry.body}


@asynccontextmanager
async def open_stopping(url: str, directory: Path, now: datetime = NOON) -> AsyncIterator[Stopping]:
    """A new ledger, signed once."""
    settings, clock = Settings(data=directory / "d", database=url), ManualClock(now)
    await begun(settings, at=now)
    async with open_bank(settings, clock=clock):
        await adopt_divisions(SYSTEM)
        two = (await person(0), await person(1))
        await publish_once(settings)
        yield Stopping(settings, clock, two)


@pytest.fixture
async def bank(database_url: str, tmp_path: Path) -> AsyncIterator[Stopping]:
    async with open_stopping(database_url, tmp_path) as made:
        yield made


@pytest.fixture
async def one(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Stopping]:
    """The same on SQLite alone, for what no database decides."""
    async with open_stopping(sqlite_url, tmp_path) as made:
        yield made


# The stop mark


async def test_two_operators_lift_the_stop_once_the_anchor_is_back(bank: Stopping) -> None:
    settings = bank.settings
    note = await bank.stop()
    with pytest.raises(StillDisagree) as refused:
        await resume(settings, bank.two)
    assert refused.value.details == {"verdict": "lost-anchor"}
    await publication.adopt(settings, note)
    # Agreement alone lifts nothing.
    assert await publication.trouble(settings) == "stopped: lost-anchor"
    with pytest.raises(LedgerStopped):
        await bank.write()
    made = await resume(settings, bank.two)
    told = await bank.last()
    assert (told["kind"], told["reason"], told["by"]) == (
        "ledger.resumed",
        "lost-anchor",
        [keeper.person for keeper in bank.two],
    )
    assert told["size"] == made.entry
    assert await publication.trouble(settings) is None
    await bank.write()
    await publish_once(settings)
    assert not (await compare(settings.database_url)).differences


async def test_a_forged_history_is_not_waved_through(bank: Stopping) -> None:
    """The anchor that is put back says something else: two operators are not enough."""
    settings = bank.settings
    note = await bank.stop()
    size = int(note.split("\n")[1])
    signer = publication.read_signer(settings)
    settings.anchor_file.write_text(signer.note(Checkpoint(settings.origin, size, b"r" * 32)))
    with pytest.raises(StillDisagree) as refused:
        await resume(settings, bank.two)
    assert refused.value.details == {"verdict": "fork"}
    assert await publication.examine(settings) is Verdict.FORK


async def test_one_person_is_not_two(one: Stopping) -> None:
    settings = one.settings
    note = await one.stop()
    await publication.adopt(settings, note)
    first, second = one.two
    auditor = Keeper("per_3", PASSWORD)
    with pytest.raises(SamePersonTwice):
        await resume(settings, (first, first))
    with pytest.raises(SignInFailed):
        await resume(settings, (first, Keeper(second.person, "wrong horse battery")))
    with pytest.raises(SignInFailed):
        await resume(settings, (first, auditor))
    assert await publication.trouble(settings) == "stopped: lost-anchor"


async def test_only_operators_of_the_city_lift_a_stop(one: Stopping) -> None:
    auditor = await person(2, Role.AUDITOR)
    await publish_once(one.settings)
    await publication_lost_and_found(one)
    with pytest.raises(NoOperator):
        await resume(one.settings, (one.two[0], auditor))
    assert await publication.trouble(one.settings) == "stopped: lost-anchor"


async def publication_lost_and_found(bank: Stopping) -> None:
    """Stopped, with everything in order again."""
    await publication.adopt(bank.settings, await bank.stop())


async def test_nothing_is_lifted_while_something_signs(one: Stopping) -> None:
    await publication_lost_and_found(one)
    signer = publication.read_signer(one.settings)
    with publication.hold_anchor(one.settings, signer), pytest.raises(SignerRuns):
        await resume(one.settings, one.two)


async def test_a_ledger_that_goes_is_not_resumed(one: Stopping) -> None:
    with pytest.raises(NotStopped):
        await resume(one.settings, one.two)


# The clock


async def run_ahead(bank: Stopping) -> datetime:
    """A clock that was a year ahead for one entry; returns the right time."""
    right = bank.clock.at
    bank.clock.move(timedelta(days=365))
    await bank.write()
    bank.clock.at = right
    with pytest.raises(ClockBehind):
        await bank.write()
    return right


async def test_two_operators_vouch_for_a_clock_that_is_behind_the_ledger(bank: Stopping) -> None:
    right = await run_ahead(bank)
    settings = bank.settings
    assert await publication.trouble(settings, now=right) == "the clock is behind the last entry"
    made = await correct_clock(bank.two)
    told = await bank.last()
    assert (told["kind"], told["clock"], made.ahead) == (
        "clock.corrected",
        "2026-11-20T04:00:00Z",
        365 * 24 * 3600,
    )
    assert await publication.trouble(settings, now=right) is None
    frozen = told["at"]
    assert isinstance(frozen, datetime)
    for _ in range(2):
        await bank.write()
        frozen += MICROSECOND
        assert (await bank.last())["at"] == frozen
    assert not (await compare(settings.database_url)).differences
    # The clock that was vouched for must not go back either.
    bank.clock.move(timedelta(seconds=-61))
    with pytest.raises(ClockBehind):
        await bank.write()
    bank.clock.at = right
    # Running ahead once more is another fault.
    bank.clock.move(timedelta(days=500))
    await bank.write()
    bank.clock.at = right
    with pytest.raises(ClockBehind):
        await bank.write()


async def test_a_clock_that_is_right_is_not_corrected(one: Stopping) -> None:
    with pytest.raises(ClockNotBehind):
        await correct_clock(one.two)
    one.clock.move(timedelta(seconds=-59))
    with pytest.raises(ClockNotBehind):
        await correct_clock(one.two)


@pytest.mark.parametrize("by", [timedelta(seconds=61), timedelta(days=-1)])
async def test_a_clock_that_is_set_under_the_ledger_stops_it_until_it_is_set_back(
    one: Stopping, by: timedelta
) -> None:
    one.clock.move(timedelta(days=2))
    await one.write()
    one.clock.move(timedelta(days=2))
    pace = journal.current().pace
    one.clock.jump(by)
    with pytest.raises(ClockSet):
        await one.write()
    told = await publication.trouble(one.settings, now=one.clock.now(), pace=pace)
    assert told == "the clock was set while the server ran"
    assert {"timebank_clock_set 1.0", "timebank_ledger_writable 0.0"} <= await figures(one)
    one.clock.jump(-by)
    await one.write()
    assert await publication.trouble(one.settings, now=one.clock.now(), pace=pace) is None
    # A minute is let pass, which a time server may well set at once.
    one.clock.jump(timedelta(seconds=60))
    await one.write()


async def test_a_clock_behind_the_last_entry_is_in_the_figures(one: Stopping) -> None:
    await one.write()
    assert {"timebank_clock_behind 0.0", "timebank_clock_set 0.0"} <= await figures(one)
    one.clock.jump(-timedelta(days=2))
    assert {"timebank_clock_behind 1.0", "timebank_ledger_writable 0.0"} <= await figures(one)


async def figures(one: Stopping) -> set[str]:
    """The lines of /metrics."""
    return set(generate_latest(await collect(one.settings)).decode().splitlines())


async def test_two_operators_vouch_for_a_clock_that_was_set(one: Stopping) -> None:
    one.clock.jump(timedelta(hours=3))
    with pytest.raises(ClockSet):
        await one.write()
    with pytest.raises(ClockNotBehind):
        await correct_clock(one.two)
    await correct_clock(one.two, was_set=True)
    assert (await one.last())["clock"] == "2026-11-20T07:00:00Z"
    await one.write()
    # What was vouched for is this clock, not the next one: the old correction helps no more.
    one.clock.jump(timedelta(hours=3))
    with pytest.raises(ClockSet):
        await one.write()


async def test_the_clock_too_needs_two(one: Stopping) -> None:
    await run_ahead(one)
    with pytest.raises(SamePersonTwice):
        await correct_clock((one.two[0], one.two[0]))
    with pytest.raises(ClockBehind):
        await one.write()


AHEAD = NOON + timedelta(days=365)
CORRECTED = ClockCorrection(id="latest", seq=9, at=AHEAD, clock=NOON)


@pytest.mark.parametrize(
    ("size", "at", "now", "behind"),
    [
        (0, None, NOON, False),
        (10, AHEAD, NOON, False),
        (10, AHEAD, NOON - timedelta(seconds=60), False),
        (10, AHEAD, NOON - timedelta(seconds=61), True),
        (13, AHEAD + 3 * MICROSECOND, NOON, False),
        (13, AHEAD + 4 * MICROSECOND, NOON, True),
        (13, AHEAD + 2 * MICROSECOND, NOON, True),
        (13, AHEAD + timedelta(days=9), AHEAD + timedelta(days=9), False),
        (13, AHEAD + timedelta(days=9), AHEAD, True),
    ],
)
def test_a_correction_holds_while_the_logs_time_stands_still(
    size: int, at: datetime | None, now: datetime, behind: bool
) -> None:
    assert decide_behind(Tip(size, EMPTY.leaf, at), now, CORRECTED) is behind


# As an operator meets it


async def test_an_operator_puts_a_stopped_ledger_right_by_command(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with open_stopping(sqlite_url, tmp_path, datetime.now(UTC)) as made:
        seen = tmp_path / "seen"
        seen.write_text(await made.stop())
    by = [word for keeper in made.two for word in ("--by", keeper.person)]
    data = ["--data", str(made.settings.data), "--database", sqlite_url]

    def said(*words: str) -> tuple[int, str]:
        # The runner starts a loop of its own, which this one would forbid.
        runner = CliRunner()
        done = runner.invoke(main, [*data, *words], input=f"{PASSWORD}\n{PASSWORD}\n")
        return done.exit_code, " ".join(done.output.split())

    code, told = await asyncio.to_thread(said, "doctor")
    assert (code, "BAD anchor: lost-anchor" in told) == (1, True)
    assert (await asyncio.to_thread(said, "resume", *by))[0] == 1
    code, told = await asyncio.to_thread(said, "adopt", str(seen))
    assert code == 0, told
    code, told = await asyncio.to_thread(said, "doctor")
    assert (code, "BAD anchor: stopped: lost-anchor" in told) == (1, True)
    assert (await asyncio.to_thread(said, "resume", *by[:2]))[0] == 2
    code, told = await asyncio.to_thread(said, "resume", *by)
    assert (code, "takes entries again" in told) == (0, True)
    code, told = await asyncio.to_thread(said, "correct-clock", *by)
    assert (code, "nothing to correct" in told) == (1, True)
    code, told = await asyncio.to_thread(said, "correct-clock", "--set", *by)
    assert (code, "The clock is followed" in told) == (0, True)
    assert (await asyncio.to_thread(said, "adopt", str(seen)))[0] == 4
    assert (await asyncio.to_thread(said, "doctor"))[0] == 0
    assert journal._installed is None
