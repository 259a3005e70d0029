"""The members of the sample world that send records, and how each of them catalogues.

Twelve of the 48 places catalogue; the others are their branches or are served by them, as under
the Chinese centre-main-branch system. A city's library owns the copies it places with its counties.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

JINJIANG, ZIYANG, DEYANG = "CN-510104-1-JJ", "CN-512000-1-ZYL", "CN-510600-1-DYL"
CHENGDU = "CN-510100-1-CDL"
LIVE_MEMBERS = (JINJIANG, ZIYANG, DEYANG)
"""They also send this week's records over HTTP while people look on."""


class Habit(StrEnum):
    """A school of cataloguing."""

    NLC = "nlc"  # CNMARC, pinyin in 200$9, GMD in $b, Chinese punctuation
    CALIS = "calis"  # CNMARC, pinyin in 200$A, half-width punctuation, 099
    PINYIN_BASE = "pinyin-base"  # MARC 21, romanised fields with Han in 880
    HAN_BASE = "han-base"  # MARC 21, Han fields with pinyin in 880 (model B)


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One cataloguing library: its habit, its bytes, the places it puts copies."""

    code: str
    prefix: str  # of control numbers and barcodes
    name: str
    habit: Habit
    encoding: str = "utf-8"
    is_xml: bool = False
    profile: str = "905"  # the holdings fields it writes
    share: float = 1.0  # of the books, against the other members
    isbn_missing: float = 0.05  # how often it leaves an ISBN out
    traditional: float = 0.0  # how often it writes traditional characters
    places: tuple[str, ...] = ()  # further branches its copies stand in

    @property
    def branches(self) -> tuple[str, ...]:
        return (self.code, *self.places)


MEMBERS = (
    Member(
        code=CHENGDU,
        prefix="CD",
        name="成都图书馆",
        habit=Habit.NLC,
        share=3.2,
        places=(
            "CN-510100-1-GX01",
            "CN-510100-1-GX",
            "CN-510106-1-JN",
            "CN-510108-1-CH",
            "CN-510112-1-LQY",
            "CN-510113-1-QBJ",
            "CN-510114-1-XD",
            "CN-510115-1-WJ",
            "CN-510117-1-PD",
            "CN-510118-1-XJ",
            "CN-510121-1-JT",
            "CN-510129-1-DY",
            "CN-510131-1-PJ",
            "CN-510181-1-DJY",
            "CN-510182-1-PZ",
            "CN-510183-1-QL",
            "CN-510184-1-CZ",
        ),
    ),
    Member(
        code=JINJIANG,
        prefix="JJ",
        name="锦江区图书馆",
        habit=Habit.NLC,
        encoding="gb18030",
        share=1.7,
        places=("CN-510104-1-JJ01",),
    ),
    Member(
        code="CN-510105-1-QY",
        prefix="QY",
        name="青羊区图书馆",
        habit=Habit.NLC,
        share=1.3,
        places=("CN-510105-1-QY01",),
    ),
    Member(
        code="CN-510107-1-WH",
        prefix="WH",
        name="武侯区图书馆",
        habit=Habit.CALIS,
        share=1.5,
        places=("CN-510107-1-WH01",),
    ),
    Member(
        code="CN-510116-1-SL",
        prefix="SL",
        name="双流区图书馆",
        habit=Habit.NLC,
        encoding="gb18030",
        share=1.3,
        isbn_missing=0.15,
        places=("CN-510116-1-SL01",),
    ),
    Member(
        code="CN-510185-1-JY",
        prefix="JY",
        name="简阳市图书馆",
        habit=Habit.NLC,
        encoding="gb18030",
        share=0.8,
        isbn_missing=0.5,
    ),
    Member(
        code=DEYANG,
        prefix="DY",
        name="德阳市图书馆",
        habit=Habit.CALIS,
        share=1.8,
        places=(
            "CN-510603-1-JYQ",
            "CN-510604-1-LJ",
            "CN-510623-1-ZJ",
            "CN-510682-1-SF",
            "CN-510683-1-MZ",
        ),
    ),
    Member(code="CN-510681-1-GH", prefix="GH", name="广汉市图书馆", habit=Habit.CALIS, share=0.7),
    Member(
        code="CN-511400-1-MSL",
        prefix="MS",
        name="眉山市图书馆",
        habit=Habit.NLC,
        is_xml=True,
        share=1.6,
        places=(
            "CN-511402-1-DP",
            "CN-511403-1-PS",
            "CN-511421-1-RS",
            "CN-511423-1-HY",
            "CN-511424-1-DL",
            "CN-511425-1-QS",
        ),
    ),
    Member(
        code=ZIYANG,
        prefix="ZY",
        name="资阳市图书馆",
        habit=Habit.NLC,
        encoding="gb18030",
        share=1.6,
        places=("CN-512002-1-YJ", "CN-512002-1-YJ01", "CN-512021-1-AY", "CN-512022-1-LZ"),
    ),
    Member(
        code="CN-510000-1-SCL",
        prefix="SC",
        name="四川省图书馆",
        habit=Habit.PINYIN_BASE,
        profile="852",
        share=2.2,
    ),
    Member(
        code="CN-500000-1-CQL",
        prefix="CQ",
        name="重庆图书馆",
        habit=Habit.HAN_BASE,
        profile="952",
        share=1.4,
        traditional=0.12,
    ),
)
BY_CODE = {member.code: member for member in MEMBERS}
