"""Merge matters: what must be settled before a second registration goes into the first (domain 11).

Nothing that waits for somebody is moved from under them. Of whoever rests because a merge is
proposed nothing new begins, so that what is not open stays so. Roles are not moved either: who
recorded, confirmed or paid must stay told apart, so that whoever holds a role is the one kept, as
is whoever a finding of misconduct names.
Says of posts, wishes and reports only that something is promised: which of them tells who is a
member. Refuses to know who decides (`merges`).
"""

from collections.abc import Mapping
from enum import StrEnum

from tortoise.expressions import Q

from timebank.access import Grants
from timebank.actors import PersonId
from timebank.appointments import MemberOffices
from timebank.attendance import Whereabouts
from timebank.certificates import CertificateWaits
from timebank.columns import to_microseconds
from timebank.data_requests import DataRequest, RequestState
from timebank.donations import Donation, DonationState
from timebank.findings import FindingPerson
from timebank.gift_life import GiftState
from timebank.gifts import Gift
from timebank.held_stars import Stars
from timebank.help_life import HOLDING
from timebank.help_orders import HelpOrder
from timebank.hours import Record
from timebank.journal import current
from timebank.member_reports import MemberStanding
from timebank.merged_records import OPEN
from timebank.open_matters import Asked, Matter, open_matters
from timebank.pool_grants import GrantState, PoolGrant
from timebank.post_claims import MemberPosts
from timebank.restrictions import Restricted
from timebank.sign_ups import SignUp
from timebank.tables import count, find
from timebank.unit_consents import UnitConsent
from timebank.unit_statements import OpenStatements
from timebank.wish_claims import OpenWishClaims


class Unsettled(StrEnum):
    """What is open of whoever is to go."""

    DISPUTE = "dispute"
    AUDIT = "audit"
    ORDER = "order"
    MONEY_CASE = "money_case"
    LEGAL_PERIOD = "legal_period"
    ROLE = "role"
    RECORD = "record"
    VISIT = "visit"
    MINUTES = "minutes"
    PROMISE = "promise"
    STAR = "star"
    CERTIFICATE = "certificate"
    REQUEST = "request"
    FINDING = "finding"


async def _records(person: PersonId) -> bool:
    """A record that waits, of service by or to the person or by whose hand it is."""
    concerned = Q(volunteer=person) | Q(recipient=person) | Q(recorder=person) | Q(confirmer=person)
    waiting = sorted(state.value for state in OPEN)
    return bool(await count(Record, concerned, state__in=waiting))


async def _help(person: PersonId) -> bool:
    """An order that goes on; of those whom the person is to be served by, somebody else may pay."""
    concerned = Q(payer=person) | Q(served=person) | Q(helper=person)
    going = sorted(state.value for state in HOLDING)
    return bool(await count(HelpOrder, concerned, state__in=going))


async def _visits(person: PersonId) -> bool:
    now = to_microseconds(current().clock.now())
    coming = await count(SignUp, person=person, ends__gt=now)
    return bool(coming) or await find(Whereabouts, person) is not None


async def _minutes(person: PersonId) -> bool:
    """Minutes that are on their way."""
    gifts = Q(giver=person) | Q(receiver=person)
    return bool(
        await count(Gift, gifts, state=GiftState.OFFERED.value)
        or await count(Donation, donor=person, state=DonationState.WAITING.value)
        or await count(PoolGrant, person=person, state=GrantState.GRANTED.value)
    )


async def _promises(person: PersonId) -> bool:
    offices = await find(MemberOffices, person)
    posts = await find(MemberPosts, person)
    statements = await find(OpenStatements, person)
    wishes = await find(OpenWishClaims, person)
    return bool(
        (offices and offices.appointments)
        or (posts and posts.claims)
        or (statements and statements.statements)
        or (wishes and wishes.claims)
        or await find(MemberStanding, person)
        or await find(UnitConsent, person)
    )


async def _stars(person: PersonId) -> bool:
    held = await find(Stars, person)
    return held is not None and held.waiting is not None


async def _certificates(person: PersonId) -> bool:
    return await find(CertificateWaits, person) is not None


async def _requests(person: PersonId) -> bool:
    asked = await count(DataRequest, person=person, state=RequestState.RECEIVED.value)
    return bool(asked) or await find(Restricted, person) is not None


async def _findings(person: PersonId) -> bool:
    """A finding, lifted or not: its appeal goes back to the id that it named."""
    return bool(await count(FindingPerson, person=person))


async def _roles(person: PersonId) -> bool:
    """A role, even one that is over: its acts are told apart by the id."""
    held = await find(Grants, person)
    return held is not None and bool(held.grants)


ASKED_OF: Mapping[Unsettled, Asked] = {
    Unsettled.ORDER: _help,
    Unsettled.ROLE: _roles,
    Unsettled.RECORD: _records,
    Unsettled.VISIT: _visits,
    Unsettled.MINUTES: _minutes,
    Unsettled.PROMISE: _promises,
    Unsettled.STAR: _stars,
    Unsettled.CERTIFICATE: _certificates,
    Unsettled.REQUEST: _requests,
    Unsettled.FINDING: _findings,
}
"""Who is asked beside what keeps a person's data (`open_matters`)."""

MOVED = frozenset({Matter.MINUTES, Matter.WARD, Matter.ROLE})
"""What keeps data from being erased and goes over in a merge, or is asked more strictly here."""


async def unsettled(person: PersonId) -> tuple[Unsettled, ...]:
    """What must be settled before somebody's second registration goes, in the order of the enum."""
    found = {Unsettled(m.value) for m in await open_matters(person) if m not in MOVED}
    found |= {matter for matter, asked in ASKED_OF.items() if await asked(person)}
    return tuple(matter for matter in Unsettled if matter in found)
