"""``Authorization: Key ln_xxxxxxxx.secret``: a member library's software."""

from __future__ import annotations

import hmac
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from library_net.network.models import MemberKey, hash_secret

KEYWORD = b"key"
LAST_USED_EVERY = timedelta(minutes=5)  # a write per call would make every read a write


_noted: dict[int, datetime] = {}


def is_use_noted(key_id: int, *, now: datetime) -> bool:
    """Whether this process noted a use of the key in the last few minutes."""
    noted = _noted.get(key_id)
    return noted is not None and now - noted <= LAST_USED_EVERY


def note_use(key_id: int, *, now: datetime) -> None:
    """Remember that a key was used, every few minutes. Queries: 0, seldom 1."""
    if is_use_noted(key_id, now=now):
        return
    _noted[key_id] = now
    MemberKey.objects.filter(pk=key_id).filter(
        Q(last_used_at=None) | Q(last_used_at__lt=now - LAST_USED_EVERY)
    ).update(last_used_at=now)


class MemberSoftware:
    """The caller behind a member key; looks enough like a user for DRF's permissions."""

    is_authenticated = True
    is_active = True
    is_staff = False
    is_superuser = False
    pk = None

    def __init__(self, key: MemberKey) -> None:
        self.member_key = key
        self.agency = key.agency

    def __str__(self) -> str:
        return str(self.member_key)


class MemberKeyAuthentication(BaseAuthentication):
    """One query for the key and its agency."""

    def authenticate(self, request: Request) -> tuple[MemberSoftware, MemberKey] | None:
        parts = get_authorization_header(request).split()
        if not parts or parts[0].lower() != KEYWORD:
            return None
        prefix, _dot, secret = (
            (parts[1] if len(parts) == 2 else b"").decode("latin-1").partition(".")
        )
        key = (
            MemberKey.objects.select_related("agency")
            .filter(prefix=prefix, revoked_at=None)
            .first()
        )
        if key is None or not hmac.compare_digest(key.secret_hash, hash_secret(secret)):
            raise AuthenticationFailed(code="bad_member_key")
        note_use(key.pk, now=timezone.now())
        return MemberSoftware(key), key

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002 - DRF's signature
        return "Key"
