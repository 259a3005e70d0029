"""A reader's own cards, guardians and phone, as a desk or the reader may see them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from circulation.domain.credentials import CredentialKind
from circulation.models import Credential, Patron, PatronMerge
from circulation.models.patrons import CredentialStatus
from circulation.readers.guardians import guardians_of, wards_of
from library_net.accounts.scope import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class CardLine:
    """One card; ``masked`` is empty where not even the mask is the viewer's business."""

    pk: int
    kind: str
    masked: str
    status: str
    is_active: bool
    is_lost: bool
    can_be_shown: bool
    can_be_replaced: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyLine:
    link: int
    name: str
    number: str
    until: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountPage:
    """What a desk may see of a reader beside loans."""

    pk: int
    name: str
    number: str
    is_ours: bool
    phone: str
    cards: tuple[CardLine, ...]
    guardians: tuple[FamilyLine, ...]
    wards: tuple[FamilyLine, ...]
    merges: tuple[PatronMerge, ...]


def account_page(patron_id: int, *, scope: Scope, today: date) -> AccountPage | None:
    """ID-28: of a foreign reader only kinds of card and whether they work. Queries: 3 to 6."""
    rows = Patron.objects.select_related("phone").filter(pk=patron_id)
    patron = rows.first()
    if patron is None:
        return None
    is_ours = scope.covers(patron.registered_at_agency_id)
    phone = getattr(patron, "phone", None)
    merges = PatronMerge.objects.filter(kept=patron, undone_at=None).select_related("absorbed")
    return AccountPage(
        pk=patron.pk,
        name=patron.name if is_ours else patron.masked_name,
        number=patron.number,
        is_ours=is_ours,
        phone=phone.masked if phone is not None and is_ours else "",
        cards=tuple(card_line(row, is_ours=is_ours) for row in patron.credentials.order_by("pk")),
        guardians=tuple(
            _family(link.pk, link.guardian, link.until, is_ours=is_ours)
            for link in guardians_of(patron.pk, today=today)
        ),
        wards=tuple(
            _family(link.pk, link.ward, link.until, is_ours=is_ours)
            for link in wards_of(patron.pk, today=today)
        )
        if is_ours
        else (),
        merges=tuple(merges) if is_ours else (),
    )


def card_line(row: Credential, *, is_ours: bool) -> CardLine:
    device = row.kind == CredentialKind.DEVICE
    return CardLine(
        pk=row.pk,
        kind=row.get_kind_display(),
        masked=row.masked if is_ours and not device else "",
        status=row.get_status_display(),
        is_active=row.status == CredentialStatus.ACTIVE,
        is_lost=row.status == CredentialStatus.LOST,
        can_be_shown=is_ours and not device,
        can_be_replaced=not device and row.status != CredentialStatus.REPLACED,
    )


def _family(link_id: int, patron: Patron, until: date | None, *, is_ours: bool) -> FamilyLine:
    name = patron.name if is_ours else patron.masked_name
    return FamilyLine(link=link_id, name=name, number=patron.number, until=until)
