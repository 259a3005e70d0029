"""What people did for a book, in any words, as a MARC relator code."""

from __future__ import annotations

import re
import sys
from functools import lru_cache

# Note [Roles]
# MARC relator codes, whatever the dialect wrote: Chinese words (longest first, so that 主编 is not
# 编), English words, UNIMARC numbers. `rev` (审订) and `oth` stand where MARC has no code (NO-13).
_HAN_ROLES = {
    "aut": "著 着 撰 作 编著 編著 编写 編寫 合著 合撰 著作 撰写 撰文 执笔 文 文图 原著 编撰 写",
    "edt": "编 編 主编 主編 副主编 总主编 编辑 編輯 合编 整理 修 总编 执行主编 丛书主编 责任编辑",
    "trl": "译 譯 翻译 翻譯 编译 編譯 译著 译注 合译 重译 今译 选译 节译 口译",
    "ann": "校 注 註 校注 點校 点校 注释 注譯 笺注 校点 校勘 校订 评注 评点 疏 集解 校释 训注",
    "ill": "绘 繪 插图 插圖 绘画 绘图 图 图文 插画 编绘 作画 画",
    "pht": "摄影 攝影 摄",
    "com": "辑 輯 选编 選編 选 汇编 彙編 选辑 编选 辑录 编纂 纂 汇辑 搜集 主纂",
    "adp": "改编 改編 改写 缩写",
    "aui": "序 作序 前言 导言 导读",
    "rev": "审 審 审订 审校 主审 审定 审阅 校阅 审稿",
    "cmp": "作曲 曲",
    "lyr": "作词 词",
    "drt": "导演 執導",
    "act": "主演 演出",
    "sng": "演唱",
    "prf": "演奏 表演 朗诵",
    "aus": "编剧",
    "spk": "主讲 讲述 讲",
    "nrt": "口述",
    "cll": "书 书法 书写",
    "oth": "监制 策划 总策划 出品 制作 设计 装帧",
}
_LATIN_ROLES = {
    "aut": "author authors auteur autor auth joint author creator writer",
    "edt": "editor editors ed eds éditeur herausgeber hrsg",
    "trl": "translator translators tr trans traducteur übersetzer",
    "ill": "illustrator illustrators ill illus illustrateur artist",
    "com": "compiler compilers comp",
    "ann": "annotator commentator",
    "pht": "photographer",
    "cmp": "composer",
    "lyr": "lyricist",
    "drt": "director",
    "act": "actor",
    "prf": "performer",
    "sng": "singer",
    "nrt": "narrator",
    "pbl": "publisher",
    "isb": "issuing",
    "ctb": "contributor",
    "adp": "adapter",
    "spk": "speaker lecturer",
    "aus": "screenwriter",
    "cll": "calligrapher",
    "dgg": "degree",
}
_UNIMARC_ROLES = {
    "005": "act", "010": "adp", "020": "ann", "030": "arr", "040": "art", "060": "asn",
    "070": "aut", "072": "aqt", "075": "aft", "080": "aui", "090": "aus", "100": "ant",
    "205": "ctb", "210": "cmm", "212": "cwt", "220": "com", "230": "cmp", "250": "cnd",
    "273": "cur", "275": "dnc", "300": "drt", "305": "dis", "340": "edt", "350": "egr",
    "395": "fnd", "410": "gra", "430": "ilu", "440": "ill", "460": "ive", "470": "ivr",
    "480": "lbt", "520": "lyr", "545": "mus", "550": "nrt", "557": "orm", "570": "oth",
    "590": "prf", "600": "pht", "630": "pro", "632": "pdr", "635": "prg", "650": "pbl",
    "651": "pbd", "673": "rth", "675": "rev", "690": "sce", "705": "scl", "710": "sec",
    "721": "sng", "727": "ths", "730": "trl", "755": "voc",
}  # fmt: skip
ROLE_OF_HAN = {word: code for code, words in _HAN_ROLES.items() for word in words.split()}
_BY_LATIN = {word: code for code, words in _LATIN_ROLES.items() for word in words.split()}
HAN_ROLE_END = re.compile(f"({'|'.join(sorted(ROLE_OF_HAN, key=len, reverse=True))})$")
_CODE = re.compile(r"[a-z]{3}")
_ROLE_EDGES = " .,;:()[]（）［］"


@lru_cache(maxsize=4096)
def role_of(text: str) -> str:
    """The relator code for a role as written (code, URL, UNIMARC number or word): NO-13."""
    text = text.strip(_ROLE_EDGES).lower()
    if not text:
        return ""
    if "/" in text:
        text = text.rstrip("/").rpartition("/")[2]
    if text[:3] in _UNIMARC_ROLES and not text[3:].strip(" #"):
        return _UNIMARC_ROLES[text[:3]]
    first = re.split(r"[\s,;.]", text)[0]
    if found := _BY_LATIN.get(first):
        return found
    if _CODE.fullmatch(text):
        return sys.intern(text)
    if match := HAN_ROLE_END.search(text):
        return ROLE_OF_HAN[match[1]]
    return "oth"


def role_word(code: str) -> str:
    """The Chinese word for a relator code, or the code itself where no word is read back as it."""
    word = _HAN_ROLES.get(code, code).split(" ", 1)[0]
    return word if role_of(word) == code else code
