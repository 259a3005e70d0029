"""A work as Schema.org JSON-LD, so that search engines and other programs know what a page is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from catalog.domain.records import BibRecord, Contributor, Material

JsonLd = dict[str, Any]
_CONTEXT = "https://schema.org"
_TYPES = {
    Material.BOOK: "Book", Material.ELECTRONIC: "Book", Material.SERIAL: "Periodical",
    Material.MAP: "Map", Material.SCORE: "SheetMusic",
}  # fmt: skip
_LANGUAGES = {  # ISO 639-2/B -> BCP 47, where a shorter code must be used
    "chi": "zh", "eng": "en", "jpn": "ja", "kor": "ko", "fre": "fr", "ger": "de", "rus": "ru",
    "spa": "es", "ita": "it", "por": "pt", "ara": "ar", "vie": "vi", "tha": "th", "lat": "la",
    "tib": "bo", "mon": "mn", "uig": "ug",
}  # fmt: skip
_ROLES = {"aut": "author", "edt": "editor", "trl": "translator", "ill": "illustrator"}


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionFacts:
    url: str
    record: BibRecord
    libraries: tuple[str, ...] = ()  # names of those with a copy to take home now


def to_schema_org(*, url: str, title: str, author: str, editions: Sequence[EditionFacts]) -> JsonLd:
    """The work with its editions as work examples; nothing empty is written."""
    materials = [edition.record.material for edition in editions]
    return _filled(
        {
            "@context": _CONTEXT,
            "@type": _TYPES.get(materials[0], "CreativeWork") if materials else "CreativeWork",
            "@id": url,
            "url": url,
            "name": title,
            "author": {"@type": "Person", "name": author} if author else None,
            "workExample": [_edition(edition) for edition in editions],
        }
    )


def _edition(edition: EditionFacts) -> JsonLd:
    record = edition.record
    found: JsonLd = {
        "@type": _TYPES.get(record.material, "CreativeWork"),
        "@id": edition.url,
        "url": edition.url,
        "name": record.title,
        "alternativeHeadline": record.subtitle,
        "isbn": list(record.isbns()),
        "bookEdition": record.edition,
        "publisher": _named("Organization", record.publisher),
        "datePublished": str(record.year) if record.year else "",
        "numberOfPages": record.pages,
        "inLanguage": [_LANGUAGES.get(code, code) for code in record.languages],
        "about": list(record.subjects),
        "description": record.summary,
        "offers": _offer(edition.libraries),
    }
    for one in record.contributors:
        found.setdefault(_ROLES.get(one.role, "contributor"), []).append(_person(one))
    return _filled(found)


def _person(one: Contributor) -> JsonLd | None:
    return _named("Organization" if one.is_corporate else "Person", one.name)


def _named(kind: str, name: str) -> JsonLd | None:
    return {"@type": kind, "name": name} if name else None


def _offer(libraries: Sequence[str]) -> JsonLd:
    """Whether a copy can be borrowed now, and where."""
    state = "InStock" if libraries else "OutOfStock"
    return _filled(
        {
            "@type": "Offer",
            "businessFunction": "http://purl.org/goodrelations/v1#LeaseOut",
            "availability": f"{_CONTEXT}/{state}",
            "availableAtOrFrom": [_named("Library", name) for name in libraries],
        }
    )


def _filled(data: JsonLd) -> JsonLd:
    return {name: value for name, value in data.items() if value}
