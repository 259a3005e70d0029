"""One spelling for every way of writing the same characters: what all keys and tokens stand on."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

import opencc

HAN = r"\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
_HAS_HAN = re.compile(f"[{HAN}]")

# Pairs OpenCC leaves apart, or decides by context and so differently for a part of a phrase
# (domain.md §4). Search and match side only: the text shown to people is never touched.
_BY_CONTEXT = (
    "著着 乾干 瞭了 藉借 徵征 锺钟 於于 夥伙 麽么 麼么 摺折 覆复 閤合 彷仿 祇只 餘余 噁恶 鉅巨"
)
_VARIANTS = (
    "〇零 戶户 戸户 甯宁 寕宁 祕秘 妳你 菸烟 峯峰 羣群 牀床 麪面 喫吃 啓启 啟启 説说 產产"
    " 産产 眞真 冊册 囬回 囘回 囯国 圀国 叄叁 弍二 弎三 弌一 嶋岛 嶌岛 姉姊 邨村 昇升 陞升"
    " 隄堤 嚐尝 唸念 佈布 綵彩 鑑鉴 鑒鉴 託托 讬托 註注 硃朱 穀谷 磟碌 勛勋 勳勋 劒剑 籐藤"
    " 裡里 裏里 溼湿 湼涅 涖莅 犛牦"
)
# How Taiwan and Hong Kong write what OpenCC's t2s knows in its standard form only, and simplified
# characters that it writes back otherwise.
_REGIONAL = (
    "衞卫 敍叙 枱台 糭粽 衹只 痺痹 睪睾 簷檐 颚腭 鲶鲇 潨潀 幺么 苧苎 侭尽 暱昵 渖沈 穞稆 縆緪"
    " 缐线 谘咨 迳径 钜巨 镟旋 馀余 麹曲 㓰划 㳽弥 䌽彩 䙓摆 䦆镢 䩄腼 𢧐战 𢭏捣 𧹒买 𧹔账 𩨂骢"
)
_JAPANESE = (
    "図图 沢泽 辺边 覚觉 発发 徴征 黒黑 歩步 毎每 対对 伝传 児儿 実实 広广 応应 徳德 恵惠"
    " 悪恶 戦战 択择 拝拜 拡扩 検检 様样 権权 歴历 歳岁 気气 満满 済济 渋涩 渓溪 焼烧 県县"
    " 砕碎 穂穗 竜龙 経经 絵绘 続续 総总 緑绿 縁缘 聴听 脳脑 臓脏 蔵藏 薬药 訳译 読读 変变"
    " 豊丰 転转 軽轻 遅迟 郷乡 酔醉 釈释 鉄铁 銭钱 録录 関关 陥陷 険险 隠隐 雑杂 霊灵 頼赖"
    " 顔颜 顕显 駅驿 験验 髪发 鶏鸡 麺面 斉齐 斎斋 亜亚 仏佛 仮假 価价 団团 囲围 圧压 壱壹"
    " 売卖 塩盐 増增 壊坏 嬢娘 専专 巣巢 帯带 帰归 庁厅 廃废 弐贰 弾弹 従从 悩恼 懐怀 戯戏"
    " 抜拔 拠据 挙举 掲揭 揺摇 摂摄 撃击 桜樱 楽乐 殻壳 浄净 浜滨 涙泪 渇渴 渉涉 滝泷 瀬濑"
    " 猟猎 獣兽 畳叠 痩瘦 稲稻 穏稳 窓窗 粋粹 粛肃 糸丝 継继 縄绳 繊纤 聡聪 粧妆 舎舍 舗铺"
    " 荘庄 蛍萤 覧览 観观 証证 譲让 賛赞 逓递 鋭锐 鋳铸 錬炼 闘斗 隣邻 隷隶 駆驱 騒骚 黙默"
    " 齢龄 歯齿 亀龟 剣剑 剤剂 勲勋 勧劝 効效 労劳 単单 厳严 収收 営营 円圆 塁垒 奨奖 姫姬"
    " 寛宽 巌岩 両两 乗乘 剰剩 桟栈 処处 焔焰 頬颊 鴎鸥"
)
_RADICALS = (
    "⻄西 ⻅见 ⻆角 ⻉贝 ⻋车 ⻓长 ⻔门 ⻘青 ⻙韦 ⻚页 ⻛风 ⻜飞 ⻝食 ⻢马 ⻣骨 ⻤鬼 ⻥鱼"
    " ⻦鸟 ⻨麦 ⻩黄 ⻬齐 ⻮齿 ⻰龙 ⻳龟 ⺠民 ⺟母 ⺫目 ⺼肉"
)
_LATIN = {"ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"}


class _FoldTable(dict[int, str | None]):
    """Per-character folding, learnt lazily: punctuation to a space, variants to one form."""

    def __missing__(self, codepoint: int) -> str:
        char = chr(codepoint)
        kind = unicodedata.category(char)
        # Marks belong to the letter before them (Indic, Thai); + and # are settled by _STRAY.
        is_word = kind[0] in "LMN" or char in "+#"
        self[codepoint] = char if is_word else " "
        return char if is_word else " "


_TABLE = _FoldTable(
    {
        ord(pair[0]): pair[1]
        for pair in f"{_BY_CONTEXT} {_VARIANTS} {_REGIONAL} {_JAPANESE} {_RADICALS}".split()
    }
)
# The same for plain ASCII, capitals included, byte by byte: half the time of most folding.
_ASCII_TABLE = bytes(map(ord, bytes(range(128)).decode().translate(_TABLE).lower())) + bytes(128)
# Accents as characters of their own; half marks (U+FE20…) are what MARC-8 ligatures become: t︠s︡.
# Without the Greek iota subscript, which stands for a letter.
_MARKS = "[\u0300-\u0344\u0346-\u036f\ufe20-\ufe2f]+"
_ANY_MARKS = re.compile(_MARKS)
_LATIN_MARKS = re.compile(f"(?<=[\x00-\x7f]){_MARKS}")
_MAY_HAVE_MARKS = re.compile("[^\x00-\x7f\u3400-\u9fff]")
_LATIN_TABLE = str.maketrans(_LATIN)
_T2S = opencc.OpenCC("t2s")
# An apostrophe inside a word joins (O'Reilly, xi'an); anywhere else it is a quotation mark. Found
# by the sign itself first: looking behind every letter took three times as long.
_APOSTROPHE = re.compile(r"['’ʻʼ`](?<=[^\W\d_].)(?=[^\W\d_])")
# C++ and C# are names of languages; every other + or # is punctuation.
_STRAY = re.compile(r"(?<=[a-z])(\+\+|#)(?![a-z+#])|[+#]")


def _unless_a_name(sign: re.Match[str]) -> str:
    return sign.group(1) or " "


def has_han(text: str) -> bool:
    """Whether the text has at least one Han character."""
    return not text.isascii() and _HAS_HAN.search(text) is not None


def simplify(text: str) -> str:
    """The text in simplified characters, compatibility forms resolved, otherwise as written."""
    if text.isascii():
        return text
    text = unicodedata.normalize("NFKC", text)
    return _T2S.convert(text) if has_han(text) else text


def _without_latin_marks(text: str) -> str:
    """Drop the accents of Latin letters only: the marks of kana and Indic scripts are letters."""
    bare = _LATIN_MARKS.sub("", unicodedata.normalize("NFD", text))
    return bare if bare.isascii() else unicodedata.normalize("NFC", bare).translate(_LATIN_TABLE)


def _in_plain_letters(text: str) -> str:
    """The text in ASCII, its accents dropped; empty when it has other letters than those of Latin.

    For such a text every step of the long way comes to the same, for half the price.
    """
    apart = unicodedata.normalize("NFKD", text)
    bare = _ANY_MARKS.sub("", apart)
    # An accent without a letter before it is kept.
    return bare if bare.isascii() and apart[:1].isascii() else ""


def fold(text: str) -> str:
    """The text as search and matching see it: one script form, no punctuation, single spaces.

    NFKC, punctuation to space, OpenCC t2s, variant table, casefold (domain.md §4). Idempotent.
    """
    if not text.isascii():
        return _fold_other(text)
    # Plain ASCII is folded sooner than it would be found in a cache.
    if "'" in text or "`" in text:
        text = _APOSTROPHE.sub("", text)
    return _fold_plain(text)


def _fold_plain(text: str) -> str:
    text = text.encode().translate(_ASCII_TABLE).decode()
    if "+" in text or "#" in text:
        text = _STRAY.sub(_unless_a_name, text)
    return " ".join(text.split())


@lru_cache(maxsize=65536)
def _fold_other(text: str) -> str:
    text = _APOSTROPHE.sub("", text)
    if plain := text if text.isascii() else _in_plain_letters(text):
        return _fold_plain(plain)
    text = simplify(text).translate(_TABLE).casefold()
    if _MAY_HAVE_MARKS.search(text):
        text = _without_latin_marks(text)
    if "+" in text or "#" in text:
        text = _STRAY.sub(_unless_a_name, text)
    return " ".join(text.split())
