"""Register a person by an identity document: checked, sealed, answered masked."""

from __future__ import annotations

import secrets
import uuid
from datetime import date, datetime
from typing import Final

from circulation.actions.operations import Answer, Intent, Journal, run_once
from circulation.domain.calendar import local_date
from circulation.domain.credentials import Credential as CredentialValue
from circulation.domain.credentials import (
    CredentialKind,
    CredentialProblem,
    age_on,
    mask_credential,
    normalise,
    parse_credential,
)
from circulation.models import Credential, Patron, PatronCategory
from circulation.readers.identity import blind_indexes_of, find_credential
from circulation.readers.reference import load_branch
from library_net import vault
from library_net.errors import LibraryError

CHILD_BELOW_YEARS: Final = 14  # PIPL art. 28: data of a child under 14 is always sensitive
ADULT, CHILD = "adult", "child"


def register_patron(
    *,
    intent: Intent,
    branch_id: int,
    name: str,
    number: str,
    kind: CredentialKind = CredentialKind.RESIDENT_ID,
    category: str = "",
    now: datetime,
) -> Answer:
    """Open an account, or find the one this document already opens; rules ID-1 to ID-11.

    ``number`` is what the document says; it is kept sealed and found by its blind index, and only
    its masked form is answered. Without ``category`` the age decides. Raises ``credential_…`` (one
    code for each ``CredentialIssue``), ``name_missing``, ``unknown_category``, ``unknown_branch``,
    ``outside_your_agency``, ``operation_reused``.
    """
    # What is remembered of the request must not give the number away: its keyed index stands in.
    index = vault.blind_index(normalise(number), purpose=str(kind))

    def work(journal: Journal) -> Answer:
        branch = load_branch(branch_id=branch_id)
        intent.require_agency(branch.agency_id)
        value = _parsed(kind, number, today=local_date(now))
        if kind == CredentialKind.READER_CARD and _is_patron_number(value):
            raise LibraryError("credential_reserved_form", kind=str(kind))
        known = find_credential(value, issuer=branch.agency.code)
        if known is not None:
            return _answer(known.patron, known, value=value, is_new=False)
        if not name.strip():
            raise LibraryError("name_missing")
        patron = Patron.objects.create(
            number=_new_number(),
            name=name.strip(),
            birth_date=value.born_on,
            category=_category(category, born_on=value.born_on, today=local_date(now)),
            registered_at_agency=branch.agency,
            home_branch=branch,
            created_at=journal.now,
        )
        credential = attach(value, patron=patron, now=journal.now)
        return _answer(patron, credential, value=value, is_new=True)

    asked = {"branch": branch_id, "name": name, "kind": kind, "index": index, "category": category}
    return run_once(intent=intent, action="register_patron", asked=asked, now=now, work=work)


def attach(value: CredentialValue, *, patron: Patron, now: datetime) -> Credential:
    """Seal a checked credential for a reader. A second one of the same number is impossible.

    A reader card is issued by the institution where the reader registered (ID-10).
    """
    seal_id = uuid.uuid4()
    is_card = value.kind == CredentialKind.READER_CARD
    issuer = patron.registered_at_agency.code if is_card else ""
    indexes = blind_indexes_of(value, issuer=issuer)
    return Credential.objects.create(
        patron=patron,
        kind=str(value.kind),
        seal_id=seal_id,
        sealed=vault.seal(value.value, bound_to=str(seal_id)),
        blind_index=indexes[0],
        next_blind_index=indexes[1] if len(indexes) > 1 else None,
        masked=mask_credential(value.value),
        issuer=issuer,
        created_at=now,
    )


def _parsed(kind: CredentialKind, number: str, *, today: date) -> CredentialValue:
    value = parse_credential(kind=kind, text=number, today=today)
    if isinstance(value, CredentialProblem):
        raise LibraryError(f"credential_{value.issue}", kind=str(kind))
    return value


def _is_patron_number(value: CredentialValue) -> bool:
    """ID-11: such a card would open another reader's account, or none."""
    return Patron.objects.filter(number=value.value).exists()


def _category(code: str, *, born_on: date | None, today: date) -> PatronCategory:
    """ID-9: as asked, else a child's below fourteen, else an adult's."""
    is_child = born_on is not None and age_on(born_on, day=today) < CHILD_BELOW_YEARS
    wanted = code or (CHILD if is_child else ADULT)
    category = PatronCategory.objects.filter(code=wanted).first()
    if category is None:
        raise LibraryError("unknown_category", category=wanted)
    return category


def _new_number() -> str:
    """Ours, public and meaningless; a clash meets the unique column and is drawn again."""
    return f"R{secrets.randbelow(10**10):010d}"


def _answer(
    patron: Patron, credential: Credential, *, value: CredentialValue, is_new: bool
) -> Answer:
    return {
        "patron": patron.number,
        "name": patron.masked_name,
        "category": patron.category.code,
        "credential": {"kind": credential.kind, "number": credential.masked},
        "notes": [str(note) for note in value.notes],
        "is_new": is_new,
    }
