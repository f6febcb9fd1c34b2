"""Policy: the numbers of the rules, dated, published on the ledger by two persons (domain 12).

A policy is one YAML document, whole in the body of its `policy.published` entry. Limits follow the
policy of the day served, clocks that of the day they started, prices that of the day of the act.
Knows which policy holds on which day; does not know what the numbers are used for.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import yaml

from ledger.entry import Sealed
from timebank.clock import CITY
from timebank.events import Event
from timebank.projections import Rows, projects
from timebank.refusals import Refusal
from timebank.tables import Row, find, find_many, select, table

CALENDAR = "city"
VOTE_KEY_DAYS = 60
"""Who answered a poll is known by the keys of months, which do not last any longer (domain 11)."""
STARS = GRADES = 5
TRANCHES = 3
"""On the contract, on the mid-term report and on the final one (domain 10)."""
ID_MOST = 40
SEED = Path(__file__).parent / "data" / "policy.yaml"


class _Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


class Named(_Section, frozen=True):
    """Which policy this is and from which day it holds."""

    id: str
    timezone: str
    effective: date


class Star(_Section, frozen=True):
    minutes: tuple[int, ...]
    publicity_days: int
    five_star_needs_organisation: bool
    clean_months: int


class Record(_Section, frozen=True):
    auto_max_per_day: int
    second_review_max: int
    emergency_max: int
    declare_days: int
    declare_from_people: int
    file_days: int
    late_days: int
    silence_days: int
    object_days: int
    answer_working_days: int
    decide_working_days: int
    emergency_days: int
    max_checkins_per_activity_day: int
    min_gap_minutes: int
    min_age: int
    recorder_people_per_hour: int
    recorder_person_minutes_per_day: int


class Credit(_Section, frozen=True):
    mint_per_day: int
    mint_per_month: int
    balance_cap: int
    redeem_age: int
    credit_age: int
    order_min: int
    order_max: int
    gift_accept_days: int
    heir_months: int
    reserve_warn_percent: int
    reserve_stop_percent: int
    no_shows_90_days: int
    suspend_days: int
    forfeit_minutes: int
    week_max: int
    open_orders: int
    cancel_hours: int
    confirm_hours: int
    gift_per_year: int
    donate_cool_days: int
    pool_grant_per_month: int
    dormant_months: int
    goods: bool


class Wish(_Section, frozen=True):
    review_working_days: int
    claim_days: int
    contact_days: int
    fulfil_days: int
    extend_days: int
    rate_days: int
    rounds: int
    ceiling_fen: int


class Member(_Section, frozen=True):
    reconfirm_months: int
    feedback_months: int
    max_open_posts: int
    enabled: bool


class Organisation(_Section, frozen=True):
    decision_days: int
    change_days: int
    deregister_days: int
    supervisor_due: str
    registrar_due: str
    foundation_due: str
    grade_years: int
    abnormal_years: int
    filing_years: int
    filing_decision_days: int
    filing_min_members: int
    filing_founders: int
    name_months: int
    association_persons: int
    association_units: int
    association_funds_fen: int
    # What a policy that was published without it meant; the domain names five grades, no points.
    grade_points: tuple[int, ...] = (501, 601, 701, 801, 901)


class Fund(_Section, frozen=True):
    benefit_community_fen: int
    benefit_village_fen: int
    party_per_member_fen: int
    party_floor_community_fen: int
    party_floor_village_fen: int
    assistance_plan_fen: int
    purchase_fen: int
    tranches_percent: tuple[int, ...]
    barred_years: int
    project_max_fen: int
    publicity_days: int
    satisfaction_min_percent: int
    supporters: int
    quorum_percent: int
    majority_percent: int
    reviewers: int
    midterm_fix_days: int
    # As with the grades: how many residents accept works, and how long they may decide.
    least_accepting: int = 3
    vote_days_max: int = 60


class Privacy(_Section, frozen=True):
    # No code asks for these two: entries, consents too, are never removed, so they last longer.
    record_years: int
    consent_proof_years: int

    log_months: int
    request_working_days: int
    child_age: int


class Policy(_Section, frozen=True):
    """One whole policy. Minutes, days, fen and percents as the member names say."""

    policy: Named
    star: Star
    record: Record
    credit: Credit
    wish: Wish
    member: Member
    organisation: Organisation
    fund: Fund
    privacy: Privacy

    @property
    def id(self) -> str:
        """The name that every computed entry carries."""
        return self.policy.id


# Events


class PolicyPublished(Event, frozen=True, tag="policy.published"):
    """A policy was published whole, by two persons (or by `init`, as the first of a ledger)."""

    policy: Named
    star: Star
    record: Record
    credit: Credit
    wish: Wish
    member: Member
    organisation: Organisation
    fund: Fund
    privacy: Privacy
    second: str | None = None


# Refusals


class PolicyMalformed(Refusal):
    """The document is not a policy."""

    says = "The policy file does not read as a policy: {reason}."
    reason: str


class PolicyBackdated(Refusal):
    """No rule works backwards (domain 12)."""

    says = "A policy holds from a later day than {effective}, which {latest} already covers."
    effective: date
    latest: str


class PolicyNameTaken(Refusal):
    """The id names another policy already."""

    says = "There is a policy called {id} already; give the new one another id."
    id: str


# Decisions

RISING: Sequence[Sequence[str]] = (
    ("record.auto_max_per_day", "record.second_review_max", "record.emergency_max"),
    ("record.file_days", "record.late_days"),
    ("credit.order_min", "credit.order_max", "credit.week_max"),
    ("credit.reserve_stop_percent", "credit.reserve_warn_percent"),
)
"""Numbers of which none may be below the one before it."""
AT_LEAST_ONE = (
    *("_months", "_years", "wish.rounds"),
    *("fund.reviewers", "fund.vote_days_max", "fund.tranches_percent"),
)
"""How the numbers end that may not be 0: what comes round would never be over."""
MOST: Mapping[str, int] = {
    "record.emergency_max": 24 * 60,
    "fund.satisfaction_min_percent": 100,
    "fund.quorum_percent": 99,
    "fund.majority_percent": 99,
    "fund.vote_days_max": VOTE_KEY_DAYS,
}
DUE = ("organisation.supervisor_due", "organisation.registrar_due", "organisation.foundation_due")
MONTH_AND_DAY = re.compile(r"[0-9]{2}-[0-9]{2}")


def read_policy(text: str) -> Policy:
    """The policy that a YAML document says.

    Refuses: PolicyMalformed, which names the member at fault: what is published is not taken back,
    and one that nothing can be done under would stop the city on its first day.
    """
    try:
        policy = msgspec.convert(yaml.safe_load(text), Policy)
    except (yaml.YAMLError, msgspec.ValidationError) as error:
        raise PolicyMalformed(reason=" ".join(str(error).split())) from None
    if faults := [*_faults_of_name(policy.policy), *_faults_of_numbers(policy)]:
        raise PolicyMalformed(reason="; ".join(faults))
    return policy


def _faults_of_name(named: Named) -> Iterator[str]:
    # Every entry carries the id, and an entry without a readable one cannot be written.
    if not named.id.strip() or not named.id.isprintable() or len(named.id) > ID_MOST:
        yield f"policy.id must be 1 to {ID_MOST} printable characters"
    if named.timezone != CITY.key:
        yield f"policy.timezone must be {CITY.key}, by which all days are reckoned"


def _faults_of_numbers(policy: Policy) -> Iterator[str]:
    told: dict[str, Any] = {
        f"{section}.{name}": value
        for section in Policy.__struct_fields__
        for name, value in msgspec.structs.asdict(getattr(policy, section)).items()
    }
    for name, value in told.items():
        least = 1 if name.endswith(AT_LEAST_ONE) else 0
        for number in value if isinstance(value, tuple) else (value,):
            if isinstance(number, int) and not least <= number <= MOST.get(name, number):
                yield f"{name} must be {least} to {MOST.get(name, 'any number')}"
    for names in RISING:
        for lower, upper in pairwise(names):
            if told[lower] > told[upper]:
                yield f"{upper} must not be below {lower}"
    for name in DUE:
        if not _is_day_of_any_year(told[name]):
            yield f"{name} must be a month and a day of every year, as 03-31"
    yield from _faults_of_lists(policy)


def _faults_of_lists(policy: Policy) -> Iterator[str]:
    levels = {
        "star.minutes": (policy.star.minutes, STARS),
        "organisation.grade_points": (policy.organisation.grade_points, GRADES),
    }
    for name, (least, count) in levels.items():
        if len(least) != count or list(least) != sorted(set(least)):
            yield f"{name} must be {count} and rise"
    parts = policy.fund.tranches_percent
    if len(parts) != TRANCHES or sum(parts) != 100:
        yield f"fund.tranches_percent must be {TRANCHES} that add up to 100"
    if policy.record.min_age < policy.privacy.child_age:
        # Below that age the law asks for a separate consent, which no form of ours takes.
        yield "record.min_age must not be below privacy.child_age"


def _is_day_of_any_year(told: str) -> bool:
    try:
        date.fromisoformat(f"2001-{told}")
    except ValueError:
        return False
    return MONTH_AND_DAY.fullmatch(told) is not None


def decide_publish(
    policy: Policy, calendar: "PolicyCalendar | None", second: str | None
) -> PolicyPublished:
    """Publish a policy that takes over from a later day than every earlier one."""
    for effective, id in calendar.versions if calendar else ():
        if id == policy.id:
            raise PolicyNameTaken(id=id)
        if policy.policy.effective <= effective:
            raise PolicyBackdated(effective=policy.policy.effective, latest=id)
    return PolicyPublished(
        **{name: getattr(policy, name) for name in Policy.__struct_fields__}, second=second
    )


# Tables and projectors


@table("policy_version")
class PolicyVersion(Row, frozen=True):
    """A published policy."""

    id: str
    effective: date
    seq: int
    document: Policy


@table("policy_calendar")
class PolicyCalendar(Row, frozen=True):
    """Which policy holds from which day, earliest first; the one row is called `city`."""

    id: str
    versions: tuple[tuple[date, str], ...]

    def on(self, day: date) -> str:
        """The id of the policy of a day; before the first, the first."""
        for effective, id in reversed(self.versions):
            if effective <= day:
                return id
        return self.versions[0][1]


@projects(PolicyPublished)
def _published(rows: Rows, event: PolicyPublished, entry: Sealed) -> None:
    told: Mapping[str, Any] = {name: getattr(event, name) for name in Policy.__struct_fields__}
    policy = Policy(**told)
    effective = policy.policy.effective
    rows.put(PolicyVersion(id=policy.id, effective=effective, seq=entry.seq, document=policy))
    calendar = rows.get(PolicyCalendar, CALENDAR)
    earlier = calendar.versions if calendar else ()
    rows.put(PolicyCalendar(id=CALENDAR, versions=(*earlier, (effective, policy.id))))


# Reads


async def policies() -> list[PolicyVersion]:
    """Every published policy, earliest first."""
    return await select(PolicyVersion, order=["effective"])


async def policy_on(day: date) -> PolicyVersion | None:
    """The policy of a day."""
    calendar = await find(PolicyCalendar, CALENDAR)
    return await find(PolicyVersion, calendar.on(day)) if calendar else None


async def policies_on(days: Iterable[date]) -> dict[date, Policy]:
    """The policies of days, in two statements however many days there are."""
    calendar = await find(PolicyCalendar, CALENDAR)
    names = {day: calendar.on(day) for day in days} if calendar else {}
    held = await find_many(PolicyVersion, set(names.values()))
    return {day: held[name].document for day, name in names.items()}
