"""A log whose last entries are lost: a new one carries what is left, and says what is not."""

import asyncio
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from ledger.anchor import Verdict
from ledger.backup import TargetNotEmpty
from ledger.checkpoint import Checkpoint, open_note
from ledger.entry import Sealed
from ledger.tables import dialect_of, sqlite_path
from ledger.verify import Report, verify
from tests.copies import at, rows, tools
from tests.moving import bean_check, entries_of, exported
from tests.volunteering import confirmed, visited
from tests.world import World, key, open_world
from timebank import accounts, publication, succession
from timebank.access import Role
from timebank.actors import SYSTEM, Actor
from timebank.backups import CopyForked, NothingToCompare, make
from timebank.bank import open_bank
from timebank.carried import carry, told
from timebank.clock import ManualClock
from timebank.publication import publish_once
from timebank.record_life import ReverseReason
from timebank.replay import compare
from timebank.reversals import reverse_hours
from timebank.settings import Settings
from timebank.sign_in import Cost, SignInFailed, set_password
from timebank.stops import Keeper, NoOperator, SamePersonTwice, Two
from timebank.succession import CarriedWrongly, NothingLost, Succeeded, succeed, successor_of
from timebank.tables import TABLES
from web.cli import main

pytestmark = pytest.mark.anyio

PASSWORD = "correct horse battery"


class Loss(msgspec.Struct, kw_only=True):
    """A city with a backup, entries after it that were signed, and its database gone."""

    settings: Settings
    copy: Path
    clock: ManualClock
    two: Two
    lead: Actor
    who: Actor
    record: str
    note: str
    old: list[Sealed]
    tables: dict[str, list[tuple[Any, ...]]]

    async def succeed(self, two: Two | None = None, **how: Any) -> Succeeded:
        """What two operators do about it."""
        return await succeed(self.settings, self.copy, two or self.two, clock=self.clock, **how)

    @property
    def signed(self) -> Checkpoint:
        """What was signed last of the old log."""
        verifier = publication.read_verifiers(self.settings)[0]
        return open_note(self.note, verifier).checkpoint


async def operator(world: World) -> Keeper:
    """An operator of the city with a password."""
    who = (await world.officer(Role.OPERATOR)).person or ""
    cheap = Cost(iterations=1, memory_kib=64)
    await set_password(SYSTEM, whose=who, password=PASSWORD, cost=cheap)
    return Keeper(who, PASSWORD)


async def live(world: World) -> tuple[Actor, str, Two]:
    """Hours of one volunteer, half of them taken back, and two operators."""
    who = await world.volunteer()
    kept, taken = await visited(world, who), await visited(world, who)
    await confirmed(world, [kept, taken])
    lead = world.staff[Role.DISTRICT_LEAD]
    await reverse_hours(lead, records=[taken], reason=ReverseReason.NEVER_HAPPENED, key=key())
    return who, kept, (await operator(world), await operator(world))


def remove(file: str) -> None:
    """Lose an SQLite database."""
    for end in ("", "-wal", "-shm"):
        Path(file + end).unlink(missing_ok=True)


@pytest.fixture
async def loss(database_url: str, tmp_path: Path, another: str) -> Loss:
    async with open_world(database_url, tmp_path) as world:
        who, record, two = await live(world)
        lead, clock = world.staff[Role.DISTRICT_LEAD], world.clock
    settings = world.settings.model_copy(update={"postgresql_tools": tools()})
    await make(settings, tmp_path / "b")
    old, tables = await entries_of(database_url), await rows(database_url)
    async with open_bank(settings, clock=clock) as journal:
        lasting = World(journal, clock, settings)
        lasting.count = 70
        await lasting.register()
        await publish_once(settings)
    if dialect_of(database_url) == "sqlite":
        remove(sqlite_path(database_url))
    return Loss(
        settings=at(settings, another),
        copy=tmp_path / "b",
        clock=clock,
        two=two,
        lead=lead,
        who=who,
        record=record,
        note=settings.anchor_file.read_text(),
        old=old,
        tables=tables,
    )


@pytest.fixture
def another(database_url: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """Where the successor goes: the lost file's name, or a new PostgreSQL database."""
    if dialect_of(database_url) == "sqlite":
        yield database_url
        return
    server = request.getfixturevalue("postgres_server")
    name = server.create()
    yield server.url(name)
    server.drop(name)


async def verified(settings: Settings) -> Report:
    """What an auditor finds in the whole ledger."""
    return await verify(
        settings.database_url,
        floor=accounts.floor,
        holder=accounts.holder,
        log=publication.read_verifiers(settings),
    )


def without_leaves(tables: dict[str, list[tuple[Any, ...]]]) -> dict[str, list[tuple[Any, ...]]]:
    """The derived tables, the vault's and the bound requests; hashes of entries left out."""
    names = {"request", *TABLES}
    blank = {
        name: {n for n, c in enumerate(t.columns) if "leaf" in c} for name, t in TABLES.items()
    }
    return {
        name: [
            tuple(None if n in blank.get(name, ()) else value for n, value in enumerate(row))
            for row in held
        ]
        for name, held in tables.items()
        if name in names
    }


async def test_a_new_log_carries_what_is_left_and_names_what_was_signed(loss: Loss) -> None:
    signed, settings = loss.signed, loss.settings
    old_key = publication.read_verifiers(settings)[0]
    made = await loss.succeed()
    assert (made.origin, made.former) == (f"{settings.origin}/2", settings.origin)
    assert (made.signed, made.kept) == (signed.size, len(loss.old))
    assert signed.size > len(loss.old)

    new = await entries_of(settings.database_url)
    opening = new[0].body
    assert new[0].kind == "ledger.succeeded"
    assert (opening["signed"], opening["signed_root"]) == (signed.size, signed.root.hex())
    assert opening["by"] == [keeper.person for keeper in loss.two]
    # Every entry is told as it was, at the position it had.
    for before, after in zip(loss.old, new, strict=True):
        again = told(after)
        assert (again.seq, again.kind, again.at, again.actor, again.postings) == (
            before.seq,
            before.kind,
            before.at,
            before.actor,
            before.postings,
        )
        assert again.body == before.body | ({"origin": made.origin} if not before.seq else {})

    report = await verified(settings)
    assert report.sound, report.findings
    assert not (await compare(settings.database_url)).differences
    after_tables = without_leaves(await rows(settings.database_url))
    assert after_tables == without_leaves(loss.tables)

    assert await publication.trouble(settings) is None
    assert publication.read_verifiers(settings)[0] != old_key
    assert (made.evidence / "checkpoint").read_text() == loss.note
    assert old_key.text in (made.evidence / "log.vkey").read_text()


async def test_the_bytes_of_the_former_log_can_be_written_again(loss: Loss) -> None:
    """By somebody who knows the format alone."""
    await loss.succeed()
    made = []
    for entry in await entries_of(loss.settings.database_url):
        whole = json.loads(entry.bytes)
        inner = whole["body"]["opened" if not entry.seq else "entry"]
        shared = {name: whole[name] for name in ("postings", "request", "seq", "v")}
        form: dict[str, Any] = {"separators": (",", ":"), "ensure_ascii": False}
        made.append(json.dumps(inner | shared, sort_keys=True, **form).encode())
    assert made == [entry.bytes for entry in loss.old]


async def test_life_goes_on_in_the_new_log(loss: Loss, tmp_path: Path) -> None:
    """What was carried can be reversed: its hash in this log is the one that is named."""
    made = await loss.succeed()
    settings = loss.settings.model_copy(update={"origin": made.origin})
    async with open_bank(settings, clock=loss.clock) as journal:
        await reverse_hours(
            loss.lead, records=[loss.record], reason=ReverseReason.NEVER_HAPPENED, key=key()
        )
        lasting = World(journal, loss.clock, settings)
        lasting.count = 80
        await lasting.register()
        signed = await publish_once(settings)
    assert signed.origin == made.origin
    report = await verified(settings)
    assert report.sound, report.findings
    assert report.size > len(loss.old)
    assert not (await compare(settings.database_url)).differences
    books = await exported(settings.database_url, tmp_path)
    assert await asyncio.to_thread(bean_check, books) == (0, "")
    # The former log is kept, and is sound in itself.
    place = succession._Place.beside(loss.settings)
    former = place.former.replace("former-2", "former-1").replace("former_2", "former_1")
    assert await entries_of(former) == loss.old


async def test_what_two_operators_may_not_do(loss: Loss) -> None:
    first, second = loss.two
    lead = Keeper(loss.lead.person or "", PASSWORD)
    with pytest.raises(SamePersonTwice):
        await loss.succeed((first, first))
    if dialect_of(loss.settings.database_url) != "sqlite":
        return
    with pytest.raises(SignInFailed):
        await loss.succeed((first, lead))
    with pytest.raises(SignInFailed):
        await loss.succeed((first, Keeper(second.person, "wrong")))
    signer = publication.read_signer(loss.settings)
    fork = signer.note(Checkpoint(loss.settings.origin, len(loss.old), b"r" * 32))
    loss.settings.anchor_file.unlink()
    with pytest.raises(NothingToCompare):
        await loss.succeed()
    with pytest.raises(CopyForked):
        await loss.succeed(witnessed=fork)
    whole = (loss.copy / "checkpoint").read_text()
    with pytest.raises(NothingLost):
        await loss.succeed(witnessed=whole)
    # Nothing was put aside or in place by any of them.
    assert loss.settings.log_key.exists()
    with pytest.raises(NothingLost):
        await loss.succeed(witnessed=whole)


async def test_officers_who_are_no_operators_accept_no_loss(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with open_world(sqlite_url, tmp_path) as world:
        keeper = await operator(world)
        lead = world.staff[Role.DISTRICT_LEAD].person or ""
        cheap = Cost(iterations=1, memory_kib=64)
        await set_password(SYSTEM, whose=lead, password=PASSWORD, cost=cheap)
    settings, two = world.settings, (keeper, Keeper(lead, PASSWORD))
    await make(settings, tmp_path / "b")
    with pytest.raises(TargetNotEmpty):
        await succeed(settings, tmp_path / "b", two)
    signer = publication.read_signer(settings)
    seen = signer.note(Checkpoint(settings.origin, 10_000, b"r" * 32))
    elsewhere = at(settings, f"sqlite:///{tmp_path}/data/other.db")
    with pytest.raises(NoOperator):
        await succeed(elsewhere, tmp_path / "b", two, witnessed=seen)


async def test_a_log_that_carried_something_else_is_not_signed(
    loss: Loss, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forge(tip: Any, entry: Sealed, **how: Any) -> Sealed:
        if entry.kind == "hours.posted":
            entry = msgspec.structs.replace(entry, actor="per_forged")
        return carry(tip, entry, **how)

    monkeypatch.setattr(succession, "carry", forge)
    with pytest.raises(CarriedWrongly):
        await loss.succeed()
    signed = open_note(
        loss.settings.anchor_file.read_text(), publication.read_verifiers(loss.settings)[0]
    )
    assert signed.checkpoint.size == 0


def leave_a_log(file: str) -> None:
    """What a killed process leaves: pages in the write-ahead log that no checkpoint took over."""
    connection = sqlite3.connect(file)
    connection.execute("DELETE FROM texts")
    connection.commit()
    left = Path(file + "-wal").read_bytes()
    connection.close()
    assert left
    Path(file + "-wal").write_bytes(left)


async def test_an_attempt_that_broke_off_is_made_again(
    loss: Loss, monkeypatch: pytest.MonkeyPatch
) -> None:
    if dialect_of(loss.settings.database_url) != "sqlite":
        pytest.skip("PostgreSQL wants another database, which is the first attempt once more")
    keys = publication.read_verifiers(loss.settings)

    async def crash(*_: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as broken:
        broken.setattr(succession, "_require_former", crash)
        with pytest.raises(ZeroDivisionError):
            await loss.succeed()
    await asyncio.to_thread(leave_a_log, sqlite_path(loss.settings.database_url) + ".succeeding")
    made = await loss.succeed(witnessed=loss.note, keys=keys)
    assert (made.origin, made.former) == (f"{loss.settings.origin}/3", loss.settings.origin)
    report = await verified(loss.settings)
    assert report.sound, report.findings
    assert await publication.trouble(loss.settings) is None
    assert without_leaves(await rows(loss.settings.database_url)) == without_leaves(loss.tables)


@pytest.mark.parametrize(
    ("origin", "name"),
    [("a.example/x", "a.example/x/2"), ("a.example/x/2", "a.example/x/3"), ("a/9", "a/10")],
)
def test_each_log_has_a_name_of_its_own(origin: str, name: str) -> None:
    assert successor_of(origin) == name
    assert successor_of(origin, 10) == f"{origin.removesuffix('/2').removesuffix('/9')}/11"


async def test_a_loss_is_accepted_by_command(loss: Loss) -> None:
    settings = loss.settings
    if dialect_of(settings.database_url) != "sqlite":
        pytest.skip("the same command; what differs is below it")
    size = loss.signed.size
    by = [word for keeper in loss.two for word in ("--by", keeper.person)]
    data = ["--data", str(settings.data), "--database", settings.database_url]

    def said(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(main, [*data, *words], input=f"{PASSWORD}\n{PASSWORD}\n")
        return done.exit_code, " ".join(done.output.split())

    assert (await asyncio.to_thread(said, "restore", str(loss.copy)))[0] == 1
    words = ("restore", str(loss.copy), "--accept-loss")
    assert (await asyncio.to_thread(said, *words, *by[:2]))[0] == 2
    code, told_ = await asyncio.to_thread(said, *words, *by)
    assert (code, f"{len(loss.old)} of {size} signed" in told_) == (0, True), told_
    code, told_ = await asyncio.to_thread(said, "verify", "ledger")
    assert code == 0, told_
    assert await publication.examine(settings) is Verdict.GO
