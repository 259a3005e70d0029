"""Cut the link between returned loans and their readers when its days are over (ID-30).

In chunks, each its own transaction, each safe to run again: what was cut is not found any more.
Statistics keep the loan, its places, its days and the category of its reader.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.apps import apps
from django.db import models, transaction
from django.db.models import OuterRef, Subquery

from circulation.actions.erasing import FORGOTTEN, nobody
from circulation.models import (
    HoldRequest,
    ItemEvent,
    LedgerEntry,
    Loan,
    Notice,
    Operation,
    Patron,
    SignInCode,
    UsedCode,
)
from circulation.readers.privacy import loans_to_part, requests_to_part

CHUNK: Final = 500
CODES_KEPT: Final = timedelta(days=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    loans: int
    requests: int
    codes: int


def forget(*, now: datetime) -> Forgotten:
    """Everything that is due. Locks nothing but the rows it changes."""
    loans = 0
    for rows in loans_to_part(now=now):
        loans += _chunk_by_chunk(rows, _part_loans)
    requests = _chunk_by_chunk(requests_to_part(now=now), _part_requests)
    used, _ = UsedCode.objects.filter(expires_at__lt=now).delete()
    sent, _ = SignInCode.objects.filter(expires_at__lt=now - CODES_KEPT).delete()
    return Forgotten(loans=loans, requests=requests, codes=used + sent)


def _chunk_by_chunk(rows: models.QuerySet[Any], part: Callable[[list[int]], None]) -> int:
    done = 0
    while ids := list(rows.values_list("pk", flat=True)[:CHUNK]):
        with transaction.atomic(durable=True):
            part(ids)
        done += len(ids)
    return done


def _part_loans(ids: list[int]) -> None:
    """Every way from these loans to their readers, not only the column."""
    category = Patron.objects.filter(pk=OuterRef("patron_id")).values("category__code")[:1]
    events = ItemEvent.objects.filter(loan_id__in=ids)
    operations = list(events.exclude(operation=None).values_list("operation_id", flat=True))
    operations += LedgerEntry.objects.filter(loan_id__in=ids, operation__isnull=False).values_list(
        "operation_id", flat=True
    )
    # Money stays with the reader; what it was for does not. Its operation must not lead back to
    # the copy by the events they share.
    LedgerEntry.objects.filter(loan_id__in=ids).update(loan=None)
    events.update(operation=None)
    _forget_answers(operations)
    for model, loan, patron in _between_loans_and_readers():
        model._base_manager.filter(**{f"{loan}__in": ids}).update(**{patron: None})  # noqa: SLF001
    Notice.objects.filter(loan_id__in=ids).update(patron=nobody())
    Loan.objects.filter(pk__in=ids).update(reader_category=Subquery(category), patron=None)


def _part_requests(ids: list[int]) -> None:
    HoldRequest.objects.filter(pk__in=ids).update(patron=nobody())
    Notice.objects.filter(request_id__in=ids).update(patron=nobody())
    events = ItemEvent.objects.filter(request_id__in=ids, operation__isnull=False)
    _forget_answers(events.values_list("operation_id", flat=True))


def _forget_answers(ids: Iterable[int]) -> None:
    for row in Operation.objects.filter(pk__in=list(ids)).only("pk", "caller", "answer"):
        # Ids stay unique: who asked is replaced by the row's own number.
        caller = f"gone:{row.pk}" if row.caller.startswith("user:") else row.caller
        Operation.objects.filter(pk=row.pk).update(caller=caller, **FORGOTTEN)


def _between_loans_and_readers() -> Iterable[tuple[Any, str, str]]:
    """Tables that name both; a new one is found by itself."""
    for model in apps.get_app_config("circulation").get_models():
        keys = [f for f in model._meta.get_fields() if isinstance(f, models.ForeignKey)]  # noqa: SLF001
        loans = [f.name for f in keys if f.related_model is Loan]
        readers = [f.name for f in keys if f.related_model is Patron and f.null]
        if model is not LedgerEntry:
            yield from ((model, loan, reader) for loan in loans for reader in readers)
