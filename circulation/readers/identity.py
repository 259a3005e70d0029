"""From what was scanned or typed to a person or a copy."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db.models import Q, QuerySet

from catalog.models import Item
from catalog.models.items import BarcodeAlias
from circulation.domain.credentials import Credential as CredentialValue
from circulation.domain.credentials import (
    CredentialKind,
    guess_kinds,
    mask_document,
    normalise,
    parse_credential,
)
from circulation.domain.scans import Candidate
from circulation.models import Credential, Loan, Patron
from circulation.models.patrons import CredentialStatus, credential_index
from library_net import vault
from library_net.errors import LibraryError
from library_net.network.models import Agency


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """The person behind a scan, and the credential that was presented (none: by number)."""

    patron_id: int
    credential_id: int | None = None


def find_card(text: str, *, today: date, agency_id: int | None = None) -> Card | None:
    """Whose patron number, card or document this is. Queries: 1 to 3. Rules ID-8, ID-10, ID-11.

    ``agency_id`` is the institution of the desk: its own reader cards go before those of others.
    Raises ``ambiguous_card`` when what is left names different people: nobody is guessed.
    """
    row = Patron.objects.filter(number=normalise(text)).values_list("pk", "merged_into_id").first()
    if row is not None:
        number, merged_into = row
        return Card(patron_id=merged_into or number)  # ID-25
    values = [
        value
        for kind in guess_kinds(text)
        if isinstance(value := parse_credential(kind=kind, text=text, today=today), CredentialValue)
    ]
    if not values:
        return None
    codes = dict(Agency.objects.values_list("pk", "code"))
    indexes = {
        index
        for value in values
        for issuer in (codes.values() if value.kind == CredentialKind.READER_CARD else ("",))
        for index in blind_indexes_of(value, issuer=issuer)
    }
    found = _own_first(_with_indexes(indexes), own=codes.get(agency_id or 0, ""))
    if len({credential.patron_id for credential in found}) > 1:
        raise LibraryError("ambiguous_card")
    return Card(patron_id=found[0].patron_id, credential_id=found[0].pk) if found else None


def was_card_shown(credential_id: int | None, *, patron_id: int) -> bool:
    """ID-13: a card proves its reader's presence while it is active. Queries: 0 or 1."""
    return (
        credential_id is not None
        and Credential.objects.filter(
            pk=credential_id, patron_id=patron_id, status=CredentialStatus.ACTIVE
        ).exists()
    )


def find_credential(value: CredentialValue, *, issuer: str) -> Credential | None:
    """The credential with exactly this number, under any key still in use. Queries: 1.

    ``issuer`` is the code of the institution a reader card is from.
    """
    rows = _with_indexes(blind_indexes_of(value, issuer=issuer))
    return rows.select_related("patron__category").first()


def blind_indexes_of(value: CredentialValue, *, issuer: str) -> tuple[str, ...]:
    """The lookup keys of a credential, newest first. ID-10: a reader card's hold its issuer."""
    text, purpose = credential_index(kind=str(value.kind), value=value.value, issuer=issuer)
    return vault.blind_indexes(text, purpose=purpose)


def _with_indexes(indexes: Iterable[str]) -> QuerySet[Credential]:
    wanted = list(indexes)
    matches = Q(blind_index__in=wanted) | Q(next_blind_index__in=wanted)
    return Credential.objects.filter(matches).order_by("pk")


def _own_first(found: Iterable[Credential], *, own: str) -> list[Credential]:
    """ID-10: where the desk's own institution issued such a card, others' cards do not count."""
    rows = list(found)
    others = [c for c in rows if c.kind == CredentialKind.READER_CARD and c.issuer != own]
    has_own = any(c.kind == CredentialKind.READER_CARD and c.issuer == own for c in rows)
    return [c for c in rows if c not in others] if has_own else rows


def card(text: str, *, today: date, agency_id: int | None = None) -> Card:
    """As ``find_card``. Raises ``unknown_patron``, ``ambiguous_card``."""
    found = find_card(text, today=today, agency_id=agency_id)
    if found is None:
        raise LibraryError("unknown_patron")
    return found


def barcode_asked(barcode: str) -> str:
    """What an operation's digest may hold of a barcode (ID-12).

    A plain hash of an ID number is no secret, so its keyed index stands in.
    """
    if mask_document(barcode) == barcode:
        return barcode
    return vault.fingerprint(normalise(barcode), purpose="barcode")


@dataclass(frozen=True, slots=True, kw_only=True)
class CardAsked:
    """A card text as a batch looks it up: by number, or by what these institutions issued."""

    text: str
    number: str
    issuers: frozenset[str]
    indexes: tuple[str, ...]


def card_at(text: str, *, today: date, issuers: Iterable[str]) -> CardAsked:
    """The keys of a card if it is of one of these; not found by them, look with ``card``."""
    among = frozenset(issuers)
    values = [
        value
        for kind in guess_kinds(text)
        if isinstance(value := parse_credential(kind=kind, text=text, today=today), CredentialValue)
    ]
    indexes = (
        index
        for value in values
        for issuer in (among if value.kind == CredentialKind.READER_CARD else ("",))
        for index in blind_indexes_of(value, issuer=issuer)
    )
    return CardAsked(text=text, number=normalise(text), issuers=among, indexes=tuple(indexes))


def card_asked(text: str) -> str:
    """What an operation's digest may hold of a card: never the number (ID-12)."""
    return vault.fingerprint(normalise(text), purpose="card")


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
