"""Dual claim for the role matrix: the subject is a member, and there is something of each thing."""

from datetime import timedelta
from typing import Any

from tests.membership import member, open_service_post, reported, secretary, serving, work_unit
from tests.volunteering import captured
from tests.wishing import granted, listed, told
from tests.world import COMMUNITY, World, key
from timebank.access import Role
from timebank.actors import SYSTEM, Actor
from timebank.appointment_life import Body, Office
from timebank.appointments import confirm_appointment, declare_appointment
from timebank.batch import Batch
from timebank.clock import day_of
from timebank.divisions import CITY, CITY_PATH
from timebank.journal import Answer, write
from timebank.post_claims import claim_post, complete_post, confirm_claim
from timebank.posts import PostClass
from timebank.report_reviews import activate_report, receive_report
from timebank.skills import name_skills
from timebank.statement_life import StatementPrepared
from timebank.tables import select
from timebank.unit_consents import UnitConsent, consent_to_unit
from timebank.unit_statements import send_statement, statement_link
from timebank.wish_checks import approve_wish
from timebank.wish_claims import allow_volunteers, claim_wish
from timebank.wish_closings import code_of_wish, link_of
from timebank.wish_granting import contact_resident

OPEN_TO_ALL = "420103"
"""Where any volunteer may claim wishes; no wish is told there."""


async def things(world: World, subject: Actor) -> dict[str, Any]:
    """Reports to receive, to activate and to return, and what else the API is to be asked for."""
    party, unit = await secretary(world), await work_unit(world)
    own = await reported(world, subject)
    await receive_report(party, report=own, key=key())
    await activate_report(party, report=own, key=key())
    await consent_to_unit(subject, unit=unit, key=key())
    await name_skills(
        subject, classes=[PostClass.SAFETY_AND_PATROL], kinds=[], windows=[], key=key()
    )
    open_to_all = await world.officer(Role.PARTY_SECRETARY, CITY_PATH)
    await allow_volunteers(open_to_all, community=OPEN_TO_ALL, allowed=True, key=key())
    waiting = [await reported(world, await world.volunteer()) for _ in range(3)]
    await receive_report(party, report=waiting[1], key=key())
    return (
        {
            "community": COMMUNITY,
            "wishVolunteers.community": OPEN_TO_ALL,
            "unit": unit,
            "receiveMemberReport.report": waiting[0],
            "activateMemberReport.report": waiting[1],
            "returnMemberReport.report": waiting[2],
        }
        | await _posts(world, subject)
        | await _appointments(world, subject)
        | await _statements(world, subject, unit)
        | {"wishFigures.area": COMMUNITY, "postFigures.area": COMMUNITY, "officeFigures.area": CITY}
        | {"nameSkills.classes": ["HEALTH"], "nameSkills.kinds": [], "nameSkills.windows": []}
        | {"since": "2026-11-01", "until": "2026-12-01"}
        | await _wishes(world, subject)
    )


async def _wishes(world: World, subject: Actor) -> dict[str, Any]:
    """A wish for every step, and the subject's own claims where a claim is asked for."""
    claims = []
    for contacted in (False, True, True, True):
        made = await claim_wish(subject, wish=await listed(world), key=key())
        claims.append(made.claim)
        if contacted:
            await contact_resident(subject, claim=made.claim, key=key())
    done = [await listed(world) for _ in range(3)]
    for wish in done:
        await granted(world, wish)
    waiting = [await told(world, may_publish=True) for _ in range(4)]
    await told(world, by=subject, phone="13912340001")
    await approve_wish(world.staff[Role.STATION_MANAGER], wish=waiting[3], key=key())
    return {
        "collectWish.station": world.station,
        "collectWish.kind": "REPAIR",
        "words": "修水龙头",
        "address": "黎黄陂路",
        "fen": 0,
        "mayPublish": True,
        "onTheWay": False,
        "collectWish.principal": None,
        "wishes.scope": "420100/",
        "wishes.state": "PUBLISHED",
        "link": link_of(done[0]),
        "approveWish.wish": waiting[0],
        "referWish.wish": waiting[1],
        "declineWish.wish": waiting[2],
        "publishWish.wish": waiting[3],
        "summary": "修水龙头",
        "claimWish.wish": await listed(world),
        "allowed": False,
        "contactResident.claim": claims[0],
        "extendWish.claim": claims[1],
        "giveWishBack.claim": claims[2],
        "fulfilWish.claim": claims[3],
        "fulfilWishByCommunity.wish": await told(world),
        "granted": True,
        "closeWishByCode.wish": done[1],
        "closeWishByCode.code": code_of_wish(done[1]),
        "closeWishByPhone.wish": done[2],
    }


async def _posts(world: World, subject: Actor) -> dict[str, Any]:
    """Posts to open, to claim and to close, and claims in every state that something follows."""
    claims = {}
    for name in ("namePostService", "beginPost", "completePost"):
        post = await open_service_post(world)
        if name == "beginPost":
            claims[name] = (await claim_post(subject, post=post, key=key())).claim
            await confirm_claim(await secretary(world), claim=claims[name], key=key())
        else:
            claims[name] = await serving(world, subject, post)
    others = [await member(world) for _ in range(2)]
    post = await open_service_post(world, places=9)
    waiting = (await claim_post(others[0], post=post, key=key())).claim
    done = await serving(world, others[1], post)
    await complete_post(others[1], claim=done, key=key())
    return {
        "post": post,
        "duty": False,
        "posts.scope": "420100/",
        "posts.state": "OPEN",
        "postClass": "HEALTH",
        "places": 3,
        "firstDay": "2026-12-01",
        "lastDay": "2026-12-31",
        "weekdays": [6, 7],
        "fromMinute": 540,
        "toMinute": 600,
        "confirmPostClaim.claim": waiting,
        "evaluatePostClaim.claim": done,
        "beginPost.claim": claims["beginPost"],
        "completePost.claim": claims["completePost"],
        "namePostService.claim": claims["namePostService"],
        "namePostService.record": await _early(world, subject),
        "leavePost.claim": claims["namePostService"],
    }


async def _statements(world: World, subject: Actor, unit: str) -> dict[str, Any]:
    """Statements of the subject for their unit, as the software prepares them."""
    (member,) = [held.member for held in await select(UnitConsent, unit=unit)]
    statements = [f"ust_matrix{n}" for n in range(3)]

    def work(batch: Batch) -> Answer:
        for statement in statements:
            event = StatementPrepared(
                statement=statement,
                member=member,
                unit=unit,
                first_day=batch.today,
                last_day=batch.today,
                minutes=0,
                duty_minutes=0,
                posts=0,
                wishes=0,
                send_by=batch.today,
                next_on=batch.there(UnitConsent, member).next_on,
            )
            batch.record(event)
        return Answer()

    await write(SYSTEM, None, work, answer=Answer)
    await send_statement(subject, statement=statements[2], key=key())
    return {
        "sendUnitStatement.statement": statements[0],
        "withholdUnitStatement.statement": statements[1],
        "unitStatements.unit": unit,
        "unitStatementByLink.link": statement_link(statements[2]),
    }


async def _appointments(world: World, subject: Actor) -> dict[str, Any]:
    """An office of the subject's to resign, and others' for the secretary."""
    today = day_of(world.clock.now())

    async def declared(who: Actor) -> str:
        made = await declare_appointment(
            who,
            community=COMMUNITY,
            body=Body.OWNERS_COMMITTEE,
            office=Office.HEAD,
            first_day=today,
            last_day=today,
            consent=True,
            key=key(),
        )
        return made.appointment

    others = [await declared(await world.volunteer()) for _ in range(4)]
    await confirm_appointment(await secretary(world), appointment=others[3], key=key())
    return {
        "resignAppointment.appointment": await declared(subject),
        "confirmAppointment.appointment": others[0],
        "returnAppointment.appointment": others[1],
        "endAppointment.appointment": others[2],
        "appointments.scope": f"{CITY_PATH}420102/420102002/{COMMUNITY}/",
    }


async def _early(world: World, subject: Actor) -> str:
    """A record of the subject's of this morning, by a hand that nobody disowned."""
    manager = world.staff[Role.STATION_MANAGER]
    starts = world.clock.now() - timedelta(hours=9)
    return await captured(world, subject, starts=starts, minutes=15, by=manager)
