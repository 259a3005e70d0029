"""Texts of catalogue fields to values: what both crosswalks need and neither dialect owns."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Any, TypeVar

from msgspec.structs import replace

from catalog.domain import numbering
from catalog.domain.folding import has_han
from catalog.domain.marc.problems import BibFlag
from catalog.domain.marc.roles import HAN_ROLE_END, ROLE_OF_HAN
from catalog.domain.records import Contributor, Identifier, Title, TitleKind

_Value = TypeVar("_Value")
_MAIN, _VARIANT = TitleKind.MAIN, TitleKind.VARIANT  # see Note [Members by name] in records

_OTHER_SCRIPT = re.compile(
    "[\u0370-\u1dbf\u2c80-\u2e7f\u2e80-\ua63f\ua6a0-\ua71f\ua800-\ufdff\ufe30-\uffdc"
    "\U00010000-\U0003ffff]"
)
_HIDDEN = dict.fromkeys(
    [*range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20), *range(0x7F, 0xA0), 0x200B, 0xFEFF]
)


def clean(text: str) -> str:
    """One blank between words; no line ends, sorting marks (U+0098, U+009C) or hidden marks."""
    if not text.isprintable():
        return " ".join(text.translate(_HIDDEN).split())
    return " ".join(text.split()) if "  " in text else text.strip()  # no other white space in it


def is_latin(text: str) -> bool:
    """Whether a text is in Latin letters only, marks and signs aside."""
    return text.isascii() or _OTHER_SCRIPT.search(text) is None


_LETTER = "A-Za-z\u00c0-\u024f\u0370-\u052f"  # Latin, Greek, Cyrillic


def is_spelt(text: str) -> bool:
    """Whether a text is in letters of an alphabet, without any Han: Stendhal, Достоевский."""
    return not has_han(text) and re.search(f"[{_LETTER}]", text) is not None


def choose_script(one: str, other: str) -> tuple[str, str]:
    """Two forms in any order to (the one in the script of the book, its romanisation): NO-11."""
    if not other or not one:
        return (one or other), ""
    if is_latin(one) and not is_latin(other):
        return other, one
    if is_latin(other) and not is_latin(one):
        return one, other
    return one, ""


_ISBD_END = " /:;=,\u3000"


def strip_isbd(text: str) -> str:
    """The text without the punctuation that announces the next ISBD area: NO-12."""
    if not text.isprintable() or "  " in text:
        text = clean(text)
    text = text.strip(_ISBD_END)
    return text[:-1].rstrip() if text.endswith(".") and _drops_stop(text) else text


def _drops_stop(text: str) -> bool:
    """A closing stop belongs to an initial, an abbreviation or an ellipsis, or to nobody."""
    if text[-6:-1].isalnum() and len(text) > 5:  # longer than any abbreviation
        return True
    if text.endswith(".."):
        return False
    word = text[:-1].rsplit(" ", 1)[-1].rsplit(".", 1)[-1].rsplit("-", 1)[-1]
    return len(word) > 1 and word.lower() not in _ABBREVIATIONS


_ABBREVIATIONS = frozenset(
    ("jr", "sr", "dr", "st", "mr", "mrs", "inc", "ltd", "co", "corp", "etc", "al", "ed", "eds")
)

_WRAPPED = re.compile(r"^[\[(［（〔]\s*([^\[\]()［］（）〔〕]*?)\s*[\])］）〕]$")
_NOT_KNOWN = {
    *("s.l", "s.n", "s. l", "s. n", "sl", "sn", "不详", "地点不详"),
    *("出版地不详", "出版者不详", "出版社不详", "出版年不详"),
    "place of publication not identified",
    "publisher not identified",
    "date of publication not identified",
}


@lru_cache(maxsize=8192)
def imprint(text: str) -> str:
    """A place or publisher: punctuation and the brackets of a supplied name off; '' if unknown."""
    text = strip_isbd(text)
    if match := _WRAPPED.match(text):
        text = strip_isbd(match[1])
    text = text.strip("[]［］") if text.count("[") != text.count("]") else text
    return "" if text.lower().rstrip(".") in _NOT_KNOWN else text


_GMD = re.compile(
    r"\s*[\[［〔](?:专著|專著|普通图书|图书|圖書|连续出版物|期刊|电子资源|電子資源|录音制品|录音资料"
    r"|录像制品|录像资料|测绘资料|乐谱|盲文|缩微品|多媒体|electronic resource|text|book"
    r"|sound recording|videorecording|microform|map|music|graphic|kit)[^\]］〕]*[\]］〕]",
    re.IGNORECASE,
)


def title_text(text: str) -> str:
    """A title as shown: no punctuation of the next area, no material designation (NO-15)."""
    text = strip_isbd(text)
    if "[" in text or "［" in text or "〔" in text:
        text = strip_isbd(_GMD.sub(" ", text))
    return text


_YEAR = re.compile(r"(?<!\d)(1[0-9]{3}|20[0-9]{2})(?:0[1-9]|1[0-2])?(?!\d)")
_HAN_YEAR = re.compile("[一二][〇零○oO0一二三四五六七八九]{3}")
_ERAS = {
    "民国": 1911, "民國": 1911, "min kuo": 1911, "minguo": 1911, "min guo": 1911,
    "昭和": 1925, "shōwa": 1925, "showa": 1925, "大正": 1911, "taishō": 1911, "明治": 1867,
    "meiji": 1867, "平成": 1988, "heisei": 1988, "令和": 2018, "康德": 1933,
    "顺治": 1643, "順治": 1643, "康熙": 1661, "雍正": 1722, "乾隆": 1735, "嘉庆": 1795,
    "嘉慶": 1795, "道光": 1820, "咸丰": 1850, "咸豐": 1850, "同治": 1861, "光绪": 1874,
    "光緒": 1874, "宣统": 1908, "宣統": 1908,
}  # fmt: skip
"""Era -> the year before its first."""
_ERA_YEAR = re.compile(
    rf"({'|'.join(_ERAS)})\s*(元|\d{{1,2}}|[一二三四五六七八九十廿卅]{{1,4}})", re.IGNORECASE
)


@lru_cache(maxsize=8192)
def parse_year(text: str) -> int | None:
    """The year a date begins with: NO-8. 2005.8 -> 2005, 民国二十五年 -> 1936, [19--] -> None."""
    if match := _YEAR.search(text):
        return int(match[1])
    text = unicodedata.normalize("NFKC", text)
    if match := _YEAR.search(text):
        return int(match[1])
    if match := _ERA_YEAR.search(text):
        nth = 1 if match[2] == "元" else numbering.han_number(match[2])
        return _ERAS[match[1].lower()] + nth if nth else None
    if match := _HAN_YEAR.search(text):
        return numbering.han_number(re.sub("[○oO0]", "〇", match.group()))
    return None


_PLATES = re.compile(r"(?:图版|圖版|plates?|图)\s*\[?\d*\]?", re.IGNORECASE)
_HAS_PLATES = re.compile("[图圖]|[Pp]late")
# Most extents: front matter and the pages, nothing else.
_ONLY_PAGES = re.compile(r"(?:[ivxlc]+, )?([1-9]\d{0,4}) p\.")
_COUNT = r"(?:[\[<]?\d+[\]>]?|[ivxlcIVXLC]+\b)"
_PAGES = re.compile(
    rf"({_COUNT}(?:[\s,，+]+{_COUNT})*)[\s,，]*"
    r"(?:页|頁|面|葉|叶|pages?\b|pp?\b|leaves\b|S\.|s\.|с\.|bl\b|ff?\.)"
)
_VOLUMES = re.compile(
    r"(\d+|[一二两三四五六七八九十百]+)\s*(?:册|冊|v\b|vols?\b|volumes?\b|Bde?\b|t\.(?!\s*\d)|т\.)"
)


@lru_cache(maxsize=8192)
def parse_extent(text: str) -> tuple[int | None, int | None]:
    """(pages, physical volumes) of an extent statement: NO-9. 2册(1204页) -> (1204, 2)."""
    if plain := _ONLY_PAGES.fullmatch(text):
        return int(plain[1]), None
    text = unicodedata.normalize("NFKC", text)
    pages: int | None = None
    for match in _PAGES.finditer(_PLATES.sub(" ", text) if _HAS_PLATES.search(text) else text):
        # Front matter is counted apart, and a number in brackets was not printed.
        counts = re.findall(r"(?<![\[\d])\d+", match[1]) or re.findall(r"\d+", match[1])
        if counts:
            pages = max(map(int, counts))
            break
    pages = pages if pages and pages < 100_000 else None
    volumes: int | None = None
    if counted := _VOLUMES.search(text):
        volumes = numbering.han_number(counted[1])
    return pages, volumes if volumes and volumes < 10_000 else None


@lru_cache(maxsize=4096)
def edition_number(text: str) -> int | None:
    """NO-10, see ``numbering.edition_number``."""
    return numbering.edition_number(text)


_OPEN, _CLOSE = "[(（\\[［〔【]", "[)）\\]］〕】]"
_FRONT_NOTE = re.compile(rf"^{_OPEN}([^)）\]］〕】]{{1,12}}){_CLOSE}\s*")
_DATES = re.compile(
    rf"\s*{_OPEN}([^)）\]］〕】]*\d{{3,4}}[^)）\]］〕】]*){_CLOSE}$"
    r"|,\s*(\d{3,4}\??\s*-\s*(?:\d{3,4}\??)?)\.?$"
)
_OTHERS = re.compile(r"\s*(?:…+|\.\.\.)?\s*(?:[\[［(（]\s*等\s*[\]］)）]|等人?(?=$))\s*")
_BODY = re.compile(
    "(?:社|部|局|委|委员会|会|所|院|大学|学院|学校|学会|协会|中心|馆|公司|组|办公室|处|厅|政府|集团"
    "|基金会|室|站|剧团|军区|法院|银行|杂志|联盟|联合会|编辑部)$"
)
_BETWEEN_NAMES = re.compile(r"\s*[,，、]\s*(?![^(（\[]*[)）\]])")
_HAN_NAMES = re.compile("[\u4e00-\u9fff]{2,4}(?:\\s+[\u4e00-\u9fff]{2,4})+")


_NAME_EDGES = " ,;:/"
_OPENERS, _DATE_ENDS = frozenset("[(（［〔【"), frozenset(")）]］〕】0123456789-?")
_HAN_NAME_GAP = re.compile(r"[,，\s]+")
_ORIGINAL = re.compile(rf"\s*{_OPEN}([^)）\]］〕】]*[{_LETTER}][^)）\]］〕】]*){_CLOSE}")


def personal_name(text: str, *, note: str = "", original: str = "", **facts: Any) -> Contributor:
    """A name as catalogued; ``facts`` are further fields of the contributor: NO-12.

    A Han name loses comma and blank; nationality, dynasty and dates in brackets become its note,
    a bracket in Latin letters its original form.
    """
    text = clean(text).strip(_NAME_EDGES)
    notes: list[str] = []
    if text[:1] in _OPENERS and (match := _FRONT_NOTE.match(text)):
        notes.append(match[1].strip())
        text = text[match.end() :]
    if text.rstrip(" .")[-1:] in _DATE_ENDS and (match := _DATES.search(text)):
        notes.append((match[1] or match[2]).strip())
        text = text[: match.start()]
    if has_han(text):
        if match := _ORIGINAL.search(text):
            original = original or match[1].strip()
            text = text[: match.start()] + text[match.end() :]
        text = _OTHERS.sub("", text).rstrip(" .")
        text = _HAN_NAME_GAP.sub("", text) if is_only_han(text) else text
    elif text.endswith(".") and _drops_stop(text):
        text = text[:-1]
    if notes:
        note = " ".join(dict.fromkeys([*notes, note])).strip()
    return Contributor(name=text.strip(_NAME_EDGES), note=note, original=original, **facts)


def is_only_han(text: str) -> bool:
    """No letters of an alphabet among the characters."""
    return not re.search(f"[{_LETTER}]", text)


def is_body(name: str) -> bool:
    """Whether a Han name ends like that of an institution."""
    return len(name) > 3 and _BODY.search(name) is not None


def split_statement(text: str) -> list[Contributor]:
    """Contributors read from a Chinese statement of responsibility: NO-14.

    ``[美]佛瑞斯特·卡特著 ; 姚宏昌译`` -> 佛瑞斯特·卡特 (aut, note 美), 姚宏昌 (trl).
    """
    found: list[Contributor] = []
    for part in re.split(r"\s*[;；]\s*", clean(text)):
        if not has_han(part):
            continue
        match = HAN_ROLE_END.search(part.rstrip(" ."))
        role = ROLE_OF_HAN[match[1]] if match else "aut"
        names = part[: match.start()] if match and match.start() > 1 else part
        for one in _names(_OTHERS.sub("", names)):
            person = personal_name(one, role=role)
            if person.name and has_han(person.name):
                found.append(replace(person, is_corporate=is_body(person.name)))
    return found


def _names(text: str) -> list[str]:
    if _HAN_NAMES.fullmatch(text.strip()):  # 张三 李四, but not 金 庸
        return text.split()
    return _BETWEEN_NAMES.split(text)


def unique(values: list[_Value]) -> tuple[_Value, ...]:
    """In order, each once."""
    return tuple(dict.fromkeys(values)) if len(values) > 1 else tuple(values)


def distinct_titles(titles: list[Title]) -> tuple[Title, ...]:
    """In order, without variants that say again what another title says."""
    seen: set[str] = set()
    found: list[Title] = []
    for title in titles:
        if title.kind is not _VARIANT or title.text not in seen:
            found.append(title)
        seen.add(title.text)
    return unique(found)


def join(subfields: list[tuple[str, str]], codes: str, separator: str = " ") -> str:
    """The subfields of these codes as one text, in the order of the record; not yet clean."""
    found: str | None = None
    for code, value in subfields:  # most often one, or none
        if code in codes:
            found = value if found is None else found + separator + value
    return found or ""


def first(subfields: list[tuple[str, str]], codes: str) -> str:
    """The first non-empty subfield of these codes; not yet clean."""
    for code, value in subfields:
        if code in codes and value:
            return value
    return ""


_UNENCODED = re.compile("[\ufffd\ue000-\uf8ff〓□■\U000f0000-\U0010ffff]|\\?{2,}")


def is_unencoded(text: str) -> bool:
    """Whether characters were lost on the way: 〓, private use, replacement marks (NO-20)."""
    if text.isascii():
        return "??" in text
    return _UNENCODED.search(text) is not None


def is_mojibake(text: str) -> bool:
    """Whether a text is UTF-8 that someone read as GB18030 or Latin-1 and stored again (NO-20)."""
    if text.isascii():
        return False
    for wrong in ("gb18030", "cp1252"):
        try:
            again = text.encode(wrong).decode("utf-8")
        except UnicodeError:
            continue
        if len(again) < len(text) and not again.isascii():
            return True
    return False


def common_flags(
    control_number: str, titles: list[Title], identifiers: list[Identifier]
) -> list[str]:
    """What a cataloguer should look at in a record of any dialect (NO-20)."""
    found: list[str] = []
    main = titles[0].text if titles and titles[0].kind is _MAIN else ""
    if not main:
        found.append(BibFlag.NO_TITLE)
    if not control_number.strip():
        found.append(BibFlag.NO_CONTROL_NUMBER)
    if is_unencoded(main) and (not main.isascii() or not main.strip("? ")):  # What?? is a title
        found.append(BibFlag.CHARACTERS_UNENCODED)
    if is_mojibake(main):
        found.append(BibFlag.MOJIBAKE)
    if any(not one.is_valid for one in identifiers):
        found.append(BibFlag.IDENTIFIER_INVALID)
    return found
