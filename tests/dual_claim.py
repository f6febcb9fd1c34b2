"""Dual claim for the role matrix: the subject is a member, and there is something of each thing."""

from typing import Any

from tests.membership import reported, secretary, work_unit
from tests.world import COMMUNITY, World, key
from timebank.actors import Actor
from timebank.report_reviews import activate_report, receive_report
from timebank.unit_consents import consent_to_unit


async def dual_claim_things(world: World, subject: Actor) -> dict[str, Any]:
    """Reports to receive, to activate and to return, and what else the API is to be asked for."""
    party, unit = await secretary(world), await work_unit(world)
    own = await reported(world, subject)
    await receive_report(party, report=own, key=key())
    await activate_report(party, report=own, key=key())
    await consent_to_unit(subject, unit=unit, key=key())
    waiting = [await reported(world, await world.volunteer()) for _ in range(3)]
    await receive_report(party, report=waiting[1], key=key())
    return {
        "community": COMMUNITY,
        "unit": unit,
        "receiveMemberReport.report": waiting[0],
        "activateMemberReport.report": waiting[1],
        "returnMemberReport.report": waiting[2],
    }
