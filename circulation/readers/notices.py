"""Notices as staff and readers see them."""

from __future__ import annotations

from django.db.models import QuerySet

from circulation.models import Notice
from circulation.models.identity import Phone
from circulation.models.notices import NoticeState
from library_net import vault
from library_net.accounts.scope import Scope

FOR_STAFF = (NoticeState.FAILED, NoticeState.UNKNOWN)


def phone_of(patron_id: int) -> str:
    """The reader's confirmed phone number in clear, for the gateway only. Queries: 1."""
    phone = Phone.objects.filter(patron_id=patron_id).exclude(confirmed_at=None).first()
    return vault.unseal(phone.sealed, bound_to=str(phone.seal_id)) if phone else ""


def for_staff(scope: Scope) -> QuerySet[Notice]:
    """What nobody knows to have arrived, of readers of this scope, oldest first. Queries: 1."""
    rows = Notice.objects.filter(state__in=FOR_STAFF, settled_at=None).select_related("patron")
    if not scope.everywhere:
        rows = rows.filter(patron__registered_at_agency_id__in=scope.agency_ids)
    return rows.order_by("pk")


def told(patron_id: int) -> QuerySet[Notice]:
    """What a reader was told lately, newest first. Queries: 1."""
    rows = Notice.objects.filter(patron_id=patron_id).exclude(state=NoticeState.DROPPED)
    return rows.order_by("-pk")
