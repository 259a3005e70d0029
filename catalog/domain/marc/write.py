"""Field lists to ISO 2709 or MARCXML bytes, with the leader habits of MARC 21 and of CNMARC."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from catalog.domain.records import MarcFormat

Field = tuple[str, str, Sequence[tuple[str, str]]]
"""(tag, indicators, subfields); a control field is ``("001", "", [("", "value")])``."""

FIELD_END, RECORD_END, SUBFIELD = "\x1e", "\x1d", "\x1f"
MARCXML_NAMESPACE = "http://www.loc.gov/MARC21/slim"
MAX_RECORD, MAX_FIELD = 99_999, 9_999  # ISO 2709: five and four digits

_FORBIDDEN_IN_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_LEADER_TAIL = {
    MarcFormat.MARC21: "4500",
    MarcFormat.CNMARC: "450 ",
    MarcFormat.UNIMARC: "450 ",
}
_XML_FORMAT = {
    MarcFormat.CNMARC: "CNMARC",
    MarcFormat.UNIMARC: "UNIMARC",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaderFlags:
    """The leader positions a cataloguer sets; lengths are computed."""

    status: str = "n"  # 05: n new, c corrected, d deleted
    type: str = "a"  # 06: a text, c score, e map, g video, i/j sound …
    level: str = "m"  # 07: m monograph, s serial
    control: str = " "  # 08: MARC 21 type of control, CNMARC hierarchy
    encoding_level: str = " "  # 17
    descriptive_form: str = " "  # 18


_PLAIN = LeaderFlags()


def write_iso2709(
    fields: Sequence[Field],
    *,
    format: MarcFormat,  # noqa: A002 - the word every MARC document uses
    encoding: str = "utf-8",
    leader_flags: LeaderFlags = _PLAIN,
) -> bytes:
    """One record as ISO 2709 bytes, fields in the order given.

    ``encoding`` is ``utf-8`` or ``gb18030``. Leader/09 is ``a`` only for MARC 21 in UTF-8; CNMARC
    and UNIMARC leave it blank (WH/T 0503). Raises ValueError when a field or the record is longer
    than ISO 2709 can say, or text holds a control character.
    """
    bodies = [(field[0], _field_text(field).encode(encoding)) for field in fields]
    directory, start = [], 0
    for tag, body in bodies:
        if len(body) > MAX_FIELD:
            raise ValueError(f"field {tag} is {len(body)} bytes, ISO 2709 allows {MAX_FIELD}")
        directory.append(f"{tag}{len(body):04d}{start:05d}")
        start += len(body)
    base = 24 + 12 * len(bodies) + 1
    total = base + start + 1
    if total > MAX_RECORD:
        raise ValueError(f"record is {total} bytes, ISO 2709 allows {MAX_RECORD}")
    coding = "a" if format is MarcFormat.MARC21 and _is_utf8(encoding) else " "
    leader = _leader(format, leader_flags, coding=coding, total=total, base=base)
    head = (leader + "".join(directory) + FIELD_END).encode("ascii")
    return head + b"".join(body for _, body in bodies) + RECORD_END.encode("ascii")


def write_marcxml(
    records: Iterable[Sequence[Field]],
    *,
    format: MarcFormat,  # noqa: A002 - the word every MARC document uses
    leader_flags: LeaderFlags = _PLAIN,
) -> bytes:
    """A MARCXML collection in UTF-8, one record after another as given."""
    return marcxml_collection(((fields, leader_flags) for fields in records), format=format)


def marcxml_collection(
    records: Iterable[tuple[Sequence[Field], LeaderFlags]],
    *,
    format: MarcFormat,  # noqa: A002 - the word every MARC document uses
) -> bytes:
    """The same for records that differ in their leaders."""
    opening = f'<?xml version="1.0" encoding="UTF-8"?>\n<collection xmlns="{MARCXML_NAMESPACE}">\n'
    body = "".join(
        marcxml_record(fields, format=format, leader_flags=flags) for fields, flags in records
    )
    return (opening + body + "</collection>\n").encode()


def marcxml_record(
    fields: Sequence[Field],
    *,
    format: MarcFormat,  # noqa: A002 - the word every MARC document uses
    leader_flags: LeaderFlags = _PLAIN,
) -> str:
    """One ``<record>`` element, without namespace declaration, for a collection.

    ``format`` as an attribute is what other dialects than MARC 21 are known by; MARC21slim itself
    knows no such attribute.
    """
    named = "" if format is MarcFormat.MARC21 else f' format="{_XML_FORMAT[format]}"'
    return _xml_record(named, fields, format, leader_flags)


def marc21_slim(fields: Sequence[Field], *, leader_flags: LeaderFlags = _PLAIN) -> str:
    """One MARC 21 ``<record>`` that stands alone, valid against the MARC21slim schema."""
    return _xml_record(f' xmlns="{MARCXML_NAMESPACE}"', fields, MarcFormat.MARC21, leader_flags)


def _xml_record(
    attributes: str,
    fields: Sequence[Field],
    format: MarcFormat,  # noqa: A002 - the word every MARC document uses
    leader_flags: LeaderFlags,
) -> str:
    coding = "a" if format is MarcFormat.MARC21 else " "
    leader = _leader(format, leader_flags, coding=coding, total=0, base=0)
    lines = [f'<record{attributes} type="Bibliographic">']
    lines.append(f"<leader>{escape(leader)}</leader>")
    lines.extend(_xml_field(field) for field in fields)
    lines.append("</record>\n")
    return "\n".join(lines)


def _xml_field(field: Field) -> str:
    tag, indicators, subfields = field
    _field_text(field)  # refuses what XML cannot carry
    if _is_control(field):
        return f"<controlfield tag={quoteattr(tag)}>{escape(subfields[0][1])}</controlfield>"
    padded = f"{indicators:<2}"
    inside = "".join(
        f"<subfield code={quoteattr(code)}>{escape(value)}</subfield>" for code, value in subfields
    )
    opening = (
        f"<datafield tag={quoteattr(tag)} ind1={quoteattr(padded[0])} ind2={quoteattr(padded[1])}>"
    )
    return f"{opening}{inside}</datafield>"


def _field_text(field: Field) -> str:
    tag, indicators, subfields = field
    for code, value in subfields:
        if _FORBIDDEN_IN_TEXT.search(value):
            raise ValueError(f"field {tag}${code} holds a control character")
    if _is_control(field):
        return subfields[0][1] + FIELD_END
    inside = "".join(SUBFIELD + code + value for code, value in subfields)
    return f"{indicators:<2}"[:2] + inside + FIELD_END


def _is_control(field: Field) -> bool:
    return len(field[2]) == 1 and field[2][0][0] == ""


def _is_utf8(encoding: str) -> bool:
    return encoding.lower().replace("-", "").replace("_", "") == "utf8"


def _leader(
    format: MarcFormat,  # noqa: A002 - the word every MARC document uses
    flags: LeaderFlags,
    *,
    coding: str,
    total: int,
    base: int,
) -> str:
    return (
        f"{total:05d}{flags.status}{flags.type}{flags.level}{flags.control}{coding}22{base:05d}"
        f"{flags.encoding_level}{flags.descriptive_form} {_LEADER_TAIL[format]}"
    )
