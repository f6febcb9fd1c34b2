"""Pages of recognition: stars, what is laid open, certificates and entitlements, their checks."""

from typing import Any

from web.forms import Form, Posted, plain
from web.pages.stations import chosen, station_page
from web.pages.table import Opened, Page, by_id
from web.pages.troubles import gone

DESK = "/desk/certificates"
ASK_WHO_ISSUED = "请向出具它的服务站核对。"


def as_of(opened: Opened) -> dict[str, Any]:
    """The day that was asked for, or today."""
    return {"day": opened.day()}


def waiting_here(opened: Opened) -> dict[str, Any]:
    """The scope of the station at hand."""
    return {"scope": chosen(opened).get("path", "-"), "station": chosen(opened).get("id", "")}


def the_certificate(posted: Posted) -> dict[str, Any]:
    """Which certificate."""
    return {"certificate": posted.one("certificate")}


PAGES = (
    Page(path="/stars", template="stars.html", operation="stars", variables=as_of, menu="星级"),
    Page(
        path="/stars/publicity",
        template="star_publicity.html",
        operation="star_publicity",
        who="anyone",
        menu="星级公示",
        group="open",
    ),
    Page(path="/certificates", template="certificates.html", operation="certificates", menu="证明"),
    Page(
        path="/certificates/{id}",
        template="certificate.html",
        operation="certificate",
        variables=by_id,
        needs="node.sheet",
        gone=gone("没有这份证明"),
    ),
    Page(
        path="/v/{code}",
        template="certificate_check.html",
        operation="certificate_check",
        who="anyone",
        variables=lambda opened: {"code": opened.path["code"]},
        needs="certificateVerification.number",
        gone=gone(
            "查无此证明", "登记簿里没有这个核验码。它可能是伪造的，或者地址不完整。", ASK_WHO_ISSUED
        ),
    ),
    Page(
        path="/e/{order}",
        template="entitlement.html",
        operation="entitlement",
        who="anyone",
        variables=lambda opened: {"order": opened.path["order"]},
        needs="entitlement.since",
        gone=gone("查无此凭证", todo=ASK_WHO_ISSUED),
    ),
    station_page(
        path=DESK,
        template="desk_certificates.html",
        menu="出具证明",
        operation="desk_certificates",
        variables=waiting_here,
        lists=("after",),
    ),
)

FORMS = (
    plain("/stars", "apply", "apply_for_star", whole="level", maybe="creditCode"),
    plain("/stars", "withdraw", "withdraw_star", "award"),
    plain("/stars", "appeal", "appeal_star", "award", "appeal"),
    Form(
        path="/stars/publicity",
        mutation="object_to_publicity",
        page="/stars/publicity",
        given=lambda posted: {"about": posted.one("about"), "reason": posted.one("reason")},
    ),
    Form(
        path="/certificates",
        mutation="request_certificate",
        page="/certificates",
        given=lambda posted: {"since": posted.one("since"), "until": posted.one("until")},
    ),
    Form(
        path="/certificates/withdraw",
        mutation="withdraw_certificate",
        page="/certificates",
        given=the_certificate,
    ),
    plain(DESK, "issue", "issue_certificate", "certificate"),
    plain(DESK, "decline", "decline_certificate", "certificate", "reason"),
    plain(DESK, "revoke", "revoke_certificate", "certificate", "reason"),
)
