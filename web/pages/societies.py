"""Pages of organisations: their work, their annual report, the registrar's cases, the public.

A report is saved and gone on with whenever one likes, and opens at the field to be put right.
"""

from typing import Any

from web.forms import Form, Posted
from web.pages.table import Opened, Page

OFFICERS = ("DISTRICT_REGISTRAR", "STREET_OFFICER")
OWN = "/organisations/{id}/work"
CASE = "/office/organisations/{id}"
REPORT = "/reports/{id}"
FIELD = "field."


def by_id(opened: Opened) -> dict[str, Any]:
    """What the address names."""
    return {"id": opened.path["id"]}


def its_scope(opened: Opened) -> dict[str, Any]:
    """The organisation that the address names, and the scope that covers it."""
    found = opened.found.get("organisation") or {}
    return {"id": opened.path["id"], "scope": found.get("path", "-")}


def my_office(opened: Opened) -> dict[str, Any]:
    """Where somebody registers or files."""
    return {"scope": opened.office(*OFFICERS)}


def the_organisation(posted: Posted) -> dict[str, Any]:
    """Which organisation."""
    return {"organisation": posted.path["id"]}


def the_name(posted: Posted) -> dict[str, Any]:
    """What a founder asks for: directly, or with a supervising unit."""
    direct, unit = posted.one("direct"), posted.one("supervisor")
    return {
        "form": posted.one("form"),
        "area": posted.one("area"),
        "name": posted.one("name"),
        "direct": direct or None,
        "supervisor": unit or None,
    }


def the_filing(posted: Posted) -> dict[str, Any]:
    """What a community organisation is to be filed with."""
    counts = {name: posted.whole(name) for name in ("founders", "members")}
    return {"area": posted.one("area"), "name": posted.one("name")} | counts


def the_application(posted: Posted) -> dict[str, Any]:
    """The whole application; yuan are told as fen."""
    told = {name: posted.one(name) for name in ("purpose", "address")}
    counts = {name: posted.whole(name) for name in ("persons", "units")}
    return the_organisation(posted) | told | counts | {"fundsFen": posted.whole("yuan") * 100}


def the_appointment(posted: Posted) -> dict[str, Any]:
    """Who is to act for it, for papers or for money."""
    return the_organisation(posted) | {name: posted.one(name) for name in ("number", "role")}


def the_star(posted: Posted) -> dict[str, Any]:
    """Which application for five stars."""
    return {"award": posted.one("award")}


def the_change(posted: Posted) -> dict[str, Any]:
    """What is to be registered anew."""
    told = {name: posted.one(name) for name in ("what", "to")}
    return the_organisation(posted) | told | {"decidedOn": posted.one("decidedOn")}


def the_values(posted: Posted) -> dict[str, Any]:
    """The fields that were filled in; an empty one is none."""
    values = [
        {"field": name.removeprefix(FIELD), "value": posted.one(name)}
        for name in posted.given
        if name.startswith(FIELD) and posted.one(name)
    ]
    return {"report": posted.path["id"], "values": values}


def the_comments(posted: Posted) -> dict[str, Any]:
    """What is said of the fields."""
    comments = [
        {"field": name.removeprefix(FIELD), "words": posted.one(name)}
        for name in posted.given
        if name.startswith(FIELD) and posted.one(name)
    ]
    return {"report": posted.path["id"], "comments": comments}


def _form(page: str, act: str, mutation: str, field: str, given: Any) -> Form:
    return Form(
        path=f"{page}/{act}",
        mutation=mutation,
        field=field,
        page=page,
        then=lambda posted: posted.done(page),
        given=given,
    )


def _case(act: str, mutation: str, field: str, *told: str) -> Form:
    """A form of a registrar or street about one organisation; `reasons` are many."""

    def given(posted: Posted) -> dict[str, Any]:
        asked = the_organisation(posted)
        for name in told:
            asked[name] = posted.many(name) if name == "reasons" else posted.one(name)
        if act == "check":
            asked["passed"] = posted.one("passed") == "yes"
        return asked

    return _form(CASE, act, mutation, field, given)


PAGES = (
    Page(
        path="/organisations",
        template="societies.html",
        operation="my_societies",
        menu="社会组织",
        group="near",
    ),
    Page(
        path=OWN,
        template="society_work.html",
        lookup="society",
        looks=by_id,
        operation="society_work",
        variables=its_scope,
    ),
    Page(
        path="/o/{id}",
        template="society.html",
        operation="society",
        who="anyone",
        variables=by_id,
    ),
    Page(path=REPORT, template="report.html", operation="report", variables=by_id),
    Page(
        path="/office/organisations",
        template="office_societies.html",
        who="staff",
        menu="组织登记",
        group="office",
        lookup="my_offices",
        operation="office_societies",
        variables=my_office,
    ),
    Page(
        path=CASE,
        template="office_society.html",
        who="staff",
        group="office",
        operation="office_society",
        variables=by_id,
    ),
)

FORMS = (
    _form("/organisations", "name", "ask_society_name", "askOrganisationName", the_name),
    _form("/organisations", "filing", "ask_filing", "askFiling", the_filing),
    _form(OWN, "apply", "apply_for_registration", "applyForRegistration", the_application),
    _form(OWN, "consent", "consent_to_society", "consentToOrganisation", the_organisation),
    _form(OWN, "appoint", "appoint_representative", "appointRepresentative", the_appointment),
    _form(OWN, "endorse", "endorse_star", "endorseStar", the_star),
    _form(OWN, "unendorse", "decline_to_endorse", "declineToEndorse", the_star),
    _form(OWN, "change", "ask_change", "askChange", the_change),
    _form(OWN, "withdraw", "withdraw_application", "withdrawApplication", the_organisation),
    _form(REPORT, "save", "save_report", "saveReport", the_values),
    _form(
        REPORT,
        "submit",
        "submit_report",
        "submitReport",
        lambda posted: {"report": posted.path["id"]},
    ),
    _form(
        REPORT,
        "supervise",
        "supervise_report",
        "superviseReport",
        lambda posted: {"report": posted.path["id"]},
    ),
    _form(REPORT, "return", "return_report", "returnReport", the_comments),
    _form(
        REPORT,
        "accept",
        "accept_report",
        "acceptReport",
        lambda posted: {"report": posted.path["id"], "verdict": posted.one("verdict")},
    ),
    _case("name", "approve_society_name", "approveOrganisationName"),
    _case("check", "check_registration", "checkRegistration", "check"),
    _case("register", "register_society", "registerOrganisation", "code", "representative"),
    _case("refuse", "refuse_registration", "refuseRegistration", "reasons", "words"),
    _case("file", "file_society", "fileOrganisation"),
)
