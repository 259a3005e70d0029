"""A mended record sent for one that could not be used: read with the standing of the old one."""

from __future__ import annotations

from datetime import datetime

from catalog.actions.ingesting.reading import source_profile
from catalog.actions.ingesting.storing import take_in
from catalog.domain.marc.parse import parse
from catalog.domain.marc.problems import RecordError
from catalog.domain.marc.read import Quarantined, RawRecord, read_records, sniff
from catalog.models import Batch, Reject
from library_net.errors import LibraryError


def resubmit_reject(*, reject: Reject, content: bytes, now: datetime) -> Batch:
    """Check the record at once and queue it as a batch of its own; the reject is settled by it.

    It has the sequence of the batch it was missing from, so that what came later still stands.
    Raises ``reject_settled``, ``one_record_expected``, or the code that refuses the record.
    Sending twice is harmless: the second finds the record unchanged.
    """
    if reject.resolved_at is not None:
        raise LibraryError("reject_settled")
    first = reject.batch
    batch = Batch(
        agency=first.agency,
        sequence=first.sequence,
        file_name=f"{first.file_name or first.public_id} #{reject.position}"[-200:],
        format_hint=first.format_hint,
        encoding_hint=first.encoding_hint,
        mends=reject,
    )
    _check(batch, content)
    take_in(batch, [content], now=now)
    return batch


def _check(batch: Batch, content: bytes) -> None:
    found = list(read_records([content], kind=sniff(content[:256])))
    if len(found) != 1:
        raise LibraryError("one_record_expected", count=len(found))
    only = found[0]
    if isinstance(only, Quarantined):
        raise LibraryError(str(only.code), **only.params)
    assert isinstance(only, RawRecord)
    parsed = parse(only.data, profile=source_profile(batch))
    if isinstance(parsed, RecordError):
        raise LibraryError(str(parsed.code), **parsed.params)
