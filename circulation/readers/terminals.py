"""SIP2 terminals as their conversations see them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.contrib.auth.hashers import make_password
from django.db.models import QuerySet
from django.utils import timezone

from circulation.models.terminals import SipDueFormat, SipLineEnd, SipTerminal
from library_net.accounts.scope import Scope, agency_scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One terminal: where it stands and how it talks."""

    terminal_id: int
    branch_id: int
    branch: str
    branch_name: str
    agency_id: int
    agency: str
    agency_name: str
    scope: Scope
    encoding: str = "utf-8"
    end: bytes = b"\r"
    language: str = "zh-hans"
    currency: str = "CNY"
    allowed: frozenset[str] | None = None  # None: all
    hidden: frozenset[str] = frozenset()
    sip_due_dates: bool = False
    always_send_destination: bool = False
    send_alert_00: bool = False
    needs_pin: bool = False
    shows_full_names: bool = False
    sort_bins: Mapping[str, str]

    @property
    def caller(self) -> str:
        return f"terminal:{self.terminal_id}"


def log_in(*, login: str, password: str) -> Profile | None:
    """The terminal with this name and password, if it may come in. Queries: 2."""
    row = _rows().filter(login=login).first()
    if row is None:
        make_password(password)  # as slow as a check, so that names cannot be tried out
        return None
    if not row.check_password(password):
        return None
    SipTerminal.objects.filter(pk=row.pk).update(last_seen_at=timezone.now())
    return _profile(row)


def known_address(address: str) -> Profile | None:
    """The terminal that needs no log-in because of where it calls from. Queries: 1."""
    row = _rows().filter(address=address).first() if address else None
    return _profile(row) if row else None


def look_again(profile: Profile) -> Profile | None:
    """The profile as it is now; None once the terminal was switched off. Queries: 1."""
    row = _rows().filter(pk=profile.terminal_id).first()
    return _profile(row) if row else None


def _rows() -> QuerySet[SipTerminal]:
    return SipTerminal.objects.select_related("branch__agency").filter(
        is_active=True, branch__is_active=True
    )


def _profile(row: SipTerminal) -> Profile:
    branch, agency = row.branch, row.branch.agency
    return Profile(
        terminal_id=row.pk,
        branch_id=branch.pk,
        branch=branch.code,
        branch_name=branch.name,
        agency_id=agency.pk,
        agency=agency.code,
        agency_name=agency.name,
        scope=agency_scope(agency.pk),
        encoding=row.encoding,
        end=b"\r\n" if row.line_end == SipLineEnd.CRLF else b"\r",
        language=row.language,
        currency=row.currency,
        allowed=frozenset(row.allowed_messages.split()) or None,
        hidden=frozenset(row.hidden_fields.split()),
        sip_due_dates=row.due_format == SipDueFormat.SIP,
        always_send_destination=row.always_send_destination,
        send_alert_00=row.send_alert_00,
        needs_pin=row.needs_pin,
        shows_full_names=row.shows_full_names,
        sort_bins={str(key): str(value) for key, value in row.sort_bins.items()},
    )
