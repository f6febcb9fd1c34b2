"""What public money is for, and what it is never for (domain 10).

Knows the codes of purposes, of the negative list and of what is bought; refuses to know any source
or amount.
"""

from collections.abc import Mapping
from enum import StrEnum


class FundPurpose(StrEnum):
    """What money may be given for; each source allows some."""

    ELDER_CARE = "elder_care"
    CHILD_CARE = "child_care"
    DISABILITY_HELP = "disability_help"
    NEIGHBOUR_HELP = "neighbour_help"
    HEALTH = "health"
    CULTURE_SPORT = "culture_sport"
    ENVIRONMENT = "environment"
    SAFETY = "safety"
    PUBLIC_PLACES = "public_places"
    GOVERNANCE = "governance"
    VOLUNTEERING = "volunteering"
    ORGANISATION_GROWTH = "organisation_growth"
    SOCIAL_WORK = "social_work"
    POVERTY_RELIEF = "poverty_relief"
    PARTY_BUILDING = "party_building"


class Negative(StrEnum):
    """The negative list: what money is not spent on (domain 10)."""

    STAFF_PAY = "N01"
    OFFICE = "N02"
    MEALS_GIFTS_TRAVEL = "N03"
    DEBT_INVESTMENT = "N04"
    PRIVATE_MATTER = "N05"
    OTHERS_DUTY = "N06"
    BUDGETED_ALREADY = "N07"
    CASH_TO_PERSONS = "N08"
    PARTY_ONLY = "N09"
    RELIGIOUS_COMMERCIAL = "N10"
    RELATED_PARTY = "N11"
    SPLIT = "N12"
    BOUGHT_BEFORE = "N13"
    NO_INVOICE = "N14"


class ExpenseItem(StrEnum):
    """What a line of expenditure bought."""

    MATERIALS = "materials"
    WORKS = "works"
    SERVICES = "services"
    VENUE = "venue"
    PRINTING = "printing"
    TRANSPORT = "transport"
    INSURANCE = "insurance"
    TRAINING = "training"
    VOLUNTEER_COSTS = "volunteer_costs"
    PROJECT_PAY = "project_pay"
    AUDIT = "audit"
    STAFF_BONUS = "staff_bonus"
    OFFICE = "office"
    MEALS_GIFTS_TRAVEL = "meals_gifts_travel"
    DEBT_INVESTMENT = "debt_investment"
    CASH_TO_PERSONS = "cash_to_persons"
    PARTY_ACTIVITY = "party_activity"
    RELIGIOUS_COMMERCIAL = "religious_commercial"


FORBIDDEN_ITEMS: Mapping[ExpenseItem, Negative] = {
    ExpenseItem.STAFF_BONUS: Negative.STAFF_PAY,
    ExpenseItem.OFFICE: Negative.OFFICE,
    ExpenseItem.MEALS_GIFTS_TRAVEL: Negative.MEALS_GIFTS_TRAVEL,
    ExpenseItem.DEBT_INVESTMENT: Negative.DEBT_INVESTMENT,
    ExpenseItem.CASH_TO_PERSONS: Negative.CASH_TO_PERSONS,
    ExpenseItem.PARTY_ACTIVITY: Negative.PARTY_ONLY,
    ExpenseItem.RELIGIOUS_COMMERCIAL: Negative.RELIGIOUS_COMMERCIAL,
}
"""What is on the negative list by what was bought alone, where the source's list has it."""
