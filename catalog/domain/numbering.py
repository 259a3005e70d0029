"""Numbers as libraries write them: Han numerals, parts of a set, editions."""

from __future__ import annotations

import re
import unicodedata

from catalog.domain.folding import fold

_DIGIT_ROWS = "零〇 一壹 二贰两 三叁 四肆 五伍 六陆 七柒 八捌 九玖"
_DIGITS = {char: i for i, row in enumerate(_DIGIT_ROWS.split()) for char in row}
_UNITS = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
_SHORT = {"廿": "二十", "卅": "三十", "卌": "四十"}
_HAN = "零〇一二三四五六七八九十百千两壹贰叁肆伍陆柒捌玖拾佰仟廿卅"
_ROMAN = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100, "d": 500, "m": 1000}
_ROMAN_FORM = re.compile(r"m{0,3}(cm|cd|d?c{0,3})(xc|xl|l?x{0,3})(ix|iv|v?i{0,3})")
_NUMBER = rf"(?:\d+|[{_HAN}]+)"
_PART_WORD = "卷册部辑编集篇分期本种"
_ORDINAL_CHARS = {"上": "1", "中": "2", "下": "下", "前": "1", "后": "后",
                  "甲": "1", "乙": "2", "丙": "3", "丁": "4", "戊": "5", "己": "6"}  # fmt: skip


def _marked(part_word: str, latin_word: str) -> re.Pattern[str]:
    return re.compile(
        rf"第 ?(?P<nth>{_NUMBER}) ?(?:至|到| ) ?第? ?(?P<nth_end>{_NUMBER}) ?[{part_word}]"
        rf"|第 ?(?P<n>{_NUMBER}) ?[{part_word}]"
        rf"|卷(?:之| )?(?P<scroll>{_NUMBER})(?![\d{_HAN}])"
        rf"|\b(?:{latin_word}) ?(?P<latin>\d+|[ivxlc]+)\b"
        rf"|(?P<order>[上中下])[{part_word}]"
        rf"|(?P<year>\d{{4}}) ?年? ?卷"
    )


# Parts as romanising cataloguers write them: shang, xia ce, di yi juan, juan er.
_SPOKEN = {"shang": "上", "zhong": "中", "xia": "下", "yi": "一", "er": "二", "san": "三",
           "si": "四", "wu": "五", "liu": "六", "qi": "七", "ba": "八", "jiu": "九",
           "shi": "十", "di": "第", "juan": "卷", "ce": "册", "bu": "部", "ji": "集",
           "bian": "编", "fen": "分", "ban": "版"}  # fmt: skip
_SPOKEN_FORM = re.compile(rf"(?:{'|'.join(_SPOKEN)}|\d+)(?: (?:{'|'.join(_SPOKEN)}|\d+))*")


def _written(folded: str) -> str:
    """Pinyin of a part or an edition in Han again: ``di yi juan`` -> 第一卷; others as they are."""
    if folded.isascii() and not folded.isdigit() and _SPOKEN_FORM.fullmatch(folded):
        return "".join(_SPOKEN.get(word, word) for word in folded.split())
    return folded


_IN_PART_FIELD = _marked(
    _PART_WORD,
    "volumes?|vols?|v|parts?|pts?|books?|bks?|bands?|bde?|tomes?|t|no|nr|num",
)
# In a title 种, 本, 期 and No. are more often words of the title than part designations.
_IN_TITLE = _marked("卷册部辑编集", "volumes?|vols?|v|parts?|pts?|bands?|bde?|tomes?")
_BRACKETED = re.compile(rf"[(（\[〔]\s*(?P<inner>[上中下]|{_NUMBER})\s*[)）\]〕]")
_BARE = re.compile(
    rf"第? ?(?P<n>{_NUMBER}) ?[{_PART_WORD}]?|(?P<order>[上中下前后甲乙丙丁戊己])[{_PART_WORD}]?"
    rf"|其(?P<that>{_NUMBER})|(?P<from>\d+) (?P<to>\d+)"
)


def han_number(text: str) -> int | None:
    """The value of a number in Arabic or Han numerals (十二, 二〇〇五), or None."""
    text = unicodedata.normalize("NFKC", text).strip()
    if text.isascii() and text.isdigit():
        return int(text)
    for short, long in _SHORT.items():
        text = text.replace(short, long)
    if not text or any(c not in _DIGITS and c not in _UNITS for c in text):
        return None
    if not any(c in _UNITS for c in text):
        return int("".join(str(_DIGITS[c]) for c in text))
    total, digit = 0, 0
    for char in text:
        if char in _UNITS:
            total += (digit or 1) * _UNITS[char]
            digit = 0
        else:
            digit = _DIGITS[char]
    return total + digit


def roman_number(text: str) -> int | None:
    """The value of a Roman numeral in lower case, None when it is none."""
    if not text or not _ROMAN_FORM.fullmatch(text):
        return None
    values = [_ROMAN[char] for char in text]
    following = [*values[1:], 0]
    return sum(-v if v < after else v for v, after in zip(values, following, strict=True))


def _number(text: str) -> str:
    value = han_number(text)
    if value is None:
        value = roman_number(text)
    return text if value is None else str(value)


def _marked_parts(folded: str, form: re.Pattern[str]) -> list[str]:
    parts = []
    for match in form.finditer(folded):
        found = match.groupdict()
        if found["nth"]:
            parts.append(f"{_number(found['nth'])}-{_number(found['nth_end'])}")
        elif found["order"]:
            parts.append(_ORDINAL_CHARS[found["order"]])
        else:
            text = found["n"] or found["scroll"] or found["latin"] or found["year"]
            parts.append(_number(text))
    return parts


def volume_number(text: str) -> str:
    """The part designation of a record in one form: 第2卷, 卷二, v. 2, Ⅱ -> ``2``; 上 -> ``1``.

    下 stays ``下`` (it is 2 of 上下 and 3 of 上中下); 第2卷下册 -> ``2.下``; 第1-3卷 -> ``1-3``.
    A designation without a number (索引) is its folded self, so that different parts differ.
    """
    folded = _written(fold(text))
    if not folded:
        return ""
    bare = _BARE.fullmatch(folded)
    if bare:
        if bare["from"]:
            return f"{bare['from']}-{bare['to']}"
        if bare["order"]:
            return _ORDINAL_CHARS[bare["order"]]
        return _number(bare["n"] or bare["that"])
    parts = _marked_parts(folded, _IN_PART_FIELD)
    tail = folded.rsplit(" ", 1)[-1]
    if parts and tail in "上中下":
        parts.append(_ORDINAL_CHARS[tail])
    if parts:
        return ".".join(parts)
    return _number(folded).replace(" ", "")


def volume_in_title(text: str) -> str:
    """The part a title names beyond doubt (数学分析 下册, 史记（二）), empty when it names none.

    Same form as ``volume_number``. 天下 or 海上 name no part: a bare 上 or 下 needs a bracket.
    """
    parts = _marked_parts(fold(text), _IN_TITLE)
    if not parts:
        parts = [
            _ORDINAL_CHARS.get(m["inner"]) or _number(m["inner"])
            for m in _BRACKETED.finditer(unicodedata.normalize("NFKC", text))
        ]
    return ".".join(parts)


_ORDINALS = "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth"
_WORDS = _ORDINALS.split()
_HAN_EDITION = re.compile(rf"(?P<new>新)?(?P<n>{_NUMBER}) ?版")
_LATIN_EDITION = re.compile(
    r"\b(?P<n>\d{1,3}) ?(?:st|nd|rd|th|d|e|er|eme|a)? "
    r"(?:[a-z]+ ){0,3}?(?:ed|edn|edition|editions|aufl|auflage|ausg|ausgabe|edicion|edizione)\b"
)
_EDITION_LAST = re.compile(
    r"\b(?:ed|edicion|edizione|edicao|aufl) (?P<n>\d{1,2}) ?(?:a|st|nd|rd|th)?$"
)
_WORD_EDITION = re.compile(
    rf"\b(?P<word>{'|'.join(_WORDS)}) (?:[a-z]+ ){{0,3}}?(?:ed|edn|edition)\b"
)


def edition_number(text: str) -> int | None:
    """The number an edition statement gives: 第二版 -> 2, 2nd ed. -> 2; 修订版, 2019年版 -> None.

    新1版 is None: it restarts the count and cannot be compared with 第1版.
    """
    folded = _written(fold(text)).replace("初版", "第1版")
    for match in _HAN_EDITION.finditer(folded):
        value = han_number(match["n"])
        if value and value < 200 and not match["new"]:  # 2019版 names a year
            return value
    latin = _LATIN_EDITION.search(folded) or _EDITION_LAST.search(folded)
    if latin:
        return int(latin["n"])
    word = _WORD_EDITION.search(folded)
    return _WORDS.index(word["word"]) + 1 if word else None
