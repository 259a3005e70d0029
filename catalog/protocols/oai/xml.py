"""OAI-PMH 2.0 answers as text, valid against OAI-PMH.xsd; no decisions are made here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from xml.sax.saxutils import escape, quoteattr

from catalog.domain.dublin_core import DC_NAMESPACE, dublin_core_elements, to_dublin_core
from catalog.domain.marc.export import to_slim
from catalog.domain.marc.parts import writable
from catalog.domain.records import BibRecord
from catalog.protocols.oai.requests import OaiError

_OAI = "http://www.openarchives.org/OAI/2.0/"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_OAI_DC = f"{_OAI}oai_dc/"

FORMATS = {  # prefix: (schema, namespace)
    "oai_dc": ("http://www.openarchives.org/OAI/2.0/oai_dc.xsd", _OAI_DC),
    "marcxml": (
        "http://www.loc.gov/standards/marcxml/schema/MARC21slim.xsd",
        "http://www.loc.gov/MARC21/slim",
    ),
}


def stamp(moment: datetime) -> str:
    """A datestamp at the granularity of seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def envelope(body: str, *, now: datetime, url: str, asked: Mapping[str, str]) -> bytes:
    """The whole answer; ``asked`` are the arguments to repeat, none after badVerb/badArgument."""
    attributes = "".join(f" {name}={quoteattr(writable(text))}" for name, text in asked.items())
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<OAI-PMH xmlns="{_OAI}" xmlns:xsi="{_XSI}" '
        f'xsi:schemaLocation="{_OAI} {_OAI}OAI-PMH.xsd">\n'
        f"<responseDate>{stamp(now)}</responseDate>\n"
        f"<request{attributes}>{escape(url)}</request>\n"
        f"{body}\n</OAI-PMH>\n"
    ).encode()


def error(found: OaiError) -> str:
    return f'<error code="{found.code}">{escape(writable(found.text))}</error>'


def identify(*, name: str, url: str, email: str, earliest: datetime, repository: str) -> str:
    sample = f"oai:{repository}:m1"
    return (
        f"<Identify><repositoryName>{escape(name)}</repositoryName>"
        f"<baseURL>{escape(url)}</baseURL><protocolVersion>2.0</protocolVersion>"
        f"<adminEmail>{escape(email)}</adminEmail>"
        f"<earliestDatestamp>{stamp(earliest)}</earliestDatestamp>"
        "<deletedRecord>persistent</deletedRecord>"
        "<granularity>YYYY-MM-DDThh:mm:ssZ</granularity><compression>gzip</compression>"
        f'<description><oai-identifier xmlns="{_OAI}oai-identifier" '
        f'xsi:schemaLocation="{_OAI}oai-identifier {_OAI}oai-identifier.xsd">'
        f"<scheme>oai</scheme><repositoryIdentifier>{escape(repository)}</repositoryIdentifier>"
        f"<delimiter>:</delimiter><sampleIdentifier>{escape(sample)}</sampleIdentifier>"
        "</oai-identifier></description></Identify>"
    )


def list_formats() -> str:
    formats = "".join(
        f"<metadataFormat><metadataPrefix>{prefix}</metadataPrefix><schema>{schema}</schema>"
        f"<metadataNamespace>{namespace}</metadataNamespace></metadataFormat>"
        for prefix, (schema, namespace) in FORMATS.items()
    )
    return f"<ListMetadataFormats>{formats}</ListMetadataFormats>"


def list_sets(sets: Iterable[tuple[str, str]]) -> str:
    """``sets`` are (setSpec, setName)."""
    inside = "".join(
        f"<set><setSpec>{escape(spec)}</setSpec><setName>{escape(writable(name))}</setName></set>"
        for spec, name in sets
    )
    return f"<ListSets>{inside}</ListSets>"


def header(identifier: str, changed_at: datetime, specs: Iterable[str], *, is_deleted: bool) -> str:
    status = ' status="deleted"' if is_deleted else ""
    sets = "".join(f"<setSpec>{escape(spec)}</setSpec>" for spec in specs)
    return (
        f"<header{status}><identifier>{escape(identifier)}</identifier>"
        f"<datestamp>{stamp(changed_at)}</datestamp>{sets}</header>"
    )


def record(head: str, metadata: str) -> str:
    inside = f"<metadata>{metadata}</metadata>" if metadata else ""
    return f"<record>{head}{inside}</record>\n"


def metadata_of(found: BibRecord, *, prefix: str) -> str:
    """The record in the format of this prefix."""
    if prefix == "marcxml":
        return to_slim(found)
    schema = FORMATS["oai_dc"][0]
    return (
        f'<oai_dc:dc xmlns:oai_dc="{_OAI_DC}" xmlns:dc="{DC_NAMESPACE}" '
        f'xsi:schemaLocation="{_OAI_DC} {schema}">'
        f"{dublin_core_elements(to_dublin_core(found))}</oai_dc:dc>"
    )


def resumption(token: str, *, given: int, total: int) -> str:
    """Where the list goes on; an empty token closes a list that was given in parts."""
    return (
        f'<resumptionToken completeListSize="{total}" cursor="{given}">'
        f"{escape(token)}</resumptionToken>"
    )
