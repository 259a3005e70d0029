"""The one door to text: folding, keys for matching, pinyin, words for the index.

Everything here is a pure function of its text, cached where it is hot, and safe to call from any
thread. Vectors: domain.md §7.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from itertools import pairwise

import rjieba

from catalog.domain.folding import HAN, fold, has_han, simplify
from catalog.domain.names import person_key, person_key_of, person_keys, publisher_key
from catalog.domain.numbering import edition_number, han_number, volume_in_title, volume_number
from catalog.domain.pinyin import PinyinForms, pinyin_forms, pinyin_key, split_pinyin

__all__ = [
    "PinyinForms",
    "characters",
    "characters_of",
    "edition_number",
    "fold",
    "han_number",
    "has_han",
    "pairs",
    "pairs_of",
    "person_key",
    "person_key_of",
    "person_keys",
    "pinyin_forms",
    "pinyin_key",
    "publisher_key",
    "segment",
    "simplify",
    "split_pinyin",
    "title_key",
    "title_key_of",
    "volume_in_title",
    "volume_number",
    "words",
    "words_of",
]

# General material designation: says what the thing is, not what it is called.
_GMD = re.compile(
    r"\s*[\[［〔【(（]\s*(?:专著|專著|普通图书|普通圖書|图书|圖書|连续出版物|期刊|报纸|学位论文|电子资源"
    r"|電子資源|录音制品|录音资料|录像制品|录像资料|测绘资料|乐谱|盲文|缩微品|音像资料|多媒体"
    r"|(?:text|book|electronic resource|computer file|sound recording|video ?recording|microform"
    r"|map|cartographic material|music|large print|graphic|kit|manuscript)[^\]］〕】)）]*)"
    r"\s*[\]］〕】)）]",
    re.IGNORECASE,
)
_OPENING_BRACKET = re.compile(r"[\[［〔【(（]")
_HAN_OR_OTHER = re.compile(f"[{HAN}]+|[^{HAN}]+")
_HAN_RUN = re.compile(f"[{HAN}]+")
# Words the general dictionary cuts apart, which readers of our libraries type whole.
_OWN_WORDS = (
    "通借通还 图书同城 一卡通 成德眉资 川渝 长三角 都江堰 什邡 邛崃 青神 丹棱 乐至 安岳 锦江"
    " 青羊 金牛 武侯 成华 龙泉驿 青白江 新都 温江 双流 郫都 新津 简阳 彭州 崇州 金堂 大邑 蒲江"
    " 旌阳 罗江 广汉 绵竹 中江 东坡 彭山 仁寿 洪雅 雁江 资阳 眉山 德阳 地方志 市志 县志 丛书"
    " 连环画 绘本"
)


@lru_cache(maxsize=1)
def _jieba() -> rjieba.Jieba:
    cutter = rjieba.Jieba()
    for word in _OWN_WORDS.split():
        cutter.add_word(word, 2000, "n")
    return cutter


def title_key(text: str) -> str:
    """The title as one solid word: designation [专著] gone, folded, nothing but word characters.

    《射鵰英雄傳》（全四冊） -> 射雕英雄传全四册. C++ and C# keep their signs.
    """
    if _OPENING_BRACKET.search(text):
        text = _GMD.sub(" ", text)
    return fold(text).replace(" ", "")


def title_key_of(title: str, folded: str) -> str:
    """The key of a title that is folded already."""
    return title_key(title) if _OPENING_BRACKET.search(title) else folded.replace(" ", "")


def words(text: str, *, overlapping: bool = True) -> list[str]:
    """Dictionary words and words of other scripts, in order.

    With ``overlapping`` a long word is followed or preceded by the words inside it (search mode).
    """
    return words_of(fold(text), overlapping=overlapping)


def words_of(folded: str, *, overlapping: bool = True) -> list[str]:
    """The words of a text that is folded already."""
    if folded.isascii():
        return folded.split()
    cut = _jieba().cut_for_search if overlapping else _jieba().cut
    return [word for chunk in folded.split() for word in _cut_chunk(cut, chunk)]


def _cut_chunk(cut: Callable[[str], list[str]], chunk: str) -> list[str]:
    """Only runs of Han go to the dictionary: it would tear ``c++`` and ``book2`` apart."""
    found: list[str] = []
    for piece in _HAN_OR_OTHER.findall(chunk):
        found += cut(piece) if has_han(piece) else [piece]
    return found


def pairs(text: str) -> list[str]:
    """Neighbouring Han characters two by two, in order, and words of other scripts.

    A lone Han character is a token of its own. Whatever the dictionary does not know is still
    found as a sequence of pairs: the recall of the index rests on these.
    """
    return pairs_of(fold(text))


def pairs_of(folded: str) -> list[str]:
    """The pairs of a text that is folded already."""
    tokens: list[str] = []
    for chunk in folded.split():
        end = 0
        for run in _HAN_RUN.finditer(chunk):
            if run.start() > end:
                tokens.append(chunk[end : run.start()])
            han, end = run.group(), run.end()
            tokens += [a + b for a, b in pairwise(han)] or [han]
        if end < len(chunk):
            tokens.append(chunk[end:])
    return tokens


def characters(text: str) -> list[str]:
    """The Han characters of a text, each once."""
    return [] if text.isascii() else characters_of(fold(text))


def characters_of(folded: str) -> list[str]:
    """The Han characters of a text that is folded already."""
    return list(dict.fromkeys("".join(_HAN_RUN.findall(folded))))


def segment(text: str) -> list[str]:
    """All tokens of a text for the index, each once: words, then pairs and single characters."""
    return list(dict.fromkeys([*words(text), *pairs(text), *characters(text)]))
