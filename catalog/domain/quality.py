"""What a member's record lacks, as a cataloguer would say it; one code for each thing to mend."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Any

_NUMBERED = {"isbn", "issn", "ubsn"}
_CHECKED = {"isbn", "issn"}
_DAMAGED = {"characters_lost", "characters_unencoded", "mojibake"}
_REPAIRED = {"length_wrong", "directory_repaired", "leader_repaired", "xml_repaired"}
_ENCODING_GUESSED = {"encoding_guessed", "encoding_not_as_hinted", "encoding_not_as_claimed"}


class Lack(StrEnum):
    NO_TITLE = "no_title"
    NO_AUTHOR = "no_author"
    NO_NUMBER = "no_number"  # neither ISBN nor 统一书号 nor ISSN
    BAD_CHECK_DIGIT = "bad_check_digit"
    NO_PUBLISHER = "no_publisher"
    NO_YEAR = "no_year"
    NO_PAGES = "no_pages"
    NO_CLASS = "no_class"  # no 中图法 number
    NO_SUBJECT = "no_subject"
    NO_PRICE = "no_price"
    CHARACTERS_DAMAGED = "characters_damaged"
    STRUCTURE_REPAIRED = "structure_repaired"
    ENCODING_UNCLEAR = "encoding_unclear"
    NO_ITEMS = "no_items"
    UNMATCHED = "unmatched"  # no other member has it; not a fault


def lacks_of(
    record: Mapping[str, Any], *, flags: Collection[str], has_items: bool, is_matched: bool
) -> list[Lack]:
    """What is to be mended in one record; ``record`` is the JSON of a `BibRecord`."""
    identifiers = record.get("identifiers", [])
    kinds = {one.get("kind") for one in identifiers}
    is_book = record.get("material", "book") == "book"
    found = {
        Lack.NO_TITLE: not record.get("titles"),
        Lack.NO_AUTHOR: not record.get("contributors"),
        Lack.NO_NUMBER: is_book and not kinds & _NUMBERED,
        Lack.BAD_CHECK_DIGIT: any(
            one.get("kind") in _CHECKED and not one.get("is_valid", True) for one in identifiers
        ),
        Lack.NO_PUBLISHER: not record.get("publisher"),
        Lack.NO_YEAR: not record.get("year"),
        Lack.NO_PAGES: is_book and not record.get("pages"),
        Lack.NO_CLASS: all(one.get("scheme") != "clc" for one in record.get("classes", [])),
        Lack.NO_SUBJECT: not record.get("subjects"),
        Lack.NO_PRICE: is_book and not any(p.get("amount") for p in record.get("prices", [])),
        Lack.CHARACTERS_DAMAGED: not _DAMAGED.isdisjoint(flags),
        Lack.STRUCTURE_REPAIRED: not _REPAIRED.isdisjoint(flags),
        Lack.ENCODING_UNCLEAR: not _ENCODING_GUESSED.isdisjoint(flags),
        Lack.NO_ITEMS: not has_items,
        Lack.UNMATCHED: not is_matched,
    }
    return [lack for lack, is_so in found.items() if is_so]
