"""A member's file taken in: bytes kept as sent, the work queued; nothing is read yet."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from catalog.actions.ingesting.reading import source_profile
from catalog.actions.ingesting.storing import take_in
from catalog.domain.records import MarcFormat
from catalog.models import Batch
from library_net.errors import LibraryError
from library_net.network.models import Agency

MODES = ("delta", "full")


def receive_batch(
    *,
    agency: Agency,
    content: Iterable[bytes],
    now: datetime,
    mode: str = "delta",
    sequence: int = 0,
    file_name: str = "",
    format_hint: str = "",
    encoding_hint: str = "",
) -> Batch:
    """Store a file of ISO 2709 or MARCXML, gzipped or not, and queue its reading.

    Raises ``bad_batch_mode``, ``bad_batch_sequence``, ``unknown_marc_format``,
    ``unknown_encoding``, ``batch_too_large``, ``damaged_gzip``, ``empty_batch``,
    ``upload_too_slow``; nothing is kept then. Not idempotent: a file sent twice is two batches,
    and the second finds all unchanged.
    """
    batch = Batch(
        agency=agency,
        mode=mode,
        sequence=sequence,
        file_name=file_name[-200:],
        format_hint=format_hint,
        encoding_hint=encoding_hint,
    )
    _check(batch)
    take_in(batch, content, now=now)
    return batch


def _check(batch: Batch) -> None:
    if batch.mode not in MODES:
        raise LibraryError("bad_batch_mode", mode=batch.mode[:20])
    if not 0 <= batch.sequence < 2**63:
        raise LibraryError("bad_batch_sequence")
    if batch.format_hint and batch.format_hint not in set(MarcFormat):
        raise LibraryError("unknown_marc_format", format=batch.format_hint[:20])
    try:
        source_profile(batch)
    except ValueError as error:
        encoding = (batch.encoding_hint or batch.agency.marc_encoding)[:20]
        raise LibraryError("unknown_encoding", encoding=encoding) from error
