"""A labelled pair, how its half is chosen, and records as a member would send and we would read."""

import hashlib
from dataclasses import dataclass

from msgspec.structs import replace

from catalog.domain.marc.parse import parse
from catalog.domain.marc.problems import RecordError
from catalog.domain.records import BibRecord, IdentifierKind

LABELLING = (IdentifierKind.LCCN, IdentifierKind.OCLC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """One record under a name that says where it is from."""

    name: str
    record: BibRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two records and the truth about them; ``kind`` says how the truth is known."""

    left: Described
    right: Described
    kind: str
    is_same: bool

    @property
    def is_held_out(self) -> bool:
        """Half of the pairs served to improve the matcher, the other half reports it.

        The half follows from the book, so that no book serves in both.
        """
        book = self.left.name.partition("@")[0]
        return hashlib.blake2b(book.encode(), digest_size=1).digest()[0] % 2 == 1


def read(data: bytes) -> BibRecord:
    """Bytes of one record through the product's own reader, without the numbers that label it."""
    found = parse(data)
    assert not isinstance(found, RecordError), found.code
    return without_labels(found.record)


def without_labels(record: BibRecord) -> BibRecord:
    """OCLC and LCCN numbers hidden, and the control number, which often is one of them."""
    kept = tuple(found for found in record.identifiers if found.kind not in LABELLING)
    return replace(record, identifiers=kept, control_number="", control_agency="")
