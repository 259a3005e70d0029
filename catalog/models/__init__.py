"""What the catalogue remembers."""

from catalog.models.batches import Batch, BatchChunk, BatchSeen, BatchState, Reject
from catalog.models.bibliographic import Manifestation, Work
from catalog.models.feed import Change, ChangeKind, FeedHead
from catalog.models.items import BarcodeAlias, Item
from catalog.models.sources import MatchEvidence, MatchKey, SourceRecord

__all__ = [
    "BarcodeAlias",
    "Batch",
    "BatchChunk",
    "BatchSeen",
    "BatchState",
    "Change",
    "ChangeKind",
    "FeedHead",
    "Item",
    "Manifestation",
    "MatchEvidence",
    "MatchKey",
    "Reject",
    "SourceRecord",
    "Work",
]
