"""Pages of dual claim: a member's own, the party secretary's desk, and what a unit is sent.

Where the policy has dual claim switched off, none of them is there.
"""

from typing import Any

from web.forms import Form, Posted, plain
from web.pages.helping import minute_of, weekdays_of
from web.pages.table import Opened, Page
from web.pages.wishing import decided_at

MINE = "/member"
DESK = "/office/party"
OWN = {
    "report": "report_membership",
    "move": "move_membership",
    "reconfirm": "reconfirm_membership",
    "withdraw": "withdraw_membership",
    "claim": "claim_post",
    "begin": "begin_post",
    "complete": "complete_post",
    "leave": "leave_post",
    "served": "name_post_service",
    "end-consent": "end_unit_consent",
    "send": "send_unit_statement",
    "withhold": "withhold_unit_statement",
    "resign": "resign_appointment",
}
"""What a member does with one tap: the form's name, the operation, its root field."""

HANDLED = {
    "receive": "receive_member_report",
    "activate": "activate_member_report",
    "return": "return_member_report",
    "confirm": "confirm_post_claim",
    "evaluate": "evaluate_post_claim",
    "confirm-office": "confirm_appointment",
    "return-office": "return_appointment",
    "open": "open_post",
    "close": "close_post",
    "end-office": "end_appointment",
}
"""What a secretary does with one thing."""

NAMED = (
    "community",
    "post",
    "claim",
    "record",
    "statement",
    "appointment",
    "report",
    "reason",
    "evaluation",
    "remark",
    "comment",
)


def as_named(posted: Posted) -> dict[str, Any]:
    """The fields of a form under the names that the operation gives them, empty ones left out."""
    told: dict[str, Any] = {name: posted.one(name) for name in NAMED if posted.one(name)}
    return told | ({"consent": True} if posted.one("consent") == "yes" else {})


def appointed(posted: Posted) -> dict[str, Any]:
    """An office as the form has it."""
    return {
        "community": posted.one("community"),
        "body": posted.one("body"),
        "office": posted.one("office"),
        "firstDay": posted.one("first"),
        "lastDay": posted.one("last"),
        "consent": posted.one("consent") == "yes",
    }


def drafted(posted: Posted) -> dict[str, Any]:
    """A post as the form has it."""
    return {
        "community": posted.one("community"),
        "postClass": posted.one("class"),
        "title": posted.one("title"),
        "places": posted.whole("places"),
        "firstDay": posted.one("first"),
        "lastDay": posted.one("last"),
        "weekdays": weekdays_of(posted),
        "fromMinute": minute_of(posted.one("begins")),
        "toMinute": minute_of(posted.one("ends")),
    }


def my_community(opened: Opened) -> dict[str, Any]:
    """The community where a Party secretary is at work."""
    scope = opened.office("PARTY_SECRETARY")
    code = scope.rstrip("/").rpartition("/")[2]
    return {"scope": scope, "community": code, "code": code}


def street_of(opened: Opened) -> str:
    """The path of the volunteer's street; nowhere where there is none."""
    me = opened.found.get("me") or {}
    community = (me.get("home") or {}).get("area") or {}
    return str((community.get("manager") or {}).get("path", "-"))


def my_unit(opened: Opened) -> dict[str, Any]:
    """The work unit that a Party admin acts for: where their scope ends."""
    return {"unit": opened.office("UNIT_PARTY_ADMIN").rstrip("/").rpartition("/")[2]}


PAGES = (
    Page(
        path=MINE,
        template="member.html",
        operation="member_home",
        menu="双认领",
        group="near",
        needs="postClaims",
    ),
    Page(
        path="/member/unit",
        template="member_unit.html",
        menu="给单位的反馈",
        group="near",
        lookup="my_street",
        operation="member_units",
        variables=lambda opened: {"scope": street_of(opened)},
        needs="module",
    ),
    Page(
        path=DESK,
        template="party_desk.html",
        who="staff",
        menu="党员双报到",
        group="office",
        lookup="my_offices",
        operation="party_desk",
        variables=my_community,
        needs="memberReports",
        lists=("reports", "claims", "offices", "serving", "told", "approved", "drafts", "opened"),
    ),
    Page(
        path="/office/statements",
        template="office_statements.html",
        who="staff",
        menu="社区服务反馈单",
        group="office",
        lookup="my_offices",
        operation="office_statements",
        variables=my_unit,
        needs="unitStatements",
        lists=("statements",),
    ),
    Page(
        path="/u/{link}",
        template="unit_statement.html",
        operation="unit_statement",
        who="anyone",
        variables=lambda opened: {"link": opened.path["link"]},
        needs="unitStatementByLink",
    ),
)


FORMS = (
    *(
        Form(path=f"{MINE}/{act}", mutation=mutation, page=MINE, given=as_named)
        for act, mutation in OWN.items()
    ),
    Form(path=f"{MINE}/office", mutation="declare_appointment", page=MINE, given=appointed),
    Form(
        path=f"{MINE}/unit",
        mutation="consent_to_unit",
        page="/member/unit",
        then=f"{MINE}?done=1",
        given=lambda posted: {"unit": posted.one("unit")},
    ),
    *(
        Form(path=f"{DESK}/{act}", mutation=mutation, page=DESK, given=as_named)
        for act, mutation in HANDLED.items()
    ),
    plain(DESK, "volunteers", "allow_wish_volunteers", "community", yes="allowed"),
    *decided_at(DESK),
    Form(path=f"{DESK}/draft", mutation="draft_post", page=DESK, given=drafted),
)
