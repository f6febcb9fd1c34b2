"""Issuing certificates: by another hand, numbered, with every character of the name."""

import pytest

from tests.certifying import certificate_of, issued, requested
from tests.volunteering import posted
from tests.wire import act
from tests.world import World, key
from timebank import certificate_issuing, replay
from timebank.access import Role, grant_role
from timebank.actors import PUBLIC, SYSTEM, person
from timebank.certificate_issuing import (
    NameUnprintable,
    OwnCertificate,
    TooMuchToCertify,
    decline_certificate,
    issue_certificate,
    revoke_certificate,
)
from timebank.certificate_life import (
    CertificateDeclineReason,
    CertificateRevokeReason,
    CertificateState,
)
from timebank.certificates import NothingToCertify
from timebank.lifecycles import NotInThisState
from timebank.notices import NoticeCode, inbox_of, open_inbox
from timebank.record_life import ReverseReason
from timebank.refusals import Forbidden, NotFound, Unauthenticated
from timebank.reversals import reverse_hours

pytestmark = pytest.mark.anyio


async def test_a_certificate_is_issued_numbered_and_told(world: World) -> None:
    who, manager = await world.volunteer(), world.staff[Role.STATION_MANAGER]
    await open_inbox(who)
    await posted(world, who, minutes=90)
    made = await requested(world, who)
    told = await act(
        world,
        manager,
        "issueCertificate",
        "certificate { state number minutes records issuedOn entry { seq } } entry { seq }",
        certificate=made,
    )
    assert told["certificate"] == {
        "state": "ISSUED",
        "number": "2026-000001",
        "minutes": 90,
        "records": 1,
        "issuedOn": "2026-11-20",
        "entry": told["entry"],
    }
    held = await certificate_of(made)
    assert held.issued_by == manager.person
    assert held.code
    assert len(held.code) == 16
    assert (await inbox_of(who))[0].code is NoticeCode.CERTIFICATE_ISSUED
    second = await certificate_of(await issued(world, who))
    assert second.number == "2026-000002"
    assert second.code != held.code
    assert (await replay.compare(world.settings.database_url)).differing == 0


async def test_only_the_home_stations_manager_or_the_district_issues(world: World) -> None:
    who = await world.volunteer()
    await posted(world, who)
    made = await requested(world, who)
    far = await world.officer(Role.STATION_MANAGER, "420100/420103/")
    for actor, refusal in (
        (PUBLIC, Unauthenticated),
        (who, NotFound),
        (far, NotFound),
        (world.staff[Role.STATION_CLERK], Forbidden),
    ):
        with pytest.raises(refusal):
            await issue_certificate(actor, certificate=made, key=key())
    with pytest.raises(NotFound):
        await issue_certificate(world.staff[Role.STATION_MANAGER], certificate="cer_x", key=key())
    await issue_certificate(world.staff[Role.DISTRICT_LEAD], certificate=made, key=key())
    with pytest.raises(NotInThisState):
        await issue_certificate(world.staff[Role.DISTRICT_LEAD], certificate=made, key=key())


async def test_nobody_certifies_their_own_service(world: World) -> None:
    who = await world.volunteer()
    await posted(world, who)
    made = await requested(world, who)
    await grant_role(
        SYSTEM,
        person=who.person or "",
        role=Role.STATION_MANAGER,
        scope=world.station_path,
        key=key(),
    )
    staff = person(who.person or "", staff=True)
    with pytest.raises(OwnCertificate):
        await issue_certificate(staff, certificate=made, key=key())
    reason = CertificateDeclineReason.IDENTITY_UNCLEAR
    with pytest.raises(OwnCertificate):
        await decline_certificate(staff, certificate=made, reason=reason, key=key())


async def test_what_counts_on_the_day_of_issue_is_certified(world: World) -> None:
    who, manager = await world.volunteer(), world.staff[Role.STATION_MANAGER]
    record = await posted(world, who)
    made = await requested(world, who)
    await reverse_hours(
        world.staff[Role.DISTRICT_LEAD],
        records=[record],
        reason=ReverseReason.RECORDED_WRONGLY,
        key=key(),
    )
    with pytest.raises(NothingToCertify):
        await issue_certificate(manager, certificate=made, key=key())
    told = await act(
        world,
        manager,
        "declineCertificate",
        "certificate { state declined }",
        certificate=made,
        reason="RECORD_DISPUTED",
    )
    assert told["certificate"] == {"state": "DECLINED", "declined": "RECORD_DISPUTED"}
    assert await requested(world, who) != made


async def test_a_name_that_cannot_be_printed_whole_is_not_certified(world: World) -> None:
    who, manager = await world.volunteer(), world.staff[Role.STATION_MANAGER]
    await posted(world, who)
    made = await requested(world, who)

    async def no_rare_font(name: str) -> str:
        return "".join(one for one in name if one == "英")

    certificate_issuing.install(no_rare_font)
    try:
        with pytest.raises(NameUnprintable) as no:
            await issue_certificate(manager, certificate=made, key=key())
        assert no.value.characters == "英"
        assert (await certificate_of(made)).state is CertificateState.REQUESTED
    finally:
        certificate_issuing.install(None)
    await issue_certificate(manager, certificate=made, key=key())


async def test_a_period_of_too_many_records_is_refused(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    who, manager = await world.volunteer(), world.staff[Role.STATION_MANAGER]
    await posted(world, who)
    made = await requested(world, who)
    monkeypatch.setattr(certificate_issuing, "MOST_RECORDS", 0)
    with pytest.raises(TooMuchToCertify):
        await issue_certificate(manager, certificate=made, key=key())


async def test_a_revoked_certificate_is_told_and_ends(world: World) -> None:
    who, manager = await world.volunteer(), world.staff[Role.STATION_MANAGER]
    await open_inbox(who)
    await posted(world, who)
    made = await issued(world, who)
    told = await act(
        world,
        manager,
        "revokeCertificate",
        "certificate { state revoked }",
        certificate=made,
        reason="ISSUED_WRONGLY",
    )
    assert told["certificate"] == {"state": "REVOKED", "revoked": "ISSUED_WRONGLY"}
    assert (await inbox_of(who))[0].code is NoticeCode.CERTIFICATE_REVOKED
    reason = CertificateRevokeReason.OWN_WISH
    with pytest.raises(NotInThisState):
        await revoke_certificate(manager, certificate=made, reason=reason, key=key())


async def test_the_one_replaced_may_have_ended_meanwhile(world: World) -> None:
    who, manager = await world.volunteer(), world.staff[Role.STATION_MANAGER]
    await posted(world, who)
    first = await issued(world, who)
    request = await requested(world, who, replaces=first)
    reason = CertificateRevokeReason.ISSUED_WRONGLY
    await revoke_certificate(manager, certificate=first, reason=reason, key=key())
    await issue_certificate(manager, certificate=request, key=key())
    assert (await certificate_of(first)).state is CertificateState.REVOKED
    assert (await certificate_of(request)).state is CertificateState.ISSUED
