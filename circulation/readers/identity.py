"""From what was scanned or typed to a person or a copy."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db.models import Q

from catalog.models import Item
from catalog.models.items import BarcodeAlias
from circulation.domain.credentials import Credential as CredentialValue
from circulation.domain.credentials import guess_kinds, normalise, parse_credential
from circulation.domain.scans import Candidate
from circulation.models import Credential, Loan, Patron
from library_net import vault
from library_net.errors import LibraryError


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """The person behind a scan, and the credential that was presented (none: by number)."""

    patron_id: int
    credential_id: int | None = None


def find_card(text: str, *, today: date) -> Card | None:
    """Whose card, document or patron number this is. Queries: 1 or 2. Rule ID-8.

    Raises ``ambiguous_card`` when numbers of different kinds name different people: nobody is
    guessed.
    """
    indexes = [
        index
        for kind in guess_kinds(text)
        if isinstance(value := parse_credential(kind=kind, text=text, today=today), CredentialValue)
        for index in vault.blind_indexes(value.value, purpose=str(kind))
    ]
    if indexes:
        matches = Q(blind_index__in=indexes) | Q(next_blind_index__in=indexes)
        found = list(Credential.objects.filter(matches).order_by("pk"))
        if len({credential.patron_id for credential in found}) > 1:
            raise LibraryError("ambiguous_card")
        if found:
            return Card(patron_id=found[0].patron_id, credential_id=found[0].pk)
    number = Patron.objects.filter(number=normalise(text)).values_list("pk", flat=True).first()
    return Card(patron_id=number) if number is not None else None


def find_credential(value: CredentialValue) -> Credential | None:
    """The credential with exactly this number, under any key still in use. Queries: 1."""
    indexes = vault.blind_indexes(value.value, purpose=str(value.kind))
    return (
        Credential.objects.select_related("patron__category")
        .filter(Q(blind_index__in=indexes) | Q(next_blind_index__in=indexes))
        .first()
    )


def card(text: str, *, today: date) -> Card:
    """As ``find_card``. Raises ``unknown_patron``, ``ambiguous_card``."""
    found = find_card(text, today=today)
    if found is None:
        raise LibraryError("unknown_patron")
    return found


def copies_with_barcode(barcode: str, *, branch_id: int) -> tuple[Candidate, ...]:
    """Every copy that bears or bore this barcode, with what tells them apart. Queries: 2."""
    former = BarcodeAlias.objects.filter(barcode=barcode).values("item_id")
    rows = list(
        Item.objects.filter(Q(barcode=barcode) | Q(pk__in=former))
        .order_by("pk")
        .values_list("pk", "owning_agency__code", "current_branch_id")
    )
    on_loan = set(
        Loan.objects.filter(item_id__in=[pk for pk, *_ in rows], closed_at=None).values_list(
            "item_id", flat=True
        )
        if len(rows) > 1
        else ()
    )
    return tuple(
        Candidate(
            item_id=pk, owner=owner, is_on_loan=pk in on_loan, is_here=branch_now == branch_id
        )
        for pk, owner, branch_now in rows
    )
