"""Pages of one person by number, without their name: standing, estates, and requests about data."""

from typing import Any

from web.forms import Form, Posted, plain
from web.pages.acts import Act, Answered, Told, Words
from web.pages.offices import office_page
from web.pages.table import Opened, Page, by_id

PEOPLE, PERSON = "/office/people", "/office/people/{id}"
REQUESTS, REQUEST = "/office/requests", "/office/requests/{id}"
SUSPENSIONS = {"FALSE_HOURS": "时长不实", "CONDUCT": "对服务对象行为不当", "OWN_WISH": "本人要求"}
GROUNDS = {"DISABILITY": "残疾证", "HARDSHIP": "困难证明"}
LATE = {
    "PAPER_FOUND": "后来找到纸质记录",
    "SYSTEM_DOWN": "系统不可用",
    "ORGANISER_ILL": "组织者生病",
    "CORRECTION": "更正",
}
EVIDENCE = {
    "PAPER_ROSTER": "纸质名册",
    "OTHER_SYSTEM": "其他系统的记录",
    "CERTIFICATE": "证明文件",
    "ORGANISATION_LETTER": "单位来函",
}
KINDS = {
    "ELDER": "助老",
    "DISABILITY": "助残",
    "CHILD": "关爱儿童",
    "NEIGHBOUR_HELP": "邻里互助",
    "COMMUNITY_CARE": "社区关怀",
    "ENVIRONMENT": "环境保护",
    "SAFETY": "平安巡防",
    "CULTURE": "文化体育",
    "GATHERING": "大型活动",
    "OTHER": "其他",
}
DOCUMENTS = {
    "RESIDENT_ID": "居民身份证",
    "PASSPORT": "护照",
    "HONG_KONG_MACAO": "港澳居民来往内地通行证",
    "TAIWAN": "台湾居民来往大陆通行证",
    "FOREIGN_RESIDENCE": "外国人永久居留身份证",
}
REFUSALS = {
    "NOT_WRONG": "资料没有错",
    "KEPT_BY_LAW": "法律要求保存",
    "NOT_PROVED": "身份或更正内容没有证明",
    "NO_SUCH_DATA": "没有这样的资料",
}
THERE = ("ACTIVE", "SUSPENDED", "CLOSED")
SERVICE = (
    Told(name="station", word="在哪个服务站服务", kind="one"),
    Told(name="starts", word="开始时间", kind="moment"),
    Told(name="ends", word="结束时间", kind="moment"),
    Told(name="kind", word="服务类别", kind="one", words=KINDS),
    Told(name="recipient", word="服务对象的志愿者编号（可不填）", needed=False),
    Told(name="duty", word="在上班时间做的，只留记录", kind="yes"),
)


def my_district(opened: Opened) -> dict[str, Any]:
    """The district whose estates are open."""
    return {"scope": opened.office("DISTRICT_LEAD")}


def their_stations(answers: Answered) -> dict[str, Words]:
    """Where somebody may have served: at home, or where the reader works."""
    home = (answers.get("standing") or {}).get("home")
    mine = [one["station"] for one in answers.get("myGrants", ()) if one["station"]]
    return {"station": {one["id"]: one["name"] for one in [*([home] if home else []), *mine]}}


def found(posted: Posted) -> str:
    """The page of whoever was found."""
    return posted.address(PERSON.format(id=posted.payload["person"]))


PAGES = (
    office_page(
        path=PEOPLE,
        template="office_people.html",
        menu="个人事项",
        operation="office_people",
        variables=my_district,
        lists=("after",),
    ),
    Page(
        path=PERSON,
        who="staff",
        group="office",
        template="office_person.html",
        operation="office_person",
        variables=by_id,
        needs="standing",
        choices=their_stations,
        acts=(
            Act(
                name="capture",
                mutation="capture_hours",
                word="补登记这次服务",
                about="volunteer",
                states=("ACTIVE",),
                may="CAPTURE_HOURS",
                told=(
                    *SERVICE,
                    Told(name="late", word="为什么晚登记", kind="one", words=LATE, needed=False),
                ),
            ),
            Act(
                name="attest",
                mutation="capture_hours",
                word="认定这次服务",
                about="volunteer",
                states=("ACTIVE",),
                may="CAPTURE_OLD_HOURS",
                told=(*SERVICE, Told(name="evidence", word="依据", kind="one", words=EVIDENCE)),
            ),
            Act(
                name="certify",
                mutation="certify_drawing",
                word="登记可以求助",
                about="person",
                states=THERE,
                may="CERTIFY_DRAWING",
                told=(
                    Told(name="ground", word="依据", kind="one", words=GROUNDS),
                    Told(name="until", word="证件的最后一天", kind="day"),
                ),
            ),
            Act(
                name="uncertify",
                mutation="end_drawing",
                word="证明不再有效",
                about="person",
                may="drawingRight",
                quiet=True,
            ),
            Act(
                name="alone",
                mutation="note_living_alone",
                word="登记为独居",
                about="person",
                states=THERE,
                may="NOTE_LIVING_ALONE",
                fixed={"alone": True},
                quiet=True,
            ),
            Act(
                name="together",
                mutation="note_living_alone",
                word="登记为不再独居",
                about="person",
                may="NOTE_LIVING_ALONE",
                fixed={"alone": False},
                quiet=True,
            ),
            Act(
                name="suspend",
                mutation="suspend_person",
                word="暂停服务资格",
                about="person",
                states=("ACTIVE",),
                may="SUSPEND_PERSON",
                told=(Told(name="reason", word="原因", kind="one", words=SUSPENSIONS),),
                quiet=True,
            ),
            Act(
                name="reinstate",
                mutation="reinstate_person",
                word="恢复服务资格",
                about="person",
                states=("SUSPENDED",),
                may="SUSPEND_PERSON",
            ),
            Act(
                name="died",
                mutation="report_death",
                word="登记去世并冻结账户",
                about="person",
                states=THERE,
                may="REPORT_DEATH",
                quiet=True,
            ),
            Act(
                name="settle",
                mutation="settle_estate",
                word="处理留下的时间",
                about="person",
                may="estate",
                told=(
                    Told(name="heir", word="继承人的志愿者编号（空着归公共时间池）", needed=False),
                ),
            ),
            Act(
                name="alive",
                mutation="withdraw_death",
                word="登记有误，本人在世",
                about="person",
                may="estate",
                quiet=True,
            ),
        ),
    ),
    office_page(
        path=REQUESTS,
        template="office_requests.html",
        menu="个人信息请求",
        operation="office_requests",
        variables=lambda opened: {"scope": opened.office("DATA_PROTECTION_OFFICER")},
        lists=("after", "answered"),
    ),
    Page(
        path=REQUEST,
        who="staff",
        group="office",
        template="office_request.html",
        lookup="request_number",
        looks=by_id,
        operation="office_request",
        variables=lambda opened: (
            by_id(opened) | {"number": (opened.found.get("request") or {}).get("number") or ""}
        ),
        needs="request",
        acts=(
            Act(
                name="correct",
                mutation="correct_person",
                word="更正",
                about="request",
                states=("RECEIVED",),
                told=(
                    Told(name="name", word="证件上的姓名（不改就空着）", needed=False),
                    Told(name="phone", word="电话（不改就空着）", needed=False),
                    Told(
                        name="document",
                        word="证件种类（不改就不选）",
                        kind="one",
                        words=DOCUMENTS,
                        needed=False,
                    ),
                    Told(name="documentNumber", word="证件号码（不改就空着）", needed=False),
                    Told(
                        name="birth", word="出生日期（证件上看不出时填）", kind="day", needed=False
                    ),
                ),
            ),
            Act(
                name="grant",
                mutation="grant_request",
                word="已照办，答复本人",
                about="request",
                states=("RECEIVED",),
                told=(Told(name="answer", word="做了什么", kind="prose"),),
            ),
            Act(
                name="refuse",
                mutation="refuse_request",
                word="不予照办",
                about="request",
                states=("RECEIVED",),
                told=(
                    Told(name="ground", word="理由", kind="one", words=REFUSALS),
                    Told(name="answer", word="向本人说明", kind="prose"),
                ),
                quiet=True,
            ),
        ),
    ),
)

FORMS = (
    Form(
        path=f"{PEOPLE}/find",
        mutation="find_standing",
        page=PEOPLE,
        then=found,
        given=lambda posted: {"number": posted.one("number")},
        nothing="Nobody in your scope has this volunteer number.",
    ),
    plain(REQUEST, "erase", "ask_erasure", "number"),
    plain(REQUEST, "keep", "withdraw_erasure", "number"),
)
