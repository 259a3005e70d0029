"""UNIMARC and CNMARC, as NLC and as CALIS write it, to a neutral record.

Read side by side with `marc21`: same functions, same order. NLC gives pinyin in $9, CALIS in the
upper-case twin of the subfield ($A for $a, $E for $e): NO-11.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec.structs import replace

from catalog.domain.folding import has_han
from catalog.domain.identifiers import parse_isbn, parse_issn, parse_price, parse_ubsn
from catalog.domain.marc.codelists import UNIMARC_AUDIENCES, UNIMARC_MATERIALS
from catalog.domain.marc.extract import MarcFields, Subfields
from catalog.domain.marc.origins import person_ids, with_noted_originals
from catalog.domain.marc.problems import BibFlag
from catalog.domain.marc.roles import role_of
from catalog.domain.marc.values import (
    clean,
    common_flags,
    distinct_titles,
    edition_number,
    first,
    imprint,
    is_latin,
    is_spelt,
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
    IdentifierKind,
    Material,
    Price,
    Series,
    Title,
    TitleKind,
)

_TITLE_200 = {"a": TitleKind.MAIN, "c": TitleKind.VARIANT, "d": TitleKind.PARALLEL,
              "e": TitleKind.OTHER}  # fmt: skip
_OTHER_TITLES = (
    ("500", TitleKind.UNIFORM),
    ("510", TitleKind.PARALLEL),
    ("512", TitleKind.VARIANT),
    ("513", TitleKind.VARIANT),
    ("514", TitleKind.VARIANT),
    ("515", TitleKind.VARIANT),
    ("516", TitleKind.VARIANT),
    ("517", TitleKind.VARIANT),
    ("518", TitleKind.VARIANT),
    ("520", TitleKind.VARIANT),
    ("530", TitleKind.VARIANT),
    ("531", TitleKind.VARIANT),
    ("532", TitleKind.VARIANT),
    ("540", TitleKind.VARIANT),
    ("541", TitleKind.VARIANT),
    ("545", TitleKind.VARIANT),
)
_CONTRIBUTORS = (  # tag, role when none is written, body
    ("700", "aut", False),
    ("710", "aut", True),
    ("720", "aut", False),
    ("701", "aut", False),
    ("711", "aut", True),
    ("721", "aut", False),
    ("702", "ctb", False),
    ("712", "ctb", True),
    ("722", "ctb", False),
    ("730", "ctb", False),
)
_SUBJECTS = (  # tag, heading, subdivisions
    ("600", "abcdf", "xyzj"),
    ("601", "abc", "xyzj"),
    ("602", "a", "xyzj"),
    ("604", "at", "xyzj"),
    ("605", "ahi", "xyzj"),
    ("606", "a", "xyzj"),
    ("607", "a", "xyzj"),
    ("608", "a", "xyzj"),
    ("610", "a", ""),
)
_CLASSES = (("690", "clc", "v"), ("692", "kkf", "v"), ("675", "udc", "v"), ("676", "ddc", "v"),
            ("680", "lcc", ""), ("686", "", ""))  # fmt: skip
_SERIES = (("225", "ai", "v"), ("410", "ai", "v"), ("461", "ai", "v"), ("462", "ai", "v"))
_NOTES = ("300", "301", "302", "303", "304", "305", "306", "307", "308", "310", "311", "312",
          "313", "314", "315", "320", "324", "325", "327", "328", "337")  # fmt: skip

_CLC = re.compile(r"[A-KN-VXZ](?:[A-Z]?\d|[A-Z]?$|[A-Z]?[-/=(])")


def get_control(fields: MarcFields) -> tuple[str, str, str]:
    """Control number, whose it is, and when the record was last changed."""
    return (
        clean(fields.control("001")),
        fields.first("801", "b").strip() or clean(fields.control("003")),
        clean(fields.control("005")),
    )


def get_titles(fields: MarcFields) -> list[Title]:
    found: list[Title] = []
    for _, subfields in fields.by_tag.get("200", [])[:1]:
        found += _main_titles(subfields)
    for tag, kind in _OTHER_TITLES:
        for _, subfields in fields.by_tag.get(tag, ()):
            if text := title_text(join(subfields, "ahi")):
                pinyin = title_text(join(subfields, "9A"))
                found.append(Title(text=text, kind=kind, pinyin=pinyin))
    for _, subfields in fields.by_tag.get("454", ()):
        for tag, inner in embedded(subfields):
            if tag == "200" and (text := title_text(join(inner, "a"))):
                found.append(Title(text=text, kind=TitleKind.ORIGINAL))
    return found


def _main_titles(subfields: Subfields) -> list[Title]:
    """200 in order; pinyin belongs to the title before it, or to the next if it stands first."""
    found: list[Title] = []
    spoken = ""
    subfields = [(code, clean(value)) for code, value in subfields if value.strip()]
    titles = [value for code, value in subfields if code == "a"]
    is_spoken_first = len(titles) > 1 and is_latin(titles[0]) and has_han(titles[1])
    for code, value in subfields:
        if code == "a" and is_spoken_first and value == titles[0]:
            spoken, is_spoken_first = value, False
        elif code in _TITLE_200:
            kind = _TITLE_200[code]
            if kind is TitleKind.MAIN and any(one.kind is TitleKind.MAIN for one in found):
                kind = TitleKind.VARIANT  # another work by the same author
            text = title_text(value.lstrip("= ") if code == "d" else value)
            if text:
                found.append(Title(text=text, kind=kind, pinyin=spoken))
            spoken = ""
        elif code in "9AED" and found and not found[-1].pinyin:
            found[-1] = replace(found[-1], pinyin=title_text(value))
    return found


def embedded(subfields: Subfields) -> Iterator[tuple[str, Subfields]]:
    """The fields inside a 4XX field, each begun by $1 and its tag; without $1 its own $t and $v."""
    if all(code != "1" for code, _ in subfields):
        plain = [("a" if code == "t" else code, value) for code, value in subfields]
        yield "200", [one for one in plain if one[0] in "ahiv"]
        return
    tag, inner = "", Subfields()
    for code, value in subfields:
        if code == "1":
            if tag:
                yield tag, inner
            tag, inner = value[:3], []
        else:
            inner.append((code, value))
    if tag:
        yield tag, inner


def get_volume(fields: MarcFields) -> tuple[str, str]:
    for _, subfields in fields.by_tag.get("200", [])[:1]:
        return strip_isbd(join(subfields, "h")), strip_isbd(join(subfields, "i"))
    return "", ""


def get_responsibility(fields: MarcFields) -> str:
    for _, subfields in fields.by_tag.get("200", [])[:1]:
        return strip_isbd(join(subfields, "fg", " ; "))
    return ""


def get_contributors(fields: MarcFields) -> list[Contributor]:
    found: list[Contributor] = []
    for tag, default, is_corporate in _CONTRIBUTORS:
        for _, subfields in fields.by_tag.get(tag, ()):
            role = role_of(first(subfields, "4")) or default
            person = _contributor(subfields, role=role, is_corporate=is_corporate)
            if person.name:
                found.append(person)
    return found


def _contributor(subfields: Subfields, *, role: str, is_corporate: bool) -> Contributor:
    """Subfields stand in any order; $c holds nationality or dynasty, or the original name."""
    name, given = first(subfields, "a"), first(subfields, "b")
    facts = {
        "pinyin": clean(join(subfields, "9A")),
        "role": role,
        "is_corporate": is_corporate,
        "ids": person_ids(
            [f"isni {value}" if code == "o" else value for code, value in subfields if code in "o3"]
        ),
    }
    notes: list[str] = []
    original = ""
    for code, value in subfields:
        inner = clean(value).strip("()（）[]〔〕 ,;")
        if code in "cfg" and inner:
            if code == "c" and has_han(name) and is_spelt(inner) and len(inner) > 3:
                original = inner
            elif code == "g" and has_han(name) and is_spelt(inner) and not is_corporate:
                original = original or inner
            elif code != "g":
                notes.append(inner)
    if is_corporate:
        name = " ".join([name, *[clean(v) for code, v in subfields if code == "b"]])
    elif given and has_han(name) and is_latin(given):
        original = original or given.strip("()（） ,")
    elif given:
        expanded = first(subfields, "g") or given
        name = name + given if has_han(given) else f"{name.rstrip(', ')}, {expanded.strip(', ')}"
    return personal_name(name, note=" ".join(notes), original=original, **facts)


def get_edition(fields: MarcFields) -> tuple[str, int | None]:
    for _, subfields in fields.by_tag.get("205", ()):
        if text := strip_isbd(join(subfields, "ab")):
            return text, edition_number(text)
    return "", None


def get_publication(fields: MarcFields) -> tuple[str, str, int | None]:
    place = publisher = date = ""
    for tag in ("210", "214"):
        for _, subfields in fields.by_tag.get(tag, ()):
            place = place or imprint(first(subfields, "a"))
            publisher = publisher or imprint(first(subfields, "c"))
            date = date or first(subfields, "d")
    year = parse_year(date) if date else None
    if year is None:
        coded = fields.first("100", "a")[9:13]
        year = int(coded) if coded.isdigit() and "1000" <= coded < "2100" else None
    return place, publisher, year


def get_extent(fields: MarcFields) -> tuple[str, int | None, int | None]:
    for _, subfields in fields.by_tag.get("215", ()):
        if text := strip_isbd(join(subfields, "a")):
            return text, *parse_extent(text)
    return "", None, None


def get_languages(fields: MarcFields) -> tuple[list[str], list[str]]:
    def codes(of: str) -> list[str]:
        found = [value.strip().lower() for value in fields.values("101", of)]
        return [code for code in found if len(code) == 3 and code.isalpha()]

    return codes("a"), codes("c")


def get_country(fields: MarcFields) -> str:
    return fields.first("102", "a").strip()


def get_identifiers(fields: MarcFields) -> list[Identifier]:
    found: list[Identifier] = []
    for _, subfields in fields.by_tag.get("010", ()):
        qualifier = clean(join(subfields, "b", ", ")).strip("()（） ,;")
        for code, value in subfields:
            if code in "az" and any(char.isdigit() for char in value):
                one = parse_isbn(value)
                is_valid = one.is_valid and code == "a"
                qualified = one.qualifier or qualifier
                found.append(replace(one, is_valid=is_valid, qualifier=qualified))
    found += [parse_issn(value) for value in fields.values("011", "a")]
    for value in fields.values("091", "a"):
        unread = Identifier(kind=IdentifierKind.UBSN, value=clean(value), is_valid=False)
        found.append(parse_ubsn(value) or unread)
    for tag in ("013", "016", "022", "092", "094"):
        for _, subfields in fields.by_tag.get(tag, ()):
            if value := clean(first(subfields, "a")):
                found.append(
                    Identifier(
                        kind=IdentifierKind.OTHER, value=value, qualifier=first(subfields, "b")
                    )
                )
    return found


def get_subjects(fields: MarcFields) -> list[str]:
    found = []
    for tag, heading, divisions in _SUBJECTS:
        for _, subfields in fields.by_tag.get(tag, ()):
            if tag == "610":
                found += [strip_isbd(value) for code, value in subfields if code == "a"]
                continue
            parts = [join(subfields, heading)]
            parts += [value for code, value in subfields if code in divisions]
            found.append("--".join([strip_isbd(part) for part in parts if part]))
    return [text for text in found if text]


def get_classes(fields: MarcFields) -> list[Classification]:
    found = []
    for tag, scheme, edition_code in _CLASSES:
        for _, subfields in fields.by_tag.get(tag, ()):
            edition = first(subfields, edition_code) if edition_code else ""
            for code, value in subfields:
                text = clean(value).lstrip("*+{[ ").rstrip("}] ")
                if code == "a" and text:
                    known = scheme or first(subfields, "2") or "other"
                    if known == "clc" and not _CLC.match(text):
                        known = "other"  # 690 may hold another scheme (NO-16)
                    found.append(Classification(scheme=known, value=text, edition=edition))
    return found


def get_series(fields: MarcFields) -> list[Series]:
    found: list[Series] = []
    for tag, codes, number in _SERIES:
        if found and tag != "225":
            break  # 4XX links what 225 has said
        for _, subfields in fields.by_tag.get(tag, ()):
            inner = subfields
            if tag != "225":
                inner = next((f for t, f in embedded(subfields) if t == "200"), [])
            if title := title_text(join(inner, codes)):
                found.append(Series(title=title, volume=strip_isbd(join(inner, number))))
    return found


def get_notes(fields: MarcFields) -> list[str]:
    return [
        text
        for tag in _NOTES
        for _, subfields in fields.by_tag.get(tag, ())
        if (text := clean(join(subfields, "abcdefghijkln")))
    ]


def get_summary(fields: MarcFields) -> str:
    return clean(fields.first("330", "a"))


def get_audience(fields: MarcFields) -> Audience:
    found = [
        UNIMARC_AUDIENCES[code]
        for code in fields.first("100", "a")[17:20]
        if code in UNIMARC_AUDIENCES
    ]
    if Audience.ADULT in found:
        return Audience.ADULT  # "em", young people and adults, stands on nearly every book
    return found[0] if found else Audience.UNKNOWN


def get_material(fields: MarcFields) -> Material:
    kind, level = fields.leader[6], fields.leader[7]
    material = UNIMARC_MATERIALS.get(kind, Material.BOOK)
    if material is Material.BOOK and level in "si":
        return Material.SERIAL
    carrier = f"{fields.first('200', 'b')} {fields.first('215', 'a')}"
    is_remote = "135" in fields.by_tag or "电子" in carrier or "在线" in carrier
    is_remote = is_remote or "electronic" in carrier.lower()
    return Material.ELECTRONIC if material is Material.BOOK and is_remote else material


def get_prices(fields: MarcFields) -> list[Price]:
    return [
        parse_price(value.strip())
        for tag in ("010", "011", "091")
        for value in fields.values(tag, "d")
        if value.strip()
    ]


def get_urls(fields: MarcFields) -> list[str]:
    return [value.strip() for value in fields.values("856", "u")]


def get_flags(fields: MarcFields, titles: list[Title], identifiers: list[Identifier]) -> list[str]:
    found = common_flags(fields.control("001"), titles, identifiers)
    if any(not first(subfields, "az") for _, subfields in fields.by_tag.get("010", ())):
        found.append(BibFlag.IDENTIFIER_EMPTY)
    if any(v and not _CLC.match(clean(v).lstrip("*+{[ ")) for v in fields.values("690", "a")):
        found.append(BibFlag.CLASS_NOT_CLC)
    shown = fields.first("200", "a")
    if titles and shown and title_text(shown) == titles[0].pinyin:
        found.append(BibFlag.PINYIN_AS_TITLE)
    return found


def to_bib_record(fields: MarcFields) -> BibRecord:
    """The neutral record of a UNIMARC or CNMARC record."""
    control_number, control_agency, modified = get_control(fields)
    notes = unique(get_notes(fields))
    titles = with_noted_originals(get_titles(fields), notes)
    identifiers = get_identifiers(fields)
    volume, part_name = get_volume(fields)
    responsibility = get_responsibility(fields)
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
        format=fields.format,
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
