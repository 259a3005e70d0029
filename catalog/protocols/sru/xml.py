"""SRU 1.2 answers as text; no decisions are made here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from xml.sax.saxutils import escape, quoteattr

from catalog.domain.cql import (
    ALL_INDEXES,
    DATE_INDEXES,
    LANGUAGE_INDEXES,
    NUMBER_INDEXES,
    RECORD_INDEXES,
    TEXT_INDEXES,
)
from catalog.domain.dublin_core import DC_NAMESPACE, dublin_core_elements, to_dublin_core
from catalog.domain.marc.export import to_slim
from catalog.domain.marc.parts import writable
from catalog.domain.records import BibRecord
from catalog.protocols.sru.requests import (
    DEFAULT_RECORDS,
    MAX_RECORDS,
    MESSAGES,
    SCHEMAS,
    SruError,
)

_SRW = "http://www.loc.gov/zing/srw/"
_DIAGNOSTIC = f"{_SRW}diagnostic/"
_SRW_DC = "info:srw/schema/1/dc-schema"
_ZEEREX = "http://explain.z3950.org/dtd/2.0/"
_CONTEXT_SETS = {
    "cql": "info:srw/cql-context-set/1/cql-v1.2",
    "dc": "info:srw/cql-context-set/1/dc-v1.1",
    "bath": "http://zing.z3950.org/cql/bath/2.0/",
    "rec": "info:srw/cql-context-set/2/rec-1.1",
}


def search_response(
    *,
    version: str,
    total: int,
    records: Iterable[str] = (),
    following: int = 0,
    echo: Mapping[str, str],
    error: SruError | None = None,
) -> bytes:
    """``records`` as `record` makes them; ``following`` is the next record's position or 0."""
    inside = "".join(records)
    parts = [f"<zs:numberOfRecords>{total}</zs:numberOfRecords>"]
    parts.append(f"<zs:records>{inside}</zs:records>" if inside else "")
    if following:
        parts.append(f"<zs:nextRecordPosition>{following}</zs:nextRecordPosition>")
    parts.append(_echoed(echo))
    return _response("searchRetrieveResponse", version, "".join(parts), error)


def scan_response(*, version: str, error: SruError) -> bytes:
    return _response("scanResponse", version, "", error)


def explain_response(*, version: str, record: str, error: SruError | None = None) -> bytes:
    return _response("explainResponse", version, record, error)


def _response(name: str, version: str, body: str, error: SruError | None) -> bytes:
    trouble = f"<zs:diagnostics>{_diagnostic(error)}</zs:diagnostics>" if error else ""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<zs:{name} xmlns:zs="{_SRW}"><zs:version>{version}</zs:version>'
        f"{body}{trouble}</zs:{name}>\n"
    ).encode()


def _diagnostic(error: SruError) -> str:
    details = writable(error.details)
    return (
        f'<diagnostic xmlns="{_DIAGNOSTIC}"><uri>info:srw/diagnostic/1/{error.number}</uri>'
        f"<details>{escape(details)}</details>"
        f"<message>{escape(MESSAGES[error.number])}</message></diagnostic>"
    )


_NUMBERS = ("startRecord", "maximumRecords")


def _echoed(asked: Mapping[str, str]) -> str:
    names = ("version", "query", *_NUMBERS, "recordPacking", "recordSchema")
    if "version" not in asked or "query" not in asked:
        return ""  # the schema wants both
    inside = "".join(
        f"<zs:{name}>{escape(writable(asked[name]))}</zs:{name}>"
        for name in names
        if asked.get(name) and (name not in _NUMBERS or _is_number(name, asked[name]))
    )
    return f"<zs:echoedSearchRetrieveRequest>{inside}</zs:echoedSearchRetrieveRequest>"


def _is_number(name: str, text: str) -> bool:
    """What the schema takes: a refused request may hold anything."""
    return text.isascii() and text.isdigit() and (name != "startRecord" or text.strip("0") != "")


def record(
    found: BibRecord,
    *,
    version: str,
    schema: str,
    is_string: bool,
    identifier: str,
    position: int,
    other_editions: Iterable[str] = (),
) -> str:
    """One record of an answer; other editions of the work are named beside it."""
    data = to_slim(found) if schema == "marcxml" else _dublin_core(found)
    others = "".join(f"<edition>{escape(one)}</edition>" for one in other_editions)
    extra = f'<editions xmlns="urn:library-net:sru:1">{others}</editions>' if others else ""
    name = f"<zs:recordIdentifier>{escape(identifier)}</zs:recordIdentifier>"
    return _record(
        SCHEMAS[schema],
        data,
        is_string=is_string,
        after=(name if version != "1.1" else "")  # which has no place for it
        + f"<zs:recordPosition>{position}</zs:recordPosition>"
        + (f"<zs:extraRecordData>{extra}</zs:extraRecordData>" if extra else ""),
    )


def _record(schema: str, data: str, *, is_string: bool, after: str) -> str:
    return (
        f"<zs:record><zs:recordSchema>{schema}</zs:recordSchema>"
        f"<zs:recordPacking>{'string' if is_string else 'xml'}</zs:recordPacking>"
        f"<zs:recordData>{escape(data) if is_string else data}</zs:recordData>{after}</zs:record>"
    )


def _dublin_core(found: BibRecord) -> str:
    inside = dublin_core_elements(to_dublin_core(found))
    return f'<srw_dc:dc xmlns:srw_dc="{_SRW_DC}" xmlns:dc="{DC_NAMESPACE}">{inside}</srw_dc:dc>'


def explain(*, host: str, port: str, path: str, title: str, is_string: bool) -> str:
    """The ZeeRex record: what may be asked here, and how."""
    names = [*ALL_INDEXES, *TEXT_INDEXES, *NUMBER_INDEXES, *DATE_INDEXES, *LANGUAGE_INDEXES]
    names += RECORD_INDEXES
    sets = "".join(f'<set name="{n}" identifier="{i}"/>' for n, i in _CONTEXT_SETS.items())
    indexes = "".join(_index(name) for name in names)
    schemas = "".join(
        f'<schema identifier="{identifier}" name="{name}"><title>{name}</title></schema>'
        for name, identifier in SCHEMAS.items()
    )
    data = (
        f'<explain xmlns="{_ZEEREX}">'
        '<serverInfo protocol="SRU" version="1.2" transport="http" method="GET POST">'
        f"<host>{escape(host)}</host><port>{port}</port>"
        f"<database>{escape(path.strip('/'))}</database></serverInfo>"
        f"<databaseInfo><title>{escape(title)}</title></databaseInfo>"
        f"<indexInfo>{sets}{indexes}</indexInfo><schemaInfo>{schemas}</schemaInfo>"
        f'<configInfo><default type="numberOfRecords">{DEFAULT_RECORDS}</default>'
        f'<setting type="maximumRecords">{MAX_RECORDS}</setting></configInfo></explain>'
    )
    return _record(_ZEEREX, data, is_string=is_string, after="")


_SPELLED = {
    "serverchoice": "serverChoice",
    "allrecords": "allRecords",
    "standardidentifier": "standardIdentifier",
    "publicationdate": "publicationDate",
}


def _index(name: str) -> str:
    prefix, _, bare = name.partition(".")
    spelled = _SPELLED.get(bare, bare)
    return (
        f'<index search="true" scan="false" sort="false"><title>{spelled}</title>'
        f"<map><name set={quoteattr(prefix)}>{spelled}</name></map></index>"
    )
