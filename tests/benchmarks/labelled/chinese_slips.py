"""How two cataloguers write one Chinese book differently: slips and habits, laid over fields."""

import random
from collections.abc import Callable, Sequence

from catalog.domain.folding import has_han
from catalog.domain.marc.write import Field
from library_net.demo import wording
from library_net.demo.books import Book

_NUMERALS = "一二三四五六七八九十"

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


def no_subtitle(
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
        if core in _NUMERALS and core:
            digit = _NUMERALS.index(core) + 1
            return dice.choice((f"第{digit}卷", f"{digit}", f"第{core}册", f"卷{core}"))
        if core.isdigit() and 0 < int(core) <= 10:
            han = _NUMERALS[int(core) - 1]
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


def romanised_only(fields: list[Field]) -> list[Field]:
    """An old American record: no 880 at all."""
    found = [field for field in fields if field[0] != "880"]
    return _map(found, [field[0] for field in found], lambda code, v: None if code == "6" else v)


SLIPS: dict[Slip, float] = {
    _no_isbn: 0.10,
    _wrong_isbn: 0.03,
    no_subtitle: 0.15,
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
