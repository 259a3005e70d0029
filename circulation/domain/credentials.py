"""Kinds of card and document, and what makes a number on one of them well formed (RULES.md, ID-).

A resident ID number is checked by form, date and check digit. Its first six digits say where it was
*issued*, not where the holder lives, and old codes live on in their holders' numbers: an unknown
region is a warning, never a refusal.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final


class CredentialKind(StrEnum):
    RESIDENT_ID = "resident_id"  # 18 characters; also residence and new permanent-resident cards
    SOCIAL_SECURITY = "social_security"  # the card's own number, new on each re-issue
    READER_CARD = "reader_card"
    PASSPORT = "passport"
    HK_MACAO_PERMIT = "hk_macao_permit"  # 港澳居民来往内地通行证
    TAIWAN_PERMIT = "taiwan_permit"  # 台湾居民来往大陆通行证
    FOREIGN_RESIDENT = "foreign_resident"  # 3 letters and 12 digits, old 永居
    DEVICE = "device"  # a key in the reader's own phone; shown as a code, never typed


# What a person can hand over; a device's key is enrolled by the device itself.
DOCUMENT_KINDS: Final = tuple(kind for kind in CredentialKind if kind != CredentialKind.DEVICE)


class CredentialIssue(StrEnum):
    """What is wrong with a number as typed."""

    EMPTY = "empty"
    WRONG_FORM = "wrong_form"
    IMPOSSIBLE_DATE = "impossible_date"
    FUTURE_DATE = "future_date"
    TOO_OLD = "too_old"
    WRONG_CHECK_DIGIT = "wrong_check_digit"
    RESERVED_FORM = "reserved_form"  # on a reader card: a number that names people otherwise


class CredentialNote(StrEnum):
    """What is unusual about a number that is accepted."""

    UNKNOWN_REGION = "unknown_region"
    LEGACY_15 = "legacy15"
    RESIDENCE_PERMIT = "residence_permit"  # Hong Kong, Macao, Taiwan
    FOREIGN_RESIDENT = "foreign_resident"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    kind: CredentialKind
    value: str  # the one normal form: what is sealed and indexed
    born_on: date | None = None
    notes: tuple[CredentialNote, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialProblem:
    kind: CredentialKind
    issue: CredentialIssue


# GB 11643-1999 §4: weights of ISO 7064 MOD 11-2, and the character for each remainder.
_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_CHARACTERS: Final = "10X98765432"
_OLDEST_YEARS: Final = 120
_RESIDENCE_PERMIT_REGIONS: Final = ("810000", "820000", "830000")
# First two digits of GB/T 2260.
_PROVINCES: Final = (
    "11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 "
    "61 62 63 64 65 71 81 82 83"
)
# Where the network knows the map well enough to doubt a code: present and retired county codes of
# Chengdu, Deyang, Meishan and Ziyang. Prefixes of the first four digits that are not keys here are
# accepted as they stand.
_KNOWN_COUNTIES: Final = {
    "5101": "01 02 03 04 05 06 07 08 11 12 13 14 15 16 17 18 21 22 23 24 25 26 27 28 29 30 31 32 "
    "81 82 83 84 85",
    "5106": "01 02 03 04 22 23 24 25 26 81 82 83",
    "5114": "01 02 03 21 22 23 24 25",
    "5120": "01 02 21 22 81",
}
_FORMS: Final = {
    CredentialKind.SOCIAL_SECURITY: re.compile(r"[A-Z0-9]{8,9}|[0-9A-F]{32}"),
    CredentialKind.READER_CARD: re.compile(r"[A-Z0-9][A-Z0-9._-]{2,31}"),
    CredentialKind.PASSPORT: re.compile(r"[A-Z0-9]{6,9}"),
    CredentialKind.HK_MACAO_PERMIT: re.compile(r"[HM]\d{8}(?:\d{2})?"),
    CredentialKind.TAIWAN_PERMIT: re.compile(r"\d{8}"),
    CredentialKind.FOREIGN_RESIDENT: re.compile(r"[A-Z]{3}\d{12}"),
    CredentialKind.DEVICE: re.compile(r"[A-Z2-7]{16}"),
}
_RESIDENT_ID: Final = re.compile(r"\d{17}[\dX]|\d{15}")
_MOBILE: Final = re.compile(r"(?:\+?86)?(1[3-9]\d{9})")
_FOREIGN_PHONE: Final = re.compile(r"\+(?!86)\d{7,15}")
_PATRON_NUMBER: Final = re.compile(r"R\d{10}")


def normalise(text: str) -> str:
    """ASCII capitals without blanks: what a keyboard or a card reader meant (ID-1).

    >>> normalise(" ５１０１９９ １９９００１０１ ００１５")
    '510199199001010015'
    """
    folded = unicodedata.normalize("NFKC", text)
    if folded.isprintable() and " " not in folded:  # as nearly always
        return folded.upper()
    return "".join(c for c in folded if not c.isspace() and c.isprintable()).upper()


def parse_credential(
    *, kind: CredentialKind, text: str, today: date
) -> Credential | CredentialProblem:
    """The normal form of a number of this kind, or what is wrong with it."""
    value = normalise(text)
    if not value:
        return CredentialProblem(kind=kind, issue=CredentialIssue.EMPTY)
    if kind == CredentialKind.RESIDENT_ID:
        return _parse_resident_id(value, today=today)
    if kind == CredentialKind.READER_CARD and (
        _PATRON_NUMBER.fullmatch(value) or _RESIDENT_ID.fullmatch(value)
    ):
        return CredentialProblem(kind=kind, issue=CredentialIssue.RESERVED_FORM)  # ID-11
    if _FORMS[kind].fullmatch(value):
        return Credential(kind=kind, value=value)
    return CredentialProblem(kind=kind, issue=CredentialIssue.WRONG_FORM)  # ID-6


def check_character(first_17: str) -> str:
    """GB 11643: the 18th character.

    >>> check_character("51010419900307231")
    'X'
    """
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, first_17, strict=True))
    return _CHECK_CHARACTERS[total % 11]


def upgrade_15(value: str) -> str:
    """ID-3: the 18-character form of a first-generation number.

    >>> upgrade_15("510104900307231")
    '51010419900307231X'
    """
    first_17 = f"{value[:6]}19{value[6:]}"
    return first_17 + check_character(first_17)


def guess_kinds(text: str) -> tuple[CredentialKind, ...]:
    """Every kind a scanned text could be, the likeliest first (ID-8)."""
    value = normalise(text)
    is_resident = _RESIDENT_ID.fullmatch(value) is not None
    shaped = [kind for kind in DOCUMENT_KINDS if kind in _FORMS and _FORMS[kind].fullmatch(value)]
    # A card of our own is scanned far more often than a passport.
    shaped.sort(key=lambda kind: kind != CredentialKind.READER_CARD)
    return ((CredentialKind.RESIDENT_ID,) if is_resident else ()) + tuple(shaped)


def mask_credential(value: str) -> str:
    """ID-7: what a person may see of a number.

    >>> mask_credential("510199199001010015")
    '510199********0015'
    """
    if len(value) >= 15:
        return value[:6] + "*" * (len(value) - 10) + value[-4:]
    return "*" * max(len(value) - 3, 1) + value[-3:] if len(value) > 4 else "*" * len(value)


def mask_document(text: str) -> str:
    """ID-12: a text no copy bears, as it may be kept and told: a resident ID only masked.

    Seventeen digits are one whose last character was not read.

    >>> mask_document("51019919900101001"), mask_document("01234567")
    ('510199*******1001', '01234567')
    """
    value = normalise(text)
    is_document = CredentialKind.RESIDENT_ID in guess_kinds(value) or (
        re.fullmatch(r"\d{17}", value) is not None
    )
    return mask_credential(value) if is_document else text


def mask_name(name: str) -> str:
    """Enough of a name to greet its owner at the desk: the family name or first initial.

    >>> mask_name("王小明")
    '王**'
    """
    stripped = name.strip()
    return stripped[:1] + "*" * max(len(stripped) - 1, 0) if stripped else ""


def normalise_phone(text: str) -> str | None:
    """A phone number as it is sealed and found, or nothing where it is none (ID-17).

    >>> normalise_phone("+86 138 0000 0000"), normalise_phone("12345")
    ('13800000000', None)
    """
    value = re.sub(r"[\s().-]", "", unicodedata.normalize("NFKC", text))
    mainland = _MOBILE.fullmatch(value)
    if mainland:
        return mainland.group(1)
    return value if _FOREIGN_PHONE.fullmatch(value) else None


def mask_phone(number: str) -> str:
    """As much of a phone number as its owner needs to know it again.

    >>> mask_phone("13800000000")
    '138****0000'
    """
    return number[:3] + "*" * max(len(number) - 7, 1) + number[-4:]


def age_on(born_on: date, *, day: date) -> int:
    """Completed years."""
    return day.year - born_on.year - ((day.month, day.day) < (born_on.month, born_on.day))


CHILD_BELOW_YEARS: Final = 14  # PIPL art. 28: data of a child under 14 is always sensitive
MINOR_BELOW_YEARS: Final = 18


def needs_guardian(*, born_on: date | None, category: str, today: date) -> bool:
    """ID-14: under fourteen; where the document does not say, whoever is entered as a child."""
    if born_on is None:
        return category == CHILD
    return age_on(born_on, day=today) < CHILD_BELOW_YEARS


def last_day_of_guard(born_on: date) -> date:
    """ID-15: the day before the eighteenth birthday (of a leap day: the first of March)."""
    try:
        birthday = born_on.replace(year=born_on.year + MINOR_BELOW_YEARS)
    except ValueError:
        birthday = date(born_on.year + MINOR_BELOW_YEARS, 3, 1)
    return birthday - timedelta(days=1)


ADULT, CHILD = "adult", "child"


def _parse_resident_id(value: str, *, today: date) -> Credential | CredentialProblem:
    def problem(issue: CredentialIssue) -> CredentialProblem:
        return CredentialProblem(kind=CredentialKind.RESIDENT_ID, issue=issue)

    notes: list[CredentialNote] = []
    if re.fullmatch(r"\d{15}", value):
        value = upgrade_15(value)
        notes.append(CredentialNote.LEGACY_15)
    if not re.fullmatch(r"[1-9]\d{16}[\dX]", value):  # ID-2
        return problem(CredentialIssue.WRONG_FORM)
    try:
        born_on = date(int(value[6:10]), int(value[10:12]), int(value[12:14]))
    except ValueError:
        return problem(CredentialIssue.IMPOSSIBLE_DATE)
    if born_on > today:
        return problem(CredentialIssue.FUTURE_DATE)
    if age_on(born_on, day=today) > _OLDEST_YEARS:
        return problem(CredentialIssue.TOO_OLD)
    if check_character(value[:17]) != value[17]:
        return problem(CredentialIssue.WRONG_CHECK_DIGIT)
    notes.extend(_region_notes(value))
    return Credential(
        kind=CredentialKind.RESIDENT_ID, value=value, born_on=born_on, notes=tuple(notes)
    )


def _region_notes(value: str) -> tuple[CredentialNote, ...]:
    """ID-4, ID-5: who else carries a number of this form, and regions nobody knows."""
    if value.startswith("9"):
        return (CredentialNote.FOREIGN_RESIDENT,)
    if value[:6] in _RESIDENCE_PERMIT_REGIONS:
        return (CredentialNote.RESIDENCE_PERMIT,)
    counties = _KNOWN_COUNTIES.get(value[:4])
    is_known = value[:2] in _PROVINCES.split() and (
        counties is None or value[4:6] in counties.split()
    )
    return () if is_known else (CredentialNote.UNKNOWN_REGION,)
