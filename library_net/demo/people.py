"""Readers of the sample world: names and identity numbers that belong to nobody.

Numbers carry region 510199, which GB/T 2260 has never assigned, and are made at run time.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, timedelta

from circulation.domain.credentials import check_character

REGION = "510199"
_SURNAMES = (
    "王李张刘陈杨黄赵周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁"
    "魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段漆雷钱汤"
)
_NAMES = (
    "雪,川,禾,晓雨,思远,子涵,雨桐,浩然,梓轩,欣怡,若兰,明轩,佳怡,建国,秀英,桂芳,志强,丽华,文博,"
    "静,敏,磊,洋,艳,娟,涛,明,超,霞,平,刚,桂英,子墨,一诺,诗涵,宇航,沐宸,语嫣,俊杰,嘉懿,博文,天佑,"
    "天翊,文昊,修洁,黎昕,远航,旭尧,鸿涛,伟祺,荣轩,越泽,浩宇,瑾瑜,皓轩,苡萱,芷晴,冬梅,春燕,长江,"
    "蜀蓉,锦城,岷山,青羊,玉垒,望江,浣花,百花,朝阳,国庆,卫东,红梅,小芳,小龙,大勇,学文,学武,成林"
)
_GIVEN = _NAMES.split(",")
CHILD_SHARE, SENIOR_SHARE = 0.28, 0.12


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """An invented reader."""

    name: str
    born: date
    number: str  # of a resident ID card that does not exist


def resident_id(*, born: date, sequence: int) -> str:
    """A well-formed number of nobody, with its check digit (GB 11643)."""
    first = f"{REGION}{born:%Y%m%d}{sequence % 1000:03d}"
    return first + check_character(first)


def invent_people(*, count: int, seed: int, today: date) -> list[Person]:
    """So many people with distinct numbers; more than a quarter are children."""
    rng = random.Random(f"people:{seed}")  # noqa: S311 - a sample world, not a secret
    people: dict[str, Person] = {}
    while len(people) < count:
        roll = rng.random()
        years = (
            rng.uniform(6.2, 13.5)
            if roll < CHILD_SHARE
            else rng.uniform(60, 82)
            if roll > 1 - SENIOR_SHARE
            else rng.uniform(15, 60)
        )
        born = today - timedelta(days=round(years * 365.25))
        number = resident_id(born=born, sequence=rng.randint(1, 995))
        name = rng.choice(_SURNAMES) + rng.choice(_GIVEN)
        people.setdefault(number, Person(name=name, born=born, number=number))
    return list(people.values())
