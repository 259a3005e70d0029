"""Are two records of one manifestation? A verdict with the evidence for it, field by field.

Rules MA-2 to MA-10 of catalog/RULES.md. Symmetric: left and right may be exchanged. Nothing here
depends on which record came first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from catalog.domain.profile import Glimpse, MatchProfile, match_keys, profile_of
from catalog.domain.records import Material
from catalog.domain.similarity import (
    are_made_over_alike,
    names_meet,
    places_differ,
    publishers_meet,
    title_similarity,
)

__all__ = [
    "MATCHER_VERSION",
    "Comparison",
    "Evidence",
    "MatchProfile",
    "Verdict",
    "are_apart",
    "compare",
    "match_keys",
    "profile_of",
]

MATCHER_VERSION = 7
"""Raise it whenever a verdict or a key may change: records of older versions are matched again."""

# Points of the evidence, and what they must add up to. Agreement of an identifier and an equal
# title alone make 90; neither alone comes near.
POINTS_IDENTIFIER, POINTS_WEAK_IDENTIFIER = 50, 15
POINTS_TITLE = 40
POINTS_AUTHOR, POINTS_OTHER_AUTHOR = (15, -25)
POINTS_PUBLISHER, POINTS_OTHER_PUBLISHER = (10, -15)
POINTS_YEAR, POINTS_OTHER_YEAR = (10, -35)
POINTS_PAGES, POINTS_OTHER_PAGES = (10, -25)
POINTS_EDITION = 5
POINTS_OTHER_LANGUAGE = -20
SAME_AT, ASK_AT = 85, 50
LEAST_TITLE = 0.6  # with an identifier (domain.md §3e)
CERTAIN_TITLE = 0.8
EQUAL_TITLE = 0.95
CLOSE_PAGES = 3
PRINTING, HAND_PRESS = (
    1450,
    1850,
)  # what was printed before has no two copies alike; only people compare it
_OF_DOCUMENTS = ("sudoc", "link")  # what a reprint bears, too


class Verdict(StrEnum):
    SAME = "same"
    DIFFERENT = "different"
    ASK = "ask"


class Evidence(NamedTuple):
    """One field's say: agree, near, differ, missing; and what each side has."""

    field: str
    verdict: str
    score: float
    left: str
    right: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    verdict: Verdict
    score: float  # 1.0 is what an identifier and an equal title with a little more give
    evidence: tuple[Evidence, ...]


@dataclass(slots=True)
class _Sheet:
    """Evidence as it is gathered; ``limit`` is the best verdict still possible."""

    rows: list[Evidence]
    points: float = 0.0
    limit: Verdict = Verdict.SAME

    def say(self, field: str, verdict: str, points: float, left: object, right: object) -> str:
        self.rows.append(Evidence(field, verdict, points / 100, _show(left), _show(right)))
        self.points += points
        return verdict

    def at_most(self, limit: Verdict) -> None:
        if self.limit != Verdict.DIFFERENT:
            self.limit = limit


def _silence(one: object, other: object) -> str:
    return "missing" if one or other else "absent"


def _show(value: object) -> str:
    if isinstance(value, frozenset):
        return " ".join(sorted(value))[:120]
    return "" if value is None else str(value)[:120]


def are_apart(left: Glimpse, right: Glimpse) -> bool:
    """Whether `compare` says DIFFERENT for certain: so it is of most records that share a title.

    No number in common, and either years of their own (MA-8, MA-9) or ISBNs of their own (MA-5).
    """
    if left.numbers & right.numbers or left.isbns & right.isbns:
        return False
    if left.year is not None and right.year is not None and abs(left.year - right.year) > 1:
        return not (left.is_serial and right.is_serial)
    if left.isbns and right.isbns:
        return (left.isbns | left.set_isbns).isdisjoint(right.isbns | right.set_isbns)
    return False


def compare(left: MatchProfile, right: MatchProfile) -> Comparison:
    """Whether two records describe one manifestation."""
    sheet = _Sheet([])
    identifier = _identifiers(left, right, sheet)
    title = _title(left, right, sheet)
    _part(left, right, sheet, is_identified=identifier == "agree")
    _material(left, right, sheet)
    author = _author(left, right, sheet)
    publisher = _publisher(left, right, sheet)
    is_serial = left.material == right.material == Material.SERIAL
    pages = "missing" if is_serial else _pages(left, right, sheet)
    year = _serial_year(left, right) if is_serial else _year(left, right, sheet, pages)
    edition = _edition(left, right, sheet, year)
    _language(left, right, sheet)
    if identifier == "agree":
        if title < EQUAL_TITLE and pages != "agree":
            sheet.at_most(Verdict.ASK)  # a companion of the book, under its number
        if sheet.rows[0].field in _OF_DOCUMENTS:
            _doubt_document(left, right, sheet, publisher)
        verdict = _by_points(sheet, title)
    else:
        agreements = (title >= EQUAL_TITLE, author, publisher, year, pages, edition)
        verdict = _without_identifier(left, right, sheet, agreements, is_weak=identifier == "near")
        if verdict == Verdict.SAME:
            verdict = _be_careful(left, right, sheet, pages=pages, edition=edition)
    if verdict == Verdict.SAME and not are_made_over_alike(left, right):
        sheet.say("adaptation", "differ", 0, left.record.edition, right.record.edition)
        verdict = Verdict.ASK
    return Comparison(
        verdict=verdict, score=round(sheet.points / 100, 4), evidence=tuple(sheet.rows)
    )


def _doubt_document(left: MatchProfile, right: MatchProfile, sheet: _Sheet, publisher: str) -> None:
    """Rule MA-22: a corrected printing and another house's reprint keep the document's number."""
    if publisher == "differ":
        sheet.at_most(Verdict.ASK)
    if left.other_edition != right.other_edition:
        sheet.say("edition", "near", 0, left.record.edition, right.record.edition)
        sheet.at_most(Verdict.ASK)


def _by_points(sheet: _Sheet, title: float) -> Verdict:
    """Rule MA-2: an identifier decides only together with the title."""
    if title < LEAST_TITLE or sheet.limit == Verdict.DIFFERENT or sheet.points < ASK_AT:
        return Verdict.DIFFERENT
    return sheet.limit if sheet.points >= SAME_AT else Verdict.ASK


def _without_identifier(
    left: MatchProfile,
    right: MatchProfile,
    sheet: _Sheet,
    agreements: tuple[bool, str, str, str, str, str],
    *,
    is_weak: bool,
) -> Verdict:
    """Rule MA-9: title, first author, publisher, year and edition must all be stated and agree."""
    is_title_equal, author, publisher, year, pages, edition = agreements
    is_serial = left.material == right.material == Material.SERIAL
    if not is_title_equal or sheet.limit == Verdict.DIFFERENT:
        return Verdict.DIFFERENT
    if "differ" in (author, publisher, year, pages, edition) and not is_weak:
        return Verdict.DIFFERENT
    if "differ" in (author, year, edition):
        return Verdict.DIFFERENT
    has_author = author == "agree" or (author == "absent" and pages == "agree")
    if is_serial:
        has_author = has_author or author == "absent" or _share_number(left, right)
    has_publisher = publisher == "agree" or (publisher == "missing" and pages == "agree")
    if is_weak:
        is_enough = has_author and "differ" not in (publisher, pages) and year == "agree"
    else:
        is_enough = has_author and has_publisher and year == "agree"
    return sheet.limit if is_enough else Verdict.ASK


def _be_careful(
    left: MatchProfile, right: MatchProfile, sheet: _Sheet, *, pages: str, edition: str
) -> Verdict:
    """Rule MA-15: without an identifier, what people should look at before two books become one."""
    if pages == "near" or edition == "near":
        sheet.at_most(Verdict.ASK)
    gap = _gap(left, right)
    is_less_sure = (
        left.full_name != right.full_name and bool(left.subtitle) != bool(right.subtitle)
    ) or not (left.publisher and right.publisher)
    if pages == "agree" and gap > max(CLOSE_PAGES, 0.01 * (left.pages or 0)):
        sheet.at_most(Verdict.ASK)
    if is_less_sure and (pages != "agree" or gap > CLOSE_PAGES):
        sheet.at_most(Verdict.ASK)
    if left.other_edition != right.other_edition:
        sheet.say("edition", "near", 0, left.record.edition, right.record.edition)
        sheet.at_most(Verdict.ASK)
    if places_differ(left.record.place, right.record.place):
        sheet.say("place", "differ", 0, left.record.place, right.record.place)
        sheet.at_most(Verdict.ASK)
    if left.year and PRINTING <= left.year < HAND_PRESS:  # 1379 is a year of another calendar
        sheet.say("hand_press", "near", 0, left.year, right.year)
        sheet.at_most(Verdict.ASK)
    is_numbered = _share_number(left, right)
    volumes = left.volumes if left.volumes == right.volumes else None
    is_named_in_full = (
        is_numbered
        or (left.edition is not None and left.edition == right.edition)
        or (volumes or 1) > 1
        or (left.full_title == right.full_title and bool(_DATED.search(left.full_title)))
    )
    if pages == "missing" and left.is_by_body and right.is_by_body and not is_named_in_full:
        sheet.say("pages", _silence(left.pages, right.pages), 0, left.pages, right.pages)
        sheet.at_most(Verdict.ASK)
    if left.is_online != right.is_online:
        sheet.say("extent", "differ", 0, left.record.extent, right.record.extent)
        sheet.at_most(Verdict.ASK)
    if not left.series.keys().isdisjoint(right.series) and any(
        left.series[name] != right.series[name] for name in left.series.keys() & right.series
    ):
        sheet.say("series", "differ", 0, left.series, right.series)
        sheet.at_most(Verdict.ASK)
    return sheet.limit


def _identifiers(left: MatchProfile, right: MatchProfile, sheet: _Sheet) -> str:
    """Rules MA-5, MA-6: one shared ISBN is strong only if neither side has others of its own."""
    shared_numbers = left.numbers & right.numbers
    shared = left.isbns & right.isbns
    if shared and (left.isbns <= right.isbns or right.isbns <= left.isbns):
        return sheet.say("isbn", "agree", POINTS_IDENTIFIER, left.isbns, right.isbns)
    if shared_numbers:
        number = min(shared_numbers)
        kind = number.partition(":")[0]
        return sheet.say(kind, "agree", POINTS_IDENTIFIER, number, number)
    all_left, all_right = left.isbns | left.set_isbns, right.isbns | right.set_isbns
    if all_left & all_right:
        return sheet.say("isbn", "near", POINTS_WEAK_IDENTIFIER, all_left, all_right)
    if left.isbns and right.isbns:
        sheet.limit = Verdict.DIFFERENT
        return sheet.say("isbn", "differ", -POINTS_IDENTIFIER, left.isbns, right.isbns)
    return "missing"


def _title(left: MatchProfile, right: MatchProfile, sheet: _Sheet) -> float:
    """Rule MA-3. The title always counts, and a difference in its numbers ends the question."""
    found = title_similarity(left, right)
    word = "agree" if found >= EQUAL_TITLE else "near" if found >= LEAST_TITLE else "differ"
    points = POINTS_TITLE * max(0.0, (found - 0.2) / 0.8)
    sheet.say("title", word, points, left.full_title, right.full_title)
    if found < CERTAIN_TITLE:
        sheet.at_most(Verdict.ASK)
    return found


_LAST_PARTS = {"下", "后"}
"""The last of two or of three: may be the same as 2 or 3, never as 1."""


def _part(left: MatchProfile, right: MatchProfile, sheet: _Sheet, *, is_identified: bool) -> None:
    """Rule MA-4: 上 is not 下, a volume is not its set, a set is not one of its volumes."""
    one, other = left.volume, right.volume
    if one and other and one != other:
        is_last = (one in _LAST_PARTS and other in ("2", "3")) or (
            other in _LAST_PARTS and one in ("2", "3")
        )
        sheet.say("volume", "near" if is_last else "differ", 0 if is_last else -50, one, other)
        if not (is_last and is_identified):
            sheet.limit = Verdict.DIFFERENT
    elif one != other:
        sheet.say("volume", "missing", 0, one, other)
        sheet.at_most(Verdict.ASK)
    elif one:
        sheet.say("volume", "agree", POINTS_EDITION, one, other)
    if left.part_name != right.part_name and left.part_name and right.part_name and not one:
        sheet.say("part_name", "differ", -50, left.part_name, right.part_name)
        sheet.limit = Verdict.DIFFERENT
    elif not one and bool(left.part_name) != bool(right.part_name):
        # The part may be the other's subtitle or title; then the titles have met.
        sheet.say("part_name", "missing", 0, left.part_name, right.part_name)
        if left.full_name != right.full_name:
            sheet.at_most(Verdict.ASK)
    _extent_in_volumes(left, right, sheet, is_identified=is_identified)


def _extent_in_volumes(
    left: MatchProfile, right: MatchProfile, sheet: _Sheet, *, is_identified: bool
) -> None:
    is_other_range = left.is_open_set and left.parts_there != right.parts_there
    if left.is_open_set != right.is_open_set or is_other_range:
        sheet.say("volumes", "missing", 0, left.record.extent, right.record.extent)
        sheet.at_most(Verdict.ASK)
    elif (left.volumes or 1) != (right.volumes or 1):
        is_stated = bool(left.volumes and right.volumes)
        sheet.say("volumes", "differ" if is_stated else "missing", 0, left.volumes, right.volumes)
        if is_stated or not is_identified:
            sheet.at_most(Verdict.ASK)


def _material(left: MatchProfile, right: MatchProfile, sheet: _Sheet) -> None:
    """Rule MA-7: a book is not its sound recording, a journal is not a book."""
    if left.material == right.material:
        return
    is_vague = Material.OTHER in (left.material, right.material)
    sheet.say("material", "differ", -10 if is_vague else -50, left.material, right.material)
    sheet.at_most(Verdict.ASK if is_vague else Verdict.DIFFERENT)


def _language(left: MatchProfile, right: MatchProfile, sheet: _Sheet) -> None:
    if left.languages and right.languages and not left.languages & right.languages:
        sheet.say("language", "differ", POINTS_OTHER_LANGUAGE, left.languages, right.languages)
        sheet.at_most(Verdict.ASK)


def _author(left: MatchProfile, right: MatchProfile, sheet: _Sheet) -> str:
    found = names_meet(left, right)
    points = {"agree": POINTS_AUTHOR, "near": 5, "differ": POINTS_OTHER_AUTHOR}.get(found, 0)
    return sheet.say("author", found, points, left.first_person, right.first_person)


def _publisher(left: MatchProfile, right: MatchProfile, sheet: _Sheet) -> str:
    found = publishers_meet(left.publisher, right.publisher)
    points = {"agree": POINTS_PUBLISHER, "differ": POINTS_OTHER_PUBLISHER}.get(found, 0)
    return sheet.say("publisher", found, points, left.publisher, right.publisher)


def _pages(left: MatchProfile, right: MatchProfile, sheet: _Sheet) -> str:
    """Rule MA-8: 320 and 191 pages are two books; front matter is counted by some, not by all."""
    one, other = left.pages, right.pages
    if not one or not other:
        return "missing"
    gap, most = abs(one - other), max(one, other)
    if gap <= max(CLOSE_PAGES, 0.04 * most):
        return sheet.say("pages", "agree", POINTS_PAGES, one, other)
    counts = left.page_counts, right.page_counts
    if min(abs(a - b) for a in counts[0] for b in counts[1]) <= 2:
        return sheet.say("pages", "agree", POINTS_PAGES, one, other)
    if gap <= max(16, 0.12 * most):
        return sheet.say("pages", "near", 0, one, other)
    sheet.at_most(Verdict.ASK)
    return sheet.say("pages", "differ", POINTS_OTHER_PAGES, one, other)


_DATED = re.compile(r"\d{4}.*\d|\d.*\d{4}")


def _share_number(left: MatchProfile, right: MatchProfile) -> bool:
    """A number in a series both name: Report R47083."""
    return any(len(n) >= 3 and right.series.get(name) == n for name, n in left.series.items())


def _gap(left: MatchProfile, right: MatchProfile) -> float:
    """Pages apart, in whichever way of counting brings them nearest; a small book has fewer."""
    counts = [(abs(a - b), max(a, b)) for a in left.page_counts for b in right.page_counts]
    gap, most = min(counts, default=(10_000, 0))
    return gap if most >= 10 * gap else 10_000


def _year(left: MatchProfile, right: MatchProfile, sheet: _Sheet, pages: str) -> str:
    """Rule MA-8: another year is another edition, unless the identifier and the pages object."""
    one, other = left.year, right.year
    if one is None or other is None:
        return "missing"
    if one == other:
        return sheet.say("year", "agree", POINTS_YEAR, one, other)
    if abs(one - other) == 1:
        return sheet.say("year", "near", 0, one, other)
    if pages != "agree":
        sheet.at_most(Verdict.ASK)
    return sheet.say("year", "differ", POINTS_OTHER_YEAR, one, other)


def _serial_year(left: MatchProfile, right: MatchProfile) -> str:
    """A serial goes on; the year is when it began, and many cataloguers do not know."""
    return "agree" if left.year == right.year else "missing"


def _edition(left: MatchProfile, right: MatchProfile, sheet: _Sheet, year: str) -> str:
    """Rule MA-10: 第2版 is not 第3版; an edition not stated may be the first, or any."""
    one, other = left.edition, right.edition
    if one == other:
        if one:
            sheet.say("edition", "agree", POINTS_EDITION, one, other)
        return "agree"
    if one and other:
        sheet.limit = Verdict.DIFFERENT
        return sheet.say("edition", "differ", -50, one, other)
    if (one or 1) == (other or 1):
        return "agree"
    if year in ("differ", "missing"):
        sheet.at_most(Verdict.ASK)
    return sheet.say("edition", "near", 0, one, other)
