"""What a record says about copies, in whichever local field its library says it (NO-18).

A profile names the field and what its subfields mean; `auto` takes the first profile that finds a
barcode, in the order usual for the record's dialect.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from catalog.domain.identifiers import parse_price
from catalog.domain.items import ItemFacts
from catalog.domain.marc.extract import MarcFields, Subfields
from catalog.domain.marc.problems import Flag
from catalog.domain.marc.values import clean, strip_isbd
from catalog.domain.records import MarcFormat, Price


class HoldingsProfile(StrEnum):
    """The presets a member may choose."""

    AUTO = "auto"
    F852 = "852"
    F852_876 = "852+876"  # 852 says where, 876-878 which copies, joined by $8
    F952 = "952"  # Koha
    F905 = "905"  # most Chinese systems
    F906 = "906"  # dp2 and Aleph: barcode in $b or $h
    F985 = "985"  # one field for all copies, groups of $a barcode $b place $d price
    F995 = "995"  # French and other UNIMARC
    F949 = "949"  # Sirsi; 999 too
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Dialect:
    """Subfield codes by what they mean; the first non-empty code wins, except in call numbers."""

    tags: tuple[str, ...]
    barcode: str
    branch: str = ""
    location: str = ""
    call: str = ""  # a whole call number
    call_parts: str = ""  # its parts, joined with a slash when there is no whole one
    call_glue: str = "/"
    call_or_count: str = ""  # a call number in some libraries, the number of copies in others
    volume: str = ""
    copy: str = ""
    material: str = ""
    price: str = ""
    note: str = ""


_DIALECTS: dict[str, _Dialect] = {
    HoldingsProfile.F852: _Dialect(
        tags=("852",), barcode="p", branch="ba", location="c", call_parts="khim", call_glue=" ",
        volume="3", copy="t", note="z",
    ),
    HoldingsProfile.F952: _Dialect(
        tags=("952",), barcode="p", branch="ab", location="c", call="o", volume="h", copy="t",
        material="y", price="vg", note="z",
    ),
    HoldingsProfile.F905: _Dialect(
        tags=("905",), barcode="b", branch="a", location="c", call="s", call_parts="de",
        call_or_count="f", volume="v", copy="z", price="r", note="n",
    ),
    HoldingsProfile.F906: _Dialect(
        tags=("906", "986"), barcode="bh", branch="a", location="c", call="s", call_parts="de",
        volume="v", copy="z", price="r", note="n",
    ),
    HoldingsProfile.F985: _Dialect(
        tags=("985",), barcode="a", branch="b", location="c", call="s", call_parts="ef",
        volume="v", price="d", note="n",
    ),
    HoldingsProfile.F995: _Dialect(
        tags=("995",), barcode="f", branch="cb", location="e", call="k", volume="v", copy="t",
        material="r", note="u",
    ),
    HoldingsProfile.F949: _Dialect(
        tags=("949", "999"), barcode="i", branch="m", location="l", call="a", volume="v", copy="c",
        material="t", price="p", note="o",
    ),
}  # fmt: skip
_876 = _Dialect(tags=("876", "877", "878"), barcode="p", location="l", volume="3", copy="t",
                price="c", note="z")  # fmt: skip
_AUTO = {
    MarcFormat.MARC21: ("952", "852+876", "852", "949"),
    MarcFormat.CNMARC: ("905", "906", "985", "952", "995"),
    MarcFormat.UNIMARC: ("995", "952", "905"),
}


_AUTOMATIC = HoldingsProfile.AUTO  # see Note [Members by name] in records
# Every tag in which the above look for copies: most records have none of them.
_TAGS = {
    format_: frozenset(
        tag
        for one in names
        for tag in (_876.tags if one == HoldingsProfile.F852_876 else _DIALECTS[one].tags)
    )
    for format_, names in _AUTO.items()
}


def extract_items(fields: MarcFields, *, profile: str) -> tuple[ItemFacts, ...]:
    """The copies a record names, each barcode once; what was odd is flagged on ``fields``.

    Raises ValueError for a profile that is none of ``HoldingsProfile``.
    """
    if profile == _AUTOMATIC and _TAGS[fields.format].isdisjoint(fields.tags):
        return ()
    chosen = HoldingsProfile(profile)
    if chosen == HoldingsProfile.NONE:
        return ()
    if chosen != HoldingsProfile.AUTO:
        return _each_once(fields, _items(fields, chosen))
    for one in _AUTO[fields.format]:
        if found := _items(fields, one):
            # What profiles without a barcode complained about is of no interest any more.
            fields.flags[:] = [flag for flag in fields.flags if flag != Flag.ITEM_WITHOUT_BARCODE]
            return _each_once(fields, found)
    return ()


def _items(fields: MarcFields, profile: str) -> list[ItemFacts]:
    if profile == HoldingsProfile.F852_876:
        return _items_of_852_876(fields)
    dialect = _DIALECTS[profile]
    return [
        item
        for tag in dialect.tags
        for _, subfields in fields.fields(tag)
        for item in _items_of_field(fields, subfields, dialect)
    ]


def _each_once(fields: MarcFields, items: list[ItemFacts]) -> tuple[ItemFacts, ...]:
    """A barcode twice in one record is one copy described twice; the first description stands."""
    found: dict[str, ItemFacts] = {}
    for item in items:
        if item.barcode in found:
            fields.flag(Flag.BARCODE_REPEATED)
        found.setdefault(item.barcode, item)
    return tuple(found.values())


# Note [Many copies in one field]
# A code that occurs once in a field speaks for all its copies. A code that is repeated speaks for
# the copy whose barcode it follows: `$a barcode $b place $d price $a barcode $b place $d price`.
# Where the barcode code itself is the only repeated one, the copies share all the rest.


def _items_of_field(
    fields: MarcFields, subfields: Subfields, dialect: _Dialect
) -> Iterator[ItemFacts]:
    code = next((c for c in dialect.barcode if any(c == one for one, _ in subfields)), "")
    if not code:
        fields.flag(Flag.ITEM_WITHOUT_BARCODE)
        return
    groups = _groups(subfields, code)
    for group in groups:
        facts = _facts(group, dialect)
        for barcode in _barcodes(fields, next(value for one, value in group if one == code)):
            yield replace(facts, barcode=barcode)


def _groups(subfields: Subfields, barcode: str) -> list[Subfields]:
    codes = [code for code, _ in subfields]
    shared = [one for one in subfields if codes.count(one[0]) == 1 and one[0] != barcode]
    groups: list[Subfields] = []
    waiting: Subfields = []
    for code, value in subfields:
        if code == barcode:
            groups.append([*waiting, (code, value)] if not groups else [(code, value)])
            waiting = []
        elif codes.count(code) > 1:
            (groups[-1] if groups else waiting).append((code, value))
    return [group + shared for group in groups]


def _facts(group: Subfields, dialect: _Dialect) -> ItemFacts:
    def value(codes: str) -> str:
        for code in codes:
            for one, text in group:
                if one == code and text.strip():
                    return clean(text)
        return ""

    parts = [clean(text) for code, text in group if code in dialect.call_parts and text.strip()]
    call = value(dialect.call) or dialect.call_glue.join(parts)
    if not call and any(char.isalpha() for char in value(dialect.call_or_count)):
        call = value(dialect.call_or_count)
    price = value(dialect.price)
    return ItemFacts(
        barcode="",
        branch_code=value(dialect.branch),
        location=value(dialect.location),
        call_number=call,
        volume=strip_isbd(value(dialect.volume)),
        copy=value(dialect.copy),
        material=value(dialect.material),
        price=_price(price),
        note=value(dialect.note),
    )


def _price(text: str) -> Price | None:
    found = parse_price(text) if text else None
    return found if found and found.amount is not None else None


_BETWEEN = re.compile(r"[,，;；、\s]+")
_MAX_RANGE = 500  # copies; a longer "range" is a number with a dash in it


def _barcodes(fields: MarcFields, text: str) -> list[str]:
    found: list[str] = []
    for piece in _BETWEEN.split(text.strip()):
        expanded = expand_range(piece)
        if len(expanded) > 1:
            fields.flag(Flag.BARCODE_RANGE)
        found += expanded
    if not found:
        fields.flag(Flag.ITEM_WITHOUT_BARCODE)
    return found


def expand_range(text: str) -> list[str]:
    """The barcodes of ``20295403-5408`` or ``1683011-3``; any other text is one barcode.

    >>> expand_range("0010208-10")
    ['0010208', '0010209', '0010210']
    """
    match = re.fullmatch(r"([A-Za-z]{0,4})(\d{3,})[-–—~～](?:\1)?(\d+)", text)
    if match is None:
        return [text] if text else []
    prefix, first, tail = match.groups()
    last = first[: len(first) - len(tail)] + tail
    count = int(last) - int(first) + 1
    if len(last) != len(first) or not 1 < count <= _MAX_RANGE:
        return [text]
    return [f"{prefix}{number:0{len(first)}d}" for number in range(int(first), int(last) + 1)]


def _items_of_852_876(fields: MarcFields) -> list[ItemFacts]:
    """Copies of 876-878 with the place of the 852 linked to them by $8, else of the only 852."""
    places = {_link(s): _facts(s, _DIALECTS[HoldingsProfile.F852]) for _, s in fields.fields("852")}
    found: list[ItemFacts] = []
    for tag in _876.tags:
        for _, subfields in fields.fields(tag):
            place = places.get(_link(subfields))
            if place is None and len(places) == 1:
                place = next(iter(places.values()))
            found += [
                _at(item, place) if place else item
                for item in _items_of_field(fields, subfields, _876)
            ]
    return found


def _link(subfields: Subfields) -> str:
    return next((value.partition(".")[0] for code, value in subfields if code == "8"), "")


def _at(item: ItemFacts, place: ItemFacts) -> ItemFacts:
    return replace(
        item,
        branch_code=place.branch_code,
        location=item.location or place.location,
        call_number=place.call_number,
        note=item.note or place.note,
    )
