"""Numbers of MARC 21 records besides ISBN and ISSN."""

from __future__ import annotations

from catalog.domain.identifiers import parse_isbn
from catalog.domain.marc.extract import MarcFields
from catalog.domain.marc.values import clean, first
from catalog.domain.records import SUDOC, Identifier, IdentifierKind

_LCCN, _OCLC = IdentifierKind.LCCN, IdentifierKind.OCLC  # see Note [Members by name] in records


def other_numbers(fields: MarcFields) -> list[Identifier]:
    """LCCN, OCLC number, SuDoc number of United States documents, and what 024 holds."""
    found: list[Identifier] = []
    if lccn := fields.first("010", "a"):
        found.append(Identifier(kind=_LCCN, value=lccn.replace(" ", "")))
    for indicators, subfields in fields.by_tag.get("024", ()):
        value = clean(first(subfields, "a"))
        if indicators[0] == "3" and value.startswith(("978", "979")):
            found.append(parse_isbn(value))
        elif value:
            kind, source = IdentifierKind.OTHER, first(subfields, "2")
            found.append(Identifier(kind=kind, value=value, qualifier=source))
    for indicators, subfields in fields.by_tag.get("086", ()):
        value = clean(first(subfields, "a"))
        if value and (indicators[0] == "0" or first(subfields, "2") == SUDOC):
            found.append(Identifier(kind=IdentifierKind.OTHER, value=value, qualifier=SUDOC))
    for value in fields.values("035", "a"):
        agency, _, number = value.strip().removeprefix("(").partition(")")
        if agency.lower() == "ocolc" and number:
            number = number.strip().lstrip("ocmn").lstrip("0")
            found.append(Identifier(kind=_OCLC, value=number))
    return found
