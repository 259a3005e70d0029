"""Erase a reader who asks for it, as soon as nothing is open between her and a library (ID-32)."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.db.models import CASCADE, Q

from circulation.actions.erasing import FORGOTTEN, forget_caller, nobody, scrub_texts
from circulation.actions.operations import Answer, Intent
from circulation.actions.steps.joining import relations
from circulation.domain.states import OPEN_REQUEST_STATES
from circulation.models import Erasure, HoldRequest, Loan, Patron
from circulation.readers.facts import lock_patron
from circulation.readers.guardians import wards_of
from circulation.readers.lists import balance
from circulation.readers.privacy import operations_of
from library_net.accounts.models import User
from library_net.errors import Refused

# The trace of who looked stays, and says no more at whom.
STAYS: Final = {"circulation.accesslog.patron"}
# Rows that are about the reader alone, beside those declared to go with her (CASCADE); every other
# relation is emptied, or goes to nobody.
GOES: Final = {
    "circulation.guardianship.ward",
    "circulation.guardianship.guardian",
    "circulation.proxy.patron",
    "circulation.proxy.proxy",
    "circulation.signincode.patron",
    "circulation.phone.patron",
    "circulation.patronmerge.kept",
    "circulation.patronmerge.absorbed",
    "circulation.suspension.patron",
    "circulation.credential.patron",
}


def erase_patron(
    *, intent: Intent, patron_id: int, actor_id: int | None = None, now: datetime
) -> Answer:
    """The reader, her cards, phone, log-in, and her name in every remembered answer.

    Money and the trace of who looked stay, without her. What stays of the erasing itself is when,
    where and how many rows. By the reader or her guardian, or by staff where she registered. It is
    no ``Operation``: an answer to repeat would remember her. Raises ``Refused`` with every reason,
    ``unknown_patron``, ``outside_your_agency``.
    """
    with transaction.atomic(durable=True):
        patron = lock_patron(patron_id)
        intent.require_patron_or_agency(
            patron_id=patron.pk, agency_id=patron.registered_at_agency_id
        )
        _refuse_while_open(patron, now=now)
        agency_id = patron.registered_at_agency_id
        rows: dict[str, int] = {}
        absorbed = list(Patron.objects.filter(merged_into=patron))
        for record in (*absorbed, patron):
            _erase(record, rows)
        Erasure.objects.create(agency_id=agency_id, actor_id=actor_id, at=now, rows=rows)
    return {"erased": rows}


def _refuse_while_open(patron: Patron, *, now: datetime) -> None:
    reasons: list[tuple[str, dict[str, Any]]] = []
    if loans := Loan.objects.filter(patron=patron, closed_at=None).count():
        reasons.append(("erasure_open_loans", {"count": loans}))
    requests = HoldRequest.objects.filter(patron=patron, state__in=OPEN_REQUEST_STATES)
    if count := requests.count():
        reasons.append(("erasure_open_requests", {"count": count}))
    if (owed := balance(patron_id=patron.pk)) > 0:
        reasons.append(("erasure_owes", {"amount": str(owed)}))
    if wards := wards_of(patron.pk, today=now.date()):
        reasons.append(("erasure_guards", {"count": len(wards)}))
    if patron.user_id is not None and User.objects.filter(pk=patron.user_id, is_staff=True):
        reasons.append(("merge_of_staff", {}))
    if reasons:
        raise Refused(reasons=reasons)


def _erase(patron: Patron, rows: dict[str, int]) -> None:
    def note(key: str, count: int) -> None:
        rows[key] = rows.get(key, 0) + count

    named = operations_of(patron).values_list("pk", flat=True)
    operations = operations_of(patron).filter(pk__in=list(named))
    note("operation", operations.update(**FORGOTTEN))
    if patron.user_id is not None:
        forget_caller(patron.user_id)
    stand_in = nobody()
    for key, model, field in sorted(relations(), key=_goes):
        mine = model._base_manager.filter(Q(**{field: patron}))  # noqa: SLF001
        name = model._meta.model_name  # noqa: SLF001
        if _goes((key, model, field)):
            note(name, mine.delete()[0])
        else:
            can_be_empty = model._meta.get_field(field).null  # noqa: SLF001
            note(name, mine.update(**{field: None if can_be_empty else stand_in}))
    note("text", scrub_texts(patron.number))
    user_id = patron.user_id
    Patron.objects.filter(pk=patron.pk).delete()
    if user_id is not None:
        User.objects.filter(pk=user_id).delete()


def _goes(relation: tuple[str, Any, str]) -> bool:
    key, model, field = relation
    is_hers = model._meta.get_field(field).remote_field.on_delete is CASCADE  # noqa: SLF001
    return key in GOES or (is_hers and key not in STAYS)
