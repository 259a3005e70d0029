"""How a member's exchange with the network is doing: what waits, what failed, what is to mend."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, Max, Min, Q, QuerySet, Sum
from django.db.models.functions import TruncMonth

from catalog.models import (
    Batch,
    BatchState,
    FeedHead,
    HarvestSource,
    MatchQuestion,
    QualityReport,
    Reject,
    SourceRecord,
    Webhook,
)
from catalog.search.index import shared_index
from library_net.jobs.models import JobState
from library_net.network.models import Agency

MONTHS = 12
_COUNTED = ("created", "updated", "unchanged", "deleted", "quarantined", "mended")


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberLine:
    """One member among others: what a network's administrator looks at first."""

    agency: Agency
    last_batch_at: datetime | None
    waiting: int
    open_rejects: int
    failing_webhooks: int
    failing_harvests: int

    @property
    def needs_work(self) -> bool:
        return bool(self.open_rejects or self.failing_webhooks or self.failing_harvests)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lag:
    """How far behind each stage is."""

    last_batch: Batch | None
    waiting: int
    waiting_since: datetime | None
    feed_position: int
    index_position: int

    @property
    def index_behind(self) -> int:
        return max(0, self.feed_position - self.index_position)


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    month: datetime
    batches: int
    counts: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberReport:
    agency: Agency
    records: int
    tombstones: int
    lag: Lag
    rejects: list[tuple[str, int]]  # code, not mended yet
    questions: int  # possible duplicates a librarian has to decide on
    last_full: Batch | None  # read to its end
    quality: QualityReport | None
    months: list[Month]  # newest first
    webhooks: list[Webhook]
    harvests: list[HarvestSource]


def member_lines(*, agency_ids: Collection[int] | None) -> list[MemberLine]:
    """Members that have sent something or are harvested, by code. Five queries for all of them."""
    agencies = Agency.objects.order_by("code")
    if agency_ids is not None:
        agencies = agencies.filter(pk__in=agency_ids)
    batches = _latest(agency_ids)
    rejects = _by_agency(_open_rejects(), "batch__agency_id")
    webhooks = _by_agency(Webhook.objects.filter(~Q(failing_since=None) | ~Q(disabled_at=None)))
    harvests = _by_agency(HarvestSource.objects.filter(failures__gt=0))
    active = {*batches, *webhooks, *HarvestSource.objects.values_list("agency_id", flat=True)}
    return [
        MemberLine(
            agency=agency,
            last_batch_at=batches.get(agency.pk, {}).get("last"),
            waiting=batches.get(agency.pk, {}).get("waiting", 0),
            open_rejects=rejects.get(agency.pk, 0),
            failing_webhooks=webhooks.get(agency.pk, 0),
            failing_harvests=harvests.get(agency.pk, 0),
        )
        for agency in agencies
        if agency.pk in active or agency_ids is not None
    ]


def member_report(*, agency: Agency, now: datetime) -> MemberReport:
    """Everything on one member's page. Twelve queries; no record is read."""
    living = SourceRecord.objects.filter(agency=agency).aggregate(
        living=Count("pk", filter=Q(deleted_at=None)), gone=Count("pk", filter=~Q(deleted_at=None))
    )
    return MemberReport(
        agency=agency,
        records=living["living"],
        tombstones=living["gone"],
        lag=lag(agency=agency),
        rejects=rejects_by_reason(agency=agency),
        questions=_questions(agency),
        last_full=_last_full(agency),
        quality=QualityReport.objects.filter(agency=agency).select_related("job").first(),
        months=months(agency=agency, now=now),
        webhooks=list(Webhook.objects.filter(agency=agency).order_by("pk")),
        harvests=list(HarvestSource.objects.filter(agency=agency).order_by("pk")),
    )


def lag(*, agency: Agency) -> Lag:
    """Three queries."""
    unread = Batch.objects.filter(agency=agency).exclude(state=BatchState.DONE)
    unread = unread.exclude(job__state=JobState.FAILED)
    found = unread.aggregate(n=Count("pk"), since=Min("created_at"))
    last = Batch.objects.filter(agency=agency).select_related("job").order_by("-pk").first()
    head = FeedHead.objects.filter(pk=1).values_list("position", flat=True).first() or 0
    return Lag(
        last_batch=last,
        waiting=found["n"],
        waiting_since=found["since"],
        feed_position=head,
        index_position=_index_position(),
    )


def _questions(agency: Agency) -> int:
    mine = Q(left__agency=agency) | Q(right__agency=agency)
    return MatchQuestion.objects.open().filter(mine).count()


def _last_full(agency: Agency) -> Batch | None:
    done = Batch.objects.filter(agency=agency, mode="full", state=BatchState.DONE)
    return done.order_by("-pk").first()


def _index_position() -> int:
    """The change the search index has come to; 0 without an index."""
    state = shared_index(settings.SEARCH_INDEX_PATH).state()
    return state.cursor if state else 0


def rejects_by_reason(*, agency: Agency) -> list[tuple[str, int]]:
    """Rejects not mended yet, the commonest reason first. One query."""
    rows = _open_rejects().filter(batch__agency=agency).values("code").annotate(n=Count("pk"))
    return sorted(((row["code"], row["n"]) for row in rows), key=lambda row: (-row[1], row[0]))


def months(*, agency: Agency, now: datetime) -> list[Month]:
    """What batches brought, by the month they were received in. One query."""
    since = now - timedelta(days=31 * MONTHS)
    rows = (
        Batch.objects.filter(agency=agency, created_at__gte=since)
        .annotate(month=TruncMonth("created_at"))
        .values("month")
        .annotate(n=Count("pk"), **{f"sum_{name}": Sum(name) for name in _COUNTED})
        .order_by("-month")[:MONTHS]
    )
    found: list[dict[str, Any]] = [{**row} for row in rows]
    return [
        Month(
            month=row["month"],
            batches=row["n"],
            counts={name: row[f"sum_{name}"] or 0 for name in _COUNTED},
        )
        for row in found
    ]


def _open_rejects() -> QuerySet[Reject]:
    return Reject.objects.filter(resolved_at=None)


def _by_agency(rows: QuerySet[Any], path: str = "agency_id") -> dict[int, int]:
    return {row[path]: row["n"] for row in rows.order_by().values(path).annotate(n=Count("pk"))}


def _latest(agency_ids: Collection[int] | None) -> dict[int, dict[str, Any]]:
    rows = (
        Batch.objects.all() if agency_ids is None else Batch.objects.filter(agency__in=agency_ids)
    )
    waiting = ~Q(state=BatchState.DONE) & ~Q(job__state=JobState.FAILED)
    found = (
        rows.order_by()
        .values("agency_id")
        .annotate(last=Max("created_at"), waiting=Count("pk", filter=waiting))
    )
    return {row["agency_id"]: {**row} for row in found}
