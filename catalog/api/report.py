"""A member's own standing over REST: the same numbers as on its page for librarians."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog.api.caller import agency_of
from catalog.models import Batch, HarvestSource, Webhook
from catalog.problems import note_on
from catalog.sync_readers.report import member_report


class Report(APIView):
    def get(self, request: Request) -> Response:
        report = member_report(agency=agency_of(request), now=timezone.now())
        lag, quality = report.lag, report.quality
        return Response(
            {
                "agency": report.agency.code,
                "records": report.records,
                "tombstones": report.tombstones,
                "lag": {
                    "last_batch": str(lag.last_batch.public_id) if lag.last_batch else None,
                    "batches_waiting": lag.waiting,
                    "waiting_since": lag.waiting_since,
                    "feed_position": lag.feed_position,
                    "index_position": lag.index_position,
                },
                "questions": report.questions,
                "last_full": _full(report.last_full),
                "open_rejects": dict(report.rejects),
                "quality": quality.result if quality else {},
                "quality_measured_at": quality.measured_at if quality else None,
                "months": [
                    {"month": f"{line.month:%Y-%m}", "batches": line.batches, **line.counts}
                    for line in report.months
                ],
                "webhooks": [_webhook(webhook) for webhook in report.webhooks],
                "harvests": [_harvest(source) for source in report.harvests],
            }
        )


def _full(batch: Batch | None) -> dict[str, Any] | None:
    if batch is None:
        return None
    return {
        "batch": str(batch.public_id),
        "finished_at": batch.finished_at,
        "deleted": batch.deleted,
        "withheld": batch.withheld,
        "withdrawal": batch.withdrawal,
        "note": note_on(batch),
    }


def _webhook(webhook: Webhook) -> dict[str, Any]:
    return {
        "url": webhook.url,
        "position": webhook.position,
        "delivered_at": webhook.delivered_at,
        "failing_since": webhook.failing_since,
        "last_error": webhook.last_error,
        "disabled_at": webhook.disabled_at,
    }


def _harvest(source: HarvestSource) -> dict[str, Any]:
    return {
        "url": source.url,
        "set": source.set_spec,
        "harvested_until": source.harvested_until,
        "next_due_at": source.next_due_at,
        "last_error": source.last_error,
    }
