"""One address, two operations: parse CQL, ask the index, tell it in XML. Nothing here writes.

Every diagnostic is an answer with HTTP 200. One query to the database a page, and two for each
record number in the query.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.request import split_domain_port
from django.utils import translation
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_http_methods

from catalog import readers
from catalog.domain.cql import CqlError, SortKey, parse_cql, to_query
from catalog.domain.marc.export import as_published
from catalog.domain.query import And, Field, Node, Or, Query, Term
from catalog.domain.records import BibRecord
from catalog.protocols.arguments import BadArgumentsError, read_arguments
from catalog.protocols.sru import xml
from catalog.protocols.sru.requests import (
    Operation,
    SruError,
    SruRequest,
    operation_of,
    parse_request,
    version_of,
)
from catalog.search.query import MAX_OFFSET, Sort

MAX_RECORD_NUMBERS = 16  # of one query: each costs two look-ups
_SORTS = {
    ("dc.title", False): Sort.TITLE,
    ("title", False): Sort.TITLE,
    ("dc.date", False): Sort.OLDEST,
    ("date", False): Sort.OLDEST,
    ("dc.date", True): Sort.NEWEST,
    ("date", True): Sort.NEWEST,
}


@csrf_exempt
@gzip_page
@require_http_methods(["GET", "HEAD", "POST"])
def sru(request: HttpRequest) -> HttpResponse:
    """Explain, search, or a diagnostic."""
    pairs: list[tuple[str, str]] = []
    try:
        pairs = read_arguments(request)
        asked = parse_request(pairs)
        if asked.operation is Operation.EXPLAIN:
            content = _explain(request, asked)
        else:
            content = _search(asked, echo=dict(pairs))
    except BadArgumentsError as error:
        content = _refusal(request, pairs, SruError(6, str(error)))
    except SruError as error:
        content = _refusal(request, pairs, error)
    return HttpResponse(content, content_type="text/xml; charset=utf-8")


def _refusal(request: HttpRequest, pairs: list[tuple[str, str]], error: SruError) -> bytes:
    """The diagnostic in the kind of answer that was asked for."""
    version, operation = version_of(pairs), operation_of(pairs)
    if operation == Operation.SCAN:
        return xml.scan_response(version=version, error=error)
    if operation == Operation.EXPLAIN:
        record = _explanation(request, is_string=False)
        return xml.explain_response(version=version, record=record, error=error)
    return xml.search_response(version=version, total=0, echo=dict(pairs), error=error)


def _explain(request: HttpRequest, asked: SruRequest) -> bytes:
    record = _explanation(request, is_string=asked.is_packed_as_string)
    return xml.explain_response(version=asked.version, record=record)


def _explanation(request: HttpRequest, *, is_string: bool) -> str:
    with translation.override("en"):  # protocol answers do not depend on who asks
        title = str(settings.SITE_NAME)
    host, _port = split_domain_port(request.get_host())
    return xml.explain(
        host=host, port=request.get_port(), path=request.path, title=title, is_string=is_string
    )


def _search(asked: SruRequest, *, echo: dict[str, str]) -> bytes:
    query, wanted, sort = _query(asked.query)
    if asked.start > MAX_OFFSET:
        raise SruError(61, f"at most {MAX_OFFSET}; harvest with OAI-PMH instead")
    found = readers.search_records(
        query=query, wanted=wanted, offset=asked.start - 1, limit=asked.maximum, sort=sort
    )
    if not found.is_ready:
        raise SruError(2, "the index is being built")
    if asked.start > max(found.total, 1):
        raise SruError(61, str(asked.start))
    following = asked.start + asked.maximum
    return xml.search_response(
        version=asked.version,
        total=found.total,
        records=[
            _record(one, asked, position=asked.start + i) for i, one in enumerate(found.records)
        ],
        following=following if following <= min(found.total, MAX_OFFSET) else 0,
        echo=echo,
    )


def _query(text: str) -> tuple[Query, readers.Wanted, Sort]:
    editions: set[int] = set()

    def find_works(public_ids: Sequence[str]) -> list[int]:
        found = readers.find_work_ids(public_ids=public_ids[:MAX_RECORD_NUMBERS])
        editions.update(edition for _, edition in found if edition)
        return [work_id for work_id, _ in found]

    try:
        cql = parse_cql(text)
        root = to_query(cql.root, find_works=find_works)
    except CqlError as error:
        raise SruError(error.diagnostic, error.details) from error
    wanted = readers.Wanted(
        manifestation_ids=frozenset(editions), identifiers=frozenset(_identifiers(root))
    )
    return Query(root=root), wanted, _sort(cql.sort)


def _identifiers(node: Node) -> list[str]:
    if isinstance(node, And | Or):
        return [text for part in node.parts for text in _identifiers(part)]
    return [node.text] if isinstance(node, Term) and node.field is Field.IDENTIFIER else []


def _sort(keys: tuple[SortKey, ...]) -> Sort:
    if not keys:
        return Sort.RELEVANCE
    found = _SORTS.get((keys[0].index, keys[0].is_descending))
    if found is None or len(keys) > 1:
        raise SruError(80, "sort by dc.title, dc.date or dc.date/sort.descending")
    return found


def _record(found: readers.FoundRecord, asked: SruRequest, *, position: int) -> str:
    published = as_published(
        BibRecord.from_json(found.record),
        public_id=found.public_id,
        agency=settings.RECORD_AGENCY,
        changed_at=found.updated_at,
    )
    return xml.record(
        published,
        version=asked.version,
        schema=asked.schema,
        is_string=asked.is_packed_as_string,
        identifier=found.public_id,
        position=position,
        other_editions=found.other_editions,
    )
