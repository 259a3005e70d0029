"""A record page as JSON-LD: what REST answers and the portal says about itself."""

from __future__ import annotations

from catalog.domain.records import BibRecord
from catalog.domain.schema_org import EditionFacts, JsonLd, to_schema_org
from catalog.readers import RecordPage


def as_json_ld(page: RecordPage, *, root: str) -> JsonLd:
    """The work for other programs; ``root`` is the address of the portal, without a slash."""
    return to_schema_org(
        url=f"{root}/works/{page.public_id}",
        title=page.title,
        author=page.author,
        editions=[
            EditionFacts(
                url=f"{root}/works/{one.public_id}",
                record=BibRecord.from_json(one.record),
                libraries=tuple(place.branch.name for place in one.branches if place.available),
            )
            for one in page.editions
        ],
    )
