"""Pages of powers that two persons give, and of what keeps data: roles, urgent access, holds."""

from functools import partial
from typing import Any

from web.forms import Form, Posted, plain
from web.pages.table import Opened, Page

ROLES, URGENT, HOLDS = "/office/roles", "/office/urgent", "/office/holds"
URGENT_ROLES = (
    "DATA_PROTECTION_OFFICER",
    "STREET_OFFICER",
    "DISTRICT_LEAD",
    "CITY_LEAD",
    "AUDITOR",
)


def my_roles(opened: Opened) -> dict[str, Any]:
    """Where an operator gives roles, and the place that one is to be given for."""
    return {"scope": opened.office("OPERATOR"), "place": opened.asked("place")}


def proposed(posted: Posted) -> dict[str, Any]:
    """A role for somebody, without a last day where none is said."""
    told = {name: posted.one(name) for name in ("number", "role", "scope")}
    return {**told, "until": posted.one("until") or None}


def asked(posted: Posted) -> dict[str, Any]:
    """What an officer needs to reach people for, and for how many hours."""
    told = {name: posted.one(name) for name in ("scope", "ground", "words")}
    return {**told, "hours": posted.whole("hours")}


def kept(posted: Posted) -> dict[str, Any]:
    """Whose data are held and why, without a last day where none is known."""
    told = {name: posted.one(name) for name in ("number", "reason")}
    return {**told, "until": posted.one("until") or None}


power_page = partial(Page, who="staff", group="office", lookup="my_offices")

PAGES = (
    power_page(
        path=ROLES,
        template="office_roles.html",
        menu="岗位授权",
        operation="office_roles",
        variables=my_roles,
    ),
    power_page(
        path=URGENT,
        template="office_urgent.html",
        menu="紧急查阅",
        operation="office_urgent",
        variables=lambda opened: {"scope": opened.office(*URGENT_ROLES)},
        lists=("after",),
    ),
    power_page(
        path=HOLDS,
        template="office_holds.html",
        menu="资料保留",
        operation="office_holds",
        variables=lambda opened: {"scope": opened.office("DATA_PROTECTION_OFFICER")},
        lists=("after",),
    ),
)


def _form(page: str, act: str, mutation: str, field: str, given: Any) -> Form:
    return Form(
        path=f"{page}/{act}",
        mutation=mutation,
        field=field,
        page=page,
        then=lambda posted: posted.done(page),
        given=given,
    )


FORMS = (
    _form(ROLES, "propose", "propose_role", "proposeRole", proposed),
    plain(ROLES, "grant", "grant_role", "draft"),
    plain(ROLES, "drop", "drop_role", "draft"),
    _form(URGENT, "ask", "ask_urgent_access", "askUrgentAccess", asked),
    plain(URGENT, "open", "open_urgent_access", "request"),
    plain(URGENT, "drop", "drop_urgent_request", "request"),
    plain(URGENT, "end", "end_urgent_access", "access"),
    _form(HOLDS, "place", "place_hold", "placeHold", kept),
    plain(HOLDS, "lift", "lift_hold", "hold"),
)
