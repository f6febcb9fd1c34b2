"""Pages of one's own affairs: inbox, objections, family and proxies, gifts, data and devices."""

from typing import Any

from web.forms import Form, Posted, plain
from web.pages.helping import minute_of
from web.pages.organising import registered
from web.pages.public import CITY
from web.pages.table import Page, by_id

DELIVERY, FINDING = "/settings/notices", "/findings/{id}"
CONSENTS = "/settings/consents"
INBOX, OBJECTIONS, FAMILY, GIFTS, DATA = "/inbox", "/objections", "/family", "/gifts", "/my-data"


def offered(posted: Posted) -> dict[str, Any]:
    """A gift: to whom, and how many minutes the hours and minutes of the form come to."""
    hours, minutes = posted.whole("hours"), posted.whole("minutes")
    return {"receiver": posted.one("receiver"), "minutes": max(hours, 0) * 60 + max(minutes, 0)}


def donated(posted: Posted) -> dict[str, Any]:
    """A donation to the city's pool: how many minutes the form comes to."""
    hours, minutes = posted.whole("donated_hours"), posted.whole("donated_minutes")
    return {"area": CITY, "minutes": max(hours, 0) * 60 + max(minutes, 0)}


def requested(posted: Posted) -> dict[str, Any]:
    """A request about one's own data, with words where there are any."""
    return {"kind": posted.one("kind"), "words": posted.one("words") or None}


def minute_if(posted: Posted, name: str) -> int | None:
    """A time of the day that may be left out."""
    return minute_of(posted.one(name)) if posted.one(name) else None


def delivered(posted: Posted) -> dict[str, Any]:
    """By what ways and when somebody wants to be told."""
    return {
        "mail": posted.one("mail") or None,
        "chat": posted.one("chat") or None,
        "pace": posted.one("pace"),
        "dailyAtMinute": minute_of(posted.one("daily")),
        "quietFromMinute": minute_if(posted, "quiet_from"),
        "quietToMinute": minute_if(posted, "quiet_to"),
        "details": posted.one("details") == "yes",
    }


PAGES = (
    Page(path=DELIVERY, template="delivery.html", operation="delivery", menu="通知方式"),
    Page(path=INBOX, template="inbox.html", operation="inbox", menu="消息"),
    Page(path=OBJECTIONS, template="objections.html", operation="objections", menu="异议"),
    Page(
        path=FINDING,
        template="finding.html",
        operation="finding",
        variables=by_id,
        needs="node.id",
    ),
    Page(path=GIFTS, template="gifts.html", operation="gifts", menu="转赠时间"),
    Page(path=FAMILY, template="family.html", operation="family", menu="家人与代办人"),
    Page(path=DATA, template="my_data.html", operation="my_data", menu="我的资料与设置"),
    Page(path=CONSENTS, template="consents.html", operation="consents", menu="我的授权"),
)

FORMS = (
    Form(path=DELIVERY, mutation="want_delivery", page=DELIVERY, given=delivered),
    Form(
        path=f"{INBOX}/read",
        mutation="mark_notices_read",
        page=INBOX,
        given=lambda posted: {"notices": posted.many("notice")},
    ),
    plain(OBJECTIONS, "raise", "raise_objection", "record", "reason", "statement"),
    plain(OBJECTIONS, "review", "ask_for_review", "objection", "appeal"),
    Form(
        path=FINDING,
        mutation="appeal_finding",
        page=FINDING,
        then=lambda posted: f"/findings/{posted.payload['appeal']['id']}?done=1",
        given=lambda posted: {"finding": posted.path["id"], "appeal": posted.one("appeal")},
    ),
    plain(FAMILY, "propose", "propose_kin", "number", "kinship"),
    plain(FAMILY, "agree", "agree_to_kin", "tie"),
    plain(FAMILY, "decline", "decline_kin", "tie"),
    plain(FAMILY, "end", "end_kin", "tie"),
    plain(FAMILY, "invite", "invite_to_household", "number"),
    plain(FAMILY, "join", "join_household", "invite"),
    plain(FAMILY, "stay-out", "decline_household", "invite"),
    plain(FAMILY, "leave", "leave_household"),
    plain(FAMILY, "name-proxy", "name_proxy", "number"),
    plain(FAMILY, "end-proxy", "end_proxy", "mandate"),
    Form(
        path=f"{FAMILY}/ward",
        mutation="register_person",
        page=FAMILY,
        then=FAMILY,
        # The number is told once, on the spot.
        stays=lambda payload: bool(payload.get("number")),
        given=lambda posted: registered(posted) | {"guardian": posted.one("guardian")},
    ),
    Form(path=f"{GIFTS}/offer", mutation="offer_gift", page=GIFTS, given=offered),
    plain(GIFTS, "accept", "accept_gift", "gift"),
    plain(GIFTS, "decline", "decline_gift", "gift"),
    plain(GIFTS, "withdraw", "withdraw_gift", "gift"),
    Form(path=f"{GIFTS}/donate", mutation="donate", page=GIFTS, given=donated),
    plain(GIFTS, "take-back", "take_back_donation", "donation"),
    plain(GIFTS, "overflow", "choose_overflow", yes="wish"),
    plain(CONSENTS, "give", "give_consent", "purpose"),
    plain(CONSENTS, "withdraw", "withdraw_consent", "purpose"),
    plain(DATA, "phone", "change_phone", "phone"),
    plain(DATA, "home", "change_home", "number"),
    Form(path=f"{DATA}/request", mutation="request_data", page=DATA, given=requested),
    plain(DATA, "withdraw", "withdraw_request", "request"),
    plain(DATA, "lift", "lift_restriction"),
    plain(DATA, "erase", "ask_erasure"),
    plain(DATA, "keep", "withdraw_erasure"),
    plain(DATA, "close", "close_account", "rest"),
    plain(DATA, "reopen", "reopen_account"),
    Form(
        path=f"{DATA}/password",
        mutation="change_password",
        page=DATA,
        given=lambda posted: {"old": posted.one("password"), "new": posted.one("new_password")},
        keyed=False,
    ),
    Form(
        path=f"{DATA}/session",
        mutation="end_session",
        page=DATA,
        given=lambda posted: {
            "session": posted.one("session") or None,
            "others": posted.one("others") == "yes",
        },
        keyed=False,
    ),
    Form(
        path=f"{DATA}/passkey",
        mutation="remove_passkey",
        page=DATA,
        given=lambda posted: {"passkey": posted.one("passkey")},
        keyed=False,
    ),
    Form(
        path=f"{DATA}/unlink",
        mutation="unlink_identity",
        page=DATA,
        given=lambda posted: {"provider": posted.one("provider")},
        keyed=False,
    ),
)
