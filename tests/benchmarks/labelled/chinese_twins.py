"""Chinese twins: different books that a careless matcher would take for one."""

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import lru_cache

from pypinyin import lazy_pinyin

from catalog.domain.folding import has_han
from library_net.demo.books import Person, load_books
from tests.benchmarks.labelled.chinese_books import SEED, Facts, invented_isbn


def twins(facts: Facts) -> Iterator[tuple[str, Facts]]:
    """Books a careless matcher would take for this one; each is another manifestation."""
    book = facts.book
    dice = random.Random(f"twins:{SEED}:{book.key}")
    for kind, make in _TWINS.items():
        made = make(facts, dice)
        if made is not None:
            yield kind, replace(made, book=replace(made.book, key=f"{book.key}~{kind}"))


def _other(facts: Facts, dice: random.Random, **changed: object) -> Facts:
    """With a number and a page count of its own."""
    isbn = invented_isbn(dice) if facts.isbn else ""
    extent = f"{dice.randint(90, 900)}页"
    book = replace(facts.book, **{"isbn": isbn, "extent": extent, **changed})
    return replace(facts, book=book, isbn=book.isbn, set_isbn="", ubsn="")


def _homophone(text: str, dice: random.Random) -> str:
    """The text with one character exchanged for one that sounds alike, or nothing."""
    places = [i for i, char in enumerate(text) if has_han(char)]
    for place in dice.sample(places, len(places)):
        alike = [c for c in _sounding(lazy_pinyin(text[place])[0]) if c != text[place]]
        if alike:
            return text[:place] + dice.choice(alike) + text[place + 1 :]
    return ""


@lru_cache(maxsize=1)
def _by_sound() -> dict[str, str]:
    found: dict[str, str] = {}
    for book in load_books():
        for char in book.title + "".join(person.name for person in book.people):
            if has_han(char):
                sound = lazy_pinyin(char)[0]
                if char not in found.get(sound, ""):
                    found[sound] = found.get(sound, "") + char
    return found


def _sounding(sound: str) -> str:
    return _by_sound().get(sound, "")


def _title_homophone(facts: Facts, dice: random.Random) -> Facts | None:
    title = _homophone(facts.book.title, dice) if not facts.book.volume_parts[1] else ""
    # Without a number of its own, or with the same: only the characters tell them apart.
    isbn = dice.choice(("", facts.isbn))
    return _other(facts, dice, title=title, isbn=isbn) if title else None


def _author_homophone(facts: Facts, dice: random.Random) -> Facts | None:
    people = facts.book.people
    name = _homophone(people[0].name, dice) if people and not people[0].original else ""
    if not name or people[0].is_body:
        return None
    changed = (replace(people[0], name=name), *people[1:])
    return _other(facts, dice, people=changed, isbn="", extent=facts.book.extent)


def _other_author(facts: Facts, dice: random.Random) -> Facts | None:
    names = ("陈望舒", "李牧之", "赵一宁", "孙晓棠", "周济民", "何其骏")
    people = (Person(name=dice.choice(names)),)
    return _other(facts, dice, people=people, isbn="")


def _next_volume(facts: Facts, dice: random.Random) -> Facts | None:
    """The neighbour on the shelf, under the number of the set."""
    after = {"上": "下", "中": "下", "下": "上", "第一": "第二", "一": "二", "1": "2", "第1": "第2"}
    number, name = facts.book.volume_parts
    core = number.rstrip("卷册部辑")
    if name or core not in after:
        return None
    volume = after[core] + number[len(core) :]
    set_isbn = facts.set_isbn or invented_isbn(dice)
    isbn = dice.choice(("", set_isbn))
    made = _other(facts, dice, volume=volume, isbn=isbn)
    return replace(made, set_isbn=set_isbn)


def _a_volume(facts: Facts, dice: random.Random) -> Facts | None:
    """One volume against a book that names none: 上 of two, under the same number."""
    if facts.book.volume:
        return None
    return _other(facts, dice, volume=dice.choice(("上", "下", "第二册")), isbn=facts.isbn)


def _next_edition(facts: Facts, dice: random.Random) -> Facts | None:
    found = facts.book.edition
    number = int(found[1:-1]) if found[1:-1].isdigit() else 1
    return _other(
        facts,
        dice,
        edition=f"第{number + 1}版",
        year=str(int(facts.book.year) + dice.randint(2, 5)),
        isbn=dice.choice(("", facts.isbn, invented_isbn(dice))),
    )


def _other_publisher(facts: Facts, dice: random.Random) -> Facts | None:
    """A classic: two houses in one year."""
    houses = ("岳麓书社", "长江文艺出版社", "吉林文史出版社", "中国友谊出版公司")
    publisher = dice.choice([house for house in houses if house != facts.book.publisher])
    return _other(facts, dice, publisher=publisher, isbn=dice.choice(("", invented_isbn(dice))))


def _later_printing(facts: Facts, dice: random.Random) -> Facts | None:
    """The same house, years later, a new number."""
    year = str(int(facts.book.year) + dice.randint(3, 12))
    return _other(facts, dice, year=year, isbn=invented_isbn(dice))


def _one_number_two_books(facts: Facts, dice: random.Random) -> Facts | None:
    """A small press of the 1990s gave its number twice."""
    titles = ("家常川菜", "果树栽培手册", "书法入门", "养生一百问", "小学生作文选")
    people = (Person(name="佚名"),) if dice.random() < 0.3 else facts.book.people
    made = _other(facts, dice, title=dice.choice(titles), people=people, isbn=facts.isbn)
    return replace(made, book=replace(made.book, volume="", subtitle="", original_title=""))


_COMPANIONS = (
    *("习题解答", "导读", "研究", "连环画", "学习指导", "续编", "故事新编", "题解精粹", "补遗"),
    *("人物谱", "评点本", "十五讲", "电影画册", "青年读本", "同步测试", "文献汇编"),
)


def _companion(facts: Facts, dice: random.Random) -> Facts | None:
    """习题, 解读, 连环画: a book about the book."""
    tail = dice.choice(_COMPANIONS)
    isbn = dice.choice(("", facts.isbn))
    return _other(facts, dice, title=facts.book.title + tail, isbn=isbn)


_ABRIDGED = ("少年版", "缩写本", "青少版", "学生读本", "节选本", "儿童彩图本", "简明本")


def _abridged(facts: Facts, dice: random.Random) -> Facts | None:
    made = _other(facts, dice, subtitle=dice.choice(_ABRIDGED), isbn="")
    return replace(made, is_abridged=True)


def _recording(facts: Facts, dice: random.Random) -> Facts | None:
    made = _other(facts, dice, isbn=facts.isbn, extent="")
    return replace(made, is_recording=True)


_TWINS: dict[str, Callable[[Facts, random.Random], Facts | None]] = {
    "title homophone": _title_homophone,
    "author homophone": _author_homophone,
    "other author": _other_author,
    "next volume": _next_volume,
    "a volume": _a_volume,
    "next edition": _next_edition,
    "other publisher": _other_publisher,
    "later printing": _later_printing,
    "one number, two books": _one_number_two_books,
    "companion": _companion,
    "abridged": _abridged,
    "recording": _recording,
}
