"""How Chinese text is typed by people who type sounds: full pinyin, syllables, initials."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, product

import msgspec
from pypinyin.phrases_dict import phrases_dict
from pypinyin.pinyin_dict import pinyin_dict

from catalog.domain.folding import HAN, fold, simplify

MAX_READINGS = 8  # the main one included; a long title of polyphones stays affordable

# Read wrongly by the general dictionary, or right only as a whole (domain.md §4, §7).
_PHRASES = {
    "什邡": "shi fang", "曾国藩": "zeng guo fan", "曾国荃": "zeng guo quan", "曾巩": "zeng gong",
    "曾朴": "zeng pu", "曾子": "zeng zi", "单田芳": "shan tian fang", "查良镛": "zha liang yong",
    "仇英": "qiu ying", "盖叫天": "ge jiao tian", "区成": "ou cheng", "解缙": "xie jin",
    "查慎行": "zha shen xing", "尉迟": "yu chi", "万俟": "mo qi", "长孙": "zhang sun",
    "单于": "chan yu", "可汗": "ke han", "吐蕃": "tu bo", "龟兹": "qiu ci", "月氏": "yue zhi",
    "高句丽": "gao gou li", "犍为": "qian wei", "阆中": "lang zhong", "荥经": "ying jing",
    "筠连": "jun lian", "乐山": "le shan", "乐至": "le zhi", "重庆": "chong qing",
    "都江堰": "du jiang yan", "成都": "cheng du", "都是": "dou shi", "郫都": "pi du",
    "六安": "lu an", "丽水": "li shui", "台州": "tai zhou", "蚌埠": "beng bu", "歙县": "she xian",
    "洪洞": "hong tong", "番禺": "pan yu", "东莞": "dong guan", "枞阳": "zong yang",
    "六合": "lu he", "莘庄": "xin zhuang", "会稽": "kuai ji", "井陉": "jing xing",
    "铅山": "yan shan", "东阿": "dong e",
    "水浒传": "shui hu zhuan", "水浒": "shui hu", "传习录": "chuan xi lu",
    "长篇": "chang pian", "重修": "chong xiu", "角色": "jue se", "朝花夕拾": "zhao hua xi shi",
    "呐喊": "na han", "区乐民": "ou le min", "朴树": "pu shu", "乐府": "yue fu",
    "论语": "lun yu", "吕氏春秋": "lv shi chun qiu", "长恨歌": "chang hen ge",
}  # fmt: skip
_SURNAMES = {
    "曾": "zeng", "单": "shan", "查": "zha", "仇": "qiu", "盖": "ge", "区": "ou", "解": "xie",
    "任": "ren", "华": "hua", "朴": "piao", "翟": "zhai", "覃": "qin", "冼": "xian", "召": "shao",
    "秘": "bi", "乐": "yue", "缪": "miao", "祭": "zhai", "繁": "po", "折": "she", "员": "yun",
    "盛": "sheng", "郇": "xun", "隗": "wei", "逄": "pang", "那": "na", "能": "nai", "阚": "kan",
    "哈": "ha", "句": "gou", "种": "chong", "洗": "xian", "薄": "bo", "贾": "jia", "褚": "chu",
    "车": "che", "葛": "ge", "应": "ying", "曲": "qu", "沈": "shen", "石": "shi", "叶": "ye",
    "宿": "su", "相": "xiang", "牟": "mou", "俞": "yu", "於": "yu", "燕": "yan", "宁": "ning",
    "过": "guo", "黑": "he", "佴": "nai", "郗": "xi", "乜": "nie", "尹": "yin", "强": "qiang",
    "尉迟": "yu chi", "万俟": "mo qi", "长孙": "zhang sun", "单于": "chan yu", "澹台": "tan tai",
    "令狐": "ling hu", "宇文": "yu wen", "皇甫": "huang fu", "夏侯": "xia hou",
}  # fmt: skip
# Second readings people really type; the rest of a character's dictionary readings are noise.
_OTHER_READINGS = {
    "曾": "zeng ceng", "单": "dan shan chan", "查": "cha zha", "仇": "chou qiu", "盖": "gai ge",
    "区": "qu ou", "都": "du dou", "邡": "fang", "什": "shi shen", "重": "chong zhong",
    "长": "chang zhang", "乐": "le yue", "行": "xing hang", "还": "hai huan", "传": "chuan zhuan",
    "朝": "chao zhao", "调": "diao tiao", "弹": "dan tan", "藏": "cang zang", "露": "lu lou",
    "薄": "bo bao", "血": "xue xie", "地": "di de", "得": "de dei", "了": "le liao",
    "着": "zhe zhuo zhao", "著": "zhu zhe", "解": "jie xie", "尉": "wei yu", "翟": "zhai di",
    "朴": "pu piao", "覃": "qin tan", "召": "zhao shao", "便": "bian pian", "大": "da dai",
    "会": "hui kuai", "石": "shi dan", "叶": "ye xie", "棱": "leng ling", "率": "lv shuai",
    "模": "mo mu", "宿": "su xiu", "校": "xiao jiao", "省": "sheng xing", "参": "can shen",
    "差": "cha chai", "角": "jiao jue", "觉": "jue jiao", "给": "gei ji", "系": "xi ji",
    "秘": "mi bi", "泌": "mi bi", "蔚": "wei yu", "乘": "cheng sheng", "盛": "sheng cheng",
    "种": "zhong chong", "员": "yuan yun", "柏": "bai bo", "塞": "sai se", "没": "mei mo",
    "阿": "a e", "缪": "miao mou", "龟": "gui jun", "车": "che ju", "卡": "ka qia",
    "降": "jiang xiang", "恶": "e wu", "称": "cheng chen", "遗": "yi wei", "拓": "tuo ta",
    "禅": "chan shan", "屏": "ping bing", "奇": "qi ji", "俞": "yu shu", "浒": "hu xu",
    "贾": "jia gu", "丽": "li", "六": "liu lu", "莘": "xin shen", "咀": "ju zui", "削": "xue xiao",
    "晟": "sheng cheng", "筠": "jun yun", "厦": "sha xia", "堡": "bao pu", "巷": "xiang hang",
    "熟": "shu shou", "色": "se shai", "荥": "ying xing", "蕃": "fan bo", "脉": "mai mo",
    "纪": "ji", "和": "he huo", "奔": "ben", "咽": "yan ye", "圈": "quan juan", "畜": "xu chu",
    "壳": "ke qiao", "剥": "bo bao", "殷": "yin yan", "尺": "chi", "为": "wei", "谁": "shei shui",
    "陆": "lu liu", "澹": "dan tan", "隗": "wei kui", "沈": "shen chen", "百": "bai bo",
}  # fmt: skip
_OTHERS = {char: tuple(readings.split()) for char, readings in _OTHER_READINGS.items()}

# The syllables of Putonghua as initial: finals; ü is u, as in `pinyin_key`.
_SYLLABLE_TABLE = """
: a ai an ang ao e ei en er o ou
b: a ai an ang ao ei en eng i ian iao ie in ing o u
c: a ai an ang ao e en eng i ong ou u uan ui un uo
ch: a ai an ang ao e en eng i ong ou u ua uai uan uang ui un uo
d: a ai an ang ao e ei en eng i ia ian iao ie ing iu ong ou u uan ui un uo
f: a an ang ei en eng o ou u
g: a ai an ang ao e ei en eng ong ou u ua uai uan uang ui un uo
h: a ai an ang ao e ei en eng ong ou u ua uai uan uang ui un uo
j: i ia ian iang iao ie in ing iong iu u uan ue un
k: a ai an ang ao e ei en eng ong ou u ua uai uan uang ui un uo
l: a ai an ang ao e ei eng i ia ian iang iao ie in ing iu o ong ou u ue uan un uo
m: a ai an ang ao e ei en eng i ian iao ie in ing iu o ou u
n: a ai an ang ao e ei en eng i ian iang iao ie in ing iu ong ou u ue uan un uo
p: a ai an ang ao ei en eng i ian iao ie in ing o ou u
q: i ia ian iang iao ie in ing iong iu u uan ue un
r: an ang ao e en eng i ong ou u uan ui un uo
s: a ai an ang ao e en eng i ong ou u uan ui un uo
sh: a ai an ang ao e ei en eng i ou u ua uai uan uang ui un uo
t: a ai an ang ao e eng i ian iao ie ing ong ou u uan ui un uo
w: a ai an ang ei en eng o u
x: i ia ian iang iao ie in ing iong iu u uan ue un
y: a an ang ao e i in ing o ong ou u uan ue un
z: a ai an ang ao e ei en eng i ong ou u uan ui un uo
zh: a ai an ang ao e ei en eng i ong ou u ua uai uan uang ui un uo
"""
_SYLLABLES = frozenset(
    initial.strip() + final
    for initial, _, finals in (line.partition(":") for line in _SYLLABLE_TABLE.strip().split("\n"))
    for final in finals.split()
)
_BEGINNINGS = frozenset(s[:i] for s in _SYLLABLES for i in range(1, len(s) + 1))
_LONGEST_SYLLABLE = 6
_IN_PASSPORTS = {"lyu": "lu", "nyu": "nu", "lyue": "lue", "nyue": "nue"}
_AS_SPELT = {syllable: syllable for syllable in _SYLLABLES} | _IN_PASSPORTS

_PIECES = re.compile(r"\d+|[^\s'’\-\d]+")
_RUN = re.compile(f"[{HAN}]+|[^{HAN}\\s]+")
_IS_HAN = re.compile(f"[{HAN}]")


class PinyinForms(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The sounds of one text, without tones; ü is written v."""

    full: str  # shediaoyingxiongzhuan
    syllables: tuple[str, ...]  # she, diao, …; a run of other script is one token
    initials: str  # sdyxz
    characters: tuple[str, ...] = ()  # 射, 雕, … of each syllable; a word of other script as it is
    alternatives: tuple[tuple[str, ...], ...] = ()  # syllables of other readings, likeliest first
    readings: tuple[tuple[str, ...], ...] = ()  # of each syllable: as in `syllables`, then others

    def fulls(self) -> tuple[str, ...]:
        """Every distinct full form, the main reading first."""
        return tuple(dict.fromkeys((self.full, *("".join(s) for s in self.alternatives))))

    def all_initials(self) -> tuple[str, ...]:
        """Every distinct form of the initials, the main reading first."""
        others = ("".join(map(_initial, s)) for s in self.alternatives)
        return tuple(dict.fromkeys((self.initials, *others)))


def _initial(token: str) -> str:
    """First letter of a syllable or Latin word; a number is typed in full."""
    return token if token.isdigit() else token[:1]


@lru_cache(maxsize=4096)
def without_tone(syllable: str) -> str:
    """lǜ -> lv."""
    bare = unicodedata.normalize("NFD", syllable).replace("u\u0308", "v")
    return "".join(char for char in bare if char.isascii() and char.isalpha())


@dataclass(frozen=True, slots=True)
class _Dictionary:
    """pypinyin's tables without tones. We read them ourselves: its own API is much slower."""

    characters: dict[str, str]
    phrases: dict[str, tuple[str, ...]]
    lengths: dict[str, tuple[int, ...]]  # of phrases by their first two characters, longest first


@lru_cache(maxsize=1)
def _dictionary() -> _Dictionary:
    characters = {chr(cp): without_tone(r.split(",")[0]) for cp, r in pinyin_dict.items()}
    phrases = {
        phrase: tuple(without_tone(reading[0]) for reading in readings)
        for phrase, readings in phrases_dict.items()
        if len(phrase) == len(readings)
    }
    phrases |= {phrase: tuple(reading.split()) for phrase, reading in _PHRASES.items()}
    lengths: dict[str, set[int]] = defaultdict(set)
    for phrase in phrases:
        lengths[phrase[:2]].add(len(phrase))
    ordered = {two: tuple(sorted(found, reverse=True)) for two, found in lengths.items()}
    return _Dictionary(characters, phrases, ordered)


def _read_run(run: str) -> list[str]:
    """Syllables of a run of Han: the longest known phrase at each place, else the character."""
    known = _dictionary()
    syllables: list[str] = []
    start = 0
    while start < len(run):
        for length in known.lengths.get(run[start : start + 2], ()):
            if reading := known.phrases.get(run[start : start + length]):
                syllables += reading
                start += len(reading)
                break
        else:
            syllables.append(known.characters.get(run[start], run[start]))
            start += 1
    return syllables


def _surname(run: str) -> tuple[int, list[str]]:
    for length in (2, 1):
        reading = _SURNAMES.get(run[:length])
        if reading and len(run) > length:
            return length, reading.split()
    return 0, []


def _readings(chars: list[str], syllables: list[str]) -> tuple[tuple[str, ...], ...]:
    """Of each syllable as it is read here, and as it is read elsewhere."""
    if _OTHERS.keys().isdisjoint(chars):
        return tuple(zip(syllables))
    return tuple(
        [
            (syllable, *[r for r in _OTHERS[char] if r != syllable])
            if char in _OTHERS
            else (syllable,)
            for char, syllable in zip(chars, syllables, strict=True)
        ]
    )


def _other_readings(
    syllables: list[str], readings: tuple[tuple[str, ...], ...]
) -> list[tuple[str, ...]]:
    """Up to seven readings that differ from the main one, fewest differences first."""
    choices = {i: known[1:] for i, known in enumerate(readings) if len(known) > 1}
    if not choices:
        return []
    open_places = list(choices)[:MAX_READINGS]
    found: list[tuple[str, ...]] = []
    for size in (1, 2):
        for places in combinations(open_places, size):
            for others in product(*(choices[i] for i in places)):
                if len(found) == MAX_READINGS - 1:
                    return found
                changed = syllables.copy()
                for place, other in zip(places, others, strict=True):
                    changed[place] = other
                found.append(tuple(changed))
    return found


@lru_cache(maxsize=16384)
def pinyin_forms(text: str, *, is_person: bool = False) -> PinyinForms:
    """The sounds of a title or, with ``is_person``, of a name whose surname comes first.

    Our phrases, then the surname table, then the general dictionary; other readings follow in
    ``alternatives`` (MAX_READINGS in all). Text of other scripts passes through folded.
    """
    # Not the full fold: its variant table turns 著 (zhu) into 着 (zhe).
    chars: list[str] = []
    syllables: list[str] = []
    surname_first = is_person and "·" not in text  # 盖茨·比尔 is no 盖 (ge)
    for run in _RUN.findall(simplify(text)):
        if not _IS_HAN.match(run):
            tokens = fold(run).split()
            chars += tokens
            syllables += tokens
            continue
        skip, surname = _surname(run) if surname_first and not syllables else (0, [])
        read = surname + (_read_run(run[skip:]) if len(run) > skip else [])
        chars += run if len(read) == len(run) else [""] * len(read)
        syllables += read
    readings = _readings(chars, syllables)
    return PinyinForms(
        full="".join(syllables),
        syllables=tuple(syllables),
        initials="".join(map(_initial, syllables)),
        characters=tuple(chars),
        alternatives=tuple(_other_readings(syllables, readings)),
        readings=readings,
    )


def pinyin_key(typed: str) -> str:
    """Typed or catalogued pinyin in one form: tones, spaces, hyphens and the ways to type ü gone.

    lü, lv, lyu and lu meet as ``lu``: the typist who has no ü must still find 吕氏春秋. Applied to
    both sides of a comparison, never shown.
    """
    return _plain_letters(typed).replace("lyu", "lu").replace("nyu", "nu")


def _plain_letters(typed: str) -> str:
    if typed.isascii() and typed.isalnum():
        solid = typed.lower()  # as the following would say
    else:
        solid = fold(typed.replace("ü", "v").replace("Ü", "v")).replace(" ", "")
    return solid.replace("v", "u")


_letters_of_piece = lru_cache(maxsize=16384)(_plain_letters)


@lru_cache(maxsize=4096)
def split_pinyin(typed: str, *, limit: int = 4) -> tuple[tuple[str, ...], ...]:
    """The ways to read typed Latin letters as syllables, fewest syllables first.

    Spaces, hyphens and apostrophes are kept as boundaries, a number is a token; the last syllable
    may be unfinished (shedia -> she dia). Syllables are in the form of ``pinyin_key``. Empty when
    there is no way.
    """
    whole: list[tuple[str, ...]] = [()]
    pieces = _PIECES.findall(typed)
    while pieces and not _letters_of_piece(pieces[-1]):
        pieces.pop()
    # One piece after the other: most foreign texts end at their first, read no further.
    for i, piece in enumerate(pieces, start=1):
        if chunk := _letters_of_piece(piece):
            ways = _split_chunk(chunk, i == len(pieces), limit)
            if not ways:
                return ()
            if len(ways) == 1:
                whole = [way + ways[0] for way in whole]
            else:
                whole = sorted([w + way for w in whole for way in ways], key=len)[:limit]
    return tuple([way for way in whole if way])


@lru_cache(maxsize=8192)
def _split_chunk(chunk: str, is_last: bool, limit: int) -> tuple[tuple[str, ...], ...]:
    if chunk.isdigit() or (limit == 1 and chunk in _SYLLABLES):
        return ((chunk,),)
    size = len(chunk)
    ways: list[list[tuple[str, ...]]] = [[] for _ in range(size + 1)]  # to read up to each place
    ways[0] = [()]
    for start in range(size):
        if not ways[start]:
            continue  # most foreign words end here
        before = sorted(ways[start], key=len)[:limit]
        for end in range(start + 1, min(start + _LONGEST_SYLLABLE, size) + 1):
            if syllable := _AS_SPELT.get(chunk[start:end]):
                ways[end] += [(*way, syllable) for way in before]
            elif is_last and end == size and chunk[start:] in _BEGINNINGS:
                ways[end] += [(*way, chunk[start:]) for way in before]
    return tuple(sorted(ways[-1], key=len)[:limit])
