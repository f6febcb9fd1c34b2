"""Privacy for the tests: what the role matrix asks of holds, erasures and look-ups."""

from datetime import date
from typing import Any

from tests.looking import names_of
from tests.world import World, key, resident_id
from timebank.access import Role
from timebank.actors import PUBLIC, Actor
from timebank.breaches import BreachKind, report_breach
from timebank.data_requests import RequestKind, request_data
from timebank.erasures import ask_erasure
from timebank.holds import KeepReason, place_hold
from timebank.identity import DocumentType
from timebank.people import register_person

PHONE = "13911110000"


async def things(world: World, subject: Actor) -> dict[str, Any]:
    """A hold on the subject, somebody to erase, somebody who is held, somebody with a telephone."""
    officer = await world.officer(Role.DATA_PROTECTION_OFFICER)
    number = await world.number_of(subject)
    held = await place_hold(officer, number=number, reason=KeepReason.AUDIT, key=key())
    other_number = await world.number_of(await world.volunteer())
    leaving, kept = await world.volunteer(), await world.volunteer()
    kept_number = await world.number_of(kept)
    await place_hold(officer, number=kept_number, reason=KeepReason.AUDIT, key=key())
    await ask_erasure(kept, key=key())
    world.count += 1
    await register_person(
        PUBLIC,
        name="陈桂兰",
        document=DocumentType.RESIDENT_ID,
        document_number=resident_id(world.count),
        phone=PHONE,
        home=world.station,
        consent=True,
        key=key(),
    )
    await names_of(world.staff[Role.STATION_MANAGER], [subject.person or ""])
    await request_data(subject, kind=RequestKind.COPY, key=key())
    wrong, gone, bad = [
        (await request_data(who, kind=kind, words="请处理", key=key())).request
        for who, kind in (
            (subject, RequestKind.CORRECTION),
            (subject, RequestKind.DELETION),
            (await world.volunteer(), RequestKind.CORRECTION),
        )
    ]
    breach = await report_breach(
        officer,
        area="420102",
        kind=BreachKind.LEAKED,
        found_on=date(2026, 11, 1),
        words="请改密码",
        key=key(),
    )
    return {
        "breaches.area": "420102",
        "reportBreach.area": "420102",
        "reportBreach.kind": "LOST",
        "reportBreach.foundOn": "2026-11-01",
        "reportBreach.words": "请改密码",
        "closeBreach.breach": breach.breach,
        "closeBreach.measures": "已更换密钥",
        "looks.number": number,
        "portableCopy.number": number,
        "dataRequests.scope": world.station_path,
        "answeredRequests.scope": world.station_path,
        "dataRequest.id": wrong,
        "standing.person": subject.person,
        "rolesGiven.scope": world.station_path,
        "withdrawRequest.request": gone,
        "grantRequest.request": bad,
        "refuseRequest.request": bad,
        "correctPerson.request": wrong,
        "hold": held.hold,
        "erasure.number": kept_number,
        "withdrawErasure.number": kept_number,
        "issueCard.number": other_number,
        "resetSignIn.number": other_number,
        "setPasswordByCode.number": other_number,
        "setPasswordByCode.code": "00000000",
        "confirmSecondFactor.code": "000000",
        "card": "000000000000",
        "pin": "420195",
        "askErasure.number": await world.number_of(leaving),
        "peopleByPhone.phone": PHONE,
        "peopleByName.station": world.station,
        "peopleByName.name": "cgl",
    }
