"""Money of organisations: received by source, spent by purpose, each fen with its entry."""

import pytest

from tests.granting import applicant, called, grant_of, running, spent
from tests.world import World
from timebank import replay
from timebank.access import Role
from timebank.entries import entries
from timebank.funding.commitments import Commitment
from timebank.funding.sources import FundSource
from timebank.report_fields import RECEIVED, spent_on
from timebank.report_filling import fill
from timebank.tables import find

pytestmark = [pytest.mark.anyio, pytest.mark.one_database]


async def test_a_report_tells_what_was_received_and_spent_by_source_and_purpose(
    world: World,
) -> None:
    who = await applicant(world)
    grant = await running(world, who, await called(world))
    await spent(world, who, grant, 300)
    held = await grant_of(grant)
    commitment = await find(Commitment, grant)
    assert commitment
    source = await find(FundSource, commitment.source)
    assert source
    told = await fill(held.organisation, 2026)
    received = RECEIVED[source.fund]
    assert told[received].value == str(commitment.paid)
    assert commitment.paid > 0
    others = [told[code].value for code in RECEIVED.values() if code != received]
    assert others == ["0"] * 3, "nothing crosses sources"
    assert told[spent_on(commitment.purpose)].value == "300"
    assert (told["projects_applied"].value, told["projects_awarded"].value) == ("1", "1")
    assert (told["projects_finished"].value, told["returned_fen"].value) == ("0", "0")
    auditor = await world.officer(Role.AUDITOR)
    for code, kind in ((received, "funds.paid"), ("projects_awarded", "grant.awarded")):
        found = await entries(auditor, told[code].entries)
        assert [entry.kind for entry in found.values()] == [kind]
    assert (await replay.compare(world.settings.database_url)).differing == 0
