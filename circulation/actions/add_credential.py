"""Give a reader another card, or a new one in place of an old (ID-16)."""

from __future__ import annotations

from datetime import datetime

from circulation.actions.cards import attach_new, parsed
from circulation.actions.operations import Answer, Intent, Journal, run_once
from circulation.domain.calendar import local_date
from circulation.domain.credentials import CredentialKind, normalise
from circulation.models import Credential, Patron
from circulation.models.patrons import CredentialStatus
from circulation.readers.identity import was_card_shown
from circulation.readers.reference import load_branch
from library_net import vault
from library_net.errors import LibraryError


def add_credential(
    *,
    intent: Intent,
    branch_id: int,
    patron_id: int,
    kind: CredentialKind,
    number: str,
    replaces_id: int | None = None,
    shown_card: int | None = None,
    now: datetime,
) -> Answer:
    """The card opens the account from now on; the one it replaces becomes ``replaced``.

    A social security card replaces the one before without being told: its number changes at every
    re-issue, and a person has one. Where the reader registered, or wherever she shows another card
    (``shown_card``). Raises ``credential_…``, ``credential_taken``, ``unknown_credential``,
    ``unknown_patron``, ``unknown_branch``, ``outside_your_agency``.
    """

    def work(journal: Journal) -> Answer:
        branch = load_branch(branch_id=branch_id)
        intent.require_agency(branch.agency_id)
        patron = Patron.objects.select_for_update(no_key=True).filter(pk=patron_id).first()
        if patron is None or patron.merged_into_id is not None:
            raise LibraryError("unknown_patron")
        if not was_card_shown(shown_card, patron_id=patron_id):
            intent.require_agency(patron.registered_at_agency_id)
        value = parsed(kind, number, today=local_date(now))
        mine = Credential.objects.filter(patron=patron)
        if replaces_id is not None and not mine.filter(pk=replaces_id).exists():
            raise LibraryError("unknown_credential")
        row, is_new = attach_new(value, patron=patron, issuer=branch.agency.code, now=journal.now)
        old = mine.exclude(pk=row.pk).exclude(status=CredentialStatus.REPLACED)
        if kind != CredentialKind.SOCIAL_SECURITY:
            old = old.filter(pk=replaces_id or 0)
        replaced = list(old.filter(kind=row.kind).values_list("pk", flat=True))
        Credential.objects.filter(pk__in=replaced).update(status=CredentialStatus.REPLACED)
        return {
            "patron": patron.number,
            "credential": row.pk,
            "kind": row.kind,
            "number": row.masked,
            "replaced": replaced,
            "is_new": is_new,
        }

    asked = {
        "branch": branch_id,
        "patron": patron_id,
        "kind": kind,
        "index": vault.fingerprint(normalise(number), purpose=str(kind)),
        "replaces": replaces_id,
    }
    return run_once(intent=intent, action="add_credential", asked=asked, now=now, work=work)
