"""What the catalogue remembers."""

from catalog.models.batches import (
    Batch,
    BatchChunk,
    BatchKind,
    BatchSeen,
    BatchState,
    KeptBytes,
    Reject,
    Withdrawal,
)
from catalog.models.bibliographic import Manifestation, Work
from catalog.models.feed import Change, ChangeKind, FeedHead
from catalog.models.items import BarcodeAlias, Item
from catalog.models.matches import DecisionKind, MatchDecision, MatchQuestion
from catalog.models.sources import MatchEvidence, MatchKey, SourceRecord
from catalog.models.spans import KnownSpan
from catalog.models.sync import (
    HarvestedRecord,
    HarvestSource,
    QualityReport,
    Webhook,
    WebhookDelivery,
)
from catalog.models.works import WorkDecision, WorkDecisionKind, WorkKey

__all__ = [
    "BarcodeAlias",
    "Batch",
    "BatchChunk",
    "BatchKind",
    "BatchSeen",
    "BatchState",
    "Change",
    "ChangeKind",
    "DecisionKind",
    "FeedHead",
    "HarvestSource",
    "HarvestedRecord",
    "Item",
    "KeptBytes",
    "KnownSpan",
    "Manifestation",
    "MatchDecision",
    "MatchEvidence",
    "MatchKey",
    "MatchQuestion",
    "QualityReport",
    "Reject",
    "SourceRecord",
    "Webhook",
    "WebhookDelivery",
    "Withdrawal",
    "Work",
    "WorkDecision",
    "WorkDecisionKind",
    "WorkKey",
]
