"""Invented people for the demonstration city: names, document numbers, telephones; nobody real.

Everything follows from a seed, so that the same city comes out twice. Document numbers have a right
check character (GB 11643) and an order number of 990 and more, telephones a prefix that no carrier
was given.
"""

import random
from collections.abc import Iterator
from datetime import date, timedelta

import msgspec

SURNAMES = "王李张刘陈杨黄赵周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
GIVEN = [
    "秀英",
    "建国",
    "桂兰",
    "志强",
    "春梅",
    "小满",
    "丽华",
    "国庆",
    "玉珍",
    "海燕",
    "文斌",
    "晓东",
    "淑芬",
    "永康",
    "雪梅",
    "明辉",
    "红霞",
    "德才",
    "美玲",
    "俊杰",
    "桂芳",
    "长江",
    "汉生",
    "楚云",
    "江华",
    "荣光",
    "爱民",
    "和平",
    "卫东",
    "素珍",
    "金花",
    "宝林",
    "向阳",
    "立新",
    "思远",
    "佳怡",
    "子涵",
    "雨桐",
    "浩然",
    "静怡",
]
DISTRICT_CODES = ("420102", "420103", "420104", "420105", "420106", "420107", "420111")
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


class Invented(msgspec.Struct, frozen=True):
    """Somebody who does not exist."""

    name: str
    document_number: str
    phone: str
    birth: date


def invent(count: int, *, today: date) -> list[Invented]:
    """`count` people, all different, between 20 and 84 years old today."""
    chance = random.Random(2016)  # the same city twice is the point
    names = _names(chance)
    made: dict[str, Invented] = {}
    while len(made) < count:
        birth = today - timedelta(days=chance.randrange(20 * 366, 84 * 365))
        number = resident_id(chance.choice(DISTRICT_CODES), birth, chance.randrange(990, 1000))
        # Ten order numbers a day and district are few: a clash is drawn again.
        made.setdefault(
            number, Invented(next(names), number, f"1990000{len(made):04d}"[:11], birth)
        )
    return list(made.values())


def _names(chance: random.Random) -> Iterator[str]:
    while True:
        yield chance.choice(SURNAMES) + chance.choice(GIVEN)


def resident_id(district: str, birth: date, order: int) -> str:
    """A resident identity number with its check character (GB 11643)."""
    body = f"{district}{birth:%Y%m%d}{order:03d}"
    total = sum(int(digit) * weight for digit, weight in zip(body, WEIGHTS, strict=True))
    return body + "10X98765432"[total % 11]
