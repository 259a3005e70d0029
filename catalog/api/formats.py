"""One record in other formats than our JSON: MARCXML, ISO 2709, JSON-LD, by Accept or ?format=."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from rest_framework.exceptions import NotAcceptable
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from catalog.domain.marc.export import as_published, to_iso2709, to_marcxml
from catalog.domain.records import BibRecord, MarcFormat
from catalog.readers import EditionPage, RecordPage
from library_net.api.renderers import OrjsonRenderer

_DIALECTS = {"": MarcFormat.MARC21, "marc21": MarcFormat.MARC21, "cnmarc": MarcFormat.CNMARC}


class JsonLdRenderer(OrjsonRenderer):
    media_type = "application/ld+json"
    format = "jsonld"


class _BytesRenderer(BaseRenderer):
    """Bytes as they are; a problem, which comes as data, as JSON."""

    render_style = "binary"

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        if isinstance(data, bytes):
            return data
        return OrjsonRenderer().render(data, accepted_media_type, renderer_context)


class MarcXmlRenderer(_BytesRenderer):
    media_type = "application/marcxml+xml"
    format = "marcxml"
    charset = "utf-8"


class MarcRenderer(_BytesRenderer):
    media_type = "application/marc"
    format = "marc"
    charset = None


RENDERERS = (OrjsonRenderer, MarcXmlRenderer, MarcRenderer, JsonLdRenderer)


class ByFormatOrAccept(DefaultContentNegotiation):
    """``?format=`` is the caller's last word, whatever a browser puts into Accept."""

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> Any:
        asked = request.query_params.get("format", "")
        if not asked:
            return super().select_renderer(request, renderers, format_suffix)
        for renderer in renderers:
            if renderer.format == asked:
                return renderer, renderer.media_type
        raise NotAcceptable


def as_marc(page: RecordPage, *, form: str, dialect: str) -> bytes:
    """The edition asked for, or all of a work, in MARC 21 or CNMARC.

    Raises NotAcceptable for another dialect and for a record too long for ISO 2709, which MARCXML
    can always hold.
    """
    if dialect not in _DIALECTS:
        raise NotAcceptable
    records = [_published(one) for one in page.editions if page.chosen in ("", one.public_id)]
    if form == MarcXmlRenderer.format:
        return to_marcxml(records, dialect=_DIALECTS[dialect])
    try:
        return b"".join(to_iso2709(one, dialect=_DIALECTS[dialect]) for one in records)
    except ValueError as error:
        raise NotAcceptable from error


def _published(edition: EditionPage) -> BibRecord:
    return as_published(
        BibRecord.from_json(edition.record),
        public_id=edition.public_id,
        agency=settings.RECORD_AGENCY,
        changed_at=edition.updated_at,
    )
