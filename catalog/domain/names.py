"""Keys under which two catalogues' names for one person or publisher meet."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from catalog.domain.folding import HAN, fold, has_han

_OPEN, _CLOSE = r"[(（\[〔【［]", r"[)）\]〕】］]"
_BRACKET = re.compile(rf"{_OPEN}([^()（）\[\]〔〕【】［］]*){_CLOSE}")
_SECOND_NAME = re.compile(rf"\s*[;；、/]\s*|(?<=[{HAN}]{{2}})\s*[,，]\s*(?=[{HAN}]{{2}})")
_ONE_NAME = re.compile(rf"[^(\[〔【;/、{HAN}]*")  # in NFKC, not in Han, with nothing in brackets
# Longest first; a one-character role is dropped only where two characters of a name remain.
_HAN_ROLE = re.compile(
    "(?:编辑整理|原著|编著|编写|编译|编绘|编选|选编|主编|副主编|总主编|改编|汇编|编辑|编纂|合著|合编"
    "|翻译|译注|译著|校注|校点|点校|校订|校释|注释|笺注|评注|插图|绘图|绘画|摄影|审订|审定|主审|监制"
    "|策划|口述|整理|撰文|撰写|编剧|导读|作序|作|文图|图文|[著着撰编译校注绘序辑审述选])$"
)
_AND_OTHERS = re.compile(r"(?:等人|等)$")
_LATIN_NOISE_WORDS = """
    author authors editor editors ed eds edited translator translators trans translated illustrator
    illus compiler comp joint creator contributor by et al and others jr sr dr prof sir
"""
_LATIN_NOISE = frozenset(_LATIN_NOISE_WORDS.split())
_LIFE_DATES = re.compile(
    r"\b(?:b\.?|d\.?|ca\.?|fl\.?|approximately|active)?\s*\d{3,4}\??\s*(?:-\s*(?:\d{3,4}\??)?)?"
)
_YEAR = re.compile(r"\d{3}")
_NOT_PLAIN = re.compile(r"[(\[;/\d]")  # in ASCII: a second name or form, or dates


def _latin_key(name: str) -> str:
    """Words in alphabetical order, so that 'Carter, Forrest' and 'Forrest Carter' meet."""
    if _YEAR.search(name):
        name = _LIFE_DATES.sub(" ", name)
    return _in_alphabetical_order(fold(name))


def _in_alphabetical_order(folded: str) -> str:
    return " ".join(sorted([word for word in folded.split() if word not in _LATIN_NOISE]))


def _han_key(name: str) -> str:
    key = fold(_LIFE_DATES.sub(" ", name)).replace(" ", "")
    while True:
        shorter = _AND_OTHERS.sub("", _HAN_ROLE.sub("", key))
        if shorter == key or len(shorter) < 2:
            return key
        key = shorter


def _key(name: str) -> str:
    return _han_key(name) if has_han(name) else _latin_key(name)


@lru_cache(maxsize=65536)
def person_keys(name: str) -> tuple[str, ...]:
    """Every key a name answers to, the main one first; empty for an empty name.

    ``(美)卡特(Carter, Forrest)`` -> ``('卡特', 'carter forrest')``. Nationality or dynasty in
    brackets, life dates, roles (著, 译, editor) and 等 / et al. are dropped; of several names the
    first counts.
    """
    name = unicodedata.normalize("NFKC", name)
    if _ONE_NAME.fullmatch(name):
        key = _latin_key(name)
        return (key,) if len(key) > 1 else ()
    name = name.strip()
    inner = [text.strip() for text in _BRACKET.findall(name)]
    outer = _SECOND_NAME.split(_BRACKET.sub(" ", name).strip(" ;、/,"))[0]
    keys = [_key(outer)]
    # A bracket in another script than the name holds the name's original form.
    keys += [_latin_key(t) for t in inner if has_han(outer) and not has_han(t)]
    keys += [_han_key(t) for t in inner if not has_han(outer) and has_han(t) and len(t) > 2]
    return tuple(dict.fromkeys(key for key in keys if len(key) > 1))


def person_key(name: str) -> str:
    """The main key of a person's or body's name, empty when nothing is left of it."""
    keys = person_keys(name)
    return keys[0] if keys else ""


def person_key_of(name: str, folded: str) -> str:
    """The main key of a name that is folded already."""
    if not name.isascii() or _NOT_PLAIN.search(name):
        return person_key(name)
    key = _in_alphabetical_order(folded)
    return key if len(key) > 1 else ""


_PUBLISHER_TAIL = re.compile(
    r"(?:出版发行|出版社|出版有限公司|出版公司|出版集团|出版总社|出版|集团|股份|有限责任公司|有限公司"
    r"|公司|编辑部)$"
)
_PUBLISHER_NOISE_WORDS = """
    press publishing publishers publisher publications pub pubs inc incorporated co company ltd
    limited llc corp corporation gmbh verlag verl the and sons sa bv
"""
_PUBLISHER_NOISE = frozenset(_PUBLISHER_NOISE_WORDS.split())
_UNKNOWN = frozenset(("sn", "出版者不详", "出版社不详", "不详", "publishernotidentified", "snsn"))
_ALIASES = {"三联书店": "生活读书新知三联书店", "三联": "生活读书新知三联书店",
            "中国国家图书馆": "国家图书馆", "北京图书馆": "国家图书馆",
            "书目文献": "国家图书馆"}  # fmt: skip


@lru_cache(maxsize=16384)
def publisher_key(name: str) -> str:
    """The core of a publisher's name: 人民文學出版社有限公司 -> 人民文学; empty when not stated."""
    folded = fold(name)
    solid = folded.replace(" ", "")
    if solid in _UNKNOWN:
        return ""
    if not has_han(solid):
        words = [word for word in folded.split() if word not in _PUBLISHER_NOISE]
        return " ".join(words) or folded
    while True:
        shorter = _PUBLISHER_TAIL.sub("", solid)
        if shorter == solid or len(shorter) < 2:
            return _ALIASES.get(solid, solid)
        solid = shorter
