"""The fields of an annual report, as the registrars ask them (domain 9).

Each has a section, a kind and an origin: the register, the year's facts, the year's hours, or the
organisation itself. What comes from the ledger is never typed. Pure; knows no organisation.
"""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum

import msgspec

from timebank.activities import ActivityKind
from timebank.funding.purposes import FundPurpose
from timebank.funding.sources import FundKind
from timebank.refusals import Refusal


class Section(StrEnum):
    """The parts of a report, in its order."""

    BASICS = "basics"
    PEOPLE = "people"
    ACTIVITIES = "activities"
    SERVICE = "service"
    MONEY_IN = "money_in"
    MONEY_OUT = "money_out"
    PROJECTS = "projects"
    CHANGES = "changes"
    GOVERNANCE = "governance"


class FieldKind(StrEnum):
    """How a field's value reads; amounts are whole numbers of persons, minutes or fen."""

    TEXT = "text"
    COUNT = "count"
    MINUTES = "minutes"
    FEN = "fen"
    DAY = "day"
    YES_NO = "yes_no"


class Origin(StrEnum):
    """Where a value comes from."""

    REGISTER = "register"
    FACTS = "facts"
    HOURS = "hours"
    TYPED = "typed"


class ReportField(msgspec.Struct, frozen=True):
    """One field; `code` is permanent."""

    code: str
    section: Section
    kind: FieldKind
    origin: Origin

    @property
    def typed(self) -> bool:
        """Whether the organisation fills it in."""
        return self.origin is Origin.TYPED


RECEIVED = {
    FundKind.ASSISTANCE_PLAN: "assistance_fen",
    FundKind.SOCIAL_WORK: "purchase_fen",
    FundKind.COMMUNITY_BENEFIT: "benefit_fen",
    FundKind.PARTY_BUILDING: "party_fen",
}
"""The field of what was received, by the kind of public money."""


def spent_on(purpose: FundPurpose) -> str:
    """The field of what was spent on a purpose."""
    return f"spent_{purpose.value}_fen"


def _of(section: Section, origin: Origin, kind: FieldKind, *codes: str) -> tuple[ReportField, ...]:
    return tuple(ReportField(code, section, kind, origin) for code in codes)


FIELDS: Mapping[str, ReportField] = {
    field.code: field
    for field in (
        *_of(
            Section.BASICS,
            Origin.REGISTER,
            FieldKind.TEXT,
            *("name", "form", "code", "area", "route", "supervisor", "representative"),
            *("purpose", "address"),
        ),
        *_of(Section.BASICS, Origin.REGISTER, FieldKind.DAY, "registered_on"),
        *_of(Section.BASICS, Origin.REGISTER, FieldKind.FEN, "funds_fen"),
        *_of(Section.BASICS, Origin.TYPED, FieldKind.TEXT, "main_work"),
        *_of(
            Section.PEOPLE,
            Origin.REGISTER,
            FieldKind.COUNT,
            *("member_persons", "member_units"),
        ),
        *_of(Section.PEOPLE, Origin.HOURS, FieldKind.COUNT, "volunteers"),
        *_of(Section.PEOPLE, Origin.FACTS, FieldKind.COUNT, "teams_joined", "teams_left"),
        *_of(
            Section.PEOPLE,
            Origin.TYPED,
            FieldKind.COUNT,
            *("staff_full_time", "staff_part_time", "social_workers"),
        ),
        *_of(
            Section.ACTIVITIES,
            Origin.FACTS,
            FieldKind.COUNT,
            *("activities_declared", "activities_held", "activities_cancelled"),
            "activities_voided",
        ),
        *_of(Section.SERVICE, Origin.HOURS, FieldKind.COUNT, "service_records", "people_served"),
        *_of(
            Section.SERVICE,
            Origin.HOURS,
            FieldKind.MINUTES,
            *("service_minutes", "credited_minutes"),
            *(f"{kind.value}_minutes" for kind in ActivityKind),
        ),
        *_of(Section.MONEY_IN, Origin.FACTS, FieldKind.FEN, *RECEIVED.values()),
        *_of(
            Section.MONEY_IN,
            Origin.TYPED,
            FieldKind.FEN,
            *("donations_fen", "fees_fen", "other_income_fen"),
        ),
        *_of(
            Section.MONEY_OUT,
            Origin.FACTS,
            FieldKind.FEN,
            *(spent_on(purpose) for purpose in FundPurpose),
            "returned_fen",
        ),
        *_of(
            Section.MONEY_OUT,
            Origin.TYPED,
            FieldKind.FEN,
            *("service_costs_fen", "staff_costs_fen", "office_costs_fen"),
        ),
        *_of(
            Section.PROJECTS,
            Origin.FACTS,
            FieldKind.COUNT,
            *("projects_applied", "projects_awarded", "projects_finished"),
        ),
        *_of(
            Section.CHANGES,
            Origin.FACTS,
            FieldKind.COUNT,
            *("changes", "late_changes", "abnormal_listings", "abnormal_cleared"),
        ),
        *_of(
            Section.GOVERNANCE,
            Origin.TYPED,
            FieldKind.COUNT,
            "general_meetings",
            "council_meetings",
        ),
        *_of(Section.GOVERNANCE, Origin.TYPED, FieldKind.YES_NO, "articles_changed", "audited"),
        *_of(Section.GOVERNANCE, Origin.FACTS, FieldKind.COUNT, "reports_returned", "roles_given"),
    )
}
"""Every field, in the report's order."""

TYPED = tuple(code for code, field in FIELDS.items() if field.typed)
LONGEST_VALUE = 500
_MOST = 2**53 - 1

# Refusals


class FieldUnknown(Refusal):
    """A report has its fields and no others."""

    says = "A report has no field “{field}”."
    field: str


class FieldFromLedger(Refusal):
    """Nobody types what the ledger knows (domain 9)."""

    says = "“{field}” comes from the ledger; have the records or the register put right instead."
    field: str


class FieldMalformed(Refusal):
    """A value reads as its kind."""

    says = "“{field}” does not read as it should: {kind}."
    field: str
    kind: str


class FieldsMissing(Refusal):
    """A report is handed in whole."""

    says = "Still to be filled in: {missing}."
    missing: str


# Decisions


def decide_value(code: str, value: str) -> str:
    """A typed value in its one spelling.

    Refuses: FieldUnknown, FieldFromLedger, FieldMalformed.
    """
    field = FIELDS.get(code)
    if field is None:
        raise FieldUnknown(field=code[:60])
    if not field.typed:
        raise FieldFromLedger(field=code)
    told = " ".join(value.split())
    if not told or len(told) > LONGEST_VALUE or not _reads(field.kind, told):
        raise FieldMalformed(field=code, kind=field.kind.value)
    return told


def _reads(kind: FieldKind, told: str) -> bool:
    if kind is FieldKind.TEXT:
        return told.isprintable()
    if kind is FieldKind.YES_NO:
        return told in ("yes", "no")
    if kind is FieldKind.DAY:
        try:
            date.fromisoformat(told)
        except ValueError:
            return False
        return True
    return told.isascii() and told.isdigit() and int(told) <= _MOST and told == str(int(told))


def decide_whole(values: Mapping[str, str]) -> None:
    """Whether all that is typed is there. Refuses: FieldsMissing."""
    missing = [code for code in TYPED if code not in values]
    if missing:
        raise FieldsMissing(missing=", ".join(missing))
