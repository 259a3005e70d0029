"""One address, six verbs: ask the readers, tell it in XML. Nothing here writes.

Queries: two or three a page whatever its size, one more to count on the first page of a list, one
for the set where one is named.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_http_methods

from catalog import readers
from catalog.domain.marc.export import as_published
from catalog.domain.records import BibRecord
from catalog.protocols.arguments import BadArgumentsError, read_arguments
from catalog.protocols.oai import xml
from catalog.protocols.oai.requests import (
    ErrorCode,
    OaiError,
    OaiRequest,
    Verb,
    agency_code,
    parse_range,
    parse_request,
    set_spec,
)
from catalog.protocols.oai.tokens import Token, seal, unseal
from library_net.network.models import Agency

PAGE = {Verb.LIST_RECORDS: 200, Verb.LIST_IDENTIFIERS: 1000}
_NOTHING_ASKED = (ErrorCode.BAD_VERB, ErrorCode.BAD_ARGUMENT)


@csrf_exempt
@gzip_page
@require_http_methods(["GET", "HEAD", "POST"])
def oai(request: HttpRequest) -> HttpResponse:
    """Every error of the protocol is an answer with HTTP 200 (§3.6)."""
    url = request.build_absolute_uri(request.path)
    asked: dict[str, str] = {}
    try:
        found = parse_request(read_arguments(request))
        asked = {"verb": found.verb, **found.arguments}
        body = _VERBS[found.verb](found, url)
    except BadArgumentsError as error:
        body = xml.error(OaiError(ErrorCode.BAD_ARGUMENT, str(error)))
    except OaiError as error:
        asked = {} if error.code in _NOTHING_ASKED else asked
        body = xml.error(error)
    content = xml.envelope(body, now=timezone.now(), url=url, asked=asked)
    return HttpResponse(content, content_type="text/xml; charset=utf-8")


def _identify(_asked: OaiRequest, url: str) -> str:
    with translation.override("en"):  # protocol answers do not depend on who asks
        name = str(settings.SITE_NAME)
    return xml.identify(
        name=name,
        url=url,
        email=settings.CONTACT_EMAIL,
        earliest=readers.earliest_change() or timezone.now(),
        repository=settings.OAI_REPOSITORY,
    )


def _list_formats(asked: OaiRequest, _url: str) -> str:
    if identifier := asked.arguments.get("identifier"):
        _line(identifier)
    return xml.list_formats()


def _list_sets(asked: OaiRequest, _url: str) -> str:
    if asked.token:
        raise OaiError(ErrorCode.BAD_TOKEN, "the list of sets is given whole")
    agencies = Agency.objects.order_by("code")
    if sets := [(set_spec(one.code), one.name_zh) for one in agencies]:
        return xml.list_sets(sets)
    raise OaiError(ErrorCode.NO_SETS, "there are no sets yet")


def _get_record(asked: OaiRequest, _url: str) -> str:
    prefix = _prefix(asked.arguments["metadataPrefix"])
    line = _line(asked.arguments["identifier"])
    return f"<GetRecord>{_record(line, prefix=prefix)}</GetRecord>"


def _list(asked: OaiRequest, _url: str) -> str:
    token = unseal(asked.token, verb=asked.verb) if "resumptionToken" in asked.arguments else None
    if token is None:
        token = _beginning(asked)
    scope = _scope(token)
    size = PAGE[asked.verb]
    with_records = asked.verb is Verb.LIST_RECORDS
    after = token.place if token.changed_at else None
    lines = readers.harvest(scope=scope, after=after, limit=size + 1, with_records=with_records)
    if not lines:
        raise OaiError(ErrorCode.NO_RECORDS, "no records match")
    shown, has_more = lines[:size], len(lines) > size
    body = "".join(
        _record(line, prefix=token.prefix) if with_records else _header(line) for line in shown
    )
    if has_more or token.given:
        body += _resumption(token, shown, scope, has_more=has_more)
    return f"<{asked.verb}>{body}</{asked.verb}>"


def _beginning(asked: OaiRequest) -> Token:
    """The place before the first record of a new list."""
    since, before = parse_range(asked.arguments)
    return Token(
        verb=asked.verb,
        prefix=_prefix(asked.arguments["metadataPrefix"]),
        since=since.isoformat() if since else "",
        before=before.isoformat() if before else "",
        set_spec=_known_set(asked.arguments["set"]) if "set" in asked.arguments else "",
        changed_at="",
        last_id=0,
        given=0,
        total=0,
    )


def _resumption(
    token: Token,
    shown: list[readers.HarvestLine],
    scope: readers.HarvestScope,
    *,
    has_more: bool,
) -> str:
    total = token.total or readers.count_harvest(scope=scope)
    last = shown[-1]
    following = replace(
        token,
        changed_at=last.updated_at.isoformat(),
        last_id=last.manifestation_id,
        given=token.given + len(shown),
        total=total,
    )
    # The list may have grown since it was counted.
    total = max(total, following.given)
    return xml.resumption(seal(following) if has_more else "", given=token.given, total=total)


def _scope(token: Token) -> readers.HarvestScope:
    return readers.HarvestScope(
        since=datetime.fromisoformat(token.since) if token.since else None,
        before=datetime.fromisoformat(token.before) if token.before else None,
        agency_code=agency_code(token.set_spec) if token.set_spec else "",
    )


def _known_set(spec: str) -> str:
    code = agency_code(spec)
    # PostgreSQL takes no text with a NUL in it, not even to look for it.
    if not code or "\0" in code or not Agency.objects.filter(code=code).exists():
        raise OaiError(ErrorCode.NO_RECORDS, "there is no such set")
    return spec


def _prefix(text: str) -> str:
    if text not in xml.FORMATS:
        known = ", ".join(xml.FORMATS)
        raise OaiError(ErrorCode.CANNOT_DISSEMINATE, f"the formats are {known}")
    return text


_NUMBER = re.compile(r"m([1-9]\d{0,17})", re.ASCII)


def _line(identifier: str) -> readers.HarvestLine:
    start = f"oai:{settings.OAI_REPOSITORY}:"
    number = _NUMBER.fullmatch(identifier.removeprefix(start))
    if identifier.startswith(start) and number:
        found = readers.find_harvest_line(manifestation_id=int(number[1]))
        if found is not None:
            return found
    raise OaiError(ErrorCode.ID_DOES_NOT_EXIST, "no record has this identifier")


def _header(line: readers.HarvestLine) -> str:
    return xml.header(
        f"oai:{settings.OAI_REPOSITORY}:{line.public_id}",
        line.updated_at,
        map(set_spec, line.agency_codes),
        is_deleted=line.is_deleted,
    )


def _record(line: readers.HarvestLine, *, prefix: str) -> str:
    if line.is_deleted:
        return xml.record(_header(line), "")
    published = as_published(
        BibRecord.from_json(line.record),
        public_id=line.public_id,
        agency=settings.RECORD_AGENCY,
        changed_at=line.updated_at,
    )
    return xml.record(_header(line), xml.metadata_of(published, prefix=prefix))


_VERBS: dict[Verb, Callable[[OaiRequest, str], str]] = {
    Verb.IDENTIFY: _identify,
    Verb.LIST_FORMATS: _list_formats,
    Verb.LIST_SETS: _list_sets,
    Verb.GET_RECORD: _get_record,
    Verb.LIST_IDENTIFIERS: _list,
    Verb.LIST_RECORDS: _list,
}
