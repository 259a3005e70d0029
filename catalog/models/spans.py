"""Pieces of members' files that are known to hold nothing new."""

from __future__ import annotations

from django.db import models

from catalog.models.batches import Batch, KeptBytes
from library_net.network.models import Agency


class KnownSpan(models.Model):
    """Bytes that were read: every record in them stands in the database as the bytes have it.

    A cache: deleting rows costs a member's next file some time and nothing else.
    """

    agency = models.ForeignKey(Agency, models.CASCADE, related_name="+")
    batch = models.ForeignKey(Batch, models.CASCADE, related_name="+")  # that last held it
    kept = models.OneToOneField(KeptBytes, models.CASCADE, related_name="span")
    source_ids = models.BinaryField()  # 8-byte little-endian integers
    witness = models.CharField(max_length=120)  # see Note [What a witness says]

    def __str__(self) -> str:
        return f"{self.agency_id}: {len(self.source_ids) // 8} records"
