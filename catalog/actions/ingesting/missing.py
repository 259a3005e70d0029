"""What a full batch did not hold: whether it may be withdrawn, is asked about first, or is kept."""

from __future__ import annotations

from collections.abc import Iterator

from django.conf import settings

from catalog.actions.ingesting.portion import Known
from catalog.actions.ingesting.spans import unpacked
from catalog.models import Batch, BatchSeen, SourceRecord, Withdrawal
from catalog.sync_readers.reconciliation import full_floor

# Note [What is missing] (WD-1, WD-2)
# A full batch says what the member no longer has, if we know every record it held. A record that
# cannot be used, but has its number and its length (`spared`), is known; so are authorities and the
# like. A span that may have been any record (`lost`: garbage, a file cut short) may have been one
# of the missing, so all of them are kept, counted (`withheld`), and the member is told to send the
# file again. Taking one record too many for withdrawn is worse than keeping all a little longer.
#
# A file cut short exactly between two records, or an export of one branch only, looks sound. So
# where much is missing nothing is withdrawn until somebody of the member says so. Until then the
# batch counts for the records it held, as a damaged one does, and what later batches hold is noted
# with it (`note_for_question`). A later full batch answers the question by itself.

_OPEN = Withdrawal.ASKED


def may_withdraw(batch: Batch) -> bool:
    """See Note [What is missing]; and not if a later full batch has said it all already."""
    if batch.mode != "full" or batch.lost or batch.withdrawal == _OPEN:
        return False
    return not batch.sequence or full_floor(agency_id=batch.agency_id).for_all <= batch.sequence


def must_confirm(batch: Batch) -> bool:
    """A batch that is no floor: each record it did hold stands by itself."""
    is_floor = not batch.lost and batch.withdrawal != _OPEN
    return batch.mode == "full" and batch.sequence > 0 and not is_floor


def weigh_what_is_missing(batch: Batch) -> None:
    """At the end of a full batch: count what is kept, and ask if it is much (WD-1)."""
    if batch.mode != "full" or batch.withdrawal:
        return
    _answer_earlier_questions(batch)
    if batch.lost:
        batch.withheld = sum(1 for _known in missing(batch))
    elif may_withdraw(batch):
        living = SourceRecord.objects.filter(agency_id=batch.agency_id, deleted_at=None).count()
        most = max(settings.FULL_WITHDRAWS_FREELY, living * settings.FULL_WITHDRAWS_PERCENT // 100)
        # Most files lack little, which costs no walk through all records to know.
        if living + batch.deleted - len(_seen(batch)) <= most:
            return
        count = sum(1 for _known in missing(batch))
        if count > most:
            batch.withheld, batch.withdrawal = count, _OPEN


def _answer_earlier_questions(batch: Batch) -> None:
    asked = Batch.objects.filter(agency_id=batch.agency_id, withdrawal=_OPEN)
    if batch.sequence:
        asked = asked.filter(sequence__lte=batch.sequence)
    BatchSeen.objects.filter(batch__in=asked).delete()
    asked.update(withdrawal=Withdrawal.OVERTAKEN)


def note_for_question(batch: Batch, source_ids: bytes) -> None:
    """What a batch holds is not missing any more from a full one that still waits for an answer."""
    asked = Batch.objects.filter(agency_id=batch.agency_id, withdrawal=_OPEN)
    for question_id in asked.values_list("pk", flat=True):
        BatchSeen.objects.create(batch_id=question_id, source_ids=source_ids, is_confirmed=True)


def _seen(batch: Batch) -> set[int]:
    seen: set[int] = set()
    for ids in batch.seen.values_list("source_ids", flat=True).iterator(chunk_size=20):
        seen.update(unpacked(ids))
    return seen


def missing(batch: Batch) -> Iterator[Known]:
    """Living records of the agency that the batch did not hold and no later batch sent."""
    seen = _seen(batch)
    floor = full_floor(agency_id=batch.agency_id)
    rows = (
        SourceRecord.objects.filter(agency_id=batch.agency_id, deleted_at=None)
        .order_by("pk")
        .values_list("pk", "source_key", "digest", "sequence", "manifestation_id", "batch_id")
    )
    for pk, key, digest, sequence, manifestation_id, batch_id in rows.iterator(chunk_size=5000):
        is_later = bool(batch.sequence) and max(sequence, floor.of(key)) > batch.sequence
        if pk not in seen and not is_later:
            last = max(batch.sequence, sequence)
            yield Known(pk, digest, False, last, manifestation_id, batch_id)
