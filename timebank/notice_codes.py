"""What notices say, as codes, and which of them ask for an answer within how many days (domain 4).

Pages and the schema say each code in words. Knows no person and no arrival: see `notices`.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum

from timebank.policy import Policy


class NoticeCode(StrEnum):
    """What a notice says."""

    HOURS_TO_ACCEPT = "hours_to_accept"
    HOURS_COUNTED = "hours_counted"
    HOURS_REJECTED = "hours_rejected"
    HOURS_REVERSED = "hours_reversed"
    OBJECTION_RAISED = "objection_raised"
    OBJECTION_ANSWERED = "objection_answered"
    OBJECTION_DECIDED = "objection_decided"
    REVIEW_ASKED = "review_asked"
    FINDING_MADE = "finding_made"
    FINDING_APPEALED = "finding_appealed"
    FINDING_REVIEWED = "finding_reviewed"
    KIN_PROPOSED = "kin_proposed"
    HOUSEHOLD_INVITED = "household_invited"
    GIFT_OFFERED = "gift_offered"
    GIFT_ACCEPTED = "gift_accepted"
    GIFT_RETURNED = "gift_returned"
    ACCOUNT_DORMANT = "account_dormant"
    ACTIVITY_HELD = "activity_held"
    ACTIVITY_RELEASED = "activity_released"
    ACTIVITY_VOIDED = "activity_voided"
    ACTIVITY_CANCELLED = "activity_cancelled"
    ROSTER_OVERDUE = "roster_overdue"
    SEAT_GIVEN = "seat_given"
    VISIT_UNCONFIRMED = "visit_unconfirmed"
    STAR_TO_ENDORSE = "star_to_endorse"
    STAR_ENDORSED = "star_endorsed"
    STAR_PUBLICISED = "star_publicised"
    STAR_AWARDED = "star_awarded"
    STAR_DECLINED = "star_declined"
    STAR_REVOKED = "star_revoked"
    STAR_APPEAL_DECIDED = "star_appeal_decided"
    PUBLICITY_UPHELD = "publicity_upheld"
    PUBLICITY_DISMISSED = "publicity_dismissed"
    REWARD_READY = "reward_ready"
    REWARD_CANCELLED = "reward_cancelled"
    HELP_MATCHED = "help_matched"
    HELP_UNMATCHED = "help_unmatched"
    HELP_ESCALATED = "help_escalated"
    HELP_LAPSED = "help_lapsed"
    HELP_NO_SHOW = "help_no_show"
    HELP_DISPUTED = "help_disputed"
    HELP_DECIDED = "help_decided"
    HELP_TO_CONFIRM = "help_to_confirm"
    HELP_SETTLED = "help_settled"
    HELP_CANCELLED = "help_cancelled"
    MEMBER_REPORT_RECEIVED = "member_report_received"
    MEMBER_REPORT_ACTIVE = "member_report_active"
    MEMBER_REPORT_RETURNED = "member_report_returned"
    MEMBER_REPORT_LAPSED = "member_report_lapsed"
    UNIT_STATEMENT_READY = "unit_statement_ready"
    WISH_DECIDED = "wish_decided"
    WISH_FULFILLED = "wish_fulfilled"
    CERTIFICATE_ISSUED = "certificate_issued"
    CERTIFICATE_DECLINED = "certificate_declined"
    CERTIFICATE_REVOKED = "certificate_revoked"
    ORGANISATION_DECIDED = "organisation_decided"
    REPORT_DUE = "report_due"
    REPORT_RETURNED = "report_returned"
    REPORT_ACCEPTED = "report_accepted"
    GRANT_MOVED = "grant_moved"
    GRANT_DUE = "grant_due"
    GRANT_LATE = "grant_late"
    PAYMENT_MADE = "payment_made"
    PAYMENT_WITHHELD = "payment_withheld"
    PAYMENT_BOUNCED = "payment_bounced"
    PROJECT_MOVED = "project_moved"
    PEOPLE_MERGED = "people_merged"
    HOME_CHANGED = "home_changed"


ANSWER_DAYS: Mapping[NoticeCode, Callable[[Policy], int]] = {
    NoticeCode.HOURS_TO_ACCEPT: lambda policy: policy.record.silence_days,
}
"""The notices that ask for an answer, and how many days there are for it."""

ANSWER_HOURS: Mapping[NoticeCode, Callable[[Policy], int]] = {
    NoticeCode.HELP_TO_CONFIRM: lambda policy: policy.credit.confirm_hours,
}
"""The notices that ask for an answer within hours from their arrival."""

PRIVATE: frozenset[NoticeCode] = frozenset(
    {
        NoticeCode.MEMBER_REPORT_RECEIVED,
        NoticeCode.MEMBER_REPORT_ACTIVE,
        NoticeCode.MEMBER_REPORT_RETURNED,
        NoticeCode.MEMBER_REPORT_LAPSED,
        NoticeCode.UNIT_STATEMENT_READY,
    }
)
"""Notices that the counter never tells nor counts: each says that somebody is a member."""
