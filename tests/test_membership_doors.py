"""Doors by which membership might be told: exports, pages, errors and the size of any answer."""

import csv
import json
import re
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.membership import member, open_service_post, secretary, serving
from tests.test_appointments import declared
from tests.test_pages_module import browsing
from tests.test_unit_statements import consented, new_year, statement_of
from tests.wire import act, ask
from tests.wishing import listed
from tests.world import COMMUNITY, World, key
from timebank import exports
from timebank.access import Role
from timebank.aliases import PREFIX, AliasPerson
from timebank.ids import is_id, new
from timebank.member_reports import MemberReport, report_membership
from timebank.post_claims import PostClaim, claim_post
from timebank.tables import find, select
from timebank.unit_statements import send_statement
from timebank.wish_claims import WishClaim, claim_wish
from web.pages.every import PAGES

pytestmark = [pytest.mark.anyio, pytest.mark.one_database]
FRESH = re.compile(r'value="[0-9A-Za-z_.-]{20,}"|\?v=[0-9a-f]+|账本已有页数 \d+')


async def test_no_line_of_an_export_names_a_member_beside_their_alias(
    world: World, tmp_path: Path
) -> None:
    who, _ = await consented(world)
    await serving(world, who, await open_service_post(world))
    await claim_wish(who, wish=await listed(world), key=key())
    await declared(world, who)
    await new_year(world)
    await send_statement(who, statement=(await statement_of(who)).id, key=key())
    entries, postings = tmp_path / "entries.csv", tmp_path / "postings.csv"
    with exports.create(entries) as one, exports.create(postings) as two:
        await exports.write_csv(world.settings.database_url, one, two)
    assert PREFIX + "_" not in postings.read_text("utf-8"), "no account is an alias's"
    owners = {held.alias: held.person for held in await select(AliasPerson)}
    told = 0
    with entries.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            line = json.dumps(row)
            named = {alias for alias in owners if alias in line}
            told += len(named)
            assert not [alias for alias in named if owners[alias] in line], row["kind"]
    assert told > 10


async def test_no_page_of_anybody_elses_changes_by_a_letter_when_somebody_becomes_a_member(
    world: World,
) -> None:
    who = await world.volunteer()
    await secretary(world)
    wide = (Role.AUDITOR, Role.UNIT_PARTY_ADMIN, Role.DISTRICT_LEAD)
    readers = [None, await world.volunteer(), world.staff[Role.STATION_MANAGER]]
    readers += [await world.officer(role) for role in wide]
    paths = [page.path for page in PAGES if "{" not in page.path]
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(await browsing(world, one)) for one in readers]

        async def seen() -> list[dict[str, str]]:
            return [
                {path: FRESH.sub("", (await client.get(path)).text) for path in paths}
                for client in clients
            ]

        before = await seen()
        await report_membership(who, community=COMMUNITY, consent=True, key=key())
        await declared(world, who)
        after = await seen()
    changed = {
        path
        for one, two in zip(before, after, strict=True)
        for path in paths
        if one[path] != two[path]
    }
    assert changed == {"/ledger"}, "the ledger in the open grows by every entry, and says no more"


async def test_errors_about_a_members_things_are_those_about_nothing(world: World) -> None:
    who = await member(world)
    await claim_post(who, post=await open_service_post(world), key=key())
    await claim_wish(who, wish=await listed(world), key=key())
    (report,) = await select(MemberReport)
    (claim,), (wish_claim,) = await select(PostClaim), await select(WishClaim)
    clerk, other = world.staff[Role.STATION_CLERK], await world.volunteer()
    asked: tuple[tuple[str, str, str, dict[str, str]], ...] = (
        ("receiveMemberReport", "report", report.id, {}),
        ("returnMemberReport", "report", report.id, {"reason": "NOT_A_MEMBER"}),
        ("confirmPostClaim", "claim", claim.id, {}),
        ("completePost", "claim", claim.id, {}),
        ("leavePost", "claim", claim.id, {}),
        ("contactResident", "claim", wish_claim.id, {}),
        ("giveWishBack", "claim", wish_claim.id, {}),
    )
    for actor in (clerk, other, await world.officer(Role.AUDITOR)):
        for mutation, name, real, given in asked:
            made_up = new(real[:3])
            answers = [
                await act(world, actor, mutation, "replayed", **given | {name: id})
                for id in (real, made_up)
            ]
            assert answers[0] == answers[1], mutation
        for real in (report.id, claim.id, wish_claim.id):
            query = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }"
            told = await ask(world, actor, query, ids=[real, new(real[:3])])
            assert told["nodes"] == [None, None]
    tie = await find(AliasPerson, claim.member)
    assert tie
    assert is_id(tie.alias, PREFIX)
