"""Age bands: from which days somebody serves, earns credit, is of age, is an elder (domain 4, 6).

Kept for decisions, which must not read a birth date: these days tell it, so that they are sealed.
"""

from datetime import date

from timebank.actors import PersonId
from timebank.identity import ADULT, anniversary
from timebank.policy import Policy
from timebank.tables import Row, table


@table("age_band", vault=True, sealed=True)
class AgeBand(Row, frozen=True):
    """The days that count in somebody's life."""

    person: str
    serves_from: date
    credit_from: date
    adult_from: date
    elder_from: date


def age_band(person: PersonId, birth: date, policy: Policy) -> AgeBand:
    """The days that count in the life of somebody born on `birth`."""
    return AgeBand(
        person=person,
        serves_from=anniversary(birth, policy.record.min_age),
        credit_from=anniversary(birth, policy.credit.credit_age),
        adult_from=anniversary(birth, ADULT),
        elder_from=anniversary(birth, policy.credit.redeem_age),
    )
