"""Pages of community projects: proposed, voted on, laid open, built and judged by residents.

A project has one page for everybody: residents answer there with one tap, from a link that may be
passed on, and officers find what is theirs to do.
"""

from functools import partial
from typing import Any

from web.forms import Form, Posted, plain
from web.pages.acts import Act, Told, objecting
from web.pages.money_words import DECLINES, NEGATIVES, OBJECTIONS
from web.pages.table import Opened, Page, by_id, scoped
from web.pages.times import CITY

PROJECTS, PROJECT = "/projects", "/projects/{id}"
OFFICERS = ("STREET_OFFICER", "DISTRICT_LEAD", "STATION_MANAGER")
EVERYWHERE = "420100/"
DROPPED = {name: DECLINES[name] for name in ("NOT_FEASIBLE", "WITHDRAWN")}


def the_place(opened: Opened) -> dict[str, Any]:
    """The station that is asked for, and the year's money."""
    return {"number": opened.asked("station"), "year": opened.now.astimezone(CITY).year}


def below_it(opened: Opened) -> dict[str, Any]:
    """The projects of the station that is asked for, or of one's own, or of the whole city."""
    own = (opened.found.get("me") or {}).get("home")
    place = opened.found.get("station") or own or {}
    return {"below": place.get("path", EVERYWHERE)}


def my_projects(opened: Opened) -> dict[str, Any]:
    """Where an officer is at work."""
    return {"scope": opened.office(*OFFICERS)}


def proposed(posted: Posted) -> dict[str, Any]:
    """What somebody proposes; yuan are told as fen."""
    told = {name: posted.one(name) for name in ("source", "purpose", "title")}
    return {"station": posted.one("home"), "fen": posted.whole("yuan") * 100} | told


act = partial(Act, about="project")
ACTS = (
    act(
        name="screen",
        mutation="screen_project",
        word="提交初审结果",
        states=("PROPOSED",),
        may="screen",
        told=(Told(name="negatives", word="发现的负面清单事项", kind="many", words=NEGATIVES),),
    ),
    act(
        name="open-vote",
        mutation="open_vote",
        word="开始居民表决",
        states=("SCREENED",),
        may="run",
        told=(
            Told(name="eligible", word="有权表决的居民人数", kind="whole"),
            Told(name="until", word="表决截止日期", kind="day"),
        ),
    ),
    act(
        name="count",
        mutation="count_votes",
        word="统计表决结果",
        states=("DISCUSSED",),
        may="run",
    ),
    act(
        name="publicise",
        mutation="publicise_project",
        word="开始公示",
        states=("VOTED",),
        may="run",
    ),
    objecting(OBJECTIONS, "PUBLICISED"),
    act(
        name="approve",
        mutation="approve_project",
        word="批准并落实资金",
        states=("PUBLICISED",),
        may="judge",
    ),
    act(
        name="begin",
        mutation="begin_works",
        word="开工",
        states=("COMMITTED",),
        may="run",
    ),
    act(
        name="accept",
        mutation="accept_works",
        word="登记居民验收",
        states=("IN_WORK",),
        may="run",
        told=(
            Told(name="fen", word="实际费用（元）", kind="yuan"),
            Told(name="voucher", word="票据", kind="digest"),
        ),
    ),
    act(
        name="ask-evaluation",
        mutation="ask_evaluation",
        word="请居民评价",
        states=("PAID", "RECTIFY"),
        may="run",
    ),
    act(
        name="evaluate",
        mutation="evaluate_project",
        word="统计评价结果",
        states=("PAID", "RECTIFY"),
        may="run",
    ),
    act(
        name="close",
        mutation="close_project",
        word="办结",
        states=("EVALUATED",),
        may="screen",
    ),
    act(
        name="drop",
        mutation="drop_project",
        word="终止项目",
        states=("PROPOSED", "SCREENED", "DISCUSSED", "VOTED", "PUBLICISED", "COMMITTED", "IN_WORK"),
        may="screen",
        told=(Told(name="reason", word="理由", kind="one", words=DROPPED),),
        quiet=True,
    ),
)

PAGES = (
    Page(
        path=PROJECTS,
        template="projects.html",
        who="anyone",
        menu="社区项目",
        group="near",
        lookup="project_place",
        looks=the_place,
        operation="projects",
        variables=below_it,
    ),
    Page(
        path=PROJECT,
        template="project.html",
        who="anyone",
        lookup="project_scope",
        looks=by_id,
        operation="project",
        variables=scoped("project", "station"),
        needs="project",
        acts=ACTS,
    ),
    Page(
        path="/office/projects",
        template="office_projects.html",
        who="staff",
        menu="社区项目办理",
        group="office",
        lookup="my_offices",
        operation="office_projects",
        variables=my_projects,
    ),
)

FORMS = (
    Form(
        path="/projects/propose",
        mutation="propose_project",
        page=PROJECTS,
        then=lambda posted: f"/projects/{posted.payload['project']['id']}?done=1",
        given=proposed,
    ),
    plain(PROJECT, "vote", "cast_ballot", "poll", yes="inFavour"),
    plain(
        PROJECT, "paper", "take_ballot", "poll", "way", "document", "documentNumber", yes="inFavour"
    ),
    plain(PROJECT, "objection", "rule_on_project_objection", "project", "objector", yes="uphold"),
)
