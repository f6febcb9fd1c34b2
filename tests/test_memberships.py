"""Who is a Party member: every door by which somebody else might learn it, tried (domain 8)."""

from typing import Any

import pytest

from tests.membership import (
    COMMUNITY_PATH,
    member,
    open_service_post,
    secretary,
    serving,
    work_unit,
)
from tests.test_member_reports import entries_of
from tests.wire import ask
from tests.world import COMMUNITY, World, key
from timebank import entries, publication, reading
from timebank.access import Role
from timebank.actors import PUBLIC, Actor
from timebank.aliases import Alias, people_of_aliases, under_alias
from timebank.appointment_life import Body, Office
from timebank.appointments import declare_appointment
from timebank.clock import day_of
from timebank.divisions import CITY_PATH
from timebank.events import event_of
from timebank.member_reports import own_report, reconfirm_membership
from timebank.notices import (
    NothingToTell,
    Notice,
    NoticeCode,
    notices_to_tell,
    tell_in_person,
    visible_notices,
)
from timebank.tables import find, select
from timebank.unit_consents import consent_to_unit

pytestmark = pytest.mark.anyio

ALLOWED = {Role.PARTY_SECRETARY}


async def outsiders(world: World) -> list[Actor]:
    """Every role but the secretary's, over the whole city, a stranger and the public."""
    staff = [await world.officer(role) for role in Role if role not in ALLOWED]
    return [*staff, await world.volunteer(), PUBLIC]


async def test_the_ledger_names_members_by_ids_that_only_the_vault_ties_to_people(
    world: World,
) -> None:
    who = await member(world)
    await consent_to_unit(who, unit=await work_unit(world), key=key())
    await reconfirm_membership(who, key=key())
    found = await entries_of(world, "member.")
    kinds = ["reported", "received", "activated", "unit_consented", "reconfirmed"]
    assert [entry.kind for entry in found] == [f"member.{kind}" for kind in kinds]
    tie = await find(Alias, who.id)
    assert tie
    for entry in found:
        assert who.id.encode() not in entry.bytes
        assert event_of(entry).member == tie.alias  # type: ignore[attr-defined]  # all have one
    assert found[0].actor == tie.alias, "nor does the actor tell"
    assert (await under_alias(who)).id == tie.alias
    assert await people_of_aliases([tie.alias, "ali_none"]) == {tie.alias: who.id}


async def test_entries_and_receipts_are_there_for_the_member_and_whoever_did_it_alone(
    world: World,
) -> None:
    who, party = await member(world), await secretary(world)
    another = await world.officer(Role.PARTY_SECRETARY, COMMUNITY_PATH)
    await publication.publish_once(world.settings)
    made, received, active = [entry.seq for entry in await entries_of(world, "member.")]
    for seq in (made, received, active):
        for actor in [*await outsiders(world), another]:
            assert await entries.entries(actor, [seq]) == {}, actor
            assert await entries.receipt(actor, seq) is None
        assert set(await entries.entries(who, [seq])) == {seq}
        assert await entries.receipt(who, seq) is not None
    assert set(await entries.entries(party, [made, received, active])) == {received, active}


async def test_an_auditor_who_reads_every_entry_sees_that_one_is_there_and_not_what(
    world: World,
) -> None:
    await member(world)
    (made, *_) = [entry.seq for entry in await entries_of(world, "member.")]
    auditor = await world.officer(Role.AUDITOR, CITY_PATH)
    asked = "{ ledger { entries(last: 20) { nodes { seq content { kind } receipt } } } }"
    told = (await ask(world, auditor, asked))["ledger"]["entries"]["nodes"]
    (masked,) = [node for node in told if node["seq"] == made]
    assert (masked["content"], masked["receipt"]) == (None, None)
    assert any(node["content"] for node in told)


async def test_no_counter_reads_tells_or_counts_a_notice_of_membership(world: World) -> None:
    who = await member(world)
    got = await select(Notice, person=who.id)  # the inbox stays shut, so nothing has arrived
    codes = {NoticeCode.MEMBER_REPORT_RECEIVED, NoticeCode.MEMBER_REPORT_ACTIVE}
    assert {notice.code for notice in got} == codes
    for actor in await outsiders(world):
        assert await notices_to_tell(actor, who.id) == []
        assert await visible_notices(actor, [notice.id for notice in got]) == {}
    with pytest.raises(NothingToTell):
        await tell_in_person(world.staff[Role.STATION_CLERK], person=who.id, key=key())


async def test_every_field_tells_outsiders_the_same_of_a_member_and_of_anybody_else(
    world: World,
) -> None:
    one, none = await member(world), await world.volunteer()
    report = await own_report(one)
    assert report
    asked = """query($id: ID!, $p: ID!, $n: String!, $c: ID!) {
        node(id: $id) { __typename id } memberReports(community: $c) { nodes { id } }
        person(number: $n) { state home { number } }
        noticesToTell(person: $p) { nodes { code } } unitConsent { since } memberReport { id } }"""
    for actor in await outsiders(world):
        of_member = await ask(
            world, actor, asked, id=report.id, p=one.id, n=await world.number_of(one), c=COMMUNITY
        )
        of_other = await ask(
            world,
            actor,
            asked,
            id="mrp_" + report.id[4:-1] + "0",
            p=none.id,
            n=await world.number_of(none),
            c="420102002004",
        )
        assert of_member == of_other


async def things_of_a_member(world: World) -> list[str]:
    """The ids of a report, a claim on a post and an appointment."""
    one, retired = await member(world), await world.volunteer()
    report = await own_report(one)
    assert report
    today = day_of(world.clock.now())
    office = await declare_appointment(
        retired,
        community=COMMUNITY,
        body=Body.RESIDENTS_COMMITTEE,
        office=Office.HEAD,
        first_day=today,
        last_day=today,
        consent=True,
        key=key(),
    )
    claim = await serving(world, one, await open_service_post(world))
    return [report.id, claim, office.appointment]


async def test_asking_for_what_a_member_has_costs_and_weighs_what_asking_for_nothing_does(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = await things_of_a_member(world)
    asked = "query($id: ID!) { node(id: $id) { id } }"
    statements: list[str] = []
    reads = reading.at(reading.PRIMARY)
    run = reads.fetch

    async def heard(query: str, values: Any) -> Any:
        statements.append(query)
        return await run(query, values)

    monkeypatch.setattr(reads, "fetch", heard)
    for stranger in await outsiders(world):
        for held in there:
            counts = []
            for id in (held, held[:-1] + ("0" if held[-1] != "0" else "1")):
                statements.clear()
                assert await ask(world, stranger, asked, id=id) == {"node": None}
                counts.append(len(statements))
            assert counts[0] == counts[1] > 0, held
