"""A neutral record leaves as ISO 2709, as MARCXML or as one MARC 21 XML record: NO-21.

The record sent out is ours, computed from all members': its control number is the public id, its
agency the network's own code, its date the last change.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from msgspec.structs import replace

from catalog.domain.marc.to_cnmarc import to_cnmarc
from catalog.domain.marc.to_marc21 import to_marc21
from catalog.domain.marc.write import (
    Field,
    LeaderFlags,
    marc21_slim,
    marcxml_collection,
    write_iso2709,
)
from catalog.domain.records import BibRecord, MarcFormat, Material

# Leader/06; every material that has a letter of its own in that format.
_MARC21_TYPES = {
    Material.SCORE: "c", Material.MAP: "e", Material.VIDEO: "g", Material.AUDIO: "i",
    Material.GRAPHIC: "k", Material.KIT: "o", Material.OTHER: "r",
}  # fmt: skip
_CNMARC_TYPES = {**_MARC21_TYPES, Material.ELECTRONIC: "l", Material.KIT: "m"}


def as_published(
    record: BibRecord, *, public_id: str, agency: str, changed_at: datetime
) -> BibRecord:
    """The union record with the network's own control fields instead of a member's."""
    changed = changed_at.astimezone(UTC).strftime("%Y%m%d%H%M%S.0")
    return replace(record, control_number=public_id, control_agency=agency, modified=changed)


def to_iso2709(record: BibRecord, *, dialect: MarcFormat) -> bytes:
    """One record in UTF-8. Raises ValueError when it is longer than ISO 2709 can say."""
    return write_iso2709(
        fields_of(record, dialect=dialect), format=dialect, leader_flags=leader_of(record, dialect)
    )


def to_marcxml(records: Iterable[BibRecord], *, dialect: MarcFormat) -> bytes:
    """A MARCXML collection in UTF-8."""
    pairs = ((fields_of(one, dialect=dialect), leader_of(one, dialect)) for one in records)
    return marcxml_collection(pairs, format=dialect)


def to_slim(record: BibRecord) -> str:
    """One MARC 21 ``<record>`` that stands alone and is valid against MARC21slim."""
    return marc21_slim(to_marc21(record), leader_flags=leader_of(record, MarcFormat.MARC21))


def fields_of(record: BibRecord, *, dialect: MarcFormat) -> list[Field]:
    return to_marc21(record) if dialect is MarcFormat.MARC21 else to_cnmarc(record)


def leader_of(record: BibRecord, dialect: MarcFormat) -> LeaderFlags:
    is_marc21 = dialect is MarcFormat.MARC21
    types = _MARC21_TYPES if is_marc21 else _CNMARC_TYPES
    return LeaderFlags(
        status="c",
        type=types.get(record.material, "a"),
        level="s" if record.material is Material.SERIAL else "m",
        control=" " if is_marc21 else "0",
        descriptive_form="c" if is_marc21 else " ",
    )
