"""Merge matters: each thing that waits for whoever is to go is found by its row, and no other."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.moving import put
from tests.test_matching import ORDER
from tests.test_silence import CONFIRMED
from tests.world import NOON, open_world
from timebank.access import Grant, Grants, Role
from timebank.accounts import Account, volunteer
from timebank.appointments import MemberOffices
from timebank.attendance import Whereabouts
from timebank.certificates import CertificateWaits
from timebank.data_requests import DataRequest, RequestKind, RequestState
from timebank.donations import Donation, DonationState
from timebank.findings import FindingPerson
from timebank.gift_life import GiftState
from timebank.gifts import Gift
from timebank.held_stars import Stars
from timebank.help_life import HelpState
from timebank.holds import HeldFor, KeepReason
from timebank.member_reports import MemberStanding
from timebank.merge_matters import ASKED_OF, Unsettled, unsettled
from timebank.pool_grants import GrantState, PoolGrant
from timebank.post_claims import MemberPosts
from timebank.record_life import RecordState
from timebank.restrictions import Restricted
from timebank.sign_ups import SignUp
from timebank.tables import Row
from timebank.unit_consents import UnitConsent
from timebank.unit_statements import OpenStatements
from timebank.wish_claims import OpenWishClaims

DAY = date(2026, 11, 19)
AT = datetime(2026, 11, 19, tzinfo=UTC)
HOUR = timedelta(hours=1)

Told = Callable[[str], Row]


def record(part: str, state: RecordState = RecordState.CAPTURED) -> Told:
    """A record in which the person has a part, of which nobody else is asked for."""
    return lambda who: replace(CONFIRMED, id=f"rec_{who}", state=state, **{part: who})


def order(part: str, state: HelpState = HelpState.RESERVED) -> Told:
    """An order for help in which the person has a part."""
    return lambda who: replace(ORDER, id=f"hlp_{who}", state=state, **{part: who})


def gift(part: str, state: GiftState = GiftState.OFFERED) -> Told:
    """A gift that the person gives or gets."""
    parties = {"giver": "per_other", "receiver": "per_other"}
    return lambda who: Gift(
        id=f"gft_{who}",
        **{**parties, part: who},
        giver_number="WH-1",
        receiver_number="WH-2",
        minutes=30,
        state=state,
        offered_at=AT,
        until=AT,
    )


def donation(state: DonationState) -> Told:
    """A donation to a pool."""
    return lambda who: Donation(
        id=f"don_{who}",
        donor=who,
        area="420102",
        minutes=30,
        state=state,
        made_at=AT,
        until=AT,
    )


def grant(state: GrantState) -> Told:
    """Minutes that a pool set aside for the person."""
    return lambda who: PoolGrant(
        id=f"grt_{who}",
        person=who,
        area="420102",
        month=DAY,
        minutes=30,
        state=state,
        granted_on=DAY,
    )


def request(state: RequestState) -> Told:
    """What the person asked the bank for."""
    return lambda who: DataRequest(
        id=f"req_{who}",
        person=who,
        path="420100/",
        kind=RequestKind.COPY,
        state=state,
        received_at=AT,
        answer_by=DAY,
    )


def seat(ends: datetime) -> Told:
    """A seat at an activity that ends then."""
    return lambda who: SignUp(
        id=f"act_1/{who}", activity="act_1", person=who, starts=ends - HOUR, ends=ends
    )


def consent(who: str) -> Row:
    """A member's consent that the unit may know."""
    return UnitConsent(member=who, unit="org_1", version="1", since=DAY, months=3, next_on=DAY)


def finding(who: str) -> Row:
    """A finding that touches the person, whose records all came back."""
    return FindingPerson(id=f"fnd_1/{who}", finding="fnd_1", person=who, blamed=False, voided=0)


ROLE = Grant(id="gra_1", role=Role.AUDITOR, scope="420100/", until=date(2020, 1, 1))

WAITS: list[tuple[str, Unsettled, Told]] = [
    ("audit", Unsettled.AUDIT, lambda who: HeldFor(person=who, reasons=(KeepReason.AUDIT,))),
    ("role that is over", Unsettled.ROLE, lambda who: Grants(person=who, grants=(ROLE,))),
    *[
        (f"record, {part}", Unsettled.RECORD, record(part))
        for part in ("volunteer", "recipient", "recorder", "confirmer")
    ],
    *[(f"order, {part}", Unsettled.ORDER, order(part)) for part in ("payer", "served", "helper")],
    ("seat", Unsettled.VISIT, seat(NOON + HOUR)),
    (
        "there now",
        Unsettled.VISIT,
        lambda who: Whereabouts(person=who, activity="act_1", planned_end=AT),
    ),
    *[(f"gift, {part}", Unsettled.MINUTES, gift(part)) for part in ("giver", "receiver")],
    ("donation", Unsettled.MINUTES, donation(DonationState.WAITING)),
    ("grant", Unsettled.MINUTES, grant(GrantState.GRANTED)),
    ("office", Unsettled.PROMISE, lambda who: MemberOffices(who, ("app_1",))),
    ("post", Unsettled.PROMISE, lambda who: MemberPosts(who, (("pst_1", "clm_1"),))),
    ("statement", Unsettled.PROMISE, lambda who: OpenStatements(who, ("stm_1",))),
    ("wish", Unsettled.PROMISE, lambda who: OpenWishClaims(who, ("wsh_1",))),
    ("report", Unsettled.PROMISE, lambda who: MemberStanding(who, "rpt_1")),
    ("consent", Unsettled.PROMISE, consent),
    ("star", Unsettled.STAR, lambda who: Stars(person=who, waiting="awd_1")),
    ("certificate", Unsettled.CERTIFICATE, lambda who: CertificateWaits(who, "crt_1")),
    ("request", Unsettled.REQUEST, request(RequestState.RECEIVED)),
    ("restriction", Unsettled.REQUEST, lambda who: Restricted(person=who, since=AT)),
    ("finding that came back", Unsettled.FINDING, finding),
]

SETTLED: list[tuple[str, Told]] = [
    ("no role any more", lambda who: Grants(person=who, grants=())),
    ("record that is posted", record("volunteer", RecordState.POSTED)),
    ("record that is voided", record("recorder", RecordState.REJECTED)),
    ("order that is paid", order("payer", HelpState.SETTLED)),
    ("seat of yesterday", seat(NOON - HOUR)),
    ("gift that was taken", gift("receiver", GiftState.ACCEPTED)),
    ("donation that is the pool's", donation(DonationState.SETTLED)),
    ("grant that is closed", grant(GrantState.CLOSED)),
    ("no office", lambda who: MemberOffices(who, ())),
    ("no post", lambda who: MemberPosts(who, ())),
    ("no statement", lambda who: OpenStatements(who, ())),
    ("no wish", lambda who: OpenWishClaims(who, ())),
    ("star that is decided", lambda who: Stars(person=who)),
    ("request that is answered", request(RequestState.GRANTED)),
    (
        "minutes, which go over",
        lambda who: Account(code=volunteer(who), unit="minute", balance=90),
    ),
]


@pytest.mark.anyio
async def test_each_thing_that_waits_is_found_and_nothing_that_is_settled(
    sqlite_url: str, tmp_path: Path
) -> None:
    cases: list[tuple[str, tuple[Unsettled, ...], Told]] = [
        *((name, (matter,), told) for name, matter, told in WAITS),
        *((name, (), told) for name, told in SETTLED),
    ]
    people = {name: f"per_case_{n}" for n, (name, *_) in enumerate(cases)}
    async with open_world(sqlite_url, tmp_path):
        await put(*(told(people[name]) for name, _, told in cases))
        found = {name: await unsettled(people[name]) for name in people}
    assert found == {name: matters for name, matters, _ in cases}


def test_whatever_is_asked_for_has_its_row_here() -> None:
    assert set(ASKED_OF) <= {matter for _, matter, _ in WAITS}
