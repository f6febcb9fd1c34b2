"""Certificate sheets: what is printed, and that the verification always answers."""

from typing import Any

import pytest

from tests.certifying import certificate_of, issued, requested, served_and_issued
from tests.merging import merged
from tests.volunteering import confirmed as confirm
from tests.volunteering import posted, visited
from tests.wire import ask
from tests.world import World, key, resident_id
from timebank.access import Role
from timebank.actors import PUBLIC, Actor
from timebank.certificate_issuing import revoke_certificate
from timebank.certificate_keys import signer
from timebank.certificate_life import CertificateRevokeReason
from timebank.certificate_seals import open_seal
from timebank.certificate_sheets import masked, receipts_for, seal_of, sheet
from timebank.hours import Record
from timebank.record_life import CaptureMode, ReverseReason
from timebank.reversals import reverse_hours
from timebank.tables import select

pytestmark = pytest.mark.anyio
ASKS = (
    "query($code: String!) { certificateVerification(code: $code) {"
    " standing number name station issuedOn since until minutes takenBackMinutes replacedBy endedOn"
    " } }"
)


async def verified(world: World, code: str | None) -> dict[str, Any]:
    told: dict[str, Any] = await ask(world, PUBLIC, ASKS, code=code or "")
    found: dict[str, Any] = told["certificateVerification"]
    return found


def test_a_masked_name_shows_its_first_character_alone() -> None:
    assert [masked(name) for name in ("王秀䶮", "王", "")] == ["王**", "王", ""]


async def test_everybody_with_the_code_is_told_that_it_holds(world: World) -> None:
    held = await served_and_issued(world, await world.volunteer())
    told = await verified(world, held.code)
    assert told == {
        "standing": "VALID",
        "number": "2026-000001",
        "name": "王" + "*" * (len(f"王秀英{world.count}") - 1),
        "station": "黎黄陂路站",
        "issuedOn": "2026-11-20",
        "since": "2026-01-01",
        "until": "2026-11-20",
        "minutes": 90,
        "takenBackMinutes": 0,
        "replacedBy": None,
        "endedOn": None,
    }


async def test_the_verification_always_answers(world: World) -> None:
    who = await world.volunteer()
    first = await served_and_issued(world, who)
    for strange in ("", "0" * 16, "x" * 10_000, first.number, "'; DROP TABLE certificate"):
        assert (await verified(world, strange))["standing"] == "UNKNOWN"
    await requested(world, await world.volunteer())
    second = await certificate_of(await issued(world, who, replaces=first.id))
    told = await verified(world, first.code)
    assert (told["standing"], told["replacedBy"]) == ("SUPERSEDED", second.number)
    await revoke_certificate(
        world.staff[Role.STATION_MANAGER],
        certificate=second.id,
        reason=CertificateRevokeReason.ISSUED_WRONGLY,
        key=key(),
    )
    told = await verified(world, second.code)
    assert (told["standing"], told["endedOn"]) == ("REVOKED", "2026-11-20")


async def test_what_was_taken_back_since_is_said(world: World) -> None:
    who = await world.volunteer()
    await posted(world, who, minutes=30, duty=True)
    held = await served_and_issued(world, who)
    (record,) = await select(Record, volunteer=who.person or "", mode=CaptureMode.MANUAL.value)
    await reverse_hours(
        world.staff[Role.DISTRICT_LEAD],
        records=[record.id],
        reason=ReverseReason.RECORDED_WRONGLY,
        key=key(),
    )
    told = await verified(world, held.code)
    assert (told["standing"], told["minutes"], told["takenBackMinutes"]) == ("VALID", 90, 90)


@pytest.mark.one_database
async def test_what_was_served_under_a_merged_number_was_not_taken_back(world: World) -> None:
    gone, kept = await world.volunteer(), await world.volunteer()
    held = await served_and_issued(world, gone)
    await merged(world, gone, kept)
    told = await verified(world, held.code)
    assert (told["standing"], told["minutes"], told["takenBackMinutes"]) == ("VALID", 90, 0)


async def test_a_sheet_has_activities_and_hours_and_no_digit_of_the_document(
    world: World,
) -> None:
    who = await world.volunteer()
    document = resident_id(world.count)
    visit = await visited(world, who)
    await confirm(world, [visit])
    held = await served_and_issued(world, who)
    node = (
        "query($id: ID!) { node(id: $id) { ... on Certificate { minutes restMinutes sheet { name"
        " volunteerNumber station inCharge lines { title kind records minutes } seal } } } }"
    )
    told = (await ask(world, who, node, id=held.id))["node"]
    assert told["minutes"] == 210
    assert told["sheet"]["lines"] == [
        {"title": "独居老人探访", "kind": None, "records": 1, "minutes": 120},
        {"title": None, "kind": "ELDER", "records": 1, "minutes": 90},
    ]
    assert told["sheet"]["name"].startswith("王秀英")
    assert told["sheet"]["inCharge"].startswith("王秀英")
    assert open_seal(told["sheet"]["seal"], signer().verifier).number == held.number
    text = str(told)
    assert not [n for n in range(len(document) - 5) if document[n : n + 6] in text]


async def test_a_sheet_goes_to_whoever_may_see_the_certificate(world: World) -> None:
    who = await world.volunteer()
    held = await served_and_issued(world, who)
    seen: list[tuple[Actor, bool]] = [
        (who, True),
        (world.staff[Role.STATION_CLERK], True),
        (await world.volunteer(), False),
        (PUBLIC, False),
        (await world.officer(Role.STATION_MANAGER, "420100/420103/"), False),
    ]
    for actor, may in seen:
        assert (await sheet(actor, held.id) is not None) is may
    waiting = await requested(world, who)
    assert await sheet(who, waiting) is None
    with pytest.raises(ValueError, match="never issued"):
        seal_of(await certificate_of(waiting))


async def test_what_nobody_signed_yet_has_no_receipt(world: World) -> None:
    held = await served_and_issued(world, await world.volunteer())
    assert await receipts_for(held) == {}
