"""A neutral record to CNMARC fields. Read side by side with `to_marc21`: same order of fields.

Pinyin goes to $9 behind its title or name, as the National Library writes it (NO-11); roles are
given in Chinese words where CNMARC has one. What CNMARC has no place for is listed in
docs/protocols.md.
"""

from __future__ import annotations

from collections.abc import Iterator

from catalog.domain.folding import has_han
from catalog.domain.marc.origins import person_links
from catalog.domain.marc.parts import coded_date, control, data, degree, first_of, is_plain_year
from catalog.domain.marc.roles import role_word
from catalog.domain.marc.values import is_latin
from catalog.domain.marc.write import Field
from catalog.domain.records import (
    Audience,
    BibRecord,
    Contributor,
    Identifier,
    IdentifierKind,
    Material,
    Title,
    TitleKind,
)

_AUDIENCES = {Audience.CHILDREN: "a", Audience.YOUTH: "e", Audience.ADULT: "m"}  # 100 $a/17
_CLASS_FIELDS = {"clc": "690", "kkf": "692", "udc": "675", "ddc": "676", "lcc": "680"}
_FIRST_RESPONSIBILITY = frozenset({"aut", "edt", "com", "cmp", "pht", "drt"})
_ISMN = "ISMN"


def to_cnmarc(record: BibRecord) -> list[Field]:
    """The record's fields in the order of their tags, control fields first."""
    fields = [
        *_control(record),
        *_identifiers(record),
        *_languages(record),
        *_classes(record),
        *map(_access_point, record.contributors),
        _title_statement(record),
        *_other_titles(record),
        *_description(record),
        *_subjects(record),
        *_links(record),
    ]
    return sorted((one for one in fields if one[2]), key=lambda field: field[0])


def _control(record: BibRecord) -> Iterator[Field]:
    yield control("001", record.control_number)
    yield control("005", record.modified)
    yield "100", "  ", [("a", _coded(record))]
    yield data("102", "  ", ("a", record.country))
    changed = coded_date(record.modified)
    yield data(
        "801",
        " 0",
        ("a", "CN"),
        ("b", record.control_agency),
        ("c", "" if changed.startswith("0") else changed),
    )


def _coded(record: BibRecord) -> str:
    """100 $a: 36 characters; Unicode, catalogued in Chinese."""
    year = f"{record.year}" if is_plain_year(record.year) else "    "
    kind = "a" if record.material is Material.SERIAL else "d" if year.strip() else "u"
    audience = _AUDIENCES.get(record.audience, "u")
    return f"{coded_date(record.modified)}{kind}{year}    {audience}  y0chiy50      ea"


def _identifiers(record: BibRecord) -> Iterator[Field]:
    prices = [price.text for price in record.prices]
    for one in record.identifiers:
        match one.kind:
            case IdentifierKind.ISBN:
                price = prices.pop(0) if prices else ""
                code = "a" if one.is_valid else "z"
                yield data("010", "  ", (code, one.value), ("b", one.qualifier), ("d", price))
            case IdentifierKind.ISSN:
                yield data("011", "  ", ("a", _issn(one)))
            case IdentifierKind.UBSN:
                qualifier = f"({one.qualifier})" if one.qualifier else ""
                yield data("091", "  ", ("a", one.value + qualifier))
            case IdentifierKind.LCCN:
                yield data("035", "  ", ("a", f"(DLC){one.value}"))
            case IdentifierKind.OCLC:
                yield data("035", "  ", ("a", f"(OCoLC){one.value}"))
            case _:
                tag = "013" if one.qualifier == _ISMN else "094"
                yield data(tag, "  ", ("a", one.value), ("b", one.qualifier))
    for price in prices:
        yield data("010", "  ", ("d", price))


def _issn(one: Identifier) -> str:
    is_compact = one.is_valid and len(one.value) == 8
    return f"{one.value[:4]}-{one.value[4:]}" if is_compact else one.value


def _languages(record: BibRecord) -> Iterator[Field]:
    is_translation = "1 " if record.original_languages else "0 "
    spoken = [("a", code) for code in record.languages]
    yield data("101", is_translation, *spoken, *(("c", c) for c in record.original_languages))


def _classes(record: BibRecord) -> Iterator[Field]:
    for one in record.classes:
        if tag := _CLASS_FIELDS.get(one.scheme):
            yield data(tag, "  ", ("a", one.value), ("v", one.edition))
        else:
            scheme = "" if one.scheme == "other" else one.scheme
            yield data("686", "  ", ("a", one.value), ("2", scheme))


def _access_point(one: Contributor) -> Field:
    is_first = one.role in _FIRST_RESPONSIBILITY
    tag = ("71" if one.is_corporate else "70") + ("1" if is_first else "2")
    indicators = "02" if one.is_corporate else " 1" if "," in one.name else " 0"
    name, has_given, given = one.name, "", ""
    if not one.is_corporate and not has_han(one.name):
        name, has_given, given = one.name.partition(", ")
    note_code = "f" if is_latin(one.note) else "c"
    original = one.original if has_han(one.name) else ""
    return data(
        tag,
        indicators,
        ("a", name if has_given else one.name),
        ("b", given),
        ("9", one.pinyin),
        ("c", original),
        (note_code, one.note),
        *(("3", link) for link in person_links(one.ids)),
        ("4", role_word(one.role)),
    )


def _title_statement(record: BibRecord) -> Field:
    main = _main_title(record) or Title(text="")
    subfields = [("a", main.text), ("9", main.pinyin)]
    for kind, code in ((TitleKind.PARALLEL, "d"), (TitleKind.OTHER, "e")):
        for one in record.titles:
            if one.kind is kind and one is not main:
                subfields += [(code, one.text), ("9", one.pinyin)]
    subfields += [("h", record.volume), ("i", record.part_name), ("f", record.responsibility)]
    return data("200", "1 ", *subfields)


def _main_title(record: BibRecord) -> Title | None:
    return first_of([t for t in record.titles if t.kind is TitleKind.MAIN], record.titles[:1])


def _other_titles(record: BibRecord) -> Iterator[Field]:
    main = _main_title(record)
    for one in record.titles:
        if one is main or one.kind in (TitleKind.PARALLEL, TitleKind.OTHER):
            continue
        if one.kind is TitleKind.ORIGINAL:
            yield (
                data("454", " 0", ("1", "2001 "), ("a", one.text)) if one.text else data("454", "")
            )
        else:
            tag = "500" if one.kind is TitleKind.UNIFORM else "517"
            yield data(tag, "1 ", ("a", one.text), ("9", one.pinyin))


def _description(record: BibRecord) -> Iterator[Field]:
    year = str(record.year) if record.year else ""
    yield data("205", "  ", ("a", record.edition or degree(record.edition_number)))
    yield data("210", "  ", ("a", record.place), ("c", record.publisher), ("d", year))
    yield data("215", "  ", ("a", record.extent))
    for series in record.series:
        yield data("225", "2 ", ("a", series.title), ("v", series.volume))
    for note in record.notes:
        yield data("300", "  ", ("a", note))
    yield data("330", "  ", ("a", record.summary))


def _subjects(record: BibRecord) -> Iterator[Field]:
    for subject in record.subjects:
        heading, *divisions = subject.split("--")
        yield data("606", "0 ", ("a", heading), *(("x", division) for division in divisions))


def _links(record: BibRecord) -> Iterator[Field]:
    for url in record.urls:
        yield data("856", "4 ", ("u", url))
