"""A neutral record as the fifteen elements of simple Dublin Core, for OAI-PMH and SRU."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from xml.sax.saxutils import escape

from catalog.domain.marc.parts import writable
from catalog.domain.records import (
    BibRecord,
    Contributor,
    Identifier,
    IdentifierKind,
    Material,
    TitleKind,
)

DC_NAMESPACE = "http://purl.org/dc/elements/1.1/"

_CREATORS = frozenset({"aut", "cmp", "com", "art", "pht"})
_TYPES = {  # DCMI type vocabulary
    Material.BOOK: "Text", Material.SERIAL: "Text", Material.SCORE: "Text", Material.MAP: "Image",
    Material.AUDIO: "Sound", Material.VIDEO: "MovingImage", Material.GRAPHIC: "StillImage",
    Material.ELECTRONIC: "Text", Material.KIT: "Collection",
}  # fmt: skip
_URNS = {IdentifierKind.ISBN: "urn:isbn:", IdentifierKind.ISSN: "urn:issn:"}


def to_dublin_core(record: BibRecord) -> list[tuple[str, str]]:
    """(element, value) in the order of the elements, each pair once, nothing empty."""
    people = [(one, one.role in _CREATORS) for one in record.contributors]
    pairs: list[tuple[str, str]] = [
        *(("title", text) for text in _titles(record)),
        *(("creator", _name(one)) for one, is_creator in people if is_creator),
        *(("subject", text) for text in record.subjects),
        *(("subject", f"{one.scheme.upper()} {one.value}") for one in record.classes),
        ("description", record.summary),
        *(("description", text) for text in record.notes),
        ("publisher", f"{record.place} : {record.publisher}" if record.place else record.publisher),
        *(("contributor", _name(one)) for one, is_creator in people if not is_creator),
        ("date", str(record.year) if record.year else ""),
        ("type", _TYPES.get(record.material, "")),
        ("format", record.extent),
        *(("identifier", _identifier(one)) for one in record.identifiers),
        *(("identifier", url) for url in record.urls),
        *(("language", code) for code in record.languages),
        *(("relation", f"{one.title} ; {one.volume}".rstrip(" ;")) for one in record.series),
    ]
    clean = ((name, writable(value).strip()) for name, value in pairs)
    return list(dict.fromkeys((name, value) for name, value in clean if value))


def dublin_core_elements(pairs: Iterable[tuple[str, str]]) -> str:
    """The pairs as XML elements; the prefix ``dc`` must stand for DC_NAMESPACE around them."""
    return "".join(f"<dc:{name}>{escape(value)}</dc:{name}>" for name, value in pairs)


def _titles(record: BibRecord) -> Iterator[str]:
    """The title with subtitle and part as one, then every other title."""
    part = " ".join(filter(None, (record.volume, record.part_name)))
    whole = " : ".join(filter(None, (record.title, record.subtitle)))
    yield ". ".join(filter(None, (whole, part)))
    for one in record.titles:
        if one.kind is not TitleKind.OTHER and one.text != record.title:
            yield one.text


def _name(one: Contributor) -> str:
    return f"{one.name} ({one.note})" if one.note else one.name


def _identifier(one: Identifier) -> str:
    if one.is_valid and one.kind in _URNS:
        dash = one.kind is IdentifierKind.ISSN and len(one.value) == 8
        return _URNS[one.kind] + (f"{one.value[:4]}-{one.value[4:]}" if dash else one.value)
    return one.value if one.kind is IdentifierKind.OTHER else f"{one.kind.upper()} {one.value}"
