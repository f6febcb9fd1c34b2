"""Pages of powers that two persons give, and of data: roles, urgent access, holds, breaches."""

from typing import Any

from web.forms import plain
from web.pages.offices import office_page
from web.pages.table import Opened

ROLES, URGENT, HOLDS = "/office/roles", "/office/urgent", "/office/holds"
BREACHES = "/office/breaches"
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


PAGES = (
    office_page(
        path=ROLES,
        template="office_roles.html",
        menu="岗位授权",
        operation="office_roles",
        variables=my_roles,
        lists=("after",),
    ),
    office_page(
        path=URGENT,
        template="office_urgent.html",
        menu="紧急查阅",
        operation="office_urgent",
        variables=lambda opened: {"scope": opened.office(*URGENT_ROLES)},
        lists=("after",),
    ),
    office_page(
        path=HOLDS,
        template="office_holds.html",
        menu="资料保留",
        operation="office_holds",
        variables=lambda opened: {"scope": opened.office("DATA_PROTECTION_OFFICER")},
        lists=("after",),
    ),
    office_page(
        path=BREACHES,
        template="office_breaches.html",
        menu="个人信息安全事件",
        operation="office_breaches",
        variables=lambda opened: {
            "area": opened.office("DATA_PROTECTION_OFFICER").strip("/").split("/")[-1]
        },
        lists=("after",),
    ),
)


FORMS = (
    plain(ROLES, "propose", "propose_role", "number", "role", "scope", maybe="until"),
    plain(ROLES, "grant", "grant_role", "draft"),
    plain(ROLES, "drop", "drop_role", "draft"),
    plain(ROLES, "end", "end_role", "person", "grant"),
    plain(URGENT, "ask", "ask_urgent_access", "scope", "ground", "words", whole="hours"),
    plain(URGENT, "open", "open_urgent_access", "request"),
    plain(URGENT, "drop", "drop_urgent_request", "request"),
    plain(URGENT, "end", "end_urgent_access", "access"),
    plain(HOLDS, "place", "place_hold", "number", "reason", maybe="until"),
    plain(HOLDS, "lift", "lift_hold", "hold"),
    plain(BREACHES, "report", "report_breach", "area", "kind", "foundOn", "words"),
    plain(BREACHES, "close", "close_breach", "breach", "measures"),
)
