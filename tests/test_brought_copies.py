"""Brought copies: another bank's signed file becomes service that the district attests."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import msgspec
import pytest

from ledger.checkpoint import ED25519, Signer
from tests.volunteering import record_of
from tests.wire import act
from tests.world import World, key, open_world, resident_id
from timebank.access import Role
from timebank.accounts import balance_of, volunteer
from timebank.activities import ActivityKind
from timebank.actors import PUBLIC, Actor
from timebank.brought_copies import (
    BankKeyWrong,
    CopyOfAnother,
    CopyOfOurs,
    NothingBrought,
    bank_key,
    bring_copy,
    decide_brought,
)
from timebank.confirmations import accept_hours, confirm_hours, review_hours
from timebank.hours import ServiceTotal
from timebank.identity import DocumentType
from timebank.person_life import PersonState
from timebank.portability import (
    CopyForged,
    PortableCopy,
    PortableRecord,
    copy_for,
    portable_signer,
    sign_copy,
)
from timebank.record_life import CaptureMode, RecordState
from timebank.refusals import Forbidden, NotFound, Unauthenticated
from timebank.tables import find

pytestmark = pytest.mark.anyio

ELSEWHERE = Signer("bank.example/changsha", b"\x07" * 32, kind=ED25519)
SERVED = datetime(2024, 5, 6, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
async def city(sqlite_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(sqlite_url, tmp_path) as opened:
        yield opened


def record(
    n: int, *, kind: str = "elder", state: RecordState = RecordState.POSTED
) -> PortableRecord:
    """The n-th hour that somebody served elsewhere."""
    starts = SERVED + n * 24 * HOUR
    return PortableRecord(
        id=f"rec_{n}",
        starts=starts,
        ends=starts + HOUR,
        minutes=60,
        credited=60,
        kind=kind,
        state=state,
        station="sta_elsewhere",
    )


def copy(document_number: str, *records: PortableRecord) -> PortableCopy:
    """What another bank keeps of somebody."""
    return PortableCopy(
        bank=ELSEWHERE.verifier.name,
        made_at=datetime(2026, 11, 19, tzinfo=UTC),
        number="CS-0000-000-0001",
        state=PersonState.ACTIVE,
        home=None,
        document=DocumentType.RESIDENT_ID,
        document_number=document_number,
        balance_minutes=60,
        records=records,
    )


def test_what_counted_there_is_brought_and_nothing_else() -> None:
    away = [
        record(n, state=state)
        for n, state in enumerate(
            set(RecordState) - {RecordState.POSTED, RecordState.POSTED_SILENT}
        )
    ]
    brought = copy("x", record(90), record(91, kind="haircuts"), *away)
    rows = decide_brought(brought, volunteer="WH-1", station="001")
    assert [(row.starts, row.kind) for row in rows] == [
        (record(90).starts, ActivityKind.ELDER),
        (record(91).starts, ActivityKind.OTHER),
    ]
    with pytest.raises(NothingBrought):
        decide_brought(copy("x", *away), volunteer="WH-1", station="001")


@pytest.mark.parametrize("text", ["", "bank.example+00000000+AAAA", "x", "人+a+b"])
def test_a_key_is_a_banks_or_none(text: str) -> None:
    with pytest.raises(BankKeyWrong):
        bank_key(text)
    assert bank_key(f" {ELSEWHERE.verifier.text}\n") == ELSEWHERE.verifier


async def test_brought_hours_count_for_stars_and_earn_nothing(world: World) -> None:
    lead, manager = world.staff[Role.DISTRICT_LEAD], world.staff[Role.STATION_MANAGER]
    who = await world.volunteer()
    number = await world.number_of(who)
    text = sign_copy(copy(resident_id(world.count), record(1), record(2)), ELSEWHERE)
    bring = partial(bring_copy, lead, number=number, text=text, key_text=ELSEWHERE.verifier.text)
    dry = await bring(dry_run=True)
    assert [(row.record, row.code) for row in dry.rows] == [(None, None)] * 2
    told = await bring()
    again = await bring()
    assert [row.record for row in again.rows] == [row.record for row in told.rows]
    assert all(row.before for row in again.rows)
    ids = [row.record or "" for row in told.rows]
    held = await record_of(ids[0])
    assert (held.mode, held.starts) == (CaptureMode.EXTERNAL, record(1).starts)
    await confirm_hours(manager, records=ids, key=key())
    street = await world.officer(Role.STREET_OFFICER, "420100/420102/420102002/")
    await review_hours(street, records=ids, key=key())
    await accept_hours(who, records=ids, key=key())
    total = await find(ServiceTotal, who.person or "")
    assert total
    assert total.minutes == 120
    assert await balance_of(volunteer(who.person or "")) == 0


async def test_a_file_is_another_banks_word_about_the_one_who_brings_it(city: World) -> None:
    lead, who = city.staff[Role.DISTRICT_LEAD], await city.volunteer()
    number, document = await city.number_of(who), resident_id(city.count)
    good = copy(document, record(1))
    text, published = sign_copy(good, ELSEWHERE), ELSEWHERE.verifier.text

    async def bring(actor: Actor, told: str, of: str = number, by: str = published) -> None:
        await bring_copy(actor, number=of, text=told, key_text=by)

    other = Signer(ELSEWHERE.verifier.name, b"\x08" * 32, kind=ED25519)
    for forged in (sign_copy(good, other), text.replace('"minutes": 60', '"minutes": 90'), ""):
        with pytest.raises(CopyForged):
            await bring(lead, forged)
    nameless = msgspec.structs.replace(good, document=None, document_number=None)
    for wrong in (nameless, copy(resident_id(999), record(1))):
        with pytest.raises(CopyOfAnother):
            await bring(lead, sign_copy(wrong, ELSEWHERE))
    with pytest.raises(CopyOfAnother):
        await bring(lead, text, await city.number_of(await city.volunteer()))
    with pytest.raises(CopyOfOurs):
        await bring(lead, await copy_for(who), by=portable_signer().verifier.text)
    with pytest.raises(NotFound):
        await bring(lead, text, "WH-0000-000-0000")
    far = await city.officer(Role.DISTRICT_LEAD, "420100/420103/")
    for actor in (far, city.staff[Role.STATION_MANAGER], who):
        with pytest.raises(Forbidden):
            await bring(actor, text)
    with pytest.raises(Unauthenticated):
        await bring(PUBLIC, text)


async def test_a_copy_is_brought_on_the_wire(city: World) -> None:
    lead, who = city.staff[Role.DISTRICT_LEAD], await city.volunteer()
    text = sign_copy(copy(resident_id(city.count), record(1)), ELSEWHERE)
    given = {"number": await city.number_of(who), "copy": text.replace("\n", "\r\n")}
    bad = await act(city, lead, "bringCopy", "rows { isKnown }", bankKey="x", **given)
    assert bad["userErrors"] == [{"code": "BANK_KEY_WRONG", "path": ["bankKey"]}]
    told = await act(
        city,
        lead,
        "bringCopy",
        "rows { isKnown record { mode } userErrors { code } }",
        bankKey=ELSEWHERE.verifier.text,
        **given,
    )
    assert told["rows"] == [{"isKnown": False, "record": {"mode": "EXTERNAL"}, "userErrors": []}]
