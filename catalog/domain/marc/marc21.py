"""MARC 21 to a neutral record. Read side by side with `unimarc`: same functions, same order.

Where a field has an 880 partner, the form in the script of the book is shown and the romanised one
is kept as pinyin (NO-11).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from catalog.domain.folding import has_han
from catalog.domain.identifiers import parse_isbn, parse_issn, parse_price
from catalog.domain.marc.codelists import MARC21_AUDIENCES, MARC21_MATERIALS, iso_country
from catalog.domain.marc.extract import Field, MarcFields
from catalog.domain.marc.numbers import other_numbers
from catalog.domain.marc.origins import person_ids, with_noted_originals
from catalog.domain.marc.problems import BibFlag
from catalog.domain.marc.roles import role_of
from catalog.domain.marc.values import (
    choose_script,
    clean,
    common_flags,
    distinct_titles,
    edition_number,
    first,
    imprint,
    join,
    parse_extent,
    parse_year,
    personal_name,
    split_statement,
    strip_isbd,
    title_text,
    unique,
)
from catalog.domain.records import (
    Audience,
    BibRecord,
    Classification,
    Contributor,
    Identifier,
    MarcFormat,
    Material,
    Price,
    Series,
    Title,
    TitleKind,
)

Pair = tuple[Field | None, Field | None]
_EMPTY: Field = ("  ", [])

# See Note [Members by name] in records.
_PARALLEL, _OTHER = TitleKind.PARALLEL, TitleKind.OTHER
_MARC21, _BOOK, _FOR_ANYBODY = MarcFormat.MARC21, Material.BOOK, Audience.UNKNOWN

# Tables by tag, in the order in which a record's fields are gone through.
_OTHER_TITLES = {
    "130": ("anp", TitleKind.UNIFORM),
    "240": ("anp", TitleKind.UNIFORM),
    "246": ("abnp", TitleKind.VARIANT),
    "247": ("abnp", TitleKind.VARIANT),
    "222": ("a", TitleKind.VARIANT),
    "730": ("anp", TitleKind.VARIANT),
    "740": ("anp", TitleKind.VARIANT),
    "765": ("t", TitleKind.ORIGINAL),
}
_CONTRIBUTORS = {  # subfields of the name, role when none is written, body
    "100": ("ab", "aut", False),
    "110": ("ab", "aut", True),
    "111": ("a", "aut", True),
    "700": ("ab", "ctb", False),
    "710": ("ab", "ctb", True),
    "711": ("a", "ctb", True),
    "720": ("a", "ctb", False),
}
_SUBJECTS = {  # heading, subdivisions
    "600": ("abcdqt", "xyzv"),
    "610": ("abt", "xyzv"),
    "611": ("at", "xyzv"),
    "630": ("anp", "xyzv"),
    "648": ("a", "xyzv"),
    "650": ("ab", "xyzv"),
    "651": ("a", "xyzv"),
    "655": ("a", "xyzv"),
    "653": ("a", ""),
}
_CLASSES = {"050": "lcc", "090": "lcc", "082": "ddc", "080": "udc", "093": "clc"}
_SERIES = {"490": "a", "440": "anp", "800": "t", "810": "t", "811": "t", "830": "anp"}
_NOTES = ("500", "502", "504", "505", "511", "515", "546", "550", "586")

_CLC = re.compile(r"[A-KN-VXZ][A-Z]?\d")


def get_control(fields: MarcFields) -> tuple[str, str, str]:
    """Control number, whose it is, and when the record was last changed."""
    return (
        clean(fields.control("001")),
        clean(fields.control("003")) or fields.first("040", "a").strip(),
        clean(fields.control("005")),
    )


def _main(fields: MarcFields) -> Pair:
    """245 and its 880: title, part and responsibility."""
    found = fields.linked("245")
    return found[0] if found else (None, None)


def get_titles(fields: MarcFields, main: Pair) -> list[Title]:
    found = _main_titles(main[0] or _EMPTY, main[1] or _EMPTY)
    for tag in _tags(fields, _OTHER_TITLES):
        codes, default = _OTHER_TITLES[tag]
        for base, other in fields.linked(tag):
            text, pinyin = _both(base, other, codes)
            if text:
                is_translation = bool(fields.first("041", "h"))
                kind = _kind(tag, base or other or _EMPTY, default, is_translation=is_translation)
                found.append(Title(text=title_text(text), kind=kind, pinyin=title_text(pinyin)))
    return found


def _tags(fields: MarcFields, table: Iterable[str]) -> Iterator[str]:
    """The tags of a table that this record has anything for."""
    has = fields.by_tag.__contains__
    if has("880"):  # may hold a field of any tag
        has = (fields.by_tag.keys() | fields.in_scripts()).__contains__
    return filter(has, table)


def _kind(tag: str, one: Field, default: TitleKind, *, is_translation: bool) -> TitleKind:
    if tag == "246" and one[0][1] == "1":
        return TitleKind.PARALLEL
    if default is TitleKind.UNIFORM and is_translation and tag != "730" and not first(one[1], "k"):
        return TitleKind.ORIGINAL  # $k: Selections
    return default


def _main_titles(base: Field, other: Field) -> list[Title]:
    """245 $a, and $b cut at its '=' (parallel title) into other title information."""
    proper = first(base[1], "a")
    codes = "a" if proper or first(other[1], "a") else "kpt"
    text, pinyin = _both(base, other, codes)
    if not text:
        return []
    found = [Title(text=title_text(text), pinyin=title_text(pinyin))]
    rest, rest_pinyin = _both(base, other, "b")
    if not rest:
        return found
    is_parallel = proper.rstrip().endswith("=")
    romanised = rest_pinyin.split(" = ")
    for at, piece in enumerate(rest.split(" = ")):
        kind = _PARALLEL if at or is_parallel else _OTHER
        if shown := title_text(piece):
            spoken = romanised[at] if at < len(romanised) else ""
            found.append(Title(text=shown, kind=kind, pinyin=title_text(spoken)))
    return found


def _both(base: Field | None, other: Field | None, codes: str) -> tuple[str, str]:
    """The text as shown and its romanisation."""
    one = join(base[1], codes) if base else ""
    return choose_script(one, join(other[1], codes)) if other and other[1] else (one, "")


def get_volume(main: Pair) -> tuple[str, str]:
    volume, _ = _both(*main, "n")
    part, _ = _both(*main, "p")
    return volume and strip_isbd(volume), part and strip_isbd(part)


def get_responsibility(main: Pair) -> str:
    return strip_isbd(_both(*main, "c")[0])


def get_contributors(fields: MarcFields) -> list[Contributor]:
    found: list[Contributor] = []
    for tag in _tags(fields, _CONTRIBUTORS):
        codes, default, is_corporate = _CONTRIBUTORS[tag]
        for base, other in fields.linked(tag):
            one = base or other or _EMPTY
            role = default
            ids: tuple[str, ...] = ()
            if more := [pair for pair in one[1] if pair[0] not in "abcdq"]:  # than name and dates
                if tag >= "700" and one[0][1] != "2" and first(more, "t"):
                    continue  # a related work, not someone who made this one
                role = role_of(first(more, "4")) or role_of(first(more, "ej")) or default
                ids = person_ids([value for code, value in more if code in "01"])
            shown, romanised = _both(base, other, codes)
            note = join(one[1], "cd")
            person = personal_name(
                shown,
                note=strip_isbd(note) if note else "",
                pinyin=personal_name(romanised).name if romanised else "",
                role=role,
                is_corporate=is_corporate,
                ids=ids,
            )
            if person.name:
                found.append(person)
    return found


def get_edition(fields: MarcFields) -> tuple[str, int | None]:
    for base, other in fields.linked("250"):
        if text := strip_isbd(_both(base, other, "ab")[0]):
            return text, edition_number(text)
    return "", None


def get_publication(fields: MarcFields) -> tuple[str, str, int | None]:
    place = publisher = date = ""
    for base, other in _imprints(fields):
        place = place or imprint(_first_of(base, other, "a"))
        publisher = publisher or imprint(_first_of(base, other, "b"))
        date = date or _first_of(base, other, "c")
    year = parse_year(date) if date else None
    if year is None:
        coded = fields.control("008")[7:11]
        year = int(coded) if coded.isdigit() and "1000" <= coded < "2100" else None
    return place, publisher, year


def _imprints(fields: MarcFields) -> list[Pair]:
    """264 _1 (publication), else 260, else any 264."""
    if "264" not in fields.by_tag:
        return fields.linked("260")
    found = fields.linked("264")
    of_publication = [pair for pair in found if (pair[0] or pair[1] or _EMPTY)[0][1] == "1"]
    return of_publication or fields.linked("260") or found


def _first_of(base: Field | None, other: Field | None, code: str) -> str:
    one = first(base[1], code) if base else ""
    return choose_script(one, first(other[1], code))[0] if other else one


def get_extent(fields: MarcFields) -> tuple[str, int | None, int | None]:
    for _, subfields in fields.by_tag.get("300", ()):
        text = strip_isbd(join(subfields, "a"))
        if text:
            return text, *parse_extent(text)
    return "", None, None


def get_languages(fields: MarcFields) -> tuple[list[str], list[str]]:
    coded = fields.control("008")[35:38]
    text = [coded] if _is_language(coded) else []
    if "041" not in fields.by_tag:
        return text, []
    text += [one for one in _codes(fields.values("041", "a")) if _is_language(one)]
    return text, _codes(fields.values("041", "h"))


def _codes(values: list[str]) -> list[str]:
    """Old records run the codes together: engfre."""
    return [
        value[at : at + 3].lower()
        for value in values
        for at in range(0, len(value) - len(value) % 3, 3)
        if value[at : at + 3].isalpha()
    ]


def _is_language(code: str) -> bool:
    return code.isalpha() and code not in ("und", "zxx", "mul")


def get_country(fields: MarcFields) -> str:
    return iso_country(fields.control("008")[15:18])


def get_identifiers(fields: MarcFields) -> list[Identifier]:
    found: list[Identifier] = []
    for _, subfields in fields.by_tag.get("020", ()):
        qualifier = join(subfields, "q", ", ")
        qualifier = qualifier and clean(qualifier).strip("() :;,")
        for code, value in subfields:
            if code in "az" and (value[:1].isdigit() or any(map(str.isdigit, value))):
                one = parse_isbn(value.partition(" : ")[0])
                is_valid = one.is_valid and code == "a"
                found.append(
                    replace(one, is_valid=is_valid, qualifier=one.qualifier or qualifier)
                    if qualifier or code == "z"
                    else one
                )
    for _, subfields in fields.by_tag.get("022", ()):
        for code, value in subfields:
            if code in "ayz" and value:
                one = parse_issn(value)
                found.append(replace(one, is_valid=False) if code in "yz" else one)
    found += other_numbers(fields)
    return found


def get_subjects(fields: MarcFields) -> list[str]:
    found = []
    for tag in _tags(fields, _SUBJECTS):
        heading, divisions = _SUBJECTS[tag]
        for _, subfields in fields.by_tag.get(tag, ()):
            if tag == "653":
                found += [strip_isbd(value) for code, value in subfields if code == "a"]
                continue
            name = join(subfields, heading)
            parts = [strip_isbd(name)] if name else []
            for code, value in subfields:
                if code in divisions and value:
                    parts.append(strip_isbd(value))
            found.append("--".join(parts))
    return [text for text in found if text]


def get_classes(fields: MarcFields) -> list[Classification]:
    found = []
    for tag in _tags(fields, _CLASSES):
        scheme = _CLASSES[tag]
        for _, subfields in fields.by_tag.get(tag, ()):
            edition = first(subfields, "2").strip() if scheme == "ddc" else ""
            for code, written in subfields:
                if code != "a" or not written:
                    continue
                value = clean(written).replace("/", "") if scheme == "ddc" else clean(written)
                of = "other" if scheme == "clc" and not _CLC.match(value) else scheme
                found.append(Classification(scheme=of, value=value, edition=edition))
    for _, subfields in fields.by_tag.get("084", ()):
        scheme = first(subfields, "2").strip().lower()
        scheme = "clc" if scheme.startswith("clc") or scheme == "cct" else scheme or "other"
        found += [Classification(scheme=scheme, value=clean(v)) for c, v in subfields if c == "a"]
    return [one for one in found if one.value]


def get_series(fields: MarcFields) -> list[Series]:
    found: list[Series] = []
    for tag in _tags(fields, _SERIES):
        if found and tag >= "800":
            break  # 8XX traces what 490 has said
        for base, other in fields.linked(tag):
            title = strip_isbd(_both(base, other, _SERIES[tag])[0])
            volume = strip_isbd(_both(base, other, "v")[0])
            if title:
                found.append(Series(title=title, volume=volume))
    return found


def get_notes(fields: MarcFields) -> list[str]:
    return [
        text
        for tag in filter(fields.by_tag.__contains__, _NOTES)
        for _, subfields in fields.by_tag[tag]
        if (text := clean(join(subfields, "abcdgrt")))
    ]


def get_summary(fields: MarcFields) -> str:
    for base, other in fields.linked("520"):
        if text := _both(base, other, "ab")[0]:
            return clean(text)
    return ""


def get_audience(fields: MarcFields) -> Audience:
    if fields.leader[6] in "ef" or fields.leader[7] in "bis":
        return _FOR_ANYBODY  # 008/22 means something else there
    return MARC21_AUDIENCES.get(fields.control("008")[22:23], _FOR_ANYBODY)


def get_material(fields: MarcFields) -> Material:
    material = MARC21_MATERIALS.get(fields.leader[6], _BOOK)
    if material is not _BOOK:
        return material
    if fields.leader[7] in "bis":
        return Material.SERIAL
    if fields.control("008")[23:24] in ("o", "q", "s"):
        return Material.ELECTRONIC
    carrier = f"{fields.first('245', 'h')} {fields.first('300', 'a')}".lower()
    return Material.ELECTRONIC if "electronic" in carrier or "online" in carrier else _BOOK


def get_prices(fields: MarcFields) -> list[Price]:
    found = []
    for _, subfields in fields.by_tag.get("020", ()):
        for code, value in subfields:
            written = value if code == "c" else value.partition(" : ")[2] if code == "a" else ""
            if written.strip():
                found.append(parse_price(written.strip()))
    return found


def get_urls(fields: MarcFields) -> list[str]:
    return [value.strip() for value in fields.values("856", "u")]


def get_flags(fields: MarcFields, titles: list[Title], identifiers: list[Identifier]) -> list[str]:
    return common_flags(fields.control("001"), titles, identifiers)


def to_bib_record(fields: MarcFields) -> BibRecord:
    """The neutral record of a MARC 21 record."""
    control_number, control_agency, modified = get_control(fields)
    notes = unique(get_notes(fields))
    main = _main(fields)
    titles = with_noted_originals(get_titles(fields, main), notes)
    identifiers = get_identifiers(fields)
    volume, part_name = get_volume(main)
    responsibility = get_responsibility(main)
    contributors = get_contributors(fields)
    flags = get_flags(fields, titles, identifiers)
    if not contributors and has_han(responsibility):
        contributors = split_statement(responsibility)
        flags += [BibFlag.CONTRIBUTORS_FROM_STATEMENT] if contributors else []
    edition, number = get_edition(fields)
    place, publisher, year = get_publication(fields)
    extent, pages, volumes = get_extent(fields)
    languages, original_languages = get_languages(fields)
    return BibRecord(
        format=_MARC21,
        control_number=control_number,
        control_agency=control_agency,
        modified=modified,
        titles=distinct_titles(titles),
        volume=volume,
        part_name=part_name,
        responsibility=responsibility,
        contributors=unique(contributors),
        edition=edition,
        edition_number=number,
        place=place,
        publisher=publisher,
        year=year,
        extent=extent,
        pages=pages,
        volumes=volumes,
        languages=unique(languages),
        original_languages=unique(original_languages),
        country=get_country(fields),
        identifiers=unique(identifiers),
        subjects=unique(get_subjects(fields)),
        classes=unique(get_classes(fields)),
        series=unique(get_series(fields)),
        notes=notes,
        summary=get_summary(fields),
        audience=get_audience(fields),
        material=get_material(fields),
        prices=unique(get_prices(fields)),
        urls=unique(get_urls(fields)),
        flags=tuple(map(str, flags)),
    )
