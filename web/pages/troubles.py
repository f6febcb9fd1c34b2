"""Troubles: what a page says when it cannot be what was asked for.

Each says what happened, whether anything was changed, what to do next, and whom to call. Knows the
statuses of HTTP and the codes of the API; what went wrong inside is the log's matter.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from web.graphql import STATUSES


class Trouble(msgspec.Struct, frozen=True):
    """A status, what happened, and what to do about it."""

    status: int
    title: str
    happened: str
    todo: str


UNREADABLE = Trouble(
    400,
    "这次提交看不懂",
    "表单或地址不完整，没有改动任何内容。",
    "请返回上一页，刷新后再试一次。",
)
FORBIDDEN = Trouble(
    403,
    "这里是站点工作人员的页面",
    "您的账号没有这个权限。",
    "需要的话，请联系所在的志愿者服务站。",
)
EXPIRED = Trouble(
    403,
    "这个页面已过期",
    "没有改动任何内容。",
    "请返回首页，再试一次。",
)
MISSING = Trouble(
    404,
    "没有这个页面",
    "链接不完整，或已失效。",
    "请从首页或“全部功能”里找。",
)


def gone(title: str, happened: str = MISSING.happened, todo: str = MISSING.todo) -> Trouble:
    """What a page says of a thing that is not there, or is another's: one answer for both."""
    return Trouble(MISSING.status, title, happened, todo)


SLOW = Trouble(
    408,
    "网络太慢了",
    "内容没有传完，没有改动任何内容。",
    "请到信号好一些的地方再试一次。",
)
TWICE = Trouble(
    409,
    "这次提交与前一次不一样",
    "同一份表单已经交过一次，内容不同，所以没有再办。",
    "请先看看前一次办成了没有，再重新打开页面填写。",
)
LARGE = Trouble(
    413,
    "提交的内容太大",
    "没有改动任何内容。",
    "请分几次提交，或换一个小一些的文件。",
)
REFUSED = Trouble(
    422,
    "没有办成",
    "没有改动任何内容。",
    "请按提示改正后再试一次。",
)
MANY = Trouble(
    429,
    "操作太快了",
    "短时间内请求太多，没有改动任何内容。",
    "请等一分钟再试。",
)
FAILED = Trouble(
    500,
    "我们这边出了差错",
    "这不是您的错，已经记下来了。",
    "请过一会儿再试；要紧的事请打电话，工作人员可以代办。",
)
BUSY = Trouble(
    503,
    "系统正忙",
    "暂时办不了，请不要担心：已入账的时间不会丢。",
    "请过一会儿再试；再试一次不会重复办理。",
)
BY_STATUS = {
    one.status: one
    for one in (UNREADABLE, EXPIRED, MISSING, SLOW, TWICE, LARGE, REFUSED, MANY, FAILED, BUSY)
} | {401: FORBIDDEN, 405: MISSING, 415: UNREADABLE}
SECRETS = ("password", "new_password", "pin", "one_time")
"""Fields that no page repeats."""
MOST_REPEATED = 16 * 1024
OURS = ("INTERNAL_SERVER_ERROR", "TIMEOUT", "BUSY", "RATE_LIMITED")
"""Codes of the API's errors after which there is no page to show."""


def trouble_of(status: int) -> Trouble | None:
    """What is said of a status; None for a status that is no trouble."""
    if status < 400:
        return None
    return BY_STATUS.get(status, UNREADABLE if status < 500 else FAILED)


def trouble_in(errors: Iterable[Mapping[str, Any]]) -> Trouble | None:
    """What the API's errors come to; None where the page can be shown without what failed."""
    codes = [error.get("extensions", {}).get("code") for error in errors]
    found = [BY_STATUS[STATUSES[code]] for code in codes if code in OURS]
    return max(found, key=lambda one: one.status, default=None)


class Again(msgspec.Struct, frozen=True):
    """A form that may be posted once more as it is: where to, and its fields."""

    action: str
    fields: Mapping[str, list[str]]

    @classmethod
    def of(cls, action: str, given: Mapping[str, list[str]]) -> "Again | None":
        """The form, unless it holds what no page repeats, or more than one may."""
        size = sum(len(value) for values in given.values() for value in values)
        secret = any(name in given for name in SECRETS)
        return None if secret or size > MOST_REPEATED else cls(action, given)


class Troubled(Exception):
    """A page or form that came to nothing."""

    def __init__(self, trouble: Trouble, again: Again | None = None) -> None:
        super().__init__(trouble.title)
        self.trouble, self.again = trouble, again
