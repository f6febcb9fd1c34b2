"""Rights: the roles that are granted, what staff may do, and which role may do it (domain 11).

One table. Knows neither persons nor places: `access` asks it of a grant and its scope.
"""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum

import msgspec


class Role(StrEnum):
    """The roles of domain 11 that are granted; public and volunteer need no grant."""

    TEAM_LEADER = "team_leader"
    STATION_CLERK = "station_clerk"
    STATION_MANAGER = "station_manager"
    PARTY_SECRETARY = "party_secretary"
    STREET_OFFICER = "street_officer"
    STREET_CASHIER = "street_cashier"
    STREET_CHECKER = "street_checker"
    DISTRICT_REGISTRAR = "district_registrar"
    DISTRICT_LEAD = "district_lead"
    CITY_LEAD = "city_lead"
    CITY_FUND_OFFICER = "city_fund_officer"
    UNIT_PARTY_ADMIN = "unit_party_admin"
    ORGANISATION_REPRESENTATIVE = "organisation_representative"
    ORGANISATION_FINANCE = "organisation_finance"
    REVIEWER = "reviewer"
    AUDITOR = "auditor"
    DATA_PROTECTION_OFFICER = "data_protection_officer"
    OPERATOR = "operator"


class Grant(msgspec.Struct, frozen=True):
    """A role over everything below a path, until a day (None: until it is ended)."""

    id: str
    role: Role
    scope: str
    until: date | None = None

    def stands(self, day: date) -> bool:
        """Whether the grant holds on a day."""
        return self.until is None or day <= self.until

    def covers(self, path: str, day: date) -> bool:
        """Whether the grant reaches a path on a day."""
        return path.startswith(self.scope) and self.stands(day)


class Action(StrEnum):
    """What staff may do; the rights table says who."""

    PROPOSE_STATION = "propose_station"
    APPROVE_STATION = "approve_station"
    MANAGE_TEAM = "manage_team"
    REGISTER_PERSON = "register_person"
    FIND_PERSON = "find_person"
    DECLARE_ACTIVITY = "declare_activity"
    RUN_ACTIVITY = "run_activity"
    CHECK_IN_OTHERS = "check_in_others"
    ENROL_DEVICE = "enrol_device"
    CAPTURE_HOURS = "capture_hours"
    CAPTURE_OLD_HOURS = "capture_old_hours"
    CONFIRM_HOURS = "confirm_hours"
    REVIEW_HOURS = "review_hours"
    REVERSE_HOURS = "reverse_hours"
    DECIDE_OBJECTION = "decide_objection"
    FIND_MISCONDUCT = "find_misconduct"
    OPEN_EMERGENCY = "open_emergency"
    HOLD_ACTIVITY = "hold_activity"
    ACCEPT_AT_COUNTER = "accept_at_counter"
    PRINT_PASSBOOK = "print_passbook"
    TELL_IN_PERSON = "tell_in_person"
    SUSPEND_PERSON = "suspend_person"
    READ_RECORDS = "read_records"
    MANAGE_REWARD = "manage_reward"
    HAND_OVER_REWARD = "hand_over_reward"
    AWARD_DISTRICT_STAR = "award_district_star"
    AWARD_CITY_STAR = "award_city_star"
    ISSUE_CERTIFICATE = "issue_certificate"
    REGISTER_KIN = "register_kin"
    NOTE_LIVING_ALONE = "note_living_alone"
    GRANT_FROM_POOL = "grant_from_pool"
    CERTIFY_DRAWING = "certify_drawing"
    HELP_AT_COUNTER = "help_at_counter"
    MATCH_HELP = "match_help"
    DECIDE_HELP = "decide_help"
    READ_HELP = "read_help"
    REPORT_DEATH = "report_death"
    SETTLE_ESTATE = "settle_estate"
    REGISTER_UNIT = "register_unit"
    HANDLE_MEMBER_REPORTS = "handle_member_reports"
    MANAGE_POSTS = "manage_posts"
    COLLECT_WISHES = "collect_wishes"
    JUDGE_WISHES = "judge_wishes"
    CLAIM_FOR_TEAM = "claim_for_team"
    CLAIM_FOR_UNIT = "claim_for_unit"
    AUTHORISE_FUNDS = "authorise_funds"
    REGISTER_ORGANISATION = "register_organisation"
    FILE_ORGANISATION = "file_organisation"
    ACT_FOR_ORGANISATION = "act_for_organisation"
    MAKE_PAYMENT = "make_payment"
    CHECK_PAYMENT = "check_payment"
    READ_PAYMENTS = "read_payments"
    MANAGE_CALLS = "manage_calls"
    READ_APPLICATIONS = "read_applications"
    REVIEW_GRANTS = "review_grants"
    AWARD_GRANTS = "award_grants"
    KEEP_BOOKS = "keep_books"
    RUN_PROJECT = "run_project"
    TAKE_BALLOT = "take_ballot"
    JUDGE_PROJECT = "judge_project"
    SCREEN_PROJECT = "screen_project"
    APPROVE_LARGE_PROJECT = "approve_large_project"
    READ_STATEMENTS = "read_statements"
    SCORE_ORGANISATION = "score_organisation"
    GRANT_ROLE = "grant_role"
    READ_ENTRIES = "read_entries"
    PUBLISH_POLICY = "publish_policy"
    LIFT_STOP = "lift_stop"
    PLACE_HOLD = "place_hold"
    ANSWER_REQUEST = "answer_request"
    HANDLE_BREACH = "handle_breach"
    ERASE_PERSON = "erase_person"
    RESET_SIGN_IN = "reset_sign_in"
    RESET_STAFF_SIGN_IN = "reset_staff_sign_in"
    ASK_URGENT_ACCESS = "ask_urgent_access"
    OPEN_URGENT_ACCESS = "open_urgent_access"
    READ_URGENT_ACCESS = "read_urgent_access"
    PROPOSE_MERGE = "propose_merge"
    DECIDE_MERGE = "decide_merge"


_STATION = {Role.STATION_CLERK, Role.STATION_MANAGER}
_LEADS = {Role.DISTRICT_LEAD, Role.CITY_LEAD}

RIGHTS: Mapping[Action, frozenset[Role]] = {
    Action.PROPOSE_STATION: frozenset({Role.STREET_OFFICER}),
    Action.APPROVE_STATION: frozenset({Role.DISTRICT_REGISTRAR}),
    Action.MANAGE_TEAM: frozenset({Role.STATION_MANAGER}),
    Action.REGISTER_PERSON: frozenset(_STATION),
    Action.FIND_PERSON: frozenset(_STATION | {Role.TEAM_LEADER}),
    Action.DECLARE_ACTIVITY: frozenset(_STATION | {Role.TEAM_LEADER}),
    Action.RUN_ACTIVITY: frozenset(_STATION | {Role.TEAM_LEADER}),
    Action.CHECK_IN_OTHERS: frozenset(_STATION | {Role.TEAM_LEADER}),
    Action.ENROL_DEVICE: frozenset({Role.STATION_MANAGER, Role.DISTRICT_LEAD}),
    Action.CAPTURE_HOURS: frozenset(_STATION | {Role.TEAM_LEADER}),
    Action.CAPTURE_OLD_HOURS: frozenset({Role.DISTRICT_LEAD}),
    Action.CONFIRM_HOURS: frozenset({Role.STATION_MANAGER, Role.TEAM_LEADER}),
    Action.REVIEW_HOURS: frozenset({Role.STATION_MANAGER, Role.STREET_OFFICER} | _LEADS),
    Action.REVERSE_HOURS: frozenset({Role.DISTRICT_LEAD}),
    Action.DECIDE_OBJECTION: frozenset({Role.DISTRICT_LEAD}),
    Action.FIND_MISCONDUCT: frozenset({Role.DISTRICT_LEAD}),
    Action.OPEN_EMERGENCY: frozenset({Role.DISTRICT_LEAD}),
    Action.HOLD_ACTIVITY: frozenset({Role.DISTRICT_LEAD}),
    Action.ACCEPT_AT_COUNTER: frozenset(_STATION),
    Action.PRINT_PASSBOOK: frozenset(_STATION),
    Action.TELL_IN_PERSON: frozenset(_STATION),
    Action.SUSPEND_PERSON: frozenset({Role.DISTRICT_LEAD}),
    Action.READ_RECORDS: frozenset(
        _STATION | _LEADS | {Role.TEAM_LEADER, Role.STREET_OFFICER, Role.AUDITOR}
    ),
    Action.MANAGE_REWARD: frozenset({Role.STATION_MANAGER}),
    Action.HAND_OVER_REWARD: frozenset(_STATION),
    Action.AWARD_DISTRICT_STAR: frozenset({Role.DISTRICT_LEAD}),
    Action.AWARD_CITY_STAR: frozenset({Role.CITY_LEAD}),
    Action.ISSUE_CERTIFICATE: frozenset({Role.STATION_MANAGER, Role.DISTRICT_LEAD}),
    Action.REGISTER_KIN: frozenset(_STATION),
    Action.NOTE_LIVING_ALONE: frozenset(_STATION),
    Action.GRANT_FROM_POOL: frozenset({Role.CITY_LEAD}),
    Action.CERTIFY_DRAWING: frozenset(_STATION | {Role.STREET_OFFICER}),
    Action.HELP_AT_COUNTER: frozenset(_STATION),
    Action.MATCH_HELP: frozenset({Role.STATION_MANAGER, Role.STREET_OFFICER}),
    Action.DECIDE_HELP: frozenset({Role.STATION_MANAGER, Role.STREET_OFFICER, Role.DISTRICT_LEAD}),
    Action.READ_HELP: frozenset(_STATION | {Role.STREET_OFFICER, Role.DISTRICT_LEAD}),
    Action.REPORT_DEATH: frozenset(_STATION),
    Action.SETTLE_ESTATE: frozenset({Role.DISTRICT_LEAD}),
    Action.REGISTER_UNIT: frozenset({Role.STREET_OFFICER}),
    Action.HANDLE_MEMBER_REPORTS: frozenset({Role.PARTY_SECRETARY}),
    Action.MANAGE_POSTS: frozenset({Role.PARTY_SECRETARY}),
    Action.COLLECT_WISHES: frozenset(_STATION | {Role.PARTY_SECRETARY}),
    Action.JUDGE_WISHES: frozenset({Role.STATION_MANAGER, Role.PARTY_SECRETARY}),
    Action.CLAIM_FOR_TEAM: frozenset({Role.TEAM_LEADER}),
    Action.CLAIM_FOR_UNIT: frozenset({Role.UNIT_PARTY_ADMIN}),
    Action.AUTHORISE_FUNDS: frozenset({Role.CITY_FUND_OFFICER}),
    Action.REGISTER_ORGANISATION: frozenset({Role.DISTRICT_REGISTRAR}),
    Action.FILE_ORGANISATION: frozenset({Role.STREET_OFFICER}),
    Action.ACT_FOR_ORGANISATION: frozenset({Role.ORGANISATION_REPRESENTATIVE}),
    Action.MAKE_PAYMENT: frozenset({Role.STREET_CASHIER}),
    Action.CHECK_PAYMENT: frozenset({Role.STREET_CHECKER}),
    Action.READ_PAYMENTS: frozenset(
        {Role.STREET_CASHIER, Role.STREET_CHECKER, Role.CITY_FUND_OFFICER, Role.AUDITOR}
    ),
    Action.MANAGE_CALLS: frozenset({Role.CITY_FUND_OFFICER}),
    Action.READ_APPLICATIONS: frozenset({Role.CITY_FUND_OFFICER, Role.REVIEWER, Role.AUDITOR}),
    Action.REVIEW_GRANTS: frozenset({Role.REVIEWER}),
    Action.AWARD_GRANTS: frozenset({Role.CITY_FUND_OFFICER}),
    Action.KEEP_BOOKS: frozenset({Role.ORGANISATION_FINANCE}),
    Action.RUN_PROJECT: frozenset({Role.STATION_MANAGER}),
    Action.TAKE_BALLOT: frozenset(_STATION),
    Action.JUDGE_PROJECT: frozenset({Role.STREET_OFFICER, Role.DISTRICT_LEAD}),
    Action.SCREEN_PROJECT: frozenset({Role.STREET_OFFICER}),
    Action.APPROVE_LARGE_PROJECT: frozenset({Role.DISTRICT_LEAD}),
    Action.READ_STATEMENTS: frozenset({Role.UNIT_PARTY_ADMIN}),
    Action.SCORE_ORGANISATION: frozenset({Role.REVIEWER}),
    Action.GRANT_ROLE: frozenset({Role.OPERATOR}),
    Action.READ_ENTRIES: frozenset({Role.AUDITOR}),
    Action.PUBLISH_POLICY: frozenset({Role.CITY_LEAD}),
    Action.LIFT_STOP: frozenset({Role.OPERATOR}),
    Action.PLACE_HOLD: frozenset({Role.DATA_PROTECTION_OFFICER}),
    Action.ANSWER_REQUEST: frozenset({Role.DATA_PROTECTION_OFFICER}),
    Action.HANDLE_BREACH: frozenset({Role.DATA_PROTECTION_OFFICER}),
    Action.ERASE_PERSON: frozenset({Role.DATA_PROTECTION_OFFICER}),
    Action.RESET_SIGN_IN: frozenset(_STATION | {Role.OPERATOR}),
    Action.RESET_STAFF_SIGN_IN: frozenset({Role.OPERATOR}),
    Action.ASK_URGENT_ACCESS: frozenset({Role.STREET_OFFICER} | _LEADS),
    Action.OPEN_URGENT_ACCESS: frozenset({Role.DATA_PROTECTION_OFFICER}),
    Action.READ_URGENT_ACCESS: frozenset({Role.AUDITOR, Role.DATA_PROTECTION_OFFICER}),
    Action.PROPOSE_MERGE: frozenset(_STATION | _LEADS),
    Action.DECIDE_MERGE: frozenset(_LEADS),
}

BY_ITSELF = frozenset({Action.REGISTER_PERSON, Action.GRANT_ROLE})
"""What the software itself does: its command line makes the first administrator."""

OF_DEVICES = frozenset({Action.CHECK_IN_OTHERS})
"""What a station's device does, at its own station."""

OVER_OWN_TEAMS = frozenset(
    {
        Action.DECLARE_ACTIVITY,
        Action.RUN_ACTIVITY,
        Action.CHECK_IN_OTHERS,
        Action.CAPTURE_HOURS,
        Action.CONFIRM_HOURS,
        Action.READ_RECORDS,
    }
)
"""What whoever stands for an organisation does over its teams, wherever those work: "activities,
confirm own roster", and of a leader's rights no more than these need."""
