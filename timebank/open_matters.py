"""Open matters: what keeps a person's data for a time though they ask to be erased (domain 11).

A dispute, an audit, an order, a money case, minutes that are still somewhere, a role, a ward. Asks
each capability's own tables; refuses to know what follows (`erasures`).
"""

from collections.abc import Awaitable, Callable
from enum import StrEnum

from tortoise.expressions import Q

from timebank.access import Grants
from timebank.accounts import Account, volunteer
from timebank.actors import PersonId
from timebank.clock import day_of
from timebank.days import RecorderDay
from timebank.donations import Donation, DonationState
from timebank.finding_appeals import FindingAppeal
from timebank.finding_life import AppealState
from timebank.gift_life import GiftState
from timebank.gifts import Gift
from timebank.help_orders import HelpOpen
from timebank.holds import HeldFor
from timebank.journal import current
from timebank.objection_life import ObjectionState
from timebank.objections import Objection
from timebank.organisation_life import PENDING
from timebank.organisations import Organisation
from timebank.people import AgeBand, Person
from timebank.person_life import PersonState
from timebank.publicity import PublicityObjection, PublicityObjectionState
from timebank.reward_orders import OrderState, RewardOrder
from timebank.star_award_life import StarState
from timebank.star_awards import StarAward
from timebank.tables import count, find, find_many, select
from timebank.wish_life import LIFECYCLE as WISH_LIFE
from timebank.wishes import Wish

Asked = Callable[[PersonId], Awaitable[bool]]


class Matter(StrEnum):
    """What is open, and so keeps a person's data for a time."""

    DISPUTE = "dispute"
    AUDIT = "audit"
    ORDER = "order"
    MONEY_CASE = "money_case"
    LEGAL_PERIOD = "legal_period"
    MINUTES = "minutes"
    ROLE = "role"
    WARD = "ward"


OPEN_OBJECTIONS: frozenset[StrEnum] = frozenset(
    {ObjectionState.RAISED, ObjectionState.ANSWERED, ObjectionState.IN_REVIEW}
)
OPEN_ORDERS: frozenset[StrEnum] = frozenset({OrderState.ORDERED, OrderState.READY})


async def _disputes(person: PersonId) -> bool:
    concerned = Q(person=person) | Q(volunteer=person)
    return bool(await count(Objection, concerned, state__in=_values(OPEN_OBJECTIONS)))


async def _appeals(person: PersonId) -> bool:
    """A finding or a star taken away, appealed: what was written is read, and minutes come back."""
    asked, appealed = AppealState.ASKED.value, StarState.APPEALED.value
    findings = await count(FindingAppeal, person=person, state=asked)
    return bool(findings or await count(StarAward, person=person, state=appealed))


async def _publicity(person: PersonId) -> bool:
    raised = PublicityObjectionState.RAISED.value
    return bool(await count(PublicityObjection, person=person, state=raised))


async def _held_batches(person: PersonId) -> bool:
    return bool(await count(RecorderDay, recorder=person, held_path__isnull=False))


async def _orders(person: PersonId) -> bool:
    return bool(await count(RewardOrder, volunteer=person, state__in=_values(OPEN_ORDERS)))


async def _help(person: PersonId) -> bool:
    held = await find(HelpOpen, person)
    return held is not None and bool(held.paying or held.helping)


async def _wishes(person: PersonId) -> bool:
    """A wish that is not closed yet: whoever grants it must still reach the resident."""
    going = _values(frozenset(state for state, steps in WISH_LIFE.items() if steps))
    return bool(await count(Wish, resident=person, state__in=going))


async def _applications(person: PersonId) -> bool:
    """An organisation that is only applied for: whoever decides must still reach the founder."""
    going = _values(frozenset(PENDING))
    return bool(await count(Organisation, applicant=person, state__in=going))


async def _minutes(person: PersonId) -> bool:
    """Minutes in the account, or on their way to or from it."""
    held = await find(Account, volunteer(person))
    if held is not None and held.balance:
        return True
    if await count(Donation, donor=person, state=DonationState.WAITING.value):
        return True
    concerned = Q(giver=person) | Q(receiver=person)
    return bool(await count(Gift, concerned, state=GiftState.OFFERED.value))


async def _roles(person: PersonId) -> bool:
    """A role that was not ended, though it rests since the account is closed."""
    held, today = await find(Grants, person), day_of(current().clock.now())
    return held is not None and any(grant.stands(today) for grant in held.grants)


async def _wards(person: PersonId) -> bool:
    wards = await select(Person, guardian=person, state=PersonState.ACTIVE.value)
    ages = await find_many(AgeBand, [ward.id for ward in wards])
    today = day_of(current().clock.now())
    return any(age.adult_from > today for age in ages.values())


def _values(states: frozenset[StrEnum]) -> list[str]:
    return sorted(state.value for state in states)


ASKED_OF: dict[Matter, tuple[Asked, ...]] = {
    Matter.DISPUTE: (_disputes, _appeals, _publicity),
    Matter.AUDIT: (_held_batches,),
    Matter.ORDER: (_orders, _help, _wishes, _applications),
    Matter.MINUTES: (_minutes,),
    Matter.ROLE: (_roles,),
    Matter.WARD: (_wards,),
}
"""Who is asked whether something is open. Whoever adds something that may be, adds a line here.

Nobody who asked to be erased can begin anything new, so that what is not open stays so.
"""


async def open_matters(person: PersonId) -> tuple[Matter, ...]:
    """What keeps a person's data now, in the order of `Matter`."""
    held = await find(HeldFor, person)
    found = {Matter(reason.value) for reason in (held.reasons if held else ())}
    for matter, asked in ASKED_OF.items():
        if matter not in found and any([await ask(person) for ask in asked]):
            found.add(matter)
    return tuple(matter for matter in Matter if matter in found)
