"""What is held about one reader, and which loans no longer need to name theirs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db.models import Q, QuerySet, Sum

from circulation.domain.credentials import CredentialKind
from circulation.models import (
    AccessLog,
    Guardianship,
    HoldRequest,
    LedgerEntry,
    Loan,
    Operation,
    Patron,
    PrivacyTerm,
)
from library_net.network.models import Agency

# A number no reader can have: who stands behind requests and money of people who are gone.
NOBODY: Final = "NOBODY"
# However short the days: so long the answer to an operation may be asked for again.
REPEATABLE: Final = timedelta(days=1)


def memory_days() -> dict[int, int]:
    """For every institution, how long a loan made there names its reader (ID-30). Queries: 2."""
    said = dict(PrivacyTerm.objects.values_list("agency_id", "loan_memory_days"))
    parents = dict(Agency.objects.values_list("pk", "parent_id"))
    return {pk: _nearest(pk, said, parents) for pk in parents}


def _nearest(pk: int | None, said: Mapping[int, int], parents: Mapping[int, int | None]) -> int:
    while pk is not None:
        if pk in said:
            return said[pk]
        pk = parents[pk]
    return int(settings.LOAN_MEMORY_DAYS)


def loans_to_part(*, now: datetime) -> Iterator[QuerySet[Loan]]:
    """Returned loans whose days are over, of readers who did not ask to keep them.

    A loan that still has money open keeps its reader until that is settled. Lazy: one query for
    each different number of days.
    """
    by_days: dict[int, list[int]] = {}
    for agency_id, days in memory_days().items():
        by_days.setdefault(days, []).append(agency_id)
    for days, agencies in by_days.items():
        yield (
            Loan.objects.filter(
                checkout_agency_id__in=agencies,
                closed_at__lte=now - max(timedelta(days=days), REPEATABLE),
                patron__isnull=False,
                patron__keeps_history=False,
            )
            .exclude(
                pk__in=LedgerEntry.objects.filter(patron_id__in=owing(), loan__isnull=False).values(
                    "loan_id"
                )
            )
            .order_by("pk")
        )


def requests_to_part(*, now: datetime) -> QuerySet[HoldRequest]:
    """Requests that ended so long ago that they need not say whose they were."""
    longest = max(memory_days().values(), default=int(settings.LOAN_MEMORY_DAYS))
    return (
        HoldRequest.objects.filter(
            closed_at__lte=now - timedelta(days=longest), patron__keeps_history=False
        )
        .exclude(patron__number=NOBODY)
        .order_by("pk")
    )


def owing() -> QuerySet[LedgerEntry, Any]:
    """Readers who owe somebody something."""
    sums = LedgerEntry.objects.filter(patron__isnull=False).values("patron_id", "owner_id")
    return sums.annotate(open=Sum("owed")).filter(open__gt=0).values("patron_id")


def held_about(patron: Patron) -> dict[str, Any]:
    """Everything held about a reader, as plain values a person can read (PIPL art. 45).

    Numbers are masked as everywhere: she has them on her cards. Queries: 12.
    """
    phone = getattr(patron, "phone", None)
    return {
        "reader": {
            "number": patron.number,
            "name": patron.name,
            "born": patron.birth_date,
            "category": patron.category.name,
            "registered_at": patron.registered_at_agency.name,
            "registered": patron.created_at,
            "preferred_branch": patron.home_branch.name if patron.home_branch else "",
            "language": patron.language,
            "blocked": patron.is_blocked,
            "block_note": patron.block_note,
            "keeps_history": patron.keeps_history,
            "phone": phone.masked if phone is not None else "",
            "has_log_in": patron.user_id is not None,
        },
        "cards": [
            {
                "kind": row.get_kind_display(),
                "number": "" if row.kind == CredentialKind.DEVICE else row.masked,
                "status": row.get_status_display(),
                "issuer": row.issuer,
                "added": row.created_at,
            }
            for row in patron.credentials.order_by("pk")
        ],
        "loans": [_loan(row) for row in _loans(patron)],
        "requests": [_request(row) for row in _requests(patron)],
        "money": [
            {"at": row.at, "kind": str(row.kind), "amount": row.owed, "to": row.owner.name}
            for row in LedgerEntry.objects.filter(patron=patron)
            .select_related("owner")
            .order_by("pk")
        ],
        "family": _family(patron),
        "looked_at_by": [
            {
                "at": row.at,
                "institution": _name(row.agency),
                "by_software": row.actor_id is None,
                "why": row.reason or row.purpose,
            }
            for row in AccessLog.objects.filter(patron=patron)
            .select_related("agency")
            .order_by("-pk")
        ],
        "operations": [
            {"at": row.at, "what": row.action}
            for row in operations_of(patron).order_by("-pk").only("at", "action")
        ],
    }


def operations_of(patron: Patron) -> QuerySet[Operation]:
    """Remembered answers that name this reader, or were asked for under her log-in."""
    named = Q(answer__patron=patron.number) | Q(answer__absorbed=patron.number)
    by_her = Q(caller=f"user:{patron.user_id}") if patron.user_id is not None else Q()
    return Operation.objects.filter(named | by_her)


def _loans(patron: Patron) -> QuerySet[Loan]:
    return patron.loans.select_related(
        "item__source_record__manifestation", "checkout_branch", "checkin_branch"
    ).order_by("pk")


def _loan(row: Loan) -> dict[str, Any]:
    manifestation = row.item.source_record.manifestation
    return {
        "title": manifestation.title if manifestation else "",
        "barcode": row.item.barcode,
        "lent": row.checked_out_at,
        "lent_at": row.checkout_branch.name,
        "due": row.due_at,
        "returned": row.closed_at,
        "returned_at": row.checkin_branch.name if row.checkin_branch else "",
        "renewals": row.renewals,
    }


def _requests(patron: Patron) -> QuerySet[HoldRequest]:
    return patron.requests.select_related("anchor__manifestation", "pickup_branch").order_by("pk")


def _request(row: HoldRequest) -> dict[str, Any]:
    manifestation = row.anchor.manifestation
    return {
        "title": manifestation.title if manifestation else "",
        "state": str(row.state),
        "asked": row.placed_at,
        "ended": row.closed_at,
        "collect_at": row.pickup_branch.name,
    }


def _family(patron: Patron) -> list[dict[str, Any]]:
    rows = Guardianship.objects.filter(Q(ward=patron) | Q(guardian=patron))
    return [
        {
            "guardian": row.guardian.number,
            "child": row.ward.number,
            "since": row.since,
            "until": row.until,
            "ended": row.revoked_at,
        }
        for row in rows.select_related("guardian", "ward").order_by("pk")
    ]


def _name(agency: Agency | None) -> str:
    return agency.name if agency is not None else ""
