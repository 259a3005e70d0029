"""Chinese pairs, authored: the sample world's books as its members would catalogue them.

The books are facts about real books (`library_net/demo/data/books.csv`). Most of them lack ISBN
and page count there, so both are made up here, the same at every run; so are the slips and habits
laid over the demo's own cataloguers. Different books are: other books of the list, and twins made
to be confused: homophones, volumes, editions, set numbers, namesakes.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

from pypinyin import lazy_pinyin

from catalog.domain.folding import has_han
from catalog.domain.marc.write import Field, LeaderFlags, write_iso2709
from catalog.domain.records import MarcFormat
from library_net.demo import wording
from library_net.demo.books import Book, Person, load_books
from library_net.demo.marcfiles import catalogued
from library_net.demo.members import MEMBERS, Habit, Member
from tests.benchmarks.labelled.pairs import Described, Pair, read

SEED = 20261122
COPIES = 4  # cataloguers of each book
NUMERALS = "一二三四五六七八九十"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """A book with what its title leaf would say, and what else identifies it."""

    book: Book
    isbn: str
    set_isbn: str = ""
    ubsn: str = ""
    is_recording: bool = False
    is_abridged: bool = False  # and says so: nothing else would tell it from the whole book


# --- the books -----------------------------------------------------------------------------------


def books() -> list[Facts]:
    found = []
    for listed in load_books():
        if listed.language != "chi" or not listed.year:
            continue
        dice = random.Random(f"facts:{SEED}:{listed.key}")
        sets = random.Random(f"set:{SEED}:{listed.set_key}")
        set_isbn = _isbn(sets) if listed.volume and sets.random() < 0.5 else ""
        year = int(listed.year)
        isbn = listed.isbn or (_isbn(dice) if year >= 1987 and dice.random() < 0.92 else "")
        ubsn = ""
        if 1956 <= year < 1987 and dice.random() < 0.7:
            ubsn = f"{dice.randint(1, 17)}{dice.randint(100, 219):03d}·{dice.randint(1, 4999)}"
        extent = listed.extent or ("" if dice.random() < 0.1 else f"{dice.randint(90, 900)}页")
        book = replace(listed, isbn=isbn, extent=extent)
        found.append(Facts(book=book, isbn=isbn, set_isbn=set_isbn, ubsn=ubsn))
    return found


def _isbn(dice: random.Random) -> str:
    """A valid number of a Chinese publisher; invented, like the copy of the book it stands in."""
    digits = f"9787{dice.randrange(10**8):08d}"
    total = sum(int(d) * (1, 3)[i % 2] for i, d in enumerate(digits))
    return f"{digits}{-total % 10}"


# --- cataloguing ---------------------------------------------------------------------------------


def described(
    facts: Facts, member: Member, *, round_number: int = 0, in_han: bool = False
) -> Described:
    """The book as this member catalogues it, slips and all; read back from real bytes."""
    dice = random.Random(f"slips:{SEED}:{member.code}:{facts.book.key}:{round_number}")
    book = facts.book
    fields = catalogued(book, member=member, number=dice.randrange(10**7), seed=SEED)
    is_cnmarc = member.habit in (Habit.NLC, Habit.CALIS)
    fields = _numbers(fields, facts, is_cnmarc=is_cnmarc, dice=dice)
    for slip, share in _SLIPS.items():
        if dice.random() < share and not (facts.is_abridged and slip is _no_subtitle):
            fields = slip(fields, book, is_cnmarc, dice)
    if member.habit is Habit.PINYIN_BASE and not in_han and dice.random() < 0.25:
        fields = _romanised_only(fields)
    flags = LeaderFlags(type="i") if facts.is_recording else LeaderFlags()
    data = write_iso2709(
        fields,
        format=MarcFormat.CNMARC if is_cnmarc else MarcFormat.MARC21,
        encoding="utf-8" if dice.random() < 0.6 or not is_cnmarc else "gb18030",
        leader_flags=flags,
    )
    return Described(name=f"{book.key}@{member.prefix}", record=read(data))


def _numbers(
    fields: Sequence[Field], facts: Facts, *, is_cnmarc: bool, dice: random.Random
) -> list[Field]:
    """统一书号, and what members do with the number of a set: beside the volume's, or instead."""
    isbn_tag, price = ("010", "d") if is_cnmarc else ("020", "c")
    found = [field for field in fields if not (facts.is_recording and field[0] == isbn_tag)]
    extra: list[Field] = []
    if facts.ubsn and dice.random() < 0.8:
        extra.append(("091", "  ", [("a", facts.ubsn)]) if is_cnmarc else
                     ("024", "8 ", [("a", facts.ubsn)]))  # fmt: skip
    if facts.set_isbn:
        roll = dice.random()
        note = [("b", dice.choice(("套", "全套", "精装全套")))] if is_cnmarc else [("q", "(套)")]
        value = wording.isbn_as(facts.set_isbn, facts.book.year, dice)
        if roll < 0.45:
            extra.append((isbn_tag, "  ", [("a", value), *note, (price, "CNY98.00 (全套)")]))
        elif roll < 0.55:  # the number of the set only, and nothing says so
            found = [field for field in found if field[0] != isbn_tag]
            extra.append((isbn_tag, "  ", [("a", value)]))
    return sorted([*found, *extra], key=lambda field: field[0])


Slip = Callable[[list[Field], Book, bool, random.Random], list[Field]]


def _map(
    fields: Sequence[Field], tags: Sequence[str], change: Callable[[str, str], str | None]
) -> list[Field]:
    """Subfields of these tags changed; one changed to None goes."""
    out: list[Field] = []
    for tag, indicators, subfields in fields:
        if tag in tags:
            changed = [(code, change(code, value)) for code, value in subfields]
            kept = [(code, value) for code, value in changed if value is not None]
        else:
            kept = list(subfields)
        if kept:
            out.append((tag, indicators, kept))
    return out


def _title_tag(is_cnmarc: bool) -> tuple[str, ...]:
    return ("200",) if is_cnmarc else ("245", "880")


def _no_isbn(fields: list[Field], book: Book, is_cnmarc: bool, dice: random.Random) -> list[Field]:
    return [field for field in fields if field[0] not in ("010", "020")]


def _wrong_isbn(
    fields: list[Field], book: Book, is_cnmarc: bool, dice: random.Random
) -> list[Field]:
    """The last digit mistyped: the number is invalid and proves nothing."""

    def mistype(code: str, value: str) -> str:
        return f"{value[:-1]}{(int(value[-1]) + 1) % 10}" if value[-1:].isdigit() else value

    return _map(
        fields, ("010", "020"), lambda code, value: mistype(code, value) if code == "a" else value
    )


def _no_subtitle(
    fields: list[Field], book: Book, is_cnmarc: bool, dice: random.Random
) -> list[Field]:
    code_of = "e" if is_cnmarc else "b"
    tags = _title_tag(is_cnmarc)[:1]
    return _map(fields, tags, lambda code, value: None if code == code_of else value)


def _no_edition(
    fields: list[Field], book: Book, is_cnmarc: bool, dice: random.Random
) -> list[Field]:
    """第1版 goes without saying."""
    if book.edition in ("第1版", "初版", "1st ed"):
        return [field for field in fields if field[0] not in ("205", "250")]
    return fields


def _says_first_edition(
    fields: list[Field], book: Book, is_cnmarc: bool, dice: random.Random
) -> list[Field]:
    if book.edition:
        return fields
    edition = dice.choice(("第1版", "1版", "第一版", "初版"))
    tag = "205" if is_cnmarc else "250"
    return sorted([*fields, (tag, "  ", [("a", edition)])], key=lambda field: field[0])


def _reprint(fields: list[Field], book: Book, is_cnmarc: bool, dice: random.Random) -> list[Field]:
    """1982.3, 1982（1985重印）: the year of the edition comes first."""
    form = dice.choice(("{}.{m}", "{}[{later}重印]", "{}年{m}月", "[{}]"))

    def change(code: str, value: str) -> str:
        digits = value.strip(" .")
        if code not in ("d", "c") or not digits.isdigit():
            return value
        return form.format(digits, m=dice.randint(1, 12), later=int(digits) + 3)

    return _map(fields, ("210",) if is_cnmarc else ("260", "264"), change)


def _front_matter(
    fields: list[Field], book: Book, is_cnmarc: bool, dice: random.Random
) -> list[Field]:
    """12, 380页: the preface counted apart; or the last page read otherwise."""
    is_added = dice.random() < 0.5
    front = dice.randint(1, 3) if is_added else dice.randint(2, 14)

    def change(code: str, value: str) -> str:
        digits = value.removesuffix("页")
        if code != "a" or not digits.isdigit():
            return value
        return f"{int(digits) + front}页" if is_added else f"{front}, {value}"

    return _map(fields, ("215",) if is_cnmarc else ("300",), change)


def _no_extent(
    fields: list[Field], book: Book, is_cnmarc: bool, dice: random.Random
) -> list[Field]:
    return [field for field in fields if field[0] not in ("215", "300")]


def _no_access_points(
    fields: list[Field], book: Book, is_cnmarc: bool, dice: random.Random
) -> list[Field]:
    """A short record: the author stands in the statement of responsibility only."""
    return [field for field in fields if field[0] not in ("701", "702", "711")]


def _volume_in_title(
    fields: list[Field], book: Book, is_cnmarc: bool, dice: random.Random
) -> list[Field]:
    """红楼梦（上）instead of 上 in a subfield of its own."""
    number, name = book.volume_parts
    shown_titles = [v for tag, _, parts in fields for c, v in parts if c == "a"
                    and tag == _title_tag(is_cnmarc)[0]]  # fmt: skip
    if not number or name or not any(map(has_han, shown_titles)):
        return fields
    form = dice.choice(("{}（{}）", "{} {}", "{}. {}", "{}({})"))
    code_of = "h" if is_cnmarc else "n"
    found = _map(
        fields, _title_tag(is_cnmarc)[:1], lambda code, value: None if code == code_of else value
    )
    shown = number if len(number) > 1 and number[0] in "第卷" else f"{number}册"
    shown = dice.choice((shown, number)) if "（" in form or "(" in form else shown

    def change(code: str, value: str) -> str:
        return form.format(value.rstrip(" /:"), shown) if code == "a" and has_han(value) else value

    return _map(found, _title_tag(is_cnmarc)[:1], change)


def _volume_written_otherwise(
    fields: list[Field], book: Book, is_cnmarc: bool, dice: random.Random
) -> list[Field]:
    """第一卷, 第1卷, 卷一, 1; 上册, 上."""
    code_of = "h" if is_cnmarc else "n"

    def change(code: str, value: str) -> str:
        if code != code_of:
            return value
        core = value.strip(" .").removeprefix("第").rstrip("卷册部辑")
        if core in NUMERALS and core:
            digit = NUMERALS.index(core) + 1
            return dice.choice((f"第{digit}卷", f"{digit}", f"第{core}册", f"卷{core}"))
        if core.isdigit() and 0 < int(core) <= 10:
            han = NUMERALS[int(core) - 1]
            return dice.choice((f"第{han}卷", core, f"第{core}册"))
        return f"{core}册" if core in ("上", "中", "下") else value

    return _map(fields, _title_tag(is_cnmarc)[:1], change)


def _traditional(
    fields: list[Field], book: Book, is_cnmarc: bool, dice: random.Random
) -> list[Field]:
    """A record taken over from Taiwan or Hong Kong, or an older edition's title leaf."""
    tags = ("200", "205", "210", "701", "702", "245", "250", "260", "264", "100", "700", "880")
    numbers = {"6", "9", "A"}
    return _map(
        fields,
        tags,
        lambda code, value: value if code in numbers or not has_han(value)
        else wording.traditional(value),
    )  # fmt: skip


def _book_marks(
    fields: list[Field], book: Book, is_cnmarc: bool, dice: random.Random
) -> list[Field]:
    """《红楼梦》, full-width letters, a designation left in the title."""
    form = dice.choice(("《{}》", "{}[专著]", "{} [普通图书]", "{}（图书）"))

    def change(code: str, value: str) -> str:
        return form.format(value) if code == "a" and has_han(value) else value

    return _map(fields, _title_tag(is_cnmarc)[:1], change)


def _no_publisher(
    fields: list[Field], book: Book, is_cnmarc: bool, dice: random.Random
) -> list[Field]:
    code_of, tags = ("c", ("210",)) if is_cnmarc else ("b", ("260", "264"))
    return _map(fields, tags, lambda code, value: None if code == code_of else value)


def _publisher_otherwise(
    fields: list[Field], book: Book, is_cnmarc: bool, dice: random.Random
) -> list[Field]:
    code_of, tags = ("c", ("210",)) if is_cnmarc else ("b", ("260", "264"))
    form = dice.choice(("{}有限公司", "{}, {}分社", "{}"))

    def change(code: str, value: str) -> str:
        if code != code_of or not has_han(value):
            return value
        core = value.rstrip(",")
        if form == "{}":
            return core.removesuffix("出版社") or core
        return form.format(core, book.place)

    return _map(fields, tags, change)


def _romanised_only(fields: list[Field]) -> list[Field]:
    """An old American record: no 880 at all."""
    found = [field for field in fields if field[0] != "880"]
    return _map(found, [field[0] for field in found], lambda code, v: None if code == "6" else v)


_SLIPS: dict[Slip, float] = {
    _no_isbn: 0.10,
    _wrong_isbn: 0.03,
    _no_subtitle: 0.15,
    _no_edition: 0.3,
    _says_first_edition: 0.12,
    _reprint: 0.15,
    _front_matter: 0.2,
    _no_extent: 0.06,
    _no_access_points: 0.07,
    _volume_written_otherwise: 0.3,
    _volume_in_title: 0.25,
    _traditional: 0.08,
    _book_marks: 0.12,
    _no_publisher: 0.02,
    _publisher_otherwise: 0.1,
}


# --- twins: different books that look alike ------------------------------------------------------


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
    isbn = _isbn(dice) if facts.isbn else ""
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
    set_isbn = facts.set_isbn or _isbn(dice)
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
        isbn=dice.choice(("", facts.isbn, _isbn(dice))),
    )


def _other_publisher(facts: Facts, dice: random.Random) -> Facts | None:
    """A classic: two houses in one year."""
    houses = ("岳麓书社", "长江文艺出版社", "吉林文史出版社", "中国友谊出版公司")
    publisher = dice.choice([house for house in houses if house != facts.book.publisher])
    return _other(facts, dice, publisher=publisher, isbn=dice.choice(("", _isbn(dice))))


def _later_printing(facts: Facts, dice: random.Random) -> Facts | None:
    """The same house, years later, a new number."""
    year = str(int(facts.book.year) + dice.randint(3, 12))
    return _other(facts, dice, year=year, isbn=_isbn(dice))


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


# --- pairs ---------------------------------------------------------------------------------------


def same_pairs(facts: Sequence[Facts]) -> Iterator[Pair]:
    """Each book by some members, every pair of whom describes one manifestation."""
    for one in facts:
        dice = random.Random(f"members:{SEED}:{one.book.key}")
        chosen = dice.sample(MEMBERS, COPIES)
        records = [described(one, member) for member in chosen]
        for left, right in pairwise(records):
            yield Pair(left=left, right=right, kind="authored: one book", is_same=True)


def twin_pairs(facts: Sequence[Facts]) -> Iterator[Pair]:
    for one in facts:
        dice = random.Random(f"twin members:{SEED}:{one.book.key}")
        for kind, twin in twins(one):
            left, right = (
                # Written in letters only, nobody could tell homophones apart.
                described(found, member, round_number=1, in_han="homophone" in kind)
                for found, member in zip((one, twin), dice.sample(MEMBERS, 2), strict=True)
            )
            yield Pair(left=left, right=right, kind=f"authored: {kind}", is_same=False)


def neighbours(facts: Sequence[Facts]) -> Iterator[tuple[str, Described]]:
    """(book, record) of every book once or twice: different books of the list, to be blocked."""
    for one in facts:
        dice = random.Random(f"neighbours:{SEED}:{one.book.key}")
        for member in dice.sample(MEMBERS, 2):
            yield one.book.key, described(one, member, round_number=2)
