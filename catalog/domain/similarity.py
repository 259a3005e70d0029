"""How like two titles, two names, two publishers are, across scripts and cataloguing habits."""

from __future__ import annotations

import re
from functools import lru_cache

from rapidfuzz.distance import Levenshtein

from catalog.domain.profile import MatchProfile
from catalog.domain.text import fold, has_han, pinyin_forms, pinyin_key, title_key

_NUMBER = re.compile(r"\d+|[上中下一二三四五六七八九十百甲乙丙丁]")
_CONTAINED = 0.85  # one title is the beginning of the other: a subtitle only one of them wrote
_VARIANT = 0.95  # the title is among the other record's parallel, variant or uniform titles
_OTHER_SUBTITLE = 0.7
_DOUBTFUL = 0.79  # alike, but a word differs that no slip of the hand explains
# What stands after a title and makes it another book: 习题, 研究, workbook.
_COMPANION = re.compile(
    "习题|题解|解答|答案|练习|作业|辅导|指导|指南|导读|导学|解读|读本|教师|教参|教案|研究|论集|评论|评析"
    "|赏析|鉴赏|笔记|札记|词典|辞典|索引|年谱|资料|续|补编|外传|前传|后传|别传|演义|新编|故事|连环画"
    "|漫画|绘本|图册|图说|电影|剧本|话剧|注|译|疏|校|选|节本|简编|简本|概要|新探|新论|十讲|讲义|考"
    "|workbook|studyguide|guide|solutions?|manual|teacher|instructor|answer|companion|index"
    "|supplement|addend|errat|abridg|sequel|commentar|test|exercise|notes|activit|student"
)
# A book made over for other readers; as a rule in the subtitle or the edition (MA-14).
_MADE_OVER = re.compile(
    "少年|少儿|青少|儿童|幼儿|学生版|中学生|小学生|缩写|节选|节本|节编|简写|简本|简明|简编|选本|选读|精简|删节|删减|注音"
    "|拼音|彩绘|彩图|插图|绣像|连环画|漫画|绘本|图解|图说|大字|盲文|影印|手稿|英汉|双语|对照|白话|改编|改写"
    "|通俗|普及|袖珍|口袋|缩印|abridg|condensed|adapt|retold|simplified|largeprint|largetype|braille"
    "|foryoung|forchildren|youngreaders?|teachers?edition|instructors?edition|facsim|illustrated"
    "|largepaper|deluxe|bilingual|annotated|pocketed"
)
_ROMAN = re.compile(r"[ivxlcdm]+|\w")
_SMALL_WORDS_TEXT = """
    a an the and of in on at by for from to with or & le la les l de des du et der die das den und
    ein eine el los las y il lo gli e i o os as da do no v na
"""
_SMALL_WORDS = frozenset(_SMALL_WORDS_TEXT.split())


def title_similarity(left: MatchProfile, right: MatchProfile) -> float:
    """0 to 1; 1.0 only for equal main titles. Rule MA-3.

    Han is compared with Han character by character, because sound is not enough (历史 and 历时);
    only when one side has no Han at all do the romanised forms speak for it.
    """
    if not left.title or not right.title:
        return 0.0
    if left.is_han != right.is_han:
        return _across_scripts(left, right)
    if left.title == right.title:
        return _with_equal_main_title(left, right)
    is_variant = left.names & right.names or _is_among_others(left, right)
    # konferentsiy and konferent͡sii
    if is_variant or (not left.is_han and left.sounds == right.sounds):
        return _VARIANT
    return max(_string_similarity(left, right, left.title, right.title),
               _string_similarity(left, right, left.full_title, right.full_title))  # fmt: skip


def _is_among_others(left: MatchProfile, right: MatchProfile) -> bool:
    """A title of one is a parallel, variant or uniform title of the other."""
    return bool(left.names & right.other_titles or right.names & left.other_titles)


def _across_scripts(left: MatchProfile, right: MatchProfile) -> float:
    if not set(left.sounds).isdisjoint(right.sounds):
        return _VARIANT
    return _VARIANT if _is_among_others(left, right) else 0.0


def _with_equal_main_title(left: MatchProfile, right: MatchProfile) -> float:
    """Equal main titles; subtitles that contradict each other make it doubtful."""
    one, other = left.subtitle, right.subtitle
    if one == other or not one or not other or one.startswith(other) or other.startswith(one):
        return 1.0
    if _NUMBER.findall(one) != _NUMBER.findall(other):
        return _OTHER_SUBTITLE
    if has_han(one) or has_han(other):
        return 1.0 if one in other or other in one else _OTHER_SUBTITLE
    is_slip = differ_by_slips(left.subtitle_text, right.subtitle_text)
    return 1.0 if is_slip else _OTHER_SUBTITLE


def _string_similarity(left: MatchProfile, right: MatchProfile, one: str, other: str) -> float:
    is_han = left.is_han
    short, long = sorted((one, other), key=lambda text: (len(text), text))
    rest = long[len(short) :]
    if _NUMBER.findall(short) != _NUMBER.findall(long):
        return 0.0  # 数学分析上 and 数学分析下; Windows 7 and Windows 8
    if long.startswith(short) and len(short) >= (4 if is_han else 10) and rest:
        return _LEAST if _COMPANION.search(rest) else _CONTAINED
    # A character of Han is a word: short titles that differ in one are different titles.
    if len(short) < (6 if is_han else 8):
        return 0.0
    found = Levenshtein.normalized_similarity(one, other)
    if found < _LEAST or (not is_han and differ_by_slips(left.record.title, right.record.title)):
        return found
    return min(found, _DOUBTFUL)


_LEAST = 0.6


def differ_by_slips(one: str, other: str) -> bool:
    """Whether two Latin texts differ in small words and slips of the pen only.

    Of words only one has, none may be a number, a single letter or a Roman numeral; words on both
    sides must pair up as misspellings or abbreviations of each other.
    """
    left, right = fold(one).split(), fold(other).split()
    only_left = [w for w in left if w not in right and w not in _SMALL_WORDS]
    only_right = [w for w in right if w not in left and w not in _SMALL_WORDS]
    if any(w.isdigit() or _ROMAN.fullmatch(w) for w in (*only_left, *only_right)):
        return False
    fewer, more = sorted((only_left, only_right), key=lambda words: (len(words), *words))
    return all(any(_is_slip(w, v) for v in more) for w in fewer) and len(more) - len(fewer) <= 2


def _is_slip(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    if len(short) >= 3 and long.startswith(short):
        return True
    allowed = 0 if len(short) < 4 else 1 if len(short) < 8 else 2
    return Levenshtein.distance(one, other, score_cutoff=allowed) <= allowed


def places_differ(one: str, other: str) -> bool:
    """New York is not London; N.Y. may be New York, and what is not said is no difference."""
    left, right = fold(one).split(), fold(other).split()
    if not left or not right or not all(map(_is_latin, (*left, *right))):
        return False
    return not any(_is_slip(a, b) or a[0] == b[0] for a in left[:1] for b in right)


def are_made_over_alike(left: MatchProfile, right: MatchProfile) -> bool:
    """Rule MA-14: 少年版, abridged, large print: said by both in the same words, or by neither."""
    one, other = (
        frozenset(_MADE_OVER.findall(f"{p.subtitle} {title_key(p.record.edition)}"))
        for p in (left, right)
    )
    return one == other


def names_meet(left: MatchProfile, right: MatchProfile) -> str:
    """agree, near (a name both have, but first on neither side), differ, missing, absent (both)."""
    if not left.people or not right.people:
        is_said = _is_said_in_statement(left, right)
        return "agree" if is_said else "missing" if left.people or right.people else "absent"
    if not left.people.isdisjoint(right.first_people) or not right.people.isdisjoint(
        left.first_people
    ):
        return "agree"
    if _is_one_name(left, right) or _is_said_in_statement(left, right):
        return "agree"
    if left.people & right.people:
        return "near"
    # Names in two scripts with no romanised form to compare by prove nothing.
    is_mixed = has_han(left.first_person) != has_han(right.first_person)
    return "missing" if is_mixed and not (left.letters and right.letters) else "differ"


def _is_one_name(left: MatchProfile, right: MatchProfile) -> bool:
    """余华 and 于华 sound alike: letters count only where one side has no Han name."""
    has_han_name = has_han(left.first_person), has_han(right.first_person)
    # The same letters in another order or division: Kel'zon and Kel zon.
    if not all(has_han_name) and left.letters & right.letters:
        return True
    return any(_short_form(a, b) for a in left.first_people for b in right.first_people)


def _is_said_in_statement(left: MatchProfile, right: MatchProfile) -> bool:
    for one, other in ((left, right), (right, left)):
        name = one.first_person.replace(" ", "")
        if len(name) >= 2 and name in other.responsibility:
            return True
    return False


@lru_cache(maxsize=8192)
def _short_form(one: str, other: str) -> bool:
    """'carter f' and 'carter forrest': one long word in common, the others initials of it."""
    if has_han(one) or has_han(other):
        return False
    left, right = set(one.split()), set(other.split())
    common = left & right
    if not any(len(word) > 2 for word in common):
        return False
    fewer, more = sorted((left - common, right - common), key=lambda words: (len(words), *words))
    return all(any(w.startswith(f) or f.startswith(w) for w in more) for f in fewer)


@lru_cache(maxsize=16384)
def publishers_meet(one: str, other: str) -> str:
    """agree, differ or missing, for two publisher keys."""
    if not one or not other:
        return "missing"
    if one == other:
        return "agree"
    if has_han(one) != has_han(other):
        return _publishers_across_scripts(one, other)
    if has_han(one):
        short, long = sorted((one, other), key=lambda name: (len(name), name))
        return "agree" if len(short) >= 2 and short in long else "differ"
    left, right = frozenset(one.split()), frozenset(other.split())
    is_short_for_a_body = left <= _SHORT_FOR_A_BODY or right <= _SHORT_FOR_A_BODY
    if is_short_for_a_body or _is_latin(one) != _is_latin(other):
        return "missing"  # "The Office", "The Department": the body named before, whichever it was
    return "agree" if _is_one_house(one, other, left, right) else "differ"


def _publishers_across_scripts(one: str, other: str) -> str:
    han, latin = (one, other) if has_han(one) else (other, one)
    sound, spoken = pinyin_key(pinyin_forms(han).full), pinyin_key(latin)
    if spoken.startswith(sound) or sound in spoken:
        return "agree"
    return "differ" if _PUBLISHER_IN_PINYIN.search(spoken) else "missing"


def _is_one_house(one: str, other: str, left: frozenset[str], right: frozenset[str]) -> bool:
    """A telling word in common, one abbreviated to its initials, or a misspelling."""
    if left <= right or right <= left:
        return True
    telling = [[w for w in words if len(w) > 1 and w not in _GENERIC] for words in (left, right)]
    if any(_is_slip(a, b) for a in telling[0] for b in telling[1]):
        return True
    if _initials(one) in right or _initials(other) in left:
        return True
    spelt = _spelt(one), _spelt(other)
    short, long = sorted((spelt[0] or _initials(one), spelt[1] or _initials(other)), key=len)
    if len(short) >= 3 and long.endswith(short) and any(spelt):
        return True
    return Levenshtein.normalized_similarity(one, other) >= 0.75


_PUBLISHER_IN_PINYIN = re.compile("chubanshe|chubangongsi|chubanjituan|shuju$|shudian$|yinshuguan$")
# Words that tell no publisher from another.
_GENERIC_TEXT = """
    printed print printer printers by for sold published pub and of the at in on from to de la le
    les des du del di da do der die das und et y e & a an his her university univ universitat
    universite universidad dept department office institute institut instituto national nacional
    state center centre house society association academy museum library college ministry
    government govt us u s board committee commission council bureau division agency service
    international editions edition editorial edizioni izd vo author authors books book section
    program project school st new company co
"""
_GENERIC = frozenset(_GENERIC_TEXT.split())


_SHORT_FOR_A_BODY_TEXT = """
    the office dept department council board commission committee agency institute bureau division
    author authors museum library university society association academy ministry service center
    centre college foundation
"""
_SHORT_FOR_A_BODY = frozenset(_SHORT_FOR_A_BODY_TEXT.split())


def _initials(text: str) -> str:
    """GPO for Government Printing Office."""
    found = "".join(word[0] for word in text.split() if word not in _SMALL_WORDS)
    return found if len(found) >= 3 else " "


def _spelt(text: str) -> str:
    """``u s g p o`` -> ``usgpo``: what stands in single letters."""
    return "".join(word for word in text.split() if len(word) == 1)


def _is_latin(text: str) -> bool:
    return all(char < "\u0300" for char in text)
