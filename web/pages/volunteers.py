"""Pages of a volunteer: balance, statement, redeeming, activities near, and the check-in code."""

from typing import Any

from web.forms import Form, plain
from web.pages.table import Opened, Page, by_id
from web.pages.troubles import gone


def near_home(opened: Opened) -> dict[str, Any]:
    """The street that looks after the volunteer's station; the whole city where there is none."""
    me = opened.found.get("me") or {}
    community = (me.get("home") or {}).get("area") or {}
    street = community.get("manager") or {}
    return {"area": street.get("code", "420100")}


PAGES = (
    Page(path="/", template="home.html", operation="home", menu="首页", icon="home"),
    Page(
        path="/statement",
        template="statement.html",
        operation="statement",
        menu="时间明细",
        icon="lines",
        short="明细",
    ),
    Page(path="/redeem", template="redeem.html", operation="redeem", menu="兑换", icon="gift"),
    Page(
        path="/redeem/{id}",
        template="redeem_confirm.html",
        operation="redeem_one",
        alone=True,
        variables=by_id,
        needs="node.name",
        gone=gone("这个项目已经没有了"),
    ),
    Page(
        path="/activities",
        template="activities.html",
        lookup="my_home",
        operation="activities_near",
        variables=near_home,
        menu="附近活动",
        group="near",
    ),
    Page(
        path="/my-code",
        template="my_code.html",
        operation="my_code",
        menu="签到码",
        icon="code",
        short="签到",
    ),
)

FORMS = (
    Form(
        path="/accept",
        mutation="accept_hours",
        page="/",
        given=lambda posted: {"records": posted.many("record")},
    ),
    plain("/statement", "month", "accept_month", "month"),
    Form(
        path="/not-me",
        mutation="repudiate_hours",
        page="/statement",
        given=lambda posted: {"records": posted.many("record")},
    ),
    Form(
        path="/redeem",
        mutation="order_reward",
        page="/redeem",
        given=lambda posted: {"reward": posted.one("reward")},
    ),
    plain("/activities", "sign-up", "sign_up", "activity"),
    plain("/activities", "withdraw", "withdraw", "activity"),
    plain("/activities", "wait", "join_wait_list", "activity"),
    plain("/activities", "stop-waiting", "leave_wait_list", "activity"),
)
