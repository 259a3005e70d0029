"""A library of any size for the search benchmarks: distinct works that look like a real catalogue.

Six in ten titles are Chinese: words of a phrase dictionary behind the hundred words our catalogues
are full of, drawn by a Zipf-Mandelbrot law. The others use the words of real Library of Congress
titles as often as those do. Among them stand 射雕英雄传 and a few hundred books whose titles begin
with it, contain it or sound like it. The same size and seed give the same works.
"""

import random
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from itertools import accumulate
from pathlib import Path

import pymarc
from pypinyin.phrases_dict import phrases_dict

from catalog.domain.text import words
from catalog.search.schema import WorkDocument

SEED = 20261122
CONDOR, CONDOR_ID = "射雕英雄传", 7
BRANCHES = tuple(f"{city}-{n:02d}" for city in ("CD", "DY", "MS", "ZY") for n in range(12))
_CONFUSERS = 300
_COMMON = """中国 研究 历史 文化 现代 社会 经济 理论 教育 管理 技术 文学 发展 艺术 世界 科学
国际 分析 设计 工程 基础 教程 应用 法律 政治 哲学 小说 作品 选集 全集 儿童 故事
人生 生活 健康 心理 语言 英语 汉语 数学 物理 化学 医学 中医 农业 工业 企业 市场
金融 会计 统计 计算机 网络 程序设计 人工智能 数据 电影 音乐 美术 书法 建筑 旅游
地理 考古 民族 宗教 佛教 战争 革命 人物 传记 回忆录 诗歌 散文 戏剧 童话 上海
北京 四川 成都 德阳 眉山 资阳 日本 美国 近代 古代 当代 明清 唐代 宋代 指南 手册
词典 图鉴 概论 导论 原理 方法 实践 案例 问题 思想 制度 改革 创新 战略 时代 青年
女性 家庭 城市 乡村 长江 黄河"""
_HEROES = ("射雕", "射雕英雄", "射雕英雄传", "神雕侠侣与射雕英雄传", "射雕英雄前", "大漠射雕")
_SOUND_ALIKE = ("四大游戏传", "时代影像志", "设调应雄转", "社调查", "上的一小站")
_SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾萧田董袁潘蒋蔡余杜叶"
_GIVEN = "文明华国英建平志强海丽敏静秀兰军杰娟勇艳涛超霞辉刚玲桂芳宇浩欣怡子涵雨泽晨阳思远嘉宁一"
_MATERIALS = ("book",) * 90 + ("serial",) * 3 + ("audio",) * 3 + ("video",) * 2 + ("map", "score")
_AUDIENCES = ("",) * 80 + ("children",) * 14 + ("young",) * 4 + ("special",) * 2
_CLASSES = "IIIIIKKKGGFFDDTTTTRJHBBOPQNSUXZACEV"


def library(size: int, *, load: Path, seed: int = SEED) -> Iterator[WorkDocument]:
    """So many works; `load` is a file of real records that lends its English words."""
    dice = random.Random(seed)
    latin, weights = latin_words(load)
    heroes = set(dice.sample(range(CONDOR_ID + 1, size + 1), min(_CONFUSERS, size // 100)))
    for work_id in range(1, size + 1):
        is_han = dice.random() < 0.6
        if work_id == CONDOR_ID:
            title, author, is_han = CONDOR, "金庸", True
        elif work_id in heroes:
            title, author, is_han = _beside_the_condor(dice), _name(dice), True
        elif is_han:
            title, author = _han_title(dice), _name(dice)
        else:
            chosen = dice.choices(latin, cum_weights=weights, k=dice.randint(3, 9))
            title, author = " ".join(chosen).capitalize(), f"{dice.choice(latin)}, J."
        yield _work(work_id, title, author, dice=dice, is_han=is_han)


def zipf(count: int, dice: random.Random, *, flat: float = 6.0) -> int:
    """A rank below `count`: rank r as often as 1 / (r + flat)."""
    return min(count - 1, int(flat * ((count + flat) / flat) ** dice.random() - flat))


@lru_cache(maxsize=1)
def han_words() -> tuple[str, ...]:
    common = _COMMON.split()
    others = sorted(phrase for phrase in phrases_dict if 2 <= len(phrase) <= 4)
    random.Random(SEED).shuffle(others)
    return (*common, *(word for word in others if word not in set(common)))


@lru_cache(maxsize=1)
def latin_words(load: Path) -> tuple[list[str], list[int]]:
    """Words of real titles, the commonest first, and how often they are there, added up."""
    seen: Counter[str] = Counter()
    with load.open("rb") as file:
        for record in pymarc.MARCReader(file, to_unicode=True, force_utf8=True):
            title = (record.title if record else "") or ""
            seen.update(word for word in words(title) if word.isascii())
    ranked = seen.most_common()
    return [word for word, _ in ranked], list(accumulate(count for _, count in ranked))


def _han_title(dice: random.Random) -> str:
    """Words of which each third one follows the word before it more often than chance has it."""
    pool, title, rank = han_words(), [], 0
    for _ in range(dice.randint(2, 6)):
        rank = rank * 31 % 997 if title and dice.random() < 0.3 else zipf(len(pool), dice)
        title.append(pool[rank])
    return "".join(title)


def _beside_the_condor(dice: random.Random) -> str:
    if dice.random() < 0.2:
        return dice.choice(_SOUND_ALIKE) + _han_title(dice)
    place = dice.choice((0, 0, 1))
    title = [dice.choice(_HEROES)]
    title.insert(place, dice.choice(("研究", "连环画", "论集", "外传", "人物谱", _han_title(dice))))
    return "".join(title)


def _name(dice: random.Random) -> str:
    return dice.choice(_SURNAMES) + "".join(dice.choices(_GIVEN, k=dice.choice((1, 2, 2))))


def _work(
    work_id: int, title: str, author: str, *, dice: random.Random, is_han: bool
) -> WorkDocument:
    branches = tuple({dice.choice(BRANCHES): None for _ in range(min(6, 1 + zipf(9, dice)))})
    if work_id == CONDOR_ID:
        branches = BRANCHES
    clc = f"{dice.choice(_CLASSES)}{dice.randint(10, 99)}.{dice.randint(1, 99)}"
    audience = dice.choice(_AUDIENCES)
    subjects = (han_words()[zipf(1500, dice)], han_words()[zipf(1500, dice)])
    return WorkDocument(
        work_id=work_id,
        titles=(title,),
        authors=(author,),
        subjects=subjects if is_han else subjects[:1],
        identifiers=(f"97871{work_id:08d}",),
        classes=(clc,),
        call_numbers=(f"{clc}/{dice.randint(1, 9999)}",),
        barcodes=(f"B{work_id:09d}",),
        languages=("chi" if is_han else dice.choice(("eng",) * 9 + ("fre",)),),
        years=(2026 - zipf(90, dice, flat=12),),
        materials=(dice.choice(_MATERIALS),),
        audiences=(audience,) if audience else (),
        available_at=(here := tuple(code for code in branches if dice.random() < 0.75)),
        cities=tuple({code[:2]: None for code in here}),
        held_at=branches,
        holdings_count=len(branches),
    )
