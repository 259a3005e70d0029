"""A named proxy may collect what waits for a reader (PX-1, PX-2)."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final

from circulation.actions.checkout import checkout
from circulation.actions.operations import Answer, Intent, Journal, LostRace, run_once
from circulation.domain.calendar import local_date
from circulation.domain.scans import clean_barcode
from circulation.models import Patron, Proxy
from circulation.readers.facts import lock_patron
from circulation.readers.proxies import principal_of
from library_net.db import claim
from library_net.errors import LibraryError

LONGEST: Final = timedelta(days=366)


def name_proxy(
    *,
    intent: Intent,
    patron_id: int,
    proxy_number: str,
    valid_from: date,
    valid_until: date,
    now: datetime,
) -> Answer:
    """Let the reader with this patron number collect for ``patron_id``; rule PX-1.

    By the reader, or by staff where they registered. Named again, the days are those given last.
    Raises ``unknown_patron``, ``own_proxy``, ``bad_days``, ``outside_your_agency``,
    ``operation_reused``.
    """
    number = clean_barcode(proxy_number).upper()

    def work(journal: Journal) -> Answer:
        patron = lock_patron(patron_id)
        journal.intent.require_patron_or_agency(
            patron_id=patron_id, agency_id=patron.registered_at_agency_id
        )
        other = Patron.objects.filter(number=number).first()
        if other is None:
            raise LibraryError("unknown_patron")
        if other.pk == patron.pk:
            raise LibraryError("own_proxy")
        is_over = valid_until < local_date(now)
        if valid_until < valid_from or is_over or valid_until - valid_from > LONGEST:
            raise LibraryError("bad_days")
        row, _is_new = Proxy.objects.update_or_create(
            patron=patron,
            proxy=other,
            revoked_at=None,
            defaults={"valid_from": valid_from, "valid_until": valid_until, "created_at": now},
        )
        return {
            "proxy": row.pk,
            "patron": patron.number,
            "may_collect": other.number,
            "from": valid_from.isoformat(),
            "until": valid_until.isoformat(),
        }

    asked = {"patron": patron_id, "proxy": number, "days": [str(valid_from), str(valid_until)]}
    return run_once(intent=intent, action="name_proxy", asked=asked, now=now, work=work)


def revoke_proxy(*, intent: Intent, proxy_id: int, now: datetime) -> Answer:
    """From this moment the proxy collects nothing more; rule PX-1.

    Raises ``unknown_proxy`` (also: revoked already), ``outside_your_agency``.
    """

    def work(journal: Journal) -> Answer:
        row = Proxy.objects.select_related("patron").filter(pk=proxy_id, revoked_at=None).first()
        if row is None:
            raise LibraryError("unknown_proxy")
        journal.intent.require_patron_or_agency(
            patron_id=row.patron_id, agency_id=row.patron.registered_at_agency_id
        )
        if not claim(Proxy.objects.filter(pk=proxy_id, revoked_at=None), revoked_at=now):
            raise LostRace
        return {"proxy": proxy_id}

    asked = {"proxy": proxy_id}
    return run_once(intent=intent, action="revoke_proxy", asked=asked, now=now, work=work)


def collect_for_another(
    *, intent: Intent, branch_id: int, proxy_id: int, barcode: str, owner: str = "", now: datetime
) -> Answer:
    """Lend a copy on the hold shelf here to the reader it waits for, into the proxy's hands.

    Rule PX-2: the loan is the reader's, by the reader's limits. ``proxy_id`` is the reader whose
    card was shown. Raises ``not_their_proxy`` and what ``checkout`` raises.
    """
    principal_id = principal_of(
        barcode=clean_barcode(barcode),
        owner=owner,
        branch_id=branch_id,
        proxy_id=proxy_id,
        today=local_date(now),
    )
    if principal_id is None:
        raise LibraryError("not_their_proxy")
    return checkout(
        intent=intent,
        branch_id=branch_id,
        patron_id=principal_id,
        barcode=barcode,
        owner=owner,
        now=now,
    )
