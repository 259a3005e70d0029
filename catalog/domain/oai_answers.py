"""What an OAI-PMH repository answers to ListRecords (v2.0 §4.5), as values.

Records are written anew in one canonical form, so that the same record has the same bytes however
the repository spells its namespaces.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

from defusedxml import ElementTree as SafeET
from defusedxml.common import DefusedXmlException

OAI = "{http://www.openarchives.org/OAI/2.0/}"
MARCXML = "http://www.loc.gov/MARC21/slim"
# XML 1.0 §2.2: what may not stand in a document, and does in exports of old systems.
_ILLEGAL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_DATESTAMP_FORMATS = ("%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d")


@dataclass(frozen=True, slots=True, kw_only=True)
class HarvestedRecord:
    identifier: str
    datestamp: str  # in the repository's own granularity
    is_deleted: bool
    control_number: str = ""
    record: str = ""  # MARCXML; empty for a deleted record, or one without MARC

    @property
    def sequence(self) -> int:
        """Seconds since 1970: the later datestamp wins. 1 for a datestamp nobody can read."""
        for form in _DATESTAMP_FORMATS:
            try:
                moment = datetime.strptime(self.datestamp, form).replace(tzinfo=UTC)
            except ValueError:
                continue
            return max(1, int(moment.timestamp()))
        return 1


@dataclass(frozen=True, slots=True, kw_only=True)
class OaiPage:
    records: tuple[HarvestedRecord, ...] = ()
    token: str = ""  # empty: the list is complete
    error: str = ""  # a code of v2.0 §3.6, or "not_oai"
    detail: str = ""


def read_page(content: bytes) -> OaiPage:
    """One answer of the repository. Never raises for what it is given."""
    try:
        root = _parse(content)
    except (ET.ParseError, DefusedXmlException, ValueError) as error:
        return OaiPage(error="not_oai", detail=str(error)[:200])
    if root.tag != f"{OAI}OAI-PMH":
        return OaiPage(error="not_oai", detail=str(root.tag)[:200])
    if (found := root.find(f"{OAI}error")) is not None:
        return OaiPage(error=found.get("code", "error")[:40], detail=(found.text or "")[:200])
    token = root.findtext(f"{OAI}ListRecords/{OAI}resumptionToken", default="")
    rows = [_record(row) for row in root.iterfind(f"{OAI}ListRecords/{OAI}record")]
    return OaiPage(records=tuple(row for row in rows if row), token=token.strip())


def _parse(content: bytes) -> ET.Element:
    try:
        return SafeET.fromstring(content)
    except ET.ParseError:
        mended = _ILLEGAL.sub(b"", content.decode("utf-8", errors="replace").encode())
        return SafeET.fromstring(mended)


def _record(row: ET.Element) -> HarvestedRecord | None:
    identifier = row.findtext(f"{OAI}header/{OAI}identifier", default="").strip()
    header = row.find(f"{OAI}header")
    if header is None or not identifier:
        return None
    marc = _marc(row.find(f"{OAI}metadata"))
    return HarvestedRecord(
        identifier=identifier,
        datestamp=header.findtext(f"{OAI}datestamp", default="").strip()[:20],
        is_deleted=header.get("status") == "deleted",
        control_number=_control_number(marc) if marc is not None else "",
        record=_canonical(marc) if marc is not None else "",
    )


def _marc(metadata: ET.Element | None) -> ET.Element | None:
    """The record element, of whatever namespace, inside a collection or not."""
    if metadata is None:
        return None
    return next((one for one in metadata.iter() if _local(one.tag) == "record"), None)


def _control_number(marc: ET.Element) -> str:
    for one in marc:
        if _local(one.tag) == "controlfield" and one.get("tag") == "001":
            return (one.text or "").strip()
    return ""


def _canonical(marc: ET.Element) -> str:
    for one in marc.iter():
        one.tag, one.tail = _local(one.tag), None
        for name in [name for name in one.attrib if name.startswith("{")]:
            del one.attrib[name]  # xsi:schemaLocation and its like
    marc.set("xmlns", MARCXML)
    return ET.canonicalize(ET.tostring(marc, encoding="unicode"))


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]
