"""A neutral record to MARC 21 fields. Read side by side with `to_cnmarc`: same order of fields.

The script of the book stands in the regular fields; a catalogued romanisation goes to an 880
linked to its field, so our own reader gets it back as pinyin (NO-11). ISBD punctuation is left
out, as leader/18 = c says. What MARC 21 has no place for is listed in docs/protocols.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from catalog.domain.folding import has_han
from catalog.domain.marc.codelists import COUNTRY_CODES
from catalog.domain.marc.origins import person_links
from catalog.domain.marc.parts import (
    coded_date,
    control,
    data,
    degree,
    first_of,
    is_plain_year,
    rest_of,
)
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

Subfields = Sequence[tuple[str, str]]
_AUDIENCES = {Audience.CHILDREN: "j", Audience.YOUTH: "d", Audience.ADULT: "e"}  # 008/22
_TITLE_FIELDS = {  # tag, indicators, subfield
    TitleKind.MAIN: ("246", "3 ", "a"),  # another work in the same volume
    TitleKind.PARALLEL: ("246", "31", "a"),
    TitleKind.VARIANT: ("246", "3 ", "a"),
    TitleKind.ORIGINAL: ("765", "0 ", "t"),
}
_CLASS_FIELDS = {"lcc": ("050", " 4"), "ddc": ("082", "04"), "udc": ("080", "  ")}
_LANGUAGE = re.compile(r"[a-z]{3}")


def to_marc21(record: BibRecord) -> list[Field]:
    """The record's fields in the order of their tags, control fields first."""
    main, others = _access_points(record)
    fields = [
        *_control(record),
        *_identifiers(record),
        *_languages(record),
        *_classes(record),
    ]
    pairs: list[tuple[Field, Subfields]] = [
        *main,
        _title_statement(record),
        *_other_titles(record),
        *others,
    ]
    fields += [*_description(record), *_subjects(record), *_links(record), *_linked(pairs)]
    return sorted((one for one in fields if one[2]), key=lambda field: field[0])


def _control(record: BibRecord) -> Iterator[Field]:
    yield control("001", record.control_number)
    yield control("003", record.control_agency)
    yield control("005", record.modified)
    yield control("008", _coded(record))
    yield data("040", "  ", ("a", record.control_agency), ("c", record.control_agency))


def _coded(record: BibRecord) -> str:
    """008: what the record says, ``|`` (no attempt to code) for all it does not."""
    entered = coded_date(record.modified)[2:]
    is_serial = record.material is Material.SERIAL
    kind = "c" if is_serial else "s"
    date = f"{kind}{record.year}" if is_plain_year(record.year) else "nuuuu"
    date += "9999" if is_serial else "    "
    country = COUNTRY_CODES.get(record.country, record.country.lower())
    country = f"{country:<3}" if country.isascii() and 0 < len(country) < 4 else "xx "
    material = list("|" * 17)  # 008/18-34
    if not is_serial and record.audience in _AUDIENCES:
        material[22 - 18] = _AUDIENCES[record.audience]
    if record.material is Material.ELECTRONIC:
        material[23 - 18] = "o"
    spoken = first_of(record.languages) or ""
    language = spoken if _LANGUAGE.fullmatch(spoken) else "und"
    return f"{entered}{date}{country}{''.join(material)}{language} d"


def _identifiers(record: BibRecord) -> Iterator[Field]:
    prices = [price.text for price in record.prices]
    for one in record.identifiers:
        match one.kind:
            case IdentifierKind.ISBN | IdentifierKind.UBSN:
                price = prices.pop(0) if prices else ""
                code = "a" if one.is_valid else "z"
                yield data("020", "  ", (code, one.value), ("q", one.qualifier), ("c", price))
            case IdentifierKind.ISSN:
                yield data("022", "  ", _issn(one))
            case IdentifierKind.LCCN:
                yield data("010", "  ", ("a", one.value))
            case IdentifierKind.OCLC:
                yield data("035", "  ", ("a", f"(OCoLC){one.value}"))
            case _:
                kind = "7 " if one.qualifier else "8 "
                yield data("024", kind, ("a", one.value), ("2", one.qualifier))
    for price in prices:
        yield data("020", "  ", ("c", price))


def _issn(one: Identifier) -> tuple[str, str]:
    is_compact = one.is_valid and len(one.value) == 8
    value = f"{one.value[:4]}-{one.value[4:]}" if is_compact else one.value
    return ("a" if one.is_valid else "y"), value


def _languages(record: BibRecord) -> Iterator[Field]:
    if len(record.languages) > 1 or record.original_languages:
        is_translation = "1 " if record.original_languages else "0 "
        spoken = [("a", code) for code in record.languages]
        yield data("041", is_translation, *spoken, *(("h", c) for c in record.original_languages))


def _classes(record: BibRecord) -> Iterator[Field]:
    for one in record.classes:
        if one.scheme in _CLASS_FIELDS:
            tag, indicators = _CLASS_FIELDS[one.scheme]
            edition = one.edition if one.scheme == "ddc" else ""
            yield data(tag, indicators, ("a", one.value), ("2", edition))
        else:
            scheme = "" if one.scheme == "other" else one.scheme
            yield data("084", "  ", ("a", one.value), ("2", scheme))


Pair = tuple[Field, Subfields]


def _access_points(record: BibRecord) -> tuple[list[Pair], list[Pair]]:
    """The main entry, if the first person named is an author, and all the others."""
    main: list[Pair] = []
    others: list[Pair] = []
    for one in record.contributors:
        is_main = not main and not others and one.role == "aut"
        (main if is_main else others).append(_access_point(one, is_main=is_main))
    return main, others


def _access_point(one: Contributor, *, is_main: bool) -> Pair:
    tag = ("1" if is_main else "7") + ("10" if one.is_corporate else "00")
    is_inverted = "," in one.name or has_han(one.name)
    indicators = "2 " if one.is_corporate else "1 " if is_inverted else "0 "
    links = (("1", link) for link in person_links(one.ids))
    shown = data(tag, indicators, ("a", one.name), ("c", one.note), ("4", one.role), *links)
    return shown, [("a", one.pinyin)]


def _title_statement(record: BibRecord) -> Pair:
    main = first_of([t for t in record.titles if t.kind is TitleKind.MAIN], record.titles[:1])
    rest = [title for title in record.titles if title.kind is TitleKind.OTHER and title != main]
    title = main or Title(text="")
    shown = data(
        "245",
        "1" + ("0" if not title.text.lower().startswith("the ") else "4"),
        ("a", title.text),
        ("b", " : ".join(one.text for one in rest)),
        ("n", record.volume),
        ("p", record.part_name),
        ("c", record.responsibility),
    )
    spoken = [("a", title.pinyin), ("b", " : ".join(one.pinyin for one in rest if one.pinyin))]
    return shown, spoken


def _other_titles(record: BibRecord) -> Iterator[Pair]:
    main = first_of([t for t in record.titles if t.kind is TitleKind.MAIN], record.titles[:1])
    has_author = bool(record.contributors) and record.contributors[0].role == "aut"
    for one in record.titles:
        if one is main or one.kind is TitleKind.OTHER:
            continue
        if one.kind is TitleKind.UNIFORM:
            tag, indicators, code = ("240", "10", "a") if has_author else ("130", "0 ", "a")
        else:
            tag, indicators, code = _TITLE_FIELDS[one.kind]
        yield data(tag, indicators, (code, one.text)), [(code, one.pinyin)]


def _description(record: BibRecord) -> Iterator[Field]:
    year = str(record.year) if record.year else ""
    edition = record.edition or degree(record.edition_number)
    yield data("250", "  ", ("a", edition))
    yield data("264", " 1", ("a", record.place), ("b", record.publisher), ("c", year))
    yield data("300", "  ", ("a", record.extent))
    for series in record.series:
        yield data("490", "0 ", ("a", series.title), ("v", series.volume))
    for note in record.notes:
        yield data("500", "  ", ("a", note))
    yield data("520", "  ", ("a", record.summary))


def _subjects(record: BibRecord) -> Iterator[Field]:
    for subject in record.subjects:
        heading, *divisions = subject.split("--")
        yield data("650", " 4", ("a", heading), *(("x", division) for division in divisions))


def _links(record: BibRecord) -> Iterator[Field]:
    for url in record.urls:
        yield data("856", "40", ("u", url))


def _linked(pairs: Sequence[Pair]) -> Iterator[Field]:
    """Each field, and after it the 880 with its romanisation where there is one ($6)."""
    number = 0
    for (tag, indicators, subfields), romanised in pairs:
        spoken = [(code, value) for code, value in romanised if value]
        if not spoken or not has_han(rest_of(subfields, spoken)):
            yield tag, indicators, subfields
            continue
        number += 1
        yield tag, indicators, [("6", f"880-{number:02d}"), *subfields]
        yield "880", indicators, [("6", f"{tag}-{number:02d}/(B"), *data("880", "  ", *spoken)[2]]
