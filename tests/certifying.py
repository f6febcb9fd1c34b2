"""Certificates for the tests: asked for and issued by the ordinary commands."""

from datetime import date, timedelta
from typing import Any

from tests.volunteering import posted
from tests.world import World, key
from timebank.access import Role
from timebank.actors import Actor
from timebank.certificate_issuing import issue_certificate
from timebank.certificates import Certificate, request_certificate
from timebank.tables import find

SINCE = date(2026, 1, 1)


async def certificate_of(id: str) -> Certificate:
    """A certificate that must be there."""
    held = await find(Certificate, id)
    assert held
    return held


async def requested(world: World, who: Actor, *, replaces: str | None = None) -> str:
    """A request for a certificate of this year so far."""
    made = await request_certificate(
        who, since=SINCE, until=world.clock.now().date(), replaces=replaces, key=key()
    )
    return made.certificate


async def issued(world: World, who: Actor, *, replaces: str | None = None) -> str:
    """A certificate of this year so far, issued by the station's manager."""
    made = await requested(world, who, replaces=replaces)
    await issue_certificate(world.staff[Role.STATION_MANAGER], certificate=made, key=key())
    return made


async def served_and_issued(world: World, who: Actor, *, minutes: int = 90) -> Certificate:
    """A certificate of a record by hand."""
    world.clock.move(timedelta(hours=3))
    await posted(world, who, minutes=minutes)
    return await certificate_of(await issued(world, who))


async def things(world: World, subject: Actor) -> dict[str, Any]:
    """An issued certificate of the subject, and the request for another one."""
    held = await certificate_of(await issued(world, subject))
    request = await requested(world, subject)
    return {
        "certificate": request,
        "revokeCertificate.certificate": held.id,
        "certificateVerification.code": held.code,
        "requestCertificate.since": SINCE.isoformat(),
        "requestCertificate.until": SINCE.isoformat(),
        "certificatesAt.scope": world.station_path,
        "certificatesAt.state": "REQUESTED",
        "entitlement.order": "ord_none",
    }
