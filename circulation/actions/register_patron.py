"""Register a person by an identity document: checked, sealed, answered masked."""

from __future__ import annotations

import secrets
from datetime import date, datetime

from circulation.actions.cards import attach, checked_phone, keep_phone, parsed
from circulation.actions.guards import give_guardian, require_guardian
from circulation.actions.operations import Answer, Intent, Journal, run_once
from circulation.domain.calendar import local_date
from circulation.domain.credentials import ADULT, CHILD, CredentialKind, needs_guardian, normalise
from circulation.domain.credentials import Credential as CredentialValue
from circulation.models import Credential, Patron, PatronCategory
from circulation.readers.identity import find_credential
from circulation.readers.reference import load_branch
from library_net import vault
from library_net.errors import LibraryError
from library_net.logs import NUMBER
from library_net.network.models import Branch


def register_patron(
    *,
    intent: Intent,
    branch_id: int,
    name: str,
    number: str,
    kind: CredentialKind = CredentialKind.RESIDENT_ID,
    category: str = "",
    born_on: date | None = None,
    guardian_id: int | None = None,
    phone: str = "",
    now: datetime,
) -> Answer:
    """Open an account, or find the one this document already opens; rules ID-1 to ID-14.

    ``number`` is what the document says; it is kept sealed and found by its blind index, and only
    its masked form is answered. ``born_on`` is for documents that do not say it. Without
    ``category`` the age decides. Raises ``credential_…`` (one code for each ``CredentialIssue``),
    ``guardian_missing``, ``guardian_unfit``, ``phone_wrong_form``, ``name_missing``,
    ``unknown_category``, ``unknown_branch``, ``outside_your_agency``, ``operation_reused``.
    """
    today = local_date(now)
    branch = load_branch(branch_id=branch_id)
    # ID-14: a child's data is not written anywhere before a guardian agreed, not even as the
    # remembered answer of a refused operation; so this is asked before the operation begins.
    intent.require_agency(branch.agency_id)
    value = parsed(kind, number, today=today)
    if phone.strip():
        checked_phone(phone)
    if NUMBER.search(name):  # a number typed into the wrong field would be kept in clear
        raise LibraryError("name_missing")
    born = value.born_on or born_on
    is_known = find_credential(value, issuer=branch.agency.code) is not None
    if not is_known and needs_guardian(born_on=born, category=category, today=today):
        require_guardian(guardian_id, today=today)

    def work(journal: Journal) -> Answer:
        known = find_credential(value, issuer=branch.agency.code)
        if known is not None:
            return _answer(known.patron, known, value=value, is_new=False)
        if not name.strip():
            raise LibraryError("name_missing")
        patron = _open(journal, name=name, born=born, category=category, branch=branch)
        credential = attach(value, patron=patron, now=now, issuer=branch.agency.code)
        if phone.strip():
            keep_phone(phone, patron=patron, confirmed_at=None)
        if guardian_id is not None:
            give_guardian(
                ward=patron,
                guardian_id=guardian_id,
                agency_id=branch.agency_id,
                caller=intent.caller,
                now=now,
            )
        return _answer(patron, credential, value=value, is_new=True)

    # What is remembered of the request must not give the number away: its keyed index stands in.
    index = vault.fingerprint(normalise(number), purpose=str(kind))
    asked = {"branch": branch_id, "name": name, "kind": kind, "index": index, "category": category}
    asked |= {"guardian": guardian_id} if guardian_id is not None else {}
    return run_once(intent=intent, action="register_patron", asked=asked, now=now, work=work)


def _open(
    journal: Journal,
    *,
    name: str,
    born: date | None,
    category: str,
    branch: Branch,
) -> Patron:
    return Patron.objects.create(
        number=_new_number(),
        name=name.strip(),
        birth_date=born,
        category=_category(category, born_on=born, today=local_date(journal.now)),
        registered_at_agency=branch.agency,
        home_branch=branch,
        created_at=journal.now,
    )


def _category(code: str, *, born_on: date | None, today: date) -> PatronCategory:
    """ID-9: as asked, else a child's below fourteen, else an adult's."""
    is_child = needs_guardian(born_on=born_on, category=code, today=today)
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
