"""System checks: what would fail silently later is said at start, with the fix."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register  # noqa: A004
from django.db import connection


@register()
def broker_fits_database(**_kwargs: Any) -> list[CheckMessage]:
    """``memory://`` lives in one process: with a server database, tasks would vanish."""
    if settings.EMBEDDED and connection.vendor != "sqlite":
        return [
            Warning(
                "LIBRARY_NET_BROKER_URL is memory:// but the database is a server.",
                hint="Set LIBRARY_NET_BROKER_URL=redis://…; other processes cannot see this queue.",
                id="library_net.W001",
            )
        ]
    return []


@register()
def vault_keys_make_sense(**_kwargs: Any) -> list[CheckMessage]:
    """Each entry is ``version:secret``, versions 1 to 255 and unique."""
    versions = [entry.partition(":")[0] for entry in settings.VAULT_KEYS]
    good = all(v.isdigit() and 1 <= int(v) <= 255 for v in versions)
    if good and len(set(versions)) == len(versions):
        return []
    return [
        Error(
            "LIBRARY_NET_VAULT_KEYS must be version:secret,… with versions 1 to 255.",
            hint="Put the newest first, for example 2:new-secret,1:old-secret.",
            id="library_net.E001",
        )
    ]


@register()
def secrets_are_long_enough(**_kwargs: Any) -> list[CheckMessage]:
    short = [e.partition(":")[0] for e in settings.VAULT_KEYS if len(e.partition(":")[2]) < 16]
    return [
        Error(
            f"The vault secret of version {version} is shorter than 16 characters.",
            hint="Use a long random secret: a short one lets identity numbers be guessed.",
            id="library_net.E002",
        )
        for version in short
    ]
